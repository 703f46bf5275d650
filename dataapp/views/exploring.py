"""`da.explore`: any table as a table explorer."""

import sys
from collections.abc import Mapping, Sequence

from dataapp.cells.adapters import as_cell
from dataapp.cells.explore import ExploreCell
from dataapp.cells.namespace import Namespace
from dataapp.errors import WrongKindError
from dataapp.views.table.start import Start


def explore(
    table: object,
    /,
    *,
    sort: str | Sequence[str] = (),
    where: Mapping[str, str] | None = None,
    height: int | None = None,
    name: str | None = None,
) -> ExploreCell:
    """Show a table as an explorer: scrolled, sorted and filtered in the engine, never loaded whole.

    A SQL cell or source in a layout is shown this way by itself. Use this to say how it starts, to read what its
    reader makes of it (`filtered`, `selected`, `value_at`), or to have its view in the page's link.

    What a reader sets belongs to the explorer, one view per session: shown twice, both show the same. Two explorers
    over one cell have a view each.

    Args:
        table: A cell that is a table, or a frame.
        sort: The column to sort by at first, with a ``-`` in front to descend, or several of them.
        where: The filters to start with, by column, as they are typed under its name: ``{"price": ">= 5"}``.
        height: In pixels; by default as high as its rows need, up to 400.
        name: What to call it; by default the variable that it is bound to. The page's link has its view under it.

    Raises:
        WrongKindError: It is no table, or an argument has another shape.

    Example:
        >>> import dataapp as da
        >>> da.explore(da.sql("FROM range(1_000_000)", name="numbers"), height=300).evaluate().height
        1000000
    """
    namespace = Namespace.of(sys._getframe(1), {})
    of = as_cell(table, name or "table", namespace)
    if of is None:
        raise WrongKindError(f"`da.explore` takes a table, but got a {type(table).__name__}.")
    return ExploreCell(of, namespace, kind=Start.of(sort, where), height=height, name=name)
