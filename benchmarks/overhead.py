"""What a cell adds to its query.

Both sides read the same files with the same values and the same engine settings, and hand out the same kind of frame.
A value is never used twice.
"""

import threading
from collections.abc import Iterator
from typing import Any

import duckdb
import panel as pn

import dataapp as da
from benchmarks.report import Figure, within_added
from benchmarks.settings import ENGINE, Settings
from benchmarks.timing import take_turns
from dataapp.engines.duckdb import DuckDB
from dataapp.runtime.pool import ThreadPool
from dataapp.runtime.session import Session

SMALL = "SELECT count(*) AS trades FROM small WHERE size <> $least"
MEDIUM = """
    SELECT symbol, CAST(ts AS DATE) AS day, max(price) AS high, sum(size) AS volume
    FROM medium WHERE size <> $least GROUP BY ALL
"""
LARGE = "SELECT ts, symbol, price, size FROM large WHERE size <> $least"


def measure(settings: Settings) -> Iterator[Figure]:
    """Measure three queries, each by `evaluate` and in a live session."""
    files = settings.trades()
    raw = duckdb.connect(config=ENGINE)
    queries = {
        "1 ms": (SMALL, "small", files[:1], 100),
        "100 ms": (MEDIUM, "medium", _files_of(raw, files, 2_000_000), 24),
        "1M rows": (LARGE, "large", _files_of(raw, files, 1_000_000), 12),
    }
    for size, (query, table, chosen, turns) in queries.items():
        listed = ", ".join(f"'{file}'" for file in chosen)
        raw.execute(f"CREATE VIEW {table} AS FROM read_parquet([{listed}])")
        least = da.input(pn.widgets.IntSlider, start=0, end=100_000, value=0)
        bindings: dict[str, Any] = {table: da.source(chosen), "least": least}
        cell = da.sql(query, name=f"{table} query", **bindings)
        yield from _compare(size, cell, least, raw, query, settings.repetitions(turns))
    raw.close()


def _files_of(raw: duckdb.DuckDBPyConnection, files: list[str], rows: int) -> list[str]:
    """Return the last files, as many as together hold so many rows."""
    chosen: list[str] = []
    for file in reversed(files):
        if rows <= 0:
            break
        chosen.append(file)
        found = raw.execute("SELECT num_rows FROM parquet_file_metadata(?)", [file]).fetchone()
        assert found is not None
        rows -= found[0]
    return chosen


def _compare(
    size: str, cell: Any, least: Any, raw: duckdb.DuckDBPyConnection, query: str, turns: int
) -> Iterator[Figure]:
    evaluated = take_turns(
        {
            "raw": lambda turn: raw.execute(query, {"least": _value(turn)}).pl(),
            "evaluate": lambda turn: cell.evaluate(least=_value(turn)),
        },
        turns,
    )
    yield within_added(f"evaluate, {size}", evaluated["evaluate"], evaluated["raw"], share=0.05, at_most=2)
    with Live(cell, least) as live:
        settled = take_turns(
            {
                "raw": lambda turn: raw.execute(query, {"least": _value(turn)}).to_arrow_table(),
                "session": lambda turn: live.set(_value(turn)),
            },
            turns,
        )
    yield within_added(f"live session, {size}", settled["session"], settled["raw"], share=0.05, at_most=2)


def _value(turn: int) -> int:
    """Return a size that some trades have, so that each turn has other rows."""
    return 100 * (turn + 1)


class Live:
    """A cell that is demanded in a session with worker threads."""

    def __init__(self, cell: Any, moved: Any) -> None:
        self._moved = moved
        self._told = threading.Event()
        self._session = Session(DuckDB(cube_bytes=0), ThreadPool())
        self._demand = self._session.demand(cell, "frame", self._told.set)
        self._wait()

    def __enter__(self) -> "Live":
        return self

    def __exit__(self, *error: object) -> None:
        self._session.close()

    def set(self, value: int) -> None:
        """Set the input, and wait until the new value is there."""
        self._session.set(self._moved, value)
        self._wait()

    def _wait(self) -> None:
        while not (self._session.is_settled and self._demand.look().outcome is not None):
            self._told.wait(1)
            self._told.clear()
