"""Ibis expressions over cells: tables that know their cell, and what becomes of an expression in DuckDB's SQL.

A table that stands for a cell is an unbound table of Ibis. Which cell it is travels inside the expression, because the
names of two modules may be equal: Ibis compares tables by what they hold, and so finds no two cells to be one.

Ibis names what it makes up `t0`, `t1`, ..., and an author may name more with `alias`. Tables of cells are named here,
so that none of them is captured. Values that are not bound become literals, which Ibis's own compiler writes.

Importing this module imports Ibis, which takes 0.3 s: it is imported when the first expression is met.
"""

# Ibis is typed in part only:
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportMissingTypeArgument=false

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, cast

import ibis
import ibis.expr.datashape as ds
import ibis.expr.datatypes as dt
import ibis.expr.operations as ops
import pyarrow as pa
from ibis.backends.sql.compilers.base import SQLGlotCompiler
from ibis.backends.sql.compilers.duckdb import DuckDBCompiler
from ibis.backends.sql.datatypes import DuckDBType
from sqlglot import expressions as sge

from dataapp.cells.cell import Cell
from dataapp.compile.identifiers import fold, unused
from dataapp.engines.relation import Column
from dataapp.errors import ExpressionError

_MADE_UP = re.compile(r"t\d+")
_ELSEWHERE: tuple[type[ops.Node], ...] = (ops.DatabaseTable, ops.SQLQueryResult)
_list_of: Any = dt.Array
_LIST_OF_NOTHING = _list_of(dt.null)
_HINT_ELSEWHERE = "annotate only its result ibis.Table, not its tables: then Ibis runs it where its tables are"


class CellNamespace(ops.Namespace):
    """Where the table of a cell lies: in no schema or catalog."""

    cell: Any  # pyright: ignore[reportGeneralTypeIssues]  # Ibis, not Python, makes the constructor

    @property
    def args(self) -> tuple[Any, ...]:
        """What Ibis writes before the table's name."""
        return ()


class BoundScalar(ops.Scalar):
    """A value that is bound when the query runs."""

    dtype: Any
    label: Any
    shape = ds.scalar  # pyright: ignore[reportAssignmentType, reportIncompatibleMethodOverride]  # as Ibis does


class _Compiler(DuckDBCompiler):
    """Ibis's compiler for DuckDB, with prepared parameters, and integers that have the types which Ibis promises.

    DuckDB sums integers as HUGEINT. Ibis says INT64, and converts what comes out of a query; inside of one, the next
    cell would see another type than the author of the expression did.
    """

    def to_text(self, expression: ibis.Table) -> str:
        """Return a table's query."""
        # Not DuckDBCompiler's own: it turns columns of geometries into bytes, which is for leaving the engine.
        query: Any = SQLGlotCompiler.to_sqlglot(self, expression)
        return cast("str", query.sql("duckdb", pretty=True))

    def visit_BoundScalar(self, op: Any, *, dtype: Any, label: str) -> Any:  # noqa: N802  # Ibis's name
        """Return a parameter with the type that the expression was checked with."""
        parameter = sge.Placeholder(this=label)
        return parameter if dtype.is_null() or dtype == _LIST_OF_NOTHING else self.cast(parameter, dtype)

    def visit_Sum(self, op: Any, **parts: Any) -> Any:  # noqa: N802
        """Return a sum; of integers as the integer that Ibis says."""
        total = cast("Any", super().visit_Sum(op, **parts))  # pyright: ignore[reportUnknownVariableType]
        return self.cast(total, op.dtype) if op.dtype.is_integer() else total

    def visit_WindowFunction(self, op: Any, **parts: Any) -> Any:  # noqa: N802
        """Return a window; a sum's cast stands around it, not inside."""
        type_: Any = op.func.dtype
        if not isinstance(op.func, ops.Sum) or not type_.is_integer():
            return super().visit_WindowFunction(op, **parts)
        function: Any = parts.pop("func")
        window: Any = super().visit_WindowFunction(op, func=function.this, **parts)
        return self.cast(window, type_)


@dataclass(frozen=True, slots=True)
class Translation:
    """An expression as SQL.

    Attributes:
        sql: One query.
        tables: The cell behind each table name in it.
        frames: The rows behind each other table name in it: what the expression holds itself.
        parameters: Names of the parameters that it uses.
    """

    sql: str
    tables: Mapping[str, Cell]
    frames: Mapping[str, pa.Table]
    parameters: frozenset[str]


def cell_table(cell: Cell, name: str, columns: Iterable[Column]) -> ibis.Table:
    """Return the table of Ibis that stands for a cell.

    Args:
        cell: The cell.
        name: What to call it in the query.
        columns: Its columns.

    Example:
        >>> import dataapp as da
        >>> table = cell_table(da.sql("SELECT 1 AS n"), "numbers", [Column("n", "INTEGER")])
        >>> table.filter(table.n > 0).schema()
        ibis.Schema {
          n  int32
        }
    """
    types = {column.name: _engine_type(column.type) for column in columns}
    namespace: Any = CellNamespace(cell=cell)
    table: Any = ops.UnboundTable(name=name, schema=ibis.schema(types), namespace=namespace)
    return table.to_expr()


def scalar(value: object, type_: str | None) -> Any:
    """Return the scalar of Ibis that stands for a value which is bound later.

    Args:
        value: The value at present, which gives the type where the input promises none.
        type_: The engine's name of the type that the input promises, or None.

    Example:
        >>> scalar(2, "DOUBLE").type(), scalar(2, None).type()
        (Float64(nullable=True), Int64(nullable=True))
    """
    return ibis.param(_widened(ibis.literal(value).type()) if type_ is None else _engine_type(type_))


def _engine_type(name: str) -> Any:
    parser: Any = DuckDBType
    return parser.from_string(name)


def _widened(type_: Any) -> Any:
    """Return the type to bind a value with: Ibis finds the narrowest integer, in which the engine soon overflows."""
    if type_.is_array():
        return _list_of(_widened(type_.value_type))
    return dt.int64 if type_.is_signed_integer() else type_


def is_over_cells(expression: Any) -> bool:
    """Whether an expression reads the table of a cell."""
    return any(_cell_of(table) is not None for table in _tables(expression.op()))


def translate(expression: Any, label: str, scalars: Mapping[str, Any] | None = None) -> Translation:
    """Return an expression as DuckDB's SQL.

    Args:
        expression: A table of Ibis, or a column or scalar of one.
        label: The cell that it is, for errors.
        scalars: What `scalar` made, by the name of the parameter to bind.

    Raises:
        ExpressionError: It has no meaning in one query over cells.

    Example:
        >>> import dataapp as da
        >>> table = cell_table(da.sql("SELECT 1 AS n"), "numbers", [Column("n", "INTEGER")])
        >>> print(translate(table.filter(table.n > scalar(0, "INTEGER")), "some", {}).sql)
        Traceback (most recent call last):
            ...
        dataapp.errors.ExpressionError: `some` uses a parameter of Ibis that has no value. Hint: ...
        >>> low = scalar(0, "INTEGER")
        >>> print(translate(table.filter(table.n > low), "some", {"low": low}).sql)
        SELECT
          *
        FROM "numbers" AS "t0"
        WHERE
          "t0"."n" > CAST($low AS INT)
    """
    root: ops.Node = expression.as_table().op()
    _refuse_foreign(root, label)
    changes, tables, frames = _named_tables(root)
    bound, parameters = _bound_scalars(root, scalars or {}, label)
    try:
        table: Any = root.replace(cast("Any", changes | bound))
        sql = _Compiler().to_text(table.to_expr())
    except Exception as error:  # Ibis and sqlglot raise what they like
        raise ExpressionError(
            f"Ibis cannot write `{label}` as SQL for DuckDB: {error}", hint=_HINT_ELSEWHERE, cell=label
        ) from error
    return Translation(sql, tables, frames, parameters)


def _refuse_foreign(root: ops.Node, label: str) -> None:
    if found := root.find(_ELSEWHERE):
        name = getattr(found[0], "name", "a query")
        message = f"`{label}` reads `{name}` of a connection of Ibis, next to tables of cells."
        raise ExpressionError(message, hint=f"read it as a source, or {_HINT_ELSEWHERE}", cell=label)
    for function in cast("list[Any]", root.find((ops.ScalarUDF, ops.AggUDF))):
        if function.__input_type__.name != "BUILTIN":
            message = f"`{label}` calls `{function.__func_name__}`, which is written in Python, inside a query."
            raise ExpressionError(message, hint="use @ibis.udf.scalar.builtin, or a Python cell over pl.DataFrame")
    for table in _tables(root):
        if _cell_of(table) is None:
            message = f"`{label}` reads the unbound table `{table.name}`, which is no cell's."
            raise ExpressionError(message, hint="start from cell.ibis()", cell=label)


def _tables(root: ops.Node) -> list[Any]:
    return cast("list[Any]", root.find(ops.UnboundTable))


def _cell_of(table: Any) -> Cell | None:
    return table.namespace.cell if isinstance(table.namespace, CellNamespace) else None


def _named_tables(root: ops.Node) -> tuple[dict[Any, Any], dict[str, Cell], dict[str, pa.Table]]:
    """Give every table a name that nothing else in the query has."""
    taken = {fold(alias.name) for alias in cast("list[Any]", root.find(ops.AliasedRelation))}
    changes: dict[Any, Any] = {}
    tables: dict[str, Cell] = {}
    frames: dict[str, pa.Table] = {}
    for table in _tables(root):
        name = _free_name(table.name, taken)
        changes[table] = ops.UnboundTable(name=name, schema=table.schema)
        tables[name] = table.namespace.cell
    for table in cast("list[Any]", root.find(ops.InMemoryTable)):
        # Ibis makes names up at random, which would make a new query of an equal one.
        name = _free_name("memtable" if table.name.startswith("ibis_") else table.name, taken)
        changes[table] = ops.UnboundTable(name=name, schema=table.schema)
        frames[name] = table.data.to_pyarrow(table.schema)
    return changes, tables, frames


def _free_name(name: str, taken: set[str]) -> str:
    found = unused(f"{name}_" if _MADE_UP.fullmatch(fold(name)) else name, taken)
    taken.add(fold(found))
    return found


def _bound_scalars(root: ops.Node, scalars: Mapping[str, Any], label: str) -> tuple[dict[Any, Any], frozenset[str]]:
    names = {value.op(): name for name, value in scalars.items()}
    changes: dict[Any, Any] = {}
    for parameter in cast("list[Any]", root.find(ops.ScalarParameter)):
        if parameter not in names:
            hint = "annotate a parameter of the cell ibis.Scalar, and use that"
            raise ExpressionError(f"`{label}` uses a parameter of Ibis that has no value.", hint=hint, cell=label)
        changes[parameter] = BoundScalar(dtype=parameter.dtype, label=names[parameter])
    return changes, frozenset(names[parameter] for parameter in changes)
