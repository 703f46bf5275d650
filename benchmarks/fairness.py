"""What a light query waits for others: its time alone, and while other sessions' heavy queries run in the process.

Every viewer is a live session on the engine and the threads that a server would have. The light one asks for an
aggregate over a small table and moves its input again and again; the heavy ones ask for an aggregate over all trades,
and move theirs as soon as they have their answer. Stretches alone and stretches beside the others take turns.

The same is measured of table explorers: the light one filters a small table, the heavy ones profile all trades.
"""

import statistics
import tempfile
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from time import perf_counter, sleep
from typing import Any, Self

import duckdb
import panel as pn

import dataapp as da
from benchmarks.report import Figure, Goal
from benchmarks.settings import Settings
from benchmarks.timing import Sample
from benchmarks.watched import WatchedDuckDB
from dataapp.cells.input import InputCell
from dataapp.engines.relation import Relation
from dataapp.runtime.pool import ThreadPool
from dataapp.runtime.priority import give_way
from dataapp.runtime.session import Session
from dataapp.views.jobs import Cancel
from dataapp.views.table.filters.conditions import Compare
from dataapp.views.table.filters.predicates import ColumnFilter
from dataapp.views.table.relation.queries import BLOCK, Question, Span
from dataapp.views.table.relation.rows import RelationRows
from dataapp.views.table.relation.source import open_whole
from dataapp.views.table.summaries.profiles import profile

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
    """Measure cells, then explorers, beside one heavy session, and beside several."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "small.parquet")
        duckdb.connect().execute(_SMALL.format(path=path))
        moved = da.input(pn.widgets.IntSlider, start=0, end=1_000_000, value=0)
        light = da.sql(LIGHT, small=da.source(str(path)), moved=moved)
        heavy = da.sql(HEAVY, trades=da.source(settings.trades()), moved=moved)
        office = Office(moved)
        repetitions = settings.repetitions(6)
        with Viewer(office, light) as viewer:
            viewer.answers()
            for count in _HEAVY_SESSIONS:
                yield from _figures(
                    "query", count, *_stretches(viewer, lambda: Viewer(office, heavy), count, repetitions)
                )
        small, trades = f"FROM '{path}'", f"FROM read_parquet({settings.trades()})"
        with Explorer(office, small, read_filtered) as explorer:
            explorer.move()
            for count in _HEAVY_SESSIONS:
                found = _stretches(explorer, lambda: Explorer(office, trades, read_profile), count, repetitions)
                yield from _figures("explorer", count, *found)


def _figures(what: str, count: int, alone: list[float], beside: list[float], others: list[float]) -> Iterator[Figure]:
    times = statistics.median(beside) / statistics.median(alone)
    who = "one heavy session" if count == 1 else f"{count} heavy sessions"
    took = f"{statistics.median(others):.0f} ms" if others else "longer than the light one was watched"
    goal = Goal(f"at most {_AT_MOST:g}x alone", times, _AT_MOST)
    notes = (f"a heavy {what} takes {took} meanwhile",)
    yield Figure(
        f"light {what}, beside {who}", Sample(tuple(beside)), Sample(tuple(alone)), f"{times:.2f}x", goal, notes
    )
    rare, rare_alone = (statistics.quantiles(found, n=100, method="inclusive")[94] for found in (beside, alone))
    yield Figure("  95th percentile", Sample((rare,)), Sample((rare_alone,)), f"{rare / rare_alone:.2f}x")


def _stretches(
    light: "Looking", open_heavy: Callable[[], "Looking"], count: int, repetitions: int
) -> tuple[list[float], list[float], list[float]]:
    """Return the milliseconds of the light session alone and beside heavy ones, and those of the heavy ones."""
    alone: list[float] = []
    beside: list[float] = []
    others: list[float] = []
    for _ in range(repetitions):
        alone += light.stretch()
        with ExitStack() as opened, ThreadPoolExecutor(count) as threads:
            busy = [opened.enter_context(open_heavy()) for _ in range(count)]
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


class Looking(ABC):
    """A session that asks anew whenever it is moved.

    Args:
        office: What it shares with the others.
    """

    def __init__(self, office: Office) -> None:
        self.office = office
        self._told = threading.Event()
        self._session = Session(office.engine, office.pool.lane())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """End the session, and what it runs."""
        self._session.close()
        self._told.set()

    def stretch(self) -> list[float]:
        """Move again and again, with pauses, and return how long each answer took."""
        found: list[float] = []
        for _ in range(_STRETCH):
            found.append(self.move())
            sleep(_PAUSE)
        return found

    def answers_until_closed(self) -> list[float]:
        """Move without pauses, and return how long each answer took."""
        found: list[float] = []
        while not self._session.is_closed:
            found.append(self.move())
        return found[:-1]  # the last one did not come

    def move(self) -> float:
        """Ask anew, and return how many milliseconds the answer took."""
        start = perf_counter()
        self._ask(next(self.office.values))
        self.answers()
        return 1000 * (perf_counter() - start)

    def answers(self) -> bool:
        """Wait for the answer, and say whether it came; else the session was closed."""
        end = perf_counter() + _WITHIN
        while not self._session.is_closed:
            if self._has_answer():
                return True
            if perf_counter() > end:
                raise RuntimeError(f"no answer within {_WITHIN:g} seconds")
            self._told.wait(0.05)
            self._told.clear()
        return False

    @abstractmethod
    def _ask(self, value: int) -> None: ...

    @abstractmethod
    def _has_answer(self) -> bool: ...


class Viewer(Looking):
    """A session that shows one cell, and moves its input."""

    def __init__(self, office: Office, cell: Any) -> None:
        super().__init__(office)
        self._demand = self._session.demand(cell, "frame", self._told.set)

    def _ask(self, value: int) -> None:
        self._session.set(self.office.moved, value)

    def _has_answer(self) -> bool:
        return self._demand.look().outcome is not None and self._session.is_settled


class Explorer(Looking):
    """A session that asks of a table's rows what an explorer asks, on the threads that do it for a page.

    Args:
        office: What it shares with the others.
        sql: The rows.
        read: What it asks, of a relation that nobody has read before and a value that nobody has used.
    """

    def __init__(self, office: Office, sql: str, read: Callable[[Relation, int, Cancel], object]) -> None:
        super().__init__(office)
        self._sql = sql
        self._read = read
        self._found: list[object] = []

    def _ask(self, value: int) -> None:
        relation = Relation(self._sql, key=(self._sql, value), engine=self.office.engine, fixed_order=True)
        self._found = found = []

        def tell(answer: object) -> None:
            found.append(answer)
            self._told.set()

        self._session.submit(lambda cancel: self._read(relation, value, cancel), tell, tell)

    def _has_answer(self) -> bool:
        if self._found and isinstance(self._found[0], Exception):
            raise self._found[0]
        return bool(self._found)


def read_filtered(relation: Relation, value: int, cancel: Cancel) -> object:
    """Read the first rows that pass a filter of the last column, and count them."""
    rows = RelationRows(relation)
    columns = rows.columns(cancel)
    passing = ColumnFilter(len(columns) - 1, Compare("<>", value, columns[-1].type))
    try:
        return rows.settle(Question((passing,)), Span(0, BLOCK, tuple(range(len(columns)))), cancel)
    finally:
        rows.close()


def read_profile(relation: Relation, _: int, cancel: Cancel) -> object:
    """Find out all about the prices."""
    columns = relation.columns()
    at = [column.name for column in columns].index("price")
    with open_whole(relation, columns, cancel) as source:
        return profile(source, at, (), lambda: None)
