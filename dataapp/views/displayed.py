"""What a notebook cell displays, so that running it again can take that down."""

from typing import Any, ClassVar
from weakref import WeakSet

import panel as pn
from panel.config import _cleanup_panel


class Running:
    """Which notebook cell runs, where the front-end tells it."""

    notebook_cell: str | None = None


class Displayed:
    """A view that knows which notebook cells display it; mix it in before the Panel object.

    Attributes:
        displays: All of them.
    """

    displays: ClassVar["WeakSet[Displayed]"] = WeakSet()

    def __init__(self, *args: Any, **params: Any) -> None:
        super().__init__(*args, **params)
        self._shown_by: dict[str, str | None] = {}
        self.displays.add(self)

    def take_down(self, notebook_cell: str) -> None:
        """Release what a notebook cell displayed: running it again clears its output, which Panel is not told."""
        for root in [root for root, by in self._shown_by.items() if by == notebook_cell]:
            self._shown_by.pop(root, None)
            if root not in pn.state._views:
                continue
            _, _, document, _ = pn.state._views[root]
            _cleanup_panel(root)
            document.clear()  # else Panel, which keeps its style sheets, would keep all that it held

    def _note_display(self, root: str) -> None:
        """Take down which notebook cell displays a root that this is in; to be called with each that is made."""
        self._shown_by = {known: by for known, by in self._shown_by.items() if known in pn.state._views}
        self._shown_by[root] = Running.notebook_cell
