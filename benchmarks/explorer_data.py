"""The table of the explorer's benchmark: ten columns of the usual types, written once as Parquet files."""

from pathlib import Path

import duckdb

from benchmarks.settings import cache_folder

COLUMNS = 10
_ROWS = """
    SELECT i AS id,
        TIMESTAMP '2020-01-01' + to_milliseconds(i * 700) AS at,
        ['AAPL', 'MSFT', 'GOOG', 'AMZN', 'NVDA', 'META', 'TSLA', 'NFLX'][1 + CAST(hash(i) % 8 AS INTEGER)] AS symbol,
        round(100 + (hash(i + 1) % 100000) / 1000, 3) AS price,
        CAST(1 + hash(i + 2) % 5000 AS INTEGER) AS size,
        ['XNAS', 'XNYS', 'BATS', 'EDGX'][1 + CAST(hash(i + 3) % 4 AS INTEGER)] AS venue,
        hash(i + 4) % 3 = 0 AS is_buy,
        DATE '2020-01-01' + CAST(hash(i + 5) % 1500 AS INTEGER) AS settles,
        CAST((hash(i + 6) % 10000000) / 100 AS DECIMAL(12, 2)) AS fee,
        CASE WHEN i % 7 <> 0 THEN 'order ' || hash(i + 7) % 1000000 END AS note
    FROM range({first}, {end}) AS numbers(i)
"""


def table_of(rows: int) -> Path:
    """Return the file with so many rows; it is written when first asked for (20 million: a minute, 0.7 GB)."""
    file = cache_folder() / f"table-{rows}" / "orders.parquet"
    _write(file, 0, rows)
    return file


def tables_of(rows: int, files: int) -> str:
    """Return a pattern for so many files that have the rows of `table_of` together."""
    folder = cache_folder() / f"table-{rows}-in-{files}"
    for at in range(files):
        _write(folder / f"orders-{at:03}.parquet", rows * at // files, rows * (at + 1) // files)
    return str(folder / "*.parquet")


def _write(file: Path, first: int, end: int) -> None:
    if file.exists():
        return
    print(f"writing {end - first:,} rows to {file}", flush=True)
    file.parent.mkdir(exist_ok=True)
    partial = file.with_suffix(".partial")
    duckdb.connect().execute(f"COPY ({_ROWS.format(first=first, end=end)}) TO '{partial}' (FORMAT parquet)")
    partial.rename(file)
