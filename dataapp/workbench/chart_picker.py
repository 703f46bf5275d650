"""The quick chart of a query: what is drawn along which axis, and the Altair code that draws it."""

import html
from collections.abc import Callable, Sequence
from typing import Any

import panel as pn

from dataapp.engines.relation import Column
from dataapp.errors import ChartError
from dataapp.workbench.quick_chart import AGGREGATES, MARKS, ChartSpec, chart_to_code

_NONE = "–"
_CODE_STYLE = """
pre { margin: 0; padding: 8px 12px; border-radius: 6px; overflow-x: auto; font: 12px/1.5 ui-monospace, "SF Mono", Menlo,
  Consolas, "DejaVu Sans Mono", monospace; color: var(--panel-on-surface-color, #1f2328);
  background: color-mix(in srgb, var(--panel-on-surface-color, #1f2328) 5%, transparent); }
"""


class ChartPicker:
    """Choices of a chart.

    Args:
        chosen: Called with the chart that is chosen.
    """

    def __init__(self, chosen: Callable[[ChartSpec], None]) -> None:
        self._chosen = chosen
        self._is_offering = False
        self._mark = _select("Mark", list(MARKS), width=110)
        self._x = _select("x", [_NONE])
        self._y = _select("y", [_NONE])
        self._color = _select("Colour", [_NONE])
        self._aggregate = _select("Aggregate", [_NONE, *AGGREGATES], width=130)
        self._code = pn.pane.HTML("", margin=(4, 0), sizing_mode="stretch_width", stylesheets=[_CODE_STYLE])
        self._selects = (self._mark, self._x, self._y, self._color, self._aggregate)
        for select in self._selects:
            select.param.watch(self._changed, "value")
        choices = pn.FlexBox(*self._selects, gap="8px", sizing_mode="stretch_width")
        self.view: Any = pn.Column(choices, self._code, margin=0, sizing_mode="stretch_width")

    def offer(self, name: str, spec: ChartSpec, columns: Sequence[Column]) -> None:
        """Show a chart's choices among the columns of a query, and its code."""
        names = [_NONE, *(column.name for column in columns)]
        self._is_offering = True
        try:
            for select, value in ((self._x, spec.x), (self._y, spec.y), (self._color, spec.color)):
                options = names if value is None or value in names else [*names, value]
                select.param.update(options=options, value=value or _NONE)
            self._mark.value = spec.mark
            self._aggregate.value = spec.aggregate or _NONE
        finally:
            self._is_offering = False
        try:
            code = chart_to_code(spec, name, columns)
        except ChartError as error:
            self._code.object = f"<div role='note'>{html.escape(_sentence(error))}</div>"
        else:
            self._code.object = f"<pre aria-label='Code of the chart'>{html.escape(code)}</pre>"

    def _changed(self, _event: object) -> None:
        if self._is_offering:
            return
        mark, *others = (select.value for select in self._selects)
        x, y, color, aggregate = (None if value == _NONE else value for value in others)
        self._chosen(ChartSpec(mark, x, y, color, aggregate))


def _select(label: str, options: list[str], width: int = 160) -> Any:
    return pn.ui.Select(label=label, options=options, value=options[0], width=width, size="small", margin=(6, 0))


def _sentence(error: ChartError) -> str:
    return error.message if error.hint is None else f"{error.message} {error.hint[:1].upper()}{error.hint[1:]}."
