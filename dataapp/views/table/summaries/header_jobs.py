"""Which header pictures the page is sent, and when. On the document's thread; the work is done by jobs, one at a time.

Of a large relation, pictures come from a sample first. Those of all rows follow in batches of columns, then those of
the rows that pass the filters, which share the bins. Rows on screen go first: whatever reads them stops the job that
runs, and the page asks again when it rests.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from dataapp.engines.relation import Column, Relation
from dataapp.errors import Cancelled
from dataapp.views.jobs import Cancel, Handle, Submit, note_failure
from dataapp.views.table.filters.predicates import RowFilter, columns_read
from dataapp.views.table.relation.samples import Samples
from dataapp.views.table.relation.source import open_whole
from dataapp.views.table.summaries.headers import Counts, Measure, count, measure

SMALL = 200_000  # rows that are counted as fast as a sample of them
_AT_ONCE = 8  # columns of one scan: what is stopped must be made again


@dataclass(frozen=True, slots=True)
class Summary:
    """The picture of a column.

    Attributes:
        measure: What is counted.
        whole: In all rows.
        part: In the rows that pass the filters, or None without filters.
        is_estimate: Whether it is made from a sample.
    """

    measure: Measure
    whole: Counts
    part: Counts | None
    is_estimate: bool


@dataclass(frozen=True, slots=True)
class About:
    """What is summarised.

    Attributes:
        view: The view that the page shows.
        relation: What it is of.
        samples: Of it.
        columns: Its columns.
        filters: What rows must pass.
        total: How many rows there are, or None while they are being counted.
    """

    view: int
    relation: Relation
    samples: Samples
    columns: tuple[Column, ...]
    filters: tuple[RowFilter, ...]
    total: int | None

    @property
    def may_be_sampled(self) -> bool:
        """Whether reading some rows takes less than reading all of them."""
        return self.relation.fixed_order if self.total is None else self.total > SMALL

    def summarize(self, ats: tuple[int, ...], cancel: Cancel) -> list[Summary]:
        """Summarise columns, in a job."""
        with open_whole(self.relation, self.columns, cancel) as source:
            measures = measure(source, ats)
            wholes = count(source, measures, ())
            parts = count(source, measures, self.filters) if self.filters else [None] * len(ats)
        return [Summary(*found, is_estimate=False) for found in zip(measures, wholes, parts, strict=True)]

    def filter(self, known: list[Summary], cancel: Cancel) -> list[Summary]:
        """Summarise the rows that pass the filters, in a job."""
        measures = [one.measure for one in known]
        with open_whole(self.relation, self.columns, cancel) as source:
            parts = count(source, measures, self.filters)
        return [Summary(one.measure, one.whole, part, False) for one, part in zip(known, parts, strict=True)]

    def estimate(self, ats: tuple[int, ...], cancel: Cancel) -> list[Summary]:
        """Summarise a sample, in a job."""
        read = tuple(sorted({*ats, *columns_read(self.filters, self.columns)}))
        with self.samples.open(self.columns, read, self.total, cancel) as source:
            measures = measure(source, ats)
            wholes = count(source, measures, ())
            parts = count(source, measures, self.filters) if self.filters else [None] * len(ats)
        return [Summary(*found, is_estimate=True) for found in zip(measures, wholes, parts, strict=True)]


class Summarizer:
    """Sends the page what it asks for.

    Args:
        submit: Runs jobs.
        send: Sends a message to every page that is there.
    """

    def __init__(self, submit: Submit, send: Callable[[dict[str, object]], None]) -> None:
        self._submit = submit
        self._send = send
        self._about: About | None = None
        self._wanted: tuple[int, ...] = ()
        self._known: dict[int, Summary] = {}
        self._is_filtered: set[int] = set()  # those whose part is that of the filters in force
        self._failed: set[int] = set()
        self._fragile: set[int] = set()  # one of them failed: they are tried one by one
        self._running: Handle | None = None

    def show(self, about: About | None) -> None:
        """Take what the page shows now; it asks for what it lacks of it."""
        last, self._about = self._about, about
        if last is None or about is None or last.relation is not about.relation:
            self.rest()
            self._known, self._is_filtered, self._failed, self._fragile = {}, set(), set(), set()
        elif last.filters != about.filters:
            self.rest()
            self._is_filtered = set()
            if not about.filters:
                self._known = {at: replace(one, part=None) for at, one in self._known.items()}
                self._is_filtered = set(self._known)

    def want(self, ats: tuple[int, ...]) -> None:
        """Send what is known of columns, and then what more can be found out."""
        if self._about is None:
            return
        self._wanted = tuple(at for at in ats if at < len(self._about.columns))
        self._tell(self._about, [self._known[at] for at in self._wanted if at in self._is_filtered])
        self.go_on()

    def prepare(self, ats: tuple[int, ...]) -> None:
        """Estimate columns of a large relation that the page is about to ask for. Nothing is sent before it does."""
        about = self._about
        if about is None or about.total is None or not about.may_be_sampled or self._running is not None:
            return
        new = [at for at in ats if at not in self._known and at not in self._failed]
        if new:
            self._estimate(about, new)

    def rest(self) -> None:
        """Stop what runs: rows go first. The page asks again."""
        self._wanted = ()
        self.pause()

    def pause(self) -> None:
        """Stop what runs, until `go_on`."""
        if self._running is not None:
            self._running.cancel()
            self._running = None

    def go_on(self) -> None:
        """Take up what was stopped, or do what is next."""
        about = self._about
        if about is None or self._running is not None:
            return
        wanted = [at for at in self._wanted if at not in self._failed]
        new = [at for at in wanted if at not in self._known]
        rough = [at for at in wanted if at in self._known and self._known[at].is_estimate]
        stale = [at for at in wanted if at in self._known and at not in self._is_filtered and at not in rough]
        if new and about.may_be_sampled:
            self._estimate(about, new)
        elif about.total is not None and stale:
            batch = self._batch(stale, 2 * _AT_ONCE)
            known = [self._known[at] for at in batch]
            self._start(batch, lambda cancel: about.filter(known, cancel))
        elif about.total is not None and (new or rough):
            batch = self._batch(new or rough, _AT_ONCE)
            self._start(batch, lambda cancel: about.summarize(batch, cancel))

    def _estimate(self, about: About, ats: list[int]) -> None:
        batch = self._batch(ats, len(ats))
        self._start(batch, lambda cancel: about.estimate(batch, cancel))

    def _batch(self, ats: list[int], most: int) -> tuple[int, ...]:
        return tuple(ats[:1] if ats[0] in self._fragile else [at for at in ats if at not in self._fragile][:most])

    def _start(self, ats: tuple[int, ...], job: Callable[[Cancel], list[Summary]]) -> None:
        def done(found: list[Summary]) -> None:
            self._running = None
            for one in found:
                self._known[one.measure.at] = one
                self._is_filtered.add(one.measure.at)
            if self._about is not None:
                self._tell(self._about, [one for one in found if one.measure.at in self._wanted])
            self.go_on()

        def failed(error: Exception) -> None:  # what is wrong with the rows, they say themselves
            self._running = None
            note_failure("picture in a header", error)
            if not isinstance(error, Cancelled):
                (self._failed if len(ats) == 1 else self._fragile).update(ats)  # a header without a picture
                self.go_on()

        self._running = self._submit(job, done, failed)

    def _tell(self, about: About, found: list[Summary]) -> None:
        if found:
            columns = [summary_to_message(one, about.columns[one.measure.at]) for one in found]
            self._send({"type": "summaries", "view": about.view, "columns": columns})


def summary_to_message(summary: Summary, column: Column) -> dict[str, object]:
    """Return a picture as the page draws it."""
    measure, whole, part = summary.measure, summary.whole, summary.part
    parts = part.marks if part is not None else [None] * len(whole.marks)
    bins = 0 if measure.axis is None else len(measure.axis.bins)
    marks = [
        {"label": mark.label, "filter": mark.filter, "low": mark.low, "high": mark.high, "count": number, "part": some}
        for at, (mark, number, some) in enumerate(zip(measure.marks(column), whole.marks, parts, strict=True))
        if at < bins or number > 0
    ]
    distinct = measure.distinct
    return {
        "column": measure.at,
        "shape": measure.shape,
        "bins": bins,
        "marks": marks,
        "rows": whole.rows,
        "nulls": whole.nulls,
        "part": None if part is None else {"rows": part.rows, "nulls": part.nulls},
        "distinct": None if distinct is None else distinct.values,
        "is_counted": distinct is not None and distinct.is_exact,
        "is_estimate": summary.is_estimate,
    }
