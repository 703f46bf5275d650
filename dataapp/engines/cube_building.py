"""How cubes are built: their rows, the texts that answer from them, and the layers that they can have.

Cubes that are to be built at the same time, of the same rows with the same groups and bins, are built by one scan
(`dataapp.compile.consolidation`). Those of other groups are not: neither grouping sets nor a table of the columns that
they need takes less than one scan for each.
"""

import threading
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from time import perf_counter
from typing import TYPE_CHECKING

import pyarrow as pa

from dataapp.compile.consolidation import join, take_apart
from dataapp.compile.cubes.plan import COUNT, Plan, plan
from dataapp.compile.cubes.trees import Misfit, parameters
from dataapp.engines.bins import put_into_bins
from dataapp.engines.cube import Cube, Order, Recipe
from dataapp.engines.kept import KeptTable
from dataapp.errors import Cancelled, DataAppError

if TYPE_CHECKING:
    from dataapp.engines.duckdb import DuckDB, Reader
    from dataapp.engines.relation import Relation

type Opened = "Callable[[Relation], AbstractContextManager[Reader]]"

_BYTES_PER_VALUE = 12
_UNLIKE_SUMS = frozenset({"FLOAT", "BOOLEAN"})  # types of which a value times a number is not the sum of so many
_MOST_MEMORY = 512 * 2**20  # of groups, while one is built
_LOOK_EVERY = 0.05  # seconds


@dataclass(frozen=True, slots=True)
class Limits:
    """What a cube must not exceed.

    Attributes:
        most_rows: The most rows that one has.
        least_shrinking: The least number of rows that one row of a cube stands for, on average.
        layered_from: The number of rows from which on a cube for a range has two layers.
    """

    most_rows: int
    least_shrinking: float
    layered_from: int


class Building:
    """Builds the cubes of one engine.

    Args:
        engine: Whose.
        lock: Held while a cube changes.
        limits: What a cube must not exceed.
    """

    def __init__(self, engine: "DuckDB", lock: threading.Lock, limits: Limits) -> None:
        self._engine = engine
        self._lock = lock
        self._limits = limits

    def build(self, orders: Sequence[Order], opened: Opened, done: Callable[[Cube], None]) -> None:
        """Build the cube of the first order, and of those whose rows the same scan can give.

        Args:
            orders: The orders; those that were neither built nor found unfit stay as they are.
            opened: Opens a reader that may be stopped.
            done: Called with each cube that is there and that somebody still wants.

        Raises:
            Cancelled: A reader was stopped.
        """
        for order in orders:
            if order.recipe is None:
                with _unfit(order), opened(order.relation) as reader:
                    order.recipe = self._recipe(order, reader)
        if orders[0].recipe is None:
            return
        tables = self._by_one_scan(list(self._chosen(orders)), opened)
        try:
            for order in list(tables) or orders[:1]:
                with _unfit(order), opened(order.relation) as reader:
                    if self._build(order, reader, tables.pop(order, None)):
                        done(order.cube)
        finally:
            self.let_go(tables.values())

    def _recipe(self, order: Order, reader: "Reader") -> Recipe:
        started, cube, values = perf_counter(), order.cube, order.relation.parameters

        def describe(text: str) -> list[tuple[str, str]]:
            return reader.describe_query(text, self._used(order, text))

        def columns(text: str) -> list[str]:
            return [name for name, _ in describe(text)]

        found = plan(order.text, cube.names, self._engine, columns)
        averaged = describe(found.averaged) if found.averaged else []
        unfit = next((kind for name, kind in averaged if name in found.multiplied and kind in _UNLIKE_SUMS), None)
        if unfit is not None:
            raise Misfit(f"what moves is a sum of {unfit}")
        divisions = {name: division for name, kind in averaged if (division := self._engine.division(kind))}
        found = replace(found, divisions=divisions)
        types = dict(describe(found.build([None] * len(found.moving))))
        bins, binned = put_into_bins(found.moving, types, values)
        text = found.build(bins)
        try:
            figure = take_apart(text, self._engine, columns)
        except (Misfit, DataAppError):
            figure = None  # it is built by a scan of its own
        return Recipe(found, text, binned, figure, has_bins=bins[0] is not None, seconds=perf_counter() - started)

    def _used(self, order: Order, text: str) -> dict[str, object]:
        names = parameters(self._engine.serialize(text))
        given: dict[str, object] = {**order.relation.parameters, **order.bound}
        return {name: value for name, value in given.items() if name in names}

    def _chosen(self, orders: Sequence[Order]) -> Iterator[Order]:
        """Choose the first order, and those that fit all that were chosen before."""
        chosen: list[Order] = []
        for order in orders:
            if all(_fit(order, other) for other in chosen):
                chosen.append(order)
                yield order

    def _by_one_scan(self, orders: Sequence[Order], opened: Opened) -> dict[Order, KeptTable]:
        """Return the rows of several cubes, from one scan; none where there is one cube only, or that fails."""
        figures = {order: order.recipe.figure for order in orders if order.recipe is not None and order.recipe.figure}
        if len(figures) < 2:
            return {}
        tables: dict[Order, KeptTable] = {}
        started = perf_counter()
        try:
            joint = join(list(figures.values()), self._engine)
            frames: dict[str, pa.Table] = {}
            values: dict[str, object] = {}
            for order, figure in figures.items():
                frames |= order.relation.frames
                values |= {name: order.value(name) for name in figure.names}
            with opened(replace(orders[0].relation, sql=joint.text, frames=frames, uses=None)) as reader:
                with self._bounded(reader):
                    scanned = reader.make_kept(joint.text, values)
                try:
                    for at, order in enumerate(orders):
                        text = joint.part(at, scanned.name)
                        tables[order] = reader.make_kept(text, self._used(order, text))
                finally:
                    self.let_go([scanned])
            for order in orders:
                assert order.recipe is not None
                order.recipe.seconds += (perf_counter() - started) / len(orders)
        except BaseException as error:
            self.let_go(tables.values())
            if isinstance(error, Cancelled) or not isinstance(error, Exception):
                raise
            return {}  # each is built by itself, where why one cannot be is noted
        return tables

    def _build(self, order: Order, reader: "Reader", table: KeptTable | None) -> bool:
        """Build a cube, of its rows where these are there; return whether somebody still wants it."""
        cube, recipe, started = order.cube, order.recipe, perf_counter()
        assert recipe is not None

        def describe(text: str) -> list[tuple[str, str]]:
            return reader.describe_query(text, self._used(order, text))

        if table is None:
            with self._bounded(reader):
                table = reader.make_kept(recipe.text, self._used(order, recipe.text))
        cube.tables = (table,)  # which whoever gives the cube up releases
        found = recipe.plan
        try:
            rows = reader.count_kept(table, COUNT)
            if table.rows > self._limits.most_rows or table.rows * self._limits.least_shrinking > rows:
                raise Misfit(f"it has {table.rows:,} rows for {rows:,}")
            text, told = found.answer(table.name), describe(order.text)
            if describe(text) != told:
                raise Misfit("its columns would have other types")
            columns = len(describe(recipe.text))
            if recipe.has_bins and table.rows >= self._limits.layered_from:
                text = self._layered(cube, found, reader, lambda text: describe(text) == told) or text
            asked = frozenset(self._used(order, text))
        except BaseException:
            self.release(cube)
            raise
        with self._lock:
            cube.text, cube.asked, cube.binned, cube.tiling = text, asked, recipe.binned, found.tile
            cube.rows = sum(table.rows for table in cube.tables)
            cube.bytes = cube.rows * columns * _BYTES_PER_VALUE
            cube.built = perf_counter() - started + recipe.seconds
            is_wanted = cube.state == "building"
            if is_wanted:
                cube.state = "ready"
        if not is_wanted:
            self.release(cube)
        return is_wanted

    def release(self, cube: Cube) -> None:
        """Let go of a cube's tables."""
        with self._lock:
            tables, cube.tables = cube.tables, ()
            cube.tile = None
        self.let_go(tables)

    def let_go(self, tables: Iterable[KeptTable]) -> None:
        """Let go of tables that were held."""
        for table in tables:
            self._engine.kept.release(table)

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
            self.let_go(made)

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


@contextmanager
def _unfit(order: Order) -> Generator[None]:
    """Note why a cube cannot be built; the plain query answers."""
    try:
        yield
    except Cancelled:
        raise
    except Misfit as misfit:
        order.cube.state, order.cube.why = "unfit", str(misfit)
    except DataAppError as error:
        order.cube.state, order.cube.why = "unfit", f"it could not be built: {error}"
    except Exception as error:  # a source that moved, or anything else
        order.cube.state, order.cube.why = "unfit", f"it could not be built: {type(error).__name__}"


def _fit(one: Order, other: Order) -> bool:
    """Whether one scan may give the rows of two cubes."""
    if one.recipe is None or other.recipe is None or one.recipe.figure is None or other.recipe.figure is None:
        return False
    if not one.recipe.figure.fits(other.recipe.figure):
        return False
    both = one.recipe.figure.names & other.recipe.figure.names
    if any(repr(one.value(name)) != repr(other.value(name)) for name in both):
        return False
    ours, theirs = one.relation.frames, other.relation.frames
    return all(ours[name] is theirs[name] for name in ours.keys() & theirs.keys())
