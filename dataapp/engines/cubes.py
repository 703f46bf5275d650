"""Cubes: what answers a query within milliseconds while one input of it moves.

A query is *watched* for each input in it: what else it depends on stays the same, and only that input's values differ
from run to run. The second value makes it a candidate; if the plain query takes long, a cube is built beside it, and
as soon as it is there it answers every further value. The plain query answers as long as there is none, where none
fits, and for values that are between the cube's steps.

Invariants:

- A cube answers with the rows that the plain query gives; sums of floating-point numbers are added in another order.
- A cube is known under the versions of all files and frames that it was made of: after a change it is not found.
- Cubes never exceed their budget together; one that is not faster than the plain query is dropped.
- One is built at a time, the latest asked for first, and nobody waits for it.
"""

import atexit
import threading
import weakref
from collections import OrderedDict
from collections.abc import Callable, Container, Generator, Hashable, Iterable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import perf_counter
from typing import TYPE_CHECKING, Literal

import pyarrow as pa

from dataapp.cells.steps import Steps
from dataapp.cells.values import Bound
from dataapp.compile.cubes.plan import COUNT, Plan, plan
from dataapp.compile.cubes.trees import Misfit, parameters
from dataapp.engines.bins import put_into_bins
from dataapp.engines.kept import KeptTable
from dataapp.errors import Cancelled, DataAppError

if TYPE_CHECKING:
    from dataapp.engines.duckdb import DuckDB, Reader
    from dataapp.engines.relation import Relation

MOST_BYTES = 512 * 2**20
"""What all cubes of an engine take together, where nothing else is said."""

_WORTH_IT = 0.015  # seconds: a plain query that takes less is answered plainly
_GAIN = 0.6  # of the plain time is the most that an answer from a cube may take
_MOST_ROWS = 1_500_000
_LAYERED_FROM = 20_000  # rows: of fewer, there is little to leave out
_LEAST_SHRINKING = 4  # rows per row of the cube
_BYTES_PER_VALUE = 12
_MOST_MEMORY = 512 * 2**20  # of groups, while one is built
_LOOK_EVERY = 0.05  # seconds
_STOPS_WITHIN = 5.0  # seconds
_MOST_WATCHED = 512

type State = Literal["watched", "waiting", "building", "ready", "unfit"]


@dataclass(slots=True, eq=False)
class Cube:
    """A query that is watched while an input in it moves.

    Attributes:
        reader: The cell whose rows the query reads, as `Uses.reader`, or None.
        names: The parameters of the input that moves.
        is_of_view: Whether the query is one over the cell's rows, as charts ask, and not for the rows themselves.
        query: The query.
        views: The views of crossfilters whose rows it reads.
        asked_of: What stands for the rows that it was asked of last.
        state: What was decided.
        why: Why no cube fits, for people.
        rows: How many rows the cube has.
        bytes: About how much it takes.
        built: How many seconds it took to build.
        plain: The least seconds that the plain query took, or None.
        fast: The least seconds that the cube took, or None.
        answers: How often it answered.
    """

    reader: Hashable
    names: frozenset[str]
    is_of_view: bool = False
    query: str = ""
    views: frozenset[Hashable] = frozenset()
    asked_of: Hashable = None
    state: State = "watched"
    why: str = ""
    rows: int = 0
    bytes: int = 0
    built: float = 0.0
    plain: float | None = None
    fast: float | None = None
    answers: int = 0
    values: set[str] = field(default_factory=set[str])
    tables: tuple[KeptTable, ...] = ()
    text: str = ""
    asked: frozenset[str] = frozenset()
    binned: Mapping[str, Steps] = field(default_factory=dict[str, Steps])
    slow: int = 0

    @property
    def saved(self) -> float:
        """About how many seconds the answers have saved."""
        return 0.0 if self.plain is None or self.fast is None else self.answers * (self.plain - self.fast)


@dataclass(frozen=True, slots=True)
class _Order:
    cube: Cube
    relation: "Relation"
    text: str
    bound: Mapping[str, object]


class Cubes:
    """The cubes of one engine.

    Args:
        engine: Builds and reads them.
        most_bytes: The most that all together take.
        worth: The seconds below which a plain query needs none.
        most_rows: The most rows that one has.
        least_shrinking: The least number of rows that one row of a cube stands for, on average.
        layered_from: The number of rows from which on a cube for a range has two layers.

    Attributes:
        worth: As given.
    """

    def __init__(
        self,
        engine: "DuckDB",
        *,
        most_bytes: int = MOST_BYTES,
        worth: float = _WORTH_IT,
        most_rows: int = _MOST_ROWS,
        least_shrinking: float = _LEAST_SHRINKING,
        layered_from: int = _LAYERED_FROM,
    ) -> None:
        self._engine = engine
        self._most_bytes = most_bytes
        self.worth = worth
        self._most_rows = most_rows
        self._least_shrinking = least_shrinking
        self._layered_from = layered_from
        self._lock = threading.Lock()
        self._known: OrderedDict[Hashable, Cube] = OrderedDict()
        self._latest: OrderedDict[Hashable, Sequence[Cube]] = OrderedDict()
        self._orders: list[_Order] = []
        self._builder: threading.Thread | None = None
        self._building: Reader | None = None
        self._idle = threading.Event()
        self._idle.set()
        atexit.register(_stop, weakref.ref(self))

    def fetch(
        self, reader: "Reader", text: str, bound: Mapping[str, object], plain: Callable[[], tuple[pa.Table, float]]
    ) -> pa.Table:
        """Return the rows of a query: from a cube if there is one, and else by running it.

        Args:
            reader: Reads the query's relation.
            text: The query.
            bound: Values of parameters that are not the relation's.
            plain: Runs it, and says how many seconds it takes by itself.
        """
        watched = self._watch(reader.relation, text, bound)
        if not watched:
            return plain()[0]
        for cube in watched:
            if cube.state == "ready" and (rows := self._answer(cube, reader, bound)) is not None:
                return rows
        started = perf_counter()
        try:
            rows, seconds = plain()
        except Cancelled:
            self._note(watched, perf_counter() - started, reader.relation, text, bound, is_over=False)
            raise
        self._note(watched, seconds, reader.relation, text, bound, is_over=True)
        return rows

    def of(self, reader: Hashable) -> Sequence[Cube]:
        """Return what is known for the queries over the rows of a cell, those used last at the end."""
        with self._lock:
            return [cube for cube in self._known.values() if cube.reader == reader]

    def of_views(self, views: Container[Hashable]) -> Sequence[Cube]:
        """Return what is known for queries over the rows of views of crossfilters, those used last at the end."""
        with self._lock:
            return [cube for cube in self._known.values() if any(view in views for view in cube.views)]

    def serve(self, reader: Hashable) -> bool:
        """Whether a cube answers the query over the rows of a cell that was asked last, or is about to."""
        with self._lock:
            found = self._latest.get(reader, ())
            return any(cube.state in ("waiting", "building", "ready") for cube in found)

    def answers(self, reader: Hashable) -> bool:
        """Whether a cube was there for the query over the rows of a cell that was asked last."""
        with self._lock:
            return any(cube.state == "ready" for cube in self._latest.get(reader, ()))

    def wait(self, seconds: float = 60.0) -> bool:
        """Wait until nothing is being built; return whether that is so."""
        return self._idle.wait(seconds)

    def clear(self) -> None:
        """Drop all of them."""
        with self._lock:
            cubes = list(self._known.values())
            self._known.clear()
            self._orders.clear()
        self._forget(cubes)

    def stop(self) -> None:
        """Give up what is being built, and what was to be."""
        with self._lock:
            self._orders.clear()
            builder, building = self._builder, self._building
        if building is not None:
            building.cancel()
        if builder is not None:
            builder.join(_STOPS_WITHIN)

    # Watching.

    def _watch(self, relation: "Relation", text: str, bound: Mapping[str, object]) -> list[Cube]:
        """Return what is known of a query for each input in it, the one that moved last first."""
        if (
            not self._most_bytes
            or not relation.movers
            or not (relation.is_versioned or relation.is_pick)
            or relation.variables
        ):
            return []
        groups: dict[Hashable, set[str]] = {}
        for name, mover in relation.movers.items():
            groups.setdefault(mover, set()).add(name)
        found: list[Cube] = []
        with self._lock:
            for names in groups.values():
                moved, still = _split(relation.parameters, names)
                key = (text, relation.base, relation.sources, frozenset(names), still, repr(sorted(bound.items())))
                cube = self._known.pop(key, None)
                if cube is None:
                    reader = None if relation.uses is None else relation.uses.reader
                    cube = Cube(reader, frozenset(names), text != relation.sql, text)
                self._known[key] = cube
                cube.asked_of = relation.key
                cube.views |= frozenset() if relation.uses is None else relation.uses.views
                if len(cube.values) < 2:
                    cube.values.add(moved)
                found.append(cube)
            if relation.uses is not None:
                self._latest.pop(relation.uses.reader, None)
                self._latest[relation.uses.reader] = found
                if len(self._latest) > _MOST_WATCHED:
                    self._latest.popitem(last=False)
            gone = [self._known.popitem(last=False)[1] for _ in range(len(self._known) - _MOST_WATCHED)]
        self._forget(gone)
        return found

    def _note(
        self,
        watched: Sequence[Cube],
        seconds: float,
        relation: "Relation",
        text: str,
        bound: Mapping[str, object],
        *,
        is_over: bool,
    ) -> None:
        """Note what a plain run took, or took until it was given up, and order the cubes that are worth it."""
        with self._lock:
            for cube in watched:
                if is_over:
                    cube.plain = seconds if cube.plain is None else min(cube.plain, seconds)
                is_slow = seconds >= self.worth and (cube.plain is None or cube.plain >= self.worth)
                if cube.state == "watched" and is_slow and len(cube.values) > 1:
                    cube.state = "waiting"
                    self._orders.append(_Order(cube, relation, text, bound))
            if self._orders and self._builder is None:
                self._idle.clear()
                self._builder = threading.Thread(target=self._work, name="dataapp-cubes", daemon=True)
                self._builder.start()

    # Answering.

    def _answer(self, cube: Cube, reader: "Reader", bound: Mapping[str, object]) -> pa.Table | None:
        values = {name: reader.relation.parameters[name] for name in cube.names}
        if any(not steps.holds(values[name].value) for name, steps in cube.binned.items()):
            return None
        with self._lock:
            tables = cube.tables
            if not tables:
                return None
            for table in tables:
                self._engine.kept.share(table)
        try:
            given = {**reader.relation.parameters, **bound}
            started = perf_counter()
            rows = reader.answer(cube.text, {name: given[name] for name in cube.asked})
            seconds = perf_counter() - started
        except Cancelled:
            raise
        except DataAppError:  # the plain query says what is wrong, in its author's words
            return None
        finally:
            self._let_go(tables)
        with self._lock:
            cube.answers += 1
            cube.fast = seconds if cube.fast is None else min(cube.fast, seconds)
            is_slow = cube.plain is not None and seconds > _GAIN * cube.plain
            cube.slow = cube.slow + 1 if is_slow else 0
            if self.worth and cube.slow > 3 and cube.fast > _GAIN * (cube.plain or 0.0):
                cube.state, cube.why = "unfit", "the plain query is as fast"
        if cube.state == "unfit":
            self._release(cube)
        return rows

    def _forget(self, cubes: Sequence[Cube]) -> None:
        """Let go of cubes that nobody finds any more; one that is being built is let go of when it is there."""
        for cube in cubes:
            with self._lock:
                cube.state, cube.why = "unfit", "others were asked since"
            self._release(cube)

    def _release(self, cube: Cube) -> None:
        with self._lock:
            tables, cube.tables = cube.tables, ()
        self._let_go(tables)

    def _let_go(self, tables: Iterable[KeptTable]) -> None:
        for table in tables:
            self._engine.kept.release(table)

    # Building.

    def _work(self) -> None:
        while True:
            with self._lock:
                if not self._orders:
                    self._builder = None
                    self._idle.set()
                    return
                order = self._orders.pop()
                if order.cube.state != "waiting":
                    continue
                order.cube.state = "building"
            try:
                self._build(order)
            except Misfit as misfit:
                order.cube.state, order.cube.why = "unfit", str(misfit)
            except DataAppError as error:
                order.cube.state, order.cube.why = "unfit", f"it could not be built: {error}"
            except Exception as error:  # a source that moved, or anything else: the plain query answers
                order.cube.state, order.cube.why = "unfit", f"it could not be built: {type(error).__name__}"

    def _build(self, order: _Order) -> None:
        cube, relation = order.cube, order.relation
        given: dict[str, object] = {**relation.parameters, **order.bound}
        started = perf_counter()
        with self._engine.read(relation) as reader, self._known_as_building(reader):

            def used(text: str) -> dict[str, object]:
                names = parameters(self._engine.serialize(text))
                return {name: value for name, value in given.items() if name in names}

            def describe(text: str) -> list[tuple[str, str]]:
                return reader.describe_query(text, used(text))

            found = plan(order.text, cube.names, self._engine, lambda text: [name for name, _ in describe(text)])
            types = dict(describe(found.build([None] * len(found.moving))))
            bins, binned = put_into_bins(found.moving, types, relation.parameters)
            build = found.build(bins)
            with self._bounded(reader):
                table = reader.make_kept(build, used(build))
            cube.tables = (table,)  # which whoever gives the cube up releases
            try:
                rows = reader.count_kept(table, COUNT)
                if table.rows > self._most_rows or table.rows * self._least_shrinking > rows:
                    raise Misfit(f"it has {table.rows:,} rows for {rows:,}")
                text, told = found.answer(table.name), describe(order.text)
                if describe(text) != told:
                    raise Misfit("its columns would have other types")
                columns = len(describe(build))
                if bins[0] is not None and table.rows >= self._layered_from:
                    text = self._layered(cube, found, reader, lambda text: describe(text) == told) or text
                asked = frozenset(used(text))
            except BaseException:
                self._release(cube)
                raise
        with self._lock:
            cube.text, cube.asked, cube.binned = text, asked, binned
            cube.rows = sum(table.rows for table in cube.tables)
            cube.bytes = cube.rows * columns * _BYTES_PER_VALUE
            cube.built = perf_counter() - started
            is_wanted = cube.state == "building"
            if is_wanted:
                cube.state = "ready"
        if is_wanted:
            self._evict(cube)
        else:
            self._release(cube)

    def _layered(self, cube: Cube, found: Plan, reader: "Reader", fits: Callable[[str], bool]) -> str | None:
        """Put two layers in the place of a cube's table, and return what answers from them; None if nothing can."""
        if found.layers is None:
            return None
        made: list[KeptTable] = []
        try:
            for write, of in ((found.layers.lower, cube.tables), (found.layers.upper, made)):
                made.append(reader.make_kept(write(of[0].name), {}))
            text = found.answer(*(table.name for table in made))
            if not fits(text):
                return None
            with self._lock:
                if cube.tables:  # else it was given up meanwhile
                    made, cube.tables = list(cube.tables), tuple(made)
            return text
        finally:
            self._let_go(made)

    @contextmanager
    def _known_as_building(self, reader: "Reader") -> Generator[None]:
        self._building = reader
        try:
            yield
        finally:
            self._building = None

    @contextmanager
    def _bounded(self, reader: "Reader") -> Generator[None]:
        """Stop what a reader does in the block once the engine's groups take too much memory.

        Raises:
            Misfit: That happened.
        """
        over, stopped = threading.Event(), threading.Event()
        before = self._engine.memory_of_groups()

        def watch() -> None:
            while not over.wait(_LOOK_EVERY):
                if self._engine.memory_of_groups() - before > _MOST_MEMORY:
                    stopped.set()
                    reader.cancel()
                    return

        watcher = threading.Thread(target=watch, name="dataapp-cube-memory", daemon=True)
        watcher.start()
        try:
            yield
        except Cancelled as error:
            if stopped.is_set():
                raise Misfit("it has too many groups") from error
            raise
        finally:
            over.set()
            watcher.join()

    def _evict(self, newest: Cube) -> None:
        """Drop what was used longest ago until all fit the budget."""
        with self._lock:
            ready = [cube for cube in self._known.values() if cube.state == "ready" and cube is not newest]
            excess = sum(cube.bytes for cube in ready) + newest.bytes - self._most_bytes
            gone: list[Cube] = []
            for cube in ready:
                if excess <= 0:
                    break
                excess -= cube.bytes
                cube.state = "watched"
                gone.append(cube)
            if excess > 0:
                newest.state, newest.why = "unfit", "it is larger than all cubes may be"
                gone.append(newest)
        for cube in gone:
            self._release(cube)


def _stop(cubes: "weakref.ref[Cubes]") -> None:
    """End what is built when the process ends: the engine must not be taken down below a thread that uses it."""
    if (known := cubes()) is not None:
        known.stop()


def _split(values: Mapping[str, Bound], names: set[str]) -> tuple[str, str]:
    """Return what tells the values that move apart, and all others."""
    moved = [(name, bound.type, type(bound.value), bound.value) for name, bound in values.items() if name in names]
    still = [(name, bound.type, type(bound.value), bound.value) for name, bound in values.items() if name not in names]
    return repr(moved), repr(still)
