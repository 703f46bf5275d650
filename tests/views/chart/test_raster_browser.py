"""A scatter plot of a million rows in Chromium."""

import json
import re
import time
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.conftest import Serve, ServedApp

_APP = '''
import json

import altair as alt
import panel as pn
import pyarrow as pa

from dataapp.engines.duckdb import DuckDB
from dataapp.engines.relation import Relation
from dataapp.views.chart.pane import ChartView
from dataapp.views.chart.schema import chart, find_cell_data
from tests.views.chart.threads import submit

ROWS = """
    SELECT sqrt(-2 * ln((1 + hash(i) % 999983) / 999984)) * cos(hash(i + 7) % 6283 / 1000) + i % 2 * 4 AS across,
           sqrt(-2 * ln((1 + hash(i) % 999983) / 999984)) * sin(hash(i + 7) % 6283 / 1000) + i % 3 * 2 AS up
    FROM range(1000000) AS numbers(i)
"""
relation = Relation(ROWS, key="rows", engine=DuckDB())
points = chart("points", relation.columns).mark_point().encode(
    x=alt.X("across:Q", title="Across"), y=alt.Y("up:Q", title="Up")
).interactive()
view = ChartView(points, submit)
fewer = pn.ui.Button(label="Fewer")


def show(event=None):
    rows = relation if event is None else Relation(ROWS + "WHERE i % 50 = 0", key="fewer", engine=DuckDB())
    view.show({find_cell_data(points)[0]: rows})


def tell(event):
    if event.new == "fresh":
        rows = [pa.ipc.open_stream(payload.data).read_all().num_rows for payload in view._picture.payloads]
        zoom = next(iter(view._window.ends.values()), None)
        told = {"plan": view._plan_number, "rows": rows, "zoom": zoom, "width": view._window.width}
        print("drawn", json.dumps(told), flush=True)


fewer.on_click(show)
view.param.watch(tell, "status")
pn.state.onload(show)
pn.ui.Page(title="Points", main=[view, fewer], theme_toggle=True).servable()
'''
_CANVAS = """
    const find = (root) => {
        for (const element of root.querySelectorAll("*")) {
            if (element.matches(".chart canvas")) return element;
            const inside = element.shadowRoot && find(element.shadowRoot);
            if (inside) return inside;
        }
        return null;
    };
    const canvas = find(document);
"""
_DRAWN = "() => {" + _CANVAS + "return canvas && canvas.toDataURL().length > 20000; }"  # more than a frame
_CHANGED = "before => {" + _CANVAS + "return canvas.toDataURL() !== before; }"
_COLOURED = """
    canvas => {
        const {data} = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
        let coloured = 0;
        for (let i = 0; i < data.length; i += 4) {
            const colour = [data[i], data[i + 1], data[i + 2]];
            if (data[i + 3] > 250 && Math.max(...colour) - Math.min(...colour) > 40) coloured++;
        }
        return coloured / (data.length / 4);
    }
"""
_TEXTS = """
    canvas => {
        // what the legend and the axes are drawn of: to the right of the plot, and below it
        const context = canvas.getContext("2d"), scale = canvas.width / canvas.clientWidth;
        const inked = (x, y, width, height) => {
            const {data} = context.getImageData(x * scale, y * scale, width * scale, height * scale);
            for (let i = 3; i < data.length; i += 4) if (data[i] > 120) return true;
            return false;
        };
        const wide = canvas.clientWidth, high = canvas.clientHeight;
        return {
            legend: inked(wide - 50, 5, 45, 20),
            axis: inked(40, high - 40, wide - 150, 36),
            side: inked(2, 20, 30, high - 80),
        };
    }
"""


@pytest.fixture
def drawn(page: Page, serve_for_module) -> Page:
    page.set_viewport_size({"width": 1000, "height": 600})
    page.goto(serve_for_module(_APP).url)
    canvas = page.locator(".chart canvas")
    expect(canvas).to_have_count(1, timeout=30_000)
    page.wait_for_function(_DRAWN)
    return page


def test_a_million_points_are_drawn_with_axes_and_a_legend(drawn: Page) -> None:
    canvas = drawn.locator(".chart canvas")
    assert canvas.evaluate(_COLOURED) > 0.2
    assert canvas.evaluate(_TEXTS) == {"legend": True, "axis": True, "side": True}


def test_a_raster_is_dragged_and_zoomed_as_its_points_are(drawn: Page) -> None:
    canvas = drawn.locator(".chart canvas")
    before = canvas.evaluate("canvas => canvas.toDataURL()")
    box = canvas.bounding_box()
    assert box is not None
    drawn.mouse.move(box["x"] + 300, box["y"] + 120)
    drawn.mouse.wheel(0, -600)
    drawn.wait_for_function(_CHANGED, arg=before)
    assert canvas.evaluate(_COLOURED) > 0.2


def test_a_cell_says_how_many_rows_it_holds(drawn: Page) -> None:
    box = drawn.locator(".chart canvas").bounding_box()
    assert box is not None
    drawn.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(drawn.get_by_role("tooltip").filter(has_text="Rows")).to_have_text(re.compile(r"Rows\W*[1-9][\d,]*$"))


_VIRIDIS = """
    canvas => {
        // how much of it is green or yellow, as cells of many rows are, and points are not
        const {data} = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
        let green = 0;
        for (let i = 0; i < data.length; i += 4)
            if (data[i + 3] > 250 && data[i + 1] > data[i + 2] + 20 && data[i + 1] > data[i] + 20) green++;
        return green / (data.length / 4);
    }
"""


def _middle(canvas: Locator) -> tuple[float, float]:
    box = canvas.bounding_box()
    assert box is not None
    return box["x"] + 300, box["y"] + 150


def _drawings(served: ServedApp) -> list[dict[str, Any]]:
    return [json.loads(found) for found in re.findall(r"drawn (\{.*\})", served.log())]


def _wait_for(page: Page, served: ServedApp, holds: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    give_up_at = time.monotonic() + 30
    while not (found := _drawings(served)) or not holds(found[-1]):
        assert time.monotonic() < give_up_at
        page.wait_for_timeout(100)
    page.wait_for_timeout(300)  # the page draws it
    return _drawings(served)[-1]


@pytest.fixture
def own(page: Page, serve: Serve) -> tuple[Page, ServedApp, Locator]:
    served = serve(_APP)
    page.set_viewport_size({"width": 1000, "height": 600})
    page.goto(served.url)
    page.wait_for_function(_DRAWN, timeout=60_000)
    canvas = page.locator(".chart canvas")
    _wait_for(page, served, lambda drawn: drawn["width"] < 1_000)  # the page has said how wide it is
    canvas.evaluate("canvas => canvas.drawn = true")
    return page, served, canvas


def _wheel(page: Page, canvas: Locator, by: float) -> None:
    page.mouse.move(*_middle(canvas))
    page.mouse.wheel(0, by)


def test_a_raster_becomes_finer_then_points_and_comes_back(own: tuple[Page, ServedApp, Locator]) -> None:
    page, served, canvas = own
    whole = _wait_for(page, served, lambda _: True)
    assert whole["rows"][1:] == [0]
    first = canvas.evaluate("canvas => canvas.toDataURL()")
    _wheel(page, canvas, -500)
    finer = _wait_for(page, served, lambda drawn: drawn["zoom"] is not None)
    assert finer["rows"][0] > whole["rows"][0]
    assert finer["rows"][1] == 0
    assert canvas.evaluate(_COLOURED) > 0.5
    cells = canvas.evaluate(_VIRIDIS)
    _wheel(page, canvas, -2_400)
    points = _wait_for(page, served, lambda drawn: drawn["rows"][1] > 0)
    assert points["rows"][1] <= 90_000
    expect(page.get_by_role("tooltip").filter(has_text="Rows")).to_be_hidden()  # of a cell that is gone
    assert canvas.evaluate(_VIRIDIS) < cells / 100
    assert canvas.evaluate(_TEXTS) == {"legend": False, "axis": True, "side": True}  # it would be of the cells around
    page.mouse.dblclick(*_middle(canvas))
    back = _wait_for(page, served, lambda drawn: drawn["zoom"] is None)
    assert back == whole
    page.mouse.move(5, 5)
    assert canvas.evaluate("canvas => canvas.toDataURL()") == first
    assert canvas.evaluate("canvas => canvas.drawn")  # it was one canvas all the time
    assert {drawn["plan"] for drawn in _drawings(served)} == {1}


def test_the_zoom_is_kept_when_fewer_rows_become_points(own: tuple[Page, ServedApp, Locator]) -> None:
    page, served, canvas = own
    _wheel(page, canvas, -500)
    zoomed = _wait_for(page, served, lambda drawn: drawn["zoom"] is not None)
    page.get_by_role("button", name="Fewer").click()
    fewer = _wait_for(page, served, lambda drawn: drawn["plan"] == 2)
    assert (fewer["zoom"], len(fewer["rows"])) == (zoomed["zoom"], 1)
    page.wait_for_timeout(500)  # the page would tell if it were another
    assert _drawings(served)[-1]["zoom"] == zoomed["zoom"]


def test_a_raster_has_cells_of_the_same_size_on_pages_of_any_width(own: tuple[Page, ServedApp, Locator]) -> None:
    page, served, canvas = own
    first, whole = _drawings(served)
    assert (first["width"], len(_drawings(served))) == (1_200, 2)
    assert first["rows"][0] > whole["rows"][0]
    page.set_viewport_size({"width": 600, "height": 600})
    narrow = _wait_for(page, served, lambda drawn: drawn["width"] < 560)
    assert narrow["rows"][0] < 0.75 * whole["rows"][0]
    page.set_viewport_size({"width": 604, "height": 600})  # a few pixels make no difference
    page.wait_for_timeout(800)
    assert len(_drawings(served)) == 3
    assert canvas.evaluate("canvas => canvas.drawn")
    assert canvas.evaluate(_COLOURED) > 0.2
    assert narrow["plan"] == 1
