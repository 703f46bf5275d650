"""Folders as people keep data in them: which files belong together, and the location that names exactly those.

A folder that was asked for holds tables: each of its files is one, and each of its subfolders. Two exceptions:

- Files whose names differ only in numbers or dates (`part-0001`, `2024-01-31`), with equal schemas, are one table.
- A folder that holds nothing but partitions (`year=2024`) is one table.

A subfolder whose files, however deep, have one format and schema is one table. Where they do not, or where one of them
cannot be read, it is looked at like a folder that was asked for, so that what is good in it still becomes tables.

Texts (`.txt`) are read as CSV where they are named, but are no data of a folder: most are notes about what lies there.
Names that start with a dot, and folders that start with an underscore, are not looked into, nor is anything more than
eight folders deep.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from glob import escape
from pathlib import Path

from dataapp.connect.files import expand, format_of
from dataapp.workbench.table_names import NUMBER, numbered

_MOST_DEEP = 8

type IsOne = Callable[[Sequence[str]], bool]


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder with what lies in it.

    Attributes:
        path: Where it is.
        files: Its own data files, sorted.
        folders: Its subfolders with data files somewhere in them, sorted.
    """

    path: str
    files: tuple[str, ...]
    folders: "tuple[Folder, ...]"

    def all_files(self) -> tuple[str, ...]:
        """Return its files and those of all subfolders."""
        return self.files + tuple(path for folder in self.folders for path in folder.all_files())

    @property
    def is_partitioned(self) -> bool:
        """Whether it holds nothing but partitions: folders such as `year=2024`."""
        return not self.files and bool(self.folders) and all("=" in Path(below.path).name for below in self.folders)


@dataclass(frozen=True, slots=True)
class Group:
    """Files that are one table, and the location that names exactly those."""

    location: str
    files: tuple[str, ...]


def read_folder(path: str, depth: int = _MOST_DEEP) -> Folder:
    """List a folder's data files and those below it; folders that may not be read are empty."""
    files: list[str] = []
    below: list[str] = []
    try:
        with os.scandir(path) as entries:
            for entry in entries:
                if entry.name.startswith("."):
                    continue
                if entry.is_dir():
                    below += [] if entry.name.startswith("_") else [entry.path]
                elif is_data(entry.name):
                    files.append(entry.path)
    except OSError:
        return Folder(path, (), ())
    folders = (read_folder(inner, depth - 1) for inner in sorted(below)) if depth > 0 else ()
    return Folder(path, tuple(sorted(files)), tuple(folder for folder in folders if folder.all_files()))


def is_data(name: str) -> bool:
    """Whether a file in a folder is a table.

    Example:
        >>> is_data("trades.csv.gz"), is_data("notes.txt"), is_data("README.md")
        (True, False, False)
    """
    plain = name.lower().removesuffix(".gz").removesuffix(".zst").removesuffix(".bz2")
    return format_of(name) is not None and not plain.endswith(".txt")


def folder_groups(folder: Folder, is_one: IsOne, *, is_asked: bool) -> Iterator[Group]:
    """Yield the tables of a folder.

    Args:
        folder: The folder.
        is_one: Whether files can all be read and have one format and schema.
        is_asked: Whether somebody named this folder, rather than one above it.
    """
    files = folder.all_files()
    if (folder.is_partitioned or not is_asked) and is_one(files):
        location = _location_of_all(folder, files)
        if location is not None:
            yield Group(location, files)
            return
    yield from file_groups(folder.files, is_one)
    for below in folder.folders:
        yield from folder_groups(below, is_one, is_asked=False)


def file_groups(files: Sequence[str], is_one: IsOne) -> Iterator[Group]:
    """Yield the tables of files: those in one folder that are numbered alike together, all others alone."""
    alike: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for path in files:
        folder, name = os.path.split(path)
        alike.setdefault((folder, numbered(name)), []).append(path)
    for group in alike.values():
        location = _numbered_location(group) if len(group) > 1 and is_one(group) else None
        if location is not None:
            yield Group(location, tuple(group))
        else:
            yield from (Group(path, (path,)) for path in group)


def _location_of_all(folder: Folder, files: Sequence[str]) -> str | None:
    """Return a location for everything in a folder, or None where each would also name other files."""
    endings = {Path(path).suffix for path in files}
    candidates = [folder.path]
    if len(endings) == 1:
        candidates.append(f"{escape(folder.path)}/**/*{endings.pop()}")
    return next((location for location in candidates if expand(location) == sorted(files)), None)


def _numbered_location(files: Sequence[str]) -> str | None:
    """Return a glob for numbered files, or None where each would also name other files."""
    folder, first = os.path.split(files[0])
    names = sorted(Path(path).name for path in files)
    others = sorted(entry.name for entry in Path(folder).iterdir() if not entry.name.startswith("."))
    parts = NUMBER.split(first)
    for mark in ("[0-9]*", "*"):
        pattern = mark.join(escape(part) for part in parts)
        if [name for name in others if fnmatchcase(name, pattern)] == names:
            return f"{escape(folder)}/{pattern}"
    return None
