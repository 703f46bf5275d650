"""Arrow tables as the engine scans them: without the filters that Arrow cannot apply.

DuckDB 1.5.5 pushes no filter of a query into the scan of a table that has a column of views (string_view, which Polars
hands out), because Arrow has no kernels for them. But a filter that it derives from a join while the query runs is
pushed all the same, and Arrow fails: "Function 'array_filter' has no kernel". Such a filter only saves work, because
the join looks at the rows again. So the scan of such a table leaves out whatever filter comes.
"""

from typing import Any, cast

import pyarrow as pa


def scannable(table: pa.Table) -> object:
    """Return what the engine should be given for a table.

    Example:
        >>> type(scannable(pa.table({"n": ["a"]}))).__name__
        'Table'
        >>> type(scannable(pa.table({"n": pa.array(["a"], pa.string_view())}))).__name__
        'UnfilteredDataset'
    """
    if not any(map(_has_views, table.schema.types)):
        return table
    # Here: Arrow's datasets take 0.25 s to import, and the engine's client does it for its first scan of a table.
    from dataapp.engines.unfiltered import UnfilteredDataset

    return UnfilteredDataset(table)


def _has_views(kind: pa.DataType) -> bool:
    if pa.types.is_string_view(kind) or pa.types.is_binary_view(kind):
        return True
    if pa.types.is_dictionary(kind):
        return _has_views(cast("Any", kind).value_type)
    fields: Any = kind
    return any(_has_views(fields.field(index).type) for index in range(kind.num_fields))
