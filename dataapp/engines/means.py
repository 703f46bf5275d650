"""Means of whole numbers and decimals, divided as the engine's own `avg` divides them, to the last bit.

DuckDB adds such values up exactly, as whole numbers without their scale, and divides the sum by the count times the
scale: in the long double of C, whose size depends on the machine, or in double where values have two bytes
(`extension/core_functions/aggregate/algebraic/avg.cpp`). No SQL divides so. NumPy's `longdouble` is the same type.
"""

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa

_DECIMAL = re.compile(r"DECIMAL\((\d+),(\d+)\)")
_WHOLE = frozenset({"USMALLINT", "INTEGER", "UINTEGER", "BIGINT", "UBIGINT", "HUGEINT"})
_DIGITS_OF_TWO_BYTES = 4

type Values = "pa.Array[Any] | pa.ChunkedArray[Any]"
type Division = Callable[[Values, Values], "pa.Array[Any]"]
"""Divides sums, decimals or whole numbers of 16 bytes, by counts."""


class Mean:
    """How means of values of one type are divided.

    Attributes:
        function: What the function is called.
        total: The SQL type of the sums that it takes.
        division: What it does.
    """

    def __init__(self, scale: int, *, is_narrow: bool) -> None:
        """Describe it.

        Args:
            scale: How many digits of the values stand behind the point.
            is_narrow: Whether they have two bytes.
        """
        self.function = f"dataapp_mean_{'narrow_' if is_narrow else ''}{scale}"
        self.total = f"DECIMAL(38,{scale})" if scale else "HUGEINT"
        self.division = _division(scale, np.float64 if is_narrow else np.longdouble)

    @property
    def sql(self) -> str:
        """The mean of values whose sum is `__sum` and whose count is `__count`."""
        return f"{self.function}(__sum::{self.total}, __count::BIGINT)"


def mean_of(sql_type: str) -> Mean | None:
    """Return how the engine divides means of a type, or None where it divides two doubles, or not at all.

    Example:
        >>> mean = mean_of("DECIMAL(9,2)")
        >>> mean.sql
        'dataapp_mean_2(__sum::DECIMAL(38,2), __count::BIGINT)'
        >>> mean_of("DOUBLE") is None
        True
    """
    if sql_type in _WHOLE:
        return Mean(0, is_narrow=False)
    if (found := _DECIMAL.fullmatch(sql_type)) is None:
        return None
    width, scale = map(int, found.groups())
    return Mean(scale, is_narrow=width <= _DIGITS_OF_TWO_BYTES)


def _division(scale: int, kind: type[np.longdouble | np.float64]) -> Division:
    tens, word = kind(float(10**scale)), kind(2**64)

    def divide(totals: Values, counts: Values) -> "pa.Array[Any]":
        totals, counts = _in_one(totals), _in_one(counts)
        words = np.frombuffer(totals.buffers()[1] or b"", np.uint64, 2 * len(totals), 16 * totals.offset)
        low, high = words[::2], words[1::2].view(np.int64)
        sums = high.astype(kind) * word + low.astype(kind)
        sums = np.where(high == -1, -(~low).astype(kind) - 1, sums)  # else small negative ones would be rounded
        with np.errstate(all="ignore"):  # of what is null
            means = sums / (counts.fill_null(0).to_numpy().astype(kind) * tens)
        return pa.array(means.astype(np.float64), mask=totals.is_null().to_numpy(zero_copy_only=False))

    divide.__annotations__.clear()  # the engine would take them for types of SQL
    return divide


def _in_one(values: Values) -> "pa.Array[Any]":
    return values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values
