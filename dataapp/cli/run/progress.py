"""What a person at a terminal sees while rows are written: on standard error, so that nothing else reads it."""

from collections.abc import Callable, Generator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field

from rich.console import Console
from rich.progress import Progress as Bars
from rich.progress import ProgressColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.progress import Task as BarTask
from rich.text import Text


@dataclass(slots=True)
class Task:
    """One cell being written."""

    rows: int = 0
    share: Callable[[], float | None] = field(default=lambda: None)

    def reading(self, share: Callable[[], float | None]) -> None:
        """Learn how to ask the engine how much of its work is done."""
        self.share = share

    def advance(self, rows: int) -> None:
        """Count rows that were written."""
        self.rows += rows

    @property
    def text(self) -> str:
        """How far it is."""
        share = self.share()
        return f"{self.rows:,} rows" if self.rows or share is None else f"{share:.0%}"


class _State(ProgressColumn):
    def render(self, task: BarTask) -> Text:
        """Say how far a cell is."""
        return Text(task.fields["task"].text)


class Progress:
    """Lines on a terminal, or nothing.

    Args:
        is_shown: Whether a person watches.
    """

    def __init__(self, console: Console, *, is_shown: bool) -> None:
        self._is_shown = is_shown
        self._bars = Bars(
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            _State(),
            TimeElapsedColumn(),
            console=console,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )

    @contextmanager
    def shown(self) -> Generator[None]:
        """Show lines as long as the context lasts."""
        with self._bars if self._is_shown else nullcontext():
            yield

    @contextmanager
    def task(self, name: str) -> Generator[Task]:
        """Show a cell being written."""
        task = Task()
        shown = self._bars.add_task(name, total=None, task=task)
        try:
            yield task
        finally:
            task.share = lambda: None
            self._bars.remove_task(shown)
