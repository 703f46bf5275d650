"""`da.explore`: any table as a table explorer."""

import sys
from collections.abc import Mapping, Sequence

from dataapp.cells.adapters import as_cell
from dataapp.cells.explore import ExploreCell
from dataapp.cells.formats import read_formats
from dataapp.cells.namespace import Namespace
from dataapp.errors import WrongKindError
from dataapp.views.table.start import Start


def explore(
    table: object,
    /,
    *,
    sort: str | Sequence[str] = (),
    where: Mapping[str, str] | None = None,
    columns: Sequence[str] = (),
    formats: Mapping[str, str | tuple[str, ...]] | None = None,
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
        columns: Which columns are shown at first, in which order; a reader can show the others. By default all are.
        formats: How columns are written and coloured: numbers as in `format` (``",.2f"``, ``"$ {:,.0f}"``), dates as in
            `strftime` (``"%d %b %Y"``), and behind numbers ``"bar"``, ``"sequential"`` or ``"diverging"``. A tuple
            combines two.
        height: In pixels; by default as high as its rows need, up to 400.
        name: What to call it; by default the variable that it is bound to. The page's link has its view under it.

    Raises:
        WrongKindError: It is no table, or an argument has another shape.
        FormatError: A format has no meaning.

    Example:
        >>> import dataapp as da
        >>> da.explore(da.sql("FROM range(1_000_000)", name="numbers"), height=300).evaluate().height
        1000000
    """
    namespace = Namespace.of(sys._getframe(1), {})
    of = as_cell(table, name or namespace.name_of(table) or "table", namespace)
    if of is None:
        raise WrongKindError(f"`da.explore` takes a table, but got a {type(table).__name__}.")
    if isinstance(columns, str):
        raise WrongKindError(f"`columns` is {columns!r}.", hint='give a list of names: columns=["symbol", "price"]')
    written, shown = read_formats(formats or {}), tuple(columns)
    start = Start.of(sort, where)
    return ExploreCell(of, namespace, kind=start, height=height, name=name, columns=shown, formats=written)
