"""Whether a query can be answered from a cube while the value of one condition moves, and how.

Such a query filters rows by conditions whose values move, and aggregates what is left. Its cube has one row for each
group and each *bin* of the columns in these conditions, with parts of the aggregates (`partials`). All rows of a bin
pass a condition or none does, wherever its values stand: a bin is one value, or all values between two neighbouring
steps of what moves (`Steps`). So each bin keeps one of its values, and the condition itself, as its author wrote it,
is asked of that value.

Between the filter and the aggregate only SELECTs may stand that treat each row by itself: they pass the columns on, and
the condition is asked behind them instead. Inner joins are such, and outer ones that keep all rows of the side with
the filter. Above the aggregate, anything may stand: it stays as it is.

Where what moves stands in the FILTER of aggregates instead, all rows are in the cube, with bins just so, and the parts
of these aggregates are put together under a FILTER that asks the condition of what bins keep.

Where it stands in values that are aggregated, nothing is filtered, and the values are computed of what bins keep
(`computed`).

Texts are read and written by the engine's own parser: nothing is guessed about its dialect.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from typing import cast

from dataapp.compile.cubes.computed import Argument, Computed, arguments_of, check_made_of_comparisons
from dataapp.compile.cubes.groups import Group, reads_columns
from dataapp.compile.cubes.layers import Layers, is_range
from dataapp.compile.cubes.partials import DIVISION, Partials, aggregates
from dataapp.compile.cubes.scopes import Level, prune
from dataapp.compile.cubes.statements import Describe, Statement
from dataapp.compile.cubes.tiles import TilePlan, plan_tile
from dataapp.compile.cubes.trees import (
    Misfit,
    Tree,
    column,
    conjunction,
    conjuncts,
    named,
    own_parts,
    parameters,
    parts_of,
    replaced,
    shape,
    walk,
)
from dataapp.compile.cubes.writing import Engine, expression, filled, select, written
from dataapp.compile.identifiers import fold, quote_identifier

_KEEPING = {"left": frozenset({"INNER", "LEFT", "SEMI", "ANTI"}), "right": frozenset({"INNER", "RIGHT"})}
_COMPARISONS = frozenset(
    {
        "COMPARE_EQUAL",
        "COMPARE_NOTEQUAL",
        "COMPARE_LESSTHAN",
        "COMPARE_GREATERTHAN",
        "COMPARE_LESSTHANOREQUALTO",
        "COMPARE_GREATERTHANOREQUALTO",
    }
)
_LOGIC = frozenset({"CONJUNCTION", "COMPARISON", "BETWEEN"})
_MOST_COLUMNS = 3
_NEGATIONS = frozenset({"OPERATOR_NOT", "OPERATOR_IS_NULL", "OPERATOR_IS_NOT_NULL"})


@dataclass(frozen=True, slots=True)
class Moving:
    """A column in a condition whose values move.

    Attributes:
        value: The column of the cube that has a value of each bin.
        compared: The parameters that it is compared with, or None where the condition asks something else of it: then
            each bin must be one value.
    """

    value: str
    compared: frozenset[str] | None


type Bin = Callable[[str], str]
"""Returns the SQL of the bin of a value, given the SQL of the value."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How a cube answers a query.

    Attributes:
        moving: The columns whose bins are the cube's.
        layers: How the cube can have two layers, or None where it cannot.
        multiplied: Names of what is added up by multiplying it with numbers of rows.
        divisions: By what is averaged, the SQL that divides `__sum` by `__count` as the engine's own mean does; where
            none is given, they are divided as they are.
        tile: How a page can answer by itself from the cube's parts, or None where it cannot.
    """

    moving: tuple[Moving, ...]
    layers: Layers | None
    multiplied: frozenset[str]
    _parts: Tree
    _averaged: Mapping[str, Tree]
    _places: tuple[Tree, ...]
    _answer: Tree
    _engine: Engine
    divisions: Mapping[str, str] = field(default_factory=dict[str, str])
    tile: TilePlan | None = None

    @property
    def averaged(self) -> str | None:
        """A query whose columns are what is averaged or multiplied, by its names; None if nothing is."""
        if not self._averaged:
            return None
        tree = deepcopy(self._parts)
        tree["statements"][0]["node"]["select_list"] = [
            named(filled("any_value(__value)", {"__value": value}, self._engine), name)
            for name, value in self._averaged.items()
        ]
        return written(tree, self._engine)

    def build(self, bins: Sequence[Bin | None]) -> str:
        """Return the query that gives the cube's rows.

        Args:
            bins: How each moving column is put into bins, or None where each value is one.
        """
        tree = deepcopy(self._parts)
        items = cast("list[Tree]", tree["statements"][0]["node"]["select_list"])
        for moving, place, put in zip(self.moving, self._places, bins, strict=True):
            if put is None:
                items.append(named(place, moving.value))
                continue
            value = {"__value": place}
            items.append(named(filled(put("__value"), value, self._engine), bin_of(moving.value)))
            items.append(named(filled("min(__value)", value, self._engine), moving.value))
        return written(tree, self._engine)

    def answer(self, table: str, upper: str | None = None) -> str:
        """Return the query that gives over the cube what the query gave over the rows.

        Args:
            table: The name of the cube, or of its lower layer.
            upper: That of its upper layer, if it has one.
        """
        schema, _, name = table.rpartition(".")

        def divide(node: Tree) -> Tree | None:
            if node.get("function_name") != DIVISION:
                return None
            total, count, name = node["children"]
            division = self.divisions.get(name["value"]["value"], "__sum / __count")
            places = {"__sum": total, "__count": count}
            return named(filled(division, places, self._engine), node["alias"])

        def place(node: Tree) -> Tree | None:
            if node.get("type") == "BASE_TABLE" and node.get("table_name") == _CUBE:
                return node | {"schema_name": schema, "table_name": name}
            source = node.get("from_table")
            if upper is None or self.layers is None or source is None or source.get("table_name") != _CUBE:
                return None
            layered = self.layers.read(table, upper, node["where_clause"], self._engine)
            return node | {"from_table": layered, "where_clause": None}

        return written(replaced(replaced(self._answer, divide), place), self._engine)


_CUBE = "__dataapp_cube"
COUNT = "__rows"
"""The column of a cube that has the number of rows behind each of its own."""


def bin_of(value: str) -> str:
    """Return the column of a cube that has the bins of the values in another."""
    return f"{value}_bin"


def plan(text: str, moving: frozenset[str], engine: Engine, describe: Describe) -> Plan:
    """Return how a cube answers a query.

    Args:
        text: The query, with named parameters.
        moving: The parameters whose values move.
        engine: Reads and writes its dialect.
        describe: Binds queries that have some of its parameters.

    Raises:
        Misfit: No cube can.
    """
    answer = engine.serialize(text)
    if answer["error"]:
        raise Misfit("the query cannot be read")
    tree = cast("Tree", answer)
    return _Planning(tree, moving, engine, describe).planned()


class _Planning:
    """One run of `plan`."""

    def __init__(self, tree: Tree, moving: frozenset[str], engine: Engine, describe: Describe) -> None:
        self._statement = Statement(tree, engine, describe)
        self._moving = moving
        self._engine = engine
        self._levels = self._statement.levels()

    def planned(self) -> Plan:
        filtering = self._filtering()
        conditions = conjuncts(filtering.node["where_clause"])
        moved = self._moved(conditions)
        filters = [] if moved else self._filters(filtering.node)
        computed = [] if moved or filters else self._computed(filtering)
        moving = moved or filters or computed
        columns = self._columns(moving)
        asked = _asked_of_cube(moved, columns)
        filtering.node["where_clause"] = conjunction([one for one in conditions if one not in moved])
        values = _asked_of_cube(computed, columns)
        is_direct = self._statement.aggregates(filtering)
        handed = Computed(filtering.node, computed, values) if computed and not is_direct else None
        grouping, arguments = self._pass_on(filtering, columns, handed)
        if is_direct:
            arguments = arguments_of(computed, values)
        places = list(columns.values()) if grouping is filtering else [column(name) for name in _names(columns)]
        asked_of_parts = dict(zip(map(shape, filters), _asked_of_cube(filters, columns), strict=True))
        functions = self._statement.functions
        partials = Partials(lambda text: expression(text, self._engine), functions, asked_of_parts, arguments)
        group = Group(
            grouping,
            functions,
            self._statement.has_column(grouping),
            self._statement.output_names(grouping),
        )
        whole = group.over_cube(partials)
        used = parameters(group.keys) | parameters(list(partials.columns.values()))
        if moved:
            used |= parameters(whole["select_list"])
        if self._moving & used:  # elsewhere it cannot be: `_filtering` has found all of it in one place
            raise Misfit("what moves is in more than a condition")
        for proof in handed.take_out(self._engine) if handed else ():
            if not self._statement.binds(grouping, proof):
                raise Misfit("another column is called like one that moves")
        count = named(expression("count(*)", self._engine), COUNT)
        parts = {
            **select([*(named(key, name) for name, key in group.keys.items()), *partials.columns.values(), count]),
            "from_table": grouping.node["from_table"],
            "where_clause": grouping.node["where_clause"],
            "aggregate_handling": "FORCE_AGGREGATES",
        }
        built = self._statement.statement(self._statement.alone(parts, grouping.ctes))
        whole |= {"from_table": _cube_table(partials, group, asked, self._engine), "where_clause": None}
        if not partials.means:
            whole["where_clause"] = conjunction(asked)
        grouping.node.clear()
        grouping.node.update(whole)
        prune(self._statement.root)
        compared = [_compared(moving, place, columns.keys(), self._moving) for place in columns]
        if computed and None in compared:  # of numbers, there may be as many bins as rows
            raise Misfit("what moves is computed with, and not compared")
        found = tuple(Moving(name, one) for name, one in zip(_names(columns), compared, strict=True))
        layers = self._layers(found, moved, group, partials)
        tree = self._statement.tree
        averaged = {**partials.divided, **partials.multiplied}
        multiplied = frozenset(partials.multiplied)
        tile = None if layers is None else self._tile(grouping, group, partials, asked, found[0].value)
        return Plan(found, layers, multiplied, built, averaged, tuple(places), tree, self._engine, tile=tile)

    def _tile(
        self, grouping: Level, group: Group, partials: Partials, asked: Sequence[Tree], value: str
    ) -> TilePlan | None:
        try:
            return plan_tile(self._statement, grouping, group, partials, asked, value)
        except (Misfit, LookupError, TypeError, ValueError):  # there is a cube all the same
            return None

    def _layers(
        self, moving: Sequence[Moving], moved: Sequence[Tree], group: Group, partials: Partials
    ) -> Layers | None:
        """Return what the layers of a cube for one range hold, or None where it is for something else."""
        merges = partials.merges
        if not moved or len(moving) != 1 or merges is None or moving[0].compared is None or not is_range(moved):
            return None
        name = moving[0].value
        return Layers(name, [COUNT, bin_of(name)], list(group.keys), merges)

    def _filtering(self) -> Level:
        """Return the SELECT whose WHERE, or whose aggregates' FILTER, holds all that moves."""
        total = _count(self._statement.root, self._moving)
        for level in self._levels:
            condition = level.node["where_clause"]
            if condition is not None and (here := _count(condition, self._moving)):
                if here < total:
                    raise Misfit("what moves stands in several places")
                return level
            calls = self._calls(level.node)
            if (here := _count([call["filter"] for call in calls], self._moving)) and here == total:
                return level
            is_group = self._statement.aggregates(level)
            values = [call["children"] for call in calls] if is_group else level.node["select_list"]
            if (here := _count(values, self._moving, below_subqueries=False)) and here == total:
                return level
        raise Misfit("what moves is in no condition, and no value that is aggregated")

    def _computed(self, level: Level) -> list[Tree]:
        """Return the columns of a SELECT that hold what moves, or where it aggregates, what its aggregates take."""
        taken = [child for call in self._calls(level.node) for child in call["children"]]
        items = taken if self._statement.aggregates(level) else level.node["select_list"]
        found = [item for item in items if parameters(item) & self._moving]
        for item in found:
            check_made_of_comparisons(item, self._moving)
        return found if items is not taken else list({shape(item): item for item in found}.values())

    def _calls(self, node: Tree) -> Sequence[Tree]:
        """Return the calls of aggregates in a SELECT."""
        parts = [node[key] for key in ("select_list", "having", "qualify", "modifiers")]
        return aggregates(parts, self._statement.functions)

    def _moved(self, conditions: Sequence[Tree]) -> list[Tree]:
        return [condition for condition in conditions if parameters(condition) & self._moving]

    def _filters(self, node: Tree) -> list[Tree]:
        """Return the conditions that move in the FILTER of aggregates, each once."""
        found = [condition for call in self._calls(node) for condition in self._moved(conjuncts(call["filter"]))]
        return list({shape(condition): condition for condition in found}.values())

    def _columns(self, moved: Sequence[Tree]) -> dict[str, Tree]:
        """Return what the moving conditions ask of a row: columns, and expressions of columns, by their shapes."""
        kinds = {node.get("class") for node in walk(list(moved))}
        if not kinds.isdisjoint({"SUBQUERY", "WINDOW", "STAR", "LAMBDA"}):
            raise Misfit("the condition that moves depends on other rows")
        columns = {shape(place): place for condition in moved for place in _places(condition)}
        if len(columns) > _MOST_COLUMNS:
            raise Misfit("the condition that moves is about many columns")
        if not columns or any(not set(map(shape, _places(condition))) for condition in moved):
            raise Misfit("the condition that moves is about no column")
        return columns

    def _pass_on(
        self, level: Level, columns: Mapping[str, Tree], computed: Computed | None
    ) -> tuple[Level, dict[str, Argument]]:
        """Let each SELECT up to the one that aggregates hand the columns on.

        Returns:
            That one, and what its aggregates take of columns that hold what moves.
        """
        arguments: dict[str, Argument] = {}
        handed = [named(place, name) for place, name in zip(columns.values(), _names(columns), strict=True)]
        while not self._statement.aggregates(level):
            reference = level.reader()
            self._check_row_by_row(level.node)
            items = cast("list[Tree]", level.node["select_list"])
            items += handed
            for join, side in reference.joins or ():
                if join["join_type"] not in _KEEPING[side] or join["ref_type"] == "POSITIONAL":
                    raise Misfit("an outer join may make rows up where the condition leaves some out")
                if join["ref_type"] == "ASOF":
                    raise Misfit("an ASOF join picks among the rows that change")
            level = reference.level
            self._check_names_columns(level, reference.table)
            if computed is not None and self._statement.aggregates(level):
                arguments = computed.arguments(level.node, reference.table, self._is_aggregate)
            elif computed is not None:
                computed.pass_on(level.node, reference.table)
            handed = [] if _hands_all_on(level.node, reference.table) else [column(name) for name in _names(columns)]
        return level, arguments

    def _check_names_columns(self, level: Level, table: Tree) -> None:
        """Check that a SELECT names the columns that it reads: nothing else has those that are handed on."""
        items = [item for item in level.node["select_list"] if item["class"] != "STAR" or item["columns"]]
        row = fold(table["alias"] or table.get("table_name", ""))
        has_column = self._statement.has_column(level)
        for part in walk(own_parts(level.node | {"select_list": items}, table)):
            if part.get("class") == "STAR":
                raise Misfit("COLUMNS() would take in what moves")
            names = list(map(fold, part.get("column_names") or []))
            is_row = len(names) == 1 and (names[0] == row or names[0].startswith("unnamed_subquery"))
            if is_row and not has_column(names[0]):
                raise Misfit("rows are taken as values")

    def _is_aggregate(self, node: Tree) -> bool:
        return node.get("class") == "FUNCTION" and fold(node["function_name"]) in self._statement.functions

    def _check_row_by_row(self, node: Tree) -> None:
        if any(modifier["type"] != "ORDER_MODIFIER" for modifier in node["modifiers"]):
            raise Misfit("rows are limited or made distinct before they are aggregated")
        items = node["select_list"]
        is_window = any(part.get("class") == "WINDOW" for part in walk(items, below_subqueries=False))
        if node["sample"] or node["qualify"] or is_window:
            raise Misfit("rows depend on each other before they are aggregated")
        if any(part.get("columns") for part in walk(items) if part.get("class") == "STAR"):
            raise Misfit("COLUMNS() would take in what moves")


def _cube_table(partials: Partials, group: Group, asked: list[Tree], engine: Engine) -> Tree:
    """Return what stands behind FROM: the cube, or its rows beside the mean of all rows of their group."""
    table: Tree = engine.serialize(f"FROM {_CUBE}")["statements"][0]["node"]["from_table"]
    if not partials.means:
        return table
    groups = ", ".join(map(quote_identifier, group.keys))
    over = f"OVER (PARTITION BY {groups})" if groups else "OVER ()"
    columns = [
        f"sum({count} * {mean}) {over} / nullif(sum({count}) {over}, 0) AS {name}"
        for name, (count, mean) in partials.means.items()
    ]
    answer = engine.serialize(f"FROM (SELECT *, {', '.join(columns)} FROM {_CUBE}) AS {_CUBE}_means")
    found: Tree = answer["statements"][0]["node"]["from_table"]
    found["subquery"]["node"]["where_clause"] = conjunction(asked)
    return found


def _places(condition: Tree) -> Iterator[Tree]:
    """Yield the largest parts of a condition that hold columns and nothing that a viewer sets."""
    is_logic = condition["class"] in _LOGIC or condition["type"] in _NEGATIONS
    if not is_logic and not parameters(condition) and reads_columns(condition):
        yield condition
        return
    for part in parts_of(condition):
        yield from _places(part)


def _asked_of_cube(moved: Sequence[Tree], columns: Mapping[str, Tree]) -> list[Tree]:
    """Return the moving conditions, asked of the values that bins keep."""
    names = dict(zip(columns, _names(columns), strict=True))

    def over(node: Tree) -> Tree | None:
        name = names.get(shape(node)) if "class" in node else None
        return None if name is None else column(name)

    return [replaced(condition, over) for condition in moved]


def _compared(
    moved: Sequence[Tree], place: str, places: Collection[str], moving: frozenset[str]
) -> frozenset[str] | None:
    """Return the parameters that a column is compared with, or None where something else is asked of it."""
    found: set[str] = set()
    is_compared = all(_compares(condition, place, places, found) for condition in moved)
    return frozenset(found) if is_compared and found <= moving else None


def _compares(node: Tree, place: str, places: Collection[str], found: set[str]) -> bool:
    """Whether a condition does nothing with a column but compare it with parameters, which are found."""
    match node["class"]:
        case "CONJUNCTION":
            return all(_compares(child, place, places, found) for child in node["children"])
        case "OPERATOR" if node["type"] in _NEGATIONS:
            inner = [child for child in node["children"] if shape(child) not in places]
            return all(_compares(child, place, places, found) for child in inner)
        case "COMPARISON" if node["type"] in _COMPARISONS:
            sides = [node["left"], node["right"]]
        case "BETWEEN":
            sides = [node["input"], node["lower"], node["upper"]]
        case _ if shape(node) in places:
            return shape(node) != place
        case _:
            return all(_compares(part, place, places, found) for part in parts_of(node))
    if node["class"] == "COMPARISON" and shape(sides[1]) == place:
        sides.reverse()
    if shape(sides[0]) != place:
        return not _stands_in(node, place, places)
    found.update(other["identifier"] for other in sides[1:] if other["class"] == "PARAMETER")
    return all(other["class"] == "PARAMETER" for other in sides[1:])


def _stands_in(value: object, place: str, places: Collection[str]) -> bool:
    """Whether a column stands in a condition, other than inside of another expression that is a column of the cube."""
    if isinstance(value, list):
        return any(_stands_in(item, place, places) for item in cast("list[object]", value))
    if not isinstance(value, dict):
        return False
    node = cast("Tree", value)
    known = shape(node) if "class" in node else None
    if known in places:
        return known == place
    return any(_stands_in(child, place, places) for child in node.values())


def _names(columns: Mapping[str, Tree]) -> list[str]:
    return [f"__m{number}" for number in range(len(columns))]


def _hands_all_on(node: Tree, table: Tree) -> bool:
    """Whether a SELECT gives all columns of a table that it reads."""
    alias = fold(table["alias"] or table.get("table_name", ""))
    stars = [item for item in node["select_list"] if item["class"] == "STAR"]
    return any(not star["relation_name"] or fold(star["relation_name"]) == alias for star in stars)


def _count(tree: object, names: frozenset[str], *, below_subqueries: bool = True) -> int:
    found = walk(tree, below_subqueries=below_subqueries)
    return sum(1 for node in found if node.get("class") == "PARAMETER" and node["identifier"] in names)
