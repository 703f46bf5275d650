"""Work whose time is over: stopped where that can be, told in place, nobody else's matter. The tests are the clock."""

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import pytest

from dataapp.cells.python import cell
from dataapp.cells.sql import sql
from dataapp.errors import DataAppError, SessionError, SettingError, TimeLimitError
from dataapp.runtime import headless
from dataapp.runtime.limits import Limits, limits_of_process
from dataapp.runtime.outcomes import Blocked, Failed
from dataapp.runtime.pool import ThreadPool
from dataapp.runtime.session import Demand, Session
from dataapp.runtime.workers import Cancel
from tests.runtime.bench import ENGINE, ask, defaults, error, knob, rows, session, value

ENDLESS = "SELECT sum(a.range * b.range % 7)::DOUBLE AS n FROM range($low) a, range(1_000_000) b"
SHORT, NEVER = 1, 10_000_000


class Timers:
    """Timers that go off when the test says so."""

    def __init__(self) -> None:
        self.waiting: dict[int, tuple[float, Callable[[], None]]] = {}
        self.changed = threading.Condition()

    def start(self, seconds: float, call: Callable[[], None]) -> Callable[[], None]:
        with self.changed:
            number = len(self.waiting) + 1
            self.waiting[number] = (seconds, call)
            self.changed.notify_all()
        return lambda: self.waiting.pop(number, None) and None

    def go_off(self) -> float:
        """Let the first timer go off as soon as there is one; returns its seconds."""
        with self.changed:
            assert self.changed.wait_for(lambda: bool(self.waiting), 30)
            number = next(iter(self.waiting))
            seconds, call = self.waiting.pop(number)
        call()
        return seconds


class AtOnce(Timers):
    """Timers that go off as soon as they are started, before the work begins."""

    def start(self, seconds: float, call: Callable[[], None]) -> Callable[[], None]:
        call()
        return lambda: None


class Told:
    def __init__(self) -> None:
        self._changed = threading.Event()

    def __call__(self) -> None:
        self._changed.set()

    def until_settled(self, held: Session) -> None:
        while not held.is_settled:
            assert self._changed.wait(30), "it never settles"
            self._changed.clear()


@pytest.fixture
def timers() -> Timers:
    return Timers()


@pytest.fixture
def told() -> Told:
    return Told()


def threaded(timers: Timers, default: float | None = 5) -> Session:
    limits = Limits(start_timer=timers.start)
    limits.default = default
    return session(pool=ThreadPool().lane(), limits=limits, initial=defaults)


def fault(demand: Demand) -> TimeLimitError:
    found = error(demand.look().outcome)
    assert isinstance(found, TimeLimitError)
    return found


def test_the_cells_own_limit_counts_before_the_apps():
    limits = Limits()
    limits.default = 30
    assert (limits.seconds(None), limits.seconds(5), limits.seconds(60)) == (30, 5, 60)


def test_nothing_exceeds_what_the_process_allows():
    limits = Limits(most=10)
    limits.default = 30
    assert (limits.seconds(None), limits.seconds(5), limits.seconds(60)) == (10, 5, 10)


def test_without_limits_nothing_is_timed(timers: Timers):
    with Limits(start_timer=timers.start).watch("a", None, Cancel()):
        assert timers.waiting == {}


def test_what_ends_in_time_stops_its_timer(timers: Timers):
    with Limits(5, start_timer=timers.start).watch("a", None, Cancel()):
        assert len(timers.waiting) == 1
    assert timers.waiting == {}


def test_a_query_is_interrupted_and_says_so(timers: Timers, told: Told):
    held = threaded(timers)
    demand = held.demand(sql(ENDLESS, low=NEVER, name="endless"), "frame", told)
    assert timers.go_off() == 5
    told.until_settled(held)
    found = fault(demand)
    assert (found.code, found.cell) == ("DA811", "endless")
    assert found.message == "`endless` was stopped after 5 s, its time limit."
    assert "limited(seconds=...)" in (found.hint or "")
    held.close()


def test_the_rest_of_the_page_goes_on(timers: Timers, told: Told):
    held = threaded(timers, default=None)
    slow = held.demand(sql(ENDLESS, low=NEVER).limited(seconds=2), "frame", told)
    other = held.demand(sql("SELECT 1 AS n"), "frame", told)
    timers.go_off()
    told.until_settled(held)
    assert isinstance(slow.look().outcome, Failed)
    assert rows(other) == [(1,)]
    held.close()


def test_readers_are_blocked_by_name(timers: Timers, told: Told):
    held = threaded(timers, default=None)
    slow = sql(ENDLESS, low=NEVER, name="slow").limited(seconds=2)
    reader = held.demand(cell(slow=slow, name="reader")(lambda slow: 1), "value", told)
    timers.go_off()
    told.until_settled(held)
    outcome = reader.look().outcome
    assert isinstance(outcome, Blocked)
    assert outcome.by == "slow"
    held.close()


def test_a_change_lets_it_try_again(timers: Timers, told: Told):
    held, low = threaded(timers), knob(NEVER, "BIGINT", name="low")
    demand = held.demand(sql(ENDLESS, low=low), "frame", told)
    timers.go_off()
    told.until_settled(held)
    fault(demand)
    held.set(low, SHORT)
    told.until_settled(held)
    assert len(rows(demand)) == 1
    held.close()


def test_a_superseded_run_tells_nothing_when_its_time_is_over(timers: Timers, told: Told):
    held, low = threaded(timers), knob(NEVER, "BIGINT", name="low")
    demand = held.demand(sql(ENDLESS, low=low), "frame", told)
    with timers.changed:
        assert timers.changed.wait_for(lambda: bool(timers.waiting), 30)
        late = next(iter(timers.waiting.values()))[1]
    held.set(low, SHORT)
    told.until_settled(held)
    late()
    assert len(rows(demand)) == 1
    held.close()


def test_a_function_is_not_waited_for(timers: Timers, told: Told):
    gate, over = threading.Event(), threading.Event()

    def stubborn() -> int:
        assert gate.wait(30)
        over.set()
        return 1

    held = threaded(timers)
    demand = held.demand(cell(name="stubborn")(stubborn), "value", told)
    timers.go_off()
    told.until_settled(held)
    assert fault(demand).cell == "stubborn"
    gate.set()
    assert over.wait(30)
    held.check_invariants()
    assert isinstance(demand.look().outcome, Failed)  # the late result changes nothing
    held.close()


def test_a_coroutine_is_cancelled(timers: Timers, told: Told):
    cancelled = threading.Event()

    async def forever() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.set()
            raise

    held = threaded(timers)
    demand = held.demand(cell(name="forever")(forever), "value", told)
    timers.go_off()
    told.until_settled(held)
    assert fault(demand).cell == "forever"
    assert cancelled.wait(30)
    held.close()


def test_the_work_of_a_view_has_the_limit_of_its_cell(timers: Timers, told: Told):
    held, ended, failures = threaded(timers, default=None), threading.Event(), list[Exception]()
    shown = sql(ENDLESS, low=NEVER, name="shown").limited(seconds=3)
    demand = held.demand(shown, "table", told)
    told.until_settled(held)

    def read(cancel: Any) -> None:
        with value(demand).relation(held.engine).open() as reader:
            cancel.on_cancel(reader.cancel)
            reader.fetch()

    def failed(found: Exception) -> None:
        failures.append(found)
        ended.set()

    held.submit(read, lambda _: None, failed, cell=shown)
    assert timers.go_off() == 3
    assert ended.wait(30)
    assert isinstance(failures[0], TimeLimitError)
    held.close()


def test_a_view_that_gave_up_is_told_nothing():
    held, told = session(limits=Limits(5, start_timer=AtOnce().start)), list[object]()
    shown = sql("SELECT 1")

    def give_up(cancel: Any) -> None:
        cancel.cancel()

    held.submit(give_up, told.append, told.append, cell=shown)
    assert told == []


def test_headless_evaluation_raises_it():
    with pytest.raises(TimeLimitError, match=r"`slow` was stopped after 0\.001 s"):
        ask(sql(ENDLESS, low=NEVER, name="slow").limited(seconds=0.001))


def test_headless_evaluation_of_a_reader_raises_it_too():
    with pytest.raises(TimeLimitError) as found:
        ask(cell(slow=sql(ENDLESS, low=NEVER, name="slow").limited(seconds=0.001), name="reader")(lambda slow: 1))
    assert found.value.cell == "slow"


def test_a_function_in_the_calling_thread_ends_first(timers: Timers):
    ended: list[None] = []

    def plain() -> None:
        timers.go_off()
        ended.append(None)

    held = session(limits=Limits(5, start_timer=timers.start))
    demand = held.demand(cell(name="plain")(plain), "value")
    assert fault(demand).cell == "plain"
    assert ended == [None]


def test_the_environment_limits_the_process(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("DATAAPP_TIMEOUT", "0.5")
    assert limits_of_process().seconds(None) == 0.5
    assert session().limits.seconds(60) == 0.5


@pytest.mark.parametrize("said", ["", "soon", "0", "-1", "inf", "nan"])
def test_a_setting_that_is_no_time_is_refused(said: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("DATAAPP_TIMEOUT", said)
    with pytest.raises(SettingError, match="DATAAPP_TIMEOUT"):
        limits_of_process()


@pytest.mark.parametrize(
    ("own", "default", "most", "words"),
    [(5, 9, None, "raise its limit"), (None, 9, None, "da.App"), (50, 90, 10, "DATAAPP_TIMEOUT")],
)
def test_the_hint_says_whose_limit_it_is(own: float | None, default: float, most: float | None, words: str):
    limits = Limits(most, start_timer=AtOnce().start)
    limits.default = default
    with pytest.raises(DataAppError) as found, limits.watch("a", own, Cancel()):
        pass
    assert words in (found.value.hint or "")


def test_the_engine_is_usable_afterwards(timers: Timers, told: Told):
    held = threaded(timers)
    held.demand(sql(ENDLESS, low=NEVER), "frame", told)
    timers.go_off()
    told.until_settled(held)
    after = held.demand(sql("SELECT 1 AS n"), "frame", told)
    told.until_settled(held)
    assert value(after).rows.to_pylist() == [{"n": 1}]
    held.close()


def test_an_explanation_has_the_limit_of_its_cell():
    endless = sql(ENDLESS, low=NEVER, name="endless").limited(seconds=0.05)
    with pytest.raises(TimeLimitError, match=r"`endless` was stopped after 0.05 s") as found:
        headless.explain(ENGINE, endless, defaults, analyze=True)
    assert found.value.cell == "endless"


def test_an_explanation_has_the_limit_of_the_app_and_of_the_process(monkeypatch: pytest.MonkeyPatch, timers: Timers):
    held, endless = threaded(timers, default=0.05), sql(ENDLESS, low=NEVER, name="endless")
    held.limits = Limits()
    held.limits.default = 0.05
    with pytest.raises(TimeLimitError, match=r"`endless` was stopped after 0.05 s"):
        headless.explain(ENGINE, endless, defaults, analyze=True, of=held)
    held.close()
    monkeypatch.setenv("DATAAPP_TIMEOUT", "0.05")
    with pytest.raises(TimeLimitError, match="DATAAPP_TIMEOUT"):
        headless.explain(ENGINE, endless, defaults, analyze=True)


def test_an_explanation_within_its_limit_stops_the_timer(timers: Timers):
    held = threaded(timers)
    assert "gave 1 row" in headless.explain(ENGINE, sql("SELECT 1 AS n"), defaults, analyze=True, of=held)
    assert timers.waiting == {}
    held.close()


def test_the_end_of_a_session_stops_an_explanation(timers: Timers):
    held, endless = threaded(timers), sql(ENDLESS, low=NEVER, name="endless")

    def close() -> None:
        with timers.changed:
            assert timers.changed.wait_for(lambda: bool(timers.waiting), 30)
        held.close()

    closing = threading.Thread(target=close)
    closing.start()
    with pytest.raises(SessionError, match="The session ended"):
        headless.explain(ENGINE, endless, defaults, analyze=True, of=held)
    closing.join(30)
    with pytest.raises(SessionError, match="The session ended"):
        headless.explain(ENGINE, endless, defaults, analyze=True, of=held)
