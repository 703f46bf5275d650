"""Files that a parameter chooses: made absolute, and refused where an input leads out of the app's folder.

``read_parquet($file)`` accepts any path that is bound to it, so what a viewer sends is checked here, by where it leads
after links and patterns are followed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from dataapp.compile.identifiers import fold
from dataapp.compile.query import Query
from dataapp.connect.files import absolute, expand, is_local, is_pattern, within
from dataapp.errors import SourceNotAllowedError


@dataclass(frozen=True, slots=True)
class Chosen:
    """What to bind to a parameter that chooses files, and the local files that it names.

    Attributes:
        value: A path or a list of paths.
        files: Absolute paths and patterns on this machine.
    """

    value: object
    files: tuple[str, ...]


def choose_files(query: Query, name: str, value: object, folder: Path, *, by_input: bool, cell: str) -> Chosen:
    """Return what a path parameter stands for.

    Args:
        query: The query that uses it.
        name: The parameter's folded name.
        value: What it holds.
        folder: Where relative paths start.
        by_input: Whether a viewer chooses the value.
        cell: The label of the reading cell, for errors.

    Raises:
        SourceNotAllowedError: A viewer's choice leads out of the folder and the working directory.
    """
    texts = list(cast("list[object]", value)) if isinstance(value, list) else [value]
    paths = [text for text in texts if isinstance(text, str)]
    if len(paths) < len(texts):
        return Chosen(cast("object", value), ())  # the engine says best what is wrong with it
    if not _stands_alone(query, name):
        if by_input and not all(map(_is_plain_word, paths)):
            raise _refusal(name, cell)
        return Chosen(cast("object", value), ())
    if by_input:
        found = [path for text in paths for path in _inside(text, folder, name, cell)]
    else:
        found = [absolute(text, folder) for text in paths]
    is_one = isinstance(value, str) and len(found) == 1
    return Chosen(found[0] if is_one else found, tuple(filter(is_local, found)))


def _inside(text: str, folder: Path, name: str, cell: str) -> Sequence[str]:
    """Return the files that a viewer's choice names; a pattern becomes its matches, so that no other can slip in."""
    path = absolute(text, folder)
    allowed = [folder, Path.cwd()]
    if "\0" in path or not is_local(path) or not within(path, allowed):
        raise _refusal(name, cell)
    if not is_pattern(path):
        return [path]
    matches = expand(path)
    if not all(within(match, allowed) for match in matches):
        raise _refusal(name, cell)
    return matches or [path]


def _stands_alone(query: Query, name: str) -> bool:
    """Whether it is written as a whole path, ``f($p)`` or ``f([$a, $p])``, rather than as a piece of one."""
    text = query.text.encode()
    spans = [parameter.span for parameter in query.parameters if fold(parameter.name) == name]
    return any(
        text[: span.start].rstrip()[-1:] in (b"(", b"[", b",") and text[span.end :].lstrip()[:1] in (b")", b"]", b",")
        for span in spans
    )


def _is_plain_word(text: str) -> bool:
    return ".." not in text and not any(mark in text for mark in "/\\*?[]{}:~\0")


def _refusal(name: str, cell: str) -> SourceNotAllowedError:
    return SourceNotAllowedError(
        f"`${name}` chooses a file outside the app's folder.",
        hint="keep the files that viewers may choose in the app's folder, or choose the path in a Python cell",
        cell=cell,
    )
