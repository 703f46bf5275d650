"""The line of a crossfilter: what is selected, as chips, and the buttons to undo and to reset."""

from os import PathLike
from pathlib import Path
from typing import Any, ClassVar

import param
from panel.custom import JSComponent

from dataapp.views.component import check_bundle
from dataapp.views.crossfilter.history import History

_BUNDLE = Path(__file__).parent / "bar.bundle.js"


class SelectionBar(JSComponent):
    """Shows what is selected in a crossfilter, and takes it away.

    Args:
        history: What is selected in a session, and was before.
        params: Parameters of `panel.viewable.Viewable`, such as `margin`.
    """

    chips = param.List(default=[], item_type=dict, doc="What is selected: key, label and text of each.")
    can_undo = param.Boolean(default=False, doc="Whether something was selected before.")
    can_reset = param.Boolean(default=False, doc="Whether anything is selected.")

    _bundle: ClassVar[str | PathLike[str] | None] = _BUNDLE

    def __init__(self, history: History, **params: Any) -> None:
        check_bundle(_BUNDLE, "the line of selections")
        super().__init__(**{"sizing_mode": "stretch_width", "margin": (4, 8)} | params)
        self._history = history
        history.follow(self._show)
        self._show()

    def _show(self) -> None:
        chips = [{"key": chip.key, "label": chip.label, "text": chip.text} for chip in self._history.chips()]
        self.param.update(chips=chips, can_undo=self._history.can_undo, can_reset=bool(chips))

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
