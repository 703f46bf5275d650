"""Some rows of a relation, taken once: what estimates are made from. Runs on worker threads.

Reading even a few rows of a large file takes longer than all that is asked of them, so a sample stays in the engine as
long as its relation is shown, and equal relations share it. Pictures of columns and profiles come from the same one.
"""

import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass

import pyarrow as pa

from dataapp.engines.duckdb import Reader
from dataapp.engines.kept import KeptTable
from dataapp.engines.relation import Column, Relation
from dataapp.views.jobs import Cancel
from dataapp.views.table.relation import queries
from dataapp.views.table.relation.numbered import DEEP, number_rows
from dataapp.views.table.relation.queries import Query, Span, Table
from dataapp.views.table.relation.source import Source

_PIECES, _PIECE = 3, 7_000  # rows of a sample: a piece far down costs what skipping to it does
_KEPT_PIECES, _KEPT_PIECE = 25, 2_048
_MOST = 4  # samples of different columns: each further one lets the oldest go


@dataclass(frozen=True, slots=True)
class _Sample:
    ats: tuple[int, ...]
    rows: int | None
    table: KeptTable


class Samples:
    """Samples of one relation. `close` may be called from any thread.

    Args:
        relation: What is read.
    """

    def __init__(self, relation: Relation) -> None:
        self._relation = relation
        self._lock = threading.Lock()
        self._held: list[_Sample] = []
        self._is_closed = False

    @property
    def relation(self) -> Relation:
        """What is read."""
        return self._relation

    @contextmanager
    def open(
        self, columns: tuple[Column, ...], ats: tuple[int, ...], rows: int | None, cancel: Cancel
    ) -> Generator[Source]:
        """Open some rows from all over the relation, or its first ones where nobody knows yet how many there are.

        Args:
            columns: The relation's columns.
            ats: Which of them are asked for.
            rows: How many rows it has, or None.
            cancel: Stops it.
        """
        with self._relation.open() as reader:
            cancel.on_cancel(reader.cancel)
            make = self._taken if self._relation.fixed_order else self._taken_of_kept
            sample = make(reader, columns, ats, rows)

            def fetch(query: Query) -> pa.Table:
                return reader.fetch_kept(query.sql, query.parameters)

            yield Source(Table.of_kept(columns, sample), fetch, True, reader.progress)

    def close(self) -> None:
        """Let all samples go that no job reads."""
        with self._lock:
            self._is_closed = True
            held, self._held = self._held, []
        for one in held:
            self._relation.engine.kept.release(one.table)

    def _taken(self, reader: Reader, columns: tuple[Column, ...], ats: tuple[int, ...], rows: int | None) -> str:
        with self._lock:
            known = next((one for one in self._held if one.rows == rows and {*one.ats}.issuperset(ats)), None)
        read = ats if known is None else known.ats
        table = Table.of_relation(columns)
        first = (Span(0, _PIECES * _PIECE, ()),)
        pieces = first if rows is None else queries.pieces_of(rows, _PIECES, _PIECE)

        def fetch(query: Query) -> pa.Table:
            return reader.fetch_kept(query.sql, query.parameters)

        is_deep = any(piece.first >= DEEP for piece in pieces)
        files = number_rows(self._relation, columns, fetch) if is_deep else None
        query = queries.sample(table, read, pieces) if files is None else files.sample(table, read, pieces)
        kept = reader.keep(query.sql, query.parameters)  # the one that is there, if it is
        if known is None:
            self._hold(_Sample(read, rows, kept))
        return kept.name

    def _taken_of_kept(self, reader: Reader, columns: tuple[Column, ...], ats: tuple[int, ...], _: int | None) -> str:
        """Sample rows that are kept already, which costs little."""
        query = queries.keep(Table.of_relation(columns), ())
        kept = reader.keep(query.sql, query.parameters)
        pieces = queries.pieces_of(kept.rows, _KEPT_PIECES, _KEPT_PIECE)
        query = queries.sample(Table.of_kept(columns, kept.name), ats, pieces)
        sample = "dataapp_sample"
        reader.arrange(sample, query.sql, query.parameters)
        return sample

    def _hold(self, sample: _Sample) -> None:
        """Keep a sample beyond the job that took it, whose reader holds it still."""
        kept = self._relation.engine.kept
        with self._lock:
            if self._is_closed:
                return
            kept.share(sample.table)
            self._held.append(sample)
            oldest = self._held.pop(0) if len(self._held) > _MOST else None
        if oldest is not None:
            kept.release(oldest.table)
