"""What a run measures, and on how much data."""

import tempfile
from dataclasses import dataclass
from pathlib import Path

from dataapp.app.sessions import engine
from dataapp.cache.results import Results
from sample_data.tape import read_tape, write_tape

ENGINE: dict[str, str | bool | int | float | list[str]] = {  # as the engine of cells is set
    "arrow_output_version": "1.5",
    "produce_arrow_string_view": True,
}


@dataclass(frozen=True, slots=True)
class Settings:
    """How thorough a run is.

    Attributes:
        is_quick: Fewer rows and repetitions: a minute instead of ten, and more noise.
    """

    is_quick: bool = False

    @property
    def rows(self) -> int:
        """How many trades the large table has."""
        return 2_000_000 if self.is_quick else 20_000_000

    def repetitions(self, thorough: int) -> int:
        """Return how often to measure."""
        return max(3, thorough // 3) if self.is_quick else thorough

    def trades(self) -> list[str]:
        """Return the files of the large table, generated when first asked for."""
        return tape_of(self.rows)


def tape_of(rows: int) -> list[str]:
    """Return the files of so many trades, at most forty million, generated when first asked for."""
    folder = cache_folder() / f"trades-{rows}"
    if read_tape(folder) is None:
        print(f"generating {rows:,} trades in {folder}", flush=True)
        write_tape(folder, rows)
    return sorted(str(file) for file in folder.glob("*.parquet"))


def cache_folder() -> Path:
    """Return the folder for what later runs can use again."""
    folder = Path(tempfile.gettempdir()) / "dataapp-benchmarks"
    folder.mkdir(exist_ok=True)
    return folder


def forget_results() -> None:
    """Let the process run again what it has run before, where a value cannot be varied."""
    shared = engine().results
    if isinstance(shared, Results):
        shared.clear()
