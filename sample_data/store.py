"""Where generated files live, and how they appear there: whole, or not at all.

Invariants: a name that readers look for is only ever given by a rename of something complete, and whatever was being
written when a process died lies under a hidden `.<name>.<token>.partial`, which a later run sweeps away.
"""

import os
import secrets
import shutil
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from pathlib import Path

from sample_data.errors import SampleDataError

HOME_VARIABLE = "DATAAPP_SAMPLE_DATA"
ABANDONED_AFTER_SECONDS = 3600.0
"""A partial directory that nobody has written to for so long has no living owner (a file takes seconds)."""


def home() -> Path:
    """Return the directory of generated data: `$DATAAPP_SAMPLE_DATA`, else this package's own.

    The package's own is the default because apps in the repository name files relative to themselves
    (`../sample_data/trades/*.parquet`).
    """
    chosen = os.environ.get(HOME_VARIABLE)
    return Path(chosen).expanduser().resolve() if chosen else Path(__file__).resolve().parent


@contextmanager
def published_file(target: Path) -> Generator[Path]:
    """Yield a temporary path; on success it becomes `target`, replacing what was there.

    Raises:
        SampleDataError: If the file cannot be written.
    """
    with _explained(target):
        partial = _partial_beside(target)
        try:
            yield partial
            _sync(partial)
            partial.replace(target)
        finally:
            partial.unlink(missing_ok=True)


@contextmanager
def published_directory(target: Path, is_replaceable: Callable[[Path], bool]) -> Generator[Path]:
    """Yield a new temporary directory; on success it becomes `target`.

    Two processes may do this at once for one target: each writes a directory of its own, and each rename is of a
    complete one.

    Args:
        target: The directory to make. An empty one that exists counts as missing.
        is_replaceable: Asked about a `target` that holds files, before the work and again at the end, when another
            process may have made it meanwhile.

    Raises:
        SampleDataError: If `target` is in the way and may not be replaced, or cannot be written.
    """
    target = target.resolve()
    _refuse_unless_free(target, is_replaceable)
    with _explained(target):
        _sweep_abandoned(target)
        partial = _partial_beside(target)
        partial.mkdir()
        try:
            yield partial
            for file in partial.iterdir():
                _sync(file)
            _publish(partial, target, is_replaceable)
        finally:
            shutil.rmtree(partial, ignore_errors=True)


def holds_files(directory: Path) -> bool:
    """Tell whether `directory` exists and has anything in it."""
    return directory.is_dir() and any(directory.iterdir())


def _refuse_unless_free(target: Path, is_replaceable: Callable[[Path], bool]) -> None:
    if target.exists() and not target.is_dir():
        raise SampleDataError(f"`{target}` is a file, not a directory.", hint="choose another --out.")
    if holds_files(target) and not is_replaceable(target):
        raise SampleDataError(
            f"`{target}` already holds files.",
            hint="choose an empty directory, or replace trades generated before with --force "
            "(a directory that holds anything else is never replaced).",
        )


def _publish(partial: Path, target: Path, is_replaceable: Callable[[Path], bool]) -> None:
    """Rename `partial` to `target`; what stood there is moved away, and comes back if that fails."""
    with suppress(OSError):
        partial.rename(target)  # succeeds when nothing, or an empty directory, is there
        return
    _refuse_unless_free(target, is_replaceable)
    former = _partial_beside(target)
    target.rename(former)
    try:
        partial.rename(target)
    except OSError:
        if not target.exists():
            former.rename(target)
        raise
    finally:
        shutil.rmtree(former, ignore_errors=True)


def _partial_beside(target: Path) -> Path:
    target.parent.mkdir(parents=True, exist_ok=True)
    return target.parent / f".{target.name}.{secrets.token_hex(6)}.partial"


def _sweep_abandoned(target: Path) -> None:
    oldest_kept = time.time() - ABANDONED_AFTER_SECONDS
    for partial in target.parent.glob(f".{target.name}.*.partial"):
        with suppress(FileNotFoundError):
            if partial.stat().st_mtime < oldest_kept:
                shutil.rmtree(partial, ignore_errors=True)


def _sync(file: Path) -> None:
    with file.open("rb+") as handle:
        os.fsync(handle.fileno())


@contextmanager
def _explained(target: Path) -> Generator[None]:
    try:
        yield
    except OSError as cause:
        raise SampleDataError(
            f"Could not write `{target}`: {cause.strerror or cause}.",
            hint=f"check free space and permissions, or point {HOME_VARIABLE} to another directory.",
        ) from cause
