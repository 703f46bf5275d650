"""Bins, exactly as Vega makes them.

A binned chart is grouped in the engine, but binned once more by Vega, from rows that stand for their groups. That is
exact as long as the engine's groups are Vega's bins, so start and step follow Vega's own arithmetic, and as long as
the rows that are sent have the extent of all rows.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

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
        tells_high: Whether the greatest value is a parameter, too.
    """

    field: str
    parameter: str
    options: tuple[tuple[str, float | bool], ...]
    tells_high: bool = False

    def expression(self, reference: str) -> str:
        """Return the SQL of a value's bin number; the bound parameters are `bounds_to_parameters`."""
        start, step, stop = (f"${self.parameter}_{name}" for name in ("start", "step", "stop"))
        clamped = f"greatest({start}, least({reference}, {stop} - {step}))"
        number = f"floor(1e-14 + ({clamped} - {start}) / {step})"
        # `least` and `greatest` pass over nulls, and NaN is greater than all numbers.
        return f"CASE WHEN isnan({reference}) THEN {reference} WHEN {reference} IS NOT NULL THEN {number} END"

    def bounds_to_parameters(self, low: float | None, high: float | None) -> dict[str, float | None]:
        """Return the bound parameters for values from `low` to `high`; None means that there are no values."""
        start, step, stop = bins(low or 0.0, high or 0.0, dict(self.options))
        bounds: dict[str, float | None] = {"start": start, "step": step, "stop": stop}
        bounds |= {"high": high} if self.tells_high else {}
        return {f"{self.parameter}_{name}": value for name, value in bounds.items()}


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

    Example:
        >>> bins(0.3, 97.0, {"maxbins": 10})
        (0.0, 10.0, 100.0)
    """
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
