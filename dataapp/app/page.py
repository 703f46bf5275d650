"""`da.App`: a page with header, theme, sidebar, main area, and a link that restores the view."""

from collections.abc import Sequence
from typing import Any, Self

import panel as pn
from bokeh.document import Document
from panel.util.parameters import edit_readonly
from panel.widgets.base import WidgetBase

from dataapp.app.preloading import TEMPLATE, name_modules
from dataapp.app.sessions import call_later, close_with_session, current_session, is_serving
from dataapp.app.window import Window
from dataapp.cells.limited import checked_seconds

_COPY_LINK = """
navigator.clipboard.writeText(window.location.href).then(() => {
  const old = source.label; source.label = 'Link copied'; setTimeout(() => { source.label = old; }, 1500);
});
"""
_NARROW = "@media (max-width: 599.95px)"
_LAYOUT = {
    ".main-content, .sidebar > .MuiBox-root": {"paddingTop": "10px"},
    # A title in one line, however narrow the page is: buttons never lie over it.
    ".header .MuiToolbar-root > .MuiBox-root, .header .MuiToolbar-root a": {"minWidth": 0},
    ".header .MuiToolbar-root > .MuiBox-root:last-of-type": {"flexShrink": 0},
    ".header .title": {"overflow": "hidden", "textOverflow": "ellipsis", "whiteSpace": "nowrap", "lineHeight": 1.2},
    _NARROW: {".header .title": {"fontSize": "1.15rem"}, ".header .MuiIconButton-edgeStart": {"marginRight": "4px"}},
}
_LOST = "The server does not answer any more. Reload the page when it is back."
IN_HEADER: dict[str, object] = {
    _NARROW: {
        "fontSize": 0,
        "minWidth": 0,
        "padding": "8px",
        ".MuiButton-startIcon": {"margin": 0},
        ".MuiButton-startIcon > *": {"fontSize": "20px !important"},
    }
}
"""The look of a button in a header: on a narrow page, its icon says enough."""


class App:
    """A page.

    Args:
        title: Stands in the header and the browser's tab.
        sidebar: What stands at the left, a drawer on phones: inputs, texts, anything Panel shows.
        main: What stands in the main area, from top to bottom. A list inside the list becomes a row.
        header: More for the header's right side.
        dark: Start with the dark theme, or with the light one; by default with the operating system's. The page has a
            switch, and remembers how it was left.
        lost: What the page says when the server does not answer any more.
        timeout: Seconds that a run of a cell may take in sessions that show the page, unless the cell itself says
            otherwise; see `Cell.limited`.
        refresh: Whether the header has a button that looks at the sources again: files that changed, databases. A
            number of seconds lets the page do so by itself as well, as long as somebody has it open.
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
        dark: bool | None = None,
        lost: str | None = None,
        timeout: float | None = None,
        refresh: bool | float = True,
        **params: Any,
    ) -> None:
        self.title = title
        self._sidebar = sidebar
        self._main = main
        self._header = header
        self._dark = dark
        self._lost = _LOST if lost is None else lost
        self._windows: dict[int, Window] = {}
        self._timeout = None if timeout is None else checked_seconds(timeout, "timeout")
        self._refresh = refresh if isinstance(refresh, bool) else checked_seconds(refresh, "refresh")
        self._params = params
        self._pages: dict[Document | None, Any] = {}

    @property
    def page(self) -> Any:
        """The Panel page, made on first use in the current session; sessions never share one."""
        document = pn.state.curdoc if is_serving() else None
        if document not in self._pages:
            self._pages[document] = self._make()
            close_with_session(lambda: self._forget(document))
        return self._pages[document]

    def servable(self, *args: Any, **kwargs: Any) -> Self:
        """Show the page when the script is served with ``panel serve``; elsewhere nothing happens."""
        if is_serving():
            self.page.servable(*args, **kwargs)
        return self

    def show_main(self) -> None:
        """Close the sidebar in the current session, where the page is so narrow that it lies over the main area."""
        if (window := self._windows.get(id(self.page))) is not None:
            window.show_main()

    def __panel__(self) -> Any:
        return self.page

    def _make(self) -> Any:
        if self._timeout is not None:
            current_session().limits.default = self._timeout
        share = _button("Share", "link", "Copy a link to this view")
        share.js_on_click(code=_COPY_LINK)
        header: list[Any] = [pn.Spacer(sizing_mode="stretch_width"), *self._header, share]
        if self._refresh:
            header.insert(-1, self._refreshing())
        shell: dict[str, Any] = {"sx": _LAYOUT, "busy_indicator": None}
        if not self._sidebar:  # a closed drawer would pull the main area to the left, also one that is not there
            shell["sx"] = {**_LAYOUT, ".main": {"marginLeft": "0 !important"}}
        if is_serving() and (document := pn.state.curdoc) is not None:
            name_modules(document)
            shell["template"] = TEMPLATE
        window = Window(dark=bool(self._dark), follows=self._dark is None, drawer=bool(self._sidebar), lost=self._lost)
        if is_serving():  # elsewhere others decide, such as a notebook
            header.append(window)
        page = pn.ui.Page(
            title=self.title,
            sidebar=[_stretched(item) for item in self._sidebar],
            main=[_row(item) for item in self._main],
            header=[pn.ui.Row(*header, margin=0)],
            sidebar_open=bool(self._sidebar),
            dark_theme=bool(self._dark),
            **shell | self._params,
        )
        if page.busy_indicator is None:
            _stop_following_callbacks(page)
        if is_serving():
            window.attach(page)
            self._windows[id(page)] = window
        return page

    def _refreshing(self) -> Any:
        """Return the button that looks at the sources again, and let the page do so itself if it is to."""
        button = _button("Refresh", "refresh", "Read again what changed")
        button.on_click(lambda _: current_session().refresh())
        if is_serving() and not isinstance(self._refresh, bool):
            session, seconds = current_session(), self._refresh

            def look_again() -> None:
                session.refresh(within_ttl=True)
                call_later(seconds, look_again)

            call_later(seconds, look_again)
        return button

    def _forget(self, document: Document | None) -> None:
        page = self._pages.pop(document, None)
        self._windows.pop(id(page), None)
        _release(page)


def _button(label: str, icon: str, description: str) -> Any:
    in_one_line = description.replace(" ", "\N{NO-BREAK SPACE}")  # else a tip is as narrow as its button
    return pn.ui.Button(
        label=label, icon=icon, variant="text", color="light", margin=0, description=in_one_line, sx=IN_HEADER
    )


def _stop_following_callbacks(page: Any) -> None:
    """Let a page no longer hear of each callback that starts and ends in any session of the process.

    That is for a bar in the header, while cards say themselves what runs. For each callback and each open page Panel
    looks through all models of the page, twice.
    """
    with edit_readonly(page):
        page.busy = False  # instead of what it refers to
    _release(page)  # which is told all the same, and looks through all parameters of the page


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
