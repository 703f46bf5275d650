"""An engine that tells when its queries begin and end."""

import threading
from time import perf_counter

from dataapp.engines.duckdb import DuckDB, Reader
from dataapp.engines.relation import Relation

_WITHIN = 60.0  # seconds for a query to stop


class WatchedDuckDB(DuckDB):
    """An engine that notes when readers begin and end."""

    def __init__(self) -> None:
        super().__init__(cube_bytes=0)
        self._changed = threading.Condition()
        self._running: dict[WatchedReader, None] = {}
        self._ended: dict[Reader, float] = {}

    def read(self, relation: Relation) -> Reader:
        """Open a reader that says when it is closed."""
        reader = WatchedReader(self, relation)
        with self._changed:
            self._running[reader] = None
            self._changed.notify_all()
        return reader

    def ended(self, reader: "WatchedReader") -> None:
        """Note that a reader is closed."""
        with self._changed:
            self._running.pop(reader, None)
            self._ended.setdefault(reader, perf_counter())
            self._changed.notify_all()

    def running(self) -> list["WatchedReader"]:
        """Return the readers that are open."""
        with self._changed:
            return list(self._running)

    def wait_for_one(self) -> None:
        """Wait until a reader is open, or for so long that all must have ended by themselves."""
        with self._changed:
            self._changed.wait_for(lambda: bool(self._running), 1)

    def wait_for_end(self, reader: Reader) -> float:
        """Return when a reader ended."""
        with self._changed:
            if not self._changed.wait_for(lambda: reader in self._ended, _WITHIN):
                raise RuntimeError(f"a query did not stop within {_WITHIN:g} seconds")
            return self._ended[reader]


class WatchedReader(Reader):
    """A reader that notes when it is cancelled, and tells when it is closed."""

    def __init__(self, engine: WatchedDuckDB, relation: Relation) -> None:
        super().__init__(engine, relation)
        self._watched = engine
        self.cancelled_at: float | None = None

    def cancel(self) -> None:
        """Stop what runs, and note when."""
        self.cancelled_at = perf_counter()
        super().cancel()

    def close(self) -> None:
        """Give the connection back, and say so."""
        super().close()
        self._watched.ended(self)
