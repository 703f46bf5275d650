"""Parquet files of synthetic trades, one per month, written day by day in bounded memory.

Every day agrees exactly with the real daily bars (see `sample_data.ticks`). A tape is a directory of nothing but
`trades-2013-02.parquet` and so on (readers of whole directories refuse other files); the Parquet metadata of each says
what was asked for and which files belong together. The same rows, seed and package versions give the same bytes.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl

from sample_data.bars import bars_source, read_bars
from sample_data.errors import SampleDataError
from sample_data.plan import plan_ticks
from sample_data.store import home, published_directory
from sample_data.ticks import SECOND, Bar, Ticks, day_ticks

DEMO_ROWS = 2_000_000
DEMO_SEED = 7
FORMAT = 1
"""Raised when the same rows and seed come to mean other ticks, so that tapes made before are made again."""

ROWS_PER_GROUP = 122_880
MICROSECONDS_PER_DAY = 24 * 3600 * SECOND
_EPOCH = date(1970, 1, 1)
_SIDES = pl.Series(["sell", "buy"])

SCHEMA = pl.Schema(
    {
        "ts": pl.Datetime("us"),
        "symbol": pl.String(),
        "price": pl.Float64(),
        "size": pl.Int32(),
        "side": pl.String(),
    }
)

type Progress = Callable[[int, int], None]
"""Called with the rows written so far and the rows in all."""


@dataclass(frozen=True, slots=True)
class Tape:
    """What a directory of trades holds."""

    format: int
    source: str
    seed: int
    rows_wanted: int
    first_day: str
    last_day: str
    files: dict[str, int]
    """Rows by file name."""

    @property
    def rows(self) -> int:
        """Return how many trades there are: fewer than wanted only if volumes cap them."""
        return sum(self.files.values())

    def to_json(self) -> str:
        """Return the text that each file carries in its metadata under `tape`."""
        return json.dumps(asdict(self))


def trades(rows: int = DEMO_ROWS) -> Path:
    """Return the directory of demo trades, making it on first use (a few seconds).

    It is made again when a file is missing or cut short, or when it was made for another number of rows. Two processes
    may ask at once. For tapes to keep, or larger ones, use `python -m sample_data trades --out DIR`.

    Columns: ts (New York time), symbol, price (US dollars), size (shares), side (`buy` or `sell`: who took liquidity).

    Raises:
        SampleDataError: If they cannot be made.

    Example:
        >>> sorted(trades().glob("*.parquet"))[-1].name
        'trades-2013-03.parquet'
    """
    directory = home() / "trades"
    if not _holds(directory, rows):
        try:
            with published_directory(directory, lambda d: _is_tape(d) and not _holds(d, rows)) as partial:
                _write(partial, read_bars(), rows, DEMO_SEED, lambda _done, _total: None)
        except SampleDataError:
            # Another process may have published the same trades while these were being written.
            if not _holds(directory, rows):
                raise
    return directory


def write_tape(
    out: Path, rows: int, seed: int = DEMO_SEED, *, force: bool = False, on_progress: Progress | None = None
) -> Tape:
    """Write trades into the new directory `out`, which appears only when it is complete.

    Args:
        out: The directory; if it exists it must be empty, or hold an earlier tape and `force` be given.
        rows: How many trades. Two million are six months, twenty million six years, forty million all of them.
        seed: Another seed gives other ticks of the same bars.
        force: Replace an earlier tape. A directory that holds anything else is never replaced.
        on_progress: Told after each day.

    Raises:
        SampleDataError: If `out` is in the way, `rows` are too few, or the disk refuses.
    """
    if seed < 0:
        raise SampleDataError(f"The seed is {seed}.", hint="seeds are zero or positive whole numbers.")
    with published_directory(out, lambda directory: force and _is_tape(directory)) as partial:
        return _write(partial, read_bars(), rows, seed, on_progress or (lambda _done, _total: None))


def read_tape(directory: Path) -> Tape | None:
    """Return which tape `directory` holds, or None if there is none, or not all of it."""
    files = sorted(directory.glob("trades-*.parquet"))
    texts = {file.name: _tape_of(file) for file in files}
    if not files or len(set(texts.values())) > 1:
        return None
    try:
        tape = Tape(**json.loads(texts[files[0].name]))
    except (ValueError, TypeError):
        return None
    return tape if texts.keys() == tape.files.keys() else None


def _tape_of(file: Path) -> str:
    """Return what `file` says of its tape; a file that was cut short has no metadata, which are at its end."""
    try:
        return pl.read_parquet_metadata(file).get("tape", "")
    except (OSError, pl.exceptions.PolarsError):
        return ""


def _holds(directory: Path, rows: int) -> bool:
    tape = read_tape(directory)
    return tape is not None and (
        (tape.format, tape.source, tape.seed, tape.rows_wanted) == (FORMAT, bars_source(), DEMO_SEED, rows)
    )


def _is_tape(directory: Path) -> bool:
    """Tell whether `directory` holds nothing that was not generated here."""
    return all(file.match("trades-????-??.parquet") for file in directory.iterdir())


def _write(directory: Path, bars: pl.DataFrame, rows: int, seed: int, on_progress: Progress) -> Tape:
    plan = plan_ticks(bars, rows).with_columns(
        pl.format("trades-{}.parquet", pl.col("date").dt.strftime("%Y-%m")).alias("file")
    )
    files = dict(plan.group_by("file", maintain_order=True).agg(pl.col("ticks").sum()).iter_rows())
    tape = Tape(FORMAT, bars_source(), seed, rows, str(plan["date"].min()), str(plan["date"].max()), files)
    metadata = {
        "synthetic": "true",
        "description": "Generated ticks; each symbol and day agrees with its real open, high, low, close and volume.",
        "source": tape.source,
        "seed": str(seed),
        "timezone": "America/New_York",
        "tape": tape.to_json(),
    }
    done = 0
    for (name,), of_file in plan.group_by("file", maintain_order=True):
        days: list[pl.DataFrame] = []
        for frame in _day_frames(of_file, seed):
            days.append(frame)
            done += frame.height
            on_progress(done, tape.rows)
        file = directory / str(name)
        pl.concat(days).write_parquet(file, compression="zstd", row_group_size=ROWS_PER_GROUP, metadata=metadata)
    return tape


def _day_frames(plan: pl.DataFrame, seed: int) -> Iterator[pl.DataFrame]:
    """Yield the trades of each planned day; each day has random numbers of its own."""
    for (day,), of_day in plan.group_by("date", maintain_order=True):
        assert isinstance(day, date)
        days_since_epoch = (day - _EPOCH).days
        rng = np.random.Generator(np.random.SFC64([seed, days_since_epoch]))
        columns = of_day.select("open", "high", "low", "close", "volume", "ticks")
        ticks = day_ticks([Bar(*row) for row in columns.iter_rows()], rng)
        yield _ticks_to_frame(ticks, of_day["symbol"], days_since_epoch)


def _ticks_to_frame(ticks: Ticks, symbols: pl.Series, days_since_epoch: int) -> pl.DataFrame:
    columns = {
        "ts": days_since_epoch * MICROSECONDS_PER_DAY + ticks.at,
        "symbol": symbols.gather(ticks.bar.astype(np.uint32)),
        "price": ticks.price,
        "size": ticks.size,
        "side": _SIDES.gather(ticks.is_buy.astype(np.uint32)),
    }
    return pl.DataFrame(columns).cast(SCHEMA)
