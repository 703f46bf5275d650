"""Work that views hand to their session: run on a worker thread, answered on the document's thread, cancellable."""

import logging
from collections.abc import Callable
from typing import Protocol

from dataapp.errors import Cancelled

_log = logging.getLogger(__name__)


class Cancel(Protocol):
    """What a running job is given, so that it can be stopped."""

    @property
    def cancelled(self) -> bool:
        """Whether the job's handle was cancelled."""
        ...

    def on_cancel(self, callback: Callable[[], None]) -> None:
        """Call back when the job is cancelled, from any thread; at once if it already is."""
        ...


class Handle(Protocol):
    """A job that was submitted."""

    def cancel(self) -> None:
        """Stop the job if it runs and never report it. Afterwards, or when called again, it does nothing."""
        ...


class Submit(Protocol):
    """Runs jobs off the document's thread."""

    def __call__[T](
        self, job: Callable[[Cancel], T], done: Callable[[T], None], failed: Callable[[Exception], None]
    ) -> Handle:
        """Run `job` on a worker thread, then `done` or `failed` on the document's thread.

        Neither is called for a job that was cancelled, nor before this call has returned. One that raises `Cancelled`
        without having been cancelled gave up by itself, because something newer is under way: it failed.
        """
        ...


def note_failure(what: str, error: Exception) -> None:
    """Leave the reason where the author finds it: readers are told that there is no such thing, and no more.

    Args:
        what: What was to be made for a reader of a table.
        error: Why it was not; a job that gave up for a newer one is no failure.
    """
    if not isinstance(error, Cancelled):
        _log.warning("For a reader of a table, there is no %s.", what, exc_info=error)
