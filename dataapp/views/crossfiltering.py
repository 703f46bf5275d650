"""`da.crossfilter`: views that are each filtered by what is selected in all others."""

import sys
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import panel as pn

from dataapp.cells import host
from dataapp.cells.adapters import as_cell
from dataapp.cells.cell import Cell
from dataapp.cells.crossfilter import CrossfilterCell, Member, NarrowedExplorer, NarrowedView
from dataapp.cells.explore import ExploreCell, FilterCell
from dataapp.cells.namespace import Namespace
from dataapp.cells.predicate import PredicateCell
from dataapp.cells.python import PythonCell
from dataapp.cells.relation import is_relation
from dataapp.cells.selection import SelectionCell
from dataapp.errors import CrossfilterError
from dataapp.runtime.session import Session
from dataapp.views.bodies import is_chart
from dataapp.views.crossfilter.history import History
from dataapp.views.crossfilter.serving import Serving

if TYPE_CHECKING:
    from dataapp.views.crossfilter.bar import SelectionBar

type _View = object


class Crossfilter(Sequence[Any]):
    """Views that filter each other, in the order in which they were given: unpack them, or place it as it is.

    In a layout it is a column of `bar` and the views.

    Attributes:
        bar: What is selected, as chips that can be removed, with the buttons *Undo* and *Reset*. Place it anywhere.
        selections: What the views are filtered by.
    """

    bar: CrossfilterCell
    selections: tuple[PredicateCell, ...]

    def __init__(self, bar: CrossfilterCell, views: Sequence[Any]) -> None:
        self.bar = bar
        self.selections = bar.selections
        self._views = tuple(views)

    def undo(self) -> None:
        """Select what was selected before the last change; a drag is one change."""
        history_of(self.bar, cast("Session", host.current().session())).undo()

    def reset(self) -> None:
        """Select what was selected when the page was opened: in charts nothing."""
        history_of(self.bar, cast("Session", host.current().session())).reset()

    def __getitem__(self, index: Any) -> Any:
        return self._views[index]

    def __len__(self) -> int:
        return len(self._views)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._views)

    def __panel__(self) -> Any:
        return pn.Column(self.bar, *self._views, sizing_mode="stretch_width")

    def __repr__(self) -> str:
        return f"<Crossfilter {self.bar.label} of {len(self)} views>"


def crossfilter(
    *views: object,
    keys: Mapping[tuple[object, object], str | tuple[str, str]] | None = None,
    name: str | None = None,
) -> Crossfilter:
    """Let views filter each other: each shows the rows that the selections in all others leave, never its own.

    A selection is a condition on a column. It stands on the deepest cell that has the column, below grouping and
    windows, as if that cell had only the rows that pass; the page on crossfilters says exactly where, and so does
    `cell.explain()` of a view. What is given stays as it is: the views to be shown are those that come back.

    Args:
        *views: Predicates of `brush` and `pick`, which stand for their charts; charts, with all selections that they
            have; explorers, which filter by their filters and their search; predicates of `match`, which stand for
            their input; and cells that are tables, which are only filtered.
        keys: By two tables, as a pair, the column whose values are the same in both, or a pair of columns. A selection
            on one of them filters views of the other by these values.
        name: What to call it; by default the variable that it is bound to.

    Returns:
        The views, in their order.

    Raises:
        CrossfilterError: Something is no view.

    Example:
        >>> import dataapp as da
        >>> flights = da.sql("FROM (VALUES ('UA', 5), ('UA', 90), ('HA', 7)) t(carrier, delay)")
        >>> delays = da.brush(da.chart(flights).mark_tick().encode(x="delay:Q"))
        >>> by_carrier = da.sql("SELECT carrier, count(*) AS n FROM flights GROUP BY ALL ORDER BY ALL", flights=flights)
        >>> chart, counts = da.crossfilter(delays, by_carrier)
        >>> counts.evaluate({delays: {"delay": (0.0, 10.0)}}).rows()
        [('HA', 1), ('UA', 1)]
    """
    namespace = Namespace.of(sys._getframe(1), {})
    members = _members(views, namespace)
    selections = tuple(dict.fromkeys(each for member in members for each in member.selections))
    _name_all(selections)
    bar = CrossfilterCell(selections, namespace, name=name)
    known = _read_keys(keys or {}, namespace)

    def rows(member: "_Member", cell: Cell) -> Cell:
        if cell not in member.narrowed:
            others = [each for each in selections if each not in member.selections]
            member.narrowed[cell] = NarrowedView(cell, others, known, bar, member.key)
        return member.narrowed[cell].rows(cell)

    for number, member in enumerate(members):
        member.key = (namespace.file or namespace.module, namespace.line, number)
    shown = [member.shown(rows) for member in members]
    bar.members = tuple(
        Member(_label(member, namespace), member.key, tuple(member.narrowed)) for member in members if member.narrowed
    )
    return Crossfilter(bar, shown)


def history_of(cell: CrossfilterCell, session: Session) -> History:
    """Return what is and was selected in a session, from the first view that it shows on."""
    return _seen(cell, session).history


def serving_of(cell: CrossfilterCell, session: Session) -> Serving:
    """Return what cubes do for the views of a crossfilter, as a session sees it."""
    return _seen(cell, session).serving


def bar_of(cell: CrossfilterCell, session: Session) -> "SelectionBar":
    """Return the line of a crossfilter in a session."""
    from dataapp.views.crossfilter.bar import SelectionBar

    return SelectionBar(history_of(cell, session), serving_of(cell, session))


@dataclass(frozen=True, slots=True)
class _Seen:
    """What a session knows of a crossfilter, from the first view that it shows on."""

    history: History
    serving: Serving


def _seen(cell: CrossfilterCell, session: Session) -> _Seen:
    return session.kept(cell, lambda: _Seen(History(session, cell.selections), Serving(session, cell.members)))


class _Member:
    """One view as it was given."""

    def __init__(self, thing: object, selections: Sequence[PredicateCell]) -> None:
        self.thing = thing
        self.selections = list(selections)
        self.narrowed: dict[Cell, NarrowedView] = {}
        self.key: Hashable = None

    def shown(self, rows: Any) -> object:
        """Return what is shown in its place."""
        thing = self.thing
        if is_chart(thing):
            from dataapp.views.crossfilter.charts import chart_over

            return chart_over(cast("Any", thing), lambda cell: rows(self, cell), self.selections)
        if isinstance(thing, ExploreCell):
            return NarrowedExplorer(thing, rows(self, thing.of))
        return rows(self, thing) if isinstance(thing, Cell) and not self.selections else thing


def _members(views: Sequence[object], namespace: Namespace) -> list[_Member]:
    found: list[_Member] = []
    for view in views:
        member = _member(view, namespace)
        known = next((each for each in found if each.thing is member.thing), None)
        if known is None:
            found.append(member)
        else:  # several selections of one chart are one view
            known.selections = list(dict.fromkeys([*known.selections, *member.selections]))
    return found


def _member(view: object, namespace: Namespace) -> _Member:
    if isinstance(view, FilterCell):
        view = view.explorer
    if isinstance(view, ExploreCell):
        return _Member(view, [view.filtered.filters])
    if isinstance(view, PredicateCell):
        if isinstance(view.of, SelectionCell):
            return _Member(view.of.chart, [view])
        return _Member(view.of, [view])
    if is_chart(view):
        from dataapp.views.crossfilter.charts import selections_of

        return _Member(view, selections_of(cast("Any", view)))
    cell = as_cell(view, namespace.name_of(view) or "view", namespace)
    if cell is None or not (is_relation(cell) or isinstance(cell, PythonCell)):
        raise CrossfilterError(
            f"`da.crossfilter` is given a {type(view).__name__}, which is no view.",
            hint="give charts, explorers, tables, and inputs by what they filter: da.match('carrier', carriers)",
        )
    return _Member(cell, [])


def _label(member: _Member, namespace: Namespace) -> str:
    """Return what people call a view: a chart by its title, else by its name, else by what it shows."""
    thing, cells = member.thing, [*member.narrowed]
    if isinstance(thing, Cell) and thing.is_named:
        return thing.label
    title = getattr(thing, "title", None)
    said = title if isinstance(title, str) else namespace.name_of(thing)
    return said or ", ".join(dict.fromkeys(cell.label for cell in cells))


def _name_all(selections: Sequence[PredicateCell]) -> None:
    """Name selections that were declared in the call after their columns, so that they have a place in links."""
    taken = {each.label for each in selections if each.is_named}
    for each in selections:
        if isinstance(each, FilterCell) or each.is_named:
            continue
        stem = "_".join(each.columns.values())
        each.call(next(name for name in _numbered(stem) if name not in taken))
        taken.add(each.label)


def _numbered(stem: str) -> Iterator[str]:
    yield stem
    number = 2
    while True:
        yield f"{stem}_{number}"
        number += 1


def _read_keys(
    keys: Mapping[tuple[object, object], str | tuple[str, str]], namespace: Namespace
) -> dict[tuple[Cell, Cell], tuple[str, str]]:
    found: dict[tuple[Cell, Cell], tuple[str, str]] = {}
    for pair, columns in keys.items():
        tables = [as_cell(table, "table", namespace) for table in pair] if isinstance(pair, tuple) else []  # pyright: ignore[reportUnnecessaryIsInstance]
        if len(tables) != 2 or None in tables:
            raise CrossfilterError(
                "`keys` of a crossfilter names two tables each.", hint='write keys={(orders, customers): "customer_id"}'
            )
        one, other = cast("list[Cell]", tables)
        here, there = (columns, columns) if isinstance(columns, str) else columns
        found[one, other] = here, there
        found[other, one] = there, here
    return found
