"""How a cube is built: its rows, the text that answers from them, and the layers that they can have."""

import threading
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING

from dataapp.compile.cubes.plan import COUNT, Plan, plan
from dataapp.compile.cubes.trees import Misfit, parameters
from dataapp.engines.bins import put_into_bins
from dataapp.engines.cube import Cube, Order
from dataapp.engines.kept import KeptTable
from dataapp.errors import Cancelled

if TYPE_CHECKING:
    from dataapp.engines.duckdb import DuckDB, Reader

_BYTES_PER_VALUE = 12
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

    def build(self, order: Order, reader: "Reader") -> bool:
        """Build a cube; return whether somebody still wants it.

        Args:
            order: Which.
            reader: Reads its relation.

        Raises:
            Misfit: None fits, or it would be too large.
            Cancelled: The reader was stopped.
        """
        cube, values = order.cube, order.relation.parameters
        given: dict[str, object] = {**values, **order.bound}
        started = perf_counter()

        def used(text: str) -> dict[str, object]:
            names = parameters(self._engine.serialize(text))
            return {name: value for name, value in given.items() if name in names}

        def describe(text: str) -> list[tuple[str, str]]:
            return reader.describe_query(text, used(text))

        found = plan(order.text, cube.names, self._engine, lambda text: [name for name, _ in describe(text)])
        types = dict(describe(found.build([None] * len(found.moving))))
        bins, binned = put_into_bins(found.moving, types, values)
        build = found.build(bins)
        with self._bounded(reader):
            table = reader.make_kept(build, used(build))
        cube.tables = (table,)  # which whoever gives the cube up releases
        try:
            rows = reader.count_kept(table, COUNT)
            if table.rows > self._limits.most_rows or table.rows * self._limits.least_shrinking > rows:
                raise Misfit(f"it has {table.rows:,} rows for {rows:,}")
            text, told = found.answer(table.name), describe(order.text)
            if describe(text) != told:
                raise Misfit("its columns would have other types")
            columns = len(describe(build))
            if bins[0] is not None and table.rows >= self._limits.layered_from:
                text = self._layered(cube, found, reader, lambda text: describe(text) == told) or text
            asked = frozenset(used(text))
        except BaseException:
            self.release(cube)
            raise
        with self._lock:
            cube.text, cube.asked, cube.binned = text, asked, binned
            cube.rows = sum(table.rows for table in cube.tables)
            cube.bytes = cube.rows * columns * _BYTES_PER_VALUE
            cube.built = perf_counter() - started
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
