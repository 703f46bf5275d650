"""Five cells in a row: fused into one query, against that query by hand, and against computing each step as a whole.

A frame per SQL cell is what a notebook does whose SQL cells return frames that the next cells query; a table per cell
keeps the steps inside the engine, and steps of Polars code need no engine. Every way runs in processes of its own, so
that the peak of memory is its own.
"""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import duckdb
import polars as pl

from benchmarks.memory import peak_mb
from benchmarks.report import Figure, Goal, compared, within_ratio
from benchmarks.settings import Settings
from benchmarks.timing import Sample, take_turns

LEAST, MOST = 500, 20_000
STEPS = {
    "priced": "SELECT *, price * size AS worth FROM trades",
    "sized": f"FROM priced WHERE size BETWEEN $least AND {MOST}",
    "recent": "FROM sized WHERE ts >= TIMESTAMP '2011-01-01'",
    "bought": "SELECT symbol, CAST(ts AS DATE) AS day, size, worth FROM recent WHERE side = 'buy'",
    "daily": """SELECT symbol, day, sum(worth) / sum(size) AS vwap, count(*) AS trades
        FROM bought GROUP BY ALL ORDER BY symbol, day""",
}
BY_HAND = f"""
    SELECT symbol, CAST(ts AS DATE) AS day, sum(price * size) / sum(size) AS vwap, count(*) AS trades
    FROM read_parquet($files)
    WHERE size BETWEEN $least AND {MOST} AND ts >= TIMESTAMP '2011-01-01' AND side = 'buy'
    GROUP BY ALL ORDER BY symbol, day
"""


def measure(settings: Settings) -> Iterator[Figure]:
    """Compare the time of the fused chain with the query by hand, then all ways, each alone."""
    files = settings.trades()
    hand, fused = by_hand(files), by_cells(files)
    if not fused(0).equals(hand(0)):
        raise RuntimeError("the ways do not agree")
    turns = take_turns({"hand": hand, "fused": fused}, settings.repetitions(12))
    yield within_ratio("five cells, fused, against one query by hand", turns["fused"], turns["hand"], at_most=1.05)

    alone: dict[str, list[tuple[float, float]]] = {way: [] for way in WAYS}
    for _ in range(settings.repetitions(3)):
        for way in WAYS:
            alone[way].append(_run_alone(way, files))
    times = {way: Sample(tuple(time for time, _ in runs)) for way, runs in alone.items()}
    peaks = {way: Sample(tuple(peak for _, peak in runs), "MB") for way, runs in alone.items()}
    for kind, samples, goals in (("time", times, {"sql_frames": 10}), ("peak memory", peaks, {"sql_frames": 50})):
        for way, label in _AGAINST.items():
            figure = compared(f"  {kind} against {label}", samples["cells"], samples[way])
            if way in goals:
                found = samples["cells"].median / samples[way].median
                figure = replace(figure, goal=Goal(f"1/{goals[way]}", found, 1 / goals[way]))
            yield figure


def by_cells(files: list[str]) -> Callable[[int], pl.DataFrame]:
    """Return a function that evaluates the last of five cells."""
    import dataapp as da  # here, so that the peaks of the other ways are without it

    above = da.source(files)
    name = "trades"
    for step, query in STEPS.items():
        bindings: dict[str, Any] = {name: above} | ({"least": LEAST} if "$least" in query else {})
        above = da.sql(query, name=step, **bindings)
        name = step
    return lambda turn: above.evaluate(least=LEAST + turn)


def by_hand(files: list[str]) -> Callable[[int], pl.DataFrame]:
    """Return a function that runs the one query."""
    connection = duckdb.connect()
    return lambda turn: connection.execute(BY_HAND, {"files": files, "least": LEAST + turn}).pl()


def by_tables(files: list[str]) -> Callable[[int], pl.DataFrame]:
    """Return a function that lets DuckDB keep each step as a table."""
    connection = duckdb.connect()
    connection.execute(f"CREATE VIEW trades AS FROM read_parquet({files})")

    def run(turn: int) -> pl.DataFrame:
        for step, query in STEPS.items():
            text = query.replace("$least", str(LEAST + turn))
            connection.execute(f"CREATE OR REPLACE TEMP TABLE {step} AS {text}")
        return connection.table("daily").pl()

    return run


def by_sql_frames(files: list[str]) -> Callable[[int], pl.DataFrame]:
    """Return a function that makes a Polars frame of each SQL step, which the next step queries."""
    connection = duckdb.connect()
    connection.execute(f"CREATE VIEW trades AS FROM read_parquet({files})")

    def run(turn: int) -> pl.DataFrame:
        frame = pl.DataFrame()
        for step, query in STEPS.items():
            frame = connection.execute(query.replace("$least", str(LEAST + turn))).pl()
            connection.register(step, frame)
        return frame

    return run


def by_frames(files: list[str]) -> Callable[[int], pl.DataFrame]:
    """Return a function that makes a Polars frame of each step; the file's rows are the first."""

    def run(turn: int) -> pl.DataFrame:
        trades = pl.read_parquet(files)
        priced = trades.with_columns(worth=pl.col("price") * pl.col("size"))
        sized = priced.filter(pl.col("size").is_between(LEAST + turn, MOST))
        recent = sized.filter(pl.col("ts") >= pl.datetime(2011, 1, 1))
        bought = recent.filter(pl.col("side") == "buy")
        daily = bought.select("symbol", pl.col("ts").dt.date().alias("day"), "size", "worth")
        totals = daily.group_by("symbol", "day").agg(vwap=pl.col("worth").sum() / pl.col("size").sum(), trades=pl.len())
        return totals.sort("symbol", "day")

    return run


WAYS = {"cells": by_cells, "hand": by_hand, "tables": by_tables, "sql_frames": by_sql_frames, "frames": by_frames}
_AGAINST = {
    "hand": "one query by hand",
    "tables": "a DuckDB table per cell",
    "sql_frames": "a frame per SQL cell",
    "frames": "a frame per step of Polars code",
}


def _run_alone(way: str, files: list[str]) -> tuple[float, float]:
    """Run one way in a process of its own; return its time, and how far its memory rose above the start."""
    command = [sys.executable, "-m", "benchmarks.chain", way]
    done = subprocess.run(command, input=json.dumps(files), check=True, stdout=subprocess.PIPE, text=True)
    time, memory = json.loads(done.stdout)
    return time, memory


def main() -> None:
    """Run as the process of one way: files as JSON on standard input, time and memory on standard output."""
    way = sys.argv[1]
    run = WAYS[way](json.load(sys.stdin))
    before = peak_mb()
    time = take_turns({way: run}, 1)[way].median
    print(json.dumps([time, peak_mb() - before]))


if __name__ == "__main__":
    main()
