"""Conditions written back as the text of a filter: `parse_filter` understands each as the same condition."""

import re
from decimal import Decimal
from typing import assert_never

from dataapp.engines.relation import Column
from dataapp.errors import InputError
from dataapp.views.table.filters.conditions import (
    All,
    AnyOf,
    Compare,
    Condition,
    Contains,
    Equals,
    IsNull,
    Matches,
    OrNull,
)
from dataapp.views.table.filters.parsing import AFTER_THE_CALENDAR, LAST_OF_TYPE, parse_filter

_TEXT = Column("", "VARCHAR")
_LONGEST_WHOLE = 1e15  # floats below it are written like whole numbers where they are
_BARE_ITEM = re.compile(r"""[^\s,"'](?:[^,]*[^\s,])?""")
_DATE_PARTS = (4, 7, 10, 13, 16, 19)  # characters of a moment up to its year, month, day, hour, ...
_CLOCK_PARTS = (2, 5, 8)
_ZONED = {"TIMESTAMPTZ": "TIMESTAMP WITH TIME ZONE"}
_WORDS = {"<>": "!=", "=": "="}
_FIRST_YEAR, _LAST_YEAR = "0001", "9999"  # that filters name


def text_of(condition: Condition) -> str:
    """Return a text that asks for a condition.

    Example:
        >>> text_of(All((Compare(">=", 10), Compare("<", 20))))
        '10..<20'
        >>> text_of(AnyOf((Equals("AAPL"), Equals("MS, FT")), null=True))
        'in AAPL, "MS, FT", null'
    """
    match condition:
        case IsNull():
            return "not null" if condition.negated else "is null"
        case Contains() | Equals():
            return _text(condition)
        case Matches():
            return f"{'!' if condition.negated else ''}/{condition.pattern}/"
        case Compare():
            return _compared(condition)
        case All():
            return f"{'!= ' if condition.negated else ''}{_span(condition.conditions)}"
        case AnyOf():
            items = [*map(_item, condition.items), *(("null",) if condition.null else ())]
            return f"{'not ' if condition.negated else ''}in {', '.join(items) or '()'}"
        case OrNull():
            return f"{text_of(condition.condition)} or null"
        case _:
            assert_never(condition)


def value_text(bound: Compare) -> str:
    """Return the value that is compared with, as a reader would type it."""
    match bound.value:
        case bool():
            return "true" if bound.value else "false"
        case float():
            whole = bound.value.is_integer() and abs(bound.value) < _LONGEST_WHOLE
            return str(int(bound.value)) if whole else repr(bound.value)
        case Decimal():
            return format(bound.value, "f")
        case str() if bound.type in {"TIMESTAMP", "TIMESTAMPTZ"}:
            return bound.value.removesuffix(" 00:00:00")
        case _:
            return str(bound.value)


def _text(condition: Contains | Equals) -> str:
    sign = "!" if condition.negated else ""
    if isinstance(condition, Equals):
        lead = f"{sign}= "
    else:
        lead = sign if condition.place == "anywhere" else f"{sign}{condition.place}s "
    bare = f"{lead}{condition.text}"
    return bare if _understood(bare, _TEXT) == condition else f'{lead}"{condition.text}"'


def _compared(condition: Compare) -> str:
    if (edge := _edge(condition)) is not None:
        is_lower = condition.operator in {">", ">="}
        signs = (">=", "<") if edge == _FIRST_YEAR else (">", "<=")
        return f"{signs[0] if is_lower else signs[1]} {edge}"
    value = value_text(condition)
    return value if condition.operator == "=" else f"{_WORDS.get(condition.operator, condition.operator)} {value}"


def _span(ends: tuple[Compare, ...]) -> str:
    """Write a range; all of a year, a month, a day, ... by its name."""
    first = ends[0]
    if first.type in {"DATE", "TIMESTAMP", "TIMESTAMPTZ", "TIME"}:
        column = Column("", _ZONED.get(first.type, first.type))
        for length in _CLOCK_PARTS if first.type == "TIME" else _DATE_PARTS:
            name = str(first.value)[:length]
            if _understood(name, column) == All(ends):
                return name
    low = next((end for end in ends if end.operator in {">", ">="}), None)
    high = next((end for end in ends if end.operator in {"<", "<="}), None)
    return "".join(
        (
            "" if low is None else _low_text(low),
            "..",
            "" if high is None else _high_text(high),
        )
    )


def _low_text(end: Compare) -> str:
    if (edge := _edge(end)) is not None:
        return edge if edge == _FIRST_YEAR else f"{edge}<"
    return value_text(end) + ("<" if end.operator == ">" else "")


def _high_text(end: Compare) -> str:
    if (edge := _edge(end)) is not None:
        return f"<{edge}" if edge == _FIRST_YEAR else edge
    return ("<" if end.operator == "<" else "") + value_text(end)


def _edge(end: Compare) -> str | None:
    """Return the year that stands for an end which no date names: of the calendar, or of moments in nanoseconds."""
    if isinstance(end.value, str) and end.value.startswith(AFTER_THE_CALENDAR):
        return _LAST_YEAR
    if end.type == "TIMESTAMP_NS":
        return _LAST_YEAR if end.value == LAST_OF_TYPE else _FIRST_YEAR
    return None


def _understood(text: str, column: Column) -> Condition | None:
    try:
        return parse_filter(text, column)
    except InputError:
        return None


def _item(item: Equals | Compare | All) -> str:
    match item:
        case Equals():
            is_bare = _BARE_ITEM.fullmatch(item.text) and item.text.lower() != "null" and item.text != "()"
            quoted = item.text.replace('"', '""')
            return item.text if is_bare else f'"{quoted}"'
        case Compare():
            return value_text(item)
        case All():
            return _span(item.conditions)
        case _:
            assert_never(item)
