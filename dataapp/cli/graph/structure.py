"""An app as nodes and what each reads, found without running a query."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Literal

from dataapp.app.sessions import engine
from dataapp.cells.cell import Cell
from dataapp.cells.crossfilter import (
    CrossfilterCell,
    NarrowedCell,
    NarrowedRows,
    OutlineCell,
    PlacedCell,
    PlacementCell,
)
from dataapp.cells.explore import BEHIND, ExploreCell, FilterCell, FilteredCell, SelectedCell, ValueAtCell
from dataapp.cells.input import ConstantCell, InputCell
from dataapp.cells.policy import PolicyCell
from dataapp.cells.predicate import PredicateCell
from dataapp.cells.python import PythonCell
from dataapp.cells.relation import is_relation
from dataapp.cells.selection import SelectionCell
from dataapp.cells.source import SourceCell
from dataapp.cells.sql import SqlCell
from dataapp.cli.app import seen
from dataapp.cli.check.inspection import Inspected, inspect
from dataapp.cli.check.report import shown_path
from dataapp.cli.check.serving import Loaded
from dataapp.cli.check.source import Place
from dataapp.graph.dag import CycleFound, closure
from dataapp.runtime.binding import Broken, Held
from dataapp.runtime.session import Session
from dataapp.views.chart.schema import find_cell_data

type Kind = Literal["source", "sql", "python", "input", "constant", "predicate", "selection", "chart"]


@dataclass(frozen=True, slots=True)
class Node:
    """A cell or a chart.

    Attributes:
        id: Unique in the graph.
        label: What people call it.
        kind: What it is.
        file: Its file, or None.
        line: Its line, or None.
        reads: The ids of what it reads.
        is_shown: Whether the app shows it.
        kept: Why the rows of a query are kept, or None where it is fused with its readers.
        error: What is wrong with it, or None.
        blocked_by: The label of the broken cell that keeps it from working, or None.
    """

    id: str
    label: str
    kind: Kind
    file: str | None
    line: int | None
    reads: tuple[str, ...]
    is_shown: bool = False
    kept: str | None = None
    error: str | None = None
    blocked_by: str | None = None


def loaded_to_nodes(loaded: Loaded) -> list[Node]:
    """Return the nodes of an app, what is read before who reads it.

    A selection in a chart and the predicate that it stands for are one node, which reads the chart; an explorer and its
    cell are one, too, and so are filtered rows and their condition.
    """
    inspected = inspect(loaded)
    binding = inspected.binding
    cells = [cell for cell in binding.states if _is_node(cell)]
    cells = [cell for cell in cells if _drawn(cell) is cell or _drawn(cell) not in cells]
    ids: dict[Cell, str] = {cell: f"n{index}" for index, cell in enumerate(cells)}
    shown = {_drawn(seen(cell)) for cell in loaded.shown}
    kept = _kept_rows([cell for cell in cells if cell in shown] or cells)
    errors = {found.cell: found.message for found in reversed(inspected.findings) if found.severity == "error"}
    nodes: list[Node] = []
    for cell in cells:
        state = binding.states[cell]
        above = [_drawn(read) if _drawn(read) in ids else seen(read) for read in binding.reads(cell)]
        reads = tuple(dict.fromkeys(ids[read] for read in above if read in ids and read is not cell))
        place = _place(cell, inspected)
        fault = next(iter(state.faults.values())).message if isinstance(state, Broken) else None
        nodes.append(
            Node(
                ids[cell],
                cell.label,
                _kind(cell, binding.reads(cell)),
                None if cell.namespace.file is None else shown_path(place.file),
                None if cell.namespace.file is None else place.line,
                reads,
                is_shown=cell in shown,
                kept=kept.get(cell.label) if is_relation(cell) else None,
                error=" ".join((fault or errors.get(cell.label) or "").split()) or None,
                blocked_by=state.by.label if isinstance(state, Held) else None,
            )
        )
    charts, selected_in = _chart_nodes(loaded, inspected, ids, errors)
    for cell in cells:
        drawn = [chart for read in binding.reads(cell) for chart in selected_in.get(_selects(read), ())]
        nodes = [replace(node, reads=(*node.reads, *drawn)) if node.id == ids[cell] else node for node in nodes]
    return _in_reading_order([*nodes, *charts])


def _selects(cell: Cell) -> str | None:
    return cell.selects if isinstance(cell, SelectionCell) else None


def _in_reading_order(nodes: list[Node]) -> list[Node]:
    by_id = {node.id: node for node in nodes}
    reads = acyclic({node.id: node.reads for node in nodes})
    return [by_id[key] for key in closure(reads, lambda key: reads[key])]


def above(nodes: list[Node], label: str) -> list[Node]:
    """Return the nodes of a label and all that they read.

    Example:
        >>> a, b, c = (Node(x, x, "sql", None, None, r) for x, r in (("a", ()), ("b", ("a",)), ("c", ())))
        >>> [node.label for node in above([a, b, c], "b")]
        ['a', 'b']
    """
    by_id = {node.id: node for node in nodes}
    wanted = {node.id for node in nodes if node.label == label}
    stack = list(wanted)
    while stack:
        for read in by_id[stack.pop()].reads:
            if read not in wanted:
                wanted.add(read)
                stack.append(read)
    return [node for node in nodes if node.id in wanted]


def heights(nodes: Iterable[Node]) -> dict[str, int]:
    """Return how many nodes lie above each at most; nodes that read each other in a circle are as high as they come.

    Example:
        >>> heights([Node("a", "a", "sql", None, None, ()), Node("b", "b", "sql", None, None, ("a",))])
        {'a': 0, 'b': 1}
    """
    reads = acyclic({node.id: node.reads for node in nodes})
    found: dict[str, int] = {}
    for key in closure(reads, lambda key: reads[key]):
        found[key] = 1 + max((found[read] for read in reads[key]), default=-1)
    return {key: found[key] for key in reads}


def acyclic(reads: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """Return edges without those that close a circle."""
    reads = {key: tuple(read for read in found if read in reads) for key, found in reads.items()}
    lookup: Callable[[str], tuple[str, ...]] = lambda key: reads[key]  # noqa: E731
    while True:
        try:
            closure(reads, lookup)
        except CycleFound as found:
            reader, read = str(found.nodes[-2]), found.nodes[-1]
            reads[reader] = tuple(other for other in reads[reader] if other != read)
        else:
            return reads


def _is_node(cell: Cell) -> bool:
    is_behind_predicate = isinstance(cell, SelectionCell) and cell.predicate is not None
    unseen = (ExploreCell, CrossfilterCell, PlacementCell, PlacedCell, *BEHIND)
    return not is_behind_predicate and not isinstance(cell, unseen)


def _drawn(cell: Cell) -> Cell:
    """Return what stands for a cell where both are known: of the condition of filtered rows, these."""
    if isinstance(cell, NarrowedRows | NarrowedCell | OutlineCell):
        return cell.of
    return cell.explorer.filtered if isinstance(cell, FilterCell) else cell


def _kind(cell: Cell, reads: list[Cell]) -> Kind:
    match cell:
        case FilteredCell() | FilterCell() | SelectedCell() | ValueAtCell():
            return "selection"
        case SourceCell() | PolicyCell():
            return "source"
        case SqlCell():
            return "sql"
        case PythonCell():
            return "python"
        case PredicateCell():
            return "selection" if any(isinstance(read, SelectionCell) for read in reads) else "predicate"
        case ConstantCell():
            return "constant"
        case _:
            return "input"


def _place(cell: Cell, inspected: Inspected) -> Place:
    """Return where a cell is written; of a widget or value that cells only name, where it is bound."""
    place = inspected.places.of_cell(cell)
    source = None if cell.namespace.file is None else inspected.places.source(cell.namespace.file)
    is_adapted = cell.namespace.names.get(cell.label) is not cell
    bound = source.assignment(cell.label) if source is not None and is_adapted and cell.is_named else None
    return place if source is None or bound is None else source.place(bound)


def _chart_nodes(
    loaded: Loaded, inspected: Inspected, ids: dict[Cell, str], errors: dict[str | None, str]
) -> tuple[list[Node], dict[str | None, list[str]]]:
    """Return the charts, and which of them hold each selection."""
    nodes: list[Node] = []
    selected_in: dict[str | None, list[str]] = {}
    named = {id(drawn.chart) for drawn in loaded.charts if drawn.name is not None}
    for drawn in loaded.charts:
        if drawn.name is None and id(drawn.chart) in named:
            continue
        label = drawn.name or f"chart of {seen(drawn.cells[0]).label}"
        app = inspected.places.app
        bound = None if app is None or drawn.name is None else app.assignment(drawn.name)
        over = [_drawn(seen(cell)) for cell in drawn.cells]
        reads = tuple(dict.fromkeys(ids[cell] for cell in over if cell in ids))
        line = None if bound is None else bound.lineno
        file = shown_path(loaded.file)
        for key in (data.key_of(one) for data in find_cell_data(drawn.chart) for one in data.selections):
            selected_in.setdefault(key, []).append(f"c{len(nodes)}")
        nodes.append(Node(f"c{len(nodes)}", label, "chart", file, line, reads, is_shown=True, error=errors.get(label)))
    return nodes, selected_in


class _NoPool:
    """Takes work and never starts it."""

    def start(self, work: Callable[[], None]) -> None:
        """Take a piece of work."""


def _kept_rows(shown: Iterable[Cell]) -> dict[str, str]:
    """Return by label why rows would be kept if these cells were on screen; nothing is computed."""
    session = Session(engine(), _NoPool())
    try:
        for cell in shown:
            if is_relation(cell):
                session.demand(cell, "table")
            elif isinstance(cell, PythonCell | InputCell):
                session.demand(cell, "value")
        return session.nodes.kept_rows()
    finally:
        session.close()
