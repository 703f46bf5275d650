"""What the browser may say to the explorer. Anything else is ignored: a message is a claim of whoever holds the socket.

Columns are positions in the columns of the view that the message names, so no name or SQL ever comes from outside.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from dataapp.views.table.groups.grouping import (
    FUNCTIONS,
    MOST_AGGREGATES,
    MOST_KEYS,
    PARTS,
    Aggregate,
    Grouping,
    GroupKey,
)
from dataapp.views.table.layout import NARROWEST, WIDEST, Layout
from dataapp.views.table.relation.queries import BLOCK, CHUNK, SortKey, Span
from dataapp.views.table.selection import Rows, Selection
from dataapp.views.table.takes.downloads import FILE_KINDS, FileKind, FileOf
from dataapp.views.table.takes.exports import COPY_KINDS, CopyKind

_MOST_ROWS = 8 * BLOCK
_MOST_COLUMNS = 8 * CHUNK  # of a window
_WIDEST_RELATION = 100_000  # columns that a layout or a selection may name
_MOST_SUMMARIES = 64  # columns whose headers are on screen
_LONGEST_FILTER = 8000  # a list of values that are ticked
_MOST_SORTED = 64  # columns to sort by
_MOST_STRETCHES = 1000  # of selected rows
_LAST_ROW = 2**53  # whole numbers that a browser holds exactly


@dataclass(frozen=True, slots=True)
class Ready:
    """A page has rendered the explorer, and shows what it was opened with, or nothing.

    Attributes:
        view: The view that it shows.
        is_counted: Whether it also knows how many rows there are.
    """

    view: int | None = None
    is_counted: bool = False


@dataclass(frozen=True, slots=True)
class Ask:
    """The page has waited for a while, and asks how far the work is."""


@dataclass(frozen=True, slots=True)
class Want:
    """The reader looks at these cells, and the page lacks some.

    Attributes:
        view: Whose cells.
        span: Which cells.
        seen: Those among them that the reader waits for, if any.
    """

    view: int
    span: Span
    seen: Span | None = None


@dataclass(frozen=True, slots=True)
class Sort:
    """The reader wants this order."""

    view: int
    order: tuple[SortKey, ...]


@dataclass(frozen=True, slots=True)
class Near:
    """The reader may want this order next; or, without one, no longer. What is pressed already is sure to be wanted."""

    view: int
    order: tuple[SortKey, ...] | None
    is_pressed: bool = False


@dataclass(frozen=True, slots=True)
class Filter:
    """The reader typed a filter."""

    view: int
    column: int
    text: str


@dataclass(frozen=True, slots=True)
class Group:
    """The reader wants these groups, or none."""

    view: int
    groups: Grouping | None


@dataclass(frozen=True, slots=True)
class Toggle:
    """The reader opens or closes a group, by the number that its line came with."""

    view: int
    group: int


@dataclass(frozen=True, slots=True)
class Arrange:
    """The reader laid the columns out like this."""

    view: int
    layout: Layout


@dataclass(frozen=True, slots=True)
class Summarize:
    """The reader sees the headers of these columns, and the page lacks their pictures."""

    view: int
    columns: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Profile:
    """The reader wants to know all about a column, or no longer."""

    view: int
    column: int | None


@dataclass(frozen=True, slots=True)
class Select:
    """The reader selected cells, or nothing any more."""

    view: int
    selection: Selection | None


@dataclass(frozen=True, slots=True)
class Measure:
    """The page shows what the selected numbers come to. Here and below, the answer carries the ticket."""

    view: int
    ticket: int


@dataclass(frozen=True, slots=True)
class Copy:
    """The reader copies the selected cells."""

    view: int
    ticket: int
    kind: CopyKind


@dataclass(frozen=True, slots=True)
class Card:
    """The reader looks at one row as a whole."""

    view: int
    ticket: int
    row: int


@dataclass(frozen=True, slots=True)
class Value:
    """The reader unfolds one cell."""

    view: int
    ticket: int
    row: int
    column: int


@dataclass(frozen=True, slots=True)
class Fetch:
    """The reader downloads all rows as a file, or the groups that they are in."""

    view: int
    ticket: int
    kind: FileKind
    of: FileOf = "rows"


@dataclass(frozen=True, slots=True)
class Taken:
    """The page has taken a chunk of a file."""

    ticket: int


@dataclass(frozen=True, slots=True)
class Stop:
    """The reader wants a file no longer."""

    ticket: int


@dataclass(frozen=True, slots=True)
class Find:
    """The reader searches all columns of text."""

    view: int
    text: str


@dataclass(frozen=True, slots=True)
class Clear:
    """The reader takes all filters and the search away."""

    view: int


@dataclass(frozen=True, slots=True)
class ListValues:
    """The reader wants to choose among the values of a column, or, without one, no longer does."""

    view: int
    column: int | None
    search: str = ""


@dataclass(frozen=True, slots=True)
class ShowSql:
    """The reader wants the query of what is shown."""

    view: int


TAKES = (Select, Measure, Copy, Card, Value, Fetch, Taken, Stop)  # what `Takes` answers

type Take = Select | Measure | Copy | Card | Value | Fetch | Taken | Stop
type Lookup = ListValues | ShowSql
type ClientMessage = (
    Ready
    | Ask
    | Want
    | Sort
    | Near
    | Filter
    | Find
    | Clear
    | Group
    | Toggle
    | Summarize
    | Profile
    | Arrange
    | Lookup
    | Take
)


def read_message(data: object) -> ClientMessage | None:
    """Return what a message says, or None if it is not one that the explorer's page sends.

    Example:
        >>> read_message({"type": "filter", "view": 1, "column": 0, "text": "> 5"})
        Filter(view=1, column=0, text='> 5')
        >>> read_message({"type": "filter", "view": 1, "column": -1, "text": "> 5"})
    """
    if not isinstance(data, Mapping):
        return None
    said = cast("Mapping[object, object]", data)
    if said.get("type") == "ready":
        return Ready(_whole(said.get("view"), 0, _LAST_ROW), said.get("counted") is True)
    if said.get("type") == "ask":
        return Ask()
    ticket = _whole(said.get("ticket"), 0, _LAST_ROW)
    if said.get("type") in ("taken", "stop"):
        return None if ticket is None else (Taken if said["type"] == "taken" else Stop)(ticket)
    view = _whole(said.get("view"), 0, _LAST_ROW)
    if view is None:
        return None
    match said.get("type"):
        case "want":
            span = _span(said)
            return None if span is None else Want(view, span, _seen(said.get("seen"), span))
        case "sort":
            order = _order(said.get("order"))
            return None if order is None else Sort(view, order)
        case "near":
            return Near(view, _order(said.get("order")), said.get("pressed") is True)
        case "filter":
            column, text = _whole(said.get("column"), 0, _LAST_ROW), _text(said.get("text"))
            return None if column is None or text is None else Filter(view, column, text)
        case "find":
            text = _text(said.get("text"))
            return None if text is None else Find(view, text)
        case "clear":
            return Clear(view)
        case "group":
            groups = _grouping(said)
            return Group(view, groups if groups.keys else None) if groups is not None else None
        case "toggle":
            group = _whole(said.get("group"), 0, _LAST_ROW)
            return None if group is None else Toggle(view, group)
        case "summarize":
            columns = _positions(said.get("columns"), _MOST_SUMMARIES)
            return Summarize(view, columns) if columns else None
        case "profile":
            return Profile(view, _whole(said.get("column"), 0, _LAST_ROW))
        case "select":
            selection = _selection(said)
            return Select(view, selection) if selection is not None or said.get("rows") is None else None
        case "measure" | "copy" | "card" | "value" | "fetch":
            return None if ticket is None else _asked(said, view, ticket)
        case "layout":
            layout = _layout(said)
            return None if layout is None else Arrange(view, layout)
        case "values":
            column, text = _whole(said.get("column"), 0, _LAST_ROW), _text(said.get("search", ""))
            return None if text is None else ListValues(view, column, text)
        case "sql":
            return ShowSql(view)
        case _:
            return None


def _asked(said: Mapping[object, object], view: int, ticket: int) -> Take | None:
    kind, row = said.get("kind"), _whole(said.get("row"), 0, _LAST_ROW)
    match said.get("type"):
        case "measure":
            return Measure(view, ticket)
        case "copy":
            return next((Copy(view, ticket, known) for known in COPY_KINDS if known == kind), None)
        case "fetch":
            of: FileOf = "groups" if said.get("of") == "groups" else "rows"
            return next((Fetch(view, ticket, known, of) for known in FILE_KINDS if known == kind), None)
        case "value":
            column = _whole(said.get("column"), 0, _LAST_ROW)
            return None if row is None or column is None else Value(view, ticket, row, column)
        case _:
            return None if row is None else Card(view, ticket, row)


def _selection(said: Mapping[object, object]) -> Selection | None:
    rows, columns = said.get("rows"), said.get("columns")
    if not isinstance(rows, list) or not 0 < len(cast("list[object]", rows)) <= _MOST_STRETCHES:
        return None
    current = _whole(said.get("current"), 0, _LAST_ROW)
    stretches: list[Rows] = []
    for pair in cast("list[object]", rows):
        first, count = cast("list[object]", pair) if isinstance(pair, list) and len(pair) == 2 else (None, None)
        start, length = _whole(first, 0, _LAST_ROW), _whole(count, 1, _LAST_ROW)
        if start is None or length is None:
            return None
        stretches.append(Rows(start, length))
    if columns is None:
        return Selection.of(tuple(stretches), None, current)
    places = _positions(columns, _WIDEST_RELATION)
    return Selection.of(tuple(stretches), places, current) if places else None


def _whole(value: object, low: int, high: int) -> int | None:
    if isinstance(value, float) and value.is_integer():  # JSON does not tell 2 from 2.0
        value = int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and low <= value <= high else None


def _text(value: object) -> str | None:
    if not isinstance(value, str) or len(value) > _LONGEST_FILTER or "\0" in value:
        return None
    has_halves = any("\ud800" <= character <= "\udfff" for character in value)  # of characters: nothing takes them
    return None if has_halves else value


def _span(said: Mapping[object, object]) -> Span | None:
    first, count = _whole(said.get("first"), 0, _LAST_ROW), _whole(said.get("count"), BLOCK, _MOST_ROWS)
    columns = _positions(said.get("columns"), _MOST_COLUMNS)
    if first is None or count is None or not columns or first % BLOCK or count % BLOCK:
        return None
    return Span(first, count, columns)


def _seen(value: object, span: Span) -> Span | None:
    if not isinstance(value, Mapping):
        return None
    said = cast("Mapping[object, object]", value)
    first = _whole(said.get("first"), span.first, span.first + span.count - 1)
    count = None if first is None else _whole(said.get("count"), 1, span.first + span.count - first)
    columns = _positions(said.get("columns"), len(span.columns))
    if first is None or count is None or not columns or not {*columns} <= {*span.columns}:
        return None
    return Span(first, count, columns)


def _positions(value: object, most: int) -> tuple[int, ...] | None:
    if not isinstance(value, list) or len(cast("list[object]", value)) > most:
        return None
    found = [_whole(item, 0, _LAST_ROW) for item in cast("list[object]", value)]
    places = tuple(at for at in found if at is not None)
    return places if len(set(places)) == len(found) else None


def _layout(said: Mapping[object, object]) -> Layout | None:
    order, hidden, pinned = (_positions(said.get(key), _WIDEST_RELATION) for key in ("order", "hidden", "pinned"))
    pairs = said.get("widths")
    is_list = isinstance(pairs, list) and len(cast("list[object]", pairs)) <= _WIDEST_RELATION
    if order is None or hidden is None or pinned is None or not is_list:
        return None
    widths: dict[int, int] = {}
    for pair in cast("list[object]", pairs):
        items = cast("list[object]", pair) if isinstance(pair, list) else []
        column, width = items if len(items) == 2 else (None, None)
        at, pixels = _whole(column, 0, _LAST_ROW), _whole(width, NARROWEST, WIDEST)
        if at is None or pixels is None:
            return None
        widths[at] = pixels
    return Layout(order, frozenset(hidden), frozenset(pinned), widths)


def _grouping(said: Mapping[object, object]) -> Grouping | None:
    pairs, others = _pairs(said.get("keys"), MOST_KEYS), _pairs(said.get("aggregates"), MOST_AGGREGATES)
    if pairs is None or others is None:
        return None
    keys = [GroupKey(column, part) for column, name in pairs for part in PARTS if part == name]
    aggregates = [Aggregate(function, column) for column, name in others for function in FUNCTIONS if function == name]
    if len(keys) < len(pairs) or len(aggregates) < len(others):
        return None
    return Grouping(tuple(keys), tuple(aggregates))


def _pairs(value: object, most: int) -> list[tuple[int, str]] | None:
    """Return pairs of a column and a name, each once."""
    if not isinstance(value, list) or len(cast("list[object]", value)) > most:
        return None
    pairs: list[tuple[int, str]] = []
    for item in cast("list[object]", value):
        pair = cast("list[object]", item) if isinstance(item, list) else []
        column, name = pair if len(pair) == 2 else (None, None)
        at = _whole(column, 0, _LAST_ROW)
        if at is None or not isinstance(name, str) or (at, name) in pairs:
            return None
        pairs.append((at, name))
    return pairs


def _order(value: object) -> tuple[SortKey, ...] | None:
    if not isinstance(value, list) or len(cast("list[object]", value)) > _MOST_SORTED:
        return None
    keys: list[SortKey] = []
    for item in cast("list[object]", value):
        if not isinstance(item, Mapping):
            return None
        key = cast("Mapping[object, object]", item)
        column, descending = _whole(key.get("column"), 0, _LAST_ROW), key.get("descending")
        if column is None or not isinstance(descending, bool) or any(other.column == column for other in keys):
            return None
        keys.append(SortKey(column, descending))
    return tuple(keys)
