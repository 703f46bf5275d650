"""The chart in the browser."""

from collections.abc import Callable
from os import PathLike
from pathlib import Path
from typing import Any, ClassVar

import param
from panel.custom import JSComponent

from dataapp.views.component import Messenger, check_bundle

_BUNDLE = Path(__file__).parent / "vega.bundle.js"


class ChartCanvas(Messenger, JSComponent):
    """The chart in the browser. It knows no cells: specifications and rows come, selections go, as messages."""

    opening = param.Dict(default=None, allow_None=True, doc="What a page draws that nobody answers: one in a file.")

    _bundle: ClassVar[str | PathLike[str] | None] = _BUNDLE

    def __init__(self, receive: Callable[[object], None], **params: Any) -> None:
        check_bundle(_BUNDLE, "charts")
        super().__init__(receive, **params)
        self._is_still = False

    def keep(self) -> None:
        """Let the page start with what it would be sent: it will not be there to ask, or to hear it."""
        self._is_still = True
        self._receive({"type": "ready"})

    def send(self, message: dict[str, object]) -> None:
        """Send a message to every page that shows this component."""
        if self._is_still:
            self.opening = message
        else:
            super().send(message)
