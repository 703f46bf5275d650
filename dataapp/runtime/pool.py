"""The process's worker threads, shared fairly: whoever has little to do does not wait for whoever has much.

Work comes in lanes, one per session. Invariants: lanes with waiting work take turns; at most `workers` pieces count as
running, where one counts until it has run for `patience` seconds, and while it waits for another it does not; no lane
runs more than `per_lane` pieces at once, and all together no more than `most`. What hurries is short, waits for nothing
and counts nowhere: it is what stops the rest.
"""

import logging
import threading
from collections import deque
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import monotonic

from dataapp.runtime.priority import give_way

_log = logging.getLogger(__name__)
_WORKERS = 8
_PER_LANE = 8
_MOST = 32
_PATIENCE = 0.1  # seconds: what takes longer is heavy, and lets lighter work start beside it
_IDLE = 30.0  # seconds after which a thread without work ends


class Lane:
    """One session's way to the threads."""

    def __init__(self, pool: "ThreadPool") -> None:
        self._pool = pool
        self.waiting: deque[Callable[[], None]] = deque()
        self.running = 0

    def start(self, work: Callable[[], None]) -> None:
        """Run the work on a thread of the pool, when it is this lane's turn."""
        self._pool.take(self, work)

    def hurry(self, work: Callable[[], None]) -> None:
        """Run short work at once, whatever else runs or waits."""
        self._pool.hurry(work)


@dataclass(slots=True, eq=False)
class _Piece:
    """A piece of work that a thread runs."""

    lane: Lane
    work: Callable[[], None]
    began_at: float
    is_waiting: bool = False  # for another one, which counts itself


@dataclass(slots=True)
class _Books:
    """What the pool knows, under its lock."""

    lanes: deque[Lane] = field(default_factory=deque[Lane])  # those with waiting work; the next one first
    urgent: deque[Callable[[], None]] = field(default_factory=deque[Callable[[], None]])
    running: dict[int, _Piece] = field(default_factory=dict[int, _Piece])  # by thread
    idle: int = 0
    threads: int = 0


class ThreadPool:
    """Worker threads.

    Args:
        workers: How many pieces run at once, heavy ones aside.
        per_lane: How many of one lane.
        most: How many threads there are at most.
        patience: Seconds after which a piece is heavy.
        clock: Seconds that only grow.
        gives_way: Whether the process's first thread, which is the event loop's, goes before the workers.
    """

    def __init__(
        self,
        workers: int = _WORKERS,
        *,
        per_lane: int = _PER_LANE,
        most: int = _MOST,
        patience: float = _PATIENCE,
        clock: Callable[[], float] = monotonic,
        gives_way: bool = False,
    ) -> None:
        self._workers = workers
        self._per_lane = per_lane
        self._most = most
        self._patience = patience
        self._clock = clock
        self._gives_way = gives_way
        self._changed = threading.Condition()
        self._books = _Books()
        self._common = Lane(self)
        self._urgent = Lane(self)

    def start(self, work: Callable[[], None]) -> None:
        """Run work that belongs to no session."""
        self._common.start(work)

    def lane(self) -> Lane:
        """Return a lane for a session."""
        return Lane(self)

    def take(self, lane: Lane, work: Callable[[], None]) -> None:
        """See `Lane.start`."""
        with self._changed:
            books = self._books
            if not lane.waiting:
                books.lanes.append(lane)
            lane.waiting.append(work)
            if books.idle == 0 and books.threads < self._most:
                self._add_thread()
            self._changed.notify()

    def hurry(self, work: Callable[[], None]) -> None:
        """See `Lane.hurry`."""
        with self._changed:
            self._books.urgent.append(work)
            if self._books.idle == 0:
                self._add_thread()
            self._changed.notify()

    @contextmanager
    def making_up(self) -> Generator[None]:
        """Let another piece start while the calling one waits for one that runs."""
        with self._changed:
            piece = self._books.running.get(threading.get_ident())
            if piece is not None:
                piece.is_waiting = True
                if self._books.lanes and self._books.idle == 0 and self._books.threads < self._most:
                    self._add_thread()
                self._changed.notify()
        try:
            yield
        finally:
            if piece is not None:
                with self._changed:
                    piece.is_waiting = False

    def _add_thread(self) -> None:
        self._books.threads += 1
        threading.Thread(target=self._serve, name="dataapp", daemon=True).start()

    def _serve(self) -> None:
        """Run pieces until there have been none for a while."""
        if self._gives_way:
            give_way()
        me = threading.get_ident()
        while (piece := self._next(me)) is not None:
            try:
                piece.work()
            except Exception:  # a thread lost would be one less for everybody
                _log.exception("Work on a thread raised.")
            finally:
                with self._changed:
                    del self._books.running[me]
                    piece.lane.running -= 1
                    self._changed.notify()
            del piece  # a thread that waits must not keep a session alive

    def _next(self, me: int) -> _Piece | None:
        books = self._books
        with self._changed:
            books.idle += 1
            try:
                while True:
                    if (piece := self._chosen()) is not None:
                        books.running[me] = piece
                        piece.lane.running += 1
                        return piece
                    until = self._until_one_is_heavy() if books.lanes else _IDLE
                    if not self._changed.wait(until) and not books.lanes and not books.urgent:
                        books.threads -= 1
                        return None
            finally:
                books.idle -= 1
                # Somebody must watch for the next one to become heavy, and for what hurries.
                if books.idle == 0 and (books.urgent or (books.lanes and books.threads < self._most)):
                    self._add_thread()

    def _chosen(self) -> _Piece | None:
        """Take the next piece, if one may start now."""
        now, books = self._clock(), self._books
        if books.urgent:
            return _Piece(self._urgent, books.urgent.popleft(), now, is_waiting=True)
        counted = sum(
            not piece.is_waiting and now - piece.began_at < self._patience for piece in books.running.values()
        )
        if counted >= self._workers:
            return None
        for _ in range(len(books.lanes)):
            lane = books.lanes.popleft()
            if lane.running >= self._per_lane:
                books.lanes.append(lane)
                continue
            work = lane.waiting.popleft()
            if lane.waiting:
                books.lanes.append(lane)
            return _Piece(lane, work, now)
        return None

    def _until_one_is_heavy(self) -> float:
        now = self._clock()
        left = (self._patience - (now - piece.began_at) for piece in self._books.running.values())
        return max(min((seconds for seconds in left if seconds > 0), default=self._patience), 0.001)
