"""The queries of one page while it is open: edits, the cells that they become, and the session that runs them.

Every edit gives a new book. The cells of the book take the place of those before in the session, so that what is shown
follows without being made anew, and only what depends on the edit runs.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache

import pyarrow as pa

from dataapp.app.sessions import initial_value
from dataapp.cells.input import InputCell
from dataapp.cells.sql import SqlCell
from dataapp.compile.identifiers import fold, quote_identifier
from dataapp.compile.query import Parser
from dataapp.engines.duckdb import DuckDB
from dataapp.engines.relation import Column
from dataapp.errors import DataAppError
from dataapp.runtime import headless
from dataapp.runtime.session import Session
from dataapp.workbench.book import (
    Book,
    Query,
    add_query,
    names_read,
    open_parameters,
    remove_query,
    rename_query,
    replace_query,
    with_controls,
    with_tables,
)
from dataapp.workbench.catalogue import Table
from dataapp.workbench.controls import Control, infer_controls
from dataapp.workbench.live import LiveBook, page_namespace
from dataapp.workbench.quick_chart import ChartSpec, drawable, suggest_chart

_KEPT_ANSWERS = 256


class Queries:
    """A book, its cells, and a session that shows them.

    Args:
        book: The book to begin with.
        session: The session.
        changed: Called after each edit.
    """

    def __init__(self, book: Book, session: Session, changed: Callable[[Book], None]) -> None:
        self._session = session
        self._changed = changed
        self._engine: DuckDB = session.engine
        self._answer = lru_cache(_KEPT_ANSWERS)(self._ask)  # ends and options of columns of the tables
        self.live = LiveBook(book, session.engine)

    @property
    def book(self) -> Book:
        """The book as it is now."""
        return self.live.book

    @property
    def parser(self) -> Parser:
        """The engine's parser."""
        return self._engine

    # What reads the engine: for worker threads.

    def check(self, name: str, text: str) -> None:
        """Raise what is wrong with a text in the place of a query, without running it.

        Raises:
            DataAppError: With line and column, where they are known.
        """
        known = {fold(known) for known in self.live.names}
        cell = self._cell(name, text)
        if all(parameter in known for parameter in _parameters(name, text, self.book, self.parser)):
            headless.schema(self._engine, cell, initial_value)

    def fitting_controls(self, name: str, text: str) -> tuple[Control, ...]:
        """Return the controls of the book once a query has another text: fitting ones for its parameters.

        Raises:
            DataAppError: What the engine says of a question about a column.
        """
        book = replace_query(self.book, replace(self.book.query(name), sql=text))
        needed = open_parameters(book, self.parser)
        wanted = {fold(parameter) for parameter in needed}
        kept = {fold(control.name): control for control in self.book.controls if fold(control.name) in wanted}
        others = (query.sql for query in book.queries if query.name != name)
        read_elsewhere = {read for sql in others for read in names_read(sql, self.parser)}
        if wanted & names_read(text, self.parser):
            for control in infer_controls(text, self._columns_of, self._read):
                if fold(control.name) in wanted:
                    before, is_shared = kept.get(fold(control.name)), fold(control.name) in read_elsewhere
                    kept[fold(control.name)] = control if before is None else _chosen(before, control, is_shared)
        return tuple(kept[fold(parameter)] for parameter in needed if fold(parameter) in kept)

    def columns(self, name: str) -> tuple[Column, ...]:
        """Return the columns of a query.

        Raises:
            DataAppError: Whatever keeps the query from having columns.
        """
        return self.live.columns(name)

    def suggest_chart(self, name: str) -> ChartSpec | None:
        """Return a good first chart of a query as its controls stand, or None where there is nothing to draw.

        Raises:
            DataAppError: Whatever keeps the query from having rows.
        """
        columns = self.columns(name)
        asked = drawable(columns)
        if len(asked) < 2:
            return suggest_chart(columns)
        ends = ", ".join(f"min({column}) IS DISTINCT FROM max({column})" for column in map(quote_identifier, asked))
        cell = self._cell("varying", f"SELECT {ends} FROM {quote_identifier(name)}")
        varies = headless.rows(self._engine, cell, self._standing)
        held = [column for column, varying in zip(asked, varies.columns, strict=True) if not varying[0].as_py()]
        return suggest_chart(columns, held)

    # Edits: for the document's thread.

    def run(self, name: str, text: str, controls: tuple[Control, ...]) -> None:
        """Give a query another text.

        Raises:
            DataAppError: A control cannot be made; everything stays as it was.
        """
        book = replace_query(self.book, replace(self.book.query(name), sql=text))
        self._take(with_controls(book, controls))

    def add(self, name: str, text: str) -> None:
        """Add a query behind the others.

        Raises:
            InvalidNameError: Its name is no variable of Python, or no table of SQL.
            NameClashError: Its name is taken.
        """
        self._take(add_query(self.book, Query(name, text), self.parser))

    def remove(self, name: str) -> None:
        """Remove a query, and the controls that nothing reads any more."""
        book = remove_query(self.book, name)
        needed = {fold(parameter) for parameter in open_parameters(book, self.parser)}
        self._take(with_controls(book, tuple(one for one in book.controls if fold(one.name) in needed)))

    def rename(self, old: str, new: str) -> None:
        """Call a query otherwise, also where others read it.

        Raises:
            InvalidNameError: The new name is no variable of Python, or no table of SQL.
            NameClashError: The new name is taken.
        """
        self._take(rename_query(self.book, old, new, self.parser), renamed={fold(old): fold(new)})

    def draw(self, name: str, spec: ChartSpec | None) -> None:
        """Give a query another chart, or none."""
        self._take(replace_query(self.book, replace(self.book.query(name), chart=spec)))

    def take_tables(self, tables: Sequence[Table]) -> None:
        """Read other tables: files came, went or changed."""
        self._answer.cache_clear()
        self._take(with_tables(self.book, tables))

    def values(self) -> dict[str, object]:
        """Return what the controls stand at."""
        return {control.name: self._session.get(self.live.input(control.name)) for control in self.book.controls}

    def free_name(self, wanted: str) -> str:
        """Return a name that nothing has: the wanted one, or that with a number."""
        taken = {fold(name) for name in self.book.names()}
        numbered = (f"{wanted}_{number}" for number in range(2, len(taken) + 3))
        return next(name for name in (wanted, *numbered) if fold(name) not in taken)

    def _take(self, book: Book, renamed: dict[str, str] | None = None) -> None:
        before = self.live.cells()
        self.live.update(book)
        after = self.live.cells()
        successors = {
            cell: after[key]
            for key, cell in ((renamed.get(key, key) if renamed else key, cell) for key, cell in before.items())
            if key in after and after[key] is not cell and type(after[key]) is type(cell)
        }
        self._session.rebind(self.live.names, successors)
        self._changed(book)

    def _cell(self, name: str, text: str) -> SqlCell:
        return SqlCell(text, page_namespace(self.live.names), on=None, materialize="auto", run="auto", name=name)

    def _columns_of(self, name: str) -> Sequence[Column] | None:
        for table in self.book.tables:
            if fold(table.name) == fold(name):
                return table.columns
        found = next((query.name for query in self.book.queries if fold(query.name) == fold(name)), None)
        try:
            return None if found is None else self.live.columns(found)
        except DataAppError:
            return None

    def _read(self, sql: str) -> pa.Table:
        tables = {fold(table.name) for table in self.book.tables}
        return self._answer(sql) if names_read(sql, self.parser) <= tables else self._ask(sql)

    def _standing(self, cell: InputCell) -> object:
        return self._session.get(cell) if cell in self._session.nodes.raws else cell.kind.default()

    def _ask(self, sql: str) -> pa.Table:
        return headless.rows(self._engine, self._cell("control", sql), initial_value)


def _parameters(name: str, text: str, book: Book, parser: Parser) -> set[str]:
    """Return the folded names of the parameters in a text that has the place of a query."""
    alone = Book(book.title, book.tables, (Query(name, text),))
    return {fold(parameter) for parameter in open_parameters(alone, parser)}


def _chosen(before: Control, fitting: Control, is_shared: bool) -> Control:
    """Return the control that a parameter has, if it will do, else the one that fits.

    It need not be made for this query where others read it, too: it would change, and lose what it stands at, whenever
    another one of them is run.
    """
    if is_shared and before.widget == fitting.widget:
        return before
    return before if _is_alike(before, fitting) else fitting


def _is_alike(one: Control, other: Control) -> bool:
    """Whether two controls differ only in where they stand."""
    options, others = (
        tuple((name, value) for name, value in control.options if name != "value") for control in (one, other)
    )
    return (one.widget, options) == (other.widget, others)
