"""What readers use of rows that are computed or fetched for them: of lazy frames, and of databases.

It is chosen before each wave from all that read them. Rows are computed, or fetched, once for all readers, so that they
see the same. `projection` says which columns, `pushdown` which rows, and both when that changes; `narrowing` says how a
database is asked for them.
"""

from collections.abc import Mapping, Set
from typing import cast

from dataapp.cells.cell import Cell
from dataapp.cells.policy import PolicyCell
from dataapp.cells.sql import SqlCell
from dataapp.compile.columns import UsedColumns
from dataapp.compile.restrictions import Restriction
from dataapp.runtime import databases
from dataapp.runtime.outcomes import Done
from dataapp.runtime.projection import WHOLE, Projection, Wanted, is_lazy_polars, wanted_columns, wanted_to_text
from dataapp.runtime.pushdown import wanted_rows, widened
from dataapp.runtime.resolution import Resolver
from dataapp.runtime.tables import Table
from dataapp.runtime.waves import Node, Waves
from dataapp.runtime.workers import Cancel


class Usage:
    """The nodes of such rows in a session, and what is wanted of them.

    Args:
        waves: Where their nodes are.
        resolver: What names mean.
        replaced: Values that stand in for cells.

    Attributes:
        wanted: By the node of rows the node of what is wanted of them.
    """

    def __init__(self, waves: Waves, resolver: Resolver, replaced: Mapping[Cell, object]) -> None:
        self._waves = waves
        self._resolver = resolver
        self._replaced = replaced
        self.wanted: dict[Node, Node] = {}

    def plan(self, passes: Mapping[Node, Cell], lazies: Mapping[Cell, Node]) -> None:
        """Choose for the next wave what is computed or fetched of all that somebody reads.

        Args:
            passes: Nodes that hand on to readers what they read, with their cells. Those that keep rows for several
                readers are among them: whether rows are kept may change when an input moves, and what is wanted must
                not change with it.
            lazies: Queries, by cell.
        """
        if not self.wanted:
            return
        readers = _Readers(self._resolver, self._replaced, passes, lazies, self._waves.necessary())
        for table, wanted in self.wanted.items():
            known = wanted.outcome.value if isinstance(wanted.outcome, Done) else None
            if table in readers.necessary and known != WHOLE:
                found = readers.wanted(table)
                self._waves.stage(wanted, _widened(known, found, table) if isinstance(known, Wanted) else found)

    def described_frames(self, passes: Mapping[Node, Cell], lazies: Mapping[Cell, Node]) -> dict[str, str]:
        """Return, by label, what is to be computed of lazy frames of Polars that are read; arguments as for `plan`."""
        readers = _Readers(self._resolver, self._replaced, passes, lazies, self._waves.necessary())
        return {
            table.name: wanted_to_text(read, readers.wanted(table))
            for table, read in self._read_by(readers.necessary)
            if is_lazy_polars(read)
        }

    def described_fetches(
        self, passes: Mapping[Node, Cell], lazies: Mapping[Cell, Node], cancel: Cancel
    ) -> dict[str, str]:
        """Return, by label, what is to be fetched of tables on databases that are read; arguments as for `plan`.

        Raises:
            DataAppError: A database refused.
        """
        readers = _Readers(self._resolver, self._replaced, passes, lazies, self._waves.necessary())
        return {
            table.name: databases.wanted_to_text(read, cancel, readers.wanted(table))
            for table, read in self._read_by(readers.necessary)
            if isinstance(read, Table)
        }

    def _read_by(self, necessary: Set[Node]) -> list[tuple[Node, object]]:
        """Return what the nodes of rows read, with these."""
        outcomes = ((table, table.inputs[0].outcome) for table in self.wanted if table in necessary)
        return [(table, outcome.value) for table, outcome in outcomes if isinstance(outcome, Done)]


def _widened(known: Wanted, found: Wanted, table: Node) -> Wanted:
    columns = None if known.columns is None or found.columns is None else known.columns | found.columns
    projection = table.compute
    if isinstance(projection, Projection):
        is_anew = projection.lacks(columns, known.columns)
    else:  # what is fetched from a database is known by the names that were asked for
        is_anew = columns != known.columns
    return Wanted(columns, widened(known.rows, found.rows, is_computed_anew=is_anew or table.outcome is None))


class _Readers:
    """Who reads what at one moment."""

    def __init__(
        self,
        resolver: Resolver,
        replaced: Mapping[Cell, object],
        passes: Mapping[Node, Cell],
        lazies: Mapping[Cell, Node],
        necessary: Set[Node],
    ) -> None:
        self.necessary = necessary
        self._resolver = resolver
        self._replaced = replaced
        self._passes = passes
        self._texts = {node: cell for cell, node in lazies.items() if isinstance(cell, SqlCell)}

    def wanted(self, table: Node) -> Wanted:
        """Return what those use who read a node of rows."""
        columns = wanted_columns(table, self.necessary, self._used_columns, self._passes.keys())
        rows = wanted_rows(table, self._passes.get(table), self.necessary, self._used_rows, self._passes)
        return Wanted(columns, rows)

    def _used_columns(self, node: Node) -> UsedColumns | None:
        return self._resolver.used_columns(self._texts[node]) if node in self._texts else None

    def _used_rows(self, node: Node, read: Cell | None) -> tuple[Restriction, Cell | None] | None:
        if (cell := self._texts.get(node)) is None or read is None:
            return None
        rows = self._resolver.used_rows(cell, read, self._is_fixed)
        hands_on = self._resolver.hands_on_rows(cell) and not isinstance(cell, PolicyCell)
        return rows, cast("Cell", cell) if hands_on else None

    def _is_fixed(self, constant: Cell) -> bool:
        return constant not in self._replaced
