"""The rows of one relation under changing filters and orders, read in windows. Runs on worker threads.

Three ways lead to stable windows, so that all windows of a question fit together and fit its count:

- **direct**: the relation has a fixed order and no other is asked for. Each window is a `LIMIT … OFFSET …` of its
  own, filters reach the files, nothing is kept. The first window comes before the rows are counted.
- **numbered**: many rows of Parquet files in another order. Only the numbers of the rows are kept, in that order, and
  each window reads its rows from the files by their numbers. Ten columns of kept rows take thirty times the memory.
  The order is made where memory is bounded, and the top of the first window comes before the rest of it.
- **kept**: otherwise. The rows are kept as a table of the engine, which all sessions that ask the same share, and a
  list of row numbers is made for each order and filter. While the list is made, a top-N query gives the first window.

A relation without a fixed order is kept as a whole, once: counting, sorting and filtering it again must not run it
again. One with a fixed order is kept with its filters applied, which may leave few of many rows.

While a query runs, `progress` says how much of it is done. A question may take several queries, each with a figure of
its own.

All of it stops when nobody waits for it any more. Whoever gives up keeping rows lets them go; whoever gives up what
reads kept rows stops only that attempt, and they stay for the next question. `close` ends everything.

The module is long because the three ways share what is kept, under one lock: whichever answers may have to give up what
another one began.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import cast

import pyarrow as pa

from dataapp.engines.duckdb import Reader, is_short_of_memory
from dataapp.engines.relation import Column, Relation
from dataapp.errors import Cancelled, DataAppError
from dataapp.views.jobs import Cancel
from dataapp.views.table.filters.predicates import RowFilter
from dataapp.views.table.relation import queries
from dataapp.views.table.relation.first_rows import first_numbers, first_rows, is_scan
from dataapp.views.table.relation.numbered import DEEP, NumberedRows, number_rows
from dataapp.views.table.relation.queries import BLOCK, Query, Question, Span, Table
from dataapp.views.table.selection import Rows

type Select = Callable[[Table], str]  # the columns of a query, by the names that a table has for its own

_MOST_KEPT = 20_000_000  # cells of a file's rows, some 13 bytes each; of more, only the order is kept
_FEW = 2_048  # rows that a query names one by one
_SCREEN = 48  # rows of a first window that are read before the others, where each may lie in another part of a file
_FIRSTS = 16  # questions whose first numbers are remembered
_AT_ONCE = 200_000  # kept rows that are arranged before the first window is read: it takes some milliseconds


@dataclass(frozen=True, slots=True)
class Totals:
    """How many rows pass the filters, and how many there are.

    Attributes:
        rows: That pass.
        unfiltered: That there are.
        groups: Of the first level, where rows are grouped.
        grouped_lines: That groups and their rows take on screen, where rows are grouped.
    """

    rows: int
    unfiltered: int
    groups: int | None = None
    grouped_lines: int | None = None

    @property
    def lines(self) -> int:
        """How many lines there are on screen to scroll over."""
        return self.rows if self.grouped_lines is None else self.grouped_lines


@dataclass(frozen=True, slots=True)
class Screen:
    """A window of rows.

    Attributes:
        span: What was read; moved up when what was asked for lies below the last row.
        cells: Its cells, as they travel.
        totals: None while they are being counted.
        lines: What each line shows, where rows are grouped: its level, whether it is a row (0), a closed group (1) or
            an open one (2), and the number of the group, or of that which the row is in.
        numbering: What these numbers are of: equal numbers of different ones mean nothing.
    """

    span: Span
    cells: pa.Table
    totals: Totals | None
    lines: pa.Table | None = None
    has_more: bool = False
    numbering: object = None


@dataclass(slots=True)
class _Kept:
    """A reader that keeps rows, and what they are."""

    reader: Reader
    filters: tuple[RowFilter, ...]  # those that the kept rows have passed
    files: NumberedRows | None  # where the rows are if only the list of their numbers is kept
    table: str = ""  # in the engine, shared by the readers of an equal relation
    total: int = 0
    arranged: Question | None = None  # the question that the list of row numbers answers
    rows: int = 0  # of that list


class RelationRows:
    """Reads a relation in windows; methods but `close` run in a job and may be called from several at once.

    Args:
        relation: What is read.
        unfiltered: How many rows it has, where that is known.
    """

    def __init__(self, relation: Relation, *, unfiltered: int | None = None) -> None:
        self._relation = relation
        self._columns: tuple[Column, ...] | None = None
        self._unfiltered = unfiltered
        self._passing: tuple[tuple[RowFilter, ...], int] | None = None  # the last filters, and how many rows pass them
        self._files: NumberedRows | None = None
        self._has_looked_for_files = False
        self._first_lock = threading.Lock()
        self._first: dict[Question, list[int]] = {}  # the last questions that began, or may, and their first numbers
        self._kept: _Kept | None = None
        self._lock = threading.Lock()
        self._closed = False
        self._at_work: dict[Reader, None] = {}

    @property
    def relation(self) -> Relation:
        """What is read."""
        return self._relation

    def columns(self, cancel: Cancel) -> tuple[Column, ...]:
        """Return the columns, as unique names."""
        if self._columns is None:
            with self._relation.open() as reader:
                cancel.on_cancel(reader.cancel)
                self._columns = reader.describe()
        return self._columns

    def begin(self, question: Question, span: Span, cancel: Cancel) -> Screen:
        """Return the first window of a question as soon as it can be had; `settle` follows if it has no totals.

        It may end early, and say so.
        """
        columns = self.columns(cancel)
        if self._is_direct(question):
            return self._begin_directly(question, span, cancel)
        if span.first > 0:
            return self.settle(question, span, cancel)
        with self._holding() as kept:
            if kept is not None and kept.arranged == question:
                return self._arranged(kept, question, span, cancel)
            if kept is not None and kept.files is None and kept.filters == self._kept_filters(question):
                if kept.total <= _AT_ONCE:
                    return self._arranged(kept, question, span, cancel)
                rest = self._rest(question)
                reader, table = kept.reader, Table.of_kept(columns, kept.table)
                with self._attempt(reader, cancel):
                    return Screen(span, first_rows(partial(_read_kept, reader), table, rest, span), None)
        if not self._relation.fixed_order:
            return self.settle(question, span, cancel)
        return self._top(question, span, cancel)

    def foresee(self, question: Question, span: Span, cancel: Cancel) -> Screen | None:
        """Return what `begin` would, for a question that may come next, while windows of another are read.

        None where kept rows would have to be arranged anew, which takes no time worth saving.
        """
        kept = self._kept
        is_kept = not self._relation.fixed_order or (kept is not None and kept.files is None)
        if span.first > 0 or (is_kept and not self._is_direct(question)):
            return None
        if self._is_direct(question):
            return self._begin_directly(question, span, cancel)
        return self._top(question, span, cancel)

    def _top(self, question: Question, span: Span, cancel: Cancel) -> Screen:
        """Return the first window of a question from files that are read for it."""
        columns, files = self.columns(cancel), self._huge_files(cancel)
        if files is not None:
            numbers = first_numbers(partial(self._fetch, cancel=cancel), files.table(columns), question, span.count)
            self._remember(question, numbers)
            screen = self._by_first_numbers(files, numbers[:_SCREEN], span, cancel)
            return replace(screen, has_more=len(numbers) > _SCREEN)
        table = Table.of_relation(columns)
        if is_scan(self._relation):
            return Screen(span, first_rows(partial(self._fetch, cancel=cancel), table, question, span), None)
        return Screen(span, self._fetch(queries.top(table, question, span), cancel), None)

    def _remember(self, question: Question, numbers: list[int]) -> None:
        """Keep the first numbers of a question."""
        with self._first_lock:
            self._first.pop(question, None)
            self._first[question] = numbers
            for old in list(self._first)[:-_FIRSTS]:
                self._first.pop(old)

    def begin_whole(self, question: Question, span: Span, cancel: Cancel) -> Screen:
        """Return all of a first window of which `begin` returned the top.

        Raises:
            Cancelled: Another question has begun since.
        """
        files = self._huge_files(cancel)
        with self._first_lock:
            numbers = self._first.get(question)
        if files is None or numbers is None:
            raise Cancelled
        return self._by_first_numbers(files, numbers, span, cancel)

    def settle(self, question: Question, span: Span, cancel: Cancel) -> Screen:
        """Return a window with the totals, after which `window` answers for this question."""
        if self._is_direct(question):
            return self._window_directly(question, span, self._totals(question, cancel), cancel)
        if self._relation.fixed_order:
            self._count((), cancel)
        files = self._files_to_read(question, cancel)
        with self._holding() as kept:
            if files is not None:
                if kept is None or kept.arranged != question:
                    kept = self._keep_order(question, files, cancel)
            elif kept is None or kept.files is not None or kept.filters != self._kept_filters(question):
                kept = self._keep_rows(question, cancel)
            return self._arranged(kept, question, span, cancel)

    def window(self, question: Question, span: Span, cancel: Cancel) -> Screen:
        """Return a window of a question that is settled (or direct); its totals are known to the caller.

        Raises:
            Cancelled: Another question has been settled since.
        """
        if self._is_direct(question):
            table = Table.of_relation(self.columns(cancel))
            query = self._deep_window(table, question, span, cancel) or queries.window(table, question.filters, span)
            return Screen(span, self._fetch(query, cancel), None)
        with self._holding() as kept:
            if kept is not None and kept.arranged == question:
                return self._arranged(kept, question, span, cancel)
        raise Cancelled

    def selected(self, question: Question, rows: tuple[Rows, ...], select: Select, cancel: Cancel) -> pa.Table:
        """Return rows of a question that is settled (or direct) by their numbers, in its order.

        Args:
            question: The question that the numbers belong to.
            rows: Which rows: at least one stretch, rising.
            select: What is made of each row.
            cancel: Stops it.

        Raises:
            Cancelled: Another question has been settled since.
        """
        return self._by_number(question, rows, select, cancel, ordered=True)

    def selected_rows(self, question: Question, rows: tuple[Rows, ...], select: Select, cancel: Cancel) -> pa.Table:
        """Return rows by their numbers; as `selected`, where there is nothing but rows."""
        return self.selected(question, rows, select, cancel)

    def summed_up(self, question: Question, rows: tuple[Rows, ...] | None, select: Select, cancel: Cancel) -> pa.Table:
        """Return aggregates over rows by their numbers, or over all rows where there are None.

        Raises:
            Cancelled: Another question has been settled since.
        """
        if rows is not None:
            return self._by_number(question, rows, select, cancel, ordered=False)
        with self.beside(question, cancel) as (reader, table):
            is_kept = table.name == queries.KEPT
            left = self._rest(question) if is_kept else question
            query = queries.every(table, Question(left.filters), select(table))
            with self._working(reader):
                return (reader.fetch_kept if is_kept else reader.fetch)(query.sql, query.parameters)

    @contextmanager
    def beside(self, question: Question, cancel: Cancel) -> Iterator[tuple[Reader, Table]]:
        """Open a reader of its own on what the rows of a question come from: windows go on being read beside it."""
        with self._relation.open() as reader:
            cancel.on_cancel(reader.cancel)
            columns = self.columns(cancel)
            if self._is_direct(question):
                yield reader, Table.of_relation(columns)
            elif (files := self._files_to_read(question, cancel)) is not None:
                yield reader, files.table(columns)
            else:
                query = queries.keep(Table.of_relation(columns), self._kept_filters(question))
                kept = reader.keep(query.sql, query.parameters)  # the rows that are there already, if they are
                yield reader, Table.of_kept(columns, kept.name)

    def stream(self, question: Question, reader: Reader, table: Table, select: Select) -> pa.RecordBatchReader:
        """Return all rows of a question, in its order, as they are computed on a reader that `beside` opened."""
        if table.name != queries.KEPT:
            query = queries.every(table, question, select(table))
            return reader.batches(query=query.sql, parameters=query.parameters)
        query = queries.every(table, self._rest(question), select(table))
        return reader.kept_batches(query.sql, query.parameters)

    def is_scattered(self, question: Question) -> bool:
        """Whether rows of this question lie all over files, so that few of them come much sooner than many."""
        kept = self._kept
        return kept is not None and kept.files is not None and kept.arranged == question

    def is_interruptible(self, question: Question) -> bool:
        """Whether a `window` of this question may take long, so that a newer wish had better stop it."""
        return self.is_scattered(question) or self._is_direct(question)

    def progress(self) -> float | None:
        """Return how much of what runs is done, from 0 to 1, or None where the engine cannot tell. From any thread."""
        told = (reader.progress() for reader in list(self._at_work))
        return next((done for done in told if done is not None), None)

    def close(self) -> None:
        """Stop all that runs and let the kept rows go, here or in the job that uses them. From any thread."""
        self._closed = True
        kept = self._kept
        if kept is not None:
            kept.reader.cancel()
        if self._lock.acquire(blocking=False):
            try:
                self._forget()
            finally:
                self._lock.release()

    def _is_direct(self, question: Question) -> bool:
        return self._relation.fixed_order and not question.order

    def _kept_filters(self, question: Question) -> tuple[RowFilter, ...]:
        return question.filters if self._relation.fixed_order else ()

    def _rest(self, question: Question) -> Question:
        """What is left to do once the kept filters are applied."""
        return Question((), question.order) if self._relation.fixed_order else question

    def _is_plain(self, question: Question) -> bool:
        """Whether the kept rows are the answer as they are."""
        rest = self._rest(question)
        return not rest.filters and not rest.order

    def _by_number(
        self, question: Question, rows: tuple[Rows, ...], select: Select, cancel: Cancel, *, ordered: bool
    ) -> pa.Table:
        columns = self.columns(cancel)
        if self._is_direct(question):
            table = Table.of_relation(columns)
            return self._fetch(queries.selected(table, question.filters, rows, select(table)), cancel)
        with self._holding() as kept:
            if kept is None or kept.arranged != question:
                raise Cancelled
            with self._attempt(kept.reader, cancel):
                if kept.files is not None:
                    return self._read_files(kept, kept.files, rows, select, cancel, ordered=ordered)
                table = Table.of_kept(columns, kept.table)
                numbered = queries.kept_selected if self._is_plain(question) else queries.arranged_selected
                return _read_kept(kept.reader, numbered(table, rows, select(table), ordered=ordered))

    def _read_files(
        self, kept: _Kept, files: NumberedRows, rows: tuple[Rows, ...], select: Select, cancel: Cancel, *, ordered: bool
    ) -> pa.Table:
        """Read rows of files by their places in the list of numbers that is kept."""
        assert self._columns is not None
        table = Table.of_relation(self._columns)
        wanted = queries.listed(kept.table, "number", rows)
        if sum(stretch.count for stretch in rows) > _FEW:
            found = _read_kept(kept.reader, files.by_list(table, wanted, select(table), ordered=ordered))
            self._relation.check_sources()  # it was the files that were read
            return found
        query = files.by_number(table, _numbers(kept.reader, wanted), select(table), ordered=ordered)
        return self._fetch(query, cancel)  # where memory is not as short as for sorts

    def _begin_directly(self, question: Question, span: Span, cancel: Cancel) -> Screen:
        screen = self.window(question, span, cancel)
        read = screen.cells.num_rows
        if read == 0 and span.first > 0:
            return self.settle(question, span, cancel)
        if read < span.count:
            rows = span.first + read
            unfiltered = self._count((), cancel) if question.filters else rows
            return replace(screen, totals=Totals(rows, unfiltered))
        return screen

    def _window_directly(self, question: Question, span: Span, totals: Totals, cancel: Cancel) -> Screen:
        moved = moved_up(span, totals.rows)
        return replace(self.window(question, moved, cancel), totals=totals)

    def _totals(self, question: Question, cancel: Cancel) -> Totals:
        rows = self._count(question.filters, cancel)
        return Totals(rows, self._count((), cancel) if question.filters else rows)

    def _count(self, filters: tuple[RowFilter, ...], cancel: Cancel) -> int:
        if not filters and self._unfiltered is not None:
            return self._unfiltered
        if (passing := self._passing) is not None and passing[0] == filters:
            return passing[1]
        query = queries.count(Table.of_relation(self.columns(cancel)), filters)
        counted = _number(self._fetch(query, cancel))
        if filters:
            self._passing = (filters, counted)
        else:
            self._unfiltered = counted
        return counted

    def _numbered(self, cancel: Cancel) -> NumberedRows | None:
        """Return the files that the relation is, if it is nothing else. They are looked at once."""
        if not self._has_looked_for_files:
            columns = self.columns(cancel)
            self._files = number_rows(self._relation, columns, partial(self._fetch, cancel=cancel))
            self._has_looked_for_files = True
        return self._files

    def _files_to_read(self, question: Question, cancel: Cancel) -> NumberedRows | None:
        """Return the files that a question's rows are read from in its order, or None where they are better kept."""
        files = self._huge_files(cancel) if question.order else None
        is_huge = files is not None and self._count(question.filters, cancel) > self._most_kept(cancel)
        return files if is_huge else None

    def _huge_files(self, cancel: Cancel) -> NumberedRows | None:
        """Return the files that the relation is, if they have more rows than are kept and lie here."""
        files = self._numbered(cancel)
        return None if files is None or files.is_remote or files.total <= self._most_kept(cancel) else files

    def _most_kept(self, cancel: Cancel) -> int:
        return _MOST_KEPT // max(1, len(self.columns(cancel)))

    def _by_first_numbers(self, files: NumberedRows, numbers: list[int], span: Span, cancel: Cancel) -> Screen:
        table = Table.of_relation(self.columns(cancel))
        query = files.by_number(table, numbers, table.cells(span), ordered=True)
        return Screen(span, self._fetch(query, cancel), None)

    def _deep_window(self, table: Table, question: Question, span: Span, cancel: Cancel) -> Query | None:
        if question.filters or span.first < DEEP:
            return None
        files = self._numbered(cancel)
        return None if files is None else files.deep_window(table, span)

    def _keep_order(self, question: Question, files: NumberedRows, cancel: Cancel) -> _Kept:
        """Keep the numbers of the rows of files in the order of a question. The lock is held."""
        query = files.arrange(files.table(self.columns(cancel)), question)
        engine = self._relation.engine
        try:
            kept = self._keep(engine.sorter.read(self._relation), query, question.filters, files, cancel)
        except DataAppError as error:
            if not is_short_of_memory(error):
                raise
            kept = self._keep(engine.read(self._relation), query, question.filters, files, cancel)
        kept.arranged, kept.rows = question, kept.total
        return kept

    def _keep_rows(self, question: Question, cancel: Cancel) -> _Kept:
        """Keep the relation's rows. The lock is held."""
        filters = self._kept_filters(question)
        query = queries.keep(Table.of_relation(self.columns(cancel)), filters)
        return self._keep(self._relation.open(), query, filters, None, cancel)

    def _keep(
        self,
        reader: Reader,
        query: Query,
        filters: tuple[RowFilter, ...],
        files: NumberedRows | None,
        cancel: Cancel,
    ) -> _Kept:
        self._forget()
        kept = _Kept(reader, filters, files)
        self._kept = kept  # where `close` finds it
        keeping = True
        cancel.on_cancel(lambda: reader.cancel() if keeping else None)
        if self._closed:  # it looked before there was something to find
            raise Cancelled
        try:
            with self._working(reader):
                table = reader.keep(query.sql, query.parameters)
        except Exception:
            self._forget()
            raise
        keeping = False
        kept.table, kept.total = table.name, table.rows
        return kept

    def _arranged(self, kept: _Kept, question: Question, span: Span, cancel: Cancel) -> Screen:
        """Arrange the kept rows for a question unless they are, and read a window. The lock is held."""
        assert self._columns is not None
        is_plain = self._is_plain(question)
        if kept.arranged != question:
            self._arrange(kept, question, cancel)
        moved = moved_up(span, kept.rows)
        unfiltered = kept.total if self._unfiltered is None else self._unfiltered
        totals = Totals(kept.rows, unfiltered)
        with self._attempt(kept.reader, cancel):
            return Screen(moved, self._window_of_kept(kept, moved, cancel, is_plain=is_plain), totals)

    def _window_of_kept(self, kept: _Kept, span: Span, cancel: Cancel, *, is_plain: bool) -> pa.Table:
        assert self._columns is not None
        places = (Rows(span.first, span.count),)
        if kept.files is not None:
            return self._read_files(kept, kept.files, places, lambda table: table.cells(span), cancel, ordered=True)
        table = Table.of_kept(self._columns, kept.table)
        if is_plain:
            return _read_kept(kept.reader, queries.kept_window(table, span))
        numbers = _numbers(kept.reader, queries.listed(queries.ARRANGED, "kept_row", places))
        return _read_kept(kept.reader, queries.kept_by_number(table, numbers, table.cells(span)))

    def _arrange(self, kept: _Kept, question: Question, cancel: Cancel) -> None:
        """List the numbers of kept rows for a question. The lock is held."""
        assert self._columns is not None
        kept.arranged, kept.rows = None, kept.total
        if not self._is_plain(question):
            query = queries.arrange(Table.of_kept(self._columns, kept.table), self._rest(question))
            with self._attempt(kept.reader, cancel):
                kept.rows = kept.reader.arrange(queries.ARRANGED, query.sql, query.parameters)
        kept.arranged = question

    @contextmanager
    def _holding(self) -> Iterator[_Kept | None]:
        """Use the kept rows alone; a reader that was interrupted is let go."""
        try:
            with self._lock:
                try:
                    if self._closed:
                        raise Cancelled
                    yield self._kept
                except Cancelled:
                    if self._closed or (self._kept is not None and self._kept.reader.interrupts.is_cancelled):
                        self._forget()
                    raise
        finally:
            if self._closed:  # `close` may have come while the rows were in use
                self.close()

    def _forget(self) -> None:
        kept, self._kept = self._kept, None
        if kept is not None:
            kept.reader.close()

    def _fetch(self, query: Query, cancel: Cancel) -> pa.Table:
        with self._relation.open() as reader:
            cancel.on_cancel(reader.cancel)
            with self._working(reader):
                return reader.fetch(query.sql, query.parameters)

    @contextmanager
    def _attempt(self, reader: Reader, cancel: Cancel) -> Iterator[None]:
        with reader.attempt() as attempt, self._working(reader):
            cancel.on_cancel(attempt.cancel)
            yield

    @contextmanager
    def _working(self, reader: Reader) -> Iterator[None]:
        """Let `progress` ask a reader."""
        self._at_work[reader] = None
        try:
            yield
        finally:
            self._at_work.pop(reader, None)


def _read_kept(reader: Reader, query: Query) -> pa.Table:
    return reader.fetch_kept(query.sql, query.parameters)


def _numbers(reader: Reader, wanted: str) -> list[int]:
    return cast("list[int]", _read_kept(reader, queries.numbers(wanted)).column(0).to_pylist())


def _number(table: pa.Table) -> int:
    return table.column(0)[0].as_py()


def moved_up(span: Span, rows: int) -> Span:
    """Return the span, or the last one of blocks that there are rows for where it lies below them."""
    last_block = (max(rows, 1) - 1) // BLOCK * BLOCK
    return span if span.first < max(rows, 1) else replace(span, first=max(0, last_block + BLOCK - span.count))
