"""Arrow tables as the engine scans them where Arrow cannot filter: by columns only; `arrow_scan` says when, and why."""

from typing import Any

import pyarrow as pa
import pyarrow.dataset as ds


class UnfilteredDataset(ds.Dataset):
    """A table that is scanned by columns only.

    Args:
        table: What is scanned.
        hidden: Name of one more column, of views, that is promised so that no filter is pushed, and never to be read.
    """

    def __init__(self, table: pa.Table, hidden: str | None = None) -> None:
        # Not Arrow's own, which refuses: the engine needs the schema and the scanner, and no more.
        self._table = table
        schema: Any = table.schema
        self._schema = schema if hidden is None else schema.append(pa.field(hidden, pa.string_view()))

    @property
    def schema(self) -> pa.Schema:
        """The table's columns, and the hidden one."""
        return self._schema

    def scanner(self, columns: Any = None, **options: Any) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Return a scanner of some columns and all rows."""
        options.pop("filter", None)
        arrow: Any = ds
        return arrow.dataset(self._table).scanner(columns=columns, **options)
