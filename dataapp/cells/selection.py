"""Selections: inputs whose value a person drags or clicks in a chart."""

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Literal, cast
from weakref import ref

from dataapp.cells.cell import Cell
from dataapp.cells.input import InputCell, Setting
from dataapp.cells.namespace import Namespace
from dataapp.cells.predicate import PredicateCell
from dataapp.cells.steps import Steps

type Selected = Mapping[str, object] | None


class OnSteps[T](dict[str, T]):
    """A selection of a chart whose ranges end on its pixels.

    Attributes:
        steps: The values of all pixels, by field.
        names: The fields along which values stand side by side as names do: two numbers are no range there.
    """

    steps: Mapping[str, Steps | None]
    names: frozenset[str] = frozenset()


def selected_steps(selected: object) -> Mapping[str, Steps | None] | None:
    """Return the only values that the ends of a selection's ranges can take, by field, where that is known."""
    return cast("OnSteps[object]", selected).steps if isinstance(selected, OnSteps) else None


class SelectionControl:
    """What is selected in one session, shared by every chart that shows it."""

    def __init__(self) -> None:
        self._value: Selected = None
        self._watchers: list[Callable[[object], None]] = []
        self._mirrors: dict[ref[Callable[[Selected], None]], None] = {}

    def read(self) -> object:
        """Return what is selected: a range or a list of values by column, or None."""
        return self._value

    def watch(self, changed: Callable[[object], None]) -> None:
        """Call back when a person selects something else."""
        self._watchers.append(changed)

    def mirror(self, show: Callable[[Selected], None]) -> None:
        """Let a chart show what is selected, now and whenever another one changes it, as long as it holds on to `show`.

        Charts come and go with the layouts that show them, and the session lives on.
        """
        mirrors = self._mirrors
        mirrors[ref(show, lambda gone: mirrors.pop(gone, None))] = None
        if self._value is not None:
            show(self._value)

    def put(self, value: Selected, by: Callable[[Selected], None] | None = None) -> None:
        """Take a selection; everybody but the chart that it comes from is told to show it."""
        if value == self._value:
            return
        self._value = value
        for changed in self._watchers:
            changed(value)
        for mirror in list(self._mirrors):
            if (show := mirror()) is not None and show is not by:
                show(value)

    def show(self, setting: Setting) -> None:
        """Do nothing: selections are fed by nobody."""

    def close(self) -> None:
        """Forget everybody."""
        self._watchers.clear()
        self._mirrors.clear()


class SelectionKind:
    """How selections behave: nothing is selected until somebody does."""

    sql_type = None
    is_shared = False

    def __init__(self, kind: Literal["interval", "point"]) -> None:
        self.kind = kind

    def open(self, label: str) -> SelectionControl:
        """Make a session's selection."""
        return SelectionControl()

    def default(self) -> object:
        """Nothing is selected."""
        return None

    def settle(self, value: object, feeds: Mapping[str, object]) -> Setting:
        """Keep the value as it is."""
        return Setting(value, {})

    def typed(self, selected: Mapping[str, list[object]] | None) -> Selected:
        """Return a selection with its ranges as pairs, which is what tells them from lists of categories."""
        if not selected:
            return None
        names = selected.names if isinstance(selected, OnSteps) else frozenset[str]()
        typed = {field: values if field in names else self._typed(values) for field, values in selected.items()}
        if (steps := selected_steps(selected)) is None:
            return typed
        snapped = OnSteps[object](typed)
        snapped.steps, snapped.names = steps, names
        return snapped

    def _typed(self, values: list[object]) -> object:
        ends = [_moment(value) for value in values] if self.kind == "interval" else values
        is_range = self.kind == "interval" and len(ends) == 2 and all(isinstance(end, _ORDERED) for end in ends)
        return tuple(ends) if is_range else values


_ORDERED = (int, float, dt.date)


def _moment(value: object) -> object:
    try:
        return dt.datetime.fromisoformat(value) if isinstance(value, str) and "T" in value else value
    except ValueError:
        return value


class SelectionCell(InputCell):
    """The input behind a predicate of a chart. It is called what its predicate is called."""

    __slots__ = ("chart", "predicate", "selects", "source")

    selects: str
    predicate: PredicateCell | None
    source: Cell | None
    chart: object

    def __init__(
        self,
        kind: SelectionKind,
        namespace: Namespace,
        *,
        selects: str,
        source: Cell | None = None,
        chart: object = None,
    ) -> None:
        """Describe a selection.

        Args:
            kind: Interval or point.
            namespace: Where the predicate was written.
            selects: By what the chart's data knows it.
            source: The cell whose rows the chart shows.
            chart: The chart that it was declared on, opaque here.
        """
        super().__init__(kind, namespace)
        self.selects = selects
        self.source = source
        self.chart = chart
        self.predicate = None

    @property
    def label(self) -> str:
        """The label of the predicate."""
        return super().label if self.predicate is None else self.predicate.label

    @property
    def is_named(self) -> bool:
        """Whether the predicate has a name."""
        return self.predicate is not None and self.predicate.is_named


def selection_kind(cell: Cell) -> SelectionKind:
    """Return the kind of a selection."""
    return cast("SelectionKind", cast("SelectionCell", cell).kind)
