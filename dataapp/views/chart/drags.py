"""What moves on a page by itself, for the charts that follow it: selections that are dragged, and widgets."""

from collections.abc import Callable, Hashable
from typing import cast
from uuid import uuid4
from weakref import WeakKeyDictionary, WeakMethod, ref

from dataapp.cells.cell import Cell
from dataapp.cells.input import InputCell
from dataapp.cells.predicate import PredicateCell
from dataapp.runtime.session import Session
from dataapp.views.nearing import tag_of

type Called = Callable[[], None]


class Drags:
    """The selections of one session that a pointer holds, and the widgets that may move.

    A page calls a selection by a name that no other session's has: two of them, of two servers, may be on one page.

    Args:
        session: Knows widgets, and which of them is about to move.
    """

    def __init__(self, session: Session | None = None) -> None:
        self._session = (lambda: None) if session is None else ref(session)
        self._prefix = uuid4().hex
        self._names: dict[Hashable, str] = {}
        self._held: set[Hashable] = set()
        self._watchers: list[WeakMethod[Called]] = []

    def name(self, selection: Hashable) -> str:
        """Return what the page calls a selection."""
        if selection not in self._names:
            self._names[selection] = f"{self._prefix}-{len(self._names)}"
        return self._names[selection]

    def hold(self, selection: Hashable) -> None:
        """A pointer drags a selection."""
        self._held.add(selection)

    def release(self, selection: Hashable) -> None:
        """The pointer was let go."""
        if selection not in self._held:
            return
        self._held.discard(selection)
        for watcher in list(self._watchers):
            if (call := watcher()) is not None:
                call()

    def is_held(self, selection: Hashable) -> bool:
        """Whether a pointer drags a selection."""
        return selection in self._held

    def may_move(self, mover: Hashable) -> bool:
        """Whether a pointer drags a selection, or is on the widget that an input or a condition is of."""
        session = self._session()
        is_expected = session is not None and session.expects(mover)
        return mover in self._held or (is_expected and self.widget(mover) is not None)

    def widget(self, mover: Hashable) -> str | None:
        """Return by which tag the page knows the widget that an input or a condition is of, or None for no widget.

        The page has its value before anybody else.
        """
        session = self._session()
        if session is None or not isinstance(mover, Cell):
            return None
        cell = session.choice_of(mover) if isinstance(mover, PredicateCell) else mover
        control = session.nodes.controls.get(cast("InputCell", cell))
        return tag_of(control) if getattr(control, "is_live", False) else None

    def watch(self, released: Called) -> None:
        """Call a method whenever a pointer is let go, as long as its object lives."""
        self._watchers = [known for known in self._watchers if known() is not None]
        self._watchers.append(WeakMethod(released))


_known: WeakKeyDictionary[Session, Drags] = WeakKeyDictionary()


def drags_of(session: Session) -> Drags:
    """Return what is dragged in a session."""
    if session not in _known:
        _known[session] = Drags(session)
    return _known[session]
