"""What cards hold: an explorer for tables, a chart, or whatever Panel shows for a value."""

import itertools
import sys
from collections.abc import Callable, Mapping
from typing import Any

import panel as pn
from panel.pane.base import Pane

from dataapp.cells.adapters import is_frame
from dataapp.cells.cell import Cell
from dataapp.cells.explore import ExploreCell
from dataapp.cells.sql import SqlCell
from dataapp.cells.view import ViewControl
from dataapp.connect.frames import to_arrow
from dataapp.runtime.session import Session
from dataapp.runtime.tables import Table, digest, frame_table
from dataapp.views.choosing import Choosing
from dataapp.views.faults import is_author
from dataapp.views.jobs import Cancel, Handle
from dataapp.views.table.explorer import TableExplorer
from dataapp.views.table.shown_sql import Origin
from dataapp.views.table.start import Start
from dataapp.views.texts import text_pane, value_to_html

_stamps = itertools.count()

type TakeError = Callable[[Exception | None], None]


class TableBody:
    """A table explorer over a cell that is a table.

    Args:
        session: Whose values are shown.
        cell: The cell.
        take_error: Takes what is wrong with its rows.
        height: In pixels, or None for the usual one.
        explorer: The explorer that its author described, whose view it is, or None.
    """

    def __init__(
        self,
        session: Session,
        cell: Cell,
        take_error: TakeError,
        *,
        height: int | None = None,
        explorer: ExploreCell | None = None,
    ) -> None:
        self._session = session
        self._cell = cell
        self._described = explorer
        self._take_error = take_error
        self._failed = self._follows = False
        options: dict[str, Any] = {} if height is None else {"height": height}
        if explorer is not None:
            options["choose"] = Choosing(session, explorer).choose
            options |= {"formats": explorer.formats, "columns": explorer.columns}
        self.explorer = TableExplorer(self._submit, title=cell.label, origin=_origin_of(cell), **options)
        self.explorer.param.watch(self._status_changed, ["status", "error"])

    @property
    def view(self) -> Any:
        """The explorer."""
        return self.explorer.__panel__()

    def show(self, values: Mapping[Cell, object]) -> None:
        """Show another relation."""
        table = values[self._cell]
        assert isinstance(table, Table)
        if self._described is not None and not self._follows:  # not before: layouts make views that they throw away
            self._follows = True
            view = self._described.view
            control, kind = self._session.control(view), view.meaning
            assert isinstance(control, ViewControl)
            assert isinstance(kind, Start)
            self.explorer.follow(kind, control)
        self.explorer.show(table.relation(self._session.engine))

    def follow(self, cell: Cell) -> None:
        """Show another cell from now on; what the reader has set stays."""
        self._cell = cell
        self.explorer.rename(cell.label, _origin_of(cell))

    def fill(self, *, fills: bool) -> None:
        """Be as high as what it is in, or as high as the rows need."""
        self.view.sizing_mode = "stretch_both" if fills else "stretch_width"

    def keep(self, settle: Callable[[], None]) -> None:
        """Take the rows that a file should hold."""
        self.explorer.keep(settle)

    def close(self) -> None:
        """Stop all work."""
        self.explorer.close()

    def _submit[T](
        self, job: Callable[[Cancel], T], done: Callable[[T], None], failed: Callable[[Exception], None]
    ) -> Handle:
        return self._session.submit(job, done, failed, cell=self._cell)

    def _status_changed(self, *events: Any) -> None:
        if self.explorer.status == "failed" and self.explorer.error is not None:
            self._failed = True
            self._take_error(self.explorer.error)
        elif self._failed and self.explorer.status in ("fresh", "running"):
            self._failed = False
            self._take_error(None)


class ValueBody:
    """A Python cell's result: a frame in an explorer, all else as Panel shows it. Panes are kept where they fit."""

    def __init__(self, session: Session, cell: Cell, take_error: TakeError, chart_view: Callable[..., Any]) -> None:
        self._session = session
        self._cell = cell
        self._take_error = take_error
        self._chart_view = chart_view
        self._table: TableBody | None = None
        self._fills = False
        self._charts: Any = None
        self._sight_changed: Callable[[], None] = lambda: None
        self._pane: Any = None
        self._text: pn.pane.HTML | None = None
        self._layout = pn.Column(margin=0, sizing_mode="stretch_width")

    @property
    def view(self) -> Any:
        """The layout that holds the pane."""
        return self._layout

    def show(self, values: Mapping[Cell, object]) -> None:
        """Show another value."""
        value = values[self._cell]
        if is_frame(value):
            self._show_frame(value)
        elif is_chart(value):
            self._show_chart(value)
        else:
            self._show_pane(value)

    def fill(self, *, fills: bool) -> None:
        """Be as high as what it is in, or as high as what is shown needs; a pane of Panel's sizes itself."""
        self._fills = fills
        self._layout.sizing_mode = "stretch_both" if fills else "stretch_width"
        if self._table is not None:
            self._table.fill(fills=fills)

    @property
    def is_seen(self) -> bool:
        """Whether somebody sees it, or may see it: of all values, pages tell this of charts."""
        if self._charts is None or len(self._layout) != 1 or self._layout[0] is not self._charts.view:
            return True
        return bool(self._charts.sight.is_seen)

    def on_sight(self, changed: Callable[[], None]) -> None:
        """Call back when that changes."""
        self._sight_changed = changed

    def keep(self, settle: Callable[[], None]) -> None:
        """Take the rows that a file should hold, if they are what is shown."""
        if self._table is not None:
            self._table.keep(settle)

    def close(self) -> None:
        """Stop all work."""
        if self._table is not None:
            self._table.close()

    def _show_frame(self, frame: object) -> None:
        if self._table is None:
            self._table = TableBody(self._session, self._cell, self._take_error)
            self._table.fill(fills=self._fills)
        rows = to_arrow(frame, self._cell.label)
        table = frame_table(self._cell, rows, digest("shown", next(_stamps)))
        self._table.show({self._cell: table})
        self._put(self._table.view)

    def _show_chart(self, chart: Any) -> None:
        if self._charts is None or not self._charts.take(chart):
            if self._charts is not None:
                self._charts.close()
            charts = self._charts = self._chart_view(chart)
            charts.sight.watch(self._sight_changed)
        self._put(self._charts.view)

    def _show_pane(self, value: object) -> None:
        kept, markup = self._pane, value_to_html(value)
        if markup is not None:
            if self._text is None:
                self._text = text_pane(markup)
            self._text.object = markup
            self._put(self._text)
            return
        has_pane = not isinstance(value, pn.viewable.Viewable)
        if has_pane and isinstance(kept, Pane) and Pane.get_pane_type(value) is type(kept):
            kept.object = value
            self._put(kept)
            return
        self._pane = pn.panel(value)
        self._put(self._pane)

    def _put(self, view: Any) -> None:
        if len(self._layout) != 1 or self._layout[0] is not view:
            self._layout[:] = [view]


def _origin_of(cell: Cell) -> Origin:
    """Return what a cell is called in SQL: its name, or its query where the reader may see that."""
    if cell.is_named:
        return Origin(cell.label)
    if isinstance(cell, SqlCell) and cell.on is None and is_author():
        return Origin(query=cell.query)
    return Origin()


def is_chart(value: object) -> bool:
    """Whether a value is an Altair chart; where Altair was never imported, nothing is."""
    altair: Any = sys.modules.get("altair")  # to import it here would take 0.2 s
    return altair is not None and isinstance(value, altair.TopLevelMixin)
