"""The chart in Chromium."""

import re
from datetime import datetime, timedelta

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.conftest import Serve

SOON = 30_000  # milliseconds

_APP = '''
import altair as alt
import panel as pn

from dataapp.engines.duckdb import DuckDB
from dataapp.engines.relation import Relation
from dataapp.views.chart.pane import ChartView
from dataapp.views.chart.schema import chart, find_cell_data
from dataapp.views.chart.selection import Selection
from tests.views.chart.threads import submit

ROWS = """
    SELECT TIMESTAMP '2024-01-01' + to_minutes(CAST(6 * i AS INT)) AS ts,
           ['<script>window.broken = 1</script>', 'AAPL', 'MSFT'][1 + i % 3] AS symbol,
           100 + 10 * (i % 3) + 8 * sin(i / 40.0 + $shift) AS price
    FROM range(2000) AS numbers(i)
"""

engine = DuckDB()


def relation(shift: float) -> Relation:
    return Relation(ROWS.replace("$shift", str(float(shift))), key=shift, engine=engine)


prices = chart("prices", lambda: relation(0).columns())
line = prices.mark_line().encode(x="ts:T", y=alt.Y("price:Q").scale(zero=False), color="symbol:N", tooltip=["symbol"])
bars = prices.mark_bar().encode(x=alt.X("mean(price):Q"), y="symbol:N", tooltip=["symbol:N", "count()"])
find_cell_data(line)[0].selections.append(Selection("interval", x=True, name="brush"))

shift = pn.ui.Button(label="Shift")
heard = pn.widgets.StaticText(name="Heard", css_classes=["heard"])


def on_selection(name: str, value: object) -> None:
    heard.value = f"{name}={value!r}"


views = [ChartView(line, submit, on_selection=on_selection), ChartView(bars, submit)]


def show(_: object = None) -> None:
    for view in views:
        view.show({find_cell_data(line)[0]: relation(shift.clicks)})


shift.param.watch(show, "clicks")
pn.state.onload(show)
page = pn.ui.Page(title="Charts", main=[shift, heard, *views], theme_toggle=True)
page.servable()
'''
_LIGHTNESS = """
    canvas => {
        const {data} = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
        let sum = 0, drawn = 0;
        for (let i = 0; i < data.length; i += 4) {
            if (data[i + 3] < 250 || data[i] !== data[i + 1] || data[i] !== data[i + 2]) continue;
            sum += data[i]; drawn++;
        }
        return drawn ? sum / drawn : -1;
    }
"""
_DRAWN = """() => {
    const find = (root, found) => {
        for (const element of root.querySelectorAll("*")) {
            if (element.matches(".chart canvas")) found.push(element);
            if (element.shadowRoot) find(element.shadowRoot, found);
        }
        return found;
    };
    const canvas = find(document, [])[0];
    return canvas && canvas.width > 300 && canvas.toDataURL().length > 5000;  // more than an empty frame
}"""
_PICTURE = "canvas => canvas.toDataURL()"


@pytest.fixture(scope="module")
def app_url(serve_for_module):
    return serve_for_module(_APP).url


@pytest.fixture
def charts(page: Page, app_url: str) -> Page:
    page.set_viewport_size({"width": 1000, "height": 700})
    page.goto(app_url)
    expect(page.locator(".chart canvas")).to_have_count(2)
    page.wait_for_function(_DRAWN)
    return page


def _shift(page: Page) -> None:
    page.get_by_role("button", name="Shift").click()


def _brush(page: Page) -> None:
    box = page.locator(".chart canvas").first.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] * 0.3, box["y"] + 100)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + 120, steps=5)
    page.mouse.up()
    expect(page.locator(".heard")).to_contain_text(re.compile(r"datetime\(2024, 1, (5, 2[1-3]|6, [0-3]),"))  # its end


def _heard(page: Page) -> str:
    text = page.get_by_text("brush={").last.inner_text()  # waits for it
    return text.partition("brush=")[2]


def _first_time(text: str) -> datetime:
    found = re.search(r"e\(([\d, ]+)\)", text)
    assert found is not None
    year, month, day, hour = map(int, found[1].split(",")[:4])
    return datetime(year, month, day, hour)  # noqa: DTZ001 - a wall-clock reading


def test_data_is_replaced_in_place(charts: Page) -> None:
    canvas = charts.locator(".chart canvas").first.element_handle()
    before = canvas.evaluate(_PICTURE)
    _shift(charts)
    charts.wait_for_function("([canvas, before]) => canvas.toDataURL() !== before", arg=[canvas, before])
    assert canvas.evaluate("canvas => canvas.isConnected")
    assert charts.locator(".chart canvas").first.evaluate("(now, before) => now === before", canvas)


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Asia/Kolkata"])
def test_brush_gives_wall_clock_times_in_every_zone(browser: Browser, app_url: str, zone: str) -> None:
    with browser.new_context(timezone_id=zone, viewport={"width": 1000, "height": 700}) as context:
        page = context.new_page()
        page.goto(app_url)
        page.wait_for_function(_DRAWN)
        _brush(page)
        low = _first_time(_heard(page))
    # A pixel is a quarter of an hour, and fonts move the axis by some; a shift by the zone would be of five hours.
    assert abs(low - datetime.fromisoformat("2024-01-03 19:00")) < timedelta(hours=2)


def test_brush_stays_while_data_is_replaced(charts: Page) -> None:
    _brush(charts)
    before = _heard(charts)
    canvas = charts.locator(".chart canvas").first.element_handle()
    picture = canvas.evaluate(_PICTURE)
    _shift(charts)
    charts.wait_for_function("([canvas, before]) => canvas.toDataURL() !== before", arg=[canvas, picture])
    assert _heard(charts) == before


def test_theme_switch_restyles_and_keeps_the_view(charts: Page) -> None:
    canvas = charts.locator(".chart canvas").first.element_handle()
    light = canvas.evaluate(_LIGHTNESS)
    charts.get_by_label("Toggle theme").click()
    charts.wait_for_function(f"([canvas, light]) => ({_LIGHTNESS.strip()})(canvas) > light + 60", arg=[canvas, light])
    assert canvas.evaluate("canvas => canvas.isConnected")


def test_markup_in_a_category_is_text(charts: Page) -> None:
    box = charts.locator(".chart canvas").nth(1).bounding_box()
    assert box is not None
    charts.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + 18)
    tip = charts.locator(".tip:popover-open")
    expect(tip).to_contain_text("<script>window.broken = 1</script>")
    assert charts.evaluate("window.broken") is None


def test_chart_follows_the_width_of_the_page(charts: Page) -> None:
    charts.set_viewport_size({"width": 390, "height": 800})
    canvas = charts.locator(".chart canvas").first
    expect(canvas).to_have_js_property("clientWidth", canvas.locator("xpath=..").evaluate("host => host.clientWidth"))
    assert canvas.evaluate("canvas => canvas.clientWidth") <= 390


UNSEEN = """
import altair as alt
import dataapp as da
import panel as pn
import polars as pl

more = da.input(pn.widgets.Checkbox, name="more", value=False)


@da.cell
def rows(more: bool) -> pl.DataFrame:
    return pl.DataFrame({"x": [1, 2, 3], "y": [3, 1, 2]} | ({"z": [1, 1, 1]} if more else {}))


chart = da.chart(rows).mark_bar().encode(x="x:O", y="y:Q")
pn.Column(more, chart, sizing_mode="stretch_width").servable()
"""


def test_a_chart_that_was_drawn_without_a_place_is_there_when_it_has_one(page: Page, serve: Serve) -> None:
    page.goto(serve(UNSEEN).url)
    canvas = page.locator(".chart canvas")
    expect(canvas).to_be_visible(timeout=SOON)
    host = page.locator(".chart")
    host.evaluate("host => { host.style.display = 'none'; }")
    page.locator("input[type=checkbox]").check()  # other columns, so another picture
    page.wait_for_function("host => host.querySelector('canvas')?.width === 0", arg=host.element_handle(), timeout=SOON)
    host.evaluate("host => { host.style.display = ''; }")
    expect(canvas).to_be_visible(timeout=SOON)


WIDER = """
import panel as pn

import dataapp as da

scale = da.input(pn.widgets.IntSlider, start=1, end=1_000_000, value=1, name="Scale")
rows = da.sql("SELECT range AS n, range * $scale::BIGINT * 1000 AS size FROM range(10)")
bars = da.chart(rows).mark_bar().encode(x="n:O", y="size:Q").properties(height=160)
da.App("Wider", main=[scale, bars]).servable()
"""
# The leftmost column of pixels with something on it.
_LEFTMOST = """
    canvas => {
        const {data, width, height} = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
        for (let x = 0; x < width; x++) {
            for (let y = 0; y < height; y++) if (data[4 * (y * width + x) + 3] > 40) return x;
        }
        return width;
    }
"""


def test_wider_labels_of_an_axis_are_not_cut_off(page: Page, serve: Serve) -> None:
    page.set_viewport_size({"width": 700, "height": 500})
    page.goto(serve(WIDER).url)
    canvas = page.locator(".chart canvas")
    expect(canvas).to_be_visible(timeout=SOON)
    before = canvas.evaluate("canvas => canvas.toDataURL()")
    page.get_by_role("slider").press("End")
    drawn = "([canvas, before]) => canvas.toDataURL() !== before"
    page.wait_for_function(drawn, arg=[canvas.element_handle(), before], timeout=SOON)
    page.wait_for_timeout(500)
    assert canvas.evaluate(_LEFTMOST) > 0
    assert canvas.evaluate("canvas => canvas.clientWidth <= canvas.parentNode.clientWidth")
