"""What is dragged over and zoomed into in Chromium is kept when a chart changes its width, and when its rows change."""

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.conftest import Serve

_APP = """
import altair as alt
import panel as pn

import dataapp as da

number = da.input(pn.widgets.IntInput, value=100, label="Rows")
rows = da.sql('''
    SELECT DATE '2024-01-01' + i::INT AS day, 1 + i % 2 AS up, 'k' || i // 20 AS k FROM range($number) numbers(i)
''')


def brushed(chart, *channels):
    drag = alt.selection_interval(name="drag", encodings=channels)
    chart = chart.properties(height=120).add_params(drag)
    return chart, da.brush(chart, selection=drag, name="drag_" + "".join(channels))


zoom = alt.selection_interval(name="zoom", encodings=["x"], bind="scales", translate=False)
up = alt.Y("up:Q").scale(domain=[0, 9])
days, by_day = brushed(da.chart(rows).mark_line().encode(x="day:T", y=up).add_params(zoom), "x")
bars, by_name = brushed(da.chart(rows).mark_bar().encode(x="k:N", y=alt.Y("count()").scale(domain=[0, 90])), "x")
ticks, by_both = brushed(da.chart(rows).mark_tick().encode(x="day:T", y="k:N"), "x", "y")
both = da.sql("SELECT count(*) AS n FROM rows WHERE $by_day AND $by_name AND $by_both")
da.App("Kept", main=[number, days, bars, ticks, both]).servable()
"""
_BRUSHED = """canvas => {
    // which share of the canvas is grey as a brush is, in the row of pixels above lines and bars
    const {data} = canvas.getContext("2d").getImageData(0, 30 * canvas.height / canvas.clientHeight, canvas.width, 1);
    const is = ([red, green, blue, alpha]) => red === green && green === blue && alpha > 25 && alpha < 70 && red > 40;
    const pixels = Array.from({length: canvas.width}, (_, x) => data.subarray(4 * x, 4 * x + 4));
    return pixels.filter(is).length / canvas.width;
}"""


def _drag(page: Page, canvas: Locator) -> None:
    box = canvas.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] * 0.3, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.6, box["y"] + 70, steps=5)
    page.mouse.up()


def _share(canvas: Locator, expected: float) -> None:
    """Wait until a share of the plot is dragged over."""
    canvas.page.wait_for_function(
        f"([canvas, expected]) => Math.abs(({_BRUSHED})(canvas) - expected) < 0.03",
        arg=[canvas.element_handle(), expected],
    )


@pytest.fixture
def dragged(page: Page, serve: Serve) -> Page:
    page.set_viewport_size({"width": 1000, "height": 900})
    page.goto(serve(_APP).url, timeout=90_000)
    charts = page.locator(".chart canvas")
    expect(charts).to_have_count(3, timeout=30_000)
    expect(page.get_by_text("Drag to select")).to_have_count(3, timeout=30_000)
    box = charts.first.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 60)
    page.mouse.wheel(0, -500)
    for number in range(3):
        _drag(page, charts.nth(number))
    expect(page.locator(".selection-text")).to_have_count(3, timeout=30_000)
    return page


def test_brushes_and_zoom_are_kept_at_another_width(dragged: Page) -> None:
    days, bars = (dragged.locator(".chart canvas").nth(number) for number in (0, 1))
    chips = dragged.locator(".selection-text")
    told = chips.all_inner_texts()
    assert told[1] == "k: k1, k2"
    assert told[2].endswith("k: k0, k1, k2")
    for width in (700, 390, 1000):
        dragged.set_viewport_size({"width": width, "height": 900})
        dragged.wait_for_function(
            "([days, width]) => Math.abs(days.clientWidth - width) < 60", arg=[days.element_handle(), width]
        )
        plot = 1 - 55 / width  # of the canvas
        _share(bars, plot * 1.85 / 5)  # between two bars is room
        _share(days, plot * 0.3)  # as zoomed, else it were less than a half of that
    dragged.wait_for_timeout(500)  # a brush that was lost would be told by now
    assert chips.all_inner_texts() == told


def test_brushes_and_zoom_are_kept_over_new_rows(dragged: Page) -> None:
    days, bars = (dragged.locator(".chart canvas").nth(number) for number in (0, 1))
    chips, rows = dragged.locator(".selection-text"), dragged.get_by_role("textbox", name="Rows")
    told = chips.all_inner_texts()
    for number, bands in ((160, 8), (100, 5)):
        rows.fill(str(number))
        rows.press("Enter")
        _share(bars, 0.95 * 1.85 / bands)
        _share(days, 0.95 * 0.3)
    rows.fill("10")
    rows.press("Enter")
    _share(bars, 0)  # none of these names is there
    rows.fill("100")
    rows.press("Enter")
    _share(bars, 0.95 * 1.85 / 5)
    dragged.wait_for_timeout(500)
    assert chips.all_inner_texts() == told
