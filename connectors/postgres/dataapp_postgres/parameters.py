"""Values as Postgres is given them: typed, so that they are bound and never part of the text.

A whole number gets the smallest type that a literal of it would have: ``integer``, else ``bigint``, else ``numeric``.
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any, cast
from uuid import UUID

import pyarrow as pa

from dataapp.cells.values import Bound
from dataapp.errors import TypeMismatchError

TYPES = {
    "DOUBLE": "double precision",
    "FLOAT": "real",
    "TINYINT": "smallint",
    "HUGEINT": "numeric",
    "BLOB": "bytea",
    "TIMESTAMP WITH TIME ZONE": "timestamptz",
}
"""Postgres's names of types, by DuckDB's where they differ."""

_INTEGER = 2**31
_BIGINT = 2**63


def row_of(parameters: Iterable[tuple[str, Bound]]) -> pa.RecordBatch | None:
    """Return values as one row, or None where there are none.

    Raises:
        TypeMismatchError: A value has no counterpart in Postgres.

    Example:
        >>> row_of([("low", Bound(3)), ("name", Bound("it's"))]).schema.types
        [DataType(int32), DataType(string)]
    """
    columns = {str(number): _array(name, bound) for number, (name, bound) in enumerate(parameters)}
    return pa.record_batch(columns) if columns else None


def _array(name: str, bound: Bound) -> Any:
    value = bound.value
    is_list = isinstance(value, list | tuple)
    items = list(cast("Sequence[object]", value)) if is_list else [value]
    kind, plain = _kind(name, items, bound)
    return pa.array([plain], pa.list_(kind)) if is_list else pa.array(plain, kind)


def _kind(name: str, items: list[object], bound: Bound) -> tuple[pa.DataType, list[Any]]:
    """Return one type for all items, and the items in it."""
    present = [item for item in items if item is not None]
    promised = (bound.type or "").removesuffix("[]")
    if not present:
        return (pa.float64() if promised == "DOUBLE" else pa.string() if promised else pa.null()), items
    first = present[0]
    match first:
        case bool():
            return pa.bool_(), items
        case int() | float() | Decimal():
            return _number(cast("list[Any]", items), cast("list[Any]", present), promised)
        case str():
            return pa.string(), items
        case bytes():
            return pa.binary(), items
        case UUID():
            return pa.string(), [None if item is None else str(item) for item in items]
        case dt.datetime():
            return (pa.timestamp("us") if first.tzinfo is None else pa.timestamp("us", "UTC")), items
        case dt.date():
            return pa.date32(), items
        case dt.time():
            return pa.time64("us"), items
        case dt.timedelta():
            return pa.duration("us"), items
        case _:
            raise TypeMismatchError(
                f"Parameter `${name}` is a {type(first).__name__}, which Postgres has no type for.",
                hint="bind a number, text, date, time or a list of these",
            )


def _number(items: list[Any], present: list[Any], promised: str) -> tuple[pa.DataType, list[Any]]:
    if promised in ("DOUBLE", "FLOAT") or any(isinstance(item, float) for item in present):
        return pa.float64(), [None if item is None else float(item) for item in items]
    if all(isinstance(item, int) for item in present):
        if all(-_INTEGER <= item < _INTEGER for item in present):
            return pa.int32(), items
        if all(-_BIGINT <= item < _BIGINT for item in present):
            return pa.int64(), items
    decimals = [None if item is None else Decimal(item) for item in items]
    return pa.array(decimals).type, decimals
