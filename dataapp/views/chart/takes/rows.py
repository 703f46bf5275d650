"""The rows that a chart draws, as a file: each column as what it is, not as it travels to the browser."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from io import BytesIO
from typing import Any, Literal

import pyarrow as pa
import pyarrow.compute as pc

from dataapp.engines.relation import Column
from dataapp.errors import ChartError
from dataapp.views.chart.dataset import MOST_ROWS, Dataset
from dataapp.views.chart.plan import Plan
from dataapp.views.chart.pushdown.frame import Fetch
from dataapp.views.chart.wire import Kind, Sent
from dataapp.views.formats import open_writer
from dataapp.views.table.takes.exports import guard, guarded_names

type RowsKind = Literal["csv", "parquet", "arrow"]

ROWS_KINDS: tuple[RowsKind, ...] = ("csv", "parquet", "arrow")
_MICROSECONDS = 1000  # in a millisecond
_DAY = 86_400_000_000  # microseconds


def distinct_datasets(plan: Plan) -> tuple[Dataset, ...]:
    """Return the datasets of a chart; of several with the same rows, which layers can have, the first."""
    found: dict[object, Dataset] = {}
    for dataset in plan.datasets:
        if dataset.is_detail:
            continue
        found.setdefault((dataset.data, _whole(dataset).question), dataset)
    return tuple(found.values())


def fetch_rows(dataset: Dataset, columns: Sequence[Column], fetch: Fetch) -> pa.Table:
    """Return all rows that a chart stands for: of a line also those that are thinned out on screen.

    Of points also those that are too many for a screen; of a raster on screen, its counts.

    Args:
        dataset: The dataset.
        columns: The columns of its cell, for the types of days.
        fetch: Runs SQL with parameters on the relation.

    Raises:
        ChartError: There are more than a chart may have.
    """
    try:
        table = _whole(dataset).fetch(fetch)
    except ChartError as error:
        source = getattr(dataset.data.source, "label", dataset.data.source)
        raise ChartError(
            f"The chart stands for more than {MOST_ROWS:,} rows of {source}.",
            hint="download them from the table, da.explore(cell), or write them: cell.evaluate().write_parquet(...)",
        ) from error
    days = {column.name for column in columns if column.type == "DATE"}
    restored = [_restored(table.column(sent.name), sent, sent.name in days) for sent in dataset.file_columns]
    return pa.table(dict(zip(_own_names([sent.name for sent in dataset.file_columns]), restored, strict=True)))


def _whole(dataset: Dataset) -> Dataset:
    """Return a dataset of all rows, thinned and counted by nobody."""
    return replace(dataset, thinned=None, crowd=MOST_ROWS, asked=MOST_ROWS, scatters=frozenset())


def rows_to_file(rows: pa.Table, kind: RowsKind) -> bytes:
    r"""Return rows as a file. In CSV, a text that a spreadsheet would take for a formula gets a ``'`` in front.

    Example:
        >>> rows_to_file(pa.table({"a": ["=1+1", "b"], "n": [-1, 2]}), "csv")
        b"a,n\n'=1+1,-1\nb,2\n"
    """
    written = _guarded(rows) if kind == "csv" else rows
    sink = BytesIO()
    writer = open_writer(kind, sink, written.schema)
    for batch in written.to_batches():
        writer.write(batch)
    writer.close()
    return sink.getvalue()


def _own_names(names: Sequence[str]) -> list[str]:
    """Return how columns are called in a file: what the plan has made comes with ``__`` in front."""
    return [bare if (bare := name.removeprefix("__")) not in names else name for name in names]


def _restored(column: Any, sent: Sent, is_day: bool) -> Any:
    match sent.kind:
        case Kind.WALL | Kind.INSTANT:
            microseconds = pc.cast(pc.round(pc.multiply(column, _MICROSECONDS)), pa.int64())
            if is_day and all(moment % _DAY == 0 for moment in microseconds.unique().to_pylist() if moment is not None):
                return pc.cast(pc.cast(microseconds, pa.timestamp("us")), pa.date32())
            kind: Any = pa.timestamp("us", "UTC") if sent.kind is Kind.INSTANT else pa.timestamp("us")
            return pc.cast(microseconds, kind)
        case _:
            return column


def _guarded(rows: pa.Table) -> pa.Table:
    columns: Mapping[str, Any] = {
        name: _guarded_texts(rows.column(at)) if _is_text(rows.schema.field(at).type) else rows.column(at)
        for at, name in enumerate(guarded_names(rows.column_names))
    }
    return pa.table(dict(columns))


def _guarded_texts(column: Any) -> Any:
    return pa.array([None if text is None else guard(text) for text in column.to_pylist()], pa.string())


def _is_text(kind: pa.DataType) -> bool:
    return pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)
