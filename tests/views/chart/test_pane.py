import json
from base64 import b64decode
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from types import SimpleNamespace
from typing import Any, cast

import altair as alt
import pyarrow as pa
import pytest

from dataapp.engines.duckdb import DuckDB
from dataapp.engines.relation import Relation
from dataapp.errors import Cancelled, ChartError, QueryError
from dataapp.views.chart import binning, canvas, dataset, pane
from dataapp.views.chart.packing import rows_to_ipc
from dataapp.views.chart.pane import ChartView
from dataapp.views.chart.schema import CellData, chart
from dataapp.views.chart.selection import Selection
from dataapp.views.jobs import Cancel


@dataclass
class Job:
    """A submitted job that runs when the test says so; it is also what cancels it."""

    job: Callable[[Cancel], Any]
    done: Callable[[Any], None]
    failed: Callable[[Exception], None]
    cancelled: bool = False
    callbacks: list[Callable[[], None]] = field(default_factory=list[Callable[[], None]])

    def on_cancel(self, callback: Callable[[], None]) -> None:
        self.callbacks.append(callback)
        if self.cancelled:
            callback()

    def cancel(self) -> None:
        self.cancelled = True
        for callback in self.callbacks:
            callback()

    def run(self) -> None:
        try:
            value = self.job(self)
        except Exception as error:
            if not self.cancelled:
                self.failed(error)
        else:
            if not self.cancelled:
                self.done(value)


@dataclass
class Desk:
    """A view, what it submitted, what its page was sent, and what was heard of selections."""

    view: ChartView
    data: CellData
    jobs: list[Job]
    sent: list[dict[str, Any]]
    heard: list[tuple[str, Any]]

    def show(self, sql: str, *, run: bool = True) -> Job:
        self.view.show({self.data: Relation(sql, key=sql, engine=DuckDB())})
        if run:
            self.jobs[-1].run()
        return self.jobs[-1]

    def receive(self, message: object) -> None:
        self.view.__panel__()._handle_msg(message)

    @property
    def charts(self) -> list[dict[str, Any]]:
        return [message for message in self.sent if message["type"] == "chart"]

    def rows(self, index: int = -1) -> list[dict[str, Any]]:
        data = self.charts[index]["datasets"][0]["data"]
        return pa.ipc.open_stream(b64decode(data) if isinstance(data, str) else data).read_all().to_pylist()


@pytest.fixture
def unseen(tmp_path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A view whose page has not drawn it yet."""
    bundle = tmp_path / "vega.bundle.js"
    bundle.write_text("export function render() {}")
    monkeypatch.setattr(canvas, "_BUNDLE", bundle)
    over: alt.Chart = chart("numbers", lambda: ())
    over.data.selections.append(Selection("interval", x=True, name="brush"))
    jobs: list[Job] = []
    heard: list[tuple[str, Any]] = []

    def submit(job, done, failed):
        jobs.append(Job(job, done, failed))
        return jobs[-1]

    view = ChartView(over.mark_point().encode(x="x", y="y"), submit, on_selection=lambda *what: heard.append(what))
    made = Desk(view, over.data, jobs, [], heard)
    monkeypatch.setattr(view.__panel__(), "send", made.sent.append)
    return made


@pytest.fixture
def desk(unseen: Desk) -> Desk:
    unseen.receive({"type": "ready"})
    return unseen


ONE, TWO = "SELECT 1 AS x, 2 AS y", "SELECT 3 AS x, 4 AS y"


def test_first_picture_has_specification_and_rows(desk: Desk) -> None:
    desk.show(ONE)
    assert desk.view.status == "fresh"
    assert desk.charts[0]["spec"]["mark"] == {"type": "point"}
    assert desk.rows() == [{"x": 1.0, "y": 2.0}]


def test_next_rows_travel_without_a_specification(desk: Desk) -> None:
    desk.show(ONE)
    desk.show(TWO)
    assert "spec" not in desk.charts[1]
    assert desk.charts[0]["plan"] == desk.charts[1]["plan"]
    assert desk.rows() == [{"x": 3.0, "y": 4.0}]


def test_other_column_types_make_another_plan(desk: Desk) -> None:
    desk.show(ONE)
    desk.show("SELECT 'a' AS x, 4 AS y")
    assert desk.charts[1]["spec"]["encoding"]["x"]["type"] == "nominal"
    assert desk.charts[0]["plan"] != desk.charts[1]["plan"]


def test_equal_relation_is_not_run_again(desk: Desk) -> None:
    desk.show(ONE)
    desk.show(ONE, run=False)
    assert len(desk.jobs) == 1


def test_superseded_run_is_cancelled_and_its_rows_never_sent(desk: Desk) -> None:
    first = desk.show(ONE, run=False)
    desk.show(TWO)
    first.run()
    assert first.cancelled
    assert [desk.rows(index) for index in range(len(desk.charts))] == [[{"x": 3.0, "y": 4.0}]]


def test_cancelled_run_stops_before_its_query(desk: Desk) -> None:
    job = desk.show(ONE, run=False)
    job.cancel()
    with pytest.raises(Cancelled):
        job.job(job)


def test_failure_keeps_the_picture_and_tells_why(desk: Desk) -> None:
    desk.show(ONE)
    desk.show("SELECT error('no') AS x, 1 AS y")
    assert (desk.view.status, type(desk.view.error)) == ("failed", QueryError)
    assert len(desk.charts) == 1


def test_failed_relation_is_tried_again(desk: Desk) -> None:
    desk.show("SELECT error('no') AS x, 1 AS y")
    desk.show("SELECT error('no') AS x, 1 AS y")
    assert len(desk.jobs) == 2


def test_running_forgets_the_error(desk: Desk) -> None:
    desk.show("SELECT error('no') AS x, 1 AS y")
    desk.show(ONE, run=False)
    assert (desk.view.status, desk.view.error) == ("running", None)


def test_page_that_comes_later_gets_everything(desk: Desk) -> None:
    desk.show(ONE)
    desk.view.select("brush", {"x": [1.0, 2.0]})
    desk.receive({"type": "ready"})
    assert desk.charts[-1]["spec"] == desk.charts[0]["spec"]
    assert desk.charts[-1]["revision"] == desk.charts[0]["revision"]
    assert desk.charts[-1]["selections"] == {"brush": {"x": [1.0, 2.0]}}


def test_first_picture_travels_once_when_its_page_asks_after_it_is_there(unseen: Desk) -> None:
    unseen.show(ONE)
    assert unseen.charts == []
    unseen.receive({"type": "ready"})
    unseen.show(TWO)
    assert ["spec" in message for message in unseen.charts] == [True, False]


def test_page_before_any_rows_gets_nothing(desk: Desk) -> None:
    desk.receive({"type": "ready"})
    assert desk.sent == []


def test_selection_is_heard_typed_and_once(desk: Desk) -> None:
    desk.show(ONE)
    for _ in range(2):
        desk.receive({"type": "selection", "name": "brush", "value": {"x": [1, 2]}})
    desk.receive({"type": "selection", "name": "brush", "value": None})
    assert desk.heard == [("brush", {"x": [1.0, 2.0]}), ("brush", None)]


def test_selection_from_python_is_sent_and_not_heard(desk: Desk) -> None:
    desk.show(ONE)
    desk.view.select("brush", {"x": [1.0, 2.0]})
    desk.receive({"type": "selection", "name": "brush", "value": {"x": [1, 2]}})
    assert desk.sent[-1] == {"type": "select", "name": "brush", "value": {"x": [1.0, 2.0]}}
    assert desk.heard == []


@pytest.mark.parametrize(
    "message",
    [
        None,
        "ready",
        {},
        {"type": "selection"},
        {"type": "selection", "name": "other", "value": {"x": [1, 2]}},
        {"type": "selection", "name": ["brush"], "value": {"x": [1, 2]}},
        {"type": "selection", "name": "brush", "value": {"x": ["a", "b"]}},
        {"type": "selection", "name": "brush", "value": {"secret": [1, 2]}},
        {"type": "problem", "plan": 99, "message": "no"},
        {"type": "problem", "plan": 1, "message": ["no"]},
        {"type": "drop", "name": "brush"},
        {"type": "take", "ticket": 1, "kind": "csv", "part": 1},
        {"type": "take", "ticket": 1, "kind": "csv", "part": -1},
        {"type": "take", "ticket": 1, "kind": "exe", "part": 0},
        {"type": "take", "ticket": "1", "kind": "csv", "part": 0},
        {"type": "take", "ticket": 1, "kind": ["csv"], "part": 0},
    ],
)
def test_forged_messages_change_nothing(desk: Desk, message: object) -> None:
    desk.show(ONE)
    before = list(desk.sent)
    desk.receive(message)
    assert (desk.heard, desk.sent, desk.view.status) == ([], before, "fresh")


def test_selection_before_any_rows_is_ignored(desk: Desk) -> None:
    desk.receive({"type": "selection", "name": "brush", "value": {"x": [1, 2]}})
    assert desk.heard == []


def test_problem_in_the_browser_is_a_failure(desk: Desk) -> None:
    desk.show(ONE)
    desk.receive({"type": "problem", "plan": 1, "message": "no scale"})
    assert desk.view.status == "failed"
    assert "no scale" in str(desk.view.error)


def test_cell_without_a_relation_is_an_error(desk: Desk) -> None:
    with pytest.raises(ChartError, match="numbers"):
        desk.view.show({})


def test_closing_stops_the_run(desk: Desk) -> None:
    job = desk.show(ONE, run=False)
    desk.view.close()
    assert job.cancelled


MANY = "SELECT range::DOUBLE AS x, sin(range)::DOUBLE AS y FROM range(300000)"
FEW = f"{MANY} WHERE range < 10"


@pytest.fixture
def line(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Desk:
    view = ChartView(chart_line(desk.data), desk.view._submit)
    monkeypatch.setattr(view.__panel__(), "send", desk.sent.append)
    desk.view = view
    desk.receive({"type": "ready"})
    desk.show(MANY)
    return desk


def chart_line(data: CellData) -> alt.Chart:
    zooming = alt.selection_interval(name="zoom", bind="scales")
    return alt.Chart(cast("Any", data)).mark_line().encode(x="x:Q", y="y:Q").add_params(zooming)


def zoom(desk: Desk, ends: object, plan: int = 1, columns: object = 2_000) -> None:
    desk.receive({"type": "window", "plan": plan, "ends": {"zoom": ends}, "columns": columns})
    if not desk.jobs[-1].cancelled and desk.view.status == "running":
        desk.jobs[-1].run()


def inside(desk: Desk, low: float, high: float) -> int:
    return sum(low <= row["x"] <= high for row in desk.rows())


def test_a_line_that_is_zoomed_into_is_thinned_anew_for_what_is_in_sight(line: Desk) -> None:
    assert inside(line, 1000, 1999) < 100
    zoom(line, {"x": [1000.0, 2000.0]})
    assert inside(line, 1000, 1999) == 1000
    assert "spec" not in line.charts[-1]
    zoom(line, {})
    assert inside(line, 1000, 1999) < 100


def test_a_zoom_holds_for_the_next_rows(line: Desk) -> None:
    zoom(line, {"x": [1000.0, 2000.0]})
    line.show(MANY + " WHERE range <> 1500")
    assert inside(line, 1000, 1999) == 999


def test_a_zoom_while_few_rows_become_many_holds_for_them(line: Desk) -> None:
    line.show(FEW)
    under_way = line.show(MANY, run=False)
    zoom(line, {"x": [1000.0, 2000.0]})
    assert under_way.cancelled
    assert inside(line, 1000, 1999) == 1000


def test_a_zoom_into_few_rows_asks_nothing(line: Desk) -> None:
    line.show(FEW)
    jobs = len(line.jobs)
    zoom(line, {"x": [1000.0, 2000.0]})
    assert len(line.jobs) == jobs


@pytest.mark.parametrize(
    "ends",
    [{}, {"y": [0, 1]}, {"x": [2, 1]}, {"x": ["1", 2]}, {"x": [1]}, {"x": None}, {"x": [0, float("inf")]}, {3: [1, 2]}],
)
def test_a_zoom_that_says_nothing_asks_nothing(line: Desk, ends: object) -> None:
    zoom(line, ends)
    zoom(line, {"x": [1000.0, 2000.0]}, plan=7)
    line.receive({"type": "window", "plan": 1, "ends": {"zoom": 7, "x": [1000.0, 2000.0]}, "columns": 2_000})
    assert len(line.jobs) == 1


@pytest.mark.parametrize(("columns", "kept"), [(900, 900), (3_500, 3_500), (0, 2_000), ("9", 2_000), (10**9, 16_000)])
def test_a_line_is_thinned_to_the_pixels_of_the_screen(line: Desk, columns: object, kept: int) -> None:
    zoom(line, {}, columns=columns)
    assert len(line.jobs) == (1 if kept == 2_000 else 2)
    pixels = {min(kept - 1, int(row["x"] * kept / 299_999)) for row in line.rows()}
    assert (len(pixels), len(line.rows()) <= 4 * kept) == (kept, True)
    assert ("spec" in line.charts[-1]) is (kept == 2_000)


def test_a_raster_is_counted_for_the_width_of_the_page(desk: Desk) -> None:
    desk.show(MANY)
    assert desk.charts[-1]["window"]["fits"]

    def cells(width: object) -> int:
        desk.receive({"type": "window", "plan": 1, "ends": {}, "columns": 2_000, "width": width})
        if desk.view.status == "running":
            desk.jobs[-1].run()
        return len({row["x"] for row in desk.rows()})

    assert cells("wide") == 300  # of four pixels, as before the page says anything
    assert cells(400) == 100
    jobs = len(desk.jobs)
    assert cells(405.5) == 100
    assert cells(float("nan")) == 300
    assert len(desk.jobs) == jobs + 1


def test_a_page_that_asks_for_it_is_told_when_what_it_selected_is_there(desk: Desk) -> None:
    waiting: list[Callable[[], None]] = []
    desk.view._when_idle = waiting.append
    message = {"type": "selection", "name": "nothing", "value": None}
    desk.receive(message)
    desk.receive(message | {"answer": "yes"})
    assert waiting == []
    desk.receive(message | {"answer": True})
    assert {"type": "answered"} not in desk.sent
    [call] = waiting
    call()
    assert desk.sent[-1] == {"type": "answered"}


def test_a_width_is_asked_for_once_and_holds_for_zooms_and_for_the_next_rows(line: Desk) -> None:
    zoom(line, {}, columns=900)
    zoom(line, {}, columns=900)
    assert len(line.jobs) == 2
    zoom(line, {"x": [0.0, 100_000.0]}, columns=900)
    assert inside(line, 0, 99_999) <= 4 * 900
    line.show(MANY + " WHERE range <> 1500")
    assert inside(line, 0, 99_999) <= 4 * 900


def test_a_width_that_was_told_before_a_line_was_long_holds_when_it_is(line: Desk) -> None:
    line.show(MANY + " LIMIT 9")
    zoom(line, {}, columns=500)
    assert len(line.jobs) == 2
    line.show(MANY)
    assert 500 <= len(line.rows()) <= 2_000


def test_a_line_that_was_thinned_is_asked_for_once_when_it_moves(line: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    first = dataset.Dataset._first

    def noting(fetch: Any, query: str, *rest: Any) -> Any:
        asked.append(query)
        return first(fetch, query, *rest)

    monkeypatch.setattr(dataset.Dataset, "_first", staticmethod(noting))
    line.show(MANY + " WHERE range <> 1500")
    assert len(asked) == 1
    line.show(MANY + " LIMIT 9")
    assert len(line.rows()) == 9
    line.show(MANY)
    assert len(asked) == 1 + 2 + 2


@pytest.mark.parametrize(("made", "value"), [("datum.x * 2", [2.0, 4.0]), ("'n' + datum.t", ["na"])])
def test_what_a_transform_makes_is_selected_like_a_column(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, made: str, value: list[Any]
) -> None:
    kind = "Q" if isinstance(value[0], float) else "N"
    drawn = alt.Chart(cast("Any", desk.data)).mark_point().transform_calculate(z=made).encode(x=f"z:{kind}", y="y:Q")
    desk.view = ChartView(drawn, desk.view._submit, on_selection=lambda *what: desk.heard.append(what))
    monkeypatch.setattr(desk.view.__panel__(), "send", desk.sent.append)
    desk.receive({"type": "ready"})
    desk.show("SELECT 1 AS x, 2 AS y, 'a' AS t")
    desk.receive({"type": "selection", "name": "brush", "value": {"z": value}})
    assert desk.heard == [("brush", {"z": value})]


def test_a_column_of_the_cell_is_selected_as_what_it_is_there(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    base = alt.Chart(cast("Any", desk.data))
    other = base.transform_calculate(t="datum.x * 2").mark_bar().encode(x="t:Q", y="y:Q")
    desk.view = ChartView(base.mark_point().encode(x="t:T", y="y:Q") | other, desk.view._submit)
    desk.view._on_selection = lambda *what: desk.heard.append(what)
    monkeypatch.setattr(desk.view.__panel__(), "send", desk.sent.append)
    desk.receive({"type": "ready"})
    desk.show("SELECT 1 AS x, 2 AS y, TIMESTAMP '2024-01-01' AS t")
    desk.receive({"type": "selection", "name": "brush", "value": {"t": [0, 1000]}})
    [(_, value)] = desk.heard
    assert value == {"t": [datetime(1970, 1, 1), datetime(1970, 1, 1, 0, 0, 1)]}  # noqa: DTZ001


def test_bins_are_asked_for_once_while_they_are_as_before(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    first = dataset.Dataset._first
    extents: list[object] = []
    ends = binning.Extents.fetch

    def noting(fetch: Any, query: str, *rest: Any) -> Any:
        asked.append(query)
        return first(fetch, query, *rest)

    def noting_ends(self: binning.Extents, *rest: Any) -> Any:
        extents.append(self)
        return ends(self, *rest)

    monkeypatch.setattr(dataset.Dataset, "_first", staticmethod(noting))
    monkeypatch.setattr(binning.Extents, "fetch", noting_ends)
    drawn = alt.Chart(cast("Any", desk.data)).mark_bar().encode(x=alt.X("x:Q").bin(), y="count()")
    desk.view = ChartView(drawn, desk.view._submit)
    monkeypatch.setattr(desk.view.__panel__(), "send", desk.sent.append)
    desk.receive({"type": "ready"})
    desk.show("SELECT range::DOUBLE AS x FROM range(100)")
    assert (len(asked), len(extents)) == (1, 1)
    desk.show("SELECT range::DOUBLE AS x FROM range(98)")
    assert (len(asked), len(extents)) == (2, 1)
    assert [row["__count"] for row in desk.rows()] == [10.0] * 9 + [8.0, None]
    desk.show("SELECT range::DOUBLE AS x FROM range(1000)")
    assert (len(asked), len(extents)) == (4, 1)
    assert [row["__count"] for row in desk.rows()] == [100.0] * 10 + [None]


def test_more_pixels_never_make_too_many_rows_of_many_lines(line: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dataset, "MOST_ROWS", 10_000)
    zoom(line, {"x": [1000.0, 200_000.0]}, columns=8_000)
    assert (line.view.status, len(line.rows()) <= 10_000) == ("fresh", True)


def test_a_chart_that_nobody_sees_is_not_thinned_anew(line: Desk) -> None:
    seen = {"type": "seen", "root": "page", "view": "1"}
    line.view.sight.enter("page", SimpleNamespace(_detach_document=lambda: None))
    line.receive(seen | {"seen": False})
    zoom(line, {}, columns=900)
    assert len(line.jobs) == 1
    line.receive(seen | {"seen": True})
    assert len(line.jobs) == 2


def test_a_line_of_which_no_row_was_left_out_asks_nothing_when_it_is_zoomed_into(line: Desk) -> None:
    line.show("SELECT 1.0 AS x, 2.0 AS y")
    zoom(line, {"x": [1.0, 2.0]})
    assert len(line.jobs) == 2


def look(desk: Desk, *, is_seen: bool) -> None:
    canvas = desk.view.__panel__()
    root = next(iter(canvas._models), None) or canvas.get_root().ref["id"]
    desk.receive({"type": "seen", "root": root, "view": "view", "seen": is_seen})


def test_each_page_is_told_which_one_it_is(desk: Desk) -> None:
    roots: list[Any] = [desk.view.__panel__().get_root() for _ in range(2)]
    assert [root.data.root for root in roots] == [root.ref["id"] for root in roots]


def test_what_nobody_sees_is_not_run(desk: Desk) -> None:
    look(desk, is_seen=False)
    desk.view.show({desk.data: Relation(ONE, key=ONE, engine=DuckDB())})
    desk.view.show({desk.data: Relation(TWO, key=TWO, engine=DuckDB())})
    assert desk.jobs == []
    look(desk, is_seen=True)
    desk.jobs[-1].run()
    assert len(desk.jobs) == 1
    assert desk.rows() == [{"x": 3, "y": 4}]


def test_a_run_is_given_up_when_its_chart_goes_out_of_sight(desk: Desk) -> None:
    job = desk.show(ONE, run=False)
    look(desk, is_seen=False)
    assert job.cancelled
    look(desk, is_seen=True)
    desk.jobs[-1].run()
    assert desk.rows() == [{"x": 1, "y": 2}]


def test_what_is_up_to_date_is_not_run_again_when_it_comes_into_sight(desk: Desk) -> None:
    desk.show(ONE)
    look(desk, is_seen=False)
    look(desk, is_seen=True)
    assert len(desk.jobs) == 1


def test_what_was_closed_out_of_sight_stays_closed(desk: Desk) -> None:
    desk.show(ONE, run=False)
    look(desk, is_seen=False)
    desk.view.close()
    look(desk, is_seen=True)
    assert len(desk.jobs) == 1


def take(desk: Desk, kind: str) -> dict[str, Any]:
    desk.receive({"type": "take", "ticket": 7, "kind": kind, "part": 0})
    desk.jobs[-1].run()
    return desk.sent[-1]


def test_rows_are_taken_under_the_name_of_the_cell(desk: Desk) -> None:
    desk.show(ONE)
    assert take(desk, "csv") == {"type": "file", "ticket": 7, "name": "numbers.csv", "bytes": b"x,y\n1.0,2.0\n"}


def test_a_specification_is_taken_with_the_rows_on_screen(desk: Desk) -> None:
    desk.show(ONE)
    desk.show(TWO, run=False)
    held = json.loads(take(desk, "json")["bytes"])["datasets"]
    assert list(held.values()) == [[{"x": 1, "y": 2}]]


@pytest.mark.parametrize(("stated", "taken"), [({}, None), ({"width": "container"}, 600), ({"width": 100}, 100)])
def test_a_specification_is_taken_with_the_width_that_is_saved(desk: Desk, stated: Any, taken: int | None) -> None:
    desk.view._chart = desk.view._chart.properties(**stated)
    desk.show(ONE)
    assert json.loads(take(desk, "json")["bytes"]).get("width") == taken


def test_a_page_knows_what_can_be_taken(desk: Desk) -> None:
    desk.show(ONE)
    assert (desk.charts[0]["name"], desk.charts[0]["parts"]) == ("numbers", [["x", "y"]])


def test_a_file_that_cannot_be_made_is_told_and_the_picture_stays(desk: Desk, monkeypatch) -> None:
    desk.show(ONE)
    monkeypatch.setattr(pane, "rows_file", lambda *what: 1 / 0)
    assert take(desk, "csv") == {"type": "file", "ticket": 7, "message": "The file could not be made"}
    assert desk.view.status == "fresh"


def test_a_newer_wish_stops_an_older_one_and_so_does_closing(desk: Desk) -> None:
    desk.show(ONE)
    for ticket in (1, 2):
        desk.receive({"type": "take", "ticket": ticket, "kind": "csv", "part": 0})
    assert [job.cancelled for job in desk.jobs[-2:]] == [True, False]
    desk.view.close()
    assert desk.jobs[-1].cancelled


def test_missing_front_end_is_an_error(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(canvas, "_BUNDLE", tmp_path / "absent.js")
    with pytest.raises(Exception, match="make frontend"):
        ChartView(chart("x", lambda: ()).mark_bar(), lambda job, done, failed: Job(job, done, failed))


def test_repeated_texts_travel_once() -> None:
    table = pa.table(
        {"s": pa.array(["a", "b"] * 50, pa.string_view()), "u": pa.array([str(number) for number in range(100)])}
    )
    sent = pa.ipc.open_stream(rows_to_ipc(table)).read_all()
    assert pa.types.is_dictionary(sent.schema.field("s").type)
    assert sent.schema.field("u").type == pa.string()
    assert sent.to_pylist() == table.to_pylist()


def test_few_rows_travel_within_the_message_and_many_beside_it(desk: Desk) -> None:
    for count, kind in ((10, str), (5_000, bytes)):
        desk.show(f"SELECT range AS x, 1 AS y FROM range({count})")
        assert isinstance(desk.charts[-1]["datasets"][0]["data"], kind)
        assert [row["x"] for row in desk.rows()] == list(range(count))
