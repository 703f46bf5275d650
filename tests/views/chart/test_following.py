"""When the page draws a chart by itself while another one is dragged over, and when the engine does."""

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import altair as alt
import pyarrow as pa
import pytest

from dataapp.cells.namespace import Namespace
from dataapp.cells.predicate import PredicateCell
from dataapp.cells.steps import Steps
from dataapp.cells.values import Bound
from dataapp.engines.cube import Expected
from dataapp.engines.cubes import Cubes
from dataapp.engines.duckdb import DuckDB
from dataapp.engines.relation import Relation
from dataapp.views.chart import canvas, following
from dataapp.views.chart.drags import Drags
from dataapp.views.chart.pane import ChartView
from dataapp.views.chart.schema import CellData, chart
from dataapp.views.chart.selection import Selection
from dataapp.views.jobs import Cancel

ROWS = pa.table({"i": [at % 11 for at in range(500)], "k": ["abc"[at % 3] for at in range(500)]})
BRUSH = PredicateCell(None, {"i": "i"}, Namespace.of(sys._getframe(), {}))
STEPS = Steps.between(0, 10, 1)
QUERY = "SELECT * FROM rows WHERE i >= $low AND i <= $high"


class Never:
    """What no job is told to stop by."""

    cancelled = False

    def on_cancel(self, callback: Callable[[], None]) -> None:
        """Forget it."""

    def cancel(self) -> None:
        """Do nothing."""


@dataclass
class Desk:
    """A chart that follows a brush, and another one that has it."""

    drags: Drags
    engine: DuckDB
    sent: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    waiting: list[Callable[[], None]] = field(default_factory=list[Callable[[], None]])
    number: int = 0

    def __post_init__(self) -> None:
        over: alt.Chart = chart("rows", lambda: ())
        self.data: CellData = over.data
        self.view = self._view(over.mark_bar().encode(x="k:N", y="count()"), self.sent)
        brushed: alt.Chart = chart("rows", lambda: ())
        brushed.data.selections.append(Selection("interval", x=True, name="brush"))
        self.brushed = self._view(brushed.mark_point().encode(x="i:Q"), [])
        self.brushed.moves("brush", BRUSH)
        self.brushed.show({brushed.data: Relation("FROM rows", key="all", engine=self.engine, frames={"rows": ROWS})})

    def _view(self, drawn: alt.Chart, sent: list[dict[str, Any]]) -> ChartView:
        view = ChartView(drawn, self._submit, drags=self.drags, later=self._later)
        view.__panel__().send = sent.append  # type: ignore[method-assign]
        view.__panel__()._handle_msg({"type": "ready"})
        return view

    def _submit(self, job: Callable[[Cancel], Any], done: Callable[[Any], None], failed: Any) -> Never:
        done(job(Never()))
        assert self.engine.cubes.wait()
        return Never()

    def _later(self, seconds: float, call: Callable[[], None]) -> Callable[[], None]:
        self.waiting = [call]
        return self.waiting.clear

    def show(self, high: int, query: str = QUERY, low: int = 0) -> None:
        values = {"low": Bound(low, None, STEPS), "high": Bound(high, None, STEPS)}
        movers = {"low": BRUSH, "high": BRUSH}
        key = (query, low, high)
        rows = {"rows": ROWS}
        relation = Relation(
            query, key=key, engine=self.engine, parameters=values, frames=rows, movers=movers, is_versioned=True
        )
        self.view.show({self.data: relation})

    def drag(self, low: float, high: float, *, is_held: bool = True) -> None:
        message = {"type": "selection", "name": "brush", "value": {"i": [low, high]}, "answer": is_held}
        self.brushed.__panel__()._handle_msg(message)

    def let_go(self) -> None:
        self.brushed.__panel__()._handle_msg({"type": "release"})

    def hear(self, message: dict[str, Any]) -> None:
        self.view.__panel__()._handle_msg(message)

    def take(self) -> list[str]:
        """Return what the page was told since it was last asked for."""
        told = [one["type"] if one["type"] != "tiles" else f"tiles of {bool(one['mover'])}" for one in self.sent]
        self.number = next((one["number"] for one in self.sent if one.get("mover")), self.number)
        self.sent.clear()
        return told


class Widgets(Drags):
    """As if the brush were a widget, which the pointer is on."""

    def widget(self, mover: object) -> str | None:
        """Every input has one."""
        return "dataapp-input-1"

    def may_move(self, mover: object) -> bool:
        """The pointer is on it."""
        return True


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[DuckDB]:
    bundle = tmp_path / "vega.bundle.js"
    bundle.write_text("export function render() {}")
    monkeypatch.setattr(canvas, "_BUNDLE", bundle)
    engine = DuckDB()
    engine.cubes = Cubes(engine, worth=0.0, least_shrinking=0.0)
    expected = Expected(frozenset({BRUSH}))
    engine.cubes.expect(expected, [])
    yield engine
    del expected


@pytest.fixture
def desk(engine: DuckDB) -> Desk:
    made = Desk(Drags(), engine)
    made.show(10)
    made.drag(0.0, 9.0)
    made.show(9)
    assert made.take() == ["chart", "chart", "tiles of True"]
    return made


@pytest.fixture
def slider(engine: DuckDB) -> Desk:
    made = Desk(Widgets(), engine)
    made.show(10)
    made.show(9)
    assert [one.get("widget") for one in made.sent if one["type"] == "tiles"] == ["dataapp-input-1"]
    made.take()
    return made


def test_while_it_is_dragged_the_page_draws(desk: Desk) -> None:
    desk.show(7)
    desk.show(6)
    assert desk.take() == []
    assert desk.view.status == "fresh"


def test_the_engine_draws_where_it_was_let_go(desk: Desk) -> None:
    desk.show(7)
    desk.let_go()
    assert desk.take() == ["chart"]
    desk.show(6)
    assert desk.take() == ["chart"]


def test_nothing_is_drawn_twice_when_nothing_was_dragged(desk: Desk) -> None:
    desk.let_go()
    assert desk.take() == []


def test_tiles_are_there_for_the_next_drag(desk: Desk) -> None:
    desk.let_go()
    desk.show(5)
    assert desk.take() == ["chart"]
    desk.drag(0.0, 4.0)
    desk.show(4)
    assert desk.take() == []


def test_other_rows_are_drawn_by_the_engine(desk: Desk) -> None:
    desk.show(7)
    desk.show(7, QUERY.replace("*", "i, k"))
    assert desk.take()[:2] == ["tiles of False", "chart"]


def test_a_place_between_steps_is_drawn_by_the_engine(desk: Desk) -> None:
    desk.show(7, low=1)
    assert desk.take() == []
    values = {"low": Bound(0.5, None, STEPS), "high": Bound(7, None, STEPS)}
    movers = {"low": BRUSH, "high": BRUSH}
    rows = {"rows": ROWS}
    relation = Relation(
        QUERY, key="between", engine=desk.engine, parameters=values, frames=rows, movers=movers, is_versioned=True
    )
    desk.view.show({desk.data: relation})
    assert desk.take()[:2] == ["tiles of False", "chart"]


def test_the_engine_draws_what_the_page_cannot(desk: Desk) -> None:
    desk.show(7)
    desk.hear({"type": "unlike", "tiles": desk.number})
    assert desk.take()[:2] == ["tiles of False", "chart"]
    desk.show(6)
    assert desk.take() == ["chart"]  # the same tiles would be refused again
    desk.hear({"type": "unlike", "tiles": desk.number})
    assert desk.take() == []
    desk.let_go()
    desk.drag(0.0, 5.0)
    desk.show(5)
    assert desk.take() == ["chart", "tiles of True"]


def test_a_page_that_comes_later_gets_tiles_too(desk: Desk) -> None:
    desk.hear({"type": "ready"})
    assert desk.take() == ["chart", "tiles of True"]


def test_a_chart_that_goes_while_it_is_dragged_lets_go(desk: Desk) -> None:
    desk.show(7)
    desk.brushed.close()
    assert desk.take() == ["chart"]


def test_a_chart_that_is_gone_draws_nothing_more(desk: Desk) -> None:
    desk.show(7)
    desk.view.close()
    desk.take()
    desk.let_go()
    assert desk.take() == []
    assert desk.view.error is None


def test_a_chart_that_is_gone_holds_nothing(desk: Desk) -> None:
    desk.brushed.close()
    desk.drag(0.0, 5.0)
    assert not desk.drags.is_held(BRUSH)


def test_what_nobody_holds_is_drawn_by_the_engine(desk: Desk) -> None:
    desk.drag(0.0, 5.0, is_held=False)
    desk.let_go()
    desk.show(5)
    assert desk.take() == ["chart"]


def test_a_widget_is_followed_until_it_rests(slider: Desk) -> None:
    slider.show(7)
    slider.show(6)
    assert slider.take() == []
    [rested] = slider.waiting
    rested()
    assert slider.take() == ["chart"]
    slider.show(5)
    assert slider.take() == []


def test_a_widget_that_never_rests_is_drawn_by_the_engine_at_times(
    slider: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 0.0
    monkeypatch.setattr(following, "monotonic", lambda: now)
    for turn in range(30):
        now += 0.1
        slider.show(turn % 2 + 5)
    assert slider.take() == ["chart"]


def test_a_refusal_does_not_last(slider: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr(following, "monotonic", lambda: now)
    slider.hear({"type": "unlike", "tiles": slider.number})
    slider.hear({"type": "unlike", "tiles": slider.number})
    slider.show(7)
    assert slider.take() == ["tiles of False", "chart"]
    now = 3.0
    slider.show(6)
    assert slider.take() == ["chart", "tiles of True"]


def test_a_widget_that_moves_on_does_not_rest(slider: Desk) -> None:
    slider.show(7)
    before = slider.waiting
    slider.show(6)
    assert (len(before), len(slider.waiting)) == (0, 1)
    slider.view.close()
    assert slider.waiting == []
    assert slider.take() == ["tiles of False"]


def test_files_hold_what_the_page_shows(desk: Desk) -> None:
    desk.show(3)
    desk.hear({"type": "take", "ticket": 1, "kind": "json", "part": 0})
    [file] = [one for one in desk.sent if one["type"] == "file"]
    counts = {k: sum(i <= 3 for i, one in zip(*ROWS.to_pydict().values(), strict=True) if one == k) for k in "abc"}
    assert all(
        f'"{k}"' in file["bytes"].decode() and str(count) in file["bytes"].decode() for k, count in counts.items()
    )


def test_what_the_page_draws_by_itself_is_counted_with_the_cube(desk: Desk) -> None:
    def drawn() -> list[int]:
        return [cube.drawn for cube in desk.engine.cubes.of(None) if cube.tile is not None]

    desk.hear({"type": "drawn", "tiles": desk.number, "moves": 7})
    desk.hear({"type": "drawn", "tiles": desk.number + 1, "moves": 100})
    desk.hear({"type": "drawn", "tiles": desk.number, "moves": -1})
    desk.hear({"type": "drawn", "tiles": desk.number, "moves": "many"})
    assert drawn() == [7]
    desk.show(8, "SELECT * FROM rows WHERE i >= $low AND i <= $high AND k <> 'a'")  # no tiles for that
    desk.hear({"type": "drawn", "tiles": desk.number, "moves": 2})  # said before it was heard
    assert drawn() == [9]
