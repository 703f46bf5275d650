"""Which days get ticks, and how many.

Invariants: every bar of a chosen day gets at least `FEWEST_TICKS` (open, high, low and close are ticks of their own)
and at most its volume (a tick trades at least one share); the sum is exactly what was asked for unless volumes cap it.
"""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from sample_data.errors import SampleDataError

FEWEST_TICKS = 4
TICKS_PER_BAR = 3200
"""What a symbol's day gets on average while there are earlier days to add: two million rows are the last six months."""


def plan_ticks(bars: pl.DataFrame, rows: int) -> pl.DataFrame:
    """Return the bars of the most recent days with a column `ticks`, ordered by date and symbol.

    Busier bars get more ticks, in proportion to the square root of their volume.

    Args:
        bars: Columns symbol, date and volume, and whatever else is to be passed on.
        rows: How many ticks there should be in all.

    Raises:
        SampleDataError: If `rows` are too few for one day, or a volume is too small to hold a day's four prices.
    """
    chosen = _recent_days(bars, rows).sort("date", "symbol")
    volume = chosen["volume"].to_numpy().astype(np.int64)
    _check(chosen, rows)
    spare = _apportion(rows - FEWEST_TICKS * chosen.height, np.sqrt(volume))
    ticks = np.minimum(FEWEST_TICKS + spare, volume)
    return chosen.with_columns(pl.Series("ticks", ticks, dtype=pl.Int64))


def _recent_days(bars: pl.DataFrame, rows: int) -> pl.DataFrame:
    """Return the bars of as many recent days as `TICKS_PER_BAR` asks for."""
    wanted = max(1, rows // TICKS_PER_BAR)
    days = bars.group_by("date").len("bars").sort("date", descending=True)
    before = days.with_columns(earlier=pl.col("bars").cum_sum() - pl.col("bars"))
    return bars.join(before.filter(pl.col("earlier") < wanted), on="date", how="semi")


def _check(chosen: pl.DataFrame, rows: int) -> None:
    fewest = FEWEST_TICKS * chosen.height
    if rows < fewest:
        raise SampleDataError(
            f"{rows} rows are too few: the last day has {chosen.height} symbols of {FEWEST_TICKS} ticks or more.",
            hint=f"ask for {fewest} rows or more.",
        )
    thin = chosen.filter(pl.col("volume") < FEWEST_TICKS).select("symbol", "date", "volume").rows()
    if thin:
        symbol, date, volume = thin[0]
        raise SampleDataError(
            f"The bar of {symbol} on {date} has a volume of {volume}, less than the {FEWEST_TICKS} ticks of one share "
            "that its open, high, low and close need.",
            hint="leave such bars out.",
        )


def _apportion(total: int, weights: NDArray[np.float64]) -> NDArray[np.int64]:
    """Split `total` into whole parts in proportion to `weights` (largest remainders get the last ones)."""
    shares = total * (weights / weights.sum())
    parts = np.floor(shares).astype(np.int64)
    largest = np.argsort(parts - shares, kind="stable")[: total - int(parts.sum())]
    parts[largest] += 1
    return parts
