"""The line of a crossfilter that says what cubes do, in Chromium: it comes with the first cube of a drag."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest
from playwright.sync_api import Page, expect

_APP = """
import altair as alt
import panel as pn

import dataapp as da

trips = da.source("trips.parquet")
by_delay = da.chart(trips).mark_bar().encode(x=alt.X("delay:Q"), y="count()").properties(height=120)
counts = da.sql("SELECT carrier, count(md5((7 * delay + size)::VARCHAR)) AS n FROM trips GROUP BY ALL ORDER BY ALL")
by_carrier = da.chart(counts).mark_bar().encode(x="carrier:N", y="n:Q").properties(height=120)
middle = da.sql("SELECT carrier, median(hash(delay)) AS middle FROM trips GROUP BY ALL ORDER BY ALL")
middles = da.chart(middle).mark_bar().encode(x="carrier:N", y="middle:Q").properties(height=120, title="Half of all")
largest = da.input(pn.widgets.IntSlider, start=0, end=100, value=100, name="Largest")
cross = da.crossfilter(da.brush(by_delay), da.match("size", largest), by_carrier, middles)
da.App("Crossfilter", main=[cross]).servable()
"""
_LINE = re.compile(r"^(\d) of 3 views from cubes, [\d.]+ (bytes|kB|MB), built in [\d.]+ m?s, [\d.]+ m?s saved$")


@pytest.fixture(scope="module")
def served(serve_for_module: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder: Path = tmp_path_factory.mktemp("served")
    query = """
        SELECT (hash(i) % 500)::INTEGER AS delay, (i % 101)::INTEGER AS size, ['UA', 'HA'][1 + i % 2] AS carrier
        FROM range(2_000_000) AS t(i)
    """
    duckdb.sql(query).write_parquet(str(folder / "trips.parquet"))
    (folder / "app.py").write_text(_APP, "utf-8")
    return serve_for_module(folder / "app.py")


def _drag(page: Page, moves: int) -> None:
    box = page.locator(".chart canvas").first.bounding_box()
    assert box is not None
    y = box["y"] + 40
    page.mouse.move(box["x"] + 120, y)
    page.mouse.down()
    for turn in range(moves):
        page.mouse.move(box["x"] + 160 + 5 * turn, y)
        page.wait_for_timeout(120)
    page.mouse.up()


def test_a_drag_shows_what_cubes_do(page: Page, served: Any) -> None:
    page.set_default_timeout(60_000)  # on a busy machine
    page.set_viewport_size({"width": 900, "height": 900})
    page.goto(served.url)
    expect(page.locator(".chart canvas")).to_have_count(3)
    line, news = page.locator(".served"), page.locator(".news")
    expect(line).to_be_attached()
    expect(line).to_be_hidden()
    expect(news).to_have_text("")
    _drag(page, 30)
    expect(line).to_have_text(_LINE)
    expect(news).to_have_text("1 of 3 views from cubes")
    before = line.inner_text()
    _drag(page, 10)
    expect(line).not_to_have_text(before)  # the time saved, at least
    expect(news).to_have_text("1 of 3 views from cubes")
    assert line.evaluate("line => line.closest('.bar').scrollWidth <= line.closest('.bar').clientWidth")

    expect(page.locator("dl")).to_be_hidden()
    line.click()
    expect(line).to_have_attribute("aria-expanded", "true")
    expect(page.locator("dt")).to_have_text(["by_delay", "by_carrier", "Half of all"])
    expect(page.locator("dd").nth(1)).to_have_text(
        re.compile(r"built in .*; answered \d+ times, in [\d.]+ ms where the plain query takes [\d.]+ m?s")
    )
    expect(page.locator("dd").nth(2)).to_have_text(re.compile(r"^no cube, since median\(\) needs all rows; "))
    page.set_viewport_size({"width": 390, "height": 900})
    assert line.evaluate("line => line.closest('.bar').scrollWidth <= line.closest('.bar').clientWidth")
