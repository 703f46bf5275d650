"""Real daily bars of five US stocks, 2000 to 2013, from the package `bokeh_sampledata`.

Prices and volumes are as traded on the day (not adjusted for later splits); `adj_close` is adjusted for splits and
dividends. A few percent of the prices have three or four decimals.
"""

from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from sample_data.errors import SampleDataError
from sample_data.store import home, published_file

if TYPE_CHECKING:
    from bokeh_sampledata.stocks import StockData

SYMBOLS = ("AAPL", "FB", "GOOG", "IBM", "MSFT")

SCHEMA = pl.Schema(
    {
        "symbol": pl.String(),
        "date": pl.Date(),
        "open": pl.Float64(),
        "high": pl.Float64(),
        "low": pl.Float64(),
        "close": pl.Float64(),
        "volume": pl.Int64(),
        "adj_close": pl.Float64(),
    }
)


def daily_bars() -> Path:
    """Return the Parquet file of real daily bars, writing it on first use.

    Columns: symbol, date, open, high, low, close (US dollars, as traded), volume (shares, as traded), adj_close.

    Raises:
        SampleDataError: If `bokeh_sampledata` is missing or the file cannot be written.

    Example:
        >>> import polars as pl
        >>> pl.read_parquet(daily_bars()).height
        12154
    """
    target = home() / "generated" / "daily_bars.parquet"
    source = bars_source()
    if not (target.is_file() and pl.read_parquet_metadata(target).get("source") == source):
        with published_file(target) as partial:
            metadata = {"source": source, "synthetic": "false", "license": "public domain"}
            read_bars().write_parquet(partial, compression="zstd", metadata=metadata)
    return target


def bars_source() -> str:
    """Return where the bars come from, with the version: files made from another version are made again."""
    _stocks()
    return f"bokeh_sampledata {version('bokeh_sampledata')}: stocks (Quandl WIKI Prices)"


def read_bars() -> pl.DataFrame:
    """Return the bars as a frame, ordered by symbol and date."""
    stocks = _stocks()
    frames = [
        pl.DataFrame(dict(stocks[symbol])).select(
            pl.lit(symbol).alias("symbol"), pl.col("date").str.to_date("%Y-%m-%d"), pl.exclude("date")
        )
        for symbol in SYMBOLS
    ]
    return pl.concat(frames).select(SCHEMA.names()).cast(SCHEMA).sort("symbol", "date")


def _stocks() -> "dict[str, StockData]":
    try:
        from bokeh_sampledata import stocks  # reads its file when imported: 60 ms, and it may be absent
    except ImportError as cause:
        raise SampleDataError(
            "The daily bars are part of the package `bokeh_sampledata`, which is not installed.",
            hint="install the development dependencies of this repository.",
        ) from cause
    return {symbol: getattr(stocks, symbol) for symbol in SYMBOLS}
