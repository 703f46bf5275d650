"""What every page asks, whatever framework shows it. Imported by pages that run without `dataapp`, too."""

import os
from collections.abc import Callable
from time import perf_counter

import duckdb

FILES = os.environ.get("BENCHMARK_TRADES", "").split(os.pathsep)
FIRST, STEP, LAST = 100, 100, 40_000

TABLE = """
    SELECT symbol, $least AS least, count(*) AS trades, sum(size)::DOUBLE AS volume, max(price) AS high
    FROM trades WHERE size >= $least GROUP BY symbol ORDER BY symbol
"""
CHART = """
    SELECT symbol, date_trunc('week', ts) AS week, sum(size)::DOUBLE AS volume
    FROM trades WHERE size >= $least GROUP BY ALL ORDER BY week, symbol
"""
QUERIES = {"table": TABLE, "chart": CHART}


def connect() -> duckdb.DuckDBPyConnection:
    """Return a connection with the engine's settings that `dataapp` uses, so that the results are the same."""
    return duckdb.connect(config={"arrow_output_version": "1.5", "produce_arrow_string_view": True})


class Raw:
    """The same questions by hand, on a connection of their own."""

    def __init__(self) -> None:
        self._connection = connect()
        self._connection.execute(f"CREATE VIEW trades AS FROM read_parquet({FILES})")

    def ask(self, show: str, least: int) -> duckdb.DuckDBPyConnection:
        """Run a query; its rows are yet to be fetched."""
        return self._connection.execute(QUERIES[show], {"least": least})

    def time(self, show: str, least: int) -> float:
        """Run a query, fetch its rows, and return the milliseconds that it took."""
        return timed(lambda: self.ask(show, least))


def timed(ask: Callable[[], duckdb.DuckDBPyConnection]) -> float:
    """Run a query, fetch its rows, and return the milliseconds that it took."""
    start = perf_counter()
    ask().to_arrow_table()
    return 1000 * (perf_counter() - start)
