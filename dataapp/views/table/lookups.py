"""What the reader looks up beside the rows: the values of a column, and the SQL of what is shown. One at a time."""

from collections.abc import Callable

from dataapp.engines.functions import reserved_words
from dataapp.engines.relation import Column, Relation
from dataapp.errors import Cancelled
from dataapp.views.jobs import Cancel, Handle, Submit, note_failure
from dataapp.views.table.filters.predicates import ColumnFilter
from dataapp.views.table.filters.value_list import Listed, choice_of, read_values, value_list
from dataapp.views.table.relation.queries import Query, Question, Table
from dataapp.views.table.shown_sql import Origin, question_to_sql


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

    def list_values(
        self, relation: Relation, columns: tuple[Column, ...], question: Question, at: int, search: str
    ) -> None:
        """Send the values of a column among the rows that pass the other filters."""
        self.stop()
        own = [one.condition for one in question.filters if isinstance(one, ColumnFilter) and one.column == at]
        others = tuple(one for one in question.filters if not isinstance(one, ColumnFilter) or one.column != at)
        condition = own[0] if own else None

        def job(cancel: Cancel) -> Listed:
            def make(table: Table) -> Query:
                return value_list(table, at, others, condition, search)

            return read_values(relation, columns, make, cancel)

        def done(listed: Listed) -> None:
            self._running = None
            choice = choice_of(condition)
            self._send(
                {
                    "type": "values",
                    "column": at,
                    "search": search,
                    "values": [[value.text, value.rows, value.is_chosen, value.is_cut] for value in listed.values],
                    "distinct": listed.distinct,
                    "choice": None if choice is None else {"values": list(choice.values), "but": choice.is_but},
                }
            )

        def failed(error: Exception) -> None:
            self._running = None
            note_failure("list of values", error)
            if not isinstance(error, Cancelled):
                self._send({"type": "values", "column": at, "search": search, "fault": True})  # viewers learn no more

        self._running = self._submit(job, done, failed)

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
