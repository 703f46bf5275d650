"""Which input the pointer or the focus is on, as pages tell: it is about to move.

Pages know inputs by tags of their widgets (`nearing.js`). The message comes through whichever of our components is on
the page, so a page without any tells nothing.
"""

import itertools
from typing import TYPE_CHECKING, Any, cast

from dataapp.cells import host

if TYPE_CHECKING:
    from dataapp.runtime.session import Session

_PREFIX = "dataapp-input-"
_numbers = itertools.count(1)


def mark(widget: Any) -> None:
    """Let pages tell of a widget that is an input; anything else that a control may have is left alone."""
    tags: list[object] | None = getattr(widget, "tags", None)
    if tags is not None and not any(_is_mark(tag) for tag in tags):
        widget.tags = [*tags, f"{_PREFIX}{next(_numbers)}"]


def hear(data: object) -> bool:
    """Take a message of a page, if it tells which input of the current session is near; return whether it does."""
    match data:
        case {"type": "near", "input": str(tag)}:
            session = cast("Session", host.current().session())
            controls = list(session.nodes.controls.items())
            session.expect([cell for cell, control in controls if tag == tag_of(control)])
            return True
        case _:
            return False


def tag_of(control: object) -> str | None:
    """Return the tag of a control's widget by which pages know it, or None for what they do not know."""
    tags: list[object] = getattr(getattr(control, "widget", None), "tags", None) or []
    return next((cast("str", tag) for tag in tags if _is_mark(tag)), None)


def _is_mark(tag: object) -> bool:
    return isinstance(tag, str) and tag.startswith(_PREFIX)
