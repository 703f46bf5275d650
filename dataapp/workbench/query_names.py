"""Names for the queries that nobody named: made of what they read and how they reduce it.

A page calls a query `query_2`, or `trades_query` when it was opened from a table. A saved app calls it as a colleague
would: `trades_by_symbol`, `trades_summary`, `trades_rows`.
"""

import re
from collections.abc import Collection, Iterator, Sequence
from typing import Any

from dataapp.compile.identifiers import fold
from dataapp.compile.names import FileRef, Node
from dataapp.compile.query import Parser
from dataapp.errors import DataAppError, InvalidNameError, NameClashError
from dataapp.runtime.resolution import parse_text
from dataapp.workbench.book import Book, Query, names_read, rename_query
from dataapp.workbench.table_names import location_to_title, title_to_name

_FIRST = "query"
_MOST_KEYS = 2  # of a GROUP BY, in a name
_MOST_ALIKE = 1000


def is_unnamed(name: str, tables: Collection[str] = ()) -> bool:
    """Whether a query is called as pages call it: `query`, or as one of the tables with that word behind it.

    Example:
        >>> is_unnamed("query"), is_unnamed("query_12"), is_unnamed("query_of_trades")
        (True, True, False)
        >>> is_unnamed("trades_query_2", ["trades"]), is_unnamed("trades_query")
        (True, False)
    """
    firsts = "|".join(re.escape(first) for first in (_FIRST, *(f"{table}_{_FIRST}" for table in tables)))
    return re.fullmatch(rf"(?:{firsts})(?:_\d+)?", name) is not None


def name_queries(book: Book, parser: Parser) -> Book:
    """Return the book with names for the queries that have none of their own, in the same order.

    A query of which nothing can be told keeps the name that it has.

    Example:
        >>> from dataapp.engines.duckdb import DuckDB
        >>> busy = Query("query", "SELECT symbol, count(*) AS n FROM 'trades.csv' GROUP BY symbol")
        >>> top = Query("query_2", "FROM query LIMIT 3")
        >>> [query.name for query in name_queries(Book("", queries=(busy, top)), DuckDB()).queries]
        ['trades_by_symbol', 'trades']
    """
    tables = [table.name for table in book.tables]
    unnamed = [query for query in book.queries if is_unnamed(query.name, tables)]
    for query in unnamed:
        subject = _subject(query, unnamed, parser)
        if subject is not None:
            book = _renamed(book, query.name, _candidates(subject, _reduction(query.sql, parser)), parser)
    return book


def _renamed(book: Book, old: str, candidates: Iterator[str], parser: Parser) -> Book:
    """Return the book with a query called by the first name that it can have."""
    read = {name for query in book.queries for name in names_read(query.sql, parser)}
    for name in candidates:
        if fold(name) not in read:  # else a text would suddenly read it
            try:
                return rename_query(book, old, name, parser)
            except (InvalidNameError, NameClashError):
                continue
    return book


def _candidates(subject: str, reduction: str) -> Iterator[str]:
    names = [f"{subject}_{reduction}"] if reduction else [subject, f"{subject}_rows"]
    yield from names
    for number in range(2, _MOST_ALIKE):
        yield f"{names[-1]}_{number}"


def _subject(query: Query, unnamed: Sequence[Query], parser: Parser) -> str | None:
    """Return what a query is about: the first table or file of its text, looked up through queries without a name."""
    known = {fold(one.name): one for one in unnamed}
    done: set[str] = set()
    while query.name not in done:
        done.add(query.name)
        try:
            text = parse_text(query.sql, parser)
        except DataAppError:
            return None
        first = min((*text.tables, *text.files), key=lambda found: found.span.start, default=None)
        if first is None:
            return None
        if isinstance(first, FileRef):
            return title_to_name(location_to_title(first.location), (), ())
        if fold(first.name) not in known:
            return title_to_name(first.name, (), ())
        query = known[fold(first.name)]
    return None


def _reduction(sql: str, parser: Parser) -> str:
    """Return how a query reduces the rows that it reads, or an empty text: `by_symbol`, `summary`."""
    try:
        node: Node = parser.serialize(parse_text(sql, parser).text)["statements"][0]["node"]
    except (DataAppError, KeyError, IndexError):  # one that the engine gives no tree of, as a PIVOT
        return ""
    if node["type"] != "SELECT_NODE":
        return ""
    if node["from_table"]["type"] == "SHOW_REF":
        return "summary"
    aggregates, items = parser.aggregate_functions(), node["select_list"]
    keys = [_key(expression, items) for expression in node["group_expressions"]]
    if node["aggregate_handling"] == "FORCE_AGGREGATES":
        keys = [_label(item) for item in items if not _calls(item, aggregates)]
    named = list(dict.fromkeys(key for key in keys if key))[:_MOST_KEYS]
    if named:
        return f"by_{'_and_'.join(named)}"
    return "summary" if keys or any(_calls(item, aggregates) for item in items) else ""


def _key(expression: Node, items: Sequence[Node]) -> str:
    """Return what a part of a GROUP BY is called; one that is a number stands for a column of the result."""
    if expression["class"] == "CONSTANT":
        place = (expression.get("value") or {}).get("value")
        return _label(items[place - 1]) if isinstance(place, int) and 0 < place <= len(items) else ""
    return _label(expression) or next((_label(item) for item in items if _is_same(item, expression)), "")


def _label(expression: Node) -> str:
    name = expression["alias"] or (expression["column_names"][-1] if expression["class"] == "COLUMN_REF" else "")
    return re.sub(r"\W+", "_", name.lower()).strip("_")


def _is_same(one: Any, other: Any) -> bool:
    """Whether two expressions are equal but for their aliases and where they stand."""
    if isinstance(one, dict) and isinstance(other, dict):
        told = (one.keys() | other.keys()) - {"alias", "query_location"}
        return all(_is_same(one.get(key), other.get(key)) for key in told)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_is_same, one, other))
    return one == other


def _calls(tree: Any, functions: frozenset[str]) -> bool:
    """Whether an expression calls one of some functions, not counting those over a window."""
    if isinstance(tree, list):
        return any(_calls(item, functions) for item in tree)
    if not isinstance(tree, dict):
        return False
    if tree.get("class") == "FUNCTION" and fold(tree["function_name"]) in functions:
        return True
    return tree.get("class") != "SUBQUERY" and any(_calls(inner, functions) for inner in tree.values())
