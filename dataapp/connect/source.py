"""`da.source`: rows from files, frames or databases, with a policy in front of them or without."""

import sys

from dataapp.cells.lifetime import Lifetime, checked_ttl
from dataapp.cells.namespace import Namespace
from dataapp.cells.policy import GuardedRows, PolicyCell
from dataapp.cells.source import SourceCell, is_location
from dataapp.connect.connection import database_of
from dataapp.errors import WrongKindError


def source(
    location: object,
    /,
    *,
    policy: str | None = None,
    name: str | None = None,
    ttl: Lifetime = None,
    **options: object,
) -> SourceCell | PolicyCell:
    """Make a source.

    Args:
        location: A path, glob or list of paths of Parquet, CSV, JSON lines or Arrow IPC files (a relative one starts at
            the file that the call stands in); a frame: Polars, Arrow, pandas, Ibis or anything that narwhals reads; or
            the URL of a database.
        policy: A SQL condition that every row must satisfy before anybody reads it, such as ``desk = $user.desk``.
            ``$user`` is who is looking, see `user`, also where nothing is called so. Other names are looked up as in
            `sql`. A subquery calls the columns of the source ``source.desk``.
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
        WrongKindError: `ttl` is no time, or the source is a frame, which does not change; `policy` is no text.

    Example:
        >>> import dataapp as da, polars as pl
        >>> prices = da.source(pl.DataFrame({"symbol": ["A", "B"], "price": [1.0, 2.0]}))
        >>> da.sql("SELECT max(price) AS top FROM prices", prices=prices).evaluate().item()
        2.0
        >>> trades = da.source(pl.DataFrame({"desk": ["fx", "rates"], "size": [1, 2]}), policy="desk = $user.desk")
        >>> total = da.sql("SELECT sum(size)::INT AS total FROM trades", trades=trades)
        >>> total.evaluate(user={"name": "ann", "desk": "fx"}).item(), total.evaluate().item()  # the latter for nobody
        (1, None)
    """
    seconds = checked_ttl(ttl)
    if seconds is not None and not is_location(location):
        raise WrongKindError(
            f"`ttl` is for databases and remote files, but the source is a {type(location).__name__}.",
            hint="leave it out: a frame does not change",
        )
    frame = sys._getframe(1)  # pyright: ignore[reportPrivateUsage]  # the caller's file is where relative paths start
    namespace = Namespace.of(frame, {})
    if policy is None:
        return SourceCell(location, namespace, options=options, name=name, ttl=seconds)
    rows = GuardedRows(location, namespace, options=options, name=name, ttl=seconds)
    return PolicyCell(rows, policy, on=database_of(rows))
