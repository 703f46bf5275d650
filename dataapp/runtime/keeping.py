"""Whether the rows of a query are kept, or every reader takes its query into its own.

Keeping costs memory and stops filters from reaching the files; not keeping costs running the query again. What counts
is how many *runs* would hold the query: two cells that end up in one fused query are one run, in which the engine
computes what it needs once. Where several runs would, it is a matter of cost: see `dataapp.runtime.costs`.

What comes from a database is always kept where somebody here reads it: the engine cannot run its query. Cells on the
same database do not count as readers, since they take the query and never the rows.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from dataapp.cells.cell import Cell
from dataapp.cells.crossfilter import OutlineCell
from dataapp.cells.database import Database
from dataapp.cells.sql import SqlCell
from dataapp.compile.query import Query
from dataapp.connect.connection import database_of
from dataapp.engines.measured import Measured
from dataapp.runtime.costs import Choice, choose
from dataapp.runtime.outcomes import Done
from dataapp.runtime.tables import Table
from dataapp.runtime.waves import Node


@dataclass(frozen=True, slots=True)
class Readable:
    """The nodes of a query.

    Attributes:
        cell: The cell.
        query: Its text, read; None of a Python cell over Ibis tables that was not called yet, and of a database table.
        table: What readers read.
        lazy: The query that stands for it.
        frame: Its rows, if somebody asked for them.
    """

    cell: Cell
    query: Query | None
    table: Node
    lazy: Node
    frame: Node | None


@dataclass(slots=True)
class Keeping:
    """The choice for all queries of a session at one moment.

    Args:
        necessary: The nodes that somebody needs.
        measured: What is known of earlier runs.
        cells: Whose rows or query a node stands for.

    Attributes:
        reasons: Why rows are kept, by cell.
        shared: What was chosen for each query that several runs would hold, where nothing else decides, and whose rows
            these runs read.
    """

    necessary: set[Node]
    measured: Measured
    cells: Mapping[Node, Cell]
    reasons: dict[Cell, str] = field(default_factory=dict[Cell, str])
    shared: dict[Cell, tuple[Choice, Sequence[Cell | None]]] = field(
        default_factory=dict[Cell, tuple[Choice, Sequence[Cell | None]]]
    )
    _by_lazy: dict[Node, Readable] = field(default_factory=dict[Node, Readable])
    _runs: dict[Node, frozenset[Node]] = field(default_factory=dict[Node, frozenset[Node]])

    def choose(self, cells: Iterable[Readable]) -> "Keeping":
        """Choose for all, and return itself.

        Args:
            cells: Queries, what is read before who reads it.
        """
        known = list(cells)
        self._by_lazy = {readable.lazy: readable for readable in known}
        for readable in reversed(known):  # who reads first: what is read may end up in the same run as its reader
            self._runs[readable.table] = self._runs_of(readable)
            if (reason := self._reason(readable)) is not None:
                self.reasons[readable.cell] = reason
        return self

    def _runs_of(self, readable: Readable) -> frozenset[Node]:
        """Return the nodes whose runs would hold a cell's query."""
        is_demanded = readable.table.demand or readable.lazy.demand
        found: set[Node] = {readable.table} if is_demanded else set()
        for node in readable.table.outputs:
            if node not in self.necessary:
                continue
            reader = self._by_lazy.get(node)
            if reader is None or reader.cell in self.reasons:
                found.add(node)
            else:
                found |= self._runs.get(reader.table, frozenset({node}))
        return frozenset(found)

    def _reason(self, readable: Readable) -> str | None:
        cell, query = readable.cell, readable.query
        if (database := database_of(cell)) is not None:
            return _origin(database, readable.lazy) if readable.table in self.necessary else None
        if isinstance(cell, OutlineCell):
            return None
        if isinstance(cell, SqlCell) and cell.run == "button":
            return "it runs when its button is pressed"
        if query is not None and query.unstable:
            return query.unstable[0]
        if query is not None and query.form == "pivot":
            return "the columns of its PIVOT come from the data"
        if isinstance(cell, SqlCell) and cell.materialize is True:
            return "materialize=True"
        if isinstance(cell, SqlCell) and cell.materialize is False:
            return None
        frame = readable.frame
        if frame is not None and (frame.demand or self._is_read(frame, but=readable.table)):
            return "a reader needs its rows"
        runs = self._runs[readable.table]
        if len(runs) < 2 or query is None:
            return None
        readers = [self.cells.get(node) for node in runs]
        choice = choose(self.measured, cell, readers, reduces=query.reduces)
        self.shared[cell] = choice, readers
        return choice.why if choice.is_kept else None

    def _is_read(self, frame: Node, *, but: Node) -> bool:
        return any(node in self.necessary for node in frame.outputs if node is not but)


def _origin(database: Database, lazy: Node) -> str:
    table = lazy.outcome.value if isinstance(lazy.outcome, Done) else None
    ttl = table.ttl if isinstance(table, Table) else None
    return f"they come from {database.label}" + ("" if ttl is None else f", which is asked anew after {ttl:g} s (ttl=)")
