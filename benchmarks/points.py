"""Charts of more rows than pixels: from the chart to the bytes that travel, against DuckDB's own aggregate of the same.

A scatter plot becomes a raster of counts, a line keeps the ends and extremes of each column of pixels.
"""

from collections.abc import Iterator
from typing import Any

import duckdb

from benchmarks.chart_specs import POINT_QUESTIONS, points
from benchmarks.explorer_data import table_of
from benchmarks.report import Figure, compared
from benchmarks.settings import ENGINE, Settings
from benchmarks.timing import take_turns
from dataapp.engines.duckdb import DuckDB
from dataapp.engines.relation import Relation
from dataapp.runtime.workers import Cancel
from dataapp.views.chart.pane import chart_to_payloads
from dataapp.views.chart.schema import chart as chart_over

_SIZES = (5_000_000, 20_000_000)


def measure(settings: Settings) -> Iterator[Figure]:
    """Measure each chart on each size, in turns with its SQL."""
    turns = settings.repetitions(9)
    for rows in _SIZES[:1] if settings.is_quick else _SIZES:
        file = table_of(rows)
        engine, raw = DuckDB(cube_bytes=0), duckdb.connect(config=ENGINE)
        raw.execute(f"CREATE VIEW orders AS FROM '{file}'")
        relation = Relation(f"FROM '{file}'", key="columns", engine=engine)
        for name, view in points(chart_over("orders", relation.columns)).items():
            sent: list[bytes] = []

            def ask(turn: int, view: Any = view, sent: list[bytes] = sent, relation: Relation = relation) -> None:
                fresh = Relation(relation.sql, key=("turn", turn), engine=relation.engine)
                sent[:] = chart_to_payloads(view, {view.data: fresh}, Cancel())

            def by_hand(_: int, name: str = name, raw: duckdb.DuckDBPyConnection = raw) -> None:
                raw.execute(POINT_QUESTIONS[name]).to_arrow_table()

            taken = take_turns({"ours": ask, "raw": by_hand}, turns)
            note = f"{sum(map(len, sent)):,} bytes sent"
            yield compared(f"{rows / 1e6:g} million rows: {name}", taken["ours"], taken["raw"], (note,))
