"""What cubes do for a crossfilter, looked at while its views change in one session.

Cubes tell nobody: they are built and answer on other threads, for all sessions. So whoever shows what they do looks
again a few times after each change, and no more once nothing changes.
"""

from collections.abc import Callable, Sequence
from time import monotonic
from weakref import WeakMethod

import panel as pn

from dataapp.cells.crossfilter import Member
from dataapp.runtime.cubed import Service, is_building, service_of
from dataapp.runtime.session import Session

_PACE = 0.4  # seconds between looks
_PATIENCE = 4  # looks after which nothing is expected to change any more
_OVERDUE = 5.0  # seconds after which a look that was to come will not: what is due can get lost in a document

type Later = Callable[[float, Callable[[], None]], bool]


def later(seconds: float, call: Callable[[], None]) -> bool:
    """Call a function on the current document's thread some time from now; return False where no server does that."""
    document = pn.state.curdoc
    if document is None or document.session_context is None:
        return False
    document.add_timeout_callback(call, round(1000 * seconds))
    return True


class Serving:
    """What cubes do for the views of a crossfilter.

    Args:
        session: The session whose views change.
        members: The views.
        later: Calls a function later on the screen's thread, or returns False: then each change has one look, at once.
        clock: Tells seconds.

    Attributes:
        service: What was found last, or None where there is no cube.
    """

    service: Service | None = None

    def __init__(
        self,
        session: Session,
        members: Sequence[Member],
        later: Later = later,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._session = session
        self._members = members
        self._later = later
        self._clock = clock
        self._followers: dict[WeakMethod[Callable[[], None]], None] = {}
        self._due: float | None = None
        self._looks_left = 0

    def follow(self, changed: Callable[[], None]) -> None:
        """Call a method after each change, as long as what it belongs to lives."""
        followers = self._followers
        followers[WeakMethod(changed, lambda gone: followers.pop(gone, None))] = None
        self.moved()

    def moved(self) -> None:
        """Look soon, since views of the session have changed or are about to."""
        self._looks_left = _PATIENCE
        if self._due is None or self._clock() - self._due > _OVERDUE:
            self._look_later()

    def _look_later(self) -> None:
        if self._looks_left and self._followers and not self._session.is_closed:
            self._looks_left -= 1
            if self._later(_PACE, self._look):
                self._due = self._clock()
            else:
                self._show()

    def _look(self) -> None:
        self._due = None
        if self._session.is_closed:
            return
        self._show()
        if is_building(self._members, self._session.engine.cubes):
            self._looks_left = max(self._looks_left, 1)
        self._look_later()

    def _show(self) -> None:
        found = service_of(self._members, self._session.engine.cubes)
        if found != self.service:
            self.service = found
            for follower in list(self._followers):
                if (changed := follower()) is not None:
                    changed()
