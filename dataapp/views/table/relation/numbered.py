"""The rows of Parquet files by their numbers: the footers say in which file a row lies, and only what holds it is read.

Rows are numbered from 0 through all files, in the order in which the engine reads them. A stretch of rows is read from
the row groups that it is in, where ``LIMIT … OFFSET …`` goes through all that lie above; single rows are read from the
2,048 around each. A sort need keep nothing but the numbers in its order, four bytes for each row.

What is asked of the engine names a file and a row in it as constants, because only constants rule row groups out.
"""

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate, chain, groupby
from typing import cast

import pyarrow as pa

from dataapp.compile.identifiers import fold, unused
from dataapp.engines.relation import Column, Relation
from dataapp.views.table.filters.predicates import Values
from dataapp.views.table.relation.queries import Query, Question, Span, Table, order_by, where_clause

DEEP = 1_000_000  # rows above a window; fewer are passed in no time
_TEXT = r"'(?:[^']|'')*'"
_PATHS = rf"{_TEXT}|\[\s*{_TEXT}(?:\s*,\s*{_TEXT})*\s*\]"
_NAME = r'"(?:[^"]|"")*"'
_OPTIONS = rf"(?:\s*,\s*\w+\s*=\s*(?:{_TEXT}|\w+))*"
_SOURCE = re.compile(
    rf"\s*FROM\s+(?P<source>read_parquet\(\s*(?P<paths>{_PATHS})\s*{_OPTIONS}\s*\)|(?P<bare>{_TEXT[:-1]}\.parquet'))"
    rf"\s*(?:AS\s+{_NAME}\s*)?",
    re.IGNORECASE,
)
_KEY = re.compile(r"(?:^|(?<=[/\\]))([^/\\=]+)=[^/\\]*[/\\]")  # of a folder such as `year=2024`
_FILE, _ROW = "file_index", "file_row_number"  # the engine's own columns, next to those of the files


@dataclass(frozen=True, slots=True)
class NumberedRows:
    """Parquet files whose rows have numbers.

    Attributes:
        source: What stands behind FROM.
        starts: The number of the first row of each file.
        total: How many rows there are.
        is_remote: Whether they lie elsewhere, where single rows take long.
        told_by_path: Folded names of columns whose values are parts of the files' paths.
    """

    source: str
    starts: tuple[int, ...]
    total: int
    is_remote: bool = False
    told_by_path: frozenset[str] = frozenset()

    @property
    def number(self) -> str:
        """The SQL for the number of a row."""
        start = "" if len(self.starts) == 1 else f"{list(self.starts)}[CAST(relation.{_FILE} AS BIGINT) + 1] + "
        return f"CAST({start}relation.{_ROW} AS {'UINTEGER' if self.total < 2**32 else 'BIGINT'})"

    def table(self, columns: tuple[Column, ...]) -> Table:
        """The files as a table whose rows are told apart by where they lie.

        A filter that rules a file out by its path would let the engine number those that are left anew. So it must not
        see that the path is all that such a filter needs.
        """
        plain = Table.of_relation(columns)
        references = tuple(
            f"CASE WHEN relation.{_ROW} >= 0 THEN {reference} END"
            if fold(column.name) in self.told_by_path
            else reference
            for column, reference in zip(columns, plain.references, strict=True)
        )
        return Table(f"{self.source} AS relation", "relation", columns, references, self.number)

    def deep_window(self, table: Table, span: Span) -> Query | None:
        """Return the query for a window of all rows, or None where the usual one is the best there is."""
        end = min(span.first + span.count, self.total)
        if span.first < DEEP or span.first >= end:
            return None
        pieces = self._within(span.first, end)
        _, number = self._own_names(table)
        union = _union(f"SELECT relation.*, {self.number} AS {number} FROM {self.source} AS relation WHERE", pieces)
        return Query(f"SELECT {table.cells(span)} FROM ({union}) AS relation ORDER BY relation.{number}")

    def sample(self, table: Table, ats: Sequence[int], pieces: Sequence[Span]) -> Query:
        """Return the query for pieces of all rows, in any order; columns are named by position."""
        cells = ", ".join(f"{table.references[at]} AS c{at}" for at in ats)
        ends = [min(piece.first + piece.count, self.total) for piece in pieces]
        within = [self._within(piece.first, end) for piece, end in zip(pieces, ends, strict=True) if piece.first < end]
        conditions = list(chain.from_iterable(within)) or ["false"]
        return Query(_union(f"SELECT {cells} FROM {self.source} AS relation WHERE", conditions))

    def arrange(self, table: Table, question: Question) -> Query:
        """The numbers of the rows that pass the filters, in the order asked for."""
        values = Values()
        where = where_clause(table, question.filters, values)
        order = order_by(table, question.order, self.number)
        return Query(f"SELECT {self.number} AS number FROM {self.source} AS relation{where} {order}", values.parameters)

    def by_number(self, table: Table, numbers: Sequence[int], select: str, *, ordered: bool) -> Query:
        """Rows by their numbers, in the order of these if need be; few enough to be named one by one."""
        if not numbers:
            return Query(f"SELECT {select} FROM {self.source} AS relation WHERE false")
        place, number = self._own_names(table)
        wanted = ", ".join(map(str, numbers))
        places = f"SELECT unnest([{wanted}]) AS {number}, unnest(range({len(numbers)})) AS {place}"
        pieces: list[str] = []
        for file, rows in groupby(sorted(numbers), self._file_of):
            in_file = ", ".join(str(one - self.starts[file]) for one in rows)
            pieces.append(f"relation.{_FILE} = {file} AND relation.{_ROW} IN ({in_file})")
        union = _union(f"SELECT relation.*, {self.number} AS {number} FROM {self.source} AS relation WHERE", pieces)
        order = f" ORDER BY wanted.{place}" if ordered else ""
        join = f"({places}) AS wanted JOIN ({union}) AS relation ON relation.{number} = wanted.{number}"
        return Query(f"SELECT {select} FROM {join}{order}")

    def by_list(self, table: Table, wanted: str, select: str, *, ordered: bool) -> Query:
        """Rows by a query of their ``number`` and ``place``, however many: all files are read once."""
        _, number = self._own_names(table)
        rows = f"SELECT relation.*, {self.number} AS {number} FROM {self.source} AS relation"
        order = " ORDER BY wanted.place" if ordered else ""
        join = f"({wanted}) AS wanted JOIN ({rows}) AS relation ON relation.{number} = wanted.number"
        return Query(f"SELECT {select} FROM {join}{order}")

    def _within(self, first: int, end: int) -> list[str]:
        """Conditions that rows between two numbers meet, one for each query."""
        lowest, highest = self._file_of(first), self._file_of(end - 1)
        rows, at = f"relation.{_ROW}", f"relation.{_FILE}"
        above, below = first - self.starts[lowest], end - self.starts[highest]
        if lowest == highest:
            return [f"{at} = {lowest} AND {rows} >= {above} AND {rows} < {below}"]
        found = [f"{at} = {lowest} AND {rows} >= {above}", f"{at} = {highest} AND {rows} < {below}"]
        if highest - lowest > 1:  # files in between
            found.insert(1, f"{at} > {lowest} AND {at} < {highest}")
        return found

    def _file_of(self, number: int) -> int:
        return bisect_right(self.starts, number) - 1  # the last one that starts there: those before it are empty

    def _own_names(self, table: Table) -> tuple[str, str]:
        taken = {fold(column.name) for column in table.columns}
        return unused("dataapp_place", taken), unused("dataapp_number", taken)


def number_rows(
    relation: Relation, columns: tuple[Column, ...], fetch: Callable[[Query], pa.Table]
) -> NumberedRows | None:
    """Return the rows of a relation by their numbers, or None where it is anything but files as they are.

    Args:
        relation: What is read.
        columns: Its columns.
        fetch: Runs a query.
    """
    found = _SOURCE.fullmatch(relation.sql) if relation.fixed_order and not relation.frames else None
    if found is None or any(fold(column.name) in (_FILE, _ROW) for column in columns):
        return None
    paths = found["paths"] or found["bare"]
    footers = fetch(Query(f"SELECT num_rows, file_name FROM parquet_file_metadata({paths})"))
    counts = cast("list[int]", footers.column(0).to_pylist())
    *starts, total = accumulate(counts, initial=0)
    names = cast("list[str]", footers.column(1).to_pylist())
    keys = {fold(key) for name in names for key in _KEY.findall(name)}
    return (
        NumberedRows(found["source"], tuple(starts), total, "://" in paths, frozenset({"filename", *keys}))
        if counts
        else None
    )


def _union(select: str, pieces: Iterable[str]) -> str:
    return " UNION ALL ".join(f"({select} {piece})" for piece in pieces)
