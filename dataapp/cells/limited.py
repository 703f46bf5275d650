"""Cells whose work may be given a time limit."""

import copy
import math
from typing import Self

from dataapp.cells.cell import Cell
from dataapp.cells.namespace import Namespace
from dataapp.errors import WrongKindError


class LimitedCell(Cell):
    """A cell that runs: a query, a function, a source that is read."""

    __slots__ = ("limit",)

    limit: float | None

    def __init__(self, namespace: Namespace, name: str | None = None) -> None:
        super().__init__(namespace, name)
        self.limit = None

    def limited(self, *, seconds: float) -> Self:
        """Return the same cell with a time limit, which counts instead of the app's.

        Each of its runs is stopped after so many seconds, and the cell shows that as its error; the rest of the page
        goes on. Queries stop at once, and so do coroutines. A plain function cannot be stopped from outside: its
        result is dropped, but it goes on until it returns.

        A query that reads this cell is one query with it, and has a limit of its own.

        Args:
            seconds: How long a run may take.

        Raises:
            WrongKindError: That is no time.

        Example:
            >>> import dataapp as da
            >>> endless = da.sql("SELECT sum(range) AS n FROM range(1_000_000_000_000_000)").limited(seconds=0.01)
            >>> try:
            ...     endless.evaluate()
            ... except da.DataAppError as error:
            ...     print(error.code)
            DA811
        """
        limited = copy.copy(self)
        limited.limit = checked_seconds(seconds, "seconds")
        limited._label = None  # what is bound to a name is the limited one
        return limited


def own_limit(cell: Cell) -> float | None:
    """Return the limit that a cell itself has."""
    return cell.limit if isinstance(cell, LimitedCell) else None


def checked_seconds(seconds: object, name: str) -> float:
    """Return a duration that somebody gave as an argument.

    Raises:
        WrongKindError: It is none.

    Example:
        >>> checked_seconds(5, "timeout")
        5.0
    """
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 < seconds < math.inf:
        raise WrongKindError(
            f"`{name}` is {seconds!r}, which is no number of seconds.", hint="give seconds, such as 5 or 0.5"
        )
    return float(seconds)
