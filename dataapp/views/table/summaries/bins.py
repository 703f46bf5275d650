"""Bins of a histogram: ends that a reader would choose, and for each bin the filter that asks for what lies in it.

A bin holds its first end and what follows, up to the first end of the next one. Its filter is a text in the language of
`filters.parsing`, and `Bin.last` bounds it for the engine; the two agree about every value, so a filter passes as many
rows as its bin counts. Where the language has no words for an end (a number of 39 digits), a bin has no filter.
"""

import math
import struct
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import ROUND_FLOOR, Decimal, localcontext
from itertools import pairwise
from typing import Literal

from dataapp.engines.relation import Column
from dataapp.errors import InputError
from dataapp.views.table.columns import Kind, decimal_places, kind_of
from dataapp.views.table.filters.parsing import AFTER_THE_CALENDAR, FIRST_NANOSECOND, LAST_OF_TYPE, parse_filter

MOST_BINS = 24  # or some more, since their ends are round
_DIGITS = 400  # of exact arithmetic: the largest float has 309 of them before the point
_MICRO = timedelta(microseconds=1)
_DAY = timedelta(days=1) // _MICRO
_STEPS = (  # microseconds
    *(digit * 10**zeros for zeros in range(6) for digit in (1, 2, 5)),
    *(seconds * 1_000_000 for seconds in (1, 2, 5, 10, 15, 30)),
    *(minutes * 60_000_000 for minutes in (1, 2, 5, 10, 15, 30)),
    *(hours * 3_600_000_000 for hours in (1, 2, 3, 6, 12)),
    *(days * _DAY for days in (1, 2, 7, 14)),
)
_MONTHS = (1, 2, 3, 6, *(12 * digit * 10**zeros for zeros in range(4) for digit in (1, 2, 5)))
_MONTH = 30 * _DAY  # about
_FIRST, _LAST = datetime.min, datetime.max  # noqa: DTZ901 - as the column's own clock shows it

type Unit = Literal["year", "month", "day", "minute", "second", "microsecond"]


@dataclass(frozen=True, slots=True)
class Bin:
    """One bar.

    Attributes:
        label: What lies in it, for people.
        filter: The text that asks for it, or None.
        low: How the text of a range that starts with it starts.
        high: How the text of a range that ends with it ends.
        last: The engine's text of the last value in it; in a column with a time zone, of the first one after it.
    """

    label: str
    filter: str | None
    low: str
    high: str
    last: str


@dataclass(frozen=True, slots=True)
class Axis:
    """All bins of a column, and how the engine sorts values into them.

    Attributes:
        bins: From the lowest to the highest.
        type: The engine's type in which values are compared with the ends.
        below: The engine's text of the last value below the first bin, or None where nothing can lie below.
    """

    bins: tuple[Bin, ...]
    type: str
    below: str | None = None

    @property
    def is_zoned(self) -> bool:
        """Whether ends are times of a clock that may be put forward or back."""
        return self.type == "TIMESTAMP WITH TIME ZONE"


def number_axis(column: Column, low: Decimal, high: Decimal) -> Axis:
    """Return bins for numbers from the lowest to the highest, both finite.

    Example:
        >>> [one.filter for one in number_axis(Column("n", "INTEGER"), Decimal(3), Decimal(98)).bins][:2]
        ['0..4', '5..9']
    """
    with localcontext(prec=_DIGITS):
        if kind_of(column) is Kind.FLOAT:
            return Axis(_float_bins(column, low, high), "DOUBLE", below="-inf")
        return Axis(_exact_bins(column, low, high), column.type)


def moment_axis(column: Column, low: datetime, high: datetime) -> Axis:
    """Return bins for dates and times; times of day are those of the first day there is.

    Example:
        >>> axis = moment_axis(Column("day", "DATE"), datetime(2013, 1, 5), datetime(2013, 12, 30))
        >>> axis.bins[0].filter, axis.bins[-1].filter
        ('2013-01', '2013-12')
    """
    kind = kind_of(column)
    type_ = {"TIMESTAMP_S": "TIMESTAMP", "TIMESTAMP_MS": "TIMESTAMP"}.get(column.type, column.type)
    span = (high - low) // _MICRO or MOST_BINS * 1_000_000
    step = next((one for one in _STEPS if one * MOST_BINS >= span and (kind is not Kind.DATE or one >= _DAY)), None)
    is_clock = step is not None and step < _DAY
    if step is not None:
        extra = 1 if "ZONE" in column.type and is_clock else 0  # the clock may show the lowest and the highest twice
        edges, unit, is_single = _even_edges(low, high, step, extra), _unit_of(step), step == _DAY
    else:
        months = next(one for one in _MONTHS if one * _MONTH * MOST_BINS >= span)
        edges, unit = _month_edges(low, high, months), "month" if months < 12 else "year"
        is_single = months in {1, 12}
    bins = tuple(_moment_bin(column, start, end, unit, is_single=is_single) for start, end in pairwise(edges) if start)
    start = edges[0]
    assert start is not None
    return Axis(bins, type_, None if kind is Kind.TIME else _below(column, start))


def merged(axis: Axis, starts: Sequence[int]) -> Axis:
    """Return the axis without bins that the clock skips: they are joined to the ones before them.

    Args:
        axis: The bins of a column with a time zone.
        starts: The instant at which each bin starts.
    """
    bins: list[Bin] = []
    latest: int | None = None
    for one, start in zip(axis.bins, starts, strict=True):
        if latest is not None and start <= latest:
            joint = f"{bins[-1].low}..{one.high}"
            label = f"{bins[-1].low} – {one.high.removeprefix('<')}"
            bins[-1] = replace(bins[-1], label=label, filter=joint, high=one.high, last=one.last)
        else:
            bins.append(one)
            latest = start
    return replace(axis, bins=tuple(bins))


def _exact_bins(column: Column, low: Decimal, high: Decimal) -> tuple[Bin, ...]:
    places = decimal_places(column)
    least = Decimal(1).scaleb(-places)
    step = max(_round_up((high - low) / MOST_BINS), least) if high > low else least
    edges = _edges(low, high, step)
    bins: list[Bin] = []
    for start, end in pairwise(edges):
        first, after = _plain(start), _plain(end)
        last = f"{min(end - least, high).quantize(least):f}"
        if step == least:
            label, text, stop = _grouped(first), first, first
        elif places == 0:
            stop = _plain(end - 1)
            label, text = f"{_grouped(first)} – {_grouped(stop)}", f"{first}..{stop}"
        else:
            label, text, stop = f"{_grouped(first)} – {_grouped(after)}", f"{first}..<{after}", f"<{after}"
        open_ = [*([f"..{stop}"] if start == edges[0] else ()), *([f"{first}.."] if end == edges[-1] else ())]
        bins.append(Bin(label, _spoken(column, text, *open_), first, stop, last))
    return tuple(bins)


def _float_bins(column: Column, low: Decimal, high: Decimal) -> tuple[Bin, ...]:
    lowest, highest = _float_text(low), _float_text(high)
    if low == high:
        return (Bin(_grouped(highest), _spoken(column, highest), highest, highest, repr(float(high))),)
    edges = _edges(low, high, _round_up((high - low) / MOST_BINS))
    held = [_held(edge, column.type) for edge in edges]
    kept = [0, *(at for at in range(1, len(held)) if held[at] > held[at - 1])]  # closer ends are one to the engine
    bins: list[Bin] = []
    for at, following in pairwise(kept):
        first = lowest if math.isinf(held[at]) else _float_text(edges[at])
        if following == kept[-1] and (math.isinf(held[following]) or held[following] <= float(high)):
            after, stop, last = highest, highest, repr(float(high))
        else:
            after = _float_text(edges[following])
            stop, last = f"<{after}", repr(math.nextafter(held[following], -math.inf))
        text = f"{first}..{stop}"
        bins.append(Bin(f"{_grouped(first)} – {_grouped(after)}", _spoken(column, text), first, stop, last))
    return tuple(bins)


def _round_up(raw: Decimal) -> Decimal:
    """Return the next of 1, 2, 5, 10, 20, 50, ... and their fractions."""
    power = Decimal(1).scaleb(raw.adjusted())
    return next(digit * power for digit in (1, 2, 5, 10) if digit * power >= raw)


def _edges(low: Decimal, high: Decimal, step: Decimal) -> list[Decimal]:
    """Return multiples of a step, from the last one at or below the lowest to the first one above the highest."""
    first = (low / step).to_integral_value(ROUND_FLOOR)
    count = int((high / step).to_integral_value(ROUND_FLOOR) - first) + 1
    return [(first + at) * step for at in range(count + 1)]


def _held(edge: Decimal, type_: str) -> float:
    """Return an end as a column of floats holds it."""
    number = float(edge)
    if type_ != "FLOAT":
        return number
    try:
        (single,) = struct.unpack("f", struct.pack("f", number))
    except OverflowError:
        return math.copysign(math.inf, number)
    return single


def _float_text(number: Decimal) -> str:
    return repr(float(number) + 0.0).removesuffix(".0")


def _plain(number: Decimal) -> str:
    text = f"{number + 0:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _grouped(text: str) -> str:
    """Return a number with thousands set apart, for people."""
    whole, point, fraction = text.partition(".")
    digits = whole.removeprefix("-")
    shown = f"{int(digits):,}" if digits.isdecimal() and len(digits) > 4 else digits
    return f"{'−' if whole.startswith('-') else ''}{shown}{point}{fraction}"


def _spoken(column: Column, *texts: str) -> str | None:
    """Return the first of several texts that is a filter of the column."""
    for text in texts:
        try:
            parse_filter(text, column)
        except InputError:
            continue
        return text
    return None


def _even_edges(low: datetime, high: datetime, step: int, extra: int) -> list[datetime | None]:
    first = (low - _FIRST) // _MICRO // step - extra  # weeks start on Mondays, as the first day there is was one
    last = (high - _FIRST) // _MICRO // step + 1 + extra
    return [_moment(at * step) for at in range(max(first, 0), last + 1)]


def _moment(micros: int) -> datetime | None:
    return _FIRST + micros * _MICRO if micros <= (_LAST - _FIRST) // _MICRO else None


def _month_edges(low: datetime, high: datetime, months: int) -> list[datetime | None]:
    first, last = ((12 * one.year + one.month - 1) // months for one in (low, high))
    return [_month(at * months) for at in range(first, last + 2)]


def _month(months: int) -> datetime | None:
    year, month = divmod(max(months, 12), 12)
    return datetime(year, month + 1, 1) if year <= _LAST.year else None  # noqa: DTZ001 - as above


def _unit_of(step: int) -> Unit:
    units: tuple[tuple[Unit, int], ...] = (("day", _DAY), ("minute", 60_000_000), ("second", 1_000_000))
    for unit, length in units:
        if step % length == 0:
            return unit
    return "microsecond"


def _moment_bin(column: Column, start: datetime, end: datetime | None, unit: Unit, *, is_single: bool) -> Bin:
    kind = kind_of(column)
    low = _moment_text(start, unit, kind)
    if kind is Kind.TIME and (end is None or end.date() > start.date()):  # nothing lies after it
        return Bin(f"{low} –", _spoken(column, f"{low}.."), low, "", "24:00:00")
    if end is None:
        last = f"{AFTER_THE_CALENDAR} 00:00:00" if "ZONE" in column.type else _engine_text(column, _LAST)
        year = str(_LAST.year)
        text, label = (low, low) if low == year else (f"{low}..{year}", f"{low} – {year}")
        return Bin(label, text, low, year, last)
    last = _engine_text(column, end if "ZONE" in column.type else end - _MICRO)
    if unit in {"day", "month", "year"}:
        high = _moment_text(end - _MICRO, unit, kind)
        text, label = (low, low) if is_single else (f"{low}..{high}", f"{low} – {high}")
        return Bin(label, text, low, high, last)
    after = _moment_text(end, unit, kind)
    is_same_day = kind is not Kind.TIME and end.date() == start.date()
    label = f"{low} – {after.partition(' ')[2] if is_same_day else after}"
    return Bin(label, f"{low}..<{after}", low, f"<{after}", last)


def _moment_text(moment: datetime, unit: Unit, kind: Kind) -> str:
    text = moment.isoformat(" ", timespec="microseconds")
    ends = {"year": 4, "month": 7, "day": 10, "minute": 16, "second": 19, "microsecond": 26}
    return text[11 if kind is Kind.TIME else 0 : ends[unit]]


def _engine_text(column: Column, moment: datetime) -> str:
    if kind_of(column) is Kind.DATE:
        return moment.date().isoformat()
    text = moment.isoformat(" ", timespec="microseconds")
    if kind_of(column) is Kind.TIME:
        text = text.partition(" ")[2]
    if not column.type.endswith("_NS"):
        return text
    return min(f"{text}999", LAST_OF_TYPE) if kind_of(column) is Kind.TIMESTAMP else f"{text}999"


def _below(column: Column, first: datetime) -> str:
    """Return the last value before a moment; in a column with a time zone, the moment."""
    if column.type == "TIMESTAMP_NS" and first <= FIRST_NANOSECOND:
        return "-infinity"
    if "ZONE" in column.type:
        return _engine_text(column, first)
    if first == _FIRST:
        return "0001-12-31 (BC)" if kind_of(column) is Kind.DATE else "0001-12-31 (BC) 23:59:59.999999"
    return _engine_text(column, first - _MICRO)
