"""Tables of many rows beside a light cell of another session: they hold up nobody, and end with their page."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic
from typing import Any

import duckdb
import pytest

import dataapp as da
from dataapp.engines.duckdb import DuckDB
from dataapp.engines.relation import Relation
from dataapp.runtime.pool import ThreadPool
from dataapp.runtime.session import Session
from dataapp.views.jobs import Cancel
from dataapp.views.table.controller import Controller
from dataapp.views.table.relation.source import open_whole
from dataapp.views.table.summaries.profiles import profile

ENDLESS = "SELECT i, hash(i) AS h FROM range(100_000_000_000_000) t(i)"
_WITHIN = 30  # seconds: what waits for the endless ones never comes


class Table:
    """A session that looks at an endless table: its jobs are those of pictures, profiles and lists."""

    def __init__(self, engine: DuckDB, pool: ThreadPool, name: str) -> None:
        self.session = Session(engine, pool.lane())
        self.relation = Relation(ENDLESS, key=(name, ENDLESS), engine=engine, fixed_order=True)
        self.begun, self.ended = threading.Semaphore(0), threading.Semaphore(0)
        self.told: list[object] = []

    def look(self, count: int) -> None:
        """Start some jobs, and wait until they run."""
        for _ in range(count):
            self.session.submit(self._work, self.told.append, self.told.append)
        for _ in range(count):
            assert self.begun.acquire(timeout=_WITHIN)

    def _work(self, cancel: Cancel) -> object:
        self.begun.release()
        try:
            with open_whole(self.relation, self.relation.columns(), cancel) as source:
                return profile(source, 1, (), lambda: None)
        finally:
            self.ended.release()


@pytest.fixture
def pool() -> ThreadPool:
    return ThreadPool(2, patience=0.05)


@pytest.fixture
def tables(pool: ThreadPool) -> Iterator[Callable[[str], Table]]:
    opened: list[Table] = []
    engine = DuckDB()

    def open_(name: str) -> Table:
        opened.append(Table(engine, pool, name))
        return opened[-1]

    yield open_
    for table in opened:
        table.session.close()


def answer(session: Session, cell: Any) -> int:
    """Show a cell, and return the rows of its frame."""
    told = threading.Event()
    demand = session.demand(cell, "frame", told.set)
    end = monotonic() + _WITHIN
    while (outcome := demand.look().outcome) is None or not session.is_settled:
        assert monotonic() < end, "the light cell is held up"
        told.wait(0.05)
        told.clear()
    return outcome.value.rows.num_rows  # type: ignore[union-attr]


def test_a_light_cell_is_answered_while_tables_of_two_other_sessions_work(
    tables: Callable[[str], Table], pool: ThreadPool, tmp_path: Path
):
    one, other = tables("one"), tables("other")
    one.look(3)
    other.look(3)
    duckdb.execute(f"COPY (FROM range(1000) t(n)) TO '{tmp_path}/small.parquet'")
    light = da.sql(
        "SELECT n % 10 AS rest, count(*) AS n FROM small GROUP BY ALL", small=da.source(tmp_path / "small.parquet")
    )
    session = Session(one.session.engine, pool.lane())
    try:
        assert answer(session, light) == 10
    finally:
        session.close()
    assert (one.told, other.told) == ([], [])  # they are still at it
    assert not one.ended.acquire(blocking=False)


def test_what_a_table_runs_ends_with_its_session_and_is_told_to_nobody(tables: Callable[[str], Table]):
    one, other = tables("one"), tables("other")
    one.look(2)
    other.look(1)
    one.session.close()
    for _ in range(2):
        assert one.ended.acquire(timeout=_WITHIN)
    assert one.told == []
    assert not other.ended.acquire(blocking=False)


def test_a_table_on_screen_runs_nothing_more_after_its_session_has_ended(tables: Callable[[str], Table]):
    table = tables("shown")
    messages: list[Any] = []
    arrived = threading.Event()
    started, ended = threading.Semaphore(0), threading.Semaphore(0)

    def submit(job: Any, done: Any, failed: Any) -> Any:
        def run(cancel: Cancel) -> object:
            started.release()
            try:
                return job(cancel)
            finally:
                ended.release()

        return table.session.submit(run, done, failed)

    def send(message: dict[str, object]) -> None:
        messages.append(message)
        if message["type"] == "view":
            arrived.set()

    controller = Controller(submit, send, lambda _: None, lambda _: None)
    controller.show(table.relation)
    assert arrived.wait(_WITHIN)  # the first rows come, and counting goes on
    for _ in range(2):
        assert started.acquire(timeout=_WITHIN)
    table.session.close()
    for _ in range(2):
        assert ended.acquire(timeout=_WITHIN), "the engine works for a page that is gone"
    controller.receive({"type": "values", "view": 1, "column": 1})
    assert not started.acquire(timeout=0.2)
    assert [message["type"] for message in messages] == ["stale", "view"]
