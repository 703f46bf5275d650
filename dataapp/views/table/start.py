"""How an explorer starts, and what its view means: names and texts on one side, positions and conditions on the other.

What the author wrote is held to be right: an unknown column or a text without meaning is an error. What a reader set,
or a link says, is not: of it, what does not fit is left out, and a text without meaning is marked in its field.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

from dataapp.cells.cell import Cell
from dataapp.cells.input import Setting
from dataapp.cells.predicate import Condition
from dataapp.cells.values import Bound
from dataapp.cells.view import View, ViewControl, text_to_key
from dataapp.compile.fusion import ValueOf
from dataapp.compile.identifiers import fold
from dataapp.engines.relation import Column
from dataapp.errors import ColumnNotFoundError, DataAppError, InputError, WrongKindError, near
from dataapp.views.table.arrangement import Arrangement
from dataapp.views.table.filters.parsing import parse_filter
from dataapp.views.table.relation.queries import SortKey, restriction
from dataapp.views.table.saved import arrangement_to_more, more_to_arrangement

_VALUE = re.compile("\0([0-9]+)\0")  # no name in SQL holds a NUL


@dataclass(frozen=True, slots=True)
class Start:
    """How an explorer starts: the kind of its view.

    Attributes:
        view: What is set at first.
    """

    view: View

    sql_type = None
    is_shared = False

    @classmethod
    def of(cls, sort: object, where: object) -> "Start":
        """Read the arguments of `explore`.

        Raises:
            WrongKindError: One has another shape.
        """
        keys = [sort] if isinstance(sort, str) else sort
        if not isinstance(keys, list | tuple) or not all(isinstance(key, str) for key in keys):
            raise WrongKindError(f"`sort` is {sort!r}.", hint='name columns: sort="price", "-price" or a list of these')
        if where is not None and not _is_texts(where):
            hint = 'give texts as they are typed in the explorer, by column: where={"price": ">= 5"}'
            raise WrongKindError(f"`where` is {where!r}.", hint=hint)
        texts = {name: text for name, text in cast("Mapping[str, str]", where or {}).items() if text.strip()}
        return cls(View(texts, tuple(text_to_key(key) for key in cast("Sequence[str]", keys))))

    def open(self, label: str) -> ViewControl:
        """Make a session's view."""
        return ViewControl(self.view)

    def default(self) -> object:
        """Return what is set at first."""
        return self.view

    def settle(self, value: object, feeds: Mapping[str, object]) -> Setting:
        """Keep the value as it is."""
        return Setting(value, {})

    def arrangement(self, view: View, columns: tuple[Column, ...]) -> Arrangement:
        """Return a view over columns.

        Raises:
            DataAppError: What the author wrote does not fit them.
        """
        for fault in self._faults(view, columns).values():
            raise fault
        places = {fold(column.name): at for at, column in enumerate(columns)}
        texts = {places[fold(name)]: text for name, text in view.where.items() if fold(name) in places}
        keys = {places[fold(name)]: descends for name, descends in view.sort if fold(name) in places}
        plain = Arrangement(texts, tuple(SortKey(at, descends) for at, descends in keys.items()))
        return more_to_arrangement(view.more, plain, columns)

    def is_unrestricted(self, view: object) -> bool:
        """Whether every row passes, whatever the columns are."""
        read = _as_view(view)
        return not read.where and "search" not in read.more

    def condition(self, cell: Cell, view: object, columns: Mapping[str, str]) -> Condition:
        """Return the condition that filters and search are.

        Raises:
            DataAppError: What the author wrote does not fit the columns.
        """
        known = tuple(Column(name, type_) for name, type_ in columns.items())
        read = _as_view(view)
        filters = View(read.where, more={name: said for name, said in read.more.items() if name == "search"})
        question, _ = self.arrangement(filters, known).question(known)
        values: list[object] = []

        def bind(value: object) -> str:
            values.append(value)
            return f"\0{len(values) - 1}\0"

        pieces: list[str | ValueOf] = []
        bound: dict[ValueOf, Bound] = {}
        for at, text in enumerate(_VALUE.split(restriction(known, question, bind))):
            if at % 2 == 0:
                pieces.append(text)
            else:
                key = ValueOf((cell, "", text))
                bound[key] = Bound(values[int(text)])
                pieces.append(key)
        return Condition(tuple(pieces), bound)

    def filtered(self, where: Mapping[Any, Any]) -> View:
        """Return a view like the first one, but for its filters.

        Raises:
            WrongKindError: They are no texts by column.
        """
        return replace(self.view, where=Start.of((), where).view.where)

    def faults(self, columns: Mapping[str, str]) -> Mapping[str, DataAppError]:
        """Return what is wrong with how the explorer starts, by argument of `explore`."""
        return self._faults(self.view, tuple(Column(name, type_) for name, type_ in columns.items()))

    def _faults(self, view: View, columns: tuple[Column, ...]) -> dict[str, DataAppError]:
        """Return what is wrong with that part of a view that the author wrote."""
        known = {fold(column.name): column for column in columns}
        names = [column.name for column in columns]
        faults: dict[str, DataAppError] = {}
        for name, descends in view.sort:
            if fold(name) not in known and (name, descends) in self.view.sort:
                message = f"The explorer sorts by column `{name}`, which its table does not have."
                faults.setdefault("sort", ColumnNotFoundError(message, hint=near(name, names)))
        for name, text in view.where.items():
            if self.view.where.get(name) != text:
                continue
            try:
                if fold(name) not in known:
                    message = f"The explorer filters column `{name}`, which its table does not have."
                    raise ColumnNotFoundError(message, hint=near(name, names))
                parse_filter(text, known[fold(name)])
            except InputError as error:
                message = f"The filter `{text}` of column `{name}` has no meaning: {error.message}"
                faults.setdefault("where", InputError(message, hint=error.hint))
            except ColumnNotFoundError as error:
                faults.setdefault("where", error)
        return faults


class Viewing:
    """The view of one explorer in one session, as a table that shows it reads and changes it.

    Args:
        start: How the explorer starts.
        control: What is set.
        show: Called when another table that shows the explorer changed it.
    """

    def __init__(self, start: Start, control: ViewControl, show: Callable[[], None]) -> None:
        self._start = start
        self._control = control
        self._show: Callable[[View], None] = lambda view: show()
        self._told: tuple[Arrangement, tuple[Column, ...]] | None = None
        control.mirror(self._show)

    def arrangement(self, columns: tuple[Column, ...]) -> Arrangement:
        """Return what is set, over columns.

        Raises:
            DataAppError: What the author wrote does not fit them.
        """
        return self._start.arrangement(self._control.read(), columns)

    def tell(self, arrangement: Arrangement, columns: tuple[Column, ...]) -> None:
        """Take what is set in this table, if it is something else than before."""
        if self._told is not None and self._told != (arrangement, columns):
            self._control.put(view_of(arrangement, columns), by=self._show)
        self._told = (arrangement, columns)


def view_of(arrangement: Arrangement, columns: tuple[Column, ...]) -> View:
    """Return an arrangement of columns as a view."""
    where = {columns[at].name: text for at, text in arrangement.texts.items()}
    named = [key for key in arrangement.order if key.column < len(columns)]
    order = tuple((columns[key.column].name, key.descending) for key in named)
    return View(where, order, arrangement_to_more(arrangement, columns))


def _is_texts(thing: object) -> bool:
    return isinstance(thing, Mapping) and all(
        isinstance(name, str) and isinstance(text, str) for name, text in cast("Mapping[object, object]", thing).items()
    )


def _as_view(view: object) -> View:
    return view if isinstance(view, View) else View(cast("Mapping[str, str]", view or {}))
