"""Values that an engine can bind: what widgets hold, made plain."""

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, cast
from uuid import UUID

from dataapp.cells.steps import Steps
from dataapp.cells.values import Bound
from dataapp.errors import TypeMismatchError

_PLAIN = (bool, int, float, str, bytes, Decimal, dt.date, dt.time, dt.timedelta, UUID, type(None))


def bindable(value: object, sql_type: str | None, name: str, cell: str, steps: Steps | None = None) -> Bound:
    """Return a value as it is bound to a parameter.

    Tuples (of range widgets), sets and arrays become lists; items of NumPy and pandas become Python's.

    Raises:
        TypeMismatchError: No SQL value corresponds to it.

    Example:
        >>> bindable((1, 5), None, "size", "trades")
        Bound(value=[1, 5], type=None)
    """
    return Bound(_plain(value, name, cell), sql_type, steps)


def _plain(value: object, name: str, cell: str) -> object:
    thing = cast("Any", value)
    if hasattr(value, "to_pydatetime"):
        return thing.to_pydatetime()
    if hasattr(value, "to_pytimedelta"):
        return thing.to_pytimedelta()
    if isinstance(value, _PLAIN):
        return value
    if type(value).__module__ == "numpy":
        return _plain(thing.tolist(), name, cell)
    if isinstance(value, list | tuple | set | frozenset):
        items = [_plain(item, name, cell) for item in thing]
        return sorted(items, key=repr) if isinstance(value, set | frozenset) else items
    if isinstance(value, Mapping):
        return {str(key): _plain(item, name, cell) for key, item in thing.items()}
    raise TypeMismatchError(
        f"Parameter `${name}` of `{cell}` is a {type(value).__name__}, which is no SQL value.",
        hint="use a number, text, date, time, list or range; a frame is read as a table",
        cell=cell,
    )
