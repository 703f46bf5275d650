"""What one selection of a crossfilter holds in a session: read, set, and said for people."""

import datetime as dt
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

from dataapp.cells.input import Control, InputCell
from dataapp.cells.predicate import PredicateCell, is_empty
from dataapp.cells.selection import Selected, SelectionControl
from dataapp.cells.view import View, ViewControl
from dataapp.runtime.equality import is_same
from dataapp.runtime.session import Session

_MOST_VALUES = 3  # of a list; the rest is counted


@dataclass(frozen=True, slots=True)
class Chip:
    """A part of what is selected.

    Attributes:
        key: Tells it from the other chips of a crossfilter.
        label: What it is a selection of.
        text: That with its values.
        rest: What its selection holds without it.
    """

    key: str
    label: str
    text: str
    rest: object


class Held(ABC):
    """What a selection holds in one session.

    Attributes:
        selection: The selection.
        start: What it held first, fitted to what it may hold; nothing else counts as selected.
    """

    start: object

    def __init__(self, selection: PredicateCell) -> None:
        self.selection = selection

    @abstractmethod
    def read(self) -> object:
        """Return what is selected."""

    @abstractmethod
    def put(self, value: object) -> None:
        """Select something; whatever shows the selection shows it."""

    @abstractmethod
    def watch(self, changed: Callable[[object], None]) -> None:
        """Call back with whatever is set."""

    def is_same(self, one: object, other: object) -> bool:
        """Whether two things that it held select the same."""
        return is_same(one, other)

    def is_fitting(self) -> bool:
        """Whether what is set now is what the value was fitted to, and not what a hand has set."""
        return False

    @abstractmethod
    def chips(self) -> list[Chip]:
        """Return what is selected, for people."""


class HeldInChart(Held):
    """What is dragged or clicked in a chart."""

    start = None

    def __init__(self, selection: PredicateCell, control: SelectionControl) -> None:
        super().__init__(selection)
        self._control = control

    def read(self) -> object:
        """Return what is selected."""
        return self._control.read()

    def put(self, value: object) -> None:
        """Select something."""
        self._control.put(cast("Selected", value))

    def watch(self, changed: Callable[[object], None]) -> None:
        """Call back with whatever is set."""
        self._control.watch(changed)

    def chips(self) -> list[Chip]:
        """Return what is selected, for people."""
        selected = cast("Mapping[str, object]", self.read() or {})
        text = " · ".join(f"{field}: {value_to_text(value)}" for field, value in selected.items())
        return [Chip("", self.selection.label, text, None)] if text else []


class HeldInTable(Held):
    """The filters and the search of an explorer."""

    def __init__(self, selection: PredicateCell, control: ViewControl, start: View) -> None:
        super().__init__(selection)
        self._control = control
        self.start = _filters(start)

    def read(self) -> object:
        """Return what is selected."""
        return _filters(self._control.read())

    def put(self, value: object) -> None:
        """Select something."""
        now, filters = self._control.read(), cast("View", value)
        more = {name: said for name, said in now.more.items() if name != "search"}
        self._control.put(replace(now, where=filters.where, more={**more, **filters.more}))

    def watch(self, changed: Callable[[object], None]) -> None:
        """Call back with whatever is set."""
        self._control.watch(changed)

    def is_same(self, one: object, other: object) -> bool:
        """Whether two things that it held select the same."""
        return one == other

    def chips(self) -> list[Chip]:
        """Return what is selected, for people."""
        now = _filters(self._control.read())
        found: list[Chip] = []
        for name, text in now.where.items():
            rest = {other: said for other, said in now.where.items() if other != name}
            found.append(Chip(name, name, f"{name}: {text}", replace(now, where=rest)))
        if "search" in now.more:
            said = now.more["search"]
            found.append(Chip("\0search", "search", f"search: {said}", replace(now, more={})))
        return found


class HeldInInput(Held):
    """What a widget or a Parameter is set to."""

    def __init__(self, selection: PredicateCell, session: Session, cell: InputCell, control: Control) -> None:
        super().__init__(selection)
        self._session = session
        self._cell = cell
        self._control = control
        self.start = session.get(cell)

    def read(self) -> object:
        """Return what is selected."""
        return self._session.get(self._cell)

    def put(self, value: object) -> None:
        """Select something."""
        control: Any = self._control
        if (widget := getattr(control, "widget", None)) is not None:
            widget.value = value
            if not is_same(widget.value, value):
                return  # it was fitted at once, and has told that
        elif (parameter := getattr(control, "parameter", None)) is not None:
            setattr(parameter.owner, str(parameter.name), value)
        self._session.set(self._cell, value)  # a throttled slider tells only of what a hand sets

    def watch(self, changed: Callable[[object], None]) -> None:
        """Call back with whatever is set."""
        self._control.watch(changed)

    def is_fitting(self) -> bool:
        """Whether what is set now is what the value was fitted to, and not what a hand has set."""
        return self._session.is_fitting(self._cell)

    def chips(self) -> list[Chip]:
        """Return what is selected, for people."""
        value = self.read()
        if is_empty(value) or is_same(value, self.start):
            return []
        column = " and ".join(self.selection.columns.values())
        return [Chip("", self._cell.label, f"{column}: {value_to_text(value)}", self.start)]


def held(session: Session, selection: PredicateCell) -> Held | None:
    """Return what a selection holds in a session, or None for a constant, which nobody changes."""
    of = session.choice_of(selection)
    if not isinstance(of, InputCell):
        return None
    control = session.control(of)
    match control:
        case SelectionControl():
            return HeldInChart(selection, control)
        case ViewControl():
            return HeldInTable(selection, control, cast("View", of.kind.default()))
        case _:
            return HeldInInput(selection, session, of, control)


def _filters(view: View) -> View:
    """Return what of a view decides which rows pass."""
    return View(dict(view.where), more={name: said for name, said in view.more.items() if name == "search"})


def value_to_text(value: object) -> str:
    """Return a value, a range or a list as people write it.

    Example:
        >>> value_to_text((1.25, 4.0)), value_to_text([1, 2, 3, 4]), value_to_text(None)
        ('1.25 – 4', '1, 2, 3 and 1 more', 'no value')
    """
    if isinstance(value, tuple):
        low, high = (each for each in cast("tuple[object, object]", value))
        if low is None or high is None:
            return f"from {value_to_text(low)}" if high is None else f"to {value_to_text(high)}"
        return f"{value_to_text(low)} – {value_to_text(high)}"
    if isinstance(value, list):
        items = cast("Sequence[object]", value)
        first = ", ".join(map(value_to_text, items[:_MOST_VALUES]))
        return f"{first} and {len(items) - _MOST_VALUES} more" if len(items) > _MOST_VALUES else first
    if value is None:
        return "no value"
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, dt.datetime):
        return value.strftime("%Y-%m-%d" if value.time() == dt.time() else "%Y-%m-%d %H:%M:%S")
    return str(value)
