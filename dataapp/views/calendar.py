"""Moments before year 1 or after 9999, and infinite ones: the engine has them, and what writes text ends in panic."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from dataapp.views.nested import changed, has

_UNITS = {"s": 86_400, "ms": 86_400_000, "us": 86_400_000_000, "ns": 86_400_000_000_000}  # of a day
_FIRST_DAY, _AFTER_THE_LAST = -719_162, 2_932_897  # year 1 and year 10000, counted from 1970


def spelled_beyond_the_calendar(column: Any) -> Any:
    """Return a column of Arrow with all its moments as text, if one of them lies beyond the calendar; else as it is.

    Example:
        >>> spelled_beyond_the_calendar(pa.array([2**31 - 1, 0, None], pa.date32())).to_pylist()
        ['infinity', '1970-01-01', None]
    """
    if not has(column.type, _is_moment) or not any(map(_is_beyond, _moments(column))):
        return column
    numbers = column.cast(changed(column.type, _number_type))
    spelled = changed(column.type, lambda kind: pa.string() if _is_moment(kind) else kind)
    return pa.array([_spelled(value, column.type) for value in numbers.to_pylist()], spelled)


def _is_moment(kind: pa.DataType) -> bool:
    return pa.types.is_date32(kind) or pa.types.is_timestamp(kind)


def _number_type(kind: pa.DataType) -> pa.DataType:
    return pa.int32() if pa.types.is_date32(kind) else pa.int64() if pa.types.is_timestamp(kind) else kind


def _moments(column: Any) -> Iterator[Any]:
    """Return all arrays of moments in a column."""
    if _is_moment(column.type):
        yield column
    elif pa.types.is_struct(column.type):
        for part in column.flatten():
            yield from _moments(part)
    elif pa.types.is_map(column.type):
        yield from _moments(column.keys)
        yield from _moments(column.items)
    elif pa.types.is_nested(column.type) and not pa.types.is_union(column.type):
        yield from _moments(column.flatten())


def _is_beyond(moments: Any) -> bool:
    numbers = moments.cast(_number_type(moments.type))
    least, greatest = pc.min(numbers).as_py(), pc.max(numbers).as_py()
    if least is None:
        return False
    per_day = 1 if pa.types.is_date32(moments.type) else _UNITS[moments.type.unit]
    last = _largest(moments.type)  # of nanoseconds, infinity lies within the calendar
    return least < _FIRST_DAY * per_day or greatest >= min(_AFTER_THE_LAST * per_day, last) or least == -last


def _largest(kind: pa.DataType) -> int:
    return 2**31 - 1 if pa.types.is_date32(kind) else 2**63 - 1


def _spelled(value: Any, type_: pa.DataType) -> Any:
    kind: Any = type_
    if value is None or not has(type_, _is_moment):
        return value
    if pa.types.is_struct(type_):
        return {field.name: _spelled(value[field.name], field.type) for field in kind}
    if pa.types.is_map(type_):
        return [(_spelled(key, kind.key_type), _spelled(item, kind.item_type)) for key, item in value]
    if pa.types.is_nested(type_):
        inner: Any = kind.value_type
        return [_spelled(item, inner) for item in value]
    return _text(value, kind)


def _text(number: int, kind: Any) -> str:
    if abs(number) == _largest(kind):
        return "infinity" if number > 0 else "-infinity"
    if pa.types.is_date32(kind):
        return str(np.datetime64(number, "D"))
    day, _, clock = str(np.datetime64(number, kind.unit)).partition("T")
    whole, _, fraction = clock.partition(".")
    while fraction.endswith("000"):
        fraction = fraction[:-3]
    shown = f"{whole}.{fraction}" if fraction else whole
    return f"{day} {shown}" if kind.tz is None else f"{day}T{shown}+00:00"
