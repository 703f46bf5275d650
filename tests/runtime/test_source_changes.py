"""Files that change: between waves, while they are read, again and again."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import polars as pl
import pytest

from dataapp.cache.results import Results
from dataapp.cells.source import SourceCell
from dataapp.cells.sql import SqlCell, sql
from dataapp.connect import files
from dataapp.engines.duckdb import DuckDB, Reader
from dataapp.errors import SourceChangingError, SourceNotFoundError
from dataapp.runtime.outcomes import Blocked, Done, Failed
from dataapp.runtime.session import Session
from dataapp.runtime.tables import Table
from dataapp.runtime.workers import InlinePool
from tests.runtime.bench import ManualPool, error, place, rows, session, value


class ChangingDuckDB(DuckDB):
    """An engine during whose queries something happens."""

    def __init__(self, happen: Callable[[], None]) -> None:
        super().__init__()
        self.happen = happen

    def read(self, relation: Any) -> Reader:
        self.happen()
        return super().read(relation)


def run_all(viewer: Session) -> None:
    """Do all work of a session that has a manual pool."""
    cast("ManualPool", viewer._pool).run_all()


class Numbers:
    """A file of one number, and the cells that read it."""

    def __init__(self, folder: Path, kind: str = "parquet") -> None:
        self.path = folder / f"numbers.{kind}"
        self.kind = kind
        self.writes = 0
        self.cell = SourceCell(self.path.name, place(folder), options={}, name="numbers")
        self.write(1)

    def write(self, number: int) -> None:
        new = self.path.with_suffix(".new")
        frame = pl.DataFrame({"n": [number]})
        {"parquet": frame.write_parquet, "csv": frame.write_csv, "arrow": frame.write_ipc}[self.kind](new)
        self.writes += 1
        os.utime(new, ns=(self.writes, self.writes))
        new.rename(self.path)


@pytest.fixture(params=["parquet", "csv", "arrow"])
def numbers(tmp_path: Path, request: pytest.FixtureRequest) -> Numbers:
    return Numbers(tmp_path, request.param)


def test_the_next_wave_reads_what_a_file_holds_then(numbers: Numbers) -> None:
    viewer = session()
    demand = viewer.demand(numbers.cell, "frame")
    numbers.write(2)
    viewer.refresh()
    assert rows(demand) == [(2,)]


def test_a_file_that_did_not_change_is_not_read_again(numbers: Numbers) -> None:
    reads: list[int] = []
    viewer = Session(ChangingDuckDB(lambda: reads.append(1)), ManualPool())
    viewer.demand(sql("FROM n", n=numbers.cell), "frame")
    run_all(viewer)
    viewer.refresh()
    run_all(viewer)
    assert len(reads) == 1


def test_a_file_that_is_gone_is_an_error_until_it_is_back(numbers: Numbers) -> None:
    viewer = session()
    demand = viewer.demand(sql("FROM n", n=numbers.cell), "frame")
    numbers.path.unlink()
    viewer.refresh()
    assert isinstance(error(demand.look().outcome), SourceNotFoundError)
    assert isinstance(demand.look().outcome, Blocked)
    numbers.write(3)
    viewer.refresh()
    assert rows(demand) == [(3,)]


def test_a_file_that_moves_during_the_query_is_read_again(tmp_path: Path) -> None:
    numbers = Numbers(tmp_path)
    happens = [lambda: numbers.write(2)]
    viewer = Session(ChangingDuckDB(lambda: happens.pop()() if happens else None), ManualPool())
    demand = viewer.demand(sql("SELECT n FROM n", n=numbers.cell), "frame")
    run_all(viewer)
    assert rows(demand) == [(2,)]


def test_two_readers_of_a_file_that_moves_agree(tmp_path: Path) -> None:
    numbers = Numbers(tmp_path)
    happens: list[Callable[[], None]] = [lambda: numbers.write(2), lambda: None]
    viewer = Session(ChangingDuckDB(lambda: happens.pop()() if happens else None), ManualPool())
    one = viewer.demand(sql("SELECT n FROM n", n=numbers.cell), "frame")
    other = viewer.demand(sql("SELECT n AS m FROM n", n=numbers.cell), "frame")
    run_all(viewer)
    assert rows(one) == rows(other) == [(2,)]


def test_a_file_that_goes_during_the_query_is_not_found(tmp_path: Path) -> None:
    numbers = Numbers(tmp_path)
    viewer = Session(ChangingDuckDB(lambda: numbers.path.unlink(missing_ok=True)), ManualPool())
    demand = viewer.demand(numbers.cell, "frame")
    run_all(viewer)
    assert isinstance(error(demand.look().outcome), SourceNotFoundError)


def test_a_file_that_changes_forever_is_an_error_and_then_heals(tmp_path: Path) -> None:
    numbers = Numbers(tmp_path)
    engine = ChangingDuckDB(lambda: numbers.write(numbers.writes))
    viewer = Session(engine, ManualPool())
    demand = viewer.demand(numbers.cell, "frame")
    run_all(viewer)
    outcome = demand.look().outcome
    assert isinstance(outcome, Failed)
    assert isinstance(outcome.error, SourceChangingError)
    engine.happen = lambda: None
    numbers.write(5)
    viewer.refresh()
    run_all(viewer)
    assert rows(demand) == [(5,)]


def test_a_button_runs_on_although_its_file_moves(tmp_path: Path) -> None:
    numbers = Numbers(tmp_path)
    happens = [lambda: numbers.write(2)]
    viewer = Session(ChangingDuckDB(lambda: happens.pop()() if happens else None), ManualPool())
    gated = sql("FROM n", n=numbers.cell, run="button")
    demand = viewer.demand(gated, "frame")
    viewer.press(gated)
    run_all(viewer)
    assert rows(demand) == [(2,)]


def test_what_a_button_gave_stays_when_the_file_changes_later(tmp_path: Path) -> None:
    numbers = Numbers(tmp_path)
    viewer = session()
    gated = sql("FROM n", n=numbers.cell, run="button")
    demand = viewer.demand(sql("FROM g", g=gated), "frame")
    viewer.press(gated)
    numbers.write(2)
    viewer.refresh()
    assert rows(demand) == [(1,)]


def test_a_view_whose_file_moves_is_shown_a_new_relation(tmp_path: Path) -> None:
    numbers = Numbers(tmp_path)
    viewer = session()
    demand = viewer.demand(numbers.cell, "table")
    table = demand.look().outcome
    assert isinstance(table, Done)
    relation = cast("Table", table.value).relation(viewer.engine)
    told: list[object] = []
    numbers.write(2)

    def job(cancel: object) -> object:
        with relation.open() as reader:
            return reader.fetch()

    viewer.submit(job, told.append, told.append)
    assert told == []
    assert value(demand).relation(viewer.engine).key != relation.key


class BetweenDuckDB(DuckDB):
    """An engine before and after whose first query something happens."""

    def __init__(self, before: Callable[[], object], after: Callable[[], object]) -> None:
        super().__init__()
        self.before, self.after = before, after

    def read(self, relation: Any) -> Reader:
        self.before()
        self.before = lambda: None
        return _BetweenReader(self, relation)


class _BetweenReader(Reader):
    def _execute(self, sql: str, parameters: Any, take: Callable[..., Any]) -> Any:
        result = super()._execute(sql, parameters, take)
        engine = cast("BetweenDuckDB", self.engine)
        engine.after()
        engine.after = lambda: None
        return result


@pytest.mark.parametrize("kind", ["parquet", "csv"])
def test_a_file_that_was_away_while_it_was_read_is_read_again(tmp_path: Path, kind: str) -> None:
    numbers, away = Numbers(tmp_path, kind), tmp_path / "away"
    there = numbers.path.read_bytes()

    def put_another_in_its_place() -> None:
        numbers.path.rename(away)
        numbers.write(2)

    viewer = Session(BetweenDuckDB(put_another_in_its_place, lambda: away.rename(numbers.path)), ManualPool())
    demand = viewer.demand(sql("SELECT n FROM n", n=numbers.cell), "frame")
    run_all(viewer)
    assert numbers.path.read_bytes() == there
    assert rows(demand) == [(1,)]


def test_a_change_shows_although_the_file_has_the_date_that_it_had(tmp_path: Path) -> None:
    numbers = Numbers(tmp_path, "csv")
    viewer = session()
    demand = viewer.demand(numbers.cell, "frame")
    assert rows(demand) == [(1,)]
    state = numbers.path.stat()
    with numbers.path.open("r+") as file:
        file.write("n\n7\n")
    os.utime(numbers.path, ns=(state.st_atime_ns, state.st_mtime_ns))
    viewer.refresh()
    assert rows(demand) == [(7,)]


def test_all_cells_of_a_wave_know_a_file_in_the_same_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    numbers = Numbers(tmp_path)
    engine = DuckDB(Results(2**20))
    shared = sql("SELECT n FROM n", n=numbers.cell)
    first = Session(engine, ManualPool())
    held = first.demand(shared, "frame")
    run_all(first)
    assert rows(held) == [(1,)]

    looks = files._state

    def look(path: str) -> files.FileState | None:
        """Replace the file after the first look at it."""
        state = looks(path)
        monkeypatch.setattr(files, "_state", looks)
        numbers.write(2)
        return state

    viewer = Session(engine, ManualPool())
    by_name = SqlCell(
        f"SELECT n AS m FROM '{numbers.path}'", place(tmp_path), on=None, materialize="auto", run="auto", name="by_name"
    )
    one, other = viewer.demand(shared, "frame"), viewer.demand(by_name, "frame")
    monkeypatch.setattr(files, "_state", look)
    run_all(viewer)
    assert rows(one) == rows(other) == [(2,)]


@pytest.mark.parametrize("kind", ["parquet", "csv", "arrow"])
def test_a_change_that_the_clock_of_the_file_system_hides_shows_when_it_has_settled(
    tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers = Numbers(tmp_path, kind)
    now, written_at = [10**9], 10**9

    def coarse(path: str) -> files.FileState:
        is_settled = now[0] - written_at > 10**8
        return files.FileState(path, written_at, 0, 1, written_at, is_settled)

    monkeypatch.setattr(files, "_state", coarse)
    engine = DuckDB(Results(2**20))
    viewer = Session(engine, InlinePool())
    demand = viewer.demand(sql("SELECT n FROM n", n=numbers.cell), "frame")
    assert rows(demand) == [(1,)]
    numbers.write(2)
    now[0] += 10**9
    viewer.refresh()
    assert rows(demand) == [(2,)]
