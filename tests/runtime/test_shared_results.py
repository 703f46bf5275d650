"""Sessions that ask the same question share one run and one result; what may differ is never shared."""

import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pytest

from dataapp.cache.results import Results
from dataapp.cells.cell import Cell
from dataapp.cells.input import InputCell
from dataapp.cells.source import SourceCell
from dataapp.cells.sql import sql
from dataapp.engines.duckdb import DuckDB, Reader
from dataapp.engines.relation import Relation
from dataapp.runtime.frames import Frame
from dataapp.runtime.outcomes import Done
from dataapp.runtime.pool import ThreadPool
from dataapp.runtime.session import Session
from dataapp.runtime.workers import InlinePool
from tests.runtime.bench import defaults, knob, place

LONG_AGO = 10**18  # ns: what was written just now may be written again without its state telling


@pytest.fixture
def results() -> Results:
    return Results(2**20)


@pytest.fixture
def engine(results: Results) -> DuckDB:
    return DuckDB(results)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "numbers.parquet"
    write(path, [1, 2, 3], LONG_AGO)
    return path


@pytest.fixture
def numbers(path: Path) -> SourceCell:
    return SourceCell(path.name, place(path.parent), options={}, name="numbers")


def write(path: Path, numbers: list[int], modified_ns: int) -> None:
    pl.DataFrame({"n": numbers}).write_parquet(path)
    os.utime(path, ns=(modified_ns, modified_ns))


def rows_of(engine: DuckDB, cell: Cell, values: dict[InputCell, object] | None = None) -> pa.Table:
    """What one viewer, who comes and goes, is shown."""
    return frame_of(engine, cell, values).rows


def frame_of(engine: DuckDB, cell: Cell, values: dict[InputCell, object] | None = None) -> Frame:
    """The same with the digest under which it is known."""
    chosen = values or {}
    session = Session(engine, InlinePool(), initial=lambda cell: chosen.get(cell, defaults(cell)))
    outcome = session.demand(cell, "frame").look().outcome
    session.close()
    assert isinstance(outcome, Done)
    assert isinstance(outcome.value, Frame)
    return outcome.value


def test_two_sessions_hold_the_same_rows(engine: DuckDB, numbers: SourceCell):
    cell = sql("SELECT sum(n) AS total FROM numbers", numbers=numbers)
    assert rows_of(engine, cell) is rows_of(engine, cell)


def test_cells_that_say_the_same_share_whatever_they_are_called(engine: DuckDB, numbers: SourceCell):
    one, other = (sql("SELECT max(n) AS m FROM numbers", name=name, numbers=numbers) for name in ("one", "other"))
    assert rows_of(engine, one) is rows_of(engine, other)


def test_another_value_is_another_question(engine: DuckDB, numbers: SourceCell):
    least = knob(2)
    cell = sql("SELECT n FROM numbers WHERE n >= $least", numbers=numbers, least=least)
    assert [rows_of(engine, cell, {least: value}).num_rows for value in (2, 3, 2)] == [2, 1, 2]


def test_a_value_of_another_type_is_another_question(engine: DuckDB, results: Results):
    given = knob(1)
    cell = sql("SELECT typeof($given) AS t", given=given)
    found = [rows_of(engine, cell, {given: value})["t"][0].as_py() for value in (1, 1.0, True)]
    assert (found, results.misses) == (["INTEGER", "DOUBLE", "BOOLEAN"], 3)


def test_a_file_that_changed_is_read_again(engine: DuckDB, numbers: SourceCell, path: Path):
    cell = sql("SELECT sum(n)::INTEGER AS total FROM numbers", numbers=numbers)
    before = rows_of(engine, cell)
    write(path, [4, 5, 6], LONG_AGO + 1)
    assert (before["total"][0].as_py(), rows_of(engine, cell)["total"][0].as_py()) == (6, 15)


def test_a_file_that_was_written_just_now_is_not_shared(engine: DuckDB, results: Results, tmp_path: Path):
    pl.DataFrame({"n": [1]}).write_parquet(tmp_path / "new.parquet")
    rows_of(engine, SourceCell("new.parquet", place(tmp_path), options={}))
    assert (results.misses, len(results)) == (0, 0)


@pytest.mark.parametrize(
    "text",
    [
        "SELECT random() AS x",
        "SELECT n, random() AS x FROM numbers LIMIT 1",
        "SELECT n FROM numbers USING SAMPLE 1 ROWS",
        "SELECT current_timestamp AS now",
        "SELECT count(*) AS n FROM duckdb_settings()",
        "SELECT count(*) AS n FROM information_schema.tables",
        "FROM read_parquet('numbers' || '.parquet')",
        "SELECT count(*) AS n FROM glob('/*')",
    ],
)
def test_what_may_differ_is_not_shared(
    engine: DuckDB, results: Results, numbers: SourceCell, text: str, monkeypatch: pytest.MonkeyPatch, path: Path
):
    monkeypatch.chdir(path.parent)
    rows_of(engine, sql(text, numbers=numbers))
    assert (results.misses, len(results)) == (0, 0)


@pytest.mark.parametrize(
    "text",
    [
        "FROM numbers LIMIT 1",
        "SELECT * FROM (FROM numbers LIMIT 1)",
        "SELECT arg_min(n, n % 2) AS n FROM numbers",
        "SELECT n FROM numbers QUALIFY row_number() OVER (PARTITION BY n % 2) = 1",
    ],
)
def test_a_pick_among_rows_is_the_same_for_all(engine: DuckDB, numbers: SourceCell, text: str):
    cell = sql(text, numbers=numbers)
    assert rows_of(engine, cell) is rows_of(engine, cell)


def test_what_is_made_of_a_pick_is_made_once(engine: DuckDB, results: Results, numbers: SourceCell):
    few = sql("FROM numbers LIMIT 2", numbers=numbers)
    total = sql("SELECT sum(n) AS total FROM few", few=few)
    assert rows_of(engine, total) is rows_of(engine, total)
    assert results.misses == 2


def test_a_pick_that_was_forgotten_is_another_one_with_readers_of_its_own(
    engine: DuckDB, results: Results, numbers: SourceCell
):
    few = sql("FROM numbers LIMIT 2", numbers=numbers)
    total = sql("SELECT sum(n) AS total FROM few", few=few)
    before = frame_of(engine, few)
    made = rows_of(engine, total)
    del before
    results.clear()
    assert rows_of(engine, total) is not made


def test_a_pick_that_somebody_holds_is_not_made_again(numbers: SourceCell):
    engine = DuckDB(Results(0))
    few = sql("FROM numbers LIMIT 2", numbers=numbers)
    held = frame_of(engine, few)
    assert frame_of(engine, few) is held


def test_the_picks_of_other_files_and_values_are_others(engine: DuckDB, numbers: SourceCell, path: Path):
    least = knob(2)
    cell = sql("FROM numbers WHERE n >= $least LIMIT 1", numbers=numbers, least=least)
    found = [frame_of(engine, cell, {least: value}) for value in (2, 3)]
    write(path, [7], LONG_AGO + 1)
    found.append(frame_of(engine, cell))
    assert [frame.rows["n"].to_pylist() for frame in found] == [[2], [3], [7]]
    assert len({frame.digest for frame in found}) == 3


def test_tables_of_the_engine_itself_are_not_shared(engine: DuckDB, results: Results):
    connection = engine.lease()
    connection.execute("CREATE TABLE own AS SELECT 1 AS n")
    cell = sql("FROM own")
    assert rows_of(engine, cell).num_rows == 1
    connection.execute("INSERT INTO own VALUES (2)")
    assert (rows_of(engine, cell).num_rows, len(results)) == (2, 0)


def test_what_reads_something_that_may_differ_is_not_shared(engine: DuckDB, results: Results):
    above = sql("FROM duckdb_settings()")
    rows_of(engine, sql("SELECT count(*) AS n FROM above", above=above))
    assert len(results) == 0


class GatedResults(Results):
    """Results that are made when the test says so; it counts how often."""

    def __init__(self) -> None:
        super().__init__(2**20)
        self.is_making = threading.Event()
        self.go = threading.Event()
        self.made = 0

    def get(
        self, key: Any, make: Callable[[], Any], size: Any, is_cancelled: Any = None, lasting_key: Any = None
    ) -> Any:
        def gated() -> Any:
            self.made += 1
            self.is_making.set()
            assert self.go.wait(20)
            return make()

        return super().get(key, gated, size, is_cancelled, lasting_key)


class Viewer:
    """A session that looks at a cell and says when it has rows."""

    def __init__(self, engine: DuckDB, pool: ThreadPool, cell: Cell) -> None:
        self.has_rows = threading.Event()
        self.session = Session(engine, pool.lane(), initial=defaults)
        self.demand = self.session.demand(cell, "frame", self.look)

    def look(self) -> None:
        if isinstance(self.demand.look().outcome, Done):
            self.has_rows.set()

    def rows(self) -> pa.Table:
        outcome = self.demand.look().outcome
        assert isinstance(outcome, Done)
        assert isinstance(outcome.value, Frame)
        return outcome.value.rows


def test_sessions_that_ask_at_once_run_it_once(numbers: SourceCell):
    results, pool = GatedResults(), ThreadPool()
    engine = DuckDB(results)
    cell = sql("SELECT sum(n) AS total FROM numbers", numbers=numbers)
    viewers = [Viewer(engine, pool, cell) for _ in range(12)]
    assert results.is_making.wait(20)
    results.go.set()
    assert all(viewer.has_rows.wait(20) for viewer in viewers)
    assert (results.made, len({id(viewer.rows()) for viewer in viewers})) == (1, 1)
    for viewer in viewers:
        viewer.session.close()


def test_rows_that_are_there_open_no_connection(path: Path) -> None:
    opened: list[Relation] = []

    class Counting(DuckDB):
        def read(self, relation: Relation) -> Reader:
            opened.append(relation)
            return super().read(relation)

    engine = Counting(Results(2**20))
    total = sql("SELECT sum(n)::BIGINT AS total FROM numbers", numbers=SourceCell(str(path), place(), options={}))
    assert [rows_of(engine, total).to_pylist() for _ in range(2)] == [[{"total": 6}]] * 2
    assert len(opened) == 1
    write(path, [1, 2, 4], LONG_AGO + 10**9)
    assert rows_of(engine, total).to_pylist() == [{"total": 7}]
    assert len(opened) == 2
