"""Sources: rows that come from files, frames or a connection's tables."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import cast

from dataapp.cells.database import DatabaseTable
from dataapp.cells.lifetime import Lifetime, checked_ttl
from dataapp.cells.limited import LimitedCell
from dataapp.cells.namespace import Namespace
from dataapp.errors import WrongKindError


class SourceCell(LimitedCell):
    """Rows from outside the graph. Made by `source`."""

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


def source(location: object, /, *, name: str | None = None, ttl: Lifetime = None, **options: object) -> SourceCell:
    """Make a source.

    Args:
        location: A path, glob or list of paths of Parquet, CSV, JSON lines or Arrow IPC files (a relative one starts at
            the file that the call stands in); a frame: Polars, Arrow, pandas, Ibis or anything that narwhals reads; or
            the URL of a database.
        name: What to call it; by default the variable that it is bound to.
        ttl: For how many seconds (a number or a timedelta) what a database or a remote file answered may be reused, by
            all sessions of the process, before it is asked anew, whether anything changed meanwhile or not. By default
            a database is asked each time whether it changed, and a remote file is read once by each session. Local
            files are looked at before each run, and a change is seen at once, whatever this says.
        **options: Passed to the reader of the file format, such as ``hive_partitioning=True`` or ``delim=";"``;
            ``format="csv"`` where the file's ending does not tell. With the URL of a database: ``table=``, ``schema=``,
            and options of `connect`.

    Returns:
        A table that SQL cells read by its name. Nothing is read yet.

    Raises:
        WrongKindError: `ttl` is no time, or the source is a frame, which does not change.

    Example:
        >>> import dataapp as da, polars as pl
        >>> prices = da.source(pl.DataFrame({"symbol": ["A", "B"], "price": [1.0, 2.0]}))
        >>> da.sql("SELECT max(price) AS top FROM prices", prices=prices).evaluate().item()
        2.0
    """
    seconds = checked_ttl(ttl)
    if seconds is not None and not is_location(location):
        raise WrongKindError(
            f"`ttl` is for databases and remote files, but the source is a {type(location).__name__}.",
            hint="leave it out: a frame does not change",
        )
    frame = sys._getframe(1)  # pyright: ignore[reportPrivateUsage]  # the caller's file is where relative paths start
    return SourceCell(location, Namespace.of(frame, {}), options=options, name=name, ttl=seconds)


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
