"""Explorers: a cell shown as a table, and what its reader makes of it as cells that others read.

What a reader has set (filters, order, search, ...) is an input, `ViewCell`, one value per session: everything that
shows the same explorer in a session shares it. All of it is texts and names; only the explorer's kind, which floors
above give, understands them.
"""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Protocol

from dataapp.cells.cell import Cell
from dataapp.cells.formats import Format
from dataapp.cells.input import InputCell, InputKind
from dataapp.cells.namespace import Namespace
from dataapp.cells.predicate import Condition, PredicateCell
from dataapp.cells.source import SourceCell
from dataapp.cells.sql import SqlCell
from dataapp.cells.view import ChoiceKind
from dataapp.errors import DataAppError

_ROWS, _FILTERS = "explored", "filters"


class ExplorerKind(InputKind, Protocol):
    """How an explorer starts, and what the texts in it mean."""

    def condition(self, cell: Cell, view: object, columns: Mapping[str, str]) -> Condition:
        """Return the condition that filters and search are, on columns of these SQL types.

        Raises:
            DataAppError: What the author wrote does not fit the columns.
        """
        ...

    def is_unrestricted(self, view: object) -> bool:
        """Whether every row passes, whatever the columns are."""
        ...

    def filtered(self, where: Mapping[Any, Any]) -> object:
        """Return the view that an explorer has which starts with other filters.

        Raises:
            WrongKindError: They are no texts by column.
        """
        ...

    def faults(self, columns: Mapping[str, str]) -> Mapping[str, DataAppError]:
        """Return what is wrong with how the explorer starts, by argument of `explore`."""
        ...


class ViewCell(InputCell):
    """What a reader has set in an explorer. It is called what the explorer is called.

    Attributes:
        explorer: The explorer.
        meaning: Its kind, which knows what the texts in it mean.
    """

    __slots__ = ("explorer", "meaning")

    explorer: "ExploreCell"
    meaning: ExplorerKind

    def __init__(self, explorer: "ExploreCell", kind: ExplorerKind) -> None:
        super().__init__(kind, explorer.namespace)
        self.explorer = explorer
        self.meaning = kind

    @property
    def label(self) -> str:
        """The label of the explorer."""
        return self.explorer.label

    @property
    def is_named(self) -> bool:
        """Whether the explorer has a name."""
        return self.explorer.is_named


class FilterCell(PredicateCell):
    """The condition that the filters and the search of an explorer are."""

    __slots__ = ("explorer",)

    explorer: "ExploreCell"

    def __init__(self, explorer: "ExploreCell") -> None:
        super().__init__(explorer.view, {}, explorer.namespace)
        self.explorer = explorer

    @property
    def label(self) -> str:
        """The label of the explorer, and what this is of it."""
        return f"{self.explorer.label}.filtered"

    @property
    def is_named(self) -> bool:
        """Whether the explorer has a name."""
        return self.explorer.is_named


class _Part(Cell):
    """What is called by a variable of its own, or else after the explorer that it is of."""

    __slots__ = ()

    explorer: "ExploreCell"

    @property
    def label(self) -> str:
        """The variable that it is bound to, else the label of the explorer and what this is of it."""
        found = self._label or self.namespace.name_of(self)
        if found is None:
            return f"{self.explorer.label}.{self._what}"
        self._label = found
        return found

    @property
    def is_named(self) -> bool:
        """Whether it or the explorer has a name."""
        return self._label is not None or self.namespace.name_of(self) is not None or self.explorer.is_named

    @property
    @abstractmethod
    def _what(self) -> str: ...


class FilteredCell(_Part, SqlCell):
    """The rows of an explorer that pass its filters and its search. Read as ``$name``, it is their condition.

    Attributes:
        filters: The condition.
    """

    __slots__ = ("explorer", "filters")

    filters: FilterCell

    def __init__(self, explorer: "ExploreCell") -> None:
        self.explorer = explorer
        self.filters = FilterCell(explorer)
        super().__init__(
            f"FROM {_ROWS} WHERE ${_FILTERS}",
            replace(explorer.namespace, bindings={_ROWS: explorer.of, _FILTERS: self.filters}),
            on=None,
            materialize="auto",
            run="auto",
            name=None,
        )

    @property
    def _what(self) -> str:
        return "filtered"


class ChoiceCell(InputCell):
    """The input behind the selected rows of an explorer, and behind values of its current row."""

    __slots__ = ("explorer",)

    explorer: "ExploreCell"

    def __init__(self, explorer: "ExploreCell") -> None:
        super().__init__(ChoiceKind(), explorer.namespace)
        self.explorer = explorer

    @property
    def label(self) -> str:
        """The label of the explorer."""
        return self.explorer.label

    @property
    def is_named(self) -> bool:
        """Whether the explorer has a name."""
        return self.explorer.is_named


class SelectedCell(_Part, SourceCell):
    """The rows of an explorer that its reader has selected; none are until some are."""

    __slots__ = ("explorer",)

    def __init__(self, explorer: "ExploreCell") -> None:
        self.explorer = explorer
        super().__init__(explorer.choice, explorer.namespace, options={})

    @property
    def _what(self) -> str:
        return "selected"


class ValueAtCell(_Part):
    """The value of a column in the row of an explorer that its reader clicked last, or None."""

    __slots__ = ("column", "explorer")

    column: str

    def __init__(self, explorer: "ExploreCell", column: str) -> None:
        self.explorer = explorer
        self.column = column
        super().__init__(explorer.namespace)

    @property
    def _what(self) -> str:
        return f"value_at({self.column!r})"


BEHIND = (ViewCell, ChoiceCell)
"""Inputs that belong to an explorer, and that people know by nothing else."""


class ExploreCell(Cell):
    """A table explorer over a cell. Made by `dataapp.explore`.

    Attributes:
        of: The cell that it shows.
        height: In pixels, or None.
        columns: Those that are shown at first, in their order; none are all.
        formats: How columns look.
        view: What its reader has set.
        choice: What its reader has chosen.
    """

    __slots__ = ("_filtered", "_selected", "_values", "choice", "columns", "formats", "height", "of", "view")

    of: Cell
    height: int | None
    columns: tuple[str, ...]
    formats: Mapping[str, Format]
    view: ViewCell
    choice: ChoiceCell

    def __init__(
        self,
        of: Cell,
        namespace: Namespace,
        *,
        kind: ExplorerKind,
        height: int | None,
        name: str | None,
        columns: tuple[str, ...] = (),
        formats: Mapping[str, Format] | None = None,
    ) -> None:
        super().__init__(namespace, name)
        self.of = of
        self.height = height
        self.columns = columns
        self.formats = formats or {}
        self.view = ViewCell(self, kind)
        self.choice = ChoiceCell(self)
        self._filtered: FilteredCell | None = None
        self._selected: SelectedCell | None = None
        self._values: dict[str, ValueAtCell] = {}

    @property
    def filtered(self) -> FilteredCell:
        """The rows that pass the reader's filters and search: a lazy relation, fused into whoever reads it.

        A query reads it as a table under the name that it is bound to. As ``$name`` it is the condition alone, for
        another table with the same columns. Without a screen the filters are those that the explorer starts with.

        Example:
            >>> import dataapp as da
            >>> table = da.explore(da.sql("SELECT range AS n FROM range(10)"), where={"n": ">= 6"})
            >>> da.sql("SELECT count(*) AS n FROM rows", rows=table.filtered).evaluate().item()
            4
        """
        if self._filtered is None:
            self._filtered = FilteredCell(self)
        return self._filtered

    @property
    def selected(self) -> SelectedCell:
        """The rows that the reader selected, as a table: no rows until some are, and again when the table changes.

        Up to 100,000 rows can be selected to be read; more are an error of this cell.

        Example:
            >>> import dataapp as da
            >>> da.explore(da.sql("SELECT 1 AS n")).selected.evaluate().height
            0
        """
        if self._selected is None:
            self._selected = SelectedCell(self)
        return self._selected

    def value_at(self, column: str, /) -> ValueAtCell:
        """The value of a column in the row that the reader clicked last: a value like that of an input.

        It is None until a row is clicked, and again when the table changes.

        Args:
            column: A column of the table.

        Example:
            >>> import dataapp as da
            >>> flights = da.explore(da.sql("SELECT 'UA' AS carrier"))
            >>> carrier = flights.value_at("carrier")
            >>> da.sql("SELECT $carrier AS it", carrier=carrier).evaluate({carrier: "UA"}).item()
            'UA'
        """
        if column not in self._values:
            self._values[column] = ValueAtCell(self, column)
        return self._values[column]

    @property
    def is_chosen_from(self) -> bool:
        """Whether anything was made that depends on what the reader chooses."""
        return self._selected is not None or bool(self._values)
