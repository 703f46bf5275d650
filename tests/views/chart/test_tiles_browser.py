"""Charts in Chromium follow a drag by themselves, as the engine would draw them, though the server hears nothing."""

import json
import re
from urllib.parse import parse_qs, urlparse

import pytest
from playwright.sync_api import Page, expect

from tests.conftest import Serve
from tests.views.unheard import HOLD, unheard

APP = """
import altair as alt

import dataapp as da
from dataapp.app.sessions import engine

engine().cubes.worth = 0.0  # also quick queries get cubes
flights = da.sql('''
    SELECT range % 60 AS delay, range % 24 AS hour, ['UA', 'HA', NULL][1 + range % 3] AS carrier, range % 7 + 0.5 AS km,
        TIMESTAMP '2024-01-01' + to_hours((range % 1000)::INT) AS departs
    FROM range(20_000)
''')
count = alt.Y("count()", title=None)
charts = [
    da.brush(da.chart(flights).mark_bar().encode(x=alt.X("delay:Q").bin(maxbins=20), y=count), x="delay"),
    da.brush(da.chart(flights).mark_bar().encode(x=alt.X("hour:Q").bin(maxbins=10), y=count), x="hour"),
    da.brush(da.chart(flights).mark_area().encode(x="yearmonthdate(departs):T", y=count), x="departs"),
    da.chart(flights).mark_bar().encode(x="mean(km):Q", y="carrier:N"),
]
kept = da.sql("SELECT 'kept ' || count(*) AS kept FROM flights")
cross = da.crossfilter(*charts, kept)
da.App("Flights", main=[cross]).servable()
"""
LAST = 3  # the chart that nothing is dragged in


@pytest.fixture
def flights(page: Page, serve: Serve) -> Page:
    page.set_viewport_size({"width": 900, "height": 1400})
    page.goto(serve(APP).url)
    expect(page.locator(".chart canvas")).to_have_count(LAST + 1)
    expect(page.get_by_text("kept 20000")).to_be_visible()
    page.evaluate(HOLD)
    return page


def _press(page: Page, chart: int) -> dict[str, float]:
    """Begin to drag in a chart, and return where it is."""
    canvas = page.locator(".chart canvas").nth(chart)
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] * 0.2, box["y"] + 40)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + 60, steps=4)
    return {name: float(value) for name, value in box.items()}  # type: ignore[arg-type]


def _move(page: Page, box: dict[str, float], place: float) -> None:
    page.mouse.move(box["x"] + box["width"] * place, box["y"] + 60)
    page.wait_for_timeout(150)


def _picture(page: Page, chart: int) -> bytes:
    return page.locator(".chart canvas").nth(chart).screenshot()


def _settled(page: Page, chart: int) -> bytes:
    """Return a chart's picture once it stays as it is."""
    last = b""
    for _ in range(40):
        page.wait_for_timeout(400)
        now = _picture(page, chart)
        if now == last:
            return now
        last = now
    raise AssertionError("it goes on and on")


def _wait_for_tiles(page: Page, box: dict[str, float], follower: int) -> None:
    """Drag to and fro until a chart follows though the server hears nothing."""
    for turn in range(60):
        _move(page, box, 0.5 + 0.01 * (turn % 5))
        page.wait_for_timeout(300)
        before = _settled(page, follower)
        with unheard(page):
            _move(page, box, 0.6)
            follows = _picture(page, follower) != before
        if follows:
            return
    raise AssertionError("the server has to draw")


@pytest.mark.parametrize(("dragged", "followers"), [(0, [1, 2, LAST]), (1, [0, 2, LAST]), (2, [0, 1, LAST])])
def test_they_are_drawn_as_by_the_engine(flights: Page, dragged: int, followers: list[int]) -> None:
    page = flights
    box = _press(page, dragged)
    for follower in followers:
        _wait_for_tiles(page, box, follower)
    pictures: dict[int, bytes] = {}
    for follower in followers:  # each alone, as a page that scrolls draws others
        with unheard(page):
            _move(page, box, 0.7)
            _move(page, box, 0.83)
            pictures[follower] = _settled(page, follower)
    page.mouse.up()
    expect(page.get_by_text("kept 20000")).to_have_count(0)
    for follower in followers:
        assert _settled(page, follower) == pictures[follower], f"chart {follower}"


def test_the_server_learns_where_a_drag_ends(flights: Page) -> None:
    page = flights
    box = _press(page, 0)
    _wait_for_tiles(page, box, 1)
    with unheard(page):
        _move(page, box, 0.9)
        page.mouse.up()
    expect(page).to_have_url(re.compile("delay="))
    page.wait_for_timeout(1_000)
    [told] = parse_qs(urlparse(page.url).query)["delay"]
    low, high = json.loads(told)["delay"]
    rows = sum(low <= number % 60 <= high for number in range(20_000))
    expect(page.get_by_text(f"kept {rows}")).to_be_visible()
    assert high > 50


def test_selections_of_two_charts_hold_together(flights: Page) -> None:
    page = flights
    box = _press(page, 0)
    _wait_for_tiles(page, box, 1)
    page.mouse.up()
    alone = _settled(page, LAST)
    box = _press(page, 1)
    _wait_for_tiles(page, box, LAST)
    with unheard(page):
        _move(page, box, 0.4)
        picture = _settled(page, LAST)
    page.mouse.up()
    assert _settled(page, LAST) == picture != alone
    page.get_by_role("button", name="Reset").click()
    expect(page.get_by_text("kept 20000")).to_be_visible()


SLIDERS = """
import altair as alt
import panel as pn

import dataapp as da
from dataapp.app.sessions import engine

engine().cubes.worth = 0.0
flights = da.sql("SELECT range % 60 AS delay, ['UA', 'HA', NULL][1 + range % 3] AS carrier FROM range(20_000)")
least = da.input(pn.widgets.IntSlider, start=0, end=50, name="Least")
between = da.input(pn.widgets.IntRangeSlider, start=0, end=60, value=(0, 60), name="Between")
late = da.input(pn.widgets.IntSlider, start=0, end=50, name="Late", throttled=True)
part = da.match("delay", between)
chosen = da.sql("FROM flights WHERE delay >= $least AND delay >= $late AND $part")
delays = da.chart(chosen).mark_bar().encode(x=alt.X("delay:O"), y="count()").properties(height=150)
carriers = da.chart(chosen).mark_bar().encode(x="mean(delay):Q", y="carrier:N")
kept = da.sql("SELECT 'kept ' || count(*) AS kept FROM chosen")
da.App("Sliders", sidebar=[least, between, late], main=[delays, carriers, kept]).servable()
"""


@pytest.fixture
def sliders(page: Page, serve: Serve) -> Page:
    page.set_viewport_size({"width": 900, "height": 900})
    page.goto(serve(SLIDERS).url)
    expect(page.locator(".chart canvas")).to_have_count(2)
    expect(page.get_by_text("kept 20000")).to_be_visible()
    page.evaluate(HOLD)
    return page


@pytest.mark.parametrize("slider", [0, 1])  # that of one value, and the lower end of the range
def test_charts_follow_a_slider(sliders: Page, slider: int) -> None:
    page = sliders
    handle = page.get_by_role("slider").nth(slider)
    handle.focus()
    for _ in range(60):
        page.keyboard.press("ArrowRight")
        page.wait_for_timeout(400)
        before = _settled(page, 1)
        with unheard(page):
            page.keyboard.press("ArrowRight")
            page.wait_for_timeout(300)
            picture = _settled(page, 1)
        if picture != before:
            break
    else:
        raise AssertionError("the server has to draw")
    page.wait_for_timeout(1_500)
    assert _settled(page, 1) == picture
    with unheard(page):
        page.keyboard.press("ArrowRight")
        page.keyboard.press("ArrowRight")
        pictures = [_settled(page, chart) for chart in (0, 1)]
    page.wait_for_timeout(1_500)
    assert [_settled(page, chart) for chart in (0, 1)] == pictures != [_settled(page, 0), picture]
    expect(page.get_by_text("kept 20000")).to_have_count(0)
