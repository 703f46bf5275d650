"""Arrow tables as the engine scans them: without filters that Arrow cannot apply, and copied where a plan is unsafe.

DuckDB 1.5.5 pushes no filter of a query into the scan of a table that has a column of views (string_view, which Polars
hands out), because Arrow has no kernels for them. But a filter that it derives from a join while the query runs is
pushed all the same, and Arrow fails: "Function 'array_filter' has no kernel". Such a filter only saves work, because
the join looks at the rows again. So the scan of such a table leaves out whatever filter comes. Of categories (a
dictionary of views, which Polars hands out, too) it does not know that they are views, so they are given as plain text.

Where it does push filters, Arrow takes NaN for greater than no number, and the engine for the greatest: of `x >= 0` the
rows with NaN were lost. So a table that has NaN is given with one more column of views (`hidden_column`), of which no
row is ever asked for: the engine filters by itself, and nothing is copied. `registered` puts a view before it, without
that column.

The filters that it does not push stay above the scan, and in the plan of a correlated subquery (a *delim join*) they
get wrong places: "Attempted to access index 2 within vector of size 2", after which the whole database refuses to work.
So whoever runs a query with a subquery over such a table looks at its plan first, and gives the engine a copy without
views if the plan has such a join.
"""

import re
import weakref
from typing import Any, cast

import pyarrow as pa
import pyarrow.compute as pc

_HIDDEN = "__dataapp_unfiltered"

_SUBQUERY = re.compile(
    r"(\bAS\s*(?:(?:NOT\s+)?MATERIALIZED\s*)?)?\((?:\s|--[^\n]*\n|/\*.*?\*/)*(?:SELECT|FROM|WITH|VALUES)\b",
    re.IGNORECASE | re.DOTALL,
)
_UNSAFE = "DELIM"


def may_be_unsafe(query: str) -> bool:
    """Whether a query has a subquery that is no common table expression, so that its plan has to be looked at.

    Example:
        >>> may_be_unsafe("WITH x AS (SELECT 1) FROM x"), may_be_unsafe("FROM x WHERE EXISTS (FROM y)")
        (False, True)
    """
    return any(found[1] is None for found in _SUBQUERY.finditer(query))


def is_unsafe(plan: str) -> bool:
    """Whether a plan of the engine, as text, must not run over tables with views."""
    return _UNSAFE in plan


def has_views(table: pa.Table) -> bool:
    """Whether a table has a column of views."""
    return any(map(_has_views, table.schema.types))


def without_views(table: Any) -> Any:
    """Return an Arrow table with plain texts in place of views.

    Example:
        >>> without_views(pa.table({"n": pa.array(["a"], pa.string_view())})).schema.types
        [DataType(large_string)]
    """
    return table.cast(pa.schema([field.with_type(_plain(field.type)) for field in table.schema]))


def _plain(kind: Any) -> Any:
    arrow: Any = pa
    if pa.types.is_string_view(kind):
        return pa.large_string()
    if pa.types.is_binary_view(kind):
        return pa.large_binary()
    if not _has_views(kind):
        return kind
    if pa.types.is_dictionary(kind):
        return arrow.dictionary(kind.index_type, _plain(kind.value_type), kind.ordered)
    fields = [kind.field(index).with_type(_plain(kind.field(index).type)) for index in range(kind.num_fields)]
    if pa.types.is_struct(kind):
        return arrow.struct(fields)
    if pa.types.is_fixed_size_list(kind):
        return arrow.list_(fields[0], kind.list_size)
    return arrow.large_list(fields[0]) if pa.types.is_large_list(kind) else arrow.list_(fields[0])


def has_nan(table: pa.Table) -> bool:
    """Whether a table has NaN where a filter could look at it: in columns of floats, or of structs of them.

    Of each table it is found out once.

    Example:
        >>> has_nan(pa.table({"x": [1.0, float("nan")]})), has_nan(pa.table({"x": [1.0, None]}))
        (True, False)
    """
    known = _with_nan.get(id(table))
    if known is None or known[0]() is not table:
        key = id(table)
        gone = weakref.ref(table, lambda _: _with_nan.pop(key, None))
        known = _with_nan[key] = gone, any(map(_column_has_nan, table.columns))
    return known[1]


_with_nan: dict[int, tuple[weakref.ref[pa.Table], bool]] = {}  # by identity: tables have no hash


def _column_has_nan(column: Any) -> bool:
    compute: Any = pc
    if pa.types.is_dictionary(column.type):
        return any(_column_has_nan(pa.chunked_array([chunk.dictionary])) for chunk in column.chunks)
    if pa.types.is_floating(column.type):
        return any(compute.any(compute.is_nan(chunk)).as_py() for chunk in column.chunks)
    return pa.types.is_struct(column.type) and any(map(_column_has_nan, column.flatten()))


def scannable(table: pa.Table) -> object:
    """Return what the engine should be given for a table; see `hidden_column` for one more column that it can have.

    Example:
        >>> type(scannable(pa.table({"n": ["a"]}))).__name__
        'Table'
        >>> type(scannable(pa.table({"n": pa.array(["a"], pa.string_view())}))).__name__
        'UnfilteredDataset'
    """
    hidden = hidden_column(table)
    table = _with_plain_categories(table)
    if hidden is None and not has_views(table):
        return table
    # Here: Arrow's datasets take 0.25 s to import, and the engine's client does it for its first scan of a table.
    from dataapp.engines.unfiltered import UnfilteredDataset

    return UnfilteredDataset(table, hidden)


def hidden_column(table: pa.Table) -> str | None:
    """Return the name of the column that the engine is given beside a table's own, if it is given one."""
    if has_views(table) or not has_nan(table):
        return None
    name, names = _HIDDEN, {known.lower() for known in table.column_names}
    while name in names:
        name += "_"
    return name


def _with_plain_categories(table: Any) -> Any:
    """Return a table whose categories are no views: DuckDB does not see that they are, and pushes filters."""
    kinds = [_plain(field.type) if _has_categories_of_views(field.type) else field.type for field in table.schema]
    if kinds == table.schema.types:
        return table
    return table.cast(pa.schema([field.with_type(kind) for field, kind in zip(table.schema, kinds, strict=True)]))


def _has_categories_of_views(kind: pa.DataType) -> bool:
    if pa.types.is_dictionary(kind):
        return _has_views(kind)
    fields: Any = kind
    return any(_has_categories_of_views(fields.field(index).type) for index in range(kind.num_fields))


def _has_views(kind: pa.DataType) -> bool:
    if pa.types.is_string_view(kind) or pa.types.is_binary_view(kind):
        return True
    if pa.types.is_dictionary(kind):
        return _has_views(cast("Any", kind).value_type)
    fields: Any = kind
    return any(_has_views(fields.field(index).type) for index in range(kind.num_fields))
