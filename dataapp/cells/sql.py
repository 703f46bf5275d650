"""SQL cells: a query whose tables and parameters are other nodes of the graph."""

import sys
from typing import Literal

from dataapp.cells.database import Database
from dataapp.cells.lifetime import Lifetime, checked_ttl
from dataapp.cells.limited import LimitedCell
from dataapp.cells.namespace import Namespace
from dataapp.errors import WrongKindError

type Materialize = Literal["auto"] | bool
type Run = Literal["auto", "button"]
type Filters = Literal["auto", "inside", "outside"]


class SqlCell(LimitedCell):
    """A query. Made by `sql`."""

    __slots__ = ("filtering", "materialize", "on", "query", "run", "ttl")

    query: str
    on: Database | None
    materialize: Materialize
    run: Run
    ttl: float | None
    filtering: Filters

    def __init__(
        self,
        query: str,
        namespace: Namespace,
        *,
        on: Database | None,
        materialize: Materialize,
        run: Run,
        name: str | None,
        ttl: float | None = None,
        filters: Filters = "auto",
    ) -> None:
        super().__init__(namespace, name)
        self.query = query
        self.on = on
        self.materialize = materialize
        self.run = run
        self.ttl = ttl
        self.filtering = filters

    @property
    def text(self) -> str:
        """What the author wrote, to which lines and columns of errors belong."""
        return self.query

    def place(self, line: int, column: int) -> tuple[int | None, int | None]:
        """Return line and column in what the author wrote, given those in the query."""
        return line, column


def sql(
    query: str,
    /,
    *,
    on: Database | None = None,
    materialize: Materialize = "auto",
    run: Run = "auto",
    name: str | None = None,
    ttl: Lifetime = None,
    filters: Filters = "auto",
    **bindings: object,
) -> SqlCell:
    """Make a SQL cell: any single query that DuckDB accepts as a table.

    Table names and ``$parameters`` are looked up in `bindings`, then in the globals of the module that the call stands
    in. Values are bound, never pasted. A relative path in the text starts at the file that the call stands in.

    Args:
        query: ``SELECT``, ``FROM``-first, ``WITH``, ``PIVOT``, ``SUMMARIZE``, ``DESCRIBE`` or ``VALUES``.
        on: A database to run it on, made by `connect`; the text is then written in the SQL of that database, and reads
            its tables and other cells that run on it. By default the engine in this process.
        materialize: True keeps the rows once per change of inputs, False never does unless the text has no one meaning
            (random numbers, a LIMIT without a total order); ``auto`` decides.
        run: ``button`` waits for a click before each run.
        name: What to call it; by default the variable that it is bound to.
        ttl: With ``on=``, for how many seconds (a number or a timedelta) an answer of the database may be reused, by
            all sessions of the process, before it is asked anew, whether anything changed meanwhile or not. By default
            as long as all the sources that it reads allow; where one says nothing, the database is asked.
        filters: Where the selections of a `crossfilter` go: ``outside`` keeps them off the tables that this cell reads,
            so they filter its result; ``inside`` lets them through also where that changes what the text means, such as
            the ten largest below a LIMIT; ``auto`` lets them through but there.
        **bindings: What names in the text stand for.

    Returns:
        A lazy relation: shown, charted, read by other cells, or evaluated.

    Example:
        >>> import dataapp as da
        >>> squares = da.sql("SELECT range AS n, n * n AS square FROM range($top)", top=4)
        >>> squares.evaluate()["square"].to_list()
        [0, 1, 4, 9]
    """
    if run not in ("auto", "button"):
        raise WrongKindError(f"`run` of a SQL cell is {run!r}.", hint="use 'auto' or 'button'")
    if materialize not in ("auto", True, False):
        raise WrongKindError(f"`materialize` of a SQL cell is {materialize!r}.", hint="use 'auto', True or False")
    if filters not in ("auto", "inside", "outside"):
        raise WrongKindError(f"`filters` of a SQL cell is {filters!r}.", hint="use 'auto', 'inside' or 'outside'")
    if on is not None and not isinstance(on, Database):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise WrongKindError(f"`on` of a SQL cell is a {type(on).__name__}.", hint="give what da.connect(url) returns")
    seconds = checked_ttl(ttl)
    if seconds is not None and on is None:
        raise WrongKindError(
            "`ttl` is for queries that run on a database.", hint="give it to the source that the cell reads"
        )
    frame = sys._getframe(1)  # pyright: ignore[reportPrivateUsage]  # the caller's globals are the graph
    return SqlCell(
        query,
        Namespace.of(frame, bindings),
        on=on,
        materialize=materialize,
        run=run,
        name=name,
        ttl=seconds,
        filters=filters,
    )
