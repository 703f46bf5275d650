"""The cubes that are to be built, and the thread that builds them: one at a time, the latest ordered first.

A cube whose input has moved is built at once, beside the queries that the moves ask. One that is built *early*, since
its input is about to move, gives way: it begins when the engine runs nothing, is stopped when the engine has anything
else to run, and begins again later.
"""

import logging
import threading
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from time import sleep
from typing import TYPE_CHECKING

from dataapp.engines.cube import Cube, Order
from dataapp.engines.cube_building import Opened
from dataapp.errors import Cancelled

if TYPE_CHECKING:
    from dataapp.engines.duckdb import DuckDB, Reader
    from dataapp.engines.relation import Relation

_log = logging.getLogger(__name__)

_LOOK_EVERY = 0.02  # seconds between looks at whether the engine runs nothing
_MOST_STOPS = 5  # after which nobody tries any more, until the cube is ordered again
_STOPS_WITHIN = 5.0  # seconds


class Orders:
    """What is to be built.

    Args:
        engine: Opens readers.
        lock: Held while an order or its cube changes.
        build: Builds the first of some orders, and others of them that it can build with it; it opens readers by what
            it is given.
    """

    def __init__(
        self, engine: "DuckDB", lock: threading.Lock, build: Callable[[Sequence[Order], Opened], None]
    ) -> None:
        self._engine = engine
        self._lock = lock
        self._build = build
        self._waiting: list[Order] = []
        self._thread: threading.Thread | None = None
        self._current: list[Order] = []
        self._reader: Reader | None = None
        self._running = 0
        self._idle = threading.Event()
        self._idle.set()

    def put(self, order: Order) -> None:
        """Order a cube; of a query, only the latest is built early. For use under the lock."""
        for older in [one for one in self._waiting if _is_same_early(one, order)]:
            self._waiting.remove(older)
            older.cube.state = "watched"
        order.cube.state = "waiting"
        self._waiting.append(order)
        if self._thread is None:
            self._idle.clear()
            self._thread = threading.Thread(target=self._work, name="dataapp-cubes", daemon=True)
            self._thread.start()

    def hasten(self, cube: Cube) -> None:
        """Let a cube whose input has moved be built as others are. For use under the lock."""
        for order in (*self._waiting, *self._current):
            if order.cube is cube:
                order.early = None

    @contextmanager
    def giving_way(self) -> Generator[None]:
        """Let what is built early give way while the engine does something else."""
        with self._lock:
            self._running += 1
            reader = self._reader if self._is_early() else None
        if reader is not None:
            reader.cancel()
        try:
            yield
        finally:
            with self._lock:
                self._running -= 1

    def wait(self, seconds: float) -> bool:
        """Wait until nothing is to be built; return whether that is so."""
        return self._idle.wait(seconds)

    def clear(self) -> None:
        """Forget what is to be built. For use under the lock."""
        self._waiting.clear()

    def stop(self) -> None:
        """Give up what is being built, and what was to be."""
        with self._lock:
            self._waiting.clear()
            thread, reader, current = self._thread, self._reader, self._current
            for order in current:
                if order.cube.state == "building":
                    order.cube.state = "watched"
        if reader is not None:
            reader.cancel()
        if thread is not None:
            thread.join(_STOPS_WITHIN)

    def _work(self) -> None:
        while True:
            with self._lock:
                self._current = self._next()
                if not self._current and not self._waiting:
                    self._thread = None
                    self._idle.set()
                    return
            if self._current:
                self._carry_out(self._current)
            else:
                sleep(_LOOK_EVERY)

    def _next(self) -> list[Order]:
        """Take the order to be carried out now, if there is one, and others of the same sources."""
        for order in [order for order in self._waiting if not order.is_wanted or order.cube.state != "waiting"]:
            self._waiting.remove(order)
            if order.cube.state == "waiting":
                order.cube.state = "watched"
        moved = [order for order in self._waiting if order.early is None]
        found = moved or (self._waiting if not self._running else [])
        if not found:
            return []
        first = found[-1].relation
        taken = [order for order in reversed(found) if _reads_same(order.relation, first)]
        for order in taken:
            self._waiting.remove(order)
            order.cube.state = "building"
        return taken

    def _is_early(self) -> bool:
        return bool(self._current) and all(order.early is not None for order in self._current)

    def _carry_out(self, orders: Sequence[Order]) -> None:
        is_stopped = False
        try:
            self._build(orders, self._opened)
        except Cancelled:
            is_stopped = True
        except Exception as error:  # the thread builds what is ordered later, too
            _log.exception("Cubes could not be built.")
            self._give_up(orders, type(error).__name__)
        with self._lock:
            left = [order for order in orders if order.cube.state == "building"]  # others are there, or given up
            for order in left:
                order.stops += is_stopped
                order.cube.state = "waiting" if order.stops <= _MOST_STOPS else "watched"
            self._waiting[:0] = [order for order in reversed(left) if order.cube.state == "waiting"]

    def _give_up(self, orders: Sequence[Order], why: str) -> None:
        with self._lock:
            for order in orders:
                if order.cube.state == "building":
                    order.cube.state, order.cube.why = "unfit", f"it could not be built: {why}"

    @contextmanager
    def _opened(self, relation: "Relation") -> "Generator[Reader]":
        """Open a reader that is stopped if it has to give way.

        Raises:
            Cancelled: It has to right now.
        """
        with self._engine.read(relation) as reader:
            reader.gives_way = True
            with self._lock:
                self._reader = reader
                if self._is_early() and self._running:
                    raise Cancelled
            try:
                yield reader
            finally:
                with self._lock:
                    self._reader = None


def _reads_same(one: "Relation", other: "Relation") -> bool:
    return (one.base, one.sources) == (other.base, other.sources)


def _is_same_early(older: Order, order: Order) -> bool:
    if order.early is None or older.early is not order.early:
        return False
    return (older.text, older.bound, older.cube.names) == (order.text, order.bound, order.cube.names)
