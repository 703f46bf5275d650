"""The explorer's state on the document's thread: what is asked, what the page shows, which jobs run.

Every question (a relation, filters, an order) has a number, its *view*. The page shows one view at a time and swaps to
the next one in a single message that brings columns, rows and state together; until then it keeps the old one, marked
stale. Messages that name another view than the one shown are late, and ignored.

It is long because all of this is one state: whatever is asked may supersede what runs, and what has come decides what
the page is told. The work itself, and what each job is about, are in modules of their own.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Literal

from dataapp.cells.formats import Format
from dataapp.engines.relation import Column, Relation
from dataapp.errors import Cancelled
from dataapp.views.jobs import Cancel, Handle, Submit
from dataapp.views.table.arrangement import Arrangement
from dataapp.views.table.columns import header_of
from dataapp.views.table.formats import formats_by_column, layout_of
from dataapp.views.table.groups.grouping import Grouping, Path, group_headers
from dataapp.views.table.groups.rows import GroupedRows
from dataapp.views.table.ipc import table_to_ipc
from dataapp.views.table.layout import Layout
from dataapp.views.table.lookups import Lookups
from dataapp.views.table.messages import (
    TAKES,
    Arrange,
    Ask,
    Clear,
    Filter,
    Find,
    Group,
    ListValues,
    Near,
    Profile,
    Ready,
    ShowSql,
    Sort,
    Summarize,
    Toggle,
    Want,
    read_message,
)
from dataapp.views.table.relation.queries import BLOCK, CHUNK, Question, SortKey, Span
from dataapp.views.table.relation.rows import Screen, Totals
from dataapp.views.table.relation.samples import Samples
from dataapp.views.table.scaling import Scaled, Scaler
from dataapp.views.table.shown_sql import Origin
from dataapp.views.table.start import Viewing
from dataapp.views.table.summaries.header_jobs import About, Summarizer
from dataapp.views.table.summaries.profile_jobs import Profiler
from dataapp.views.table.takes.takes import Chosen, Ground, Takes

type Status = Literal["empty", "running", "fresh", "failed"]


@dataclass(frozen=True, slots=True)
class State:
    """What the explorer tells the card around it."""

    status: Status = "empty"
    error: Exception | None = None
    rows: int | None = None


@dataclass(frozen=True, slots=True)
class Shown:
    """What the page shows: a view's question and the columns that it is about."""

    view: int
    rows: GroupedRows
    columns: tuple[Column, ...]
    arrangement: Arrangement
    question: Question
    faults: dict[int, str]
    totals: Totals | None
    formats: dict[int, Format] = field(default_factory=dict[int, Format])
    numbering: object = None  # what the numbers of its groups are of

    @property
    def width(self) -> int:
        """How many columns there are, with those that groups have of their own."""
        groups = self.arrangement.groups
        return len(self.columns) + (0 if groups is None else len(group_headers(groups, self.columns)))


class Controller:
    """Turns relations and the reader's wishes into jobs, and their results into messages for the page.

    Args:
        submit: Runs jobs.
        send: Sends a message to every page that is there.
        report: Takes what the card is to know.
        open_with: Takes the message that a page starts with which is not there yet, or None. It saves that page the way
            to the server and back.
        choose: Takes what is selected, or None when nothing is any more.
        name: What files that a reader downloads are called.
        origin: What the relation is called, in SQL for the reader.
        formats: How columns look, by their names.
        columns: Names of those that are shown at first, in their order; none are all.

    Attributes:
        viewing: Where what the reader sets is kept beyond this table, or None.
    """

    def __init__(
        self,
        submit: Submit,
        send: Callable[[dict[str, object]], None],
        report: Callable[[State], None],
        open_with: Callable[[dict[str, object] | None], None],
        choose: Callable[[Chosen | None], None] = lambda _: None,
        name: str = "table",
        origin: Origin | None = None,
        formats: Mapping[str, Format] = MappingProxyType({}),
        columns: Sequence[str] = (),
    ) -> None:
        self._submit = submit
        self._send = send
        self._report = report
        self._open_with = open_with
        self._is_there = False  # a page has said so
        self._rows: GroupedRows | None = None
        self._view = 0
        self._same_rows_since = 0  # the first view of the relation that is shown
        self._same_columns_since = 0  # the first view of its columns
        self._same_groups_since = 0  # the first view in which its groups have these numbers
        self._shown: Shown | None = None
        self._screen: Screen | None = None  # what the page was given to show it
        self._looked_at = Span(0, 2 * BLOCK, ())  # of no columns until they are known
        self._closed_at: int | None = None  # the line of the group that the reader closes
        self._toggling: tuple[object, int] | None = None  # the group to open or close, whose path is looked for
        self._put_off: list[tuple[object, int]] = []  # those that are next, once what was asked before is there
        self._missing: Span | None = None  # asked for by the page, not yet by a job
        self._seen: Span | None = None  # those of the missing cells that the reader waits for
        self._asking: Handle | None = None
        self._reading: Handle | None = None
        self._foreseeing: tuple[Arrangement, Handle] | None = None  # what looks for rows that may be asked for next
        self._failed = False
        self._samples: Samples | None = None  # of the relation that is shown
        self._summaries = Summarizer(submit, send)
        self._profile = Profiler(submit, send)
        self._takes = Takes(submit, send, choose, name)
        self.viewing: Viewing | None = None
        self._lookups = Lookups(submit, send, origin or Origin())
        self._scales = Scaler(submit, send)
        self._formats = formats
        self._first_columns = columns

    @property
    def chosen(self) -> Chosen | None:
        """What is selected on the page, and where its rows come from."""
        return self._takes.chosen

    def rename(self, name: str, origin: Origin) -> None:
        """Call what is shown from now on otherwise; see the arguments of these names."""
        self._takes.name = name
        self._lookups.origin = origin

    def show(self, relation: Relation | None) -> None:
        """Replace what is shown; an equal relation changes nothing, unless reading it failed."""
        if relation is None:
            self._clear()
            return
        if self._rows is not None and self._rows.relation.key == relation.key and not self._failed:
            return
        self._let_rows_go()
        self._rows = GroupedRows(relation)
        self._ask(self._rows, None, keep_place=True)

    def follow(self) -> None:
        """Show what was set in another table that shows the same explorer."""
        if self._rows is None or self.viewing is None:
            return
        shown = self._shown
        if shown is None or shown.rows is not self._rows:  # it was about to show what was set before
            self._ask(self._rows, None, keep_place=True)
        elif (arrangement := self.viewing.arrangement(shown.columns)) != shown.arrangement:
            self._ask(shown.rows, arrangement, keep_place=False)

    def tell(self) -> None:
        """Let everybody who follows the explorer's view know what is set; equal views are no news."""
        if self.viewing is not None and self._shown is not None:
            self.viewing.tell(self._shown.arrangement, self._shown.columns)

    def receive(self, data: object) -> None:
        """Take a message of the page. What is malformed or late is ignored.

        A wish to sort or filter is not late while the relation is the same: the answer to the one before it may have
        been under way when it was made. One about the layout is not late while the columns are the same.
        """
        message, shown = read_message(data), self._shown
        if isinstance(message, Ready):
            self._start(message)
        elif isinstance(message, Ask):
            self._tell_progress()
        elif isinstance(message, TAKES):
            self._takes.receive(message)
        elif message is None or shown is None:
            return
        elif isinstance(message, Arrange):
            if self._same_columns_since <= message.view <= shown.view and message.layout.fits(shown.width):
                self._lay_out(shown, message.layout.tidied(len(shown.columns)))
        elif shown.rows is not self._rows:
            return
        elif isinstance(message, Want) and message.view == shown.view:
            self._want(shown, message)
        elif isinstance(message, Summarize):
            if message.view == shown.view and self._reading is None:
                self._summaries.want(message.columns)
        elif isinstance(message, Want) or not self._same_rows_since <= message.view <= shown.view:
            return
        elif isinstance(message, Profile):
            self._profile.open(message.column)
        elif isinstance(message, Sort) and all(key.column < shown.width for key in message.order):
            self._ask(shown.rows, replace(shown.arrangement, order=message.order), keep_place=False)
        elif isinstance(message, Near):
            self._near(shown, message)
        elif isinstance(message, Filter) and message.column < len(shown.columns):
            self._filter(shown, shown.arrangement.filtered(message.column, message.text))
        elif isinstance(message, Group) and (message.groups is None or message.groups.fits(shown.columns)):
            self._group(shown, message.groups)
        elif isinstance(message, Toggle):
            if message.view >= self._same_groups_since:
                self._toggle(shown, message.group)
        elif isinstance(message, Find):
            self._filter(shown, replace(shown.arrangement, search=message.text))
        elif isinstance(message, Clear):
            self._filter(shown, shown.arrangement.cleared())
        elif isinstance(message, ShowSql):
            self._lookups.show_sql(shown.rows.relation, shown.columns, shown.question)
        elif isinstance(message, ListValues):
            self._list_values(shown, message)

    def close(self) -> None:
        """Stop all jobs and let all kept rows go."""
        self._takes.close()
        self._let_rows_go()
        self._rows = self._shown = self._screen = None
        self._describe(None)

    def _clear(self) -> None:
        self._let_rows_go()
        self._rows = self._shown = self._screen = None
        self._describe(None)
        self._takes.show(None)
        if not self._is_there:
            self._open_with(None)
        self._send({"type": "clear"})
        self._report(State())

    def _describe(self, shown: Shown | None) -> None:
        """Let pictures and the profile be about what is shown."""
        old = self._samples
        if shown is None or old is None or old.relation is not shown.rows.relation:
            self._samples = None if shown is None else Samples(shown.rows.relation)
        about = None if shown is None else self._about(shown)
        self._summaries.show(about)
        self._profile.show(about)
        if old is not None and old is not self._samples:
            old.close()

    def _about(self, shown: Shown) -> About | None:
        samples = self._samples
        if samples is None:
            return None
        total = None if shown.totals is None else shown.totals.unfiltered
        return About(shown.view, shown.rows.relation, samples, shown.columns, shown.question.filters, total)

    def _let_rows_go_first(self) -> None:
        self._summaries.rest()
        self._profile.rest()

    def _let_rows_go(self) -> None:
        self._scales.show(None)
        self._stop_foreseeing()
        self._stop_jobs()
        self._put_off.clear()
        self._lookups.stop()
        if self._rows is not None:
            self._rows.close()

    def _stop_jobs(self) -> None:
        for handle in (self._asking, self._reading):
            if handle is not None:
                handle.cancel()
        if self._toggling is not None:
            self._put_off.insert(0, self._toggling)
        self._asking = self._reading = self._missing = self._seen = self._toggling = None
        self._let_rows_go_first()

    def _start(self, page: Ready) -> None:
        """Serve a page that has nothing but what it was opened with: what was sent before it was there is lost."""
        self._is_there = True
        self._open_with(None)
        shown = self._shown
        if shown is not None and self._screen is not None:
            if (page.view, page.is_counted) != (shown.view, shown.totals is not None):
                self._send(self._message(shown, self._screen, keep_place=True))
            self._scales.tell()
        elif page.view is not None:
            self._send({"type": "clear"})
        if self._failed:
            self._send({"type": "failed"})
        elif self._asking is not None:
            self._send({"type": "stale"})

    def _tell_progress(self) -> None:
        """Answer a page that waits. It asks again until nothing runs, so what is quick costs no message."""
        is_busy = self._asking is not None or self._reading is not None
        done = self._rows.progress() if is_busy and self._rows is not None else None
        profiled = self._profile.progress()
        others = {} if profiled is None else {"profile": profiled}
        self._send({"type": "progress", "busy": is_busy, "done": done, **others})

    def _filter(self, shown: Shown, arrangement: Arrangement) -> None:
        question, faults = arrangement.question(shown.columns)
        is_settled = self._asking is None and not self._failed
        if question == shown.question and is_settled:  # something is typed that asks for nothing else
            self._shown = replace(shown, arrangement=arrangement, faults=faults)
            self._send({"type": "faults", "view": shown.view, **_texts_to_message(arrangement, faults)})
        else:
            self._ask(shown.rows, arrangement, keep_place=False)

    def _group(self, shown: Shown, groups: Grouping | None) -> None:
        old = shown.arrangement.groups
        if groups is not None and old is not None and groups.keys == old.keys:  # other aggregates of the same groups
            groups = replace(groups, open=old.open)
        self._ask(shown.rows, shown.arrangement.grouped(groups, shown.columns), keep_place=False)

    def _toggle(self, shown: Shown, group: int) -> None:
        """Open or close a group, once it is known which one it is."""
        question = shown.question

        def toggle(found: tuple[Path, int | None]) -> None:
            self._asking = self._toggling = None
            groups, (path, line) = question.groups, found
            if groups is None:
                return
            self._closed_at = line  # the reader may have closed it from far below
            if line is not None and line < self._looked_at.first:
                self._looked_at = replace(self._looked_at, first=line // BLOCK * BLOCK)
            self._ask(shown.rows, replace(shown.arrangement, groups=groups.toggled(path)), keep_place=True)

        if self._asking is not None:
            self._put_off.append((shown.numbering, group))
        elif not self._failed:
            self._toggling = shown.numbering, group
            self._asking = self._submit(lambda cancel: shown.rows.path(question, group, cancel), toggle, self._unasked)

    def _toggle_late(self, shown: Shown) -> None:
        """Open or close what was pressed while these lines were on their way, if their groups have the same numbers."""
        late, self._put_off = self._put_off, []
        for numbering, group in late:
            if numbering is shown.numbering:
                self._toggle(shown, group)

    def _lay_out(self, shown: Shown, layout: Layout) -> None:
        """Take another layout. No rows have to be read for it but those that the page then asks for."""
        self._shown = replace(shown, arrangement=replace(shown.arrangement, layout=layout))
        self._takes.show(_ground_of(self._shown))
        self._send({"type": "layout", "view": shown.view, "layout": _layout_to_json(layout)})

    def _list_values(self, shown: Shown, wish: ListValues) -> None:
        if wish.column is None:
            self._lookups.stop()
        elif wish.column < len(shown.columns):
            question, _ = shown.arrangement.question(shown.columns)  # which may not be answered yet
            about = self._about(shown)
            if about is not None:
                self._lookups.list_values(about, question, wish.column, wish.search)

    def _ask(self, rows: GroupedRows, arrangement: Arrangement | None, *, keep_place: bool) -> None:
        """Start a view. Without an arrangement, what applies of the last one is carried over to the new columns."""
        self._stop_foreseeing(but_for=arrangement)
        self._stop_jobs()
        self._view += 1
        self._failed = False
        view, last, span = self._view, self._shown, self._looked_at
        if last is not None and arrangement is not None:  # more wishes may come before this one is answered
            self._shown = replace(last, arrangement=arrangement)

        def begin(cancel: Cancel) -> tuple[Shown, Screen, bool]:
            columns = rows.columns(cancel)
            is_same = last is not None and last.columns == columns
            wanted = arrangement
            if wanted is None:
                wanted = self._first(columns) if last is None else last.arrangement.carried_over(last.columns, columns)
            needed = _columns_to_read(wanted, columns, span.columns if is_same else ())
            there = Span(span.first if is_same and keep_place else 0, span.count, needed)
            question, faults = wanted.question(columns)
            formats = formats_by_column(self._formats, columns)
            screen = rows.begin(question, there, cancel)
            shown = Shown(view, rows, columns, wanted, question, faults, screen.totals, formats, screen.numbering)
            return shown, screen, is_same and keep_place

        def begun(result: tuple[Shown, Screen, bool]) -> None:
            shown, screen, is_in_place = result
            self._swap(shown, screen, keep_place=is_in_place)
            self.tell()
            if screen.has_more:
                self._read_on(shown, screen.span)
            elif screen.totals is None:
                self._settle(shown)

        self._asking = self._submit(begin, begun, self._unasked)  # first of all: telling takes some milliseconds
        self._report(State("running"))
        self._send({"type": "stale", "view": view})

    def _near(self, shown: Shown, wish: Near) -> None:
        """Look for the first rows of the order that may be asked for next.

        What is pressed lets pictures and the profile wait: the sort would stop them.
        """
        if shown.view != self._view:  # something has been asked for, which may wait for what is looked for
            return
        arrangement = None if wish.order is None else replace(shown.arrangement, order=wish.order)
        is_shown = wish.view == shown.view and not self._failed
        if wish.is_pressed and is_shown:
            self._summaries.pause()
            self._profile.rest()
        if self._foreseeing is None or self._foreseeing[0] != arrangement:
            self._stop_foreseeing()
            if arrangement is not None and is_shown and arrangement.groups is None:
                self._foresee(shown, arrangement)
        if self._foreseeing is None:
            self._go_on()

    def _foresee(self, shown: Shown, arrangement: Arrangement) -> None:
        """Let the page have the first rows of an order before they are asked for.

        It may run beside what puts all rows in the order that is shown, and goes on when they are asked for: whoever
        then asks the engine the same waits for this answer.
        """
        if any(key.column >= shown.width for key in arrangement.order):
            return
        question, faults = arrangement.question(shown.columns)
        columns = _columns_to_read(arrangement, shown.columns, self._looked_at.columns)
        span = Span(0, self._looked_at.count, columns)

        def foreseen(screen: Screen | None) -> None:
            self._foreseeing = None
            self._go_on()
            now = self._shown
            if screen is None or now is None or self._view != shown.view:
                return
            if (now.view, now.arrangement) != (shown.view, shown.arrangement):  # counted by now, it is the same
                return
            view = replace(shown, view=self._view + 1, arrangement=arrangement, question=question, faults=faults)
            view = replace(view, totals=screen.totals, numbering=screen.numbering)
            message = self._message(view, screen, keep_place=False) | {"line": None}
            order = [_key_to_json(key) for key in arrangement.order]
            self._send({"type": "foreseen", "view": shown.view, "order": order, "message": message})

        def failed(_: Exception) -> None:  # which is said when the rows are asked for
            self._foreseeing = None
            self._go_on()

        handle = self._submit(lambda cancel: shown.rows.foresee(question, span, cancel), foreseen, failed)
        self._foreseeing = arrangement, handle

    def _stop_foreseeing(self, but_for: Arrangement | None = None) -> None:
        if self._foreseeing is not None and self._foreseeing[0] != but_for:
            self._foreseeing[1].cancel()
            self._foreseeing = None

    def _go_on(self) -> None:
        """Take up what had to wait, unless rows are read, or others have been asked for."""
        if self._reading is None and self._shown is not None and self._shown.view == self._view:
            self._summaries.go_on()
            self._profile.go_on()

    def _first(self, columns: tuple[Column, ...]) -> Arrangement:
        names = self._first_columns
        first = Arrangement() if self.viewing is None else self.viewing.arrangement(columns)
        return replace(first, layout=layout_of(names, columns)) if names and first.layout == Layout() else first

    def _read_on(self, shown: Shown, span: Span) -> None:
        """Show all of a first window that has come in part."""

        def read(screen: Screen) -> None:
            self._swap(shown, screen, keep_place=True)
            self._settle(shown)

        self._asking = self._submit(
            lambda cancel: shown.rows.begin_whole(shown.question, span, cancel), read, self._unasked
        )

    def _settle(self, shown: Shown) -> None:
        span = self._looked_at

        def settled(screen: Screen) -> None:
            self._asking = None
            self._swap(replace(shown, totals=screen.totals, numbering=screen.numbering), screen, keep_place=True)

        self._asking = self._submit(
            lambda cancel: shown.rows.settle(shown.question, span, cancel), settled, self._unasked
        )

    def _swap(self, shown: Shown, screen: Screen, *, keep_place: bool) -> None:
        """Let the page show a view, or show it with its totals."""
        if self._shown is None or self._shown.rows is not shown.rows:
            self._same_rows_since = shown.view
        if self._shown is None or self._shown.columns != shown.columns:
            self._same_columns_since = shown.view
        if self._shown is None or self._shown.numbering is not shown.numbering:
            self._same_groups_since = shown.view
        if self._shown is not None:  # the reader may have laid columns out while the rows were on their way
            layout = self._shown.arrangement.layout.carried_over(self._shown.columns, shown.columns)
            shown = replace(shown, arrangement=replace(shown.arrangement, layout=layout))
        self._shown, self._screen, self._looked_at = shown, screen, screen.span
        line, self._closed_at = self._closed_at, None
        message = self._message(shown, screen, keep_place=keep_place) | {"line": line}
        if not self._is_there:
            self._open_with(message)
        self._send(message)
        self._describe(shown)
        self._takes.show(_ground_of(shown))
        if shown.totals is not None:
            self._asking = None
            self._report(State("fresh", rows=shown.totals.rows))
            self._read_missing(shown)
            self._scales.show(_scaled_of(shown))
            if self._reading is None:
                displayed = shown.arrangement.displayed(len(shown.columns))  # with what is made of groups
                self._summaries.prepare(tuple(at for at in displayed if at < len(shown.columns))[:CHUNK])
            self._toggle_late(shown)

    def _message(self, shown: Shown, screen: Screen, *, keep_place: bool) -> dict[str, object]:
        return {**_view_to_message(shown, screen, keep_place=keep_place), "extents": self._scales.known(shown.columns)}

    def _want(self, shown: Shown, wish: Want) -> None:
        self._looked_at = self._missing = wish.span
        self._seen = wish.seen
        self._let_rows_go_first()
        if self._reading is not None:
            if not shown.rows.is_interruptible(shown.question):
                return  # a matter of milliseconds; the latest wish is read next
            self._reading.cancel()
            self._reading = None
        self._read_missing(shown)

    def _read_missing(self, shown: Shown) -> None:
        """Read what the page lacks, unless the rows that it would come from are still being arranged."""
        span = self._missing
        is_possible = shown.totals is not None or shown.rows.is_interruptible(shown.question)
        if span is None or not is_possible or max(span.columns) >= shown.width:
            return
        seen, self._seen = self._seen, None
        if seen is not None and seen.count < span.count and shown.rows.is_scattered(shown.question):
            self._read_seen(shown, seen)
            return
        self._missing = None

        def read(screen: Screen) -> None:
            self._reading = None
            self._send({"type": "cells", "view": shown.view, **_screen_to_message(screen)})
            if self._shown is not None:
                self._read_missing(self._shown)
            if self._reading is None:
                self._profile.go_on()

        self._reading = self._submit(lambda cancel: shown.rows.window(shown.question, span, cancel), read, self._unread)

    def _read_seen(self, shown: Shown, seen: Span) -> None:
        """Read what the reader waits for before all that the page lacks."""

        def read(screen: Screen) -> None:
            self._reading = None
            if screen.span == seen:  # none of it lies below the last row
                self._send({"type": "seen", "view": shown.view, **_screen_to_message(screen)})
            if self._shown is not None:
                self._read_missing(self._shown)

        self._reading = self._submit(lambda cancel: shown.rows.window(shown.question, seen, cancel), read, self._unread)

    def _unread(self, error: Exception) -> None:
        self._reading = None
        self._fail(error)

    def _unasked(self, error: Exception) -> None:
        self._asking = self._toggling = None
        self._fail(error)

    def _fail(self, error: Exception) -> None:
        if isinstance(error, Cancelled):  # what is newer than the job that gave up is under way
            return
        self._stop_jobs()
        self._put_off.clear()
        self._failed = True
        self._send({"type": "failed"})
        self._report(State("failed", error=error))


def _ground_of(shown: Shown) -> Ground:
    totals, width = shown.totals, len(shown.columns)
    total, lines, groups = (None, None, None) if totals is None else (totals.rows, totals.lines, totals.groups)
    order, own = shown.arrangement.displayed(width), shown.arrangement.layout.displayed(width)
    return Ground(shown.view, shown.rows, shown.columns, shown.question, total, lines, groups, order, own)


def _scaled_of(shown: Shown) -> Scaled:
    ats = tuple(at for at, format_ in shown.formats.items() if format_.scale is not None)
    return Scaled(shown.rows.relation, shown.columns, shown.question.filters, ats)


def _header_of(shown: Shown, at: int) -> dict[str, object]:
    header, format_ = header_of(shown.columns[at]), shown.formats.get(at)
    return header if format_ is None else {**header, "format": format_.to_json()}


def _columns_to_read(
    arrangement: Arrangement, columns: tuple[Column, ...], looked_at: Sequence[int]
) -> tuple[int, ...]:
    """Return the columns of a view's first window: those that were looked at, else the first on screen."""
    displayed = arrangement.displayed(len(columns))
    there = tuple(at for at in looked_at if at in displayed)
    if there and arrangement.groups is None:
        return there
    return tuple(dict.fromkeys((*there, *displayed[:CHUNK])))  # others come on screen when rows are grouped, or opened


def _view_to_message(shown: Shown, screen: Screen, *, keep_place: bool) -> dict[str, object]:
    return {
        "type": "view",
        "view": shown.view,
        "columns": [_header_of(shown, at) for at in range(len(shown.columns))],
        "order": [_key_to_json(key) for key in shown.arrangement.order],
        **_texts_to_message(shown.arrangement, shown.faults),
        "groups": _groups_to_json(shown),
        "layout": _layout_to_json(shown.arrangement.layout),
        "keep_place": keep_place,
        **_screen_to_message(screen),
    }


def _texts_to_message(arrangement: Arrangement, faults: dict[int, str]) -> dict[str, object]:
    return {
        "filters": _by_text(dict(arrangement.texts)),
        "search": arrangement.search,
        "faults": _by_text(faults),
    }


def _screen_to_message(screen: Screen) -> dict[str, object]:
    return {
        "first": screen.span.first,
        "positions": list(screen.span.columns),
        "read": screen.cells.num_rows,
        "rows": None if screen.totals is None else screen.totals.lines,
        "unfiltered": None if screen.totals is None else screen.totals.unfiltered,
        "cells": table_to_ipc(screen.cells),
        "lines": None if screen.lines is None else table_to_ipc(screen.lines),
    }


def _groups_to_json(shown: Shown) -> dict[str, object] | None:
    groups, totals = shown.arrangement.groups, shown.totals
    if groups is None or totals is None:
        return None
    return {
        "keys": [[key.column, key.part] for key in groups.keys],
        "aggregates": [[one.column, one.function] for one in groups.aggregates],
        "columns": group_headers(groups, shown.columns),
        "count": totals.groups,
        "rows": totals.rows,
        "open": len(groups.open) > 0,
    }


def _key_to_json(key: SortKey) -> dict[str, object]:
    return {"column": key.column, "descending": key.descending}


def _layout_to_json(layout: Layout) -> dict[str, object]:
    return {
        "order": list(layout.order),
        "hidden": sorted(layout.hidden),
        "pinned": sorted(layout.pinned),
        "widths": [list(pair) for pair in layout.widths.items()],
    }


def _by_text(texts: dict[int, str]) -> dict[str, str]:
    return {str(at): text for at, text in texts.items()}  # keys of JSON objects are text
