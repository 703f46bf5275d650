"""A query, and the SELECTs in it as queries of their own."""

from collections.abc import Callable, Sequence
from copy import deepcopy
from typing import Any, cast

from dataapp.compile.cubes.partials import aggregates
from dataapp.compile.cubes.scopes import Cte, Level, levels, prune
from dataapp.compile.cubes.trees import Misfit, Tree
from dataapp.compile.cubes.writing import Engine, expression, select, written
from dataapp.compile.identifiers import fold
from dataapp.errors import DataAppError

type Describe = Callable[[str], Sequence[str]]
"""Returns the names of a query's columns, without running it."""


class Statement:
    """A query that is taken apart, as a copy that may be changed.

    Args:
        tree: Its syntax tree.
        engine: Reads and writes its dialect.
        describe: Binds queries that have some of its parameters.

    Attributes:
        tree: As given.
        engine: As given.
        describe: As given.
        functions: The names of the engine's aggregates.
    """

    def __init__(self, tree: Tree, engine: Engine, describe: Describe) -> None:
        self.tree = deepcopy(tree)
        self.functions = engine.aggregate_functions()
        self.engine = engine
        self.describe = describe

    @property
    def root(self) -> Tree:
        """The outermost query."""
        found: Tree = self.tree["statements"][0]["node"]
        return found

    def levels(self) -> list[Level]:
        """Return all SELECTs of it."""
        return levels(self.root)

    def aggregates(self, level: Level) -> bool:
        """Whether a SELECT makes groups of its rows, or one row of all."""
        node = level.node
        if node["group_expressions"] or node["having"] or node["aggregate_handling"] != "STANDARD_HANDLING":
            return True
        return bool(aggregates(node["select_list"], self.functions))

    def has_column(self, level: Level) -> Callable[[str], bool]:
        """Return a test of whether what a SELECT reads has a column of a name."""
        known: list[frozenset[str]] = []

        def has(name: str) -> bool:
            if not known:
                everything = expression("*", self.engine)
                rows = select([everything]) | {"from_table": level.node["from_table"]}
                known.append(frozenset(map(fold, self._names_of(rows, level.ctes))))
            return fold(name) in known[0]

        return has

    def output_names(self, level: Level) -> list[str]:
        """Return the names of the columns of a SELECT."""
        items = cast("list[Tree]", level.node["select_list"])
        if any(item["class"] == "STAR" for item in items):
            raise Misfit("columns are not listed where rows are aggregated")
        found = self._names_of(level.node | {"modifiers": []}, level.ctes)  # spelled as the tables spell them
        if len(found) != len(items):
            raise Misfit("columns are not listed where rows are aggregated")
        return list(found)

    def binds(self, level: Level, value: Tree) -> bool:
        """Whether a SELECT may have an expression."""
        try:
            self._names_of(select([value]) | {"from_table": level.node["from_table"]}, level.ctes)
        except DataAppError:
            return False
        return True

    def alone(self, node: Tree, ctes: Sequence[Cte]) -> Tree:
        """Return a SELECT as a query of its own, with what it can name."""
        names = [fold(cte.name) for cte in ctes]
        if len(set(names)) < len(names):
            raise Misfit("one name stands for two tables")
        entries = [{"key": cte.name, "value": cte.value} for cte in ctes]
        root: Tree = deepcopy(node | {"cte_map": {"map": entries}})
        prune(root)
        return root

    def statement(self, node: Tree) -> Tree:
        """Return a query that is this one but for its outermost node."""
        first: dict[str, Any] = self.tree["statements"][0]
        return self.tree | {"statements": [first | {"node": node}]}

    def _names_of(self, node: Tree, ctes: Sequence[Cte]) -> Sequence[str]:
        return self.describe(written(self.statement(self.alone(node, ctes)), self.engine))
