"""How a notebook shows cells: live, and always as what their name stands for now.

A notebook displays what the last line names. Running that notebook cell's definition again makes another cell of the
same name, and what was displayed of it then shows the other one.
"""

import sys
from typing import Any, ClassVar
from weakref import WeakSet

import panel as pn
from panel.viewable import Viewable

from dataapp.app.bootstrap import CellChart, PanelHost
from dataapp.app.sessions import current_session
from dataapp.cells.cell import Cell
from dataapp.views.cells import view_of
from dataapp.views.displayed import Displayed


def is_shown(thing: object) -> bool:
    """Whether a notebook shows a thing through this package: a cell, or a chart over cells."""
    return isinstance(thing, Cell) or CellChart.applies(thing)


class Follower(Displayed, pn.Column):
    """Shows a cell or a chart over cells; `follow` puts another one in its place.

    Attributes:
        thing: What is shown.
    """

    alive: ClassVar["WeakSet[Follower]"] = WeakSet()

    def __init__(self, thing: Any, **params: Any) -> None:
        view = _view(thing)
        super().__init__(view, **({"margin": 0, "sizing_mode": view.sizing_mode} | params))
        self.thing = thing
        self.alive.add(self)

    def _get_model(self, doc: Any, root: Any = None, parent: Any = None, comm: Any = None) -> Any:
        model = super()._get_model(doc, root, parent, comm)
        self._note_display((root or model).ref["id"])
        return model

    def follow(self, thing: Any) -> None:
        """Show something else from now on."""
        self.thing = thing
        view = _view(thing)
        self.param.update(objects=[view], sizing_mode=view.sizing_mode)


class NotebookHost(PanelHost):
    """Shows cells so that they can be replaced."""

    def panel(self, cell: Cell) -> Any:
        """Return the cell's view, which follows the cell's name."""
        return Follower(cell)


def show(thing: Any, include: Any = None, exclude: Any = None) -> Any:
    """Return what Jupyter displays of a cell or a chart."""
    if not is_shown(thing):  # another chart of Altair's
        return thing._repr_mimebundle_(include, exclude)
    return Follower(thing)._repr_mimebundle_(include, exclude)


def install(formatter: Any) -> None:
    """Let IPython show cells and charts over cells.

    Args:
        formatter: IPython's formatter of MIME bundles.
    """
    formatter.for_type(Cell, show)
    if "altair" in sys.modules:
        formatter.for_type(sys.modules["altair"].TopLevelMixin, show)
    else:
        formatter.for_type_by_name("altair.vegalite.v6.api", "TopLevelMixin", show)


def _view(thing: Any) -> Viewable:
    return view_of(thing, current_session()) if isinstance(thing, Cell) else CellChart(thing)
