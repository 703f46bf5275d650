"""Figures over one filter: those that wait at the same time are answered by one scan."""

import threading
from collections.abc import Sequence
from statistics import median
from typing import Any

import polars as pl
import pytest

from dataapp.cells.input import InputCell
from dataapp.cells.sql import sql
from dataapp.engines.consolidation import Scans
from dataapp.engines.duckdb import DuckDB
from dataapp.runtime import headless
from dataapp.runtime.pool import ThreadPool
from dataapp.runtime.session import Demand, Session
from dataapp.runtime.tables import cell_key
from dataapp.runtime.workers import InlinePool
from tests.engines.noting import note_scans
from tests.runtime.bench import ManualPool, defaults, error, knob, rows

TRADES = pl.DataFrame(
    {"size": list(range(1000)), "symbol": ["A", "B"] * 500, "price": [n % 10 / 4 for n in range(1000)]}
)
FIGURES = (
    "SELECT price, count(*) AS n FROM large GROUP BY ALL ORDER BY ALL",
    "SELECT sum(size)::BIGINT AS total, price AS cost FROM large GROUP BY price HAVING count(*) > 1 ORDER BY cost",
    "SELECT max(n)::BIGINT AS most FROM (SELECT price, count(*) AS n FROM large GROUP BY price)",
    "SELECT price, count(*) AS n FROM large GROUP BY price ORDER BY n DESC, price LIMIT 3",
    "SELECT price, median(size)::INTEGER AS middle, $least AS asked FROM large GROUP BY 1 ORDER BY 1 DESC LIMIT 1",
)


class Desk:
    """Five figures over one filter."""

    def __init__(self, engine: DuckDB, pool: Any, figures: Sequence[str] = FIGURES) -> None:
        self.engine = engine
        self.least = knob(0, "INTEGER", name="least")
        self.large = sql(
            "FROM trades WHERE size >= $least", trades=TRADES, least=self.least, name="large", materialize=False
        )
        self.cells = [sql(text, name=f"figure_{number}", **self.bindings(text)) for number, text in enumerate(figures)]
        self.told = threading.Event()
        self.viewer = Session(engine, pool)
        self.demands: list[Demand] = [self.viewer.demand(cell, "frame", self.told.set) for cell in self.cells]

    def bindings(self, text: str) -> dict[str, Any]:
        return {"large": self.large, "least": self.least} if "$" in text else {"large": self.large}

    def move(self, least: int) -> None:
        self.viewer.set(self.least, least)
        self.wait()

    def wait(self) -> None:
        while not self.viewer.is_settled:
            self.told.wait(0.05)
            self.told.clear()

    def check(self, least: int) -> None:
        sizes = {price / 4: range(least + (price - least) % 10, 1000, 10) for price in range(10)}
        left = {price: found for price, found in sizes.items() if found}
        counts = [(price, len(found)) for price, found in left.items()]
        found = [rows(demand) for demand in self.demands[: len(FIGURES)]]
        assert found[0] == counts
        assert found[1] == [(sum(found), price) for price, found in left.items() if len(found) > 1]
        assert found[2] == [(max((n for _, n in counts), default=None),)]
        assert found[3] == sorted(counts, key=lambda row: (-row[1], row[0]))[:3]
        assert found[4] == [(price, int(median(found)), least) for price, found in left.items()][-1:]


@pytest.fixture
def engine() -> DuckDB:
    engine = DuckDB(cube_bytes=0)
    engine.scans = Scans(engine, worth=0.0)
    return engine


@pytest.fixture
def scans_of_rows(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The queries that read the rows of sources, as the engine is asked them."""
    return note_scans(monkeypatch, "trades")


@pytest.mark.parametrize("pool", [InlinePool, lambda: ThreadPool(2).lane(), lambda: ThreadPool(4).lane()])
def test_figures_over_one_filter_are_one_scan(engine: DuckDB, scans_of_rows: list[str], pool: Any) -> None:
    desk = Desk(engine, pool())
    desk.wait()
    desk.check(0)
    for least in (10, 500, 998, 999, 1000, 3):
        scans_of_rows.clear()
        desk.move(least)
        desk.check(least)
        assert len(scans_of_rows) == 1, scans_of_rows
    assert len(engine.kept) == 0
    shared = engine.scans.of(cell_key(desk.cells[2]))
    assert shared is not None
    assert shared.others == 4


def test_figures_of_different_groups_are_scans_of_their_own(engine: DuckDB, scans_of_rows: list[str]) -> None:
    others = ("SELECT count(*) AS n FROM large", "SELECT symbol, min(size) AS least FROM large GROUP BY ALL ORDER BY 1")
    desk = Desk(engine, InlinePool(), [*FIGURES, *others])
    for least in (5, 6):
        scans_of_rows.clear()
        desk.move(least)
        desk.check(least)
        assert [rows(demand) for demand in desk.demands[-2:]] == [[(1000 - least,)], [("A", 6), ("B", least | 1)]]
        assert len(scans_of_rows) == 3, scans_of_rows
    assert engine.scans.count == 2
    assert engine.scans.of(cell_key(desk.cells[-1])) is None


def test_nothing_is_shared_where_that_is_switched_off(scans_of_rows: list[str]) -> None:
    engine = DuckDB(cube_bytes=0, shares_scans=False)
    desk = Desk(engine, InlinePool())
    scans_of_rows.clear()
    desk.move(7)
    desk.check(7)
    assert len(scans_of_rows) == len(FIGURES)


def test_what_is_fast_is_answered_by_itself(scans_of_rows: list[str]) -> None:
    engine = DuckDB(cube_bytes=0)
    engine.scans = Scans(engine, worth=60.0)
    desk = Desk(engine, InlinePool())
    scans_of_rows.clear()
    desk.move(7)
    desk.check(7)
    assert len(scans_of_rows) == len(FIGURES)


def test_a_figure_that_fails_tells_its_own_error(engine: DuckDB) -> None:
    desk = Desk(
        engine,
        InlinePool(),
        [*FIGURES, "SELECT price, max((symbol || size)::INTEGER) AS wrong FROM large GROUP BY ALL"],
    )
    for least in (5, 6, 7):
        desk.move(least)
        desk.check(least)
    assert engine.scans.count > 0
    outcome = desk.demands[-1].look().outcome
    assert outcome is not None
    assert getattr(error(outcome), "cell", None) == "figure_5"
    assert len(engine.kept) == 0


def viewer_who_moves(engine: DuckDB) -> tuple[Session, ManualPool, InputCell, list[Demand]]:
    """A viewer of figures that are known, whose input has moved: the wave waits for the test to run it."""
    desk = Desk(engine, InlinePool())
    desk.move(3)
    pool = ManualPool()
    viewer = Session(engine, pool)
    demands = [viewer.demand(cell, "frame") for cell in desk.cells]
    pool.run_all()
    viewer.set(desk.least, 20)
    return viewer, pool, desk.least, demands


def test_a_scan_goes_on_for_those_who_want_it_when_its_first_reader_gives_up(engine: DuckDB) -> None:
    viewer, pool, _, demands = viewer_who_moves(engine)
    pool.run()  # the wave: all five wait
    demands[1].release()
    pool.run(len(pool.work) - 1)  # a wave in which nobody wants the second one
    before = engine.scans.count
    pool.run_all()
    assert engine.scans.count == before + 1
    assert rows(demands[0]) == [(price / 4, 98) for price in range(10)]
    assert len(engine.kept) == 0
    viewer.close()


def test_superseded_figures_leave_nothing_behind(engine: DuckDB) -> None:
    viewer, pool, least, demands = viewer_who_moves(engine)
    pool.run()
    pool.run()  # the first figure runs the scan for all
    assert len(engine.kept) == 1
    viewer.set(least, 30)
    pool.run(len(pool.work) - 1)  # the wave supersedes the others, which wait
    assert len(engine.kept) == 0
    pool.run_all()
    assert rows(demands[0]) == [(price / 4, 97) for price in range(10)]
    assert len(engine.kept) == 0
    viewer.close()


def test_an_explanation_tells_of_the_scan(engine: DuckDB) -> None:
    desk = Desk(engine, InlinePool())
    desk.move(3)
    desk.move(4)
    told = headless.explain(engine, desk.cells[0], defaults, analyze=False)
    assert "answered with 4 others by one scan, in" in told
