"""What must happen before cells can be shown or evaluated. Importing any public name of the package imports this."""

import sys
from collections.abc import Mapping
from typing import Any

import altair as alt
import panel as pn
from panel.pane.base import Pane

from dataapp.app import references
from dataapp.app.sessions import current_session, engine, initial_value
from dataapp.cells import host
from dataapp.cells.cell import Cell
from dataapp.cells.explore import ExploreCell
from dataapp.errors import DataAppError
from dataapp.inputs import adapters
from dataapp.runtime import headless
from dataapp.views.card import Card
from dataapp.views.cells import view_of, view_of_chart
from dataapp.views.chart.schema import find_cell_data


class PanelHost:
    """Answers for cells with the process's engine and Panel's sessions."""

    def evaluate(self, cell: Cell, values: Mapping[Cell, object], names: Mapping[str, object]) -> object:
        """See `Cell.evaluate`."""
        return headless.evaluate(engine(), _seen(cell), values, names, initial_value)

    def schema(self, cell: Cell) -> Mapping[str, str]:
        """See `Cell.schema`."""
        return headless.schema(engine(), _seen(cell), initial_value)

    def compile(self, cell: Cell, dialect: str) -> host.Compiled:
        """See `Cell.compile`."""
        return headless.compile_query(engine(), _seen(cell), dialect, initial_value)

    def explain(self, cell: Cell) -> str:
        """See `Cell.explain`."""
        return headless.explain(engine(), _seen(cell), initial_value)

    def panel(self, cell: Cell) -> Any:
        """Return the cell's view in the current session."""
        return view_of(cell, current_session())


def _seen(cell: Cell) -> Cell:
    return cell.of if isinstance(cell, ExploreCell) else cell


class CellChart(Pane):
    """Shows an Altair chart over cells; Panel picks it before its own Vega pane."""

    priority = 0.95

    def __init__(self, object: Any = None, **params: Any) -> None:  # noqa: A002  # the name that Panel's panes use
        super().__init__(object, **params)
        self._card: Card = view_of_chart(object, current_session())
        self._card.param.update(sizing_mode=self.sizing_mode or "stretch_width")

    @classmethod
    def applies(cls, object: Any) -> bool:  # noqa: A002  # Panel's name
        """Whether an object is such a chart."""
        return isinstance(object, alt.TopLevelMixin) and bool(find_cell_data(object))

    def _get_model(self, doc: Any, root: Any = None, parent: Any = None, comm: Any = None) -> Any:
        model = self._card._get_model(doc, root, parent, comm)
        self._models[(root or model).ref["id"]] = (model, parent)
        return model

    def _cleanup(self, root: Any = None) -> None:
        self._card._cleanup(root)
        super()._cleanup(root)


def _install() -> None:
    host.install(PanelHost())
    adapters.install()
    references.install()
    if "IPython" in sys.modules and sys.modules["IPython"].get_ipython() is not None:
        pn.extension()


_install()
__all__ = ["CellChart", "DataAppError", "PanelHost"]
