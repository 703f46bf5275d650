"""What is being dragged over on a page, for the charts that follow it."""

from collections.abc import Callable, Hashable
from uuid import uuid4
from weakref import WeakKeyDictionary, WeakMethod

from dataapp.runtime.session import Session

type Called = Callable[[], None]


class Drags:
    """The selections of one session that a pointer holds.

    A page calls a selection by a name that no other session's has: two of them, of two servers, may be on one page.
    """

    def __init__(self) -> None:
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

    @property
    def held(self) -> frozenset[Hashable]:
        """All selections that a pointer drags."""
        return frozenset(self._held)

    def watch(self, released: Called) -> None:
        """Call a method whenever a pointer is let go, as long as its object lives."""
        self._watchers = [known for known in self._watchers if known() is not None]
        self._watchers.append(WeakMethod(released))


_known: WeakKeyDictionary[Session, Drags] = WeakKeyDictionary()


def drags_of(session: Session) -> Drags:
    """Return what is dragged in a session."""
    return _known.setdefault(session, Drags())
