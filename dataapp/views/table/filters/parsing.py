"""What a reader types as a filter of a column, understood according to the column's type.

=============  =============================================================================
column         understood
=============  =============================================================================
numbers        ``5``, ``= 5``, ``!= 5``, ``>= 5``, ``5..10``, ``5..``, ``..10``, ``1,000``;
               ``5..<10`` leaves the upper end out, ``5<..10`` the lower one
dates, times   the same with ``2024``, ``2024-03``, ``2024-Q3``, ``2024-03-05``,
               ``2024-03-05 09:30``, ``09:30``, ``today``, ``yesterday``, ``this week``,
               ``last month``, ``last 7 days``, ...; what is left out stands for all of it:
               ``2024-03`` is any moment of that March
booleans       ``true``, ``no``, ``1``, ...
text, others   text that occurs in the value whatever its case, ``starts text``,
               ``ends text``, ``/expression/``, each of them with ``!`` before it for its
               contrary; ``= text``, ``!= text``; in quotes, text is taken as it is
all            ``in A, "B, C", null``, ``not in A, B``, ``is null``, ``not null``;
               ``or null`` after any other keeps nulls, too
=============  =============================================================================
"""

import math
import re
import struct
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal, InvalidOperation, localcontext

from dataapp.engines.duckdb import pattern_fault
from dataapp.engines.relation import Column
from dataapp.errors import InputError
from dataapp.views.table.columns import Kind, decimal_places, kind_of
from dataapp.views.table.filters.conditions import (
    NEVER,
    All,
    AnyOf,
    Compare,
    Condition,
    Contains,
    Equals,
    IsNull,
    Matches,
    Operator,
    OrNull,
    Place,
)
from dataapp.views.table.filters.moments import Now, clock_span, date_span, has_clock

type _Read = Callable[[Operator, str], Condition]

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
_RANGE = re.compile(r"(.*?)(<?)\.\.(<?)(.*)", re.DOTALL)
_LIST = re.compile(r"(not\s+)?in\s+(.+)", re.DOTALL | re.IGNORECASE)
_ITEM = re.compile(r"""\s*(?:"((?:[^"]|"")*)"\s*|'((?:[^']|'')*)'\s*|((?:[^,"'\s][^,]*)?))(?:,|$)""")
_PATTERN = re.compile(r"/(.+)/", re.DOTALL)
_PLACE = re.compile(r"(starts|ends)\s+(.+)", re.DOTALL | re.IGNORECASE)
_PLACES: dict[str, Place] = {"starts": "start", "ends": "end"}
_NULL_WORDS = {"null": False, "is null": False, "= null": False, "not null": True, "is not null": True, "!= null": True}
_BOOLEANS = {
    **dict.fromkeys(("true", "t", "yes", "y", "1"), True),
    **dict.fromkeys(("false", "f", "no", "n", "0"), False),
}
_THOUSANDS = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d*)?")
_MOST_DIGITS = 38  # of the engine's widest exact number
_SMALLEST_EXPONENT = 1000  # of a number that a reader may mean
FIRST_NANOSECOND = datetime(1677, 9, 22)  # noqa: DTZ001 - these have no zone
_LAST_NANOSECOND = datetime(2262, 4, 11, 23, 47, 16, 854775)  # noqa: DTZ001
_FIRST_OF_TYPE, LAST_OF_TYPE = "1677-09-22 00:00:00", "2262-04-11 23:47:16.854775806"
AFTER_THE_CALENDAR = "10000-01-01"  # the first day that no filter names; later ones and infinities are columns' own


def parse_filter(text: str, column: Column, now: Now = datetime.now) -> Condition | None:
    """Return the condition that a reader's text asks for, or None if it asks for nothing.

    Args:
        text: What was typed.
        column: The column that it is about.
        now: The moment that words such as ``today`` are relative to.

    Raises:
        InputError: The text makes no sense for a column of this type.

    Example:
        >>> parse_filter(">= 2.5", Column("size", "INTEGER"))
        Compare(operator='>=', value=3, type=None)
        >>> parse_filter("aapl", Column("symbol", "VARCHAR"))
        Contains(text='aapl', place='anywhere', negated=False)
    """
    text = text.strip()
    if not text:
        return None
    kind = kind_of(column)
    words = text.rsplit(maxsplit=2)
    if [word.lower() for word in words[1:]] == ["or", "null"]:
        return _or_null(_without_null(words[0], column, kind, now))
    return _without_null(text, column, kind, now)


def _or_null(condition: Condition) -> Condition:
    match condition:
        case IsNull(negated=True):
            return AnyOf((), negated=True)
        case IsNull() | OrNull():
            return condition
        case AnyOf():
            return replace(condition, null=not condition.negated)
        case _:
            return OrNull(condition)


def _without_null(text: str, column: Column, kind: Kind, now: Now) -> Condition:
    negated = _NULL_WORDS.get(" ".join(text.lower().split()))
    if negated is not None and (not _is_text(kind) or text.lower().endswith(" null")):
        return IsNull(negated)
    read = _reading(column, kind, now)
    listed = _LIST.fullmatch(text)
    if listed is not None:
        return _list(listed[2].strip(), read, kind, negated=listed[1] is not None)
    found = _OPERATION.fullmatch(text)
    operator, operand = (_OPERATORS[found[1]], found[2].strip()) if found else ("=", text)
    if found and not operand:
        raise InputError(f"Nothing follows `{found[1]}`.", hint=f"try {_examples(kind)}")
    if _is_text(kind):
        return read(operator, operand) if found and operator in {"=", "<>"} else _looked_for(text)
    return _compared(operator, operand, read, kind)


def _is_text(kind: Kind) -> bool:
    return kind is Kind.TEXT or kind is Kind.OTHER


def _examples(kind: Kind) -> str:
    if kind in {Kind.INTEGER, Kind.DECIMAL, Kind.FLOAT}:
        return "5, >= 5, 5..10 or is null"
    if kind in {Kind.DATE, Kind.TIMESTAMP}:
        return "2024-03, >= 2024-03-05, 2024..2025, last 7 days or is null"
    if kind is Kind.TIME:
        return "09:30, >= 09:30, 09:30..16:00 or is null"
    if kind is Kind.BOOLEAN:
        return "true, false or is null"
    return "part of the text, = the whole text, in one, another or is null"


def _reading(column: Column, kind: Kind, now: Now) -> _Read:
    """Return what reads a value of a column, and compares with it."""
    if _is_text(kind):
        return lambda operator, text: Equals(_unquoted(text), negated=operator == "<>")
    if kind is Kind.BOOLEAN:
        return _boolean
    if kind is Kind.FLOAT:
        return lambda operator, text: Compare(operator, _float(text, column.type), column.type)
    if kind in {Kind.INTEGER, Kind.DECIMAL}:
        return lambda operator, text: _in_type(_exact(operator, text, decimal_places(column)), column.type)
    return lambda operator, text: _moment(operator, text, kind, column.type, now)


# Text.


def _looked_for(text: str) -> Condition:
    """Understand what is looked for within text; what starts with `<` is looked for as it is."""
    if len(text) > 1 and text[0] == "!":
        return replace(_part(text[1:].strip()), negated=True)
    return _part(text)


def _part(text: str) -> Contains | Matches:
    pattern, place = _PATTERN.fullmatch(text), _PLACE.fullmatch(text)
    if pattern is not None:
        fault = pattern_fault(pattern[1])
        if fault is not None:
            raise InputError(f"`{text}` is not a regular expression: {fault}.", hint="in quotes, it is plain text")
        return Matches(pattern[1])
    if place is not None:
        return Contains(_unquoted(place[2]), _PLACES[place[1].lower()])
    return Contains(_unquoted(text))


def _unquoted(text: str) -> str:
    quoted = len(text) >= 2 and text[0] == text[-1] and text[0] in "\"'"
    return text[1:-1] if quoted else text


# Lists.


def _list(text: str, read: _Read, kind: Kind, *, negated: bool) -> Condition:
    items: dict[Equals | Compare | All, None] = {}
    has_null = False
    for item, is_quoted in [] if text == "()" else _items(text):
        if not is_quoted and item.lower() == "null":
            has_null = True
            continue
        found = Equals(item) if _is_text(kind) else _compared("=", item, read, kind)
        if isinstance(found, Equals | Compare | All):
            items[found] = None
        elif found != NEVER:
            raise InputError(f"`{item}` is every value, which makes no list.")
    return AnyOf(tuple(items), has_null, negated)


def _items(text: str) -> list[tuple[str, bool]]:
    """Return the items of a list, and whether they stand in quotes; a comma at the end stands before nothing."""
    items: list[tuple[str, bool]] = []
    at = 0
    while at < len(text):
        found = _ITEM.match(text, at)
        if found is None:
            raise InputError(f"A quote is not closed, or text follows it: `{text[at:].strip()}`.")
        double, single, bare = found.groups()
        if double is not None:
            items.append((double.replace('""', '"'), True))
        elif single is not None:
            items.append((single.replace("''", "'"), True))
        elif bare:
            items.append((bare.rstrip(), False))
        at = found.end()
    if not items:
        raise InputError(f"`{text}` lists nothing.", hint='try in A, "B, C"; an empty list is ()')
    return items


# What can be compared.


def _compared(operator: Operator, operand: str, read: _Read, kind: Kind) -> Condition:
    found = None if kind is Kind.BOOLEAN else _RANGE.fullmatch(operand)
    if found is None:
        return read(operator, operand)
    low, above, below, high = found[1].strip(), found[2], found[3], found[4].strip()
    is_range = operator in {"=", "<>"} and (low or high) and (low or not above) and (high or not below)
    if not is_range:
        raise InputError(f"`{operand}` is not a range.", hint=f"try {_examples(kind)}")
    ends = (
        *((read(">" if above else ">=", low),) if low else ()),
        *((read("<" if below else "<=", high),) if high else ()),
    )
    if NEVER in ends:
        return IsNull(negated=True) if operator == "<>" else NEVER
    compared = tuple(end for end in ends if isinstance(end, Compare))  # the last day there is bounds nothing
    if compared:
        return All(compared, negated=operator == "<>")
    return NEVER if operator == "<>" else IsNull(negated=True)


def _boolean(operator: Operator, operand: str) -> Condition:
    value = _BOOLEANS.get(operand.lower())
    if value is None or operator not in {"=", "<>"}:
        raise InputError(f"`{operand}` is neither true nor false.", hint=f"try {_examples(Kind.BOOLEAN)}")
    return Compare(operator, value)


def _number[T](text: str, read: Callable[[str], T]) -> T:
    try:
        return read(text.replace(",", "") if _THOUSANDS.fullmatch(text) else text)
    except (ValueError, InvalidOperation) as error:
        raise InputError(f"`{text}` is not a number.", hint=f"try {_examples(Kind.FLOAT)}") from error


def _float(text: str, type_: str) -> float | str:
    number = _number(text, float)
    if math.isnan(number):
        return "nan"  # which equals itself
    return _single(number) if type_ == "FLOAT" else number


def _single(number: float) -> float:
    """Return a number for single precision: infinity where it has no room for it, which the engine calls an error."""
    try:
        struct.pack("<f", number)
    except OverflowError:
        return math.copysign(math.inf, number)
    return number


def _exact(operator: Operator, text: str, places: int) -> Condition:
    """Compare with a number that has no more digits after the point than the column, so that nothing is rounded."""
    number = _number(text, Decimal)
    if not number.is_finite():
        raise InputError(f"`{text}` is not a number that this column can hold.", hint=f"try {_examples(Kind.INTEGER)}")
    if number and not -_SMALLEST_EXPONENT < number.adjusted() < _MOST_DIGITS - places:
        raise InputError(f"`{text}` is out of the range of this column.")
    is_low = operator in {">", ">="}
    with localcontext(prec=2 * _MOST_DIGITS):
        near = number.quantize(Decimal(1).scaleb(-places), rounding=ROUND_CEILING if is_low else ROUND_FLOOR)
    value = near if places else int(near)
    if near == number:
        return Compare(operator, value)
    if operator == "=":
        return NEVER
    if operator == "<>":
        return IsNull(negated=True)
    if near.adjusted() >= _MOST_DIGITS - places:  # rounded up beyond all that there are
        if places:
            return NEVER
        raise InputError(f"`{text}` is out of the range of this column.")
    return Compare(">=" if is_low else "<=", value)


def _in_type(condition: Condition, type_: str) -> Condition:
    """Compare in the column's own type where the engine would take another one: of 128 bits without a sign."""
    if type_ != "UHUGEINT" or not isinstance(condition, Compare):
        return condition
    if not isinstance(condition.value, int) or condition.value >= 0:
        return replace(condition, type=type_)
    return IsNull(negated=True) if condition.operator in {"<>", ">", ">="} else NEVER


def _moment(operator: Operator, text: str, kind: Kind, type_: str, now: Now) -> Condition:
    """Compare with a span of time: its first moment, and the first moment after it, if there is one."""
    try:
        first, after = clock_span(text) if kind is Kind.TIME else date_span(text, now)
    except ValueError as error:
        noun = "time" if kind is Kind.TIME else "date"
        raise InputError(f"`{text}` is not a {noun}.", hint=f"try {_examples(kind)}") from error
    if kind is Kind.DATE and has_clock(text):
        raise InputError(f"`{text}` has a time of day, and this column has none.", hint=f"try {_examples(kind)}")

    moment_type = "TIMESTAMP" if "ZONE" not in type_ else "TIMESTAMPTZ"

    def bound(operator: Operator, moment: datetime) -> Compare:
        if kind is Kind.TIME:
            return Compare(operator, moment.time().isoformat(), type_)
        if kind is Kind.DATE:
            return Compare(operator, moment.date().isoformat(), "DATE")
        if type_ == "TIMESTAMP_NS" and not FIRST_NANOSECOND <= moment <= _LAST_NANOSECOND:
            return _beyond_nanoseconds(operator, moment)
        return Compare(operator, moment.isoformat(" "), moment_type)

    def following(operator: Operator) -> Compare:
        if after is not None:
            return bound(operator, after)
        if type_ == "TIMESTAMP_NS":
            return _beyond_nanoseconds(operator, first)
        if kind is Kind.DATE:
            return Compare(operator, AFTER_THE_CALENDAR, "DATE")
        return Compare(operator, f"{AFTER_THE_CALENDAR} 00:00:00", moment_type)

    is_last = after is None and kind is Kind.TIME  # nothing lies after it
    if operator in {"=", "<>"}:
        ends = (bound(">=", first), *(() if is_last else (following("<"),)))
        return All(ends, negated=operator == "<>")
    if operator in {"<", ">="}:
        return bound(operator, first)
    if is_last:
        return NEVER if operator == ">" else IsNull(negated=True)
    return following(">=" if operator == ">" else "<")


def _beyond_nanoseconds(operator: Operator, moment: datetime) -> Compare:
    """Compare with a moment that the type does not have, by the nearest one that it has; infinities lie beyond both."""
    if moment < FIRST_NANOSECOND:
        return Compare(">=" if operator in {">", ">="} else "<", _FIRST_OF_TYPE, "TIMESTAMP_NS")
    return Compare(">" if operator in {">", ">="} else "<=", LAST_OF_TYPE, "TIMESTAMP_NS")
