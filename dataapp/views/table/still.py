"""What a page holds that is saved to a file: its first rows, and the pictures in its headers.

It asks for them as a page would that somebody scrolls through, so that a file shows what the page shows.
"""

from collections.abc import Callable, Mapping
from itertools import batched
from typing import Any, cast

from dataapp.views.table.relation.queries import BLOCK, CHUNK

MOST_ROWS = 32 * BLOCK  # 4,096
MOST_BYTES = 2_000_000  # of cells, before they are written as text of JSON, which takes a third more
_AT_ONCE = 8 * BLOCK  # rows
_MOST_PICTURES = 64  # that one message asks for


class StillPage:
    """Stands for the page.

    Args:
        say: Takes what a page says.
        settle: Lets all that was asked for come.
    """

    def __init__(self, say: Callable[[object], None], settle: Callable[[], None]) -> None:
        self._say = say
        self._settle = settle
        self._heard: list[Mapping[str, Any]] = []

    def hear(self, message: Mapping[str, Any]) -> None:
        """Take what a page is told."""
        self._heard.append(message)

    def read(self) -> dict[str, object] | None:
        """Return what a page was told of the rows that the file holds, and how far they reach; None without rows."""
        said = self._ask({"type": "ready", "view": None, "counted": False})
        view = next((message for message in reversed(said) if message["type"] == "view"), None)
        if view is None or view["rows"] is None:
            return None
        width = len(view["columns"]) + len((view["groups"] or {"columns": ()})["columns"])
        cells, rows, columns = self._cells(view["view"], view["rows"], _seen_first(view, width))
        pictures = self._pictures(view["view"], [at for at in columns if at < len(view["columns"])])
        shown = {**view, "keep_place": False}
        extents = [message for message in said if message["type"] == "extents"]
        return {"still": {"rows": rows, "columns": columns}, "messages": [shown, *extents, *cells, *pictures]}

    def _cells(self, view: int, total: int, columns: list[int]) -> tuple[list[Mapping[str, Any]], int, list[int]]:
        """Return windows from the first row on, how many rows they have, and of which columns."""
        windows, size = list[Mapping[str, Any]](), 0
        held = list[int]()
        for some in batched(columns, CHUNK):  # of a very wide table, all columns may be too much
            if size > MOST_BYTES:
                break
            window = self._window(view, 0, BLOCK, some)
            windows, size, held = [*windows, window], size + _size(window), [*held, *some]
        first, is_whole = BLOCK, len(held) == len(columns)
        while is_whole and first < min(total, MOST_ROWS):
            count = min(_AT_ONCE, (MOST_BYTES - size) * first // max(size, 1) // BLOCK * BLOCK, MOST_ROWS - first)
            if count <= 0:
                break
            for some in batched(columns, CHUNK):
                windows.append(self._window(view, first, count, some))
                size += _size(windows[-1])
            first += count
        return windows, min(first, total), held

    def _window(self, view: int, first: int, count: int, columns: tuple[int, ...]) -> Mapping[str, Any]:
        wish = {"type": "want", "view": view, "first": first, "count": count, "columns": list(columns)}
        return next(message for message in self._ask(wish) if message["type"] == "cells")

    def _pictures(self, view: int, columns: list[int]) -> list[Mapping[str, Any]]:
        """Return the last picture of each column: of many rows an estimate came before it."""
        found: dict[int, object] = {}
        for some in batched(columns, _MOST_PICTURES):
            for message in self._ask({"type": "summarize", "view": view, "columns": list(some)}):
                if message["type"] == "summaries":
                    found |= {one["column"]: one for one in message["columns"]}
        return [{"type": "summaries", "view": view, "columns": list(found.values())}]

    def _ask(self, wish: Mapping[str, object]) -> list[Mapping[str, Any]]:
        self._heard = []
        self._say(wish)
        self._settle()
        return self._heard


def _seen_first(view: Mapping[str, Any], width: int) -> list[int]:
    """Return all columns; those on screen come first."""
    layout = view["layout"]
    ordered = dict.fromkeys([*layout["pinned"], *layout["order"], *range(width)])
    return sorted(ordered, key=lambda at: at in layout["hidden"])


def _size(window: Mapping[str, Any]) -> int:
    return len(cast("bytes", window["cells"])) + len(cast("bytes", window["lines"] or b""))
