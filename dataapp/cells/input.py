"""Inputs: nodes whose value a person sets. The widget behind one is opaque here; each session opens its own."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from dataapp.cells.cell import Cell
from dataapp.cells.namespace import Namespace
from dataapp.cells.steps import Steps


@dataclass(frozen=True, slots=True)
class Setting:
    """What an input is set to.

    Attributes:
        value: The value that readers get.
        options: What cells feed into the control (``options``, ``start``, ``end``), ready for it.
    """

    value: object
    options: Mapping[str, object]


class Control(Protocol):
    """The control of one input in one session."""

    def read(self) -> object:
        """Return the current value."""
        ...

    def watch(self, changed: Callable[[object], None]) -> None:
        """Call back with each new value that the person sets."""
        ...

    def show(self, setting: Setting) -> None:
        """Bring the control in line with a setting; `watch` callbacks need not fire for it."""
        ...

    def close(self) -> None:
        """Stop watching."""
        ...


@runtime_checkable
class Stepped(Protocol):
    """A kind of inputs that may be able to take certain values only."""

    def steps(self) -> Steps | None:
        """Return these values, or None where it can take any."""
        ...


class InputKind(Protocol):
    """How one input's controls are made and how its value behaves."""

    @property
    def sql_type(self) -> str | None:
        """The SQL type of its values, or None to let the engine choose by value."""
        ...

    @property
    def is_shared(self) -> bool:
        """Whether all sessions would use one control: a plain widget that is a global of an imported module."""
        ...

    def open(self, label: str) -> Control:
        """Make the control of a session."""
        ...

    def default(self) -> object:
        """Return the value that a new control has before options are fed."""
        ...

    def settle(self, value: object, feeds: Mapping[str, object]) -> Setting:
        """Fit a value to what its feeding cells offer: a pure function.

        Args:
            value: What was set, possibly no longer offered.
            feeds: Values of the feeding cells by option name: Arrow tables or Python values.
        """
        ...


class InputCell(Cell):
    """An input. Made by `dataapp.input`, or found where a cell names a widget, a Parameter or a reactive value.

    Attributes:
        kind: Its widget, opaque below the screen.
        feeds: Cells that feed options of the widget, by option name.
    """

    __slots__ = ("feeds", "kind")

    kind: InputKind
    feeds: Mapping[str, Cell]

    def __init__(
        self, kind: InputKind, namespace: Namespace, *, feeds: Mapping[str, Cell] | None = None, name: str | None = None
    ) -> None:
        super().__init__(namespace, name)
        self.kind = kind
        self.feeds = feeds or {}


class ConstantCell(Cell):
    """A plain Python value that a cell names: a number, text, date, list, ... of its module or its call."""

    __slots__ = ("value",)

    value: object

    def __init__(self, value: object, namespace: Namespace, *, name: str | None = None) -> None:
        super().__init__(namespace, name)
        self.value = value
