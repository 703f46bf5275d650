"""A scatter plot of a million rows in Chromium."""

import re

import pytest
from playwright.sync_api import Page, expect

_APP = '''
import altair as alt
import panel as pn

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
pn.state.onload(lambda: view.show({find_cell_data(points)[0]: relation}))
pn.ui.Page(title="Points", main=[view], theme_toggle=True).servable()
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
