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


STEPS = {
    "1 bar": "",
    "1 second": "1s",
    "5 seconds": "5s",
    "15 seconds": "15s",
    "1 minute": "1m",
    "5 minutes": "5m",
    "15 minutes": "15m",
    "1 hour": "1h",
    "4 hours": "4h",
    "1 day": "1d",
    "1 week": "1w",
    "1 month": "1mo",
    "3 months": "3mo",
    "1 year": "1y",
    "10 years": "10y",
}
FRAME_TIMES = pl.col("bar").cast(pl.Datetime("us"))


def by_place(frame: pl.DataFrame, bucket: str) -> pl.DataFrame:
    """Return the bars with the bucket that each is part of."""
    if bucket == "all bars":
        return frame.with_columns(spot=pl.lit(0))
    return frame.with_columns(spot=FRAME_TIMES.dt.truncate(STEPS[bucket]) if STEPS[bucket] else FRAME_TIMES)


def levels(found: pl.DataFrame) -> list[tuple[str, pl.DataFrame]]:
    """Return the levels of a chart's rows, from the finest, each with the columns that are drawn."""
    drawn = pl.exclude("bucket", "from_room", "to_room", "begins", "ends")
    parts = found.partition_by("bucket", maintain_order=True, as_dict=True).items()
    return [(str(key[0]), part.sort("begins").select(drawn)) for key, part in parts]


gaps = st.sampled_from([dt.timedelta(minutes=1), dt.timedelta(minutes=7), dt.timedelta(hours=18), dt.timedelta(days=3)])


@st.composite
def intraday(draw: st.DrawFn) -> pl.DataFrame:
    """Draw bars at times with nights and weekends between them."""
    seed = draw(st.lists(st.tuples(gaps, st.integers(1, 40)), min_size=1, max_size=30))
    apart = [gap for gap, times in seed for gap in [gap, *[dt.timedelta(minutes=1)] * times]][:400]
    frame = frame_of([100.0 + (7 * row) % 31 for row in range(len(apart))])
    return frame.with_columns(bar=dt.datetime(2024, 3, 1, 9, 30) + pl.Series(apart).cum_sum())  # noqa: DTZ001 - as in SQL


@settings(max_examples=25)
@given(prices.map(frame_of) | intraday(), st.integers(1, 300))
def test_candles_of_every_level_are_those_of_polars(frame: pl.DataFrame, most: int) -> None:
    found = drawn(finance.candlestick(da.source(frame, name="bars"), most=most))
    for bucket, level in levels(found):
        expected = (
            by_place(frame, bucket)
            .group_by("spot", maintain_order=True)
            .agg(
                open=pl.col("open").first(),
                high=pl.col("high").max(),
                low=pl.col("low").min(),
                close=pl.col("close").last(),
            )
            .drop("spot")
        )
        assert_frame_equal(level.drop("place"), expected)
        assert level["place"].n_unique() == level.height


@settings(max_examples=25)
@given(prices.map(frame_of) | intraday(), st.integers(1, 300))
def test_levels_are_clean_steps_from_what_is_allowed_to_what_a_phone_shows(frame: pl.DataFrame, most: int) -> None:
    found = drawn(finance.candlestick(da.source(frame, name="bars"), most=most))
    sizes = {bucket: by_place(frame, bucket)["spot"].n_unique() for bucket in STEPS} | {"all bars": 1}
    coarsest = {size: bucket for bucket, size in sizes.items()}  # the last of as many places names them
    wanted = sorted((size for size in coarsest if size <= most), reverse=True)
    wanted = [size for place, size in enumerate(wanted) if place == 0 or wanted[place - 1] > 100]
    assert [(bucket, level.height) for bucket, level in levels(found)] == [(coarsest[size], size) for size in wanted]
    rooms = found.unique("bucket").sort("from_room", descending=True)
    assert rooms["from_room"].to_list() == [*(2.5 * size for size in wanted[:-1]), 0]
    assert rooms["to_room"].to_list() == [1e9, *(2.5 * size for size in wanted[:-1])]


@settings(max_examples=25)
@given(prices, st.integers(1, 8), st.integers(1, 50))
def test_moving_average_and_bands_are_those_of_all_bars(closes: list[float], window: int, most: int) -> None:
    frame = frame_of(closes)
    bars = da.source(frame, name="bars")
    mean, deviation = pl.col("close").rolling_mean(window), pl.col("close").rolling_std(window, ddof=0)
    if window == 1:
        deviation = pl.lit(0.0)
    ((bucket, bands),) = levels(drawn(finance.bollinger_bands(bars, window, most=most)))
    expected = (
        by_place(frame.with_columns(middle=mean, lower=mean - 2 * deviation, upper=mean + 2 * deviation), bucket)
        .group_by("spot", maintain_order=True)
        .agg(pl.col("lower", "upper", "middle").last())
        .drop("spot")
    )
    assert_frame_equal(bands.drop("place"), expected, abs_tol=1e-3)
    ((_, average),) = levels(drawn(finance.moving_average(bars, window, most=most)))
    assert_frame_equal(average.select(middle="value"), expected.select("middle"), abs_tol=1e-6)


@settings(max_examples=25)
@given(prices, st.integers(1, 50))
def test_volume_adds_up_and_drawdown_is_the_deepest(closes: list[float], most: int) -> None:
    frame = frame_of(closes)
    bars = da.source(frame, name="bars")
    assert drawn(finance.volume(bars, most=most))["volume"].sum() == frame["volume"].sum()
    ((bucket, level),) = levels(drawn(finance.drawdown(bars, most=most)))
    expected = (
        by_place(frame.with_columns(drawdown=pl.col("close") / pl.col("close").cum_max() - 1), bucket)
        .group_by("spot", maintain_order=True)
        .agg(pl.col("drawdown").min())
        .select("drawdown")
    )
    assert_frame_equal(level.select("drawdown"), expected)


FIGURES = ["open", "high", "low", "close", "volume"]
ALONG_TIME = ["candlestick", "volume", "line", "moving_average", "bollinger_bands", "drawdown"]
maybe = st.lists(st.none() | st.integers(1, 500).map(float), min_size=1, max_size=40)


@pytest.mark.parametrize("chart", [*ALONG_TIME, "returns_distribution", "correlation_heatmap"])
@settings(max_examples=15)
@given(maybe, st.sampled_from([float("nan"), float("inf"), float("-inf")]), st.integers(1, 50))
def test_what_is_no_finite_number_is_missing(chart: str, values: list[float | None], odd: float, most: int) -> None:
    frame = frame_of([1.0] * len(values)).with_columns(
        *(pl.Series(name, values, dtype=pl.Float64) for name in FIGURES), symbol=pl.lit("A")
    )
    make: Any = getattr(finance, chart)
    options = {"most": most} if chart in ALONG_TIME else {}
    options |= {"window": 3} if chart in {"moving_average", "bollinger_bands"} else {}
    found, expected = (
        drawn(make(da.source(bars, name="bars"), **options))
        for bars in (frame.with_columns(pl.col(FIGURES).fill_null(odd)), frame)
    )
    assert_frame_equal(found, expected, check_row_order=False)


def test_a_place_of_a_day_or_more_is_named_by_its_day() -> None:
    opening = dt.datetime(2024, 3, 1, 9, 30)  # noqa: DTZ001 - as in SQL
    times = [opening + dt.timedelta(days=day, minutes=5 * n) for day in range(120) for n in range(3)]
    frame = frame_of([1.0] * len(times)).with_columns(bar=pl.Series(times))
    found = dict(levels(drawn(finance.line(da.source(frame, name="bars")))))
    assert found["5 minutes"]["place"][0] == "2024-03-01 09:30:00"
    assert found["1 day"]["place"][0] == "2024-03-01"


@pytest.mark.parametrize("apart", [dt.timedelta(milliseconds=250), dt.timedelta(microseconds=1)])
def test_bars_closer_than_a_second_have_places_of_their_own(apart: dt.timedelta) -> None:
    midnight = dt.datetime(2024, 3, 1)  # noqa: DTZ001 - as in SQL
    frame = frame_of([1.0] * 40).with_columns(bar=pl.Series([midnight + n * apart for n in range(40)]))
    (_, level), *_ = levels(drawn(finance.line(da.source(frame, name="bars"))))
    assert level["place"].to_list() == [str(midnight + n * apart).removesuffix(" 00:00:00") for n in range(40)]


def test_what_a_candle_stands_for_is_explained() -> None:
    bars = da.source(frame_of([float(row) for row in range(1, 301)]), name="bars")
    told = [line.strip() for line in da.explain(finance.candlestick(bars)).splitlines() if "each is" in line]
    assert told[:2] == [
        "each is 1 week: 61 places, shown from 0 pixels on",
        "each is 1 day: 300 places, shown from 750 pixels on",
    ]


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


@pytest.mark.parametrize(("level", "name"), [(0.05, "5%"), (0.025, "2.5%"), (0.995, "99.5%"), (0.29, "29%")])
def test_a_quantile_is_named_by_its_level(level: float, name: str) -> None:
    chart = finance.returns_distribution(da.source(frame_of([1.0, 2.0, 3.0]), name="bars"), level=level)
    assert drawn(chart, 1)["figure"].to_list() == ["mean", f"{name} quantile"]


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
    selections = [parameter["select"]["on"] for parameter in spec["params"] if "select" in parameter]
    assert selections == ["pointerover"]
    assert [parameter["name"] for parameter in spec["params"][:2]] == ["level_room", "level_span"]  # all have the same


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
