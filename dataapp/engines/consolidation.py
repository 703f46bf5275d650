"""Consolidation: queries that wait at the same time and read the same filtered rows are answered by one scan.

Whoever is about to ask says so beforehand (`Scans.expect`), or is expected to ask what it asked before
(`expect_again`). The first of them whose turn comes looks which of those that still wait have the same scan and groups
(see `dataapp.compile.consolidation`), runs one query for all, and each reads its part of the rows of that. Who began
already is left alone, and who waits for nobody is not delayed.

Invariants:

- A query gets the rows that it would get by itself; sums of floating-point numbers are added in another order.
- Queries are joined only if their sources, in the versions that they are to be read in, and the values in the scan are
  the same; the sources are looked at again after the scan.
- A scan runs as long as anybody wants a part of it, and its rows are kept as long as anybody may read theirs.
- Where anything fails, each query runs by itself, and says itself what is wrong.
"""

import logging
import threading
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from time import perf_counter
from typing import TYPE_CHECKING

import pyarrow as pa

from dataapp.compile.consolidation import Figure, Joint, join, take_apart
from dataapp.compile.cubes.trees import Misfit, parameters
from dataapp.engines.kept import KeptTable
from dataapp.engines.recent import Recent
from dataapp.errors import Cancelled, DataAppError

if TYPE_CHECKING:
    from dataapp.engines.duckdb import DuckDB, Reader
    from dataapp.engines.relation import Relation

_log = logging.getLogger(__name__)
_WORTH_IT = 0.010  # seconds: a query that takes less is answered by itself
_GAIN = 0.8  # of the time of all apart is the most that one scan may take
_MOST_UNEVEN = 4.0  # a query that takes so many times as long as another does not let it wait
_LOOK_EVERY = 0.02  # seconds between two looks at whether a waiting reader was cancelled
_MOST_KNOWN = 512


@dataclass(slots=True, eq=False)
class _Flight:
    """One scan for several."""

    joint: Joint
    texts: tuple[str, ...]
    pending: set[Hashable]
    is_over: threading.Event = field(default_factory=threading.Event)
    reader: "Reader | None" = None
    table: KeptTable | None = None


@dataclass(slots=True, eq=False)
class _Expected:
    """A query that somebody is about to ask."""

    key: Hashable
    text: str
    bound: Mapping[str, object]
    relation: "Relation"
    wanted: int = 0
    has_begun: bool = False
    flight: _Flight | None = None


class Expectation:
    """That somebody is about to ask a query; drop it when that was answered, or is no longer wanted."""

    def __init__(self, drop: Callable[[], None]) -> None:
        self._drop: Callable[[], None] | None = drop
        self._lock = threading.Lock()

    def drop(self) -> None:
        """Wait for it no longer; again does nothing. From any thread."""
        with self._lock:
            drop, self._drop = self._drop, None
        if drop is not None:
            drop()


@dataclass(frozen=True, slots=True)
class Shared:
    """How a query was answered last by a scan for several.

    Attributes:
        others: How many others were answered by it.
        seconds: What the scan took.
        apart: About what all would have taken by themselves.
    """

    others: int
    seconds: float
    apart: float


@dataclass(frozen=True, slots=True)
class _Habit:
    """What somebody asked last, and how often in a row."""

    text: str
    bound: Mapping[str, object]
    times: int


@dataclass(frozen=True, slots=True)
class _Member:
    expected: _Expected
    relation: "Relation"
    figure: Figure
    plain: float

    @property
    def text(self) -> str:
        return self.expected.text

    def value(self, name: str) -> object:
        bound = self.expected.bound
        return bound[name] if name in bound else self.relation.parameters[name]


class Scans:
    """The scans of one engine.

    Args:
        engine: Runs them.
        is_on: Whether any are shared.
        worth: The seconds below which a query is answered by itself; with 0, any are joined that fit.
        waiting: Entered while a query waits for the scan that another one began.

    Attributes:
        is_on: As given.
        count: How many scans answered several queries.
    """

    def __init__(
        self,
        engine: "DuckDB",
        *,
        is_on: bool = True,
        worth: float = _WORTH_IT,
        waiting: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> None:
        self._engine = engine
        self.is_on = is_on
        self._worth = worth
        self._waiting = waiting
        self._lock = threading.Lock()
        self._choosing = threading.Lock()
        self._expected: dict[Hashable, _Expected] = {}
        self._figures: Recent[str, Figure | None] = Recent(_MOST_KNOWN)
        self._joints: Recent[tuple[str, ...], Joint] = Recent(_MOST_KNOWN)
        self._strikes: Recent[tuple[str, ...], int] = Recent(_MOST_KNOWN)
        self._plain: Recent[Hashable, float] = Recent(_MOST_KNOWN)
        self._bases: Recent[Hashable, float] = Recent(_MOST_KNOWN)
        self._habits: Recent[Hashable, _Habit] = Recent(_MOST_KNOWN)
        self._alike: Recent[Hashable, bool] = Recent(_MOST_KNOWN)
        self._shared: Recent[Hashable, Shared] = Recent(_MOST_KNOWN)
        self.count = 0

    def expect(self, relation: "Relation") -> Expectation:
        """Say that a relation's rows are about to be asked for."""
        return self._expect(relation, relation.sql, {})

    def expect_again(self, asker: Hashable, relation: "Relation") -> Expectation | None:
        """Say that somebody is about to ask what was asked last of a relation of the same text, if anything was.

        Args:
            asker: Who asks, as its readers say.
            relation: The relation.
        """
        with self._lock:
            habit = self._habits.get((asker, relation.sql))
        return self._expect(relation, habit.text, habit.bound) if habit is not None and habit.times > 1 else None

    def _expect(self, relation: "Relation", text: str, bound: Mapping[str, object]) -> Expectation:
        key = _question(relation, text, bound)
        with self._lock:
            expected = self._expected.setdefault(key, _Expected(key, text, bound, relation))
            expected.wanted += 1
            if len(self._expected) > _MOST_KNOWN:  # somebody went away without a word
                del self._expected[next(iter(self._expected))]
        return Expectation(lambda: self._drop(expected))

    def of(self, reader: Hashable) -> Shared | None:
        """Return how the rows of a cell were answered last, if that was by a scan for several."""
        with self._lock:
            return self._shared.get(reader)

    def fetch(
        self, reader: "Reader", text: str, bound: Mapping[str, object], plain: Callable[[], pa.Table]
    ) -> tuple[pa.Table, float]:
        """Return the rows of a query, and what it takes by itself.

        Args:
            reader: Reads the query's relation.
            text: The query.
            bound: Values of parameters that are not the relation's.
            plain: Runs it by itself.
        """
        relation = reader.relation
        fits = self.is_on and not relation.variables and (relation.is_versioned or relation.is_pick)
        fits = fits and (text == relation.sql or reader.asker is not None)
        with self._lock:
            expected = self._expected.get(_question(relation, text, bound)) if fits else None
            if fits and reader.asker is not None:
                self._learn((reader.asker, relation.sql), text, bound)
                reader.asker = None  # what it asks first, it may ask again; what comes then depends on the answer
        if expected is not None and expected.flight is None:
            self._choose(expected, reader)
        if expected is not None and (flight := expected.flight) is not None:
            try:
                rows = self._part(flight, reader, expected)
            finally:
                self._leave(flight, expected.key)
            if rows is not None:
                return rows, self._plain.get((text, relation.base), self._bases.get(relation.base, 0.0))
        started = perf_counter()
        try:
            rows = plain()
        except Cancelled:
            raise
        except DataAppError:
            with self._lock:
                self._figures.note(text, None)  # or the scan would fail for all that it is joined with
            raise
        seconds = perf_counter() - started
        if fits:
            with self._lock:
                _least(self._plain, (text, relation.base), seconds)
                _least(self._bases, relation.base, seconds)
        return rows, seconds

    # Who waits.

    def _learn(self, who: Hashable, text: str, bound: Mapping[str, object]) -> None:
        """Note what somebody asked; once it was the same twice, it is expected."""
        known = self._habits.get(who)
        is_same = known is not None and (known.text, repr(known.bound)) == (text, repr(dict(bound)))
        self._habits.note(who, _Habit(text, dict(bound), 1 if known is None or not is_same else known.times + 1))

    def _drop(self, expected: _Expected) -> None:
        with self._lock:
            expected.wanted -= 1
            if expected.wanted:
                return
            if self._expected.get(expected.key) is expected:
                del self._expected[expected.key]
            flight = expected.flight
        if flight is not None:
            self._leave(flight, expected.key)

    def _leave(self, flight: _Flight, key: Hashable) -> None:
        """Let one query want no part of a scan any more."""
        with self._lock:
            flight.pending.discard(key)
            if flight.pending:
                return
            table, flight.table = flight.table, None
            reader = flight.reader
        if table is not None:
            self._engine.kept.release(table)
        elif reader is not None and not flight.is_over.is_set():
            reader.cancel()

    # Which are joined.

    def _choose(self, expected: _Expected, reader: "Reader") -> None:
        """Run a scan for a query and those that wait and fit, if there are any."""
        if not self._others(expected):
            self._start(expected)
            return
        with self._choosing:  # one at a time: who is about to be chosen by another waits for that
            if not self._start(expected):
                return
            members = list(self._members(expected))
            flight = self._claim(members) if len(members) > 1 else None
        if flight is not None:
            self._fly(flight, members, reader)

    def _start(self, expected: _Expected) -> bool:
        """Let a query begin, unless another one's scan answers it."""
        with self._lock:
            expected.has_begun = True
            return expected.flight is None

    def _others(self, expected: _Expected) -> list[_Expected]:
        with self._lock:
            waiting = list(filter(_waits, self._expected.values()))
        return [other for other in waiting if other is not expected]

    def _members(self, expected: _Expected) -> "Iterator[_Member]":
        first = self._member(expected)
        if first is None:
            return
        yield first
        chosen = [first]
        for other in self._others(expected):
            relation = other.relation
            if relation.base != first.relation.base or relation.variables:
                continue
            uses = relation.uses
            if uses is not None and self._engine.cubes.answers(uses.reader):
                continue
            member = self._member(other)
            if member is not None and all(_fit(member, one) and self._are_even(member, one) for one in chosen):
                chosen.append(member)
                yield member

    def _member(self, expected: _Expected) -> _Member | None:
        """Return a query as one that may be joined, if that is worth it, as far as anything is known of it."""
        relation, text = expected.relation, expected.text
        plain = self._plain.get((text, relation.base), self._bases.get(relation.base))
        if plain is None or plain < self._worth:
            return None
        figure = self._figure(expected)
        return None if figure is None else _Member(expected, relation, figure, plain)

    def _are_even(self, one: _Member, other: _Member) -> bool:
        """Whether neither of two queries would wait much longer with the other than by itself."""
        return not self._worth or max(one.plain, other.plain) <= _MOST_UNEVEN * min(one.plain, other.plain)

    def _figure(self, expected: _Expected) -> Figure | None:
        relation, text = expected.relation, expected.text
        given = {**relation.parameters, **expected.bound}
        if text not in self._figures:
            figure = None
            try:
                with self._engine.read(relation) as reader:

                    def describe(text: str) -> list[str]:
                        names = parameters(self._engine.serialize(text))
                        used = {name: value for name, value in given.items() if name in names}
                        return [name for name, _ in reader.describe_query(text, used)]

                    figure = take_apart(text, self._engine, describe)
            except (Misfit, DataAppError):
                pass  # it is answered by itself
            self._figures.note(text, figure)
        return self._figures[text]

    def _claim(self, members: list[_Member]) -> _Flight | None:
        """Let queries wait for one scan, as far as nobody else answers them yet; the first is the one that runs it."""
        maker = members[0].expected
        members.sort(key=lambda member: member.text)  # whoever runs it, it is the same query
        with self._lock:
            members[:] = [member for member in members if member.expected is maker or _waits(member.expected)]
            texts = tuple(member.text for member in members)
            if len(members) < 2 or self._strikes.get(texts, 0) > 1:
                return None
            joint = self._joints.get(texts)
            if joint is None:
                joint = self._joints.note(texts, join([member.figure for member in members], self._engine))
            flight = _Flight(joint, texts, {member.expected.key for member in members})
            for member in members:
                member.expected.flight = flight
        return flight

    # What is run.

    def _fly(self, flight: _Flight, members: Sequence[_Member], reader: "Reader") -> None:
        """Run a scan, and keep its rows for those who want a part."""
        own = reader.relation
        values: dict[str, object] = {}
        frames: dict[str, pa.Table] = {}
        for member in members:
            frames |= member.relation.frames
            for name in member.figure.names:
                values[name] = member.value(name)

        def check() -> None:
            for member in members:
                member.relation.check_sources()

        relation = _relation_like(own, flight.joint.text, frames, check)
        started = perf_counter()
        try:
            with self._engine.measured.run(own.uses, own.key), self._engine.read(relation) as shared:
                with self._lock:
                    flight.reader = shared
                    is_wanted = bool(flight.pending)
                if is_wanted:
                    table = shared.make_kept(flight.joint.text, values)
                    with self._lock:
                        flight.table = table if flight.pending else None
                    if flight.table is None:
                        self._engine.kept.release(table)
                    self._note(flight, members, perf_counter() - started)
        except Cancelled:
            pass  # nobody wants it any more; whoever does nevertheless asks for itself
        except DataAppError:  # each says itself what is wrong
            with self._lock:
                self._strikes.note(flight.texts, self._strikes.get(flight.texts, 0) + 1)
        except Exception as error:  # a source that moved, or anything else: each meets it by itself
            _log.debug("A scan for several failed.", exc_info=error)
        finally:
            flight.is_over.set()
            flight.reader = None

    def _note(self, flight: _Flight, members: Sequence[_Member], seconds: float) -> None:
        """Note what a scan took, and give up joining these queries if that is no gain twice."""
        apart = sum(member.plain for member in members)
        with self._lock:
            self.count += 1
            is_slow = self._worth > 0 and seconds > _GAIN * apart
            self._strikes.note(flight.texts, self._strikes.get(flight.texts, 0) + 1 if is_slow else 0)
            for member in members:
                if member.relation.uses is not None:
                    self._shared.note(member.relation.uses.reader, Shared(len(members) - 1, seconds, apart))

    def _part(self, flight: _Flight, reader: "Reader", expected: _Expected) -> pa.Table | None:
        """Return a query's rows out of those of a scan, or None if it must run by itself."""
        relation = reader.relation
        if not flight.is_over.is_set():
            with self._engine.measured.run(relation.uses, relation.key), self._waiting():
                while not flight.is_over.wait(_LOOK_EVERY):
                    if reader.interrupts.is_unwanted():
                        raise Cancelled
        with self._lock:
            table = flight.table
            if table is None:
                return None
            self._engine.kept.share(table)
        try:
            at = flight.texts.index(expected.text)
            text = flight.joint.part(at, table.name)
            asked = flight.joint.asked(at)
            given = {**relation.parameters, **expected.bound}
            values = {name: value for name, value in given.items() if name in asked}
            if not self._is_alike(flight.texts, text, values, reader, expected):
                return None
            return reader.answer(text, values)
        except Cancelled:
            raise
        except DataAppError:  # the query by itself says what is wrong, in its author's words
            return None
        finally:
            self._engine.kept.release(table)

    def _is_alike(
        self,
        texts: tuple[str, ...],
        text: str,
        values: Mapping[str, object],
        reader: "Reader",
        expected: _Expected,
    ) -> bool:
        """Whether a query's part has the columns that it has by itself, which is looked at once."""
        relation = reader.relation
        known = expected.text, texts, relation.shape(), repr(sorted(expected.bound.items()))
        with self._lock:
            same = self._alike.get(known)
        if same is None:
            plain = reader.describe_query(expected.text, {**relation.parameters, **expected.bound})
            same = reader.describe_query(text, values) == plain
            with self._lock:
                self._alike.note(known, same)
                if not same:
                    self._figures.note(expected.text, None)
        return same


def _waits(expected: _Expected) -> bool:
    return expected.wanted > 0 and not expected.has_begun and expected.flight is None


def _question(relation: "Relation", text: str, bound: Mapping[str, object]) -> Hashable:
    """Return what stands for a query with its values."""
    return relation.key, text, repr(sorted(bound.items()))


def _least(known: Recent[Hashable, float], key: Hashable, seconds: float) -> None:
    known.note(key, min(seconds, known.get(key, seconds)))


def _fit(one: _Member, other: _Member) -> bool:
    """Whether one scan may answer two queries."""
    if not one.figure.fits(other.figure):
        return False
    ours, theirs = one.relation, other.relation
    if any(repr(one.value(name)) != repr(other.value(name)) for name in one.figure.names & other.figure.names):
        return False
    return all(ours.frames[name] is theirs.frames[name] for name in ours.frames.keys() & theirs.frames.keys())


def _relation_like(
    relation: "Relation", text: str, frames: Mapping[str, pa.Table], check: Callable[[], None]
) -> "Relation":
    plain = replace(relation, sql=text, key=object(), frames=frames, parameters={}, uses=None)
    return replace(plain, explain_fault=None, check_sources=check)
