"""Which columns a reader sees, in which order and how wide. All of it is about positions in the relation's columns."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeGuard, cast

from dataapp.engines.relation import Column

NARROWEST, WIDEST = 32, 4000  # pixels of a column that somebody drags


@dataclass(frozen=True, slots=True)
class Layout:
    """How the columns are laid out.

    Attributes:
        order: Columns as they follow each other. Those that it does not name come after them, in the relation's order.
        hidden: Columns that are not shown.
        pinned: Columns that stay at the left while the others scroll.
        widths: Pixels, where a reader chose them.
    """

    order: tuple[int, ...] = ()
    hidden: frozenset[int] = frozenset()
    pinned: frozenset[int] = frozenset()
    widths: Mapping[int, int] = field(default_factory=dict[int, int])

    def displayed(self, count: int) -> tuple[int, ...]:
        """Return the columns on screen from left to right, of a relation that has so many; pinned ones come first.

        Example:
            >>> Layout(order=(2,), hidden=frozenset({1}), pinned=frozenset({3})).displayed(5)
            (3, 2, 0, 4)
        """
        shown = [at for at in self._ordered(count) if at not in self.hidden]
        return tuple(sorted(shown, key=lambda at: at not in self.pinned))  # sorting keeps the order of equals

    def fits(self, count: int) -> bool:
        """Whether this is about no other columns than the first so many, and shows at least one of them."""
        named = {*self.order, *self.hidden, *self.pinned, *self.widths}
        return all(0 <= at < count for at in named) and len(self.hidden) < count

    def tidied(self, count: int) -> "Layout":
        """Return the same layout without what goes without saying."""
        order = self._ordered(count)
        while len(order) > 1 and order[-2] < order[-1]:  # they would follow like this by themselves
            order.pop()
        return Layout(tuple(order[:-1]), self.hidden, self.pinned, self.widths)

    def limited(self, count: int) -> "Layout":
        """Return the same layout of the first so many columns alone."""
        return Layout(
            tuple(at for at in self.order if at < count),
            frozenset(at for at in self.hidden if at < count),
            frozenset(at for at in self.pinned if at < count),
            {at: width for at, width in self.widths.items() if at < count},
        )

    def carried_over(self, old: tuple[Column, ...], new: tuple[Column, ...]) -> "Layout":
        """Return what still applies when other columns are shown: that of columns with the same name and type."""
        if old == new:
            return self
        places = {column: at for at, column in enumerate(new)}
        moved = {at: places[column] for at, column in enumerate(old) if column in places}
        hidden = frozenset(_moved(self.hidden, moved))
        return Layout(
            tuple(_moved(self.order, moved)),
            hidden if len(hidden) < len(new) else frozenset(),
            frozenset(_moved(self.pinned, moved)),
            {moved[at]: width for at, width in self.widths.items() if at in moved},
        )

    def to_json(self, columns: tuple[Column, ...]) -> dict[str, object]:
        """Return the layout by the names of columns; what is left as it comes is left out.

        Example:
            >>> columns = Column("a", "INTEGER"), Column("b", "VARCHAR")
            >>> Layout(order=(1,), pinned=frozenset({0})).to_json(columns)
            {'order': ['b'], 'pinned': ['a']}
        """
        said: dict[str, object] = {
            "order": [columns[at].name for at in self.order],
            "hidden": [columns[at].name for at in sorted(self.hidden)],
            "pinned": [columns[at].name for at in sorted(self.pinned)],
            "widths": {columns[at].name: width for at, width in self.widths.items()},
        }
        return {key: value for key, value in said.items() if value}

    @classmethod
    def from_json(cls, data: object, columns: tuple[Column, ...]) -> "Layout":
        """Return the layout that `to_json` wrote; what names no column, or makes no sense, is left out.

        Example:
            >>> columns = Column("a", "INTEGER"), Column("b", "VARCHAR")
            >>> Layout.from_json({"order": ["b", "gone"], "widths": {"a": 90}}, columns)
            Layout(order=(1,), hidden=frozenset(), pinned=frozenset(), widths={0: 90})
        """
        said = cast("Mapping[str, object]", data) if isinstance(data, Mapping) else {}
        places = {column.name: at for at, column in enumerate(columns)}
        hidden = frozenset(_places(said.get("hidden"), places))
        return cls(
            tuple(dict.fromkeys(_places(said.get("order"), places))),
            hidden if len(hidden) < len(columns) else frozenset(),
            frozenset(_places(said.get("pinned"), places)),
            _widths(said.get("widths"), places),
        )

    def _ordered(self, count: int) -> list[int]:
        return list(dict.fromkeys([*self.order, *range(count)]))


def _moved(positions: Iterable[int], places: Mapping[int, int]) -> Iterable[int]:
    return (places[at] for at in positions if at in places)


def _places(names: object, places: Mapping[str, int]) -> Iterable[int]:
    named = cast("list[object]", names) if isinstance(names, list) else []
    return (places[name] for name in named if isinstance(name, str) and name in places)


def _widths(said: object, places: Mapping[str, int]) -> dict[int, int]:
    widths = cast("Mapping[str, object]", said) if isinstance(said, Mapping) else {}
    return {places[name]: width for name, width in widths.items() if name in places and is_width(width)}


def is_width(value: object) -> TypeGuard[int]:
    """Whether a value is a number of pixels that a column can be dragged to."""
    return isinstance(value, int) and not isinstance(value, bool) and NARROWEST <= value <= WIDEST
