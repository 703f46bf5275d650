"""What a reader takes from the rows that are shown: a selection, its measures, copies, a row as a card, files.

Where rows are grouped, the lines on screen are selected, copied and measured as they are seen; a file is of the rows or
of the groups.

All of it is about the view that the page shows. Another view ends the selection and what is made of it; a file that is
being made goes on, because it is of the rows that were seen when it was asked for.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from functools import partial

import pyarrow as pa

from dataapp.engines.relation import Column
from dataapp.views.jobs import Cancel, Handle, Submit, note_failure
from dataapp.views.table.groups.grouping import key_columns, line_columns
from dataapp.views.table.ipc import table_to_ipc
from dataapp.views.table.messages import Card, Copy, Fetch, Measure, Select, Stop, Take, Taken, Value
from dataapp.views.table.relation.queries import Question
from dataapp.views.table.relation.rows import RelationRows
from dataapp.views.table.selection import Rows, Selection
from dataapp.views.table.takes import exports
from dataapp.views.table.takes.downloads import Chunk, Download, file_name

MOST_COPIED = 200_000  # cells
LONGEST_COPY = 16_000_000  # characters
_LONGEST_VALUE = 100_000  # characters of a value on a card
_WIDEST_CARD = 4_000_000  # characters of a card, at most
_AHEAD = 2  # chunks of a file that the page has not yet taken
_MOST_FILES = 8  # at once: each holds a connection to the engine

type Message = dict[str, object]


@dataclass(frozen=True, slots=True)
class Ground:
    """What the page shows.

    Attributes:
        view: Its number.
        rows: What it reads.
        columns: The relation's columns.
        question: Which rows, in which order.
        total: How many rows there are, or None while they are counted.
        lines: How many lines they and their groups take; as many as rows where these are not grouped.
        groups: How many groups the first level has, or None without groups.
        order: Positions of the columns that are seen, in the order in which they are.
        own: Positions of the relation's columns that are seen where rows are not grouped.
    """

    view: int
    rows: RelationRows
    columns: tuple[Column, ...]
    question: Question
    total: int | None
    lines: int | None
    groups: int | None
    order: tuple[int, ...]
    own: tuple[int, ...]

    @property
    def all_columns(self) -> tuple[Column, ...]:
        """The columns of lines: where rows are grouped, with what is made of groups."""
        groups = self.question.groups
        return self.columns if groups is None else line_columns(groups, self.columns)

    @property
    def ungrouped(self) -> Question:
        """The question about the rows alone."""
        order = tuple(key for key in self.question.order if key.column < len(self.columns))
        return replace(self.question, order=order, groups=None)


@dataclass(frozen=True, slots=True)
class Chosen:
    """A selection, and where its rows come from."""

    ground: Ground
    selection: Selection

    def read(self, cancel: Cancel) -> pa.Table:
        """Return the selected cells of rows as they are, under the names of their columns. For a job.

        Raises:
            Cancelled: The page shows something else by now.
        """
        width = len(self.ground.columns)
        positions = [at for at in self.selection.positions(width) if at < width]
        if not positions:  # figures of groups alone
            return pa.table({})
        select = exports.as_typed(positions)
        return self.ground.rows.selected_rows(self.ground.question, self.selection.rows, select, cancel)


class Takes:
    """Answers what the page asks about cells that it shows.

    Args:
        submit: Runs jobs.
        send: Sends a message to every page that is there.
        choose: Is told what is selected, or None when nothing is any more.
        name: What files are called.

    Attributes:
        name: The same.
    """

    def __init__(
        self, submit: Submit, send: Callable[[Message], None], choose: Callable[[Chosen | None], None], name: str
    ) -> None:
        self._submit = submit
        self._send = send
        self._choose = choose
        self.name = name
        self._ground: Ground | None = None
        self._chosen: Chosen | None = None
        self._jobs: dict[str, Handle] = {}  # one of a kind: a newer wish takes the place of an older one
        self._files: dict[int, _File] = {}

    @property
    def chosen(self) -> Chosen | None:
        """What is selected."""
        return self._chosen

    def show(self, ground: Ground | None) -> None:
        """The page shows this from now on."""
        is_same = ground is not None and self._ground is not None and ground.view == self._ground.view
        self._ground = ground
        if not is_same:
            self._stop_jobs()
            self._set(None)
        elif ground is not None and self._chosen is not None:  # with its count, or laid out in another way
            self._set(_fitting(ground, self._chosen.selection))

    def close(self) -> None:
        """Stop all work."""
        self._ground = self._chosen = None
        self._stop_jobs()
        for file in list(self._files.values()):
            file.stop()
        self._files.clear()

    def receive(self, message: Take) -> None:
        """Do what a page asks. What is about another view is late, and ignored."""
        if isinstance(message, Taken):
            if message.ticket in self._files:
                self._files[message.ticket].taken()
            return
        if isinstance(message, Stop):
            if message.ticket in self._files:
                self._files.pop(message.ticket).stop()
            return
        ground = self._ground
        if ground is None or message.view != ground.view:
            return
        if isinstance(message, Fetch):
            self._fetch(ground, message)
            return
        match message:
            case Select():
                self._stop("measure")
                self._set(None if message.selection is None else _fitting(ground, message.selection))
            case Measure():
                self._measure(ground, message)
            case Copy():
                self._copy(ground, message)
            case Card():
                self._show_card(ground, message)
            case Value():
                self._show_value(ground, message)

    def _set(self, chosen: Chosen | None) -> None:
        old, self._chosen = self._chosen, chosen
        if (old and (old.ground.view, old.selection)) != (chosen and (chosen.ground.view, chosen.selection)):
            self._choose(chosen)

    def _stop(self, what: str) -> None:
        handle = self._jobs.pop(what, None)
        if handle is not None:
            handle.cancel()

    def _stop_jobs(self) -> None:
        for what in list(self._jobs):
            self._stop(what)

    def _run[T](self, what: str, ticket: int, job: Callable[[Cancel], T], answer: Callable[[T], Message]) -> None:
        """Run the only job of its kind, and answer the page."""
        self._stop(what)

        def done(result: T) -> None:
            self._jobs.pop(what, None)
            self._send({**answer(result), "ticket": ticket})

        def failed(error: Exception) -> None:
            self._jobs.pop(what, None)
            note_failure(what, error)
            self._refuse(what, ticket)

        self._jobs[what] = self._submit(job, done, failed)

    def _refuse(self, what: str, ticket: int) -> None:
        self._send({"type": "refused", "what": what, "ticket": ticket})

    def _measure(self, ground: Ground, message: Measure) -> None:
        chosen = self._chosen
        if chosen is None or ground.lines is None:
            return
        selection, columns = chosen.selection, ground.all_columns
        positions = ground.order if selection.columns is None else selection.columns
        numbers = [(at, columns[at]) for at in positions if exports.is_number(columns[at])]
        rows = None if selection.count == ground.lines else selection.rows

        def measure(cancel: Cancel) -> exports.Measures:
            if not numbers:
                return exports.Measures()
            select = exports.as_measures([at for at, _ in numbers])
            return exports.measures_of(ground.rows.summed_up(ground.question, rows, select, cancel), numbers)

        self._run("measure", message.ticket, measure, lambda found: {"type": "measured", **asdict(found)})

    def _copy(self, ground: Ground, message: Copy) -> None:
        chosen = self._chosen
        if chosen is None or ground.lines is None:
            return
        selection = chosen.selection
        positions = ground.order if selection.columns is None else selection.columns
        if selection.count * len(positions) > MOST_COPIED:
            self._send({"type": "copied", "ticket": message.ticket, "text": None})
            return
        columns = [ground.all_columns[at] for at in positions]

        def copy(cancel: Cancel) -> str | None:
            guarded = message.kind in {"tsv", "named_tsv", "csv"}
            select = exports.as_text(positions, guarded=guarded)
            if message.kind == "json":
                select = exports.as_typed(positions)
            cells = ground.rows.selected(ground.question, selection.rows, select, cancel)
            if cells.nbytes > LONGEST_COPY:
                return None
            return exports.to_copy(cells, columns, message.kind)

        self._run("copy", message.ticket, copy, lambda text: {"type": "copied", "text": text})

    def _show_card(self, ground: Ground, message: Card) -> None:
        longest = max(1, min(_LONGEST_VALUE, _WIDEST_CARD // len(ground.columns)))
        line, select = (Rows(message.row, 1),), exports.as_card(longest)

        def read(cancel: Cancel) -> tuple[pa.Table, bool]:
            cells = ground.rows.selected_rows(ground.question, line, select, cancel)
            if ground.question.groups is None or cells.num_rows:
                return cells, False
            return ground.rows.selected(ground.question, line, select, cancel), True

        def answer(found: tuple[pa.Table, bool]) -> Message:
            cells, is_group = found
            told = {"read": cells.num_rows, "group": is_group, "longest": longest, "cells": table_to_ipc(cells)}
            return {"type": "card", "row": message.row, **told}

        self._run("card", message.ticket, read, answer)

    def _show_value(self, ground: Ground, message: Value) -> None:
        if message.column >= len(ground.all_columns):
            return
        select = exports.as_value(message.column, _LONGEST_VALUE)

        def read(cancel: Cancel) -> pa.Table:
            return ground.rows.selected(ground.question, (Rows(message.row, 1),), select, cancel)

        def answer(cells: pa.Table) -> Message:
            text: str | None = cells.column(0)[0].as_py() if cells.num_rows else None
            whole = text or ""
            shown = None if text is None else whole[:_LONGEST_VALUE]
            return {"type": "value", "text": shown, "cut": len(whole) > _LONGEST_VALUE}

        self._run("value", message.ticket, read, answer)

    def _fetch(self, ground: Ground, message: Fetch) -> None:
        if message.ticket in self._files:
            return
        if len(self._files) >= _MOST_FILES:
            self._refuse("download", message.ticket)
            return
        question, positions, total, name = ground.ungrouped, ground.own, ground.total, self.name
        groups = ground.question.groups
        if groups is not None and message.of == "groups":
            keys = key_columns(groups, ground.columns)
            made = (len(keys) + at - len(ground.columns) for at in ground.order if at >= len(ground.columns))
            question, positions = ground.question, (*range(len(keys)), *made)
            total = ground.groups if len(keys) == 1 else None  # of the innermost, nobody has counted more
            name = f"{name} by {', '.join(key.name for key in keys)}"
        download = Download(ground.rows, question, positions, message.kind)
        ended = partial(self._files.pop, message.ticket, None)
        told = {"ticket": message.ticket, "name": file_name(name, message.kind), "total": total, "of": message.of}
        file = self._files[message.ticket] = _File(self._submit, partial(self._tell, told), download, ended)
        file.start()

    def _tell(self, told: Message, message: Message) -> None:
        self._send({**message, **told})


class _File:
    """A file on its way to the page, never far ahead of what the page has taken."""

    def __init__(
        self, submit: Submit, send: Callable[[Message], None], download: Download, ended: Callable[[], object]
    ) -> None:
        self._submit = submit
        self._send = send
        self._download = download
        self._ended = ended
        self._under_way = 0
        self._handle: Handle | None = None

    def start(self) -> None:
        self._handle = self._submit(self._download.step, self._made, self._failed)

    def taken(self) -> None:
        """The page has taken one more chunk."""
        self._under_way = max(0, self._under_way - 1)
        if self._handle is None:
            self.start()

    def stop(self) -> None:
        if self._handle is not None:
            self._handle.cancel()
        self._download.stop()

    def _made(self, chunk: Chunk) -> None:
        self._handle = None
        self._under_way += 1
        self._send({"type": "chunk", "rows": chunk.rows, "last": chunk.is_last, "bytes": chunk.data})
        if chunk.is_last:
            self._ended()
        elif self._under_way < _AHEAD:
            self.start()

    def _failed(self, error: Exception) -> None:
        self._handle = None
        self._ended()
        note_failure("download", error)
        self._send({"type": "refused", "what": "download"})


def _fitting(ground: Ground, selection: Selection) -> Chosen | None:
    """Return what of a selection there is."""
    if any(at >= len(ground.all_columns) for at in selection.columns or ()):
        return None
    within = selection if ground.lines is None else selection.within(ground.lines)
    return Chosen(ground, within) if within.rows else None
