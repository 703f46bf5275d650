"""Which columns of a lazy frame are computed: those that its readers may use.

Predicates are not pushed into the frame: to prove that Polars and DuckDB agree on a comparison (NaN, collation, time
zones) costs more than it gives, and Polars itself pushes what the frame's author filters.

A frame is computed once for all readers, with the columns of all of them, so that they see the same rows. When a reader
comes that uses more, it is computed anew with those, too, and all readers read the new rows. No column is ever given
up again, so showing and hiding a view computes nothing.
"""

import itertools
from collections.abc import Callable, Set
from dataclasses import dataclass, field
from typing import Any, cast

from dataapp.cells.cell import Cell
from dataapp.compile.columns import UsedColumns
from dataapp.compile.identifiers import fold
from dataapp.connect.frames import to_arrow
from dataapp.runtime.tables import Table, digest, frame_table
from dataapp.runtime.waves import Node
from dataapp.runtime.workers import Cancel

_stamps = itertools.count()

type Wanted = frozenset[str] | None
"""Folded names of columns, or None for all."""


@dataclass(frozen=True, slots=True)
class Projection:
    """Makes a table of what a cell gives, lazy or not.

    Attributes:
        cell: The cell.
        made: The last frame that was not lazy, and its table: more columns change nothing in it.
    """

    cell: Cell
    made: list[tuple[object, Table]] = field(default_factory=list[tuple[object, Table]])

    def __call__(self, cancel: Cancel, frame: object, wanted: Wanted) -> Table:
        """Return the table of a frame, computed with the wanted columns only where it is a lazy one of Polars."""
        if not is_lazy_polars(frame):
            if not self.made or self.made[0][0] is not frame:
                self.made[:] = [(frame, self._table(frame))]
            return self.made[0][1]
        self.made.clear()
        return self._table(project(frame, wanted))

    def _table(self, frame: object) -> Table:
        return frame_table(self.cell, to_arrow(frame, self.cell.label), digest("projected", next(_stamps)))


def is_lazy_polars(frame: object) -> bool:
    """Whether a frame is a lazy one of Polars; Polars is not imported to ask."""
    return type(frame).__module__.startswith("polars.") and type(frame).__name__ == "LazyFrame"


def project(frame: Any, wanted: Wanted) -> Any:
    """Return a lazy frame with the wanted columns, and at least one, which holds the number of rows.

    Example:
        >>> import polars as pl
        >>> project(pl.LazyFrame({"a": [1], "B": [2], "c": [3]}), frozenset({"b", "other"})).collect().columns
        ['B']
    """
    if wanted is None:
        return frame
    names = cast("list[str]", frame.collect_schema().names())
    folded = [fold(name) for name in names]
    if len(set(folded)) < len(names):  # to the engine one name: it numbers them, so each counts
        return frame
    return frame.select([name for name in names if fold(name) in wanted] or names[:1])


def wanted_columns(
    table: Node,
    necessary: Set[Node],
    used: Callable[[Node], UsedColumns | None],
    passes: Set[Node],
) -> Wanted:
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
