"""How a query uses each of its parameters, read from the engine's syntax tree."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, cast

from dataapp.compile.identifiers import fold
from dataapp.compile.names import Node

type Role = Literal["compare", "in", "text", "limit", "offset", "argument", "cast", "boolean", "unknown"]

_OPERATORS = {
    "COMPARE_EQUAL": "=",
    "COMPARE_NOTEQUAL": "<>",
    "COMPARE_NOT_DISTINCT_FROM": "=",
    "COMPARE_DISTINCT_FROM": "<>",
    "COMPARE_LESSTHAN": "<",
    "COMPARE_GREATERTHAN": ">",
    "COMPARE_LESSTHANOREQUALTO": "<=",
    "COMPARE_GREATERTHANOREQUALTO": ">=",
}
_MIRRORED = {"<": ">", ">": "<", "<=": ">=", ">=": "<="}
_LIST_HAS = frozenset({"contains", "list_contains", "list_has", "array_contains", "array_has"})
_MATCHES = frozenset(
    {"~~", "!~~", "~~*", "!~~*", "~~~", "contains", "starts_with", "ends_with", "prefix", "suffix"}
) | {
    "regexp_matches",
    "regexp_full_match",
    "^@",
    "like_escape",
    "ilike_escape",
}
_TEXT_MAKERS = frozenset({"||", "lower", "upper", "trim", "concat", "lcase", "ucase"})


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """Where in a query an expression stands: the SELECT around it, and the CTEs that this sees."""

    select: Node | None = None
    ctes: tuple[Node, ...] = ()
    is_grouped: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Use:
    """One use of a parameter.

    Attributes:
        name: The parameter's folded name.
        role: What it is used as.
        word: The operator or function, or the type of a cast.
        position: Which argument of the function, from 0; which end of a range (`$r[1]`, `$r[2]`), or 0.
        of: The expression that it is compared with.
        place: Where that expression stands.
        negated: Whether a NOT stands right before it.
    """

    name: str
    role: Role
    word: str = ""
    position: int = 0
    of: Node | None = None
    place: Place = Place()
    negated: bool = False


def parameter_uses(tree: Node) -> tuple[Use, ...]:
    """Return every use of a parameter in a statement's tree."""
    return tuple(_uses(tree, Place()))


def _uses(value: Any, place: Place, *, negated: bool = False) -> Iterator[Use]:
    if isinstance(value, list):
        for item in cast("list[Any]", value):
            yield from _uses(item, place, negated=negated)
    elif isinstance(value, Mapping):
        yield from _node_uses(cast("Node", value), place, negated=negated)


def _node_uses(node: Node, place: Place, *, negated: bool) -> Iterator[Use]:
    for entry in (node.get("cte_map") or {}).get("map", ()):
        yield from _uses(entry["value"], place)
        place = replace(place, ctes=(*place.ctes, entry))
    if node.get("type") == "SELECT_NODE":
        place = Place(node, place.ctes)
    match node.get("class"), node.get("type"):
        case "PARAMETER", _:
            yield Use(fold(node["identifier"]), "unknown", place=place, negated=negated)
        case "COMPARISON", str(kind) if kind in _OPERATORS:
            yield from _compared(node["left"], _OPERATORS[kind], node["right"], place, negated=negated)
        case "BETWEEN", _:
            yield from _compared(node["input"], ">=", node["lower"], place, negated=negated)
            yield from _compared(node["input"], "<=", node["upper"], place, negated=negated)
        case "OPERATOR", "OPERATOR_NOT":
            yield from _conditions(node["children"], place, negated=not negated)
        case "OPERATOR", "COMPARE_IN" | "COMPARE_NOT_IN":
            for item in node["children"][1:]:
                yield from _compared(node["children"][0], "=", item, place, negated=negated)
        case "CONJUNCTION", _:
            yield from _conditions(node["children"], place, negated=negated)
        case "CAST", _ if (name := parameter_of(node)) is not None:
            yield Use(name[0], "cast", str(node["cast_type"]["id"]), place=place)
        case "FUNCTION", _:
            yield from _called(node, place, negated=negated)
        case "SUBQUERY", _ if (name := _unnested(node)) is not None:
            yield Use(name, "in", of=node["child"], place=place, negated=negated)
        case "CASE", _:
            for check in node["case_checks"]:
                yield from _conditions([check["when_expr"]], place, negated=False)
                yield from _uses(check["then_expr"], place)
            yield from _uses(node["else_expr"], place)
        case _:
            yield from _below(node, place)


def _below(node: Node, place: Place) -> Iterator[Use]:
    for key, value in node.items():
        if key in ("where_clause", "qualify", "condition") and value:
            yield from _conditions([value], place, negated=False)
        elif key == "having" and value:
            yield from _conditions([value], replace(place, is_grouped=True), negated=False)
        elif key in ("limit", "offset") and value and (name := parameter_of(value)) is not None:
            yield Use(name[0], key, place=place)
        elif key != "cte_map":
            yield from _uses(value, place)


def _conditions(nodes: list[Node], place: Place, *, negated: bool) -> Iterator[Use]:
    for node in nodes:
        if node["class"] == "PARAMETER":
            yield Use(fold(node["identifier"]), "boolean", place=place, negated=negated)
        else:
            yield from _uses(node, place, negated=negated)


def _compared(left: Node, operator: str, right: Node, place: Place, *, negated: bool) -> Iterator[Use]:
    for side, other, word in ((right, left, operator), (left, right, _MIRRORED.get(operator, operator))):
        found = parameter_of(side)
        if found is not None:
            yield Use(found[0], "compare", word, found[1], other, place, negated)
        else:
            yield from _uses(side, place)


def _called(node: Node, place: Place, *, negated: bool) -> Iterator[Use]:
    name, arguments = fold(node["function_name"]), cast("list[Node]", node["children"])
    for index, argument in enumerate(arguments):
        found = parameter_of(argument)
        if found is not None and index == 0 and name in _LIST_HAS and len(arguments) == 2:
            yield Use(found[0], "in", of=arguments[1], place=place, negated=negated)
        elif found is not None and index > 0 and name in _MATCHES:
            yield Use(found[0], "text", name, index, arguments[0], place, negated)
        elif found is not None and name in _TEXT_MAKERS:
            yield Use(found[0], "text", name, index, None, place)
        elif found is not None:
            yield Use(found[0], "argument", name, index, None, place)
        else:
            yield from _uses(argument, place)
    yield from _below({key: value for key, value in node.items() if key != "children"}, place)


def parameter_of(node: Node) -> tuple[str, int] | None:
    """Return the parameter that an expression is, and which item of it; casts do not count.

    Example:
        >>> parameter_of({"class": "PARAMETER", "identifier": "Low"})
        ('low', 0)
    """
    if node["class"] == "PARAMETER":
        return fold(node["identifier"]), 0
    if node["class"] == "CAST":
        return parameter_of(node["child"])
    if node["type"] == "ARRAY_EXTRACT":
        whole, index = node["children"]
        found, number = parameter_of(whole), (index.get("value") or {}).get("value")
        return (found[0], number) if found is not None and number in (1, 2) else None
    return None


def _unnested(node: Node) -> str | None:
    """Return the list that `x = ANY($list)` or `x IN (SELECT unnest($list))` looks into."""
    query = node["subquery"]["node"]
    if node.get("subquery_type") != "ANY" or query["type"] != "SELECT_NODE" or len(query["select_list"]) != 1:
        return None
    item = query["select_list"][0]
    if item["class"] != "FUNCTION" or fold(item["function_name"]) != "unnest":
        return None
    found = parameter_of(item["children"][0])
    return None if found is None else found[0]


def has_parameter(value: Any) -> bool:
    """Whether a parameter stands anywhere in a tree."""
    if isinstance(value, list):
        return any(has_parameter(item) for item in cast("list[Any]", value))
    if isinstance(value, Mapping):
        node = cast("Node", value)
        return node.get("class") == "PARAMETER" or any(has_parameter(item) for item in node.values())
    return False
