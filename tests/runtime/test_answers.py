"""Answers of databases: one query for all who ask at once, kept under a version or for a time, never mixed."""

import threading
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import pyarrow as pa
import pytest

from dataapp.cache.leases import Leases
from dataapp.cache.results import Results
from dataapp.cells.cell import Cell
from dataapp.cells.database import DatabaseTable, Refused, Statement
from dataapp.cells.source import SourceCell
from dataapp.cells.sql import SqlCell, sql
from dataapp.compile.target import DUCKDB, Target
from dataapp.engines.duckdb import DuckDB
from dataapp.errors import Cancelled, QueryError
from dataapp.runtime.pool import ThreadPool
from dataapp.runtime.session import Demand, Session
from dataapp.runtime.workers import InlinePool
from tests.runtime.bench import ManualPool, defaults, error, knob, place, rows, value

PATIENCE = 30.0  # seconds


@dataclass(eq=False)
class Desk:
    """A database that holds one number, and counts what it is asked.

    Attributes:
        number: What every query answers.
        versions: Whether it can tell whether the number changed.
        before: Called at the beginning of each query, given the question.
        after: Called when the number was read, before it is handed on.
    """

    number: int = 1
    versions: bool = True
    before: Callable[["Asked"], None] = lambda asked: None
    after: Callable[[], None] = lambda: None
    queries: list[str] = field(default_factory=list[str])
    looks: int = 0
    label: str = "desk"

    @property
    def key(self) -> str:
        return f"desk {id(self)}"

    @property
    def target(self) -> Target:
        return DUCKDB

    def server(self) -> "Desk":
        return self

    def ask(self, statement: Statement) -> Any:
        return Asked(self, statement)

    def tables(self) -> Sequence[str]:
        return ["t"]

    def columns(self, table: str, schema: str | None) -> Mapping[str, str]:
        return {"n": "INTEGER"}

    def version(self, tables: Sequence[str]) -> Hashable | None:
        self.looks += 1
        return self.number if self.versions else None

    def table(self, ttl: float | None = None, name: str = "t") -> SourceCell:
        """A cell of its table."""
        return SourceCell(DatabaseTable(self, "t"), place(), options={}, name=name, ttl=ttl)


@dataclass(eq=False)
class Asked:
    """A question that a desk was asked."""

    desk: Desk
    statement: Statement
    cancelled: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> "Asked":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def schema(self) -> pa.Schema:
        return pa.schema({"n": pa.int32()})

    def read(self) -> pa.RecordBatchReader:
        self.desk.queries.append(self.statement.sql)
        self.desk.before(self)
        if self.cancelled.is_set():
            raise Cancelled
        found = pa.table({"n": pa.array([self.desk.number], pa.int32())})
        self.desk.after()
        return found.to_reader()

    def explain(self) -> str:
        return "a plan"

    def cancel(self) -> None:
        self.cancelled.set()

    def close(self) -> None:
        pass


@dataclass
class Clock:
    """A clock that a test sets."""

    now: float = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def results(clock: Clock) -> Results:
    return Results(2**20, leases=Leases(clock))


@pytest.fixture
def engine(results: Results) -> DuckDB:
    return DuckDB(results)


def viewer(engine: DuckDB, pool: Any = None, **options: Any) -> Session:
    return Session(engine, pool or InlinePool(), initial=defaults, **options)


def shown(engine: DuckDB, cell: Cell) -> int:
    """What one viewer, who comes and goes, is shown."""
    session = viewer(engine)
    try:
        return number(session.demand(cell, "frame"))
    finally:
        session.close()


def number(demand: Demand) -> int:
    return cast("int", rows(demand)[0][0])


def on(desk: Desk, text: str, *, ttl: float | None = None, **names: Any) -> SqlCell:
    return sql(text, on=cast("Any", desk), ttl=ttl, **names)


class Crowd:
    """Sessions that ask the same at once, each on a thread of its own, and wait for each other's answers."""

    def __init__(self, engine: DuckDB, cell: Cell, count: int) -> None:
        self.pool = ThreadPool(count)
        self.sessions = [viewer(engine, self.pool.lane()) for _ in range(count)]
        self.settled = [threading.Event() for _ in self.sessions]
        self.demands = [
            session.demand(cell, "frame", self._settles(index)) for index, session in enumerate(self.sessions)
        ]

    def _settles(self, index: int) -> Callable[[], None]:
        def look() -> None:
            if self.sessions[index].is_settled:
                self.settled[index].set()

        return look

    def wait(self, indices: Sequence[int] | None = None) -> list[Demand]:
        """Wait until sessions have settled."""
        chosen = range(len(self.sessions)) if indices is None else indices
        for index in chosen:
            assert self.settled[index].wait(PATIENCE)
        return [self.demands[index] for index in chosen]

    def close(self) -> None:
        for session in self.sessions:
            session.close()


# At once.


@pytest.mark.parametrize("ttl", [None, 60])
def test_a_hundred_sessions_that_ask_at_once_cost_one_query(engine: DuckDB, desk: Desk, ttl: float | None) -> None:
    has_begun, may_end = threading.Event(), threading.Event()

    def hold(_: Asked) -> None:
        has_begun.set()
        assert may_end.wait(PATIENCE)

    desk.before = hold
    crowd = Crowd(engine, desk.table(ttl), 100)
    try:
        assert has_begun.wait(PATIENCE)
        may_end.set()
        frames = [value(demand) for demand in crowd.wait()]
    finally:
        may_end.set()
        crowd.close()
    assert len(desk.queries) == 1
    assert len({id(frame.rows) for frame in frames}) == 1


def test_cells_of_two_scripts_that_say_the_same_share_an_answer(engine: DuckDB, desk: Desk) -> None:
    low = knob(1)
    for _ in range(2):
        t = desk.table()
        assert shown(engine, on(desk, "SELECT n FROM t WHERE n >= $low", t=t, low=low)) == 1
    assert len(desk.queries) == 1


def test_who_stops_waiting_stops_nobody_else(engine: DuckDB, desk: Desk) -> None:
    has_begun, may_end = threading.Event(), threading.Event()
    desk.before = lambda _: (has_begun.set(), may_end.wait(PATIENCE), None)[-1]
    crowd = Crowd(engine, desk.table(), 4)
    try:
        assert has_begun.wait(PATIENCE)
        asking = [session for session in crowd.sessions if session.is_settled]
        assert asking == []
        crowd.sessions[3].close()
        may_end.set()
        assert [number(demand) for demand in crowd.wait([0, 1, 2])] == [1, 1, 1]
    finally:
        may_end.set()
        crowd.close()


def test_when_the_one_who_asks_is_cancelled_the_next_one_asks(engine: DuckDB, desk: Desk) -> None:
    has_begun, first = threading.Event(), list[Asked]()

    def hold_the_first(asked: Asked) -> None:
        first.append(asked)
        has_begun.set()
        if len(first) == 1:
            assert asked.cancelled.wait(PATIENCE)

    desk.before = hold_the_first
    one = viewer(engine, ThreadPool(1))
    one.demand(desk.table(), "frame")
    assert has_begun.wait(PATIENCE)
    crowd = Crowd(engine, desk.table(), 3)
    try:
        one.close()
        assert [number(demand) for demand in crowd.wait()] == [1, 1, 1]
    finally:
        crowd.close()
    assert len(desk.queries) == 2


@pytest.mark.parametrize("ttl", [None, 60])
def test_all_who_waited_are_told_of_a_failure_by_their_own_names(engine: DuckDB, desk: Desk, ttl: float | None) -> None:
    waiting = threading.Event()

    def fail(_: Asked) -> None:
        assert waiting.wait(PATIENCE)
        raise Refused(QueryError("no"), 0)

    desk.before = fail
    names = [f"name {index}" for index in range(9)]
    pool, seen = ThreadPool(len(names) + 1), threading.Semaphore(0)
    sessions = [viewer(engine, pool.lane()) for _ in names]
    demands = [
        session.demand(desk.table(ttl, name=name), "frame", seen.release)
        for session, name in zip(sessions, names, strict=True)
    ]
    try:
        while desk.looks < (1 if ttl else len(names)):
            pass
        waiting.set()
        while any(demand.look().outcome is None for demand in demands):
            assert seen.acquire(timeout=PATIENCE)
        failures = [error(demand.look().outcome) for demand in demands]
    finally:
        waiting.set()
        for session in sessions:
            session.close()
    assert [getattr(failure, "cell", None) for failure in failures] == names
    assert len({id(failure) for failure in failures}) == len(names)
    assert len(desk.queries) < len(names)
    desk.before = lambda _: None
    assert shown(engine, desk.table(ttl)) == 1


def test_answers_stay_within_the_budget(desk: Desk) -> None:
    results = Results(8)
    engine = DuckDB(results)
    for low in range(5):
        shown(engine, on(desk, f"SELECT n FROM t WHERE n > {low - 5}"))
    results.check_invariants()
    assert (len(desk.queries), results.bytes) == (5, 8)


# Under a version.


def test_a_change_is_seen_by_the_next_who_asks(engine: DuckDB, desk: Desk) -> None:
    t = desk.table()
    assert (shown(engine, t), shown(engine, t)) == (1, 1)
    desk.number = 2
    assert (shown(engine, t), shown(engine, t)) == (2, 2)
    assert len(desk.queries) == 2


def test_rows_that_change_while_they_are_fetched_are_shared_with_nobody(engine: DuckDB, desk: Desk) -> None:
    t = desk.table()

    def write() -> None:
        desk.number, desk.after = 2, lambda: None

    desk.after = write
    assert shown(engine, t) == 1  # one state, which it had when it was asked
    assert shown(engine, t) == 2
    desk.number = 1
    assert shown(engine, t) == 1
    assert len(desk.queries) == 3


def test_who_waited_for_rows_that_changed_asks_again_together(engine: DuckDB, desk: Desk) -> None:
    waiting = threading.Event()

    def change_the_first() -> None:
        assert waiting.wait(PATIENCE)
        desk.number, desk.after = 2, lambda: None

    desk.after = change_the_first
    crowd = Crowd(engine, desk.table(), 20)
    try:
        while desk.looks < 20:  # each has looked at the version, and waits
            pass
        waiting.set()
        found = sorted(number(demand) for demand in crowd.wait())
    finally:
        waiting.set()
        crowd.close()
    assert found == [1] + [2] * 19
    assert len(desk.queries) <= 3  # those that wait for the second query share it; who comes late finds its rows


def test_a_database_without_versions_is_asked_by_each(engine: DuckDB, desk: Desk) -> None:
    desk.versions = False
    t = desk.table()
    assert (shown(engine, t), shown(engine, t)) == (1, 1)
    assert len(desk.queries) == 2


def test_a_text_without_one_meaning_is_asked_by_each(engine: DuckDB, desk: Desk) -> None:
    some = on(desk, "SELECT n FROM t LIMIT 1")
    assert (shown(engine, some), shown(engine, some)) == (1, 1)
    assert len(desk.queries) == 2


# Under a lease.


@pytest.mark.parametrize("versions", [True, False])
def test_until_the_ttl_is_over_a_database_is_asked_nothing(
    engine: DuckDB, desk: Desk, clock: Clock, *, versions: bool
) -> None:
    desk.versions = versions
    assert shown(engine, desk.table(60)) == 1
    desk.number, looks = 2, desk.looks
    clock.now = 59.9
    assert shown(engine, desk.table(60)) == 1
    assert (len(desk.queries), desk.looks) == (1, looks)
    clock.now = 60.0
    assert shown(engine, desk.table(60)) == 2
    assert len(desk.queries) == 2


def test_rows_that_did_not_change_begin_another_lease(engine: DuckDB, desk: Desk, clock: Clock) -> None:
    t = desk.table(60)
    for now in (0, 60, 120, 170):
        clock.now = now
        assert shown(engine, t) == 1
    assert len(desk.queries) == 1
    desk.number = 2
    clock.now = 180
    assert shown(engine, t) == 2


def test_each_reader_says_for_itself_how_old_an_answer_may_be(engine: DuckDB, desk: Desk, clock: Clock) -> None:
    assert shown(engine, desk.table(60)) == 1
    desk.number, clock.now = 2, 30
    assert shown(engine, desk.table(60)) == 1
    assert shown(engine, desk.table()) == 2
    assert shown(engine, desk.table(20)) == 2
    assert shown(engine, desk.table(60)) == 2


def test_the_age_of_an_answer_counts_from_before_it_was_asked_for(engine: DuckDB, desk: Desk, clock: Clock) -> None:
    def wait() -> None:
        clock.now += 50

    desk.after = wait
    assert shown(engine, desk.table(60)) == 1
    desk.number, clock.now = 2, 61
    assert shown(engine, desk.table(60)) == 2


def test_a_question_that_fails_is_asked_again(engine: DuckDB, desk: Desk) -> None:
    def fail(_: Asked) -> None:
        desk.before = lambda _: None
        raise Refused(QueryError("no"))

    desk.before = fail
    session = viewer(engine)
    assert "no" in str(error(session.demand(desk.table(60), "frame").look().outcome))
    assert shown(engine, desk.table(60)) == 1


def test_a_wave_after_the_ttl_asks_anew_and_one_before_does_not(engine: DuckDB, desk: Desk, clock: Clock) -> None:
    session, more = viewer(engine), knob(0)
    demand = session.demand(sql("SELECT n + $more AS n FROM t", t=desk.table(60), more=more), "frame")
    desk.number, clock.now = 2, 59
    session.set(more, 10)
    assert number(demand) == 11
    clock.now = 60
    session.set(more, 20)
    assert number(demand) == 22
    session.check_invariants()


def test_a_change_while_rows_are_fetched_anew_does_not_fetch_them_again(
    engine: DuckDB, desk: Desk, clock: Clock
) -> None:
    pool, more = ManualPool(), knob(0)
    session = viewer(engine, pool)
    demand = session.demand(sql("SELECT n + $more AS n FROM t", t=desk.table(60), more=more), "frame")
    pool.run_all()
    desk.number, clock.now = 2, 60
    desk.before = lambda _: (session.set(more, 5), None)[-1]
    session.set(more, 1)
    pool.run_all()
    assert (number(demand), len(desk.queries)) == (7, 2)
    session.check_invariants()


def test_all_readers_in_a_session_see_one_answer(engine: DuckDB, desk: Desk, clock: Clock) -> None:
    t, session = desk.table(60), viewer(engine)
    one = session.demand(sql("SELECT n FROM t", t=t), "frame")
    desk.number, clock.now = 2, 30
    assert shown(engine, desk.table(10)) == 2  # another session has a newer one
    other = session.demand(sql("SELECT -n AS n FROM t", t=t), "frame")
    assert (number(one), number(other)) == (2, -2)
    session.check_invariants()


def test_refresh_asks_anew_and_the_page_s_own_look_does_not(engine: DuckDB, desk: Desk) -> None:
    session = viewer(engine)
    demand = session.demand(desk.table(60), "frame")
    desk.number = 2
    session.refresh(within_ttl=True)
    assert number(demand) == 1
    session.refresh()
    assert number(demand) == 2
    assert shown(engine, desk.table(60)) == 2


def test_after_a_refresh_no_question_gets_an_older_answer(engine: DuckDB, desk: Desk) -> None:
    low, session = knob(0), viewer(engine)
    demand = session.demand(on(desk, "SELECT n FROM t WHERE n > $low", ttl=60, low=low), "frame")
    session.set(low, -1)
    desk.number = 2
    session.refresh()
    session.set(low, 0)
    assert number(demand) == 2


def test_a_query_lasts_as_long_as_all_that_it_reads_or_as_it_says(engine: DuckDB, desk: Desk, clock: Clock) -> None:
    t, u = desk.table(60), desk.table(20, name="u")
    joined = on(desk, "SELECT t.n FROM t JOIN u USING (n)", t=t, u=u)
    above = on(desk, "SELECT n FROM joined", joined=joined)
    long = on(desk, "SELECT t.n FROM t JOIN u USING (n)", ttl=1000, t=t, u=u)
    beside = on(desk, "SELECT t.n FROM t JOIN other USING (n)", t=t)
    for cell in (above, long, beside):
        assert shown(engine, cell) == 1
    desk.number, clock.now = 2, 19
    assert [shown(engine, cell) for cell in (above, long, beside)] == [1, 1, 2]
    clock.now = 20
    assert [shown(engine, cell) for cell in (above, long)] == [2, 1]


def test_rows_without_one_meaning_are_reused_only_where_the_cell_says_so(engine: DuckDB, desk: Desk) -> None:
    t = desk.table(60)
    for cell, queries in ((on(desk, "SELECT n FROM t LIMIT 1", t=t), 2), (on(desk, "FROM t LIMIT 1", ttl=9, t=t), 1)):
        desk.queries.clear()
        assert (shown(engine, cell), shown(engine, cell)) == (1, 1)
        assert len(desk.queries) == queries


def test_what_is_made_of_an_answer_is_never_that_of_another(desk: Desk, clock: Clock) -> None:
    desk.versions = False
    engine = DuckDB(Results(2**20, leases=Leases(clock)))
    total = sql("SELECT sum(n)::INTEGER AS n FROM t", t=desk.table(60))
    found = []
    for now in (0, 30, 60, 90, 120):
        clock.now, desk.number = now, now + 1
        found.append(shown(engine, total))
    assert found == [1, 1, 61, 61, 121]
