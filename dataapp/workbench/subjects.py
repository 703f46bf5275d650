"""What a parameter is compared with, as a query of its own: one column of values over the tables that it comes from.

A plain column is followed through aliases, subqueries and CTEs to its table, as far as it is passed on unchanged. Any
other expression is asked over the FROM clause around it, with those conditions that need no parameter.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast

from dataapp.compile.identifiers import fold, quote_identifier
from dataapp.compile.names import Node
from dataapp.engines.relation import Column
from dataapp.workbench.parameter_uses import Place, Use, has_parameter

type ColumnsOf = Callable[[str], Sequence[Column] | None]
type Family = Literal["integer", "float", "text", "boolean", "date", "timestamp", "time", "other"]

VALUE = "v"
_FAMILIES: Mapping[str, Family] = {
    **dict.fromkeys(("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT"), "integer"),
    **dict.fromkeys(("UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT"), "integer"),
    **dict.fromkeys(("FLOAT", "DOUBLE", "DECIMAL"), "float"),
    **dict.fromkeys(("VARCHAR", "ENUM"), "text"),
    **dict.fromkeys(("TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS"), "timestamp"),
    "TIMESTAMP WITH TIME ZONE": "timestamp",
    "BOOLEAN": "boolean",
    "DATE": "date",
    "TIME": "time",
}


@dataclass(frozen=True, slots=True)
class Subject:
    """Values to choose among.

    Attributes:
        value: The expression, in SQL.
        source: What may stand behind FROM.
        type: The engine's name of the type, or None where that must be asked.
    """

    value: str
    source: str
    type: str | None


def type_family(type_name: str) -> Family:
    """Return what kind of control a type needs.

    Example:
        >>> type_family("DECIMAL(18,3)"), type_family("TIMESTAMP WITH TIME ZONE"), type_family("VARCHAR[]")
        ('float', 'timestamp', 'other')
    """
    if type_name.endswith("]"):
        return "other"
    return _FAMILIES.get(type_name.partition("(")[0], "other")


class Subjects:
    """Finds what parameters are compared with.

    Args:
        columns_of: Tells the columns of a table, or None for an unknown one.
        to_sql: Writes a tree as SQL text, or None where the engine cannot.
        reserved: Words that must be quoted as names.
        aggregates: Names of aggregate functions.
    """

    def __init__(
        self,
        columns_of: ColumnsOf,
        to_sql: Callable[[Node], str | None],
        reserved: frozenset[str],
        aggregates: frozenset[str],
    ) -> None:
        self._columns_of = columns_of
        self._to_sql = to_sql
        self._reserved = reserved
        self._aggregates = aggregates

    def find(self, use: Use) -> Subject | None:
        """Return what a use compares its parameter with, or None where that is not said by the tables."""
        if use.of is None or use.place.select is None or not _has_column(use.of):
            return None
        if use.of["class"] == "COLUMN_REF":
            home = self._home(use.of["column_names"], use.place.select["from_table"], use.place.ctes)
            if home is not None:
                table, column = home
                return Subject(self._written(column.name), self._written(table), column.type)
        return self._expression(use.of, use.place)

    def _written(self, name: str) -> str:
        is_plain = name.isidentifier() and name.isascii() and fold(name) not in self._reserved
        return name if is_plain else quote_identifier(name)

    # A column that is passed on.

    def _home(self, names: Sequence[str], source: Node, ctes: tuple[Node, ...]) -> tuple[str, Column] | None:
        found = (self._home_in(names, leaf, ctes) for leaf in _leaves(source))
        return next((home for home in found if home is not None), None)

    def _home_in(self, names: Sequence[str], leaf: Node, ctes: tuple[Node, ...]) -> tuple[str, Column] | None:
        called = leaf["alias"] or leaf.get("table_name", "")
        if len(names) > 2 or (len(names) == 2 and fold(names[0]) != fold(called)) or leaf.get("column_name_alias"):
            return None
        if leaf["type"] == "SUBQUERY":
            return self._passed_on(names[-1], leaf["subquery"]["node"], ctes)
        table = leaf["table_name"]
        for index in reversed(range(len(ctes))):
            if fold(ctes[index]["key"]) == fold(table):
                if ctes[index]["value"]["aliases"]:
                    return None
                return self._passed_on(names[-1], ctes[index]["value"]["query"]["node"], ctes[:index])
        known = self._columns_of(table) if not (leaf["schema_name"] or leaf["catalog_name"]) else None
        column = next((column for column in known or () if fold(column.name) == fold(names[-1])), None)
        return None if column is None else (table, column)

    def _passed_on(self, name: str, select: Node, ctes: tuple[Node, ...]) -> tuple[str, Column] | None:
        if select["type"] != "SELECT_NODE":
            return None
        ctes = (*ctes, *select["cte_map"]["map"])
        for item in select["select_list"]:
            if item["class"] == "COLUMN_REF" and fold(item["alias"] or item["column_names"][-1]) == fold(name):
                return self._home(item["column_names"], select["from_table"], ctes)
            if fold(item["alias"]) == fold(name):
                return None
        is_all = any(item["class"] == "STAR" and not _is_narrowed(item) for item in select["select_list"])
        return self._home([name], select["from_table"], ctes) if is_all else None

    # Any other expression.

    def _expression(self, of: Node, place: Place) -> Subject | None:
        select = cast("Node", place.select)
        value = _without_aliases(of, select["select_list"])
        is_aggregate = place.is_grouped or _calls(value, self._aggregates)
        by_all = select["aggregate_handling"] == "FORCE_AGGREGATES" and is_aggregate
        others = [item for item in select["select_list"] if not has_parameter(item)] if by_all else []
        node = {
            **select,
            "select_list": [*others, {**value, "alias": VALUE}],
            "modifiers": [],
            "having": None,
            "qualify": None,
            "cte_map": {"map": list(place.ctes)},
            **({} if is_aggregate else {"group_expressions": [], "group_sets": []}),
            **({} if is_aggregate else {"aggregate_handling": "STANDARD_HANDLING"}),
        }
        node = cast("Node", _without_parameters(node))
        text = None if has_parameter(node) or _is_cross_join(node) else self._to_sql(node)
        return None if text is None else Subject(VALUE, f"({text})", None)


def _leaves(source: Node) -> Iterator[Node]:
    if source["type"] == "JOIN":
        yield from _leaves(source["left"])
        yield from _leaves(source["right"])
    elif source["type"] in ("BASE_TABLE", "SUBQUERY"):
        yield source


def _is_narrowed(star: Node) -> bool:
    narrowed = ("relation_name", "exclude_list", "qualified_exclude_list", "replace_list", "rename_list", "expr")
    return star["columns"] or any(star.get(key) for key in narrowed)


def _without_aliases(expression: Any, items: Sequence[Node]) -> Any:
    """Put in what aliases of the same SELECT stand for."""
    if isinstance(expression, list):
        return [_without_aliases(item, items) for item in cast("list[Any]", expression)]
    if not isinstance(expression, Mapping):
        return expression
    node = cast("Node", expression)
    if node.get("class") == "COLUMN_REF" and len(node["column_names"]) == 1:
        name = fold(node["column_names"][0])
        return next((item for item in items if item["alias"] and fold(item["alias"]) == name), node)
    return {key: _without_aliases(value, items) for key, value in node.items()}


def _without_parameters(value: Any) -> Any:
    """Leave out the conditions and limits that need a parameter."""
    if isinstance(value, list):
        return [_without_parameters(item) for item in cast("list[Any]", value)]
    if not isinstance(value, Mapping):
        return value
    node = dict(cast("Node", value))
    for key in ("where_clause", "having", "qualify"):
        if node.get(key) is not None and has_parameter(node[key]):
            node[key] = _fixed_part(node[key])
    if isinstance(node.get("modifiers"), list):
        node["modifiers"] = [modifier for modifier in node["modifiers"] if not has_parameter(modifier)]
    if node.get("type") == "JOIN" and has_parameter(node.get("condition")):
        node["condition"] = _fixed_part(node["condition"])
    return {key: _without_parameters(inner) for key, inner in node.items()}


def _fixed_part(condition: Node) -> Node | None:
    if condition["type"] != "CONJUNCTION_AND":
        return None
    fixed = [part for part in condition["children"] if not has_parameter(part)]
    return {**condition, "children": fixed} if len(fixed) > 1 else next(iter(fixed), None)


def _is_cross_join(tree: Any) -> bool:
    """Whether a join lost its condition: all pairs of rows are nothing to ask for."""
    if isinstance(tree, list):
        return any(_is_cross_join(item) for item in cast("list[Any]", tree))
    if not isinstance(tree, Mapping):
        return False
    node = cast("Node", tree)
    is_regular = node.get("type") == "JOIN" and node["ref_type"] == "REGULAR" and not node["using_columns"]
    return (is_regular and node["condition"] is None) or any(_is_cross_join(inner) for inner in node.values())


def _has_column(expression: Node) -> bool:
    return any(node.get("class") in ("COLUMN_REF", "SUBQUERY", "WINDOW") for node in _nodes(expression)) or (
        expression["class"] == "FUNCTION" and not expression["children"]
    )


def _calls(expression: Node, names: frozenset[str]) -> bool:
    return any(node.get("class") == "FUNCTION" and fold(node["function_name"]) in names for node in _nodes(expression))


def _nodes(tree: Any) -> Iterator[Node]:
    if isinstance(tree, list):
        for item in cast("list[Any]", tree):
            yield from _nodes(item)
    elif isinstance(tree, Mapping):
        node = cast("Node", tree)
        yield node
        for inner in node.values():
            yield from _nodes(inner)
