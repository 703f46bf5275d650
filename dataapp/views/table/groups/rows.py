"""The rows of a relation, grouped if a question says so, as lines in windows. Runs on worker threads.

Groups are made by one query and kept in the engine; another list says in which order they stand. What is open is a few
`Branch` objects, which say what each line shows. The rows of a group are those of the relation with a filter for the
group: each open one is read as `RelationRows` reads any question, so that it may have millions.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import pyarrow as pa

from dataapp.engines.duckdb import Reader
from dataapp.engines.relation import Column, Relation
from dataapp.errors import Cancelled
from dataapp.views.jobs import Cancel
from dataapp.views.table.groups import queries as group_queries
from dataapp.views.table.groups.grouping import Grouping, Path
from dataapp.views.table.groups.lines import Branch, Run, line_of, runs
from dataapp.views.table.groups.queries import GROUPS, PLACED, TOP, row_order, rows_of
from dataapp.views.table.relation import queries
from dataapp.views.table.relation.queries import Query, Question, Span, Table
from dataapp.views.table.relation.rows import RelationRows, Screen, Select, Totals, moved_up
from dataapp.views.table.selection import Rows

_LINES = pa.schema([("level", pa.int32()), ("state", pa.int32()), ("group", pa.int64())])
_ROW, _CLOSED, _OPEN = range(3)  # states of lines


@dataclass(slots=True, eq=False)
class _Tree:
    """The groups of a question, in the tables of a reader.

    Attributes:
        reader: Holds the tables.
        columns: The relation's.
        question: The last one asked of it; one with other filters, keys or aggregates gets another tree.
        table: Where the groups are kept, once they are made.
        groups: How many the first level has.
        rows: How many rows are in them.
        unfiltered: How many rows there are without filters.
        is_placed: Whether the groups are in the order of the question.
        is_open: Whether `top` says what of the question is open.
        top: The table itself, with what is open.
        numbers: The number of each open group and of its rows, by path; none where it no longer is.
        paths: The paths of open groups, by number.
        starts: Where the groups below an open one, or the table itself, stand among all.
        opened: Readers of the rows of open groups, by path.
        numbering: What tells its numbers from those of other trees, also of one with the same groups.
    """

    reader: Reader
    columns: tuple[Column, ...]
    question: Question
    table: str = ""
    groups: int = 0
    rows: int = 0
    unfiltered: int = 0
    is_placed: bool = False
    is_open: bool = False
    top: Branch = field(default_factory=lambda: Branch(None, 0, 0))
    numbers: dict[Path, tuple[int, int] | None] = field(default_factory=dict[Path, tuple[int, int] | None])
    paths: dict[int, Path] = field(default_factory=dict[int, Path])
    starts: dict[int, int] = field(default_factory=dict[int, int])
    opened: dict[Path, RelationRows] = field(default_factory=dict[Path, RelationRows])
    numbering: object = field(default_factory=object)

    @property
    def grouping(self) -> Grouping:
        """How the rows are grouped."""
        assert self.question.groups is not None
        return self.question.groups

    def take(self, question: Question) -> bool:
        """Take another question if these are its groups."""
        old, new = self.question, question
        assert new.groups is not None
        if old.filters != new.filters or replace(self.grouping, open=new.groups.open) != new.groups:
            return False
        self.is_placed = self.is_placed and old.order == new.order
        self.is_open = self.is_open and old == new
        self.question = question
        return True

    def cancel(self) -> None:
        """Stop what reads it, for good. From any thread."""
        self.reader.cancel()
        for rows in list(self.opened.values()):
            rows.close()

    def close(self) -> None:
        """Let everything go."""
        self.cancel()
        self.reader.close()


class GroupedRows(RelationRows):
    """Reads a relation in windows of rows, or of groups with the rows of open ones."""

    def __init__(self, relation: Relation) -> None:
        super().__init__(relation)
        self._tree: _Tree | None = None
        self._unwanted: _Tree | None = None  # to be let go by whoever uses it

    def begin(self, question: Question, span: Span, cancel: Cancel) -> Screen:
        """Return the first window of a question as soon as it can be had; that of groups has its totals."""
        if question.groups is None:
            self._unwanted = self._tree
            self._let_tree_go()
            return super().begin(question, span, cancel)
        return self.settle(question, span, cancel)

    def foresee(self, question: Question, span: Span, cancel: Cancel) -> Screen | None:
        """Return what `begin` would, while windows of another question are read; None where either is of groups."""
        if question.groups is not None or self._tree is not None:
            return None
        return super().foresee(question, span, cancel)

    def settle(self, question: Question, span: Span, cancel: Cancel) -> Screen:
        """Return a window with the totals, after which `window` answers for this question."""
        if question.groups is None:
            return super().settle(question, span, cancel)
        columns = self.columns(cancel)
        unfiltered = self._count((), cancel) if question.filters and self.relation.fixed_order else None
        with self._alone():
            tree = self._tree
            self._unwanted = None
            if tree is None or not tree.take(question):
                self._forget_tree()
                tree = self._tree = _Tree(self.relation.open(), columns, question)
            if not tree.table:
                self._make_groups(tree, unfiltered, cancel)
            if not tree.is_placed:
                self._place(tree, cancel)
            if not tree.is_open:
                self._open_groups(tree, cancel)
            screen = self._lines(tree, moved_up(span, tree.top.lines), cancel)
            return replace(screen, totals=Totals(tree.rows, tree.unfiltered, tree.groups, tree.top.lines))

    def window(self, question: Question, span: Span, cancel: Cancel) -> Screen:
        """Return a window of a question that is settled (or direct); its totals are known to the caller.

        Raises:
            Cancelled: Another question has been settled since.
        """
        if question.groups is None:
            return super().window(question, span, cancel)
        with self._alone():
            return self._lines(self._tree_of(question), span, cancel)

    def path(self, question: Question, group: int, cancel: Cancel) -> tuple[Path, int | None]:
        """Return the path of a group that a window of this question told of, and its line if it is open.

        Raises:
            Cancelled: Another question has been settled since, or no window told of it.
        """
        with self._alone():
            tree = self._tree_of(question)
            found = self._find(tree, group_queries.path(tree.table, tree.grouping, tree.columns, group), cancel)
            if not found:
                raise Cancelled
            level, *texts = found[0]
            return tuple(texts[: level + 1]), line_of(tree.top, group)

    def summed_up(self, question: Question, rows: tuple[Rows, ...] | None, select: Select, cancel: Cancel) -> pa.Table:
        """Return aggregates over lines by their numbers, or over all where there are None: a row for each few of them.

        Raises:
            Cancelled: Another question has been settled since.
        """
        if question.groups is None:
            return super().summed_up(question, rows, select, cancel)
        if rows is None:
            with self._alone():
                rows = (Rows(0, self._tree_of(question).top.lines),)
        return self._by_number(question, rows, select, cancel, ordered=False)

    def selected_rows(self, question: Question, rows: tuple[Rows, ...], select: Select, cancel: Cancel) -> pa.Table:
        """Return what is made of the rows among lines by their numbers; of groups, nothing is.

        Raises:
            Cancelled: Another question has been settled since.
        """
        if question.groups is None:
            return super().selected_rows(question, rows, select, cancel)
        return self._read_lines(question, rows, select, cancel, None, ordered=True)

    @contextmanager
    def beside(self, question: Question, cancel: Cancel) -> Iterator[tuple[Reader, Table]]:
        """Open a reader of its own on what the rows of a question come from, or the innermost of its groups."""
        if question.groups is None:
            with super().beside(question, cancel) as opened:
                yield opened
            return
        with self.relation.open() as reader:
            cancel.on_cancel(reader.cancel)
            columns = self.columns(cancel)
            groups, _ = self._groups_of(reader, columns, question)
            yield reader, group_queries.innermost(groups, question.groups, columns)

    def stream(self, question: Question, reader: Reader, table: Table, select: Select) -> pa.RecordBatchReader:
        """Return all rows of a question, or the innermost of its groups as they stand when all are open."""
        grouping, columns = question.groups, self._columns
        if grouping is None or columns is None:
            return super().stream(question, reader, table, select)
        query = group_queries.every(table, grouping, columns, question.order, select(table))
        return reader.kept_batches(query.sql, query.parameters)

    def is_interruptible(self, question: Question) -> bool:
        """Whether a `window` of this question may take long, so that a newer wish had better stop it."""
        if question.groups is None or self._columns is None:
            return super().is_interruptible(question)
        return super().is_interruptible(_rows_question(question, self._columns, None))

    def progress(self) -> float | None:
        """Return how much of what runs is done, from 0 to 1, or None where the engine cannot tell. From any thread."""
        tree = self._tree
        opened = [] if tree is None else list(tree.opened.values())
        return next((done for rows in opened if (done := rows.progress()) is not None), super().progress())

    def close(self) -> None:
        """Stop all that runs and let all kept rows and groups go. From any thread."""
        super().close()
        tree = self._tree
        if tree is not None:
            tree.cancel()
        self._let_tree_go()

    # The groups. The lock is held.

    def _make_groups(self, tree: _Tree, unfiltered: int | None, cancel: Cancel) -> None:
        with self._attempt(tree.reader, cancel):
            table, kept = self._groups_of(tree.reader, tree.columns, tree.question)
        [(tree.groups, tree.rows)] = self._find(tree, group_queries.totals(table), cancel)
        unfiltered = unfiltered if kept is None else kept
        tree.unfiltered = tree.rows if unfiltered is None else unfiltered
        tree.table = table

    def _groups_of(self, reader: Reader, columns: tuple[Column, ...], question: Question) -> tuple[str, int | None]:
        """Return the table that a reader has the groups of a question in, and how many rows were kept for it."""
        relation, grouping = Table.of_relation(columns), question.groups
        assert grouping is not None
        if self.relation.fixed_order:
            query = group_queries.group(relation, question.filters, grouping)
            return reader.keep(query.sql, query.parameters).name, None
        query = queries.keep(relation, ())  # so that the rows of an open group are the ones that were counted
        kept = reader.keep(query.sql, query.parameters)
        query = group_queries.group(Table.of_kept(columns, kept.name), question.filters, grouping)
        reader.arrange(GROUPS, query.sql, query.parameters)
        return GROUPS, kept.rows

    def _place(self, tree: _Tree, cancel: Cancel) -> None:
        tree.is_open = False
        query = group_queries.place(tree.table, tree.grouping, tree.columns, tree.question.order)
        with self._attempt(tree.reader, cancel):
            tree.reader.arrange(PLACED, query.sql, query.parameters)
        tree.is_placed = True

    def _open_groups(self, tree: _Tree, cancel: Cancel) -> None:
        """Find what is open, arrange the rows in it, and let go what is not."""
        wanted = tree.grouping.open
        for path in wanted - tree.numbers.keys():
            found = self._find(tree, group_queries.find(tree.table, tree.grouping, tree.columns, path), cancel)
            tree.numbers[path] = found[0] if found else None
        for path in tree.opened.keys() - wanted:
            tree.opened.pop(path).close()
        open_ = {path: found for path in wanted if (found := tree.numbers[path]) is not None}
        tree.paths = {number: path for path, (number, _) in open_.items()}
        numbers = list(tree.paths)
        places = dict(self._find(tree, group_queries.places(numbers), cancel)) if numbers else {}
        below = self._find(tree, group_queries.children([TOP, *numbers]), cancel)
        tree.starts = {parent: start for parent, start, _ in below}
        counts = {parent: count for parent, _, count in below}

        def branch(number: int | None, path: Path) -> Branch:
            at = TOP if number is None else number
            inner = [branch(n, p) for n, p in tree.paths.items() if p[:-1] == path]
            parent = TOP if len(path) < 2 else tree.numbers[path[:-1]][0]  # type: ignore[index]
            place = 0 if number is None else places[number] - tree.starts[parent]
            children = counts.get(at, 0) if len(path) < len(tree.grouping.keys) else open_[path][1]
            return Branch(number, place, children, tuple(sorted(inner, key=lambda one: one.place)))

        for path in open_:
            if len(path) == len(tree.grouping.keys):
                self._open_rows(tree, path, cancel)
        tree.top = branch(None, ())
        tree.is_open = True

    def _open_rows(self, tree: _Tree, path: Path, cancel: Cancel) -> None:
        rows = tree.opened.get(path)
        if rows is None:
            rows = tree.opened[path] = RelationRows(self.relation, unfiltered=tree.unfiltered)
        question = _rows_question(tree.question, tree.columns, path)
        if not rows.is_interruptible(question):  # its windows come from kept rows, or an order to be made
            rows.settle(question, Span(0, 1, (0,)), cancel)

    def _lines(self, tree: _Tree, span: Span, cancel: Cancel) -> Screen:
        found = (self._run(tree, run, span, cancel) for run in runs(tree.top, span.first, span.count))
        table = pa.concat_tables([_NO_LINES, *found], promote_options="permissive")
        names = [f"c{at}" for at in span.columns]
        cells = pa.table([_column(table, name) for name in names], names=names)
        return Screen(span, cells, None, table.select(_LINES.names).combine_chunks(), numbering=tree.numbering)

    def _run(self, tree: _Tree, run: Run, span: Span, cancel: Cancel) -> pa.Table:
        """Read neighbouring lines."""
        number = run.branch.group
        if run.level == len(tree.grouping.keys):
            assert number is not None
            return self._rows_run(tree, number, Span(run.first, run.count, span.columns), cancel)
        first = tree.starts[TOP if number is None else number] + run.first
        query = group_queries.group_window(
            tree.table, tree.grouping, tree.columns, run.level, Span(first, run.count, span.columns)
        )
        with self._attempt(tree.reader, cancel):
            table = tree.reader.fetch_kept(query.sql, query.parameters)
        states = [_OPEN if group in tree.paths else _CLOSED for group in table.column("group").to_pylist()]
        return table.append_column("level", pa.array([run.level] * run.count, pa.int32())).append_column(
            "state", pa.array(states, pa.int32())
        )

    def _rows_run(self, tree: _Tree, number: int, span: Span, cancel: Cancel) -> pa.Table:
        path = tree.paths[number]
        shown = {"level": [len(path)] * span.count, "state": [_ROW] * span.count, "group": [number] * span.count}
        lines = pa.table(shown, schema=_LINES)
        own = tuple(at for at in span.columns if at < len(tree.columns))
        if not own:
            return lines
        question = _rows_question(tree.question, tree.columns, path)
        cells = tree.opened[path].window(question, replace(span, columns=own), cancel).cells
        for name in reversed(_LINES.names):
            cells = cells.add_column(0, name, lines.column(name))
        return cells

    # Lines by their numbers. The lock is held to find them, and to read groups, but not while rows are read.

    def _by_number(
        self, question: Question, rows: tuple[Rows, ...], select: Select, cancel: Cancel, *, ordered: bool
    ) -> pa.Table:
        grouping = question.groups
        if grouping is None:
            return super()._by_number(question, rows, select, cancel, ordered=ordered)

        def of_rows(table: Table) -> str:
            return select(group_queries.row_lines(table, grouping))

        return self._read_lines(question, rows, of_rows, cancel, select, ordered=ordered)

    def _read_lines(
        self,
        question: Question,
        rows: tuple[Rows, ...],
        of_rows: Select,
        cancel: Cancel,
        of_groups: Select | None,
        *,
        ordered: bool,
    ) -> pa.Table:
        """Read lines: what `of_rows` makes of rows, and `of_groups` of groups, which are left out without it."""
        found: list[pa.Table | Callable[[], pa.Table]] = []
        with self._alone():
            tree = self._tree_of(question)
            for run in (run for stretch in rows for run in runs(tree.top, stretch.first, stretch.count)):
                if run.level == len(tree.grouping.keys):
                    assert run.branch.group is not None
                    path = tree.paths[run.branch.group]
                    inside, opened = _rows_question(question, tree.columns, path), tree.opened[path]
                    stretch = (Rows(run.first, run.count),)
                    if ordered:
                        found.append(partial(opened.selected, inside, stretch, of_rows, cancel))
                    else:
                        part = None if run.count == run.branch.children else stretch
                        found.append(partial(opened.summed_up, inside, part, of_rows, cancel))
                elif of_groups is not None:
                    found.append(self._groups_run(tree, run, of_groups, cancel, ordered=ordered))
        tables = [one() if callable(one) else one for one in found]
        return pa.concat_tables(tables, promote_options="permissive") if tables else pa.table({})

    def _groups_run(self, tree: _Tree, run: Run, select: Select, cancel: Cancel, *, ordered: bool) -> pa.Table:
        first = tree.starts[TOP if run.branch.group is None else run.branch.group] + run.first
        span = Span(first, run.count, ())
        table = group_queries.group_lines(tree.table, tree.grouping, tree.columns, run.level, span)
        query = group_queries.in_place(table, select(table), ordered=ordered)
        with self._attempt(tree.reader, cancel):
            return tree.reader.fetch_kept(query.sql, query.parameters)

    # The lock and the reader.

    def _tree_of(self, question: Question) -> _Tree:
        tree = self._tree
        if tree is None or not tree.is_open or tree.question != question:
            raise Cancelled
        return tree

    def _find(self, tree: _Tree, query: Query, cancel: Cancel) -> list[tuple[Any, ...]]:
        with self._attempt(tree.reader, cancel):
            table = tree.reader.fetch_kept(query.sql, query.parameters)
        return list(zip(*(column.to_pylist() for column in table.columns), strict=True))

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Use the groups alone."""
        try:
            with self._lock:
                if self._closed:
                    raise Cancelled
                yield
        finally:
            if self._closed or (self._tree is not None and self._tree is self._unwanted):
                self._let_tree_go()  # `close` or a question without groups may have come while they were in use

    def _let_tree_go(self) -> None:
        if self._lock.acquire(blocking=False):
            try:
                self._forget_tree()
            finally:
                self._lock.release()

    def _forget_tree(self) -> None:
        tree, self._tree = self._tree, None
        self._unwanted = None
        if tree is not None:
            tree.close()


_NO_LINES = pa.Table.from_batches([], _LINES)  # `empty_table` would import pandas


def _rows_question(question: Question, columns: tuple[Column, ...], path: Path | None) -> Question:
    """Return the question whose answer are the rows of a group; without a path, one that is read in the same way."""
    grouping = question.groups
    assert grouping is not None
    filters = question.filters if path is None else rows_of(grouping, question.filters, path)
    return Question(filters, row_order(grouping, columns, question.order))


def _column(table: pa.Table, name: str) -> pa.ChunkedArray | pa.Array:
    return table.column(name) if name in table.column_names else pa.nulls(table.num_rows)
