"""The one slot through which descriptions reach what runs them.

Cells only describe. `evaluate`, `schema`, `compile`, `explain` and `__panel__` are answered by a host, which the
application layer puts into the slot when any public name of the package is first used.
"""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from dataapp.cells.cell import Cell


class Host(Protocol):
    """What answers for cells."""

    def evaluate(self, cell: "Cell", values: Mapping["Cell", object], names: Mapping[str, object]) -> object:
        """Return a cell's value, computed headless."""
        ...

    def schema(self, cell: "Cell") -> Mapping[str, str]:
        """Return column names and engine types of a cell that is a table."""
        ...

    def compile(self, cell: "Cell", dialect: str) -> "Compiled":
        """Return the fused query of a cell that is a table."""
        ...

    def explain(self, cell: "Cell", *, analyze: bool) -> str:
        """Return a text that says what runs where."""
        ...

    def working(self, cells: Sequence["Cell"]) -> "AbstractContextManager[Work]":
        """Let the calling thread work with the rows of cells that are tables."""
        ...

    def ibis(self, cell: "Cell") -> object:
        """Return a table of Ibis that stands for a cell."""
        ...

    def panel(self, cell: "Cell") -> object:
        """Return a Panel object that shows the cell in the current session."""
        ...

    def session(self) -> object:
        """Return the session that the calling code belongs to."""
        ...


class Work(Protocol):
    """What a thread works with."""

    @property
    def relations(self) -> Sequence[Any]:
        """The rows of each cell, to be opened and read."""
        ...

    @property
    def cancel(self) -> Any:
        """What stops it."""
        ...

    @property
    def selections(self) -> Sequence[str]:
        """Where the selections of crossfilters stand, for people."""
        ...


class Compiled(Protocol):
    """A query ready to be sent, and the values of its parameters."""

    @property
    def sql(self) -> str:
        """The text."""
        ...

    @property
    def parameters(self) -> Mapping[str, object]:
        """Values by parameter name."""
        ...

    @property
    def on(self) -> str | None:
        """The database that it is sent to, or None for the engine in this process."""
        ...


class _Slot:
    host: Host | None = None


def install(host: Host) -> None:
    """Put a host into the slot."""
    _Slot.host = host


def current() -> Host:
    """Return the host."""
    assert _Slot.host is not None, "importing any public name of dataapp installs the host"
    return _Slot.host
