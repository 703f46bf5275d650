"""What the explorer shows as SQL for people: ready to become a cell, with literals where the explorer binds values."""

import re
from collections.abc import Collection
from dataclasses import dataclass

from dataapp.compile.identifiers import quote_identifier
from dataapp.engines.relation import Column
from dataapp.views.table.filters.predicates import Literals, predicate
from dataapp.views.table.relation.queries import Question

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
        question: Which rows, in which order.
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
    keys = [
        f"{names[key.column]}{' DESC NULLS LAST' if key.descending else ''}"
        for key in question.order
        if key.column < len(names)  # an aggregate of groups comes after the columns
    ]
    lines = [f"SELECT * FROM {origin.to_sql(reserved)}"]
    if terms:
        lines.append(f"WHERE {'\n  AND '.join(terms)}")
    if keys:
        lines.append(f"ORDER BY {', '.join(keys)}")
    return "\n".join(lines)


def readable_name(name: str, reserved: Collection[str]) -> str:
    """Return a name as SQL takes it, in quotes only where it needs them.

    Example:
        >>> readable_name("price", {"order"}), readable_name("order", {"order"}), readable_name("a b", {"order"})
        ('price', '"order"', '"a b"')
    """
    is_bare = _BARE.fullmatch(name) and name.lower() not in reserved
    return name if is_bare else quote_identifier(name)
