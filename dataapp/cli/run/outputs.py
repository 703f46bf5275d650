"""Where results go: files that appear when they are complete, or standard output, which may be closed at any time."""

import contextlib
import os
import shutil
import sys
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import click

from dataapp.cli.run.interrupts import without_interrupts
from dataapp.views.formats import BINARY, SUFFIXES, Format

_OPTION = "--out"


@dataclass(frozen=True, slots=True)
class Output:
    """What to write where.

    Attributes:
        cell: The name of the cell.
        path: The file, or None for standard output.
        kind: The format.
    """

    cell: str
    path: Path | None
    kind: Format


class Pipe:
    """Standard output. When whoever reads it has had enough, the rest is dropped quietly."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.is_closed = False
        self.closed = False  # Arrow asks

    def write(self, data: bytes) -> int:
        """Write, or drop."""
        self._try(lambda: self._stream.write(data))
        return len(data)

    def flush(self) -> None:
        """Send what was written."""
        self._try(self._stream.flush)

    def _try(self, call: Callable[[], object]) -> None:
        if self.is_closed:
            return
        try:
            call()
        except BrokenPipeError:
            self.is_closed = True
            with contextlib.suppress(OSError, ValueError):  # else the interpreter complains when it ends
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.__stdout__.fileno() if sys.__stdout__ else 1)


def read_outputs(texts: Sequence[str], kind: Format | None) -> list[Output]:
    """Return what ``--out`` asks for.

    Args:
        texts: ``cell=file``, ``cell=-`` or ``cell``.
        kind: What ``--format`` says: for standard output, and files whose ending tells nothing.

    Raises:
        click.BadParameter: A format or folder is not there, or two outputs go to one place.
    """
    found: list[Output] = []
    for text in texts:
        cell, _, target = text.partition("=")
        output = Output(cell, None, kind or "csv") if target in ("", "-") else _to_file(cell, Path(target), kind)
        if any(output.path == other.path for other in found):
            where = "standard output" if output.path is None else f"`{output.path}`"
            raise click.BadParameter(f"Two outputs go to {where}.", param_hint=_OPTION)
        found.append(output)
    if any(output.path is None and output.kind in BINARY for output in found) and sys.stdout.isatty():
        raise click.BadParameter("A terminal shows no Parquet or Arrow: name a file or a pipe.", param_hint=_OPTION)
    return found


def _to_file(cell: str, path: Path, kind: Format | None) -> Output:
    found = SUFFIXES.get(path.suffix.lower(), kind)
    if found is None:
        known = ", ".join(SUFFIXES)
        raise click.BadParameter(
            f"The ending of `{path}` tells no format: use {known}, or --format.", param_hint=_OPTION
        )
    resolved = path.resolve()
    if resolved.is_dir():
        raise click.BadParameter(f"`{path}` is a folder.", param_hint=_OPTION)
    if not resolved.parent.is_dir():
        raise click.BadParameter(f"There is no folder `{path.parent}`.", param_hint=_OPTION)
    return Output(cell, resolved, found)


class Drafts:
    """Files being written. They get their names together when all are complete; else nothing is left behind."""

    def __init__(self) -> None:
        self._drafts: dict[Path, Path] = {}

    @contextlib.contextmanager
    def open(self, path: Path) -> Generator[BinaryIO]:
        """Open a file that `publish` will name; a device or pipe is written to as it is."""
        if path.exists() and not path.is_file():
            with path.open("wb") as file:
                yield file
            return
        draft = path.with_name(f".{path.name}.{os.getpid()}.draft")
        self._drafts[draft] = path
        with draft.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())

    def publish(self) -> None:
        """Give every file its name; what had it before is replaced, and keeps its permissions."""
        for draft, path in self._drafts.items():
            if path.exists():
                shutil.copymode(path, draft)
        with without_interrupts():  # all of them or none
            for draft, path in list(self._drafts.items()):
                draft.replace(path)
                del self._drafts[draft]

    def discard(self) -> None:
        """Remove what was not published."""
        for draft in self._drafts:
            draft.unlink(missing_ok=True)
        self._drafts.clear()
