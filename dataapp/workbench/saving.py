"""Saving a book as an app: the file is written whole or not at all, and over another one only when told to."""

import importlib.util
import sys
from collections.abc import Mapping
from pathlib import Path

from dataapp.errors import FileTakenError, NotSavedError
from dataapp.files import draft_of, place_of, take_over
from dataapp.workbench.live import LiveBook
from dataapp.workbench.module import book_to_module


def save_book(
    live: LiveBook,
    path: Path,
    *,
    values: Mapping[str, object],
    overwrite: bool = False,
    title: str | None = None,
) -> Path:
    """Write the Python module that shows what a book shows, and return where it is.

    Args:
        live: The book.
        path: The file; ``~`` stands for the home folder.
        values: What the controls stand at, by name.
        overwrite: Replace a file that is there.
        title: The title of the page; by default the book's.

    Raises:
        FileTakenError: The file is there already.
        NotSavedError: It is no Python file, or one that hides another; its folder is not there, it cannot be written,
            or there is nothing to save.
        DataAppError: A query or chart of the book is wrong.
    """
    path = _checked(path)
    if path.exists() and not overwrite:
        raise _taken(path)
    columns = {query.name: live.columns(query.name) for query in live.book.queries if query.chart is not None}
    text = book_to_module(
        live.book, folder=path.parent, values=values, columns=columns, parser=live.parser, title=title
    )
    return save_module(text, path, overwrite=overwrite)


def save_module(text: str, path: Path, *, overwrite: bool = False) -> Path:
    """Write the text of a module, and return where it is.

    The text is written to another file in the same folder, which then takes the name: whoever reads the file finds the
    old text or the new one, and a failure leaves the old one.

    Args:
        text: The text.
        path: The file; ``~`` stands for the home folder.
        overwrite: Replace a file that is there.

    Raises:
        FileTakenError: The file is there already.
        NotSavedError: It is no Python file, its folder is not there, or it cannot be written.
    """
    path = _checked(path)
    if path.exists() and not overwrite:
        raise _taken(path)
    try:
        with draft_of(path, text.encode()) as draft:
            if overwrite:
                take_over(draft, path)
            else:
                _claim(draft, path)
    except OSError as error:
        raise NotSavedError(f"`{path}` cannot be written: {error.strerror or error}.") from error
    return path


def _checked(path: Path) -> Path:
    if path.suffix != ".py":
        raise NotSavedError(f"`{path.name}` is not a Python file.", hint=f"call it `{path.stem or 'app'}.py`")
    path = place_of(path, NotSavedError)
    if (hidden := _hidden_module(path)) is not None:
        raise NotSavedError(
            f"Whoever runs an app called `{path.name}` imports it instead of the module `{hidden}`.",
            hint=f"call it `{path.stem}_app.py`",
        )
    return path


def _hidden_module(path: Path) -> str | None:
    """Return the module that other code would not find any more with this file beside it, or None."""
    name = path.stem
    if name in sys.stdlib_module_names:
        return name
    try:
        found = importlib.util.find_spec(name) if name.isidentifier() else None
    except (ImportError, ValueError):  # one that is half there
        return None
    where = None if found is None else found.origin
    is_other = where is not None and Path(where).parent != path.parent and Path(where).parent.parent != path.parent
    return name if is_other else None


def _claim(draft: Path, path: Path) -> None:
    """Give a draft its name if nobody has taken it in the meantime."""
    try:
        path.hardlink_to(draft)
    except FileExistsError:
        raise _taken(path) from None
    except OSError:  # a file system without links
        if path.exists():
            raise _taken(path) from None
        draft.replace(path)


def _taken(path: Path) -> FileTakenError:
    return FileTakenError(f"There is a file `{path}` already.", hint="save under another name, or replace it")
