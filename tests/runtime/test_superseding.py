"""A change stops what it makes useless: also a full lane, what has not started, and what waits for another session."""

import threading
from typing import Any

import pytest

from dataapp.cache.results import Results
from dataapp.cells.sql import sql
from dataapp.engines.duckdb import DuckDB
from dataapp.runtime.pool import ThreadPool
from dataapp.runtime.session import Session
from tests.runtime.bench import knob, rows

LONG = "SELECT sum(a.range * b.range % 7)::DOUBLE AS n FROM range($low) a, range(1_000_000) b"
SHORT, NEVER = 1, 10_000_000


class Told:
    """Waits until a session has nothing on its way."""

    def __init__(self) -> None:
        self._changed = threading.Event()

    def __call__(self) -> None:
        self._changed.set()

    def until_settled(self, held: Session) -> None:
        while not held.is_settled:
            assert self._changed.wait(30), "it never settles"
            self._changed.clear()


class Watched(DuckDB):
    """Counts the queries that run, and says when there are so many."""

    def __init__(self, results: Results | None = None) -> None:
        super().__init__(results)
        self.changed = threading.Condition()
        self.leased = 0

    def lease(self) -> Any:
        self.count(1)
        return super().lease()

    def give_back(self, connection: Any) -> None:
        super().give_back(connection)
        self.count(-1)

    def count(self, change: int) -> None:
        with self.changed:
            self.leased += change
            self.changed.notify_all()

    def wait_for(self, leased: int) -> None:
        with self.changed:
            assert self.changed.wait_for(lambda: self.leased == leased, 30), f"{self.leased} readers are open"


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def pool() -> ThreadPool:
    return ThreadPool()


def test_a_change_stops_more_queries_than_a_lane_runs(told: Told, pool: ThreadPool) -> None:
    engine, low = Watched(), knob(NEVER, "BIGINT", name="low")
    held = Session(engine, pool.lane(), initial=lambda cell: cell.kind.default())
    demands = [held.demand(sql(f"{LONG} WHERE {n} >= 0", low=low), "frame", told) for n in range(10)]
    engine.wait_for(8)  # as many as a lane runs
    held.set(low, SHORT)
    told.until_settled(held)
    assert all(len(rows(demand)) == 1 for demand in demands)
    held.close()


def test_a_change_ends_waiting_for_another_session(told: Told, pool: ThreadPool) -> None:
    waiting = threading.Event()

    class Shared(Results):
        def get(
            self, key: Any, make: Any, size: Any, is_cancelled: Any = lambda: False, lasting_key: str | None = None
        ) -> Any:
            if key in self._flights:
                waiting.set()
            return super().get(key, make, size, is_cancelled, lasting_key)

    engine, low = Watched(Shared(2**20)), knob(NEVER, "BIGINT", name="low")
    cell = sql(LONG, low=low)
    maker, waiter = (Session(engine, pool.lane(), initial=lambda cell: cell.kind.default()) for _ in range(2))
    maker.demand(cell, "frame")
    engine.wait_for(1)
    demand = waiter.demand(cell, "frame", told)
    assert waiting.wait(30)
    waiter.set(low, SHORT)
    told.until_settled(waiter)
    assert len(rows(demand)) == 1
    assert not maker.is_settled  # it goes on, since its own viewer still waits
    maker.close()
    waiter.close()
    engine.wait_for(0)


def test_closing_a_session_stops_all_its_queries(pool: ThreadPool) -> None:
    engine, low = Watched(), knob(NEVER, "BIGINT", name="low")
    held = Session(engine, pool.lane(), initial=lambda cell: cell.kind.default())
    for n in range(10):
        held.demand(sql(f"{LONG} WHERE {n} >= 0", low=low), "frame")
    engine.wait_for(8)
    held.close()
    engine.wait_for(0)
