"""`da.App`: a page with header, theme, sidebar, main area, and a link that restores the view."""

from collections.abc import Sequence
from typing import Any, Self

import panel as pn
from bokeh.document import Document
from panel.widgets.base import WidgetBase

from dataapp.app.sessions import close_with_session, current_session, is_serving
from dataapp.cells.limited import checked_seconds

_COPY_LINK = """
navigator.clipboard.writeText(window.location.href).then(() => {
  const old = source.label; source.label = 'Link copied'; setTimeout(() => { source.label = old; }, 1500);
});
"""
_BELOW_HEADER = {".main-content, .sidebar > .MuiBox-root": {"paddingTop": "10px"}}


class App:
    """A page.

    Args:
        title: Stands in the header and the browser's tab.
        sidebar: What stands at the left, a drawer on phones: inputs, texts, anything Panel shows.
        main: What stands in the main area, from top to bottom. A list inside the list becomes a row.
        header: More for the header's right side.
        dark: Start with the dark theme; the page has a switch.
        timeout: Seconds that a run of a cell may take in sessions that show the page, unless the cell itself says
            otherwise; see `Cell.limited`.
        **params: More of `panel.ui.Page`.

    Example:
        >>> import dataapp as da
        >>> app = da.App("Numbers", main=[da.sql("FROM range(3)")])
        >>> app.title
        'Numbers'
    """

    def __init__(
        self,
        title: str,
        /,
        sidebar: Sequence[object] = (),
        main: Sequence[object] = (),
        *,
        header: Sequence[object] = (),
        dark: bool = False,
        timeout: float | None = None,
        **params: Any,
    ) -> None:
        self.title = title
        self._sidebar = sidebar
        self._main = main
        self._header = header
        self._dark = dark
        self._timeout = None if timeout is None else checked_seconds(timeout, "timeout")
        self._params = params
        self._pages: dict[Document | None, Any] = {}

    @property
    def page(self) -> Any:
        """The Panel page, made on first use in the current session; sessions never share one."""
        document = pn.state.curdoc if is_serving() else None
        if document not in self._pages:
            self._pages[document] = self._make()
            close_with_session(lambda: _release(self._pages.pop(document, None)))
        return self._pages[document]

    def servable(self, *args: Any, **kwargs: Any) -> Self:
        """Show the page when the script is served with ``panel serve``; elsewhere nothing happens."""
        if is_serving():
            self.page.servable(*args, **kwargs)
        return self

    def __panel__(self) -> Any:
        return self.page

    def _make(self) -> Any:
        if self._timeout is not None:
            current_session().limits.default = self._timeout
        share = pn.ui.Button(
            label="Share", icon="link", variant="text", color="light", margin=0, description="Copy a link to this view"
        )
        share.js_on_click(code=_COPY_LINK)
        return pn.ui.Page(
            title=self.title,
            sidebar=[_stretched(item) for item in self._sidebar],
            main=[_row(item) for item in self._main],
            header=[pn.ui.Row(pn.Spacer(sizing_mode="stretch_width"), *self._header, share, margin=0)],
            sidebar_open=bool(self._sidebar) and not _is_phone(),
            dark_theme=self._dark,
            **{"sx": _BELOW_HEADER, **self._params},
        )


def _is_phone() -> bool:
    """Whether the page goes to a phone, where an open sidebar would lie over everything else."""
    return is_serving() and "Mobi" in pn.state.headers.get("User-Agent", "")


def _row(item: object) -> Any:
    if isinstance(item, list | tuple):
        return pn.FlexBox(*[_column(part) for part in item], sizing_mode="stretch_width")
    return pn.panel(item)


def _column(item: object) -> Any:
    """Return a view that shares a row with others while each has 340 pixels, and has one of its own on a phone."""
    return pn.Column(item, styles={"flex": "1 1 340px", "min-width": "0"}, sizing_mode="stretch_width", margin=0)


def _stretched(item: object) -> Any:
    view: Any = pn.panel(item)
    if isinstance(view, WidgetBase) and getattr(view, "sizing_mode", "fixed") is None:
        view.param.update(sizing_mode="stretch_width")
    return view


def _release(page: Any) -> None:
    """Let go of a page: Panel's watcher of its busy state would keep every session's page alive."""
    watchers = pn.state.param.watchers.get("busy", {}).get("value", [])
    for watcher in list(watchers):
        owner = getattr(watcher.fn, "__self__", None)
        if page in (getattr(owner, "self_or_cls", None), getattr(owner, "self", None)):
            pn.state.param.unwatch(watcher)
