"""What is stopped, and what never is."""

import threading

import pytest

from dataapp.engines.interrupts import Interrupts
from dataapp.errors import Cancelled


class Engine:
    """Work that ends with the nth interrupt that comes while it runs."""

    def __init__(self, deaf_to: int = 0) -> None:
        self.interrupts = Interrupts(self.interrupt)
        self.stopped = threading.Event()
        self.count = 0
        self._deaf_to = deaf_to

    def interrupt(self) -> None:
        self.count += 1
        if self.count > self._deaf_to:
            self.stopped.set()

    def work(self) -> None:
        with self.interrupts.running():
            assert self.stopped.wait(20)


def working(engine: Engine) -> threading.Thread:
    thread = threading.Thread(target=engine.work)
    thread.start()
    engine.interrupts.wait_until_running()
    return thread


def test_cancelling_interrupts_at_once():
    engine = Engine()
    thread = working(engine)
    engine.interrupts.cancel()
    assert engine.count >= 1
    thread.join()


def test_an_interrupt_that_was_lost_is_repeated():
    engine = Engine(deaf_to=2)
    thread = working(engine)
    engine.interrupts.cancel()
    thread.join(20)
    assert engine.count >= 3


def test_what_is_cancelled_before_it_starts_does_not_start():
    engine = Engine()
    engine.interrupts.cancel()
    with pytest.raises(Cancelled):
        engine.work()
    assert engine.count == 0


def test_nothing_is_interrupted_while_nothing_runs():
    engine = Engine()
    with engine.interrupts.running():
        pass
    engine.interrupts.cancel()
    assert engine.count == 0


def test_an_attempt_ends_and_the_rest_goes_on():
    engine = Engine()
    with engine.interrupts.attempt() as attempt:
        thread = working(engine)
        attempt.cancel()
        thread.join(20)
    assert not engine.interrupts.is_unwanted()
    with engine.interrupts.running():
        pass


def test_an_attempt_that_is_cancelled_before_it_starts_does_not_start():
    interrupts = Interrupts(lambda: None)
    with interrupts.attempt() as attempt:
        attempt.cancel()
        with pytest.raises(Cancelled), interrupts.running():
            pass


def test_an_attempt_that_is_over_stops_nothing():
    engine = Engine()
    with engine.interrupts.attempt() as attempt:
        pass
    thread = working(engine)
    attempt.cancel()
    assert engine.count == 0
    engine.interrupts.cancel()
    thread.join(20)


def cancel_without_threads(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Cancel as in a process that ends."""

    def refuse(_thread: threading.Thread) -> None:
        raise RuntimeError("can't create new thread at interpreter shutdown")

    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", refuse)
        engine.interrupts.cancel()


def test_where_no_thread_can_be_started_whoever_cancels_goes_on_interrupting(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Engine(deaf_to=3)
    thread = working(engine)
    cancel_without_threads(engine, monkeypatch)
    assert engine.stopped.is_set()
    thread.join(20)
    assert engine.count >= 4


def test_where_no_thread_can_be_started_nobody_waits_long_for_what_does_not_stop(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    engine = Engine(deaf_to=10**9)
    thread = working(engine)
    cancel_without_threads(engine, monkeypatch)
    assert thread.is_alive()
    engine.stopped.set()
    thread.join(20)
