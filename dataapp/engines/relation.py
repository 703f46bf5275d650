"""A relation: one query bound to one set of input values, ready to be read, never read as a whole by itself."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, cast

import pyarrow as pa

from dataapp.cells.values import Bound
from dataapp.engines.measured import Uses
from dataapp.errors import DataAppError

if TYPE_CHECKING:
    from dataapp.engines.duckdb import DuckDB, Reader


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a relation: its name and the engine's name of its type."""

    name: str
    type: str


@dataclass(frozen=True, slots=True)
class EngineFault:
    """What the engine said when it refused or failed a query.

    Attributes:
        kind: The engine's own class of error: ``Binder``, ``Catalog``, ``Conversion``, ``IO``, ...
        message: Its message without decoration.
        subtype: A finer class such as ``COLUMN_NOT_FOUND``, or an empty text.
        name: The name that the message is about, or None.
        candidates: Names that the engine offers instead.
        position: Byte offset in the text that was sent, or None.
    """

    kind: str
    message: str
    subtype: str = ""
    name: str | None = None
    candidates: tuple[str, ...] = ()
    position: int | None = None


def no_check() -> None:
    """Accept what was read: the relation has no sources that can move."""


@dataclass(frozen=True, slots=True, eq=False)
class Relation:
    """A query, its values and the frames that it scans.

    Equal keys mean equal rows within a session, so a view that shows `key` has nothing to do when it is shown the same
    key again.

    Attributes:
        sql: A complete query over `frames` and whatever the engine's catalog holds.
        parameters: The values bound to the query's parameters.
        frames: Arrow tables, by the name under which the query scans them.
        key: What the rows depend on: text, values, and versions of the sources.
        sources: The versions alone.
        base: With `sources`, what `key` says but for the text and values, where `is_versioned` or `is_pick`.
        movers: Which input each parameter's value comes from, for those that come from inputs.
        is_versioned: Whether `key` says all that the rows depend on, so that equal ones can be answered once for all.
        is_pick: Whether `key` says all that the rows depend on but for which of several picks a run takes.
        engine: Where it runs.
        variables: Values to set as engine variables before running, for queries that cannot be prepared.
        uses: Which cells are in it, for what is measured, or None to measure nothing.
        fixed_order: Whether reading twice gives the rows in the same order (scans and filters of files and frames do,
            a GROUP BY does not).
        explain_fault: Turns the engine's fault into an error that names the cell, line and column.
        check_sources: Raises if a source moved since `key` was taken; called after each query.
    """

    sql: str
    key: Hashable
    engine: "DuckDB"
    parameters: Mapping[str, Bound] = field(default_factory=dict[str, Bound])
    frames: Mapping[str, pa.Table] = field(default_factory=dict[str, pa.Table])
    sources: Hashable = ()
    base: Hashable = ()
    movers: Mapping[str, Hashable] = field(default_factory=dict[str, Hashable])
    is_versioned: bool = False
    is_pick: bool = False
    variables: Mapping[str, Bound] = field(default_factory=dict[str, Bound])
    uses: Uses | None = None
    fixed_order: bool = False
    explain_fault: Callable[[EngineFault], DataAppError] | None = None
    check_sources: Callable[[], None] = no_check

    def open(self) -> "Reader":
        """Return a reader with a connection of its own; close it, or use it in a ``with`` statement."""
        return self.engine.read(self)

    def shape(self) -> Hashable | None:
        """Return what the columns depend on, or None where that is not known: relations of one shape have the same.

        Texts count with their value, because they can name a file.
        """
        if "://" in self.sql:  # a remote file has no version
            return None
        try:
            values = tuple((name, bound.type, kind_of_value(bound.value)) for name, bound in self.parameters.items())
            frames = tuple((name, table.schema) for name, table in self.frames.items())
        except TypeError:
            return None
        variables = tuple((name, repr(bound.value)) for name, bound in self.variables.items())
        return (self.sql, self.sources, values, frames, variables)

    def columns(self) -> tuple[Column, ...]:
        """Return names and types without running the query."""
        shape = self.shape()
        known = None if shape is None else self.engine.described.get(shape)
        if known is not None:  # not left to the reader: opening one takes longer than looking this up
            return known
        with self.open() as reader:
            return reader.describe()


def kind_of_value(value: object) -> Hashable:
    """Return what the engine's type of a bound value depends on.

    Raises:
        TypeError: Nobody knows.

    Example:
        >>> kind_of_value(2) == kind_of_value(3), kind_of_value(2) == kind_of_value(2**40)
        (True, False)
    """
    match value:
        case None | bool() | float() | timedelta():
            return type(value)
        case int():
            return int, value < 0, sum(value.bit_length() > bits for bits in (7, 8, 15, 16, 31, 32, 63, 64, 127, 128))
        case str() | Decimal():
            return type(value), str(value)
        case datetime() | time():
            return type(value), value.tzinfo is None
        case date():
            return date
        case list() | tuple():
            items = cast("Sequence[object]", value)
            return type(items), tuple(sorted({repr(kind_of_value(item)) for item in items}))
        case _:
            raise TypeError(type(value))
