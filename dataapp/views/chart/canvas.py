"""The chart in the browser."""

from collections.abc import Callable
from os import PathLike
from pathlib import Path
from typing import Any, ClassVar, cast

import param
from panel.custom import JSComponent

from dataapp.views.chart.sight import Sight
from dataapp.views.component import Messenger, check_bundle

_BUNDLE = Path(__file__).parent / "vega.bundle.js"


class ChartCanvas(Messenger, JSComponent):
    """The chart in the browser. It knows no cells: specifications and rows come, selections go, as messages.

    Attributes:
        sight: Whether anybody sees it.
    """

    opening = param.Dict(default=None, allow_None=True, doc="What a page draws that nobody answers: one in a file.")
    root = param.String(doc="The page, or the display in a notebook: each is told its own.")
    waiting = param.String(doc="A page that has it, but has drawn it nowhere, as it tells.")

    _bundle: ClassVar[str | PathLike[str] | None] = _BUNDLE

    def __init__(self, receive: Callable[[object], None], **params: Any) -> None:
        check_bundle(_BUNDLE, "charts")
        super().__init__(receive, **params)
        self.sight = Sight()
        self._is_still = False
        self.param.watch(lambda event: self.sight.wait(event.new), "waiting")

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

    @property
    def _linked_properties(self) -> tuple[str, ...]:
        linked: tuple[str, ...] = super()._linked_properties
        return tuple(name for name in linked if name != "root")  # else Panel would tell each page that of the last one

    def _get_model(self, doc: Any, root: Any = None, parent: Any = None, comm: Any = None) -> Any:
        model: Any = super()._get_model(doc, root, parent, comm)
        ref = (root or model).ref["id"]
        model.data.root = ref
        self.sight.enter(ref, model)
        return model

    def _cleanup(self, root: Any = None) -> None:
        super()._cleanup(root)
        if root is not None:
            self.sight.leave(root.ref["id"])

    def _handle_msg(self, data: Any) -> None:
        match cast("object", data):
            case {"type": "seen", "root": str(root), "view": str(view), "seen": bool(is_seen)}:
                self.sight.tell(root, view, is_seen=is_seen)
            case _:
                super()._handle_msg(data)
