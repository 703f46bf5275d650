"""Syntax trees as DuckDB gives them (`json_serialize_sql`): walked, compared, and rewritten as copies."""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, cast

from dataapp.compile.meaning import nodes

type Tree = dict[str, Any]

QUERIES = frozenset({"SELECT_NODE", "SET_OPERATION_NODE", "RECURSIVE_CTE_NODE", "CTE_NODE", "STATEMENT_NODE"})
_PLACES = frozenset({"query_location", "alias"})


class Misfit(Exception):  # not an error: the plain query answers
    """Why a cube cannot answer a query, for people."""


def walk(tree: object, *, below_subqueries: bool = True) -> Iterator[Tree]:
    """Yield every node of a tree, outer ones first."""
    return cast("Iterator[Tree]", nodes(tree, below_subqueries=below_subqueries))


def parts_of(expression: Tree) -> Iterator[Tree]:
    """Yield the expressions right below one."""
    left: list[object] = list(expression.values())
    while left:
        value = left.pop(0)
        if isinstance(value, list):
            left += cast("list[object]", value)
        elif isinstance(value, dict):
            node = cast("Tree", value)
            if "class" in node:
                yield node
            else:
                left += node.values()


def replaced(tree: Any, replace: Callable[[Tree], Tree | None]) -> Any:
    """Return a copy in which each node that `replace` has another one for stands as that; it is not looked into."""
    if isinstance(tree, list):
        return [replaced(item, replace) for item in cast("list[Any]", tree)]
    if not isinstance(tree, dict):
        return tree
    node = cast("Tree", tree)
    other = replace(node)
    return {key: replaced(value, replace) for key, value in node.items()} if other is None else other


def own_parts(node: Tree, table: Tree) -> Tree:
    """Return what a SELECT holds itself: no other queries, not a table that it reads, no ORDER BY ALL."""

    def cut(one: Tree) -> Tree | None:
        if one is table or "cte_map" in one:
            return {}
        order = one.get("expression")
        return {} if isinstance(order, dict) and order["class"] == "STAR" and not order["expr"] else None

    found: Tree = replaced({key: value for key, value in node.items() if key != "cte_map"}, cut)
    return found


def shape(expression: Tree) -> str:
    """Return what an expression says, whatever it is called and wherever it stands: equal for equal expressions.

    Example:
        >>> one = {"class": "COLUMN_REF", "alias": "a", "query_location": 7, "column_names": ["Price"]}
        >>> shape(one) == shape(one | {"alias": "", "query_location": 9})
        True
    """
    return json.dumps(_bare(expression), sort_keys=True)


def _bare(value: object) -> object:
    if isinstance(value, list):
        return [_bare(item) for item in cast("list[object]", value)]
    if isinstance(value, Mapping):
        return {key: _bare(item) for key, item in cast("Tree", value).items() if key not in _PLACES}
    return value


def column(*names: str) -> Tree:
    """Return a reference to a column."""
    return {"class": "COLUMN_REF", "type": "COLUMN_REF", "alias": "", "query_location": 0, "column_names": list(names)}


def named(expression: Tree, name: str) -> Tree:
    """Return an expression under a name."""
    return expression | {"alias": name}


def conjuncts(condition: Tree | None) -> list[Tree]:
    """Return the conditions that must all hold."""
    if condition is None:
        return []
    if condition["type"] != "CONJUNCTION_AND":
        return [condition]
    return [part for child in condition["children"] for part in conjuncts(child)]


def conjunction(conditions: list[Tree]) -> Tree | None:
    """Return the condition that all of these hold, or None for none."""
    if len(conditions) < 2:
        return conditions[0] if conditions else None
    return {
        "class": "CONJUNCTION",
        "type": "CONJUNCTION_AND",
        "alias": "",
        "query_location": 0,
        "children": conditions,
    }


def parameters(tree: object) -> set[str]:
    """Return the names of the parameters in a tree."""
    return {node["identifier"] for node in walk(tree) if node.get("class") == "PARAMETER"}
