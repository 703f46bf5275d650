"""The profile that the side panel shows. On the document's thread; the work is done by jobs, one at a time.

Of a large relation, a profile comes from a sample first, and then from all rows. It is made anew when the rows or the
filters change, and given up when the panel closes or turns to another column.
"""

from collections.abc import Callable
from dataclasses import dataclass

from dataapp.engines.relation import Column
from dataapp.views.jobs import Cancel, Handle, Submit, note_failure
from dataapp.views.table.filters.predicates import columns_read
from dataapp.views.table.relation.source import Source, open_whole
from dataapp.views.table.summaries.header_jobs import About, Summary, summary_to_message
from dataapp.views.table.summaries.profiles import STEPS, Figure, Frequent, Profile, profile


@dataclass(slots=True)
class _Work:
    """How far a job is; it is written by the job's thread."""

    steps: int = 0
    source: Source | None = None

    def step(self) -> None:
        self.steps += 1

    def progress(self) -> float:
        told = self.source.progress() if self.source is not None else None
        return min(1.0, (max(self.steps - 1, 0) + (told or 0.0)) / STEPS)


class Profiler:
    """Sends the page the profile of a column.

    Args:
        submit: Runs jobs.
        send: Sends a message to every page that is there.
    """

    def __init__(self, submit: Submit, send: Callable[[dict[str, object]], None]) -> None:
        self._submit = submit
        self._send = send
        self._about: About | None = None
        self._column: int | None = None
        self._stage = 0  # of this column: 1 is estimated, 2 is exact
        self._running: Handle | None = None
        self._work = _Work()

    def show(self, about: About | None) -> None:
        """Take what the page shows now."""
        last, self._about = self._about, about
        if about is None or last is None or last.columns != about.columns:
            self.open(None)
        elif last.relation is not about.relation or last.filters != about.filters:
            if self._column is not None:
                self._send({"type": "profile", "column": self._column, "stale": True})
            self.open(self._column)
        else:
            self.go_on()

    def open(self, column: int | None) -> None:
        """Profile a column, or give up."""
        self.rest()
        is_there = self._about is not None and column is not None and column < len(self._about.columns)
        self._column, self._stage = column if is_there else None, 0
        self.go_on()

    def rest(self) -> None:
        """Stop what runs: rows go first."""
        if self._running is not None:
            self._running.cancel()
            self._running = None

    def progress(self) -> float | None:
        """Return how much of what runs is done, from 0 to 1, or None if nothing runs."""
        return None if self._running is None else self._work.progress()

    def go_on(self) -> None:
        """Take up what was stopped, or do what is next."""
        about, column = self._about, self._column
        if about is None or column is None or self._running is not None:
            return
        work = self._work = _Work()
        if self._stage == 0 and about.may_be_sampled:

            def estimate(cancel: Cancel) -> Profile:
                read = tuple(sorted({column, *columns_read(about.filters, about.columns)}))
                with about.samples.open(about.columns, read, about.total, cancel) as source:
                    return profile(source, column, about.filters, lambda: None)

            self._start(about, column, 1, estimate)
        elif self._stage < 2 and about.total is not None:

            def settle(cancel: Cancel) -> Profile:
                with open_whole(about.relation, about.columns, cancel) as source:
                    work.source = source
                    return profile(source, column, about.filters, work.step)

            self._start(about, column, 2, settle)

    def _start(self, about: About, column: int, stage: int, job: Callable[[Cancel], Profile]) -> None:
        def done(found: Profile) -> None:
            self._running, self._stage = None, stage
            view = about.view if self._about is None else self._about.view
            message = profile_to_message(found, about.columns[column])
            self._send({"type": "profile", "view": view, "column": column, **message})
            self.go_on()

        def failed(error: Exception) -> None:
            self._running, self._stage = None, 2
            note_failure("profile", error)
            self._send({"type": "profile", "column": column, "failed": True})

        self._running = self._submit(job, done, failed)


def profile_to_message(found: Profile, column: Column) -> dict[str, object]:
    """Return a profile as the page shows it."""
    parts = found.part_figures or (None,) * len(found.figures)
    return {
        "summary": summary_to_message(Summary(found.measure, found.whole, found.part, found.is_estimate), column),
        "figures": [_figures_to_message(*pair) for pair in zip(found.figures, parts, strict=True)],
        "top": [_frequent_to_message(one) for one in found.top],
        "bottom": [_frequent_to_message(one) for one in found.bottom],
        "is_estimate": found.is_estimate,
        "rows": found.rows,
    }


def _figures_to_message(whole: Figure, part: Figure | None) -> dict[str, object]:
    return {
        "name": whole.name,
        "whole": whole.value,
        "is_exact": whole.is_exact,
        "part": None if part is None else part.value,
        "is_part_exact": part is None or part.is_exact,
    }


def _frequent_to_message(one: Frequent) -> dict[str, object]:
    return {"value": one.value, "rows": one.rows, "part": one.part, "filter": one.filter}
