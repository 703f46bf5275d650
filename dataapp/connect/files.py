"""Files as tables: formats, locations, versions."""

import fnmatch
import glob
import os
import stat
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property, lru_cache
from operator import attrgetter
from pathlib import Path
from time import time_ns
from typing import NamedTuple

from dataapp.compile.identifiers import quote_identifier, quote_literal
from dataapp.errors import SourceNotFoundError, SourceUnreadableError

_READERS = {
    "parquet": "read_parquet",
    "csv": "read_csv",
    "json": "read_json",
}
_ARROW = "arrow"
_FORMATS = {
    ".parquet": "parquet",
    ".pq": "parquet",
    ".csv": "csv",
    ".tsv": "csv",
    ".txt": "csv",
    ".json": "json",
    ".jsonl": "json",
    ".ndjson": "json",
    ".arrow": _ARROW,
    ".feather": _ARROW,
    ".ipc": _ARROW,
    ".arrows": _ARROW,
}
_COMPRESSIONS = {".gz", ".zst", ".bz2"}
_MAGIC = "*?["
_MOST_KNOWN = 4096  # files: a source of many is looked at in every query's way
_MOST_SOURCES = 64  # lists of files
_SETTLES_WITHIN_NS = 100_000_000
_SETTLES_REMOTELY_WITHIN_NS = 2_000_000_000  # servers tell seconds


class FileState(NamedTuple):
    """What tells one content of a file from another: 5 µs to read. A tuple, since every query makes and compares them.

    Attributes:
        path: Where it lies.
        modified_ns: When its content was last written, as far as it says.
        size: In bytes.
        inode: Which file it is.
        changed_ns: When anything about it last changed: also that it was moved here, or that its date was set back.
        is_settled: Whether it was last written long enough before the look at it that another write would have shown.
            File systems count time in steps: what is written twice within one may keep its state. So a state that was
            not settled differs from the same one seen later, and what was read of it is read once more.
    """

    path: str
    modified_ns: int
    size: int
    inode: int
    changed_ns: int = 0
    is_settled: bool = True


class Version(tuple[FileState, ...]):  # noqa: SLOT001 - what was found out is kept in it
    """The states of files; as it is looked at in every query's way, what it says as a whole is found out once."""

    @cached_property
    def settles_ns(self) -> int:
        """When another write of any of the files shows in its state."""
        within = {True: _SETTLES_WITHIN_NS, False: _SETTLES_REMOTELY_WITHIN_NS}
        return max((state.modified_ns + within[is_local(state.path)] for state in self), default=0)

    @cached_property
    def _hash(self) -> int:
        return super().__hash__()

    def __hash__(self) -> int:
        return self._hash


_PATH = attrgetter("path")
_FACTS = attrgetter("path", "modified_ns", "size", "inode", "changed_ns")
_states_seen: dict[
    str, FileState
] = {}  # the settled ones: a file that is as it was has the same state, not an equal one
_versions_seen: dict[tuple[str, ...], Version] = {}

type Noted = dict[str, FileState | None]


def is_local(location: str) -> bool:
    """Whether a location lies in the file system, where files have versions; remote files have no cheap state.

    Example:
        >>> is_local("/data/x.parquet"), is_local("s3://bucket/x.parquet")
        (True, False)
    """
    return "://" not in location


def is_settled(version: Version, now_ns: int) -> bool:
    """Whether files were last written long enough ago that another write would show in their state."""
    return now_ns > version.settles_ns


def has_moved(version: Version, now: Version) -> bool:
    """Whether files are not what they were; that they have settled since is no difference."""
    return version is not now and list(map(_FACTS, version)) != list(map(_FACTS, now))


@lru_cache(_MOST_SOURCES)
def remote_among(locations: tuple[str, ...]) -> tuple[str, ...]:
    """Return those of some locations that do not lie in the file system.

    Example:
        >>> remote_among(("/data/x.parquet", "s3://bucket/x.parquet"))
        ('s3://bucket/x.parquet',)
    """
    return tuple(location for location in locations if not is_local(location))


def version_of(patterns: Sequence[str], cell: str | None = None, noted: Noted | None = None) -> Version:
    """Return the state of every file that the patterns name now.

    Args:
        patterns: Absolute paths, globs or folders.
        cell: The label of the cell that reads them, for errors.
        noted: States by path that are taken as they are; those of other files are added. So all who read a file agree
            on its state, also when it changes between two looks.

    Raises:
        SourceNotFoundError: A pattern names no file.
    """
    states: list[FileState] = []
    for pattern in patterns:
        if not is_local(pattern):
            continue
        found = _states(pattern, noted)
        if not found:
            raise SourceNotFoundError(f"No file matches `{pattern}`.", hint=_nearby(pattern), cell=cell)
        states += found
    return _known_version(tuple(patterns), Version(states))


def _known_version(patterns: tuple[str, ...], version: Version) -> Version:
    """Return a version, or the equal one that was found last."""
    known = _versions_seen.get(patterns)
    if known is not None and known == version:
        return known
    if len(_versions_seen) >= _MOST_SOURCES:
        _versions_seen.clear()
    _versions_seen[patterns] = version
    return version


def _states(pattern: str, noted: Noted | None = None) -> list[FileState]:
    """Return the states of a pattern's files by path; asking each file once, as this stands in every query's way."""
    noted = {} if noted is None else noted
    plain = _noted_state(pattern, noted)
    if plain is not None:
        return [plain]
    if os.path.isdir(pattern):
        inside = glob.iglob(os.path.join(glob.escape(pattern), "**"), recursive=True)
        candidates = (path for path in inside if format_of(path) is not None)
    elif is_pattern(pattern):
        candidates = _matches(pattern)
    else:
        return []
    found = (_noted_state(path, noted) for path in candidates)
    return sorted((state for state in found if state is not None), key=_PATH)


def _matches(pattern: str) -> Iterable[str]:
    """Return the paths that a pattern matches: by one listing, where it names one folder."""
    folder, name = os.path.split(pattern)
    if is_pattern(folder) or "**" in name or name.startswith("."):
        return glob.iglob(pattern, recursive=True)
    try:
        names = os.listdir(folder)
    except OSError:
        return []
    start = os.path.join(folder, "")
    return [start + found for found in fnmatch.filter(names, name) if not found.startswith(".")]


def _noted_state(path: str, noted: Noted) -> FileState | None:
    if path not in noted:
        noted[path] = _state(path)
    return noted[path]


def _state(path: str) -> FileState | None:
    """Return a file's state, or None where there is none: a folder, or gone."""
    try:
        found = os.stat(path)
    except (OSError, ValueError):  # a NUL byte in a name is a ValueError
        return None
    if not stat.S_ISREG(found.st_mode):
        return None
    facts = path, found.st_mtime_ns, found.st_size, found.st_ino, found.st_ctime_ns
    known = _states_seen.get(path)
    if known is not None and known[:5] == facts:
        return known
    state = FileState(*facts, time_ns() - found.st_mtime_ns > _SETTLES_WITHIN_NS)
    if state.is_settled:
        if len(_states_seen) >= _MOST_KNOWN:
            _states_seen.clear()
        _states_seen[path] = state
    return state


def expand(pattern: str) -> list[str]:
    """Return the files that a path, a glob or a folder names, sorted."""
    return [state.path for state in _states(pattern)]


def is_pattern(location: str) -> bool:
    """Whether a location may name several files.

    Example:
        >>> is_pattern("trades/*.parquet"), is_pattern("trades.parquet")
        (True, False)
    """
    return any(mark in location for mark in _MAGIC)


def _nearby(pattern: str) -> str | None:
    folder = Path(pattern).parent
    while any(mark in str(folder) for mark in _MAGIC):
        folder = folder.parent
    if not folder.is_dir():
        return f"there is no folder `{folder}`"
    names = sorted(entry.name for entry in folder.iterdir() if format_of(entry.name) is not None)[:5]
    return f"`{folder}` holds {', '.join(names)}" if names else f"`{folder}` holds no data files"


@lru_cache(_MOST_KNOWN)
def format_of(path: str) -> str | None:
    """Return the format that a file's ending tells, or None.

    Example:
        >>> format_of("trades.csv.gz"), format_of("trades.parquet"), format_of("notes.md")
        ('csv', 'parquet', None)
    """
    stem, ending = os.path.splitext(path.rstrip("*/").lower())
    if ending in _COMPRESSIONS:
        ending = os.path.splitext(stem)[1]
    return _FORMATS.get(ending)


@lru_cache(_MOST_SOURCES)
def absolute_all(locations: tuple[object, ...], folder: Path) -> tuple[str, ...]:
    """Return locations, each as `absolute` does."""
    return tuple(absolute(str(location), folder) for location in locations)


def absolute(location: str, folder: Path) -> str:
    """Return a location that does not depend on the working directory.

    Example:
        >>> absolute("../data/*.parquet", Path("/apps/desk")), absolute("s3://bucket/x.parquet", Path("/apps"))
        ('/apps/data/*.parquet', 's3://bucket/x.parquet')
    """
    return _absolute(location, str(folder)) if is_local(location) else location


@lru_cache(_MOST_KNOWN)
def _absolute(location: str, folder: str) -> str:
    return os.path.normpath(os.path.join(folder, os.path.expanduser(location)))


def choose_format(locations: Sequence[str], version: Version, options: Mapping[str, object], cell: str | None) -> str:
    """Return the format of a source: what the options say, else what the endings tell.

    Raises:
        SourceUnreadableError: The endings tell nothing, or different things.
    """
    known = ", ".join(sorted({*_FORMATS.values()}))
    if (said := options.get("format")) is not None:
        if said not in _FORMATS.values():
            raise SourceUnreadableError(f"Format {said!r} is not known.", hint=f"use one of {known}", cell=cell)
        return str(said)
    found = _formats(version or tuple(locations))
    if len(found) == 1 and (only := next(iter(found))) is not None:
        return only
    what = "have different formats" if len(found) > 1 else "do not tell their format by their ending"
    raise SourceUnreadableError(
        f"The files of `{', '.join(locations)}` {what}.", hint=f"pass format= with one of {known}", cell=cell
    )


@lru_cache(_MOST_SOURCES)
def _formats(files: Version | tuple[str, ...]) -> frozenset[str | None]:
    return frozenset(format_of(file if isinstance(file, str) else file.path) for file in files)


def scan(version: Version, locations: Sequence[str], kind: str, options: Mapping[str, object]) -> str:
    """Return the table expression that reads files: exactly those of the version.

    Example:
        >>> scan(Version(), ["s3://bucket/x.parquet"], "parquet", {"hive_partitioning": True})
        "read_parquet(['s3://bucket/x.parquet'], hive_partitioning = true)"
    """
    passed = "".join(
        f", {quote_identifier(name) if not name.isidentifier() else name} = {_option(value)}"
        for name, value in options.items()
        if name != "format"
    )
    return f"{_READERS[kind]}([{_listed(version, remote_among(tuple(locations)))}]{passed})"


@lru_cache(_MOST_SOURCES)
def _listed(version: Version, remote: tuple[str, ...]) -> str:
    return ", ".join(map(quote_literal, [*map(_PATH, version), *remote]))


@lru_cache(_MOST_SOURCES)
def are_scanned_by_engine(locations: tuple[str, ...]) -> bool:
    """Whether the engine reads locations itself, as far as their endings tell."""
    return all(kind is not None and is_scanned_by_engine(kind) for kind in map(format_of, locations))


def is_scanned_by_engine(kind: str) -> bool:
    """Whether the engine reads a format itself; others are read into Arrow first."""
    return kind in _READERS


def _option(value: object) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case int() | float():
            return repr(value)
        case list() | tuple():
            return f"[{', '.join(_option(item) for item in value)}]"  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
        case dict():
            pairs: list[str] = [f"{quote_literal(str(key))}: {_option(item)}" for key, item in value.items()]  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
            return "{" + ", ".join(pairs) + "}"
        case _:
            return quote_literal(str(value))


def within(path: str, folders: Sequence[Path], resolve: Callable[[str], str] = os.path.realpath) -> bool:
    """Whether a path, after following links, lies in one of the folders."""
    real = resolve(path)
    for folder in folders:
        root = resolve(str(folder))
        try:
            if os.path.commonpath([root, real]) == root:
                return True
        except ValueError:  # different drives
            continue
    return False
