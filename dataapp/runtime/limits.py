"""Time limits: how long a piece of work may take, and what is told when it takes longer.

The nearest limit counts: the cell's own, else the app's. `DATAAPP_TIMEOUT` is for whoever runs the server: nothing
exceeds it, whatever apps and cells say. The time begins when the work does, not while it waits for a thread.
"""

import os
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager

from dataapp.cells.limited import checked_seconds
from dataapp.errors import SettingError, TimeLimitError, WrongKindError
from dataapp.runtime.workers import Cancel

type StartTimer = Callable[[float, Callable[[], None]], Callable[[], None]]


def start_timer(seconds: float, call: Callable[[], None]) -> Callable[[], None]:
    """Call a function on a thread of its own after some seconds; returns what prevents it."""
    timer = threading.Timer(seconds, call)
    timer.daemon = True
    timer.name = "dataapp-limit"
    timer.start()
    return timer.cancel


class Limits:
    """The limits of one session.

    Args:
        most: Seconds that no work takes longer than; None for as long as it takes.
        start_timer: Calls a function later.

    Attributes:
        default: Seconds for cells without a limit of their own: the app's.

    Example:
        >>> limits = Limits(most=60)
        >>> limits.default = 30
        >>> limits.seconds(None), limits.seconds(5), limits.seconds(120)
        (30, 5, 60)
    """

    def __init__(self, most: float | None = None, *, start_timer: StartTimer = start_timer) -> None:
        self.default: float | None = None
        self._most = most
        self._start_timer = start_timer

    def seconds(self, own: float | None) -> float | None:
        """Return how long work may take that has a limit of its own, or has none."""
        nearest = self.default if own is None else own
        if nearest is None or self._most is None:
            return self._most if nearest is None else nearest
        return min(nearest, self._most)

    @contextmanager
    def watch(
        self, label: str, own: float | None, cancel: Cancel, expire: Callable[[TimeLimitError], None] | None = None
    ) -> Generator[None]:
        """Stop the work in the block when its time is over.

        Args:
            label: The cell that it belongs to.
            own: The cell's own limit.
            cancel: Stops the work.
            expire: Called then, on another thread; by default it only stops the work.

        Raises:
            TimeLimitError: It took longer.
        """
        seconds = self.seconds(own)
        if seconds is None:
            yield
            return
        error = self._error(label, seconds, own)
        stop = self._start_timer(seconds, lambda: (expire or cancel.expire)(error))
        try:
            yield
        except Exception as stopped:
            if cancel.expired is not None:
                raise cancel.expired from stopped
            raise
        finally:
            stop()
        if cancel.expired is not None:  # a function that nothing stops came to its end
            raise cancel.expired

    def _error(self, label: str, seconds: float, own: float | None) -> TimeLimitError:
        if seconds == self._most and seconds not in (own, self.default):
            whose = "the environment variable `DATAAPP_TIMEOUT` limits everything in this process"
        elif own is not None:
            whose = "raise its limit, `.limited(seconds=...)`"
        else:
            whose = (
                "give it a limit of its own, `.limited(seconds=...)`, or raise the app's, `da.App(..., timeout=...)`"
            )
        return TimeLimitError(
            f"`{label}` was stopped after {seconds:g} s, its time limit.",
            hint=f"let it read less (a filter, fewer columns, an aggregate before a join); {whose}",
            cell=label,
        )


def limits_of_process() -> Limits:
    """Return limits for a new session, bounded by what `DATAAPP_TIMEOUT` says in seconds.

    Raises:
        SettingError: The variable holds no time.

    Example:
        >>> limits_of_process().seconds(None)
    """
    said = os.environ.get("DATAAPP_TIMEOUT")
    if said is None:
        return Limits()
    try:
        return Limits(checked_seconds(float(said), "DATAAPP_TIMEOUT"))
    except (ValueError, WrongKindError) as error:
        raise SettingError(
            f"`DATAAPP_TIMEOUT` is {said!r}, which is no time limit.", hint="write seconds, such as 30 or 0.5"
        ) from error
