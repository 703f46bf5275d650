"""Threads that run queries give way to the first thread of the process, and those that they start do so, too."""

import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from dataapp.runtime.pool import ThreadPool, giving_way
from dataapp.runtime.priority import give_way

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="threads have no priority of their own")


def niceness() -> int:
    return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())


def niceness_of_first() -> int:
    return os.getpriority(os.PRIO_PROCESS, os.getpid())


def test_a_thread_gives_way_once_and_its_children_with_it():
    before = niceness_of_first()

    def look() -> list[int]:
        give_way()
        own = niceness()
        with ThreadPoolExecutor(1) as child:
            inherited = child.submit(niceness).result()
            child.submit(give_way).result()
            again = child.submit(niceness).result()
        return [own, inherited, again]

    with ThreadPoolExecutor(1) as thread:
        assert thread.submit(look).result() == [min(before + 5, 19)] * 3
    assert niceness_of_first() == before


@pytest.mark.parametrize("gives_way", [False, True])
def test_workers_give_way_where_they_are_told_to(gives_way: bool):
    found: list[int] = []
    is_done = threading.Event()

    def work() -> None:
        found.append(niceness())
        is_done.set()

    ThreadPool(gives_way=gives_way).start(work)
    assert is_done.wait(20)
    assert found == [min(niceness() + 5, 19) if gives_way else niceness()]


class Clock:
    """Seconds that pass when the test says so."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


class Office:
    """A pool of few threads, and what its work found out about them."""

    def __init__(self, most: int = 4) -> None:
        self.clock = Clock()
        self.pool = ThreadPool(most=most, clock=self.clock, gives_way=True)
        self.found: dict[str, tuple[int, int]] = {}
        self.looked, self.is_over = threading.Semaphore(0), threading.Event()

    def look(self, name: str) -> None:
        """Note thread and niceness of the calling piece of work."""
        self.found[name] = (threading.get_native_id(), niceness())
        self.looked.release()

    def take_long(self) -> None:
        """Be a piece of work that lasts until the test ends it."""
        self.look("at first")
        assert self.is_over.wait(20)
        self.look("heavy")

    def take_long_and_give_way(self) -> None:
        """Do so as a query does."""
        with giving_way():
            self.take_long()

    def wait_for(self, count: int) -> None:
        for _ in range(count):
            assert self.looked.acquire(timeout=20)

    def niceness(self) -> dict[str, int]:
        return {name: niceness for name, (_, niceness) in self.found.items()}


LIGHT, HEAVY = min(niceness_of_first() + 5, 19), min(niceness_of_first() + 15, 19)


def test_a_heavy_query_gives_way_further_when_other_work_comes_and_its_thread_ends():
    office = Office()
    office.pool.lane().start(office.take_long_and_give_way)
    office.wait_for(1)
    office.clock.now += 1
    office.pool.start(lambda: office.look("light"))
    office.wait_for(1)
    office.is_over.set()
    office.wait_for(1)
    office.pool.start(lambda: office.look("later"))
    office.wait_for(1)
    assert office.niceness() == {"at first": LIGHT, "light": LIGHT, "heavy": HEAVY, "later": LIGHT}
    assert office.found["later"][0] != office.found["heavy"][0]


def test_a_heavy_query_does_not_give_way_to_its_own_session():
    office = Office()
    lane = office.pool.lane()
    lane.start(office.take_long_and_give_way)
    office.wait_for(1)
    office.clock.now += 1
    lane.start(lambda: office.look("light"))
    office.is_over.set()
    office.wait_for(2)
    assert office.niceness() == dict.fromkeys(("at first", "light", "heavy"), LIGHT)


def test_a_function_keeps_its_priority_for_the_threads_that_it_may_start():
    office = Office()
    office.pool.lane().start(office.take_long)
    office.wait_for(1)
    office.clock.now += 1
    office.pool.start(lambda: office.look("light"))
    office.is_over.set()
    office.wait_for(2)
    assert office.niceness() == dict.fromkeys(("at first", "light", "heavy"), LIGHT)


def test_what_waits_for_a_thread_that_ends_is_done_with_full_priority():
    office = Office(most=1)
    office.pool.lane().start(office.take_long_and_give_way)
    office.wait_for(1)
    office.clock.now += 1
    for name in "abc":
        office.pool.start(lambda name=name: office.look(name))
    office.is_over.set()
    office.wait_for(4)
    assert office.niceness() == {"at first": LIGHT, "heavy": HEAVY, "a": LIGHT, "b": LIGHT, "c": LIGHT}
