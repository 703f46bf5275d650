"""Arrow tables as the engine scans them where Arrow cannot filter: by columns only; `arrow_scan` says when, and why."""

from typing import Any

import pyarrow as pa
import pyarrow.dataset as ds


class UnfilteredDataset(ds.Dataset):
    """A table that is scanned by columns only."""

    def __init__(self, table: pa.Table) -> None:
        # Not Arrow's own, which refuses: the engine needs the schema and the scanner, and no more.
        self._table = table

    @property
    def schema(self) -> pa.Schema:
        """The table's columns."""
        return self._table.schema

    def scanner(self, columns: Any = None, **options: Any) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Return a scanner of some columns and all rows."""
        options.pop("filter", None)
        arrow: Any = ds
        return arrow.dataset(self._table).scanner(columns=columns, **options)
