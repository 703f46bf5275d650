"""For how long an answer stands in for its source, where nobody can or wants to ask whether the source changed.

A question has at most one lease at a time, with a number of its own. Who asks says how old an answer may be; when the
lease is older, the next one begins. So a question has one answer for all, and two readers with different wishes share
it as long as it suits both.

Invariants: numbers only grow, and none is given twice; the time of a lease counts from before its source was asked.
"""

import itertools
import math
import threading
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from time import monotonic

_SWEEP_EVERY = 256  # leases begun, between two looks for those that nobody will ask for


@dataclass(slots=True)
class _Lease:
    number: int
    began_at: float
    longest: float  # seconds that any reader wanted it for


class Leases:
    """Leases by question. Any thread may use it.

    Args:
        clock: Tells the time in seconds.

    Example:
        >>> now = [0.0]
        >>> leases = Leases(lambda: now[0])
        >>> leases.take("rows", 60), leases.take("rows", 60)
        ((1, None), (1, None))
        >>> now[0] = 60.0
        >>> leases.current("rows", 60), leases.take("rows", 60), leases.take("rows", 60)
        (None, (2, 1), (2, 1))
    """

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self._leases: dict[Hashable, tuple[_Lease, int | None]] = {}

    def take(self, question: Hashable, seconds: float, since: int = 0) -> tuple[int, int | None]:
        """Return the number of a question's lease, begun if need be, and of the one before it, if that is known.

        Args:
            question: What is asked.
            seconds: How old the lease may be.
            since: A `mark`: older leases do not count.
        """
        with self._lock:
            found = self._good(question, seconds, since)
            if found is not None:
                lease, before = found
                lease.longest = max(lease.longest, seconds)
                return lease.number, before
            last = self._leases.get(question)
            lease = _Lease(next(self._numbers), self._clock(), seconds)
            before = None if last is None else last[0].number
            self._leases[question] = lease, before
            if lease.number % _SWEEP_EVERY == 0:
                self._sweep()
            return lease.number, before

    def current(self, question: Hashable, seconds: float, since: int = 0) -> int | None:
        """Return the number of a question's lease that is young enough, or None."""
        with self._lock:
            found = self._good(question, seconds, since)
        return None if found is None else found[0].number

    def end(self, question: Hashable, number: int) -> None:
        """Let the lease of a number be over, if it is still the question's."""
        with self._lock:
            found = self._leases.get(question)
            if found is not None and found[0].number == number:
                found[0].began_at = -math.inf

    def mark(self) -> int:
        """Return a moment: leases that begin from now on have larger numbers."""
        return next(self._numbers)

    def _good(self, question: Hashable, seconds: float, since: int) -> tuple[_Lease, int | None] | None:
        found = self._leases.get(question)
        if found is None or found[0].number < since or self._clock() - found[0].began_at >= seconds:
            return None
        return found

    def _sweep(self) -> None:
        now = self._clock()
        over = [question for question, (lease, _) in self._leases.items() if now - lease.began_at >= lease.longest]
        for question in over:
            del self._leases[question]
