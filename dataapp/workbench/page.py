"""The page of `dataapp explore`: tables at the left, queries with their results, and a button that saves an app."""

import importlib
import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import panel as pn

import dataapp as da
from dataapp.app.page import IN_HEADER
from dataapp.app.sessions import call_later, current_address, current_session, is_seen
from dataapp.compile.identifiers import fold, quote_identifier
from dataapp.compile.query import Parser
from dataapp.engines.duckdb import DuckDB
from dataapp.engines.functions import functions, reserved_words
from dataapp.engines.relation import Column
from dataapp.errors import DataAppError
from dataapp.runtime.session import Session
from dataapp.views.faults import FAULT_STYLE, error_to_fault
from dataapp.views.table.columns import short_type
from dataapp.workbench.book import Book, names_read, with_tables
from dataapp.workbench.catalogue import Catalogue, Table, count_rows
from dataapp.workbench.controls import Control
from dataapp.workbench.desk import Desk
from dataapp.workbench.listing.listing import Listing, Wish
from dataapp.workbench.queries import Queries
from dataapp.workbench.query_names import is_unnamed
from dataapp.workbench.save_dialog import SaveDialog, name_to_words
from dataapp.workbench.saving import save_book
from dataapp.workbench.sheet import Sheet
from dataapp.workbench.tabs import Held, Tab

# A column inside a page is as tall as the page, and what it holds as tall as that.
_WHOLE = ":host { flex: none !important; height: auto !important; max-height: none !important; }"
_KEY = "open-page"  # no variable is called so, and hence no control
_PLAIN = re.compile(r"[A-Za-z_]\w*", re.ASCII)


def explore_page(desk: Desk) -> Any:
    """Return the page of the current session."""
    session, address, document = current_session(), current_address(), pn.state.curdoc

    def show(key: str) -> None:
        """Write the key once the browser is there, which first says what its address is, and may say so later."""

        def write() -> None:
            if address is None or document is None or address.shows(_KEY, key):
                return
            if is_seen(document):
                address.note(_KEY, key)
            call_later(1, write)

        call_later(1, write)

    key = None if address is None else address.given(_KEY)
    tab = Tab(desk.tabs, key, lambda: document is not None and is_seen(document), show)
    return ExplorePage(desk, session, tab).app.page


class ExplorePage:
    """One page, in one session.

    Args:
        desk: What all pages share.
        session: Runs the queries of this one.
        tab: Holds what this one shows.
    """

    def __init__(self, desk: Desk, session: Session, tab: Tab) -> None:
        self._desk = desk
        self._tab = tab
        self._is_complete = False
        self._session = session
        self._sheets: list[Sheet] = []
        self._written: Sheet | None = None
        self._has_shown = False
        self._counted: dict[str, int] = {}
        self._columns: dict[str, list[dict[str, str]]] = {}
        self._listing = Listing(self._wished, sizing_mode="stretch_width", margin=(0, 8))
        self._add = pn.ui.Button(label="Add a query", icon="add", variant="outlined", margin=(0, 8, 24, 8))
        self._add.visible = False  # until the tables are known
        self._add.on_click(lambda _: self._open(self._queries.free_name("query"), ""))
        self._main = pn.Column(self._add, margin=0, sizing_mode="stretch_width", stylesheets=[_WHOLE])
        self._dialog = SaveDialog(session, desk.folder, self._save)
        self._save_button = pn.ui.Button(
            label="Save as app",
            icon="save",
            variant="outlined",
            color="light",
            margin=(0, 8),
            visible=False,
            sx=IN_HEADER,
        )
        self._save_button.on_click(lambda _: self._dialog.open(self._title(), self._unsaved()))
        self.app = da.App(
            desk.title,
            sidebar=[self._listing],
            main=[self._main, self._dialog.view],
            header=[self._save_button],
            sidebar_width=300,
            refresh=False,  # running a query looks at the files
            lost="dataapp explore has stopped. Start it again, and open the address that it prints.",
        )
        self._start()

    # The queries.

    def edited(self, sheet: Sheet) -> None:
        """Names that are clicked go into the text that was written last."""
        self._written = sheet
        self._hold()

    def has_shown(self) -> None:
        """Load what charts and bound values need once the first rows are there, which need not wait for it."""
        if not self._has_shown:
            self._has_shown = True
            self._session.submit(_load_the_rest, lambda _: None, lambda _: None)

    def has_run(self, sheet: Sheet, text: str) -> None:
        """Note the query, and take over what it changed."""
        self._written = sheet
        self._desk.history.add(text)
        self._show_past()
        self._refresh()

    def renamed(self, sheet: Sheet, name: str) -> None:
        """Call a query otherwise, in the texts that read it, too."""
        texts = {one: self._queries.book.query(one.name).sql for one in self._sheets}
        self._queries.rename(sheet.name, name)
        sheet.name = name
        for one in self._sheets:
            if one.editor.value == texts[one]:  # what is being written is not touched
                one.editor.value = self._queries.book.query(one.name).sql
        self._refresh()

    def removed(self, sheet: Sheet) -> None:
        """Take a query away; its text is in the history."""
        self._desk.history.add(sheet.editor.value)
        self._show_past()
        sheet.close()
        self._sheets.remove(sheet)
        self._main.remove(sheet.view)
        if self._written is sheet:
            self._written = None
        self._queries.remove(sheet.name)
        self._refresh()

    def _open(self, name: str, text: str) -> None:
        """Add a query, and run it unless it is empty."""
        self._queries.add(name, text)
        sheet = self._place(name)
        self._written = sheet
        self._refresh()
        if text:
            sheet.run()

    def _place(self, name: str) -> Sheet:
        sheet = Sheet(self._queries, self._session, name, self)
        self._sheets.append(sheet)
        self._main.insert(len(self._main) - 1, sheet.view)
        return sheet

    def _refresh(self) -> None:
        """Bring all sheets in line with the book: each control stands where its parameter is used first."""
        book = self._queries.book
        placed = _placed_controls(book, self._queries.parser)
        for sheet in self._sheets:
            sheet.show(book.query(sheet.name), placed[sheet.name])
        self._complete(book)
        self._hold()

    # The tables.

    def _start(self) -> None:
        if self._desk.is_known:
            self._begin(None)
        else:
            self._session.submit(lambda _: self._desk.catalogue(), self._begin, self._refuse)

    def _begin(self, _catalogue: Catalogue | None) -> None:
        try:
            tables = self._desk.catalogue().tables
            held = self._tab.found() or Held(self._desk.book())
        except DataAppError as error:
            self._refuse(error)
            return
        book = with_tables(held.book, tables)
        self._queries = Queries(book, self._session, lambda _: self._hold())
        self._add.visible = self._save_button.visible = True
        self._show_tables()
        self._show_past()
        for query in book.queries:
            self._place(query.name)
        self._refresh()
        for sheet in self._sheets:
            if sheet.name in held.drafts:  # what ran last is shown without being run anew
                sheet.editor.value = held.drafts[sheet.name]
            elif sheet.editor.value:
                sheet.run()
        self._is_complete = True
        if self._tab.is_new:
            self._hold()
        self._count(list(book.tables))
        self._session.submit(lambda _: self._desk.look_again(), self._looked_again, lambda _: None)

    def _looked_again(self, has_changed: bool) -> None:
        if has_changed:
            self._queries.take_tables(self._desk.catalogue().tables)
            self._counted.clear()
            self._show_tables()
            self._refresh()
            self._count(list(self._queries.book.tables))

    def _refuse(self, error: Exception) -> None:
        fault = error_to_fault(error, "files", None, is_author=True)
        self._main[:] = [pn.pane.HTML(fault.to_html(), sizing_mode="stretch_width", stylesheets=[FAULT_STYLE])]

    def _hold(self) -> None:
        """Let the tab hold what is on the page, for when it is loaded again."""
        if not self._is_complete:  # half of it would take the place of what the tab holds
            return
        book = self._queries.book
        texts = {query.name: query.sql for query in book.queries}
        typed = {sheet.name: sheet.editor.value for sheet in self._sheets}
        drafts = {name: text for name, text in typed.items() if texts.get(name, text) != text}
        self._tab.hold(Held(book, drafts))

    def _show_tables(self) -> None:
        faults = self._desk.catalogue().faults
        self._listing.param.update(
            tables=[self._table_to_json(table) for table in self._queries.book.tables],
            faults=[{"message": fault.message, "hint": fault.hint} for fault in faults],
        )

    def _table_to_json(self, table: Table) -> dict[str, Any]:
        rows = self._counted.get(table.name, table.rows)
        columns = columns_to_json(table.columns)
        detail = "" if rows is None else f"{rows:,}"
        return {"name": table.name, "columns": columns, "detail": detail, "where": table.location}

    def _count(self, tables: list[Table]) -> None:
        """Count the rows of tables whose files do not say, one after another."""
        waiting = [table for table in tables if table.rows is None and "://" not in table.location]
        if not waiting:
            return
        table, rest = waiting[0], waiting[1:]

        def counted(rows: int) -> None:
            self._counted[table.name] = rows
            self._show_tables()
            self._count(rest)

        engine = self._session.engine
        self._session.submit(lambda cancel: count_rows(table, engine, cancel), counted, lambda _: self._count(rest))

    def _show_past(self) -> None:
        self._listing.past = [
            {"text": past.text, "detail": past.at[:16].replace("T", " ")} for past in self._desk.history.latest()
        ]

    def _wished(self, wish: Wish) -> None:
        if not hasattr(self, "_queries"):
            return
        match wish.action:
            case "open":
                self._open(self._queries.free_name(f"{wish.text}_query"), f"FROM {wish.text}")
                self.app.show_main()
            case "insert":
                sheet = self._written or (self._sheets[-1] if self._sheets else None)
                if sheet is not None:
                    sheet.editor.insert(name_to_sql(wish.text, self._session.engine))
            case "recall":
                self._open(self._queries.free_name("query"), wish.text)
                self.app.show_main()

    # Completion and saving.

    def _complete(self, book: Book) -> None:
        names = [query.name for query in book.queries]

        def read(_cancel: object) -> dict[str, list[dict[str, str]]]:
            return {name: _columns_of(self._queries, name) for name in names}

        def known(columns: dict[str, list[dict[str, str]]]) -> None:
            self._columns = columns
            self._offer()

        self._offer()
        self._session.submit(read, known, lambda _: None)

    def _offer(self) -> None:
        book = self._queries.book
        tables = [{**self._table_to_json(table), "kind": "table"} for table in book.tables]
        for sheet in self._sheets:
            others = [
                {"name": query.name, "columns": self._columns.get(query.name, []), "kind": "query", "detail": "query"}
                for query in book.queries
                if query.name != sheet.name
            ]
            parameters = [{"name": control.name, "detail": control.widget} for control in book.controls]
            schema = {
                "tables": [*tables, *others],
                "functions": functions_to_json(self._session.engine),
                "parameters": parameters,
            }
            if sheet.editor.schema != schema:
                sheet.editor.schema = schema

    def _unsaved(self) -> list[str]:
        """Return the queries whose texts were changed and not run since: they are saved as they ran last."""
        return [one.name for one in self._sheets if one.editor.value.strip() != one.last_run.strip()]

    def _title(self) -> str:
        """Return what an app of this page may be called: as its first query that was given a name, else its table."""
        book = self._queries.book
        tables = {fold(table.name): table.name for table in book.tables}
        named = [query.name for query in book.queries if not is_unnamed(query.name, tables.values())]
        read = [
            tables[name]
            for query in book.queries
            for name in names_read(query.sql, self._queries.parser) & tables.keys()
        ]
        return name_to_words(next(iter([*named, *read]), self._desk.title))

    def _save(self, path: Path, title: str, overwrite: bool) -> Path:  # the dialog's protocol
        queries = self._queries
        return save_book(queries.live, path, values=queries.values(), overwrite=overwrite, title=title)


def name_to_sql(name: str, engine: DuckDB) -> str:
    """Return a name as it stands in SQL: quoted where it must be.

    Example:
        >>> engine = DuckDB()
        >>> name_to_sql("price", engine), name_to_sql("order", engine), name_to_sql("unit price", engine)
        ('price', '"order"', '"unit price"')
    """
    is_plain = _PLAIN.fullmatch(name) is not None and fold(name) not in reserved_words(engine)
    return name if is_plain else quote_identifier(name)


def columns_to_json(columns: Sequence[Column]) -> list[dict[str, str]]:
    """Return columns as the list and the editor take them, with the names of types that stand above results.

    Example:
        >>> columns_to_json([Column("symbol", "VARCHAR")])
        [{'name': 'symbol', 'type': 'text'}]
    """
    return [{"name": column.name, "type": short_type(column)} for column in columns]


@cache
def functions_to_json(engine: DuckDB) -> list[dict[str, str]]:
    """Return the engine's functions as the editor takes them."""
    return [
        {
            "name": function.name,
            "signature": function.signature,
            "description": function.description,
            "kind": function.kind,
        }
        for function in functions(engine)
    ]


def _load_the_rest(_cancel: object) -> None:
    for name in ("pandas", "dataapp.views.charts"):  # the engine's client imports the first when a value is bound
        importlib.import_module(name)


def _placed_controls(book: Book, parser: Parser) -> dict[str, list[Control]]:
    waiting = {fold(control.name): control for control in book.controls}
    placed: dict[str, list[Control]] = {}
    for query in book.queries:
        reads = names_read(query.sql, parser)
        placed[query.name] = [waiting.pop(name) for name in list(waiting) if name in reads]
    return placed


def _columns_of(queries: Queries, name: str) -> list[dict[str, str]]:
    try:
        return columns_to_json(queries.columns(name))
    except DataAppError:  # which its own sheet shows
        return []
