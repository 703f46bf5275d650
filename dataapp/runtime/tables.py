"""Tables of a session: relations that are not read yet, made of the parts of all cells above them."""

import hashlib
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from time import time_ns
from typing import cast

import pyarrow as pa

from dataapp.cells.cell import Cell
from dataapp.cells.crossfilter import NarrowedCell, NarrowedRows
from dataapp.cells.database import Database
from dataapp.cells.input import InputCell
from dataapp.cells.predicate import PredicateCell
from dataapp.cells.relation import is_query
from dataapp.cells.sql import SqlCell
from dataapp.cells.user import UserCell
from dataapp.cells.values import Bound
from dataapp.compile.fusion import FramePart, Fused, Key, Part, ScanPart, TextPart, fuse
from dataapp.compile.target import DUCKDB, Target
from dataapp.connect.files import Version, has_moved, is_settled, remote_among, version_of
from dataapp.engines.duckdb import DuckDB, fault_to_error
from dataapp.engines.measured import Uses
from dataapp.engines.relation import EngineFault, Relation
from dataapp.errors import DataAppError


class SourceMoved(Exception):  # not an error: the wave starts again
    """A file changed between the start of a wave and the end of a query that read it."""


def digest(*facts: object) -> str:
    """Return a short text that is equal only for equal facts.

    Example:
        >>> digest("FROM t", 1) == digest("FROM t", 1), digest(1) == digest(1.0)
        (True, False)
    """
    return hashlib.blake2b("\x1f".join(map(repr, facts)).encode(), digest_size=16).hexdigest()


def cell_key(cell: Cell) -> Hashable:
    """Return what stands for a cell in every session of the process: where it is written, and what it says."""
    place = cell.namespace
    text = cell.query if isinstance(cell, SqlCell) else ""
    return place.module if place.file is None else place.file, place.line, cell.label, text


@dataclass(frozen=True, slots=True)
class Files:
    """Files that a table reads, as they were when the wave began."""

    patterns: tuple[str, ...]
    version: Version
    cell: str

    def have_moved(self) -> bool:
        """Whether they are no longer what they were."""
        try:
            return has_moved(self.version, version_of(self.patterns))
        except DataAppError:
            return True


@dataclass(frozen=True, eq=False)
class Table:
    """A relation and everything that it is made of.

    Attributes:
        root: The cell whose rows these are.
        parts: Every part that the root reads, directly or not, and the root's own.
        labels: What people call the parts and values.
        values: Values of parameters.
        frames: Arrow tables of the parts that are frames.
        files: Files that are read.
        digest: Equal digests mean equal rows, however they are computed.
        digests: The digests of the tables of all cells that are parts.
        fixed_order: Whether reading twice gives the same order.
        is_versioned: Whether equal digests mean equal rows for every session of the process, and later: all sources
            have versions, and no text has several meanings. Never of a database, whose versions belong to its rows.
        is_pick: Whether it would be versioned but for its own text, which picks among rows: running it again may pick
            others, so that all who read it may share one run's rows, but under a digest of their own.
        database: The database on which all parts are, or None for the engine; only those can be a `Relation`.
        ttl: For how many seconds an answer of the database may be reused, where that is said.
    """

    root: Cell
    parts: Mapping[Key, Part]
    labels: Mapping[Key, str]
    values: Mapping[Key, Bound]
    frames: Mapping[Key, pa.Table]
    files: tuple[Files, ...]
    digest: str
    digests: Mapping[Cell, str]
    fixed_order: bool
    is_versioned: bool = False
    is_pick: bool = False
    database: Database | None = None
    ttl: float | None = None

    @cached_property
    def fused(self) -> Fused:
        """The one query that the parts become."""
        return self.fuse(DUCKDB if self.database is None else self.database.server().target)

    def fuse(self, target: Target) -> Fused:
        """Return the one query that the parts become, written as a target says."""
        casts = {key: bound.type for key, bound in self.values.items() if bound.needs_cast and bound.type is not None}
        return fuse(self.root, self.parts, self.labels, casts, target)

    @property
    def is_settled(self) -> bool:
        """Whether another write of any file would show in its state by now."""
        return all(is_settled(files.version, time_ns()) for files in self.files)

    @property
    def whole_frame(self) -> pa.Table | None:
        """The Arrow table that has these very rows, where there is one: it need not go through the engine."""
        return self.frames[self.root] if isinstance(self.parts[self.root], FramePart) else None

    @cached_property
    def uses(self) -> Uses:
        """Which cells a run of the fused query holds."""
        taken: dict[Hashable, Hashable] = {}
        kept: dict[Hashable, Hashable] = {}
        for cell, found in self.digests.items():
            match self.parts[cell]:
                case TextPart():
                    taken[cell_key(cell)] = found
                case FramePart() if is_query(cell):
                    kept[cell_key(cell)] = found
                case _:
                    pass
        views = {cell.view.key for cell in self.parts if isinstance(cell, NarrowedRows | NarrowedCell)}
        return Uses(cell_key(self.root), taken, kept, frozenset(views))

    @cached_property
    def base(self) -> frozenset[str]:
        """What the rows depend on besides texts, values, and files that texts name: the digests of all sources."""
        return frozenset(found for cell, found in self.digests.items() if not isinstance(self.parts[cell], TextPart))

    def relation(self, engine: DuckDB, uses: Uses | None = None) -> Relation:
        """Bind the fused query to its values and frames.

        Args:
            engine: Where it will run.
            uses: What its runs count for; by default for reading the root cell.
        """
        fused, settled = self.fused, self.is_settled
        return Relation(
            sql=fused.sql,
            key=self.digest,
            engine=engine,
            parameters={name: self.values[key] for name, key in fused.values.items()},
            frames={name: self.frames[key] for name, key in fused.frames.items()},
            sources=tuple(files.version for files in self.files),
            base=self.base,
            movers={name: mover for name, key in fused.values.items() if (mover := _mover(key)) is not None},
            variables={name: self.values[key] for name, key in fused.variables.items()},
            uses=uses or self.uses,
            fixed_order=self.fixed_order,
            is_versioned=self.is_versioned and settled,
            is_pick=self.is_pick and settled,
            explain_fault=self.explain_fault,
            check_sources=self.check_sources,
        )

    def explain_fault(self, fault: EngineFault) -> DataAppError:
        """Say in which cell, line and column the engine's complaint lies."""
        return self.place_error(fault_to_error(fault), fault.position)

    def place_error(self, error: DataAppError, position: int | None) -> DataAppError:
        """Say in which cell, line and column a byte offset of the fused query lies."""
        place = None if position is None else self.fused.locate(position)
        error.cell = self.labels.get(place.key if place is not None else self.root, self.root.label)
        if place is not None:
            written = place.key if isinstance(place.key, SqlCell) else None
            found = (place.line, place.column) if written is None else written.place(place.line, place.column)
            error.line, error.column = found
        return error

    def check_sources(self) -> None:
        """Raise `SourceMoved` if a file is no longer what it was when the wave began."""
        if any(files.have_moved() for files in self.files):
            raise SourceMoved


def _mover(key: Key) -> Cell | None:
    """Return the input or predicate that a value comes from, or None for values that nobody moves."""
    cell = cast("object", key[0] if isinstance(key, tuple) and key else key)  # pyright: ignore[reportUnknownVariableType]
    is_moved = isinstance(cell, PredicateCell) or (isinstance(cell, InputCell) and not isinstance(cell, UserCell))
    return cast("Cell", cell) if is_moved else None


def same_table(old: object, new: object) -> bool:
    """Whether two tables have the same rows for sure, and for as long."""
    return isinstance(old, Table) and isinstance(new, Table) and (old.digest, old.ttl) == (new.digest, new.ttl)


@dataclass(slots=True)
class TableBuilder:
    """Collects what a table is made of."""

    root: Cell
    database: Database | None = None
    parts: dict[Key, Part] = field(default_factory=dict[Hashable, Part])
    labels: dict[Key, str] = field(default_factory=dict[Hashable, str])
    values: dict[Key, Bound] = field(default_factory=dict[Hashable, Bound])
    frames: dict[Key, pa.Table] = field(default_factory=dict[Hashable, pa.Table])
    files: list[Files] = field(default_factory=list[Files])
    digests: dict[Cell, str] = field(default_factory=dict[Cell, str])

    def include(self, table: Table) -> None:
        """Take over another table's parts."""
        self.parts |= table.parts
        self.labels |= table.labels
        self.values |= table.values
        self.frames |= table.frames
        self.digests |= table.digests
        self.files += [files for files in table.files if files not in self.files]

    def build(
        self,
        part: Part,
        digest: str,
        *,
        fixed_order: bool,
        is_versioned: bool,
        is_pick: bool = False,
        ttl: float | None = None,
    ) -> Table:
        """Finish with the root's own part."""
        self.parts[self.root] = part
        self.labels[self.root] = self.root.label
        return Table(
            self.root,
            self.parts,
            self.labels,
            self.values,
            self.frames,
            tuple(self.files),
            digest,
            {**self.digests, self.root: digest},
            fixed_order,
            is_versioned and self.database is None,
            is_pick and self.database is None,
            self.database,
            ttl,
        )


def frame_table(cell: Cell, frame: pa.Table, stamp: str) -> Table:
    """Return the table that scans a frame."""
    builder = TableBuilder(cell)
    builder.frames[cell] = frame
    return builder.build(FramePart(), stamp, fixed_order=True, is_versioned=True)


@lru_cache(maxsize=256)  # of many files it takes long to write down what state they are in
def _scan_digest(sql: str, version: Version, state: Hashable) -> str:
    return digest(sql, version, state)


def scan_table(cell: Cell, sql: str, files: Files, remote: Files | int) -> Table:
    """Return the table that scans files.

    Args:
        cell: The cell.
        sql: The table expression.
        files: The files; of remote ones only where they are.
        remote: The remote ones among them with their state, or how often they were looked at without telling one.
    """
    builder = TableBuilder(cell)
    builder.files.append(files)
    state = remote.version if isinstance(remote, Files) else remote
    if isinstance(remote, Files):
        builder.files.append(remote)
    is_versioned = isinstance(remote, Files) or not remote_among(files.patterns)
    return builder.build(
        ScanPart(sql), _scan_digest(sql, files.version, state), fixed_order=True, is_versioned=is_versioned
    )
