"""DuckDB: the in-process engine. Every call to DuckDB in this package stands in this file, and in `duckdb_file`.

One database serves the process. Each reader leases a connection of its own (connections are cheap, but setting one up
is not: they are kept and lent again). A reader may be interrupted from another thread at any time, also before its
query has started.

Positions in DuckDB's errors are byte offsets; ``errors_as_json`` makes them machine-readable.

The module is long because all that is asked of the in-process database stands here.
"""

import json
import os
import shutil
import tempfile
import threading
import weakref
from collections.abc import Callable, Generator, Hashable, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from functools import cache, lru_cache
from pathlib import Path
from time import perf_counter
from types import TracebackType
from typing import Any, Protocol, Self, cast

import duckdb
import pyarrow as pa

from dataapp.cells.values import Bound
from dataapp.compile.identifiers import quote_identifier, quote_literal
from dataapp.compile.query import StatementFacts
from dataapp.engines.arrow_scan import is_unsafe, may_be_unsafe
from dataapp.engines.consolidation import Scans
from dataapp.engines.cubes import MOST_BYTES, Cubes
from dataapp.engines.described import Described
from dataapp.engines.interrupts import Attempt, Interrupts
from dataapp.engines.kept import SCHEMA, KeptTable, KeptTables
from dataapp.engines.means import mean_of
from dataapp.engines.measured import Measured
from dataapp.engines.parquet_scans import Ask, ParquetScans, Rewritten
from dataapp.engines.profile import Comparison, Profile, RowGroups, Scan, read_profile
from dataapp.engines.registered import RegisteredFrames
from dataapp.engines.relation import Column, EngineFault, Relation
from dataapp.engines.tiles import Tile
from dataapp.errors import (
    Cancelled,
    ColumnNotFoundError,
    DataAppError,
    QueryError,
    SourceNotFoundError,
    SourceUnreadableError,
    SqlSyntaxError,
    TableNotFoundError,
    TypeMismatchError,
)

_DATABASE_SETTINGS: dict[str, str | bool | int | float | list[str]] = {
    "python_enable_replacements": False,  # Python variables are found by the graph, never by the engine
    "autoinstall_known_extensions": False,  # nothing is fetched behind the user's back
    "enable_external_file_cache": False,  # it can serve what a file held before: the operating system caches, too
    "errors_as_json": True,
    "arrow_output_version": "1.5",
    "produce_arrow_string_view": True,  # twice as fast, and Polars takes it without a copy
}
_CONNECTION_SETTINGS = "SET enable_progress_bar = true; SET enable_progress_bar_print = false"
_DESCRIBE = "SELECT column_name, column_type FROM (DESCRIBE FROM relation)"
_EXPLAIN = "EXPLAIN "
_MOST_DESCRIBED = 512
# A row group is ruled out where the extremes of a column say that no row in it passes.
_ROW_GROUPS = """
    WITH chunks AS (
        SELECT file_name, row_group_id, coalesce(path_in_schema IN (SELECT unnest($used)), false) AS is_used,
               total_compressed_size AS bytes, coalesce({ruled_out}, false) AS is_ruled_out
        FROM parquet_metadata($paths)
    ), row_groups AS (
        SELECT NOT bool_or(is_ruled_out) AS is_chosen, sum(bytes) AS bytes, sum(bytes) FILTER (is_used) AS used
        FROM chunks GROUP BY file_name, row_group_id
    )
    SELECT count(*) FILTER (is_chosen), count(*), sum(used) FILTER (is_chosen), sum(bytes) FROM row_groups
"""
_LOW, _HIGH = "TRY_CAST(stats_min_value AS {type})", "TRY_CAST(stats_max_value AS {type})"
_LITERAL = "TRY_CAST($literal AS {type})"
_RULED_OUT = {
    ">": f"{_HIGH} <= {_LITERAL}",
    ">=": f"{_HIGH} < {_LITERAL}",
    "<": f"{_LOW} >= {_LITERAL}",
    "<=": f"{_LOW} > {_LITERAL}",
    "=": f"({_LOW} > {_LITERAL} OR {_HIGH} < {_LITERAL})",
}
_RULED_OUT_BY_LEAST = {"<": _RULED_OUT["<"], "<=": _RULED_OUT["<="], "=": f"{_LOW} > {_LITERAL}"}
_FLOATS = ("FLOAT", "DOUBLE")
_IDLE_CONNECTIONS = 8
_SORTING_MEMORY = "1GB"  # with all memory there is, a sort of 100 million rows takes longer: runs outgrow the caches
_MOST_SORTING_THREADS = 8  # each needs a part of the memory
_BATCH_ROWS = 16_384  # the engine allocates a batch whole, however few its rows: 62 MB for ten with its million


class Leases(Protocol):
    """For how long results stand in for sources without a version; see `dataapp.cache.leases`."""

    def take(self, question: Hashable, seconds: float, since: int, /) -> tuple[int, int | None]:
        """Return the number of a question's lease, and of the one before it."""
        ...

    def current(self, question: Hashable, seconds: float, since: int, /) -> int | None:
        """Return the number of a question's lease that is young enough, or None."""
        ...

    def end(self, question: Hashable, number: int, /) -> None:
        """Let the lease of a number be over."""
        ...

    def mark(self) -> int:
        """Return a moment."""
        ...


class Results(Protocol):
    """Where results are shared; see `dataapp.cache.results`."""

    @property
    def leases(self) -> Leases:
        """For how long results stand in for sources without a version."""
        ...

    def known(self, key: Hashable, /) -> Any | None:
        """Return the result of a key if it is there."""
        ...

    def withdraw(self, key: Hashable, /) -> Any | None:
        """Forget the result of a key, and return it, if there is one."""
        ...

    def get[T](
        self,
        key: Hashable,
        make: Callable[[], T],
        size: Callable[[T], int],
        is_cancelled: Callable[[], bool],
        lasting_key: str | None = None,
        /,
    ) -> T:
        """Return the result of a key, made if need be."""
        ...


class DuckDB:
    """An in-memory DuckDB database.

    Args:
        results: Where rows of relations with equal keys are shared; by default each reader gets its own.
        settings: Further settings of the database.
        cube_bytes: How much cubes may take together; 0 makes none.
        shares_scans: Whether queries that wait at the same time may be answered by one scan.
        waiting: Entered while a query waits for the scan that another one began.

    Attributes:
        results: As given.
        kept: Tables that readers of equal relations share.
        described: Columns of relations by their shape.
        measured: What runs of relations took.
        cubes: What answers queries while an input of theirs moves.
        scans: What answers queries that wait at the same time together.
        parquet: What lets scans of Parquet files lose no NaN.

    Example:
        >>> engine = DuckDB()
        >>> with Relation("SELECT 42 AS answer", key="demo", engine=engine).open() as reader:
        ...     reader.fetch().to_pylist()
        [{'answer': 42}]
    """

    dialect = "duckdb"

    def __init__(
        self,
        results: Results | None = None,
        settings: Mapping[str, str | int] | None = None,
        cube_bytes: int = MOST_BYTES,
        *,
        shares_scans: bool = True,
        waiting: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> None:
        self.results = results
        self._database = duckdb.connect(config=_DATABASE_SETTINGS | dict(settings or {}))
        self._database.execute(f"CREATE SCHEMA {SCHEMA}")
        self.kept = KeptTables(self._drop)
        self.described = Described(_MOST_DESCRIBED)
        self.measured = Measured()
        self.cubes = Cubes(self, most_bytes=cube_bytes)
        self.scans = Scans(self, is_on=shares_scans, waiting=waiting)
        self.parquet = ParquetScans(self)
        self.measured.is_cubed = self.cubes.serve
        self._idle: list[duckdb.DuckDBPyConnection] = []
        self._lasting_facts: tuple[str, str] | None = None
        self._sorter: DuckDB | None = None
        self._folder: Path | None = None
        self._means: dict[str, duckdb.DuckDBPyConnection] = {}
        self._lock = threading.Lock()
        self._local = threading.local()

    def read(self, relation: Relation) -> "Reader":
        """Open a reader of a relation on a connection of its own."""
        return Reader(self, relation)

    def known_rows(self, key: Hashable) -> pa.Table | None:
        """Return the rows of a relation of a key and a version if anybody has them: to read it takes a connection."""
        return None if self.results is None else self.results.known((key, _rows_of(None, {})))

    @property
    def sorter(self) -> "DuckDB":
        """A database of its own for long sorts of files: its memory is bounded, and what exceeds it goes to disk.

        It knows files alone, none of the tables that are attached to this one.
        """
        with self._lock:
            if self._sorter is None:
                settings = {
                    "memory_limit": _SORTING_MEMORY,
                    "temp_directory": str(self._own_folder()),
                    "threads": min(os.cpu_count() or 1, _MOST_SORTING_THREADS),
                }
                self._sorter = DuckDB(self.results, settings, cube_bytes=0, shares_scans=False)
            return self._sorter

    def folder(self) -> Path:
        """Return a folder for files that go away with the engine."""
        with self._lock:
            return self._own_folder()

    def _own_folder(self) -> Path:
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="dataapp-"))  # which nobody else may look into
            weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)
        return self._folder

    def lease(self) -> duckdb.DuckDBPyConnection:
        """Lend a connection; `give_back` it when it is clean again."""
        with self._lock:
            if self._idle:
                return self._idle.pop()
        connection = self._database.cursor()
        connection.execute(_CONNECTION_SETTINGS)
        return connection

    def give_back(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Take a clean connection back."""
        with self._lock:
            if len(self._idle) < _IDLE_CONNECTIONS:
                self._idle.append(connection)
                return
        connection.close()

    # The parser that `dataapp.compile` is handed.

    def serialize(self, text: str) -> Mapping[str, Any]:
        """Return the engine's own syntax tree of a query."""
        # Not bound: with the first value that is, the engine's client imports Pandas, which takes half a second.
        found = self._value_of(f"SELECT json_serialize_sql({quote_literal(text)}::VARCHAR)")
        return cast("Mapping[str, Any]", json.loads(found))

    def deserialize(self, tree: Mapping[str, Any]) -> str:
        """Return a query of a syntax tree."""
        return str(self._value_of(f"SELECT json_deserialize_sql({quote_literal(json.dumps(tree))}::JSON)"))

    def tokens(self, text: str) -> Sequence[tuple[int, str]]:
        """Return byte offset and kind of each token."""
        return [(offset, kind.name.removesuffix("_const")) for offset, kind in duckdb.tokenize(text)]

    def statements(self, text: str) -> Sequence[StatementFacts]:
        """Return type and parameter names of each statement.

        Raises:
            SqlSyntaxError: With line and column.
        """
        try:
            found = self._parser().extract_statements(text)
        except duckdb.Error as error:
            fault = error_to_fault(error)
            line, column = _line_and_column(text, fault.position)
            raise SqlSyntaxError(_sentence(fault.message), line=line, column=column) from error
        return [StatementFacts(statement.type.name, frozenset(statement.named_parameters)) for statement in found]

    def unstable_functions(self) -> frozenset[str]:
        """Return the lower-case names of functions that may differ from call to call or from query to query."""
        return _functions_where("stability IN ('VOLATILE', 'CONSISTENT_WITHIN_QUERY') AND function_type = 'scalar'")

    def division(self, sql_type: str) -> str | None:
        """Return the SQL that divides `__sum` by `__count` as a mean of a type does, or None for a plain division."""
        mean = mean_of(sql_type)
        if mean is None:
            return None
        with self._lock:
            if mean.function not in self._means:
                connection = self._means[mean.function] = self._database.cursor()  # holds the function
                create: Callable[..., object] = cast("Any", connection).create_function
                create(mean.function, mean.division, [mean.total, "BIGINT"], "DOUBLE", type="arrow")
        return mean.sql

    def functions(self) -> frozenset[str]:
        """Return the lower-case names of all functions."""
        return _functions_where("true")

    def aggregate_functions(self) -> frozenset[str]:
        """Return the lower-case names of aggregates."""
        return _functions_where("function_type = 'aggregate'")

    def lasting_facts(self) -> tuple[str, str]:
        """Return what rows depend on besides the relation, and may differ in another process: version and time zone."""
        if self._lasting_facts is None:
            self._lasting_facts = (duckdb.__version__, str(self._value_of("SELECT current_setting('TimeZone')")))
        return self._lasting_facts

    def memory_of_groups(self) -> int:
        """Return how many bytes hash tables take at present."""
        found = self._value_of("SELECT sum(memory_usage_bytes)::BIGINT FROM duckdb_memory() WHERE tag = 'HASH_TABLE'")
        return int(found or 0)

    def has_table(self, name: str) -> bool:
        """Whether the engine's own catalog has a table or view of that name."""
        found = self._value_of(
            "SELECT count(*) FROM (SELECT table_name FROM duckdb_tables() WHERE schema_name <> ?"
            " UNION ALL SELECT view_name FROM duckdb_views()) WHERE lower(table_name) = lower(?)",
            [SCHEMA, name],
        )
        return bool(found)

    def _drop(self, table: str) -> None:
        connection = self.lease()
        connection.execute(f"DROP TABLE IF EXISTS {table}")
        self.give_back(connection)

    def _value_of(self, query: str, values: Sequence[object] = ()) -> Any:
        """Return the one value of a query on this thread's parser.

        Its result is taken whole: a transaction that stays open would keep the memory of every table dropped since.
        """
        [(value,)] = self._parser().execute(query, values or None).fetchall()
        return value

    def _parser(self) -> duckdb.DuckDBPyConnection:
        connection: duckdb.DuckDBPyConnection | None = getattr(self._local, "parser", None)
        if connection is None:
            connection = self._local.parser = self._database.cursor()
        return connection


@cache
def _functions_where(condition: str) -> frozenset[str]:
    rows = duckdb.connect().execute(f"SELECT DISTINCT lower(function_name) FROM duckdb_functions() WHERE {condition}")
    return frozenset(name for (name,) in rows.fetchall())


@lru_cache(maxsize=256)
def pattern_fault(pattern: str) -> str | None:
    """Return what is wrong with a regular expression, or None. No relation is read.

    Example:
        >>> pattern_fault("^a.*b$"), pattern_fault("(a")
        (None, 'missing ): (a')
    """
    try:
        _scratch().cursor().execute(f"SELECT regexp_matches('', {quote_literal(pattern)})").fetchall()
    except duckdb.Error as error:
        return str(error).partition(": ")[2]
    return None


@cache
def _scratch() -> duckdb.DuckDBPyConnection:
    return duckdb.connect()


def _rows(result: duckdb.DuckDBPyConnection) -> pa.Table:
    """Return a result's rows; few of them in memory of their own size, since a batch is as large as a full one."""
    table = result.to_arrow_table(_BATCH_ROWS)
    if table.num_rows > _BATCH_ROWS // 2:
        return table
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    exact = pa.py_buffer(sink.getvalue().to_pybytes())  # the sink doubles as it grows
    return pa.ipc.open_stream(exact).read_all()


def _ruled_out(test: Comparison, *, lacks_nan: bool) -> str:
    """Return the condition that no row of a row group passes a comparison, if NaN is in statistics or not."""
    conditions = _RULED_OUT_BY_LEAST if lacks_nan else _RULED_OUT
    return conditions.get(test.operator, "false").format(type=test.type)


def _made(result: duckdb.DuckDBPyConnection) -> int:
    """Return how many rows a ``CREATE TABLE`` made."""
    [(rows,)] = result.fetchall()  # all of it, which ends the transaction
    return int(rows)


class _TooMany(Exception):  # not an error: whoever asked for few rows learns that they are not
    pass


class Reader:
    """A connection on which one relation can be queried as the table ``relation``.

    Not for use by two threads at once; `cancel` and `progress` may be called from any thread.

    Attributes:
        interrupts: Whether its work is still wanted.
        asker: Who asks, if it may ask the same again of other values (see `Scans.expect_again`), or None.
        gives_way: Whether nothing gives way to it: it builds cubes, early or not.
    """

    def __init__(self, engine: DuckDB, relation: Relation) -> None:
        self._engine = engine
        self._relation = relation
        self.gives_way = False
        self.interrupts = Interrupts(self._interrupt)
        self.asker: Hashable = None
        self._streams: list[pa.RecordBatchReader] = []
        self._temporary: list[str] = []
        self._held: list[KeptTable] = []
        self._rewritten = Rewritten("")
        connection = engine.lease()
        self._frames = RegisteredFrames(connection, relation.frames)
        self._connection: duckdb.DuckDBPyConnection | None = connection
        for name, bound in relation.variables.items():
            self._connection.execute(f'SET VARIABLE "{name}" = $value', {"value": bound_to_engine(bound)})

    @property
    def engine(self) -> DuckDB:
        """Whose reader this is."""
        return self._engine

    @property
    def relation(self) -> Relation:
        """What it reads."""
        return self._relation

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def fetch(self, query: str | None = None, parameters: Mapping[str, object] | None = None) -> pa.Table:
        """Run a query over the table ``relation`` and return its rows; without a query, the relation itself.

        Args:
            query: SQL that reads ``relation``, such as ``SELECT count(*) FROM relation WHERE x > $low``.
            parameters: Values of its own parameters; their names must not occur in the relation's query.

        Raises:
            QueryError: The engine refused or failed, as the cell's author should read it.
            Cancelled: `cancel` was called.
        """
        bound, text = parameters or {}, self._text(query)

        def plain() -> pa.Table:
            return self._run(text, bound, _rows)

        def run() -> tuple[pa.Table, float]:
            return self._engine.scans.fetch(self, text, bound, plain)

        def fetch() -> pa.Table:
            return self._engine.cubes.fetch(self, text, bound, run)

        return self._shared_rows(fetch, query, bound)

    def tile(self, query: str, parameters: Mapping[str, object], mover: Hashable) -> Tile | None:
        """Return what a page needs to answer a query over ``relation`` by itself while one input moves, or None.

        Args:
            query: As for `fetch`.
            parameters: As for `fetch`.
            mover: The input, as `Relation.movers` knows it.
        """
        return self._engine.cubes.tile(self, self._text(query), parameters, mover)

    def fetch_at_most(self, most: int) -> pa.Table | None:
        """Return the relation's rows as `fetch` does, or None if there are more and nobody has them already.

        Args:
            most: How many rows there may be.
        """
        text = self._text(f"FROM relation LIMIT {most + 1}")

        def run() -> tuple[pa.Table, float]:
            started = perf_counter()
            return self._run(text, {}, _rows), perf_counter() - started

        def fetch() -> pa.Table:
            rows = self._engine.cubes.fetch(self, text, {}, run)
            if rows.num_rows > most:
                raise _TooMany
            return rows

        try:
            return self._shared_rows(fetch, None, {})
        except _TooMany:
            return None

    def _shared_rows(self, fetch: Callable[[], pa.Table], query: str | None, bound: Mapping[str, object]) -> pa.Table:
        return self.shared(_rows_of(query, bound), fetch, lambda rows: rows.nbytes, lasts=True)

    def shared[T](self, what: Hashable, make: Callable[[], T], size: Callable[[T], int], *, lasts: bool = False) -> T:
        """Return something made of the relation's rows, the same for all who ask it of an equal relation.

        Args:
            what: What is made of them.
            make: Makes it with this reader; the result must be immutable and allow weak references.
            size: How many bytes it holds.
            lasts: Whether it is an Arrow table, which may be kept beyond the process.
        """
        relation = self._relation
        if not relation.is_versioned:
            return make()
        lasting_key = None
        if lasts and not relation.frames:  # rows of this process have names that mean nothing to others
            lasting_key = repr((relation.key, what, self._engine.lasting_facts()))
        return self._shared(what, make, size, lasting_key)

    def shared_pick[T](self, make: Callable[[], T], size: Callable[[T], int]) -> T:
        """Return what is made of the relation's rows, the same for all while it is held, where a run picks among rows.

        Args:
            make: Makes it with this reader, and says in it which pick it is of.
            size: How many bytes it holds.
        """
        return self._shared("pick", make, size, None) if self._relation.is_pick else make()

    def _shared[T](self, what: Hashable, make: Callable[[], T], size: Callable[[T], int], lasting_key: str | None) -> T:
        if self._engine.results is None:
            return make()
        key = (self._relation.key, what)
        return self._engine.results.get(key, make, size, self.interrupts.is_unwanted, lasting_key)

    def batches(
        self, rows: int = 65_536, query: str | None = None, parameters: Mapping[str, object] | None = None
    ) -> pa.RecordBatchReader:
        """Return rows as a stream of record batches, computed as they are taken while this reader is open.

        The rest of it raises `Cancelled` once `cancel` is called. Sources are looked at when the last batch was taken.

        Args:
            rows: How many rows a batch has at most.
            query: SQL over the table ``relation``; by default the relation itself.
            parameters: Values of the query's own parameters.
        """
        sql = self._text(query)
        stream = self._run(sql, parameters or {}, lambda result: result.to_arrow_reader(rows))
        return self._streamed(stream, sql, self._relation.check_sources)

    def kept_batches(
        self, query: str, parameters: Mapping[str, object] | None = None, rows: int = 65_536
    ) -> pa.RecordBatchReader:
        """Return rows of a query over what `keep` made as `batches` does; no source is looked at."""
        stream = self._read_kept(query, parameters or {}, lambda result: result.to_arrow_reader(rows))
        return self._streamed(stream, query, lambda: None)

    def _streamed(self, stream: pa.RecordBatchReader, sql: str, check: Callable[[], None]) -> pa.RecordBatchReader:
        self._streams.append(stream)
        return pa.RecordBatchReader.from_batches(stream.schema, self._batches(stream, sql, check))

    def _batches(self, stream: pa.RecordBatchReader, sql: str, check: Callable[[], None]) -> Generator[pa.RecordBatch]:
        try:
            while True:
                with self._working():
                    batch = next(stream, None)
                if batch is None:
                    break
                yield batch
        except (OSError, pa.ArrowException) as error:  # what the engine raises while Arrow takes its rows
            if self.interrupts.is_unwanted():
                raise Cancelled from error
            check()
            raise self._explain(duckdb.Error(str(error)), sql) from error
        check()

    def attempt(self) -> AbstractContextManager[Attempt]:
        """Let what runs in the block be stopped alone: what the reader keeps, and the reader itself, stay."""
        return self.interrupts.attempt()

    def keep(self, query: str, parameters: Mapping[str, object] | None = None) -> KeptTable:
        """Keep a query's rows as a table that readers of an equal relation share.

        The engine spills it to disk when memory is short. It goes away with the last reader that needs it.
        """
        bound = parameters or {}
        key = (self._relation.key, query, repr(sorted(bound.items())))

        def make(name: str) -> int:
            return self._run(f"CREATE TABLE {name} AS {self._text(query)}", bound, _made)

        table = self._engine.kept.hold(key, make, self.interrupts.is_unwanted)
        self._held.append(table)
        return table

    def fetch_kept(self, query: str, parameters: Mapping[str, object] | None = None) -> pa.Table:
        """Run a query over what `keep` and `arrange` made; the relation is not read, nor are its sources looked at."""
        return self._read_kept(query, parameters or {}, _rows)

    def answer(self, text: str, parameters: Mapping[str, object]) -> pa.Table:
        """Run a query over a cube in place of one over the relation, whose sources are looked at afterwards."""
        with self._engine.measured.run(self._relation.uses, self._relation.key):
            rows = self.read_cube(text, parameters)
        self._relation.check_sources()
        return rows

    def read_cube(self, text: str, parameters: Mapping[str, object]) -> pa.Table:
        """Run a query over a cube that answers nothing."""
        return self._read_kept(text, _unbound(parameters), _rows)

    def describe_query(self, text: str, parameters: Mapping[str, object]) -> list[tuple[str, str]]:
        """Return names and types of a query's columns, without running it."""
        found = self._read_kept(f"DESCRIBE {text}", _unbound(parameters), lambda result: result.fetchall())
        return [(row[0], row[1]) for row in found]

    def count_kept(self, table: KeptTable, column: str) -> int:
        """Return the sum of a column of a kept table."""
        query = f"SELECT coalesce(sum({quote_identifier(column)}), 0)::BIGINT FROM {table.name}"
        [(rows,)] = self._read_kept(query, {}, lambda result: result.fetchall())
        return int(rows)

    def make_kept(self, text: str, parameters: Mapping[str, object]) -> KeptTable:
        """Make a table of a query's rows that outlives this reader: it is to be released."""
        if self._frames.may_be_unsafe() and may_be_unsafe(text):
            self._make_safe(text, _unbound(parameters))

        def make(name: str) -> int:
            return self._read_kept(f"CREATE TABLE {name} AS {text}", _unbound(parameters), _made)

        table = self._engine.kept.hold(object(), make, self.interrupts.is_unwanted)
        try:
            self._relation.check_sources()
        except BaseException:
            self._engine.kept.release(table)
            raise
        return table

    def arrange(self, name: str, query: str, parameters: Mapping[str, object] | None = None) -> int:
        """Make a temporary table of a query over what `keep` made, and return how many rows it has.

        The engine spills it to disk when memory is short. It goes away with the reader.
        """
        if name not in self._temporary:
            self._temporary.append(name)
        return self._read_kept(f'CREATE OR REPLACE TEMP TABLE "{name}" AS {query}', parameters or {}, _made)

    def describe(self) -> tuple[Column, ...]:
        """Return the relation's columns as its readers name them, without running it.

        Of equal names all but one get a number. Relations of one shape are described once.
        """
        shape = self._relation.shape()
        known = None if shape is None else self._engine.described.get(shape)
        if known is not None:
            return known
        rows = self._run(self._text(_DESCRIBE), {}, lambda result: result.fetchall())
        columns = tuple(Column(row[0], row[1]) for row in rows)
        if shape is not None:
            self._engine.described.put(shape, columns)
        return columns

    def profile(self) -> tuple[pa.Table, Profile]:
        """Run the relation and return its rows, and what that cost. Nothing shared answers."""
        connection = self._connection
        if connection is None:
            raise Cancelled
        connection.execute("SET enable_profiling = 'no_output'")
        try:
            started = perf_counter()
            rows = self._run(self._text(None), {}, _rows)
            took = perf_counter() - started
            told = connection.get_profiling_information(format="json")
            return rows, read_profile(told, took, companions=self._rewritten.companions)
        finally:
            connection.execute("RESET enable_profiling")

    def row_groups(self, paths: Sequence[str], scan: Scan) -> RowGroups:
        """Return how many row groups of Parquet files a scan needs, by the files' statistics."""
        lacking = self._may_lack_nan(paths)
        tests = [_ruled_out(test, lacks_nan=lacking and test.type in _FLOATS) for test in scan.comparisons]
        ruled_out = [
            f"(path_in_schema = $column_{at} AND {test.replace('$literal', f'$literal_{at}')})"
            for at, test in enumerate(tests)
        ]
        used = {*scan.columns, *(test.column for test in scan.comparisons)}
        values: dict[str, object] = {"paths": list(paths), "used": sorted(used)}
        for at, test in enumerate(scan.comparisons):
            values |= {f"column_{at}": test.column, f"literal_{at}": test.literal}
        query = _ROW_GROUPS.format(ruled_out=" OR ".join(ruled_out) or "false")
        found = self._execute(query, values, lambda result: result.fetchall())[0]
        return RowGroups(*(int(value or 0) for value in found))

    def explain(self) -> str:
        """Return the engine's plan of the relation."""
        rows = self._run(f"{_EXPLAIN}{self._text(None)}", {}, lambda result: result.fetchall())
        return "\n".join(row[1] for row in rows)

    def progress(self) -> float | None:
        """Return how much of the running query is done, from 0 to 1, or None where the engine cannot tell."""
        connection = self._connection
        percentage = connection.query_progress() if connection is not None and self.interrupts.is_running else -1.0
        return percentage / 100 if percentage >= 0 else None

    def cancel(self) -> None:
        """Stop what runs and refuse what comes: the running or next call raises `Cancelled`."""
        self.interrupts.cancel()

    def close(self) -> None:
        """Give the connection back. Calling it again does nothing."""
        connection, self._connection = self._connection, None
        if connection is None:
            return
        try:
            for stream in self._streams:
                stream.close()
            for name in self._temporary:
                connection.execute(f'DROP TABLE IF EXISTS temp."{name}"')
            self._frames.close()
            for name in self._relation.variables:
                connection.execute(f'RESET VARIABLE "{name}"')
        except duckdb.Error:  # a late interrupt can hit the clean-up: such a connection is not lent again
            connection.close()
        else:
            self._engine.give_back(connection)
        held, self._held = self._held, []
        for table in held:
            self._engine.kept.release(table)

    def _text(self, query: str | None) -> str:
        if query is None:
            return self._relation.sql
        return f"WITH relation AS NOT MATERIALIZED (\n{self._relation.sql}\n) {query}"

    def _run[T](self, sql: str, parameters: Mapping[str, object], take: Callable[[duckdb.DuckDBPyConnection], T]) -> T:
        """Run a query that reads the relation; its sources are looked at afterwards."""
        bound = {name: bound_to_engine(value) for name, value in self._relation.parameters.items()}
        try:
            if self._frames.may_be_unsafe() and not sql.startswith(_EXPLAIN) and may_be_unsafe(sql):
                self._make_safe(sql, bound | dict(parameters))
            with self._engine.measured.run(self._relation.uses, self._relation.key):
                result = self._execute(sql, bound | dict(parameters), take)
        except duckdb.Error as error:
            self._relation.check_sources()
            raise self._explain(error, sql) from error
        self._relation.check_sources()
        return result

    def _make_safe(self, sql: str, parameters: Mapping[str, object]) -> None:
        """Give the engine copies of frames that it must not scan in the plan of a query; see `arrow_scan`."""
        try:
            plan = self._execute(f"{_EXPLAIN}{sql}", parameters, lambda result: result.fetchall())
        except duckdb.Error:  # of which the query itself tells the place
            return
        if self._connection is None or not any(is_unsafe(row[1]) for row in plan):
            return
        self._frames.make_safe(lambda statement: self._read_kept(statement, {}, lambda result: result.fetchall()))

    def _read_kept[T](
        self, sql: str, parameters: Mapping[str, object], take: Callable[[duckdb.DuckDBPyConnection], T]
    ) -> T:
        try:
            return self._execute(sql, parameters, take)
        except duckdb.Error as error:
            raise self._explain(error, sql) from error

    def _execute[T](
        self, sql: str, parameters: Mapping[str, object], take: Callable[[duckdb.DuckDBPyConnection], T]
    ) -> T:
        """Run a statement that `cancel` can stop, and take its rows, which may be computed while they are taken."""
        try:
            with self._working() as connection:
                self._rewritten = self._exact(connection, sql, parameters)
                return take(connection.execute(self._rewritten.sql, parameters))
        except duckdb.Error as error:
            if self.interrupts.is_unwanted() or isinstance(error, duckdb.InterruptException):
                raise Cancelled from error
            raise

    def _may_lack_nan(self, paths: Sequence[str]) -> bool:
        with self._working() as connection:
            return self._engine.parquet.may_lack(paths, self._state, self._asking(connection))

    def _exact(self, connection: duckdb.DuckDBPyConnection, sql: str, parameters: Mapping[str, object]) -> Rewritten:
        """Return a statement that loses no NaN of Parquet files."""
        return self._engine.parquet.exact(sql, parameters, self._state, self._asking(connection))

    @property
    def _state(self) -> Hashable | None:
        """What tells the states of the relation's files from others, or None where nothing does."""
        relation = self._relation
        return relation.sources if relation.is_versioned or relation.is_pick else None

    @staticmethod
    def _asking(connection: duckdb.DuckDBPyConnection) -> Ask:
        def ask(query: str, values: Mapping[str, object] | None = None, /) -> list[tuple[Any, ...]]:
            try:
                return connection.execute(query, values or {}).fetchall()
            except duckdb.InterruptException:
                raise
            except duckdb.Error:  # of which the statement itself tells
                return []

        return ask

    @contextmanager
    def _working(self) -> Generator[duckdb.DuckDBPyConnection]:
        connection = self._connection
        if connection is None:
            raise Cancelled
        with nullcontext() if self.gives_way else self._engine.cubes.giving_way(), self.interrupts.running():
            yield connection

    def _explain(self, error: duckdb.Error, sql: str) -> DataAppError:
        fault = error_to_fault(error)
        if fault.position is not None:
            start = len(sql[: max(sql.find(self._relation.sql), 0)].encode())
            position = self._rewritten.origin(fault.position) - start
            inside = 0 <= position < len(self._relation.sql.encode())
            fault = replace(fault, position=position if inside else None)
        explain = self._relation.explain_fault or fault_to_error
        return explain(fault)

    def _interrupt(self) -> None:
        if (connection := self._connection) is not None:
            connection.interrupt()


def _rows_of(query: str | None, bound: Mapping[str, object]) -> Hashable:
    """Return what stands for the rows of a query over a relation, or for its own."""
    return "rows", query, repr(sorted(bound.items()))


def is_short_of_memory(error: DataAppError) -> bool:
    """Whether a query failed because its memory is bounded."""
    return isinstance(error.__cause__, duckdb.OutOfMemoryException)


def _unbound(parameters: Mapping[str, object]) -> dict[str, object]:
    """Return values as the driver takes them, those of the relation and others."""
    return {name: bound_to_engine(value) if isinstance(value, Bound) else value for name, value in parameters.items()}


def bound_to_engine(bound: Bound) -> object:
    """Return what DuckDB's driver should be given, typed as the input promises.

    Example:
        >>> bound_to_engine(Bound(2, "DOUBLE")), bound_to_engine(Bound("a"))
        (2.0, 'a')
    """
    value = bound.value
    if bound.type in {"DOUBLE", "FLOAT"} and isinstance(value, int):
        return float(value)
    if bound.type == "DOUBLE[]" and isinstance(value, list):
        return [None if item is None else float(item) for item in cast("list[Any]", value)]
    return value


def error_to_fault(error: duckdb.Error) -> EngineFault:
    """Read the engine's machine-readable error."""
    text = str(error)
    kind, _, rest = text.partition(" Error: ")
    try:
        facts: dict[str, str] = json.loads(text if text.startswith("{") else rest)
    except ValueError:  # some errors come as plain text whatever the setting
        return EngineFault(kind, rest or str(error))
    position = facts.get("position")
    return EngineFault(
        kind=facts.get("exception_type", kind),
        message=facts.get("exception_message", rest),
        subtype=facts.get("error_subtype", ""),
        name=facts.get("name"),
        candidates=tuple(name for name in facts.get("candidates", "").split(",") if name),
        position=None if position is None else int(position),
    )


_ERRORS_BY_KIND: dict[str, type[DataAppError]] = {
    "Conversion": TypeMismatchError,
    "Mismatch Type": TypeMismatchError,
    "Parser": SqlSyntaxError,
    "Invalid Input": QueryError,
}


_UNREADABLE = (
    "a Parquet file",
    "No magic bytes",
    "Footer length error",
    "Error when sniffing",
    "CSV Error",
    "Malformed JSON",
)


def fault_to_error(fault: EngineFault) -> DataAppError:
    """Choose the error class that fits what the engine said; the caller adds cell, line and column."""
    message = _sentence(fault.message)
    if fault.kind == "IO" or (fault.kind == "HTTP"):
        missing = "No files found" in message or "No such file" in message or "Cannot open file" in message
        return (SourceNotFoundError if missing else SourceUnreadableError)(message)
    if any(mark in message for mark in _UNREADABLE):
        return SourceUnreadableError(message)
    if fault.subtype == "COLUMN_NOT_FOUND":
        return ColumnNotFoundError(message, hint=_candidates(fault))
    if fault.subtype == "NO_MATCHING_FUNCTION":
        return TypeMismatchError(message)
    if fault.kind == "Catalog":
        return TableNotFoundError(message, hint=_candidates(fault))
    return _ERRORS_BY_KIND.get(fault.kind, QueryError)(message)


def _candidates(fault: EngineFault) -> str | None:
    names = [f"`{name.strip()}`" for name in fault.candidates[:5]]
    return f"known names near it: {', '.join(names)}" if names else None


def _sentence(message: str) -> str:
    """Return the part of the engine's message that says what is wrong; lists of candidates become hints elsewhere."""
    for tail in ("\nCandidate bindings", "\n\tCandidate functions", "\nDid you mean", "\n\nLINE "):
        message = message.partition(tail)[0]
    return message.strip()


def _line_and_column(text: str, position: int | None) -> tuple[int | None, int | None]:
    if position is None:
        return None, None
    before = text.encode()[:position].decode(errors="ignore")
    return before.count("\n") + 1, len(before) - before.rfind("\n")
