"""What the explorer shows as SQL for people: ready to become a cell, with literals where the explorer binds values.

Of a grouped table it is the query of its innermost groups, sorted as a whole.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass

from dataapp.compile.identifiers import quote_identifier
from dataapp.engines.relation import Column
from dataapp.views.table.filters.predicates import Literals, group_expression, predicate
from dataapp.views.table.groups.grouping import Grouping, group_columns, key_columns
from dataapp.views.table.groups.queries import aggregate_expression
from dataapp.views.table.relation.queries import Question, SortKey

_LONGEST_LINE = 80  # characters of what is selected; more stands on several lines
_BARE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True, slots=True)
class Origin:
    """What a relation is called in SQL: a name, or its own query where it has none."""

    name: str = "this_table"
    query: str | None = None

    def to_sql(self, reserved: Collection[str]) -> str:
        """Return what stands behind FROM."""
        if self.query is None:
            return readable_name(self.name, reserved)
        return f"(\n{self.query.strip().rstrip(';')}\n)"


def question_to_sql(question: Question, columns: tuple[Column, ...], origin: Origin, reserved: Collection[str]) -> str:
    """Return the query of a question.

    Args:
        question: Which rows, in which order, and in which groups, if any.
        columns: The columns of the relation.
        origin: What the relation is called.
        reserved: Words that are no names unless they are quoted.

    Example:
        >>> from dataapp.views.table.filters.conditions import Compare
        >>> from dataapp.views.table.filters.predicates import ColumnFilter
        >>> from dataapp.views.table.relation.queries import SortKey
        >>> question = Question((ColumnFilter(0, Compare(">=", 10)),), (SortKey(1),))
        >>> columns = (Column("price", "INTEGER"), Column("ts", "TIMESTAMP"))
        >>> print(question_to_sql(question, columns, Origin("trades"), {"order"}))
        SELECT * FROM trades
        WHERE price >= 10
        ORDER BY ts
    """
    names = tuple(readable_name(column.name, reserved) for column in columns)
    terms = [predicate(one, columns, names, Literals()) for one in question.filters]
    source = f"FROM {origin.to_sql(reserved)}"
    where = [f"WHERE {'\n  AND '.join(terms)}"] if terms else []
    if question.groups is None:
        keys = [_ordered(names[key.column], key) for key in question.order]
        return "\n".join([f"SELECT * {source}", *where, *([f"ORDER BY {', '.join(keys)}"] if keys else ())])
    selected, keys = _grouped(question.groups, question.order, columns, names, reserved)
    line = ", ".join(selected)
    wrapped = f" {line}" if len(line) <= _LONGEST_LINE else "\n    " + ",\n    ".join(selected)
    return "\n".join([f"SELECT{wrapped}", source, *where, "GROUP BY ALL", f"ORDER BY {', '.join(keys)}"])


def _grouped(
    groups: Grouping,
    order: tuple[SortKey, ...],
    columns: tuple[Column, ...],
    names: tuple[str, ...],
    reserved: Collection[str],
) -> tuple[list[str], list[str]]:
    """Return what is selected of groups, and what they are sorted by: at last by what they are grouped by."""
    keys = [readable_name(column.name, reserved) for column in key_columns(groups, columns)]
    made = [readable_name(column.name, reserved) for column in group_columns(groups, columns)]
    grouped = [group_expression(columns[key.column], names[key.column], key.part) for key in groups.keys]
    computed = [aggregate_expression(one, columns[one.column], names[one.column]) for one in groups.aggregates]
    selected = [
        expression if expression == name else f"{expression} AS {name}"
        for expression, name in zip([*grouped, "count(*)", *computed], [*keys, *made], strict=True)
    ]
    places = {key.column: name for key, name in reversed(list(zip(groups.keys, keys, strict=True)))}
    places |= {len(columns) + at: name for at, name in enumerate(made)}
    sorted_by = [(places[key.column], key) for key in order if key.column in places]
    rest = [(name, SortKey(0)) for name in keys if name not in {known for known, _ in sorted_by}]
    return selected, [_ordered(name, key) for name, key in (*sorted_by, *rest)]


def _ordered(name: str, key: SortKey) -> str:
    return f"{name} DESC NULLS LAST" if key.descending else name


def readable_name(name: str, reserved: Collection[str]) -> str:
    """Return a name as SQL takes it, in quotes only where it needs them.

    Example:
        >>> readable_name("price", {"order"}), readable_name("order", {"order"}), readable_name("a b", {"order"})
        ('price', '"order"', '"a b"')
    """
    is_bare = _BARE.fullmatch(name) and name.lower() not in reserved
    return name if is_bare else quote_identifier(name)
