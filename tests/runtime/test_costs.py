"""Rows are kept where that was measured to be better, and readers see the same whatever is chosen."""

from collections.abc import Sequence
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dataapp.cells.cell import Cell
from dataapp.cells.sql import SqlCell, sql
from dataapp.engines.duckdb import DuckDB
from dataapp.engines.measured import Measured, Uses
from dataapp.runtime import costs, keeping
from dataapp.runtime.costs import Choice, choose, note
from dataapp.runtime.session import Session
from dataapp.runtime.tables import cell_key
from dataapp.runtime.workers import InlinePool
from tests.engines.test_measured import Clock
from tests.runtime.bench import knob, rows

FRAME = pl.DataFrame({"n": range(100)})
READ = sql("FROM t", t=FRAME, name="read")
READERS = [sql("FROM x", x=READ, name=name) for name in ("one", "other")]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def measured(clock: Clock) -> Measured:
    return Measured(clock)


class History:
    """Lets time pass as waves would."""

    def __init__(self, measured: Measured, clock: Clock) -> None:
        self._measured, self._clock = measured, clock
        self._wave = 0

    def wave(self, each: float, *, make: float | None = None, size: int = 1_000, changes: bool = True) -> None:
        """Show both readers: `make` says that rows were made to be kept, and what that took."""
        self._wave += 1
        key, is_kept = cell_key(READ), make is not None
        inner = self._wave if changes else "the same"
        if make is not None and (changes or self._wave == 1):
            with self._measured.run(Uses(("making", key), taken={key: inner}, kept={}), inner):
                self._clock.now += make
            self._measured.made(key, size)
        for reader in READERS:
            held = {key: inner}
            with self._measured.run(
                Uses(cell_key(reader), taken={} if is_kept else held, kept=held if is_kept else {}), self._wave
            ):
                self._clock.now += each

    def choose(self, *, reduces: bool = False, readers: Sequence[Cell | None] = READERS) -> Choice:
        """Choose as a session would before the next wave."""
        choice = choose(self._measured, READ, readers, reduces=reduces)
        note(self._measured, {READ: (choice, readers)})
        return choice


@pytest.fixture
def history(measured: Measured, clock: Clock) -> History:
    return History(measured, clock)


@pytest.mark.parametrize("reduces", [True, False])
def test_before_anything_is_known_the_text_decides(history: History, reduces: bool):
    assert history.choose(reduces=reduces).is_kept == reduces


def test_readers_that_take_long_let_keeping_be_tried_but_not_for_the_first_picture(history: History):
    history.wave(2.0)
    assert not history.choose().is_kept
    history.wave(1.0)
    assert history.choose() == Choice(True, "2 readers share it and take 2.00 s: keeping its rows is tried")


def test_quick_readers_let_nothing_be_tried(history: History):
    for _ in range(5):
        history.wave(0.01)
    assert not history.choose().is_kept


def test_a_reader_that_is_not_measured_lets_nothing_be_tried(history: History):
    for _ in range(5):
        history.wave(1.0)
    assert not history.choose(readers=[*READERS, None]).is_kept


@pytest.mark.parametrize(("make", "is_kept"), [(1.0, True), (2.2, True), (5.0, False)])
def test_kept_rows_are_compared_after_a_few_waves(history: History, make: float, is_kept: bool):
    for _ in range(2):
        history.wave(1.0)
    assert history.choose().is_kept
    for _ in range(3):
        history.wave(0.1, make=make)
    choice = history.choose()
    assert choice.is_kept == is_kept
    assert choice.why.endswith("200 ms to read them, 2.00 s without")


def test_rows_that_last_while_something_below_moves_cost_less(history: History):
    for _ in range(2):
        history.wave(1.0)
    history.choose()
    for _ in range(8):
        history.wave(0.1, make=5.0, changes=False)
    assert history.choose().is_kept


def test_rows_that_are_many_although_the_text_reduces_them_are_compared(history: History):
    for _ in range(3):
        assert history.choose(reduces=True).is_kept
        history.wave(0.5, make=1.0, size=40 * 2**20)
    assert not history.choose(reduces=True).is_kept
    history.wave(0.1)
    assert not history.choose(reduces=True).is_kept
    history.wave(3.0)
    history.wave(3.0)
    history.wave(3.0)
    assert history.choose(reduces=True).is_kept


def test_rows_that_were_too_many_are_tried_again_later_and_later(history: History, measured: Measured, clock: Clock):
    for _ in range(2):
        history.wave(1.0)
    waited: list[float] = []
    for _ in range(3):
        measured.made(cell_key(READ), None)
        failed = clock.now
        while not history.choose().is_kept:
            clock.now += 1
        waited.append(clock.now - failed)
    assert waited == [10, 20, 40]


def test_what_was_worse_is_tried_again_in_the_end(history: History):
    for _ in range(2):
        history.wave(1.0)
    history.choose()
    for _ in range(3):
        history.wave(0.1, make=5.0)
    chosen: list[bool] = []
    for _ in range(200):
        choice = history.choose()
        chosen.append(choice.is_kept)
        history.wave(*((0.1,) if choice.is_kept else (1.0,)), make=0.5 if choice.is_kept else None)
    assert not chosen[0]
    assert chosen[-1]  # making has become cheap since


class TestSessions:
    """Choices in sessions."""

    @staticmethod
    def shared(engine: DuckDB, least: Any) -> tuple[Session, SqlCell, list[Any]]:
        read = sql("SELECT n, n % 7 AS rest FROM t WHERE n >= $least", t=FRAME, least=least, name="read")
        texts = ("SELECT rest, count(*) AS n FROM x GROUP BY ALL ORDER BY ALL", "SELECT sum(n)::INT AS n FROM x")
        session = Session(engine, InlinePool())
        return session, read, [session.demand(sql(text, x=read), "frame") for text in texts]

    @staticmethod
    def expected(least: int) -> list[list[tuple[object, ...]]]:
        left = [n for n in range(100) if n >= least]
        rests = sorted({n % 7 for n in left})
        return [[(rest, sum(n % 7 == rest for n in left)) for rest in rests], [(sum(left) if left else None,)]]

    def test_keeping_is_tried_and_compared(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(costs, "_WORTH_TRYING", 0.0)
        engine, least = DuckDB(), knob(0)
        session, read, shown = self.shared(engine, least)
        seen: list[str] = []
        for value in range(1, 9):
            session.set(least, value)
            assert [rows(demand) for demand in shown] == self.expected(value)
            chosen = engine.measured.chosen(cell_key(read))
            seen.append("" if chosen is None else chosen.why)
        assert "keeping its rows is tried" in " ".join(seen)
        assert "to make its rows" in seen[-1]

    def test_rows_that_are_too_many_are_taken_in_the_same_wave(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(costs, "_WORTH_TRYING", 0.0)
        monkeypatch.setattr(costs, "MOST_BYTES", 20 * 16)
        engine, least = DuckDB(), knob(0)
        session, read, shown = self.shared(engine, least)
        for value in (1, 2, 3, 95, 4, 96):
            session.set(least, value)
            assert [rows(demand) for demand in shown] == self.expected(value)
        made = engine.measured.last_made(cell_key(read))
        assert made is not None
        assert made.bytes is None  # with 3, and it rests since

    def test_rows_are_kept_also_when_only_something_below_moves(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(costs, "_WORTH_TRYING", 0.0)
        engine, add = DuckDB(), knob(0)
        read = sql("SELECT n FROM t WHERE n >= 50", t=FRAME, name="read")
        texts = ("SELECT sum(n + $add)::INT AS n FROM x", "SELECT max(n + $add)::INT AS n FROM x")
        readers = [sql(text, x=read, add=add, name=f"reader {at}") for at, text in enumerate(texts)]
        session = Session(engine, InlinePool())
        shown = [session.demand(reader, "frame") for reader in readers]
        for value in range(1, 6):
            session.set(add, value)
            assert [rows(demand) for demand in shown] == [[(3725 + 50 * value,)], [(99 + value,)]]
        making = engine.measured.reading(("making", cell_key(read)), cell_key(read), is_kept=False)
        assert making is not None
        assert making.count == 1
        kept = [engine.measured.reading(cell_key(reader), cell_key(read), is_kept=True) for reader in readers]
        assert [one is not None and one.count > 1 for one in kept] == [True, True]

    def test_an_error_in_what_is_kept_blocks_its_readers_until_it_is_gone(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def choose_to_keep(*_: object, **__: object) -> Choice:
            return Choice(True, "the test says so")

        monkeypatch.setattr(keeping, "choose", choose_to_keep)
        least = knob(1)
        read = sql("SELECT CASE WHEN $l = 0 THEN error('none') ELSE n END AS n FROM t", t=FRAME, l=least, name="read")
        session = Session(DuckDB(), InlinePool())
        shown = [session.demand(sql(text, x=read), "frame") for text in ("SELECT max(n) AS n FROM x", "FROM x LIMIT 0")]
        assert rows(shown[0]) == [(99,)]
        session.set(least, 0)
        assert "none" in str(getattr(shown[0].look().outcome, "error", ""))
        session.set(least, 2)
        assert rows(shown[0]) == [(99,)]

    @settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(st.data())
    def test_readers_see_the_same_whatever_is_chosen(
        self, monkeypatch: pytest.MonkeyPatch, data: st.DataObject
    ) -> None:
        def choose_anything(*_: object, **__: object) -> Choice:
            return Choice(data.draw(st.booleans()), "the test says so")

        with monkeypatch.context() as patched:
            patched.setattr(keeping, "choose", choose_anything)
            patched.setattr(costs, "MOST_BYTES", data.draw(st.sampled_from([0, 20 * 16, 50 * 16, 2**20])))
            least = knob(0)
            session, _, shown = self.shared(DuckDB(), least)
            for value in data.draw(st.lists(st.integers(0, 101), min_size=1, max_size=6)):
                session.set(least, value)
                assert [rows(demand) for demand in shown] == self.expected(value)
