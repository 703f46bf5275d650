"""The flights notebook shows what Polars finds in the same files, and what a browser sets."""

import datetime as dt
import re
from pathlib import Path

import polars as pl
import pytest
from playwright.sync_api import Page, expect

from dataapp.engines.cubes import Cubes
from dataapp.engines.duckdb import DuckDB
from dataapp.runtime.session import Session
from dataapp.runtime.tables import cell_key
from dataapp.runtime.workers import InlinePool
from notebooks import flights
from tests.conftest import Serve
from tests.runtime.bench import rows

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def departed() -> pl.DataFrame:
    return pl.read_parquet(ROOT / "sample_data" / "flights.parquet")


def late_share(departed: pl.DataFrame, by: pl.Expr, late: int) -> dict[object, float]:
    """The share of late departures among those that left, by group."""
    found = departed.group_by(by.alias("group")).agg((pl.col("dep_delay") > late).mean())
    return dict(found.iter_rows())


def test_joining_neither_drops_nor_repeats_a_departure(departed: pl.DataFrame) -> None:
    shown = flights.departures.evaluate()
    key = ["sched_dep", "carrier", "flight", "origin"]
    assert shown.select(key).sort(key).equals(departed.select(key).sort(key))


def test_weather_is_that_of_the_airport_in_the_scheduled_hour(departed: pl.DataFrame) -> None:
    weather = pl.read_parquet(ROOT / "sample_data" / "weather.parquet")
    joined = departed.with_columns(hour=pl.col("sched_dep").dt.truncate("1h")).join(weather, on=["origin", "hour"])
    shown = flights.departures.evaluate()
    assert shown["visib"].count() == joined["visib"].count()
    assert shown["visib"].sum() == pytest.approx(joined["visib"].sum())


@pytest.mark.parametrize("late", [0, 15, 60])
def test_days_have_the_share_that_left_late(departed: pl.DataFrame, late: int) -> None:
    shown = dict(flights.days.evaluate(late=late).iter_rows())
    assert shown == pytest.approx(late_share(departed, pl.col("sched_dep").dt.date(), late))


def test_the_slider_is_answered_by_cubes(departed: pl.DataFrame) -> None:
    engine = DuckDB()
    engine.cubes = Cubes(engine, worth=0.0)
    engine.measured.is_cubed = engine.cubes.serve
    viewer = Session(engine, InlinePool())
    days, places = (viewer.demand(cell, "frame") for cell in (flights.days, flights.destinations))
    for late in (20, 25, 60):
        viewer.set(flights.late, late)
        for cell, by in ((days, pl.col("sched_dep").dt.date()), (places, pl.col("dest"))):
            shares = {row[0]: row[-1] for row in rows(cell)}
            assert shares == pytest.approx(late_share(departed, by, late))
        assert engine.cubes.wait()
    for cell in (flights.days, flights.destinations):
        assert [cube.answers for cube in engine.cubes.of(cell_key(cell))] == [2]


def test_airports_and_airlines_restrict_the_destinations(departed: pl.DataFrame) -> None:
    shown = flights.destinations.evaluate(origins=["JFK"], carriers=["B6", "DL"])
    chosen = departed.filter(pl.col("origin") == "JFK", pl.col("carrier").is_in(["B6", "DL"]))
    assert dict(shown.select("dest", "flights").iter_rows()) == dict(chosen["dest"].value_counts().iter_rows())
    assert dict(shown.select("dest", "share").iter_rows()) == pytest.approx(late_share(chosen, pl.col("dest"), 15))


def test_brushed_days_and_clicked_destinations_restrict_what_is_shown(departed: pl.DataFrame) -> None:
    days = (dt.date(2013, 3, 1), dt.date(2013, 3, 8))
    shown = flights.shown.evaluate(period={"day": days}, places={"dest": ["BOS", "ORD"]})
    day = pl.col("sched_dep").dt.date()
    assert shown.height == departed.filter(day.is_between(*days), pl.col("dest").is_in(["BOS", "ORD"])).height


def test_the_summary_counts_departures_late_ones_and_cancellations(departed: pl.DataFrame) -> None:
    share = (departed["dep_delay"] > 15).mean()
    text = flights.summary.evaluate()
    cancelled = departed["dep_delay"].null_count()
    assert (
        text == f"**336,776** departures · **{share:.1%}** left more than 15 minutes late · **{cancelled:,}** cancelled"
    )


def test_the_page_follows_a_button_and_a_drag(page: Page, serve: Serve, departed: pl.DataFrame) -> None:
    page.goto(serve(ROOT / "notebooks" / "flights.py").url)
    count = page.locator(".explorer .count")
    expect(count).to_have_text(f"{departed.height:,} rows", timeout=30_000)
    page.get_by_role("button", name="JFK").click()
    from_jfk = departed.filter(pl.col("origin") == "JFK").height
    expect(count).to_have_text(f"{from_jfk:,} rows")
    expect(page.locator(".chart canvas")).to_have_count(5, timeout=30_000)
    canvas = page.locator(".chart canvas").first
    page.wait_for_function(
        "canvas => canvas.width > 300 && canvas.toDataURL().length > 5000", arg=canvas.element_handle()
    )
    box = canvas.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] * 0.3, box["y"] + 60)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + 60)
    page.mouse.up()
    page.wait_for_url(re.compile("period="))
    expect(count).not_to_have_text(f"{from_jfk:,} rows")
    expect(page.locator(".fault:visible")).to_have_count(0)
