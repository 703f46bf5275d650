"""`da.explore`: any table as a table explorer."""

import sys

from dataapp.cells.adapters import as_cell
from dataapp.cells.explore import ExploreCell
from dataapp.cells.namespace import Namespace
from dataapp.errors import WrongKindError


def explore(table: object, /, *, height: int | None = None, name: str | None = None) -> ExploreCell:
    """Show a table as an explorer: scrolled, sorted and filtered in the engine, never loaded whole.

    A SQL cell or source in a layout is shown this way by itself; use this for another height, or for a Python cell
    whose result is a frame.

    Args:
        table: A cell that is a table, or a frame.
        height: In pixels; by default as high as its rows need, up to 400.
        name: What to call it.

    Example:
        >>> import dataapp as da
        >>> da.explore(da.sql("FROM range(1_000_000)", name="numbers"), height=300).evaluate().height
        1000000
    """
    namespace = Namespace.of(sys._getframe(1), {})  # pyright: ignore[reportPrivateUsage]
    of = as_cell(table, name or "table", namespace)
    if of is None:
        raise WrongKindError(f"`da.explore` takes a table, but got a {type(table).__name__}.")
    return ExploreCell(of, namespace, height=height, name=name)
