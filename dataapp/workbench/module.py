"""The Python module that shows the same as a book, as a person would have written it.

It is laid out as `ruff format` lays it out, for any line length from 88 on, and holds only what its page needs.
"""

import os.path
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePath

import dataapp
from dataapp.compile.identifiers import fold, unused
from dataapp.compile.query import Parser
from dataapp.compile.tokens import tokenize
from dataapp.connect.files import absolute
from dataapp.engines.relation import Column
from dataapp.errors import DataAppError, NameNotFoundError, NotSavedError, near
from dataapp.runtime.resolution import parse_text
from dataapp.workbench.book import IMPORTED, Book, Query, names_read, open_parameters, readers_of
from dataapp.workbench.controls import Control, OptionsQuery
from dataapp.workbench.declared import declared_options
from dataapp.workbench.expressions import (
    Call,
    Chain,
    Constant,
    Expression,
    Items,
    Name,
    Sql,
    as_expression,
    names_in,
    to_code,
)
from dataapp.workbench.query_names import name_queries
from dataapp.workbench.quick_chart import ChartSpec, chart_expression
from dataapp.workbench.references import move_files

_IMPORTS = {
    "alt": "import altair as alt",
    "da": "import dataapp as da",
    "dt": "import datetime as dt",
    "importlib": "import importlib.resources",
    "pn": "import panel as pn",
}
_AMBIGUOUS = frozenset({"l", "O", "I"})  # linters refuse them as variables, but they are somebody's parameters
_MOST_STEPS_UP = 3
_STANDARD = ("dt", "importlib")
SAMPLES = Path(dataapp.__file__).parent / "samples"

type Assignment = tuple[str, Expression]


def book_to_module(
    book: Book,
    *,
    folder: Path,
    values: Mapping[str, object],
    columns: Mapping[str, Sequence[Column]],
    parser: Parser,
    title: str | None = None,
    here: Path | None = None,
) -> str:
    """Return the text of the module that shows what a book shows; queries that nobody named get a name that tells.

    Args:
        book: The book.
        folder: Where the module will lie: its paths are relative to it.
        values: What the controls stand at, by name.
        columns: The columns of the queries that have charts, by name.
        parser: The engine's parser.
        title: The title of the page; by default the book's.
        here: Where relative paths in the queries start; by default the working directory.

    Raises:
        NotSavedError: The book has no query.
        NameNotFoundError: A query has a parameter that nothing sets.
        ChartError: A chart cannot be drawn of the columns of its query.
        DataAppError: A text is not a query.
    """
    _check_book(book, parser)
    named = name_queries(book, parser)
    on_page = {new.name: old.name for new, old in zip(named.queries, book.queries, strict=True)}
    writer = _Writer(named, folder, here or Path.cwd(), values, columns, parser, on_page)
    return writer.module(book.title if title is None else title)


def _check_book(book: Book, parser: Parser) -> None:
    """Refuse a book of which no module can be made.

    Raises:
        NotSavedError: The book has no query.
        NameNotFoundError: A query has a parameter that nothing sets.
        DataAppError: A text is not a query.
    """
    if not book.queries:
        raise NotSavedError("There is nothing to save: the page has no query.", hint="write a query first")
    for query in book.queries:
        try:
            parse_text(query.sql, parser)
        except DataAppError as error:
            error.cell = error.cell or query.name
            raise
    known = [control.name for control in book.controls]
    for name in open_parameters(book, parser):
        if fold(name) not in map(fold, known):
            reader = readers_of(book, name, parser)[0]
            message = f"Query `{reader}` uses parameter `${name}`, which no control sets."
            raise NameNotFoundError(message, hint=near(name, known), cell=reader)


class _Writer:
    """One module. `on_page` tells what its queries are called on the page, where columns and errors belong to."""

    def __init__(
        self,
        book: Book,
        folder: Path,
        here: Path,
        values: Mapping[str, object],
        columns: Mapping[str, Sequence[Column]],
        parser: Parser,
        on_page: Mapping[str, str],
    ) -> None:
        self._book = book
        self._on_page = on_page
        self._folder = Path(os.path.abspath(folder))  # noqa: PTH100  # without following links, as the texts of paths
        self._here = here
        self._values = values
        self._columns = columns
        self._parser = parser

    def module(self, title: str) -> str:
        queries = self._in_reading_order()
        controls = self._controls(queries)
        blocks = [self._sources(queries, controls), [self._input(control) for control in controls]]
        taken = {fold(name) for name in (*self._book.names(), *IMPORTED)}
        main: list[Expression] = []
        for query in queries:
            block: list[Assignment] = [(query.name, self._sql(query.sql))]
            if query.chart is not None:
                name = unused(f"{query.name}_chart", taken)
                taken.add(fold(name))
                block.append((name, self._chart(query.chart, query.name)))
                main.append(Name(name))
            main.append(Call("da.explore", (Name(query.name),)))
            blocks.append(block)
        page = _page(title, [control.name for control in controls], main)
        used = {name for block in blocks for _, made in block for name in names_in(made)} | {"da"}
        written = ["\n".join(_assignment(name, made) for name, made in block) for block in blocks if block]
        return "\n\n".join([_docstring(title), _imports(used), *written, to_code(page)]) + "\n"

    def _chart(self, spec: ChartSpec, name: str) -> Expression:
        on_page = self._on_page[name]
        try:
            return chart_expression(spec, name, self._columns[on_page])
        except DataAppError as error:
            error.cell = error.cell or on_page
            raise

    def _reads(self, sql: str) -> frozenset[str]:
        return names_read(sql, self._parser)

    def _in_reading_order(self) -> list[Query]:
        """Return the queries as on the page, but what is read before what reads it; a circle stays as it is."""
        by_name = {fold(query.name): query for query in self._book.queries}
        found: dict[str, Query] = {}
        entered: set[str] = set()

        def enter(name: str) -> None:
            if name in entered:
                return
            entered.add(name)
            reads = self._reads(by_name[name].sql)
            for other in by_name:
                if other in reads:
                    enter(other)
            found[name] = by_name[name]

        for name in by_name:
            enter(name)
        return list(found.values())

    def _controls(self, queries: Sequence[Query]) -> list[Control]:
        """Return the controls that the queries use, in the order of use."""
        by_name = {fold(control.name): control for control in self._book.controls}
        found: dict[str, Control] = {}
        for query in queries:
            for parameter in parse_text(query.sql, self._parser).parameters:
                if fold(parameter.name) in by_name:
                    found[fold(parameter.name)] = by_name[fold(parameter.name)]
        return list(found.values())

    def _sources(self, queries: Sequence[Query], controls: Sequence[Control]) -> list[Assignment]:
        feeds = [
            option.sql for control in controls for _, option in control.options if isinstance(option, OptionsQuery)
        ]
        read = {name for sql in (*[query.sql for query in queries], *feeds) for name in self._reads(sql)}
        return [
            (table.name, Call("da.source", (_location(self._folder, table.location),)))
            for table in self._book.tables
            if fold(table.name) in read
        ]

    def _input(self, control: Control) -> Assignment:
        options = tuple(
            (name, self._sql(option.sql) if isinstance(option, OptionsQuery) else as_expression(option))
            for name, option in declared_options(control, self._values).items()
        )
        return control.name, Call("da.input", (Name(f"pn.ui.{control.widget}"),), options)

    def _sql(self, sql: str) -> Call:
        text = move_files(sql, self._moved, self._parser).replace("\r\n", "\n").strip()
        tokens = tokenize(text, self._parser)
        spans_lines = any("\n" in token.text for token in tokens)
        return Call("da.sql", (Sql(text, is_indentable=not spans_lines),))

    def _moved(self, location: str) -> str:
        there = absolute(location, self._here)
        return location if there in (location, absolute(location, self._folder)) else location_from(self._folder, there)


def _location(folder: Path, location: str) -> Expression:
    """Return what tells a location; of installed sample data, an expression that holds wherever it is installed."""
    if Path(location).parent != SAMPLES:
        return Constant(location_from(folder, location))
    files = Call("importlib.resources.files", (Constant("dataapp"),))
    inside = Call("joinpath", (Constant("samples"), Constant(Path(location).name)))
    return Call("str", (Chain(files, (inside,)),))


def location_from(folder: Path, location: str) -> str:
    """Return a location as a module in a folder gives it: relative when it lies near, with forward slashes.

    Example:
        >>> location_from(Path("/srv/apps"), "/srv/apps/trades/*.parquet")
        'trades/*.parquet'
        >>> location_from(Path("/srv/apps"), "/srv/data/trades.csv")
        '../data/trades.csv'
        >>> location_from(Path("/srv/apps"), "/mnt/trades.csv")
        '/mnt/trades.csv'
    """
    if "://" in location or not PurePath(location).is_absolute():
        return location
    if PurePath(location).drive != folder.drive:
        return PurePath(location).as_posix()
    relative = PurePath(os.path.relpath(location, folder))
    steps_up = relative.parts.count("..")
    is_near = steps_up <= _MOST_STEPS_UP and steps_up < len(folder.parts) - 1
    text = relative.as_posix() if is_near else PurePath(location).as_posix()
    return f"./{text}" if text.startswith("~") else text


def _page(title: str, sidebar: Sequence[str], main: Sequence[Expression]) -> Chain:
    options: list[tuple[str, Expression]] = [("main", Items(list, tuple(main)))]
    if sidebar:
        options.insert(0, ("sidebar", Items(list, tuple(Name(name) for name in sidebar))))
    return Chain(Call("da.App", (Constant(title),), tuple(options)), (Call("servable"),))


def _imports(used: set[str]) -> str:
    third_party = [line for name, line in _IMPORTS.items() if name in used and name not in _STANDARD]
    standard = [_IMPORTS[name] for name in _STANDARD if name in used]
    return "\n".join([*standard, *([""] if standard else []), *third_party])


def _assignment(name: str, made: Expression) -> str:
    remark = "  # noqa: E741" if name in _AMBIGUOUS else ""
    lead = f"{name} = "
    first, *others = f"{lead}{to_code(made, before=len(lead))}".split("\n")
    return "\n".join([first + remark, *others])


def _docstring(title: str) -> str:
    """Return the module's docstring: the title as one sentence, without what would need escapes."""
    plain = "".join(char if char.isprintable() else " " for char in title)
    text = " ".join(plain.replace("\\", "/").replace('"', "'").split()) or "An app"
    return f'"""{text if text[-1] in ".!?…" else f"{text}."}"""'
