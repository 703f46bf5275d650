"""A book as text, for the history and for links. Tables are not part of it: whoever reads the text has their own."""

import datetime as dt
import json
from collections.abc import Sequence
from typing import Any

from dataapp.errors import BookUnreadableError, WrongKindError
from dataapp.workbench.book import Book, Query, check_names
from dataapp.workbench.catalogue import Table
from dataapp.workbench.controls import Control, OptionsQuery
from dataapp.workbench.quick_chart import ChartSpec

_VERSION = 1
_FROM_TEXT = {
    "datetime": dt.datetime.fromisoformat,
    "date": dt.date.fromisoformat,
    "time": dt.time.fromisoformat,
}


def book_to_json(book: Book) -> str:
    """Return a book's title, queries and controls as JSON.

    Example:
        >>> book_to_json(Book("Ticks", queries=(Query("busy", "FROM trades"),)))
        '{"version":1,"title":"Ticks","queries":[{"name":"busy","sql":"FROM trades"}]}'
    """
    known: dict[str, Any] = {"version": _VERSION, "title": book.title}
    known["queries"] = [_query_to_json(query) for query in book.queries]
    if book.controls:
        known["controls"] = [_control_to_json(control) for control in book.controls]
    return json.dumps(known, ensure_ascii=False, separators=(",", ":"))


def book_from_json(text: str, tables: Sequence[Table]) -> Book:
    """Return the book of a text that `book_to_json` made, over these tables.

    Raises:
        BookUnreadableError: The text is no such text.
        InvalidNameError: A name is no variable of Python.
        NameClashError: A name is taken, perhaps by a table that was not there before.
    """
    try:
        known = json.loads(text)
        if known["version"] != _VERSION:
            raise BookUnreadableError(
                f"The stored page is of version {known['version']}.", hint="open it with a later version"
            )
        queries = tuple(_query_from_json(query) for query in known["queries"])
        controls = tuple(_control_from_json(control) for control in known.get("controls", []))
        book = Book(_text(known["title"]), tuple(tables), queries, controls)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise BookUnreadableError("The stored page cannot be read.", hint="start from the tables again") from error
    check_names(book)
    return book


def _query_to_json(query: Query) -> dict[str, Any]:
    known: dict[str, Any] = {"name": query.name, "sql": query.sql}
    if query.chart is not None:
        chart = query.chart
        parts = {"mark": chart.mark, "x": chart.x, "y": chart.y, "color": chart.color, "aggregate": chart.aggregate}
        known["chart"] = {name: part for name, part in parts.items() if part is not None}
    return known


def _query_from_json(known: dict[str, Any]) -> Query:
    chart = known.get("chart")
    spec = None if chart is None else ChartSpec(**{name: _text(part) for name, part in chart.items()})
    return Query(_text(known["name"]), _text(known["sql"]), spec)


def _control_to_json(control: Control) -> dict[str, Any]:
    options = [[name, _literal_to_json(value)] for name, value in control.options]
    return {"name": control.name, "widget": control.widget, "options": options}


def _control_from_json(known: dict[str, Any]) -> Control:
    options = tuple((_text(name), _literal_from_json(value)) for name, value in known["options"])
    return Control(_text(known["name"]), _text(known["widget"]), options)


def _literal_to_json(value: object) -> Any:
    match value:
        case None | bool() | int() | float() | str():
            return value
        case OptionsQuery(sql=sql):
            return {"sql": sql}
        case dt.datetime() | dt.date() | dt.time():
            return {type(value).__name__: value.isoformat()}
        case tuple() | list():
            return [_literal_to_json(item) for item in value]
        case _:
            raise WrongKindError(f"A {type(value).__name__} cannot be stored as an option of a control.")


def _literal_from_json(value: Any) -> Any:
    match value:
        case None | bool() | int() | float() | str():
            return value
        case list():
            return tuple(_literal_from_json(item) for item in value)
        case {"sql": str(sql)}:
            return OptionsQuery(sql)
        case _:
            ((kind, text),) = value.items()
            return _FROM_TEXT[kind](text)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    return value
