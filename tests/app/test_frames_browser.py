"""Frames in a plain layout of Panel, in Chromium: as wide and as live as cells, also when they come late."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

APP = """
import dataapp as da
import pandas as pd
import panel as pn
import polars as pl

assert da.explore  # a name of it is used, and nothing else

frame = pl.DataFrame({"n": range(100_000), "half": [n / 2 for n in range(100_000)]})
slider = pn.widgets.IntSlider(name="Rows", start=1, end=9, value=3)
more = pn.widgets.Button(name="More")
late = pn.Column()
more.on_click(lambda _: late.append(pd.DataFrame({"late": [7, 8]})))

pn.Column(frame, slider, pn.bind(frame.to_arrow().slice, 0, slider), more, late).servable()
"""
LATE = """
import dataapp as da
import panel as pn

assert da.explore
more = pn.widgets.Button(name="More")
late = pn.Column()


def append(_):
    import polars as pl

    late.append(pl.DataFrame({"late": [7, 8]}))


more.on_click(append)
pn.Column("# Nothing yet", more, late).servable()
"""
SOON = 30_000  # milliseconds


@pytest.fixture(scope="module")
def page(browser: Browser, serve_for_module: Callable[..., Any]) -> Iterator[Page]:
    with browser.new_context(viewport={"width": 900, "height": 1200}) as context:
        page = context.new_page()
        page.goto(serve_for_module(APP).url)
        expect(page.locator(".explorer .count")).to_have_count(2, timeout=SOON)
        yield page


def test_a_frame_fills_the_width_and_scrolls_over_all_its_rows(page: Page) -> None:
    explorer = page.locator(".explorer").first
    expect(explorer.get_by_text("100,000 rows")).to_be_visible(timeout=SOON)
    box = explorer.bounding_box()
    assert box is not None
    assert box["width"] > 800
    explorer.get_by_role("gridcell", name="0", exact=True).first.click()
    page.keyboard.press("ControlOrMeta+End")
    expect(explorer.get_by_role("gridcell", name="99,999", exact=True)).to_be_visible(timeout=SOON)


def test_another_frame_takes_the_place_of_one_with_the_filters_that_were_set(page: Page) -> None:
    explorer = page.locator(".explorer").nth(1)
    expect(explorer.get_by_text("3 rows")).to_be_visible(timeout=SOON)
    explorer.get_by_role("textbox", name="Filter n").fill(">= 1")
    expect(explorer.get_by_text("2 of 3")).to_be_visible(timeout=SOON)
    explorer.evaluate("explorer => { explorer.kept = true }")
    handle = page.locator(".noUi-handle")
    handle.focus()
    handle.press("ArrowRight")
    expect(explorer.get_by_text("3 of 4")).to_be_visible(timeout=SOON)
    assert explorer.evaluate("explorer => explorer.kept")


def test_a_frame_may_come_later(page: Page) -> None:
    page.get_by_role("button", name="More").click()
    expect(page.locator(".explorer").nth(2).get_by_role("gridcell", name="8")).to_be_visible(timeout=SOON)


def test_the_first_frame_of_a_page_may_come_late(browser: Browser, serve_for_module: Callable[..., Any]) -> None:
    with browser.new_context() as context:
        page = context.new_page()
        page.goto(serve_for_module(LATE).url)
        page.get_by_role("button", name="More").click(timeout=SOON)
        expect(page.locator(".explorer").get_by_role("gridcell", name="8")).to_be_visible(timeout=SOON)
