"""What tests of the lower floors use in place of a screen: inputs without widgets, a pool that the test drives."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from dataapp.cells.cell import Cell
from dataapp.cells.input import InputCell, Setting
from dataapp.cells.namespace import Namespace
from dataapp.engines.duckdb import DuckDB
from dataapp.runtime import headless
from dataapp.runtime.frames import Frame
from dataapp.runtime.outcomes import Blocked, Done, Failed, Outcome
from dataapp.runtime.session import Demand, Session
from dataapp.runtime.workers import InlinePool

ENGINE = DuckDB()
"""One for all tests, as one serves a process."""


class KnobControl:
    """A control that a test turns."""

    def __init__(self, value: object) -> None:
        self.value = value
        self.shown: list[Setting] = []
        self.is_closed = False
        self._watchers: list[Callable[[object], None]] = []

    def read(self) -> object:
        return self.value

    def watch(self, changed: Callable[[object], None]) -> None:
        self._watchers.append(changed)

    def turn(self, value: object) -> None:
        """Do what a person does."""
        self.value = value
        for changed in self._watchers:
            changed(value)

    def show(self, setting: Setting) -> None:
        assert not self.is_closed, "a closed control is not shown anything"
        self.shown.append(setting)

    def close(self) -> None:
        self.is_closed = True
        self._watchers.clear()


@dataclass(eq=False)
class Knob:
    """A kind of input without a widget. Fed with options, it drops what they do not offer and takes the first."""

    value: object
    sql_type: str | None = None
    is_shared: bool = False

    def open(self, label: str) -> KnobControl:
        return KnobControl(self.value)

    def default(self) -> object:
        return self.value

    def settle(self, value: object, feeds: Mapping[str, object]) -> Setting:
        if "options" not in feeds:
            return Setting(value, {})
        fed: Any = feeds["options"]
        options = fed.column(0).to_pylist() if isinstance(fed, pa.Table) else list(fed)
        if isinstance(value, list):
            return Setting([item for item in value if item in options], {"options": options})
        return Setting(value if value in options else next(iter(options), None), {"options": options})


def place(folder: Path | None = None, names: Mapping[str, object] | None = None) -> Namespace:
    """A namespace for cells that no module holds."""
    file = None if folder is None else folder / "app.py"
    return Namespace("bench", file, 1, names or {}, {})


def knob(
    value: object, sql_type: str | None = None, *, name: str | None = None, options: Cell | None = None
) -> InputCell:
    """An input."""
    feeds = {} if options is None else {"options": options}
    return InputCell(Knob(value, sql_type), place(), feeds=feeds, name=name)


@dataclass
class ManualPool:
    """Keeps work until the test runs it, in the order that the test picks."""

    work: list[Callable[[], None]] = field(default_factory=list[Callable[[], None]])

    def start(self, work: Callable[[], None]) -> None:
        self.work.append(work)

    def run(self, index: int = 0) -> None:
        """Run one piece of work."""
        self.work.pop(index)()

    def run_all(self) -> None:
        """Run what is there and what comes of it, oldest first."""
        while self.work:
            self.run()


def defaults(cell: InputCell) -> object:
    """Every input starts as its kind says."""
    return cell.kind.default()


def ask(cell: Cell, values: Mapping[Cell, object] | None = None, /, **names: object) -> Any:
    """Evaluate a cell, headless."""
    return headless.evaluate(ENGINE, cell, values or {}, names, defaults)


def session(**options: Any) -> Session:
    """A session whose work is done in the call that causes it."""
    return Session(ENGINE, options.pop("pool", None) or InlinePool(), **options)


def value(demand: Demand) -> Any:
    """The value that a demanded node must have."""
    outcome = demand.look().outcome
    assert isinstance(outcome, Done), outcome
    return outcome.value


def rows(demand: Demand) -> list[tuple[object, ...]]:
    """The rows that a demanded frame must have."""
    frame = value(demand)
    assert isinstance(frame, Frame)
    return list(zip(*(column.to_pylist() for column in frame.rows.columns), strict=True))


def error(outcome: Outcome | None) -> Exception:
    """The error that a node must have ended with."""
    assert isinstance(outcome, Failed | Blocked), outcome
    return outcome.error
