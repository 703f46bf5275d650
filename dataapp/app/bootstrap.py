"""What must happen before cells can be shown or evaluated. Importing any public name of the package imports this."""

import sys
import weakref
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, ClassVar

from panel.pane.base import Pane

from dataapp.app import references
from dataapp.app.frames import FramePane
from dataapp.app.sessions import current_session, engine, initial_value, open_session, refuse_while_importing
from dataapp.cells import host
from dataapp.cells.cell import Cell
from dataapp.cells.explore import ExploreCell
from dataapp.errors import DataAppError
from dataapp.inputs import adapters, user
from dataapp.runtime import expressions, headless
from dataapp.views.displayed import Displayed

if TYPE_CHECKING:
    from dataapp.views.card import Card


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

    def explain(self, cell: Cell, *, analyze: bool) -> str:
        """See `Cell.explain`."""
        return headless.explain(engine(), _seen(cell), initial_value, analyze=analyze, of=open_session())

    def working(self, cells: Sequence[Cell]) -> AbstractContextManager[host.Work]:
        """Let the calling thread work with the rows of cells."""
        return headless.working(engine(), [_seen(cell) for cell in cells], initial_value, of=open_session())

    def ibis(self, cell: Cell) -> Any:
        """See `Cell.ibis`."""
        return headless.ibis_table(engine(), _seen(cell), initial_value)

    def panel(self, cell: Cell) -> Any:
        """Return the cell's view in the current session."""
        from dataapp.views.cells import view_of  # here: views take 0.1 s, and who only evaluates needs none

        _refuse_sharing(cell)
        return view_of(cell, current_session())

    def session(self) -> Any:
        """Return the session that the calling code belongs to."""
        return current_session()


def _refuse_sharing(cell: Cell) -> None:
    refuse_while_importing(cell, "shown", "show it in a function that each session calls, or on a page made by da.App")


def _seen(cell: Cell) -> Cell:
    return cell.of if isinstance(cell, ExploreCell) else cell


def _cell_data(chart: Any) -> Any:
    from dataapp.views.chart.schema import find_cell_data  # here: it imports Altair, which takes 0.2 s

    return find_cell_data(chart)


class CellChart(Displayed, Pane):
    """Shows an Altair chart over cells; Panel picks it before its own Vega pane."""

    priority = 0.95
    alive: ClassVar["weakref.WeakSet[CellChart]"] = weakref.WeakSet()  # in any session, also what is not rendered yet

    def __init__(self, object: Any = None, **params: Any) -> None:  # noqa: A002  # the name that Panel's panes use
        from dataapp.views.cells import view_of_chart  # here: as above

        if not isinstance(params.get("name", ""), str):  # Panel's Material tabs take Altair's `Undefined` for one
            del params["name"]
        super().__init__(object, **params)
        for data in _cell_data(object):
            if isinstance(data.source, Cell):
                _refuse_sharing(data.source)
        self.session = current_session()
        self._card: Card = view_of_chart(object, self.session)
        self.alive.add(self)
        self._card.param.update(sizing_mode=self.sizing_mode or "stretch_width")

    @classmethod
    def applies(cls, object: Any) -> bool:  # noqa: A002  # Panel's name
        """Whether an object is such a chart."""
        altair: Any = sys.modules.get("altair")  # where Altair was never imported, nothing is a chart
        return altair is not None and isinstance(object, altair.TopLevelMixin) and bool(_cell_data(object))

    def _get_model(self, doc: Any, root: Any = None, parent: Any = None, comm: Any = None) -> Any:
        model = self._card._get_model(doc, root, parent, comm)
        ref = (root or model).ref["id"]
        self._models[ref] = (model, parent)
        self._note_display(ref)
        return model

    def _cleanup(self, root: Any = None) -> None:
        self._card._cleanup(root)
        super()._cleanup(root)


def _install() -> None:
    host.install(PanelHost())
    adapters.install()
    user.install()
    expressions.install()
    references.install()


_install()
__all__ = ["CellChart", "DataAppError", "FramePane", "PanelHost"]
