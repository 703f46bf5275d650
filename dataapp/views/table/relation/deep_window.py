"""A window far down in one Parquet file: read by the numbers of its rows, which touches only the row groups it is in.

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
    found = _FILE.fullmatch(relation.sql) if relation.fixed_order and not relation.frames else None
    if found is None or span.first < DEEP or any(fold(column.name) == _NUMBER for column in table.columns):
        return None
    rows = f"relation.{_NUMBER} >= {span.first} AND relation.{_NUMBER} < {span.first + span.count}"
    source = f"read_parquet([{found[1] or found[2]}], {_NUMBER} = true) AS relation"
    return Query(f"SELECT {table.cells(span)} FROM {source} WHERE {rows} ORDER BY relation.{_NUMBER}")
