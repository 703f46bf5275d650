"""A chart on a page: runs the chart's plan when relations settle, and hands selections back."""

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, cast

import altair as alt
import param

from dataapp.cells.predicate import PredicateCell
from dataapp.engines.consolidation import Expectation
from dataapp.engines.duckdb import Reader
from dataapp.engines.relation import Column, Relation
from dataapp.errors import Cancelled, ChartError
from dataapp.runtime.limits import start_timer
from dataapp.views.chart.canvas import ChartCanvas
from dataapp.views.chart.dataset import Dataset, Ends
from dataapp.views.chart.drags import Drags
from dataapp.views.chart.explanation import plan_to_text
from dataapp.views.chart.following import Following, Later
from dataapp.views.chart.packing import packed, rows_to_ipc
from dataapp.views.chart.plan import Plan
from dataapp.views.chart.plans import Plans
from dataapp.views.chart.pushdown.groups import TYPES
from dataapp.views.chart.schema import CellData, find_cell_data
from dataapp.views.chart.selection import (
    Selected,
    message_to_selected,
    on_pixels,
    selectable_parameters,
    selected_to_message,
)
from dataapp.views.chart.takes.asked import AskedKind, chart_name, part_columns, rows_file, spec_file
from dataapp.views.chart.window import Window, message_to_window
from dataapp.views.jobs import Cancel, Handle, Submit, note_failure

type Columns = Mapping[CellData, tuple[Column, ...]]
type OnSelection = Callable[[str, Selected | None], None]

_MOST_MOVES = 100_000  # of which a page may tell at once: more are none of a hand's


@dataclass(frozen=True, slots=True, weakref_slot=True)
class Payload:
    """Rows of a dataset as they travel, which all sessions share that draw the same.

    Attributes:
        data: An Arrow stream.
        is_thinned: Whether a part of them may be had in more detail, or all for another width.
        ends: See `Dataset.ends`.
    """

    data: bytes
    is_thinned: bool = False
    ends: Ends | None = None


@dataclass(frozen=True, slots=True)
class _Picture:
    """A plan and the rows that fill it."""

    plan: Plan
    plans: Plans
    payloads: tuple[Payload, ...]

    @property
    def columns(self) -> Columns:
        """The columns of each cell."""
        return self.plans.columns

    @property
    def selectable(self) -> dict[str, Column]:
        """The columns that selections may be over: the cells', and others that transforms make in the engine."""
        columns = {column.name: column for known in self.columns.values() for column in known}
        made = [one for dataset in self.plan.datasets for one in dataset.columns if one.name in dataset.derived]
        return {one.name: Column(one.name, TYPES[one.kind]) for one in made if one.kind in TYPES} | columns

    def was_thinned(self, dataset: Dataset) -> bool:
        """Whether the rows of a line were more than travel."""
        known = zip(self.plan.datasets, self.payloads, strict=True)
        return dataset.thinned is not None and any(
            payload.is_thinned and one.thinned == dataset.thinned for one, payload in known
        )

    def ends(self, dataset: Dataset) -> Ends | None:
        """Return between which values the bins of a dataset lay."""
        known = zip(self.plan.datasets, self.payloads, strict=True)
        return next((payload.ends for one, payload in known if one.question == dataset.question), None)

    def explain(self) -> str:
        """Return, for people, what ran where and what travels."""
        return plan_to_text(self.plan, [payload.data for payload in self.payloads])


class ChartView(param.Parameterized):
    """Shows an Altair chart over cells, and replaces its data in place.

    A Panel object: it goes into any layout. Everything here is called on the document's thread; queries run where
    `submit` puts them. A picture stays until the next one is complete. While nobody sees the chart, it draws nothing;
    it draws the newest rows when somebody does.

    Args:
        chart: Any Altair chart over data of cells.
        submit: Runs jobs on worker threads and calls back on the document's thread.
        on_selection: Called with name and value when a viewer selects something: ``{column: [low, high]}`` for an
            interval over numbers or times, ``{column: values}`` for categories and points, None when it is cleared.
        on_press: Called when a viewer presses the pointer where it may drag over something.
        when_idle: Calls a function when all that a selection changed is there.
        drags: What moves on the page by itself: charts that follow may be drawn there alone meanwhile.
        later: Calls a function on the document's thread after some seconds.
        params: Parameters of `panel.viewable.Viewable` for the chart, such as `margin`.
    """

    status = param.Selector(
        default="empty", objects=["empty", "running", "fresh", "failed"], constant=True, doc="What the picture is."
    )
    error = param.ClassSelector(
        default=None, class_=Exception, allow_None=True, constant=True, doc="Why there is no new picture."
    )

    def __init__(
        self,
        chart: alt.TopLevelMixin,
        submit: Submit,
        *,
        on_selection: OnSelection | None = None,
        on_press: Callable[[], None] = lambda: None,
        when_idle: Callable[[Callable[[], None]], None] = lambda call: call(),
        drags: Drags | None = None,
        later: Later = start_timer,
        **params: Any,
    ) -> None:
        super().__init__()
        self._chart = chart
        self._submit = submit
        self._on_selection = on_selection
        self._on_press = on_press
        self._when_idle = when_idle
        self._drags = Drags() if drags is None else drags
        self._movers: dict[str, PredicateCell] = {}  # by selection, what others read of it
        self._following = Following(submit, self._drags, self._send_tiles, self._begin, later, when_idle)
        self._handle: Handle | None = None
        self._asker = object()  # which the engine knows this chart's questions by
        self._expected: list[Expectation] = []
        self._keys: dict[CellData, object] | None = None
        self._picture: _Picture | None = None
        self._revision = 0
        self._has_listener = False
        self._plan_number = 0
        self._selected: dict[str, Selected | None] = {}
        self._relations: Mapping[CellData, Relation] = {}
        self._taking: Handle | None = None  # one file at a time: a newer wish takes the place of an older one
        self._labels: dict[str, str] = {}
        self._canvas = ChartCanvas(self._receive, **{"sizing_mode": "stretch_width", "margin": 0} | params)
        self._is_put_off = False
        self._window = Window()
        self.sight = self._canvas.sight
        self.sight.watch(self._sight_changed)

    @property
    def _name(self) -> str:
        return chart_name(next((data.source for data in find_cell_data(self._chart)), "chart"))

    def __panel__(self) -> ChartCanvas:
        return self._canvas

    def show(self, relations: Mapping[CellData, Relation]) -> None:
        """Draw other rows. The picture on screen stays until they are there; a run that is under way is stopped.

        Args:
            relations: What each cell in the chart now stands for.
        """
        keys: dict[CellData, object] = {data: relation.key for data, relation in relations.items()}
        if keys == self._keys and self.status in {"running", "fresh"}:
            return
        missing = [data for data in find_cell_data(self._chart) if data not in relations]
        if missing:
            raise ChartError(f"The chart also reads {missing[0].source}, of which it was given no rows.")
        self._stop()
        self._keys = keys
        self._relations = dict(relations)
        if self._following.show(self._relations):
            self._report("fresh")
        else:
            self._begin()

    def _begin(self) -> None:
        """Draw, or do so when somebody sees it."""
        if self.sight.is_seen:
            self._start()
        else:
            self._is_put_off = True
        self._report("running")

    def _start(self) -> None:
        known, chosen, window, asker = self._picture, self._relations, self._window, self._asker
        found = [relation.engine.scans.expect_again(asker, relation) for relation in chosen.values()]
        expected = self._expected = [one for one in found if one is not None]  # one scan may answer other charts, too

        def draw(cancel: Cancel) -> _Picture:
            try:
                for one in expected:
                    cancel.on_cancel(one.drop)
                return _draw(self._chart, chosen, known, cancel, window, asker)
            finally:
                for one in expected:
                    one.drop()

        self._handle = self._submit(draw, self._take, self._fail)

    def _sight_changed(self) -> None:
        if self.sight.is_seen and self._is_put_off:
            self._is_put_off = False
            self._start()
        elif not self.sight.is_seen and self.status == "running":
            self._stop()
            self._is_put_off = True

    def select(self, name: str, value: Mapping[str, list[Any]] | None) -> None:
        """Select something from Python, without hearing back: from a link, or as the mirror of another chart."""
        self._selected[name] = dict(value) if value else None
        self._canvas.send({"type": "select", "name": name, "value": selected_to_message(value)})

    def explain(self) -> str:
        """Return, for people, what ran where for the picture on screen, and what travelled for it."""
        return "There is no picture yet." if self._picture is None else self._picture.explain()

    def moves(self, name: str, predicate: PredicateCell) -> None:
        """Say what others read of a selection: they may be drawn on the page alone while it is dragged.

        For use before the first rows are shown.
        """
        self._movers[name] = predicate

    def label(self, name: str, label: str) -> None:
        """Say what a selection is called; the page shows then under the chart what is selected, and clears it there.

        For use before the first rows are shown.
        """
        self._labels[name] = label

    def close(self) -> None:
        """Stop all work and let the rows go; the chart shows nothing new afterwards."""
        self._stop()
        self._stop_taking()
        self._following.close()
        self._let_go()
        self._picture = self._keys = None
        self._relations = {}

    def _stop(self) -> None:
        self._is_put_off = False
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None
        for one in self._expected:
            one.drop()

    def _report(self, status: str, error: Exception | None = None) -> None:
        with param.edit_constant(self):
            self.param.update(status=status, error=error)

    def _take(self, picture: _Picture) -> None:
        is_new = self._picture is None or self._picture.plan is not picture.plan
        self._picture = picture
        self._revision += 1
        self._plan_number += is_new
        if self._has_listener:  # before, nobody hears it; a page asks for all as soon as it can draw
            self._send(whole=is_new)
        if is_new:
            self._following.drop()
        self._report("fresh")
        if not any(payload.is_thinned for payload in picture.payloads):
            ends = (payload.ends for payload in picture.payloads)
            self._following.drawn(list(zip(picture.plan.datasets, ends, strict=True)))

    def _send_tiles(self, tiles: dict[str, object] | None) -> None:
        if self._has_listener:
            self._canvas.send({"type": "tiles", "plan": self._plan_number, **(tiles or {"mover": None})})

    def _fail(self, error: Exception) -> None:
        self._keys = None  # showing the same again is a new attempt
        self._report("failed", error)

    def _send(self, *, whole: bool) -> None:
        picture = self._picture
        if picture is None:
            return
        message: dict[str, object] = {
            "type": "chart",
            "revision": self._revision,
            "plan": self._plan_number,
            "datasets": [
                {"name": dataset.name, "kinds": _kinds(dataset), "data": packed(payload.data)}
                for dataset, payload in zip(picture.plan.datasets, picture.payloads, strict=True)
            ],
        }
        if whole:
            message["spec"] = picture.plan.spec
            message["window"] = {
                "ends": self._window.ends,
                "columns": self._window.columns,
                "width": self._window.width,
                "fits": any(dataset.fits for dataset in picture.plan.datasets),
            }
            message["parameters"] = [
                {"name": name, "kind": kind, "label": self._labels.get(name), "moves": self._called(name)}
                for name, (kind, _) in self._parameters(picture).items()
            ]
            message["name"], message["parts"] = self._name, part_columns(picture.plan)
            message["selections"] = {name: selected_to_message(value) for name, value in self._selected.items()}
        self._canvas.send(message)
        if whole:
            self._following.send()

    def _called(self, name: str) -> str | None:
        """Return what the page calls what others read of a selection, or None if nothing does."""
        return self._drags.name(self._movers[name]) if name in self._movers else None

    def _receive(self, message: object) -> None:
        """Take a message of the browser. What has not the shape of one is ignored: anybody can send anything."""
        if not isinstance(message, dict):
            return
        match cast("dict[object, object]", message):
            case {"type": "ready"}:
                self._has_listener = True
                self._let_go()
                self._send(whole=True)
            case {"type": "selection", "name": str(name), "value": value}:
                known = cast("dict[object, object]", message)
                is_held = known.get("answer") is True
                self._select_from_browser(name, value, known.get("steps"), known.get("names"), is_held=is_held)
                if known.get("answer") is True:
                    self._when_idle(lambda: self._canvas.send({"type": "answered"}))
            case {"type": "press"}:
                self._on_press()
            case {"type": "release"}:
                self._let_go()
            case {"type": "unlike", "tiles": int(number)}:
                self._following.give_up(number)
            case {"type": "drawn", "tiles": int(number), "moves": int(moves)} if 0 < moves <= _MOST_MOVES:
                self._following.note(number, moves)
            case {"type": "take", "ticket": int(ticket), "kind": "json" | "csv" | "parquet" as kind, "part": int(part)}:
                self._take_away(ticket, cast("AskedKind", kind), part)
            case {"type": "window", "plan": int(plan), "ends": dict(ends)} if plan == self._plan_number:
                known = cast("dict[object, object]", message)
                self._look(
                    message_to_window(cast("dict[object, object]", ends), known.get("columns"), known.get("width"))
                )
            case {"type": "problem", "plan": int(plan), "message": str(text)} if plan in {0, self._plan_number}:
                self._following.drop()
                self._fail(ChartError(f"The browser could not draw the chart: {text[:500]}"))
            case _:
                pass

    def _look(self, window: Window) -> None:
        """Draw what a page shows in as much detail as it has pixels for, where rows were left out."""
        picture = self._picture
        if picture is None:
            return
        known, self._window = self._window, window
        datasets = zip(picture.plan.datasets, picture.payloads, strict=True)
        may_be = self.status == "running"  # the rows that come may be more
        if any((payload.is_thinned or may_be) and one.seen(known) != one.seen(window) for one, payload in datasets):
            self._stop()
            self._begin()

    def _take_away(self, ticket: int, kind: AskedKind, part: int) -> None:
        """Make a file for the page."""
        picture, relations = self._picture, self._relations
        if picture is None or not 0 <= part < len(part_columns(picture.plan)):
            return
        self._stop_taking()
        window, is_ahead = self._window, self._following.is_ahead

        def make(cancel: Cancel) -> bytes:
            if kind == "json":
                drawn = _draw(self._chart, relations, picture, cancel, window) if is_ahead else picture
                return spec_file(self._chart, drawn.plan, [payload.data for payload in drawn.payloads])
            return rows_file(picture.plan, picture.columns, relations, kind, part, cancel)

        def fail(error: Exception) -> None:
            note_failure("file", error)
            message = error.message if isinstance(error, ChartError) else "The file could not be made"
            self._canvas.send({"type": "file", "ticket": ticket, "message": message})

        def give(data: bytes) -> None:
            self._canvas.send({"type": "file", "ticket": ticket, "name": f"{self._name}.{kind}", "bytes": data})

        self._taking = self._submit(make, give, fail)

    def _stop_taking(self) -> None:
        if self._taking is not None:
            self._taking.cancel()
            self._taking = None

    def _let_go(self) -> None:
        """No pointer drags over the chart."""
        for mover in self._movers.values():
            self._drags.release(mover)

    def _select_from_browser(self, name: str, value: object, steps: object, names: object, *, is_held: bool) -> None:
        picture = self._picture
        found = self._parameters(picture).get(name) if picture is not None else None
        if picture is None or found is None:
            return
        _, parameter = found
        columns = picture.selectable
        try:
            selected = message_to_selected(value, parameter, columns, names)
            if selected is not None:
                selected = on_pixels(selected, steps, columns, names)
        except (ValueError, OverflowError):  # of an axis that no clock reaches
            return
        if is_held and name in self._movers:
            self._drags.hold(self._movers[name])
        if name in self._selected and self._selected[name] == selected:
            return
        self._selected[name] = selected
        if self._on_selection is not None:
            self._on_selection(name, selected)

    @staticmethod
    def _parameters(picture: _Picture) -> dict[str, tuple[str, dict[str, Any]]]:
        found: dict[str, tuple[str, dict[str, Any]]] = {}
        for parameter in selectable_parameters(picture.plan.spec):
            select = parameter["select"]
            found[parameter["name"]] = (select if isinstance(select, str) else select["type"], parameter)
        return found


def chart_to_payloads(chart: alt.TopLevelMixin, relations: Mapping[CellData, Relation], cancel: Cancel) -> list[bytes]:
    """Return the rows of each dataset of a chart, as they travel."""
    return [payload.data for payload in _draw(chart, relations, None, cancel).payloads]


def explain_chart(chart: alt.TopLevelMixin, relations: Mapping[CellData, Relation], cancel: Cancel) -> str:
    """Return, for people, what runs where for a chart of these rows, and what travels."""
    return _draw(chart, relations, None, cancel).explain()


def _draw(
    chart: alt.TopLevelMixin,
    relations: Mapping[CellData, Relation],
    known: _Picture | None,
    cancel: Cancel,
    window: Window | None = None,
    asker: object = None,
) -> _Picture:
    """Run the chart's plan; a plan made for the same columns is used again."""
    with ExitStack() as opened:
        readers = {data: opened.enter_context(relation.open()) for data, relation in relations.items()}
        for reader in readers.values():
            reader.asker = asker
            cancel.on_cancel(reader.cancel)
        columns = {data: reader.describe() for data, reader in readers.items()}
        plans = known.plans if known is not None and known.columns == columns else Plans(chart, columns)

        def fetch(dataset: Dataset) -> Payload:
            if cancel.cancelled:
                raise Cancelled
            was_thinned = known is not None and known.was_thinned(dataset)
            ends = known.ends(dataset) if known is not None and dataset.binnings else None
            return _payload(dataset, readers[dataset.data], window or Window(), ends, was_thinned=was_thinned)

        plan, payloads = plans.fill(fetch)
        return _Picture(plan, plans, tuple(payloads))


def _payload(dataset: Dataset, reader: Reader, window: Window, ends: Ends | None, *, was_thinned: bool) -> Payload:
    def make() -> Payload:
        table, is_thinned = dataset.fetch_zoomed(reader.fetch, window, was_thinned=was_thinned, ends=ends)
        return Payload(rows_to_ipc(table), is_thinned, dataset.ends(table))

    return reader.shared(("chart", dataset.question, dataset.seen(window)), make, lambda payload: len(payload.data))


def _kinds(dataset: Dataset) -> dict[str, str]:
    return {column.name: str(column.kind) for column in dataset.columns}
