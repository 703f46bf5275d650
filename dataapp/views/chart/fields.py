"""Which columns a Vega-Lite specification mentions. When in doubt, a column counts as mentioned."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

_HEAD = re.compile(r"^((?:\\.|[^.\[\\])*)")
_COMPUTED_ACCESS = re.compile(r"datum\s*(\)|,|$|\[\s*[^'\"\s])")  # datum[expression], or datum as a whole
_SHAPE = {"type", "geometry", "geometries", "features", "coordinates"}
_NOT_FIELDS = {"$schema", "type", "description", "data", "datasets", "config", "usermeta"} | {
    "labelExpr"  # whose `datum` is a label of an axis or a legend, not a row
}


def field_to_column(field: str) -> str:
    r"""Return the column that a Vega field path starts at.

    Example:
        >>> field_to_column("person.name"), field_to_column(r"a\.b")
        ('person', 'a.b')
    """
    found = _HEAD.match(field)
    return re.sub(r"\\(.)", r"\1", found[1] if found else field)


def mentioned_columns(spec: Mapping[str, Any], columns: Sequence[str]) -> tuple[str, ...]:
    """Return the columns that a specification may read, in the order given.

    Example:
        >>> mentioned_columns({"encoding": {"x": {"field": "a"}}, "transform": [{"filter": "datum.b > 1"}]}, "abc")
        ('a', 'b')
    """
    texts = set(_texts(spec))
    if _reads_whole_rows(spec) or any(_COMPUTED_ACCESS.search(text) for text in texts if "datum" in text):
        return tuple(columns)
    named = {field_to_column(text) for text in texts} | texts | (_SHAPE if _draws_shapes(spec) else set())
    expressions = [text for text in texts if "datum" in text]
    return tuple(name for name in columns if name in named or any(name in text for text in expressions))


def mentions_expression(node: object) -> bool:
    """Whether anything below computes with rows: such a part sees columns that cannot be told from its fields."""
    return any("datum" in text for text in _texts(node))


def _texts(node: object) -> Iterator[str]:
    if isinstance(node, str):
        yield node
    elif isinstance(node, Mapping):
        for key, value in cast("Mapping[str, object]", node).items():
            if key not in _NOT_FIELDS and not (key == "mark" and isinstance(value, str)):
                yield from _texts(value)
    elif isinstance(node, list | tuple):
        for value in cast("Sequence[object]", node):
            yield from _texts(value)


def _reads_whole_rows(node: object) -> bool:
    if isinstance(node, Mapping):
        known = cast("Mapping[str, object]", node)
        if known.get("content") == "data" or ("lookup" in known and "fields" not in _mapping(known.get("from"))):
            return True
        return any(_reads_whole_rows(value) for key, value in known.items() if key not in {"datasets", "config"})
    return isinstance(node, list) and any(_reads_whole_rows(value) for value in cast("list[object]", node))


def _draws_shapes(node: object) -> bool:
    """Whether rows are features of GeoJSON, whose parts no encoding names."""
    if isinstance(node, Mapping):
        known = cast("Mapping[str, object]", node)
        mark = known.get("mark")
        if "geoshape" in (mark, _mapping(mark).get("type")):
            return True
        return any(_draws_shapes(value) for key, value in known.items() if key not in {"datasets", "config"})
    return isinstance(node, list) and any(_draws_shapes(value) for value in cast("list[object]", node))


def _mapping(node: object) -> Mapping[str, object]:
    return cast("Mapping[str, object]", node) if isinstance(node, Mapping) else {}


def shows_order(definition: Mapping[str, Any]) -> bool:
    """Whether the order of rows is seen in the picture of an encoded field.

    Without an order of its own, each value is where it first comes; so are those that a list leaves out, and those of
    which another encoding is equal. What is not stacked lies over each other.

    Example:
        >>> shows_order({"field": "a", "sort": "-x"}), shows_order({"field": "a", "sort": "descending"})
        (True, False)
    """
    is_sorted = definition.get("sort", "ascending") in ("ascending", "descending")
    return not is_sorted or definition.get("stack", True) in (None, False)


def field_definitions(unit: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield channel and definition of every encoded field of a view, those of conditions included."""
    for channel, definitions in cast("Mapping[str, Any]", unit.get("encoding", {})).items():
        for definition in definitions if isinstance(definitions, list) else [definitions]:
            if not isinstance(definition, dict):
                continue
            known = cast("dict[str, Any]", definition)
            if "field" in known or "aggregate" in known:
                yield channel, known
            conditions = known.get("condition", [])
            for condition in conditions if isinstance(conditions, list) else [conditions]:
                if isinstance(condition, dict) and ("field" in condition or "aggregate" in condition):
                    yield channel, cast("dict[str, Any]", condition)


def encoded_views(node: object) -> Iterator[Mapping[str, Any]]:
    """Yield every part of a specification that encodes fields, facets included."""
    if isinstance(node, dict):
        known = cast("dict[str, Any]", node)
        if "encoding" in known:
            yield known
        if isinstance(known.get("facet"), dict):  # the fields of a facet are like channels
            facet = cast("dict[str, Any]", known["facet"])
            yield {"encoding": {"facet": facet} if "field" in facet else facet}
        for value in known.values():
            yield from encoded_views(value)
    elif isinstance(node, list):
        for value in cast("list[object]", node):
            yield from encoded_views(value)
