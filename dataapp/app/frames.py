"""Frames in Panel's layouts, shown as explorers in place of Panel's own panes.

A frame is no cell: a layout that holds one may belong to a module that all sessions import, and a function that is
bound to a slider makes another one with each move. So each session has a view of its own, made where the pane is first
shown in it, and a frame is let go as soon as another one takes its place.
"""

import importlib
import sys
from collections.abc import Mapping
from functools import partial
from types import FrameType
from typing import TYPE_CHECKING, Any, ClassVar, cast

import panel as pn
import param
from panel.pane.base import Pane
from panel.viewable import Layoutable

from dataapp.app.sessions import current_session
from dataapp.cells.adapters import as_cell, is_frame
from dataapp.cells.cell import Cell
from dataapp.cells.namespace import Namespace
from dataapp.runtime.session import Session
from dataapp.views.displayed import Displayed

if TYPE_CHECKING:
    from dataapp.views.frames import FrameCard

_LIBRARIES = {"dataapp", "panel", "panel_material_ui", "param"}  # between a user's line and a pane
_HIGH = ("stretch_height", "stretch_both")
_LAYOUT = [name for name in Layoutable.param if name not in {"name", "height", "design", "tags"}]


class FramePane(Displayed, Pane):
    """Shows a frame as a table explorer; Panel picks it before its own panes of frames.

    With arguments that only another pane knows, such as ``pn.panel(frame, index=False)``, Panel picks that one.
    """

    margin: Any = param.Parameter(default=(4, 8), doc="In pixels around it; by default as around cells.")

    priority = 0.95
    _applies_kw: ClassVar[bool] = True
    _updates: ClassVar[bool] = True
    _rerender_params: ClassVar[list[str]] = ["object", "height"]
    _rename: ClassVar[Mapping[str, str | None]] = {**Pane._rename, "object": None, "height": None}

    def __init__(self, object: Any = None, **params: Any) -> None:  # noqa: A002  # the name that Panel's panes use
        importlib.import_module("dataapp.views.frames")  # before a page is loaded, which must know explorers
        self._namespace = Namespace.of(_calling_frame(), {})
        self._views: dict[Session, pn.Column] = {}
        self._sessions: dict[str, Session] = {}  # by the root that is shown
        super().__init__(object, **params)

    @classmethod
    def applies(cls, object: Any, **params: Any) -> bool:  # noqa: A002  # Panel's name
        """Whether an object is a frame, and the arguments are this pane's."""
        # A reactive expression says that it has whatever its value has.
        return not isinstance(object, param.rx) and is_frame(object) and params.keys() <= set(cls.param)

    def __repr__(self, depth: int = 0) -> str:
        # Panel's own compares the frame with None, value by value.
        return f"FramePane({'' if self.object is None else type(self.object).__name__})"

    # One view for each session.

    def _get_model(self, doc: Any, root: Any = None, parent: Any = None, comm: Any = None) -> Any:
        if root is not None and root.ref["id"] in self._models:
            self._cleanup(root)
        session = current_session()
        if session not in self._views:
            self._views[session] = pn.Column()
            self._fill(session, self._cell())
            session.on_close(self._forget_closed)
        view = self._views[session]
        layout = {name: getattr(self, name) for name in _LAYOUT}
        if self.width is None and self.sizing_mode is None:
            layout["sizing_mode"] = "stretch_width"
        view.param.update(**layout)
        for card in view:
            card.sizing_mode = "stretch_both" if layout["sizing_mode"] in _HIGH else "stretch_width"
        model = view._get_model(doc, root, parent, comm)
        ref = (root or model).ref["id"]
        self._models[ref] = (model, parent)
        self._sessions[ref] = session
        self._note_display(ref)
        return model

    def _cleanup(self, root: Any = None) -> None:
        session = None if root is None else self._sessions.pop(root.ref["id"], None)
        if session is not None and (view := self._views.get(session)) is not None:
            view._cleanup(root)
        super()._cleanup(root)

    def _forget_closed(self) -> None:
        self._views = {session: view for session, view in self._views.items() if not session.is_closed}
        self._sessions = {root: session for root, session in self._sessions.items() if not session.is_closed}

    # What they show.

    def _update_pane(self, *events: Any) -> None:
        cell, is_resized = self._cell(), any(event.name == "height" for event in events)
        for session in list(self._views):
            session.on_screen(partial(self._turn, session, cell, is_resized=is_resized))

    def _turn(self, session: Session, cell: Cell | None, *, is_resized: bool) -> None:
        view = self._views.get(session)
        if view is None:
            return
        if cell is None or is_resized or not len(view):
            self._fill(session, cell)
        else:
            cast("FrameCard", view[0]).follow(cell)

    def _fill(self, session: Session, cell: Cell | None) -> None:
        from dataapp.views.frames import FrameCard  # here: views take 0.1 s, and who only evaluates needs none

        cards = [] if cell is None else [FrameCard(session, cell, height=self.height, margin=0)]
        self._views[session].objects = cards

    def _cell(self) -> Cell | None:
        """Return the cell that stands for the frame; who reads the frame by its name, reads this one."""
        frame = self.object
        if frame is None:
            return None
        if not self.applies(frame):
            self._type_error(frame)
        return as_cell(frame, self._namespace.name_of(frame) or "table", self._namespace)


def _calling_frame() -> FrameType:
    """Return where a pane is made by a user's code, which Panel may have been asked to."""
    frame = sys._getframe(1)
    while frame.f_back is not None and str(frame.f_globals.get("__name__")).partition(".")[0] in _LIBRARIES:
        frame = frame.f_back
    return frame
