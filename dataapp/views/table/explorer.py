"""The table explorer as a Panel object, and the grid in the browser that it drives."""

from collections.abc import Callable, Mapping, Sequence
from os import PathLike
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar

import param
from panel.custom import JSComponent

from dataapp.cells.formats import Format
from dataapp.cells.view import ViewControl
from dataapp.engines.relation import Relation
from dataapp.views.component import Messenger, check_bundle
from dataapp.views.jobs import Submit
from dataapp.views.table.controller import Controller, State
from dataapp.views.table.shown_sql import Origin
from dataapp.views.table.start import Start, Viewing
from dataapp.views.table.still import StillPage
from dataapp.views.table.takes.takes import Chosen

_BUNDLE = Path(__file__).parent / "explorer.bundle.js"


class TableGrid(Messenger, JSComponent):
    """The grid in the browser. It knows no data: cells come and wishes go as messages."""

    opening = param.Dict(default=None, allow_None=True, doc="The message that a page starts with, until it is there.")
    tallest = param.Integer(default=400, bounds=(120, None), doc="Height in pixels that the grid does not exceed.")

    fills = param.Boolean(default=False, doc="Whether it is as high as what it is in, instead.")

    _bundle: ClassVar[str | PathLike[str] | None] = _BUNDLE

    def __init__(self, receive: Callable[[object], None], **params: Any) -> None:
        check_bundle(_BUNDLE, "the table explorer")
        super().__init__(receive, **params)

    @param.depends("sizing_mode", watch=True, on_init=True)
    def _fit(self) -> None:
        self.fills = self.sizing_mode in ("stretch_height", "stretch_both")


class TableExplorer(param.Parameterized):
    """Shows a relation of any size: it scrolls, sorts and filters, and only visible rows travel.

    A Panel object: it goes into any layout. Everything here is called on the document's thread; queries run where
    `submit` puts them.

    Args:
        submit: Runs jobs on worker threads and calls back on the document's thread.
        height: Height in pixels of a long table; a short one takes what it needs.
        title: What files that a reader downloads are called.
        choose: Called with what the reader has selected, and with None when nothing is any more.
        origin: What the relation is called, in SQL for the reader.
        formats: How columns look, by their names.
        columns: Names of those that are shown at first, in their order; none are all.
        params: Parameters of `panel.viewable.Viewable` for the grid, such as `margin`.
    """

    status = param.Selector(
        default="empty", objects=["empty", "running", "fresh", "failed"], constant=True, doc="What the rows are."
    )
    error = param.ClassSelector(
        default=None, class_=Exception, allow_None=True, constant=True, doc="Why there are no rows."
    )
    rows = param.Integer(
        default=None, allow_None=True, constant=True, doc="How many rows pass the filters, once counted."
    )

    def __init__(
        self,
        submit: Submit,
        *,
        height: int = 400,
        title: str = "table",
        origin: Origin | None = None,
        choose: Callable[[Chosen | None], None] = lambda _: None,
        formats: Mapping[str, Format] = MappingProxyType({}),
        columns: Sequence[str] = (),
        **params: Any,
    ) -> None:
        super().__init__()
        layout = {"sizing_mode": "stretch_width", "margin": 0} | params
        self._still: StillPage | None = None
        self._grid = TableGrid(self._receive, tallest=height, **layout)
        self._controller = Controller(
            submit,
            self._send,
            self._take,
            self._open_with,
            choose,
            title,
            origin=origin,
            formats=formats,
            columns=columns,
        )

    def __panel__(self) -> TableGrid:
        return self._grid

    def follow(self, start: Start, control: ViewControl) -> None:
        """Start with what is set in a session, and keep it there; to be called before `show`."""
        self._controller.viewing = Viewing(start, control, self._controller.follow)

    def rename(self, title: str, origin: Origin) -> None:
        """Call what is shown from now on otherwise; see the arguments of these names."""
        self._controller.rename(title, origin)

    def show(self, relation: Relation | None) -> None:
        """Show another relation, or none. Rows on screen stay, marked stale, until the new ones are there."""
        self._controller.show(relation)

    def keep(self, settle: Callable[[], None]) -> None:
        """Let the page have all that a file should hold; `settle` lets all jobs come to their end."""
        self._still = page = StillPage(self._receive, settle)
        self._grid.opening = page.read()

    def close(self) -> None:
        """Stop all work and let kept rows go; the explorer shows nothing new afterwards."""
        self._controller.close()

    def _send(self, message: dict[str, object]) -> None:
        if self._still is None:
            self._grid.send(message)
        else:
            self._still.hear(message)

    def _receive(self, data: object) -> None:
        self._controller.receive(data)
        self._controller.tell()

    def _open_with(self, message: dict[str, object] | None) -> None:
        if self._still is None:
            self._grid.opening = message

    def _take(self, state: State) -> None:
        with param.edit_constant(self):
            self.param.update(status=state.status, error=state.error, rows=state.rows)
