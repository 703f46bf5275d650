"""Cells without a server or a screen: evaluate, schema, compile, explain.

Everything runs in the calling thread, in a session of its own that ends with the call.
"""

from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Literal, cast

import pyarrow as pa

from dataapp.cells.cell import Cell
from dataapp.cells.explore import FilterCell, FilteredCell
from dataapp.cells.input import InputCell
from dataapp.cells.relation import is_relation
from dataapp.cells.user import UserCell
from dataapp.compile.target import DUCKDB
from dataapp.connect.frames import to_arrow, to_polars
from dataapp.engines.duckdb import DuckDB
from dataapp.engines.relation import Column, Relation
from dataapp.errors import BlockedError, Cancelled, DataAppError, NameClashError, SessionError
from dataapp.runtime.explaining import statement_to_text, table_to_text
from dataapp.runtime.frames import Frame
from dataapp.runtime.limits import Limits
from dataapp.runtime.outcomes import Blocked, Done, Failed, Waiting
from dataapp.runtime.resolution import Resolver
from dataapp.runtime.session import Form, Session
from dataapp.runtime.tables import Table
from dataapp.runtime.workers import Cancel, InlinePool

type Initial = Callable[[InputCell], object]


@dataclass(frozen=True, slots=True)
class CompiledQuery:
    """A fused query with the values of its parameters."""

    sql: str
    parameters: Mapping[str, object]
    on: str | None = None


@contextmanager
def _session(
    engine: DuckDB,
    initial: Initial,
    replaced: Mapping[Cell, object] | None = None,
    *,
    keeps_rows: bool = True,
    fetches_rows: bool = False,
    limits: Limits | None = None,
    resolver: Resolver | None = None,
) -> Generator[Session]:
    session = Session(
        engine,
        InlinePool(),
        resolver=resolver,
        initial=initial,
        replaced=replaced,
        keeps_rows=keeps_rows,
        fetches_rows=fetches_rows,
        limits=limits,
    )
    try:
        yield session
    finally:
        session.close()


def evaluate(
    engine: DuckDB, cell: Cell, values: Mapping[Cell, object], names: Mapping[str, object], initial: Initial
) -> object:
    """Return a cell's value; see `Cell.evaluate`."""
    replaced = dict(values)
    resolver = Resolver(engine, engine.has_table)
    for name, value in names.items():
        found = resolver.find(cell, name)
        if found in replaced:
            raise NameClashError(f"`{name}` and another keyword replace the same node `{found.label}`.")
        replaced[found] = value
    _set_filters(replaced)
    if any(isinstance(given, UserCell) for given in replaced):
        _give_to_all_users(resolver, cell, replaced)
    with _session(engine, initial, replaced, resolver=resolver) as session:
        if is_relation(cell):
            value = _take(session, cell, "frame")
            assert isinstance(value, Frame)
            return to_polars(value.rows)
        return _take(session, cell, "value")


def _set_filters(replaced: dict[Cell, object]) -> None:
    """Let filters that are given for filtered rows be those of their explorer."""
    for cell, given in list(replaced.items()):
        if isinstance(cell, FilteredCell | FilterCell) and isinstance(given, Mapping):
            view = cell.explorer.view
            replaced[view] = view.meaning.filtered(cast("Mapping[object, object]", replaced.pop(cell)))


def _give_to_all_users(resolver: Resolver, cell: Cell, replaced: dict[Cell, object]) -> None:
    """Let everybody above a cell who reads who is looking find the one that was given: it is one person."""
    given = next(value for user, value in replaced.items() if isinstance(user, UserCell))
    for user in resolver.closure(cell):
        if isinstance(user, UserCell):
            replaced.setdefault(user, given)


def rows(engine: DuckDB, cell: Cell, initial: Initial) -> pa.Table:
    """Return a cell's rows as Arrow."""
    with _session(engine, initial) as session:
        value = _take(session, cell, "frame" if is_relation(cell) else "value")
    return value.rows if isinstance(value, Frame) else to_arrow(value, cell.label)


def table(engine: DuckDB, cell: Cell, initial: Initial, form: Literal["table", "query"] = "table") -> Table:
    """Return a cell as a table that was not read; as a query it may be one of a database."""
    with _session(engine, initial, keeps_rows=False) as session:
        value = _take(session, cell, form)
    assert isinstance(value, Table)
    return value


def schema(engine: DuckDB, cell: Cell, initial: Initial) -> Mapping[str, str]:
    """Return column names and types; see `Cell.schema`."""
    try:
        return {column.name: column.type for column in table(engine, cell, initial).relation(engine).columns()}
    except DataAppError as error:
        raise with_cell(error, cell) from error.__cause__


def ibis_table(engine: DuckDB, cell: Cell, initial: Initial) -> object:
    """Return the table of Ibis that stands for a cell; see `Cell.ibis`."""
    from dataapp.engines.ibis import cell_table  # here: it imports Ibis, which takes 0.3 s

    return cell_table(cell, cell.label, (Column(*column) for column in schema(engine, cell, initial).items()))


def compile_query(engine: DuckDB, cell: Cell, dialect: str, initial: Initial) -> CompiledQuery:
    """Return the fused query; see `Cell.compile`."""
    found = table(engine, cell, initial, form="query")
    fused, database = found.fused, found.database
    bound = {name: found.values[key].value for name, key in {**fused.values, **fused.variables}.items()}
    target = DUCKDB if database is None else database.server().target
    own, on = (engine.dialect, None) if database is None else (target.name, database.label)
    if dialect in (own, engine.dialect):
        return CompiledQuery(fused.sql, bound, on)
    from dataapp.compile.dialects import translate  # here: it imports sqlglot, which takes 70 ms

    unfenced = found.fuse(replace(target, fence=("", "")))  # what holds back one engine means nothing to another
    return CompiledQuery(translate(unfenced.sql, dialect, read=own), bound, on)


def explain(engine: DuckDB, cell: Cell, initial: Initial, *, analyze: bool, of: Session | None = None) -> str:
    """Return what runs where, and why; see `Cell.explain`.

    Args:
        engine: What runs queries.
        cell: The cell.
        initial: What inputs start with.
        analyze: Whether to run the query.
        of: The session for which it is done: its limits hold, and its end stops what runs.

    Raises:
        DataAppError: The engine or the database refused or failed.
        TimeLimitError: It took longer than the cell or the session allows.
        SessionError: The session ended meanwhile.
    """
    limits = None if of is None else of.limits
    with _session(engine, initial, keeps_rows=False, fetches_rows=analyze, limits=limits) as session:
        found = _take(session, cell, "query")
        assert isinstance(found, Table)
        reasons, computed = session.nodes.kept_rows(), session.nodes.computed_frames()
        selections = session.nodes.placed_selections()
        try:
            with (of or session).working(cell) as cancel:
                if found.database is not None:
                    return statement_to_text(cell, found, found.database, cancel, analyze=analyze)
                fetched = session.nodes.fetched_rows(cancel)
                with found.relation(engine).open() as reader:
                    cancel.on_cancel(reader.cancel)
                    return table_to_text(cell, found, reader, selections, reasons, computed, fetched, analyze=analyze)
        except DataAppError as error:
            raise with_cell(error, cell) from error.__cause__
        except Cancelled as stopped:
            raise SessionError("The session ended while a query was explained.", cell=cell.label) from stopped


@dataclass(frozen=True, slots=True)
class Work:
    """What a thread works with: the rows of cells, what stops it, and where selections of crossfilters stand."""

    relations: Sequence[Relation]
    cancel: Cancel
    selections: Sequence[str]


@contextmanager
def working(engine: DuckDB, cells: Sequence[Cell], initial: Initial, *, of: Session | None = None) -> Generator[Work]:
    """Let the calling thread work with the rows of cells that are tables, as they are at one moment.

    Args:
        engine: What runs queries.
        cells: The cells; the time limit of the first holds.
        initial: What inputs start with.
        of: The session for which it is done: its limits hold, and its end stops what runs.

    Raises:
        DataAppError: A cell has no rows.
        SessionError: The session ended meanwhile.
    """
    with _session(engine, initial, limits=None if of is None else of.limits) as session:
        tables = [_take(session, cell, "table") for cell in cells]
        relations = [cast("Table", found).relation(engine) for found in tables]
        try:
            with (of or session).working(cells[0]) as cancel:
                yield Work(relations, cancel, session.nodes.placed_selections())
        except Cancelled as stopped:
            raise SessionError("The session ended while its rows were read.", cell=cells[0].label) from stopped


def with_cell(error: DataAppError, cell: Cell) -> DataAppError:
    """Say which cell an error belongs to, where nothing closer is known."""
    error.cell = error.cell or cell.label
    return error


def _take(session: Session, cell: Cell, form: Form) -> object:
    demand = session.demand(cell, form)
    outcome = demand.look().outcome
    match outcome:
        case Done(value):
            return value
        case Failed(error):
            raise error
        case Blocked(by, error):
            if isinstance(error, DataAppError):
                raise error
            raise BlockedError(f"`{cell.label}` is blocked by `{by}`: {error}", cell=cell.label) from error
        case Waiting(on):
            session.press_all()
            return _pressed(demand.look().outcome, on)
        case None:
            raise BlockedError(f"`{cell.label}` has no value.", cell=cell.label)


def _pressed(outcome: object, on: str) -> object:
    match outcome:
        case Done(value):
            return value
        case Failed(error) | Blocked(_, error):
            raise error
        case _:
            raise BlockedError(f"`{on}` waits for its button.", cell=on)
