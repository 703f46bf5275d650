"""Answers of databases, which sessions share: those who ask the same at once cost the database one query.

An answer is kept in one of two ways. Under the version of its tables: then the database is asked each time whether that
still holds, and for rows only when it does not. Or, with ``ttl=``, under a lease: then the database is asked nothing
until the lease is over, and then first for the version, where it has one: rows that did not change are leased again.

Invariants:

- Under a version stand only rows whose tables had it before and after they were fetched.
- The age of an answer under a lease counts from before the database was asked, and a failed question gives no answer.
- Rows are known under a digest that holds their version, or else one that no other rows have: what is made of one
  answer is never taken for what is made of another.
- Whoever gives up waiting, or stops its own query, stops nobody else.
"""

from collections.abc import Hashable
from dataclasses import dataclass, field

from dataapp.engines.duckdb import Results
from dataapp.runtime.databases import read, version
from dataapp.runtime.frames import Frame, stamp
from dataapp.runtime.tables import Table, digest
from dataapp.runtime.workers import Cancel

_MOST_WAITS = 3  # for rows that then turn out to have changed meanwhile; after that a session asks for itself


@dataclass(frozen=True, slots=True)
class Leased:
    """The lease that an answer was given under.

    Attributes:
        question: What was asked.
        seconds: How old the lease may be.
        number: Its number.
    """

    question: Hashable
    seconds: float
    number: int

    def is_over(self, results: Results, since: int) -> bool:
        """Whether asking again would not give the same answer without asking the database."""
        return results.leases.current(self.question, self.seconds, since) != self.number


@dataclass(frozen=True, slots=True)
class Answer:
    """Rows of a table on a database, and the lease that they were given under, if any."""

    frame: Frame
    leased: Leased | None = None


class _Changed(Exception):  # not an error: rows belong to no version, or the version is not the latest
    def __init__(self, rows: Frame | None) -> None:
        super().__init__()
        self.rows = rows


def fetch(table: Table, cancel: Cancel, results: Results | None, *, has_one_meaning: bool, since: int = 0) -> Answer:
    """Return the rows of a table on a database.

    Args:
        table: The table.
        cancel: Stops waiting, and the query on the database if this caller's is the one that runs.
        results: Where answers are shared, or None.
        has_one_meaning: Whether asking again gives the same rows, as long as nothing changes.
        since: A mark of the leases; answers of older ones do not count.

    Raises:
        DataAppError: The database refused or failed.
    """
    if results is not None and table.ttl is not None:
        return _under_lease(table, table.ttl, cancel, results, since)
    if results is not None and has_one_meaning:
        return Answer(_under_version(table, cancel, results))
    return Answer(Frame(read(table, cancel), stamp()))


def _under_version(table: Table, cancel: Cancel, results: Results) -> Frame:
    for _ in range(_MOST_WAITS):
        held = version(table)
        if held is None:
            break
        asking = _Asking(table, cancel, held)
        try:
            return results.get(("rows", table.digest, held), asking.rows, _size, asking.gives_up)
        except _Changed as changed:
            if changed.rows is not None:
                return changed.rows
    return Frame(read(table, cancel), stamp())


@dataclass(slots=True)
class _Asking:
    """One caller's way to rows under a version: it waits for another's, or makes them itself."""

    table: Table
    cancel: Cancel
    held: Hashable
    has_waited: bool = field(default=False)

    def gives_up(self) -> bool:
        self.has_waited = True
        return self.cancel.cancelled

    def rows(self) -> Frame:
        if self.has_waited and version(self.table) != self.held:  # another one's rows had changed, and were not shared
            raise _Changed(None)
        found = read(self.table, self.cancel)
        if version(self.table) != self.held:
            raise _Changed(Frame(found, stamp()))
        return Frame(found, digest(self.table.digest, self.held))


def _under_lease(table: Table, ttl: float, cancel: Cancel, results: Results, since: int) -> Answer:
    number, before = results.leases.take(table.digest, ttl, since)

    def rows() -> Frame:
        last = None if before is None else results.withdraw(_key(table, before))
        held = version(table)
        known = None if held is None else digest(table.digest, held)
        if isinstance(last, Frame) and last.digest == known:
            return last
        found = read(table, cancel)
        return Frame(found, known if known is not None and version(table) == held else stamp())

    frame = results.get(_key(table, number), rows, _size, lambda: cancel.cancelled)
    return Answer(frame, Leased(table.digest, ttl, number))


def _key(table: Table, number: int) -> Hashable:
    return "rows", table.digest, "lease", number


def _size(frame: Frame) -> int:
    return frame.rows.nbytes
