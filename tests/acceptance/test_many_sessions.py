"""Two hundred visitors over real websockets: each has values of its own, and none leaves anything behind."""

import asyncio
import json
import re
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tornado.httpclient import AsyncHTTPClient
from tornado.websocket import websocket_connect

VISITORS = 200
# Panel walks its weak registry of links for each page; collecting garbage on another thread can change it meanwhile.
_RACE_OF_PANEL = "dictionary changed size during iteration"

_SHARED = """
import dataapp as da
import panel as pn
import polars as pl

places = da.sql("FROM (VALUES ('Oslo'), ('Rome')) t(place)")
place = da.input(pn.widgets.Select, options=places)
n = da.input(pn.widgets.IntSlider, start=0, end=100, value=1)
doubled = da.sql("SELECT $n * 2 AS doubled, $place AS place")


@da.cell
def said(doubled: pl.DataFrame) -> str:
    return f"{doubled['doubled'].item()} in {doubled['place'].item()}"


def bound():
    return pn.bind(lambda frame: f"bound {frame['doubled'].item()}", doubled)


chart = da.chart(doubled).mark_bar().encode(x="place:N", y="doubled:Q")
brush = da.brush(chart, x="doubled")
app = da.App("Shared", sidebar=[place, n], main=[doubled, said, chart])
"""
_APP = """
import panel as pn
import shared

text = pn.pane.Str(shared.bound())
if "page" in pn.state.session_args:
    shared.app.page.main.append(text)
    shared.app.servable()
else:
    pn.Column(shared.place, shared.n, shared.doubled, shared.said, text).servable()
"""
# Counts what a server still holds, without a session of its own.
_COUNTS = """
import asyncio
import gc
import json
import time

from bokeh.document import Document
from bokeh.io.state import curstate
from tornado.web import RequestHandler

from dataapp.app.page import App
from dataapp.app.sessions import open_sessions
from dataapp.runtime.session import Session
from dataapp.views.card import Card


def held():
    gc.collect()
    # Bokeh gives every process a document of its own, for code that runs outside of all sessions.
    alive = [type(thing) for thing in gc.get_objects() if thing is not curstate().document]
    kinds = {"sessions": Session, "documents": Document, "cards": Card}
    return {name: sum(issubclass(kind, wanted) for kind in alive) for name, wanted in kinds.items()}


class Counts(RequestHandler):
    async def get(self):
        # Answers when the server has ended all sessions, or at the deadline.
        deadline = time.monotonic() + 60
        while open_sessions() and time.monotonic() < deadline:
            await asyncio.sleep(0.05)
        found = held()
        while any(found.values()) and time.monotonic() < deadline:
            await asyncio.sleep(0.1)  # for what follows the end of the last one: the server ends several in one go
            found = held()
        self.write(json.dumps(found | {"open": open_sessions()}))


ROUTES = [(r"/counts", Counts, {})]
"""


@pytest.fixture(scope="module")
def served(serve_for_module: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("many")
    for name, source in {"shared": _SHARED, "many": _APP, "counts": _COUNTS}.items():
        (folder / f"{name}.py").write_text(source, "utf-8")
    return serve_for_module(
        Path(folder / "many.py"),
        *("--plugins", "counts", "--unused-session-lifetime", "1", "--check-unused-sessions", "100"),
        env={"PYTHONPATH": str(folder)},
    )


def _counts(served: Any) -> dict[str, int]:
    with urllib.request.urlopen(served.url.rpartition("/")[0] + "/counts", timeout=90) as answer:
        return json.load(answer)


async def _visit(served: Any, at_once: asyncio.Semaphore, query: str) -> None:
    """Open the page as a browser does, wait for the server's greeting, and close it."""
    async with at_once:
        page = await AsyncHTTPClient().fetch(served.url + query, request_timeout=60)
        found = re.search(r'"token":"([^"]+)"', page.body.decode())
        assert found is not None
        socket = await websocket_connect(served.url.replace("http", "ws", 1) + "/ws", subprotocols=["bokeh", found[1]])
        assert await socket.read_message() is not None
        socket.close()


async def test_visitors_leave_no_session_and_no_document_behind(served: Any) -> None:
    at_once = asyncio.Semaphore(8)
    # Pages are much of the work, and one in four of them is enough to see a leak.
    await asyncio.gather(*(_visit(served, at_once, "?page=1" if n % 4 == 0 else "") for n in range(VISITORS)))
    counts = _counts(served)
    assert counts == {"open": 0, "sessions": 0, "cards": 0, "documents": 0}
    found = re.findall(r"^Traceback.*?^\w[^\n]*", served.log(), re.DOTALL | re.MULTILINE)
    assert [one for one in found if _RACE_OF_PANEL not in one] == []
    assert "ERROR" not in served.log(), served.log()[-4000:]
