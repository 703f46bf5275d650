"""What is shown together: charts that follow one slider become new at the same moment.

What is shown by itself costs a message, a turn with the document locked, and a frame that the browser composes of the
whole page: of five charts that come one after the other, more than to draw them. So what has come waits for the rest of
the same change; where that takes long, it does not.
"""

import logging
import threading
from collections.abc import Callable

from dataapp.runtime.limits import StartTimer, start_timer

type Deliver = Callable[[Callable[[], None]], None]

LONGEST = 0.03  # seconds that what has come waits: a frame of a film
_log = logging.getLogger(__name__)


class Together:
    """Calls that are held back, to be delivered as one.

    Args:
        deliver: Calls a function on the screen's thread, soon.
        start_timer: Calls a function later.

    Example:
        >>> together = Together(lambda call: call(), start_timer=lambda seconds, call: lambda: None)
        >>> together.hold(lambda: print("one"))
        >>> together.show([lambda: print("two")])
        one
        two
    """

    def __init__(self, deliver: Deliver, *, start_timer: StartTimer = start_timer) -> None:
        self._deliver = deliver
        self._start_timer = start_timer
        self._lock = threading.Lock()
        self._held: list[Callable[[], None]] = []
        self._stop_timer: Callable[[], None] = lambda: None

    def hold(self, call: Callable[[], None]) -> None:
        """Hold a call back until others are shown, but not for long."""
        with self._lock:
            self._held.append(call)
            if len(self._held) == 1:
                self._stop_timer = self._start_timer(LONGEST, self.show)

    def show(self, more: "list[Callable[[], None]] | None" = None) -> None:
        """Deliver what is held back, and then more."""
        calls = self._take() + (more or [])
        if calls:
            self._deliver(lambda: _call_all(calls))

    def show_here(self) -> None:
        """Call what is held back on this thread, the screen's."""
        _call_all(self._take())

    def close(self) -> None:
        """Let go of what is held back: nobody wants to see it any more."""
        self._take()

    def _take(self) -> list[Callable[[], None]]:
        with self._lock:
            self._stop_timer()
            held, self._held = self._held, []
        return held


def _call_all(calls: list[Callable[[], None]]) -> None:
    for call in calls:
        try:
            call()
        except Exception:  # of one view, which must not keep the others from what is new
            _log.exception("A view could not be brought up to date.")
