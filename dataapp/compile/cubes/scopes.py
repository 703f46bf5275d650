"""Which SELECT of a query reads which: common table expressions and subqueries, resolved by name and nesting."""

from dataclasses import dataclass, field
from typing import Any, cast

from dataapp.compile.cubes.trees import QUERIES, Misfit, Tree, walk
from dataapp.compile.identifiers import fold


@dataclass(slots=True, eq=False)
class Reference:
    """A table or subquery that a SELECT reads.

    Attributes:
        level: Which one reads it.
        table: The reference in its FROM.
        joins: The joins above it, outer ones first, each with the side on which it stands; None where something else
            than a join is above it.
    """

    level: "Level"
    table: Tree
    joins: tuple[tuple[Tree, str], ...] | None


@dataclass(slots=True, eq=False)
class Cte:
    """A common table expression, and who reads it."""

    name: str
    value: Tree
    references: list[Reference] = field(default_factory=list[Reference])


@dataclass(slots=True, eq=False)
class Level:
    """One SELECT of a query.

    Attributes:
        node: Its tree.
        ctes: What it can name, outer ones first.
        holder: Where its rows go: a table expression, one reference, or None where they go anywhere else.
    """

    node: Tree
    ctes: tuple[Cte, ...]
    holder: Cte | Reference | None

    def reader(self) -> Reference:
        """Return the only place that reads its rows.

        Raises:
            Misfit: There are none or several, or something else stands between.
        """
        match self.holder:
            case Reference():
                found = self.holder
            case Cte(references=[found]) if not self.holder.value["aliases"]:
                pass
            case Cte(references=[_, _, *_]):
                raise Misfit("several places read the rows that change")
            case _:
                raise Misfit("nothing aggregates the rows that change")
        if found.joins is None or found.table.get("column_name_alias") or found.table.get("sample"):
            raise Misfit("the rows that change are renamed or sampled")
        return found


def levels(root: Tree) -> list[Level]:
    """Return all SELECTs of a query, in an order that is the same for equal trees.

    Raises:
        Misfit: It holds a recursive or another unusual query.
    """
    found: list[Level] = []
    _query(root, (), None, found)
    return found


def _query(node: Tree, ctes: tuple[Cte, ...], holder: Cte | Reference | None, found: list[Level]) -> None:
    for entry in cast("list[Tree]", node["cte_map"]["map"]):
        cte = Cte(entry["key"], entry["value"])
        _query(entry["value"]["query"]["node"], ctes, cte, found)
        ctes = (*ctes, cte)
    if node["type"] == "SELECT_NODE":
        level = Level(node, ctes, holder)
        found.append(level)
        _table(node["from_table"], level, (), found)
        for key, value in node.items():
            if key not in ("cte_map", "from_table"):
                _nested(value, level, found)
    elif node["type"] == "SET_OPERATION_NODE":
        for side in ("left", "right"):
            _query(node[side], ctes, None, found)
    else:
        raise Misfit("the query is recursive")


def _table(table: Tree, level: Level, joins: tuple[tuple[Tree, str], ...] | None, found: list[Level]) -> None:
    if table["type"] == "BASE_TABLE":
        if not table["schema_name"] and not table["catalog_name"]:
            name = fold(table["table_name"])
            cte = next((cte for cte in reversed(level.ctes) if fold(cte.name) == name), None)
            if cte is not None:
                cte.references.append(Reference(level, table, joins))
    elif table["type"] == "SUBQUERY":
        _query(table["subquery"]["node"], level.ctes, Reference(level, table, joins), found)
    elif table["type"] == "JOIN":
        for side in ("left", "right"):
            _table(table[side], level, None if joins is None else (*joins, (table, side)), found)
        _nested(table["condition"], level, found)
    else:
        _nested(table, level, found)


def _nested(value: Any, level: Level, found: list[Level]) -> None:
    """Look into expressions, and into what is neither a table nor a join."""
    if isinstance(value, list):
        for item in cast("list[Any]", value):
            _nested(item, level, found)
    elif isinstance(value, dict):
        node = cast("Tree", value)
        kind = node.get("type") if "class" not in node and isinstance(node.get("type"), str) else None
        if kind in QUERIES and "cte_map" in node:
            _query(node, level.ctes, None, found)
        elif kind in ("BASE_TABLE", "SUBQUERY", "JOIN"):
            _table(node, level, None, found)
        else:
            for item in node.values():
                _nested(item, level, found)


def prune(root: Tree) -> None:
    """Remove table expressions that nothing reads."""
    while True:
        unread = {id(cte.value) for level in levels(root) for cte in level.ctes if not cte.references}
        if not unread:
            return
        for node in walk(root):
            if isinstance(node.get("cte_map"), dict):
                entries = cast("list[Tree]", node["cte_map"]["map"])
                node["cte_map"]["map"] = [entry for entry in entries if id(entry["value"]) not in unread]
