"""Python cells that take and return Ibis tables: what they return becomes a part of the fused query.

Such a cell has a lazy node like that of a SQL cell, but making it is work, done on a worker and not within the wave:
the columns of what it reads are asked of the engine (0.4 to 8 ms where they are not known yet), the function is the
author's, and Ibis takes 1 to 5 ms to check and write an expression. None of this may hold up the thread that serves all
pages. While columns and plain values stay what they were, so does the expression, since cells are pure: then nothing is
called.

Until the function was called, nobody knows whether its query has one meaning. So it is the lazy node, and not the plan
of the wave, that reads the rows of a query without one; readers then scan them.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

import pyarrow as pa

from dataapp.cells.cell import Cell
from dataapp.cells.python import PythonCell, is_ibis
from dataapp.cells.relation import is_query
from dataapp.cells.source import SourceCell, is_location
from dataapp.cells.values import Bound
from dataapp.compile.fusion import FramePart, TextPart
from dataapp.compile.identifiers import fold
from dataapp.compile.query import Query
from dataapp.engines.duckdb import DuckDB
from dataapp.engines.relation import Column
from dataapp.errors import ExpressionError, PythonCellError, SignatureError, WrongKindError
from dataapp.runtime.assembly import keeps_order, reads_versions, sql_type
from dataapp.runtime.bindable import bindable
from dataapp.runtime.calls import call_function
from dataapp.runtime.equality import is_same
from dataapp.runtime.forms import value_to_form
from dataapp.runtime.frames import read_frame, stamp
from dataapp.runtime.resolution import Reads, parse_text
from dataapp.runtime.tables import Table, TableBuilder, digest, frame_table
from dataapp.runtime.workers import Cancel

if TYPE_CHECKING:
    from dataapp.engines.ibis import Translation

_DIGESTED_BYTES = 8 * 2**20  # rows that an expression holds itself are few; more cost too much to look at each time


def takes_table(cell: "PythonCell[..., Any]", parameter: str, read: Cell) -> bool:
    """Whether a parameter of a lazy cell takes a table.

    Raises:
        SignatureError: It reads a table, but is not annotated so: rows are not there, since the cell is lazy.
    """
    if is_ibis(cell.form(parameter), "Table"):
        return True
    if is_query(read) or (isinstance(read, SourceCell) and is_location(read.location)):
        raise SignatureError(
            f"Parameter `{parameter}` of `{cell.label}` reads a table next to tables of Ibis.",
            hint="annotate it ibis.Table, or pl.DataFrame: then all of them arrive as rows",
            cell=cell.label,
        )
    return False


@dataclass(frozen=True, slots=True)
class _Given:
    """What an expression depends on: columns of tables, types of scalars that are bound, and all other values."""

    columns: dict[str, tuple[Column, ...]] = field(default_factory=dict[str, tuple[Column, ...]])
    scalars: dict[str, Any] = field(default_factory=dict[str, Any])
    plain: dict[str, object] = field(default_factory=dict[str, object])

    def is_same(self, other: "_Given") -> bool:
        types = [{name: value.type() for name, value in given.scalars.items()} for given in (self, other)]
        return self.columns == other.columns and types[0] == types[1] and is_same(self.plain, other.plain)


@dataclass(frozen=True, slots=True)
class LazyCall:
    """Calls a Python cell's function with tables that have columns and no rows, and fuses what it returns.

    Attributes:
        cell: The cell.
        reads: What its parameters stand for.
        engine: What knows columns.
        reads_rows: Whether the rows of a query without one meaning are read at once, so that all readers see the same.
        known: The last call's arguments, as far as the expression depends on them, and what came of it.
    """

    cell: "PythonCell[..., Any]"
    reads: Reads
    engine: DuckDB
    reads_rows: bool
    known: "list[tuple[_Given, Translation]]" = field(default_factory=list["tuple[_Given, Translation]"])

    def __call__(self, cancel: Cancel, *values: object) -> Table:
        """Return the table that the cell is, given the values of what it reads."""
        inputs = dict(zip(self.reads.arguments, values, strict=True))
        made = self._translation(inputs, cancel)
        by_cell = {self.reads.arguments[name]: value for name, value in inputs.items() if isinstance(value, Table)}
        read = {name: self._read_table(by_cell, cell) for name, cell in made.tables.items()}
        bound = {name: inputs[name] for name in made.parameters}
        query = parse_text(made.sql, self.engine)
        table = self._table(query, made.tables, read, made.frames, bound)
        if not (self.reads_rows and (query.unstable or self.cell.run == "button")):
            return table
        frame = read_frame(table, self.engine, cancel, has_one_meaning=not query.unstable)
        return frame_table(self.cell, frame.rows, frame.digest)

    def _translation(self, inputs: Mapping[str, object], cancel: Cancel) -> "Translation":
        given = self._given(inputs)
        if (last := self.known[:1]) and last[0][0].is_same(given):
            return last[0][1]
        from dataapp.engines.ibis import cell_table, translate  # here: it imports Ibis, which takes 0.3 s

        tables = {
            name: cell_table(self.reads.arguments[name], name, columns) for name, columns in given.columns.items()
        }
        forms = {
            name: value_to_form(value, self.cell.form(name), name, self.cell.label)
            for name, value in given.plain.items()
        }
        cancel.check()
        result = self._called({**tables, **given.scalars, **forms}, cancel)
        made = translate(result, self.cell.label, given.scalars)
        self.known[:] = [(given, made)]
        return made

    def _given(self, inputs: Mapping[str, object]) -> "_Given":
        from dataapp.engines.ibis import scalar  # here: see above

        given = _Given()
        for name, value in inputs.items():
            read = self.reads.arguments[name]
            if isinstance(value, Table):
                given.columns[name] = value.relation(self.engine).columns()
            elif is_ibis(self.cell.form(name), "Scalar"):
                bound = bindable(value, sql_type(read), name, self.cell.label)
                given.scalars[name] = scalar(bound.value, bound.type)
            else:
                given.plain[name] = value
        return given

    def _called(self, arguments: dict[str, object], cancel: Cancel) -> object:
        try:
            result = call_function(self.cell, arguments, cancel)
        except PythonCellError as error:
            error.hint = "; ".join(filter(None, [error.hint, *_columns(arguments)]))
            raise
        if not is_ibis(type(result), "Table"):
            raise WrongKindError(
                f"`{self.cell.label}` is annotated to return an ibis.Table, but returned a {type(result).__name__}.",
                hint="return an expression over its tables, or annotate what it returns",
                cell=self.cell.label,
            )
        return result

    def _read_table(self, by_cell: Mapping[Cell, Table], cell: Cell) -> Table:
        if cell not in by_cell:
            raise ExpressionError(
                f"`{self.cell.label}` reads `{cell.label}`, which is none of its parameters.",
                hint=f"add a parameter for it, annotated ibis.Table, and use that instead of {cell.label}.ibis()",
                cell=self.cell.label,
            )
        return by_cell[cell]

    def _table(
        self,
        query: Query,
        cells: Mapping[str, Cell],
        read: Mapping[str, Table],
        frames: Mapping[str, pa.Table],
        bound: Mapping[str, object],
    ) -> Table:
        builder = TableBuilder(self.cell)
        facts: list[object] = [query.text]
        for name, table in read.items():
            builder.include(table)
            facts += [name, table.digest]
        keys: dict[str, Any] = {fold(name): cell for name, cell in cells.items()}
        for name, rows in frames.items():
            key = keys[fold(name)] = (self.cell, name)
            builder.parts[key], builder.frames[key], builder.labels[key] = FramePart(), rows, name
            facts += [name, _rows_digest(rows)]
        for name, value in bound.items():
            cell = self.reads.arguments[name]
            plain: Bound = bindable(value, sql_type(cell), name, self.cell.label)
            builder.values[cell], builder.labels[cell] = plain, cell.label if cell.is_named else name
            facts += [name, type(plain.value).__name__, plain.value, plain.type]
        values = {fold(name): self.reads.arguments[name] for name in bound}
        part = TextPart(query=query, tables=keys, values=values, predicates={}, files={})
        in_order = keeps_order(query) and all(table.fixed_order for table in read.values())
        versioned = reads_versions(query, keys, ()) and all(table.is_versioned for table in read.values())
        return builder.build(
            part,
            digest(*facts),
            fixed_order=in_order,
            is_versioned=versioned and not query.unstable,
            is_pick=versioned and bool(query.unstable) and not query.is_volatile,
        )


def query_of(table: object) -> Query | None:
    """Return the query of a lazy table's own part, or None where its rows were read."""
    part = table.parts[table.root] if isinstance(table, Table) else None
    return part.query if isinstance(part, TextPart) else None


def _columns(arguments: Mapping[str, object]) -> Sequence[str]:
    """Say, for people, which columns the tables have."""
    tables = {name: cast("Any", value) for name, value in arguments.items() if is_ibis(type(value), "Table")}
    return [f"columns of `{name}`: {', '.join(table.columns[:20])}" for name, table in tables.items()]


def _rows_digest(rows: pa.Table) -> str:
    if rows.nbytes > _DIGESTED_BYTES:
        return stamp()
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, rows.schema) as stream:
        stream.write_table(rows.combine_chunks())
    return hashlib.blake2b(memoryview(sink.getvalue()), digest_size=16).hexdigest()
