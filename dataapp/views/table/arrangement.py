"""What a reader has set: filter texts, a search, sort keys, groups, the columns' layout. It outlives the relation."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from dataapp.engines.relation import Column
from dataapp.errors import InputError
from dataapp.views.table.filters.moments import Now
from dataapp.views.table.filters.parsing import parse_filter
from dataapp.views.table.filters.predicates import ColumnFilter, RowFilter, Search
from dataapp.views.table.groups.grouping import Aggregate, Grouping
from dataapp.views.table.layout import Layout
from dataapp.views.table.relation.queries import Question, SortKey


@dataclass(frozen=True, slots=True)
class Arrangement:
    """Filter texts, by the position of their column, sort keys, groups, the columns' layout, and a search."""

    texts: Mapping[int, str] = field(default_factory=dict[int, str])
    order: tuple[SortKey, ...] = ()
    groups: Grouping | None = None
    layout: Layout = field(default_factory=Layout)
    search: str = ""

    def filtered(self, column: int, text: str) -> "Arrangement":
        """Return the arrangement with another filter on a column; an empty text takes it away."""
        texts = {**self.texts, column: text}
        return replace(self, texts={at: typed for at, typed in texts.items() if typed.strip()})

    def grouped(self, groups: Grouping | None, columns: tuple[Column, ...]) -> "Arrangement":
        """Return the arrangement with other groups, or without; what it is sorted by stays where it still exists."""
        aggregates = self.groups.aggregates if self.groups is not None else ()
        places = {at: at for at in range(len(columns))}
        if groups is not None:
            places |= _made_places(aggregates, groups.aggregates, len(columns), len(columns))
        order = tuple(replace(key, column=places[key.column]) for key in self.order if key.column in places)
        return replace(self, groups=groups, order=order, layout=self.layout.limited(len(columns)))

    def displayed(self, count: int) -> tuple[int, ...]:
        """Return the columns on screen from left to right, of a relation that has so many."""
        columns = self.layout.displayed(count)
        return columns if self.groups is None else self.groups.displayed(columns, count, self.layout.hidden)

    def cleared(self) -> "Arrangement":
        """Return the arrangement without filters and search."""
        return replace(self, texts={}, search="")

    def question(self, columns: tuple[Column, ...], now: Now = datetime.now) -> tuple[Question, dict[int, str]]:
        """Return what is asked for, and by column what is wrong with its filter. A wrong filter is left out.

        Args:
            columns: The columns of the relation.
            now: The moment that filters such as ``today`` are relative to.
        """
        filters: list[RowFilter] = []
        faults: dict[int, str] = {}
        for at, text in sorted(self.texts.items()):
            try:
                condition = parse_filter(text, columns[at], now)
            except InputError as error:
                faults[at] = f"{error.message} {(error.hint or '').capitalize()}".strip()
            else:
                if condition is not None:
                    filters.append(ColumnFilter(at, condition))
        if self.search.strip():
            filters.append(Search(self.search.strip()))
        return Question(tuple(filters), self.order, self.groups), faults

    def carried_over(self, old: tuple[Column, ...], new: tuple[Column, ...]) -> "Arrangement":
        """Return what still applies when other columns are shown: that of columns with the same name and type.

        Example:
            >>> name, size = Column("name", "VARCHAR"), Column("size", "INTEGER")
            >>> carried_over = Arrangement({1: "> 5"}, (SortKey(0),)).carried_over((name, size), (size,))
            >>> carried_over.texts, carried_over.order
            ({0: '> 5'}, ())
        """
        if old == new:
            return self
        places = {column: at for at, column in enumerate(new)}
        moved = {at: places[column] for at, column in enumerate(old) if column in places}
        groups = None if self.groups is None else self.groups.moved(moved)
        made: dict[int, int] = {}
        if self.groups is not None and groups is not None:
            there = [replace(one, column=moved.get(one.column, -1)) for one in self.groups.aggregates]
            made = _made_places(there, groups.aggregates, len(old), len(new))
        return replace(
            self,
            texts={moved[at]: text for at, text in self.texts.items() if at in moved},
            order=tuple(
                replace(key, column=at) for key in self.order if (at := (moved | made).get(key.column)) is not None
            ),
            groups=groups,
            layout=self.layout.carried_over(old, new),
        )


def _made_places(old: Sequence[Aggregate], new: Sequence[Aggregate], old_first: int, new_first: int) -> dict[int, int]:
    """Return where the number of rows and the aggregates went that are still there, by where they were."""
    places = {old_first: new_first}
    return places | {old_first + 1 + at: new_first + 1 + new.index(one) for at, one in enumerate(old) if one in new}
