"""Which columns of a lazy frame are computed: those that its readers may use. Which rows, `pushdown` says.

A frame is computed once for all readers, with the columns of all of them, so that they see the same rows. When a reader
comes that uses more, it is computed anew with those, too, and all readers read the new rows. No column is ever given
up again, so showing and hiding a view computes nothing.
"""

import itertools
from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass
from typing import Any, cast

from dataapp.cells.cell import Cell
from dataapp.compile.columns import UsedColumns
from dataapp.compile.identifiers import fold
from dataapp.compile.restrictions import EVERY_ROW, Restriction
from dataapp.connect.frames import to_arrow
from dataapp.runtime.agreement import WantedRows
from dataapp.runtime.pushdown import fitting, restrict
from dataapp.runtime.tables import Table, digest, frame_table
from dataapp.runtime.waves import Node
from dataapp.runtime.workers import Cancel

_stamps = itertools.count()

type WantedColumns = frozenset[str] | None
"""Folded names of columns, or None for all."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is computed of a lazy frame, or fetched from a database: the columns, and what its rows pass."""

    columns: WantedColumns = None
    rows: WantedRows = None


WHOLE = Wanted()


@dataclass(frozen=True, slots=True)
class _Made:
    """What was computed last: of which frame, what of it, the folded names of all its columns, and the rows."""

    frame: object
    what: tuple[WantedColumns, Restriction]
    names: frozenset[str]
    table: Table


@dataclass(slots=True, eq=False)
class Projection:
    """Makes a table of what a cell gives, lazy or not; the same one as long as the same is wanted of the same frame.

    Attributes:
        cell: The cell.
    """

    cell: Cell
    _made: _Made | None = None

    def __call__(self, cancel: Cancel, frame: object, wanted: Wanted) -> Table:
        """Return the table of a frame; where it is a lazy one of Polars, only what is wanted of it is computed."""
        names: frozenset[str] = frozenset()
        what: tuple[WantedColumns, Restriction] = (None, EVERY_ROW)
        if is_lazy_polars(frame):
            schema = _schema(frame)
            names = frozenset(map(fold, schema))
            what = (None if wanted.columns is None else wanted.columns & names, fitting(wanted.rows, schema))
        made = self._made
        if made is None or made.frame is not frame or made.what != what:
            computed = project(frame, wanted) if is_lazy_polars(frame) else frame
            table = frame_table(self.cell, to_arrow(computed, self.cell.label), digest("projected", next(_stamps)))
            made = self._made = _Made(frame, what, names, table)
        return made.table

    def lacks(self, columns: WantedColumns, known: WantedColumns) -> bool:
        """Whether the frame has columns that are wanted now and were not before."""
        names = frozenset[str]() if self._made is None else self._made.names
        return known is not None and not (names if columns is None else columns & names) <= known


def is_lazy_polars(frame: object) -> bool:
    """Whether a frame is a lazy one of Polars; Polars is not imported to ask."""
    return type(frame).__module__.startswith("polars.") and type(frame).__name__ == "LazyFrame"


def project(frame: Any, wanted: Wanted) -> Any:
    """Return a lazy frame with what is wanted of it, and at least one column, which holds the number of rows.

    Example:
        >>> import polars as pl
        >>> wanted = Wanted(frozenset({"b", "other"}))
        >>> project(pl.LazyFrame({"a": [1], "B": [2], "c": [3]}), wanted).collect().columns
        ['B']
    """
    if wanted == WHOLE:
        return frame
    schema = _schema(frame)
    names = list(schema)
    folded = [fold(name) for name in names]
    frame = restrict(frame, fitting(wanted.rows, schema), schema)
    columns = wanted.columns
    if columns is None or len(set(folded)) < len(names):  # to the engine one name: it numbers them, so each counts
        return frame
    return frame.select([name for name in names if fold(name) in columns] or names[:1])


def _schema(frame: Any) -> Mapping[str, Any]:
    return cast("Mapping[str, Any]", frame.collect_schema())


def wanted_to_text(frame: Any, wanted: Wanted) -> str:
    """Say what is computed of a lazy frame of Polars.

    Example:
        >>> import polars as pl
        >>> wanted_to_text(pl.LazyFrame({"a": [1], "b": [2]}), Wanted(frozenset({"b"})))
        '1 of 2 columns, every row'
    """
    schema = _schema(frame)
    used = len(project(frame, Wanted(wanted.columns)).collect_schema())
    restriction = fitting(wanted.rows, schema)
    rows = "every row" if restriction == EVERY_ROW else f"rows where {restriction}"
    return f"{used} of {len(schema)} columns, {rows}"


def wanted_columns(
    table: Node,
    necessary: Set[Node],
    used: Callable[[Node], UsedColumns | None],
    passes: Set[Node],
) -> WantedColumns:
    """Return the columns of a table that its necessary readers may use.

    Args:
        table: The node that readers read.
        necessary: The nodes that are demanded, and all above them.
        used: Returns what the query of a node uses, or None if it is no query as far as is known.
        passes: Nodes that hand on to readers what they read.
    """
    names: set[str] = set()
    pending, seen = [table], {table}
    while pending:
        node = pending.pop()
        if node.demand:  # somebody looks at all of it
            return None
        for reader in node.outputs:
            if reader not in necessary or reader in seen:
                continue
            if reader in passes:
                seen.add(reader)
                pending.append(reader)
                continue
            found = used(reader)
            if found is None or found.is_all:
                return None
            names |= found.names
            if found.hands_on:
                seen.add(reader)
                pending.append(reader)
    return frozenset(names)
