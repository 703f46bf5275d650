"""The line of a crossfilter: what is selected, as chips, the buttons to undo and to reset, and what cubes do for it."""

from os import PathLike
from pathlib import Path
from typing import Any, ClassVar

import param
from panel.custom import JSComponent

from dataapp.views.component import check_bundle
from dataapp.views.crossfilter.history import History
from dataapp.views.crossfilter.serving import Serving

_BUNDLE = Path(__file__).parent / "bar.bundle.js"


class SelectionBar(JSComponent):
    """Shows what is selected in a crossfilter, and takes it away.

    Args:
        history: What is selected in a session, and was before.
        serving: What cubes do for its views.
        params: Parameters of `panel.viewable.Viewable`, such as `margin`.
    """

    chips = param.List(default=[], item_type=dict, doc="What is selected: key, label and text of each.")
    can_undo = param.Boolean(default=False, doc="Whether something was selected before.")
    can_reset = param.Boolean(default=False, doc="Whether anything is selected otherwise than at the beginning.")
    served = param.Dict(default=None, allow_None=True, doc="What cubes do: count, line, and views; None without any.")

    _bundle: ClassVar[str | PathLike[str] | None] = _BUNDLE

    def __init__(self, history: History, serving: Serving, **params: Any) -> None:
        check_bundle(_BUNDLE, "the line of selections")
        super().__init__(**{"sizing_mode": "stretch_width", "margin": (4, 8)} | params)
        self._history = history
        self._serving = serving
        history.follow(self._show)
        serving.follow(self._show_served)
        self._show()
        self._show_served()

    def _show(self) -> None:
        chips = [{"key": chip.key, "label": chip.label, "text": chip.text} for chip in self._history.chips()]
        self.param.update(chips=chips, can_undo=self._history.can_undo, can_reset=self._history.can_reset)

    def _show_served(self) -> None:
        service = self._serving.service
        if service is None:
            self.served = None
            return
        views = [{"label": view.label, "text": view.text} for view in service.views]
        self.served = {"count": service.count, "line": service.line, "views": views}

    def _handle_msg(self, data: Any) -> None:
        match data:
            case {"type": "undo"}:
                self._history.undo()
            case {"type": "reset"}:
                self._history.reset()
            case {"type": "clear", "key": str(key)}:
                self._history.clear(key)
            case _:  # a browser may say anything
                return
