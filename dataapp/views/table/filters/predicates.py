"""Conditions and searches as SQL. Writer are bound, or written as literals where a person is to read the SQL."""

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol, assert_never

from dataapp.compile.identifiers import quote_literal
from dataapp.engines.relation import Column
from dataapp.views.table.columns import Kind, kind_of, text_expression
from dataapp.views.table.filters.conditions import (
    All,
    AnyOf,
    Compare,
    Condition,
    Contains,
    Equals,
    InGroup,
    IsNull,
    Matches,
    OrNull,
)
from dataapp.views.table.groups.grouping import GroupKey, Part, key_type

_PLAIN = 2**24  # whole numbers below it are exact in every type
_SHORT = re.compile(r"-?\d{1,8}\.\d{1,7}")  # a number that the engine turns into the very same float
_FUNCTIONS = {"anywhere": "contains", "start": "starts_with", "end": "ends_with"}


@dataclass(frozen=True, slots=True)
class ColumnFilter:
    """A condition on one column, by its position."""

    column: int
    condition: Condition | InGroup


@dataclass(frozen=True, slots=True)
class Search:
    """A text that some column of text holds, whatever its case."""

    text: str


type RowFilter = ColumnFilter | Search


def columns_read(filters: tuple[RowFilter, ...], columns: tuple[Column, ...]) -> frozenset[int]:
    """Return the positions of the columns that filters look at."""
    read = {one.column for one in filters if isinstance(one, ColumnFilter)}
    if any(isinstance(one, Search) for one in filters):
        read |= {at for at, column in enumerate(columns) if kind_of(column) is Kind.TEXT}
    return frozenset(read)


class Writer(Protocol):
    """Writes values into SQL."""

    def bind(self, value: object, type_: str | None = None) -> str:
        """Return what stands for a value in SQL, of a type if that is given."""
        ...


class Values:
    """Binds values to parameters whose names no cell's query is likely to use."""

    def __init__(self) -> None:
        self.parameters: dict[str, object] = {}

    def bind(self, value: object, type_: str | None = None) -> str:
        """Return a parameter for a value."""
        name = f"dataapp_explorer_{len(self.parameters)}"
        self.parameters[name] = value
        return f"${name}" if type_ is None else f"CAST(${name} AS {type_})"


class Literals:
    """Writes values as people do."""

    def bind(self, value: object, type_: str | None = None) -> str:
        """Return a literal for a value."""
        match value:
            case bool():
                return "TRUE" if value else "FALSE"
            case int():
                return str(value) if type_ is None else f"CAST({value} AS {type_})"
            case Decimal():
                return format(value, "f")
            case float():
                if value.is_integer() and abs(value) < _PLAIN:
                    return str(int(value))
                is_short = type_ == "DOUBLE" and _SHORT.fullmatch(repr(value)) is not None
                return repr(value) if is_short else f"CAST('{value!r}' AS {type_})"
            case _:
                text = quote_literal(str(value))
                return text if type_ is None else f"{type_} {text}"


def predicate(one: RowFilter, columns: tuple[Column, ...], references: tuple[str, ...], values: Writer) -> str:
    """Return the SQL of what a row must meet; it may stand between AND as it is.

    Args:
        one: A filter or a search.
        columns: The columns of the rows.
        references: The quoted name of each.
        values: Takes the values in it.
    """
    if isinstance(one, ColumnFilter):
        return condition_to_sql(one.condition, columns[one.column], references[one.column], values)
    searched = [
        text_expression(column, reference)
        for column, reference in zip(columns, references, strict=True)
        if kind_of(column) is Kind.TEXT
    ]
    if not searched:  # a value that is bound in vain is an error
        return "FALSE"
    text = f"lower({values.bind(one.text)})"
    return f"({' OR '.join(f'contains(lower({searched_in}), {text})' for searched_in in searched)})"


def condition_to_sql(condition: Condition | InGroup, column: Column, reference: str, values: Writer) -> str:
    """Return the SQL of a condition; it may stand between AND as it is.

    Args:
        condition: What is asked.
        column: The column that it is asked of.
        reference: Its quoted name.
        values: Takes the values in it.
    """
    match condition:
        case IsNull():
            return f"{reference} IS {'NOT ' if condition.negated else ''}NULL"
        case Contains():
            function, text = _FUNCTIONS[condition.place], text_expression(column, reference)
            found = f"{function}(lower({text}), lower({values.bind(condition.text)}))"
            return f"NOT {found}" if condition.negated else found
        case Matches():
            found = f"regexp_matches({text_expression(column, reference)}, {values.bind(condition.pattern)})"
            return f"NOT {found}" if condition.negated else found
        case Equals():
            operator = "<>" if condition.negated else "="
            return f"{text_expression(column, reference)} {operator} {values.bind(condition.text)}"
        case Compare():
            return _compare(condition, column, reference, values)
        case All():
            terms = [_compare(term, column, reference, values) for term in condition.conditions]
            return f"NOT ({' AND '.join(terms)})" if condition.negated else " AND ".join(terms)
        case AnyOf():
            return _any_of(condition, column, reference, values)
        case OrNull():
            return f"({condition_to_sql(condition.condition, column, reference, values)} OR {reference} IS NULL)"
        case InGroup():
            key = GroupKey(0, condition.part)
            grouped = group_expression(column, reference, key.part)
            return in_group(grouped, key_type(column, key), condition.text, values)
        case _:
            assert_never(condition)


def group_expression(column: Column, reference: str, part: Part) -> str:
    """Return the SQL for what a value is grouped by; zeros are one group whatever their sign."""
    if part != "value" and kind_of(column) is Kind.DATE:  # truncated, it would be a moment, of which there are fewer
        first = f"make_date(year({reference}), {'1' if part == 'year' else f'month({reference})'}, 1)"
        return f"coalesce({first}, {reference})"  # infinite ones have no year
    if part != "value":
        return f"CAST(date_trunc('{part}', {reference}) AS DATE)"
    match kind_of(column):
        case Kind.OTHER:
            return text_expression(column, reference)
        case Kind.FLOAT:
            return f"({reference} + CAST(0 AS {column.type}))"
        case _:
            return reference


def in_group(expression: str, type_: str, text: str | None, values: Writer) -> str:
    """Return the condition that what is grouped by has this text; a link may say one that the type does not have."""
    return f"{expression} IS NULL" if text is None else f"{expression} = TRY_CAST({values.bind(text)} AS {type_})"


def _compare(condition: Compare, column: Column, reference: str, values: Writer) -> str:
    comparison = f"{reference} {condition.operator} {values.bind(condition.value, condition.type)}"
    if kind_of(column) is Kind.FLOAT and condition.operator in {">", ">="}:
        return f"({comparison} AND NOT isnan({reference}))"  # the engine sorts NaN above all numbers
    return comparison


def _any_of(condition: AnyOf, column: Column, reference: str, values: Writer) -> str:
    """A value's being in a list is never unknown: null is in it or not."""
    texts = [values.bind(item.text) for item in condition.items if isinstance(item, Equals)]
    plain = [values.bind(item.value, item.type) for item in condition.items if isinstance(item, Compare)]
    spans = [condition_to_sql(item, column, reference, values) for item in condition.items if isinstance(item, All)]
    word = "NOT IN" if condition.negated else "IN"
    terms = [
        *([f"{text_expression(column, reference)} {word} ({', '.join(texts)})"] if texts else ()),
        *([f"{reference} {word} ({', '.join(plain)})"] if plain else ()),
        *(f"NOT ({span})" if condition.negated else f"({span})" for span in spans),
    ]
    if not terms:
        if condition.null:
            return f"{reference} IS {'NOT ' if condition.negated else ''}NULL"
        return "TRUE" if condition.negated else "FALSE"
    if condition.negated:
        every = " AND ".join(terms)
        return f"{reference} IS NOT NULL AND {every}" if condition.null else f"({reference} IS NULL OR {every})"
    if condition.null:
        terms.append(f"{reference} IS NULL")
    return f"({' OR '.join(terms)})" if len(terms) > 1 else terms[0]
