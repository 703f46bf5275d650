"""Lets a server say how long its event loop stood still, for `panel serve --setup`.

SIGUSR1 starts to measure, again if need be; SIGUSR2 writes what was found into the file that `BENCHMARK_STALLS_FILE`
names. A thread that does nothing else beats beside the loop: what delays it, too, is the machine or Python's lock.
"""

import asyncio
import json
import os
import signal
import threading
import time
from pathlib import Path

_FILE = Path(os.environ["BENCHMARK_STALLS_FILE"])
_EVERY = 0.005
_found: dict[str, list[float]] = {"loop": [], "thread": []}
_tasks: list[asyncio.Task[None]] = []


def _note(name: str, since: float) -> None:
    _found[name].append(1000 * (time.perf_counter() - since - _EVERY))


async def _beat() -> None:
    while True:
        since = time.perf_counter()
        await asyncio.sleep(_EVERY)
        _note("loop", since)


def _beat_beside() -> None:
    while True:
        since = time.perf_counter()
        time.sleep(_EVERY)
        _note("thread", since)


def _start(_signal_number, _frame):
    for values in _found.values():
        values.clear()
    if not _tasks:
        loop = asyncio.get_running_loop()
        _tasks.append(loop.create_task(_beat()))
        threading.Thread(target=_beat_beside, daemon=True).start()


def _tell(_signal_number, _frame):
    partial = _FILE.with_suffix(".partial")
    partial.write_text(json.dumps({name: list(values) for name, values in _found.items()}))
    partial.rename(_FILE)


signal.signal(signal.SIGUSR1, _start)
signal.signal(signal.SIGUSR2, _tell)
