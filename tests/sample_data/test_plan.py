from datetime import date

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sample_data import SampleDataError
from sample_data.bars import read_bars
from sample_data.plan import FEWEST_TICKS, plan_ticks

BARS = read_bars()


def bars_of_one_day(*volumes: int) -> pl.DataFrame:
    symbols = [f"S{index}" for index in range(len(volumes))]
    return pl.DataFrame({"symbol": symbols, "date": [date(2013, 3, 1)] * len(volumes), "volume": volumes})


@given(st.integers(20, 100_000_000))
def test_ticks_sum_to_the_rows_asked_for(rows: int):
    assert plan_ticks(BARS, rows)["ticks"].sum() == rows


@given(st.integers(20, 100_000_000))
def test_every_bar_has_ticks_for_its_four_prices_and_no_more_than_shares(rows: int):
    assert plan_ticks(BARS, rows).select(pl.col("ticks").is_between(FEWEST_TICKS, "volume").all()).item()


def test_few_rows_are_of_the_last_day():
    assert plan_ticks(BARS, 1_000)["date"].unique().to_list() == [date(2013, 3, 1)]


def test_two_million_rows_are_the_last_six_months():
    days = plan_ticks(BARS, 2_000_000)["date"]
    assert (days.min(), days.max(), days.n_unique()) == (date(2012, 8, 29), date(2013, 3, 1), 125)


def test_a_hundred_million_rows_are_all_days():
    assert plan_ticks(BARS, 100_000_000).height == BARS.height


def test_chosen_days_have_all_their_symbols():
    plan = plan_ticks(BARS, 100_000)
    assert plan.height == BARS.filter(pl.col("date") >= plan["date"].min()).height


def test_a_bar_with_four_times_the_volume_gets_twice_the_ticks():
    ticks = plan_ticks(bars_of_one_day(100_000, 400_000), 308)["ticks"]
    assert ticks.to_list() == [4 + 100, 4 + 200]


def test_a_volume_below_the_ticks_wanted_reduces_them():
    assert plan_ticks(bars_of_one_day(10, 1_000_000), 1_000_000)["ticks"].to_list()[0] == 10


def test_too_few_rows_are_refused():
    with pytest.raises(SampleDataError, match=r"^19 rows are too few.*Hint: ask for 20 rows or more\.$"):
        plan_ticks(BARS, 19)


def test_a_volume_that_cannot_hold_four_prices_is_refused():
    with pytest.raises(SampleDataError, match=r"The bar of S1 on 2013-03-01 has a volume of 3"):
        plan_ticks(bars_of_one_day(100, 3), 50)
