"""The first rows of files, or of kept rows, in some order: as fast as where nobody minds how equal ones follow.

That they follow in their own order costs a number for each row, and the engine then makes every cell of every row. So
the last key among the first rows is looked for alone. Rows before it are fewer than asked for, and the files'
statistics rule most of the others out; of those that equal it, the first ones in the files are enough.

Of files whose rows have numbers, the numbers are found in the same way, without a look at any other column. The rows of
the screen are then read by their numbers, which is less than to read all that might have been among them.
"""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Literal, cast

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
    split = _split(fetch, table, question, span.count)
    if split is None:
        return fetch(queries.top(table, question, span))
    first, equal = split
    before = fetch(queries.top(table, first, span))
    rest = replace(span, count=span.count - before.num_rows)
    if equal.order:
        others = fetch(queries.top(table, equal, rest))
    else:
        others = fetch(queries.window(table, equal.filters, rest))
    return pa.concat_tables([before, others])


def first_numbers(fetch: Callable[[Query], pa.Table], table: Table, question: Question, count: int) -> list[int]:
    """Return what `queries.top_numbers` gives: no column is read but those that the question names.

    Statistics of text seldom rule anything out, so that looking for its last key alone would read all of it thrice.
    """

    def numbers(one: Question, most: int) -> list[int]:
        return cast("list[int]", fetch(queries.top_numbers(table, one, most)).column(0).to_pylist())

    is_text = bool(question.order) and kind_of(table.columns[question.order[0].column]) is Kind.TEXT
    split = None if is_text else _split(fetch, table, question, count)
    if split is None:
        return numbers(question, count)
    first, equal = split
    before = numbers(first, count)
    return [*before, *numbers(equal, count - len(before))]


def _split(
    fetch: Callable[[Query], pa.Table], table: Table, question: Question, count: int
) -> tuple[Question, Question] | None:
    """Return questions for the rows before the last key among the first rows, and for those that equal it.

    None where that does not help.
    """
    if not question.order:
        return None
    key, *others = question.order
    column = table.columns[key.column]
    keys = fetch(queries.keys(table, question, count)).column(0).to_pylist()
    last = keys[-1] if len(keys) == count else None
    if kind_of(column) is Kind.OTHER or last is None or "nan" in keys:  # statistics know nothing of what is no number
        return None

    def where(operator: Literal["<", "=", ">"]) -> tuple[RowFilter, ...]:
        return (*question.filters, ColumnFilter(key.column, Compare(operator, last, column.type)))

    before = replace(question, filters=where(">" if key.descending else "<"))
    return before, Question(where("="), tuple(others))
