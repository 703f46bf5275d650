"""Cubes that are there before anything moves, in Chromium: an input is hovered or focused, or a chart is pressed."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest
from playwright.sync_api import Locator, Page, expect

_APP = """
import altair as alt
import panel as pn

import dataapp as da
from dataapp.app.sessions import engine

trips = da.source("trips.parquet")
largest = da.input(pn.ui.IntSlider, start=0, end=100, value=100, label="Largest")
least = pn.widgets.IntSlider(start=0, end=100, value=0, name="Least")
unread = da.input(pn.widgets.IntSlider, start=0, end=100, value=0, label="Unread")
small = da.sql("FROM trips WHERE size <= $largest AND size >= $least")
counts = da.sql("SELECT carrier, count(md5((7 * delay + size)::VARCHAR)) AS n FROM small GROUP BY ALL ORDER BY ALL")
by_carrier = da.chart(counts).mark_bar().encode(x="carrier:N", y="n:Q").properties(height=120)
by_delay = da.chart(trips).mark_bar().encode(x=alt.X("delay:Q"), y="count()").properties(height=120)
drag = da.brush(by_delay)
left = da.sql("SELECT count(md5((3 * delay + size)::VARCHAR)) AS n FROM trips WHERE $drag")
left_chart = da.chart(left).mark_bar().encode(x="n:Q").properties(height=60)

told = pn.pane.Str("", css_classes=["told"])


def tell():
    cubes = [cube for cubes in [engine().cubes] for cube in list(cubes._known.values())]
    told.object = " ".join(sorted(f"{'+'.join(sorted(cube.names))}:{cube.state}:{len(cube.values)}" for cube in cubes))


pn.state.add_periodic_callback(tell, 100)
LAYOUT
"""
_IN_APP = 'da.App("Near", sidebar=[largest, least, unread], main=[told, by_carrier, by_delay, left_chart]).servable()'
_IN_COLUMN = "pn.Column(told, largest, least, unread, by_carrier, by_delay, left_chart).servable()"


@pytest.fixture(scope="module", params=[_IN_APP, _IN_COLUMN], ids=["app", "column"])
def address(request: Any, serve_for_module: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> str:
    folder: Path = tmp_path_factory.mktemp("served")
    query = """
        SELECT (hash(i) % 500)::INTEGER AS delay, (i % 101)::INTEGER AS size, ['UA', 'HA'][1 + i % 2] AS carrier
        FROM range(1_000_000) AS t(i)
    """
    duckdb.sql(query).write_parquet(str(folder / "trips.parquet"))
    (folder / "app.py").write_text(_APP.replace("LAYOUT", request.param), "utf-8")
    return serve_for_module(folder / "app.py").url


def _open(page: Page, address: str) -> Locator:
    page.set_default_timeout(60_000)  # on a busy machine
    expect.set_options(timeout=60_000)
    page.set_viewport_size({"width": 900, "height": 1000})
    page.goto(address)
    expect(page.locator(".chart canvas")).to_have_count(3)
    told = page.locator(".told")
    expect(told).to_contain_text("least:")
    return told


def test_a_cube_is_there_before_a_hovered_input_moves(page: Page, address: str) -> None:
    told = _open(page, address)
    page.get_by_text("Unread").hover()
    page.wait_for_timeout(500)
    expect(told).not_to_contain_text("ready")
    page.get_by_role("slider").first.hover(force=True)
    expect(told).to_contain_text("largest:ready:1")
    expect(told).to_contain_text("least:watched:1")


@pytest.mark.parametrize("address", [_IN_APP], ids=["app"], indirect=True)
def test_a_cube_is_there_before_a_focused_input_moves(page: Page, address: str) -> None:
    told = _open(page, address)
    page.mouse.move(450, 900)
    page.get_by_role("slider").first.focus()
    page.keyboard.press("Tab")
    expect(told).to_contain_text("least:ready:1")


def test_a_chart_that_is_pressed_prepares_its_drag(page: Page, address: str) -> None:
    told = _open(page, address)
    box = page.locator(".chart canvas").nth(1).bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 120, box["y"] + 40)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] - 60, box["y"] + 40)  # over most rows: few are counted too fast for a cube
    expect(told).to_have_text(re.compile(r"drag_delay_high\+drag_delay_low:ready:1"))
    page.mouse.up()
