"""What a reader has set besides filters and order, as values of JSON: so it stands in links.

A link is anybody's text: what does not fit the columns, or has another shape, is left out.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, cast

from dataapp.compile.identifiers import fold
from dataapp.engines.relation import Column
from dataapp.views.table.arrangement import Arrangement
from dataapp.views.table.groups.grouping import (
    FUNCTIONS,
    MOST_AGGREGATES,
    MOST_KEYS,
    PARTS,
    Aggregate,
    Grouping,
    GroupKey,
)
from dataapp.views.table.layout import Layout, is_width
from dataapp.views.table.relation.queries import SortKey

_log = logging.getLogger(__name__)
_MOST_OPEN = 40  # groups in a link: it must stay short


def arrangement_to_more(arrangement: Arrangement, columns: tuple[Column, ...]) -> dict[str, object]:
    """Return what is set besides filters and order; what is as it starts is left out."""
    more: dict[str, object] = {"layout": arrangement.layout.limited(len(columns)).to_json(columns)}
    if arrangement.groups is not None:
        more["groups"] = _groups_to_json(arrangement.groups, arrangement, columns)
    if arrangement.search.strip():
        more["search"] = arrangement.search
    return {name: said for name, said in more.items() if said}


def more_to_arrangement(
    more: Mapping[str, object], arrangement: Arrangement, columns: tuple[Column, ...]
) -> Arrangement:
    """Return an arrangement with what else is set, as far as it has a meaning."""
    places = {fold(column.name): at for at, column in enumerate(columns)}
    readers: dict[str, Callable[[Any, Arrangement], Arrangement]] = {
        "layout": lambda said, known: replace(known, layout=Layout.from_json(said, columns)),
        "groups": lambda said, known: _with_groups(said, known, columns, places),
        "search": lambda said, known: replace(known, search=_searched(said)),
    }
    for name, read in readers.items():
        try:
            arrangement = read(more[name], arrangement) if name in more else arrangement
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            _log.info("A link sets %s of a table to something that has no meaning: %r", name, error)
    return arrangement


def _groups_to_json(groups: Grouping, arrangement: Arrangement, columns: tuple[Column, ...]) -> dict[str, object]:
    first, order, layout = len(columns), arrangement.order, arrangement.layout
    said: dict[str, object] = {"by": [[columns[key.column].name, key.part] for key in groups.keys]}
    if groups.aggregates:
        said["show"] = [[one.function, columns[one.column].name] for one in groups.aggregates]
    if made := [[at, key.column - first, key.descending] for at, key in enumerate(order) if key.column >= first]:
        said["sort"] = made  # by figures of groups, which have no names of their own
    if hidden := sorted(at - first for at in layout.hidden if at >= first):
        said["hidden"] = hidden
    if widths := [[at - first, width] for at, width in layout.widths.items() if at >= first]:
        said["widths"] = widths
    if 0 < len(groups.open) <= _MOST_OPEN:
        said["open"] = sorted((list(path) for path in groups.open), key=repr)
    return said


def _with_groups(
    said: Mapping[str, Any], known: Arrangement, columns: tuple[Column, ...], places: Mapping[str, int]
) -> Arrangement:
    groups = Grouping(
        tuple(GroupKey(places[fold(name)], _one_of(PARTS, part)) for name, part in said["by"]),
        tuple(Aggregate(_one_of(FUNCTIONS, made), places[fold(name)]) for made, name in said.get("show", ())),
        frozenset(tuple(_text(text) for text in path) for path in said.get("open", ())[:_MOST_OPEN]),
    )
    is_short = len(groups.keys) <= MOST_KEYS and len(groups.aggregates) <= MOST_AGGREGATES
    is_each_once = len({*groups.keys, *groups.aggregates}) == len(groups.keys) + len(groups.aggregates)
    if not (groups.keys and is_short and is_each_once and groups.fits(columns)):
        raise ValueError("no groups of these columns")
    order = list(known.order)
    made = range(len(groups.aggregates) + 1)  # the number of rows, and the aggregates
    for at, figure, descends in said.get("sort", ()):
        if _is_in(figure, made):
            order.insert(at, SortKey(len(columns) + figure, bool(descends)))
    hidden = frozenset(len(columns) + figure for figure in said.get("hidden", ()) if _is_in(figure, made))
    widths = {
        len(columns) + figure: width
        for figure, width in said.get("widths", ())
        if _is_in(figure, made) and is_width(width)
    }
    return replace(
        known,
        groups=groups,
        order=tuple({key.column: key for key in reversed(order)}.values())[::-1],
        layout=replace(known.layout, hidden=known.layout.hidden | hidden, widths={**known.layout.widths, **widths}),
    )


def _is_in(said: object, numbers: range) -> bool:
    return isinstance(said, int) and said in numbers


def _one_of[T](known: tuple[T, ...], said: object) -> T:
    return known[known.index(cast("T", said))]


def _searched(said: object) -> str:
    if not isinstance(said, str) or "\0" in said:
        raise TypeError("no text to search for")
    return said


def _text(said: object) -> str | None:
    if not isinstance(said, str | None):
        raise TypeError("no text of a key")
    return said
