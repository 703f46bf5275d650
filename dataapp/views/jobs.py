"""Work that views hand to their session: run on a worker thread, answered on the document's thread, cancellable."""

from collections.abc import Callable
from typing import Protocol


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
