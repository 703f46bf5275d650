"""What the charts of markets draw, held against Polars."""

import datetime as dt
from itertools import pairwise
from pathlib import Path
from typing import Any, cast

import altair as alt
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

import dataapp as da
from dataapp import finance
from dataapp.views.chart.schema import find_cell_data

START = dt.date(2024, 3, 1)


def frame_of(closes: list[float]) -> pl.DataFrame:
    rows = range(len(closes))
    return pl.DataFrame(
        {
            "bar": [START + dt.timedelta(days=row + 2 * (row // 5)) for row in rows],  # without weekends
            "open": [close - (row % 3) for row, close in enumerate(closes)],
            "high": [close + 2 for close in closes],
            "low": [close - 3 for close in closes],
            "close": closes,
            "volume": [10 + row % 4 for row in rows],
        },
        schema_overrides={"close": pl.Float64, "bar": pl.Date},
    )


def drawn(chart: Any, at: int = 0) -> pl.DataFrame:
    """Return the rows of one of the cells that a chart reads."""
    found: Any = find_cell_data(chart)[at].source
    return found.evaluate()


prices = st.lists(st.floats(1, 1000).map(lambda price: round(price, 2)), min_size=1, max_size=40)


def by_place(frame: pl.DataFrame, most: int) -> pl.DataFrame:
    size = -(-frame.height // most)
    return frame.with_row_index("n").with_columns(spot=pl.col("n") // size)


@settings(max_examples=25)
@given(prices, st.integers(1, 50))
def test_candles_are_merged_in_a_row_and_none_is_lost(closes: list[float], most: int) -> None:
    frame = frame_of(closes)
    found = drawn(finance.candlestick(da.source(frame, name="bars"), most=most))
    expected = (
        by_place(frame, most)
        .group_by("spot", maintain_order=True)
        .agg(
            place=pl.col("bar").first().dt.strftime("%Y-%m-%d"),
            open=pl.col("open").first(),
            high=pl.col("high").max(),
            low=pl.col("low").min(),
            close=pl.col("close").last(),
        )
        .drop("spot")
    )
    assert found.height <= most
    assert_frame_equal(found, expected)


@settings(max_examples=25)
@given(prices, st.integers(1, 8), st.integers(1, 50))
def test_moving_average_and_bands_are_those_of_all_bars(closes: list[float], window: int, most: int) -> None:
    frame = frame_of(closes)
    bars = da.source(frame, name="bars")
    mean, deviation = pl.col("close").rolling_mean(window), pl.col("close").rolling_std(window, ddof=0)
    if window == 1:
        deviation = pl.lit(0.0)
    expected = (
        by_place(frame, most)
        .with_columns(middle=mean, lower=mean - 2 * deviation, upper=mean + 2 * deviation)
        .group_by("spot", maintain_order=True)
        .agg(pl.col("lower", "upper", "middle").last())
        .drop("spot")
    )
    bands = drawn(finance.bollinger_bands(bars, window, most=most)).drop("place")
    assert_frame_equal(bands, expected, abs_tol=1e-3)
    average = drawn(finance.moving_average(bars, window, most=most))
    assert_frame_equal(average.select(middle="value"), expected.select("middle"), abs_tol=1e-6)


@settings(max_examples=25)
@given(prices, st.integers(1, 50))
def test_volume_adds_up_and_drawdown_is_the_deepest(closes: list[float], most: int) -> None:
    frame = frame_of(closes)
    bars = da.source(frame, name="bars")
    assert drawn(finance.volume(bars, most=most))["volume"].sum() == frame["volume"].sum()
    expected = (
        by_place(frame, most)
        .with_columns(drawdown=pl.col("close") / pl.col("close").cum_max() - 1)
        .group_by("spot", maintain_order=True)
        .agg(pl.col("drawdown").min())
        .select("drawdown")
    )
    assert_frame_equal(drawn(finance.drawdown(bars, most=most)).select("drawdown"), expected)


def symbols_of(closes: list[float]) -> pl.DataFrame:
    one = frame_of(closes).select("bar", "close", symbol=pl.lit("A"))
    other = frame_of([1000 / close for close in closes]).select("bar", "close", symbol=pl.lit("B"))
    third = frame_of([close + 3 * (row % 4) for row, close in enumerate(closes)]).select(
        "bar", "close", symbol=pl.lit("C")
    )
    return pl.concat([one, other, third.tail(-1)])


@settings(max_examples=20)
@given(st.lists(st.integers(1, 500).map(float), min_size=4, max_size=30), st.sampled_from(["simple", "log"]))
def test_returns_and_their_figures(closes: list[float], kind: Any) -> None:
    frame = symbols_of(closes)
    chart = finance.returns_distribution(da.source(frame, name="bars"), by="symbol", kind=kind, level=0.1)
    ratio = pl.col("close") / pl.col("close").shift().over("symbol")
    expected = frame.select(value=ratio - 1 if kind == "simple" else ratio.log()).drop_nulls()
    found = drawn(chart)
    assert_frame_equal(found.select("value").sort("value"), expected.sort("value"), abs_tol=1e-9)
    figures = dict(drawn(chart, 1).select("figure", "value").iter_rows())
    assert figures["mean"] == pytest.approx(expected["value"].mean(), abs=1e-9)
    quantile = expected["value"].quantile(0.1, interpolation="linear")
    assert figures["10% quantile"] == pytest.approx(quantile, abs=1e-9)


@settings(max_examples=20)
@given(st.lists(st.integers(1, 500).map(float), min_size=6, max_size=30, unique=True))
def test_correlations_are_those_of_shared_times(closes: list[float]) -> None:
    frame = symbols_of(closes)
    found = drawn(finance.correlation_heatmap(da.source(frame, name="bars")))
    moves = frame.with_columns(value=pl.col("close") / pl.col("close").shift().over("symbol") - 1).drop_nulls()
    wide = moves.pivot("symbol", index="bar", values="value")
    for one, other, correlation in found.select("one", "other", "correlation").iter_rows():
        shared = wide.drop_nulls([one, other])
        expected = shared.select(pl.corr(one, other)).item()
        assert correlation == pytest.approx(expected, abs=1e-6)
    assert found.height == 9


def test_columns_of_any_name_are_read() -> None:
    frame = frame_of([1.0, 2.0]).rename({"bar": 'day of "trade"', "close": "select"})
    bars = da.source(frame, name="bars")
    found = drawn(finance.line(bars, time='day of "trade"', value="select"))
    assert found["value"].to_list() == [1.0, 2.0]


def test_an_empty_cell_draws_an_empty_chart(tmp_path: Path) -> None:
    bars = da.source(frame_of([]), name="bars")
    finance.panes(finance.candlestick(bars), finance.volume(bars)).save(tmp_path / "chart.svg")
    assert drawn(finance.candlestick(bars)).is_empty()


def test_nights_and_weekends_take_no_place() -> None:
    bars = da.source(frame_of([float(row) for row in range(1, 11)]), name="bars")
    spec = finance.candlestick(bars).to_dict()
    assert spec["layer"][0]["encoding"]["x"]["type"] == "ordinal"
    assert drawn(finance.candlestick(bars))["place"].n_unique() == 10


def test_panes_share_an_axis_and_one_crosshair() -> None:
    bars = da.source(frame_of([1.0, 2.0, 3.0]), name="bars")
    chart = finance.panes(finance.candlestick(bars), finance.volume(bars), finance.drawdown(bars), height=500)
    spec = chart.to_dict()
    ranges = [spec["layer"][0]["layer"][0], *spec["layer"][1:3]]
    spans = [layer["encoding"]["y"]["scale"]["range"] for layer in ranges]
    assert spans[0][1] == 0
    assert spans[-1][0] == 500
    assert all(below[1] - above[0] == pytest.approx(24, abs=1) for above, below in pairwise(spans))
    assert [parameter["select"]["on"] for parameter in spec["params"]] == ["pointerover"]


def test_the_pieces_are_fused_with_what_they_read() -> None:
    trades = da.sql("SELECT TIMESTAMP '2024-03-01' + to_minutes(i::INT) AS ts, i AS price FROM range(100) t(i)")
    bars = da.sql(
        "SELECT time_bucket(to_minutes(10), ts) AS bar, max(price) AS close FROM trades GROUP BY 1", trades=trades
    )
    found: Any = find_cell_data(finance.line(bars))[0].source
    assert "range(100)" in found.compile().sql


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda bars: finance.candlestick(bars.evaluate()), "takes a cell"),
        (lambda bars: finance.candlestick(bars, most=0), "`most` is 0"),
        (lambda bars: finance.moving_average(bars, 0), "`window` is 0"),
        (lambda bars: finance.bollinger_bands(bars, -1), "`window` is -1"),
        (lambda bars: finance.returns_distribution(bars, level=2), "`level` is 2"),
        (lambda bars: finance.returns_distribution(bars, kind=cast("Any", "odd")), "`kind` is 'odd'"),
        (lambda bars: finance.panes(alt.Chart().mark_bar()), "takes charts of `finance`"),
        (lambda bars: finance.panes(*[finance.volume(bars)] * 9, height=100), "do not fit"),
    ],
)
def test_what_makes_no_sense_is_an_error(make: Any, message: str) -> None:
    with pytest.raises(da.DataAppError, match=message):
        make(da.source(frame_of([1.0]), name="bars"))


def test_a_wrong_column_is_named_with_its_cell() -> None:
    bars = da.source(frame_of([1.0]), name="bars")
    with pytest.raises(da.DataAppError, match="closing"):
        drawn(finance.line(bars, value="closing"))
