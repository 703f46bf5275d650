"""What a session does for its viewer."""

import asyncio
import gc
import weakref
from typing import Any

import polars as pl
import pytest

from dataapp.cells.python import PythonCell, cell
from dataapp.cells.sql import sql
from dataapp.errors import Cancelled, PythonCellError, SessionError, TypeMismatchError
from dataapp.runtime.outcomes import Blocked, Done, Failed, Waiting
from dataapp.runtime.session import Session
from tests.runtime.bench import ENGINE, KnobControl, ManualPool, ask, knob, rows, session, value

FRAME = pl.DataFrame({"n": [1, 2, 3]})


def counting(**wiring: Any) -> tuple[PythonCell[..., Any], list[object]]:
    """A cell that notes its runs, and the notes."""
    runs: list[object] = []

    @cell(**wiring)
    def counted(n: object) -> object:
        runs.append(n)
        return n

    return counted, runs


def with_controls(pool: ManualPool | None = None) -> tuple[Session, dict[str, KnobControl]]:
    """A session whose controls a test can turn, by label."""
    controls: dict[str, KnobControl] = {}

    def open_control(cell: Any) -> KnobControl:
        controls[cell.label] = cell.kind.open(cell.label)
        return controls[cell.label]

    return session(open_control=open_control, pool=pool), controls


def test_what_is_wanted_is_computed() -> None:
    assert rows(session().demand(sql("FROM t", t=FRAME), "frame")) == [(1,), (2,), (3,)]


def test_what_nobody_wants_does_not_run() -> None:
    n = knob(1)
    counted, runs = counting(n=n)
    viewer = session()
    viewer.demand(counted, "value").release()
    before = len(runs)
    viewer.set(n, 2)
    assert len(runs) == before


def test_wanting_again_catches_up() -> None:
    n = knob(1)
    counted, _ = counting(n=n)
    viewer = session()
    viewer.demand(counted, "value").release()
    viewer.set(n, 2)
    assert value(viewer.demand(counted, "value")) == 2


def test_wanting_again_runs_nothing_when_nothing_changed() -> None:
    counted, runs = counting(n=knob(1))
    viewer = session()
    viewer.demand(counted, "value").release()
    viewer.demand(counted, "value")
    assert runs == [1]


def test_an_equal_value_stops_the_wave() -> None:
    n = knob(3)
    half = sql("SELECT $n // 2 AS n", n=n)
    counted, runs = counting(n=half)
    viewer = session()
    viewer.demand(counted, "value")
    viewer.set(n, 2)
    assert len(runs) == 1


def test_an_equal_result_of_a_function_stops_the_wave() -> None:
    n = knob(3)

    @cell(n=n)
    def half(n: int) -> int:
        return n // 2

    counted, runs = counting(n=half)
    viewer = session()
    viewer.demand(counted, "value")
    viewer.set(n, 2)
    assert runs == [1]


def test_all_that_one_tick_changes_is_one_wave() -> None:
    a, b = knob(1), knob(1)
    seen: list[tuple[int, int]] = []

    @cell(a=a, b=b)
    def both(a: int, b: int) -> None:
        seen.append((a, b))

    pool = ManualPool()
    viewer = session(pool=pool)
    viewer.demand(both, "value")
    pool.run_all()
    viewer.set(a, 2)
    viewer.set(b, 2)
    viewer.set(a, 3)
    pool.run_all()
    assert seen == [(1, 1), (3, 2)]


async def test_changes_of_one_tick_of_the_event_loop_are_one_wave() -> None:
    pool = ManualPool()
    viewer = session(pool=pool)
    n = knob(1)
    viewer.demand(n, "value")
    viewer.set(n, 2)
    assert pool.work == []
    await asyncio.sleep(0)
    assert len(pool.work) == 1


def test_a_superseded_run_is_cancelled_and_its_result_dropped() -> None:
    n = knob(1)
    counted, runs = counting(n=n)
    pool = ManualPool()
    viewer = session(pool=pool)
    demand = viewer.demand(counted, "value")
    pool.run()
    viewer.set(n, 2)
    pool.run(1)
    pool.run_all()
    assert (runs, value(demand)) == ([2], 2)


def test_the_last_value_stays_while_a_newer_one_is_on_its_way() -> None:
    n = knob(1)
    counted, _ = counting(n=n)
    pool = ManualPool()
    viewer = session(pool=pool)
    demand = viewer.demand(counted, "value")
    pool.run_all()
    viewer.set(n, 2)
    pool.run()
    shown = demand.look()
    assert (shown.outcome, shown.is_stale, shown.is_running) == (Done(1), True, True)


def test_a_value_that_nobody_wanted_for_a_while_is_stale_until_it_was_checked() -> None:
    n = knob(1)
    pool = ManualPool()
    viewer = session(pool=pool)
    cell = sql("SELECT $n AS n", n=n)
    viewer.demand(cell, "frame").release()
    pool.run_all()
    demand = viewer.demand(cell, "frame")
    pool.run_all()
    demand.release()
    viewer.set(n, 2)
    pool.run_all()
    again = viewer.demand(cell, "frame")
    assert again.look().is_stale
    pool.run_all()
    assert not again.look().is_stale
    assert rows(again) == [(2,)]


def test_whoever_wants_again_what_did_not_change_is_told_that_it_is_fresh() -> None:
    pool = ManualPool()
    viewer = session(pool=pool)
    cell = sql("SELECT 1 AS n")
    demand = viewer.demand(cell, "frame")
    pool.run_all()
    demand.release()
    pool.run_all()
    told: list[bool] = []
    again: Any = viewer.demand(cell, "frame", lambda: told.append(again.look().is_stale))
    assert again.look().is_stale
    pool.run_all()
    assert told == [False]


def test_whoever_wants_is_told_to_look_again() -> None:
    n = knob(1)
    told: list[int] = []
    viewer = session()
    demand = viewer.demand(n, "value", lambda: told.append(1))
    told.clear()
    viewer.set(n, 2)
    assert told
    assert value(demand) == 2


def test_who_released_is_told_nothing_more() -> None:
    n = knob(1)
    told: list[int] = []
    later: list[Any] = []
    viewer = session(deliver=later.append)
    demand = viewer.demand(n, "value", lambda: told.append(1))
    viewer.set(n, 2)
    demand.release()
    for call in later:
        call()
    assert told == []


def test_a_closed_session_tells_nobody() -> None:
    n = knob(1)
    told: list[int] = []
    later: list[Any] = []
    viewer = session(deliver=later.append)
    viewer.demand(n, "value", lambda: told.append(1))
    viewer.close()
    for call in later:
        call()
    assert told == []


def test_work_that_was_started_before_the_end_does_nothing_after_it() -> None:
    counted, runs = counting(n=knob(1))
    pool = ManualPool()
    viewer = session(pool=pool)
    viewer.demand(counted, "value")
    pool.run()
    viewer.close()
    pool.run_all()
    assert runs == []


def test_a_result_that_comes_after_the_end_is_dropped() -> None:
    viewer = session()

    @cell
    def ending() -> int:
        viewer.close()
        return 1

    told: list[int] = []
    viewer.demand(ending, "value", lambda: told.append(1))
    assert viewer.is_closed


def test_a_closed_session_holds_nothing() -> None:
    viewer, controls = with_controls()
    n = knob(1, name="n")
    demand = viewer.demand(sql("SELECT n + $n AS n FROM t", t=FRAME, n=n, materialize=True), "frame")
    held = weakref.ref(value(demand).rows)
    viewer.close()
    gc.collect()
    assert held() is None
    assert controls["n"].is_closed


@pytest.mark.parametrize("act", ["demand", "get", "control"])
def test_a_closed_session_refuses(act: str) -> None:
    viewer = session()
    viewer.close()
    n = knob(1)
    with pytest.raises(SessionError):
        viewer.demand(n, "value") if act == "demand" else getattr(viewer, act)(n)


def test_closing_again_does_nothing() -> None:
    viewer = session()
    viewer.close()
    viewer.close()
    viewer.set(knob(1), 2)
    viewer.refresh()


def test_sessions_do_not_see_each_others_inputs() -> None:
    n = knob(1)
    one, other = session(), session()
    shown = other.demand(n, "value")
    one.demand(n, "value")
    one.set(n, 2)
    assert value(shown) == 1


def test_an_input_knows_what_it_was_last_set_to() -> None:
    n = knob(1)
    pool = ManualPool()
    viewer = session(pool=pool)
    viewer.set(n, 2)
    assert viewer.get(n) == 2


def test_turning_a_control_sets_its_input() -> None:
    viewer, controls = with_controls()
    n = knob(1, name="n")
    demand = viewer.demand(sql("SELECT $n AS n", n=n), "frame")
    controls["n"].turn(5)
    assert rows(demand) == [(5,)]


def test_options_are_shown_to_the_control() -> None:
    viewer, controls = with_controls()
    choice = knob(9, name="choice", options=sql("FROM t", t=FRAME))
    viewer.demand(choice, "value")
    assert controls["choice"].shown[-1].options == {"options": [1, 2, 3]}


def test_when_options_change_the_value_follows_in_the_same_wave() -> None:
    top = knob(3)
    choice = knob(3, name="choice", options=sql("SELECT range AS n FROM range(1, $top + 1)", top=top))
    seen: list[tuple[object, object]] = []

    @cell(top=top, choice=choice)
    def both(top: int, choice: int) -> None:
        seen.append((top, choice))

    viewer, controls = with_controls()
    viewer.demand(both, "value")
    viewer.set(top, 2)
    assert seen == [(3, 3), (2, 1)]
    assert controls["choice"].shown[-1].value == 1


def test_a_control_is_never_shown_an_older_setting_last() -> None:
    later: list[Any] = []
    controls: list[KnobControl] = []

    def open_control(cell: Any) -> KnobControl:
        controls.append(cell.kind.open(cell.label))
        return controls[-1]

    viewer = session(deliver=later.append, open_control=open_control)
    choice = knob(1, name="choice", options=sql("FROM t", t=FRAME))
    viewer.demand(choice, "value")
    viewer.set(choice, 2)
    for call in reversed(later):
        call()
    assert controls[0].shown[-1].value == 2


def test_an_error_heals_when_the_input_does() -> None:
    text = knob("x")
    viewer = session()
    demand = viewer.demand(sql("SELECT $text::INTEGER AS n", text=text), "frame")
    outcome = demand.look().outcome
    assert isinstance(outcome, Failed)
    assert isinstance(outcome.error, TypeMismatchError)
    viewer.set(text, "5")
    assert rows(demand) == [(5,)]


def test_a_broken_cell_blocks_its_readers_by_name() -> None:
    @cell
    def broken() -> pl.DataFrame:
        raise ValueError("no")

    outcome = session().demand(sql("FROM broken", broken=broken), "frame").look().outcome
    assert isinstance(outcome, Blocked)
    assert outcome.by == "broken"
    assert isinstance(outcome.error, PythonCellError)


def test_a_cell_is_not_blocked_by_itself() -> None:
    outcome = session().demand(sql("FROM 'no such file.parquet'", name="bars"), "frame").look().outcome
    assert isinstance(outcome, Failed)


def test_the_name_of_the_blocker_follows_when_another_one_fails_alike() -> None:
    which = knob("a")

    def failing(label: str) -> PythonCell[..., Any]:
        def function(which: str) -> pl.DataFrame:
            if which == label:
                raise ValueError("no")
            return FRAME

        function.__name__ = "same"
        made: PythonCell[..., Any] = cell(which=which, name=label)(function)
        return made

    viewer = session()
    demand = viewer.demand(sql("FROM a, b", a=failing("a"), b=failing("b")), "frame")
    viewer.set(which, "b")
    outcome = demand.look().outcome
    assert isinstance(outcome, Blocked)
    assert outcome.by == "b"


class TestButtons:
    """Cells that wait for a click."""

    def test_nothing_runs_before_the_click(self) -> None:
        gated = sql("FROM t", t=FRAME, run="button", name="gated")
        assert session().demand(gated, "frame").look().outcome == Waiting("gated")

    def test_readers_wait_for_the_same_click(self) -> None:
        gated = sql("FROM t", t=FRAME, run="button", name="gated")
        assert session().demand(sql("FROM g", g=gated), "frame").look().outcome == Waiting("gated")

    def test_a_click_runs_it(self) -> None:
        gated = sql("FROM t", t=FRAME, run="button")
        viewer = session()
        demand = viewer.demand(gated, "frame")
        viewer.press(gated)
        assert len(rows(demand)) == 3

    def test_a_click_right_after_it_is_wanted_counts(self) -> None:
        gated = sql("FROM t", t=FRAME, run="button")
        pool = ManualPool()
        viewer = session(pool=pool)
        demand = viewer.demand(gated, "table")
        viewer.press(gated)
        pool.run_all()
        assert isinstance(demand.look().outcome, Done)

    def test_changes_wait_for_the_next_click(self) -> None:
        n = knob(1)
        counted, runs = counting(n=n, run="button")
        viewer = session()
        demand = viewer.demand(counted, "value")
        viewer.press(counted)
        viewer.set(n, 2)
        assert value(demand) == 1
        viewer.press(counted)
        assert (value(demand), runs) == (2, [1, 2])

    def test_one_click_is_one_run(self) -> None:
        n = knob(1)
        counted, runs = counting(n=n, run="button")
        viewer = session()
        viewer.demand(counted, "value")
        viewer.press(counted)
        viewer.refresh()
        viewer.set(n, 2)
        viewer.set(n, 3)
        assert runs == [1]

    def test_a_click_while_it_is_blocked_is_kept_until_it_can_run(self) -> None:
        n = knob(0)
        upper = sql("SELECT error('no') AS n WHERE $n = 0 UNION ALL SELECT 'yes' WHERE $n > 0", n=n, name="upper")

        @cell(upper=upper, run="button")
        def gated(upper: pl.DataFrame) -> int:
            return upper.height

        viewer = session()
        demand = viewer.demand(gated, "value")
        viewer.press(gated)
        assert isinstance(demand.look().outcome, Blocked)
        viewer.set(n, 1)
        assert value(demand) == 1

    def test_evaluate_is_the_click(self) -> None:
        gated = sql("FROM t", t=FRAME, run="button")
        reader = sql("SELECT count(*) AS n FROM g", g=gated, run="button")
        assert ask(reader).item() == 3

    def test_rows_behind_a_button_are_kept(self) -> None:
        gated = sql("FROM t", t=FRAME, run="button", name="gated")
        viewer = session()
        viewer.demand(sql("FROM g", g=gated), "frame")
        viewer.press(gated)
        assert viewer.nodes.kept_rows()["gated"] == "it runs when its button is pressed"


class TestKeptRows:
    """Which rows are kept, and that all readers see them."""

    def test_readers_of_random_numbers_see_the_same_ones(self) -> None:
        dice = sql("SELECT random() AS r FROM t", t=FRAME)
        x, y = (sql("SELECT sum(r) AS total FROM d", d=dice) for _ in range(2))
        both = sql("SELECT x.total = y.total AS same FROM x, y", x=x, y=y)
        viewer = session()
        assert rows(viewer.demand(both, "frame")) == [(True,)]

    def test_random_numbers_stay_while_nothing_changes(self) -> None:
        other = knob(1)
        dice = sql("SELECT random() AS r")
        viewer = session()
        demand = viewer.demand(dice, "frame")
        viewer.demand(other, "value")
        before = rows(demand)
        viewer.set(other, 2)
        assert rows(demand) == before

    def test_materialize_keeps_rows(self) -> None:
        viewer = session()
        kept = sql("FROM t", t=FRAME, materialize=True, name="kept")
        viewer.demand(sql("FROM k", k=kept), "frame")
        assert viewer.nodes.kept_rows()["kept"] == "materialize=True"

    def test_lazy_cells_are_not_kept(self) -> None:
        viewer = session()
        viewer.demand(sql("FROM k", k=sql("FROM t", t=FRAME, name="lazy")), "frame")
        assert "lazy" not in viewer.nodes.kept_rows()

    def test_two_readers_share_what_reduces_rows(self) -> None:
        totals = sql("SELECT sum(n) AS n FROM t", t=FRAME, name="totals")
        viewer = session()
        viewer.demand(sql("FROM x", x=totals), "frame")
        assert "totals" not in viewer.nodes.kept_rows()
        viewer.demand(sql("FROM x LIMIT 0", x=totals), "frame")
        assert "2 readers" in viewer.nodes.kept_rows()["totals"]

    def test_what_a_function_reads_is_kept_for_all(self) -> None:
        numbers = sql("FROM t", t=FRAME, name="numbers")
        counted, _ = counting(n=numbers)
        viewer = session()
        viewer.demand(counted, "value")
        assert viewer.nodes.kept_rows()["numbers"] == "a reader needs its rows"


class TestJobs:
    """Work of views."""

    def test_the_result_is_told(self) -> None:
        told: list[int] = []
        session().submit(lambda cancel: 5, told.append, lambda error: None)
        assert told == [5]

    def test_an_error_is_told(self) -> None:
        told: list[Exception] = []
        session().submit(lambda cancel: 1 / 0, lambda result: None, told.append)
        assert isinstance(told[0], ZeroDivisionError)

    def test_that_a_job_gave_up_by_itself_is_told(self) -> None:
        def give_up(cancel: object) -> None:
            raise Cancelled

        told: list[Exception] = []
        session().submit(give_up, lambda result: None, told.append)
        assert isinstance(told[0], Cancelled)

    def test_a_cancelled_job_is_not_told(self) -> None:
        told: list[object] = []
        pool = ManualPool()
        job = session(pool=pool).submit(lambda cancel: 5, told.append, told.append)
        job.cancel()
        pool.run_all()
        assert told == []

    def test_a_job_ends_with_its_session(self) -> None:
        told: list[object] = []
        pool = ManualPool()
        viewer = session(pool=pool)
        viewer.submit(lambda cancel: 5, told.append, told.append)
        viewer.close()
        pool.run_all()
        assert told == []

    def test_a_closed_session_takes_no_job(self) -> None:
        told: list[object] = []
        viewer = session()
        viewer.close()
        viewer.submit(lambda cancel: 5, told.append, told.append)
        assert told == []


class TestIdle:
    """When all that was asked for is there."""

    def test_what_waits_is_called_after_cells_and_the_work_of_views(self) -> None:
        pool, told = ManualPool(), list[object]()
        size = knob(1, name="size")
        viewer = session(pool=pool)
        counted, _ = counting(n=size)

        def changed() -> None:
            viewer.submit(lambda cancel: "drawn", told.append, told.append)

        viewer.demand(counted, "value", changed)
        pool.run_all()
        told.clear()
        viewer.set(size, 2)
        viewer.when_idle(lambda: told.append("idle"))
        assert told == []
        pool.run_all()
        assert told == ["drawn", "drawn", "idle"]  # once while the cell runs, once when it has

    def test_nothing_on_its_way_is_waited_for(self) -> None:
        told: list[str] = []
        viewer = session(pool=ManualPool())
        viewer.when_idle(lambda: told.append("idle"))
        assert told == ["idle"]

    def test_what_is_superseded_meanwhile_is_waited_for_as_well(self) -> None:
        pool, told = ManualPool(), list[str]()
        size = knob(1, name="size")
        viewer = session(pool=pool)
        counted, _ = counting(n=size)
        demand = viewer.demand(counted, "value")
        pool.run_all()
        viewer.set(size, 2)
        viewer.when_idle(lambda: told.append("idle"))
        pool.run()
        viewer.set(size, 3)
        pool.run()
        assert told == []
        pool.run_all()
        assert (told, value(demand)) == (["idle"], 3)

    def test_a_closed_session_calls_nobody(self) -> None:
        pool, told = ManualPool(), list[str]()
        size = knob(1, name="size")
        viewer = session(pool=pool)
        counted, _ = counting(n=size)
        viewer.demand(counted, "value")
        viewer.when_idle(lambda: told.append("idle"))
        viewer.close()
        viewer.when_idle(lambda: told.append("later"))
        pool.run_all()
        assert told == []


def test_the_engine_is_left_clean() -> None:
    assert ENGINE.has_table("t") is False
