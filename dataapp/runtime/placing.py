"""Where the selections of a crossfilter stand among the cells above a view.

A selection is a condition on a column. It stands on the deepest cells that have the column, as if these had only the
rows that pass. In detail, for each column, and going only where a condition may go (see `passing`):

1. A selection in a chart or an explorer means the column of the cell shown there, and what that column is in the cells
   above: the same column under whatever name, or the expression that makes it. It stands on the deepest of these that
   the view reads.
2. A column that nobody shows, as that of `match`, is told by its name: on the deepest cells that have it. Of a table
   that is read twice, or of two tables with that column, it means each.
3. Where the view has no such column, keys lead to a table that has it: rows pass whose key is among those.

Where none of these holds, the view cannot be filtered by the selection, and says so instead of showing other rows.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import cast

from dataapp.cells.cell import Cell
from dataapp.cells.crossfilter import NarrowedView, PlacedCell
from dataapp.cells.explore import FilterCell
from dataapp.cells.predicate import Condition, PredicateCell
from dataapp.cells.selection import SelectionCell
from dataapp.cells.values import Bound
from dataapp.cells.view import View
from dataapp.compile.fusion import ValueOf
from dataapp.compile.identifiers import fold, quote_identifier
from dataapp.compile.outputs import Outputs, origin
from dataapp.errors import CrossfilterError
from dataapp.runtime.passing import Passage


@dataclass(frozen=True, slots=True)
class Edge:
    """One table that a cell reads."""

    name: str
    read: Cell
    passage: Passage


@dataclass(frozen=True, slots=True)
class Reading:
    """What a cell reads, and what its columns come from; cells without a text read nothing here."""

    edges: tuple[Edge, ...] = ()
    outputs: Outputs | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """Where one field of a selection stands, and what it restricts there, in SQL."""

    target: Cell
    sql: str


@dataclass(frozen=True, slots=True)
class Missed:
    """A field of a selection that stands nowhere, and why."""

    reason: str


type Columns = Mapping[Cell, Mapping[str, str]]
"""By cell its columns and their types."""


@dataclass(frozen=True, slots=True)
class Placement:
    """Where the selections of a crossfilter stand for one view.

    Attributes:
        view: The view.
        places: By selection and field.
        shown: By explorer that selects the columns and types of what it shows.
    """

    view: NarrowedView
    places: Mapping[tuple[PredicateCell, str], tuple[Place, ...] | Missed]
    shown: Mapping[PredicateCell, Mapping[str, str]] = field(
        default_factory=dict[PredicateCell, Mapping[str, str]]
    )

    def condition(self, cell: PlacedCell, choices: Sequence[object], types: Sequence[Mapping[str, str | None]]) -> Condition:
        """Return the condition that the selections are on a cell.

        Args:
            cell: The condition.
            choices: What is chosen, by selection.
            types: The SQL types of fields, by selection, where they are known.

        Raises:
            CrossfilterError: The view cannot be filtered by what is chosen.
        """
        conditions: list[Condition] = []
        for selection, choice, known in zip(self.view.selections, choices, types, strict=True):
            if cell.target is self.view.root:  # everything goes through it, so it speaks for the view
                self._check(selection, choice)
            fields = {name: sql for name, sql in self._fields(selection, cell.target)}
            if isinstance(selection, FilterCell):
                conditions.append(self._filters(selection, choice, fields))
            else:
                conditions.append(selection.condition(choice, known, fields))
        return all_of(conditions)

    def lines(self) -> list[str]:
        """Return, for people, which selection stands where."""
        found: dict[str, None] = {}
        for (selection, name), places in self.places.items():
            what = selection.columns.get(name, name)
            if isinstance(places, Missed):
                found[f"`{selection.label}` on {what}: nowhere, {places.reason}"] = None
                continue
            where = " and ".join(f"`{place.target.label}`{_as(place.sql, what)}" for place in places)
            found[f"`{selection.label}` on {what}: {where}"] = None
        return list(found)

    def _fields(self, selection: PredicateCell, target: Cell) -> Iterable[tuple[str, str]]:
        for (placed, name), places in self.places.items():
            if placed is selection and not isinstance(places, Missed):
                yield from ((name, place.sql) for place in places if place.target is target)

    def _check(self, selection: PredicateCell, choice: object) -> None:
        for (placed, name), places in self.places.items():
            if placed is not selection or not isinstance(places, Missed):
                continue
            if isinstance(selection, FilterCell) and not _filters_by(choice, name):
                continue
            raise CrossfilterError(
                f"`{self.view.root.label}` cannot be filtered by `{selection.label}`, which is on"
                f" `{selection.columns.get(name, name) or 'every column'}`: {places.reason}.",
                hint="see the page on crossfilters: keys= leads from table to table, and filters= lets selections through",
            )

    def _filters(self, selection: FilterCell, choice: object, fields: Mapping[str, str]) -> Condition:
        """Return what an explorer's filters of some columns are; the search is told by the empty name."""
        given = choice if isinstance(choice, View) else View(cast("Mapping[str, str]", choice or {}))
        where = {name: text for name, text in given.where.items() if fold(name) in fields}
        more = {name: said for name, said in given.more.items() if name == "search" and "" in fields}
        kind, view = selection.explorer.view.meaning, replace(given, where=where, more=more)
        return Condition(("TRUE",), {}) if kind.is_unrestricted(view) else kind.condition(selection, view, self.shown[selection])


def _filters_by(choice: object, column: str) -> bool:
    given = choice if isinstance(choice, View) else View(cast("Mapping[str, str]", choice or {}))
    return "search" in given.more if column == "" else any(fold(name) == column for name in given.where)


def _as(sql: str, column: str) -> str:
    return "" if fold(sql) == fold(quote_identifier(column)) else f" as {sql}"


def all_of(conditions: Iterable[Condition]) -> Condition:
    """Return the condition that holds where each of these does."""
    pieces: list[str | ValueOf] = []
    values: dict[ValueOf, Bound] = {}
    for condition in conditions:
        if condition.pieces in ((), ("TRUE",)):
            continue
        pieces += [" AND (" if pieces else "(", *condition.pieces, ")"]
        values |= condition.values
    return Condition(tuple(pieces) or ("TRUE",), values)


def place(view: NarrowedView, readings: Mapping[Cell, Reading], columns: Columns) -> Placement:
    """Return where the selections stand for a view.

    Args:
        view: The view.
        readings: What it and all cells above it read, and likewise those that the selections are made in.
        columns: The columns of all these cells.
    """
    search = _Search(view, readings, {cell: {fold(name): name for name in known} for cell, known in columns.items()})
    places: dict[tuple[PredicateCell, str], tuple[Place, ...] | Missed] = {}
    shown: dict[PredicateCell, Mapping[str, str]] = {}
    for selection in view.selections:
        source = source_of(selection)
        if isinstance(selection, FilterCell):
            assert source is not None
            shown[selection] = columns[source]
            for name in search.names[source]:
                places[selection, name] = search.same(source, name)
            places[selection, ""] = search.whole(source)
            continue
        for name, column in selection.columns.items():
            is_shown = source is not None and fold(name) == fold(column)
            places[selection, name] = search.column(source if is_shown else None, fold(column))
    return Placement(view, places, shown)


class _Search:
    """Looks for the places of one view."""

    def __init__(self, view: NarrowedView, readings: Mapping[Cell, Reading], names: Mapping[Cell, Mapping[str, str]]) -> None:
        self.names = names
        self._view = view
        self._readings = readings
        self._all = self._reached({"open", "reluctant", "closed"})
        self._levels = [self._reached({"open"}), self._reached({"open", "reluctant"})]

    def column(self, source: Cell | None, column: str) -> tuple[Place, ...] | Missed:
        """Return where a condition on a column stands: of a cell that shows it, or of whatever has that name."""
        trail = [] if source is None or column not in self.names[source] else self._trail(source, column)
        for level in self._levels:
            if (found := self._on_trail(trail, level)) is not None:
                return found
        if not any(place.target in self._all for place in trail):
            for level in self._levels:
                if found := self._by_name(column, level):
                    return found
        return Missed(self._why_not(trail, column))

    def same(self, source: Cell, column: str) -> tuple[Place, ...] | Missed:
        """Return where a condition on a column of an explorer stands: only where the column has its name and type."""
        found = self.column(source, column)
        if isinstance(found, Missed) or all(place.sql == quote_identifier(self.names[source][column]) for place in found):
            return found
        for level in self._levels:
            if source in level:
                return (Place(source, quote_identifier(self.names[source][column])),)
        return Missed(f"it is computed as {found[0].sql} there, which an explorer cannot filter")

    def whole(self, source: Cell) -> tuple[Place, ...] | Missed:
        """Return where a condition on all columns of an explorer stands: on what it shows."""
        is_read = any(source in level for level in self._levels)
        return (Place(source, ""),) if is_read else Missed(f"it searches all columns of `{source.label}`")

    def _reached(self, kinds: set[str]) -> list[Cell]:
        """Return the cells that a condition may stand on, readers first."""
        found: dict[Cell, None] = {}
        waiting = [self._view.root]
        while waiting:
            cell = waiting.pop(0)
            found.pop(cell, None)
            found[cell] = None
            waiting += [edge.read for edge in self._reading(cell).edges if edge.passage.kind in kinds]
        return list(found)

    def _reading(self, cell: Cell) -> Reading:
        return self._readings.get(cell, Reading())

    def _trail(self, cell: Cell, column: str) -> list[Place]:
        """Return what a column of a cell is in the cells above, deepest first; expressions come last."""
        same, computed = [Place(cell, quote_identifier(self.names[cell][column]))], []
        while (reading := self._reading(cell)).outputs is not None:
            tables = {edge.name: edge.read for edge in reading.edges}
            known = {name: self.names[read].keys() for name, read in tables.items()}
            found = origin(reading.outputs, column, known)
            if found is None or found.table not in tables:
                break
            cell = tables[found.table]
            if found.column is None:
                computed = [Place(cell, found.sql)]
                break
            column = found.column
            same.insert(0, Place(cell, quote_identifier(self.names[cell][column])))
        return [*same, *computed]

    def _on_trail(self, trail: Sequence[Place], level: Sequence[Cell]) -> tuple[Place, ...] | None:
        for place in trail:
            if place.target in level:
                return (place,)
        for cell in reversed(level):  # a cell whose own column is this one
            for column in self.names[cell]:
                own = self._trail(cell, column)
                if trail and not set(own).isdisjoint(trail):
                    return (Place(cell, quote_identifier(self.names[cell][column])),)
        return None

    def _by_name(self, column: str, level: Sequence[Cell]) -> tuple[Place, ...]:
        having = [cell for cell in level if column in self.names[cell]]
        deepest = [cell for cell in having if self._above(cell, level).isdisjoint(having)]
        return tuple(Place(cell, quote_identifier(self.names[cell][column])) for cell in deepest)

    def _above(self, cell: Cell, level: Sequence[Cell]) -> set[Cell]:
        found: set[Cell] = set()
        waiting = [cell]
        while waiting:
            for edge in self._reading(waiting.pop()).edges:
                if edge.passage.kind != "closed" and edge.read in level and edge.read not in found:
                    found.add(edge.read)
                    waiting.append(edge.read)
        return found

    def _why_not(self, trail: Sequence[Place], column: str) -> str:
        """Say what is in the way, if something is."""
        wanted = [place.target for place in trail] or [cell for cell in self._all if column in self.names[cell]]
        reached = self._levels[-1]
        for cell in reached:
            for edge in self._reading(cell).edges:
                below = {edge.read} | self._all_above(edge.read)
                if edge.passage.kind == "closed" and not below.isdisjoint(wanted):
                    return f"`{cell.label}` lets no selection through to `{edge.read.label}`, {edge.passage.reason}"
        return "it reads no such column"

    def _all_above(self, cell: Cell) -> set[Cell]:
        found: set[Cell] = set()
        waiting = [cell]
        while waiting:
            for edge in self._reading(waiting.pop()).edges:
                if edge.read not in found:
                    found.add(edge.read)
                    waiting.append(edge.read)
        return found


def source_of(selection: PredicateCell) -> Cell | None:
    """Return the cell that a selection is made in, or None for an input."""
    if isinstance(selection, FilterCell):
        return selection.explorer.of
    return selection.of.source if isinstance(selection.of, SelectionCell) else None
