"""Bins, exactly as Vega makes them.

A binned chart is grouped in the engine, but binned once more by Vega, from rows that stand for their groups. That is
exact as long as the engine's groups are Vega's bins, so start and step follow Vega's own arithmetic, and as long as
the rows that are sent have the extent of all rows.

Bins need the extent before there is a query. The engine mostly knows it without a look at the rows, from the statistics
of files, but only where it is asked for nothing else: NaN, which is greater than all numbers, is looked out for
afterwards. Where rows are filtered it has to look at them. So the bins of the last picture are tried first: the rows
that come of them tell their extent, and mostly it makes the same bins.
"""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from dataapp.compile.identifiers import quote_identifier

type End = tuple[float | None, float | None]  # the least and the greatest value, if there is one

_PARAMETERS = ("start", "step", "is_bounded", "first", "last")
_LEAST_REACH = 1000
_KNOWN = {"maxbins", "step", "base", "nice", "minstep", "binned"}
_MOST_BINS = {
    **dict.fromkeys(("row", "column", "size", "color", "fill", "stroke", "strokeWidth", "opacity", "shape"), 6),
    **dict.fromkeys(("fillOpacity", "strokeOpacity"), 6),
    "strokeDash": 4,
}


@dataclass(frozen=True, slots=True)
class Binning:
    """A quantitative field that is binned.

    Attributes:
        field: The column.
        parameter: Prefix of the SQL parameters that carry the bins.
        options: Vega's options: ``maxbins`` and, if given, ``step``, ``base``, ``minstep``, ``nice``.
    """

    field: str
    parameter: str
    options: tuple[tuple[str, float | bool], ...]

    def expression(self, reference: str) -> str:
        """Return the SQL of a value's bin number; the bound parameters are `parameters` or `guess`.

        Of NaN it is NaN. Where bins have no bounds the engine leaves out the tests for them, as the parameters are
        constants.
        """
        start, step, is_bounded, first, last = (f"${self.parameter}_{name}" for name in _PARAMETERS)
        inside = (
            f"CASE WHEN {is_bounded} AND {reference} > {last} AND NOT isnan({reference}) THEN {last}"
            f" WHEN {is_bounded} AND {reference} < {first} THEN {first} ELSE {reference} END"
        )
        return f"floor(1e-14 + ({inside} - {start}) / {step})"

    def parameters(self, low: float | None, high: float | None) -> dict[str, float | bool]:
        """Return the bound parameters for values from `low` to `high`; None means that there are no values.

        They are the same for all ends with the same bins: where the last one ends is only of weight to values there.
        """
        start, step, stop = bins(low or 0.0, high or 0.0, dict(self.options))
        is_bounded = math.isfinite(step) and self._is_beyond(high or 0.0, start, step, stop)
        return self._named(start, step, is_bounded, start, stop - step if is_bounded else start)

    def guess(self, low: float | None, high: float | None) -> dict[str, float | bool]:
        """Return bound parameters for values that mostly lie from `low` to `high`.

        They give the same bins as `parameters` for values of which `is_guessed` says so. What lies far away counts to
        the outermost ones, so that there are never many.
        """
        exact = self.parameters(low, high)
        start, step, is_bounded, *_ = exact.values()
        if is_bounded or not math.isfinite(step):
            return exact
        reach = self._reach * step
        return self._named(start, step, True, start - reach, start + reach)

    def has_bins(self, low: float | None, high: float | None) -> bool:
        """Whether values have bins."""
        _, step, *_ = self.parameters(low, high).values()
        return low is not None and math.isfinite(step)

    def is_guessed(self, known: End, found: End) -> bool:
        """Whether bins that were guessed from known ends are those of what was found."""
        exact = self.parameters(*found)
        if exact != self.parameters(*known):
            return False
        start, step, is_bounded, *_ = exact.values()
        reach = self._reach * step
        ends = [end for end in found if end is not None]
        return bool(is_bounded) or all(start - reach <= end <= start + reach for end in ends)

    @property
    def _reach(self) -> int:
        """How many bins there may be on either side of a first one that was guessed."""
        return max(_LEAST_REACH, 4 * int(dict(self.options).get("maxbins", 0)))

    def _named(self, *values: float | bool) -> dict[str, float | bool]:
        return {f"{self.parameter}_{name}": value for name, value in zip(_PARAMETERS, values, strict=True)}

    @staticmethod
    def _is_beyond(high: float, start: float, step: float, stop: float) -> bool:
        """Whether the greatest value would be in a bin after the last."""
        greatest, last = (math.floor(1e-14 + (value - start) / step) for value in (high, stop - step))
        return greatest > last


@dataclass(frozen=True, slots=True)
class Extents:
    """The least and the greatest of some numbers.

    Attributes:
        columns: Their names.
        source: What stands behind FROM.
    """

    columns: tuple[str, ...]
    source: str

    def fetch(self, fetch: Callable[[str], pa.Table]) -> list[tuple[float | None, float | None]]:
        """Return the ends of each, None where there are no numbers.

        Args:
            fetch: Runs SQL.
        """
        columns = [quote_identifier(column) for column in self.columns]
        found = self._ends(fetch(self._query(columns)))
        if not any(math.isnan(high) for _, high in found if high is not None):
            return found
        numbers = (f"CASE WHEN NOT isnan(CAST({column} AS DOUBLE)) THEN {column} END" for column in columns)
        return self._ends(fetch(self._query(numbers)))

    def _query(self, numbers: Iterable[str]) -> str:
        ends = ", ".join(f"CAST(min({number}) AS DOUBLE), CAST(max({number}) AS DOUBLE)" for number in numbers)
        return f"SELECT {ends} FROM {self.source}"

    @staticmethod
    def _ends(table: pa.Table) -> list[tuple[float | None, float | None]]:
        ends = [column[0].as_py() for column in table.columns]
        return list(zip(ends[::2], ends[1::2], strict=True))


def definition_to_binning(field: str, channel: str, bin_: object, parameter: str) -> Binning | None:
    """Return the binning that an encoding asks for, or None for one that is not made here."""
    if bin_ is True:
        options: Mapping[str, Any] = {}
    elif isinstance(bin_, Mapping) and set(bin_) <= _KNOWN and not bin_.get("binned"):
        options = bin_
    else:
        return None
    if not all(isinstance(value, int | float) for value in options.values()):
        return None
    known = dict(options)
    if "step" not in known and "maxbins" not in known:
        known["maxbins"] = _MOST_BINS.get(channel, 10)
    return Binning(field, parameter, tuple(sorted(known.items())))


def bins(low: float, high: float, options: Mapping[str, Any]) -> tuple[float, float, float]:
    """Return start, step and stop of Vega's bins.

    Where an end is infinite, or the span is no float, Vega has no bins: nothing is drawn, and all three are NaN here.

    Example:
        >>> bins(0.3, 97.0, {"maxbins": 10})
        (0.0, 10.0, 100.0)
    """
    if not math.isfinite(low) or not math.isfinite(high) or not (math.isfinite(high - low) or options.get("step")):
        return math.nan, math.nan, math.nan
    step = float(options["step"]) if options.get("step") else _step(low, high, options)
    base = options.get("base") or 10
    magnitude = math.log(step)
    precision = 0 if magnitude >= 0 else int(-magnitude / math.log(base)) + 1
    start, stop = low, high
    if options.get("nice", True):
        start = math.floor(low / step + math.pow(base, -precision - 1)) * step
        start = start - step if low < start else start
        stop = math.ceil(high / step) * step
    stop = start + step if stop == start else stop
    return float(start), step, start + math.ceil((stop - start) / step) * step


def _step(low: float, high: float, options: Mapping[str, Any]) -> float:
    base, most, least = options.get("base") or 10, options.get("maxbins") or 20, options.get("minstep") or 0
    span = (high - low) or abs(low) or 1.0
    level = math.ceil(math.log(most) / math.log(base))
    step = max(least, math.pow(base, math.floor(math.log(span) / math.log(base) + 0.5) - level))
    while math.ceil(span / step) > most:
        step *= base
    for divisor in (5, 2):
        smaller = step / divisor
        if smaller >= least and span / smaller <= most:
            step = smaller
    return step
