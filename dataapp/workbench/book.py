"""The document that `dataapp explore` edits: queries over tables, with controls. Immutable; every edit gives a new one.

Tables, queries and controls share one set of names, as the globals of the saved module do: names differ by more than
case, and are variables of Python as well as tables of SQL.
"""

import keyword
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace

from dataapp.compile.identifiers import fold, unused
from dataapp.compile.query import Parser
from dataapp.compile.spans import Span
from dataapp.errors import DataAppError, InvalidNameError, NameClashError, NameNotFoundError, near
from dataapp.runtime.resolution import parse_text
from dataapp.workbench.catalogue import Table
from dataapp.workbench.controls import Control, OptionsQuery
from dataapp.workbench.quick_chart import ChartSpec
from dataapp.workbench.references import rename_references

# What a saved module imports, and what the engine's reader calls any relation.
IMPORTED = frozenset({"alt", "da", "dt", "importlib", "pl", "pn", "relation"})


@dataclass(frozen=True, slots=True)
class Query:
    """A query, and the chart that is drawn of its rows, if any."""

    name: str
    sql: str
    chart: ChartSpec | None = None


@dataclass(frozen=True, slots=True)
class Book:
    """What is on the page.

    Attributes:
        title: What the page is called.
        tables: The tables that queries may read.
        queries: The queries, in the order of the page.
        controls: What sets the parameters of the queries.
    """

    title: str
    tables: tuple[Table, ...] = ()
    queries: tuple[Query, ...] = ()
    controls: tuple[Control, ...] = ()

    def query(self, name: str) -> Query:
        """Return a query by its name.

        Raises:
            NameNotFoundError: There is none of that name.
        """
        for query in self.queries:
            if query.name == name:
                return query
        known = [query.name for query in self.queries]
        raise NameNotFoundError(f"No query is called `{name}`.", hint=near(name, known))

    def names(self) -> tuple[str, ...]:
        """Return the names of tables, queries and controls."""
        return tuple(thing.name for thing in (*self.tables, *self.queries, *self.controls))


def add_query(book: Book, query: Query, parser: Parser) -> Book:
    """Return the book with a query behind the others.

    Raises:
        InvalidNameError: Its name is no variable of Python, or no table of SQL.
        NameClashError: Its name is taken.
    """
    _check_name(query.name, parser, book.names())
    return replace(book, queries=(*book.queries, query))


def remove_query(book: Book, name: str) -> Book:
    """Return the book without a query; those that read it are left as they are.

    Raises:
        NameNotFoundError: There is none of that name.
    """
    removed = book.query(name)
    return replace(book, queries=tuple(query for query in book.queries if query is not removed))


def replace_query(book: Book, query: Query) -> Book:
    """Return the book with another query of the same name in the place of the one that it has.

    Raises:
        NameNotFoundError: There is none of that name.
    """
    replaced = book.query(query.name)
    return replace(book, queries=tuple(query if known is replaced else known for known in book.queries))


def rename_query(book: Book, old: str, new: str, parser: Parser) -> Book:
    """Return the book with a query called otherwise, also by the queries and controls that read it.

    A text that is not SQL is left as it is: what it names cannot be told.

    Raises:
        NameNotFoundError: There is no query of the old name.
        InvalidNameError: The new name is no variable of Python, or no table of SQL.
        NameClashError: The new name is taken, or means something else in a query that reads this one.
    """
    renamed = book.query(old)
    _check_name(new, parser, [name for name in book.names() if name != old])

    def changed(sql: str) -> str:
        return rename_references(sql, old, new, parser)

    queries = tuple(
        replace(query, name=new if query is renamed else query.name, sql=changed(query.sql)) for query in book.queries
    )
    controls = tuple(
        replace(
            control,
            options=tuple(
                (name, OptionsQuery(changed(option.sql)) if isinstance(option, OptionsQuery) else option)
                for name, option in control.options
            ),
        )
        for control in book.controls
    )
    return replace(book, queries=queries, controls=controls)


def with_controls(book: Book, controls: tuple[Control, ...]) -> Book:
    """Return the book with these controls instead of those that it has.

    Raises:
        InvalidNameError: The name of a control is no variable of Python.
        NameClashError: The name of a control is taken.
    """
    book = replace(book, controls=controls)
    check_names(book)
    return book


def with_tables(book: Book, tables: Sequence[Table]) -> Book:
    """Return the book over other tables; one that is called as a query or control is gets another name.

    Example:
        >>> from dataapp.workbench.catalogue import Table
        >>> table = Table("busy", "/data/busy.csv", (), None, 1, 1)
        >>> [table.name for table in with_tables(Book("", queries=(Query("busy", "SELECT 1"),)), [table]).tables]
        ['busy_2']
    """
    taken = {fold(thing.name) for thing in (*book.queries, *book.controls)}
    named: list[Table] = []
    for table in tables:
        name = unused(table.name, taken) if fold(table.name) in taken else table.name
        taken.add(fold(name))
        named.append(table if name == table.name else replace(table, name=name))
    return replace(book, tables=tuple(named))


def check_names(book: Book) -> None:
    """Refuse a book whose queries and controls have names that `add_query` and `with_controls` would refuse.

    Raises:
        InvalidNameError: A name is no variable of Python.
        NameClashError: A name is taken.
    """
    taken = [table.name for table in book.tables]
    for thing in (*book.queries, *book.controls):
        _check_variable(thing.name, taken)
        taken.append(thing.name)


def names_read(sql: str, parser: Parser) -> frozenset[str]:
    """Return the folded names that a text reads, tables and parameters; none when it is not a query.

    Example:
        >>> from dataapp.engines.duckdb import DuckDB
        >>> sorted(names_read("FROM Trades WHERE size > $size", DuckDB()))
        ['size', 'trades']
    """
    try:
        query = parse_text(sql, parser)
    except DataAppError:
        return frozenset()
    tables = {fold(table.name) for table in query.tables if not table.qualified}
    return frozenset(tables | {fold(parameter.name) for parameter in query.parameters})


def readers_of(book: Book, name: str, parser: Parser) -> tuple[str, ...]:
    """Return the names of the queries that read a table, query or control directly, in the order of the page."""
    return tuple(query.name for query in book.queries if fold(name) in names_read(query.sql, parser))


def circular_reference(book: Book, name: str, parser: Parser) -> Span | None:
    """Return where a query's text first names a query that reads it in turn, directly or through others.

    Example:
        >>> from dataapp.engines.duckdb import DuckDB
        >>> book = Book("", queries=(Query("a", "FROM b"), Query("b", "FROM a"), Query("c", "FROM a")))
        >>> circular_reference(book, "a", DuckDB()), circular_reference(book, "c", DuckDB())
        (Span(start=5, end=6), None)
    """
    reads = {fold(query.name): names_read(query.sql, parser) for query in book.queries}
    for table in parse_text(book.query(name).sql, parser).tables:
        pending, known = [fold(table.name)], set[str]()
        while pending and not table.qualified:
            read = pending.pop()
            if read == fold(name):
                return table.span
            known.add(read)
            pending += reads.get(read, frozenset()) - known
    return None


def open_parameters(book: Book, parser: Parser) -> tuple[str, ...]:
    """Return the parameters that neither a table nor a query stands for, in order: each needs a control."""
    given = {fold(thing.name) for thing in (*book.tables, *book.queries)}
    found: dict[str, str] = {}
    for query in book.queries:
        try:
            parameters = parse_text(query.sql, parser).parameters
        except DataAppError:
            continue
        for parameter in parameters:
            if fold(parameter.name) not in given:
                found.setdefault(fold(parameter.name), parameter.name)
    return tuple(found.values())


def _check_name(name: str, parser: Parser, taken: Sequence[str]) -> None:
    _check_variable(name, taken)
    try:
        tables = [table.name for table in parse_text(f"FROM {name}", parser).tables]
    except DataAppError:
        tables = []
    if tables != [name]:
        raise InvalidNameError(
            f"`{name}` is a word of SQL, so no table can be called so without quotes.", hint=f"try `{name}_rows`"
        )


def _check_variable(name: str, taken: Sequence[str]) -> None:
    is_variable = name.isidentifier() and not keyword.iskeyword(name) and not name.startswith("__")
    if not is_variable or unicodedata.normalize("NFKC", name) != name:
        raise InvalidNameError(
            f"`{name}` cannot be the name of a variable in Python.",
            hint="use letters, digits and underscores, and no digit in front",
        )
    clash = next((other for other in (*IMPORTED, *taken) if fold(other) == fold(name)), None)
    if clash is not None:
        what = "is what a saved app calls one of its imports" if clash in IMPORTED else "is taken"
        case = "" if clash == name else f": SQL does not tell it from `{clash}`"
        raise NameClashError(f"The name `{name}` {what}{case}.", hint="choose another name")
