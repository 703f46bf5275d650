"""When two values are the same, so that a wave can stop. In doubt they differ: a rerun is never wrong."""

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, cast
from uuid import UUID

import pyarrow as pa

_COMPARED_BYTES = 64 * 2**20  # a larger frame costs more to compare than most readers cost to run
_SCALARS = (bool, int, float, str, bytes, Decimal, dt.date, dt.time, dt.timedelta, UUID, type(None))
# Equal to Python, yet not the same: 0.0 and -0.0, Decimal 1 and 1.0, one moment in two time zones.
_SHOWN = (float, Decimal, dt.date, dt.time)


def is_same(old: object, new: object) -> bool:
    """Whether readers of a value would see no difference, types included.

    Example:
        >>> is_same([1, "a"], [1, "a"]), is_same(1, 1.0), is_same(1, True)
        (True, False, False)
    """
    if old is new:
        return True
    if type(old) is not type(new):
        return False
    if isinstance(old, _SCALARS):
        return repr(old) == repr(new) if isinstance(old, _SHOWN) else old == new
    if isinstance(old, list | tuple):
        return _same_items(cast("list[object]", old), cast("list[object]", new))
    if isinstance(old, Mapping):
        return _same_mapping(cast("Mapping[object, object]", old), cast("Mapping[object, object]", new))
    return _same_frames(old, new)


def _same_items(old: list[object], new: list[object]) -> bool:
    return len(old) == len(new) and all(is_same(a, b) for a, b in zip(old, new, strict=True))


def _same_mapping(old: Mapping[object, object], new: Mapping[object, object]) -> bool:
    return list(old) == list(new) and all(is_same(old[key], new[key]) for key in old)


def _same_frames(old: Any, new: Any) -> bool:
    if isinstance(old, pa.Table):
        small = max(old.nbytes, new.nbytes) <= _COMPARED_BYTES
        return small and old.schema.equals(new.schema) and bool(old.equals(new))
    if type(old).__module__.partition(".")[0] != "polars":  # not imported to ask: it takes 0.1 s
        return False
    if hasattr(old, "estimated_size"):  # a DataFrame
        small = max(old.estimated_size(), new.estimated_size()) <= _COMPARED_BYTES
        return bool(small and old.schema == new.schema and old.equals(new))
    if hasattr(old, "dtype") and hasattr(old, "equals"):  # a Series
        return bool(old.dtype == new.dtype and old.name == new.name and old.equals(new))
    return False
