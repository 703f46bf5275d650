"""From a change of an input to the moment when the query that it made useless has stopped.

A session holds one cell. Its input is changed again and again while the query runs, at another point of it each time.
Each change also starts the next query, as it does on a page, so the old one stops beside a new one that wants the
machine for itself. A query that ended before the change does not count. In turns with that, the same query is run by
hand, alone, and interrupted: so long the engine itself takes to stop.
"""

import contextlib
import random
import statistics
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from time import perf_counter, sleep
from typing import Any

import duckdb
import panel as pn

import dataapp as da
from benchmarks.report import Figure, Goal
from benchmarks.settings import Settings
from benchmarks.timing import Sample
from benchmarks.watched import WatchedDuckDB
from dataapp.runtime.pool import ThreadPool
from dataapp.runtime.session import Session

QUERIES = {
    "scan": """
        SELECT count(*) AS n FROM trades
        WHERE sin(price * size + $least) > 0.5 AND regexp_matches(symbol || size, '[A-M]9*$')
    """,
    "join": """
        SELECT count(*) AS n FROM trades AS a JOIN trades AS b
        ON a.symbol = b.symbol AND a.size = b.size AND a.price < b.price + $least
    """,
    "sort": "SELECT last(price) AS n FROM (SELECT price FROM trades ORDER BY hash(price + $least), ts)",
    "aggregate": "SELECT max(c) AS n FROM (SELECT count(*) AS c FROM trades GROUP BY ts, price + $least, size)",
    "list functions": """
        SELECT sum(len(list_filter(list_transform(range(size % 60), x -> x * $least), x -> x % 3 = 0))) AS n FROM trades
    """,
}
_GOALS = {50: 20.0, 95: 100.0}  # milliseconds by percentile
_FIRST, _LAST = 0.02, 0.3  # seconds into the query


def measure(settings: Settings) -> Iterator[Figure]:
    """Measure each kind of query, then all of them together."""
    trades = da.source(settings.trades())
    raw = duckdb.connect()
    raw.execute(f"CREATE VIEW trades AS FROM read_parquet({settings.trades()})")
    everything: list[Stop] = []
    everything_raw: list[float] = []
    for name, query in QUERIES.items():
        found, by_hand = (
            _stops(query, trades, settings.repetitions(45)),
            _raw_stops(raw, query, settings.repetitions(15)),
        )
        everything += found
        everything_raw += by_hand
        yield from _figures(name, found, by_hand)
    yield from _figures("all of them", everything, everything_raw)
    raw.close()


@dataclass(frozen=True, slots=True)
class Stop:
    """How one query ended: milliseconds from the change to the interrupt, and to the end."""

    interrupted: float
    ended: float


def _figures(name: str, stops: list[Stop], by_hand: list[float]) -> Iterator[Figure]:
    found = [stop.ended for stop in stops]
    if min(len(found), len(by_hand)) < 3:
        raise RuntimeError(f"{name}: the queries end before they can be interrupted")
    cuts = statistics.quantiles(found, n=100, method="inclusive")
    sent = statistics.median(stop.interrupted for stop in stops)
    worst = f"the engine is told after {sent:.1f} ms; longest {max(found):.1f} ms of {len(found)}"
    middle = Goal(f"at most {_GOALS[50]:g} ms", cuts[49], _GOALS[50])
    raw = Sample(tuple(by_hand))
    yield Figure(f"{name}, change to stopped query", Sample(tuple(found)), raw, "", middle, (worst,))
    rare = Goal(f"at most {_GOALS[95]:g} ms", cuts[94], _GOALS[95])
    rare_raw = Sample((statistics.quantiles(by_hand, n=100, method="inclusive")[94],))
    yield Figure(f"{name}, 95th percentile", Sample((cuts[94],)), rare_raw, "", rare)


def _stops(query: str, trades: Any, turns: int) -> list[Stop]:
    """Return how the queries ended that ran when a change came."""
    least = da.input(pn.widgets.IntSlider, start=0, end=1_000_000, value=1)
    cell = da.sql(query, trades=trades, least=least)
    engine = WatchedDuckDB()
    session = Session(engine, ThreadPool().lane(), initial=lambda cell: cell.kind.default())
    found: list[Stop] = []
    moments = random.Random(1)
    try:
        session.demand(cell, "frame")
        for turn in range(turns):
            engine.wait_for_one()
            sleep(moments.uniform(_FIRST, _LAST))
            before, begin = engine.running(), perf_counter()
            session.set(least, turn + 2)
            for reader in before:
                end = engine.wait_for_end(reader)
                if end > begin and reader.cancelled_at is not None:
                    found.append(Stop(1000 * (reader.cancelled_at - begin), 1000 * (end - begin)))
    finally:
        session.close()
        for reader in engine.running():
            engine.wait_for_end(reader)
    return found


def _raw_stops(raw: duckdb.DuckDBPyConnection, query: str, turns: int) -> list[float]:
    """Return the milliseconds that the engine takes to stop after an interrupt."""
    found: list[float] = []
    moments = random.Random(2)
    for turn in range(turns):
        connection = raw.cursor()
        ended: list[float] = []

        def run(connection: duckdb.DuckDBPyConnection = connection, least: int = turn + 2) -> None:
            with contextlib.suppress(duckdb.InterruptException):
                connection.execute(query, {"least": least}).fetchall()
            ended.append(perf_counter())  # noqa: B023  # it ends within the turn

        thread = threading.Thread(target=run)
        thread.start()
        sleep(moments.uniform(_FIRST, _LAST))
        begin = perf_counter()
        connection.interrupt()
        thread.join()
        found += [1000 * (end - begin) for end in ended if end > begin]
    return found
