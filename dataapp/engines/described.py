"""Columns that the engine has told before: a relation of the same shape has the same ones."""

import threading
from collections.abc import Hashable
from typing import TYPE_CHECKING

from dataapp.engines.recent import Recent

if TYPE_CHECKING:
    from dataapp.engines.relation import Column


class Described:
    """Columns by shape, the latest `most` that were asked for.

    Example:
        >>> known = Described(1)
        >>> known.put("a", ()), known.put("b", ())
        (None, None)
        >>> known.get("a"), known.get("b")
        (None, ())
    """

    def __init__(self, most: int) -> None:
        self._columns: Recent[Hashable, tuple[Column, ...]] = Recent(most)
        self._lock = threading.Lock()

    def get(self, shape: Hashable) -> "tuple[Column, ...] | None":
        """Return the columns of a shape, or None."""
        with self._lock:
            if (found := self._columns.get(shape)) is not None:
                self._columns.move_to_end(shape)
            return found

    def put(self, shape: Hashable, columns: "tuple[Column, ...]") -> None:
        """Note the columns of a shape."""
        with self._lock:
            self._columns.note(shape, columns)
