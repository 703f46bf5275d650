"""Arrow tables as the engine scans them: without filters that Arrow cannot apply, and copied where a plan is unsafe.

DuckDB 1.5.5 pushes no filter of a query into the scan of a table that has a column of views (string_view, which Polars
hands out), because Arrow has no kernels for them. But a filter that it derives from a join while the query runs is
pushed all the same, and Arrow fails: "Function 'array_filter' has no kernel". Such a filter only saves work, because
the join looks at the rows again. So the scan of such a table leaves out whatever filter comes. Of categories (a
dictionary of views, which Polars hands out, too) it does not know that they are views, so they are given as plain text.

The filters that it does not push stay above the scan, and in the plan of a correlated subquery (a *delim join*) they
get wrong places: "Attempted to access index 2 within vector of size 2", after which the whole database refuses to work.
So whoever runs a query with a subquery over such a table looks at its plan first, and gives the engine a copy without
views if the plan has such a join.
"""

import re
from typing import Any, cast

import pyarrow as pa

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


def scannable(table: pa.Table) -> object:
    """Return what the engine should be given for a table.

    Example:
        >>> type(scannable(pa.table({"n": ["a"]}))).__name__
        'Table'
        >>> type(scannable(pa.table({"n": pa.array(["a"], pa.string_view())}))).__name__
        'UnfilteredDataset'
    """
    table = _with_plain_categories(table)
    if not has_views(table):
        return table
    # Here: Arrow's datasets take 0.25 s to import, and the engine's client does it for its first scan of a table.
    from dataapp.engines.unfiltered import UnfilteredDataset

    return UnfilteredDataset(table)


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
