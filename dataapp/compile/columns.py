"""Which columns of the tables that it reads a query may use, by their names alone.

Nothing is bound, so this errs on the side of more: every word in the query's syntax tree counts as a name that it uses,
whatever it means there. What uses columns without naming them is looked for: `*`, NATURAL JOIN, PIVOT, whole rows
(`SELECT t FROM t`), positions (`#1`), names given by position (`t(a, b)`).

A plain `SELECT *, ... FROM t WHERE ...` over one table names what it uses itself, and hands the other columns on under
the names that they have: whoever reads it says which of those are used.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from dataapp.compile.identifiers import fold
from dataapp.compile.names import Node


@dataclass(frozen=True, slots=True)
class UsedColumns:
    """Columns that a query may use.

    Attributes:
        names: Folded names; other words of the query are among them.
        hands_on: Whether all columns of the one table that it reads are columns of the result, too.
        is_all: Whether it may use any column.
    """

    names: frozenset[str]
    hands_on: bool
    is_all: bool


ALL = UsedColumns(frozenset(), hands_on=False, is_all=True)


def used_columns(tree: Node) -> UsedColumns:
    """Return the columns that a query may use.

    Args:
        tree: The node of the statement.
    """
    hands_on = hands_on_columns(tree)
    rest: Any = tree
    if hands_on:
        rest = {**tree, "select_list": [item for item in tree["select_list"] if item["class"] != "STAR"]}
    nodes = list(tree_nodes(rest))
    totals = _totals(nodes)
    if any(_is_implicit(node) for node in nodes if id(node) not in totals) or _has_whole_row(nodes):
        return ALL
    return UsedColumns(frozenset(map(fold, _words(tree))), hands_on=hands_on, is_all=False)


def hands_on_columns(tree: Node) -> bool:
    """Whether this is a filter and projection of one table that keeps all columns under their names."""
    if tree["type"] != "SELECT_NODE" or tree["from_table"]["type"] != "BASE_TABLE":
        return False
    is_grouped = tree["group_expressions"] or tree["having"] or tree["aggregate_handling"] != "STANDARD_HANDLING"
    if is_grouped or tree["sample"] or tree["from_table"]["sample"] or tree["qualify"] or tree["cte_map"]["map"]:
        return False
    if any(modifier["type"] != "ORDER_MODIFIER" or _totals([modifier]) for modifier in tree["modifiers"]):
        return False
    stars = [item for item in tree["select_list"] if item["class"] == "STAR"]
    return len(stars) == 1 and _is_plain_star(stars[0])


def _is_plain_star(star: Node) -> bool:
    changed = ("exclude_list", "replace_list", "rename_list", "qualified_exclude_list", "expr", "columns")
    return not any(star.get(key) for key in changed)


def _totals(nodes: list[Node]) -> set[int]:
    """Return the stars that are the ALL of ORDER BY ALL: the columns of the result, which are named elsewhere."""
    orders = [order for node in nodes if node.get("type") == "ORDER_MODIFIER" for order in node["orders"]]
    return {
        id(order["expression"])
        for order in orders
        if order["expression"].get("class") == "STAR" and order["expression"]["columns"]
    }


def _is_implicit(node: Node) -> bool:
    if node.get("class") in ("STAR", "POSITIONAL_REFERENCE") or node.get("column_name_alias"):
        return True
    kind = node.get("type")
    return kind in ("PIVOT", "SHOW_REF") or (kind == "JOIN" and node.get("ref_type") == "NATURAL")


def _has_whole_row(nodes: list[Node]) -> bool:
    sources = [node for node in nodes if "column_name_alias" in node]
    tables = {fold(node[key]) for node in sources for key in ("alias", "table_name") if node.get(key)}
    return any(
        node.get("class") == "COLUMN_REF" and len(node["column_names"]) == 1 and fold(node["column_names"][0]) in tables
        for node in nodes
    )


def tree_nodes(tree: Any) -> Iterator[Node]:
    """Yield every node of a syntax tree."""
    return (cast("Node", value) for value in _values(tree) if isinstance(value, Mapping))


def _words(tree: Any) -> Iterator[str]:
    return (value for value in _values(tree) if isinstance(value, str))


def _values(tree: Any) -> Iterator[Any]:
    pending: list[Any] = [tree]
    while pending:
        value = pending.pop()
        yield value
        if isinstance(value, list):
            pending.extend(cast("list[Any]", value))
        elif isinstance(value, Mapping):
            pending.extend(cast("Node", value).values())
