"""Two browsers on one server: neither ever sees what the other one sets, also where everything lives in a module."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

_SHARED = """
import dataapp as da
import panel as pn
import polars as pl

n = da.input(pn.widgets.IntInput, value=1)
doubled = da.sql("SELECT $n * 2 AS doubled")


@da.cell
def tripled(n: int) -> str:
    return f"tripled {n * 3}"


@da.cell
def told(doubled: pl.DataFrame) -> str:
    return f"told {doubled['doubled'].item()}"


def bound():
    return pn.bind(lambda frame: f"bound {frame['doubled'].item()}", doubled)


def of_input():
    return pn.bind(lambda n: f"input {n}", n)


def expression():
    return pn.rx("expression {}").format(pn.rx(tripled))
"""
_APP = """
import dataapp as da
import panel as pn
import shared

own = pn.widgets.IntInput(value=10, name="Own")
both = da.sql("SELECT 'both ' || ($own + $n) AS text", own=own, n=shared.n)


@da.cell
def summed(both) -> str:
    return both["text"].item()


pn.Column(
    shared.n, own, shared.tripled, shared.told, summed,
    pn.pane.Str(shared.bound()), pn.pane.Str(shared.of_input()), pn.pane.Str(shared.expression()),
).servable()
"""


@pytest.fixture(scope="module")
def url(serve_for_module: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("isolation")
    (folder / "shared.py").write_text(_SHARED, "utf-8")
    (folder / "isolation.py").write_text(_APP, "utf-8")
    return serve_for_module(Path(folder / "isolation.py")).url


@contextmanager
def _visitor(browser: Browser, url: str) -> Iterator[Page]:
    with browser.new_context() as context:
        page = context.new_page()
        page.goto(url)
        yield page


def _set(page: Page, at: int, value: int) -> None:
    field = page.locator("input").nth(at)
    field.fill(str(value))
    field.press("Enter")


def _expect(page: Page, n: int, own: int) -> None:
    for text in (
        f"tripled {n * 3}",
        f"told {n * 2}",
        f"both {n + own}",
        f"bound {n * 2}",
        f"input {n}",
        f"expression tripled {n * 3}",
    ):
        expect(page.get_by_text(text, exact=True)).to_be_visible()


def test_browsers_never_touch_each_others_values(browser: Browser, url: str) -> None:
    with _visitor(browser, url) as stays:
        with _visitor(browser, url) as leaves:
            _expect(stays, 1, 10)
            _expect(leaves, 1, 10)
            _set(leaves, 0, 5)
            _expect(leaves, 5, 10)
            _expect(stays, 1, 10)
            _set(stays, 0, 7)
            _set(leaves, 1, 20)
            _expect(stays, 7, 10)
            _expect(leaves, 5, 20)
        _set(stays, 1, 30)  # the other one has closed
        _expect(stays, 7, 30)
        with _visitor(browser, url) as comes:
            _expect(comes, 1, 10)
            _set(comes, 0, 2)
            _expect(comes, 2, 10)
        _expect(stays, 7, 30)
        _set(stays, 0, 8)
        _expect(stays, 8, 30)


def test_reload_restores_what_the_address_says(browser: Browser, url: str) -> None:
    with _visitor(browser, url) as page:
        _set(page, 0, 6)
        _expect(page, 6, 10)
        page.wait_for_url("**n=6**")
        page.reload()
        _expect(page, 6, 10)
