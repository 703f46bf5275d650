"""Charts over cells, and the predicates that come from selecting in them."""

import itertools
import sys
import weakref
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Literal

import altair as alt

from dataapp.cells import host
from dataapp.cells.adapters import as_cell
from dataapp.cells.cell import Cell
from dataapp.cells.namespace import Namespace
from dataapp.cells.predicate import PredicateCell
from dataapp.cells.selection import SelectionCell, SelectionControl, SelectionKind, selection_kind
from dataapp.connect.frames import to_arrow
from dataapp.engines.relation import Column
from dataapp.errors import ChartError, WrongKindError
from dataapp.runtime.session import Session
from dataapp.runtime.tables import Table
from dataapp.views.chart.pane import ChartView
from dataapp.views.chart.schema import CellData, find_cell_data
from dataapp.views.chart.schema import chart as chart_over
from dataapp.views.chart.selection import Selection, encoded_field

_numbers = itertools.count(1)
_selection_cells: weakref.WeakValueDictionary[str, SelectionCell] = weakref.WeakValueDictionary()


def chart(table: object, /) -> alt.Chart:
    """Start an Altair chart over a cell: the whole Altair API follows. Building it asks nothing of the engine.

    On screen, aggregates run in the engine, only the columns and rows that the marks need travel, and new data
    replaces the old in place.

    Args:
        table: A cell that is a table, or a frame.

    Returns:
        An `altair.Chart`.

    Example:
        >>> import dataapp as da
        >>> numbers = da.sql("SELECT range AS n, n * n AS square FROM range(10)")
        >>> da.chart(numbers).mark_line().encode(x="n:Q", y="square:Q").to_dict()["mark"]
        {'type': 'line'}
    """
    cell = as_cell(table, "chart", Namespace.of(sys._getframe(1), {}))
    if cell is None:
        raise WrongKindError(f"`da.chart` takes a table, but got a {type(table).__name__}.")

    def columns() -> tuple[Column, ...]:
        return tuple(Column(name, type_) for name, type_ in host.current().schema(cell).items())

    return chart_over(cell, columns, lambda: to_arrow(cell.evaluate(), cell.label))


def brush(
    chart: alt.TopLevelMixin, /, *, x: str | None = None, y: str | None = None, name: str | None = None
) -> PredicateCell:
    """Make a predicate of what is dragged over in a chart; nothing dragged means every row.

    Args:
        chart: A chart over a cell, which encodes the axes.
        x: The column of the reading relation that a drag along x restricts; by default the encoded field.
        y: The same for y. With `y` alone the drag runs along y, with both over a rectangle.
        name: What to call it; by default the variable that it is bound to.

    Returns:
        A cell that SQL reads as ``WHERE $name``.

    Raises:
        ChartError: The chart is not over a cell, or does not encode the axis.

    Example:
        >>> import dataapp as da
        >>> numbers = da.sql("SELECT range AS n FROM range(10)")
        >>> drag = da.brush(da.chart(numbers).mark_tick().encode(x="n:Q"))
        >>> da.sql("FROM numbers WHERE $drag", numbers=numbers, drag=drag).evaluate(drag={"n": (2.0, 4.0)}).height
        3
    """
    axes: dict[Literal["x", "y"], str | None] = {"x": x, "y": y}
    used: list[Literal["x", "y"]] = [axis for axis in axes if axes[axis] is not None] or ["x"]
    fields = {axis: _encoded(chart, axis) for axis in used}
    selection = Selection("interval", x="x" in used, y="y" in used, name=f"brush_{next(_numbers)}")
    columns = {fields[axis]: axes[axis] or fields[axis] for axis in used}
    return _predicate(chart, selection, columns, Namespace.of(sys._getframe(1), {}), name)


def pick(
    chart: alt.TopLevelMixin, field: str, /, *, column: str | None = None, name: str | None = None
) -> PredicateCell:
    """Make a predicate of the marks that are clicked in a chart; nothing clicked means every row.

    Args:
        chart: A chart over a cell.
        field: The field whose value a click takes.
        column: The column of the reading relation; by default the field.
        name: What to call it; by default the variable that it is bound to.

    Returns:
        A cell that SQL reads as ``WHERE $name``.

    Example:
        >>> import dataapp as da
        >>> letters = da.sql("FROM (VALUES ('a', 1), ('b', 2)) t(letter, n)")
        >>> clicked = da.pick(da.chart(letters).mark_bar().encode(x="letter:N", y="n:Q"), "letter")
        >>> da.sql("FROM letters WHERE $it", letters=letters, it=clicked).evaluate(it={"letter": ["b"]})["n"].item()
        2
    """
    selection = Selection("point", fields=(field,), name=f"pick_{next(_numbers)}")
    return _predicate(chart, selection, {field: column or field}, Namespace.of(sys._getframe(1), {}), name)


def _encoded(chart: alt.TopLevelMixin, axis: Literal["x", "y"]) -> str:
    field = encoded_field(chart, axis)
    if field is None:
        raise ChartError(f"The chart encodes no field on {axis}.", hint=f"encode {axis}= before brushing along it")
    return field


def _predicate(
    chart: alt.TopLevelMixin, selection: Selection, columns: Mapping[str, str], namespace: Namespace, name: str | None
) -> PredicateCell:
    found = find_cell_data(chart)
    if not found:
        raise ChartError("The chart is not over a cell.", hint="start it with da.chart(cell)")
    cell = SelectionCell(SelectionKind(selection.kind), namespace, selects=selection.name)
    found[0].selections.append(selection)
    _selection_cells[selection.name] = cell
    predicate = PredicateCell(cell, columns, namespace, name=name)
    cell.predicate = predicate
    return predicate


class ChartBody:
    """A chart in a card."""

    def __init__(
        self, session: Session, chart: alt.TopLevelMixin, take_error: Callable[[Exception | None], None]
    ) -> None:
        self._session = session
        self._data = find_cell_data(chart)
        self._take_error = take_error
        self._controls: dict[str, tuple[SelectionControl, Callable[[Any], None]]] = {}
        cell = next((data.source for data in self._data if isinstance(data.source, Cell)), None)
        self.chart_view = ChartView(chart, partial(session.submit, cell=cell), on_selection=self._selected)
        self.chart_view.param.watch(self._status_changed, ["status", "error"])

    @property
    def view(self) -> Any:
        """The chart."""
        return self.chart_view.__panel__()

    def show(self, values: Mapping[Cell, object]) -> None:
        """Show other rows."""
        if not self._controls:  # not before: layouts make cards that they throw away
            for data in self._data:
                for selection in data.selections:
                    self._follow(selection.name)
        relations: dict[CellData, Any] = {}
        for data in self._data:
            assert isinstance(data.source, Cell)
            table = values[data.source]
            assert isinstance(table, Table)
            relations[data] = table.relation(self._session.engine)
        self.chart_view.show(relations)

    def keep(self, settle: Callable[[], None]) -> None:
        """Let a file hold what is drawn; see `views.still`."""
        self.view.keep()

    def close(self) -> None:
        """Stop all work."""
        self.chart_view.close()

    def _follow(self, name: str) -> None:
        cell = _selection_cells.get(name)
        if cell is None:
            return
        control = self._session.control(cell)
        assert isinstance(control, SelectionControl)

        def show(selected: Any) -> None:
            ranges = None if selected is None else {field: list(values) for field, values in selected.items()}
            self.chart_view.select(name, ranges)

        self._controls[name] = (control, show)
        control.mirror(show)

    def _selected(self, name: str, selected: Mapping[str, list[object]] | None) -> None:
        if name in self._controls and (cell := _selection_cells.get(name)) is not None:
            control, show = self._controls[name]
            control.put(selection_kind(cell).typed(selected), by=show)

    def _status_changed(self, *events: Any) -> None:
        view = self.chart_view
        if view.status == "failed" and view.error is not None:
            self._take_error(view.error)
        elif view.status == "fresh":
            self._take_error(None)
