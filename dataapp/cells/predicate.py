"""Predicates: nodes that stand for a condition. ``WHERE $chosen`` becomes a boolean expression with bound values."""

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from dataapp.cells.cell import Cell
from dataapp.cells.namespace import Namespace
from dataapp.cells.steps import Steps
from dataapp.cells.values import Bound
from dataapp.compile.fusion import Predicate, ValueOf
from dataapp.compile.identifiers import quote_identifier


@dataclass(frozen=True, slots=True)
class Condition:
    """A compiled predicate: its pieces, and the values that they bind by part name."""

    pieces: tuple[str | ValueOf, ...]
    values: Mapping[ValueOf, Bound]

    @property
    def predicate(self) -> Predicate:
        """The form that the compiler splices."""
        return Predicate(self.pieces)


type Choice = object
"""What a control or a selection holds: nothing, one value, a list of values, or a range as a pair."""


class PredicateCell(Cell):
    """A condition on columns of whatever relation reads it."""

    __slots__ = ("columns", "of")

    of: object
    columns: Mapping[str, str]

    def __init__(
        self, of: object, columns: Mapping[str, str], namespace: Namespace, *, name: str | None = None
    ) -> None:
        """Describe a condition.

        Args:
            of: The input, or a selection of a chart, that holds the choice.
            columns: Field of the choice to column of the reading relation. A choice without fields has the
                field ``""``.
            namespace: Where it was written.
            name: What to call it.
        """
        super().__init__(namespace, name)
        self.of = of
        self.columns = columns

    def call(self, name: str) -> None:
        """Give a predicate that nothing is called by a name."""
        self._name = name

    def condition(
        self,
        choice: Choice,
        types: Mapping[str, str | None],
        places: Mapping[str, str] | None = None,
        steps: Mapping[str, Steps | None] | None = None,
    ) -> Condition:
        """Compile the condition that a choice stands for; nothing chosen means every row.

        Args:
            choice: What is chosen.
            types: The SQL type of the values of each field, where it is known.
            places: In SQL what each field restricts, instead of its column; the other fields restrict nothing.
            steps: The only values that the ends of each field's range can take, where they are known.
        """
        if places is None:
            places = {field: quote_identifier(column) for field, column in self.columns.items()}
        choices = cast("Mapping[str, Choice]", choice) if isinstance(choice, Mapping) else {"": choice}
        pieces: list[str | ValueOf] = []
        values: dict[ValueOf, Bound] = {}
        for field, chosen in choices.items():
            restricted = places.get(field)
            if restricted is None or is_empty(chosen):
                continue
            if pieces:
                pieces.append(" AND ")
            bind = _binder(self, field, types.get(field), values, (steps or {}).get(field))
            pieces += _compare(restricted, chosen, bind)
        return Condition(tuple(pieces) or ("TRUE",), values)


type _Bind = Callable[[str, object, bool], ValueOf]


def _binder(cell: Cell, field: str, sql_type: str | None, values: dict[ValueOf, Bound], steps: Steps | None) -> _Bind:
    element = sql_type.removesuffix("[]") if sql_type else None

    def bind(part: str, value: object, many: bool) -> ValueOf:
        key = ValueOf((cell, field, part))
        values[key] = Bound(value, f"{element}[]" if many and element else element, steps)
        return key

    return bind


def is_empty(choice: Choice) -> bool:
    """Whether nothing is chosen.

    Example:
        >>> [is_empty(choice) for choice in (None, [], (None, None), "", 0)]
        [True, True, True, False, False]
    """
    return choice is None or choice == [] or choice in ((), (None, None))


def _compare(column: str, chosen: Choice, bind: _Bind) -> list[str | ValueOf]:
    if isinstance(chosen, tuple):
        low, high = cast("tuple[object, object]", chosen)
        bounds: list[str | ValueOf] = []
        if low is not None:
            bounds += [f"{column} >= ", bind("low", low, False)]
        if high is not None:
            bounds += [" AND " if bounds else "", f"{column} <= ", bind("high", high, False)]
        return bounds
    if isinstance(chosen, list):
        items = cast("Sequence[object]", chosen)
        present = [item for item in items if item is not None]
        chosen_rows: list[str | ValueOf] = [f"{column} IN ", bind("", present, True)]
        if len(present) == len(items):
            return chosen_rows
        return ["(", *chosen_rows, f" OR {column} IS NULL)"]
    return [f"{column} = ", bind("", chosen, False)]


def match(column: str, input: object, /, *, name: str | None = None) -> PredicateCell:  # noqa: A002  # the term users know
    """Make a predicate of an input: equals, is one of, or lies in the input's range; empty means every row.

    Args:
        column: A column of the relation that reads the predicate.
        input: An input, widget or anything else that holds a value, a list of values or a range.
        name: What to call it; by default the variable that it is bound to.

    Returns:
        A cell that SQL reads as ``WHERE $name``.

    Example:
        >>> import dataapp as da, panel as pn
        >>> letters = pn.widgets.MultiChoice(options=["a", "b", "c"], value=["a", "c"])
        >>> chosen = da.match("letter", letters)
        >>> rows = da.sql("FROM (VALUES ('a'), ('b'), ('c')) t(letter) WHERE $chosen", chosen=chosen)
        >>> rows.evaluate()["letter"].to_list()
        ['a', 'c']
    """
    frame = sys._getframe(1)  # pyright: ignore[reportPrivateUsage]  # the predicate's place is the caller's
    return PredicateCell(input, {"": column}, Namespace.of(frame, {}), name=name)
