"""Cells as references: `pn.bind(f, bars)`, `pn.rx(bars)`, parameters with `allow_refs`.

A reference is bound while a session is current, and stays with that session. Until there is a value, the bound
function is not called.
"""

import sys
from collections.abc import Callable
from typing import Any

import param

from dataapp.app.sessions import current_session, is_serving
from dataapp.cells.cell import Cell
from dataapp.cells.explore import ExploreCell
from dataapp.cells.input import InputCell
from dataapp.cells.predicate import PredicateCell
from dataapp.cells.source import SourceCell
from dataapp.cells.sql import SqlCell
from dataapp.connect.frames import to_polars
from dataapp.errors import SessionError
from dataapp.runtime.nodes import Frame
from dataapp.runtime.outcomes import Done
from dataapp.runtime.session import Form, Session

_APP_MODULE = "bokeh_app_"


class Holder(param.Parameterized):
    """The value of one cell in one session, as a Parameter."""

    value = param.Parameter(default=None, doc="The last value.")

    def __init__(self, session: Session, cell: Cell) -> None:
        super().__init__()
        self._has_value = False
        form: Form = "frame" if isinstance(cell, SqlCell | SourceCell) else "value"
        self._demand = session.demand(cell, form, self._look)
        self._look()

    def _look(self) -> None:
        outcome = self._demand.look().outcome
        if isinstance(outcome, Done):
            self._has_value = True
            value = outcome.value
            self.value = to_polars(value.rows) if isinstance(value, Frame) else value

    def reference(self) -> Callable[..., Any]:
        """Return a function of the Parameter that skips until there is a value."""
        return param.depends(self.param.value)(self._current)

    def _current(self, value: object) -> object:
        if not self._has_value:
            raise param.Skip
        return value


def cell_to_reference(thing: Any) -> Any:
    """Return what Panel can depend on for a cell; everything else comes back as it is.

    Raises:
        SessionError: The binding would be shared by all sessions.
    """
    if not isinstance(thing, Cell):
        return thing
    if isinstance(thing, PredicateCell):
        raise SessionError(f"`{thing.label}` is a predicate, which only SQL reads.")
    cell = thing.of if isinstance(thing, ExploreCell) else thing
    if is_serving() and (module := _importing_module()) is not None:
        raise SessionError(
            f"`{cell.label}` is bound while module `{module}` is imported, so all sessions would share it.",
            hint="bind it in a function that each session calls, or make the function a cell with @da.cell",
            cell=cell.label,
        )
    session = current_session()
    if isinstance(cell, InputCell):
        widget = getattr(session.control(cell), "widget", None)
        if widget is not None and not cell.feeds:
            return widget.param.value
    holder = session.kept(cell, lambda: Holder(session, cell))
    return holder.reference()


def _importing_module() -> str | None:
    """Return the module whose import is under way in this thread, if it is one that sessions share."""
    frame = sys._getframe(1)
    while frame is not None:
        name = str(frame.f_globals.get("__name__", ""))
        if frame.f_code.co_name == "<module>" and not name.startswith(_APP_MODULE):
            spec = frame.f_globals.get("__spec__")
            if spec is not None and getattr(spec, "_initializing", False):
                return name
        if name.startswith(_APP_MODULE):
            return None
        frame = frame.f_back
    return None


def install() -> None:
    """Make cells references."""
    param.parameterized.register_reference_transform(cell_to_reference)
