"""The tables behind locations on a command line: files, globs, folders.

Only what files say about themselves is read, never their rows, so that a folder of a thousand files, or a file of a
hundred million rows, is listed at once. What cannot be read is a fault beside the tables; all else goes on.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from dataapp.connect.files import (
    FileState,
    absolute,
    choose_format,
    is_scanned_by_engine,
    scan,
    version_of,
)
from dataapp.connect.frames import read_ipc
from dataapp.engines.duckdb import DuckDB
from dataapp.engines.functions import reserved_words
from dataapp.engines.relation import Column, Relation
from dataapp.errors import DataAppError, SourceNotFoundError, SourceUnreadableError
from dataapp.runtime.workers import Cancel
from dataapp.workbench.file_facts import FileFacts, describe, known_endings, read_facts
from dataapp.workbench.folders import Group, file_groups, folder_groups, read_folder
from dataapp.workbench.table_names import location_to_title, title_to_name

_MOST_NAMED = 3


@dataclass(frozen=True, slots=True)
class Table:
    """A table that files are.

    Attributes:
        name: Unique; valid in Python, and in SQL without quotes.
        location: What `dataapp.source` takes: an absolute file, folder or glob, or an address.
        columns: Names and the engine's names of types.
        rows: How many, or None where that needs a scan: see `count_rows`.
        files: How many files.
        bytes: Their size.
    """

    name: str
    location: str
    columns: tuple[Column, ...]
    rows: int | None
    files: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that is no table, or not the one that was asked for, and why."""

    location: str
    message: str
    hint: str | None
    code: str


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The tables of some locations, and what is wrong in them."""

    tables: tuple[Table, ...]
    faults: tuple[Fault, ...]


def read_catalogue(
    locations: Sequence[str], *, engine: DuckDB, names: Mapping[str, str] = MappingProxyType({})
) -> Catalogue:
    """Return the tables of files, globs and folders; `dataapp.workbench.folders` says which files are one table.

    A relative location starts at the working directory. An address such as ``https://...`` is left as it is.

    Args:
        locations: The files, globs and folders.
        engine: What reads them.
        names: What tables are called already, by location: they stay called so, whatever comes beside them.

    Raises:
        SourceNotFoundError: There are no data files in any of them.
        SourceUnreadableError: No file can be read.

    Example:
        >>> import polars as pl, tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     pl.DataFrame({"price": [1.5, 2.5]}).write_parquet(f"{folder}/Trades.parquet")
        ...     found = read_catalogue([folder], engine=DuckDB())
        >>> found.tables[0].name, found.tables[0].rows, found.tables[0].columns
        ('trades', 2, (Column(name='price', type='DOUBLE'),))
    """
    reading = _Reading(engine, names)
    files: list[str] = []
    for location in dict.fromkeys(absolute(location, Path.cwd()) for location in locations):
        if "://" in location:
            reading.add_address(location)
        elif Path(location).is_dir():
            reading.add_folder(location)
        elif Path(location).is_file():
            files.append(location)
        else:
            reading.add_glob(location)
    reading.add_files(files)
    return reading.catalogue(locations)


def files_behind(locations: Sequence[str]) -> frozenset[FileState]:
    """Return the state of every data file behind some locations: much cheaper than what `read_catalogue` does."""
    found: set[FileState] = set()
    for location in (absolute(location, Path.cwd()) for location in locations):
        paths = read_folder(location).all_files() if Path(location).is_dir() else [location]
        for path in paths:
            try:
                found.update(version_of([path]))
            except DataAppError:  # gone
                continue
    return frozenset(found)


def count_rows(table: Table, engine: DuckDB, cancel: Cancel | None = None) -> int:
    """Count a table's rows, by a scan where the files do not say; another thread may cancel it.

    Raises:
        Cancelled: `cancel` was cancelled.
        DataAppError: The files are gone or cannot be read.
    """
    version = version_of([table.location])
    kind = choose_format([table.location], version, {}, None)
    if not is_scanned_by_engine(kind):
        return sum(read_ipc(state).num_rows for state in version)
    sql = f"FROM {scan(version, [table.location], kind, {})}"
    with Relation(sql, key=(sql, version), engine=engine, sources=version).open() as reader:
        if cancel is not None:
            cancel.on_cancel(reader.cancel)
        return reader.fetch("SELECT count(*) FROM relation").column(0)[0].as_py()


class _Reading:
    """One reading of some locations."""

    def __init__(self, engine: DuckDB, names: Mapping[str, str]) -> None:
        self._engine = engine
        self._names = names
        self._tables: list[Table] = []
        self._faults: dict[str, Fault] = {}
        self._lacking: list[DataAppError] = []
        self._facts: dict[str, FileFacts] = {}
        self._done: set[str] = set()

    def add_folder(self, path: str) -> None:
        """Add a folder's tables."""
        folder = read_folder(path)
        if not folder.all_files():
            self._lack(path, SourceNotFoundError(f"There are no data files in `{path}`.", hint=known_endings()))
            return
        self._look(folder.all_files())
        self._add(folder_groups(folder, self._is_one, is_asked=True))

    def add_files(self, paths: Sequence[str]) -> None:
        """Add single files; those numbered alike become one table where a glob names exactly them."""
        self._look(paths)
        self._add(file_groups(paths, self._is_one))

    def add_glob(self, pattern: str) -> None:
        """Add a glob as one table, or as several where its files differ; it may also be a path of nothing."""
        try:
            paths = [state.path for state in version_of([pattern])]
        except SourceNotFoundError as error:  # which says what lies near it
            self._lack(pattern, error)
            return
        self._look(paths)
        if self._is_one(paths):
            self._add([Group(pattern, tuple(paths))])
            return
        readable = [self._facts[path] for path in paths if path in self._facts]
        if len({facts.schema for facts in readable}) > 1:
            self._fault(pattern, _differences(pattern, readable))
        self._add(file_groups([facts.path for facts in readable], self._is_one))

    def add_address(self, address: str) -> None:
        """Add a remote file, which only the engine can look at."""
        self._add([Group(address, (address,))])

    def catalogue(self, locations: Sequence[str]) -> Catalogue:
        """Return what was found.

        Raises:
            DataAppError: Nothing was.
        """
        if self._tables:
            return Catalogue(tuple(self._tables), tuple(self._faults.values()))
        listed = ", ".join(f"`{location}`" for location in locations)
        if len(self._lacking) == 1 and len(locations) == 1:
            raise self._lacking[0]
        if len(self._lacking) == len(self._faults):
            raise SourceNotFoundError(f"There are no data files in {listed}.", hint=known_endings())
        first = next(iter(self._faults.values()))
        more = f" ({len(self._faults) - 1} more cannot be read either.)" if len(self._faults) > 1 else ""
        raise SourceUnreadableError(f"Nothing in {listed} can be read: {first.message}{more}", hint=first.hint)

    def _look(self, paths: Sequence[str]) -> None:
        new = [path for path in paths if path not in self._facts and path not in self._faults]
        for path, found in read_facts(new, self._engine).items():
            if isinstance(found, FileFacts):
                self._facts[path] = found
            else:
                self._fault(path, found)

    def _is_one(self, paths: Sequence[str]) -> bool:
        found = [self._facts.get(path) for path in paths]
        return None not in found and len({facts.schema for facts in found if facts is not None}) == 1

    def _add(self, groups: Iterable[Group]) -> None:
        for group in groups:
            if group.location in self._done or any(path in self._faults for path in group.files):
                continue
            self._done.add(group.location)
            try:
                self._tables.append(self._table(group))
            except DataAppError as error:
                if len(group.files) == 1:
                    self._fault(group.files[0], error)
                else:  # what files say about themselves can be less than what reading them needs
                    self._add([Group(path, (path,)) for path in group.files])

    def _table(self, group: Group) -> Table:
        facts = [self._facts[path] for path in group.files if path in self._facts]
        rows = [known.rows for known in facts]
        return Table(
            name=self._names.get(group.location) or self._new_name(group.location),
            location=group.location,
            columns=describe(group.location, self._engine),
            rows=None if not rows or None in rows else sum(count for count in rows if count is not None),
            files=len(group.files),
            bytes=sum(known.bytes for known in facts),
        )

    def _new_name(self, location: str) -> str:
        taken = [*self._names.values(), *(table.name for table in self._tables)]
        return title_to_name(location_to_title(location), taken, reserved_words(self._engine))

    def _lack(self, location: str, error: DataAppError) -> None:
        self._lacking.append(error)
        self._fault(location, error)

    def _fault(self, location: str, error: DataAppError) -> None:
        self._faults[location] = Fault(location, error.message, error.hint, error.code)


def _differences(pattern: str, files: Sequence[FileFacts]) -> DataAppError:
    """Say which files of a glob differ from most of them, and how."""
    counts = Counter(facts.schema for facts in files)
    usual = next(facts for facts in files if facts.schema == counts.most_common(1)[0][0])
    others = [facts for facts in files if facts.schema != usual.schema]
    told = "; ".join(f"`{Path(facts.path).name}` {_difference(facts, usual)}" for facts in others[:_MOST_NAMED])
    more = f"; and {len(others) - _MOST_NAMED} more" if len(others) > _MOST_NAMED else ""
    return SourceUnreadableError(
        f"The {len(files)} files of `{pattern}` are not one table. Unlike `{Path(usual.path).name}`, {told}{more}.",
        hint="files that agree are tables of their own; give a narrower glob for each kind",
    )


def _difference(facts: FileFacts, usual: FileFacts) -> str:
    if facts.format != usual.format:
        return f"is {facts.format}, not {usual.format}"
    has, wants = dict(facts.fields), dict(usual.fields)
    found = [f"has no column `{name}`" for name in wants if name not in has]
    found += [f"has a column `{name}`" for name in has if name not in wants]
    found += [
        f"has `{name}` as {has[name]}, not {wants[name]}" for name in wants if name in has and has[name] != wants[name]
    ]
    more = f" and {len(found) - _MOST_NAMED} more differences" if len(found) > _MOST_NAMED else ""
    return ", ".join(found[:_MOST_NAMED]) + more
