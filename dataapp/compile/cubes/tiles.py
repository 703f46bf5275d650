"""Tiles: what is left to do for an answer from a cube, so that a page can do it by itself while a range moves.

A cube for one range has, for each group and each bin of what moves, parts of aggregates. Where nothing stands above the
SELECT that aggregates but what treats each of its rows by itself, an answer is these parts, added up over the bins that
pass: a page that has them needs no engine for the next place of a brush (Moritz, Howe and Heer, *Falcon*, 2019, call
this a data tile). Numbers of groups and of bins come with the parts, and what groups say besides comes once.
"""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Literal, cast

from dataapp.compile.cubes.groups import Group
from dataapp.compile.cubes.partials import DIVISION, Partials, aggregates
from dataapp.compile.cubes.scopes import Level
from dataapp.compile.cubes.statements import Statement
from dataapp.compile.cubes.trees import Misfit, Tree, column, conjuncts, named, replaced, walk
from dataapp.compile.cubes.writing import Engine, expression, written
from dataapp.compile.identifiers import fold, quote_identifier

GROUP = "__dataapp_group"
"""The column that has the number of a group."""

MOST_GROUPS = 20_000
"""How many groups a tile may have; no LIMIT that an answer has may be less."""

type How = Literal["count", "sum", "min", "max", "mean"]

_SIDES: dict[str, tuple[Literal["low", "high"], bool]] = {
    "COMPARE_GREATERTHAN": ("low", False),
    "COMPARE_GREATERTHANOREQUALTO": ("low", True),
    "COMPARE_LESSTHAN": ("high", False),
    "COMPARE_LESSTHANOREQUALTO": ("high", True),
}
_WHOLE = frozenset({"INTEGER", "BIGINT"})
_CASTS = frozenset({"DOUBLE", "BIGINT", "HUGEINT"})
_TURNED = {
    "COMPARE_GREATERTHAN": "COMPARE_LESSTHAN",
    "COMPARE_GREATERTHANOREQUALTO": "COMPARE_LESSTHANOREQUALTO",
    "COMPARE_LESSTHAN": "COMPARE_GREATERTHAN",
    "COMPARE_LESSTHANOREQUALTO": "COMPARE_GREATERTHANOREQUALTO",
}


@dataclass(frozen=True, slots=True)
class End:
    """An end of the range that moves.

    Attributes:
        parameter: Whose value it is.
        is_inclusive: Whether what is equal to it passes.
    """

    parameter: str
    is_inclusive: bool


@dataclass(frozen=True, slots=True)
class Measure:
    """What is made of parts of the bins that pass.

    Attributes:
        how: How they are put together: of a mean, the sum of the first is divided by the sum of the second.
        parts: Columns of the cube.
        lacks_nan: Whether it is NULL where it would be NaN.
        is_whole: Whether it must be a whole number, since it is cast to one.
    """

    how: How
    parts: tuple[str, ...]
    lacks_nan: bool = False
    is_whole: bool = False


@dataclass(frozen=True, slots=True)
class TilePlan:
    """How a tile is made of a cube, and answers.

    Attributes:
        value: The column of the cube that has a value of each bin.
        low: The lower end of the range, or None where it has none.
        high: The upper one.
        keys: The columns of the cube that tell groups apart.
        columns: The columns of the answer in their order: a measure, or None for what the group says.
        is_inner: Whether the answer is only that of the SELECT that aggregates, in no order: whoever wrote what stands
            above has to do that, too.
        is_ordered: Whether the order is right only where no two groups say the same.
    """

    value: str
    low: End | None
    high: End | None
    keys: tuple[str, ...]
    columns: tuple[tuple[str, Measure | None], ...]
    is_inner: bool
    is_ordered: bool
    _groups: Tree

    @property
    def parts(self) -> tuple[str, ...]:
        """The columns of the cube that measures are made of."""
        return tuple(dict.fromkeys(part for _, measure in self.columns if measure for part in measure.parts))

    def rows(self, table: str) -> str:
        """Return the query of parts: for each the number of its bin (`bin`), that of its group, and the parts.

        Args:
            table: The name of the cube, or of its lower layer.
        """
        parts = "".join(f", CAST({part} AS DOUBLE) AS {part}" for part in self.parts)
        number = f"{_number([self.value])} AS bin, {_number(self.keys)} AS {GROUP}"
        return f"SELECT {number}{parts} FROM {table} WHERE {self.value} IS NOT NULL ORDER BY bin"

    def values(self, table: str) -> str:
        """Return the query of a value of each bin, in their order."""
        return f"SELECT DISTINCT {self.value} AS value FROM {table} WHERE {self.value} IS NOT NULL ORDER BY value"

    def types(self, table: str) -> str:
        """Return a query whose columns have the types of the parts."""
        return f"SELECT {', '.join(self.parts)} FROM {table}"

    def groups(self, table: str, engine: Engine) -> str:
        """Return the query of what groups say, in the order of the answer, each with its number."""
        schema, _, name = table.rpartition(".")

        def place(node: Tree) -> Tree | None:
            if node.get("type") != "BASE_TABLE" or node.get("table_name") != _CUBE:
                return None
            return node | {"schema_name": schema, "table_name": name}

        return written(replaced(self._groups, place), engine)


_CUBE = "__dataapp_cube"


def _number(columns: Sequence[str]) -> str:
    order = ", ".join(f"{quote_identifier(name)} NULLS FIRST" for name in columns)
    return f"CAST(dense_rank() OVER (ORDER BY {order}) - 1 AS INTEGER)"


def plan_tile(
    statement: Statement, grouping: Level, group: Group, partials: Partials, asked: Sequence[Tree], value: str
) -> TilePlan:
    """Return how tiles are made of a cube.

    Args:
        statement: The query over the cube.
        grouping: The SELECT that aggregates in it.
        group: Its groups.
        partials: The cube's parts.
        asked: The conditions that move, asked of the cube.
        value: The column of the cube that they are about.

    Raises:
        Misfit: The engine has to answer.
    """
    return _Tiling(statement, partials).planned(grouping, group, asked, value)


class _Tiling:
    """One run of `plan_tile`."""

    def __init__(self, statement: Statement, partials: Partials) -> None:
        self._statement = statement
        self._partials = partials
        self._is_ordered = False

    def planned(self, grouping: Level, group: Group, asked: Sequence[Tree], value: str) -> TilePlan:
        ends = self._ends(asked, value)
        node = grouping.node
        if node["having"] or node["qualify"] or self._partials.merges is None:
            raise Misfit("groups are chosen by what they are")
        columns = self._columns(node)
        keys = tuple(group.keys)
        if not keys:
            raise Misfit("there is one row, whatever passes")
        self._check_modifiers(node, columns)
        memo: dict[int, object] = {}
        tree: Tree = deepcopy(self._statement.tree, memo)
        copied = cast("Tree", memo[id(node)])
        self._keep_groups(copied, columns, keys, value)
        is_inner = self._is_read_by_set(grouping)
        if is_inner:
            copied["modifiers"], copied["cte_map"] = [], {"map": []}
            tree = self._statement.statement(copied)
        else:
            columns = self._passed_on(grouping, columns, memo)
        found = tuple(columns.items())
        if not any(measure for _, measure in found):
            raise Misfit("nothing is added up")
        return TilePlan(value, ends.get("low"), ends.get("high"), keys, found, is_inner, self._is_ordered, tree)

    def _ends(self, asked: Sequence[Tree], value: str) -> dict[str, End]:
        found: dict[str, End] = {}

        def add(side: str, bound: Tree, *, is_inclusive: bool) -> None:
            if bound["class"] != "PARAMETER" or side in found:
                raise Misfit("what moves is no plain range")
            found[side] = End(bound["identifier"], is_inclusive)

        for condition in (part for one in asked for part in conjuncts(one)):
            if condition["class"] == "BETWEEN" and condition["input"].get("column_names") == [value]:
                add("low", condition["lower"], is_inclusive=True)
                add("high", condition["upper"], is_inclusive=True)
            elif condition["class"] == "COMPARISON" and condition["type"] in _SIDES:
                kind, left, right = condition["type"], condition["left"], condition["right"]
                if right.get("column_names") == [value]:
                    kind, left, right = _TURNED[kind], right, left
                if left.get("column_names") != [value]:
                    raise Misfit("what moves is no plain range")
                side, is_inclusive = _SIDES[kind]
                add(side, right, is_inclusive=is_inclusive)
            else:
                raise Misfit("what moves is no plain range")
        return found

    def _columns(self, node: Tree) -> dict[str, Measure | None]:
        """Return what the SELECT over the cube gives, by names."""
        items = cast("list[Tree]", node["select_list"])
        found = {fold(item["alias"]): self._measure(item) for item in items}
        if len(found) < len(items):
            raise Misfit("two columns have one name")
        return {item["alias"]: found[fold(item["alias"])] for item in items}

    def _measure(self, item: Tree) -> Measure | None:
        """Return what is made of parts, or None where only groups are read."""
        if any(part.get("class") in ("WINDOW", "SUBQUERY") for part in walk(item)):
            raise Misfit("groups depend on each other")
        is_division = any(part.get("function_name") == DIVISION for part in walk(item))
        if not is_division and not aggregates(item, self._statement.functions):
            return None
        bare, is_whole = _without_casts(item)
        return replace(self._bare_measure(bare), is_whole=is_whole)

    def _bare_measure(self, bare: Tree) -> Measure:
        if bare["class"] == "FUNCTION" and bare["function_name"] == "nullif" and _is_nan(bare["children"][1]):
            inner = self._measure(bare["children"][0])
            if inner is None or inner.is_whole or inner.how not in ("min", "max"):
                raise Misfit("something is computed of what is added up")
            return replace(inner, lacks_nan=True)
        if bare["type"] == "OPERATOR_COALESCE" and _is_zero(bare["children"][1:]):
            return Measure("count", (self._part(bare["children"][0], "sum"),))
        if bare["class"] == "FUNCTION" and bare["function_name"] == DIVISION:
            total, count, _ = bare["children"]
            return Measure("mean", (self._part(total, "sum"), self._part(count, "sum")))
        if bare["class"] == "FUNCTION" and bare["function_name"] in ("sum", "min", "max"):
            how = cast("How", bare["function_name"])
            return Measure(how, (self._part(bare, how),))
        raise Misfit("something is computed of what is added up")

    def _part(self, call: Tree, how: str) -> str:
        """Return the part of which all are put together by a call."""
        is_call = call["class"] == "FUNCTION" and call["function_name"] == how and len(call["children"]) == 1
        if not is_call or call["filter"] or call["distinct"]:
            raise Misfit("something is computed of what is added up")
        names = cast("list[str]", call["children"][0].get("column_names", []))
        if len(names) != 1 or names[0] not in self._partials.columns:
            raise Misfit("something is computed of what is added up")
        return names[0]

    def _check_modifiers(self, node: Tree, columns: dict[str, Measure | None]) -> None:
        """Check that an order is first by all that groups say, and that no row is left out."""
        said = {name for name, measure in columns.items() if measure is None}
        for modifier in node["modifiers"]:
            if modifier["type"] == "LIMIT_MODIFIER":
                limit = cast("Tree | None", modifier["limit"])
                is_number = limit and limit["class"] == "CONSTANT" and limit["value"]["type"]["id"] in _WHOLE
                most = limit["value"].get("value") if limit and is_number else None
                if modifier["offset"] or not isinstance(most, int) or most <= MOST_GROUPS:
                    raise Misfit("rows are left out")
            elif modifier["type"] == "ORDER_MODIFIER":
                names = self._ordered_by(modifier["orders"], list(columns))
                first = next((at for at, name in enumerate(names) if columns[name] is not None), len(names))
                if first < len(names) and not said <= set(names[:first]):
                    raise Misfit("the order depends on what is added up")
                self._is_ordered = True
            else:
                raise Misfit("rows are made distinct")

    @staticmethod
    def _ordered_by(orders: Sequence[Tree], names: Sequence[str]) -> list[str]:
        by_fold = {fold(name): name for name in names}
        found: list[str] = []
        for order in orders:
            by = order["expression"]
            written_names = cast("list[str]", by.get("column_names", []))
            if by["class"] == "STAR" and not by["expr"] and not by["exclude_list"] and not by["replace_list"]:
                found += names
            elif by["class"] == "CONSTANT" and by["value"].get("value") in range(1, len(names) + 1):
                found.append(names[int(by["value"]["value"]) - 1])
            elif len(written_names) == 1 and fold(written_names[0]) in by_fold:
                found.append(by_fold[fold(written_names[0])])
            else:
                raise Misfit("the order is computed")
        return found

    def _keep_groups(self, node: Tree, columns: dict[str, Measure | None], keys: Sequence[str], value: str) -> None:
        """Let a copy of the SELECT give what groups say, NULL for what is added up, and their numbers."""
        engine = self._statement.engine
        nothing = expression("NULL", engine)
        items = [named(nothing, item["alias"]) if columns[item["alias"]] else item for item in node["select_list"]]
        node["select_list"] = [*items, named(expression(_number(keys), engine), GROUP)]
        node["where_clause"] = expression(f"{quote_identifier(value)} IS NOT NULL", engine)

    def _is_read_by_set(self, grouping: Level) -> bool:
        """Whether rows go into a UNION, which is all that there is above."""
        root = self._statement.root
        source = root["from_table"] if root["type"] == "SELECT_NODE" else None
        inner = source["subquery"]["node"] if source and source["type"] == "SUBQUERY" else root
        if inner["type"] != "SET_OPERATION_NODE":
            return False
        return any(entry["value"]["query"]["node"] is grouping.node for entry in inner["cte_map"]["map"])

    def _passed_on(
        self, grouping: Level, columns: dict[str, Measure | None], memo: dict[int, object]
    ) -> dict[str, Measure | None]:
        """Follow the columns up to the outermost SELECT, and let all copies hand the number of the group on."""
        level = grouping
        while level.node is not self._statement.root:
            reference = level.reader()
            level = reference.level
            node = level.node
            if reference.joins or self._statement.aggregates(level):
                raise Misfit("groups are joined, or aggregated once more")
            if node["where_clause"] or node["qualify"] or node["sample"] or node["group_sets"]:
                raise Misfit("groups are left out")
            passed: dict[str, Measure | None] = {}
            has_star = False
            for item in cast("list[Tree]", node["select_list"]):
                if item["class"] == "STAR":
                    self._check_star(item)
                    passed |= columns
                    has_star = True
                else:
                    name = item["alias"] or (item.get("column_names") or [""])[-1]
                    passed[name] = self._handed_on(item, columns, reference.table)
            if len(set(map(fold, passed))) < len(passed) or "" in passed:
                raise Misfit("two columns have one name")
            if not has_star:
                cast("Tree", memo[id(node)])["select_list"].append(column(GROUP))
            columns = passed
            self._check_modifiers(node, columns)
        return columns

    @staticmethod
    def _check_star(item: Tree) -> None:
        if item["columns"] or item["expr"] or item["exclude_list"] or item["replace_list"]:
            raise Misfit("COLUMNS() would take in what moves")
        if item.get("qualified_exclude_list") or item.get("rename_list"):
            raise Misfit("columns are renamed")

    def _handed_on(self, item: Tree, columns: dict[str, Measure | None], table: Tree) -> Measure | None:
        """Return the measure that an expression is, or None where it is computed of what groups say."""
        if any(part.get("class") in ("WINDOW", "SUBQUERY", "STAR", "LAMBDA") for part in walk(item)):
            raise Misfit("groups depend on each other")
        by_fold = {fold(name): measure for name, measure in columns.items()}
        row = fold(table["alias"] or table.get("table_name", ""))

        def measure(reference: Tree) -> Measure | None:
            names = list(map(fold, reference["column_names"]))
            if len(names) == 2 and names[0] == row and row not in by_fold:
                names = names[1:]
            if len(names) != 1 or names[0] not in by_fold:
                raise Misfit("a part of a value, or a whole row, is taken")
            return by_fold[names[0]]

        bare, is_whole = _without_casts(item)
        if bare["class"] == "COLUMN_REF" and (found := measure(bare)) is not None:
            return replace(found, is_whole=found.is_whole or is_whole)
        read = [measure(part) for part in walk(item) if part.get("class") == "COLUMN_REF"]
        if any(read) or not read:
            raise Misfit("something is computed of what is added up")
        return None


def _without_casts(item: Tree) -> tuple[Tree, bool]:
    """Return what is cast to DOUBLE, which is what all numbers are on a page; and whether it is cast to a whole one."""
    is_whole = False
    while item["class"] == "CAST" and item["cast_type"]["id"] in _CASTS and not item["try_cast"]:
        is_whole = is_whole or item["cast_type"]["id"] != "DOUBLE"
        item = item["child"]
    return item, is_whole


def _is_nan(item: Tree) -> bool:
    constant = item["child"] if item["class"] == "CAST" else item
    return constant["class"] == "CONSTANT" and str(constant["value"].get("value")).lower() == "nan"


def _is_zero(items: Sequence[Tree]) -> bool:
    return len(items) == 1 and items[0]["class"] == "CONSTANT" and items[0]["value"].get("value") == 0
