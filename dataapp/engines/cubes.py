"""Cubes: what answers a query within milliseconds while one input of it moves.

A query is *watched* for each input in it: what else it depends on stays the same, and only that input's values differ
from run to run. The second value makes it a candidate; if the plain query takes long, a cube is built beside it, and
as soon as it is there it answers every further value. The plain query answers as long as there is none, where none
fits, and for values that are between the cube's steps.

Invariants:

- A cube answers with the rows that the plain query gives, but that floating-point numbers are added in another order.
- A cube is known under the versions of all files and frames that it was made of: after a change it is not found.
- Cubes never exceed their budget together: those make room that are cheap for their size, and not used for long
  (GreedyDual-Size: Cao and Irani, 1997). One that is not faster than the plain query is dropped.
- One is built at a time, the latest asked for first, and nobody waits for it.
"""

import atexit
import threading
import weakref
from collections import OrderedDict
from collections.abc import Callable, Container, Hashable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from time import perf_counter
from typing import TYPE_CHECKING

import pyarrow as pa

from dataapp.compile.cubes.trees import Misfit
from dataapp.engines.cube import Cube, Expected, Order
from dataapp.engines.cube_building import Building, Limits, Opened
from dataapp.engines.cube_orders import Orders
from dataapp.engines.tiles import Tile, make_tile
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
_MOST_WATCHED = 512


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
        self._lock = threading.Lock()
        self._known: OrderedDict[Hashable, Cube] = OrderedDict()
        self._latest: OrderedDict[Hashable, Sequence[Cube]] = OrderedDict()
        self._expected: weakref.WeakSet[Expected] = weakref.WeakSet()
        self._rank = 0.0  # of the last one that made room
        self._building = Building(engine, self._lock, Limits(most_rows, least_shrinking, layered_from))
        self._orders = Orders(engine, self._lock, self._build)
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

    def expect(self, expected: Expected, relations: Iterable["Relation"]) -> None:
        """Build cubes early for what was asked of relations, since an input in them is about to move.

        A cube that is found to be worth it only afterwards, since its first plain answer is still on its way, is built
        then. Nobody waits for these cubes, and nothing that runs.

        Args:
            expected: What is about to move, for as long as it says so.
            relations: What is shown.
        """
        with self._lock:
            self._expected.add(expected)
            for relation in relations:
                for names in self._movable(relation):
                    if expected.moves(relation, names):
                        self._order_early(expected, relation, names)

    def _order_early(self, expected: Expected, relation: "Relation", names: frozenset[str]) -> None:
        shape = _shape(relation, names)
        reader = None if relation.uses is None else relation.uses.reader
        for cube in list(self._known.values()):
            is_shown = cube.shape == shape and cube.reader == reader and relation.sql in cube.query
            if cube.state != "watched" or not is_shown:
                continue
            if cube.plain is None:
                cube.plain = self._likely(cube)
            if cube.plain is not None and cube.plain >= self.worth:
                self._orders.put(Order(cube, relation, cube.query, cube.bound, expected))

    def _likely(self, cube: Cube) -> float | None:
        """Return what a query takes that only cubes have answered with these values: what it took with others."""
        known = [
            other.plain
            for other in self._known.values()
            if other.plain is not None and (other.query, other.bound) == (cube.query, cube.bound)
        ]
        return min(known, default=None)

    def of(self, reader: Hashable) -> Sequence[Cube]:
        """Return what is known for the queries over the rows of a cell, those used last at the end."""
        with self._lock:
            return [cube for cube in self._known.values() if cube.reader == reader]

    def of_views(self, views: Container[Hashable]) -> Sequence[Cube]:
        """Return what is known for queries over the rows of views of crossfilters, those used last at the end."""
        with self._lock:
            return [cube for cube in self._known.values() if any(view in views for view in cube.views)]

    def tile(self, reader: "Reader", text: str, bound: Mapping[str, object], mover: Hashable) -> Tile | None:
        """Return what a page needs to answer a query by itself while one input in it moves, or None.

        Args:
            reader: Reads the query's relation.
            text: The query.
            bound: Values of parameters that are not the relation's.
            mover: The input, as `Relation.movers` knows it.
        """
        relation = reader.relation
        names = _names_of(relation, mover)
        with self._lock:
            cube = self._known.get(_key(relation, text, bound, names))
            if cube is None or cube.state != "ready" or cube.tiling is None or not cube.tables:
                return None
            if cube.tile is not None:
                return cube.tile
            plan, table = cube.tiling, cube.tables[0]
            self._engine.kept.share(table)
        try:
            tile = make_tile(plan, table, cube.binned, {**relation.parameters, **bound}, reader)
        except Cancelled:
            raise
        except DataAppError:  # the engine goes on to answer
            return None
        except (Misfit, ArithmeticError, pa.ArrowException):  # nor would it be otherwise next time
            with self._lock:
                cube.tiling = None
            return None
        finally:
            self._building.let_go([table])
        with self._lock:
            is_first = cube.state == "ready" and cube.tile is None
            if is_first:
                cube.bytes += tile.nbytes
                cube.tile = tile
        if is_first:
            self._evict(cube)
        return tile

    def note_drawn(self, tile: Tile, moves: int) -> None:
        """Note that a page has drawn moves with a tile."""
        with self._lock:
            for cube in self._known.values():
                if cube.tile is tile:
                    cube.drawn += moves
                    self._rank_anew(cube)

    @staticmethod
    def differs(relation: "Relation", mover: Hashable) -> tuple[Hashable, ...]:
        """Return what tells a relation from others, but for the values of one input."""
        return relation.sql, *_shape(relation, _names_of(relation, mover))

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
        return self._orders.wait(seconds)

    def giving_way(self) -> AbstractContextManager[None]:
        """Let what is built early give way while the engine does something else."""
        return self._orders.giving_way()

    def clear(self) -> None:
        """Drop all of them."""
        with self._lock:
            cubes = list(self._known.values())
            self._known.clear()
            self._orders.clear()
        self._forget(cubes)

    def stop(self) -> None:
        """Give up what is being built, and what was to be."""
        self._orders.stop()

    # Watching.

    def _watch(self, relation: "Relation", text: str, bound: Mapping[str, object]) -> list[Cube]:
        """Return what is known of a query for each input in it, the one that moved last first."""
        movable = self._movable(relation)
        if not movable:
            return []
        reader = None if relation.uses is None else relation.uses.reader
        found: list[Cube] = []
        with self._lock:
            for names in movable:
                shape, key = _shape(relation, names), _key(relation, text, bound, names)
                cube = self._known.pop(key, None)
                if cube is None:
                    is_of_view = text != relation.sql
                    cube = Cube(reader, names, is_of_view, query=text, bound=dict(bound), shape=shape)
                self._known[key] = cube
                cube.asked_of = relation.key
                cube.views |= frozenset() if relation.uses is None else relation.uses.views
                if len(cube.values) < 2:
                    cube.values.add(_written(relation, names))
                if len(cube.values) > 1:
                    self._orders.hasten(cube)
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
                if cube.state != "watched" or not is_slow:
                    continue
                has_moved = len(cube.values) > 1
                early = None if has_moved else self._expects(relation, cube)
                if has_moved or early is not None:
                    self._orders.put(Order(cube, relation, text, bound, early))

    def _expects(self, relation: "Relation", cube: Cube) -> Expected | None:
        return next((expected for expected in self._expected if expected.moves(relation, cube.names)), None)

    def _movable(self, relation: "Relation") -> list[frozenset[str]]:
        """Return the parameters of each input that may move, where a cube could answer; none where it could not."""
        is_known = relation.is_versioned or relation.is_pick
        if not self._most_bytes or not relation.movers or not is_known or relation.variables:
            return []
        groups: dict[Hashable, set[str]] = {}
        for name, mover in relation.movers.items():
            groups.setdefault(mover, set()).add(name)
        return [frozenset(names) for names in groups.values()]

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
            self._building.let_go(tables)
        with self._lock:
            cube.answers += 1
            self._rank_anew(cube)
            cube.fast = seconds if cube.fast is None else min(cube.fast, seconds)
            is_slow = cube.plain is not None and seconds > _GAIN * cube.plain
            cube.slow = cube.slow + 1 if is_slow else 0
            if self.worth and cube.slow > 3 and cube.fast > _GAIN * (cube.plain or 0.0):
                cube.state, cube.why = "unfit", "the plain query is as fast"
        if cube.state == "unfit":
            self._building.release(cube)
        return rows

    def _forget(self, cubes: Sequence[Cube]) -> None:
        """Let go of cubes that nobody finds any more; one that is being built is let go of when it is there."""
        for cube in cubes:
            with self._lock:
                cube.state, cube.why = "unfit", "others were asked since"
            self._building.release(cube)

    def _build(self, orders: Sequence[Order], opened: Opened) -> None:
        self._building.build(orders, opened, self._evict)

    def _rank_anew(self, cube: Cube) -> None:
        """Note that a cube is of use: others that are as dear, and were used before the last one went, go before it."""
        cube.rank = self._rank + cube.dearness

    def _evict(self, newest: Cube) -> None:
        """Drop what ranks least until all fit the budget; of equal ones, what was used longest ago."""
        with self._lock:
            self._rank_anew(newest)
            ready = [cube for cube in self._known.values() if cube.state == "ready" and cube is not newest]
            ready.sort(key=lambda cube: cube.rank)
            excess = sum(cube.bytes for cube in ready) + newest.bytes - self._most_bytes
            gone: list[Cube] = []
            for cube in ready:
                if excess <= 0:
                    break
                excess -= cube.bytes
                self._rank = max(self._rank, cube.rank)
                cube.state = "watched"
                gone.append(cube)
            if excess > 0:
                newest.state, newest.why = "unfit", "it is larger than all cubes may be"
                gone.append(newest)
        for cube in gone:
            self._building.release(cube)


def _stop(cubes: "weakref.ref[Cubes]") -> None:
    """End what is built when the process ends: the engine must not be taken down below a thread that uses it."""
    if (known := cubes()) is not None:
        known.stop()


def _names_of(relation: "Relation", mover: Hashable) -> frozenset[str]:
    return frozenset(name for name, known in relation.movers.items() if known is mover)


def _key(relation: "Relation", text: str, bound: Mapping[str, object], names: frozenset[str]) -> tuple[Hashable, ...]:
    """Return what stands for a query while some parameters of it move."""
    return text, *_shape(relation, names), repr(sorted(bound.items()))


def _shape(relation: "Relation", names: frozenset[str]) -> tuple[Hashable, ...]:
    """Return what the rows of a relation depend on but for its text and the values of some parameters."""
    return relation.base, relation.sources, names, _written(relation, relation.parameters.keys() - names)


def _written(relation: "Relation", names: Iterable[str]) -> str:
    """Return what tells values of parameters apart."""
    values = ((name, relation.parameters[name]) for name in sorted(names))
    return repr([(name, bound.type, type(bound.value), bound.value) for name, bound in values])
