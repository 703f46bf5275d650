"""Between which numbers the scales of columns go: asked of the engine once for each relation and its filters."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from dataapp.engines.relation import Column, Relation
from dataapp.views.jobs import Cancel, Handle, Submit, note_failure
from dataapp.views.table.columns import Kind, kind_of
from dataapp.views.table.filters.predicates import RowFilter
from dataapp.views.table.relation.queries import Query, Table, Values, where_clause
from dataapp.views.table.relation.source import open_whole

type Extents = dict[int, tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Scaled:
    """What is measured: some columns of the rows that pass the filters."""

    relation: Relation
    columns: tuple[Column, ...]
    filters: tuple[RowFilter, ...]
    ats: tuple[int, ...]

    def extents(self, cancel: Cancel) -> Extents:
        """Return the least and the greatest finite number of each column that has any. For a job."""
        with open_whole(self.relation, self.columns, cancel) as source:
            found = source.fetch(extents(source.table, self.ats, self.filters)).to_pylist()[0]
        ends = {at: (found[f"low{at}"], found[f"high{at}"]) for at in self.ats}
        return {at: (low, high) for at, (low, high) in ends.items() if low is not None and high is not None}


def extents(table: Table, ats: Sequence[int], filters: tuple[RowFilter, ...]) -> Query:
    """The least and the greatest finite number of some columns."""
    values = Values()
    terms = [
        f"CAST({end}({table.references[at]}){_finite(table, at)} AS DOUBLE) AS {name}{at}"
        for at in ats
        for end, name in (("min", "low"), ("max", "high"))
    ]
    return Query(
        f"SELECT {', '.join(terms)} FROM {table.source}{where_clause(table, filters, values)}", values.parameters
    )


def _finite(table: Table, at: int) -> str:
    is_float = kind_of(table.columns[at]) is Kind.FLOAT
    return f" FILTER (isfinite({table.references[at]}))" if is_float else ""


class Scaler:
    """Tells the page the ends of scales when they are known; until then it keeps those that it has.

    Args:
        submit: Runs jobs.
        send: Sends a message to every page that is there.
    """

    def __init__(self, submit: Submit, send: Callable[[dict[str, object]], None]) -> None:
        self._submit = submit
        self._send = send
        self._scaled: Scaled | None = None
        self._known: Extents = {}
        self._running: Handle | None = None

    def known(self, columns: tuple[Column, ...]) -> list[list[object]]:
        """Return what is known of these columns, as the page is told it."""
        if self._scaled is None or self._scaled.columns != columns:
            return []
        return [[at, low, high] for at, (low, high) in self._known.items()]

    def show(self, scaled: Scaled | None) -> None:
        """Measure these columns from now on, or none."""
        if scaled is not None and not scaled.ats:
            scaled = None
        last = self._scaled
        if last is not None and scaled is not None and last.columns != scaled.columns:
            self._known = {}
        if last == scaled:
            return
        if self._running is not None:
            self._running.cancel()
            self._running = None
        self._scaled = scaled
        if scaled is not None:
            self._running = self._submit(scaled.extents, self._take, self._fail)

    def _take(self, found: Extents) -> None:
        self._running = None
        self._known = found
        self.tell()

    def tell(self) -> None:
        """Send what is known, also to a page that has come since."""
        if self._scaled is not None and self._running is None:
            self._send({"type": "extents", "extents": self.known(self._scaled.columns)})

    def _fail(self, error: Exception) -> None:
        """Without ends, nothing is drawn; what is wrong with the rows, their own queries tell."""
        self._running = self._scaled = None
        note_failure("scale of columns", error)
