import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest

from dataapp.runtime.session import Session
from dataapp.runtime.together import LONGEST, Together
from tests.runtime.bench import ManualPool, knob, session


class Timer:
    """Starts no thread: a test lets the time pass."""

    def __init__(self) -> None:
        self.calls: list[Callable[[], None]] = []

    def start(self, seconds: float, call: Callable[[], None]) -> Callable[[], None]:
        assert seconds == LONGEST
        self.calls.append(call)
        return lambda: self.calls.remove(call) if call in self.calls else None

    def pass_(self) -> None:
        for call in list(self.calls):
            call()


@pytest.fixture
def told() -> list[str]:
    return []


@pytest.fixture
def timer() -> Timer:
    return Timer()


@pytest.fixture
def deliveries() -> list[Callable[[], None]]:
    return []


@pytest.fixture
def together(timer: Timer, deliveries: list[Callable[[], None]]) -> Together:
    return Together(deliveries.append, start_timer=timer.start)


def test_what_is_held_goes_with_what_comes_last(
    together: Together, timer: Timer, deliveries: list[Callable[[], None]], told: list[str]
) -> None:
    together.hold(lambda: told.append("one"))
    together.hold(lambda: told.append("two"))
    assert deliveries == []
    together.show([lambda: told.append("three")])
    [deliver] = deliveries
    deliver()
    assert told == ["one", "two", "three"]
    assert timer.calls == []


def test_what_is_held_does_not_wait_long(
    together: Together, timer: Timer, deliveries: list[Callable[[], None]], told: list[str]
) -> None:
    together.hold(lambda: told.append("one"))
    timer.pass_()
    [deliver] = deliveries
    deliver()
    assert told == ["one"]
    together.show()
    assert len(deliveries) == 1


def test_what_fails_keeps_the_others_from_nothing(
    together: Together,
    deliveries: list[Callable[[], None]],
    told: list[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    together.hold(lambda: told.append(str(1 / 0)))
    together.show([lambda: told.append("two")])
    with caplog.at_level(logging.ERROR):
        deliveries[0]()
    assert told == ["two"]
    assert "could not be brought up to date" in caplog.text


class TestInSessions:
    """Charts' work is told together."""

    @pytest.fixture
    def pool(self) -> ManualPool:
        return ManualPool()

    @pytest.fixture
    def viewer(self, pool: ManualPool, timer: Timer, deliveries: list[Callable[[], None]]) -> Session:
        viewer = session(pool=pool, deliver=lambda call: call())
        viewer._together = Together(deliveries.append, start_timer=timer.start)
        return viewer

    def test_results_wait_for_those_of_other_charts(
        self, viewer: Session, pool: ManualPool, deliveries: list[Callable[[], None]], told: list[str]
    ) -> None:
        for name in ("one", "two", "three"):
            viewer.submit(lambda cancel, name=name: name, told.append, lambda error: None, together=True)
        viewer.when_idle(lambda: told.append("idle"))
        pool.run(1)
        pool.run(1)
        assert deliveries == []
        pool.run()
        [deliver] = deliveries
        assert told == []
        deliver()
        assert told == ["two", "three", "one", "idle"]

    def test_nothing_waits_where_news_are_told_at_once(self, pool: ManualPool, told: list[str]) -> None:
        viewer = session(pool=pool)
        for name in ("one", "two"):
            viewer.submit(lambda cancel, name=name: name, told.append, lambda error: None, together=True)
        pool.run()
        assert told == ["one"]

    def test_other_work_does_not_wait(self, viewer: Session, pool: ManualPool, told: list[str]) -> None:
        viewer.submit(lambda cancel: "chart", told.append, lambda error: None, together=True)
        viewer.submit(lambda cancel: "rows", told.append, lambda error: None)
        pool.run(1)
        assert told == ["rows"]

    def test_a_chart_that_is_given_up_holds_nobody_up(
        self, viewer: Session, pool: ManualPool, deliveries: list[Callable[[], None]], told: list[str]
    ) -> None:
        viewer.submit(lambda cancel: "one", told.append, lambda error: None, together=True)
        other = viewer.submit(lambda cancel: "two", told.append, lambda error: None, together=True)
        pool.run()
        other.cancel()
        pool.run()
        deliveries[0]()
        assert told == ["one"]

    def test_an_error_is_told_with_the_others(
        self, viewer: Session, pool: ManualPool, deliveries: list[Callable[[], None]], told: list[str]
    ) -> None:
        viewer.submit(lambda cancel: 1 / 0, lambda result: None, lambda error: told.append("failed"), together=True)
        viewer.submit(lambda cancel: "two", told.append, lambda error: None, together=True)
        pool.run_all()
        deliveries[0]()
        assert told == ["failed", "two"]

    def test_what_is_held_is_shown_before_a_change_takes_its_place(
        self, viewer: Session, pool: ManualPool, told: list[str]
    ) -> None:
        size = knob(1, name="size")
        jobs = [
            viewer.submit(lambda cancel, name=name: name, told.append, lambda error: None, together=True)
            for name in ("quick", "slow")
        ]
        pool.run()

        def changed() -> None:
            for job in jobs:
                job.cancel()

        viewer.demand(size, "value", changed)
        viewer.set(size, 2)
        pool.run(1)  # the wave
        assert told == ["quick"]

    def test_nothing_that_is_held_is_told_after_the_end(
        self, viewer: Session, pool: ManualPool, timer: Timer, deliveries: list[Callable[[], None]], told: list[str]
    ) -> None:
        for name in ("one", "two"):
            viewer.submit(lambda cancel, name=name: name, told.append, lambda error: None, together=True)
        pool.run()
        viewer.close()
        pool.run()
        timer.pass_()
        for deliver in deliveries:
            deliver()
        assert told == []

    def test_results_of_many_threads_are_all_told_before_it_is_idle(self, told: list[str]) -> None:
        pool, lock = ThreadPoolExecutor(4), threading.Lock()
        told_at_idle: list[int] = []
        viewer = session(pool=SimpleNamespace(start=pool.submit), deliver=lambda call: _locked(lock, call))
        for _ in range(200):
            told.clear()
            idle = threading.Event()
            for name in ("one", "two", "three", "four"):
                viewer.submit(lambda cancel, name=name: name, told.append, lambda error: None, together=True)
            viewer.when_idle(lambda: told_at_idle.append(len(told)))
            viewer.when_idle(idle.set)
            assert idle.wait(10)
        pool.shutdown()
        assert told_at_idle == [4] * 200


def _locked(lock: threading.Lock, call: Callable[[], None]) -> None:
    with lock:
        call()
