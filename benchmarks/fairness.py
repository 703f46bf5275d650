"""What a light query waits for others: its time alone, and while other sessions' heavy queries run in the process.

Every viewer is a live session on the engine and the threads that a server would have. The light one asks for an
aggregate over a small table and moves its input again and again; the heavy ones ask for an aggregate over all trades,
and move theirs as soon as they have their answer. Stretches alone and stretches beside the others take turns.
"""

import statistics
import tempfile
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from time import perf_counter, sleep
from typing import Any

import duckdb
import panel as pn

import dataapp as da
from benchmarks.report import Figure, Goal
from benchmarks.settings import Settings
from benchmarks.timing import Sample
from benchmarks.watched import WatchedDuckDB
from dataapp.cells.input import InputCell
from dataapp.runtime.pool import ThreadPool
from dataapp.runtime.priority import give_way
from dataapp.runtime.session import Session

LIGHT = "SELECT k, count(*) AS n, sum(v) AS total, avg(v) AS mean FROM small WHERE v <> $moved GROUP BY k ORDER BY k"
HEAVY = """
    SELECT symbol, size % 100 AS part, count(*) AS n, max(price + $moved) AS high, median(price) AS middle
    FROM trades GROUP BY ALL
"""
_SMALL = """
    COPY (SELECT range % 100 AS k, (range * 7919 % 1000)::DOUBLE AS v FROM range(100_000)) TO '{path}' (FORMAT parquet)
"""
_AT_MOST = 2.0  # times as long as alone
_HEAVY_SESSIONS = (1, 4)
_STRETCH = 30  # moves
_PAUSE = 0.03  # seconds between two moves of the light one: a slider that is being dragged
_HEAD_START = 0.5  # seconds that the heavy ones are given
_WITHIN = 120.0  # seconds for an answer


def measure(settings: Settings) -> Iterator[Figure]:
    """Measure beside one heavy session, and beside several."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "small.parquet")
        duckdb.connect().execute(_SMALL.format(path=path))
        moved = da.input(pn.widgets.IntSlider, start=0, end=1_000_000, value=0)
        light = da.sql(LIGHT, small=da.source(str(path)), moved=moved)
        heavy = da.sql(HEAVY, trades=da.source(settings.trades()), moved=moved)
        office = Office(moved)
        with Viewer(office, light) as viewer:
            viewer.answers()
            for count in _HEAVY_SESSIONS:
                yield from _figures(count, *_stretches(viewer, heavy, count, settings.repetitions(6)))


def _figures(count: int, alone: list[float], beside: list[float], others: list[float]) -> Iterator[Figure]:
    times = statistics.median(beside) / statistics.median(alone)
    who = "one heavy session" if count == 1 else f"{count} heavy sessions"
    took = f"{statistics.median(others):.0f} ms" if others else "longer than the light one was watched"
    goal = Goal(f"at most {_AT_MOST:g}x alone", times, _AT_MOST)
    notes = (f"a heavy query takes {took} meanwhile",)
    yield Figure(
        f"light query, beside {who}", Sample(tuple(beside)), Sample(tuple(alone)), f"{times:.2f}x", goal, notes
    )
    rare, rare_alone = (statistics.quantiles(found, n=100, method="inclusive")[94] for found in (beside, alone))
    yield Figure("  95th percentile", Sample((rare,)), Sample((rare_alone,)), f"{rare / rare_alone:.2f}x")


def _stretches(
    light: "Viewer", heavy: Any, count: int, repetitions: int
) -> tuple[list[float], list[float], list[float]]:
    """Return the milliseconds of the light query alone and beside heavy ones, and those of the heavy ones."""
    alone: list[float] = []
    beside: list[float] = []
    others: list[float] = []
    for _ in range(repetitions):
        alone += light.stretch()
        with ExitStack() as opened, ThreadPoolExecutor(count) as threads:
            busy = [opened.enter_context(Viewer(light.office, heavy)) for _ in range(count)]
            running = [threads.submit(viewer.answers_until_closed) for viewer in busy]
            sleep(_HEAD_START)
            beside += light.stretch()
            for viewer in busy:
                viewer.close()
            for one in running:
                others += one.result()
            light.office.wait_until_quiet()
    return alone, beside, others


class Office:
    """What viewers of one process share.

    Args:
        moved: The input of all of them; each has a value of its own.
    """

    def __init__(self, moved: InputCell) -> None:
        self.moved = moved
        self.values = iter(range(1, 1_000_000))  # none is used twice, so that no cache answers
        with ThreadPoolExecutor(1, initializer=give_way) as thread:  # as in a server
            self.engine = thread.submit(WatchedDuckDB).result()
        self.pool = ThreadPool(gives_way=True)

    def wait_until_quiet(self) -> None:
        """Wait until the engine has stopped what it was told to stop."""
        for reader in self.engine.running():
            self.engine.wait_for_end(reader)


class Viewer:
    """A session that shows one cell."""

    def __init__(self, office: Office, cell: Any) -> None:
        self.office = office
        self._told = threading.Event()
        self._session = Session(office.engine, office.pool.lane())
        self._demand = self._session.demand(cell, "frame", self._told.set)

    def __enter__(self) -> "Viewer":
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """End the session, and what it runs."""
        self._session.close()
        self._told.set()

    def stretch(self) -> list[float]:
        """Move the input again and again, with pauses, and return how long each answer took."""
        found: list[float] = []
        for _ in range(_STRETCH):
            found.append(self.move())
            sleep(_PAUSE)
        return found

    def answers_until_closed(self) -> list[float]:
        """Move the input without pauses, and return how long each answer took."""
        found: list[float] = []
        while self.answers():
            found.append(self.move())
        return found[:-1]  # the last one did not come

    def move(self) -> float:
        """Move the input, and return how many milliseconds the answer took."""
        start = perf_counter()
        self._session.set(self.office.moved, next(self.office.values))
        self.answers()
        return 1000 * (perf_counter() - start)

    def answers(self) -> bool:
        """Wait for the answer, and say whether it came; else the session was closed."""
        end = perf_counter() + _WITHIN
        while not self._session.is_closed:
            shown = self._demand.look()
            if shown.outcome is not None and self._session.is_settled:
                return True
            if perf_counter() > end:
                raise RuntimeError(f"no answer within {_WITHIN:g} seconds")
            self._told.wait(0.05)
            self._told.clear()
        return False
