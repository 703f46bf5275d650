"""The process's worker threads, shared fairly: whoever has little to do does not wait for whoever has much.

Work comes in lanes, one per session. Invariants: lanes with waiting work take turns; at most `workers` pieces count as
running, one fewer as soon as two lanes are concerned, where one counts until it has run for `patience` seconds, and
while it waits for another it does not; no lane runs more than `per_lane` pieces at once, and all together no more than
`most`. What hurries is short, waits for nothing and counts nowhere: it is what stops the rest. A thread whose heavy
piece may give way gets less of the processors from the moment when work of another lane comes, and ends with its piece:
what is light never runs on it.
"""

import logging
import os
import threading
from collections import deque
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import monotonic

from dataapp.runtime.priority import give_way, let_give_way_further, start_afresh

_log = logging.getLogger(__name__)
_LEAST_WORKERS, _MOST_WORKERS = 2, 8
_PER_LANE = 8
_MOST = 32
_PATIENCE = 0.1  # seconds: what takes longer is heavy, and lets lighter work start beside it
_IDLE = 30.0  # seconds after which a thread without work ends


def workers_for(processors: int) -> int:
    """Return how many light pieces may run at once, where one session alone has work.

    The engine gives a single query all processors. Measured on two, with eight viewers who move sliders: with eight
    pieces at once the event loop stands still for 90 to 110 ms, since the thread that holds Python's lock waits for a
    processor as long as the others do; with two for 40 to 60 ms; with one for 26 to 32. So several sessions leave a
    processor to the loop. One alone does not, whose small queries take one each.
    """
    return min(max(processors, _LEAST_WORKERS), _MOST_WORKERS)


def _processors() -> int:
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity is not None else os.cpu_count() or 1


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
    thread: int = field(default_factory=threading.get_native_id)
    may_give_way: bool = False
    has_given_way: bool = False


class _Current(threading.local):
    """What the calling thread runs."""

    piece: _Piece | None = None


_current = _Current()


@contextmanager
def giving_way() -> Generator[None]:
    """Let the calling thread give way, where its piece of work is heavy, to lighter ones.

    For work that starts no threads, which would have its low priority for good: a query, but not a function of an
    author, in which a library may start those that it keeps.
    """
    piece = _current.piece
    if piece is None:
        yield
        return
    piece.may_give_way = True
    try:
        yield
    finally:
        piece.may_give_way = False


@dataclass(slots=True)
class _Books:
    """What the pool knows, under its lock."""

    lanes: deque[Lane] = field(default_factory=deque[Lane])  # those with waiting work; the next one first
    urgent: deque[Callable[[], None]] = field(default_factory=deque[Callable[[], None]])
    running: dict[int, _Piece] = field(default_factory=dict[int, _Piece])  # by thread
    idle: int = 0
    threads: int = 0
    is_stopped: bool = False


class ThreadPool:
    """Worker threads.

    Args:
        workers: How many pieces run at once, heavy ones aside; by default it depends on the processors.
        per_lane: How many of one lane.
        most: How many threads there are at most.
        patience: Seconds after which a piece is heavy.
        clock: Seconds that only grow.
        gives_way: Whether the process's first thread, which is the event loop's, goes before the workers, and workers
            with light pieces before those whose heavy piece allows it.
    """

    def __init__(
        self,
        workers: int | None = None,
        *,
        per_lane: int = _PER_LANE,
        most: int = _MOST,
        patience: float = _PATIENCE,
        clock: Callable[[], float] = monotonic,
        gives_way: bool = False,
    ) -> None:
        self._workers = workers_for(_processors()) if workers is None else workers
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
            if books.is_stopped:
                return
            if not lane.waiting:
                books.lanes.append(lane)
            lane.waiting.append(work)
            self._let_heavy_ones_give_way(lane)
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

    def stop(self, within: float) -> None:
        """Start nothing more but what hurries, for the end of the process, and wait for what runs.

        Args:
            within: The most seconds to wait.
        """
        with self._changed:
            self._books.is_stopped = True
            for lane in self._books.lanes:
                lane.waiting.clear()
            self._books.lanes.clear()
            self._changed.notify_all()
            self._changed.wait_for(lambda: not self._books.running and not self._books.urgent, within)

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

    def _let_heavy_ones_give_way(self, lane: Lane) -> None:
        """Lower the priority of threads with heavy pieces of other lanes: there is work in this one now.

        A heavy piece of the same lane may have been superseded by the new one: the sooner it sees that, the better.
        """
        if not self._gives_way:
            return
        now = self._clock()
        for piece in self._books.running.values():
            is_heavy = not piece.is_waiting and now - piece.began_at >= self._patience
            if is_heavy and piece.lane is not lane and piece.may_give_way and not piece.has_given_way:
                piece.has_given_way = True
                let_give_way_further(piece.thread)

    def _add_thread(self) -> None:
        self._books.threads += 1
        thread = threading.Thread(target=self._serve, name="dataapp", daemon=True)
        if self._gives_way:
            start_afresh(thread)
        else:
            thread.start()

    def _end_thread(self) -> None:
        """Count the calling thread out, and start another one if there is work and nobody waits for it."""
        books = self._books
        books.threads -= 1
        if books.idle == 0 and (books.lanes or books.urgent):
            self._add_thread()

    def _serve(self) -> None:
        """Run pieces until there have been none for a while."""
        if self._gives_way:
            give_way()
        me = threading.get_ident()
        while (piece := self._next(me)) is not None:
            _current.piece = piece
            try:
                piece.work()
            except BaseException:  # SystemExit, too: a thread lost would be one less for everybody
                _log.exception("Work on a thread raised.")
            finally:
                _current.piece = None
                with self._changed:
                    del self._books.running[me]
                    piece.lane.running -= 1
                    self._changed.notify()
                    if piece.has_given_way:  # which the thread can't take back
                        self._end_thread()
            if piece.has_given_way:
                return
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
                    if books.is_stopped:
                        books.threads -= 1
                        self._changed.notify()
                        return None
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
        counted = [
            piece.lane
            for piece in books.running.values()
            if not piece.is_waiting and now - piece.began_at < self._patience
        ]
        is_shared = len({*counted, *books.lanes}) > 1
        if len(counted) >= (max(self._workers - 1, 1) if is_shared else self._workers):
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
