"""Charts in a crossfilter: which selections a chart has, and the same chart over other rows."""

from collections.abc import Callable, Mapping
from typing import Any, cast

import altair as alt

from dataapp.cells.cell import Cell
from dataapp.cells.predicate import PredicateCell
from dataapp.connect.frames import to_arrow
from dataapp.views.chart.schema import CellData, find_cell_data
from dataapp.views.chart.selection import chart_selections
from dataapp.views.charts import brush, columns_of, declared_selections, pick


def selections_of(chart: alt.TopLevelMixin) -> list[PredicateCell]:
    """Return the selections of a chart: those that were declared, else those that its own parameters are."""
    declared = declared_selections(chart)
    if declared:
        return declared
    found: list[PredicateCell] = []
    for name, parameter in chart_selections(chart).items():
        select = parameter["select"]
        kind = select if isinstance(select, str) else select["type"]
        is_told = not isinstance(select, str) and bool(select.get("fields") or select.get("encodings"))
        if parameter.get("bind") == "scales" or (kind == "point" and not is_told):
            continue
        make = brush if kind == "interval" else pick
        found.append(make(chart, selection=name, name=name))
    return found


def chart_over(chart: alt.TopLevelMixin, rows: Callable[[Cell], Cell], selections: list[PredicateCell]) -> Any:
    """Return a chart over other rows, with the selections that it has; what is selected there is selected here.

    Args:
        chart: The chart.
        rows: Returns the cell to read for a cell.
        selections: Those of the chart.
    """
    changed: dict[CellData, CellData] = {}
    for data in find_cell_data(chart):
        if isinstance(data.source, Cell):
            changed[data] = _data_over(data, rows(data.source), [cast("Any", each.of).selects for each in selections])
    return _with_data(chart, changed)


def _data_over(data: CellData, cell: Cell, keys: list[str]) -> CellData:
    return data.over(cell, lambda: columns_of(cell), lambda: to_arrow(cell.evaluate(), cell.label), keys)


def _with_data(node: object, changed: Mapping[CellData, CellData]) -> object:
    if isinstance(node, CellData):
        return changed.get(node, node)
    if isinstance(node, alt.SchemaBase):
        copied: Any = node.copy(deep=False)
        # To Altair, setting an attribute is setting a property of the specification.
        copied._kwds.update({name: _with_data(value, changed) for name, value in node._kwds.items()})
        object.__setattr__(copied, "_args", tuple(_with_data(value, changed) for value in node._args))
        return copied
    if isinstance(node, Mapping):
        return {name: _with_data(value, changed) for name, value in cast("Mapping[object, object]", node).items()}
    if isinstance(node, list):
        return [_with_data(value, changed) for value in cast("list[object]", node)]
    return node
