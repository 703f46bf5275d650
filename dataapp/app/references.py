"""Cells as references: `pn.bind(f, bars)`, `pn.rx(bars)`, parameters with `allow_refs`.

A reference is bound while a session is current, and stays with that session. Until there is a value, the bound
function is not called.
"""

import sys
from collections.abc import Callable
from typing import Any

import param

from dataapp.app.sessions import current_session, refuse_while_importing
from dataapp.cells.cell import Cell
from dataapp.cells.explore import ExploreCell
from dataapp.cells.input import InputCell
from dataapp.cells.predicate import PredicateCell
from dataapp.cells.relation import is_relation
from dataapp.connect.frames import to_polars
from dataapp.errors import SessionError
from dataapp.runtime.frames import Frame
from dataapp.runtime.outcomes import Done
from dataapp.runtime.session import Demand, Form, Session

_ASKING = 3  # frames above a reference's function: who wants its value, beyond param's two


class Holder(param.Parameterized):
    """The value of one cell in one session, as a Parameter."""

    value = param.Parameter(default=None, doc="The last value.")

    def __init__(self, session: Session, cell: Cell) -> None:
        super().__init__()
        self._has_value = False
        self._demand: Demand | None = None
        form: Form = "frame" if is_relation(cell) else "value"
        self._demand = session.demand(cell, form, self._look)
        self._look()

    def _look(self) -> None:
        if self._demand is None:  # a worker may be faster than the call that demands
            return
        outcome = self._demand.look().outcome
        if isinstance(outcome, Done):
            self._has_value = True
            value = outcome.value
            self.value = to_polars(value.rows) if isinstance(value, Frame) else value

    def reference(self) -> Callable[..., Any]:
        """Return a function of the Parameter that skips until there is a value."""
        return param.depends(self.param.value)(self._current)

    def _current(self, value: object) -> object:
        if self._has_value:
            return value
        if isinstance(sys._getframe(_ASKING).f_locals.get("self"), param.rx):
            return param.Undefined  # an expression is built before its value is there, and skips what is undefined
        raise param.Skip


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
    refuse_while_importing(
        cell, "bound", "bind it in a function that each session calls, or make the function a cell with @da.cell"
    )
    session = current_session()
    if isinstance(cell, InputCell):
        widget = getattr(session.control(cell), "widget", None)
        if widget is not None and not cell.feeds:
            return widget.param.value
    holder = session.kept(cell, lambda: Holder(session, cell))
    return holder.reference()


def install() -> None:
    """Make cells references."""
    param.parameterized.register_reference_transform(cell_to_reference)
