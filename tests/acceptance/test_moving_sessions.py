"""Thirty-two sessions move sliders over SQL cells at once: each ends with its own value, and nothing is stuck.

Once the clients speak Bokeh's protocol, as a browser does, one thread each; once they are pages in a browser, whose
sliders are moved by keys. Queries through one connection of the engine are what breaks under threads; values that meet
in a module are what breaks under processes.
"""

import random
import re
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

import panel.models.layout
import panel.models.markup  # noqa: F401  # what pages are made of must be known to who reads them
import pytest
from bokeh.client import pull_session
from bokeh.client.session import ClientSession
from bokeh.document import Document
from bokeh.models import Slider
from playwright.sync_api import Browser, expect

CLIENTS = 32
MOVES = 6
_WITHIN = 120.0  # seconds for a value to appear

_APP = """
import os

import dataapp as da
import panel as pn
import polars as pl

numbers = da.sql("SELECT range AS n, range % 97 AS k FROM range(200_000)")
n = da.input(pn.widgets.IntSlider, start=0, end=1_000_000, value=0)
rest = da.sql("SELECT k, count(*)::INTEGER AS c FROM numbers WHERE n >= $n GROUP BY ALL")
total = da.sql("SELECT sum(c)::INTEGER AS c, $n AS n FROM rest")


@da.cell
def said(total: pl.DataFrame) -> str:
    return f"value {total['n'].item()} leaves {total['c'].item()}"


pn.Column(n, said, pn.pane.Str(f"process {os.getpid()}")).servable()
"""


def _said(value: int) -> str:
    return f"value {value} leaves {max(0, 200_000 - value)}"


class Client:
    """One viewer: a session, its slider, and the text below it."""

    def __init__(self, url: str) -> None:
        self.session: ClientSession = pull_session(url=url)
        page = cast("Any", self.session.document)
        self.slider: Any = next(model for model in page.models if isinstance(model, Slider))

    def move(self, value: int) -> None:
        self.slider.value = value

    def shows(self, value: int) -> bool:
        """Whether the page says what belongs to a value."""
        return _said(value) in self.text()

    def process(self) -> str:
        """Return the number of the process that serves the page."""
        found = re.search(r"process (\d+)", self.text())
        assert found is not None
        return found[1]

    def text(self) -> str:
        """All that the page says now, in a document of its own: pulled into the old one, it would be sent back."""
        page = Document()
        self.session._connection.pull_doc(page)
        return " ".join(str(getattr(model, "text", "")) for model in page.models)


def _visit(url: str, number: int, all_here: threading.Barrier) -> tuple[str, str]:
    """Return how it went, and which process said so."""
    chance = random.Random(number)
    client = Client(url)
    try:
        all_here.wait(_WITHIN)
        last = 0
        for _ in range(MOVES):
            last = 1000 * number + chance.randrange(1000)
            client.move(last)
        client.session.force_roundtrip()
        pause = threading.Event()
        for _ in range(int(_WITHIN / 0.25)):
            if client.shows(last):
                return "right", client.process()
            pause.wait(0.25)
        return f"client {number} wants {last} and sees {client.text()}", ""
    finally:
        client.session.close()


@pytest.mark.parametrize(
    ("arguments", "processes"),
    [((), 1), (("--num-threads", "4"), 1), (("--num-procs", "2"), 2)],
    ids=["plain", "threads", "processes"],
)
def test_every_client_sees_what_belongs_to_its_slider(serve: Any, arguments: tuple[str, ...], processes: int) -> None:
    served = serve(_APP, *arguments)
    all_here = threading.Barrier(CLIENTS)
    with ThreadPoolExecutor(CLIENTS) as clients:
        found = list(clients.map(lambda number: _visit(served.url, number, all_here), range(CLIENTS)))
    assert {how for how, _ in found} == {"right"}, found
    assert len({process for _, process in found}) == processes


@pytest.mark.parametrize(
    ("arguments", "processes"), [(("--num-threads", "4"), 1), (("--num-procs", "2"), 2)], ids=["threads", "processes"]
)
def test_every_page_shows_what_belongs_to_its_slider(
    browser: Browser, serve: Any, arguments: tuple[str, ...], processes: int
) -> None:
    url = serve(_APP, *arguments).url
    starts = [1000 * number for number in range(CLIENTS)]
    with browser.new_context(viewport={"width": 400, "height": 200}) as context:
        pages = [context.new_page() for _ in starts]
        for page, start in zip(pages, starts, strict=True):
            page.goto(f"{url}?n={start}")
        for page, start in zip(pages, starts, strict=True):
            expect(page.get_by_text(_said(start), exact=True)).to_be_visible()
            page.get_by_role("slider").focus()
        for _ in range(MOVES):
            for page in pages:
                page.keyboard.press("ArrowRight")
        for page, start in zip(pages, starts, strict=True):
            expect(page.get_by_text(_said(start + MOVES), exact=True)).to_be_visible()
        found = {page.get_by_text(re.compile(r"process \d+")).inner_text() for page in pages}
    assert len(found) == processes
