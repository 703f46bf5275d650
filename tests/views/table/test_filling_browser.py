"""Explorers that are as high as what they are in, in Chromium."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

SOON = 30_000
APP = """
import dataapp as da
import panel as pn
import polars as pl

rows = da.sql("SELECT i AS id, 'note ' || i AS note FROM range(10000) t(i)")
filling = pn.panel(da.explore(rows))
filling.sizing_mode = "stretch_both"
frame = pn.panel(pl.DataFrame({"n": range(3)}), sizing_mode="stretch_both")


@da.cell
def computed() -> pl.DataFrame:
    return pl.DataFrame({"n": range(1000)})


result = pn.panel(computed)
result.sizing_mode = "stretch_height"
size = pn.widgets.IntInput(name="Height", value=700)
tall = pn.Column(filling, height=size.value, sizing_mode="stretch_width")
size.param.watch(lambda event: setattr(tall, "height", event.new), "value")
pn.Column(
    size,
    tall,
    pn.Row(frame, result, height=450, sizing_mode="stretch_width"),
    pn.Column(pn.panel(da.explore(rows)), height=900, sizing_mode="stretch_width"),
    sizing_mode="stretch_width",
).servable()
"""


@pytest.fixture(scope="module")
def opened(serve_for_module: Callable[..., object], browser: Browser) -> Iterator[Page]:
    url = serve_for_module(APP).url  # type: ignore[attr-defined]
    page = browser.new_page(viewport={"width": 1200, "height": 1400})
    page.goto(url)
    expect(page.locator(".explorer[data-state=fresh]")).to_have_count(4, timeout=SOON)
    yield page
    page.close()


def height(page: Page, at: int) -> float:
    box = page.locator(".explorer").nth(at).bounding_box()
    assert box is not None
    return box["height"]


def test_an_explorer_fills_its_container(opened: Page):
    assert 680 <= height(opened, 0) <= 700
    table = opened.locator(".explorer").nth(0)
    assert table.locator("tbody tr").count() >= 20
    foot, whole = table.locator(".foot").bounding_box(), table.bounding_box()
    assert foot is not None
    assert whole is not None
    assert abs(foot["y"] + foot["height"] - whole["y"] - whole["height"]) <= 2


def test_a_frame_and_a_result_fill_theirs(opened: Page):
    assert 430 <= height(opened, 1) <= 450
    assert 430 <= height(opened, 2) <= 450


def test_others_are_as_high_as_before(opened: Page):
    assert height(opened, 3) <= 402


def test_it_grows_and_shrinks_with_its_container_but_not_below_what_can_be_read(opened: Page):
    field, table = opened.get_by_label("Height"), opened.locator(".explorer").nth(0)
    for outside, inside in ((900, 892), (300, 292), (100, 280), (700, 692)):
        field.fill(str(outside))
        field.press("Enter")
        expect(table).to_have_js_property("offsetHeight", inside)
