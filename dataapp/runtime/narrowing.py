"""What a database is asked for: of a query the columns and rows that readers here may use, and nothing else of it.

Invariants:

- The condition stands behind the query, so it changes nothing of what the query, or a policy in it, lets pass. A text
  of a cell has a fence around it, too: the database runs nothing of the text on rows that its own WHERE leaves out.
  A table of the database has none, so that its indexes and statistics are used.
- Only columns count of which the connector says that the database compares them as the engine does, and of these only
  what `agreement` lets pass. Values are bound and names quoted.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, assert_never, cast

import pyarrow as pa

from dataapp.cells.database import COMPARES_ALIKE, Statement
from dataapp.cells.values import Bound
from dataapp.compile.identifiers import fold, quote_identifier
from dataapp.compile.restrictions import (
    EVERY_ROW,
    AllOf,
    AnyOf,
    Comparison,
    Constant,
    Membership,
    NullTest,
    Restriction,
)
from dataapp.compile.target import Target
from dataapp.runtime.agreement import Kind, agreed
from dataapp.runtime.projection import Wanted

_MOST_VALUES = 1_000  # that are bound for conditions; Postgres takes 65,535 in all, and planning takes its time


@dataclass(frozen=True, slots=True)
class Narrowed:
    """A statement that gives what is wanted of another one.

    Attributes:
        statement: The statement.
        restriction: What its rows pass.
        columns: How many columns it gives, if that was asked.
    """

    statement: Statement
    restriction: Restriction = EVERY_ROW
    columns: int | None = None


def narrowed(statement: Statement, schema: pa.Schema, wanted: Wanted, target: Target, *, is_fenced: bool) -> Narrowed:
    r"""Return a statement that gives what is wanted, and at least one column, which holds the number of rows.

    Args:
        statement: A statement.
        schema: The columns that it gives.
        wanted: What is wanted; some names may be no columns.
        target: How the database's SQL is written.
        is_fenced: Whether nothing that the statement says may run on rows that its WHERE leaves out.

    Example:
        >>> schema = pa.schema([pa.field("a", pa.int32(), metadata={COMPARES_ALIKE: b""}), pa.field("B", pa.int32())])
        >>> wanted = Wanted(frozenset({"b", "max"}), frozenset([Comparison("a", ">", Constant("integer", 1))]))
        >>> narrowed(Statement("TABLE t", {}), schema, wanted, Target(), is_fenced=False).statement.sql
        'SELECT "B" FROM (TABLE t\n) AS rows WHERE "a" > $pushed1'
    """
    names = schema.names
    folded = {fold(name): name for name in names}
    if len(folded) < len(names):  # of equal names here, one may mean another there
        return Narrowed(statement, columns=len(names))
    restriction = agreed(wanted.rows, [(field.name, _kind(field)) for field in cast("list[Any]", list(schema))])
    if _count(restriction) > _MOST_VALUES:
        restriction = EVERY_ROW
    columns = names if wanted.columns is None else [name for name in names if fold(name) in wanted.columns] or names[:1]
    if restriction == EVERY_ROW and len(columns) == len(names):
        return Narrowed(statement, columns=len(names))
    parameters, prefix = dict(statement.parameters), _free_prefix(statement.parameters)
    kinds = {fold(field.name): _kind(field) for field in cast("list[Any]", list(schema))}

    def bind(column: str, constant: Constant) -> str:
        kind, number = kinds[column], len(parameters) + 1
        assert kind is not None
        name = f"{prefix}{number}"
        parameters[name] = Bound(kind.converted(constant))
        return target.parameter(name, number)

    where = "" if restriction == EVERY_ROW else f" WHERE {_written(restriction, folded, bind)}"
    before, after = target.fence if is_fenced and where else ("", "")
    if before + after:  # what is not used should not be read, also where no database looks through its fence
        tested = _columns(restriction)
        used = [name for name in names if name in columns or fold(name) in tested]
        before = f"{before}SELECT {_listed(used)} FROM ("
        after = f"\n) AS fenced{after}"
    before = f"SELECT {_listed(columns)} FROM ({before}"
    sql = f"{before}{statement.sql}{after}\n) AS rows{where}"
    made = Statement(sql, parameters, statement.before + len(before.encode()))
    return Narrowed(made, restriction, len(columns))


def _kind(field: Any) -> Kind | None:
    """Return what a column holds, or None where the database may compare it in its own way."""
    if COMPARES_ALIKE not in (field.metadata or {}):
        return None
    kind: Any = field.type
    if pa.types.is_integer(kind):
        return Kind("integer", bits=kind.bit_width, is_signed=pa.types.is_signed_integer(kind))
    if pa.types.is_float32(kind) or pa.types.is_float64(kind):
        return Kind("float", bits=kind.bit_width)
    if pa.types.is_decimal(kind):
        return Kind("decimal", digits=(kind.precision, kind.scale))
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return Kind("text", has_collation=True)
    if pa.types.is_timestamp(kind) and kind.tz is None and kind.unit in ("us", "ms"):
        return Kind("timestamp", unit=kind.unit)
    if pa.types.is_date32(kind):
        return Kind("date")
    return Kind("boolean") if pa.types.is_boolean(kind) else None


def _listed(columns: Iterable[str]) -> str:
    return ", ".join(map(quote_identifier, columns))


def _columns(restriction: Restriction) -> set[str]:
    match restriction:
        case AllOf(terms) | AnyOf(terms):
            return set[str]().union(*map(_columns, terms))
        case _:
            return {restriction.column}


def _count(restriction: Restriction) -> int:
    match restriction:
        case AllOf(terms) | AnyOf(terms):
            return sum(map(_count, terms))
        case Membership(values=values):
            return len(values)
        case _:
            return 1


def _free_prefix(taken: Iterable[str]) -> str:
    known, prefix = [fold(name) for name in taken], "pushed"
    while any(name.startswith(prefix) for name in known):
        prefix += "_"
    return prefix


def _written(restriction: Restriction, names: Mapping[str, str], bind: Callable[[str, Constant], str]) -> str:
    match restriction:
        case AllOf(terms):
            return " AND ".join(_written(term, names, bind) for term in terms)
        case AnyOf(terms):
            return f"({' OR '.join(_written(term, names, bind) for term in terms)})"  # AND binds closer than OR
        case NullTest(column=column):
            return f"{quote_identifier(names[column])} IS {'NULL' if restriction.is_null else 'NOT NULL'}"
        case Membership(column=column, values=values):
            listed = ", ".join(bind(column, value) for value in values)
            return f"{quote_identifier(names[column])} IN ({listed})"
        case Comparison(column=column, comparator=comparator, value=Constant() as value):
            return f"{quote_identifier(names[column])} {comparator} {bind(column, value)}"
        case Comparison():
            raise AssertionError(f"{restriction} is not agreed")
        case _:
            assert_never(restriction)
