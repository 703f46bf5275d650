"""What a reader takes from a chart in Chromium, and what a page under a strict policy still draws."""

import json
import xml.etree.ElementTree as ET
from pathlib import Path

import polars as pl
import pytest
from playwright.sync_api import Locator, Page, expect

SOON = 30_000  # milliseconds
APP = """
import altair as alt
import dataapp as da
import panel as pn

trades = da.sql('''
    SELECT ['=1+1', '<script>window.broken = 1</script>', 'MSFT'][1 + i % 3] AS symbol, i AS n,
           TIMESTAMP '2024-03-01' + to_hours(i::INT) AS ts
    FROM range(30) numbers(i)
''')
many = da.sql("SELECT range AS x, sin(range) AS y FROM range(200_001)")
bars = da.chart(trades).mark_bar().encode(
    x="symbol:N", y="sum(n):Q", color=alt.condition("datum.symbol == 'MSFT'", alt.value("#c33"), alt.value("#36c")),
    tooltip=["symbol:N"],
).transform_calculate(doubled="datum.n * 2 + random()")
line = da.chart(many).mark_line().encode(x="x:Q", y="y:Q")
pn.ui.Page(title="Charts", main=[bars, line], theme_toggle=True).servable()
"""
POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' blob: data:; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self' ws: blob: data:"
)

_IN_FORCE = """
    new MutationObserver((_, observer) => {
        if (!document.head) return;
        observer.disconnect();
        const meta = document.createElement("meta");
        meta.httpEquiv = "Content-Security-Policy";
        meta.content = "POLICY";
        document.head.prepend(meta);
    }).observe(document, {childList: true, subtree: true});
"""  # not by a changed response: Chromium lets no page that was not served open a socket

_EVAL = """() => setTimeout(() => {  // later: what runs for Playwright is exempt
    try { window.made = new Function("return 'made'")(); } catch { window.made = "refused"; }
})"""


@pytest.fixture(scope="module")
def app_url(serve_for_module) -> str:
    return serve_for_module(APP).url


@pytest.fixture
def charts(page: Page, app_url: str) -> Page:
    page.set_viewport_size({"width": 1000, "height": 800})
    page.goto(app_url)
    expect(page.locator(".chart canvas")).to_have_count(2, timeout=SOON)
    return page


def _menu(page: Page, chart: int = 0) -> Locator:
    page.locator(".chart").nth(chart).hover()
    page.get_by_role("button", name="Save the chart").nth(chart).click()
    return page.get_by_role("menu")


def _taken(page: Page, label: str, folder: Path, chart: int = 0) -> Path:
    menu = _menu(page, chart)
    with page.expect_download(timeout=SOON) as download:
        menu.get_by_role("menuitem", name=label).click()
    file = folder / download.value.suggested_filename
    download.value.save_as(file)
    return file


def test_pictures_are_what_is_on_screen_on_paper(charts: Page, tmp_path: Path) -> None:
    png = _taken(charts, "PNG", tmp_path)
    assert png.name == "trades.png"
    assert png.read_bytes().startswith(b"\x89PNG")
    width = charts.locator(".chart canvas").first.evaluate("canvas => canvas.clientWidth")
    assert int.from_bytes(png.read_bytes()[16:20]) == 2 * width
    svg = ET.parse(_taken(charts, "SVG", tmp_path)).getroot()
    assert {element.tag.rpartition("}")[2] for element in svg.iter()}.isdisjoint({"script", "image", "a"})
    assert any("window.broken" in (element.text or "") for element in svg.iter())  # as text
    expect(charts.get_by_role("status").filter(has_text="trades.svg saved")).to_be_visible()


def test_the_specification_draws_by_itself(charts: Page, tmp_path: Path) -> None:
    spec = json.loads(_taken(charts, "Vega-Lite", tmp_path).read_text())
    (rows,) = spec["datasets"].values()
    assert {row["symbol"] for row in rows} == {"=1+1", "<script>window.broken = 1</script>", "MSFT"}
    assert "width" not in spec


def test_rows_are_those_that_are_drawn(charts: Page, tmp_path: Path) -> None:
    frame = pl.read_parquet(_taken(charts, "Data as Parquet", tmp_path))
    assert frame["n"].sum() == sum(range(30))
    text = _taken(charts, "Data as CSV", tmp_path).read_text()
    assert "'=1+1" in text
    assert "\n=1+1" not in text


def test_too_many_rows_are_told_in_place(charts: Page) -> None:
    _menu(charts, 1).get_by_role("menuitem", name="Data as CSV").click()
    expect(charts.get_by_text("The chart stands for more than 200,000 rows of many")).to_be_visible(timeout=SOON)
    expect(charts.locator(".chart canvas")).to_have_count(2)


def test_the_menu_is_used_by_keys_alone(charts: Page) -> None:
    button = charts.get_by_role("button", name="Save the chart").first
    button.focus()
    expect(button).to_have_css("opacity", "1")
    charts.keyboard.press("Enter")
    expect(button).to_have_attribute("aria-expanded", "true")
    expect(charts.get_by_role("menuitem", name="PNG")).to_be_focused()
    charts.keyboard.press("ArrowDown")
    expect(charts.get_by_role("menuitem", name="SVG")).to_be_focused()
    charts.keyboard.press("Escape")
    expect(charts.get_by_role("menu")).to_have_count(0)
    expect(button).to_be_focused()


def test_the_menu_is_above_all_and_within_a_narrow_page(charts: Page) -> None:
    charts.set_viewport_size({"width": 390, "height": 800})
    _menu(charts)
    popup = charts.locator(".popup:popover-open")
    box = popup.bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 390


def test_no_chart_needs_eval(page: Page, app_url: str) -> None:
    """The page's policy forbids `eval`: charts, their expressions, tooltips and pictures do without."""
    page.add_init_script(
        "window.refused = []; document.addEventListener('securitypolicyviolation', "
        "event => window.refused.push([event.violatedDirective, event.blockedURI, event.sourceFile]));"
        + _IN_FORCE.replace("POLICY", POLICY)
    )
    page.goto(app_url)
    expect(page.locator(".chart canvas")).to_have_count(2, timeout=SOON)
    page.locator(".chart canvas").first.hover(position={"x": 150, "y": 250})
    with page.expect_download(timeout=SOON):
        _menu(page).get_by_role("menuitem", name="SVG").click()
    assert [one for one in page.evaluate("window.refused") if one[1] == "eval"] == []
    page.evaluate(_EVAL)
    page.wait_for_function("window.made", timeout=SOON)
    assert page.evaluate("window.made") == "refused"  # so that the policy was in force
