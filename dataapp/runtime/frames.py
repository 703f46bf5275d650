"""Rows of tables: how they are read, and under which digest they are known.

Rows of a text with one meaning go by the digest of their table. Those of another text get a digest of their own with
each run: whoever reads the rows under it reads the very same ones. Where the text only picks among rows, one run's pick
is shared by all who ask the same; it lasts as long as anybody holds it, and the next run's pick is a different one.
"""

import itertools
from dataclasses import dataclass

import pyarrow as pa

from dataapp.cells.cell import Cell
from dataapp.engines.duckdb import DuckDB
from dataapp.errors import WrongKindError
from dataapp.runtime.equality import is_same
from dataapp.runtime.pool import giving_way
from dataapp.runtime.tables import Table, digest
from dataapp.runtime.workers import Cancel

_stamps = itertools.count()


@dataclass(frozen=True, slots=True, weakref_slot=True, eq=False)
class Frame:
    """The rows of a table, and the digest under which they are known."""

    rows: pa.Table
    digest: str


def stamp() -> str:
    """Return a digest that nothing else has in this process."""
    return digest("stamp", next(_stamps))


def read_frame(table: Table, engine: DuckDB, cancel: Cancel, *, has_one_meaning: bool) -> Frame:
    """Read the rows of a table that is not on a database; for those see `dataapp.runtime.answers`.

    Args:
        table: The table.
        engine: What reads it.
        cancel: Stops the query.
        has_one_meaning: Whether reading again gives the same rows.

    Raises:
        DataAppError: The engine refused or failed.
        SourceMoved: A file changed meanwhile.
    """
    if (frame := table.whole_frame) is not None:
        return Frame(frame, table.digest)
    if has_one_meaning and table.is_versioned and table.is_settled:
        known = engine.known_rows(table.digest)
        if known is not None:
            return Frame(known, table.digest)
    with giving_way(), table.relation(engine).open() as reader:
        cancel.on_cancel(reader.cancel)
        cancel.progress = reader.progress
        if has_one_meaning:
            return Frame(reader.fetch(), table.digest)
        return reader.shared_pick(lambda: Frame(reader.fetch(), stamp()), lambda frame: frame.rows.nbytes)


def same_frame(old: object, new: object) -> bool:
    """Whether two frames hold equal rows."""
    return isinstance(old, Frame) and isinstance(new, Frame) and is_same(old.rows, new.rows)


def single_item(cell: Cell, frame: Frame) -> object:
    """Return the only item of a cell's rows, or None if there is no row.

    Raises:
        WrongKindError: There is more than one row or column.
    """
    if frame.rows.num_columns != 1 or frame.rows.num_rows > 1:
        raise WrongKindError(
            f"`{cell.label}` is read as one value, but has {frame.rows.num_rows} rows"
            f" and {frame.rows.num_columns} columns.",
            hint="read it as a table, or let it return one row with one column",
            cell=cell.label,
        )
    return frame.rows.column(0)[0].as_py() if frame.rows.num_rows else None
