"""DuckDB files as databases: the connector of ``duckdb://``.

A file is opened for each question, to be read only, and closed with it: so that other processes may write it in
between. Its SQL sees the file's own tables and nothing else: no other file, no network.
"""

import threading
from collections.abc import Hashable, Mapping, Sequence
from pathlib import Path
from time import sleep
from types import TracebackType
from typing import Any, Self, cast

import duckdb
import pyarrow as pa

from dataapp.cells.database import COMPARES_ALIKE, Refused, Statement
from dataapp.compile.identifiers import quote_identifier
from dataapp.compile.target import DUCKDB, Target
from dataapp.engines.duckdb import bound_to_engine, error_to_fault, fault_to_error
from dataapp.errors import Cancelled, ConnectionFailedError, SourceNotFoundError, TableNotFoundError, near

_SETTINGS: dict[str, str | bool | int | float | list[str]] = {
    "python_enable_replacements": False,
    "autoinstall_known_extensions": False,
    "enable_external_access": False,
    "errors_as_json": True,
    "arrow_output_version": "1.5",
    "produce_arrow_string_view": True,
}
_TABLES = """
SELECT CASE WHEN table_schema = 'main' THEN table_name ELSE table_schema || '.' || table_name END
FROM information_schema.tables WHERE table_catalog = current_database() ORDER BY table_schema <> 'main', 1
"""
_ALIKE = {COMPARES_ALIKE: b""}
_PLAIN = frozenset(
    {f"{sign}{size}" for sign in ("", "U") for size in ("TINYINT", "SMALLINT", "INTEGER", "BIGINT")}
    | {"FLOAT", "DOUBLE", "VARCHAR", "BOOLEAN", "DATE", "TIMESTAMP", "TIMESTAMP_MS"}
)
_INTERRUPT_EVERY = 0.02  # an interrupt that comes before the query has started is lost, so it is repeated
_BATCH_ROWS = 65_536


def open_file(url: str, options: Mapping[str, object]) -> "DuckDBFile":
    """Describe the file of a URL; it is looked at when it is first asked something.

    Raises:
        ConnectionFailedError: An option is given, and there are none.
    """
    if options:
        raise ConnectionFailedError(f"A DuckDB file takes no option `{min(options)}`.", hint="leave it out")
    return DuckDBFile(Path(url.partition("://")[2]))


class DuckDBFile:
    """The database in a file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @property
    def target(self) -> Target:
        """See `Server`."""
        return DUCKDB

    def ask(self, statement: Statement) -> "FileQuestion":
        """See `Server`."""
        return FileQuestion(self._path, statement)

    def tables(self) -> Sequence[str]:
        """See `Server`."""
        return [name for (name,) in self._rows(_TABLES)]

    def columns(self, table: str, schema: str | None) -> Mapping[str, str]:
        """See `Server`."""
        names = [table] if schema is None else [schema, table]
        known = self.tables()
        if ".".join(names).lower() not in {name.lower() for name in known}:
            raise TableNotFoundError(
                f"`{self._path.name}` has no table `{'.'.join(names)}`.", hint=near(".".join(names), known)
            )
        described = self._rows(f"DESCRIBE {'.'.join(map(quote_identifier, names))}")
        return {row[0]: row[1] for row in described}

    def version(self, tables: Sequence[str]) -> Hashable | None:
        """Return the state of the file and of its log, whatever the tables."""
        return tuple(_state(path) for path in (self._path, self._path.with_name(f"{self._path.name}.wal")))

    def _rows(self, sql: str) -> list[Any]:
        with self.ask(Statement(sql, {})) as question:
            return [tuple(row.values()) for row in question.read().read_all().to_pylist()]


class FileQuestion:
    """A query on a connection of its own to a file; see `dataapp.cells.database.Question`."""

    def __init__(self, path: Path, statement: Statement) -> None:
        self._path = path
        self._statement = statement
        self._connection: duckdb.DuckDBPyConnection | None = None
        self._cancelled = threading.Event()
        self._closed = threading.Event()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def schema(self) -> pa.Schema:
        """Return the columns without running the query."""
        found = self._execute(f"FROM ({self._statement.sql}\n) LIMIT 0", "FROM (")
        kinds = [str(kind) for _, kind, *_ in found.description or ()]  # to Arrow some types are text, such as JSON
        fields = zip(cast("list[Any]", list(found.to_arrow_table().schema)), kinds, strict=True)
        return pa.schema([field.with_metadata(_ALIKE) if _is_plain(kind) else field for field, kind in fields])

    def read(self) -> pa.RecordBatchReader:
        """Run the query."""
        reader = self._execute(self._statement.sql).to_arrow_reader(_BATCH_ROWS)
        return pa.RecordBatchReader.from_batches(reader.schema, self._batches(reader))

    def explain(self) -> str:
        """Return the engine's plan."""
        rows = self._execute(f"EXPLAIN {self._statement.sql}", "EXPLAIN ").fetchall()
        return "\n".join(row[1] for row in rows)

    def cancel(self) -> None:
        """Stop what runs, and refuse what comes."""
        self._cancelled.set()
        threading.Thread(target=self._interrupt_until_closed, name="dataapp-interrupt", daemon=True).start()

    def close(self) -> None:
        """Close the file; again does nothing."""
        self._closed.set()
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _execute(self, sql: str, before: str = "") -> duckdb.DuckDBPyConnection:
        try:
            connection = self._open()
            if self._cancelled.is_set():
                raise Cancelled
            parameters = {name: bound_to_engine(bound) for name, bound in self._statement.parameters.items()}
            return connection.execute(sql, parameters)
        except duckdb.Error as error:
            raise self._refusal(error, len(before)) from error

    def _batches(self, reader: pa.RecordBatchReader) -> Any:
        try:
            yield from reader
        except (pa.ArrowException, OSError) as error:
            raise self._refusal(duckdb.Error(str(error)), 0) from error

    def _refusal(self, error: duckdb.Error, before: int) -> Refused | Cancelled:
        if self._cancelled.is_set() or isinstance(error, duckdb.InterruptException):
            return Cancelled()
        fault = error_to_fault(error)
        inside = fault.position is not None and before <= fault.position <= before + len(self._statement.sql.encode())
        return Refused(
            fault_to_error(fault), fault.position - before if inside and fault.position is not None else None
        )

    def _open(self) -> duckdb.DuckDBPyConnection:
        if self._connection is None:
            if not self._path.is_file():
                raise Refused(SourceNotFoundError(f"There is no file `{self._path}`.", hint=_beside(self._path)))
            try:
                self._connection = duckdb.connect(self._path, read_only=True, config=_SETTINGS)
            except duckdb.Error as error:
                message = error_to_fault(error).message.partition("\n")[0]
                hint = "close connections that write it, and look whether it is a DuckDB file"
                failure = ConnectionFailedError(f"`{self._path.name}` cannot be opened: {message}", hint=hint)
                raise Refused(failure) from error
        return self._connection

    def _interrupt_until_closed(self) -> None:
        while not self._closed.is_set():
            if (connection := self._connection) is not None:
                connection.interrupt()
            sleep(_INTERRUPT_EVERY)


def _is_plain(kind: str) -> bool:
    return kind in _PLAIN or kind.startswith("DECIMAL(")


def _state(path: Path) -> Hashable:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def _beside(path: Path) -> str:
    if not path.parent.is_dir():
        return f"there is no folder `{path.parent}`"
    names = sorted(entry.name for entry in path.parent.iterdir() if entry.suffix in (".duckdb", ".db"))[:5]
    return f"`{path.parent}` holds {', '.join(names) if names else 'no DuckDB files'}"
