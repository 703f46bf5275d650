"""A book as real cells. A cell is made anew only when it, or something that it reads, changed.

Cells find each other as those of a module do, by name in one mapping that is always current. So queries may read each
other in any order, and a circle is told by the session that shows one of its cells.

Invariant: of every cell in use, the names that its text reads mean what they meant when it was made.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import dataapp as da
from dataapp.cells.cell import Cell
from dataapp.cells.input import InputCell
from dataapp.cells.namespace import Namespace, Wording
from dataapp.cells.source import SourceCell
from dataapp.cells.sql import SqlCell
from dataapp.compile.identifiers import fold
from dataapp.compile.query import Parser
from dataapp.engines.relation import Column
from dataapp.errors import NameNotFoundError, near
from dataapp.workbench.book import Book, names_read
from dataapp.workbench.catalogue import Table
from dataapp.workbench.controls import Control, OptionsQuery
from dataapp.workbench.declared import declared_options, widget_class
from dataapp.workbench.quick_chart import ChartSpec, build_chart

if TYPE_CHECKING:
    import altair as alt

_MODULE = "explore"
_WORDING = Wording(
    reader="Query",
    readers="Queries",
    no_table="which is neither among the tables nor among the queries of this page",
    no_value="which no control sets",
    no_table_hint="read a file by its path, as in FROM 'data/trades.csv', or start dataapp explore with it",
    circle_hint="read a table or another query",
)


@dataclass(frozen=True, slots=True)
class _Definition:
    """What makes a cell: compared to tell whether it changed."""

    name: str
    what: Control | str | tuple[str, str]
    reads: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Drawn:
    spec: ChartSpec
    cell: SqlCell
    columns: tuple[Column, ...]
    chart: "alt.Chart"


class LiveBook:
    """The cells of a book.

    Args:
        book: The book to begin with.
        parser: The engine's parser.

    Attributes:
        book: The book that the cells are those of.
        parser: The engine's parser.

    Example:
        >>> from dataapp.app.sessions import engine
        >>> from dataapp.workbench.book import Query
        >>> live = LiveBook(Book("Numbers", queries=(Query("numbers", "FROM range(3)"),)), engine())
        >>> live.cell("numbers").evaluate().height
        3
    """

    def __init__(self, book: Book, parser: Parser) -> None:
        self.parser = parser
        self._definitions: dict[str, _Definition] = {}
        self._cells: dict[str, Cell] = {}  # by folded name; cells that feed a control under "control.option"
        self._names: dict[str, object] = {}
        self._drawn: dict[str, _Drawn] = {}
        self.book = book
        self.update(book)

    def update(self, book: Book) -> None:
        """Take another book; cells that it leaves as they were stay the same objects.

        Raises:
            InputError: A control cannot be made; everything stays as it was.
        """
        definitions = _define(book, self.parser)
        changed = _changed(self._definitions, definitions)
        cells = {key: self._cells[key] for key in definitions if key not in changed}
        for key in sorted(changed & definitions.keys(), key=lambda key: "." not in key):  # feeds before their controls
            cells[key] = self._make(key, definitions[key], cells)
        names = {definitions[key].name: cell for key, cell in cells.items() if "." not in key}
        self._names.update(names)  # before anything is removed: a session may be looking names up
        for name in self._names.keys() - names.keys():
            del self._names[name]
        self._definitions, self._cells, self.book = definitions, cells, book
        self._drawn = {name: drawn for name, drawn in self._drawn.items() if cells.get(fold(name)) is drawn.cell}

    @property
    def names(self) -> Mapping[str, object]:
        """What the names of the book stand for: live, and the same mapping for all of its cells."""
        return self._names

    def cells(self) -> dict[str, Cell]:
        """Return the cells of tables, queries and controls by their folded names."""
        return {key: cell for key, cell in self._cells.items() if "." not in key}

    def cell(self, name: str) -> SqlCell:
        """Return the cell of a query.

        Raises:
            NameNotFoundError: There is no query of that name.
        """
        return self._found(name, SqlCell, "query", [query.name for query in self.book.queries])

    def input(self, name: str) -> InputCell:
        """Return the input of a control.

        Raises:
            NameNotFoundError: There is no control of that name.
        """
        return self._found(name, InputCell, "control", [control.name for control in self.book.controls])

    def source(self, name: str) -> SourceCell:
        """Return the source of a table.

        Raises:
            NameNotFoundError: There is no table of that name.
        """
        return self._found(name, SourceCell, "table", [table.name for table in self.book.tables])

    def columns(self, name: str) -> tuple[Column, ...]:
        """Return the columns of a query, as its controls stand, without running it.

        Raises:
            DataAppError: Whatever keeps the query from having columns.
        """
        return tuple(Column(column, type_) for column, type_ in self.cell(name).schema.items())

    def chart(self, name: str, columns: Sequence[Column] | None = None) -> "alt.Chart | None":
        """Return the chart of a query: the same object as long as neither chart, cell nor columns changed.

        Args:
            name: The query.
            columns: Its columns, where they are known.

        Raises:
            ChartError: The chart cannot be drawn of the query's columns.
            DataAppError: Whatever keeps the query from having columns.
        """
        spec, cell = self.book.query(name).chart, self.cell(name)
        if spec is None:
            return None
        known = self.columns(name) if columns is None else tuple(columns)
        drawn = self._drawn.get(name)
        if drawn is None or (drawn.spec, drawn.columns) != (spec, known):
            drawn = self._drawn[name] = _Drawn(spec, cell, known, build_chart(spec, cell, known))
        return drawn.chart

    def _found[Kind: Cell](self, name: str, kind: type[Kind], what: str, known: list[str]) -> Kind:
        cell = self._names.get(name)
        if not isinstance(cell, kind):
            raise NameNotFoundError(f"No {what} is called `{name}`.", hint=near(name, known))
        return cell

    def _make(self, key: str, definition: _Definition, cells: Mapping[str, Cell]) -> Cell:
        namespace = page_namespace(self._names)
        match definition.what:
            case Control() as control:
                options = declared_options(control, {})
                fed = {option: cells[f"{key}.{option}"] for option in options if f"{key}.{option}" in cells}
                made = da.input(widget_class(control), **{**options, **fed})
                return InputCell(made.kind, namespace, feeds=made.feeds, name=control.name)
            case ("source", location):
                return SourceCell(location, namespace, options={}, name=definition.name)
            case (_, text) | str(text):
                return SqlCell(text, namespace, on=None, materialize="auto", run="auto", name=definition.name)


def page_namespace(names: Mapping[str, object]) -> Namespace:
    """Return where the cells of a page are: under the names of its book, and with words that speak of queries."""
    return Namespace(_MODULE, None, 1, names, {}, _WORDING)


def _define(book: Book, parser: Parser) -> dict[str, _Definition]:
    found: dict[str, _Definition] = {}
    for table in book.tables:
        found[fold(table.name)] = _define_table(table)
    for query in book.queries:
        found[fold(query.name)] = _Definition(query.name, query.sql, names_read(query.sql, parser))
    for control in book.controls:
        key = fold(control.name)
        feeds = {f"{key}.{name}": option for name, option in control.options if isinstance(option, OptionsQuery)}
        for feed, option in feeds.items():
            found[feed] = _Definition(feed, option.sql, names_read(option.sql, parser))
        found[key] = _Definition(control.name, control, frozenset(feeds))
    return found


def _define_table(table: Table) -> _Definition:
    return _Definition(table.name, ("source", table.location), frozenset())


def _changed(before: Mapping[str, _Definition], after: Mapping[str, _Definition]) -> set[str]:
    """Return what is new, gone or defined otherwise, and all that reads it, directly or through others."""
    changed = {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}
    readers: dict[str, list[str]] = {}
    for key, definition in after.items():
        for name in definition.reads:
            readers.setdefault(name, []).append(key)
    pending = list(changed)
    while pending:
        for reader in readers.get(pending.pop(), []):
            if reader not in changed:
                changed.add(reader)
                pending.append(reader)
    return changed
