"""A raster on a page is one image: each cell in its place, in the colour of its count, and told by the tooltip."""

import json
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.conftest import Serve

_APP = '''
import json
from pathlib import Path

import altair as alt
import panel as pn
import pyarrow as pa

from dataapp.engines.duckdb import DuckDB
from dataapp.engines.relation import Relation
from dataapp.views.chart.pane import ChartView
from dataapp.views.chart.schema import chart, find_cell_data
from tests.views.chart.threads import submit

ROWS = """
    SELECT sqrt(-2 * ln((1 + hash(i) % 999983) / 999984)) * cos(hash(i + 7) % 6283 / 1000) AS across,
           sqrt(-2 * ln((1 + hash(i) % 999983) / 999984)) * sin(hash(i + 7) % 6283 / 1000) AS up
    FROM range(100000) AS numbers(i)
"""
relation = Relation(ROWS, key="rows", engine=DuckDB())
points = chart("points", relation.columns).mark_point().encode(
    x=alt.X("across:Q").scale(zero=False), y=alt.Y("up:Q").scale(zero=False)
)
below = alt.Chart(alt.Data(values=[{{"low": -9, "high": 9}}])).mark_rect(opacity=0.1).encode(
    x=alt.X("low:Q", title="across"), x2="high:Q", tooltip=alt.value("below")
)
points = (below + points).properties(width=400, height=240)
view = ChartView(points, submit)


def tell(event):
    if event.new == "fresh":
        rows = pa.ipc.open_stream(view._picture.payloads[0].data).read_all()
        Path({told!r}).write_text(json.dumps(rows.to_pylist()))


view.param.watch(tell, "status")
pn.state.onload(lambda: view.show({{find_cell_data(points)[0]: relation}}))
pn.ui.Page(title="Points", main=[view], theme_toggle=True).servable()
'''
_WATCH = """
    const draw = CanvasRenderingContext2D.prototype.drawImage;
    CanvasRenderingContext2D.prototype.drawImage = function (image, x, y, width, height) {
        if (image.width < 300 && this.canvas.isConnected) {
            const {data} = image.getContext("2d").getImageData(0, 0, image.width, image.height);
            const {a, e, f} = this.getTransform();
            window.image = {
                across: image.width, up: image.height, pixels: [...data], isSmooth: this.imageSmoothingEnabled,
                x: e / a + x, y: f / a + y, width, height,
            };
        }
        return draw.apply(this, arguments);
    };
    const fill = CanvasRenderingContext2D.prototype.fill;
    window.fills = 0;
    CanvasRenderingContext2D.prototype.fill = function (...what) {
        window.fills += 1;
        return fill.apply(this, what);
    };
"""


@pytest.fixture
def told(tmp_path: Path) -> Path:
    return tmp_path / "rows.json"


@pytest.fixture
def drawn(page: Page, serve: Serve, told: Path) -> Page:
    page.set_viewport_size({"width": 1000, "height": 600})
    page.add_init_script(_WATCH)
    page.goto(serve(_APP.format(told=str(told))).url)
    page.wait_for_function("window.image", timeout=30_000)
    return page


def cells_of(told: Path, across: int, up: int) -> dict[tuple[int, int], float]:
    """Return the rows of each cell by column, and by row from above."""
    rows = json.loads(told.read_text())
    low, high = min(one["across"] for one in rows), max(one["__x_high"] for one in rows)
    bottom, top = min(one["up"] for one in rows), max(one["__y_high"] for one in rows)

    def place(cell: dict[str, float]) -> tuple[int, int]:
        x, y = (cell["across"] + cell["__x_high"]) / 2, (cell["up"] + cell["__y_high"]) / 2
        return int((x - low) / (high - low) * across), up - 1 - int((y - bottom) / (top - bottom) * up)

    return {place(cell): cell["__rows"] for cell in rows}


def test_each_cell_has_a_pixel_in_the_colour_of_its_count(drawn: Page, told: Path) -> None:
    image: dict[str, Any] = drawn.evaluate("image")
    cells = cells_of(told, image["across"], image["up"])
    assert len(cells) > 1_000
    assert drawn.evaluate("fills") < 100  # no rectangles
    assert not image["isSmooth"]
    colours: dict[float, set[tuple[int, ...]]] = {}
    painted = 0
    for at in range(image["across"] * image["up"]):
        pixel = tuple(image["pixels"][4 * at : 4 * at + 4])
        rows = cells.get((at % image["across"], at // image["across"]))
        assert (rows is None) is (pixel == (0, 0, 0, 0))
        if rows is not None:
            painted += 1
            colours.setdefault(rows, set()).add(pixel)
    assert painted == len(cells)
    assert all(len(found) == 1 for found in colours.values())
    greens = [next(iter(colours[rows]))[1] for rows in sorted(colours)]
    assert greens == sorted(greens)  # from violet to yellow
    assert greens[-1] > greens[0] + 100


def test_the_tooltip_tells_the_rows_of_each_cell(drawn: Page, told: Path) -> None:
    image: dict[str, Any] = drawn.evaluate("image")
    cells = cells_of(told, image["across"], image["up"])
    box = drawn.locator(".chart canvas").bounding_box()
    assert box is not None

    def hover(column: int, row: int) -> None:
        x = box["x"] + image["x"] + (column + 0.5) / image["across"] * image["width"]
        y = box["y"] + image["y"] + (row + 0.5) / image["up"] * image["height"]
        drawn.mouse.move(x, y)

    tip = drawn.get_by_role("tooltip").filter(has_text="Rows")
    by_rows = sorted(cells, key=lambda place: cells[place])
    for place in (by_rows[-1], by_rows[len(cells) // 2], by_rows[0]):
        hover(*place)
        expect(tip).to_have_text(f"Rows{cells[place]:,.0f}")
    empty = next((x, y) for x in range(image["across"]) for y in range(image["up"]) if (x, y) not in cells)
    hover(*empty)
    expect(drawn.get_by_role("tooltip").filter(has_text="below")).to_be_visible()
    expect(tip).to_have_count(0)


def test_an_svg_has_the_image_with_sharp_cells(drawn: Page, tmp_path: Path) -> None:
    drawn.locator(".chart").hover()
    drawn.get_by_role("button", name="Save the chart").click()
    with drawn.expect_download() as download:
        drawn.get_by_role("menuitem", name="SVG").click()
    file = tmp_path / "chart.svg"
    download.value.save_as(file)
    assert file.read_text("utf-8").count('href="data:image/png;base64,') == 1
