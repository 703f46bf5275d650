"""Values that rows get of what moves, such as ``delay > $late``, on their way to the aggregates that take them.

A cube needs none of them: they depend on the columns that they are computed of, which its bins hold. So they are
computed of its rows, after each move.

By its name alone it is not certain that a column of a SELECT further up is such a value. So a NULL of a type of its own
is put in the value's place, and the engine says whether the column has that type.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from dataapp.compile.cubes.trees import Misfit, Tree, named, replaced, shape, walk
from dataapp.compile.cubes.writing import Engine, expression, filled
from dataapp.compile.identifiers import fold

_DEPENDS = frozenset({"SUBQUERY", "WINDOW", "LAMBDA", "STAR"})
_TAG = "__dataapp_moves"


@dataclass(frozen=True, slots=True)
class Argument:
    """What an aggregate takes, and what moves is in it.

    Attributes:
        of_cube: It, computed of a row of the cube.
        of_rows: It, computed of a row that is aggregated.
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
        Misfit: One of them has no name.
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
        self._check_unused(node | {"select_list": [item for item in node["select_list"] if id(item) not in known]})

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
        if any(star.get("replace_list") or star.get("rename_list") for star in stars):
            raise Misfit("columns are replaced on the way")
        known = [id(item) for item in (*stars, *(item for item, _ in handed))]
        self._check_unused(node | {"select_list": [item for item in items if id(item) not in known]}, table)
        names = {fold(item["alias"] or item["column_names"][-1]): at for item, at in handed}
        self._names = {**self._names, **names} if stars else names

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
        parts = list(walk(child))
        is_alone = all(self._at(part) is not None for part in parts if part.get("class") == "COLUMN_REF")
        if not is_alone or any(part.get("class") in _DEPENDS for part in parts):
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

    def _check_unused(self, node: Tree, table: Tree | None = None) -> None:
        """Check that a SELECT uses none of the columns, and no whole rows of what it reads them from."""
        rows = [] if table is None else [fold(table["alias"] or table.get("table_name", ""))]

        def inside(one: Tree) -> Tree | None:
            return {} if one is table else None

        for part in walk(replaced({key: value for key, value in node.items() if key != "cte_map"}, inside)):
            names = [fold(name) for name in (*part.get("column_names", []), *part.get("using_columns", []))]
            is_natural = part.get("ref_type") == "NATURAL"
            if is_natural or (names and names == rows) or not self._names.keys().isdisjoint(names):
                raise Misfit("what moves is in more than what is aggregated")


def arguments_of(expressions: Sequence[Tree], values: Sequence[Tree]) -> dict[str, Argument]:
    """Return arguments of aggregates that hold what moves themselves, by their shapes."""
    pairs = zip(expressions, values, strict=True)
    return {shape(one): Argument(named(value, ""), named(one, "")) for one, value in pairs}
