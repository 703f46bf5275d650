"""What data sets there are, and which of the generated ones exist."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from sample_data.build import DIRECTORY, TABLES
from sample_data.store import home


@dataclass(frozen=True, slots=True)
class Dataset:
    """One data set: its files (none if it has not been made yet), rows and bytes, and what it is."""

    name: str
    files: tuple[Path, ...]
    rows: int
    size: int
    kind: str


def datasets() -> Iterator[Dataset]:
    """Yield every data set: committed ones, the daily bars, the trades."""
    for name in sorted(TABLES):
        yield _dataset(name, [DIRECTORY / f"{name}.parquet"], "real")
    yield _dataset("generated/daily_bars", [home() / "generated" / "daily_bars.parquet"], "real")
    yield _dataset("trades/*", sorted((home() / "trades").glob("*.parquet")), "synthetic")


def _dataset(name: str, files: list[Path], kind: str) -> Dataset:
    present = tuple(file for file in files if file.is_file())
    rows = sum(pl.scan_parquet(file).select(pl.len()).collect().item() for file in present)
    return Dataset(name, present, rows, sum(file.stat().st_size for file in present), kind)
