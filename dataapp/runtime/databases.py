"""Cells that run on databases: what they may read, and how their rows, columns and plans come from there.

A chain of such cells is fused into one query of the database. Whoever reads it in this process, a local cell, a view
or a function, reads its rows, fetched as Arrow.

Invariants:

- A query that runs on a database reads that database and bound values only; else it is an error before it runs.
- One query sees one state of its database.
"""

from collections.abc import Callable, Hashable
from copy import copy
from dataclasses import replace

import pyarrow as pa

from dataapp.cells.cell import Cell
from dataapp.cells.database import Database, DatabaseTable, Question, Refused, Statement
from dataapp.cells.source import SourceCell
from dataapp.cells.sql import SqlCell
from dataapp.compile.fusion import TablePart, TextPart
from dataapp.compile.identifiers import fold
from dataapp.compile.query import Query
from dataapp.compile.restrictions import EVERY_ROW
from dataapp.compile.spans import line_and_column
from dataapp.connect.connection import database_of
from dataapp.errors import ConnectionFailedError, DataAppError, NotOnDatabaseError
from dataapp.runtime.narrowing import Narrowed, narrowed
from dataapp.runtime.projection import WHOLE, Wanted
from dataapp.runtime.tables import Table, TableBuilder, digest
from dataapp.runtime.workers import Cancel

# What may be read.


def check_text(cell: SqlCell, query: Query) -> None:
    """Refuse what a text for a database cannot say.

    Raises:
        NotOnDatabaseError: It reads files, or needs more than one query.
    """
    for file in query.files:
        written = query.text.encode()[file.span.start : file.span.end].decode()
        if not written.startswith('"'):  # a quoted name is a table of the database, whatever it looks like
            line, column = line_and_column(query.text, file.span.start)
            raise NotOnDatabaseError(
                f"`{cell.label}` runs on {_label(cell)}, which has no file {written}.",
                hint="read files in a cell without on=",
                cell=cell.label,
                line=line,
                column=column,
            )
    if query.path_parameters:
        raise NotOnDatabaseError(
            f"`{cell.label}` runs on {_label(cell)}, which has no file `${min(query.path_parameters)}`.",
            hint="read files in a cell without on=",
            cell=cell.label,
        )
    if query.form != "select":
        said = "a PIVOT without a list of columns" if query.form == "pivot" else "SUMMARIZE, DESCRIBE and SHOW"
        raise NotOnDatabaseError(
            f"`{cell.label}` runs on {_label(cell)}, where {said} cannot be read as a table.",
            hint="leave out on= and read the rows of another cell",
            cell=cell.label,
        )


def refuse_unfit(cell: SqlCell, read: Cell, query: Query | None) -> None:
    """Refuse a table that cannot become part of a query on a database.

    Args:
        cell: The cell that runs there.
        read: What it reads.
        query: The text of that, if it has one.

    Raises:
        NotOnDatabaseError: It is elsewhere, or its rows have to be kept, which a database is not asked to do.
    """
    refuse_elsewhere(cell, read, database_of(read))
    if not isinstance(read, SqlCell) or query is None:
        return
    reason = query.unstable[0] if query.unstable else None
    if read.run == "button":
        reason = "it waits for its button"
    elif read.materialize is True:
        reason = "materialize=True"
    if reason is not None:
        raise NotOnDatabaseError(
            f"`{cell.label}` runs on {_label(cell)} and cannot be fused with `{read.label}`, whose rows are kept here:"
            f" {reason}.",
            hint="leave out on= to read the kept rows, or write both as one query",
        )


def refuse_elsewhere(cell: SqlCell, read: Cell, database: Database | None) -> None:
    """Refuse a table that is not where the cell that reads it runs.

    Raises:
        NotOnDatabaseError: It is elsewhere.
    """
    if cell.on is None or (database is not None and database.key == cell.on.key):
        return
    where = "here" if database is None else f"on {database.label}"
    raise NotOnDatabaseError(
        f"`{cell.label}` runs on {_label(cell)}, but `{read.label}`, which it reads, is {where}.",
        hint="leave out on=: then it runs here, over the rows of both; or name a table of the database with its schema",
    )


def _label(cell: SqlCell) -> str:
    assert cell.on is not None
    return cell.on.label


# Tables on the database, not read yet.


def source_table(cell: SourceCell, location: DatabaseTable) -> Table:
    """Return the table that a database has itself."""
    builder = TableBuilder(cell, location.database)
    facts = digest("database", location.database.key, location.schema, location.name)
    part = TablePart(location.schema, location.name)
    return builder.build(part, facts, fixed_order=False, is_versioned=False, ttl=cell.ttl)


def statement_of(table: Table) -> Statement:
    """Return the one query that a table on a database becomes."""
    fused = table.fused
    return Statement(fused.sql, {name: table.values[key] for name, key in fused.values.items()})


def tables_of(table: Table) -> list[str]:
    """Return the tables of the database that a query reads, as names are written there."""
    found: dict[str, None] = {}
    for part in table.parts.values():
        match part:
            case TablePart():
                found[part.sql] = None
            case TextPart():
                text = part.query.text.encode()
                own = [ref for ref in part.query.tables if part.reads(ref) is None and not ref.is_statement]
                found |= dict.fromkeys(text[ref.span.start : ref.span.end].decode() for ref in own)
                for ref in part.query.tables:
                    if ref.is_statement and part.reads(ref) is None:
                        found[text[ref.span.start : ref.span.end].decode().split(None, 1)[1]] = None
            case _:
                continue
    return list(found)


# What the database answers.


def read(table: Table, cancel: Cancel, wanted: Wanted = WHOLE) -> pa.Table:
    """Return the rows of a table on a database, asked for this caller alone; see `dataapp.runtime.answers`.

    A condition of a reader may reach into a view of the database, and fail there on rows that the view leaves out. So
    what is refused with a condition is asked without.

    Args:
        table: The table.
        cancel: Stops the query on the database.
        wanted: What readers may use; other columns and rows may be left out.

    Raises:
        Refused: The database refused or failed; see `placed`.
    """
    asked = _narrowed(table, cancel, wanted)
    try:
        return _fetch(table, asked.statement, cancel)
    except Refused as refused:
        if asked.restriction == EVERY_ROW or isinstance(refused.error, ConnectionFailedError):
            raise
    return _fetch(table, _narrowed(table, cancel, replace(wanted, rows=None)).statement, cancel)


def wanted_to_text(table: Table, cancel: Cancel, wanted: Wanted) -> str:
    """Say what is fetched of a table on a database.

    Raises:
        DataAppError: The database refused.
    """
    schema = _schema(table, cancel)
    found = _narrowed_to(table, schema, wanted)
    rows = "every row" if found.restriction == EVERY_ROW else f"rows where {found.restriction}"
    return f"{found.columns} of {len(schema.names)} columns, {rows}"


def _narrowed(table: Table, cancel: Cancel, wanted: Wanted) -> Narrowed:
    statement = statement_of(table)
    if wanted == WHOLE:
        return Narrowed(statement)
    return _narrowed_to(table, _ask(table, statement, cancel, lambda question: question.schema()), wanted)


def _narrowed_to(table: Table, schema: pa.Schema, wanted: Wanted) -> Narrowed:
    assert table.database is not None
    is_text = not isinstance(table.parts[table.root], TablePart)
    return narrowed(statement_of(table), schema, wanted, table.database.server().target, is_fenced=is_text)


def _fetch(table: Table, statement: Statement, cancel: Cancel) -> pa.Table:
    return _ask(table, statement, cancel, lambda question: _named_apart(question.read().read_all()))


def placed(table: Table, refused: Refused) -> DataAppError:
    """Return what the author of a table should read of a refusal: with cell, line and column.

    The refusal stays as it is: several sessions may be told of one, each with its own cells.
    """
    return table.place_error(copy(refused.error), refused.position)


def version(table: Table) -> Hashable | None:
    """Return what changes when the rows of a table on a database do, or None where the database cannot tell.

    Raises:
        Refused: The database cannot be reached.
    """
    assert table.database is not None
    return table.database.server().version(tables_of(table))


def describe(table: Table, cancel: Cancel) -> pa.Table:
    """Return the columns of a table on a database, without a row.

    Raises:
        DataAppError: The database refused.
    """
    return _named_apart(_schema(table, cancel).empty_table())


def _schema(table: Table, cancel: Cancel) -> pa.Schema:
    try:
        return _ask(table, statement_of(table), cancel, lambda question: question.schema())
    except Refused as refused:
        raise placed(table, refused) from refused.__cause__


def explain(table: Table, cancel: Cancel) -> str:
    """Return the database's plan of a table on it.

    Raises:
        Refused: The database refused or failed.
    """
    return _ask(table, statement_of(table), cancel, lambda question: question.explain())


def _ask[T](table: Table, statement: Statement, cancel: Cancel, answer: Callable[[Question], T]) -> T:
    assert table.database is not None
    try:
        with table.database.server().ask(statement) as question:
            cancel.on_cancel(question.cancel)
            return answer(question)
    except Refused as refused:
        if refused.position is not None:
            inside = refused.position - statement.before
            refused.position = inside if inside >= 0 else None
        raise


def _named_apart(rows: pa.Table) -> pa.Table:
    """Return rows whose columns have different names: of equal ones all but the first get a number, as DuckDB does."""
    taken: set[str] = set()
    names: list[str] = []
    for name in rows.column_names:
        number, candidate = 0, name
        while fold(candidate) in taken:
            number += 1
            candidate = f"{name}_{number}"
        taken.add(fold(candidate))
        names.append(candidate)
    return rows if names == rows.column_names else rows.rename_columns(names)
