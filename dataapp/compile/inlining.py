"""SELECTs below another one that only compute columns: written into it, so that equal scans are seen to be equal."""

from collections.abc import Callable
from typing import cast

from dataapp.compile.cubes.partials import aggregates
from dataapp.compile.cubes.scopes import prune
from dataapp.compile.cubes.trees import Tree, conjunction, conjuncts, replaced, walk
from dataapp.compile.identifiers import fold

type Fill = Callable[[Tree], Tree]
"""Writes an expression over the columns of a layer as one over what the layer reads."""

_OTHER_ROWS = frozenset({"WINDOW", "SUBQUERY", "STAR", "LAMBDA"})
_ROW_MAKERS = frozenset({"unnest", "unlist", "regexp_split_to_table", "generate_subscripts"})


class Unknown(Exception):  # not an error: the layer stays
    """A column that a layer does not have."""


def without_layer(source: Tree, functions: frozenset[str]) -> tuple[Tree, Fill] | None:
    """Return a SELECT over what its only table computes columns of, or None if that does more.

    Args:
        source: A SELECT with all that it can name, whose items are left as they are.
        functions: The names of aggregates.

    Raises:
        Unknown: Its condition has a column that the table does not have.
    """
    table = source["from_table"]
    layer = _query_of(source, table)
    if layer is None or table.get("sample") or table.get("column_name_alias") or not _is_plain(layer, functions):
        return None
    columns: dict[str, Tree] = {}
    for item in cast("list[Tree]", layer["select_list"]):
        name = fold(item["alias"] or (item["column_names"][-1] if item["class"] == "COLUMN_REF" else ""))
        if not name or name in columns:
            return None
        columns[name] = item
    called = fold(table["alias"] or table.get("table_name", ""))

    def place(node: Tree) -> Tree | None:
        if node.get("class") != "COLUMN_REF":
            return None
        *table, name = map(fold, node["column_names"])
        if name not in columns or table not in ([], [called]):
            raise Unknown(name)
        return columns[name] | {"alias": node["alias"]}

    def fill(expression: Tree) -> Tree:
        filled: Tree = replaced(expression, place)
        return filled

    conditions = [*conjuncts(layer["where_clause"]), *map(fill, conjuncts(source["where_clause"]))]
    found = source | {"from_table": layer["from_table"], "where_clause": conjunction(conditions)}
    prune(found)
    return found, fill


def _query_of(source: Tree, table: Tree) -> Tree | None:
    """Return the query whose rows a table is, if it stands in the same text."""
    if table["type"] == "SUBQUERY":
        found: Tree = table["subquery"]["node"]
        return found
    if table["type"] != "BASE_TABLE" or table["schema_name"] or table["catalog_name"]:
        return None
    for entry in cast("list[Tree]", source["cte_map"]["map"]):
        value = entry["value"]
        if fold(entry["key"]) == fold(table["table_name"]):
            return None if value["aliases"] else cast("Tree", value["query"]["node"])
    return None


def _is_plain(layer: Tree, functions: frozenset[str]) -> bool:
    """Whether a query treats each row by itself, and lists its columns."""
    if layer["type"] != "SELECT_NODE" or layer["cte_map"]["map"] or layer["modifiers"]:
        return False
    does_more = (layer["group_expressions"], layer["having"], layer["sample"], layer["qualify"])
    if any(does_more) or layer["aggregate_handling"] != "STANDARD_HANDLING" or layer["from_table"]["type"] == "EMPTY":
        return False
    items = layer["select_list"]
    calls = [fold(node["function_name"]) for node in walk(items) if node.get("class") == "FUNCTION"]
    kinds = {node.get("class") for node in walk(items)}
    return not (aggregates(items, functions) or _ROW_MAKERS.intersection(calls) or _OTHER_ROWS & kinds)
