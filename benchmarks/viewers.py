"""Viewers without a browser: each loads a page and keeps its websocket open, as BokehJS does.

The server makes and renders a document for each, runs what it shows, and sends messages, which are read and dropped,
but for the one that holds the document: it says which slider there is to move.
"""

import asyncio
import json
import re
import threading
import uuid
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from time import monotonic, sleep
from typing import Any

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
        self._loaded: set[WebSocketClientConnection] = set()
        self._sliders: dict[WebSocketClientConnection, Slider] = {}
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, name="viewers", daemon=True).start()

    def open(self, count: int) -> None:
        """Open so many more pages, one after another, and wait until nothing more is sent to them."""
        for _ in range(count):
            self._run(self._open_one())
        end = monotonic() + _TIMEOUT
        while monotonic() < end and (len(self._loaded) < len(self._sockets) or monotonic() - self._heard_at < _QUIET):
            sleep(0.1)

    def move(self, step: int) -> None:
        """Move the first slider of each page, each to another place."""

        async def move_all() -> None:
            for number, (socket, slider) in enumerate(self._sliders.items()):
                value = slider.at(step * len(self._sliders) + number)
                event = {"kind": "ModelChanged", "model": {"id": slider.id}, "attr": "value", "new": value}
                await _send(socket, "PATCH-DOC", {"events": [event]})

        if len(self._sliders) != len(self._sockets):
            raise RuntimeError("not every page has a slider")
        self._run(move_all())

    def close(self) -> None:
        """Leave all pages."""

        async def leave(sockets: Sequence[WebSocketClientConnection]) -> None:
            for socket in sockets:
                socket.close()

        self._run(leave(self._sockets))
        self._sockets.clear()
        self._loaded.clear()
        self._sliders.clear()

    def _run[T](self, work: Coroutine[None, None, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(_TIMEOUT)

    async def _open_one(self) -> None:
        page = await AsyncHTTPClient().fetch(self._url, request_timeout=_TIMEOUT)
        found = _TOKEN.search(page.body.decode())
        if found is None:
            raise RuntimeError(f"the page at {self._url} names no session")
        address = HTTPRequest(self._url.partition("?")[0].replace("http://", "ws://") + "/ws")
        socket = await websocket_connect(address, subprotocols=["bokeh", found[1]], max_message_size=2**28)
        self._sockets.append(socket)
        await socket.read_message()  # the server is ready
        self._readers.append(asyncio.create_task(self._hear(socket)))
        await _send(socket, "PULL-DOC-REQ", {})

    async def _hear(self, socket: WebSocketClientConnection) -> None:
        while (message := await socket.read_message()) is not None:
            self._heard_at = monotonic()
            if socket not in self._loaded and isinstance(message, str) and '"roots"' in message:
                self._loaded.add(socket)
                slider = _find_slider(json.loads(message))
                if slider is not None:
                    self._sliders[socket] = slider


@dataclass(frozen=True, slots=True)
class Slider:
    """A slider of a page: its model, and where it can stand."""

    id: str
    start: float
    end: float
    step: float

    def at(self, number: int) -> float:
        """Return one of its places; the next number is the next place, and after the last comes the first."""
        places = int((self.end - self.start) / self.step) + 1
        return self.start + number % places * self.step


def _find_slider(node: Any) -> Slider | None:
    """Return the first slider in a document as it travels."""
    if isinstance(node, dict):
        about = node.get("attributes")
        if isinstance(about, dict) and {"start", "end", "step", "value"} <= about.keys() and "id" in node:
            numbers = [about["start"], about["end"], about["step"]]
            if all(isinstance(number, int | float) for number in numbers):
                return Slider(node["id"], *numbers)
        return next((found for item in node.values() if (found := _find_slider(item)) is not None), None)
    if isinstance(node, list):
        return next((found for item in node if (found := _find_slider(item)) is not None), None)
    return None


async def _send(socket: WebSocketClientConnection, kind: str, content: dict[str, object]) -> None:
    header = {"msgid": uuid.uuid4().hex, "msgtype": kind}
    for fragment in (header, {}, content):
        await socket.write_message(json.dumps(fragment))
