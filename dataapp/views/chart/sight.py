"""Whether anybody sees a chart: its pages tell, and what nobody sees asks the engine for nothing.

A chart counts as seen until a page says otherwise, so that its first query starts with the page, and where there is no
page at all. One object may be on several pages, and on one page several times; one view that is seen is enough.

Tabs that are `dynamic` take a chart off the page and keep it for later. The page cannot tell about what it no longer
knows, so the server does, when it takes the chart out of the document.
"""

from collections.abc import Callable
from typing import Any


class Sight:
    """What the pages say about one chart."""

    def __init__(self) -> None:
        self._views: dict[str, set[str] | None] = {}  # by root those that are seen, or None while it has not told
        self._watchers: list[Callable[[], None]] = []

    @property
    def is_seen(self) -> bool:
        """Whether somebody sees the chart, or may see it."""
        return not self._views or any(views is None or views for views in self._views.values())

    def watch(self, changed: Callable[[], None]) -> None:
        """Call back whenever it comes into sight or goes out of it."""
        self._watchers.append(changed)

    def enter(self, root: str, model: Any) -> None:
        """Note that a page is going to show it.

        Args:
            root: The page, or the display in a notebook.
            model: What stands for the chart in the page's document.
        """
        self._views[root] = None
        detach = model._detach_document

        def left() -> None:
            detach()
            if self._views.get(root) is not None:  # else the document is only being put together
                self._change(root, set())

        model._detach_document = left

    def leave(self, root: str) -> None:
        """Note that a page no longer shows it."""
        was_seen = self.is_seen
        self._views.pop(root, None)
        self._tell(was_seen)

    def wait(self, root: str) -> None:
        """Note that a page has the chart, but has drawn it nowhere."""
        if root in self._views and self._views[root] is None:
            self._change(root, set())

    def tell(self, root: str, view: str, *, is_seen: bool) -> None:
        """Note what a page says.

        Args:
            root: The page.
            view: One of the places where it shows the chart.
            is_seen: Whether that place is in sight, or nearly.
        """
        if root in self._views:
            others = (self._views[root] or set()) - {view}
            self._change(root, others | {view} if is_seen else others)

    def _change(self, root: str, views: set[str]) -> None:
        was_seen = self.is_seen
        self._views[root] = views
        self._tell(was_seen)

    def _tell(self, was_seen: bool) -> None:
        if self.is_seen is not was_seen:
            for changed in self._watchers:
                changed()
