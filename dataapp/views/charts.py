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
from dataapp.errors import ChartError, WrongKindError, near
from dataapp.runtime.limits import start_timer
from dataapp.runtime.session import Session
from dataapp.runtime.tables import Table
from dataapp.views.chart.drags import drags_of
from dataapp.views.chart.pane import ChartView, explain_chart
from dataapp.views.chart.schema import CellData, find_cell_data
from dataapp.views.chart.schema import chart as chart_over
from dataapp.views.chart.selection import (
    Selection,
    chart_selections,
    encoded_field,
    grouping,
    repeating_unit,
    shows_rows,
)
from dataapp.views.chart.takes import saving

saving.install()
_numbers = itertools.count(1)
_selection_cells: weakref.WeakValueDictionary[str, SelectionCell] = weakref.WeakValueDictionary()

type _Axis = Literal["x", "y"]


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

    return chart_over(cell, lambda: columns_of(cell), lambda: to_arrow(cell.evaluate(), cell.label))


def columns_of(cell: Cell) -> tuple[Column, ...]:
    """Return the columns of a cell that is a table."""
    return tuple(Column(name, type_) for name, type_ in host.current().schema(cell).items())


def explain(chart: alt.TopLevelMixin, /) -> str:
    """Return a text for people: what runs in the engine for a chart over cells, what in Vega and why, and what travels.

    It asks the engine as showing the chart would, with the values that inputs have, and counts rows and bytes.

    Args:
        chart: Any Altair chart over cells: layered, concatenated, repeated or in facets, too.

    Raises:
        ChartError: The chart is not over a cell, or cannot be drawn.
        DataAppError: Whatever keeps a cell's query from being run.

    Example:
        >>> import dataapp as da
        >>> numbers = da.sql("SELECT range AS n FROM range(1000)", name="numbers")
        >>> bars = da.chart(numbers).mark_bar().encode(x="tens:O", y="count()")
        >>> print(da.explain(bars.transform_calculate(tens="datum.n % 10")).splitlines()[0])
        The chart has 1 dataset: 10 rows, 536 bytes travel.
    """
    found = find_cell_data(chart)
    cells = [data.source for data in found if isinstance(data.source, Cell)]
    if not cells:
        raise ChartError("The chart is not over a cell.", hint="start it with da.chart(cell)")
    with host.current().working(cells) as work:
        relations = dict(zip(found, work.relations, strict=True))
        text = explain_chart(chart, relations, work.cancel)
        lines = [f"    {line}" for line in dict.fromkeys(work.selections)]
        return "\n".join([text, "", "Selections, and what they are on", *lines]) if lines else text


def brush(
    chart: alt.TopLevelMixin,
    /,
    *,
    x: str | None = None,
    y: str | None = None,
    selection: str | alt.Parameter | None = None,
    name: str | None = None,
) -> PredicateCell:
    """Make a predicate of what is dragged over in a chart; nothing dragged means every row.

    Args:
        chart: A chart over a cell, which encodes the axes.
        x: The column of the reading relation that a drag along x restricts; by default the encoded field.
        y: The same for y. With `y` alone the drag runs along y, with both over a rectangle.
        selection: An interval parameter that the chart has, or its name; by default the chart gets one.
        name: What to call it; by default the variable that it is bound to.

    Returns:
        A cell that SQL reads as ``WHERE $name``.

    Raises:
        ChartError: The chart is not over a cell, does not encode the axis or encodes an aggregate, or has no such
            parameter.

    Example:
        >>> import dataapp as da
        >>> numbers = da.sql("SELECT range AS n FROM range(10)")
        >>> drag = da.brush(da.chart(numbers).mark_tick().encode(x="n:Q"))
        >>> da.sql("FROM numbers WHERE $drag", numbers=numbers, drag=drag).evaluate(drag={"n": (2.0, 4.0)}).height
        3
    """
    axes: dict[_Axis, str | None] = {"x": x, "y": y}
    used: list[_Axis] = [axis for axis in axes if axes[axis] is not None] or ["x"]
    if selection is None:
        parameter = f"brush_{next(_numbers)}"
    else:
        parameter, select = _parameter(chart, selection, "interval")
        encoded: list[_Axis] = [axis for axis in axes if encoded_field(chart, axis) is not None]
        runs: list[_Axis] = [axis for axis in axes if axis in select.get("encodings", encoded)]
        if unknown := [axis for axis in axes if axes[axis] is not None and axis not in runs]:
            raise ChartError(f"The parameter {parameter!r} does not run along {unknown[0]}.")
        used = runs
    fields = {axis: _dragged(chart, axis) for axis in used}
    columns = {fields[axis]: axes[axis] or fields[axis] for axis in used}
    chosen = Selection("interval", x="x" in used, y="y" in used, name=parameter)
    return _predicate(chart, chosen, columns, Namespace.of(sys._getframe(1), {}), name)


def pick(
    chart: alt.TopLevelMixin,
    field: str | None = None,
    /,
    *,
    column: str | None = None,
    selection: str | alt.Parameter | None = None,
    name: str | None = None,
) -> PredicateCell:
    """Make a predicate of the marks that are clicked in a chart; nothing clicked means every row.

    Args:
        chart: A chart over a cell.
        field: The field whose value a click takes; with `selection` it may be left out.
        column: The column of the reading relation; by default the field.
        selection: A point parameter that the chart has, or its name; by default the chart gets one.
        name: What to call it; by default the variable that it is bound to.

    Returns:
        A cell that SQL reads as ``WHERE $name``.

    Raises:
        ChartError: The chart is not over a cell, or has no such parameter, or that tells no values of the field.

    Example:
        >>> import dataapp as da
        >>> letters = da.sql("FROM (VALUES ('a', 1), ('b', 2)) t(letter, n)")
        >>> clicked = da.pick(da.chart(letters).mark_bar().encode(x="letter:N", y="n:Q"), "letter")
        >>> da.sql("FROM letters WHERE $it", letters=letters, it=clicked).evaluate(it={"letter": ["b"]})["n"].item()
        2
    """
    if selection is not None:
        parameter, select = _parameter(chart, selection, "point")
        fields = tuple(select.get("fields") or [_clicked(chart, channel) for channel in select.get("encodings", ())])
        if not fields or (field is not None and field not in fields):
            told = "no values" if field is None else f"nothing of {field}"
            raise ChartError(
                f"A click on the parameter {parameter!r} tells {told}.",
                hint="give it fields= or encodings=, as in alt.selection_point(fields=['symbol'])",
            )
    elif field is not None:
        parameter, fields = f"pick_{next(_numbers)}", (field,)
    else:
        raise ChartError("`da.pick` needs a field.", hint="da.pick(chart, 'symbol')")
    if column is not None and field is None and len(fields) > 1:
        raise ChartError(f"`column=` is for one field, and {parameter!r} has {len(fields)}.", hint="name the field")
    columns = {each: each for each in fields if field in (None, each)}
    if column is not None:
        columns = dict.fromkeys(columns, column)
    chosen = Selection("point", fields=fields, name=parameter)
    return _predicate(chart, chosen, columns, Namespace.of(sys._getframe(1), {}), name)


def _parameter(
    chart: alt.TopLevelMixin, selection: str | alt.Parameter, kind: Literal["interval", "point"]
) -> tuple[str, Mapping[str, Any]]:
    """Return the name of a chart's parameter and how it selects."""
    known = chart_selections(chart)
    name = selection if isinstance(selection, str) else str(selection.name)
    if name not in known:
        raise ChartError(
            f"The chart has no selection {name!r}.",
            hint=near(name, known) or "give it to the chart first: chart.add_params(...)",
        )
    if known[name].get("bind") == "scales":
        raise ChartError(f"The parameter {name!r} zooms and pans; it selects nothing.")
    select = known[name]["select"]
    definition: Mapping[str, Any] = {"type": select} if isinstance(select, str) else select
    if definition["type"] != kind:
        maker = "da.brush" if kind == "point" else "da.pick"
        raise ChartError(f"The parameter {name!r} is no {kind} parameter.", hint=f"use {maker}")
    return name, definition


def _encoded(chart: alt.TopLevelMixin, channel: str) -> str:
    field = encoded_field(chart, channel)
    if field is None:
        raise ChartError(
            f"The chart encodes no field on {channel}.", hint=f"encode {channel}= before selecting along it"
        )
    if not shows_rows(chart, channel):
        raise ChartError(
            f"The chart shows an aggregate of {field} on {channel}, which no row has.",
            hint="select along another channel, or aggregate in SQL and brush over that cell's column",
        )
    return field


def _dragged(chart: alt.TopLevelMixin, channel: str) -> str:
    """Return the column along a channel, which has to lie there as it is or by time units that follow each other."""
    field = _encoded(chart, channel)
    if unit := repeating_unit(chart, channel):
        raise ChartError(
            f"The chart shows {field} by {unit} on {channel}, and a drag over that means no one span of time.",
            hint="compute it in SQL, such as `month(ts) AS month`, and encode that column",
        )
    return field


def _clicked(chart: alt.TopLevelMixin, channel: str) -> str:
    """Return the column along a channel, which has to lie there as it is."""
    field = _encoded(chart, channel)
    if grouped := grouping(chart, channel):
        raise ChartError(
            f"The chart shows {field} by {grouped} on {channel}, and a click on that tells no value of a row.",
            hint="compute it in SQL and encode that column, or drag over the axis: da.brush",
        )
    return field


def _predicate(
    chart: alt.TopLevelMixin, selection: Selection, columns: Mapping[str, str], namespace: Namespace, name: str | None
) -> PredicateCell:
    found = find_cell_data(chart)
    if not found:
        raise ChartError("The chart is not over a cell.", hint="start it with da.chart(cell)")
    data = found[0]
    source = data.source if isinstance(data.source, Cell) else None
    kind = SelectionKind(selection.kind)
    cell = SelectionCell(kind, namespace, selects=data.key_of(selection), source=source, chart=chart)
    data.selections[:] = [known for known in data.selections if known.name != selection.name] + [selection]
    _selection_cells[cell.selects] = cell
    predicate = PredicateCell(cell, columns, namespace, name=name)
    cell.predicate = predicate
    return predicate


def declared_selections(chart: alt.TopLevelMixin) -> list[PredicateCell]:
    """Return the predicates that were made of selections in a chart, or else in charts of the same data."""
    cells = [
        cell
        for data in find_cell_data(chart)
        for selection in data.selections
        if (cell := _selection_cells.get(data.key_of(selection))) is not None and cell.predicate is not None
    ]
    own = [cell for cell in cells if cell.chart is chart] or cells
    return [cell.predicate for cell in own if cell.predicate is not None]


class ChartBody:
    """A chart in a card."""

    def __init__(
        self, session: Session, chart: alt.TopLevelMixin, take_error: Callable[[Exception | None], None]
    ) -> None:
        self._session = session
        self._data = find_cell_data(chart)
        self._take_error = take_error
        self._controls: dict[str, tuple[SelectionControl, SelectionKind, Callable[[Any], None]]] = {}
        self._brushes: list[SelectionCell] = []
        cell = next((data.source for data in self._data if isinstance(data.source, Cell)), None)
        submit = partial(session.submit, cell=cell, together=True)
        self.chart_view = ChartView(
            chart,
            submit,
            on_selection=self._selected,
            on_press=self._pressed,
            when_idle=session.when_idle,
            drags=drags_of(session),
            later=lambda seconds, call: start_timer(seconds, lambda: session.on_screen(call)),
        )
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
                    self._follow(data.key_of(selection), selection.name)
        relations: dict[CellData, Any] = {}
        for data in self._data:
            assert isinstance(data.source, Cell)
            table = values[data.source]
            assert isinstance(table, Table)
            relations[data] = table.relation(self._session.engine)
        self.chart_view.show(relations)

    @property
    def is_seen(self) -> bool:
        """Whether somebody sees the chart, or may see it."""
        return self.chart_view.sight.is_seen

    def on_sight(self, changed: Callable[[], None]) -> None:
        """Call back when that changes."""
        self.chart_view.sight.watch(changed)

    def keep(self, settle: Callable[[], None]) -> None:
        """Let a file hold what is drawn; see `views.still`."""
        self.view.keep()

    def close(self) -> None:
        """Stop all work."""
        self.chart_view.close()

    def _follow(self, key: str, name: str) -> None:
        cell = _selection_cells.get(key)
        if cell is None or name in self._controls:
            return
        control = self._session.control(cell)
        assert isinstance(control, SelectionControl)

        def show(selected: Any) -> None:
            ranges = None if selected is None else {field: list(values) for field, values in selected.items()}
            self.chart_view.select(name, ranges)

        kind = selection_kind(cell)
        self._controls[name] = (control, kind, show)
        if kind.kind == "interval":
            self._brushes.append(cell)
        self.chart_view.label(name, cell.label)
        if cell.predicate is not None:
            self.chart_view.moves(name, cell.predicate)
        control.mirror(show)

    def _selected(self, name: str, selected: Mapping[str, list[object]] | None) -> None:
        if name in self._controls:
            control, kind, show = self._controls[name]
            control.put(kind.typed(selected), by=show)

    def _pressed(self) -> None:
        self._session.expect(self._brushes)

    def _status_changed(self, *events: Any) -> None:
        view = self.chart_view
        if view.status == "failed" and view.error is not None:
            self._take_error(view.error)
        elif view.status == "fresh":
            self._take_error(None)
