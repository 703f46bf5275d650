"""How long queries took in this process, by the cells that were in them: from which it is chosen what rows are kept.

A run counts for the cell whose rows it read, once for each cell that it held: with the query of that cell inside
(*taken*), or with rows that were kept of it. The time in which several runs go side by side is divided among them.

All runs over the same rows within `_SHOWING` seconds are what showing them took: a chart asks several questions, a
table asks for a window and a count. Estimates are medians of the latest few showings.
"""

import statistics
import threading
from collections.abc import Callable, Generator, Hashable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import monotonic

from dataapp.engines.recent import Recent

_SHOWING = 2.0  # seconds
_LATEST = 8  # showings
_MOST = 4096  # pairs of a reader and a cell, and cells, that are known; the longest unused go first


@dataclass(frozen=True, slots=True)
class Uses:
    """Which cells a run holds. All cells go by what stands for them in every session.

    Attributes:
        reader: The cell whose rows are read.
        taken: The cells whose queries are inside, and what stands for their rows.
        kept: The cells of which kept rows are inside, and what stands for these.
        views: The views of crossfilters whose rows are inside.
    """

    reader: Hashable
    taken: Mapping[Hashable, Hashable]
    kept: Mapping[Hashable, Hashable]
    views: frozenset[Hashable] = frozenset()


@dataclass(slots=True)
class _Showing:
    began: float
    seconds: float
    inner: Hashable  # what stood for the rows of the cell inside


@dataclass(slots=True)
class Readings:
    """What showing the rows of one reader took, which held a certain cell: the latest showings.

    The first of all finds files and columns that nobody has read before, so it counts only while it is the only one.

    Attributes:
        count: How many there were.
    """

    count: int = 0
    _latest: dict[Hashable, _Showing] = field(default_factory=dict[Hashable, _Showing])

    @property
    def seconds(self) -> float:
        """The median."""
        return statistics.median([showing.seconds for showing in list(self._latest.values())])

    @property
    def changes(self) -> float:
        """For how many of the showings, from 0 to 1, the cell inside had other rows; the rest changed below it."""
        latest = list(self._latest.values())  # at once: others may add to it meanwhile
        return len({showing.inner for showing in latest}) / len(latest)

    def add(self, shown: Hashable, inner: Hashable, seconds: float, now: float) -> None:
        """Count a run."""
        showing = self._latest.get(shown)
        if showing is None:
            self.count += 1
            self._latest[shown] = _Showing(now, seconds, inner)
            if self.count == 2 or len(self._latest) > _LATEST:
                del self._latest[next(iter(self._latest))]  # afterwards: others may read it at any moment
        elif now - showing.began <= _SHOWING:
            showing.seconds += seconds


@dataclass(frozen=True, slots=True)
class Made:
    """Rows that were to be kept.

    Attributes:
        bytes: How large they were, or None where they were too many.
        at: When they were made.
        failures: How often they were too many since they last were not.
    """

    bytes: int | None
    at: float
    failures: int


@dataclass(frozen=True, slots=True)
class Chosen:
    """What was chosen for a cell.

    Attributes:
        is_kept: Whether its rows are kept.
        why: Why, for people.
        at: When what is known of the other way was forgotten last, or this was chosen first.
        times: How often that was.
    """

    is_kept: bool
    why: str
    at: float
    times: int = 0


class Measured:
    """Times of runs, and sizes of rows. Threads may share it.

    Args:
        clock: Tells seconds.

    Attributes:
        is_cubed: Whether cubes answer what reads the rows of a cell, or are about to.

    Example:
        >>> measured = Measured()
        >>> with measured.run(Uses("chart", taken={"trades": "all of Monday"}, kept={}), shown="Monday"):
        ...     rows = 1 + 1
        >>> measured.reading("chart", "trades", is_kept=False).count
        1
    """

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self.clock = clock
        self._lock = threading.Lock()
        self._running = 0
        self._each = 0.0
        self._at = 0.0
        self._readings: Recent[tuple[Hashable, Hashable, bool], Readings] = Recent(_MOST)
        self.is_cubed: Callable[[Hashable], bool] = lambda reader: False
        self._made: Recent[Hashable, Made] = Recent(_MOST)
        self._chosen: Recent[Hashable, Chosen] = Recent(_MOST)

    @contextmanager
    def run(self, uses: Uses | None, shown: Hashable) -> Generator[None]:
        """Measure what the block takes, unless it fails.

        Args:
            uses: What is in the run, or None to measure nothing.
            shown: What stands for the rows that are read.
        """
        with self._lock:
            started = self._pass()
            self._running += 1
        is_done = False
        try:
            yield
            is_done = True
        finally:
            with self._lock:
                took = self._pass() - started
                self._running -= 1
                if is_done and uses is not None:
                    self._count(uses, shown, took, self._at)

    def _pass(self) -> float:
        """Return the seconds that each run has had so far, had it run from the beginning."""
        now = self.clock()
        if self._running:
            self._each += (now - self._at) / self._running
        self._at = now
        return self._each

    def _count(self, uses: Uses, shown: Hashable, seconds: float, now: float) -> None:
        for cells, is_kept in ((uses.taken, False), (uses.kept, True)):
            for cell, inner in cells.items():
                key = (uses.reader, cell, is_kept)
                readings = self._readings.pop(key, None) or Readings()
                readings.add(shown, inner, seconds, now)
                self._readings.note(key, readings)

    def reading(self, reader: Hashable, cell: Hashable, *, is_kept: bool) -> Readings | None:
        """Return what showing a reader took with a cell's query inside, or with its kept rows; None if it never ran."""
        return self._readings.get((reader, cell, is_kept))

    def made(self, cell: Hashable, size: int | None) -> None:
        """Note how large rows of a cell were that were made to be kept; None says that they were too many."""
        with self._lock:
            known = self._made.pop(cell, None)
            failures = 0 if size is not None else 1 if known is None else known.failures + 1
            self._made.note(cell, Made(size, self.clock(), failures))

    def last_made(self, cell: Hashable) -> Made | None:
        """Return what is known of a cell's rows as they were made last."""
        return self._made.get(cell)

    def choose(self, cell: Hashable, *, is_kept: bool, why: str) -> None:
        """Note what was chosen for a cell."""
        with self._lock:
            known = self._chosen.pop(cell, None)
            at, times = (self.clock(), 0) if known is None else (known.at, known.times)
            self._chosen.note(cell, Chosen(is_kept, why, at, times))

    def chosen(self, cell: Hashable) -> Chosen | None:
        """Return what was chosen for a cell last."""
        return self._chosen.get(cell)

    def forget(self, cell: Hashable, readers: "list[Hashable]", *, is_kept: bool) -> None:
        """Forget what readers took one way, so that it is found out again."""
        with self._lock:
            for reader in readers:
                self._readings.pop((reader, cell, is_kept), None)
            if (known := self._chosen.get(cell)) is not None:
                self._chosen[cell] = Chosen(known.is_kept, known.why, self.clock(), known.times + 1)
