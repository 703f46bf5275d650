"""Pages that are saved to a file: no server answers them, so what they show is computed while they are written.

A session for it has the values of the reader's own session, but computes in the calling thread: the code that saves a
page may be what the reader's session waits for.
"""

from collections import deque
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from pyviz_comms import Comm

from dataapp.cells.input import Control, InputCell, Setting
from dataapp.runtime.session import Session
from dataapp.runtime.workers import InlinePool


@runtime_checkable
class Keeping(Protocol):
    """A body that asks a server for what comes on screen, and can take as much of it as a file should hold instead."""

    def keep(self, settle: Callable[[], None]) -> None:
        """Take what a file should hold; `settle` lets all work come to its end."""
        ...


def is_saved(comm: object) -> bool:
    """Whether what is rendered with a connection goes to a file: Panel gives it one that leads nowhere."""
    return type(comm) is Comm


@contextmanager
def still_session(of: Session) -> Generator[tuple[Session, Callable[[], None]]]:
    """Open a session with the same values, and what lets its work come to its end; it ends with the context."""
    news: deque[Callable[[], None]] = deque()

    def settle() -> None:
        while news:
            news.popleft()()

    def open_control(cell: InputCell) -> Control:
        value = of.get(cell)
        if getattr(of.control(cell), "widget", None) is not None:
            return _Unmoved(value)
        control: Any = cell.kind.open(cell.label)  # an explorer's view, a selection: what shows it expects it
        control.put(value)
        return control

    session = Session(
        of.engine, InlinePool(), deliver=news.append, open_control=open_control, initial=of.get, limits=of.limits
    )
    try:
        yield session, settle
    finally:
        session.close()


@dataclass(frozen=True, slots=True)
class _Unmoved:
    """The control of an input whose widget nobody can move."""

    value: object

    def read(self) -> object:
        """Return what it is set to."""
        return self.value

    def watch(self, changed: Callable[[object], None]) -> None:
        """Do nothing: it never changes."""

    def show(self, setting: Setting) -> None:
        """Do nothing: the page has a widget of its own."""

    def close(self) -> None:
        """Do nothing."""
