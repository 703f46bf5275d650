"""The first rows of files, or of kept rows, in some order: as fast as where nobody minds how equal ones follow.

That they follow in their own order costs a number for each row, and the engine then makes every cell of every row. So
the last key among the first rows is looked for alone. Rows before it are fewer than asked for, and the files'
statistics rule most of the others out; of those that equal it, the first ones in the files are enough.

Of files whose rows have numbers, the numbers come together with the first key, and without a look at any column that is
no key: only rows that equal the last one in it are looked for again, and none are where these are few. The rows of the
screen are then read by their numbers, which is less than to read all that might have been among them.
"""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Literal, cast

import pyarrow as pa

from dataapp.engines.relation import Relation
from dataapp.views.table.columns import Kind, kind_of
from dataapp.views.table.filters.conditions import Compare
from dataapp.views.table.filters.predicates import ColumnFilter, RowFilter
from dataapp.views.table.relation import queries
from dataapp.views.table.relation.queries import Query, Question, Span, Table

_SCAN = re.compile(
    r"""\s*FROM\s+(?:read_parquet\([^()]*\)|'[^']*\.parquet')\s*(?:AS\s+"(?:[^"]|"")*"\s*)?""", re.IGNORECASE
)


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

    if not question.order or kind_of(table.columns[question.order[0].column]) in (Kind.TEXT, Kind.OTHER):
        return numbers(question, count)
    before, equal = _ranked(fetch, table, question, count)
    return before if equal is None else [*before, *numbers(equal, count - len(before))]


def _ranked(
    fetch: Callable[[Query], pa.Table], table: Table, question: Question, count: int
) -> tuple[list[int], Question | None]:
    """Return the numbers of first rows, and the question for those that follow, unless these are all.

    As many rows again tell whether all have come that equal the last one in the first key. If not, any may have.
    """
    asked = 2 * count + 1
    found = fetch(queries.top_ranks(table, question, asked))
    numbers, texts, places = (cast("list[Any]", column.to_pylist()) for column in found.columns)
    if "nan" in texts:  # statistics know nothing of what is no number
        return [], question
    if len(numbers) < asked or places[-1] != places[count - 1]:
        return numbers[:count], None
    if texts[-1] is None:  # nor of what is missing
        return [], question
    key, *others = question.order
    last = ColumnFilter(key.column, Compare("=", texts[-1], table.columns[key.column].type))
    return numbers[: places.index(places[-1])], Question((*question.filters, last), tuple(others))


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
