"""Trees and texts of one engine's dialect, made of each other by the engine's own parser."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from dataapp.compile.cubes.trees import Tree, replaced


class Engine(Protocol):
    """What planning needs of the engine whose dialect a query is in."""

    def serialize(self, text: str) -> Mapping[str, Any]:
        """Return the syntax tree of a query."""
        ...

    def deserialize(self, tree: Mapping[str, Any]) -> str:
        """Return the text of a syntax tree."""
        ...

    def aggregate_functions(self) -> frozenset[str]:
        """Return the lower-case names of aggregates."""
        ...


def written(tree: Tree, engine: Engine) -> str:
    """Return the text of a tree; the engine writes 1e0 as 1.0, which it would read as a decimal."""

    def typed(node: Tree) -> Tree | None:
        kind = node["value"]["type"]["id"] if node.get("class") == "CONSTANT" else None
        if kind not in ("DOUBLE", "FLOAT") or node["value"]["is_null"]:
            return None
        text = expression(f"CAST('{node['value']['value']!r}' AS {kind})", engine)
        return text | {"alias": node["alias"]}

    return engine.deserialize(replaced(tree, typed))


def filled(text: str, places: Mapping[str, Tree], engine: Engine) -> Tree:
    """Return an expression with others in the places of its columns."""

    def fill(node: Tree) -> Tree | None:
        return places.get(node["column_names"][0]) if node.get("class") == "COLUMN_REF" else None

    found: Tree = replaced(expression(text, engine), fill)
    return found


def expression(text: str, engine: Engine) -> Tree:
    """Return the tree of one expression."""
    item: Tree = engine.serialize(f"SELECT {text}")["statements"][0]["node"]["select_list"][0]
    return item


def select(items: Sequence[Tree | None]) -> Tree:
    """Return a SELECT of expressions, with nothing behind FROM."""
    return {
        "type": "SELECT_NODE",
        "modifiers": [],
        "cte_map": {"map": []},
        "select_list": list(items),
        "from_table": None,
        "where_clause": None,
        "group_expressions": [],
        "group_sets": [],
        "aggregate_handling": "STANDARD_HANDLING",
        "having": None,
        "sample": None,
        "qualify": None,
    }
