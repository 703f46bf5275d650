"""Cubes behind cells: sessions that move an input see what they would see without."""

import re
import time
from collections.abc import Mapping
from pathlib import Path

import polars as pl
import pytest

from dataapp.cells.input import InputCell
from dataapp.cells.predicate import match
from dataapp.cells.source import SourceCell
from dataapp.cells.sql import SqlCell, sql
from dataapp.cells.steps import Steps
from dataapp.engines.cubes import Cubes
from dataapp.engines.duckdb import DuckDB, Reader
from dataapp.engines.kept import KeptTable
from dataapp.runtime import headless
from dataapp.runtime.session import Session
from dataapp.runtime.tables import cell_key
from dataapp.runtime.workers import InlinePool
from tests.runtime.bench import Knob, defaults, place, rows


class SteppedKnob(Knob):
    """A knob that has steps."""

    def steps(self) -> Steps | None:
        return Steps.between(0, 1000, 1)


def stepped(value: object) -> InputCell:
    """An input with steps."""
    return InputCell(SteppedKnob(value), place(), feeds={})


@pytest.fixture
def engine() -> DuckDB:
    engine = DuckDB()
    engine.cubes = Cubes(engine, worth=0.0, least_shrinking=0.0)
    engine.measured.is_cubed = engine.cubes.serve
    return engine


@pytest.fixture
def trades(tmp_path: Path) -> SourceCell:
    write(tmp_path, range(1000))
    time.sleep(0.15)  # a file that was written just now has no version yet
    return SourceCell("trades.parquet", place(tmp_path), options={}, name="trades")


def write(folder: Path, sizes: range) -> None:
    frame = pl.DataFrame({"symbol": ["A", "B"] * (len(sizes) // 2), "size": sizes})
    frame.write_parquet(folder / "trades.parquet")


def answers(engine: DuckDB, cell: SqlCell) -> int:
    assert engine.cubes.wait()
    return sum(cube.answers for cube in engine.cubes.of(cell_key(cell)))


def test_a_chain_is_answered_from_a_cube_while_an_input_moves(engine: DuckDB, trades: SourceCell) -> None:
    least = stepped(0)
    large = sql("FROM trades WHERE size >= $least", name="large", trades=trades, least=least)
    counts = sql("SELECT symbol, count(*) AS n FROM large GROUP BY ALL ORDER BY ALL", name="counts", large=large)
    viewer = Session(engine, InlinePool())
    demand = viewer.demand(counts, "frame")
    for value in (1, 2, 500, 998):
        viewer.set(least, value)
        assert rows(demand) == [row for row in [("A", (1000 - value) // 2), ("B", (1001 - value) // 2)] if row[1]], (
            value
        )
        answered = answers(engine, counts)
    assert answered == 3


def test_a_predicate_moves_as_an_input_does(engine: DuckDB, trades: SourceCell) -> None:
    between = stepped((0, 1000))
    counts = sql(
        "SELECT count(*) AS n, sum(size) AS total FROM trades WHERE $chosen",
        name="counts",
        trades=trades,
        chosen=match("size", between),
    )
    viewer = Session(engine, InlinePool())
    demand = viewer.demand(counts, "frame")
    for low, high in ((0, 10), (5, 10), (100, 200), (7, 7)):
        viewer.set(between, (low, high))
        assert rows(demand) == [(high - low + 1, sum(range(low, high + 1)))]
        answered = answers(engine, counts)
    assert answered == 3


def test_a_file_that_changed_is_not_answered_from_an_old_cube(
    engine: DuckDB, trades: SourceCell, tmp_path: Path
) -> None:
    least = stepped(0)
    counts = sql("SELECT count(*) AS n FROM trades WHERE size >= $least", name="counts", trades=trades, least=least)
    viewer = Session(engine, InlinePool())
    demand = viewer.demand(counts, "frame")
    for value in (1, 2, 3):
        viewer.set(least, value)
        answered = answers(engine, counts)
    assert answered == 2
    write(tmp_path, range(0, 4000, 2))
    time.sleep(0.15)
    for value in (4, 5, 6, 1000):
        viewer.set(least, value)
        assert rows(demand) == [(2000 - (value + 1) // 2,)]
        answered = answers(engine, counts)
    assert answered == 2 + 2


def test_sessions_share_a_cube(engine: DuckDB, trades: SourceCell) -> None:
    least = stepped(0)
    counts = sql("SELECT count(*) AS n FROM trades WHERE size >= $least", name="counts", trades=trades, least=least)
    one, other = Session(engine, InlinePool()), Session(engine, InlinePool())
    demands = [one.demand(counts, "frame"), other.demand(counts, "frame")]
    one.set(least, 1)
    answers(engine, counts)
    other.set(least, 700)
    assert rows(demands[1]) == [(300,)]
    assert answers(engine, counts) == 1


def test_an_explanation_tells_of_cubes(engine: DuckDB, trades: SourceCell) -> None:
    least = stepped(0)
    counts = sql("SELECT count(*) AS n FROM trades WHERE size >= $least", name="counts", trades=trades, least=least)
    middle = sql("SELECT median(size) AS m FROM trades WHERE size >= $least", name="middle", trades=trades, least=least)
    viewer = Session(engine, InlinePool())
    viewer.demand(counts, "frame")
    viewer.demand(middle, "frame")
    for value in (1, 2, 3):
        viewer.set(least, value)
        assert engine.cubes.wait()
    text = headless.explain(engine, counts, defaults, analyze=False)
    assert "the rows while $least moves: 1,000 rows" in text
    assert "it answered 2 times" in text
    assert "pages drew" not in text
    [cube] = engine.cubes.of(cell_key(counts))
    saved = cube.saved
    cube.drawn, cube.plain = 40, 2.0
    assert cube.saved >= saved + 40 * 2.0
    text = headless.explain(engine, counts, defaults, analyze=False)
    assert re.search(r"it answered 2 times in .*, pages drew 40 moves with it, and saved 8\d\.\d+ s", text)
    assert "none, since median() needs all rows" in headless.explain(engine, middle, defaults, analyze=False)


def test_what_is_shown_gets_a_cube_before_its_input_moves(engine: DuckDB, trades: SourceCell) -> None:
    least, between, other = stepped(0), stepped((0, 1000)), stepped(0)
    large = sql(
        "FROM trades WHERE size >= $least AND $chosen", trades=trades, least=least, chosen=match("size", between)
    )
    counts = sql("SELECT count(*) AS n FROM large", name="counts", large=large)
    means = sql("SELECT avg(size) AS mean FROM trades WHERE size >= $other", name="means", trades=trades, other=other)
    hidden = sql("SELECT max(size) AS m FROM large", name="hidden", large=large)
    viewer = Session(engine, InlinePool())
    demand = viewer.demand(counts, "frame")
    viewer.demand(means, "frame")
    viewer.demand(hidden, "frame").release()
    viewer.expect([between])
    assert engine.cubes.wait()
    ready = [
        sorted(cube.names) for cell in (counts, means, hidden) for cube in engine.cubes.of(cell_key(cell)) if cube.rows
    ]
    assert ready == [["chosen_high", "chosen_low"]]
    viewer.set(between, (3, 7))
    assert rows(demand) == [(5,)]
    assert answers(engine, counts) == 1


def test_an_input_of_an_ended_session_is_not_expected_to_move(engine: DuckDB, trades: SourceCell) -> None:
    least = stepped(0)
    counts = sql("SELECT count(*) AS n FROM trades WHERE size >= $least", name="counts", trades=trades, least=least)
    one, other = Session(engine, InlinePool()), Session(engine, InlinePool())
    one.expect([least])
    one.close()
    one.expect([least])
    other.demand(counts, "frame")
    assert engine.cubes.wait()
    assert [cube.state for cube in engine.cubes.of(cell_key(counts))] == ["watched"]


def test_cells_over_the_same_rows_get_their_cubes_by_one_scan(
    engine: DuckDB, trades: SourceCell, monkeypatch: pytest.MonkeyPatch
) -> None:
    least = stepped(0)
    large = sql("FROM trades WHERE size >= $least", name="large", trades=trades, least=least)
    counts = sql("SELECT symbol, count(*) AS n FROM large GROUP BY ALL ORDER BY ALL", name="counts", large=large)
    means = sql("SELECT symbol, avg(size) AS mean FROM large GROUP BY 1 ORDER BY 1", name="means", large=large)
    viewer = Session(engine, InlinePool())
    demands = [viewer.demand(cell, "frame") for cell in (counts, means)]
    scans: list[str] = []
    make = Reader.make_kept

    def make_kept(reader: Reader, text: str, values: Mapping[str, object]) -> KeptTable:
        scans.extend([text] if "parquet" in text else [])
        return make(reader, text, values)

    monkeypatch.setattr(Reader, "make_kept", make_kept)
    viewer.expect([least])
    assert engine.cubes.wait()
    viewer.set(least, 990)
    assert [rows(demand) for demand in demands] == [[("A", 5), ("B", 5)], [("A", 994.0), ("B", 995.0)]]
    assert [answers(engine, cell) for cell in (counts, means)] == [1, 1]
    assert len(scans) == 1
