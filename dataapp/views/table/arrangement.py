"""What a reader has set in the header: filters as typed and sort keys. It outlives the relation that is shown."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from dataapp.engines.relation import Column
from dataapp.errors import InputError
from dataapp.views.table.filters import parse_filter
from dataapp.views.table.queries import ColumnFilter, Question, SortKey


@dataclass(frozen=True, slots=True)
class Arrangement:
    """Filter texts, by the position of their column, and sort keys."""

    texts: Mapping[int, str] = field(default_factory=dict[int, str])
    order: tuple[SortKey, ...] = ()

    def filtered(self, column: int, text: str) -> "Arrangement":
        """Return the arrangement with another filter on a column; an empty text takes it away."""
        texts = {**self.texts, column: text}
        return replace(self, texts={at: typed for at, typed in texts.items() if typed.strip()})

    def question(self, columns: tuple[Column, ...]) -> tuple[Question, dict[int, str]]:
        """Return what is asked for, and by column what is wrong with its filter. A wrong filter is left out."""
        filters: list[ColumnFilter] = []
        faults: dict[int, str] = {}
        for at, text in sorted(self.texts.items()):
            try:
                condition = parse_filter(text, columns[at])
            except InputError as error:
                faults[at] = f"{error.message} {(error.hint or '').capitalize()}".strip()
            else:
                if condition is not None:
                    filters.append(ColumnFilter(at, condition))
        return Question(tuple(filters), self.order), faults

    def carried_over(self, old: tuple[Column, ...], new: tuple[Column, ...]) -> "Arrangement":
        """Return what still applies when other columns are shown: that of columns with the same name and type.

        Example:
            >>> name, size = Column("name", "VARCHAR"), Column("size", "INTEGER")
            >>> Arrangement({1: "> 5"}, (SortKey(0),)).carried_over((name, size), (size,))
            Arrangement(texts={0: '> 5'}, order=())
        """
        if old == new:
            return self
        places = {column: at for at, column in enumerate(new)}
        moved = {at: places[column] for at, column in enumerate(old) if column in places}
        return Arrangement(
            {moved[at]: text for at, text in self.texts.items() if at in moved},
            tuple(replace(key, column=moved[key.column]) for key in self.order if key.column in moved),
        )
