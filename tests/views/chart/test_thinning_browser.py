"""A line that is thinned anew in Chromium for what its reader zooms into."""

import json
import re
import time
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.conftest import Serve, ServedApp
from tests.views.chart.drawing import relation_of

_ROWS = "SELECT TIMESTAMP '2024-01-01' + to_seconds(i) AS ts, hash(i) % 1000 + 0.5 AS y FROM range(1000000) t(i)"
_APP = (
    '''
import json

import panel as pn
import pyarrow as pa

from dataapp.engines.duckdb import DuckDB
from dataapp.engines.relation import Relation
from dataapp.views.chart.pane import ChartView
from dataapp.views.chart.schema import chart, find_cell_data
from tests.views.chart.threads import submit

relation = Relation("""'''
    + _ROWS
    + '''""", key="rows", engine=DuckDB())
line = chart("line", relation.columns).mark_line().encode(x="ts:T", y="y:Q").interactive(bind_y=False)
view = ChartView(line, submit)


def tell(event):
    if event.new != "fresh":
        return
    window = view._window
    (payload,) = view._picture.payloads
    rows = pa.ipc.open_stream(payload.data).read_all().to_pylist()
    low, high = window.along("ts") or (rows[0]["ts"], rows[-1]["ts"] + 1)
    inside = [[row["ts"], row["y"]] for row in rows if low <= row["ts"] < high]
    zoomed = {"ends": [low, high], "columns": window.columns, "rows": inside, "plan": view._plan_number}
    print("zoomed" if window.ends else "drawn", json.dumps(zoomed), flush=True)


view.param.watch(tell, "status")
pn.state.onload(lambda: view.show({find_cell_data(line)[0]: relation}))
pn.ui.Page(title="Line", main=[view]).servable()
'''
)
_DRAWN = """() => {
    const find = (root) => {
        for (const element of root.querySelectorAll("*")) {
            const inside = element.shadowRoot && find(element.shadowRoot);
            if (inside) return inside;
            if (element.matches(".chart canvas")) return element;
        }
    };
    const canvas = find(document);
    return canvas && canvas.toDataURL().length > 8000;
}"""


# Counts the frames in which the canvas is empty, and looks at what is asked.
_WATCH = """() => {
    const seen = {count: 0};
    const find = (root) => {
        for (const element of root.querySelectorAll("*")) {
            if (element.matches(".chart canvas")) return element;
            const inside = element.shadowRoot && find(element.shadowRoot);
            if (inside) return inside;
        }
        return null;
    };
    seen.rested = [];  // how long each message on what is in sight comes after the last change of the width
    seen.resized = 0;
    new ResizeObserver(() => (seen.resized = performance.now())).observe(find(document).closest(".frame"));
    const send = WebSocket.prototype.send;
    WebSocket.prototype.send = function (data) {
        if (typeof data === "string" && data.includes('"window"')) seen.rested.push(performance.now() - seen.resized);
        return send.call(this, data);
    };
    const look = () => {
        const canvas = find(document);
        const {data} = canvas.getContext("2d").getImageData(0, canvas.height / 3, canvas.width, 1);
        if (!data.some((value, i) => i % 4 === 3 && value > 120)) seen.count++;
        requestAnimationFrame(look);
    };
    setTimeout(() => requestAnimationFrame(look));
    return seen;
}"""


def _drawings(served: ServedApp, kind: str) -> list[dict[str, Any]]:
    return [json.loads(found) for found in re.findall(rf"{kind} (\{{.*\}})", served.log())]


def _wait_for(page: Page, served: ServedApp, kind: str, number: int = 1) -> dict[str, Any]:
    give_up_at = time.monotonic() + 30
    while len(found := _drawings(served, kind)) < number:
        assert time.monotonic() < give_up_at
        page.wait_for_timeout(200)
    return found[-1]


@pytest.mark.parametrize(
    "encoding",
    ['x="ts:T", y="y:Q"', 'x="yearmonthdatehoursminutesseconds(ts):T", y="max(y):Q"'],
    ids=["rows", "groups"],
)
def test_a_line_of_a_million_rows_shows_more_where_it_is_zoomed_into(
    browser: Browser, serve: Serve, encoding: str
) -> None:
    served = serve(_APP.replace('x="ts:T", y="y:Q"', encoding))
    with browser.new_context(timezone_id="America/New_York", viewport={"width": 1000, "height": 700}) as context:
        page = context.new_page()
        page.goto(served.url, timeout=90_000)
        expect(page.locator(".chart canvas")).to_be_visible(timeout=30_000)
        page.wait_for_function(_DRAWN)
        box = page.locator(".chart canvas").bounding_box()
        assert box is not None
        page.mouse.move(box["x"] + 500, box["y"] + 100)
        page.mouse.wheel(0, -4_000)
        zoomed = _wait_for(page, served, "zoomed")
    low, high = zoomed["ends"]
    assert 1_704_067_200_000 <= low < high < 1_704_067_200_000 + 1_000_000_000  # as a wall's clock reads, in any zone
    columns = zoomed["columns"]
    assert 850 < columns < 1_000
    pixel = f"floor({columns} * (x - {low}) / ({high} - {low}))"
    with relation_of(_ROWS).open() as reader:
        wanted = reader.fetch(
            f"SELECT min(x) AS first, max(x) AS last, min(y) AS low, max(y) AS high, {pixel} AS pixel"
            " FROM (SELECT epoch_ms(ts)::DOUBLE AS x, y FROM relation)"
            f" WHERE x >= {low} AND x < {high} GROUP BY pixel ORDER BY pixel"
        ).to_pylist()
    drawn: dict[float, list[tuple[float, float]]] = {}
    for x, y in zoomed["rows"]:
        drawn.setdefault((columns * (x - low)) // (high - low), []).append((x, y))
    assert len(wanted) > columns * 0.95
    assert [
        {
            "first": min(x for x, _ in rows),
            "last": max(x for x, _ in rows),
            "low": min(y for _, y in rows),
            "high": max(y for _, y in rows),
            "pixel": pixel,
        }
        for pixel, rows in sorted(drawn.items())
    ] == wanted
    assert max(map(len, drawn.values())) <= 4


_LISTEN = """
    window.received = 0;  // bytes that the server has sent
    const Socket = WebSocket;
    window.WebSocket = class extends Socket {
        constructor(...options) {
            super(...options);
            this.addEventListener("message", ({data}) => (window.received += data.length ?? data.byteLength));
        }
    };
"""
_INKED = """canvas => {
    // how many columns of the canvas's pixels have ink, as wide as the canvas is
    const {data} = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    let inked = 0;
    for (let x = 0; x < canvas.width; x++)
        for (let y = 0; y < canvas.height; y++)
            if (data[4 * (y * canvas.width + x) + 3] > 120) { inked++; break; }
    return inked / canvas.width;
}"""


def _open(page: Page, serve: Serve) -> tuple[ServedApp, Locator]:
    """Serve the chart and wait until its canvas is drawn."""
    served = serve(_APP)
    page.set_viewport_size({"width": 1000, "height": 700})
    page.goto(served.url, timeout=90_000)
    canvas = page.locator(".chart canvas")
    expect(canvas).to_be_visible(timeout=30_000)
    page.wait_for_function(_DRAWN)
    return served, canvas


def test_a_line_is_thinned_anew_when_its_window_rests_at_another_width(page: Page, serve: Serve) -> None:
    served, canvas = _open(page, serve)
    first = _wait_for(page, served, "drawn")
    page.wait_for_timeout(600)
    assert len(_drawings(served, "drawn")) == 1  # the page has fewer pixels than it was thinned for
    canvas.evaluate("canvas => canvas.drawn = true")
    watched = page.evaluate_handle(_WATCH)
    for width in range(980, 700, -20):  # as an edge is dragged
        page.set_viewport_size({"width": width, "height": 700})
        page.wait_for_timeout(20)
    page.wait_for_function("seen => seen.rested.length && performance.now() - seen.resized > 1000", arg=watched)
    asked = watched.evaluate("seen => seen.rested")
    assert min(asked) > 190
    narrow = _wait_for(page, served, "drawn", 1 + len(asked))
    assert 560 < narrow["columns"] < 720
    assert len(narrow["rows"]) <= 4 * narrow["columns"] < len(first["rows"])
    page.set_viewport_size({"width": 720, "height": 900})
    page.wait_for_timeout(600)
    assert watched.evaluate("seen => seen.rested") == asked  # it is as wide as before
    assert len(_drawings(served, "drawn")) == 1 + len(asked)
    assert canvas.evaluate("canvas => canvas.drawn")
    assert canvas.evaluate(_INKED) > 0.9
    assert watched.evaluate("seen => seen.count") == 0
    page.set_viewport_size({"width": 3000, "height": 900})
    wide = _wait_for(page, served, "drawn", 2 + len(asked))
    assert wide["columns"] > 2_500
    assert len(wide["rows"]) > 3.5 * wide["columns"]


def test_a_zoom_is_kept_while_the_window_is_resized(page: Page, serve: Serve) -> None:
    served, canvas = _open(page, serve)
    box = canvas.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 500, box["y"] + 100)
    page.mouse.wheel(0, -2_000)
    zoomed = _wait_for(page, served, "zoomed")
    page.set_viewport_size({"width": 700, "height": 700})
    resized = _wait_for(page, served, "zoomed", 2)
    assert resized["ends"] == zoomed["ends"]
    assert 560 < resized["columns"] < 720 < zoomed["columns"]
    assert len(resized["rows"]) <= 4 * resized["columns"]
    assert resized["plan"] == zoomed["plan"]


_SHAPES = """
import altair as alt
import panel as pn

import dataapp as da

rows = da.sql('''
    SELECT TIMESTAMP '2024-01-01' + to_seconds(i) AS ts, hash(i) % 1000 + 0.5 AS y, ['a', 'b'][1 + (i % 2)::INT] AS k,
           hash(i) % 999 / 2 AS z
    FROM range(300000) numbers(i)
''')


def line(name):
    zoom = alt.selection_interval(name=name, encodings=["x"], bind="scales")
    return da.chart(rows).mark_line().encode(x="ts:T", y="y:Q").properties(width=600, height=100).add_params(zoom)


charts = {
    "rows": line("zoom").encode(row="k:N"),
    "facets": line("zoom").facet(row="k:N"),
    "repetition": line("zoom").encode(y=alt.Y(alt.repeat("row"), type="quantitative")).repeat(row=["y", "z"]),
    "concatenation": line("upper") & line("lower"),
}
da.App("Shapes", main=[charts["SHAPE"]]).servable()
"""


@pytest.mark.parametrize("shape", ["rows", "facets", "repetition", "concatenation"])
def test_a_line_among_others_is_thinned_anew_where_it_is_zoomed_into(page: Page, serve: Serve, shape: str) -> None:
    problems: list[str] = []
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    page.set_viewport_size({"width": 1000, "height": 700})
    served = serve(_SHAPES.replace("SHAPE", shape))
    page.add_init_script(_LISTEN)
    page.goto(served.url, timeout=90_000)
    canvas = page.locator(".chart canvas")
    expect(canvas).to_be_visible(timeout=30_000)
    page.wait_for_function(_DRAWN)
    page.wait_for_timeout(500)
    before = page.evaluate("received")
    box = canvas.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 300, box["y"] + 60)
    page.mouse.wheel(0, -1_500)
    page.wait_for_function("before => received > before + 50_000", arg=before)  # bytes of rows
    assert problems == []
