"""What a side panel tells about one column: figures, a distribution, and its most and least frequent values.

As a summary, a profile is made of any `Source`: of a sample, then it is an estimate; or of all rows. Then its figures
are exact, but for those that would take gigabytes of memory, which say so: how many different values there are where
there are more than `MOST_GROUPS`, and quantiles of more than `MOST_SORTED` rows.

Mean, standard deviation and quantiles are those of finite numbers.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from dataapp.engines.relation import Column
from dataapp.errors import DataAppError, InputError
from dataapp.views.table.columns import Kind, kind_of, text_expression
from dataapp.views.table.filters.parsing import parse_filter
from dataapp.views.table.filters.predicates import RowFilter
from dataapp.views.table.relation.queries import Query, Table, Terms, aggregate
from dataapp.views.table.relation.source import Source, numbered
from dataapp.views.table.summaries.headers import MOST_GROUPS, Counts, Measure, count, measure, value_to_filter

MOST_SORTED = 10_000_000
_QUANTILES = {"5 %": 0.05, "25 %": 0.25, "Median": 0.5, "75 %": 0.75, "95 %": 0.95}
_MOST_VALUES, _LEAST_VALUES = 10, 5
_LONGEST = 200  # characters of a value
_NUMBERS = {Kind.INTEGER, Kind.DECIMAL, Kind.FLOAT}
_SPREAD = ("Mean", "Standard deviation")
_SCALE = 2.0**600  # squares of floats that are divided by it are floats
_MOMENTS = {Kind.DATE, Kind.TIMESTAMP, Kind.TIME}


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure: a number, a text, or None where there is none."""

    name: str
    value: float | str | None
    is_exact: bool = True


@dataclass(frozen=True, slots=True)
class Frequent:
    """A value and how many rows have it.

    Attributes:
        value: Its text, or the start of it.
        rows: Of all.
        part: Of those that pass the filters, or None without filters.
        filter: The text that asks for exactly these rows, or None.
    """

    value: str
    rows: int
    part: int | None
    filter: str | None


@dataclass(frozen=True, slots=True)
class Profile:
    """All that is told about a column; what is about the rows that pass the filters is None without filters."""

    at: int
    rows: int
    measure: Measure
    whole: Counts
    part: Counts | None
    figures: tuple[Figure, ...]
    part_figures: tuple[Figure, ...] | None
    top: tuple[Frequent, ...]
    bottom: tuple[Frequent, ...]
    is_estimate: bool


def profile(source: Source, at: int, filters: tuple[RowFilter, ...], step: Callable[[], None]) -> Profile:
    """Find out all about a column.

    Args:
        source: The rows.
        at: The column's position.
        filters: What rows must pass to be told apart.
        step: Called before each of `steps` queries.
    """
    step()
    (found,) = measure(source, (at,))
    step()
    (whole,) = count(source, (found,), ())
    (part,) = count(source, (found,), filters) if filters else (None,)
    step()
    figures, about = _figures(source, at, whole.rows, ())
    part_figures = None
    if part is not None:
        part_figures, _ = _figures(source, at, part.rows, filters)
    step()
    top, bottom = _frequent(source, at, filters) if about <= MOST_GROUPS else ((), ())
    return Profile(at, whole.rows, found, whole, part, figures, part_figures, top, bottom, is_estimate=source.is_sample)


STEPS = 4  # of a profile


def _figures(source: Source, at: int, rows: int, filters: tuple[RowFilter, ...]) -> tuple[tuple[Figure, ...], int]:
    """Return the figures of the rows that pass, and about how many different values they have."""
    table = source.table
    column, reference = table.columns[at], table.references[at]
    about = source.row(aggregate(table, filters, lambda _: f"approx_count_distinct({reference})"))[0]
    is_sorted = rows <= MOST_SORTED
    named = _expressions(column, reference, is_counted=about <= MOST_GROUPS, is_sorted=is_sorted)

    def values_of(named: list[tuple[str, str]]) -> dict[str, Any]:
        values = source.row(aggregate(table, filters, lambda _: numbered([sql for _, sql in named])))
        return dict(zip((name for name, _ in named), values, strict=True))

    try:
        values = values_of(named)
        is_within = all(math.isfinite(values.get(name) or 0.0) for name in _SPREAD)
    except DataAppError:  # the sum or the spread of very large numbers is none that the engine holds
        values = values_of([(name, sql) for name, sql in named if name not in _SPREAD])
        is_within = False
    if not is_within:
        values |= _scaled(column, reference, values_of)
    figures: list[Figure] = []
    for name, _ in named:
        value = values[name]
        if name == "":
            quantiles = value or [None] * len(_QUANTILES)
            figures += [Figure(one, some, is_sorted) for one, some in zip(_QUANTILES, quantiles, strict=True)]
        else:
            figures.append(Figure(name, value, is_exact=name != "Distinct" or about <= MOST_GROUPS))
    return tuple(figures), about


def _scaled(
    column: Column, reference: str, values_of: Callable[[list[tuple[str, str]]], dict[str, Any]]
) -> dict[str, float | None]:
    """Return mean and standard deviation of numbers whose sum or squares are too large, None where they are no floats.

    Floats are made smaller first. What that loses of small ones is nothing next to those that are so large.
    """
    if column.type == "BIGNUM":
        return dict.fromkeys(_SPREAD)
    is_float = kind_of(column) is Kind.FLOAT
    scale = _SCALE if is_float else 1.0
    finite = f" FILTER (WHERE isfinite({reference}))" if is_float else ""
    value = f"CAST({reference} AS DOUBLE) / CAST({scale!r} AS DOUBLE)"
    functions = zip(_SPREAD, ("avg", "stddev_samp"), strict=True)
    found = values_of([(name, f"{function}({value}){finite}") for name, function in functions])
    whole = {name: None if value is None else value * scale for name, value in found.items()}
    return {name: value if value is not None and math.isfinite(value) else None for name, value in whole.items()}


def _expressions(column: Column, reference: str, *, is_counted: bool, is_sorted: bool) -> list[tuple[str, str]]:
    """Return names and SQL of figures; the one without a name gives all quantiles."""
    kind = kind_of(column)
    distinct = f"count(DISTINCT {reference})" if is_counted else f"approx_count_distinct({reference})"
    found = [("Rows", "count(*)"), ("Null", f"count(*) - count({reference})"), ("Distinct", distinct)]
    finite = f" FILTER (WHERE isfinite({reference}))" if kind is Kind.FLOAT else ""
    if kind is not Kind.OTHER and kind is not Kind.BOOLEAN:
        number = f" FILTER (WHERE NOT isnan({reference}))" if kind is Kind.FLOAT else ""
        for name, function in (("Minimum", "min"), ("Maximum", "max")):
            found.append((name, _cut(text_expression(column, f"{function}({reference}){number}"))))
    if kind in _NUMBERS:
        found += [
            ("Mean", f"CAST(avg({reference}){finite} AS DOUBLE)"),
            ("Standard deviation", f"stddev_samp(CAST({reference} AS DOUBLE)){finite}"),
        ]
    if kind in _NUMBERS | _MOMENTS:
        function, value = "quantile_disc", reference
        if not is_sorted and kind is not Kind.TIME:
            function = "approx_quantile"
            value = f"CAST({reference} AS DOUBLE)" if kind in _NUMBERS else _micros(column, reference)
        listed = f"{function}({value}, {list(_QUANTILES.values())}){finite}"
        found.append(("", f"CAST({listed} AS VARCHAR[])"))
    if kind is Kind.TEXT:
        length = f"length({text_expression(column, reference)})"
        found += [
            ("Shortest", f"min({length})"),
            ("Longest", f"max({length})"),
            ("Mean length", f"CAST(avg({length}) AS DOUBLE)"),
            ("Empty", f"count(*) FILTER (WHERE {length} = 0)"),
        ]
    return found


def _frequent(
    source: Source, at: int, filters: tuple[RowFilter, ...]
) -> tuple[tuple[Frequent, ...], tuple[Frequent, ...]]:
    """Return the most and the least frequent values of all rows, ties in their order."""
    column = source.table.columns[at]
    rows = source.fetch(frequent_query(source.table, at, filters)).to_pylist()
    found = {
        is_top: tuple(
            Frequent(row["value"], row["number"], row["part"] if filters else None, _filter(row["value"], column))
            for row in sorted(rows, key=lambda row: row["place"])
            if row["is_top"] is is_top
        )
        for is_top in (True, False)
    }
    return found[True], found[False]


def _filter(value: str, column: Column) -> str | None:
    kind = kind_of(column)
    if len(value) == _LONGEST or kind in {Kind.TIMESTAMP, Kind.TIME, Kind.OTHER}:  # cut, or it means a span of time
        return None
    if kind is Kind.TEXT:
        return value_to_filter(value)
    try:
        parse_filter(value, column)
    except InputError:  # a number of 39 digits, a day before year 1
        return None
    return value


def frequent_query(table: Table, at: int, filters: tuple[RowFilter, ...]) -> Query:
    """The values of a column that most and fewest rows have, each with how many, and how many of those pass."""
    column, reference = table.columns[at], table.references[at]
    text = text_expression(column, "value")
    if column.type == "VARIANT":  # two of them may be of types that do not compare
        reference, text = text_expression(column, reference), "value"

    def select(terms: Terms) -> str:
        return f"{reference} AS value, count(*) AS number, count(*) FILTER (WHERE {terms.passes(filters)}) AS part"

    groups = aggregate(table, (), select, f"GROUP BY {reference} HAVING {reference} IS NOT NULL")
    ranked = (
        "SELECT value, number, part, row_number() OVER (ORDER BY number DESC, value) AS place,"
        f" row_number() OVER (ORDER BY number, value DESC) AS last FROM ({groups.sql})"
    )
    chosen = f"place <= {_MOST_VALUES} OR last <= {_LEAST_VALUES}"
    listed = f"SELECT {_cut(text)} AS value, number, part, place, place <= {_MOST_VALUES} AS is_top"
    return replace(groups, sql=f"{listed} FROM ({ranked}) WHERE {chosen}")


def _micros(column: Column, reference: str) -> str:
    return f"CAST({reference} AS TIMESTAMP)" if column.type.startswith("TIMESTAMP_") else reference


def _cut(text: str) -> str:
    return f"left({text}, {_LONGEST})"
