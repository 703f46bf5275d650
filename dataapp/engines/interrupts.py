"""Stopping what runs on one connection, and never what runs on it afterwards.

Two things can be stopped: everything, for good (`cancel`), or one attempt, after which the connection goes on and keeps
what it holds. Invariants: an interrupt is sent only while unwanted work runs, so it never hits the next piece; it is
repeated until that has stopped, because one that comes before the engine has started is lost; work that is unwanted
before it begins does not begin.
"""

import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from math import inf
from time import monotonic

from dataapp.errors import Cancelled

_EVERY = 0.005  # seconds between two interrupts of the same work
_AT_ONCE = 0.5  # seconds that whoever cancels waits where no thread can be started


class Attempt:
    """A stretch of work that can be given up alone. Made by `Interrupts.attempt`."""

    def __init__(self, stop: Callable[[], None]) -> None:
        self._stop = stop
        self.is_cancelled = False

    def cancel(self) -> None:
        """Stop it if it runs, and keep it from starting; when it is over, nothing happens. From any thread."""
        self.is_cancelled = True
        self._stop()


class Interrupts:
    """Says whether work on a connection is wanted, and interrupts what is not.

    Args:
        interrupt: Asks the engine to stop what the connection runs; it returns at once.

    Example:
        >>> interrupts = Interrupts(lambda: None)
        >>> with interrupts.attempt() as attempt:
        ...     attempt.cancel()
        ...     interrupts.is_unwanted()
        True
        >>> interrupts.is_unwanted()
        False
    """

    def __init__(self, interrupt: Callable[[], None]) -> None:
        self._interrupt = interrupt
        self._changed = threading.Condition()
        self._attempt: Attempt | None = None
        self._is_stopping = False  # a thread repeats the interrupt
        self.is_cancelled = False
        self.is_running = False

    def is_unwanted(self) -> bool:
        """Whether what runs, or would run now, is to be given up."""
        attempt = self._attempt
        return self.is_cancelled or (attempt is not None and attempt.is_cancelled)

    def cancel(self) -> None:
        """Stop what runs and refuse what comes. From any thread."""
        self.is_cancelled = True
        self._stop()

    @contextmanager
    def attempt(self) -> Generator[Attempt]:
        """Let what runs in the block be stopped without the rest."""
        attempt = self._attempt = Attempt(self._stop)
        try:
            yield attempt
        finally:
            with self._changed:
                self._attempt = None

    @contextmanager
    def running(self) -> Generator[None]:
        """Let the engine work in the block.

        Raises:
            Cancelled: It is not wanted.
        """
        with self._changed:
            self.is_running = True
            self._changed.notify_all()
        try:
            if self.is_unwanted():
                raise Cancelled
            yield
        finally:
            with self._changed:
                self.is_running = False
                self._changed.notify_all()

    def wait_until_running(self) -> None:
        """Wait until the engine works."""
        with self._changed:
            self._changed.wait_for(lambda: self.is_running)

    def _stop(self) -> None:
        with self._changed:
            if not (self.is_running and self.is_unwanted()):
                return
            self._interrupt()  # at once: a thread takes a while to start on a busy machine
            if self._is_stopping:
                return
            self._is_stopping = True
        try:
            threading.Thread(target=self._interrupt_until_stopped, name="dataapp-interrupt", daemon=True).start()
        except (
            RuntimeError
        ):  # a process that ends, or has too many, starts no thread: so the caller does it, but not long
            self._interrupt_until_stopped(monotonic() + _AT_ONCE)

    def _interrupt_until_stopped(self, end: float = inf) -> None:
        with self._changed:
            while self.is_running and self.is_unwanted() and monotonic() < end:
                self._interrupt()
                self._changed.wait(_EVERY)
            self._is_stopping = False
