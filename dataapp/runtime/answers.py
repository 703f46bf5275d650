"""Answers of databases, which sessions share: those who ask the same at once cost the database one query.

An answer is kept in one of two ways. Under the version of its tables: then the database is asked each time whether that
still holds, and for rows only when it does not. Or, with ``ttl=``, under a lease: then the database is asked nothing
until the lease is over, and then first for the version, where it has one: rows that did not change are leased again.

Invariants:

- Under a version stand only rows whose tables had it before and after they were fetched.
- The age of an answer under a lease counts from before the database was asked, and a failed question gives no answer.
- Rows are known under a digest that holds their version, or else one that no other rows have: what is made of one
  answer is never taken for what is made of another.
- Whoever gives up waiting, or stops its own query, stops nobody else. What the database refuses is told to all who
  waited for it, and kept for nobody: who asks later asks anew.
"""

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field

import pyarrow as pa

from dataapp.cells.database import Refused
from dataapp.engines.duckdb import Results
from dataapp.runtime.databases import placed, read, version
from dataapp.runtime.frames import Frame, stamp
from dataapp.runtime.projection import WHOLE, Wanted
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


@dataclass(frozen=True, slots=True, weakref_slot=True, eq=False)
class _Failure:
    refused: Refused


class _Changed(Exception):  # not an error: rows belong to no version, or the version is not the latest
    def __init__(self, rows: Frame | None) -> None:
        super().__init__()
        self.rows = rows


def fetch(
    table: Table,
    cancel: Cancel,
    results: Results | None,
    *,
    has_one_meaning: bool,
    wanted: Wanted = WHOLE,
    since: int = 0,
) -> Answer:
    """Return the rows of a table on a database.

    Args:
        table: The table.
        cancel: Stops waiting, and the query on the database if this caller's is the one that runs.
        results: Where answers are shared, or None.
        has_one_meaning: Whether asking again gives the same rows, as long as nothing changes.
        wanted: What readers may use; other columns and rows may be left out.
        since: A mark of the leases; answers of older ones do not count.

    Raises:
        DataAppError: The database refused or failed.
    """
    asking = _Asking(table, wanted, cancel)
    try:
        return _answer(asking, results, since, has_one_meaning=has_one_meaning)
    except Refused as refused:
        raise placed(table, refused) from refused.__cause__


def _answer(asking: "_Asking", results: Results | None, since: int, *, has_one_meaning: bool) -> Answer:
    table = asking.table
    if results is not None and table.ttl is not None:
        return _under_lease(asking, table.ttl, results, since)
    if results is not None and has_one_meaning:
        return Answer(_under_version(asking, results))
    return Answer(Frame(asking.read(), stamp()))


@dataclass(slots=True)
class _Asking:
    """One caller's question."""

    table: Table
    wanted: Wanted
    cancel: Cancel
    has_waited: bool = field(default=False)

    @property
    def question(self) -> str:
        """What stands for it in keys."""
        if self.wanted == WHOLE:
            return self.table.digest
        columns, rows = self.wanted.columns, self.wanted.rows
        listed = None if rows is None else sorted(map(repr, rows))
        return digest(self.table.digest, None if columns is None else sorted(columns), listed)

    def read(self) -> pa.Table:
        return read(self.table, self.cancel, self.wanted)

    def version(self) -> Hashable | None:
        return version(self.table)

    def shared(self, results: Results, key: Hashable, make: Callable[[], Frame]) -> Frame:
        """Return the rows of a key, made by one caller; a refusal is told to all who waited."""

        def made() -> Frame | _Failure:
            try:
                return make()
            except Refused as refused:
                return _Failure(refused)

        found = results.get(key, made, _size, self._gives_up)
        if isinstance(found, _Failure):
            results.withdraw(key)
            raise Refused(found.refused.error, found.refused.position) from found.refused.__cause__
        return found

    def _gives_up(self) -> bool:
        self.has_waited = True
        return self.cancel.cancelled


def _under_version(asking: _Asking, results: Results) -> Frame:
    def rows() -> Frame:
        if asking.has_waited and asking.version() != held:  # another one's rows had changed, and were not shared
            raise _Changed(None)
        found = asking.read()
        if asking.version() != held:
            raise _Changed(Frame(found, stamp()))
        return Frame(found, digest(asking.question, held))

    for _ in range(_MOST_WAITS):
        held, asking.has_waited = asking.version(), False
        if held is None:
            break
        try:
            return asking.shared(results, ("rows", asking.question, held), rows)
        except _Changed as changed:
            if changed.rows is not None:
                return changed.rows
    return Frame(asking.read(), stamp())


def _under_lease(asking: _Asking, ttl: float, results: Results, since: int) -> Answer:
    question = asking.question
    number, before = results.leases.take(question, ttl, since)

    def rows() -> Frame:
        last = None if before is None else results.withdraw(("rows", question, "lease", before))
        held = asking.version()
        known = None if held is None else digest(question, held)
        if isinstance(last, Frame) and last.digest == known:
            return last
        found = asking.read()
        return Frame(found, known if known is not None and asking.version() == held else stamp())

    frame = asking.shared(results, ("rows", question, "lease", number), rows)
    return Answer(frame, Leased(question, ttl, number))


def _size(made: Frame | _Failure) -> int:
    return made.rows.nbytes if isinstance(made, Frame) else 0
