"""Fitting an input's value to what is offered: pure functions.

A value that is no longer offered is dropped; an empty single choice takes the first option; a number or date beyond
the ends moves to the nearer end.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, cast

import pyarrow as pa

from dataapp.connect.frames import to_arrow
from dataapp.errors import InputError

type Options = list[object] | dict[str, object]


def as_options(fed: object, label: str | None = None) -> Options:
    """Return the options that a cell feeds: one column is a list, two columns are labels and values.

    Raises:
        InputError: The cell has more columns, or is not a list.

    Example:
        >>> as_options(pa.table({"name": ["Apple", "IBM"], "symbol": ["AAPL", "IBM"]}))
        {'Apple': 'AAPL', 'IBM': 'IBM'}
    """
    if isinstance(fed, list | tuple):
        return list(cast("list[object]", fed))
    if isinstance(fed, Mapping):
        return {str(key): value for key, value in cast("Mapping[object, object]", fed).items()}
    table = to_arrow(fed, label or "options")
    columns = [[_plain(item) for item in column.to_pylist()] for column in table.columns]
    if len(columns) == 1:
        return columns[0]
    if len(columns) == 2:
        return {str(name): value for name, value in zip(*columns, strict=True)}
    raise InputError(
        f"The options{'' if label is None else f' of `{label}`'} come from a table with {len(columns)} columns.",
        hint="select one column of values, or two: labels and values",
        cell=label,
    )


def as_scalar(fed: object, option: str, sql_type: str | None) -> object:
    """Return the single value that a cell feeds.

    Raises:
        InputError: The cell does not have exactly one value.
    """
    value: Any = fed
    if isinstance(fed, pa.Table):
        if fed.num_rows != 1 or fed.num_columns != 1:
            raise InputError(
                f"`{option}` takes one value, but the cell that feeds it has {fed.num_rows} rows"
                f" and {fed.num_columns} columns."
            )
        value = fed.column(0)[0].as_py()
    value = _plain(value)
    if value is not None and sql_type is not None and sql_type.startswith("INTEGER"):
        return int(value)
    if value is not None and sql_type is not None and sql_type.startswith("DOUBLE"):
        return float(value)
    return value


def fit_to_options(value: object, options: Options, *, takes_first: bool) -> object:
    """Return a value with only what the options offer.

    Example:
        >>> fit_to_options(["A", "X"], ["A", "B"], takes_first=True), fit_to_options("X", ["A", "B"], takes_first=True)
        (['A'], 'A')
    """
    offered = list(options.values()) if isinstance(options, dict) else options
    if isinstance(value, list):
        return [item for item in cast("list[object]", value) if item in offered]
    if value in offered:
        return value
    return offered[0] if offered and takes_first else None


def fit_between(value: object, start: object, end: object) -> object:
    """Return a number, date or range moved between the ends, where there are ends.

    Example:
        >>> fit_between(7, None, 5), fit_between((0, 9), 1, 5), fit_between(None, 1, 5)
        (5, (1, 5), 1)
    """
    if isinstance(value, tuple):
        low, high = cast("tuple[object, object]", value)
        return (fit_between(low, start, end), fit_between(end if high is None else high, start, end))
    fitted: Any = start if value is None else value
    if fitted is None:
        return None
    if start is not None and fitted < cast("Any", start):
        fitted = start
    if end is not None and fitted > cast("Any", end):
        fitted = end
    return fitted


def _plain(value: object) -> object:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return value
