"""The values of a column with how often each occurs, for a list to choose from.

Where more values differ than `MOST_GROUPS`, grouping all rows by them would take gigabytes. Then only those that occur
in a sample, or where a search starts to find, are listed; how many rows have these is counted exactly.
"""

from dataclasses import dataclass, replace

from dataapp.engines.relation import Column
from dataapp.views.table.columns import LONGEST_TEXT, Kind, kind_of, text_expression
from dataapp.views.table.filters.conditions import AnyOf, Compare, Condition, Contains, Equals, InGroup, IsNull
from dataapp.views.table.filters.predicates import ColumnFilter, RowFilter, Values, condition_to_sql
from dataapp.views.table.relation.queries import Query, Table, where_clause
from dataapp.views.table.relation.source import Source

MOST_VALUES = 200
MOST_GROUPS = 1_000_000  # values to group by: a million texts of 40 characters take 0.2 GB
_MOST_LOOKED_AT = 10 * MOST_VALUES  # rows that a search looks at where it finds too many values


@dataclass(frozen=True, slots=True)
class Value:
    """A value of a column, as text.

    Attributes:
        text: Of the value, or None for null.
        rows: How many rows have it.
        is_chosen: Whether it passes the column's own filter.
        is_cut: Whether the text is only its beginning.
    """

    text: str | None
    rows: int
    is_chosen: bool
    is_cut: bool = False


@dataclass(frozen=True, slots=True)
class Listed:
    """The values that occur most often.

    Attributes:
        values: At most `MOST_VALUES` of them, the most frequent first.
        distinct: How many there are; about as many where they are too many, None where only a sample was looked at.
        is_top: Whether no other value occurs more often than these: not if there are too many values to count each.
        is_estimate: Whether the numbers of rows are those of a sample, scaled up.
    """

    values: tuple[Value, ...]
    distinct: int | None
    is_top: bool = True
    is_estimate: bool = False


@dataclass(frozen=True, slots=True)
class Choice:
    """Which values a filter chooses, where it is a list of them.

    Attributes:
        values: The values, as text, or None for null.
        is_but: Whether all others are chosen instead.
    """

    values: tuple[str | None, ...]
    is_but: bool = False


def value_list(
    table: Table, at: int, filters: tuple[RowFilter, ...], condition: Condition | InGroup | None, search: str
) -> Query:
    """Return the query of a column's values: text, rows that have it, whether it passes, and how many there are.

    Args:
        table: Where the rows are.
        at: The column.
        filters: What rows must pass.
        condition: The column's own filter, which only marks values.
        search: A text that values must hold, whatever its case.
    """
    values = Values()
    column, reference = table.columns[at], table.references[at]
    is_boolean = kind_of(column) is Kind.BOOLEAN
    shown = column if is_boolean else Column(column.name, "VARCHAR")  # filters of the others look at their text
    grouped = reference if is_boolean else text_expression(column, reference)
    text = text_expression(shown, "value")
    groups = (
        f"SELECT {grouped} AS value, count(*) AS number"
        f" FROM {table.source}{where_clause(table, _searched(filters, at, search), values)} GROUP BY ALL"
    )
    chosen = "TRUE" if condition is None else condition_to_sql(condition, shown, "value", values)
    return Query(
        f"SELECT left({text}, {LONGEST_TEXT + 1}) AS text, number, coalesce({chosen}, FALSE) AS chosen,"
        f" count(*) OVER () AS distinct_values FROM ({groups})"
        f" ORDER BY number DESC, {text} NULLS FIRST LIMIT {MOST_VALUES}",
        values.parameters,
    )


def read_values(
    source: Source, at: int, filters: tuple[RowFilter, ...], condition: Condition | InGroup | None, search: str
) -> Listed | None:
    """Count all values of a column; None if they are too many. For the arguments see `value_list`."""
    column = source.table.columns[at]
    if not is_bounded(column) and _about(source, at, filters, search) > MOST_GROUPS:
        return None
    return _read(source, value_list(source.table, at, filters, condition, search))


def estimate_values(
    sample: Source,
    at: int,
    filters: tuple[RowFilter, ...],
    condition: Condition | InGroup | None,
    search: str,
    total: int | None,
) -> Listed:
    """Count the values of a column in a sample, as if all of so many rows were like it."""
    found = _read(sample, value_list(sample.table, at, filters, condition, search))
    rows = sample.row(Query(f"SELECT count(*) FROM {sample.table.source}"))[0]
    scale = 1.0 if total is None or not rows else max(1.0, total / rows)
    values = tuple(replace(value, rows=round(value.rows * scale)) for value in found.values)
    return Listed(values, None, is_estimate=True)


def count_some(
    source: Source,
    at: int,
    filters: tuple[RowFilter, ...],
    condition: Condition | InGroup | None,
    search: str,
    known: Listed,
) -> Listed:
    """Count values of a column that has too many: those that a sample knows, and where a search starts to find.

    Args:
        source: All rows.
        at: See `value_list`; so are those that follow.
        filters: What rows must pass.
        condition: The column's own filter.
        search: A text that values must hold.
        known: What was found in a sample.
    """
    table, about = source.table, _about(source, at, filters, search)
    texts = [value.text for value in known.values if not value.is_cut]
    if search and len(texts) < MOST_VALUES:
        texts += [row["text"] for row in source.fetch(_first_found(table, at, filters, search)).to_pylist()]
    items = tuple(Equals(text) for text in dict.fromkeys(texts[:MOST_VALUES]) if text is not None)
    if not texts:  # all of them are too long to be named
        return replace(known, distinct=about, is_top=False)
    named = ColumnFilter(at, AnyOf(items, null=None in texts))
    found = _read(source, value_list(table, at, (*filters, named), condition, search))
    return replace(found, distinct=about, is_top=False)


def is_bounded(column: Column) -> bool:
    """Whether the type alone says that there are not many values."""
    return column.type in {"BOOLEAN", "TINYINT", "UTINYINT", "SMALLINT", "USMALLINT"} or column.type.startswith("ENUM(")


def _searched(filters: tuple[RowFilter, ...], at: int, search: str) -> tuple[RowFilter, ...]:
    return (*filters, ColumnFilter(at, Contains(search))) if search else filters


def _about(source: Source, at: int, filters: tuple[RowFilter, ...], search: str) -> int:
    """Return about how many values there are; it takes one scan, and no memory."""
    values, table = Values(), source.table
    where = where_clause(table, _searched(filters, at, search), values)
    query = f"SELECT approx_count_distinct({table.references[at]}) FROM {table.source}{where}"
    return source.row(Query(query, values.parameters))[0]


def _first_found(table: Table, at: int, filters: tuple[RowFilter, ...], search: str) -> Query:
    """The first values that hold a text: the scan ends with them. Longer ones than a list shows are left out."""
    values = Values()
    text = text_expression(table.columns[at], table.references[at])
    where = where_clause(table, _searched(filters, at, search), values)
    rows = f"SELECT {text} AS text FROM {table.source}{where} AND length({text}) <= {LONGEST_TEXT}"
    return Query(
        f"SELECT DISTINCT text FROM ({rows} LIMIT {_MOST_LOOKED_AT}) LIMIT {MOST_VALUES}",
        values.parameters,
    )


def _read(source: Source, query: Query) -> Listed:
    found = source.fetch(query).to_pylist()
    values = (
        Value(
            None if row["text"] is None else row["text"][:LONGEST_TEXT],
            row["number"],
            row["chosen"],
            row["text"] is not None and len(row["text"]) > LONGEST_TEXT,
        )
        for row in found
    )
    return Listed(tuple(values), found[0]["distinct_values"] if found else 0)


def choice_of(condition: Condition | InGroup | None) -> Choice | None:
    """Return which values a condition chooses, or None if it is no list of them.

    Example:
        >>> choice_of(Equals("AAPL")), choice_of(AnyOf((Equals("MSFT"),), null=True, negated=True))
        (Choice(values=('AAPL',), is_but=False), Choice(values=('MSFT', None), is_but=True))
        >>> choice_of(Contains("a"))
    """
    match condition:
        case None:
            return Choice((), is_but=True)
        case IsNull():
            return Choice((None,), is_but=condition.negated)
        case Equals(text, negated) if not negated:
            return Choice((text,))
        case Compare("=", bool() as value):
            return Choice((_text(value),))
        case AnyOf():
            texts = [_item_text(item) for item in condition.items]
            if None in texts:
                return None
            return Choice((*texts, *((None,) if condition.null else ())), condition.negated)
        case _:
            return None


def _item_text(item: object) -> str | None:
    match item:
        case Equals(text, _):
            return text
        case Compare("=", bool() as value):
            return _text(value)
        case _:
            return None


def _text(value: bool) -> str:
    return "true" if value else "false"
