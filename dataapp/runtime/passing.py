"""Through which SQL cells a condition may go on to the tables that they read."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from dataapp.cells.policy import PolicyCell
from dataapp.cells.sql import SqlCell
from dataapp.compile.identifiers import fold
from dataapp.compile.query import Query


@dataclass(frozen=True, slots=True)
class Passage:
    """Whether a condition may go through a cell to one of its tables.

    Attributes:
        kind: ``open``; ``reluctant`` where it goes only if the cell does not have the column itself; ``closed``.
        reason: Why it is not open, for people.
    """

    kind: Literal["open", "reluctant", "closed"]
    reason: str = ""


_OPEN = Passage("open")


def passages(cell: SqlCell, query: Query) -> Mapping[str, Passage]:
    """Return, by folded name of each table that a cell reads, whether a condition may go through to it."""
    names = dict.fromkeys(fold(table.name) for table in query.tables)
    if (reason := _closes(cell, query)) is not None:
        return dict.fromkeys(names, Passage("closed", reason))
    if cell.filtering == "inside":
        return dict.fromkeys(names, _OPEN)
    otherwise = _OPEN
    if cell.materialize is True:
        otherwise = Passage("reluctant", "its rows are kept (materialize=True)")
    elif query.unstable:
        otherwise = Passage("reluctant", query.unstable[0])
    return {name: Passage("closed", query.closed[name]) if name in query.closed else otherwise for name in names}


def _closes(cell: SqlCell, query: Query) -> str | None:
    if isinstance(cell, PolicyCell):
        return "its policy comes first"
    if cell.on is not None:
        return f"it runs on {cell.on.label}"
    if cell.run == "button":
        return "it runs when its button is pressed"
    if cell.filtering == "outside":
        return 'filters="outside"'
    if query.form == "pivot":
        return "the columns of its PIVOT come from the data"
    return query.unstable[0] if query.is_volatile else None
