"""What one file says about itself without being read: its schema, so that files can be compared, and its rows.

Parquet: the footer. Arrow: the schema, and for files (not streams) the lengths of the batches. CSV: the header, when
it looks like one. JSON: the keys of the first record. Where that does not tell, the engine describes the file.
"""

import bz2
import csv
import gzip
import json
import re
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pyarrow as pa
import pyarrow.parquet as pq

from dataapp.connect.files import choose_format, format_of, is_scanned_by_engine, scan, version_of
from dataapp.engines.duckdb import DuckDB
from dataapp.engines.relation import Column, Relation
from dataapp.errors import DataAppError, SourceNotFoundError, SourceUnreadableError

_THREADS = 8  # footers of a thousand local files take 0.2 s with any number; on a network disk the waiting is shared
_HEAD = 1 << 16
_CALLED = {"parquet": "Parquet", "csv": "CSV", "json": "JSON", "arrow": "Arrow IPC"}
_LINE = re.compile(r"CSV Error on Line: (\d+)")
_TELLS_LITTLE = ("CSV Error on Line:", "Original Line:", "Error when sniffing file")
_OPENERS: Mapping[str, Callable[..., Any]] = {".gz": gzip.open, ".bz2": bz2.open}


@dataclass(frozen=True, slots=True)
class FileFacts:
    """What one file holds.

    Attributes:
        path: Where it is.
        format: `parquet`, `csv`, `json` or `arrow`.
        fields: Name and type of each column; types are empty where only names are known without reading.
        rows: How many, or None where that needs a scan.
        bytes: Its size.
    """

    path: str
    format: str
    fields: tuple[tuple[str, str], ...]
    rows: int | None
    bytes: int

    @property
    def schema(self) -> tuple[str, frozenset[tuple[str, str]]]:
        """What files of one table have in common: columns are found by name, so their order does not count."""
        return self.format, frozenset(self.fields)


def read_facts(paths: Sequence[str], engine: DuckDB) -> dict[str, FileFacts | DataAppError]:
    """Return what each file says about itself, or why it cannot be read."""

    def look(path: str) -> FileFacts | DataAppError:
        try:
            return _facts(path, engine)
        except DataAppError as error:
            return error

    if len(paths) < 2:
        return {path: look(path) for path in paths}
    with ThreadPoolExecutor(_THREADS) as threads:
        return dict(zip(paths, threads.map(look, paths), strict=True))


def describe(location: str, engine: DuckDB) -> tuple[Column, ...]:
    """Return the columns that a location has as one table, as `dataapp.source` reads it.

    Raises:
        DataAppError: The engine cannot read it.
    """
    version = version_of([location])
    kind = choose_format([location], version, {}, None)
    if is_scanned_by_engine(kind):
        sql, frames = f"FROM {scan(version, [location], kind, {})}", {}
    else:
        schemas = [_open_ipc(state.path)[0] for state in version]
        sql, frames = "FROM rows", {"rows": pa.unify_schemas(schemas, promote_options="default").empty_table()}
    try:
        return Relation(sql, key=(sql, version), engine=engine, frames=frames, sources=version).columns()
    except DataAppError as error:
        raise SourceUnreadableError(
            f"`{location}` cannot be read as {_CALLED[kind]}: {first_telling_line(error.message)}",
            hint="it may have another format or encoding: write it again, or read it with options of `da.source`",
        ) from error


def _facts(path: str, engine: DuckDB) -> FileFacts:
    kind, size = format_of(path), _size(path)
    if size == 0:
        raise SourceUnreadableError(f"`{path}` is empty: it has 0 bytes.", hint="write it again, or remove it")
    match kind:
        case "parquet":
            fields, rows = _parquet(path)
        case "arrow":
            schema, rows = _open_ipc(path)
            fields = _schema_to_fields(schema)
        case "csv":
            fields, rows = _header(path) or _described(path, engine), None
        case "json":
            fields, rows = _keys(path) or _described(path, engine), None
        case _:
            raise SourceUnreadableError(f"`{path}` does not tell its format by its ending.", hint=known_endings())
    return FileFacts(path, kind, fields, rows, size)


def first_telling_line(message: str) -> str:
    """Return the one line of the engine's message that tells people something, as a sentence.

    Of a CSV file it tells every option and each thing that it tried; who lists a folder wants to know what is wrong.

    Example:
        >>> told = ["CSV Error on Line: 2", "Original Line: a", "Invalid unicode detected.", "", "Possible Solution: b"]
        >>> first_telling_line(chr(10).join(told))
        'Invalid unicode detected (line 2).'
    """
    lines = [line.strip() for line in message.split("\n") if line.strip()]
    place = next((found[1] for line in lines if (found := _LINE.match(line))), None)
    telling = next((line for line in lines if not line.startswith(_TELLS_LITTLE)), lines[0]).rstrip(".")
    return f"{telling}." if place is None else f"{telling} (line {place})."


def known_endings() -> str:
    """Say which files are tables."""
    return (
        "data files end in .parquet, .pq, .csv, .tsv, .json, .jsonl, .ndjson, .arrow, .arrows, .feather or .ipc, and in"
        " .txt where one is named"
    )


def _size(path: str) -> int:
    try:
        return Path(path).stat().st_size
    except OSError as error:
        raise SourceNotFoundError(f"`{path}` cannot be looked at: {error.strerror}.") from error


def _parquet(path: str) -> tuple[tuple[tuple[str, str], ...], int]:
    try:
        footer = pq.read_metadata(path)
        return _schema_to_fields(footer.schema.to_arrow_schema()), footer.num_rows
    except (pa.ArrowException, OSError) as error:
        raise SourceUnreadableError(
            f"`{path}` cannot be read as Parquet: {_sentence(error)}",
            hint="it may be cut short or be another format: write it again, or remove it",
        ) from error


def _open_ipc(path: str) -> tuple[pa.Schema, int | None]:
    """Return schema and, for files, rows: only lengths are read."""
    try:
        with pa.OSFile(path, "rb") as file:
            try:
                reader: Any = pa.ipc.open_file(file)
            except pa.ArrowInvalid:
                file.seek(0)
                return pa.ipc.open_stream(file).schema, None
            return reader.schema, reader.count_rows()
    except (pa.ArrowException, OSError) as error:
        raise SourceUnreadableError(f"`{path}` cannot be read as Arrow IPC: {_sentence(error)}") from error


def _schema_to_fields(schema: pa.Schema) -> tuple[tuple[str, str], ...]:
    return tuple((field.name, str(field.type)) for field in cast("list[Any]", list(schema)))


def _header(path: str) -> tuple[tuple[str, str], ...] | None:
    """Return the names in a header, or None where the first line may be data already."""
    first, line_break, _ = _head(path).partition("\n")
    if not line_break:
        return None
    try:
        names = next(csv.reader([first.rstrip("\r")], csv.Sniffer().sniff(first, ",;\t|")), [])
    except csv.Error:
        names = [first.strip()]
    is_header = len(set(names)) == len(names) and all(name.strip()[:1].isalpha() for name in names)
    return tuple((name.strip(), "") for name in names) if is_header else None


def _keys(path: str) -> tuple[tuple[str, str], ...] | None:
    """Return the keys of the first record, or None where they cannot be seen at once."""
    try:
        record, _ = json.JSONDecoder().raw_decode(_head(path).lstrip("\ufeff \t\r\n["))
    except ValueError:
        return None
    return tuple((key, "") for key in cast("dict[str, object]", record)) if isinstance(record, dict) else None


def _head(path: str) -> str:
    """Return the first part of a text, or nothing where it cannot be read as such."""
    ending = Path(path).suffix.lower()
    if ending == ".zst":
        return ""
    try:
        with _OPENERS.get(ending, open)(path, "rb") as file:
            return file.read(_HEAD).decode("utf-8-sig", errors="ignore")
    except (OSError, EOFError):
        return ""


def _described(path: str, engine: DuckDB) -> tuple[tuple[str, str], ...]:
    return tuple((column.name, column.type) for column in describe(path, engine))


def _sentence(error: Exception) -> str:
    text = str(error).split("\n")[0].strip()
    return text if text.endswith(".") else f"{text}."
