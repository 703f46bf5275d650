"""Files that are written whole or not at all: whoever reads one finds what was there before or all that is new."""

import os
import shutil
import uuid
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from dataapp.errors import DataAppError


def place_of(path: Path, refusal: type[DataAppError]) -> Path:
    """Return where a file would be written; ``~`` stands for the home folder.

    Args:
        path: The file.
        refusal: What is raised.

    Raises:
        DataAppError: There is a folder of that name, or none to write it into.

    Example:
        >>> place_of(Path("no/such/folder/app.py"), DataAppError)
        Traceback (most recent call last):
        ...
        dataapp.errors.DataAppError: There is no folder...
    """
    try:
        path = path.expanduser().resolve()
    except RuntimeError as error:  # no home folder
        raise refusal(f"`{path}` cannot be found: {error}") from error
    if path.is_dir():
        raise refusal(f"`{path}` is a folder.", hint="give the name of a file in it")
    if not path.parent.is_dir():
        raise refusal(f"There is no folder `{path.parent}`.", hint="make it first, or save elsewhere")
    return path


@contextmanager
def draft_of(path: Path, content: bytes) -> Generator[Path]:
    """Write the content of a file to another one in its folder, which may then take its name; else it is removed.

    Raises:
        OSError: It cannot be written.
    """
    draft = path.with_name(f".{path.stem}-{uuid.uuid4().hex}.tmp")
    try:
        with draft.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        yield draft
    finally:
        draft.unlink(missing_ok=True)


def take_over(draft: Path, path: Path) -> None:
    """Give a draft its name; what had it before is replaced, and keeps its permissions.

    Raises:
        OSError: That is not allowed.
    """
    if path.exists():
        shutil.copymode(path, draft)
    draft.replace(path)
