"""What a query's text means: whether it has one meaning only, and whether it makes many rows few.

A text has one meaning when the same tables and parameters always give the same bag of rows. The checks err on the
side of "no": that costs a materialisation, the other mistake shows two different answers to one question. Rounding of
floating-point sums is not counted as a difference.
Of the texts without one meaning, some pick among rows and would do with any pick, such as LIMIT; others are volatile:
whoever writes random() or now() wants another answer each time.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from dataapp.compile.identifiers import fold
from dataapp.compile.names import Node

_PICKS = frozenset(
    {"first", "last", "any_value", "arbitrary", "mode", "list", "array_agg", "string_agg", "group_concat", "listagg"}
    | {"arg_min", "arg_max", "argmin", "argmax", "min_by", "max_by", "arg_min_null", "arg_max_null"}
    | {"arg_min_nulls_last", "arg_max_nulls_last", "reservoir_quantile", "json_group_array", "json_group_object"}
)
_TIED_WINDOWS = frozenset({"row_number", "ntile", "lag", "lead", "first_value", "last_value", "nth_value", "fill"})
# Written without parentheses, these are column references to the parser; the binder makes them calls.
_CLOCK = frozenset({"current_date", "current_time", "current_timestamp", "localtime", "localtimestamp"})
_ROW_MAKERS = frozenset({"unnest", "unlist", "regexp_split_to_table", "generate_subscripts"})


@dataclass(frozen=True, slots=True)
class Functions:
    """What the engine says about its functions, in lower case."""

    unstable: frozenset[str]
    aggregates: frozenset[str]


def unstable_reasons(tree: Node, functions: Functions) -> tuple[str, ...]:
    """Return, for people, each reason why the text may give different rows for the same tables and parameters."""
    found = (reason for node in nodes(tree) for reason in (*_volatile(node, functions), *_picks(node, functions)))
    return tuple(dict.fromkeys(found))


def is_volatile(tree: Node, functions: Functions) -> bool:
    """Whether the text is meant to give other rows each time, for the same tables and parameters."""
    return any(True for node in nodes(tree) for _ in _volatile(node, functions))


def reduces(node: Node, functions: Functions) -> bool:
    """Whether the outermost level groups, aggregates, is DISTINCT, sampled or limited."""
    if node.get("modifiers") and any(modifier["type"] != "ORDER_MODIFIER" for modifier in node["modifiers"]):
        return True
    if node["type"] == "SET_OPERATION_NODE":
        is_bag_union = node["setop_type"] in ("UNION", "UNION_BY_NAME") and node["setop_all"]
        return not is_bag_union or (reduces(node["left"], functions) and reduces(node["right"], functions))
    if node["type"] != "SELECT_NODE":
        return False
    source = node["from_table"]
    if source["type"] == "SUBQUERY" and reduces(source["subquery"]["node"], functions):
        return True
    is_pivot = source["type"] == "PIVOT" and bool(source["aggregates"])
    return is_pivot or source["type"] == "SHOW_REF" or bool(node["sample"]) or _aggregates(node, functions)


def _volatile(node: Node, functions: Functions) -> Iterator[str]:
    kind = node.get("class")
    if kind in ("FUNCTION", "WINDOW") and fold(node["function_name"]) in functions.unstable:
        yield f"{fold(node['function_name'])}() is volatile"
    elif kind == "COLUMN_REF" and len(node["column_names"]) == 1 and fold(node["column_names"][0]) in _CLOCK:
        yield f"{fold(node['column_names'][0])} changes with the clock"
    if node.get("sample") and (node["sample"]["seed"] is None or node["sample"]["seed"] < 0):
        yield "sample without a seed (REPEATABLE)"


def _picks(node: Node, functions: Functions) -> Iterator[str]:
    kind = node.get("class")
    if kind == "FUNCTION":
        yield from _call_picks(fold(node["function_name"]))
    elif kind == "WINDOW":
        yield from _window_picks(node)
    if isinstance(node.get("modifiers"), list):
        yield from _modifier_picks(node, functions)
    if node.get("type") == "JOIN" and node.get("ref_type") == "ASOF":
        yield "ASOF JOIN picks among ties"
    elif node.get("type") == "JOIN" and node.get("ref_type") == "POSITIONAL":
        yield "POSITIONAL JOIN depends on the order of rows"
    elif node.get("type") == "RECURSIVE_CTE_NODE" and node.get("key_targets"):
        yield "USING KEY picks among ties"
    elif node.get("show_type") == "SUMMARY":
        yield "SUMMARIZE estimates"


def _call_picks(name: str) -> Iterator[str]:
    if name in _PICKS:
        yield f"{name}() picks among ties"
    elif name.startswith("approx_"):
        yield f"{name}() estimates"


def _window_picks(node: Node) -> Iterator[str]:
    name = fold(node["function_name"])
    if name in _TIED_WINDOWS:
        yield f"{name}() depends on the order of ties"
    elif str(node["start"]).endswith("_ROWS") or str(node["end"]).endswith("_ROWS"):
        yield f"{name}() over a ROWS frame depends on the order of ties"
    yield from _call_picks(name)


def _modifier_picks(node: Node, functions: Functions) -> Iterator[str]:
    modifiers = {modifier["type"]: modifier for modifier in node["modifiers"]}
    if modifiers.get("DISTINCT_MODIFIER", {}).get("distinct_on_targets"):
        yield "DISTINCT ON picks among ties"
    limit = modifiers.get("LIMIT_MODIFIER", modifiers.get("LIMIT_PERCENT_MODIFIER"))
    if limit is None or _is_zero(limit.get("limit")) or _has_one_row(node, functions):
        return
    if not any(
        _is_every_column(order["expression"]) for order in modifiers.get("ORDER_MODIFIER", {}).get("orders", [])
    ):
        yield "LIMIT without a total order (ORDER BY ALL)"


def _is_zero(expression: Node | None) -> bool:
    return expression is not None and expression["class"] == "CONSTANT" and expression["value"].get("value") == 0


def _is_every_column(expression: Node) -> bool:
    """Whether this is the ALL of ORDER BY ALL, which the parser reads as COLUMNS(*)."""
    narrowed = ("relation_name", "exclude_list", "qualified_exclude_list", "replace_list", "expr")
    return expression["type"] == "STAR" and expression["columns"] and not any(expression.get(key) for key in narrowed)


def _has_one_row(node: Node, functions: Functions) -> bool:
    """Whether this aggregates everything into one row."""
    if node["type"] != "SELECT_NODE" or node["group_expressions"] or node["aggregate_handling"] != "STANDARD_HANDLING":
        return False
    names = {fold(call["function_name"]) for call in _calls(node["select_list"])}
    return not names.isdisjoint(functions.aggregates) and names.isdisjoint(_ROW_MAKERS)


def _aggregates(node: Node, functions: Functions) -> bool:
    if node["group_expressions"] or node["having"] or node["aggregate_handling"] != "STANDARD_HANDLING":
        return True
    return any(fold(call["function_name"]) in functions.aggregates for call in _calls(node["select_list"]))


def _calls(expressions: Any) -> Iterator[Node]:
    """Yield the function calls of a query's own level: not those in subqueries."""
    return (node for node in nodes(expressions, below_subqueries=False) if node.get("class") == "FUNCTION")


def nodes(tree: Any, *, below_subqueries: bool = True) -> Iterator[Node]:
    """Yield every node of a tree, outer ones first, in the order of the text as far as the tree keeps it."""
    pending: list[Any] = [tree]
    while pending:
        value = pending.pop()
        if isinstance(value, list):
            pending.extend(reversed(cast("list[Any]", value)))
        elif isinstance(value, Mapping):
            node = cast("Node", value)
            if node.get("class") == "SUBQUERY" and not below_subqueries:
                continue
            yield node
            pending.extend(reversed(list(node.values())))
