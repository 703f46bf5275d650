"""`da.input`: an input with one widget per session."""

import sys
from typing import Any

from panel.widgets.base import WidgetBase

from dataapp.cells.cell import Cell
from dataapp.cells.input import InputCell
from dataapp.cells.namespace import Namespace
from dataapp.errors import InputError, near
from dataapp.inputs.kinds import WidgetKind


def input(  # noqa: A001  # the name that users write is da.input
    widget: type[WidgetBase], /, *, throttled: bool = False, **options: Any
) -> InputCell:
    """Make an input: every session gets a widget of its own.

    Options may be cells. A table with one column feeds a list of options, one with two columns labels and values;
    ``start`` and ``end`` take tables with one value. When they change, values no longer offered are dropped and an
    empty single choice takes the first, in the same wave as everything else that changes.

    Args:
        widget: A Panel widget class, from ``panel.widgets`` or ``panel.ui``.
        throttled: Wait until a slider is released.
        **options: Options of the widget. Without a ``label`` it is titled by the variable that it is bound to.

    Returns:
        A cell that SQL reads as ``$variable``, and Python cells as a parameter.

    Raises:
        InputError: The widget has no value, or not that option.

    Example:
        >>> import dataapp as da, panel as pn
        >>> top = da.input(pn.widgets.IntSlider, start=1, end=10, value=3)
        >>> da.sql("FROM range($top)", top=top).evaluate().height
        3
    """
    if not (isinstance(widget, type) and issubclass(widget, WidgetBase) and "value" in widget.param):
        raise InputError(
            f"`da.input` takes a widget class, but got {widget!r}.",
            hint="write da.input(pn.widgets.IntSlider, ...) without calling the class",
        )
    for name in options:
        if name not in widget.param:
            raise InputError(f"{widget.__name__} has no option `{name}`.", hint=near(name, list(widget.param)))
    feeds = {name: value for name, value in options.items() if isinstance(value, Cell)}
    fixed = {name: value for name, value in options.items() if name not in feeds}
    frame = sys._getframe(1)
    try:
        kind = WidgetKind(widget, fixed, fed="options" in feeds, throttled=throttled)
    except (ValueError, TypeError) as error:
        raise InputError(f"{widget.__name__} does not take these options: {error}") from error
    return InputCell(kind, Namespace.of(frame, {}), feeds=feeds)
