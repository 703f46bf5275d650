"""Candles in Chromium become longer where the page is narrow, and shorter where a reader zooms in."""

import pytest
from playwright.sync_api import Page, expect

from tests.conftest import Serve

_APP = """
import dataapp as da
from dataapp import finance

bars = da.sql('''
    SELECT TIMESTAMP '2024-01-01 09:30' + to_minutes((5 * (i % 78))::INT)
               + to_days((i // 78 + 2 * (i // 390))::INT) AS bar,
           100 + 9 * sin(i / 900) AS open, open + 1 AS high, open - 1 AS low, open + cos(i) / 2 AS close, 5 AS volume
    FROM range(30000) numbers(i)
''')
desk = finance.panes(finance.candlestick(bars) + finance.moving_average(bars), finance.volume(bars))
da.App("Candles", main=[desk]).servable()
"""


@pytest.fixture
def desk(page: Page, serve: Serve) -> Page:
    page.set_viewport_size({"width": 1400, "height": 700})
    page.goto(serve(_APP).url, timeout=90_000)
    expect(page.locator(".chart canvas")).to_be_visible(timeout=30_000)
    return page


def _point(page: Page) -> None:
    box = page.locator(".chart canvas").bounding_box()
    assert box is not None
    page.mouse.move(2, 2)
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 150)


def _expect(page: Page, bucket: str) -> None:
    """Wait until the candle in the middle stands for a step of time."""
    tip = page.locator(".tip:popover-open")
    for _ in range(60):
        _point(page)
        page.wait_for_timeout(250)
        if tip.count() and bucket in tip.inner_text().splitlines()[1]:
            return
    assert bucket in tip.inner_text()


def _wheel(page: Page, by: float) -> None:
    _point(page)
    page.keyboard.down("Control")
    page.mouse.wheel(0, by)
    page.keyboard.up("Control")


def test_candles_fit_the_width_of_the_page_and_what_is_zoomed_into(desk: Page) -> None:
    canvas = desk.locator(".chart canvas").element_handle()
    _expect(desk, "1 day")
    _wheel(desk, -500)
    _expect(desk, "4 hours")
    middle = desk.locator(".tip:popover-open").inner_text()
    desk.mouse.down()
    box = desk.locator(".chart canvas").bounding_box()
    assert box is not None
    desk.mouse.move(box["x"] + 300, box["y"] + 150, steps=4)
    desk.mouse.up()
    _expect(desk, "4 hours")
    assert desk.locator(".tip:popover-open").inner_text() > middle  # a later time is in the middle now
    desk.set_viewport_size({"width": 700, "height": 700})
    _expect(desk, "1 day")  # of what is zoomed into still
    box = desk.locator(".chart canvas").bounding_box()
    assert box is not None
    desk.mouse.dblclick(box["x"] + 200, box["y"] + 150)
    _expect(desk, "1 week")
    assert canvas.evaluate("canvas => canvas.isConnected")
