"""A chart that nobody sees in Chromium asks nothing, and is up to date, as it was left, when somebody sees it."""

import re
import time
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.conftest import Serve, ServedApp

_APP = """
import altair as alt
import panel as pn
import polars as pl

import dataapp as da

low = da.input(pn.widgets.IntInput, value=0, label="Low")


def chart(name):
    @da.cell(low=low, name=name)
    def rows(low: int) -> pl.DataFrame:
        print(f"run {name} {low}\\\\n", end="", flush=True)
        return pl.DataFrame({"x": range(100), "y": [low + i % 7 for i in range(100)]})

    line = da.chart(rows).mark_line().encode(x="x:Q", y=alt.Y("y:Q").scale(zero=False)).properties(height=160)
    drag = alt.selection_interval(name="drag_" + name, encodings=["x"])
    zoom = alt.selection_interval(name="zoom_" + name, encodings=["x"], bind="scales", translate=False)
    line = line.add_params(drag, zoom)
    return line, da.brush(line, selection=drag)


@da.cell(low=low)
def drawn(low: int) -> alt.Chart:
    print(f"run drawn {low}\\\\n", end="", flush=True)
    return alt.Chart(pl.DataFrame({"x": [low]})).mark_point().encode(x="x:Q").properties(height=160)


(one, brush_one), (two, brush_two) = chart("one"), chart("two")
charts = {"one": one, "two": two}
da.App("Sight", main=[low, LAYOUT]).servable()
"""
_TABS = [
    f"{kind}(*charts.items(), dynamic={dynamic})" for kind in ("pn.Tabs", "pn.ui.Tabs") for dynamic in (False, True)
]
_CANVAS = """
    const find = (root) => {
        for (const element of root.querySelectorAll("*")) {
            const inside = element.shadowRoot && find(element.shadowRoot);
            if (inside) return inside;
            if (element.matches(".chart canvas") && element.checkVisibility({visibilityProperty: true})) return element;
        }
    };
    const canvas = find(document);
"""
_PIXELS = "() => {" + _CANVAS + "return canvas?.toDataURL(); }"
_BRUSHED = (
    "() => {"
    + _CANVAS
    + """
    const {data} = canvas.getContext("2d").getImageData(0, 20, canvas.width, 1);
    return Array.from({length: canvas.width}, (_, x) => data.subarray(4 * x, 4 * x + 4)).filter(
        ([red, green, blue, alpha]) => red === green && green === blue && alpha > 30 && alpha < 70 && red > 100,
    ).length;
}"""
)


def _open(page: Page, serve: Serve, layout: str) -> ServedApp:
    served = serve(_APP.replace("LAYOUT", layout))
    page.set_viewport_size({"width": 900, "height": 700})
    page.goto(served.url)
    expect(page.locator(".chart canvas").first).to_be_visible(timeout=30_000)
    page.wait_for_timeout(2_000)  # until the page has told what it does not show
    return served


def _set(page: Page, low: int) -> None:
    field = page.get_by_label("Low")
    field.fill(str(low))
    field.press("Enter")


def _runs(served: ServedApp, name: str) -> list[int]:
    return [int(low) for low in re.findall(rf"run {name} (\d+)", served.log())]


def _until(page: Page, condition: Callable[[], bool]) -> None:
    give_up_at = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < give_up_at
        page.wait_for_timeout(100)


def _still(page: Page) -> str:
    """Return the pixels of the chart in sight when they change no more."""
    before, now = "", page.evaluate(_PIXELS)
    while now != before or not now:
        page.wait_for_timeout(400)
        before, now = now, page.evaluate(_PIXELS)
    return now


@pytest.mark.parametrize("name", ["two", "drawn"])
def test_a_chart_below_the_fold_is_silent_until_it_is_scrolled_to(page: Page, serve: Serve, name: str) -> None:
    below = "drawn" if name == "drawn" else "two"
    served = _open(page, serve, f"one, pn.Spacer(height=3000), {below}")
    _set(page, 5)
    _until(page, lambda: _runs(served, "one") == [0, 5])
    page.wait_for_timeout(500)
    assert _runs(served, name) == [0]
    page.locator(".chart canvas").last.scroll_into_view_if_needed()
    _until(page, lambda: _runs(served, name) == [0, 5])


@pytest.mark.parametrize("layout", _TABS)
def test_a_chart_in_a_tab_that_was_left_is_silent_and_comes_back_as_it_was(
    page: Page, serve: Serve, layout: str
) -> None:
    served = _open(page, serve, layout)
    box = page.locator(".chart canvas").first.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 300, box["y"] + 80)
    page.mouse.wheel(0, -300)
    page.wait_for_timeout(300)
    page.mouse.down()
    page.mouse.move(box["x"] + 500, box["y"] + 90, steps=5)
    page.mouse.up()
    expect(page.get_by_role("button", name="Clear brush_one")).to_be_visible()
    _set(page, 7)
    _until(page, lambda: _runs(served, "one")[-1] == 7)
    before, brushed = _still(page), page.evaluate(_BRUSHED)
    assert brushed > 150
    chips = page.locator(".selection-text").all_inner_texts()

    page.get_by_text("two", exact=True).first.click()
    _until(page, lambda: _runs(served, "two")[-1:] == [7])
    page.wait_for_timeout(500)
    _set(page, 8)
    _until(page, lambda: _runs(served, "two")[-1] == 8)
    _set(page, 7)
    _until(page, lambda: _runs(served, "two")[-1] == 7)
    page.wait_for_timeout(500)
    assert _runs(served, "one") == [0, 7]

    page.get_by_text("one", exact=True).first.click()
    page.wait_for_timeout(500)
    if "True" not in layout:  # drawn anew, its margin may be some pixels wider
        assert _still(page) == before
    assert page.evaluate(_BRUSHED) == pytest.approx(brushed, abs=3)
    assert page.locator(".selection-text").all_inner_texts() == chips
    expect(page.get_by_role("button", name="Clear brush_one")).to_be_visible()
    _set(page, 9)
    _until(page, lambda: _runs(served, "one")[-1] == 9)
    assert _runs(served, "two")[-1] == 7
    assert "Traceback" not in served.log()
    assert "error handling message" not in served.log()
