"""What the reader looks up beside the rows: the values of a column, and the SQL of what is shown. One at a time."""

from collections.abc import Callable

from dataapp.engines.functions import reserved_words
from dataapp.engines.relation import Column, Relation
from dataapp.errors import Cancelled
from dataapp.views.jobs import Cancel, Handle, Submit, note_failure
from dataapp.views.table.filters.predicates import ColumnFilter, columns_read
from dataapp.views.table.filters.value_list import (
    Listed,
    choice_of,
    count_some,
    estimate_values,
    is_bounded,
    read_values,
)
from dataapp.views.table.relation.queries import Question
from dataapp.views.table.relation.source import open_whole
from dataapp.views.table.shown_sql import Origin, question_to_sql
from dataapp.views.table.summaries.header_jobs import About


class Lookups:
    """Answers what the reader looks up.

    Args:
        submit: Runs jobs.
        send: Sends a message to the page.
        origin: What the relation is called, in SQL for the reader.

    Attributes:
        origin: The same.
    """

    def __init__(self, submit: Submit, send: Callable[[dict[str, object]], None], origin: Origin) -> None:
        self._submit = submit
        self._send = send
        self.origin = origin
        self._running: Handle | None = None

    def stop(self) -> None:
        """Stop what is looked up."""
        if self._running is not None:
            self._running.cancel()
            self._running = None

    def list_values(self, about: About, question: Question, at: int, search: str) -> None:
        """Send the values of a column among the rows that pass the other filters.

        Of a large relation, those of a sample come first.

        Args:
            about: What is shown.
            question: What is asked of it by now.
            at: The column.
            search: A text that values must hold.
        """
        self.stop()
        own = [one.condition for one in question.filters if isinstance(one, ColumnFilter) and one.column == at]
        others = tuple(one for one in question.filters if not isinstance(one, ColumnFilter) or one.column != at)
        condition = own[0] if own else None

        def estimate(cancel: Cancel) -> Listed:
            read = tuple(sorted({at, *columns_read(others, about.columns)}))
            with about.samples.open(about.columns, read, about.total, cancel) as sample:
                return estimate_values(sample, at, others, condition, search, about.total)

        def count(cancel: Cancel, known: Listed | None) -> Listed:
            with open_whole(about.relation, about.columns, cancel) as source:
                found = read_values(source, at, others, condition, search)
                if found is None:
                    found = count_some(source, at, others, condition, search, known or estimate(cancel))
            return found

        def tell(listed: Listed) -> None:
            self._running = None
            choice = choice_of(condition)
            self._send(
                {
                    "type": "values",
                    "column": at,
                    "search": search,
                    "values": [[value.text, value.rows, value.is_chosen, value.is_cut] for value in listed.values],
                    "distinct": listed.distinct,
                    "is_top": listed.is_top,
                    "is_estimate": listed.is_estimate,
                    "choice": None if choice is None else {"values": list(choice.values), "but": choice.is_but},
                }
            )

        def estimated(listed: Listed) -> None:
            if listed.values:  # a sample of no such values says nothing about all rows
                tell(listed)
            self._running = self._submit(lambda cancel: count(cancel, listed), tell, failed)

        def failed(error: Exception) -> None:
            self._running = None
            note_failure("list of values", error)
            if not isinstance(error, Cancelled):
                self._send({"type": "values", "column": at, "search": search, "fault": True})  # viewers learn no more

        if about.may_be_sampled and not is_bounded(about.columns[at]):
            self._running = self._submit(estimate, estimated, failed)
        else:
            self._running = self._submit(lambda cancel: count(cancel, None), tell, failed)

    def show_sql(self, relation: Relation, columns: tuple[Column, ...], question: Question) -> None:
        """Send the query of what is shown."""
        self.stop()

        def job(_: Cancel) -> str:
            return question_to_sql(question, columns, self.origin, reserved_words(relation.engine))

        def done(text: str) -> None:
            self._running = None
            self._send({"type": "sql", "text": text})

        def failed(error: Exception) -> None:
            self._running = None
            note_failure("SQL of what is shown", error)

        self._running = self._submit(job, done, failed)
