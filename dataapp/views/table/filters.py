"""What a reader types under a column's name, understood according to the column's type.

=============  =============================================================================
column         understood
=============  =============================================================================
numbers        ``5``, ``= 5``, ``!= 5``, ``>= 5``, ``5..10``, ``5..``, ``..10``, ``1,000``;
               ``5..<10`` leaves out its end
dates, times   the same with ``2024``, ``2024-03``, ``2024-03-05``, ``2024-03-05 09:30``, ``09:30``;
               what is left out stands for all of it: ``2024-03`` is any moment of that March
booleans       ``true``, ``no``, ``1``, ...
text, others   text that occurs in the value whatever its case, ``= text``, ``!= text``;
               in quotes, text is taken as it is
all            ``is null``, ``not null``
=============  =============================================================================
"""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_FLOOR, Decimal, InvalidOperation, localcontext
from typing import Literal

from dataapp.engines.relation import Column
from dataapp.errors import InputError
from dataapp.views.table.columns import Kind, decimal_places, kind_of
from dataapp.views.table.grouping import Part

type Operator = Literal["=", "<>", "<", "<=", ">", ">="]


@dataclass(frozen=True, slots=True)
class IsNull:
    """The value is null, or is not."""

    negated: bool = False


@dataclass(frozen=True, slots=True)
class Contains:
    """The value's text holds this text, whatever the case of either."""

    text: str


@dataclass(frozen=True, slots=True)
class Equals:
    """The value's text is exactly this text, or is not."""

    text: str
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Compare:
    """The value compares like this with one that is bound, and cast to `type` if that is given."""

    operator: Operator
    value: bool | int | float | str | Decimal
    type: str | None = None


@dataclass(frozen=True, slots=True)
class All:
    """The value meets every one of these, or not every one."""

    conditions: tuple[Compare, ...]
    negated: bool = False


@dataclass(frozen=True, slots=True)
class InGroup:
    """The value, or the part of it that rows are grouped by, has this text, or is null. It is never typed."""

    part: Part
    text: str | None


type Condition = IsNull | Contains | Equals | Compare | All | InGroup

_NEVER = All((), negated=True)
_OPERATORS: dict[str, Operator] = {
    "=": "=",
    "==": "=",
    "!=": "<>",
    "<>": "<>",
    "≠": "<>",
    "<": "<",
    "<=": "<=",
    "≤": "<=",
    ">": ">",
    ">=": ">=",
    "≥": ">=",
}
_OPERATION = re.compile(r"(<=|>=|<>|!=|==|[≤≥≠=<>])\s*(.*)", re.DOTALL)
_NULL_WORDS = {"null": False, "is null": False, "= null": False, "not null": True, "is not null": True, "!= null": True}
_BOOLEANS = {
    **dict.fromkeys(("true", "t", "yes", "y", "1"), True),
    **dict.fromkeys(("false", "f", "no", "n", "0"), False),
}
_THOUSANDS = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d*)?")
_MOST_DIGITS = 38  # of the engine's widest exact number
_SMALLEST_EXPONENT = 1000  # of a number that a reader may mean
_LARGEST_FLOAT = 3.4028234663852886e38  # of single precision
_MOMENT = re.compile(r"(\d{4})(?:-(\d\d?)(?:-(\d\d?)(?:[T ]+(\d\d?:\d\d\S*|\d\d?))?)?)?")
_FIRST_DAY, _LAST_MOMENT = datetime.min, datetime.max  # noqa: DTZ901 - the column says which zone is meant
_CLOCK = re.compile(r"(\d\d?)(?::(\d\d)(?::(\d\d)(?:\.(\d{1,6}))?)?)?")


def parse_filter(text: str, column: Column) -> Condition | None:
    """Return the condition that a reader's text asks for, or None if it asks for nothing.

    Raises:
        InputError: The text makes no sense for a column of this type.

    Example:
        >>> parse_filter(">= 2.5", Column("size", "INTEGER"))
        Compare(operator='>', value=2, type=None)
        >>> parse_filter("aapl", Column("symbol", "VARCHAR"))
        Contains(text='aapl')
    """
    text = text.strip()
    if not text:
        return None
    kind = kind_of(column)
    negated = _NULL_WORDS.get(" ".join(text.lower().split()))
    if negated is not None and (kind not in {Kind.TEXT, Kind.OTHER} or text.lower().endswith(" null")):
        return IsNull(negated)
    found = _OPERATION.fullmatch(text)
    operator, operand = (_OPERATORS[found[1]], found[2].strip()) if found else ("=", text)
    if found and not operand:
        raise InputError(f"Nothing follows `{found[1]}`.", hint=f"try {_examples(kind)}")
    if kind is Kind.TEXT or kind is Kind.OTHER:
        return _text(operator if found else None, operand, text)
    if kind is Kind.BOOLEAN:
        return _boolean(operator, operand)
    compare = _comparison(column, kind)
    low, dots, high = operand.partition("..")
    if not dots:
        return compare(operator, operand)
    is_open = high.startswith("<")
    low, high = low.strip(), high.removeprefix("<").strip()
    if found or not (low or high) or (is_open and not high):
        raise InputError(f"`{text}` is not a range.", hint=f"try {_examples(kind)}")
    return _range(compare, low, high, "<" if is_open else "<=")


def _examples(kind: Kind) -> str:
    if kind in {Kind.INTEGER, Kind.DECIMAL, Kind.FLOAT}:
        return "5, >= 5, 5..10 or is null"
    if kind in {Kind.DATE, Kind.TIMESTAMP}:
        return "2024-03, >= 2024-03-05, 2024..2025 or is null"
    if kind is Kind.TIME:
        return "09:30, >= 09:30, 09:30..16:00 or is null"
    return "true, false or is null" if kind is Kind.BOOLEAN else "part of the text, = the whole text or is null"


def _text(operator: Operator | None, operand: str, text: str) -> Condition:
    if operator in {"=", "<>"}:
        return Equals(_unquoted(operand), negated=operator == "<>")
    return Contains(_unquoted(text))  # text that starts with `<` is looked for as it is


def _unquoted(text: str) -> str:
    quoted = len(text) >= 2 and text[0] == text[-1] and text[0] in "\"'"
    return text[1:-1] if quoted else text


def _boolean(operator: Operator, operand: str) -> Condition:
    value = _BOOLEANS.get(operand.lower())
    if value is None or operator not in {"=", "<>"}:
        raise InputError(f"`{operand}` is neither true nor false.", hint=f"try {_examples(Kind.BOOLEAN)}")
    return Compare(operator, value)


def _comparison(column: Column, kind: Kind) -> Callable[[Operator, str], Condition]:
    if kind is Kind.FLOAT:
        return lambda operator, text: Compare(operator, _float(text, column.type), column.type)
    if kind in {Kind.INTEGER, Kind.DECIMAL}:
        return lambda operator, text: _exact(operator, text, decimal_places(column))
    return lambda operator, text: _moment(operator, text, kind, column.type)


def _range(compare: Callable[[Operator, str], Condition], low: str, high: str, last: Literal["<", "<="]) -> Condition:
    ends = (*((compare(">=", low),) if low else ()), *((compare(last, high),) if high else ()))
    compared = tuple(end for end in ends if isinstance(end, Compare))  # the last day there is bounds nothing
    return All(compared) if compared else IsNull(negated=True)


def _number[T](text: str, read: Callable[[str], T]) -> T:
    try:
        return read(text.replace(",", "") if _THOUSANDS.fullmatch(text) else text)
    except (ValueError, InvalidOperation) as error:
        raise InputError(f"`{text}` is not a number.", hint=f"try {_examples(Kind.FLOAT)}") from error


def _float(text: str, type_: str) -> float:
    number = _number(text, float)
    return math.copysign(math.inf, number) if type_ == "FLOAT" and abs(number) > _LARGEST_FLOAT else number


def _exact(operator: Operator, text: str, places: int) -> Condition:
    """Compare with a number that has no more digits after the point than the column, so that nothing is rounded."""
    number = _number(text, Decimal)
    if not number.is_finite():
        raise InputError(f"`{text}` is not a number that this column can hold.", hint=f"try {_examples(Kind.INTEGER)}")
    if not -_SMALLEST_EXPONENT < number.adjusted() < _MOST_DIGITS - places:
        raise InputError(f"`{text}` is out of the range of this column.")
    with localcontext(prec=2 * _MOST_DIGITS):
        below = number.quantize(Decimal(1).scaleb(-places), rounding=ROUND_FLOOR)
    value = below if places else int(below)
    if below == number:
        return Compare(operator, value)
    if operator == "=":
        return _NEVER
    if operator == "<>":
        return IsNull(negated=True)
    return Compare("<=" if operator in {"<", "<="} else ">", value)


def _moment(operator: Operator, text: str, kind: Kind, type_: str) -> Condition:
    """Compare with a span of time: its first moment, and the first moment after it, if there is one."""
    try:
        first, after = _clock(text) if kind is Kind.TIME else _span(text)
    except ValueError as error:
        noun = "time" if kind is Kind.TIME else "date"
        raise InputError(f"`{text}` is not a {noun}.", hint=f"try {_examples(kind)}") from error
    if kind is Kind.DATE and " " in text.replace("T", " "):
        raise InputError(f"`{text}` has a time of day, and this column has none.", hint=f"try {_examples(kind)}")

    def bound(operator: Operator, moment: datetime) -> Compare:
        if kind is Kind.TIME:
            return Compare(operator, moment.time().isoformat(), type_)
        if kind is Kind.DATE:
            return Compare(operator, moment.date().isoformat(), "DATE")
        return Compare(operator, moment.isoformat(" "), "TIMESTAMP" if "ZONE" not in type_ else "TIMESTAMPTZ")

    if operator in {"=", "<>"}:
        ends = (bound(">=", first), *(() if after is None else (bound("<", after),)))
        return All(ends, negated=operator == "<>")
    if operator in {"<", ">="}:
        return bound(operator, first)
    if after is None:  # the last span there is: nothing lies after it
        return _NEVER if operator == ">" else IsNull(negated=True)
    return bound(">=" if operator == ">" else "<", after)


def _span(text: str) -> tuple[datetime, datetime | None]:
    found = _MOMENT.fullmatch(text)
    if found is None:
        raise ValueError(text)
    year, month, day, clock = found.groups()
    first = datetime(int(year), int(month or 1), int(day or 1))  # noqa: DTZ001 - as above
    if clock is not None:
        start, after = _clock(clock)
        length = timedelta(days=1) - (start - _FIRST_DAY) if after is None else after - start
        return _until(first + (start - _FIRST_DAY), length)
    if day is not None:
        return _until(first, timedelta(days=1))
    if month is not None and first.month < 12:
        return first, first.replace(month=first.month + 1)
    return first, first.replace(year=first.year + 1, month=1) if first.year < _LAST_MOMENT.year else None


def _clock(text: str) -> tuple[datetime, datetime | None]:
    """Return a span of the day on the first day there is; the last one has no end."""
    found = _CLOCK.fullmatch(text)
    if found is None:
        raise ValueError(text)
    hour, minute, second, fraction = found.groups()
    micro = int((fraction or "0").ljust(6, "0"))
    first = _FIRST_DAY.replace(hour=int(hour), minute=int(minute or 0), second=int(second or 0), microsecond=micro)
    if fraction is not None:
        length = timedelta(microseconds=10 ** (6 - len(fraction)))
    else:
        length = (
            timedelta(hours=1) if minute is None else timedelta(minutes=1) if second is None else timedelta(seconds=1)
        )
    after = first + length
    return first, after if after.date() == first.date() else None


def _until(first: datetime, length: timedelta) -> tuple[datetime, datetime | None]:
    return first, first + length if first <= _LAST_MOMENT - length else None
