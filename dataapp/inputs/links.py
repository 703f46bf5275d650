"""Values that come with a link: put into controls, unless the control would not have sent them itself.

A link is anybody's text. What has another shape, is not offered or lies beyond the ends is refused; passwords and what
follows from other inputs are never in a link.
"""

import datetime as dt
from collections.abc import Collection
from typing import Any, cast

import panel as pn

from dataapp.cells.input import Control
from dataapp.inputs.kinds import ReactiveControl, WidgetControl
from dataapp.inputs.user import UserControl


def is_in_links(control: Control) -> bool:
    """Whether a link holds the value of a control: no password, no user, nothing computed of others."""
    match control:
        case WidgetControl():
            return not isinstance(control.widget, pn.widgets.PasswordInput | pn.ui.PasswordInput)
        case ReactiveControl():
            return control.parameter is not None
        case UserControl():  # who is looking is for the server to say
            return False
        case _:
            return True


def put(control: Control, value: object, fed: Collection[str]) -> object:
    """Put a link's value into a control and return what an input starts with.

    Args:
        control: The control, which still has its default.
        value: What the link says, typed.
        fed: The options that cells feed. What they offer is not known yet, so the value is only looked at.

    Raises:
        ValueError: The control would not send that value.
        TypeError: The control refuses the value's type.
    """
    value = _shaped(value, control.read())
    match control:
        case WidgetControl():
            _check_options(control.widget, value, fed)
            _check_ends(control.widget, value, fed)
            if fed:
                return value
            control.widget.value = value
        case ReactiveControl(parameter=parameter) if parameter is not None:
            setattr(cast("Any", parameter.owner), str(parameter.name), value)
        case _:
            raise ValueError("nobody sets it")
    return control.read()


def _shaped(value: object, default: object) -> object:
    """Return a value that has the shape of the default: a list of one where the link has the item alone."""
    if isinstance(default, list):
        return value if isinstance(value, list) else [value]
    if isinstance(default, tuple):
        if not isinstance(value, tuple) or len(cast("tuple[object, ...]", value)) != len(default):
            raise ValueError("not a pair")
        if None in value and None not in default:
            raise ValueError("an end is missing")
    elif default is not None and isinstance(value, list | tuple):
        raise ValueError("not a single value")
    return value


def _check_options(widget: Any, value: object, fed: Collection[str]) -> None:
    options = getattr(widget, "options", None)
    if options is not None and isinstance(value, list) and not isinstance(widget.value, list):
        raise ValueError("not a single choice")
    if "options" in fed or not isinstance(options, list | dict) or not getattr(widget, "restrict", True):
        return
    offered = cast("list[object]", list(options.values()) if isinstance(options, dict) else options)
    chosen = cast("list[object]", value) if isinstance(value, list) else [value]
    if any(item not in offered for item in chosen if item is not None):
        raise ValueError("not among the options")


def _check_ends(widget: Any, value: object, fed: Collection[str]) -> None:
    if value is None and "Slider" in type(widget).__name__ and widget.value is not None:
        raise ValueError("a slider has a value")
    # An editable slider has soft ends, which typing may exceed, and fixed ones.
    names = ("fixed_start", "fixed_end") if "fixed_start" in widget.param else ("start", "end")
    start, end = (None if name in fed else _ordered(getattr(widget, name, None)) for name in names)
    for item in cast("tuple[object, ...]", value) if isinstance(value, tuple) else (value,):
        found = _ordered(item)
        if found is None:
            continue
        if (start is not None and found < start) or (end is not None and found > end):
            raise ValueError("beyond the ends")


def _ordered(value: object) -> Any:
    """Return a number or moment that compares with its like, or None for what has no order here."""
    if isinstance(value, dt.date) and not isinstance(value, dt.datetime):
        return dt.datetime.combine(value, dt.time())
    return value if isinstance(value, int | float | dt.datetime) else None
