"""The values of a column with how often each occurs, for a list to choose from."""

from collections.abc import Callable
from dataclasses import dataclass

from dataapp.engines.relation import Column, Relation
from dataapp.views.jobs import Cancel
from dataapp.views.table.columns import LONGEST_TEXT, Kind, kind_of, text_expression
from dataapp.views.table.filters.conditions import AnyOf, Compare, Condition, Contains, Equals, InGroup, IsNull
from dataapp.views.table.filters.predicates import RowFilter, Values, condition_to_sql
from dataapp.views.table.relation.queries import Query, Table, where_clause
from dataapp.views.table.relation.source import open_whole

MOST_VALUES = 200


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
        distinct: How many there are.
    """

    values: tuple[Value, ...]
    distinct: int


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
        f" FROM {table.source}{where_clause(table, filters, values)} GROUP BY ALL"
    )
    chosen = "TRUE" if condition is None else condition_to_sql(condition, shown, "value", values)
    held = ""
    if search:
        held = " WHERE " + condition_to_sql(Contains(search), shown, "value", values)
    return Query(
        f"SELECT left({text}, {LONGEST_TEXT + 1}) AS text, number, coalesce({chosen}, FALSE) AS chosen,"
        f" count(*) OVER () AS distinct_values FROM ({groups}){held}"
        f" ORDER BY number DESC, {text} NULLS FIRST LIMIT {MOST_VALUES}",
        values.parameters,
    )


def read_values(
    relation: Relation, columns: tuple[Column, ...], make: Callable[[Table], Query], cancel: Cancel
) -> Listed:
    """Run a query that `value_list` made."""
    with open_whole(relation, columns, cancel) as source:
        found = source.fetch(make(source.table)).to_pylist()
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
