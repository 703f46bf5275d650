"""The rows of a chart for frameworks that take frames, as Polars reads them."""

import polars as pl

from benchmarks.chart_specs import MOST_CANDLES, PICTURE_COLUMNS


def read(file: str, show: str) -> pl.DataFrame:
    """Read the columns of a chart into memory."""
    return pl.read_parquet(file, columns=list(PICTURE_COLUMNS[show]))


def chart_rows(show: str, frame: pl.DataFrame, least: int) -> pl.DataFrame:
    """Return the rows that pass the slider; of candles, a row per candle, because no chart makes them of trades."""
    chosen = frame.lazy().filter(pl.col("size") >= least)
    return (_candles(chosen) if show == "candles" else chosen).collect()


def _candles(trades: pl.LazyFrame) -> pl.LazyFrame:
    """Make bars of hours, and of as many in a row as it takes, candles."""
    price = pl.col("price")
    bars = (
        trades.filter(pl.col("symbol") == "AAPL")
        .sort("at")
        .group_by_dynamic("at", every="1h")
        .agg(
            price.first().alias("open"),
            price.max().alias("high"),
            price.min().alias("low"),
            price.last().alias("close"),
        )
    )
    run = (pl.len() / MOST_CANDLES).ceil().cast(pl.Int64)
    return (
        bars.with_columns(place=pl.int_range(pl.len()) // run)
        .group_by("place", maintain_order=True)
        .agg(pl.col("at", "open").first(), pl.col("high").max(), pl.col("low").min(), pl.col("close").last())
        .select(pl.col("at").dt.to_string("%Y-%m-%d %H:%M").alias("place"), "open", "high", "low", "close")
    )
