"""The URL mirrors the inputs, so that a copied link restores the view.

An input's key is its variable's name, with the module's on a clash. Values are JSON, dates in ISO form. What is at its
default is left out, and so are passwords and what is computed of other inputs. Values that come with a link are
anybody's: what the widget would not send is dropped.
"""

import datetime as dt
import json
import logging
import math
from collections.abc import Callable, Mapping
from typing import Any, cast
from urllib.parse import quote_plus, urlencode

import panel as pn

from dataapp.cells.explore import ChoiceCell, ViewCell
from dataapp.cells.input import Control, InputCell
from dataapp.cells.selection import Selected, SelectionCell, SelectionControl, selection_kind
from dataapp.cells.view import View, ViewControl, json_to_view, view_to_json
from dataapp.inputs.links import is_in_links, put
from dataapp.inputs.types import text_to_moment
from dataapp.runtime.equality import is_same

_log = logging.getLogger(__name__)
_LONGEST_VALUE = 2000


class Address:
    """The inputs in one session's URL."""

    def __init__(
        self, given: Mapping[str, str], write: Callable[[str], None], read: Callable[[], str] = lambda: ""
    ) -> None:
        self._given = given
        self._shown = dict(given)
        self._write = write
        self._read = read
        self._keys: dict[InputCell, str | None] = {}
        self._defaults: dict[InputCell, object] = {}
        self._restored: dict[InputCell, object] = {}

    @classmethod
    def of_current_session(cls) -> "Address":
        """Read the URL with which the current session was opened."""
        given = {
            name: values[-1].decode("utf-8", "replace")
            for name, values in pn.state.session_args.items()
            if not name.startswith("bokeh-")  # a copied link must not lead into this very session
        }
        location = pn.state.location

        def write(query: str) -> None:
            if location is not None:
                location.search = query

        return cls(given, write, lambda: "" if location is None else location.search or "")

    def given(self, name: str) -> str | None:
        """Return what the URL held under a name that is no input's, or None."""
        return self._given.get(name)

    def note(self, name: str, text: str) -> None:
        """Write something into the URL that is no input's; with a hyphen in its name, no input is called so."""
        self._shown[name] = text
        self._write(f"?{urlencode(self._shown)}")

    def shows(self, name: str, text: str) -> bool:
        """Whether the browser's address holds something that was noted."""
        return f"{quote_plus(name)}={quote_plus(text)}" in self._read()

    def restore(self, cell: InputCell, control: Control) -> None:
        """Give a new control the value that the URL holds for it."""
        self._defaults[cell] = control.read()
        key = self._keys[cell] = self._choose_key(cell) if is_in_links(control) and _has_key(cell) else None
        if key is None or key not in self._given:
            return
        try:
            value = decode(self._given[key], cell.kind.sql_type, self._defaults[cell])
            if isinstance(cell, SelectionCell) and isinstance(control, SelectionControl):
                value = _to_selection(cell, value)
                control.put(value)
            elif isinstance(control, ViewControl):
                value = json_to_view(value, control.read())
                control.put(value)
            else:
                value = put(control, value, cell.feeds)
        except (ValueError, TypeError) as error:
            _log.info("The URL's value for %s is not one that it takes: %s", key, error)
            return
        self._restored[cell] = value  # an input that is fed by cells waits for its options

    def initial(self, cell: InputCell) -> object:
        """Return what an input starts with."""
        return self._restored.get(cell, self._defaults.get(cell, cell.kind.default()))

    def mirror(self, cell: InputCell, value: object) -> None:
        """Write an input's new value into the URL."""
        key = self._keys.get(cell)
        if key is None:
            return
        self._shown.pop(key, None)
        text = None if is_same(value, self._defaults.get(cell)) else encode(self._to_value(cell, value))
        if text is not None:
            self._shown[key] = text
        self._write(f"?{urlencode(self._shown)}" if self._shown else "")

    def _to_value(self, cell: InputCell, value: object) -> object:
        start = self._defaults.get(cell)
        return view_to_json(value, start) if isinstance(value, View) and isinstance(start, View) else value

    def _choose_key(self, cell: InputCell) -> str | None:
        if not cell.is_named:
            _log.warning("An input at %s has no name, so the URL leaves it out.", cell.namespace.place)
            return None
        if cell.label not in self._keys.values():
            return cell.label
        place = cell.namespace
        # The server runs an app script in a module whose name differs from session to session.
        module = place.file.stem if place.file is not None and place.module.startswith("bokeh_app_") else place.module
        return f"{module}.{cell.label}"


def _has_key(cell: InputCell) -> bool:
    """Whether something of a cell stands in links: an explorer without a name asks for none, and choices have none."""
    return cell.is_named if isinstance(cell, ViewCell) else not isinstance(cell, ChoiceCell)


def _to_selection(cell: SelectionCell, value: object) -> Selected:
    """Return what a link says is selected, if it is a choice in the fields of the chart."""
    fields = {} if cell.predicate is None else cell.predicate.columns
    if not isinstance(value, dict):
        raise ValueError("not a selection")
    chosen = cast("dict[str, list[object]]", value)
    if not all(field in fields and isinstance(values, list) for field, values in chosen.items()):
        raise ValueError("not a selection in this chart")
    return selection_kind(cell).typed(chosen)


def encode(value: object) -> str | None:
    """Return a value as text for a URL, or None where it has no short form.

    Example:
        >>> encode(["AAPL", "IBM"]), encode(dt.date(2024, 3, 1)), encode((1, 5))
        ('["AAPL", "IBM"]', '"2024-03-01"', '[1, 5]')
    """
    try:
        text = json.dumps(value, default=_to_json, ensure_ascii=False, allow_nan=False)
        text.encode()  # half a surrogate pair, which no address can hold
    except (TypeError, ValueError):
        return None
    return text if len(text) <= _LONGEST_VALUE else None


def _to_json(value: object) -> object:
    if isinstance(value, dt.datetime | dt.date | dt.time):
        return value.isoformat()
    raise TypeError(type(value).__name__)


def decode(text: str, sql_type: str | None, like: object) -> object:
    """Return the value that a text in a URL stands for.

    Args:
        text: JSON; a link written by hand may leave out the quotes of a text.
        sql_type: The type that the input promises, or None.
        like: The input's default, which tells ranges from lists.

    Raises:
        ValueError: It stands for no value of that type.

    Example:
        >>> decode("[1, 5]", "DOUBLE[]", (0.0, 1.0)), decode('"2024-03-01"', "DATE", None)
        ((1.0, 5.0), datetime.date(2024, 3, 1))
    """
    try:
        value = json.loads(text)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    except ValueError:
        value = text
    element = (sql_type or _type_of(like)).removesuffix("[]")
    if isinstance(value, list) and (like is None or sql_type is None or isinstance(like, list | tuple)):
        items = [_typed(item, json.dumps(item), element) for item in cast("list[object]", value)]
        is_range = isinstance(like, tuple) or (like is None and sql_type is not None and sql_type.endswith("[]"))
        return tuple(items) if is_range else items
    return _typed(value, text, element)


def _type_of(like: object) -> str:
    """Return the SQL type of moments that a default shows where the input promises no type."""
    items = cast("list[object]", list(like)) if isinstance(like, list | tuple) else [like]
    kinds = {dt.datetime: "TIMESTAMP", dt.date: "DATE", dt.time: "TIME"}
    return next((name for kind, name in kinds.items() if items and isinstance(items[0], kind)), "")


def _typed(value: Any, text: str, element: str) -> object:
    """Return one item; `text` is how the link writes it."""
    if value is None:
        return None
    match element:
        case "DATE" | "TIMESTAMP" | "TIME" if isinstance(value, str):
            return text_to_moment(value, element)
        case "DOUBLE" | "INTEGER" | "BIGINT" if not isinstance(value, bool):
            return _number(value, element)
        case "BOOLEAN" if isinstance(value, bool):
            return value
        case "VARCHAR":
            return value if isinstance(value, str) else text
        case "":
            return value
        case _:
            raise ValueError(f"{value!r} is no {element}")


def _number(value: Any, element: str) -> int | float:
    number = float(value)
    if not math.isfinite(number) or (element != "DOUBLE" and number != int(number)):
        raise ValueError(f"{value!r} is no {element}")
    return number if element == "DOUBLE" else int(value)
