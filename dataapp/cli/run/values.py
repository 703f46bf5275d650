"""From the text of an option to the value that an input takes: pure functions."""

import datetime as dt
import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import cast

from dataapp.errors import near
from dataapp.inputs.choices import Options
from dataapp.inputs.types import text_to_moment

_MOST_NAMED = 8  # options that a message lists
_TRUTHS = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}


@dataclass(frozen=True, slots=True)
class Takes:
    """What an input takes.

    Attributes:
        sql_type: The type that it promises, such as ``DOUBLE`` or ``DATE[]``, or None.
        like: A value that it takes: its shape tells ranges (a pair) from lists and single values.
        options: What it offers, or None where it offers nothing.
        is_free: Whether it also takes what it does not offer.
        start: Its lower end, or None.
        end: Its upper end, or None.
    """

    sql_type: str | None = None
    like: object = None
    options: Options | None = None
    is_free: bool = False
    start: object = None
    end: object = None

    @property
    def element(self) -> str:
        """The type of one item, or an empty text."""
        return (self.sql_type or _type_of(self.like)).removesuffix("[]")

    @property
    def is_range(self) -> bool:
        """Whether it takes a pair of ends."""
        of_type = self.like is None and self.sql_type is not None and self.sql_type.endswith("[]")
        return isinstance(self.like, tuple) or of_type


def text_to_value(text: str, takes: Takes) -> object:
    """Return the value that a text stands for.

    Args:
        text: Numbers, dates and times as people write them in ISO form; lists with commas or as JSON; ranges as
            ``10..20`` or ``[10, 20]``; choices by label or by value.
        takes: What the input takes.

    Raises:
        ValueError: It stands for nothing that the input takes; the message says why.

    Example:
        >>> text_to_value("10..20", Takes("INTEGER[]", (0, 100))), text_to_value("2024-03-01", Takes("DATE"))
        ((10, 20), datetime.date(2024, 3, 1))
    """

    def one(item: str) -> object:
        return _item(item.strip(), takes)

    if takes.is_range:
        return _range(text, takes, one)
    if isinstance(takes.like, list):
        return _list(text, takes, one)
    if takes.options is None and takes.element == "VARCHAR":
        return text
    return one(text)


def describe(takes: Takes) -> str:
    """Say what an input takes, for people.

    Example:
        >>> describe(Takes("INTEGER", 5, start=1, end=9)), describe(Takes(options=["a", "b"]))
        ('a whole number from 1 to 9', 'one of `a`, `b`')
    """
    if takes.options is not None and not takes.is_free:
        names = _names(takes.options)
        rest = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
        shown = ", ".join(f"`{name}`" for name in names[:_MOST_NAMED]) + rest
        several = "a range of" if takes.is_range else "any of" if isinstance(takes.like, list) else "one of"
        return f"{several} {shown or 'nothing: it has no options'}"
    one, several, example = _WORDS.get(takes.element, ("a JSON value", "JSON values", "1..2"))
    ends = "" if takes.start is None and takes.end is None else f" from {_shown(takes.start)} to {_shown(takes.end)}"
    if takes.is_range:
        return f"a range of {several}{ends}, such as {example}"
    return f"{several}{ends}, with commas between them" if isinstance(takes.like, list) else f"{one}{ends}"


_WORDS: Mapping[str, tuple[str, str, str]] = {
    "BOOLEAN": ("true or false", "true or false", "false..true"),
    "INTEGER": ("a whole number", "whole numbers", "10..20"),
    "BIGINT": ("a whole number", "whole numbers", "10..20"),
    "DOUBLE": ("a number", "numbers", "0.5..1.5"),
    "DATE": ("a date such as 2024-03-01", "dates", "2024-03-01..2024-03-31"),
    "TIMESTAMP": ("a time such as 2024-03-01T09:30", "times", "2024-03-01T09:30..2024-03-01T16:00"),
    "TIME": ("a time of day such as 09:30", "times of day", "09:30..16:00"),
    "VARCHAR": ("a text", "texts", "a..m"),
}


def _range(text: str, takes: Takes, one: Callable[[str], object]) -> object:
    low, dots, high = text.strip().strip("[]()").partition("..")
    if not dots:
        items = _items(text)
        if len(items) != 2:
            raise ValueError("it is no range")
        low, high = items
    ends = (one(low) if low.strip() else takes.start, one(high) if high.strip() else takes.end)
    if None in ends:
        raise ValueError("an end is missing")
    return ends


def _list(text: str, takes: Takes, one: Callable[[str], object]) -> list[object]:
    if not text.strip():
        return []
    if takes.options is not None and text.strip() in _names(takes.options):  # a label may hold a comma
        return [one(text)]
    return [one(item) for item in _items(text)]


def _items(text: str) -> list[str]:
    """Split a list: JSON, or items between commas."""
    if text.strip().startswith("["):
        try:
            found = cast("list[object]", json.loads(text))
        except ValueError:
            return text.strip().strip("[]").split(",")
        return [item if isinstance(item, str) else json.dumps(item) for item in found]
    return text.split(",")


def _item(text: str, takes: Takes) -> object:
    if takes.options is None:
        return _typed(text, takes.element)
    labels = list(takes.options) if isinstance(takes.options, dict) else []
    values = list(takes.options.values()) if isinstance(takes.options, dict) else takes.options
    if text in labels:
        return values[labels.index(text)]
    for value in values:
        if _is_written(value, text):
            return value
    if takes.is_free:
        return text
    hint = near(text, _names(takes.options))
    raise ValueError(f"`{text}` is not offered{'' if hint is None else f'; {hint}'}")


def _is_written(value: object, text: str) -> bool:
    """Whether a text is one of the ways to write a value."""
    if value is None or isinstance(value, str):
        return text == ("" if value is None else value)
    try:
        return value == _typed(text, _type_of(value)) or str(value) == text
    except ValueError:
        return str(value) == text


def _typed(text: str, element: str) -> object:
    match element:
        case "BOOLEAN":
            if text.lower() not in _TRUTHS:
                raise ValueError(f"`{text}` is neither true nor false")
            return _TRUTHS[text.lower()]
        case "INTEGER" | "BIGINT" | "DOUBLE":
            return _number(text, element)
        case "DATE" | "TIMESTAMP" | "TIME":
            return _moment(text, element)
        case "VARCHAR":
            return text
        case _:
            try:
                return json.loads(text)
            except (ValueError, RecursionError):
                return text


def _number(text: str, element: str) -> int | float:
    try:
        number = int(text)
    except ValueError:
        try:
            number = float(text)
        except ValueError:
            raise ValueError(f"`{text}` is no number") from None
    if not math.isfinite(number) or (element != "DOUBLE" and number != int(number)):
        raise ValueError(f"`{text}` is no {'finite' if element == 'DOUBLE' else 'whole'} number")
    return float(number) if element == "DOUBLE" else int(number)


def _moment(text: str, element: str) -> object:
    try:
        return text_to_moment(text, element)
    except ValueError:
        raise ValueError(f"`{text}` is no {'time of day' if element == 'TIME' else 'date'} in ISO form") from None


def _type_of(like: object) -> str:
    """Return the SQL type that a value, or the first item of a list, is written in."""
    first = next(iter(cast("list[object]", list(like))), None) if isinstance(like, list | tuple) else like
    return next((name for kind, name in _KINDS if isinstance(first, kind)), "")


_KINDS: tuple[tuple[type, str], ...] = (
    (bool, "BOOLEAN"),
    (int, "BIGINT"),
    (float, "DOUBLE"),
    (str, "VARCHAR"),
    (dt.datetime, "TIMESTAMP"),
    (dt.date, "DATE"),
    (dt.time, "TIME"),
)


def _names(options: Options) -> list[str]:
    return [str(option) for option in options]


def _shown(end: object) -> str:
    return "any" if end is None else str(end)
