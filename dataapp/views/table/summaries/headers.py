"""What stands in a column's header besides its name: how its values are distributed, and how many are null.

A summary is made in two steps. `measure` finds what to count: the ends of bins, from the lowest and the highest value,
or the values that occur most often. `count` counts that for many columns in one scan, of all rows or of those that pass
filters. Both are made of any `Source`: of all rows, then every figure is exact; or of a sample, then it is an estimate.

Each mark (a bar, a value, what lies beyond the bars) has the filter that asks for it, and passes as many rows.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, Literal

from dataapp.engines.relation import Column
from dataapp.views.table.columns import Kind, kind_of, text_expression
from dataapp.views.table.filters.conditions import Equals
from dataapp.views.table.filters.predicates import RowFilter
from dataapp.views.table.filters.writing import text_of
from dataapp.views.table.relation.queries import Query, Table, Terms, aggregate
from dataapp.views.table.relation.source import Source, numbered
from dataapp.views.table.summaries.bins import Axis, merged, moment_axis, number_axis

MOST_VALUES = 6
MOST_GROUPS = 1_000_000  # distinct texts: counting more of them takes gigabytes
_LONGEST_VALUE = 500  # characters of a text that is shown as a value
_MOMENTS = {Kind.DATE, Kind.TIMESTAMP, Kind.TIME}
_NUMBERS = {Kind.INTEGER, Kind.DECIMAL, Kind.FLOAT}
_FIRST_MOMENT, _LAST_MOMENT = "0001-01-01", "9999-12-31 23:59:59.999999"  # of the filters' language

type Shape = Literal["bins", "values", "flags", "none"]


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that is counted.

    Attributes:
        label: What it is, for people.
        filter: The text that asks for it, or None.
        low: How the text of a range that starts with it starts, if it is a bin.
        high: How the text of a range that ends with it ends.
    """

    label: str
    filter: str | None
    low: str | None = None
    high: str | None = None


@dataclass(frozen=True, slots=True)
class Distinct:
    """How many different values there are."""

    values: int
    is_exact: bool


@dataclass(frozen=True, slots=True)
class Measure:
    """What is counted of a column.

    Attributes:
        at: The column's position.
        shape: How it is drawn.
        axis: Its bins.
        values: Its most frequent texts.
        counts: How many rows have them, which is known before anything is counted.
        distinct: How many different texts there are.
    """

    at: int
    shape: Shape
    axis: Axis | None = None
    values: tuple[str, ...] = ()
    counts: tuple[int, ...] = ()
    distinct: Distinct | None = None

    def marks(self, column: Column) -> tuple[Mark, ...]:
        """Return what is counted, in the order in which it is."""
        if self.axis is not None:
            bins = (Mark(one.label, one.filter, one.low, one.high) for one in self.axis.bins)
            return (*bins, *_beyond(column))
        if self.shape == "flags":
            return (Mark("true", "true"), Mark("false", "false"))
        return tuple(Mark(value, value_to_filter(value)) for value in self.values)


@dataclass(frozen=True, slots=True)
class Counts:
    """Rows, how many of them are null, and how many have each mark."""

    rows: int
    nulls: int
    marks: tuple[int, ...]


def value_to_filter(value: str) -> str | None:
    """Return the filter for exactly this text, or None if no message can hold it.

    Example:
        >>> value_to_filter("AAPL"), value_to_filter("null")
        ('= AAPL', '= "null"')
    """
    text = text_of(Equals(value))
    return None if "\0" in text else text


def measure(source: Source, ats: Sequence[int]) -> tuple[Measure, ...]:
    """Find what to count of columns."""
    columns = source.table.columns
    kinds = {at: kind_of(columns[at]) for at in ats}
    scaled = [at for at in ats if kinds[at] in _NUMBERS | _MOMENTS and columns[at].type != "BIGNUM"]
    axes = dict(zip(scaled, _axes(source, scaled), strict=True))
    texts = [at for at in ats if kinds[at] is Kind.TEXT]
    found = dict(zip(texts, _frequent(source, texts), strict=True))
    measures: list[Measure] = []
    for at in ats:
        axis = axes.get(at)
        if axis is not None:
            measures.append(Measure(at, "bins", axis))
        elif at in found:
            measures.append(found[at])
        else:
            measures.append(Measure(at, "flags" if kinds[at] is Kind.BOOLEAN else "none"))
    return tuple(measures)


def count(source: Source, measures: Sequence[Measure], filters: tuple[RowFilter, ...]) -> tuple[Counts, ...]:
    """Count what was measured, in the rows that pass the filters: one scan for all columns."""
    cells = iter(source.row(counts_query(source.table, measures, filters)))
    rows = next(cells)
    return tuple(_counts(one, source.table.columns[one.at], rows, cells) for one in measures)


def counts_query(table: Table, measures: Sequence[Measure], filters: tuple[RowFilter, ...]) -> Query:
    """The rows, then for each measure the values that are not null and those of its marks."""

    def select(terms: Terms) -> str:
        figures = ["count(*)"]
        for one in measures:
            tally = "NULL" if one.counts and not filters else _tally(table, one, terms)
            figures += [f"count({table.references[one.at]})", tally]
        return numbered(figures)

    return aggregate(table, filters, select)


def _tally(table: Table, one: Measure, terms: Terms) -> str:
    column, reference = table.columns[one.at], table.references[one.at]
    if one.axis is not None:
        return _histogram(one.axis, column, reference, terms)
    if one.shape == "flags":
        return f"[{_count_if(reference)}, {_count_if(f'NOT {reference}')}]"
    text = text_expression(column, reference)
    return f"[{', '.join(_count_if(f'{text} = {terms.bind(value)}') for value in one.values)}]"


def _count_if(condition: str) -> str:
    return f"count(*) FILTER (WHERE {condition})"  # countif counts in integers too wide for a browser


def _histogram(axis: Axis, column: Column, reference: str, terms: Terms) -> str:
    ends = [*([] if axis.below is None else [axis.below]), *(one.last for one in axis.bins)]
    bound = f"CAST({terms.bind(ends)} AS {axis.type}[])"
    if axis.is_zoned:  # the first moment after each bin
        bound = f"list_transform({bound}, lambda moment: moment - INTERVAL 1 MICROSECOND)"
    value = reference if column.type == axis.type else f"CAST({reference} AS {axis.type})"
    is_number = f" FILTER (WHERE NOT isnan({reference}))" if kind_of(column) is Kind.FLOAT else ""
    return f"map_values(histogram({value}, {bound}){is_number})"


def _counts(one: Measure, column: Column, rows: int, cells: Iterator[Any]) -> Counts:
    present, tally = next(cells), next(cells)
    if one.axis is None:
        return Counts(rows, rows - present, one.counts if tally is None else tuple(tally))
    tally = list(tally or ())
    start = 0 if one.axis.below is None else 1
    end = start + len(one.axis.bins)
    tally += [0] * (end - len(tally))  # of no values, there is no histogram
    below, above = sum(tally[:start]), sum(tally[end:])
    bins = tally[start:end]
    match kind_of(column):
        case Kind.FLOAT:
            return Counts(rows, rows - present, (*bins, below, above, present - sum(tally)))
        case Kind.DATE | Kind.TIMESTAMP:
            return Counts(rows, rows - present, (*bins, below + above))
        case _:
            return Counts(rows, rows - present, tuple(bins))


def _beyond(column: Column) -> tuple[Mark, ...]:
    """What no bin holds."""
    match kind_of(column):
        case Kind.FLOAT:
            return (Mark("−∞", "-inf"), Mark("∞", "inf"), Mark("NaN", "nan"))
        case Kind.DATE | Kind.TIMESTAMP:
            return (Mark("before year 1, after 9999, infinite", None),)
        case _:
            return ()


# The ends of bins.


def _axes(source: Source, ats: Sequence[int]) -> list[Axis | None]:
    """Return the bins of columns of numbers and moments; None where there is no value to make any of."""
    columns = source.table.columns
    bounds = {at: found for at, found in zip(ats, _bounds(source, ats), strict=True) if found != (None, None)}
    odd = [at for at, found in bounds.items() if None in _ends(columns[at], found)]
    bounds |= dict(zip(odd, _bounds(source, odd, is_narrowed=True), strict=True))
    axes: list[Axis | None] = []
    for at in ats:
        low, high = _ends(columns[at], bounds.get(at, (None, None)))
        axes.append(None if low is None or high is None else _axis(source, columns[at], low, high))
    return axes


def _bounds(source: Source, ats: Sequence[int], *, is_narrowed: bool = False) -> list[tuple[str | None, str | None]]:
    """Return the least and the greatest value of columns, as text.

    The plain ones stand in Parquet's statistics, so they cost nothing. Narrowed ones leave out what bins cannot hold.
    """
    if not ats:
        return []
    table = source.table

    def select(_: Terms) -> str:
        figures: list[str] = []
        for at in ats:
            column, reference = table.columns[at], table.references[at]
            kind = kind_of(column)
            within = f" FILTER (WHERE {_within(column, reference)})" if is_narrowed else ""
            for function in ("min", "max"):
                figure = f"{function}({reference}){within}"
                if column.type == "TIMESTAMP WITH TIME ZONE":  # the engine moves its last days to no other clock
                    moved = f"WHEN {_within(column, figure)} THEN CAST({figure} AS TIMESTAMP)"
                    figure = f"CASE {moved} WHEN {figure} IS NOT NULL THEN CAST('infinity' AS TIMESTAMP) END"
                elif kind is Kind.FLOAT or kind is Kind.TIMESTAMP:
                    figure = f"CAST({figure} AS {'DOUBLE' if kind is Kind.FLOAT else 'TIMESTAMP'})"
                figures.append(f"CAST({figure} AS VARCHAR)")
        return numbered(figures)

    cells = source.row(aggregate(table, (), select))
    return list(zip(cells[::2], cells[1::2], strict=True))


def _within(column: Column, reference: str) -> str:
    """Return the condition that bins can hold a value."""
    if kind_of(column) is Kind.FLOAT:
        return f"isfinite({reference})"
    if column.type == "TIMESTAMP_NS":  # reaches neither of these moments
        return f"isfinite({reference})"
    first, last = (f"CAST('{moment}' AS {column.type})" for moment in (_FIRST_MOMENT, _LAST_MOMENT))
    return "TRUE" if kind_of(column) is Kind.TIME else f"{reference} >= {first} AND {reference} <= {last}"


type End = Decimal | datetime | None


def _ends(column: Column, bounds: tuple[str | None, str | None]) -> tuple[End, End]:
    low, high = (_end(column, text) for text in bounds)
    return low, high


def _end(column: Column, text: str | None) -> End:
    """Return a bound as a number or moment, or None where bins cannot hold it."""
    if text is None:
        return None
    if kind_of(column) in _NUMBERS:
        number = Decimal(text)
        return number if number.is_finite() else None
    try:
        if kind_of(column) is Kind.TIME:
            return datetime.combine(date.min, time.fromisoformat(text))
        return datetime.fromisoformat(text)
    except ValueError:
        return datetime.combine(date.min, time.max) if text.startswith("24:") else None


def _axis(source: Source, column: Column, low: Decimal | datetime, high: Decimal | datetime) -> Axis:
    if isinstance(low, Decimal) and isinstance(high, Decimal):
        return number_axis(column, low, high)
    assert isinstance(low, datetime)
    assert isinstance(high, datetime)
    axis = moment_axis(column, low, high)
    if not axis.is_zoned:
        return axis
    ends = [axis.below, *(one.last for one in axis.bins)]
    query = "SELECT epoch_us(CAST(unnest($dataapp_ends) AS TIMESTAMPTZ)) AS at"
    instants = source.fetch(Query(query, {"dataapp_ends": ends})).column(0)
    return merged(axis, [instant.as_py() for instant in instants[:-1]])


# The most frequent texts.


def _frequent(source: Source, ats: Sequence[int]) -> list[Measure]:
    """Return the most frequent texts of columns."""
    if not ats:
        return []
    table = source.table
    about = source.row(
        aggregate(table, (), lambda _: numbered([f"approx_count_distinct({table.references[at]})" for at in ats])),
    )
    return [_values(source, at, distinct) for at, distinct in zip(ats, about, strict=True)]


def _values(source: Source, at: int, about: int) -> Measure:
    if about > MOST_GROUPS:
        return Measure(at, "values", distinct=Distinct(about, is_exact=False))
    rows = source.fetch(top_query(source.table, at)).to_pylist()
    short = [row for row in rows if len(row["value"]) <= _LONGEST_VALUE]
    values, counts = (tuple(row[name] for row in short) for name in ("value", "number"))
    distinct = Distinct(rows[0]["values"] if rows else 0, is_exact=not source.is_sample)
    return Measure(at, "values", values=values, counts=counts, distinct=distinct)


def top_query(table: Table, at: int) -> Query:
    """The most frequent texts of a column, ties in their order, and next to each how many different ones there are."""
    reference = table.references[at]
    text = text_expression(table.columns[at], "value")

    def select(_: Terms) -> str:
        return f"{reference} AS value, count(*) AS number"

    groups = aggregate(table, (), select, f"GROUP BY {reference} HAVING {reference} IS NOT NULL")
    order = f"ORDER BY number DESC, value LIMIT {MOST_VALUES}"
    listed = f"SELECT *, count(*) OVER () AS values FROM (SELECT {text} AS value, number FROM ({groups.sql}))"
    return replace(
        groups, sql=f"SELECT left(value, {_LONGEST_VALUE + 1}) AS value, number, values FROM ({listed}) {order}"
    )
