"""The chart in the browser."""

from collections.abc import Callable
from os import PathLike
from pathlib import Path
from typing import Any, ClassVar

from panel.custom import JSComponent

from dataapp.views.component import Messenger, check_bundle

_BUNDLE = Path(__file__).parent / "vega.bundle.js"


class ChartCanvas(Messenger, JSComponent):
    """The chart in the browser. It knows no cells: specifications and rows come, selections go, as messages."""

    _bundle: ClassVar[str | PathLike[str] | None] = _BUNDLE

    def __init__(self, receive: Callable[[object], None], **params: Any) -> None:
        check_bundle(_BUNDLE, "charts")
        super().__init__(receive, **params)
