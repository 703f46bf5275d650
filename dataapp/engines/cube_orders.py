"""The cubes that are to be built, and the thread that builds them: one at a time, the latest ordered first.

A cube whose input has moved is built at once, beside the queries that the moves ask. One that is built *early*, since
its input is about to move, gives way: it begins when the engine runs nothing, is stopped when the engine has anything
else to run, and begins again later.
"""

import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from time import sleep
from typing import TYPE_CHECKING

from dataapp.compile.cubes.trees import Misfit
from dataapp.engines.cube import Cube, Order
from dataapp.errors import Cancelled, DataAppError

if TYPE_CHECKING:
    from dataapp.engines.duckdb import DuckDB, Reader

_LOOK_EVERY = 0.02  # seconds between looks at whether the engine runs nothing
_MOST_STOPS = 5  # after which nobody tries any more, until the cube is ordered again
_STOPS_WITHIN = 5.0  # seconds


class Orders:
    """What is to be built.

    Args:
        engine: Opens readers.
        lock: Held while an order or its cube changes.
        build: Builds a cube with a reader.
    """

    def __init__(self, engine: "DuckDB", lock: threading.Lock, build: "Callable[[Order, Reader], None]") -> None:
        self._engine = engine
        self._lock = lock
        self._build = build
        self._waiting: list[Order] = []
        self._thread: threading.Thread | None = None
        self._current: Order | None = None
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
        for order in (*self._waiting, *([] if self._current is None else [self._current])):
            if order.cube is cube:
                order.early = None

    @contextmanager
    def giving_way(self) -> Generator[None]:
        """Let what is built early give way while the engine does something else."""
        with self._lock:
            self._running += 1
            reader = None if self._current is None or self._current.early is None else self._reader
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
            if current is not None and current.cube.state == "building":
                current.cube.state = "watched"
        if reader is not None:
            reader.cancel()
        if thread is not None:
            thread.join(_STOPS_WITHIN)

    def _work(self) -> None:
        while True:
            with self._lock:
                order = self._current = self._next()
                if order is None and not self._waiting:
                    self._thread = None
                    self._idle.set()
                    return
            if order is None:
                sleep(_LOOK_EVERY)
            else:
                self._carry_out(order)

    def _next(self) -> Order | None:
        """Take the next order that may be carried out now, if there is one."""
        for order in [order for order in self._waiting if not order.is_wanted or order.cube.state != "waiting"]:
            self._waiting.remove(order)
            if order.cube.state == "waiting":
                order.cube.state = "watched"
        moved = [order for order in self._waiting if order.early is None]
        found = moved or (self._waiting if not self._running else [])
        if not found:
            return None
        latest = found[-1]
        self._waiting.remove(latest)
        latest.cube.state = "building"
        return latest

    def _carry_out(self, order: Order) -> None:
        try:
            with self._engine.read(order.relation, gives_way=True) as reader:
                with self._lock:
                    self._reader = reader
                    has_to_wait = order.early is not None and self._running > 0
                if has_to_wait:
                    raise Cancelled
                self._build(order, reader)
        except Cancelled:
            self._put_off(order)
        except Misfit as misfit:
            order.cube.state, order.cube.why = "unfit", str(misfit)
        except DataAppError as error:
            order.cube.state, order.cube.why = "unfit", f"it could not be built: {error}"
        except Exception as error:  # a source that moved, or anything else: the plain query answers
            order.cube.state, order.cube.why = "unfit", f"it could not be built: {type(error).__name__}"
        finally:
            with self._lock:
                self._reader = None

    def _put_off(self, order: Order) -> None:
        """Let an order that was stopped wait, if that was to give way."""
        with self._lock:
            if order.cube.state != "building":  # it was given up
                return
            order.stops += 1
            if order.stops > _MOST_STOPS:
                order.cube.state = "watched"
            else:
                order.cube.state = "waiting"
                self._waiting.insert(0, order)


def _is_same_early(older: Order, order: Order) -> bool:
    if order.early is None or older.early is not order.early:
        return False
    return (older.text, older.bound, older.cube.names) == (order.text, order.bound, order.cube.names)
