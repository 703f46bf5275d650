"""Threads are shared fairly: lanes take turns and leave room, heavy work does not count, who waits is made up for."""

import gc
import logging
import sys
import threading
import weakref
from collections.abc import Callable

import pytest

from dataapp.runtime.pool import ThreadPool, workers_for


class Gate:
    """Work that says when it began, and ends when it is told to."""

    def __init__(self) -> None:
        self.began = threading.Event()
        self.opened = threading.Event()
        self.ended = threading.Event()

    def __call__(self) -> None:
        self.began.set()
        assert self.opened.wait(20)
        self.ended.set()

    def finish(self) -> None:
        self.opened.set()
        assert self.ended.wait(20)


def begins(event: threading.Event) -> bool:
    return event.wait(20)


@pytest.mark.parametrize(("processors", "workers"), [(1, 2), (2, 2), (4, 4), (64, 8)])
def test_as_many_light_pieces_run_as_there_are_processors_within_limits(processors: int, workers: int) -> None:
    assert workers_for(processors) == workers


def test_work_is_done() -> None:
    done = threading.Event()
    ThreadPool(1).start(done.set)
    assert begins(done)


def test_work_that_exits_costs_no_thread() -> None:
    pool, done = ThreadPool(2, most=2), threading.Event()
    for _ in range(4):
        pool.start(sys.exit)
    pool.start(done.set)
    assert done.wait(5)


def test_one_more_than_the_workers_waits() -> None:
    pool, gates, last = ThreadPool(2, patience=1e9), [Gate(), Gate()], Gate()
    for gate in [*gates, last]:
        pool.start(gate)
    assert all(begins(gate.began) for gate in gates)
    assert not last.began.is_set()
    gates[0].finish()
    assert begins(last.began)
    for gate in (gates[1], last):
        gate.finish()


def test_several_lanes_leave_a_processor_to_the_loop() -> None:
    pool, gates = ThreadPool(3, patience=1e9), [Gate() for _ in range(4)]
    one, other = pool.lane(), pool.lane()
    for gate in gates[:2]:
        one.start(gate)
        assert begins(gate.began)
    other.start(gates[2])
    one.start(gates[3])
    assert not gates[2].began.is_set()  # a lane alone would have three
    assert not gates[3].began.is_set()
    gates[0].finish()
    assert begins(gates[2].began)
    assert not gates[3].began.is_set()
    gates[2].finish()
    assert begins(gates[3].began)
    for gate in (gates[1], gates[3]):
        gate.finish()


def test_several_lanes_have_one_worker_at_least() -> None:
    pool, gate, done = ThreadPool(1, patience=1e9), Gate(), threading.Event()
    pool.lane().start(gate)
    pool.lane().start(done.set)
    assert begins(gate.began)
    gate.finish()
    assert begins(done)


def test_lanes_take_turns() -> None:
    pool, order, gate, done = ThreadPool(1, patience=1e9), [], Gate(), threading.Event()
    pool.start(gate)
    assert begins(gate.began)
    much, little = pool.lane(), pool.lane()

    def note(name: str) -> Callable[[], None]:
        return lambda: order.append(name)

    for _ in range(3):
        much.start(note("much"))
    little.start(note("little"))
    much.start(done.set)
    gate.finish()
    assert begins(done)
    assert order == ["much", "little", "much", "much"]


def test_light_work_starts_beside_heavy() -> None:
    pool, heavy, light = ThreadPool(1, patience=0.0), Gate(), threading.Event()
    pool.start(heavy)
    assert begins(heavy.began)
    pool.start(light.set)
    assert begins(light)
    heavy.finish()


def test_work_becomes_heavy_while_other_work_waits() -> None:
    pool, heavy, light = ThreadPool(1, patience=0.05), Gate(), threading.Event()
    pool.start(heavy)
    assert begins(heavy.began)
    pool.start(light.set)  # nothing starts or ends from now on
    assert begins(light)
    heavy.finish()


def test_a_lane_has_its_limit_and_leaves_room_for_others() -> None:
    pool, gates, other = ThreadPool(8, per_lane=2, patience=1e9), [Gate() for _ in range(3)], threading.Event()
    lane = pool.lane()
    for gate in gates:
        lane.start(gate)
    pool.lane().start(other.set)
    assert begins(other)
    assert not gates[2].began.is_set()
    for gate in gates:
        assert begins(gate.began)
        gate.finish()


def test_who_waits_for_another_is_made_up_for() -> None:
    pool, waits, second = ThreadPool(1, patience=1e9), Gate(), threading.Event()

    def wait() -> None:
        with pool.making_up():
            waits()

    pool.start(wait)
    assert begins(waits.began)
    pool.start(second.set)
    assert begins(second)
    waits.finish()


def test_making_up_outside_of_the_pool_changes_nothing() -> None:
    with ThreadPool(1).making_up():
        pass


def test_a_thread_goes_on_after_an_error(caplog: pytest.LogCaptureFixture) -> None:
    pool, done = ThreadPool(1, most=1), threading.Event()
    with caplog.at_level(logging.CRITICAL, logger="dataapp.runtime.pool"):
        pool.start(lambda: {}["nothing"])
        pool.start(done.set)
        assert begins(done)


def test_work_that_was_done_is_forgotten() -> None:
    class Work:
        def __init__(self) -> None:
            self.done = threading.Event()

        def __call__(self) -> None:
            self.done.set()

    pool, work, last = ThreadPool(1, most=1), Work(), threading.Event()
    kept, done = weakref.ref(work), work.done
    pool.start(work)
    del work
    assert begins(done)
    pool.start(last.set)
    assert begins(last)
    gc.collect()
    assert kept() is None


def test_all_of_much_work_is_done_once() -> None:
    pool, lock, counts, done = ThreadPool(3, patience=0.001), threading.Lock(), [0] * 500, threading.Event()
    lanes = [pool.lane() for _ in range(7)]

    def count(number: int) -> None:
        with lock:
            counts[number] += 1
            if sum(counts) == len(counts):
                done.set()

    for number in range(len(counts)):
        lanes[number % 7].start(lambda number=number: count(number))
    assert begins(done)
    assert counts == [1] * 500


def test_what_hurries_does_not_wait_for_a_full_lane() -> None:
    lane, gates, done = ThreadPool(8, per_lane=2, patience=1e9).lane(), [Gate(), Gate()], threading.Event()
    for gate in gates:
        lane.start(gate)
    assert all(begins(gate.began) for gate in gates)
    lane.hurry(done.set)
    assert begins(done)
    for gate in gates:
        gate.finish()


def test_what_hurries_does_not_wait_for_a_thread() -> None:
    pool, gate, done = ThreadPool(1, most=1, patience=1e9), Gate(), threading.Event()
    pool.start(gate)
    assert begins(gate.began)
    pool.lane().hurry(done.set)
    assert begins(done)
    gate.finish()


def test_what_hurries_takes_nobodys_place() -> None:
    pool, hurrying, gate = ThreadPool(1, patience=1e9), Gate(), Gate()
    pool.lane().hurry(hurrying)
    assert begins(hurrying.began)
    pool.start(gate)
    assert begins(gate.began)
    for held in (hurrying, gate):
        held.finish()


def test_a_stopped_pool_starts_nothing_more_and_waits_for_what_runs() -> None:
    pool, gate = ThreadPool(1, patience=1e9), Gate()
    pool.start(gate)
    assert begins(gate.began)
    waiting = threading.Event()
    pool.start(waiting.set)
    threading.Timer(0.2, gate.opened.set).start()
    pool.stop(20)
    assert gate.ended.is_set()
    later = threading.Event()
    pool.start(later.set)
    hurried = threading.Event()
    pool.hurry(hurried.set)
    assert begins(hurried)
    assert not waiting.is_set()
    assert not later.is_set()


def test_a_stopped_pool_does_not_wait_for_ever() -> None:
    pool, gate = ThreadPool(1, patience=1e9), Gate()
    pool.start(gate)
    assert begins(gate.began)
    pool.stop(0.01)
    assert not gate.ended.is_set()
    gate.finish()
