"""Results that all sessions of a process share: whoever asks the same question gets the same answer, made once.

A key says all that a result depends on: text, typed values, versions of the sources. So nothing is ever invalidated:
what has changed has another key, and what is no longer asked for goes when memory is needed.

Invariants: one key is made by one caller at a time, while the others wait; who gives up making it, or fails to, lets
the next one try; what is kept for later never exceeds the budget. A result is shared as long as anybody holds it, also
when the budget has no room for it.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Generator, Hashable
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import monotonic
from typing import Any, cast
from weakref import WeakValueDictionary

import pyarrow as pa

from dataapp.cache.disk import DiskResults
from dataapp.cache.leases import Leases
from dataapp.errors import Cancelled

_LOOK_EVERY = 0.02  # seconds between two looks at whether a waiting caller was cancelled
_WORTH_A_FILE = 0.05  # seconds to make: what takes less is made again as fast as it is read


@dataclass(slots=True, eq=False)
class _Flight:
    """A result that is being made."""

    is_over: threading.Event = field(default_factory=threading.Event)
    value: Any = None
    is_made: bool = False


class Results:
    """Results by key, bounded by bytes.

    Args:
        most_bytes: How much is kept for later; what is in use does not count.
        waiting: Entered while a caller waits for another one, so that its thread can be made up for.
        disk: Where rows that took long are kept beyond the process, or None.
        leases: For how long results stand in for sources that have no version; by default by the process's clock.

    Attributes:
        leases: As given.

    Example:
        >>> class Rows(list):
        ...     pass
        >>> results = Results(1_000)
        >>> for _ in range(2):
        ...     rows = results.get("key", lambda: print("made") or Rows([1, 2]), lambda rows: 8 * len(rows))
        made
        >>> results.bytes, results.hits
        (16, 1)
    """

    def __init__(
        self,
        most_bytes: int,
        *,
        waiting: "Waiting | None" = None,
        disk: DiskResults | None = None,
        leases: Leases | None = None,
    ) -> None:
        self.leases = leases or Leases()
        self._most_bytes = most_bytes
        self._disk = disk
        self._waiting = waiting or _without_compensation
        self._lock = threading.Lock()
        self._kept: OrderedDict[Hashable, tuple[Any, int]] = OrderedDict()  # the latest last
        self._in_use: WeakValueDictionary[Hashable, Any] = WeakValueDictionary()
        self._flights: dict[Hashable, _Flight] = {}
        self.bytes = 0
        self.hits = 0
        self.misses = 0

    def get[T](
        self,
        key: Hashable,
        make: Callable[[], T],
        size: Callable[[T], int],
        is_cancelled: Callable[[], bool] = lambda: False,
        lasting_key: str | None = None,
    ) -> T:
        """Return the result of a key, made if need be.

        Args:
            key: All that the result depends on.
            make: Makes it; the result must be immutable and allow weak references.
            size: How many bytes it holds.
            is_cancelled: Whether the caller no longer wants to wait; asked only when there is something to wait for.
            lasting_key: The key as other processes know it, for an Arrow table that may be kept on disk.

        Raises:
            Cancelled: The caller no longer wants it.
        """
        if self._disk is not None and lasting_key is not None:
            make = _through_disk(self._disk, lasting_key, make)
        while True:
            with self._lock:
                if (found := self._find(key)) is not None:
                    self.hits += 1
                    return cast("T", found)
                flight = self._flights.get(key)
                is_maker = flight is None
                if flight is None:
                    flight = self._flights[key] = _Flight()
            if is_maker:
                return self._make(key, flight, make, size)
            with self._waiting():
                while not is_cancelled():
                    if flight.is_over.wait(_LOOK_EVERY):
                        break
                else:
                    raise Cancelled
            if flight.is_made:
                with self._lock:
                    self.hits += 1
                return cast("T", flight.value)

    def known(self, key: Hashable) -> Any | None:
        """Return the result of a key if it is there, and None if it would have to be made or waited for."""
        with self._lock:
            found = self._find(key)
            self.hits += found is not None
        return found

    def withdraw(self, key: Hashable) -> Any | None:
        """Forget the result of a key that nobody will ask for again, and return it, if there is one."""
        with self._lock:
            kept, size = self._kept.pop(key, (None, 0))
            self.bytes -= size
            in_use = self._in_use.pop(key, None)
        return in_use if kept is None else kept

    def clear(self) -> None:
        """Forget what is kept for later."""
        with self._lock:
            self._kept.clear()
            self._in_use.clear()
            self.bytes = 0

    def __len__(self) -> int:
        return len(self._kept)

    def check_invariants(self) -> None:
        """Raise AssertionError if the books do not add up."""
        with self._lock:
            assert self.bytes == sum(size for _, size in self._kept.values()), "the bytes are not those of what is kept"
            assert self.bytes <= self._most_bytes, "more is kept than allowed"

    def _find(self, key: Hashable) -> Any | None:
        if key in self._kept:
            self._kept.move_to_end(key)
            return self._kept[key][0]
        return self._in_use.get(key)

    def _make[T](self, key: Hashable, flight: _Flight, make: Callable[[], T], size: Callable[[T], int]) -> T:
        try:
            value = make()
            held = size(value)
            with self._lock:
                self.misses += 1
                self._in_use[key] = value
                self._keep(key, value, held)
            flight.value, flight.is_made = value, True
            return value
        finally:
            with self._lock:
                del self._flights[key]
            flight.is_over.set()

    def _keep(self, key: Hashable, value: object, size: int) -> None:
        if size > self._most_bytes:
            return
        self._kept[key] = (value, size)
        self.bytes += size
        while self.bytes > self._most_bytes:
            _, (_, freed) = self._kept.popitem(last=False)
            self.bytes -= freed


def _through_disk[T](disk: DiskResults, key: str, make: Callable[[], T]) -> Callable[[], T]:
    def load_or_make() -> T:
        if (known := disk.load(key)) is not None:
            return cast("T", known)
        began_at = monotonic()
        value = make()
        if isinstance(value, pa.Table) and monotonic() - began_at > _WORTH_A_FILE:
            disk.store(key, value)
        return value

    return load_or_make


type Waiting = Callable[[], Any]  # makes a context manager


@contextmanager
def _without_compensation() -> Generator[None]:
    yield
