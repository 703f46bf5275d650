"""The URL mirrors the inputs, so that a copied link restores the view.

An input's key is its variable's name, with the module's on a clash. Values are JSON, dates in ISO form. What is at its
default is left out. Values that come with a link are anybody's: what the widget refuses is dropped.
"""

import datetime as dt
import json
import logging
from collections.abc import Callable, Mapping
from typing import Any, cast
from urllib.parse import urlencode

import panel as pn

from dataapp.cells.input import Control, InputCell
from dataapp.cells.selection import SelectionCell, SelectionControl, selection_kind
from dataapp.runtime.equality import is_same

_log = logging.getLogger(__name__)
_LONGEST_VALUE = 2000


class Address:
    """The inputs in one session's URL."""

    def __init__(self, given: Mapping[str, str], write: Callable[[str], None]) -> None:
        self._given = given
        self._shown = dict(given)
        self._write = write
        self._keys: dict[InputCell, str] = {}
        self._defaults: dict[InputCell, object] = {}
        self._restored: dict[InputCell, object] = {}

    @classmethod
    def of_current_session(cls) -> "Address":
        """Read the URL with which the current session was opened."""
        given = {name: values[-1].decode("utf-8", "replace") for name, values in pn.state.session_args.items()}
        location = pn.state.location

        def write(query: str) -> None:
            if location is not None:
                location.search = query

        return cls(given, write)

    def restore(self, cell: InputCell, control: Control) -> None:
        """Give a new control the value that the URL holds for it."""
        self._defaults[cell] = control.read()
        key = self._key(cell)
        if key is None or key not in self._given:
            return
        try:
            value = decode(self._given[key], cell.kind.sql_type, self._defaults[cell])
            if isinstance(cell, SelectionCell) and isinstance(control, SelectionControl):
                value = selection_kind(cell).typed(cast("dict[str, list[object]]", value))
                control.put(value)
            elif not cell.feeds:
                _set(control, value)
                value = control.read()
        except (ValueError, TypeError, AttributeError) as error:
            _log.info("The URL's value for %s is not one that it takes: %s", key, error)
            return
        self._restored[cell] = value  # an input that is fed by cells waits for its options

    def initial(self, cell: InputCell) -> object:
        """Return what an input starts with."""
        return self._restored.get(cell, self._defaults.get(cell, cell.kind.default()))

    def mirror(self, cell: InputCell, value: object) -> None:
        """Write an input's new value into the URL."""
        key = self._key(cell)
        if key is None:
            return
        self._shown.pop(key, None)
        text = None if is_same(value, self._defaults.get(cell)) else encode(value)
        if text is not None:
            self._shown[key] = text
        self._write(f"?{urlencode(self._shown)}" if self._shown else "")

    def _key(self, cell: InputCell) -> str | None:
        if cell not in self._keys:
            if not cell.is_named:
                _log.warning("An input at %s has no name, so the URL leaves it out.", cell.namespace.place)
                return None
            key = cell.label
            if key in self._keys.values():
                key = f"{cell.namespace.module}.{key}"
            self._keys[cell] = key
        return self._keys[cell]


def encode(value: object) -> str | None:
    """Return a value as text for a URL, or None where it has no short form.

    Example:
        >>> encode(["AAPL", "IBM"]), encode(dt.date(2024, 3, 1)), encode((1, 5))
        ('["AAPL", "IBM"]', '"2024-03-01"', '[1, 5]')
    """
    try:
        text = json.dumps(value, default=_to_json, ensure_ascii=False)
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
    except ValueError:
        value = text
    element = (sql_type or "").removesuffix("[]")
    if isinstance(value, list):
        items = [_typed(item, element) for item in cast("list[object]", value)]
        return tuple(items) if isinstance(like, tuple) else items
    return _typed(value, element)


def _typed(value: Any, element: str) -> object:
    if value is None:
        return None
    match element:
        case "DATE":
            return dt.date.fromisoformat(value)
        case "TIMESTAMP":
            return dt.datetime.fromisoformat(value)
        case "DOUBLE":
            return float(value)
        case "INTEGER" | "BIGINT":
            return int(value)
        case "BOOLEAN" if not isinstance(value, bool):
            raise ValueError(f"{value!r} is neither true nor false")
        case "VARCHAR":
            return str(value)
        case _:
            return value


def _set(control: Control, value: object) -> None:
    widget = getattr(control, "widget", None)
    if widget is not None:
        options = getattr(widget, "options", None)
        if isinstance(options, list | dict):
            offered = list(options.values()) if isinstance(options, dict) else options
            chosen = value if isinstance(value, list) else [value]
            if any(item not in offered for item in chosen):
                raise ValueError("not among the options")
        widget.value = value
