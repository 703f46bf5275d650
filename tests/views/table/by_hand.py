"""Jobs that run when a test says so, and a page that only remembers what it was sent."""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from dataapp.cells.formats import Format
from dataapp.views.jobs import Cancel
from dataapp.views.table.controller import Controller, State


@dataclass
class Job:
    """A submitted job, which is also what cancels it."""

    run: Callable[[Cancel], Any]
    done: Callable[[Any], None]
    failed: Callable[[Exception], None]
    cancelled: bool = False
    callbacks: list[Callable[[], None]] = field(default_factory=list[Callable[[], None]])

    def on_cancel(self, callback: Callable[[], None]) -> None:
        self.callbacks.append(callback)
        if self.cancelled:
            callback()

    def cancel(self) -> None:
        self.cancelled = True
        for callback in self.callbacks:
            callback()

    def finish(self) -> None:
        if self.cancelled:
            return
        try:
            result = self.run(self)
        except Exception as error:
            if not self.cancelled:
                self.failed(error)
        else:
            if not self.cancelled:
                self.done(result)


class Jobs:
    """A `Submit` whose jobs wait until they are told to run."""

    def __init__(self) -> None:
        self.waiting: deque[Job] = deque()

    def __call__(
        self, job: Callable[[Cancel], Any], done: Callable[[Any], None], failed: Callable[[Exception], None]
    ) -> Job:
        self.waiting.append(Job(job, done, failed))
        return self.waiting[-1]

    def run_one(self) -> None:
        self.waiting.popleft().finish()

    def run(self) -> None:
        while self.waiting:
            self.run_one()


class Explorer:
    """A controller with its jobs, and everything that it said."""

    def __init__(self, formats: Mapping[str, Format] | None = None, columns: Sequence[str] = ()) -> None:
        self.jobs = Jobs()
        self.messages: list[Mapping[str, Any]] = []
        self.states: list[State] = []
        self.openings: list[Any] = []
        self.chosen: list[Any] = []
        self.controller = Controller(
            self.jobs,
            self.messages.append,
            self.states.append,
            self.openings.append,
            self.chosen.append,
            formats=formats or {},
            columns=columns,
        )

    @property
    def state(self) -> State:
        return self.states[-1]

    @property
    def view(self) -> Mapping[str, Any]:
        """The last view that the page was told to show."""
        return next(message for message in reversed(self.messages) if message["type"] == "view")

    def say(self, type_: str, **data: Any) -> None:
        """Be the page: send a message about the view that is shown."""
        self.controller.receive({"type": type_, "view": self.view["view"], **data})

    def say_to(self, view: int, type_: str, **data: Any) -> None:
        """The same about a view by its number."""
        self.controller.receive({"type": type_, "view": view, **data})

    def want(self, first: int, count: int = 128, columns: Sequence[int] = (0,)) -> pa.Table:
        """Scroll somewhere and return the cells that arrive."""
        self.say("want", first=first, count=count, columns=list(columns))
        self.jobs.run()
        message = self.messages[-1]
        assert message["type"] == "cells"
        assert message["first"] == first
        return read_cells(message)


def read_cells(message: Mapping[str, Any]) -> pa.Table:
    """The cells that a message carries."""
    return pa.ipc.open_stream(message["cells"]).read_all()
