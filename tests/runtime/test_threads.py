"""Eight sessions on real threads: whatever happens in which order, all ends settled and right."""

import contextlib
import random
import threading
from collections.abc import Callable
from typing import Any

import polars as pl
import pytest

from dataapp.cells.cell import Cell
from dataapp.cells.input import InputCell
from dataapp.cells.predicate import match
from dataapp.cells.python import cell
from dataapp.cells.sql import sql
from dataapp.connect.frames import to_polars
from dataapp.errors import DataAppError, SessionError
from dataapp.runtime.frames import Frame
from dataapp.runtime.outcomes import Blocked, Done, Failed, Outcome
from dataapp.runtime.pool import ThreadPool
from dataapp.runtime.session import Demand, Session
from tests.runtime.bench import ENGINE, ask, knob

SESSIONS, TURNS, THREADS = 8, 25, 4
NUMBERS = pl.DataFrame({"n": list(range(2000)), "k": [n % 7 for n in range(2000)]})


class Desk:
    """Cells that all sessions share."""

    def __init__(self) -> None:
        self.low, self.text, self.keys = knob(0, name="low"), knob("1", name="text"), knob([], "INTEGER[]", name="keys")
        self.inputs: dict[InputCell, list[Any]] = {
            self.low: [0, 1, 500, 1999],
            self.text: ["1", "2", "no number"],
            self.keys: [[], [1], [1, 2]],
        }
        chosen = sql("FROM t WHERE $p AND n >= $low", t=NUMBERS, p=match("k", self.keys, name="p"), low=self.low)
        groups = sql("SELECT k, sum(n)::BIGINT * $text::INTEGER AS total FROM c GROUP BY k", c=chosen, text=self.text)

        @cell(groups=groups, low=self.low)
        def biggest(groups: pl.DataFrame, low: int) -> int:
            return max(groups["total"].to_list(), default=0) + low

        self.cells: list[Cell] = [
            chosen,
            sql("FROM g ORDER BY k", g=groups, materialize=True),
            biggest,
            sql("SELECT $biggest AS b, count(*) AS c FROM g", biggest=biggest, g=groups),
        ]


class CountedPool(ThreadPool):
    """Threads that can be waited for."""

    def __init__(self, workers: int) -> None:
        super().__init__(workers)
        self.pending = 0
        self.changed = threading.Condition()

    def start(self, work: Callable[[], None]) -> None:
        def counted() -> None:
            try:
                work()
            finally:
                self.count(-1)

        self.count(1)
        super().start(counted)

    def count(self, change: int) -> None:
        with self.changed:
            self.pending += change
            self.changed.notify_all()

    def join(self) -> None:
        """Wait until there is no work, and none can come of any."""
        with self.changed:
            assert self.changed.wait_for(lambda: self.pending == 0, 30), "work never ends"


class Viewer:
    """One session that wants everything."""

    def __init__(self, desk: Desk, pool: ThreadPool) -> None:
        self.desk = desk
        self.session = Session(ENGINE, pool)
        self.demands: list[Demand] = [self.want(cell) for cell in desk.cells]

    def want(self, cell: Cell) -> Demand:
        return self.session.demand(cell, "value" if cell is self.desk.cells[2] else "frame")

    def turn(self, chance: random.Random) -> None:
        which = chance.choice(list(self.desk.inputs))
        self.session.set(which, chance.choice(self.desk.inputs[which]))
        if chance.random() < 0.2:
            demand = self.want(chance.choice(self.desk.cells))
            self.session.check_invariants()
            demand.release()

    def check(self) -> None:
        assert self.session.is_settled
        self.session.check_invariants()
        values: dict[Cell, object] = {which: self.session.get(which) for which in self.desk.inputs}
        for read, demand in zip(self.desk.cells, self.demands, strict=True):
            assert plain(demand.look().outcome) == plain(fresh(read, values))


def fresh(read: Cell, values: dict[Cell, object]) -> Outcome:
    """How a cell ends from scratch."""
    try:
        return Done(ask(read, values))
    except DataAppError as error:
        return Failed(error)


def plain(outcome: Outcome | None) -> object:
    """An outcome in a form that can be compared."""
    match outcome:
        case Done(Frame(rows)):
            return plain(Done(to_polars(rows)))
        case Done(pl.DataFrame() as frame):
            return sorted(frame.rows())
        case Done(value):
            return value
        case Failed(error) | Blocked(_, error):
            return str(error)
        case _:
            return outcome


@pytest.mark.parametrize("seed", range(2))
def test_sessions_on_threads_end_settled_and_right(seed: int) -> None:
    desk, pool = Desk(), CountedPool(4)
    viewers = [Viewer(desk, pool) for _ in range(SESSIONS)]
    broken: list[BaseException] = []

    def turn_many(number: int) -> None:
        chance = random.Random(1000 * seed + number)
        try:
            for _ in range(TURNS):
                chance.choice(viewers).turn(chance)
        except BaseException as error:  # told by the test's own thread
            broken.append(error)

    threads = [threading.Thread(target=turn_many, args=(number,)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert broken == []
    pool.join()
    for viewer in viewers:
        viewer.check()
        viewer.session.close()


def test_sessions_may_end_while_they_work() -> None:
    desk, pool = Desk(), CountedPool(4)
    viewers = [Viewer(desk, pool) for _ in range(SESSIONS)]
    chance = random.Random(1)
    closers = [threading.Thread(target=viewer.session.close) for viewer in viewers]
    for viewer, closer in zip(viewers, closers, strict=True):
        closer.start()
        with contextlib.suppress(SessionError):
            viewer.turn(chance)
    for closer in closers:
        closer.join()
    pool.join()
    for viewer in viewers:
        viewer.session.check_invariants()
        assert viewer.session.nodes.tables == {}
