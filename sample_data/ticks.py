"""One trading day of synthetic ticks that agree exactly with the day's real bars.

Invariants, for each bar, whatever the random numbers:

- the first tick trades at the open, the last at the close, one at the high, one at the low, none beyond them;
- prices are whole cents, save where a bar's own price is not;
- sizes are positive and sum to the volume;
- times of all symbols together increase strictly and lie in [09:30, 16:00).

Pure: arrays and a random generator in, arrays out.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

type Floats = NDArray[np.float64]
type Integers = NDArray[np.int64]

SECOND = 1_000_000
OPENS_AT = (9 * 60 + 30) * 60 * SECOND
CLOSES_AT = 16 * 3600 * SECOND
"""Microseconds since midnight, New York time."""

ROUND_LOT = 100
HALF_SPREAD = 0.005
"""Dollars that a buyer pays above, and a seller gets below, the middle."""

_GRID = np.linspace(0.0, 1.0, 513)
# Share of the day's ticks before a point of the day: a density of 1 + 2.5 (2x - 1)^2, three and a half times as busy at
# both ends as at noon.
_SHARE_BEFORE = (_GRID + 2.5 / 6 * ((2 * _GRID - 1) ** 3 + 1)) / (1 + 2.5 / 3)
_MOMENT = OPENS_AT + _GRID * (CLOSES_AT - OPENS_AT)


@dataclass(frozen=True, slots=True)
class Bar:
    """A symbol's day: prices in dollars, volume in shares, and how many ticks it shall get (4 to volume)."""

    open: float
    high: float
    low: float
    close: float
    volume: int
    ticks: int


@dataclass(frozen=True, slots=True)
class Ticks:
    """A day's ticks in order of time; `bar` is the index of each tick's bar, `is_buy` who crossed the spread."""

    at: Integers
    bar: NDArray[np.int8]
    price: Floats
    size: NDArray[np.int32]
    is_buy: NDArray[np.bool_]


def day_ticks(bars: list[Bar], rng: np.random.Generator) -> Ticks:
    """Return the ticks of one day for all its bars, interleaved in time.

    Example:
        >>> ticks = day_ticks([Bar(10.0, 10.5, 9.75, 10.25, 1_000, 50)], np.random.default_rng(1))
        >>> ticks.price[0], ticks.price.max(), ticks.price.min(), ticks.price[-1], ticks.size.sum()
        (np.float64(10.0), np.float64(10.5), np.float64(9.75), np.float64(10.25), np.int64(1000))
    """
    counts = np.array([bar.ticks for bar in bars])
    total = int(counts.sum())
    owner = np.repeat(np.arange(len(bars), dtype=np.int8), counts)
    rng.shuffle(owner)
    by_bar = np.argsort(owner, kind="stable")
    is_buy = rng.random(total, dtype=np.float32) < 0.5
    price = np.empty(total)
    size = np.empty(total, dtype=np.int32)
    start = 0
    for bar in bars:
        mine = by_bar[start : start + bar.ticks]
        price[mine] = _prices(bar, is_buy[mine], rng)
        size[mine] = _sizes(bar, rng)
        start += bar.ticks
    return Ticks(_times(total, rng), owner, price, size, is_buy)


def _times(count: int, rng: np.random.Generator) -> Integers:
    """Return strictly increasing microseconds of the day, busy after the open and before the close."""
    gaps = rng.standard_exponential(count + 1).cumsum()
    at = _between(gaps[:-1] / gaps[-1], _SHARE_BEFORE, _MOMENT).astype(np.int64)
    index = np.arange(count)
    at = np.maximum.accumulate(at - index) + index
    return np.minimum(at, CLOSES_AT - count + index)


def _prices(bar: Bar, is_buy: NDArray[np.bool_], rng: np.random.Generator) -> Floats:
    """Return a random walk tied to open, high, low and close at four of its ticks, folded into [low, high]."""
    count = bar.ticks
    first, second = _two_between(count, rng)
    high_first = bool(rng.random() < 0.5)
    anchors = np.array([0, first, second, count - 1])
    quotes = np.array([bar.open, bar.high, bar.low, bar.close])
    if not high_first:
        quotes[[1, 2]] = quotes[[2, 1]]
    reach = bar.high - bar.low
    # The mean range of a random walk is about 1.6 standard deviations of its end.
    steps: Floats = rng.standard_normal(count, dtype=np.float32).astype(np.float64)
    walk = steps.cumsum() * (reach / (1.6 * np.sqrt(count)))
    walk += _between(np.arange(count), anchors, quotes - walk[anchors])
    walk += np.where(is_buy, HALF_SPREAD, -HALF_SPREAD)
    price = _whole_cents(_folded(walk, bar.low, reach), bar)
    price[anchors] = quotes
    return price


def _between(x: Floats | Integers, known_x: Floats | Integers, known_y: Floats) -> Floats:
    """Interpolate linearly (numpy's own function is not typed)."""
    return np.asarray(np.interp(x, known_x, known_y), dtype=np.float64)


def _two_between(count: int, rng: np.random.Generator) -> tuple[int, int]:
    """Return two different positions in order, neither the first nor the last of `count`."""
    first = int(rng.integers(1, count - 1))
    second = int(rng.integers(1, count - 2))
    second += second >= first
    return min(first, second), max(first, second)


def _folded(walk: Floats, low: float, reach: float) -> Floats:
    """Reflect what leaves [low, low + reach] back into it."""
    if reach == 0:
        return np.full_like(walk, low)
    return low + reach - np.abs((walk - low) % (2 * reach) - reach)


def _whole_cents(price: Floats, bar: Bar) -> Floats:
    """Round to cents without leaving [low, high]; where no cent lies between them every tick trades at the low."""
    # A price such as 12.34 times 100 may land just below 1234.
    lowest, highest = np.ceil(bar.low * 100 - 1e-6), np.floor(bar.high * 100 + 1e-6)
    if lowest > highest:
        return np.full(bar.ticks, bar.low)
    return np.clip(np.rint(price * 100), lowest, highest) / 100


def _sizes(bar: Bar, rng: np.random.Generator) -> Integers:
    """Return positive sizes that sum to the volume, in round lots when there are shares enough."""
    lots, odd = divmod(bar.volume, ROUND_LOT)
    if lots < 2 * bar.ticks:
        return _split(bar.volume, bar.ticks, rng)
    size = ROUND_LOT * _split(lots, bar.ticks, rng)
    size[-1] += odd
    return size


def _split(total: int, count: int, rng: np.random.Generator) -> Integers:
    """Split `total` into `count` positive parts: many small ones and a few large ones."""
    reached = (rng.standard_exponential(count) ** 2).cumsum()
    ends = np.floor(reached / reached[-1] * (total - count)).astype(np.int64)
    ends[-1] = total - count
    return 1 + np.diff(ends, prepend=0)
