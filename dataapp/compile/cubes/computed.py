"""Values that rows get of what moves, such as ``delay > $late``, on their way to the aggregates that take them.

A cube needs none of them: they depend on the columns that they are computed of, which its bins hold. So they are
computed of its rows, after each move.

By its name alone it is not certain that a column of a SELECT further up is such a value. So a NULL of a type of its own
is put in the value's place, and the engine says whether the column has that type. That nothing else is such a value is
certain because SELECTs on the way may hold only what names all columns that it reads.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from dataapp.compile.cubes.trees import Misfit, Tree, named, own_parts, parts_of, replaced, shape, walk
from dataapp.compile.cubes.writing import Engine, expression, filled
from dataapp.compile.identifiers import fold

_MADE_OF = frozenset(
    {
        "COLUMN_REF",
        "CONSTANT",
        "PARAMETER",
        "COMPARISON",
        "BETWEEN",
        "CONJUNCTION",
        "OPERATOR",
        "CASE",
        "CAST",
        "FUNCTION",
    }
)
_TAG = "__dataapp_moves"
_MADE_UP = re.compile(r"(_\d+)+$")  # what the engine adds to names that stand in a SELECT twice


@dataclass(frozen=True, slots=True)
class Argument:
    """What an aggregate takes, and what moves is in it.

    Attributes:
        of_cube: It, computed of a row of the cube.
        of_rows: The same of a row that is aggregated, for its type.
    """

    of_cube: Tree
    of_rows: Tree


class Computed:
    """The columns of a SELECT that hold what moves, as SELECTs further up know them.

    Args:
        node: The SELECT.
        items: These columns.
        values: The same, computed of a row of the cube.

    Raises:
        Misfit: One of them has no name, or is used in the SELECT itself.
    """

    def __init__(self, node: Tree, items: Sequence[Tree], values: Sequence[Tree]) -> None:
        if not all(item["alias"] for item in items):
            raise Misfit("what moves is in a column without a name")
        self._node = node
        self._items = items
        self._values = [named(value, "") for value in values]
        self._names: Mapping[str, int] = {fold(item["alias"]): at for at, item in enumerate(items)}
        self._taken: list[tuple[Tree, int]] = []
        known = [id(item) for item in items]
        rest = [item for item in node["select_list"] if id(item) not in known and item["class"] != "STAR"]
        self._check_unused(node | {"select_list": rest}, node["from_table"])

    def pass_on(self, node: Tree, table: Tree) -> None:
        """Follow the columns through a SELECT that hands rows on.

        Args:
            node: It.
            table: What it reads them from.

        Raises:
            Misfit: It does something else with them.
        """
        items = cast("list[Tree]", node["select_list"])
        handed = [(item, at) for item in items if (at := self._at(item)) is not None]
        stars = [item for item in items if item["class"] == "STAR"]
        if any(star["columns"] or star["replace_list"] or star["rename_list"] for star in stars):
            raise Misfit("columns are chosen or replaced on the way")
        known = [id(item) for item in (*stars, *(item for item, _ in handed))]
        names = {fold(item["alias"] or item["column_names"][-1]): at for item, at in handed}
        self._names = {**self._names, **names}  # also the new ones can be used in the SELECT itself
        self._check_unused(node | {"select_list": [item for item in items if id(item) not in known]}, table)
        if not stars:
            self._names = names

    def arguments(self, node: Tree, table: Tree, is_aggregate: Callable[[Tree], bool]) -> dict[str, Argument]:
        """Return what aggregates take of the columns, by its shape.

        Args:
            node: The SELECT that aggregates.
            table: What it reads the columns from.
            is_aggregate: Whether a node is the call of an aggregate.

        Raises:
            Misfit: They are in something else, too.
        """
        found: dict[str, Argument] = {}

        def without(call: Tree) -> Tree | None:
            if not is_aggregate(call):
                return None
            taken = [child for child in call["children"] if any(self._at(part) is not None for part in walk(child))]
            found.update({shape(child): self._argument(child) for child in taken})
            return call | {"children": [child for child in call["children"] if child not in taken]}

        left: Tree = replaced(node | {"from_table": None}, without)
        self._check_unused(left | {"from_table": node["from_table"]}, table)
        return found

    def take_out(self, engine: Engine) -> Iterator[Tree]:
        """Put a NULL of a type of its own in the place of each column; yield what can be asked of these alone."""
        tags = [f"{_TAG}{at}" for at in range(len(self._items))]
        for item, tag in zip(self._items, tags, strict=True):
            place = next(at for at, one in enumerate(self._node["select_list"]) if one is item)
            null = expression(f"NULL::STRUCT({tag} INTEGER)", engine)
            self._node["select_list"][place] = named(null, item["alias"])
        for part, at in self._taken:
            yield filled(f"struct_extract(__column, '{tags[at]}')", {"__column": named(part, "")}, engine)

    def _argument(self, child: Tree) -> Argument:
        parts = [part for part in walk(child) if "class" in part]
        is_alone = all(self._at(part) is not None for part in parts if part["class"] == "COLUMN_REF")
        if not is_alone or not all(part["class"] in _MADE_OF for part in parts):
            raise Misfit("what is aggregated holds more than what moves")

        def value(part: Tree) -> Tree | None:
            at = self._at(part)
            if at is None:
                return None
            self._taken.append((part, at))
            return self._values[at]

        computed: Tree = replaced(child, value)
        return Argument(computed, computed)

    def _at(self, node: Tree) -> int | None:
        is_column = node.get("class") == "COLUMN_REF"
        return self._names.get(fold(node["column_names"][-1])) if is_column else None

    def _check_unused(self, node: Tree, table: Tree) -> None:
        """Check that a SELECT uses the columns nowhere, but by what it reads them from."""
        classes = {part["class"] for part in walk(own_parts(node, table)) if "class" in part}
        everything = {key: value for key, value in node.items() if key != "cte_map"}
        for part in walk(replaced(everything, lambda one: {} if one is table else None)):
            names = [fold(name) for name in (*part.get("column_names", []), *part.get("using_columns", []))]
            is_used = any({name, _MADE_UP.sub("", name)} & self._names.keys() for name in names)
            if is_used or part.get("ref_type") == "NATURAL" or not classes <= _MADE_OF | {"WINDOW"}:
                raise Misfit("what moves is in more than what is aggregated")


def check_made_of_comparisons(value: Tree, moving: frozenset[str]) -> None:
    """Check that a value is made of comparisons with what moves, and of nothing that is another one for equal rows.

    Raises:
        Misfit: It is not.
    """
    for part in walk(value):
        kind = part.get("class")
        is_call = kind == "FUNCTION" and not part["is_operator"]
        if kind is not None and (kind not in _MADE_OF or is_call):
            raise Misfit("what moves is in a function")
        if kind not in ("COMPARISON", "BETWEEN") and any(one.get("identifier") in moving for one in parts_of(part)):
            raise Misfit("what moves is computed with, and not compared")


def arguments_of(expressions: Sequence[Tree], values: Sequence[Tree]) -> dict[str, Argument]:
    """Return arguments of aggregates that hold what moves themselves, by their shapes."""
    pairs = zip(expressions, values, strict=True)
    return {shape(one): Argument(named(value, ""), named(one, "")) for one, value in pairs}
