"""What a reader selects in a table, fetched for the cells that read it."""

import pyarrow as pa

from dataapp.cells.explore import ExploreCell
from dataapp.cells.view import ChoiceControl, Chosen
from dataapp.compile.identifiers import quote_identifier
from dataapp.errors import Cancelled, InputError
from dataapp.runtime.session import Job, Session
from dataapp.views.jobs import Cancel
from dataapp.views.table.relation.queries import Table
from dataapp.views.table.selection import Rows
from dataapp.views.table.takes import takes

MOST_SELECTED = 100_000  # rows, which readers get as they are: more are better said by filters


class Choosing:
    """Takes to the session what is selected in one of the tables that show an explorer.

    Args:
        session: Whose reader it is.
        explorer: The explorer.
    """

    def __init__(self, session: Session, explorer: ExploreCell) -> None:
        self._session = session
        self._explorer = explorer
        self._job: Job | None = None

    def choose(self, chosen: takes.Chosen | None) -> None:
        """Take what is selected now; nothing is read where nobody asks for it."""
        if self._job is not None:
            self._job.cancel()
            self._job = None
        if not self._explorer.is_chosen_from or self._session.is_closed:
            return
        control = self._session.control(self._explorer.choice)
        assert isinstance(control, ChoiceControl)
        if chosen is None:
            control.put(None, by=self)
            return
        of, label = chosen.ground.rows.relation.key, self._explorer.label

        def failed(error: Exception) -> None:
            if not isinstance(error, Cancelled):  # else the table shows another question soon, which ends the choice
                control.put(Chosen(of, error), by=self)

        self._job = self._session.submit(
            lambda cancel: _read(chosen, label, cancel),
            lambda found: control.put(found, by=self),
            failed,
            cell=self._explorer.of,
        )


def _read(chosen: takes.Chosen, label: str, cancel: Cancel) -> Chosen:
    rows, selection = chosen.ground.rows, chosen.selection
    current = selection.rows[0].first if selection.current is None else selection.current

    def fetch(stretches: tuple[Rows, ...]) -> pa.Table:
        return rows.selected_rows(chosen.ground.question, stretches, _as_they_are, cancel)

    row = _if_any(fetch((Rows(current, 1),)))
    if selection.count > MOST_SELECTED:
        message = f"{selection.count:,} rows are selected in `{label}`; {MOST_SELECTED:,} can be read."
        hint = "select fewer, or filter the table and read `.filtered`"
        return Chosen(rows.relation.key, InputError(message, hint=hint), row)
    return Chosen(rows.relation.key, _if_any(fetch(selection.rows)), row)


def _if_any(rows: pa.Table) -> pa.Table | None:
    return rows if rows.num_rows else None  # groups alone are no rows


def _as_they_are(table: Table) -> str:
    pairs = zip(table.columns, table.references, strict=True)
    return ", ".join(f"{reference} AS {quote_identifier(column.name)}" for column, reference in pairs)
