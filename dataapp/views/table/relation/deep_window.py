"""Rows far down in one Parquet file: read by their numbers, which touches only the row groups they are in.

``LIMIT … OFFSET …`` goes through the row groups above, too, which is felt from some ten million rows on.
"""

import re

from dataapp.compile.identifiers import fold
from dataapp.engines.relation import Relation
from dataapp.views.table.relation.queries import Query, Span, Table

DEEP = 1_000_000  # rows above the window; fewer are passed in no time
_PATH = r"'(?:[^'*?\[]|'')*'"  # of one file: without wildcards
_FILE = re.compile(rf"\s*FROM\s+(?:read_parquet\(\[({_PATH})\]\)|({_PATH[:-1]}\.parquet'))\s*", re.IGNORECASE)
_NUMBER = "file_row_number"


def deep_window(relation: Relation, table: Table, span: Span) -> Query | None:
    """Return the query for a window of all rows, or None where the usual one is the best there is."""
    source = _numbered(relation, table)
    if source is None or span.first < DEEP:
        return None
    return Query(f"SELECT {table.cells(span)} FROM {source} WHERE {_within(span)} ORDER BY relation.{_NUMBER}")


def deep_sample(relation: Relation, table: Table, ats: tuple[int, ...], pieces: tuple[Span, ...]) -> Query | None:
    """Return the query for pieces of all rows in any order, or None where the usual one is the best there is.

    Args:
        relation: What is read.
        table: It, by the names of queries.
        ats: The columns to read; they are named by position.
        pieces: Which rows.
    """
    source = _numbered(relation, table)
    if source is None or all(piece.first < DEEP for piece in pieces):
        return None
    cells = ", ".join(f"{table.references[at]} AS c{at}" for at in ats)
    return Query(" UNION ALL ".join(f"(SELECT {cells} FROM {source} WHERE {_within(piece)})" for piece in pieces))


def _numbered(relation: Relation, table: Table) -> str | None:
    """Return the SQL for one Parquet file whose rows are numbered; None where the relation is anything else."""
    found = _FILE.fullmatch(relation.sql) if relation.fixed_order and not relation.frames else None
    if found is None or any(fold(column.name) == _NUMBER for column in table.columns):
        return None
    return f"read_parquet([{found[1] or found[2]}], {_NUMBER} = true) AS relation"


def _within(span: Span) -> str:
    return f"relation.{_NUMBER} >= {span.first} AND relation.{_NUMBER} < {span.first + span.count}"
