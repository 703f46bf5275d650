"""The sample data, which is explored when nothing else is named."""

from pathlib import Path

import click

import dataapp

_PACKAGE = Path(dataapp.__file__).parent
_FOLDERS = (_PACKAGE / "samples", _PACKAGE.parent / "sample_data")  # as installed, and in a checkout


def sample_files() -> tuple[str, ...]:
    """Return the files of the sample data.

    Raises:
        click.UsageError: This installation has none.
    """
    for folder in _FOLDERS:
        if found := sorted(folder.glob("*.parquet")):
            return tuple(str(path) for path in found)
    raise click.UsageError("This installation has no sample data; name a file, a glob or a folder.")
