"""The yield curve shows what Polars finds in the same file, and what a browser sets."""

import datetime as dt
from itertools import groupby
from pathlib import Path

import polars as pl
import pytest
from playwright.sync_api import Page, expect

from notebooks import yield_curve
from tests.conftest import Serve

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def yields() -> pl.DataFrame:
    return pl.read_parquet(ROOT / "sample_data" / "treasury_yields.parquet")


def spreads(yields: pl.DataFrame, short: str) -> list[tuple[dt.date, float]]:
    wide = yields.pivot("maturity", index="date", values="percent").sort("date")
    return list(wide.select("date", (pl.col("10 year") - pl.col(short)).round(2)).iter_rows())


def spells(spreads: list[tuple[dt.date, float]]) -> list[tuple[dt.date, dt.date, int, float]]:
    runs = [list(run) for inverted, run in groupby(spreads, lambda row: row[1] < 0) if inverted]
    return [(run[0][0], run[-1][0], len(run), min(spread for _, spread in run)) for run in runs]


def test_a_curve_holds_every_maturity_of_its_day(yields: pl.DataFrame) -> None:
    day = dt.date(2010, 6, 1)
    shown = yield_curve.curves.evaluate(day=day, earlier=[])
    expected = yields.filter(pl.col("date") == day).sort("months")
    assert shown.select("maturity", "percent").rows() == expected.select("maturity", "percent").rows()


def test_a_day_without_trading_shows_the_one_before(yields: pl.DataFrame) -> None:
    christmas = dt.date(2010, 12, 25)
    shown = yield_curve.curves.evaluate(day=christmas, earlier=[])
    assert shown["date"].unique().to_list() == [yields.filter(pl.col("date") <= christmas)["date"].max()]


def test_earlier_curves_are_of_the_last_trading_day_so_many_months_before() -> None:
    shown = yield_curve.curves.evaluate(day=dt.date(2010, 6, 1), earlier=[1, 12])
    assert shown["date"].unique().sort().to_list() == [dt.date(2009, 6, 1), dt.date(2010, 4, 30), dt.date(2010, 6, 1)]


@pytest.mark.parametrize("short", ["3 month", "1 year", "2 year"])
def test_the_spread_is_ten_years_less_the_chosen_maturity(yields: pl.DataFrame, short: str) -> None:
    assert yield_curve.spreads.evaluate(short=short).rows() == spreads(yields, short)


@pytest.mark.parametrize("short", ["3 month", "2 year"])
def test_inversions_are_the_runs_of_days_below_zero(yields: pl.DataFrame, short: str) -> None:
    assert yield_curve.inversions.evaluate(short=short).rows() == spells(spreads(yields, short))


def test_only_inversions_of_the_brushed_years_are_listed(yields: pl.DataFrame) -> None:
    years = (dt.date(2000, 1, 1), dt.date(2001, 12, 31))
    shown = yield_curve.inversions.evaluate(period={"date": years})
    assert shown.rows() == spells([row for row in spreads(yields, "2 year") if years[0] <= row[0] <= years[1]])


def test_the_summary_names_both_yields_and_counts_inverted_days(yields: pl.DataFrame) -> None:
    inverted = spells(spreads(yields, "2 year"))
    text = yield_curve.summary.evaluate()
    assert "15 November 2006: 2 years paid 4.80 %, 10 years 4.61 %." in text
    assert f"on {sum(days for _, _, days, _ in inverted)} days in {len(inverted)} spells" in text


def test_the_page_follows_the_day_and_the_spread(page: Page, serve: Serve, yields: pl.DataFrame) -> None:
    page.goto(serve(ROOT / "notebooks" / "yield_curve.py").url)
    expect(page.locator(".chart canvas")).to_have_count(3, timeout=30_000)
    found = len(spells(spreads(yields, "2 year")))
    expect(page.locator(".explorer .count")).to_have_text(f"{found} rows", timeout=30_000)
    slider = page.get_by_role("slider", name="Day", exact=True)
    slider.focus()
    slider.press("ArrowRight")
    expect(page.get_by_text("16 November 2006")).to_be_visible()
    page.get_by_role("combobox", name="Spread of 10 years over").click()
    page.get_by_role("menuitem", name="3 month").click()
    expect(page.locator(".explorer .count")).to_have_text(f"{len(spells(spreads(yields, '3 month')))} rows")
    expect(page.locator(".fault:visible")).to_have_count(0)
