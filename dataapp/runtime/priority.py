"""Who goes first when processors are short: the event loop, which answers browsers; then light work; then heavy work.

Measured on two processors, with eight pieces of work at once. With eight viewers who move sliders, the longest stall of
the loop falls from 200 to 120 ms when queries give way; it is shorter since fewer run at once. Beside four sessions
with queries of several seconds, one of 4 ms takes 1.7 times as long as alone when those give way further, and 2.6 times
or more when not.
"""

import logging
import os
import sys
import threading
from contextlib import suppress
from queue import SimpleQueue

_log = logging.getLogger(__name__)
_STEPS = 5  # of niceness: a third of what a thread gets that does not give way
_FURTHER = 10  # more steps, for a tenth of that


def give_way() -> None:
    """Let the calling thread, and those that it starts, get less of the processors while others want them.

    On Linux, where a thread has a priority of its own, unless that is forbidden; elsewhere do nothing. A thread can't
    take it back.
    """
    _lower(threading.get_native_id(), _STEPS)


def let_give_way_further(thread: int) -> None:
    """Let a thread give way to those that gave way as well. It can't take that back either.

    Args:
        thread: As the system numbers it.
    """
    _lower(thread, _STEPS + _FURTHER)


class _Starter:
    """A thread that starts others, one per process, made on first use."""

    lock = threading.Lock()
    waiting: SimpleQueue[threading.Thread] | None = None


def start_afresh(thread: threading.Thread) -> None:
    """Start a thread soon, and not with the priority of the calling one: who starts a thread hands on what it has."""
    with _Starter.lock:
        waiting = _Starter.waiting
        if waiting is None:
            waiting = _Starter.waiting = SimpleQueue()
            threading.Thread(target=_start_all, args=(waiting,), name="dataapp-starter", daemon=True).start()
    waiting.put(thread)


def _start_all(waiting: SimpleQueue[threading.Thread]) -> None:
    while True:
        try:
            waiting.get().start()
        except RuntimeError:
            if not threading.main_thread().is_alive():  # the process ends
                return
            _log.exception("A thread could not be started.")  # the system gives no more: those that there are go on


def _lower(thread: int, steps: int) -> None:
    if sys.platform != "linux":
        return
    first = os.getpid()
    with suppress(OSError):
        niceness = max(os.getpriority(os.PRIO_PROCESS, first) + steps, os.getpriority(os.PRIO_PROCESS, thread))
        os.setpriority(os.PRIO_PROCESS, thread, niceness)
