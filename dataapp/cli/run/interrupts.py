"""Ctrl-C and a polite end by the system: work stops, and what was half written is removed."""

import signal
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType


@dataclass(slots=True)
class Interrupts:
    """Which signal came, if any.

    The engine reports an interrupt as a failure of its own, so an error after a signal is that signal.
    """

    number: int | None = None

    @property
    def status(self) -> int | None:
        """The exit status that tells of the signal, or None without one."""
        return None if self.number is None else 128 + self.number

    def take(self, number: int, _: FrameType | None) -> None:
        """Take a signal."""
        self.number = number
        raise KeyboardInterrupt


@contextmanager
def taking_interrupts() -> Generator[Interrupts]:
    """Turn signals into `KeyboardInterrupt`, and note which one came."""
    interrupts = Interrupts()
    if threading.current_thread() is not threading.main_thread():
        yield interrupts
        return
    with _handling(interrupts.take):
        yield interrupts


@contextmanager
def without_interrupts() -> Generator[None]:
    """Finish what must not stop half-way; a signal that comes meanwhile is too late."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    with _handling(signal.SIG_IGN):
        yield


@contextmanager
def _handling(handler: Callable[[int, FrameType | None], None] | signal.Handlers) -> Generator[None]:
    before = {number: signal.signal(number, handler) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, old in before.items():
            signal.signal(number, old)
