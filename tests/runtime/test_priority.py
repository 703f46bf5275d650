"""Threads that run queries give way to the first thread of the process, and those that they start do so, too."""

import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from dataapp.runtime.pool import ThreadPool
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
