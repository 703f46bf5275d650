"""A line that is thinned anew in Chromium for what its reader zooms into."""

import json
import re
import time
from typing import Any

from playwright.sync_api import Browser, Page, expect

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
    if event.new == "fresh" and view._zooms:
        (payload,) = view._picture.payloads
        low, high = view._zooms["ts"]
        rows = pa.ipc.open_stream(payload.data).read_all().to_pylist()
        inside = [[row["ts"], row["y"]] for row in rows if low <= row["ts"] < high]
        print("zoomed", json.dumps({"ends": [low, high], "rows": inside}), flush=True)


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


def _zoomed(page: Page, served: ServedApp) -> dict[str, Any]:
    give_up_at = time.monotonic() + 30
    while not (found := re.findall(r"zoomed (\{.*\})", served.log())):
        assert time.monotonic() < give_up_at
        page.wait_for_timeout(200)
    return json.loads(found[-1])


def test_a_line_of_a_million_rows_shows_more_where_it_is_zoomed_into(browser: Browser, serve: Serve) -> None:
    served = serve(_APP)
    with browser.new_context(timezone_id="America/New_York", viewport={"width": 1000, "height": 700}) as context:
        page = context.new_page()
        page.goto(served.url, timeout=90_000)
        expect(page.locator(".chart canvas")).to_be_visible(timeout=30_000)
        page.wait_for_function(_DRAWN)
        box = page.locator(".chart canvas").bounding_box()
        assert box is not None
        page.mouse.move(box["x"] + 500, box["y"] + 100)
        page.mouse.wheel(0, -4_000)
        zoomed = _zoomed(page, served)
    low, high = zoomed["ends"]
    assert 1_704_067_200_000 <= low < high < 1_704_067_200_000 + 1_000_000_000  # as a wall's clock reads, in any zone
    pixel = f"floor(2000 * (x - {low}) / ({high} - {low}))"
    with relation_of(_ROWS).open() as reader:
        wanted = reader.fetch(
            f"SELECT min(x) AS first, max(x) AS last, min(y) AS low, max(y) AS high, {pixel} AS pixel"
            " FROM (SELECT epoch_ms(ts)::DOUBLE AS x, y FROM relation)"
            f" WHERE x >= {low} AND x < {high} GROUP BY pixel ORDER BY pixel"
        ).to_pylist()
    drawn: dict[float, list[tuple[float, float]]] = {}
    for x, y in zoomed["rows"]:
        drawn.setdefault((2000 * (x - low)) // (high - low), []).append((x, y))
    assert len(wanted) > 1_900
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
