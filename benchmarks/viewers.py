"""Viewers without a browser: each loads a page and keeps its websocket open, as BokehJS does.

The server makes and renders a document for each, runs what it shows, and sends messages, which are read and dropped.
"""

import asyncio
import json
import re
import threading
import uuid
from collections.abc import Coroutine, Sequence
from time import monotonic, sleep

from tornado.httpclient import AsyncHTTPClient, HTTPRequest
from tornado.websocket import WebSocketClientConnection, websocket_connect

_TOKEN = re.compile(r'"token":"([^"]+)"')
_QUIET = 3.0  # seconds without a message: nothing is under way
_TIMEOUT = 120.0  # seconds


class Viewers:
    """All open pages of one address."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._sockets: list[WebSocketClientConnection] = []
        self._heard_at = monotonic()
        self._readers: list[asyncio.Task[None]] = []
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, name="viewers", daemon=True).start()

    def open(self, count: int) -> None:
        """Open so many more pages, one after another, and wait until nothing more is sent to them."""
        for _ in range(count):
            self._run(self._open_one())
        end = monotonic() + _TIMEOUT
        while monotonic() - self._heard_at < _QUIET and monotonic() < end:
            sleep(0.1)

    def close(self) -> None:
        """Leave all pages."""

        async def leave(sockets: Sequence[WebSocketClientConnection]) -> None:
            for socket in sockets:
                socket.close()

        self._run(leave(self._sockets))
        self._sockets.clear()

    def _run[T](self, work: Coroutine[None, None, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(_TIMEOUT)

    async def _open_one(self) -> None:
        page = await AsyncHTTPClient().fetch(self._url, request_timeout=_TIMEOUT)
        found = _TOKEN.search(page.body.decode())
        if found is None:
            raise RuntimeError(f"the page at {self._url} names no session")
        address = HTTPRequest(self._url.replace("http://", "ws://") + "/ws")
        socket = await websocket_connect(address, subprotocols=["bokeh", found[1]], max_message_size=2**28)
        self._sockets.append(socket)
        await socket.read_message()  # the server is ready
        self._readers.append(asyncio.create_task(self._hear(socket)))
        header = {"msgid": uuid.uuid4().hex, "msgtype": "PULL-DOC-REQ"}
        for fragment in (header, {}, {}):
            await socket.write_message(json.dumps(fragment))

    async def _hear(self, socket: WebSocketClientConnection) -> None:
        while await socket.read_message() is not None:
            self._heard_at = monotonic()
