"""The line beside a query's buttons: for how long it has been running, or what came of it."""

from collections.abc import Callable
from time import monotonic
from typing import Any

import panel as pn

_PATIENCE = 0.4  # seconds in which most queries end: what is said of them before stays so long, and nothing flickers
_STYLE = """
:host { font-size: 12px; opacity: .7; white-space: nowrap; font-variant-numeric: tabular-nums; }
"""

type Later = Callable[[float, Callable[[], None]], object]


class Status:
    """What is said of one query.

    Args:
        later: Calls a function on the screen's thread after some seconds.
        clock: Tells the time in seconds.

    Example:
        >>> now = iter([0.0, 2.0, 7.2])
        >>> status = Status(lambda seconds, call: None, clock=lambda: next(now))
        >>> status.begin()
        >>> status.tick()
        >>> status.view.object
        'Running, 2 s'
        >>> status.end_with_rows(1)
        >>> status.view.object
        '1 row · 7.2 s'
    """

    def __init__(self, later: Later, clock: Callable[[], float] = monotonic) -> None:
        self._later = later
        self._clock = clock
        self._began_at: float | None = None
        self._is_due = False
        self.view: Any = pn.pane.Str("", margin=0, stylesheets=[_STYLE])

    @property
    def is_running(self) -> bool:
        """Whether something began and has not ended."""
        return self._began_at is not None

    def begin(self) -> None:
        """Count from now."""
        self._began_at = self._clock()
        self._tick_after(_PATIENCE)

    def end(self, said: str) -> None:
        """Say what came of it."""
        self._began_at = None
        self.view.object = said

    def end_with_rows(self, rows: int) -> None:
        """Say how many rows came of it, and after how long if that is known."""
        counted = f"{rows:,} {'row' if rows == 1 else 'rows'}"
        if self._began_at is not None:
            self.end(f"{counted} · {seconds_to_text(self._clock() - self._began_at)}")
        elif not self.view.object.startswith(f"{counted} · "):  # else it is said already, with the time
            self.end(counted)

    def tick(self) -> None:
        """Say for how long it has been running, and again with each second."""
        self._is_due = False
        if self._began_at is None:
            return
        taken = self._clock() - self._began_at
        if taken < _PATIENCE:  # another one began in the meantime
            self._tick_after(_PATIENCE - taken)
            return
        self.view.object = "Running" if taken < 1 else f"Running, {int(taken)} s"
        self._tick_after(1 - taken % 1)

    def _tick_after(self, seconds: float) -> None:
        if not self._is_due:
            self._is_due = True
            self._later(seconds, self.tick)


def seconds_to_text(taken: float) -> str:
    """Return a time for people.

    Example:
        >>> seconds_to_text(0.0832), seconds_to_text(2.5), seconds_to_text(75)
        ('83 ms', '2.5 s', '75 s')
    """
    if taken < 1:
        return f"{1000 * taken:.0f} ms"
    return f"{taken:.1f} s" if taken < 10 else f"{taken:.0f} s"
