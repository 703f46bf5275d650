"""A cube in two layers, so that a range of many bins is answered from few rows.

The lower layer has a cube's rows, the upper one has one row for each group and *block* of neighbouring values. A range
takes from the upper layer the blocks that lie in it, and from the lower one what is left: the blocks at its two ends.
With 32 blocks of 400 bins that is at most one row in seven, for any number of groups.

A block lies in a range when its least and its greatest value do, which is what the condition is asked of: so the
condition must be a range, which has no gap. Parts of aggregates must be such that parts of the same kind can be made
of them: sums, counts and extremes are; what variances are made of, and what goes with an extreme, are not.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dataapp.compile.cubes.trees import Tree, column, conjunction, conjuncts, replaced
from dataapp.compile.cubes.writing import Engine
from dataapp.compile.identifiers import quote_identifier

_BLOCKS = 32
_LOWEST, _HIGHEST = "__low", "__high"
_RANGES = frozenset(
    {
        "COMPARE_EQUAL",
        "COMPARE_LESSTHAN",
        "COMPARE_GREATERTHAN",
        "COMPARE_LESSTHANOREQUALTO",
        "COMPARE_GREATERTHANOREQUALTO",
        "COMPARE_BETWEEN",
    }
)


def is_range(conditions: Sequence[Tree]) -> bool:
    """Whether conditions that compare one column with parameters leave no gap between the values that pass them all."""
    return all(part["type"] in _RANGES for condition in conditions for part in conjuncts(condition))


@dataclass(frozen=True, slots=True)
class Layers:
    """What the two layers of a cube hold.

    Attributes:
        value: The column of the cube that has a value of each bin.
        dropped: The columns of the cube that answers do not need.
        keys: The columns of its groups.
        merges: The aggregate that makes parts of parts, by the column of the parts.
    """

    value: str
    dropped: Sequence[str]
    keys: Sequence[str]
    merges: Mapping[str, str]

    def lower(self, cube: str) -> str:
        """Return the query that gives the lower layer: a cube's rows, each with the bounds of its block.

        Rows without a value are left out, since no range has them.
        """
        value = quote_identifier(self.value)
        return (
            f"SELECT cube.* EXCLUDE ({', '.join(self.dropped)}), {_LOWEST}, {_HIGHEST} FROM {cube} AS cube JOIN ("
            f"SELECT value, min(value) OVER block AS {_LOWEST}, max(value) OVER block AS {_HIGHEST} FROM ("
            f"SELECT value, ntile({_BLOCKS}) OVER (ORDER BY value) AS number FROM ("
            f"SELECT DISTINCT {value} AS value FROM {cube} WHERE {value} IS NOT NULL)"
            f") WINDOW block AS (PARTITION BY number)"
            f") AS blocks ON cube.{value} = blocks.value ORDER BY cube.{value}"
        )

    def upper(self, lower: str) -> str:
        """Return the query that gives the upper layer, of the lower one."""
        bounds = [*self.keys, _LOWEST, _HIGHEST]
        parts = [f"{merge}({name}) AS {name}" for name, merge in self.merges.items()]
        groups = ", ".join(str(place + 1) for place in range(len(bounds)))
        return f"SELECT {', '.join([*bounds, *parts])} FROM {lower} GROUP BY {groups} ORDER BY {_LOWEST}"

    def read(self, lower: str, upper: str, condition: Tree, engine: Engine) -> Tree:
        """Return what stands behind FROM: the rows of both layers that a condition needs.

        Args:
            lower: The name of the lower layer.
            upper: The name of the upper one.
            condition: Asked of the value of a bin.
            engine: Reads the text.
        """
        names = ", ".join([*self.keys, *self.merges])
        table: Tree = engine.serialize(
            f"FROM (SELECT {names} FROM {upper} WHERE __block UNION ALL "
            f"SELECT {names} FROM {lower} WHERE __row AND NOT coalesce(__block, FALSE)) AS __layers"
        )["statements"][0]["node"]["from_table"]
        ends = [self._asked_of(name, condition) for name in (_LOWEST, _HIGHEST)]
        known = {"__row": condition, "__block": conjunction(ends)}

        def fill(node: Tree) -> Tree | None:
            return known.get(node["column_names"][-1]) if node.get("class") == "COLUMN_REF" else None

        found: Tree = replaced(table, fill)
        return found

    def _asked_of(self, name: str, condition: Tree) -> Tree:
        def other(node: Tree) -> Tree | None:
            is_value = node.get("class") == "COLUMN_REF" and node["column_names"] == [self.value]
            return column(name) if is_value else None

        asked: Tree = replaced(condition, other)
        return asked
