"""What a cell looks like in a layout.

What shows charts is imported with the first of them: Altair takes 0.2 s, half of what importing this package would
take with it, and most apps that need it have imported it themselves.
"""

import html
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from dataapp.cells.cell import Cell
from dataapp.cells.crossfilter import CrossfilterCell, NarrowedRows
from dataapp.cells.explore import ExploreCell, ValueAtCell
from dataapp.cells.input import ConstantCell, InputCell
from dataapp.cells.predicate import Condition, PredicateCell
from dataapp.cells.python import PythonCell
from dataapp.cells.relation import is_query
from dataapp.errors import ChartError
from dataapp.runtime.session import Form, Session
from dataapp.views.bodies import TableBody, TakeError, ValueBody
from dataapp.views.card import Card
from dataapp.views.crossfiltering import bar_of, history_of, serving_of
from dataapp.views.texts import text_pane, view_of_value

if TYPE_CHECKING:
    import altair as alt


def view_of(cell: Cell, session: Session) -> Any:
    """Return a Panel object that shows a cell in a session."""
    again = partial(view_of, cell)
    match cell:
        case CrossfilterCell():
            return bar_of(cell, session)
        case InputCell():
            return _input_view(cell, session)
        case ConstantCell():
            return view_of_value(cell.value)
        case PredicateCell():
            return Card(session, cell, {cell: "value"}, lambda take_error: ConditionBody(cell), again=again)
        case PythonCell() if not is_query(cell):
            node = cast("PythonCell[..., Any]", cell)
            return Card(
                session, node, {node: "value"}, lambda take_error: _value_body(session, node, take_error), again=again
            )
        case ValueAtCell():
            return Card(
                session, cell, {cell: "value"}, lambda take_error: _value_body(session, cell, take_error), again=again
            )
        case ExploreCell():
            of, shown = cell.of, {"height": cell.height, "explorer": cell}
            return Card(
                session,
                of,
                {of: "table"},
                lambda take_error: TableBody(session, of, take_error, **shown),
                _follow_crossfilters([of], session),
                again,
            )
        case _:
            return Card(
                session,
                cell,
                {cell: "table"},
                lambda take_error: TableBody(session, cell, take_error),
                _follow_crossfilters([cell], session),
                again,
            )


def view_of_chart(chart: "alt.TopLevelMixin", session: Session) -> Card:
    """Return a Panel object that shows a chart over cells in a session."""
    from dataapp.views.chart.schema import find_cell_data
    from dataapp.views.charts import ChartBody

    data = find_cell_data(chart)
    wants: Mapping[Cell, Form] = {item.source: "table" for item in data if isinstance(item.source, Cell)}
    if not wants:
        raise ChartError("The chart is not over a cell.", hint="start it with da.chart(cell)")
    return Card(
        session,
        next(iter(wants)),
        wants,
        lambda take_error: ChartBody(session, chart, take_error),
        _follow_crossfilters(wants, session),
        partial(view_of_chart, chart),
    )


def _follow_crossfilters(cells: Iterable[Cell], session: Session) -> Callable[[], None]:
    """Begin to remember what is selected with the first view of a crossfilter that a session has.

    Returns:
        What is to be called whenever something may have become of the cells.
    """
    found = {cell.view.crossfilter: None for cell in cells if isinstance(cell, NarrowedRows)}
    crossfilters = [crossfilter for crossfilter in found if crossfilter is not None]
    for crossfilter in crossfilters:
        history_of(crossfilter, session)

    def looked() -> None:
        for crossfilter in crossfilters:
            serving_of(crossfilter, session).moved()

    return looked


def _value_body(session: Session, cell: Cell, take_error: TakeError) -> ValueBody:
    def chart_view(chart: "alt.TopLevelMixin") -> Any:
        from dataapp.views.plain_charts import PlainChart

        return PlainChart(session, cell, chart, take_error)

    return ValueBody(session, cell, take_error, chart_view)


def _input_view(cell: InputCell, session: Session) -> Any:
    control = session.control(cell)
    if cell.feeds:
        session.demand(cell, "setting")  # its options are looked up while the session lives, shown or not
    widget = getattr(control, "widget", None)
    return view_of_value(control.read()) if widget is None else widget


class ConditionBody:
    """What a predicate says now, for people."""

    def __init__(self, cell: PredicateCell) -> None:
        self._cell = cell
        self._text = text_pane("")

    @property
    def view(self) -> Any:
        """A line of text."""
        return self._text

    def show(self, values: Mapping[Cell, object]) -> None:
        """Say another condition."""
        condition = cast("Condition", values[self._cell])
        parts = [piece if isinstance(piece, str) else str(condition.values[piece].value) for piece in condition.pieces]
        text = "".join(parts)
        self._text.object = f"<div class='value'>{html.escape('every row' if text == 'TRUE' else text)}</div>"

    def close(self) -> None:
        """Nothing runs here."""
