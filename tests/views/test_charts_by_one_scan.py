"""Charts over the rows of one filter: what they ask when these change is answered by one scan."""

from collections.abc import Callable
from statistics import mean
from typing import Any

import polars as pl
import pyarrow as pa
import pytest

import dataapp as da
from dataapp.cells.cell import Cell
from dataapp.cells.sql import sql
from dataapp.engines.consolidation import Scans
from dataapp.engines.duckdb import DuckDB
from dataapp.runtime.outcomes import Done
from dataapp.runtime.session import Demand, Session
from dataapp.views.charts import ChartBody
from tests.engines.noting import note_scans
from tests.runtime.bench import ManualPool, knob

TRADES = pl.DataFrame({"size": list(range(1000)), "symbol": ["A", "B"] * 500, "venue": ["x", "y", "z", "x"] * 250})


class Page:
    """Three charts over one filter, two of which have the same groups; each draws what it is told."""

    def __init__(self, engine: DuckDB, pool: Any) -> None:
        self.least = knob(0, "INTEGER", name="least")
        large: Cell = sql(
            "FROM trades WHERE size >= $least", trades=TRADES, least=self.least, name="large", materialize=False
        )
        marks = [
            da.chart(large).mark_bar().encode(x="symbol:N", y="count()"),
            da.chart(large).mark_bar().encode(x="symbol:N", y="mean(size):Q"),
            da.chart(large).mark_bar().encode(x="symbol:N", y="max(size):Q", color="venue:N"),
        ]
        self.session = Session(engine, pool)
        self.bodies = [ChartBody(self.session, mark, self.fail) for mark in marks]
        self.demands = [self.session.demand(large, "table", self.shows(at, large)) for at in range(len(marks))]

    def shows(self, at: int, cell: Cell) -> Callable[[], None]:
        def changed() -> None:
            outcome = self.demands[at].look().outcome
            if isinstance(outcome, Done):
                self.bodies[at].show({cell: outcome.value})

        return changed

    def fail(self, error: Exception | None) -> None:
        if error is not None:
            raise error

    def rows(self, at: int) -> list[tuple[Any, ...]]:
        picture = self.bodies[at].chart_view._picture  # pyright: ignore[reportPrivateUsage]
        assert picture is not None
        table = pa.ipc.open_stream(picture.payloads[0].data).read_all()
        return sorted(tuple(row.values()) for row in table.to_pylist())

    demands: list[Demand]


@pytest.fixture
def scans_of_rows(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The queries that read the rows of sources, as the engine is asked them."""
    return note_scans(monkeypatch, "trades")


def test_charts_of_equal_groups_over_one_filter_are_one_scan(scans_of_rows: list[str]) -> None:
    engine = DuckDB(cube_bytes=0)
    engine.scans = Scans(engine, worth=0.0)
    pool = ManualPool()
    page = Page(engine, pool)
    pool.run_all()
    for least in (1, 2, 500, 7):
        scans_of_rows.clear()
        page.session.set(page.least, least)
        pool.run_all()
        left = range(least, 1000)
        assert page.rows(0) == [("A", sum(n % 2 == 0 for n in left)), ("B", sum(n % 2 for n in left))]
        assert page.rows(1) == [(symbol, mean(n for n in left if n % 2 == odd)) for odd, symbol in enumerate("AB")]
        highest = {("x", "A"): 996, ("z", "A"): 998, ("x", "B"): 999, ("y", "B"): 997}
        assert {tuple(row[:2]): row[2] for row in page.rows(2)} == highest
    assert len(scans_of_rows) == 2, scans_of_rows
    assert len(engine.kept) == 0
    page.session.close()
