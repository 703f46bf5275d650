"""The SELECT that aggregates: its groups, and itself over a cube."""

from collections.abc import Callable, Sequence
from typing import cast

from dataapp.compile.cubes.partials import Partials, aggregates
from dataapp.compile.cubes.scopes import Level
from dataapp.compile.cubes.trees import Misfit, Tree, column, named, replaced, shape, walk
from dataapp.compile.cubes.writing import select
from dataapp.compile.identifiers import fold


class Group:
    """The SELECT that aggregates: its groups, and itself over a cube.

    Attributes:
        keys: The expressions of its groups, by the cube's columns.
    """

    def __init__(
        self, level: Level, functions: frozenset[str], has_column: Callable[[str], bool], names: Sequence[str]
    ) -> None:
        node = level.node
        self._node = node
        self._functions = functions
        self._names = names
        self.keys: dict[str, Tree] = {}
        self._known: dict[str, str] = {}
        if node["sample"]:
            raise Misfit("rows are sampled")
        sets = cast("list[list[int]]", node["group_sets"])
        if len(sets) > 1 or (sets and len(set(sets[0])) != len(node["group_expressions"])):
            raise Misfit("there are several sets of groups")
        items = cast("list[Tree]", node["select_list"])
        plain = [item for item in items if not aggregates(item, functions) and reads_columns(item)]
        for item in plain:
            self._add(item)
        is_all = node["aggregate_handling"] == "FORCE_AGGREGATES"
        if is_all and not plain and any(not aggregates(item, functions) for item in items):
            raise Misfit("constants are the only groups")
        aliases = {fold(item["alias"]) for item in items if item["alias"]}
        for expression in cast("list[Tree]", node["group_expressions"]):
            written = cast("list[str]", expression.get("column_names", []))
            is_alias = len(written) == 1 and fold(written[0]) in aliases and not has_column(written[0])
            if expression["class"] != "CONSTANT" and not is_alias:
                self._add(expression)
        if node["group_expressions"] and not self.keys:  # without rows there is no group, but for GROUP BY ()
            raise Misfit("constants are the only groups")

    def _add(self, expression: Tree) -> None:
        if any(part.get("class") in ("SUBQUERY", "WINDOW") for part in walk(expression)):
            raise Misfit("a group depends on other rows")
        key = shape(expression)
        if key not in self._known:
            name = self._known[key] = f"__k{len(self.keys)}"
            self.keys[name] = named(expression, "")

    def over_cube(self, partials: Partials) -> Tree:
        """Return the SELECT over the cube's columns, without a FROM."""
        node = self._node
        outputs = set(map(fold, self._names))
        items = [
            named(cast("Tree", self._over(item, partials, set())), name)
            for item, name in zip(node["select_list"], self._names, strict=True)
        ]
        having = self._over(node["having"], partials, outputs)
        qualify = self._over(node["qualify"], partials, outputs)
        modifiers = [
            modifier
            if modifier["type"] != "ORDER_MODIFIER"
            else modifier | {"orders": [self._order(order, partials, outputs) for order in modifier["orders"]]}
            for modifier in node["modifiers"]
        ]
        groups = [column(name) for name in self.keys]
        return {
            **select(items),
            "modifiers": modifiers,
            "having": having,
            "qualify": qualify,
            "group_expressions": groups,
            "group_sets": [list(range(len(groups)))] if groups else [],
        }

    def _order(self, order: Tree, partials: Partials, outputs: set[str]) -> Tree:
        expression: Tree = order["expression"]
        names = expression.get("column_names")
        if names and len(names) == 1 and fold(names[0]) in outputs:  # of equal names, ORDER BY takes the output
            return order
        if expression["class"] in ("STAR", "CONSTANT"):  # ORDER BY ALL, ORDER BY 1
            return order
        return order | {"expression": self._over(expression, partials, outputs)}

    def _over(self, expression: Tree | None, partials: Partials, outputs: set[str]) -> Tree | None:
        def over(node: Tree) -> Tree | None:
            kind = node.get("class")
            if kind is None:
                return None
            if kind == "SUBQUERY":
                raise Misfit("a query stands inside the aggregates")
            if (name := self._known.get(shape(node))) is not None:
                return column(name) | {"alias": node.get("alias", "")}
            if kind == "FUNCTION" and fold(node["function_name"]) in self._functions:
                return partials.whole(node) | {"alias": node["alias"]}
            if kind == "STAR":
                raise Misfit("columns are not listed where rows are aggregated")
            if kind == "COLUMN_REF":
                names = node["column_names"]
                if len(names) == 1 and fold(names[0]) in outputs:
                    return node
                raise Misfit(f"{names[-1]} is no group")
            return None

        return replaced(expression, over)


def reads_columns(expression: Tree) -> bool:
    """Whether a column stands in an expression."""
    return any(node.get("class") == "COLUMN_REF" for node in walk(expression))
