"""Sources: rows that come from files, frames or a connection's tables."""

from collections.abc import Mapping
from pathlib import Path
from typing import cast

from dataapp.cells.database import DatabaseTable
from dataapp.cells.limited import LimitedCell
from dataapp.cells.namespace import Namespace


class SourceCell(LimitedCell):
    """Rows from outside the graph. Made by `dataapp.source`."""

    __slots__ = ("location", "options", "ttl")

    location: object
    options: Mapping[str, object]
    ttl: float | None

    def __init__(
        self,
        location: object,
        namespace: Namespace,
        *,
        options: Mapping[str, object],
        name: str | None = None,
        ttl: float | None = None,
    ) -> None:
        super().__init__(namespace, name)
        self.location = location
        self.options = options
        self.ttl = ttl


def is_location(thing: object) -> bool:
    """Whether a source's location says where rows are, in files or a database, rather than being a frame.

    Example:
        >>> is_location("trades.parquet"), is_location(["a.csv", "b.csv"]), is_location({"a": [1]})
        (True, True, False)
    """
    if isinstance(thing, list | tuple):
        items = cast("list[object]", thing)
        return bool(items) and all(isinstance(item, str | Path) for item in items)
    return isinstance(thing, str | Path | DatabaseTable)
