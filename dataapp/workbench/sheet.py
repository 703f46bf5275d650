"""One query on the page: its editor, the controls of its parameters, its chart and its rows."""

from collections.abc import Callable
from time import monotonic
from typing import Any, Protocol

import panel as pn

from dataapp.errors import Cancelled, DataAppError
from dataapp.runtime.session import Job, Session
from dataapp.views.bodies import TableBody
from dataapp.views.card import Card
from dataapp.views.faults import FAULT_STYLE, error_to_fault
from dataapp.workbench.book import Query
from dataapp.workbench.chart_picker import ChartPicker
from dataapp.workbench.controls import Control
from dataapp.workbench.editor.editor import SqlEditor
from dataapp.workbench.queries import Queries
from dataapp.workbench.quick_chart import ChartSpec, suggest_chart

_HEIGHT = 380  # pixels of a long result
_BELOW = (0, 0, 10, 0)
_WIDE = 420  # pixels of a slider that says two moments
_SMALL: dict[str, Any] = {"size": "small", "margin": 0}
_STYLE = """
:host { flex: none !important; height: auto !important; max-height: none !important;
  box-sizing: border-box; padding: 12px; border-radius: 8px; border: 1px solid
  color-mix(in srgb, var(--panel-on-surface-color, #1f2328) 14%, var(--panel-surface-color, #fff)); }
"""
_STATUS_STYLE = """
:host { font-size: 12px; opacity: .7; white-space: nowrap; font-variant-numeric: tabular-nums; }
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
        self._began_at = 0.0
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
        self.card = Card(
            session, queries.live.cell(name), {queries.live.cell(name): "table"}, self._make_body, margin=0
        )
        self.view: Any = pn.Column(
            self._toolbar(),
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
        self._busy(is_busy=True)

        def prepare(_cancel: object) -> tuple[Control, ...]:
            self._queries.check(name, text)
            return self._queries.fitting_controls(name, text)

        self._job = self._session.submit(prepare, lambda controls: self._apply(text, controls), self._refuse)

    def stop(self) -> None:
        """Stop what runs for this query."""
        self._give_up()
        self.card.stop()
        self._busy(is_busy=False)
        self._status.object = "stopped"

    def show(self, query: Query, controls: list[Control]) -> None:
        """Take over what changed elsewhere: the name, the controls that stand here, the chart."""
        self.name = query.name
        self._name.value = query.name
        self.card.visible = bool(query.sql.strip())  # a query that is not written yet is no fault
        widgets: list[Any] = [pn.panel(self._queries.live.input(control.name)) for control in controls]
        for control, widget in zip(controls, widgets, strict=True):
            if control.widget == "DatetimeRangeSlider":
                widget.width = _WIDE
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
        self._explored()

    def _refuse(self, error: Exception) -> None:
        if isinstance(error, Cancelled):
            return
        self._job = None
        self._busy(is_busy=False)
        fault = error_to_fault(error, self.name, self.editor.value, is_author=True)
        self._fault.param.update(object=fault.to_html(), visible=True)
        self._mark(error)

    def _give_up(self) -> None:
        if self._job is not None:
            self._job.cancel()
            self._job = None

    def _make_body(self, take_error: Callable[[Exception | None], None]) -> TableBody:
        cell = self._queries.live.cell(self.name)
        self._body = TableBody(self._session, cell, take_error, height=_HEIGHT)
        self._body.explorer.param.watch(lambda *_: self._explored(), ["status", "rows"])
        return self._body

    def _explored(self) -> None:
        if self._body is None or self._job is not None:
            return
        explorer = self._body.explorer
        match explorer.status:
            case "running":
                self._busy(is_busy=True)
            case "fresh" if explorer.rows is not None:
                taken = "" if not self._began_at else f" · {_seconds(monotonic() - self._began_at)}"
                self._status.object = f"{explorer.rows:,} {'row' if explorer.rows == 1 else 'rows'}{taken}"
                self._busy(is_busy=False)
                self._page.has_shown()
            case "failed":
                self._status.object = ""
                self._busy(is_busy=False)
                self._mark(explorer.error)
            case _:
                pass

    def _busy(self, *, is_busy: bool) -> None:
        if is_busy and not self.editor.busy:
            self._began_at = monotonic()
        elif not is_busy:
            self._began_at = 0.0
        self.editor.busy = is_busy
        self._run_button.visible = not is_busy
        self._stop_button.visible = is_busy

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
        elif isinstance(error, DataAppError) and error.cell in (None, self.name):
            message = error.message if error.hint is None else f"{error.message}\n{error.hint}"
            place = {"line": error.line or 1, "column": error.column or 1}
            self.editor.diagnostics = [{**place, "message": message, "severity": "error"}]

    # The chart.

    def _toggle_chart(self, _event: object) -> None:
        if self._queries.book.query(self.name).chart is not None:
            self._queries.draw(self.name, None)
            self._hide_chart()
            return
        name = self.name

        def suggested(spec: ChartSpec | None) -> None:
            if spec is None:
                self._status.object = "there is nothing to draw"
            else:
                self._choose(spec)

        self._drawing = self._session.submit(
            lambda _: suggest_chart(self._queries.columns(name)), suggested, self._refuse
        )

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
            self._chart_button.variant = "contained"

        self._drawing = self._session.submit(lambda _: self._queries.columns(name), known, lambda _: None)

    def _hide_chart(self) -> None:
        self._chart = None
        self._chart_slot.visible = False
        self._chart_slot[:] = []
        self._chart_button.variant = "outlined"

    # The toolbar.

    def _toolbar(self) -> Any:
        self._name = pn.ui.TextInput(value=self.name, label="Name", width=170, **_SMALL)
        self._name.param.watch(self._rename, "value")
        self._run_button = pn.ui.Button(label="Run", icon="play_arrow", color="primary", **_SMALL)
        self._run_button.on_click(lambda _: self.run())
        self._stop_button = pn.ui.Button(label="Stop", icon="stop", color="error", visible=False, **_SMALL)
        self._stop_button.on_click(lambda _: self.stop())
        self._chart_button = pn.ui.Button(label="Chart", icon="insert_chart", variant="outlined", **_SMALL)
        self._chart_button.on_click(self._toggle_chart)
        self._status = pn.pane.Str("", margin=0, stylesheets=[_STATUS_STYLE])
        remove = pn.ui.IconButton(icon="delete_outline", description="Remove the query", **_SMALL)
        remove.on_click(lambda _: self._page.removed(self))
        return pn.FlexBox(
            self._name,
            self._run_button,
            self._stop_button,
            self._chart_button,
            self._status,
            pn.Spacer(styles={"flex": "1"}),
            remove,
            gap="8px",
            align_items="center",
            flex_wrap="wrap",
            sizing_mode="stretch_width",
        )

    def _rename(self, event: Any) -> None:
        wanted = event.new.strip()
        if wanted == self.name:
            self._name.param.update(error_state=False)
            return
        try:
            self._page.renamed(self, wanted)
        except DataAppError as error:
            self._name.error_state = True
            fault = error_to_fault(error, self.name, None, is_author=True)
            self._fault.param.update(object=fault.to_html(), visible=True)
        else:
            self._name.error_state = False
            self._fault.visible = False


def _seconds(taken: float) -> str:
    """Return a time for people.

    Example:
        >>> _seconds(0.0832), _seconds(2.5), _seconds(75)
        ('83 ms', '2.5 s', '75 s')
    """
    if taken < 1:
        return f"{1000 * taken:.0f} ms"
    return f"{taken:.1f} s" if taken < 10 else f"{taken:.0f} s"
