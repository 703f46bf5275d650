"""On which tables of a query a condition may stand, so that the query sees only the rows that pass.

A condition on a table of a query means: as if the table had only these rows. Below joins, grouping and windows that is
what whoever asks for it wants: counts and averages of the rows that pass. It would be another question below

- LIMIT, OFFSET, a sample, DISTINCT ON and recursion: the ten largest are no longer the ten largest,
- the side of an outer join that may be missing: rows would appear without their partner instead of not at all, and
  likewise what an anti join, a semi join or EXCEPT takes away, and the side of an ASOF join that is looked up,
- a subquery inside an expression, such as a total that rows are compared with.

The first kind closes the whole text, since one would have to know which rows of which table it takes; the others close
the tables that stand there. A table that stands at several places is closed if one of them is.
"""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from dataapp.compile.columns import tree_nodes
from dataapp.compile.identifiers import fold
from dataapp.compile.names import Node, TableRef

_TAKEN_AWAY = {"ANTI": "an ANTI JOIN", "SEMI": "a SEMI JOIN", "RIGHT_ANTI": "an ANTI JOIN", "RIGHT_SEMI": "a SEMI JOIN"}


def closed_tables(tree: Node, tables: Sequence[TableRef]) -> dict[str, str]:
    """Return, by folded name of each table that no condition may stand on, the reason for people.

    Args:
        tree: The node of the statement.
        tables: The tables that it reads.
    """
    if (reason := _closes_all(tree)) is not None:
        return {fold(table.name): reason for table in tables}
    walk = _Walk(tree)
    walk.visit(tree, None)
    return walk.closed


def _closes_all(tree: Node) -> str | None:
    for node in tree_nodes(tree):
        kind = node.get("type")
        if kind in ("LIMIT_MODIFIER", "LIMIT_PERCENT_MODIFIER"):
            return "it has LIMIT or OFFSET"
        if kind == "DISTINCT_MODIFIER" and node["distinct_on_targets"]:
            return "it has DISTINCT ON"
        if node.get("sample"):
            return "it takes a sample"
        if kind == "RECURSIVE_CTE_NODE":
            return "it is recursive"
        if kind == "JOIN" and node.get("ref_type") == "POSITIONAL":
            return "it has a POSITIONAL JOIN"
        if kind == "SHOW_REF":
            return "it describes a table"
    return None


class _Walk:
    """One pass over a tree, which goes into a CTE wherever its name is read."""

    def __init__(self, tree: Node) -> None:
        self.closed: dict[str, str] = {}
        entries = [entry for node in tree_nodes(tree) if node.get("cte_map") for entry in node["cte_map"]["map"]]
        self._ctes: dict[str, Node] = {fold(entry["key"]): entry["value"] for entry in entries}
        self._seen: set[tuple[str, str | None]] = set()

    def visit(self, value: Any, reason: str | None) -> None:
        if isinstance(value, list):
            for item in cast("list[Any]", value):
                self.visit(item, reason)
        elif isinstance(value, Mapping):
            self._enter(cast("Node", value), reason)

    def _enter(self, node: Node, reason: str | None) -> None:
        kind = node.get("type")
        if kind == "BASE_TABLE":
            self._table(fold(node["table_name"]), reason)
            return
        if node.get("class") == "SUBQUERY":
            reason = reason or "it stands in a subquery of an expression"
        left, right = reason, reason
        if kind == "JOIN":
            left, right = _sides(node, reason)
        elif kind == "SET_OPERATION_NODE" and node["setop_type"] == "EXCEPT":
            right = reason or "EXCEPT takes it away"
        for key, value in node.items():
            if key != "cte_map":
                self.visit(value, left if key == "left" else right if key == "right" else reason)

    def _table(self, name: str, reason: str | None) -> None:
        if name in self._ctes:
            if (name, reason) not in self._seen:
                self._seen.add((name, reason))
                self.visit(self._ctes[name], reason)
        elif reason is not None:
            self.closed.setdefault(name, reason)


def _sides(join: Node, reason: str | None) -> tuple[str | None, str | None]:
    """Return why the left and the right side of a join are closed, or None."""
    if reason is not None:
        return reason, reason
    kind = join["join_type"]
    missing = f"it may be missing in a {'FULL' if kind == 'OUTER' else kind} JOIN"
    if join["ref_type"] == "ASOF":
        return (missing if kind in ("RIGHT", "OUTER") else None), "an ASOF JOIN looks rows up in it"
    if kind in _TAKEN_AWAY:
        why = f"{_TAKEN_AWAY[kind]} looks rows up in it"
        return (why, None) if kind.startswith("RIGHT") else (None, why)
    return (missing if kind in ("RIGHT", "OUTER") else None), (missing if kind in ("LEFT", "OUTER") else None)
