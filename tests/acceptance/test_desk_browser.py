"""The trading desk in Chromium: what it shows is what DuckDB itself answers, and a link restores the view."""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import duckdb
import pytest
from playwright.sync_api import Browser, Page, expect

import sample_data

_ROOT = Path(__file__).resolve().parents[2]
_DESK = _ROOT / "notebooks" / "trading_desk.py"
_DRAWN = "canvas => canvas.width > 300 && canvas.toDataURL().length > 5000"
_PHONE = (
    "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0 Mobile Safari/537.36"
)


@pytest.fixture(scope="module")
def url(serve_for_module: Callable[..., Any]) -> str:
    sample_data.trades()
    return serve_for_module(_DESK).url


@contextmanager
def _open(browser: Browser, url: str, *, width: int = 1400, **context: Any) -> Iterator[Page]:
    """Open the desk; it must complain of nothing and ask no other machine for anything."""
    complaints: list[str] = []
    local = urlsplit(url).netloc
    with browser.new_context(viewport={"width": width, "height": 900}, **context) as opened:
        page = opened.new_page()
        page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda request: complaints.append(request.url) if _is_outside(request.url, local) else None)
        page.goto(url)
        expect(page.locator(".explorer").first).to_have_attribute("data-state", "fresh")
        expect(page.locator(".chart canvas")).to_have_count(3)
        page.wait_for_function(_DRAWN, arg=page.locator(".chart canvas").first.element_handle())
        assert page.locator(".fault:visible").all_inner_texts() == []
        yield page
    assert complaints == []


def _is_outside(url: str, local: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme in ("http", "https", "ws", "wss") and parts.netloc != local


@pytest.fixture
def desk(browser: Browser, url: str) -> Iterator[Page]:
    with _open(browser, url) as page:
        yield page


def _rows(condition: str = "true") -> str:
    """What the foot of the tape says for that many rows."""
    trades = _ROOT / "sample_data" / "trades" / "*.parquet"
    found = duckdb.execute(f"SELECT count(*) FROM '{trades}' WHERE {condition}").fetchone()
    assert found is not None
    return f"{found[0]:,} rows"


def _expect_rows(page: Page, condition: str) -> None:
    expect(page.locator(".explorer .count").first).to_have_text(_rows(condition))


def _drag(page: Page, start: float, end: float) -> None:
    box = page.locator(".chart canvas").first.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] * start, box["y"] + 150)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * end, box["y"] + 150)  # in one move: each one is told
    page.mouse.up()


def _brushed(page: Page) -> tuple[datetime, datetime]:
    """The ends of the brush, as the address says them."""
    page.wait_for_url(re.compile("period="))
    (ends,) = json.loads(parse_qs(urlsplit(page.url).query)["period"][0]).values()
    return datetime.fromisoformat(ends[0]), datetime.fromisoformat(ends[1])


def _choose(page: Page, symbol: str) -> None:
    page.get_by_role("combobox", name="Symbols").click()
    page.get_by_role("menuitem", name=symbol).click()
    page.mouse.click(700, 85)  # beside the menu
    expect(page.get_by_role("menuitem")).to_have_count(0)


def test_tape_shows_every_trade_at_first(desk: Page) -> None:
    _expect_rows(desk, "true")


def test_symbols_restrict_the_tape(desk: Page) -> None:
    _choose(desk, "IBM")
    _expect_rows(desk, "symbol = 'IBM'")


def test_slider_restricts_the_tape(desk: Page) -> None:
    slider = desk.get_by_role("slider", name="Minimum size of a trade")
    slider.focus()
    for _ in range(4):
        slider.press("ArrowRight")
    _expect_rows(desk, "size >= 400")


def test_brush_restricts_the_tape_and_double_click_clears_it(desk: Page) -> None:
    _drag(desk, 0.3, 0.5)
    low, high = _brushed(desk)
    condition = f"ts >= TIMESTAMP '{low}' AND ts <= TIMESTAMP '{high}'"
    _expect_rows(desk, condition)
    assert _rows(condition) != _rows()
    canvas = desk.locator(".chart canvas").first
    canvas.dblclick(position={"x": 600, "y": 150})
    _expect_rows(desk, "true")
    desk.wait_for_url(re.compile(r"^(?!.*period=)"))


def test_link_restores_the_view_with_the_brush(browser: Browser, url: str, desk: Page) -> None:
    _choose(desk, "AAPL")
    _expect_rows(desk, "symbol = 'AAPL'")
    _drag(desk, 0.4, 0.6)
    low, high = _brushed(desk)
    condition = f"symbol = 'AAPL' AND ts >= TIMESTAMP '{low}' AND ts <= TIMESTAMP '{high}'"
    _expect_rows(desk, condition)
    with _open(browser, desk.url) as again:
        _expect_rows(again, condition)
        expect(again.locator(".MuiChip-label")).to_have_text("AAPL")
        assert _brushed(again) == (low, high)
        again.locator(".chart canvas").first.dblclick(position={"x": 600, "y": 150})  # the chart knows of the brush
        _expect_rows(again, "symbol = 'AAPL'")


def test_forged_link_shows_the_desk_as_it_is(browser: Browser, url: str) -> None:
    forged = "?minutes=1e999&size=-5&symbols=%3Cscript%3E&period=%7B%22x%22%3A%5B1%5D%7D&scale=%5B%22Price%22%5D"
    with _open(browser, url + forged) as page:
        _expect_rows(page, "true")


def test_dark_theme_has_light_text_on_dark_ground(desk: Page) -> None:
    desk.get_by_label("Toggle theme").click()
    luminance = """selector => {
        const find = root => [...root.querySelectorAll("*")].flatMap(element =>
            [...(element.matches(selector) ? [element] : []), ...(element.shadowRoot ? find(element.shadowRoot) : [])]);
        const [red, green, blue] = getComputedStyle(find(document)[0]).color.match(/[\\d.]+/g).map(Number);
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue > 140;
    }"""
    for selector in (".explorer tbody td", ".explorer thead .name"):
        desk.wait_for_function(luminance, arg=selector)


def test_phone_shows_the_desk_and_keeps_the_inputs_in_a_drawer(browser: Browser, url: str) -> None:
    with _open(browser, url, width=390, user_agent=_PHONE) as page:
        expect(page.get_by_role("slider", name="Minutes per bar")).to_be_hidden()
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        page.get_by_role("button", name="Open drawer").click()
        expect(page.get_by_role("slider", name="Minutes per bar")).to_be_visible()


def test_three_at_once_each_get_their_view(browser: Browser, url: str) -> None:
    with _open(browser, url) as first, _open(browser, url) as second, _open(browser, url) as third:
        for page, symbol in ((first, "IBM"), (second, "MSFT"), (third, "GOOG")):
            _choose(page, symbol)
        for page, symbol in ((first, "IBM"), (second, "MSFT"), (third, "GOOG")):
            _expect_rows(page, f"symbol = '{symbol}'")
