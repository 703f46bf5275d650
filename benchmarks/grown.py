"""Tables grown from the samples: flights of New York, and trades of more rows than there are days for.

A grown table is the sample again and again, each time with other digits, which the number of the row and of the copy
give: the same rows each time it is written. `python -m benchmarks.grown` writes the billion trades that `cubes` takes
where it finds them.
"""

import shutil
from collections.abc import Callable
from pathlib import Path

import duckdb

from benchmarks.settings import cache_folder, tape_of

BILLION = 1_000_000_000
_BASE = 20_000_000  # trades of the tape that is grown
_FLIGHTS = Path(__file__).resolve().parents[1] / "sample_data" / "flights.parquet"
_TRADES = """
    SELECT ts + to_microseconds({copy}) AS ts, symbol,
        round(price + (hash(file_row_number, {copy}) % 5 - 2.0) / 100, 2) AS price,
        (size + hash(file_row_number, {copy}, 1) % 200)::INTEGER AS size, side
    FROM read_parquet({files}, file_row_number = true)
"""
_COPY_OF_FLIGHTS = """
    SELECT sched_dep + to_minutes((hash(n, {copy}, 0) % 11)::BIGINT - 5) AS sched_dep, carrier, origin, dest,
        (dep_delay + (hash(n, {copy}, 1) % 7)::SMALLINT - 3)::SMALLINT AS dep_delay,
        (arr_delay + (hash(n, {copy}, 2) % 7)::SMALLINT - 3)::SMALLINT AS arr_delay,
        (air_time + (hash(n, {copy}, 3) % 5)::SMALLINT - 2)::SMALLINT AS air_time,
        (distance + (hash(n, {copy}, 4) % 21)::SMALLINT)::SMALLINT AS distance
    FROM (SELECT *, file_row_number AS n FROM read_parquet({files}, file_row_number = true))
    LIMIT {rows}
"""


def trades_of(rows: int) -> list[str]:
    """Return the files of so many trades, written when first asked for (100 million: a minute, 0.8 GB)."""
    if rows <= _BASE:
        return tape_of(rows)
    return _grow(_folder(rows), rows, _BASE, _TRADES, lambda: tape_of(_BASE))


def large_trades() -> list[str] | None:
    """Return the files of a billion trades, or None where nobody has written all of them."""
    return trades_of(BILLION) if (_folder(BILLION) / "complete").exists() else None


def flights_of(rows: int) -> list[str]:
    """Return the files of so many flights, written when first asked for (20 million: half a minute, 0.2 GB)."""
    [(base,)] = duckdb.execute("SELECT count(*) FROM read_parquet(?)", [str(_FLIGHTS)]).fetchall()
    return _grow(cache_folder() / f"flights-{rows}", rows, base, _COPY_OF_FLIGHTS, lambda: [str(_FLIGHTS)])


def has_room(gigabytes: float) -> bool:
    """Whether the disk of the benchmarks' files has so much space left."""
    return shutil.disk_usage(cache_folder()).free > gigabytes * 2**30


def _folder(rows: int) -> Path:
    return cache_folder() / f"trades-{rows}"


def _grow(folder: Path, rows: int, base: int, copy: str, files: Callable[[], list[str]]) -> list[str]:
    """Write as many copies as have so many rows, each into a file of its own, and return these.

    Files that are there already are kept, so that a run that was ended goes on where it was.
    """
    if not (folder / "complete").exists():
        folder.mkdir(exist_ok=True)
        connection = duckdb.connect()
        copies = -(-rows // base)
        print(f"writing {rows:,} rows to {folder}", flush=True)
        for number in range(copies):
            left = min(base, rows - number * base)
            file, partial = folder / f"{number:03}.parquet", folder / "partial"
            if not file.exists():
                text = copy.format(copy=number, files=files(), rows=left)
                connection.execute(f"COPY ({text}) TO '{partial}' (FORMAT parquet, COMPRESSION zstd)")
                partial.rename(file)
        (folder / "complete").touch()
    return sorted(str(file) for file in folder.glob("*.parquet"))


if __name__ == "__main__":
    print(f"{len(trades_of(BILLION))} files with {BILLION:,} trades in {_folder(BILLION)}")
