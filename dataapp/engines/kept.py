"""Tables that the engine keeps for several readers: whoever asks the same question shares one copy.

Invariants: a kept table exists exactly while somebody holds it; one key is made by one reader at a time, while the
others wait; who gives up making it lets the next one try.
"""

import itertools
import threading
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field

from dataapp.errors import Cancelled

SCHEMA = "dataapp_kept"
_LOOK_EVERY = 0.02  # seconds between two looks at whether a waiting reader was cancelled


@dataclass(slots=True, eq=False)
class KeptTable:
    """A table that is kept, or about to be.

    Attributes:
        key: What its rows depend on.
        name: Its name in the engine, with the schema.
        rows: How many rows it has.
        holders: How many readers need it.
    """

    key: Hashable
    name: str
    rows: int = 0
    holders: int = 0
    has_failed: bool = False
    is_over: threading.Event = field(default_factory=threading.Event)


class KeptTables:
    """The kept tables of one engine.

    Args:
        drop: Removes a table from the engine.
    """

    def __init__(self, drop: Callable[[str], None]) -> None:
        self._drop = drop
        self._lock = threading.Lock()
        self._tables: dict[Hashable, KeptTable] = {}
        self._numbers = itertools.count(1)

    def hold(self, key: Hashable, make: Callable[[str], int], is_cancelled: Callable[[], bool]) -> KeptTable:
        """Return the table of a key, made if need be; `release` it when it is no longer needed.

        Args:
            key: What the rows depend on.
            make: Creates the table under the given name and returns how many rows it has.
            is_cancelled: Whether the caller no longer wants to wait.

        Raises:
            Cancelled: The caller no longer wants it.
        """
        while True:
            with self._lock:
                table = self._tables.get(key)
                is_maker = table is None
                if table is None:
                    table = self._tables[key] = KeptTable(key, f"{SCHEMA}.kept_{next(self._numbers)}")
                table.holders += 1
            if is_maker:
                self._make(table, make)
                return table
            while not table.is_over.wait(_LOOK_EVERY):
                if is_cancelled():
                    self.release(table)
                    raise Cancelled
            if not table.has_failed:
                return table

    def share(self, table: KeptTable) -> None:
        """Hold a table that somebody holds at this moment; `release` it, too."""
        with self._lock:
            table.holders += 1

    def release(self, table: KeptTable) -> None:
        """Stop needing a table; the last one to do so removes it."""
        with self._lock:
            table.holders -= 1
            is_last = table.holders == 0 and not table.has_failed
            if is_last and self._tables.get(table.key) is table:
                del self._tables[table.key]
        if is_last:
            self._drop(table.name)

    def __len__(self) -> int:
        return len(self._tables)

    def _make(self, table: KeptTable, make: Callable[[str], int]) -> None:
        try:
            table.rows = make(table.name)
        except BaseException:
            with self._lock:
                table.has_failed = True
                del self._tables[table.key]
            raise
        finally:
            table.is_over.set()
