"""Where the selections of a crossfilter stand among the cells above a view.

A selection is a condition on a column. It stands on the deepest cells that have the column, as if these had only the
rows that pass. In detail, for each column, and going only where a condition may go (see `passing`):

1. A selection in a chart or an explorer means the column of the cell shown there, and what that column is in the cells
   above: the same column under whatever name, or the expression that makes it. It stands on the deepest of these that
   the view reads.
2. A column that nobody shows, as that of `match`, is told by its name: on the deepest cells that have it. Of two tables
   with that column, it means each.
3. Where the view has no such column, keys lead to a table that has it: rows pass whose key is among those left there.

Where none of these holds, the view cannot be filtered by the selection, and says so instead of showing other rows.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import cast

from dataapp.cells.cell import Cell
from dataapp.cells.crossfilter import Link, NarrowedView, PlacedCell
from dataapp.cells.explore import FilterCell
from dataapp.cells.predicate import Condition, PredicateCell
from dataapp.cells.selection import SelectionCell
from dataapp.cells.steps import Steps
from dataapp.cells.values import Bound
from dataapp.cells.view import View
from dataapp.compile.fusion import ValueOf
from dataapp.compile.identifiers import fold, quote_identifier
from dataapp.compile.outputs import Outputs, origin
from dataapp.errors import CrossfilterError
from dataapp.runtime.passing import Passage

EVERY_ROW = Condition(("TRUE",), {})
_SOME = Condition(("(TRUE)",), {})
_MOST_NAMES = 6


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
    """Where one field of a selection stands.

    Attributes:
        target: The cell.
        sql: What it restricts there.
        stop: Why it does not stand deeper, for people, if it could.
    """

    target: Cell
    sql: str
    stop: str = ""


@dataclass(frozen=True, slots=True)
class Through:
    """A field of a selection that stands on another table, to which a key leads."""

    link: Link


@dataclass(frozen=True, slots=True)
class Missed:
    """A field of a selection that stands nowhere, and why."""

    reason: str


type Standing = tuple[Place, ...] | Through | Missed
type Columns = Mapping[Cell, Mapping[str, str]]
"""By cell its columns and their types."""


@dataclass(frozen=True, slots=True)
class Placement:
    """Where the selections of a crossfilter stand for one view.

    Attributes:
        view: The view.
        places: By selection and field; the field of an explorer's search is the empty text.
        shown: By explorer the columns and types of what it shows.
    """

    view: NarrowedView
    places: Mapping[tuple[PredicateCell, str], Standing]
    shown: Mapping[PredicateCell, Mapping[str, str]]

    def condition(
        self,
        cell: PlacedCell,
        choices: Sequence[object],
        types: Sequence[Mapping[str, str | None]],
        steps: Sequence[Mapping[str, Steps | None]],
    ) -> Condition:
        """Return the condition that the selections are on a cell, or whether any goes by way of a key.

        Args:
            cell: The condition.
            choices: What is chosen, by selection.
            types: The SQL types of fields, by selection, where they are known.
            steps: The only values that the ends of ranges can take, in the same way.

        Raises:
            CrossfilterError: The view cannot be filtered by what is chosen.
        """
        conditions: list[Condition] = []
        for selection, choice, known, stepped in zip(self.view.selections, choices, types, steps, strict=True):
            if cell.target is self.view.root:  # all rows go through it, so it speaks for the view
                self._check(selection, choice)
            fields = dict(self._fields(selection, cell))
            if isinstance(selection, FilterCell):
                conditions.append(self._filters(selection, choice, fields))
            else:
                conditions.append(selection.condition(choice, known, fields, stepped))
        whole = _all_of(conditions)
        return whole if cell.link is None or whole == EVERY_ROW else _SOME

    def fault(self) -> CrossfilterError | None:
        """Return what is wrong with the view whatever is selected."""
        for (selection, name), standing in self.places.items():
            if isinstance(standing, Missed) and not isinstance(selection, FilterCell):
                return self._refusal(selection, name, standing)
        return None

    def lines(self) -> Iterator[str]:
        """Yield, for people, which selection stands where."""
        found: dict[tuple[str, str], list[str]] = {}
        for (selection, name), standing in self.places.items():
            column = "search" if name == "" and isinstance(selection, FilterCell) else selection.columns.get(name, name)
            found.setdefault((selection.label, self._where(standing, column)), []).append(column)
        for (label, where), names in found.items():
            more = len(names) - _MOST_NAMES
            shown = names if more <= 1 else [*names[:_MOST_NAMES], f"{more} more"]
            yield f"`{label}` on {', '.join(shown)}: {where}"

    def _where(self, standing: Standing, column: str) -> str:
        match standing:
            case Missed(reason):
                return f"nowhere, {reason}"
            case Through(link):
                return (
                    f"`{link.others.root.label}`, which {' = '.join(link.columns)} leads to from `{link.table.label}`"
                )
            case places:
                return " and ".join(f"`{place.target.label}`{_as(place, column)}" for place in places)

    def _fields(self, selection: PredicateCell, cell: PlacedCell) -> Iterator[tuple[str, str]]:
        """Yield the fields that stand on a cell and what they restrict there, or those that go by way of its key."""
        for (placed, name), standing in self.places.items():
            if placed is not selection:
                continue
            if isinstance(standing, Through):
                if standing.link is cell.link:
                    yield name, "key"
            elif not isinstance(standing, Missed) and cell.link is None:
                yield from ((name, place.sql) for place in standing if place.target is cell.target)

    def _check(self, selection: PredicateCell, choice: object) -> None:
        for (placed, name), standing in self.places.items():
            if placed is not selection or not isinstance(standing, Missed):
                continue
            if isinstance(selection, FilterCell) and not _filters_by(choice, name):
                continue
            raise self._refusal(selection, name, standing)

    def _refusal(self, selection: PredicateCell, name: str, missed: Missed) -> CrossfilterError:
        on = selection.columns.get(name, name) or "every column"
        return CrossfilterError(
            f"`{self.view.root.label}` cannot be filtered by `{selection.label}`, which is on `{on}`: {missed.reason}.",
            hint='leave the view out, tell by keys= how its table belongs to others, or write filters="inside"'
            " where a text keeps selections off",
        )

    def _filters(self, selection: FilterCell, choice: object, fields: Mapping[str, str]) -> Condition:
        given = _as_view(choice)
        where = {name: text for name, text in given.where.items() if fold(name) in fields}
        more = {name: said for name, said in given.more.items() if name == "search" and "" in fields}
        kind, view = selection.explorer.view.meaning, replace(given, where=where, more=more)
        return EVERY_ROW if kind.is_unrestricted(view) else kind.condition(selection, view, self.shown[selection])


def _as_view(choice: object) -> View:
    return choice if isinstance(choice, View) else View(cast("Mapping[str, str]", choice or {}))


def _filters_by(choice: object, column: str) -> bool:
    given = _as_view(choice)
    return "search" in given.more if column == "" else any(fold(name) == column for name in given.where)


def _as(place: Place, column: str) -> str:
    is_same = place.sql == "" or fold(place.sql) == fold(quote_identifier(column))
    return ("" if is_same else f" as {place.sql}") + (f" (not deeper: {place.stop})" if place.stop else "")


def _all_of(conditions: Iterable[Condition]) -> Condition:
    pieces: list[str | ValueOf] = []
    values: dict[ValueOf, Bound] = {}
    for condition in conditions:
        if condition != EVERY_ROW:
            pieces += [" AND (" if pieces else "(", *condition.pieces, ")"]
            values |= condition.values
    return Condition(tuple(pieces), values) if pieces else EVERY_ROW


def source_of(selection: PredicateCell) -> Cell | None:
    """Return the cell that a selection is made in, or None for an input."""
    if isinstance(selection, FilterCell):
        return selection.explorer.of
    return selection.of.source if isinstance(selection.of, SelectionCell) else None


def place(view: NarrowedView, readings: Mapping[Cell, Reading], columns: Columns) -> Placement:
    """Return where the selections stand for a view.

    Args:
        view: The view.
        readings: What it and all cells above it read, and likewise those that the selections are made in, and those
            that keys lead to.
        columns: The columns of all these cells.
    """
    names = {cell: {fold(name): name for name in known} for cell, known in columns.items()}
    search = _Search(view, readings, names)
    found: dict[tuple[PredicateCell, str], Standing] = {}
    shown: dict[PredicateCell, Mapping[str, str]] = {}
    for selection in view.selections:
        source = source_of(selection)
        if isinstance(selection, FilterCell):
            assert source is not None
            shown[selection] = columns[source]
            for name in [*names[source], ""]:
                found[selection, name] = search.stands(selection, name)
        else:
            for name in selection.columns:
                found[selection, name] = search.stands(selection, name)
    if (link := view.link) is not None:  # only what the views before leave to this one
        led = place(link.view, readings, columns).places
        found = {field: found[field] for field, by in led.items() if isinstance(by, Through) and by.link is link}
    return Placement(view, found, shown)


class _Search:
    """Looks for the places of one view."""

    def __init__(
        self, view: NarrowedView, readings: Mapping[Cell, Reading], names: Mapping[Cell, Mapping[str, str]]
    ) -> None:
        self._view = view
        self._readings = readings
        self._names = names
        self._all = self._reached({"open", "reluctant", "closed"})
        self._levels = [self._reached({"open"}), self._reached({"open", "reluctant"})]

    def stands(self, selection: PredicateCell, name: str) -> Standing:
        """Return where a field of a selection stands."""
        own = self._here(selection, name)
        if not isinstance(own, Missed):
            return own
        for cell in self._levels[-1]:
            for link in self._view.links(cell):
                if fold(link.columns[0]) not in self._names[cell]:
                    continue
                there = _Search(link.others, self._readings, self._names).stands(selection, name)
                if not isinstance(there, Missed):
                    return Through(link)
        return own

    def _here(self, selection: PredicateCell, name: str) -> tuple[Place, ...] | Missed:
        source = source_of(selection)
        if isinstance(selection, FilterCell):
            assert source is not None
            return self._whole(source) if name == "" else self._same(source, name)
        column = selection.columns[name]
        is_shown = source is not None and fold(name) == fold(column)
        return self._column(source if is_shown else None, fold(column))

    def _column(self, source: Cell | None, column: str) -> tuple[Place, ...] | Missed:
        """Return where a condition on a column stands: of a cell that shows it, or of whatever has that name."""
        trail = [] if source is None or column not in self._names[source] else self._trail(source, column)
        for level in self._levels:
            if (found := self._on_trail(trail, level)) is not None:
                return (self._stopped(found, trail, column, level),)
        if not any(place.target in self._all for place in trail):
            for level in self._levels:
                if found := self._by_name(column, level):
                    return tuple(self._stopped(place, (), column, level) for place in found)
        return Missed(self._why_not(trail, column))

    def _same(self, source: Cell, column: str) -> tuple[Place, ...] | Missed:
        """Return where a condition on a column of an explorer stands: its texts know the column by its name."""
        found, own = self._column(source, column), quote_identifier(self._names[source][column])
        if isinstance(found, Missed) or all(fold(place.sql) == fold(own) for place in found):
            return found
        if any(source in level for level in self._levels):
            return (Place(source, own),)
        return Missed(f"there it is {found[0].sql}, which an explorer cannot filter")

    def _whole(self, source: Cell) -> tuple[Place, ...] | Missed:
        """Return where a condition on all columns of an explorer stands: on what it shows."""
        is_read = any(source in level for level in self._levels)
        return (Place(source, ""),) if is_read else Missed(f"it searches all columns of `{source.label}`")

    def _reached(self, kinds: set[str]) -> list[Cell]:
        """Return the cells that a condition may stand on, each behind one that reads it."""
        found: dict[Cell, None] = {}
        waiting = [self._view.root]
        while waiting:
            cell = waiting.pop(0)
            if cell not in found:
                found[cell] = None
                waiting += [edge.read for edge in self._edges(cell) if edge.passage.kind in kinds]
        return list(found)

    def _edges(self, cell: Cell) -> tuple[Edge, ...]:
        return self._readings[cell].edges if cell in self._readings else ()

    def _trail(self, cell: Cell, column: str) -> list[Place]:
        """Return what a column of a cell is in the cells above, deepest first; an expression comes last."""
        same, computed = [Place(cell, quote_identifier(self._names[cell][column]))], list[Place]()
        while (outputs := self._readings[cell].outputs) is not None:
            tables = {edge.name: edge.read for edge in self._edges(cell)}
            found = origin(outputs, column, {name: self._names[read].keys() for name, read in tables.items()})
            if found is None:
                break
            cell = tables[found.table]
            if found.column is None:
                computed = [Place(cell, found.sql)]
                break
            column = found.column
            same.insert(0, Place(cell, quote_identifier(self._names[cell][column])))
        return [*same, *computed]

    def _on_trail(self, trail: Sequence[Place], level: Sequence[Cell]) -> Place | None:
        for place in trail:
            if place.target in level:
                return place
        for cell in reversed(level) if trail else ():  # one that has the column, and whose columns nobody shows
            for column in self._names[cell]:
                if not set(self._trail(cell, column)).isdisjoint(trail):
                    return Place(cell, quote_identifier(self._names[cell][column]))
        return None

    def _by_name(self, column: str, level: Sequence[Cell]) -> list[Place]:
        having = [cell for cell in level if column in self._names[cell]]
        deepest = [cell for cell in having if self._above(cell, level).isdisjoint(having)]
        return [Place(cell, quote_identifier(self._names[cell][column])) for cell in deepest]

    def _above(self, cell: Cell, within: Sequence[Cell] | None = None) -> set[Cell]:
        """Return all cells above one, or those that conditions get to within some."""
        found: set[Cell] = set()
        waiting = [cell]
        while waiting:
            for edge in self._edges(waiting.pop()):
                goes_on = within is None or (edge.passage.kind != "closed" and edge.read in within)
                if goes_on and edge.read not in found:
                    found.add(edge.read)
                    waiting.append(edge.read)
        return found

    def _stopped(self, place: Place, trail: Sequence[Place], column: str, level: Sequence[Cell]) -> Place:
        """Return a place with the reason why the condition does not stand deeper."""
        deeper = [other.target for other in trail[: trail.index(place)]] if place in trail else []
        wanted = deeper if trail else [cell for cell in self._all if column in self._names[cell]]
        reason = self._in_the_way([place.target, *self._above(place.target, level)], level, wanted)
        return replace(place, stop=reason or "")

    def _why_not(self, trail: Sequence[Place], column: str) -> str:
        wanted = [place.target for place in trail] or [cell for cell in self._all if column in self._names[cell]]
        reason = self._in_the_way(self._levels[-1], self._levels[-1], wanted)
        return reason or f"nothing that it reads has column `{column}`"

    def _in_the_way(self, cells: Iterable[Cell], level: Sequence[Cell], wanted: Sequence[Cell]) -> str | None:
        """Say what keeps a condition from getting from some cells to one of those above."""
        for cell in cells:
            for edge in self._edges(cell):
                if edge.read not in level and not {edge.read, *self._above(edge.read)}.isdisjoint(wanted):
                    return f"`{cell.label}` lets nothing through to `{edge.read.label}`, since {edge.passage.reason}"
        return None
