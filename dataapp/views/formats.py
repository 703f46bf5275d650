"""Formats of files, written batch by batch: memory holds one batch, whatever the number of rows.

Parquet and Arrow keep the types of the columns, except for what Parquet does not have. CSV and JSON write moments in
ISO form, bytes in base64, and intervals as text; CSV writes lists and structs as JSON.
"""

import base64
import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol, cast

import pyarrow as pa
import pyarrow.compute as pc

from dataapp.views.calendar import spelled_beyond_the_calendar
from dataapp.views.nested import changed, has

if TYPE_CHECKING:
    import polars as pl

type Format = str

SUFFIXES: Mapping[str, Format] = {
    ".parquet": "parquet",
    ".csv": "csv",
    ".arrow": "arrow",
    ".feather": "arrow",
    ".json": "json",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
}
BINARY = ("parquet", "arrow")
_INFINITY = 2**63 - 1  # as the engine's moments travel


class Writer(Protocol):
    """Writes batches of one schema; `close` writes what ends the file, and leaves it open."""

    def write(self, batch: pa.RecordBatch) -> None:
        """Write some rows."""
        ...

    def close(self) -> None:
        """Write the end."""
        ...


def open_writer(kind: Format, sink: BinaryIO, schema: pa.Schema, *, is_pipe: bool = False) -> Writer:
    """Start to write a table.

    Args:
        kind: The format.
        sink: Where to.
        schema: The columns.
        is_pipe: Whether the reader gets it while it is written: Arrow is then sent as a stream.
    """
    match kind:
        case "csv":
            return _Csv(sink, schema)
        case "json":
            return _Json(sink)
        case "jsonl":
            return _JsonLines(sink)
        case "arrow":
            written = pa.schema([_portable(field) for field in _fields(schema)])
            target = cast("Any", sink)  # Arrow's stubs know no protocol of files
            opened = pa.ipc.new_stream(target, written) if is_pipe else pa.ipc.new_file(target, written)
            return _Arrow(opened, written)
        case _:
            return _Parquet(sink, pa.schema([_for_parquet(field) for field in _fields(schema)]))


class _Arrow:
    def __init__(self, writer: Any, schema: pa.Schema) -> None:
        self._writer = writer
        self._schema = schema

    def write(self, batch: pa.RecordBatch) -> None:
        self._writer.write_batch(_cast(batch, self._schema))

    def close(self) -> None:
        self._writer.close()


class _Parquet(_Arrow):
    def __init__(self, sink: BinaryIO, schema: pa.Schema) -> None:
        import pyarrow.parquet as pq  # here: most pages write no files

        super().__init__(pq.ParquetWriter(sink, schema, compression="zstd"), schema)


class _Csv:
    def __init__(self, sink: BinaryIO, schema: pa.Schema) -> None:
        self._sink = sink
        self._is_first = True
        self.write(pa.RecordBatch.from_pylist([], schema=schema))  # the header, also where no row follows

    def write(self, batch: pa.RecordBatch) -> None:
        frame = _frame(batch, lambda kind: _is_nested(kind) or _is_unwritable(kind))
        self._sink.write(frame.write_csv(include_header=self._is_first).encode())
        self._is_first = False

    def close(self) -> None:
        """Nothing ends a CSV file."""


class _JsonLines:
    def __init__(self, sink: BinaryIO) -> None:
        self._sink = sink

    def write(self, batch: pa.RecordBatch) -> None:
        self._sink.write(_lines(batch))

    def close(self) -> None:
        """Nothing ends such a file."""


class _Json:
    def __init__(self, sink: BinaryIO) -> None:
        self._sink = sink
        self._is_first = True

    def write(self, batch: pa.RecordBatch) -> None:
        if batch.num_rows == 0:
            return
        self._sink.write(b"[\n" if self._is_first else b",\n")
        self._sink.write(_lines(batch).rstrip(b"\n").replace(b"\n", b",\n"))
        self._is_first = False

    def close(self) -> None:
        self._sink.write(b"[]\n" if self._is_first else b"\n]\n")


def _lines(batch: pa.RecordBatch) -> bytes:
    if batch.num_columns == 0:
        return b"{}\n" * batch.num_rows
    return _frame(batch, _is_unwritable, _json_number).write_ndjson().encode()


def write_value(value: object, sink: BinaryIO) -> None:
    """Write what is no table: as JSON.

    Raises:
        TypeError: JSON has no such thing.
    """
    sink.write((json.dumps(value, default=_plain, ensure_ascii=False) + "\n").encode())


# Columns.


def _fields(schema: pa.Schema) -> "list[pa.Field[Any]]":
    return list(schema)


def _portable(field: "pa.Field[Any]") -> "pa.Field[Any]":
    return field.with_type(changed(field.type, _without_views))


def _for_parquet(field: "pa.Field[Any]") -> "pa.Field[Any]":
    if has(field.type, _is_unknown_to_parquet):
        return field.with_type(pa.string())
    kind: Any = field.type
    return field.with_type(pa.timestamp("ms", kind.tz)) if _has_seconds(kind) else _portable(field)


def _without_views(kind: pa.DataType) -> pa.DataType:
    """Return the type that older readers know, too."""
    if pa.types.is_string_view(kind):
        return pa.string()
    if pa.types.is_binary_view(kind):
        return pa.binary()
    if pa.types.is_decimal(kind) and kind.bit_width < 128:
        return pa.decimal128(cast("Any", kind).precision, cast("Any", kind).scale)
    return kind


def _json_number(kind: pa.DataType) -> pa.DataType:
    if not pa.types.is_decimal(kind):
        return kind
    return pa.int64() if cast("Any", kind).scale == 0 else pa.float64()


def _is_unwritable(kind: pa.DataType) -> bool:
    """Whether a column holds bytes, intervals or unions, which neither Polars' CSV nor its JSON writes."""
    types = pa.types
    checks = (types.is_binary, types.is_large_binary, types.is_binary_view, types.is_fixed_size_binary)
    return has(kind, lambda one: any(is_it(one) for is_it in (*checks, types.is_interval, types.is_union)))


def _is_unknown_to_parquet(kind: pa.DataType) -> bool:
    return pa.types.is_interval(kind) or pa.types.is_union(kind)


def _has_seconds(kind: Any) -> bool:
    """Whether a type counts seconds, which Parquet does not."""
    return pa.types.is_timestamp(kind) and kind.unit == "s"


def _is_nested(kind: pa.DataType) -> bool:
    return pa.types.is_nested(kind)


def _cast(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    columns = [_cast_column(batch.column(index), field.type) for index, field in enumerate(_fields(schema))]
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def _cast_column(column: Any, kind: pa.DataType) -> Any:
    if column.type == kind:
        return column
    if _has_seconds(column.type) and not _has_seconds(kind):  # whose infinities stay infinite
        seconds = column.cast(pa.int64())
        is_infinite = pc.equal(pc.abs(seconds), pa.scalar(_INFINITY))
        return pc.if_else(is_infinite, seconds, pc.multiply(seconds, 1000)).cast(kind)
    is_spelled = kind == pa.string() and has(column.type, _is_unknown_to_parquet)
    return _texts(column) if is_spelled else column.cast(kind)


def _frame(
    batch: pa.RecordBatch,
    is_text: Callable[[pa.DataType], bool],
    change: Callable[[pa.DataType], pa.DataType] = lambda kind: kind,
) -> "pl.DataFrame":
    """Return rows as Polars writes them: some columns as text, the others with their innermost types changed."""
    import polars as pl  # here: as above

    columns: dict[str, Any] = {}
    for index, given in enumerate(_fields(batch.schema)):
        column = spelled_beyond_the_calendar(batch.column(index))
        field = given.with_type(column.type)
        if is_text(field.type):
            columns[field.name] = pl.Series(field.name, _texts(column).to_pylist(), dtype=pl.String)
            continue
        wanted = changed(field.type, change)
        try:
            written = column if wanted == field.type else column.cast(wanted, safe=not pa.types.is_floating(wanted))
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError):  # beyond JSON's numbers: written as text
            written = column
        columns[field.name] = pl.from_arrow(written)
    return pl.DataFrame(columns)


def _texts(given: Any) -> Any:
    column = spelled_beyond_the_calendar(given)
    return pa.array([None if item is None else _text(item) for item in column.to_pylist()], pa.string())


def _text(item: object) -> str:
    is_nested = isinstance(item, dict | list | tuple) and not isinstance(item, pa.MonthDayNano)
    plain = item if is_nested else _plain(item)
    return plain if isinstance(plain, str) else json.dumps(plain, default=_plain, ensure_ascii=False)


def _plain(value: object) -> object:
    """Return what JSON does not have as something that it has."""
    thing: Any = value
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, pa.MonthDayNano):
        return f"{thing.months} months {thing.days} days {thing.nanoseconds / 1e9:g} seconds"
    if hasattr(value, "isoformat"):
        return thing.isoformat()
    if type(value).__module__ == "numpy":
        return thing.tolist()
    if isinstance(value, set | frozenset):
        return sorted(cast("Any", value), key=str)
    if isinstance(value, str | int | float | bool | None):
        return value
    return str(value)
