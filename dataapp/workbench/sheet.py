"""One query on the page: its editor, the controls of its parameters, its chart and its rows."""

from collections.abc import Callable
from typing import Any, Protocol

import panel as pn

from dataapp.app.sessions import call_later
from dataapp.compile.spans import line_and_column
from dataapp.errors import Cancelled, CycleError, DataAppError
from dataapp.runtime.outcomes import Blocked, Done, Failed
from dataapp.runtime.session import Job, Session
from dataapp.views.bodies import TableBody
from dataapp.views.card import Card
from dataapp.views.faults import FAULT_STYLE, error_to_fault
from dataapp.workbench.book import Query, circular_reference
from dataapp.workbench.chart_picker import ChartPicker
from dataapp.workbench.controls import Control
from dataapp.workbench.editor.editor import SqlEditor
from dataapp.workbench.queries import Queries
from dataapp.workbench.quick_chart import ChartSpec
from dataapp.workbench.toolbar import Toolbar

_HEIGHT = 380  # pixels of a long result
_BELOW = (0, 0, 10, 0)
_PATIENCE = 0.15  # seconds that a query runs before the page says so
_WIDE = 420  # pixels of a slider that says two moments
_STYLE = """
:host { flex: none !important; height: auto !important; max-height: none !important;
  box-sizing: border-box; padding: 12px; border-radius: 8px; border: 1px solid
  color-mix(in srgb, var(--panel-on-surface-color, #1f2328) 14%, var(--panel-surface-color, #fff)); }
"""


class Page(Protocol):
    """What a sheet tells the page that it stands on."""

    def edited(self, sheet: "Sheet") -> None:
        """Something was typed."""
        ...

    def has_shown(self) -> None:
        """Rows are on screen."""
        ...

    def has_run(self, sheet: "Sheet", text: str) -> None:
        """The query has another text."""
        ...

    def renamed(self, sheet: "Sheet", name: str) -> None:
        """The reader wants another name; raises when it cannot be had."""
        ...

    def removed(self, sheet: "Sheet") -> None:
        """The reader wants the query to go."""
        ...


class Sheet:
    """A query that can be edited and run.

    Args:
        queries: The queries of the page.
        session: Runs them.
        name: Which query this is.
        page: What it stands on.
    """

    def __init__(self, queries: Queries, session: Session, name: str, page: Page) -> None:
        self._queries = queries
        self._session = session
        self._page = page
        self._job: Job | None = None
        self._checking: Job | None = None
        self._drawing: Job | None = None
        self._is_kept_from_rows = False
        self._is_due = False
        self._is_busy = False
        self._is_telling = False
        self._chart: object | None = None
        self._body: TableBody | None = None
        self.name = name
        query = queries.book.query(name)
        self.editor = SqlEditor(
            value=query.sql,
            label=f"SQL of {name}",
            min_lines=3,
            max_lines=24,
            sizing_mode="stretch_width",
            margin=(10, 0),
        )
        self.editor.on_run(lambda _text: self.run())
        self.editor.param.watch(lambda _: self._typed(), "value")
        self._fault = pn.pane.HTML(
            "", visible=False, margin=_BELOW, sizing_mode="stretch_width", stylesheets=[FAULT_STYLE]
        )
        self._controls = pn.FlexBox(
            gap="4px 24px", align_items="center", sizing_mode="stretch_width", visible=False, margin=_BELOW
        )
        self._picker = ChartPicker(self._choose)
        self._chart_slot = pn.Column(visible=False, margin=_BELOW, sizing_mode="stretch_width")
        cell = queries.live.cell(name)
        self.card = Card(session, cell, {cell: "table"}, self._make_body, looked=self._settle_soon, margin=0)
        self._toolbar = Toolbar(name, self)
        self.view: Any = pn.Column(
            self._toolbar.view,
            self.editor,
            self._fault,
            self._controls,
            self._chart_slot,
            self.card,
            sizing_mode="stretch_width",
            margin=(8, 8, 16, 8),
            stylesheets=[_STYLE],
        )

    @property
    def last_run(self) -> str:
        """The text that gave what is shown."""
        return self._queries.book.query(self.name).sql

    # What the page asks for.

    def run(self) -> None:
        """Run the query as it stands in the editor; one that is wrong changes nothing."""
        name, text = self.name, self.editor.value
        self._give_up()
        self._toolbar.status.begin()
        self._show_busy(is_busy=True)

        def prepare(_cancel: object) -> tuple[Control, ...]:
            self._queries.check(name, text)
            return self._queries.fitting_controls(name, text)

        self._job = self._session.submit(prepare, lambda controls: self._apply(text, controls), self._refuse)

    def stop(self) -> None:
        """Stop what runs for this query."""
        self._give_up()
        self.card.stop()
        self._end("stopped")

    def toggle_chart(self) -> None:
        """Draw a chart that suits the rows, or take the chart away."""
        if self._queries.book.query(self.name).chart is not None:
            self._queries.draw(self.name, None)
            self._hide_chart()
            return
        name = self.name

        def suggested(spec: ChartSpec | None) -> None:
            if spec is None:
                self._toolbar.status.end("there is nothing to draw")
            else:
                self._choose(spec)

        self._drawing = self._session.submit(lambda _: self._queries.suggest_chart(name), suggested, self._refuse)

    def rename(self, name: str) -> None:
        """Call the query otherwise; a name that it cannot have is refused on the page."""
        if name == self.name:
            self._toolbar.show_name_is_wrong(is_wrong=False)
            return
        try:
            self._page.renamed(self, name)
        except DataAppError as error:
            self._toolbar.show_name_is_wrong(is_wrong=True)
            self._say(error, None)
        else:
            self._toolbar.show_name_is_wrong(is_wrong=False)
            self._fault.visible = False

    def remove(self) -> None:
        """Take the query off the page."""
        self._page.removed(self)

    def show(self, query: Query, controls: list[Control]) -> None:
        """Take over what changed elsewhere: the name, the controls that stand here, the chart."""
        self.name = query.name
        self._toolbar.show_name(query.name)
        self.card.visible = bool(query.sql.strip())  # a query that is not written yet is no fault
        widgets: list[Any] = [pn.panel(self._queries.live.input(control.name)) for control in controls]
        for control, widget in zip(controls, widgets, strict=True):
            if control.widget == "DatetimeRangeSlider":
                widget.param.update(sizing_mode="stretch_width", max_width=_WIDE)  # narrower where the page is
        if list(self._controls) != widgets:
            self._controls[:] = widgets
            self._controls.visible = bool(widgets)
        if query.chart is None:
            self._hide_chart()
        else:
            self._draw(query.chart)

    def close(self) -> None:
        """Stop all work; nothing is shown afterwards."""
        self._give_up()
        for job in (self._checking, self._drawing):
            if job is not None:
                job.cancel()
        self.card.stop()

    # Running.

    def _apply(self, text: str, controls: tuple[Control, ...]) -> None:
        self._job = None
        try:
            self._queries.run(self.name, text, controls)
        except DataAppError as error:
            self._refuse(error)
            return
        self._fault.visible = False
        self._mark(None)
        self.card.resume()
        self._session.refresh()  # files may have changed
        self._page.has_run(self, text)
        self._settle()

    def _refuse(self, error: Exception) -> None:
        if isinstance(error, Cancelled):
            return
        self._job = None
        self._end("failed")
        self._say(error, self.editor.value)
        self._mark(error)

    def _say(self, error: Exception, text: str | None) -> None:
        fault = error_to_fault(error, self.name, text, is_author=True)
        self._fault.param.update(object=fault.to_html(), visible=True)

    def _give_up(self) -> None:
        if self._job is not None:
            self._job.cancel()
            self._job = None

    def _make_body(self, take_error: Callable[[Exception | None], None]) -> TableBody:
        cell = self._queries.live.cell(self.name)
        self._body = TableBody(self._session, cell, take_error, height=_HEIGHT)
        self._body.explorer.param.watch(lambda *_: self._settle(), ["status", "rows"])
        return self._body

    def _settle_soon(self) -> None:
        """Settle when the card is done: it also looks while a page is being put together, which nothing may change."""
        if not self._is_due:
            self._is_due = True
            call_later(0, self._settle)

    def _settle(self) -> None:
        """Bring what is said of the query in line with what became of it."""
        self._is_due = False
        if self._body is None or self._job is not None or not self.last_run.strip():
            return
        look = self.card.look()
        match None if look is None else look.outcome:
            case _ if look is not None and look.is_stale:
                self._begin()
            case Failed(error):
                self._keep_from_rows("failed", error)
            case Blocked(_, error):
                self._keep_from_rows("blocked", error)
            case Done(value) if not self.card.shows(value):  # it will be told, and then look
                self._begin()
            case _:
                self._settle_rows(self._body)

    def _settle_rows(self, body: TableBody) -> None:
        if self._is_kept_from_rows:
            self._is_kept_from_rows = False
            self._mark(None)
        explorer = body.explorer
        match explorer.status:
            case "running":
                self._begin()
            case "fresh" if explorer.rows is not None:
                self._toolbar.status.end_with_rows(explorer.rows)
                self._show_busy(is_busy=False)
                self._page.has_shown()
            case "failed":
                self._keep_from_rows("failed", explorer.error)
            case _:
                pass

    def _keep_from_rows(self, said: str, error: Exception | None) -> None:
        self._is_kept_from_rows = True
        self._end(said)
        if self.editor.value == self.last_run:  # else its places are not those of the text on screen
            self._mark(error)

    def _begin(self) -> None:
        if not self._toolbar.status.is_running:
            self._toolbar.status.begin()
        self._show_busy(is_busy=True)

    def _end(self, said: str) -> None:
        self._toolbar.status.end(said)
        self._show_busy(is_busy=False)

    def _show_busy(self, *, is_busy: bool) -> None:
        """Say whether something runs; what is over soon is not said to run, so that nothing flickers."""
        self._is_busy = is_busy
        if not is_busy:
            self._tell_busy()
        elif not self._is_telling:
            self._is_telling = True
            call_later(_PATIENCE, self._tell_busy)

    def _tell_busy(self) -> None:
        self._is_telling = False
        if self.editor.busy != self._is_busy:
            self.editor.busy = self._is_busy
            self._toolbar.show_busy(is_busy=self._is_busy)

    # Typing.

    def _typed(self) -> None:
        self._page.edited(self)
        name, text = self.name, self.editor.value
        if self._checking is not None:
            self._checking.cancel()
        self._checking = self._session.submit(
            lambda _: self._queries.check(name, text) if text.strip() else None,
            lambda _: self._mark(None),
            self._mark,
        )

    def _mark(self, error: Exception | None) -> None:
        """Mark the place of an error in the editor."""
        if error is None:
            self.editor.diagnostics = []
            return
        if not isinstance(error, DataAppError):
            return
        line, column = error.line, error.column
        if isinstance(error, CycleError):  # which is in no single query: each shows the name that leads back to it
            span = circular_reference(self._queries.book, self.name, self._queries.parser)
            if span is None:
                return
            line, column = line_and_column(self.last_run, span.start)
        elif error.cell not in (None, self.name):
            return
        message = error.message if error.hint is None else f"{error.message}\n{error.hint}"
        place = {"line": line or 1, "column": column or 1}
        self.editor.diagnostics = [{**place, "message": message, "severity": "error"}]

    # The chart.

    def _choose(self, spec: ChartSpec) -> None:
        self._queries.draw(self.name, spec)
        self._draw(spec)

    def _draw(self, spec: ChartSpec) -> None:
        name = self.name
        if self._drawing is not None:
            self._drawing.cancel()

        def known(columns: Any) -> None:
            self._picker.offer(name, spec, columns)
            shown = (name, spec, columns)
            if self._chart == shown:
                return
            try:
                chart = self._queries.live.chart(name, columns)
            except DataAppError:  # which the picker says
                self._chart = None
                self._chart_slot[:] = [self._picker.view]
            else:
                self._chart = shown
                self._chart_slot[:] = [self._picker.view, pn.panel(chart)]
            self._chart_slot.visible = True
            self._toolbar.show_chart(is_shown=True)

        self._drawing = self._session.submit(lambda _: self._queries.columns(name), known, lambda _: None)

    def _hide_chart(self) -> None:
        self._chart = None
        self._chart_slot.visible = False
        self._chart_slot[:] = []
        self._toolbar.show_chart(is_shown=False)
