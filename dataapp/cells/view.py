"""What a reader sets in an explorer, and what they choose among its rows: values of inputs, one of each per session."""

import json
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from typing import cast
from weakref import ref

from dataapp.cells.input import Setting


@dataclass(frozen=True, slots=True)
class View:
    """What a reader has set in an explorer, by names of columns.

    Attributes:
        where: Filters as typed, by column.
        sort: Columns to sort by, each with whether it descends.
        more: What else is set (search, layout, groups, ...), as values of JSON.
    """

    where: Mapping[str, str] = field(default_factory=dict[str, str])
    sort: tuple[tuple[str, bool], ...] = ()
    more: Mapping[str, object] = field(default_factory=dict[str, object])


def view_to_json(view: View, start: View) -> dict[str, object]:
    """Return how a view differs from the one that its explorer starts with, as a value of JSON.

    Example:
        >>> view_to_json(View({"price": ">= 5"}, (("price", True),)), View({"price": ">= 5"}))
        {'sort': ['-price']}
    """
    said: dict[str, object] = {}
    if dict(view.where) != dict(start.where):
        said["where"] = dict(view.where)
    if view.sort != start.sort:
        said["sort"] = [key_to_text(name, descends) for name, descends in view.sort]
    names = dict.fromkeys([*start.more, *view.more])
    return said | {name: view.more.get(name) for name in names if view.more.get(name) != start.more.get(name)}


def json_to_view(said: object, start: View) -> View:
    """Return the view that a link says: the reverse of `view_to_json`.

    Raises:
        ValueError: It says no view.

    Example:
        >>> json_to_view({"sort": ["-price"]}, View({"price": ">= 5"}))
        View(where={'price': '>= 5'}, sort=(('price', True),), more={})
    """
    if not isinstance(said, dict):
        raise ValueError("not a view of a table")
    parts = dict(cast("dict[str, object]", said))
    json.dumps(parts, ensure_ascii=False).encode()  # halves of characters, which nothing takes, are a ValueError
    where, sort = parts.pop("where", dict(start.where)), parts.pop("sort", None)
    if not isinstance(where, dict) or not all(
        isinstance(text, str) for text in cast("dict[str, object]", where).values()
    ):
        raise ValueError("filters are no texts by column")
    if sort is not None and not (
        isinstance(sort, list) and all(isinstance(key, str) for key in cast("list[object]", sort))
    ):
        raise ValueError("not a list of columns to sort by")
    keys = start.sort if sort is None else tuple(text_to_key(text) for text in cast("list[str]", sort))
    more = {name: value for name, value in {**start.more, **parts}.items() if value is not None}
    return View(cast("dict[str, str]", where), keys, more)


def text_to_key(text: str) -> tuple[str, bool]:
    """Return what a text says to sort by: a column, and whether it descends.

    Example:
        >>> text_to_key("-price"), text_to_key("price"), text_to_key("+-odd")
        (('price', True), ('price', False), ('-odd', False))
    """
    return (text[1:], text[0] == "-") if text[:1] in ("-", "+") else (text, False)


def key_to_text(name: str, descends: bool) -> str:
    """Return the text that says to sort by a column: the reverse of `text_to_key`.

    Example:
        >>> key_to_text("price", True), key_to_text("-odd", False)
        ('-price', '+-odd')
    """
    return f"-{name}" if descends else f"+{name}" if name[:1] in ("-", "+") else name


class ViewControl:
    """What is set in one session, shared by everything that shows the explorer."""

    def __init__(self, start: View) -> None:
        self._view = start
        self._watchers: list[Callable[[object], None]] = []
        self._mirrors: dict[ref[Callable[[View], None]], None] = {}

    def read(self) -> View:
        """Return what is set."""
        return self._view

    def watch(self, changed: Callable[[object], None]) -> None:
        """Call back when a reader sets something else."""
        self._watchers.append(changed)

    def mirror(self, show: Callable[[View], None]) -> None:
        """Let a table show what is set in another one, as long as it holds on to `show`.

        Tables come and go with the layouts that show them, and the session lives on.
        """
        mirrors = self._mirrors
        mirrors[ref(show, lambda gone: mirrors.pop(gone, None))] = None

    def put(self, view: View, by: Callable[[View], None] | None = None) -> None:
        """Take what is set; every table but the one that it comes from is told to show it."""
        if view == self._view:
            return
        self._view = view
        for changed in self._watchers:
            changed(view)
        for mirror in list(self._mirrors):
            if (show := mirror()) is not None and show is not by:
                show(view)

    def show(self, setting: Setting) -> None:
        """Do nothing: views are fed by nobody."""

    def close(self) -> None:
        """Forget everybody."""
        self._watchers.clear()
        self._mirrors.clear()


@dataclass(frozen=True, slots=True, eq=False)
class Chosen:
    """What a reader has chosen among the rows of a table.

    Attributes:
        of: What the rows of that table depend on: of any other rows, nothing is chosen.
        selected: The selected rows as a frame, None for none, or the exception that says why there is no such frame.
        current: The row clicked last as a frame of one row, or None.
    """

    of: Hashable
    selected: object | None = None
    current: object | None = None


class ChoiceControl:
    """What is chosen in one session: what was chosen last in any of the tables that show the explorer."""

    def __init__(self) -> None:
        self._chosen: Chosen | None = None
        self._by: object = None
        self._watchers: list[Callable[[object], None]] = []

    def read(self) -> object:
        """Return what is chosen."""
        return self._chosen

    def watch(self, changed: Callable[[object], None]) -> None:
        """Call back when a reader chooses something else."""
        self._watchers.append(changed)

    def put(self, chosen: Chosen | None, by: object = None) -> None:
        """Take a choice; a table takes back only what was chosen in it."""
        if chosen is None and by is not self._by:
            return
        self._chosen, self._by = chosen, by
        for changed in self._watchers:
            changed(chosen)

    def show(self, setting: Setting) -> None:
        """Do nothing: choices are fed by nobody."""

    def close(self) -> None:
        """Forget everybody."""
        self._watchers.clear()


class ChoiceKind:
    """How choices behave: nothing is chosen until somebody does."""

    sql_type = None
    is_shared = False

    def open(self, label: str) -> ChoiceControl:
        """Make a session's choice."""
        return ChoiceControl()

    def default(self) -> object:
        """Nothing is chosen."""
        return None

    def settle(self, value: object, feeds: Mapping[str, object]) -> Setting:
        """Keep the value as it is."""
        return Setting(value, {})
