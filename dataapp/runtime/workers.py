"""How work runs: in the calling thread or on the process's threads, on one event loop for async cells, cancellable."""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import CancelledError, Future
from contextlib import AbstractContextManager
from typing import Any, Protocol

from dataapp.errors import Cancelled, TimeLimitError
from dataapp.runtime.pool import Lane, ThreadPool


class Cancel:
    """The cancellation of one piece of work. Any thread may use it.

    Attributes:
        progress: Tells how much is done, from 0 to 1, where somebody knows.
        expired: Set if the work is stopped because its time is over, which is then told as its error.
        is_dropped: Whether nobody waits any more, neither for a result nor for an error.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._callbacks: list[Callable[[], None]] = []
        self._cancelled = False
        self.expired: TimeLimitError | None = None
        self.is_dropped = False
        self.progress: Callable[[], float | None] | None = None

    @property
    def cancelled(self) -> bool:
        """Whether the work is to stop."""
        return self._cancelled

    def on_cancel(self, callback: Callable[[], None]) -> None:
        """Call back when cancelled: at once if that has happened already."""
        with self._lock:
            if not self._cancelled:
                self._callbacks.append(callback)
                return
        callback()

    def cancel(self) -> None:
        """Cancel; again does nothing."""
        self.is_dropped = True
        self._stop()

    def expire(self, error: TimeLimitError) -> None:
        """Stop the work because its time is over, unless it is cancelled already."""
        with self._lock:
            if self._cancelled:
                return
            self.expired = error
        self._stop()

    def _stop(self) -> None:
        with self._lock:
            callbacks = [] if self._cancelled else self._callbacks
            self._callbacks = []
            self._cancelled = True
        for callback in callbacks:
            callback()

    def check(self) -> None:
        """Raise `Cancelled` if the work is to stop."""
        if self._cancelled:
            raise Cancelled


class Pool(Protocol):
    """Something that runs work, now or later, here or on another thread."""

    def start(self, work: Callable[[], None]) -> None:
        """Take a piece of work, which raises nothing."""
        ...


class InlinePool:
    """Runs work in the calling thread, one piece after another, in the order in which it was started."""

    def __init__(self) -> None:
        self._queue: list[Callable[[], None]] = []
        self._is_draining = False

    def start(self, work: Callable[[], None]) -> None:
        """Run the work now, or after the piece that is running."""
        self._queue.append(work)
        if self._is_draining:
            return
        self._is_draining = True
        try:
            while self._queue:
                self._queue.pop(0)()
        finally:
            self._is_draining = False


def soon(pool: Pool, work: Callable[[], None]) -> None:
    """Start work at the end of the current tick of the calling thread's event loop, or now where there is none.

    All that one tick changes is then seen by one piece of work. An inline pool has no ticks. In a lane the work
    waits for no turn: it may be what stops the queries that the lane is full of.
    """
    if isinstance(pool, InlinePool):
        pool.start(work)
        return
    start = pool.hurry if isinstance(pool, Lane) else pool.start
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        start(work)
    else:
        loop.call_soon(start, work)


class _Shared:
    """Made on first use, one per process."""

    lock = threading.Lock()
    pool: ThreadPool | None = None
    loop: asyncio.AbstractEventLoop | None = None


def shared_pool() -> ThreadPool:
    """Return the process's pool."""
    with _Shared.lock:
        if _Shared.pool is None:
            _Shared.pool = ThreadPool(gives_way=True)
        return _Shared.pool


def session_lane() -> Pool:
    """Return a lane of the process's pool for a session."""
    return shared_pool().lane()


def stop_workers(within: float) -> None:
    """Start nothing more on the process's pool, and wait for what runs there, at most so many seconds."""
    with _Shared.lock:
        pool = _Shared.pool
    if pool is not None:
        pool.stop(within)


def while_waiting() -> AbstractContextManager[None]:
    """Let the process's pool make up for the calling thread while it waits for another."""
    return shared_pool().making_up()


def run_coroutine[T](coroutine: Coroutine[Any, Any, T], cancel: Cancel) -> T:
    """Run a coroutine on the process's own event loop and wait for it in this worker thread."""
    with _Shared.lock:
        if _Shared.loop is None:
            _Shared.loop = asyncio.new_event_loop()
            threading.Thread(target=_Shared.loop.run_forever, name="dataapp-async", daemon=True).start()
    future: Future[T] = asyncio.run_coroutine_threadsafe(coroutine, _Shared.loop)

    def stop() -> None:
        future.cancel()

    cancel.on_cancel(stop)
    try:
        return future.result()
    except CancelledError as error:
        if cancel.cancelled:
            raise Cancelled from error
        raise RuntimeError("the coroutine cancelled itself") from error
