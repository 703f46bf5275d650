"""The first rows of files, or of kept rows, in some order: as fast as where nobody minds how equal ones follow.

That they follow in their own order costs a number for each row, and the engine then makes every cell of every row. So
the last key among the first rows is looked for alone. Rows before it are fewer than asked for, and the files'
statistics rule most of the others out; of those that equal it, the first ones in the files are enough.
"""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Literal

import pyarrow as pa

from dataapp.engines.relation import Relation
from dataapp.views.table.columns import Kind, kind_of
from dataapp.views.table.filters.conditions import Compare
from dataapp.views.table.filters.predicates import ColumnFilter, RowFilter
from dataapp.views.table.relation import queries
from dataapp.views.table.relation.queries import Query, Question, Span, Table

_SCAN = re.compile(r"\s*FROM\s+(?:read_parquet\([^()]*\)|'[^']*\.parquet')\s*", re.IGNORECASE)


def is_scan(relation: Relation) -> bool:
    """Whether a relation is nothing but Parquet files, so that reading it thrice is no more work than once."""
    return relation.fixed_order and not relation.frames and _SCAN.fullmatch(relation.sql) is not None


def first_rows(fetch: Callable[[Query], pa.Table], table: Table, question: Question, span: Span) -> pa.Table:
    """Return what `queries.top` gives, for a span that begins with the first row; `fetch` reads the table as it is."""
    if not question.order:
        return fetch(queries.top(table, question, span))
    key, *others = question.order
    column = table.columns[key.column]
    keys = fetch(queries.keys(table, question, span.count)).column(0).to_pylist()
    last = keys[-1] if len(keys) == span.count else None
    if kind_of(column) is Kind.OTHER or last is None or "nan" in keys:  # statistics know nothing of what is no number
        return fetch(queries.top(table, question, span))

    def where(operator: Literal["<", "=", ">"]) -> tuple[RowFilter, ...]:
        return (*question.filters, ColumnFilter(key.column, Compare(operator, last, column.type)))

    before = fetch(queries.top(table, replace(question, filters=where(">" if key.descending else "<")), span))
    rest = replace(span, count=span.count - before.num_rows)
    if others:
        equal = fetch(queries.top(table, Question(where("="), tuple(others)), rest))
    else:
        equal = fetch(queries.window(table, where("="), rest))
    return pa.concat_tables([before, equal])
