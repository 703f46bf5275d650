"""What a page takes from the window that shows it: width, theme, and whether the server is still there.

The browser knows all three, and acts on them before the server could.
"""

from os import PathLike
from pathlib import Path
from typing import Any, ClassVar

import param
from panel.custom import JSComponent

from dataapp.views.component import check_bundle
from dataapp.views.nearing import hear

_BUNDLE = Path(__file__).parent / "window.bundle.js"


class Window(JSComponent):
    """Keeps a page in step with its window; nothing of it is seen until the server is lost.

    On a window that is narrow the drawer starts closed. The theme is the one that the reader chose last, in any page of
    this site; before the first choice it is the one of the operating system, if the page follows that.
    """

    dark = param.Boolean(default=False, doc="Whether the theme is dark.")
    follows = param.Boolean(default=True, doc="Whether the theme is the operating system's until somebody chooses.")
    drawer = param.Boolean(default=True, doc="Whether the drawer is open.")
    lost = param.String(default="", doc="What is said when the server does not answer any more.")

    _bundle: ClassVar[str | PathLike[str] | None] = _BUNDLE

    def __init__(self, **params: Any) -> None:
        check_bundle(_BUNDLE, "pages")
        super().__init__(**{"width": 0, "height": 0, "margin": 0} | params)

    def attach(self, page: Any) -> None:
        """Share theme and drawer with a page, in the browser."""
        self.jslink(page, bidirectional=True, dark="dark_theme", drawer="sidebar_open")

    def show_main(self) -> None:
        """Close the drawer where it lies over the main area."""
        self._send_msg({"type": "show_main"})

    def _handle_msg(self, data: Any) -> None:
        hear(data)
