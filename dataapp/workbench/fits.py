"""Widgets for kinds of values: pure functions from what is known to a class of `panel.ui` and its options."""

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal

from dataapp.workbench.answers import Answer
from dataapp.workbench.ends import moment_ends, moment_step, round_ends, round_step
from dataapp.workbench.subjects import Family, type_family

type Literal = int | float | str | bool | dt.date | dt.time | tuple[Literal, ...] | None
type Fit = tuple[str, Mapping[str, Literal]]

_MOST_EXACT = 10_000
_SAFE = 2**53  # browsers count exactly up to here
_MOST_ROUND = 1e15
_LEAST_SPAN = 1e-9
_SINGLE_STEPS = 500
_UNITS = ("year", "quarter", "month", "week", "day", "hour", "minute", "second")
_WIDTHS = ("1 second", "1 minute", "5 minutes", "15 minutes", "1 hour", "1 day", "7 days", "1 month")
_HOUR = 4
# Most, and value at first, of functions that make an interval of a number.
_DURATIONS = {
    "to_microseconds": (1000, 100),
    "to_milliseconds": (1000, 100),
    "to_seconds": (60, 10),
    "to_minutes": (60, 5),
    "to_hours": (24, 1),
    "to_days": (31, 1),
    "to_weeks": (52, 1),
    "to_months": (12, 1),
    "to_quarters": (4, 1),
    "to_years": (10, 1),
}
_ARITHMETIC = frozenset({"+", "-", "*", "/", "//", "%", "^", "**", "pow", "power", "mod", "abs", "log", "ln", "sqrt"})
_SHARES = frozenset({"quantile", "quantile_cont", "quantile_disc", "approx_quantile"})
_COUNTS = frozenset({"range", "generate_series", "ntile", "lag", "lead"})


def fit_end(family: Family, operator: str, answer: Answer) -> Fit | None:
    """Return the widget for one end of values, or for one of them.

    Example:
        >>> fit_end("float", "<=", Answer(0.25, 9.9, 100, has_null=False))
        ('FloatSlider', {'start': 0.25, 'end': 9.9, 'value': 9.9, 'step': 0.05})
    """
    match family:
        case "integer":
            return _whole(operator, answer.low, answer.high)
        case "float":
            return _real(operator, answer.low, answer.high)
        case "date":
            last = answer.high + dt.timedelta(days=1) if operator == "<" and answer.high < dt.date.max else answer.high
            value = answer.low if operator in (">=", ">") else last
            return "DatePicker", {"start": answer.low, "end": last, "value": value}
        case "timestamp":
            return _moment(operator, answer.low, answer.high)
        case "time":
            return "TimePicker", {"value": answer.low if operator in (">=", ">", "=", "<>") else answer.high}
        case _:
            return None


def fit_range(family: Family, answer: Answer) -> Fit | None:
    """Return the widget for both ends of a range, which starts with everything in it.

    Example:
        >>> fit_range("integer", Answer(3, 40, 20, has_null=False))
        ('IntRangeSlider', {'start': 3, 'end': 40, 'value': (3, 40), 'step': 1})
    """
    match family:
        case "integer":
            step = _whole_step(answer.low, answer.high)
            start, end = (int(at) for at in _ends(answer.low, answer.high, step))
            return "IntRangeSlider", {"start": start, "end": end, "value": (start, end), "step": int(step)}
        case "float":
            if not _has_round_ends(answer.low, answer.high):
                return "RangeSlider", {"start": answer.low, "end": answer.high, "value": (answer.low, answer.high)}
            step = round_step(answer.high - answer.low)
            start, end = (float(at) for at in _ends(answer.low, answer.high, step))
            return "RangeSlider", {"start": start, "end": end, "value": (start, end), "step": float(step)}
        case "date":
            end = max(answer.high, _next_day(answer.low))
            return "DateRangeSlider", {"start": answer.low, "end": end, "value": (answer.low, end)}
        case "timestamp":
            return _moments(answer.low, answer.high)
        case _:
            return None


def fit_empty(family: Family, *, is_range: bool) -> Fit:
    """Return the widget for values of which there are none yet."""
    match family:
        case "integer":
            return _empty_range("IntRangeSlider", 0, 1) if is_range else ("IntInput", {"value": 0})
        case "float":
            return _empty_range("RangeSlider", 0.0, 1.0) if is_range else ("FloatInput", {"value": 0.0})
        case "date" | "timestamp" if is_range:
            return _empty_range("DateRangeSlider", dt.date(2000, 1, 1), dt.date(2000, 1, 2))
        case "date":
            return "DatePicker", {}
        case "timestamp":
            return "DatetimePicker", {}
        case "time":
            return "TimePicker", {}
        case _:
            return "TextInput", {"value": ""}


def fit_argument(function: str, position: int) -> Fit | None:
    """Return the widget for an argument of a function, or None where any value will do.

    Example:
        >>> fit_argument("to_minutes", 0)
        ('IntSlider', {'start': 1, 'end': 60, 'value': 5})
    """
    if function in _DURATIONS:
        end, value = _DURATIONS[function]
        return "IntSlider", {"start": 1, "end": end, "value": value}
    if function in ("date_trunc", "datetrunc", "date_part", "datepart") and position == 0:
        return "Select", {"options": _UNITS, "value": "day"}
    if function == "time_bucket" and position == 0:
        return "Select", {"options": _WIDTHS, "value": _WIDTHS[_HOUR]}
    if function == "round" and position == 1:
        return "IntSlider", {"start": 0, "end": 6, "value": 2}
    if function in _SHARES and position == 1:
        return "FloatSlider", {"start": 0.0, "end": 1.0, "value": 0.5, "step": 0.01}
    if function in _COUNTS:
        return "IntSlider", {"start": 1, "end": 1000, "value": 100 if function == "range" else 1}
    return ("FloatInput", {"value": 1.0}) if function in _ARITHMETIC else None


def fit_type(type_name: str) -> Fit | None:
    """Return the widget for what a cast makes of a parameter.

    Example:
        >>> fit_type("INTERVAL")[0], fit_type("DATE")[0], fit_type("BOOLEAN")[0]
        ('Select', 'DatePicker', 'Checkbox')
    """
    if type_name == "INTERVAL":
        return "Select", {"options": _WIDTHS, "value": _WIDTHS[_HOUR]}
    family = type_family(type_name)
    return ("Checkbox", {"value": True}) if family == "boolean" else fit_empty(family, is_range=False)


def _whole(operator: str, low: int, high: int) -> Fit:
    if max(abs(low), abs(high)) > _SAFE:
        return "IntInput", {"value": high if operator in ("<", "<=") else low}
    if operator in ("=", "<>"):
        widget = "IntSlider" if high - low <= _MOST_EXACT else "IntInput"
        return widget, {"start": low, "end": max(high, low + 1), "value": low}
    step = _whole_step(low, high)
    start, end = (int(at) for at in _ends(low, high, step))
    start, end = _beyond(operator, low, high, start, end, int(step))
    value = end if operator in ("<", "<=") else start
    return "IntSlider", {"start": start, "end": end, "value": value, "step": int(step)}


def _real(operator: str, low: float, high: float) -> Fit:
    if operator in ("=", "<>") or not _has_round_ends(low, high):
        return "FloatInput", {"value": high if operator in ("<", "<=") else low}
    step = round_step(high - low)
    start, end = (float(at) for at in _ends(low, high, step))
    value = end if operator in ("<", "<=") else start
    return "FloatSlider", {"start": start, "end": end, "value": value, "step": float(step)}


def _has_round_ends(low: float, high: float) -> bool:
    """Whether a slider can say where it stands: numbers are not too large, nor too close for their size."""
    most = max(abs(low), abs(high))
    return most < _MOST_ROUND and (high == low or high - low > most * _LEAST_SPAN)


def _beyond(operator: str, low: int, high: int, start: int, end: int, step: int) -> tuple[int, int]:
    """Move an end that `<` or `>` would cut off, but not a start at zero: sizes below it would look odd."""
    if operator == "<" and end == high:
        return start, end + step
    if operator == ">" and start == low and low != 0:
        return start - step, end
    return start, end


def _ends(low: float, high: float, step: Decimal) -> tuple[Decimal, Decimal]:
    return round_ends(low, high, step)


def _whole_step(low: int, high: int) -> Decimal:
    return Decimal(1) if high - low <= _SINGLE_STEPS else round_step(high - low)


def _moment(operator: str, low: dt.datetime, high: dt.datetime) -> Fit:
    if operator in ("=", "<>"):
        return "DatetimePicker", {"start": low, "end": high, "value": high}
    start, end = _moment_ends(low, high, 60)
    return "DatetimePicker", {"start": start, "end": end, "value": end if operator in ("<", "<=") else start}


def _moments(low: dt.datetime, high: dt.datetime) -> Fit:
    step = moment_step(low, high)
    start, end = _moment_ends(low, high, step)
    return "DatetimeRangeSlider", {"start": start, "end": end, "value": (start, end), "step": step * 1000}


def _moment_ends(low: dt.datetime, high: dt.datetime, step: int) -> tuple[dt.datetime, dt.datetime]:
    try:
        return moment_ends(low, high, step)
    except OverflowError:  # the last day that Python has
        return low, high


def _next_day(day: dt.date) -> dt.date:
    return day + dt.timedelta(days=1) if day < dt.date.max else day


def _empty_range(widget: str, start: Literal, end: Literal) -> Fit:
    return widget, {"start": start, "end": end, "value": (start, end)}
