"""A crossfilter in Chromium: what is brushed in one view changes the others, and can be taken back."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.conftest import Serve

APP = """
import altair as alt

import dataapp as da

flights = da.sql('''
    SELECT range % 60 AS delay, range % 24 AS hour, ['UA', 'HA'][1 + range % 2] AS carrier FROM range(240)
''')
by_delay = da.chart(flights).mark_bar().encode(x=alt.X("delay:Q"), y="count()").properties(height=120)
by_hour = da.chart(flights).mark_bar().encode(x=alt.X("hour:Q"), y="count()").properties(height=120)
table = da.explore(flights, height=200)
kept = da.sql("SELECT 'kept ' || count(*) AS kept FROM flights")
cross = da.crossfilter(da.brush(by_delay), da.brush(by_hour), table, kept)
da.App("Crossfilter", main=[cross]).servable()
"""


@pytest.fixture
def flights(page: Page, serve: Serve) -> Page:
    page.set_viewport_size({"width": 900, "height": 1100})
    page.goto(serve(APP).url)
    expect(page.locator(".chart canvas")).to_have_count(2)
    expect(page.get_by_text("kept 240")).to_be_visible()
    return page


def _drag(page: Page, chart: int, start: float, end: float) -> None:
    box = page.locator(".chart canvas").nth(chart).bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] * start, box["y"] + 40)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * end, box["y"] + 60, steps=6)
    page.mouse.up()


def _kept(page: Page) -> int:
    """Return how many rows all selections leave, once moves of a drag have come to their end."""
    last = -1
    for _ in range(50):
        page.wait_for_timeout(300)
        now = int(page.get_by_text(re.compile(r"^kept \d+$")).first.inner_text().split()[1])
        if now == last:
            return now
        last = now
    raise AssertionError("it goes on and on")


def _edge(page: Page, chart: int) -> bytes:
    """Return a picture of the bars at the left end of a chart, beside what is dragged over."""
    page.mouse.move(5, 5)
    box = page.locator(".chart canvas").nth(chart).bounding_box()
    assert box is not None
    return page.screenshot(clip={"x": box["x"] + 60, "y": box["y"] + 5, "width": 120, "height": 110})


def test_a_drag_filters_the_other_views_and_is_taken_back(flights: Page) -> None:
    page = flights
    own, other = _edge(page, 0), _edge(page, 1)
    _drag(page, 0, 0.3, 0.6)
    first = _kept(page)
    assert 0 < first < 240
    bar = page.get_by_role("group", name="Selected", exact=True)
    expect(bar.locator(".selection-text")).to_have_text([re.compile(r"^delay: [\d.]+ – [\d.]+$")])
    expect(page.get_by_text(f"{first} rows")).to_be_visible()
    assert _edge(page, 0) == own
    assert _edge(page, 1) != other

    _drag(page, 1, 0.4, 0.7)
    expect(bar.locator(".selection-text")).to_have_count(2)
    assert 0 < _kept(page) < first
    assert _edge(page, 0) != own

    bar.get_by_role("button", name="Undo").click()
    expect(page.get_by_text(f"kept {first}")).to_be_visible()
    expect(bar.locator(".selection-text")).to_have_count(1)
    bar.get_by_role("button", name="Reset").click()
    expect(page.get_by_text("kept 240")).to_be_visible()
    expect(bar.get_by_text("Nothing is selected")).to_be_visible()
    bar.get_by_role("button", name="Undo").click()
    expect(page.get_by_text(f"kept {first}")).to_be_visible()
    bar.get_by_role("button", name="Clear delay").click()
    expect(page.get_by_text("kept 240")).to_be_visible()


def test_a_filter_of_the_explorer_is_a_selection(flights: Page) -> None:
    page = flights
    page.get_by_role("textbox", name="Filter carrier").fill("UA")
    page.get_by_role("textbox", name="Filter carrier").press("Enter")
    expect(page.get_by_text("kept 120")).to_be_visible()
    bar = page.get_by_role("group", name="Selected", exact=True)
    expect(bar.locator(".selection-text")).to_have_text(["carrier: UA"])
    bar.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("kept 240")).to_be_visible()
    expect(page.get_by_role("textbox", name="Filter carrier")).to_have_value("")
