"""The command `python -m sample_data`: list what exists, prepare the demo, generate trades."""

import argparse
import sys
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from sample_data.bars import daily_bars
from sample_data.catalogue import datasets
from sample_data.errors import SampleDataError
from sample_data.tape import DEMO_ROWS, DEMO_SEED, trades, write_tape

INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status; 2 is wrong usage, 1 data that could not be made."""
    options = _parser().parse_args(arguments)
    try:
        options.run(options)
    except SampleDataError as error:
        print(f"sample_data: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("sample_data: interrupted; nothing was written.", file=sys.stderr)
        return INTERRUPTED
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m sample_data", description="Sample data. Without a command: list the data sets and what exists."
    )
    parser.set_defaults(run=_list)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    demo = commands.add_parser("demo", help="make what the demo needs, unless it is there")
    demo.set_defaults(run=_demo)
    tape = commands.add_parser(
        "trades",
        help="generate synthetic trades whose days agree with real daily bars",
        description="Generate synthetic trades as one Parquet file per month. Each symbol and day agrees exactly with "
        "its real open, high, low, close and volume.",
    )
    tape.set_defaults(run=_trades)
    tape.add_argument("--rows", type=_count, default=DEMO_ROWS, metavar="N", help="how many, such as 20_000_000")
    tape.add_argument("--out", type=Path, required=True, metavar="DIR", help="directory to make")
    tape.add_argument("--seed", type=int, default=DEMO_SEED, metavar="N", help=f"default {DEMO_SEED}")
    tape.add_argument("--force", action="store_true", help="replace trades that were generated in DIR before")
    return parser


def _count(text: str) -> int:
    try:
        count = int(text)
    except ValueError:
        count = 0
    if count <= 0:
        raise argparse.ArgumentTypeError(f"`{text}` is not a positive whole number, such as 2_000_000")
    return count


def _list(_options: argparse.Namespace) -> None:
    print(f"{'data set':<22} {'kind':<10} {'rows':>12} {'bytes':>13}")
    for dataset in datasets():
        rows, size = (f"{dataset.rows:,}", f"{dataset.size:,}") if dataset.files else ("not made yet", "")
        print(f"{dataset.name:<22} {dataset.kind:<10} {rows:>12} {size:>13}".rstrip())
    print("\nSources and licences: sample_data/README.md. Make what is missing: python -m sample_data demo")


def _demo(_options: argparse.Namespace) -> None:
    print(daily_bars())
    print(trades())


def _trades(options: argparse.Namespace) -> None:
    with _progress() as on_progress:
        tape = write_tape(options.out, options.rows, options.seed, force=options.force, on_progress=on_progress)
    size = sum((options.out / name).stat().st_size for name in tape.files)
    span = f"{tape.first_day} to {tape.last_day}"
    print(f"{options.out}: {tape.rows:,} trades, {span}, {len(tape.files)} files, {size:,} bytes")
    if tape.rows < tape.rows_wanted:
        print(f"sample_data: volumes allow {tape.rows:,} trades, not {tape.rows_wanted:,}.", file=sys.stderr)


@contextmanager
def _progress() -> Generator[Callable[[int, int], None]]:
    """Show a bar on standard error while that is a terminal."""
    console = Console(stderr=True)
    columns = (TextColumn("trades"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as progress:
        task = progress.add_task("trades", total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)
