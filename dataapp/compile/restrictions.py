"""Which rows of the tables that it reads a query may use, as far as plain conditions of its WHERE say so.

A restriction is never stronger than the text: a condition that is not understood restricts nothing, and neither does a
table about which anything is unusual. So who hands a query only the rows that pass gets the same result.

- A table counts that the text names once, as all that a SELECT reads or in an inner join of it. Such a SELECT, at any
  depth, uses only rows that pass its WHERE: grouping, windows and LIMIT come after it. Outer, ASOF and positional joins
  do not count, nor samples, which are taken before.
- A condition counts that compares a column with a constant: `=`, `<>`, `<`, `<=`, `>`, `>=`, BETWEEN, IN, IS NULL,
  IS NOT NULL, a column that is a condition itself; joined by AND, and by OR where each side counts.
- Nothing is bound, so a name may be no column of the table, and a constant may not go with the type of the column.
  Whoever applies a restriction knows the table and passes over what does not fit.
"""

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from dataapp.compile.columns import hands_on_columns, tree_nodes
from dataapp.compile.identifiers import fold, quote_identifier, quote_literal
from dataapp.compile.names import Node, TableRef

type Comparator = Literal["=", "<>", "<", "<=", ">", ">="]
type Kind = Literal["literal", "text", "integer", "decimal", "double", "boolean", "date", "timestamp"]


@dataclass(frozen=True, slots=True)
class Constant:
    """A value of the text, or of a parameter that stays what it is.

    Attributes:
        kind: What it is to the engine. A `literal` is text in quotes, which takes the type of what it is compared with.
        value: The value; a decimal one as a float with the same digits.
    """

    kind: Kind
    value: object

    def __str__(self) -> str:
        match self.value:
            case str():
                return quote_literal(self.value)
            case bool():
                return str(self.value).upper()
            case date():
                return f"{self.kind.upper()} '{self.value}'"
            case _:
                return str(self.value)


@dataclass(frozen=True, slots=True)
class Parameter:
    """A value that is bound, by its folded name."""

    name: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """A column, by its folded name, compared with a value."""

    column: str
    comparator: Comparator
    value: Constant | Parameter

    def __str__(self) -> str:
        return f"{shown_name(self.column)} {self.comparator} {self.value}"


@dataclass(frozen=True, slots=True)
class Membership:
    """A column is one of several values."""

    column: str
    values: tuple[Constant, ...]

    def __str__(self) -> str:
        return f"{shown_name(self.column)} IN ({', '.join(map(str, self.values))})"


@dataclass(frozen=True, slots=True)
class NullTest:
    """A column has no value, or has one."""

    column: str
    is_null: bool

    def __str__(self) -> str:
        return f"{shown_name(self.column)} IS {'NULL' if self.is_null else 'NOT NULL'}"


@dataclass(frozen=True, slots=True)
class AllOf:
    """Every one of these holds; with none of them, every row passes."""

    terms: tuple["Restriction", ...]

    def __str__(self) -> str:
        return " AND ".join(map(str, self.terms))


@dataclass(frozen=True, slots=True)
class AnyOf:
    """One of these holds."""

    terms: tuple["Restriction", ...]

    def __str__(self) -> str:
        return f"({' OR '.join(map(str, self.terms))})"


type Condition = Comparison | Membership | NullTest
type Restriction = Condition | AllOf | AnyOf

EVERY_ROW = AllOf(())


@dataclass(frozen=True, slots=True)
class UsedRows:
    """Rows that a query may use.

    Attributes:
        by_table: By folded name of a table what its rows must pass; tables that are left out are used whole.
        hands_on: Whether its result are the rows of the one table that it reads, under the same names.
    """

    by_table: Mapping[str, Restriction]
    hands_on: bool


ALL_ROWS = UsedRows({}, hands_on=False)


def shown_name(column: str) -> str:
    """Return a column's name as it is written in SQL."""
    return column if re.fullmatch(r"[a-z_][a-z0-9_]*", column) else quote_identifier(column)


def all_of(restrictions: Iterable[Restriction]) -> Restriction:
    """Return what holds if every restriction does.

    Example:
        >>> small = Comparison("n", "<", Constant("integer", 5))
        >>> str(all_of([small, all_of([NullTest("m", False), small])]))
        'n < 5 AND m IS NOT NULL'
    """
    terms: dict[Restriction, None] = {}
    for restriction in restrictions:
        terms |= dict.fromkeys(restriction.terms if isinstance(restriction, AllOf) else [restriction])
    return next(iter(terms)) if len(terms) == 1 else AllOf(tuple(terms))


def any_of(restrictions: Iterable[Restriction]) -> Restriction:
    """Return what holds if one of at least one restriction does."""
    terms = dict.fromkeys(restrictions)
    if EVERY_ROW in terms:
        return EVERY_ROW
    return next(iter(terms)) if len(terms) == 1 else AnyOf(tuple(terms))


def map_conditions(restriction: Restriction, change: Callable[[Condition], Restriction]) -> Restriction:
    """Return a restriction with others in place of its conditions."""
    match restriction:
        case AllOf(terms):
            return all_of(map_conditions(term, change) for term in terms)
        case AnyOf(terms):
            return any_of(map_conditions(term, change) for term in terms)
        case _:
            return change(restriction)


def used_rows(tree: Node, tables: Sequence[TableRef], ctes: Iterable[str]) -> UsedRows:
    """Return the rows that a query may use.

    Args:
        tree: The node of the statement.
        tables: The tables that it reads.
        ctes: Folded names of all its CTEs.
    """
    written = [fold(table.name) for table in tables]
    sources = [source for source in tree_nodes(tree) if source.get("type") == "BASE_TABLE"]
    named = [fold(source["table_name"]) for source in sources]
    once = {name for name in written if written.count(name) == named.count(name) == 1} - set(ctes)
    found: dict[str, Restriction] = {}
    for select in (node for node in tree_nodes(tree) if node.get("type") == "SELECT_NODE"):
        for source, is_alone in _read_by(select):
            name = fold(source["table_name"])
            if name in once and (restriction := _restriction(select, source, is_alone=is_alone)) != EVERY_ROW:
                found[name] = restriction
    return UsedRows(found, hands_on=hands_on_columns(tree) and len(tree["select_list"]) == 1)


_UNUSUAL = ("sample", "column_name_alias", "schema_name", "catalog_name")


def _read_by(select: Node) -> Iterator[tuple[Node, bool]]:
    """Yield the tables of which a SELECT uses only rows that pass its WHERE, and whether it reads nothing else."""
    if select["sample"] or not select["where_clause"]:
        return
    top = select["from_table"]
    pending = [top]
    while pending:
        source = pending.pop()
        is_inner = source["type"] == "JOIN" and source["join_type"] == "INNER"
        if is_inner and source["ref_type"] in ("REGULAR", "CROSS"):
            pending += [source["left"], source["right"]]
        elif source["type"] == "BASE_TABLE" and not any(source[key] for key in _UNUSUAL):
            yield source, source is top


def _restriction(select: Node, source: Node, *, is_alone: bool) -> Restriction:
    table = fold(source["alias"] or source["table_name"])

    def column(expression: Node) -> str | None:
        if expression.get("class") != "COLUMN_REF":
            return None
        names = [fold(name) for name in expression["column_names"]]
        if len(names) == 2 and names[0] == table:
            return names[1]
        return names[0] if len(names) == 1 and is_alone else None

    return _read(select["where_clause"], column)


type _Column = Callable[[Node], str | None]


def _read(expression: Node, column: _Column) -> Restriction:
    match expression["class"]:
        case "CONJUNCTION":
            join = all_of if expression["type"] == "CONJUNCTION_AND" else any_of
            return join([_read(child, column) for child in expression["children"]])
        case "COMPARISON":
            return _comparison(expression["left"], expression["type"], expression["right"], column)
        case "BETWEEN":
            lower = _comparison(expression["input"], "COMPARE_GREATERTHANOREQUALTO", expression["lower"], column)
            upper = _comparison(expression["input"], "COMPARE_LESSTHANOREQUALTO", expression["upper"], column)
            return all_of([lower, upper])
        case "OPERATOR":
            return _operator(expression, column)
        case "COLUMN_REF":
            return _is(expression, column, value=True)
        case _:
            return EVERY_ROW


def _operator(expression: Node, column: _Column) -> Restriction:
    first, *others = expression["children"]
    name = column(first)
    if name is None:
        return EVERY_ROW
    match expression["type"]:
        case "OPERATOR_IS_NULL" | "OPERATOR_IS_NOT_NULL":
            return NullTest(name, expression["type"] == "OPERATOR_IS_NULL")
        case "OPERATOR_NOT":
            return _is(first, column, value=False)
        case "COMPARE_IN":
            values = [_constant(other) for other in others]
            known = tuple(value for value in values if value is not None)
            return Membership(name, known) if len(known) == len(values) else EVERY_ROW
        case _:
            return EVERY_ROW


def _is(expression: Node, column: _Column, *, value: bool) -> Restriction:
    name = column(expression)
    return EVERY_ROW if name is None else Comparison(name, "=", Constant("boolean", value))


_COMPARATORS: Mapping[str, Comparator] = {
    "COMPARE_EQUAL": "=",
    "COMPARE_NOTEQUAL": "<>",
    "COMPARE_LESSTHAN": "<",
    "COMPARE_LESSTHANOREQUALTO": "<=",
    "COMPARE_GREATERTHAN": ">",
    "COMPARE_GREATERTHANOREQUALTO": ">=",
}
_TURNED: Mapping[Comparator, Comparator] = {"=": "=", "<>": "<>", "<": ">", "<=": ">=", ">": "<", ">=": "<="}


def _comparison(left: Node, comparison: str, right: Node, column: _Column) -> Restriction:
    comparator = _COMPARATORS.get(comparison)
    if comparator is None:
        return EVERY_ROW
    if column(left) is None:
        left, right, comparator = right, left, _TURNED[comparator]
    name, value = column(left), _value(right)
    return EVERY_ROW if name is None or value is None else Comparison(name, comparator, value)


def _value(expression: Node) -> Constant | Parameter | None:
    if expression["class"] == "PARAMETER":
        return Parameter(fold(expression["identifier"]))
    return _constant(expression)


_INTEGERS = frozenset({"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "INTEGER_LITERAL"})
_EXACT_DIGITS = 15  # with at most so many, the engine and Python round a decimal to the same double
_DATE = r"\d{4}-\d\d-\d\d"
_TIMESTAMP = rf"{_DATE}[ T]\d\d:\d\d:\d\d(\.\d{{1,6}})?"


def _constant(expression: Node) -> Constant | None:
    if expression["class"] == "CAST" and expression["child"]["class"] == "CONSTANT":
        text = expression["child"]["value"]
        if expression["try_cast"] or text["is_null"] or text["type"]["id"] != "VARCHAR":
            return None
        return _cast_text(str(text["value"]), expression["cast_type"]["id"])
    if expression["class"] != "CONSTANT" or expression["value"]["is_null"]:
        return None
    kind, value = expression["value"]["type"], expression["value"]["value"]
    match kind["id"], value:
        case "VARCHAR", str():
            return Constant("literal", value)
        case "DECIMAL", int() if kind["type_info"]["width"] <= _EXACT_DIGITS:
            return Constant("decimal", float(f"{value}e-{kind['type_info']['scale']}"))
        case "DOUBLE", float() if math.isfinite(value):
            return Constant("double", value)
        case name, int() if name in _INTEGERS:
            return Constant("integer", value)
        case _:
            return None


def _cast_text(text: str, kind: str) -> Constant | None:
    match kind:
        case "BOOLEAN" if text.lower() in ("t", "true", "f", "false"):
            return Constant("boolean", text.lower() in ("t", "true"))
        case "DATE" if (day := to_date(text)) is not None:
            return Constant("date", day)
        case "TIMESTAMP" if (moment := to_timestamp(text)) is not None:
            return Constant("timestamp", moment)
        case _:
            return None


def to_date(text: str) -> date | None:
    """Return the date that a text stands for, if it is plain enough to mean the same to everybody."""
    try:
        return date.fromisoformat(text) if re.fullmatch(_DATE, text, re.ASCII) else None
    except ValueError:
        return None


def to_timestamp(text: str) -> datetime | None:
    """Return the time that a text stands for, if it is plain enough to mean the same to everybody.

    Example:
        >>> to_timestamp("2024-01-31 12:30:00.5"), to_timestamp("2024-01-31 12:30:00+01")
        (datetime.datetime(2024, 1, 31, 12, 30, 0, 500000), None)
    """
    try:
        return datetime.fromisoformat(text) if re.fullmatch(f"{_DATE}|{_TIMESTAMP}", text, re.ASCII) else None
    except ValueError:
        return None


def plain_constant(value: object) -> Constant | None:
    """Return the value of a parameter as a constant, if it is a plain number, text, date or time without a zone."""
    kinds: Mapping[type, Kind] = {bool: "boolean", int: "integer", float: "double", str: "text", date: "date"}
    if type(value) is datetime and value.tzinfo is None:
        return Constant("timestamp", value)
    is_plain = type(value) in kinds and not (isinstance(value, float) and not math.isfinite(value))
    return Constant(kinds[type(value)], value) if is_plain else None
