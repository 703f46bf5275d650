"""Crossfilters: each view reads its rows as the selections of all other views leave them.

A view's rows are those of a cell and of all cells above it. For each view there is a copy of that part of the graph. In
it stands, around every cell that a condition may stand on, ``FROM rows WHERE $selections``. Which selection stands
where depends on the columns that cells have, so it is a value of the graph, too: `PlacementCell`, found when a session
first needs it. Where nothing is selected, the copies are the same queries as the originals, and share their results.

Who reads whom, for a view over ``daily``, which reads ``flights``::

    flights → NarrowedRows(flights) → NarrowedCell(daily) → NarrowedRows(daily) → view
"""

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass

from dataapp.cells.cell import Cell
from dataapp.cells.explore import ExploreCell
from dataapp.cells.namespace import Namespace
from dataapp.cells.predicate import PredicateCell
from dataapp.cells.sql import SqlCell
from dataapp.compile.identifiers import quote_identifier

_OTHERS = "others"
NARROWED = "FROM rows WHERE $selections"

type Keys = Mapping[tuple[Cell, Cell], tuple[str, str]]
"""By two tables the columns whose values are the same in both."""


@dataclass(frozen=True, slots=True)
class Member:
    """A view of a crossfilter that shows rows.

    Attributes:
        label: What people call it.
        key: What stands for it in every session of the process.
        cells: The cells whose rows it shows.
    """

    label: str
    key: Hashable
    cells: tuple[Cell, ...]


class CrossfilterCell(Cell):
    """A crossfilter as one thing: what can be selected in it.

    Attributes:
        selections: The selections of all views.
        members: Its views that show rows.
    """

    __slots__ = ("members", "selections")

    selections: tuple[PredicateCell, ...]
    members: tuple[Member, ...]

    def __init__(self, selections: tuple[PredicateCell, ...], namespace: Namespace, *, name: str | None = None) -> None:
        super().__init__(namespace, name)
        self.selections = selections
        self.members = ()


class NarrowedView:
    """What one view of a crossfilter reads.

    Attributes:
        root: The cell that it shows.
        selections: The selections of all other views.
        keys: How tables belong together.
        crossfilter: What it is a view of.
        key: What stands for the view in every session of the process.
        link: Where a key leads from to its root, or None of what is shown.
        placement: Which selection stands where.
    """

    __slots__ = (
        "_cells",
        "_outlines",
        "_rows",
        "crossfilter",
        "key",
        "keys",
        "link",
        "placement",
        "root",
        "selections",
    )

    root: Cell
    selections: tuple[PredicateCell, ...]
    keys: Keys
    crossfilter: "CrossfilterCell | None"
    key: Hashable
    link: "Link | None"
    placement: "PlacementCell"

    def __init__(
        self,
        root: Cell,
        selections: Iterable[PredicateCell],
        keys: Keys,
        crossfilter: "CrossfilterCell | None" = None,
        key: Hashable = None,
        link: "Link | None" = None,
    ) -> None:
        self.root = root
        self.key = key
        self.link = link
        self.crossfilter = crossfilter
        self.selections = tuple(selections)
        self.keys = keys
        self.placement = PlacementCell(self)
        self._cells: dict[SqlCell, NarrowedCell] = {}
        self._outlines: dict[SqlCell, OutlineCell] = {}
        self._rows: dict[Cell, tuple[NarrowedRows, tuple[Link, ...]]] = {}

    def rows(self, cell: Cell) -> "NarrowedRows":
        """Return the rows of a cell that the selections leave, also by way of its keys."""
        return self._narrowed_rows(cell)[0]

    def links(self, cell: Cell) -> "tuple[Link, ...]":
        """Return where the keys of a cell lead to."""
        return self._narrowed_rows(cell)[1]

    @property
    def roots(self) -> list[Cell]:
        """Its root, and those of the views that keys lead from to it."""
        return [self.root] if self.link is None else [self.root, *self.link.view.roots]

    @property
    def visited(self) -> set[Cell]:
        """The tables that keys led through up to here."""
        return set() if self.link is None else {self.link.table, *self.link.view.visited}

    def _narrowed_rows(self, cell: Cell) -> "tuple[NarrowedRows, tuple[Link, ...]]":
        if cell not in self._rows:
            rows, links = NarrowedRows(self, cell), list[Link]()
            for (one, other), columns in self.keys.items():
                if one is cell and other is not self.root and other not in self.visited:
                    links.append(Link(self, cell, other, columns))
                    rows = LinkedRows(rows, links[-1])
            self._rows[cell] = rows, tuple(links)
        return self._rows[cell]

    def narrowed(self, cell: SqlCell) -> "NarrowedCell":
        """Return a cell that reads rows which the selections leave."""
        if cell not in self._cells:
            self._cells[cell] = NarrowedCell(self, cell)
        return self._cells[cell]

    def outline(self, cell: SqlCell) -> "OutlineCell":
        """Return a cell that is only asked for its columns."""
        if cell not in self._outlines:
            self._outlines[cell] = OutlineCell(self, cell)
        return self._outlines[cell]


class _Copy(SqlCell):
    """A SQL cell that reads other tables than the one that its author wrote."""

    __slots__ = ("of", "view")

    of: SqlCell
    view: NarrowedView

    def __init__(self, view: NarrowedView, of: SqlCell) -> None:
        super().__init__(
            of.query, of.namespace, on=of.on, materialize=of.materialize, run="auto", name=None, filters=of.filtering
        )
        self.limit = of.limit
        self.of = of
        self.view = view

    @property
    def label(self) -> str:
        """The label of the cell that its author wrote."""
        return self.of.label

    @property
    def is_named(self) -> bool:
        """Whether the cell that its author wrote has a name."""
        return self.of.is_named

    @property
    def text(self) -> str:
        """What the author wrote."""
        return self.of.text

    def place(self, line: int, column: int) -> tuple[int | None, int | None]:
        """Return line and column in what the author wrote."""
        return self.of.place(line, column)


class NarrowedCell(_Copy):
    """A SQL cell over rows that selections leave."""

    __slots__ = ()


class OutlineCell(_Copy):
    """A SQL cell that is only asked for its columns, so that nothing above it has to be run for them."""

    __slots__ = ()


class NarrowedRows(SqlCell):
    """The rows of a cell that the selections placed there leave. It is called what the cell is called.

    Attributes:
        of: The cell.
        placed: The condition.
        view: What it is a part of.
    """

    __slots__ = ("of", "placed", "view")

    of: Cell
    placed: "PlacedCell"
    view: NarrowedView

    def __init__(self, view: NarrowedView, of: Cell, query: str = NARROWED, link: "Link | None" = None) -> None:
        self.of = of
        self.view = view
        self.placed = PlacedCell(view, of, link)
        super().__init__(query, of.namespace, on=None, materialize="auto", run="auto", name=None)

    @property
    def label(self) -> str:
        """The label of the cell."""
        return self.of.label

    @property
    def is_named(self) -> bool:
        """Whether the cell has a name."""
        return self.of.is_named


class LinkedRows(NarrowedRows):
    """The rows of a cell whose key is among those that the selections leave of another table.

    Attributes:
        rows: The rows that the selections placed on the cell itself leave.
        link: Where the key leads to.
    """

    __slots__ = ("link", "rows")

    rows: NarrowedRows
    link: "Link"

    def __init__(self, rows: NarrowedRows, link: "Link") -> None:
        here, there = map(quote_identifier, link.columns)
        self.rows = rows
        self.link = link
        query = f"{NARROWED} AND {here} IN (SELECT {there} FROM {_OTHERS})"
        super().__init__(rows.view, rows.of, query, link)


class Link:
    """A key, followed from one table to another.

    Attributes:
        view: The view that reads the first table.
        table: That table.
        columns: The key there, and in the other table.
        others: What a view of the other table reads.
    """

    __slots__ = ("columns", "others", "table", "view")

    view: NarrowedView
    table: Cell
    columns: tuple[str, str]
    others: NarrowedView

    def __init__(self, view: NarrowedView, table: Cell, other: Cell, columns: tuple[str, str]) -> None:
        self.view = view
        self.table = table
        self.columns = columns
        self.others = NarrowedView(other, view.selections, view.keys, key=view.key, link=self)


class PlacementCell(Cell):
    """Which selections stand on which cells above a view."""

    __slots__ = ("view",)

    view: NarrowedView

    def __init__(self, view: NarrowedView) -> None:
        super().__init__(view.root.namespace)
        self.view = view

    @property
    def label(self) -> str:
        """The label of what the view shows."""
        return self.view.root.label


class PlacedCell(PredicateCell):
    """The condition that selections are on one cell above a view, or whether any selection goes by way of a key."""

    __slots__ = ("link", "target", "view")

    target: Cell
    view: NarrowedView
    link: Link | None

    def __init__(self, view: NarrowedView, target: Cell, link: Link | None) -> None:
        super().__init__(view.placement, {}, target.namespace)
        self.view = view
        self.target = target
        self.link = link

    @property
    def label(self) -> str:
        """The label of the cell that it stands on."""
        return self.target.label


class NarrowedExplorer(ExploreCell):
    """An explorer over the rows that selections leave. What its reader has set is what is set in the one that it is of.

    Attributes:
        origin: The one that it is of.
    """

    __slots__ = ("origin",)

    origin: ExploreCell

    def __init__(self, origin: ExploreCell, rows: Cell) -> None:
        super().__init__(
            rows,
            origin.namespace,
            kind=origin.view.meaning,
            height=origin.height,
            name=None,
            columns=origin.columns,
            formats=origin.formats,
        )
        self.view = origin.view
        self.origin = origin

    @property
    def label(self) -> str:
        """The label of the one that it is of."""
        return self.origin.label

    @property
    def is_named(self) -> bool:
        """Whether the one that it is of has a name."""
        return self.origin.is_named
