"""One scan for several queries that differ only in what they aggregate over the same filtered relation.

A query is taken apart at the one SELECT in it that aggregates rows of its sources: what that reads (FROM, WHERE and
what these can name) is its *scan*; the keys of its groups and its aggregates are its *columns*. Queries of equal scans
and equal groups are joined: one query computes the aggregates of all of them, and each then reads its own columns from
the rows of that one. There its SELECT stands as its author wrote it, over groups of one row each: so HAVING, order,
limit and windows, and whatever stands around it, stay as they are.

Queries of different groups are not joined: with GROUPING SETS, the engine computes each aggregate over the groups of
each, which takes longer than the queries one after another.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol, cast

from dataapp.compile.cubes.groups import Group, reads_columns
from dataapp.compile.cubes.partials import Partials, aggregates
from dataapp.compile.cubes.scopes import Level, prune
from dataapp.compile.cubes.statements import Describe, Statement
from dataapp.compile.cubes.trees import Misfit, Tree, column, named, parameters, replaced, shape, walk
from dataapp.compile.cubes.writing import Engine, expression, select, written
from dataapp.compile.identifiers import fold
from dataapp.compile.inlining import Unknown, without_layer
from dataapp.compile.meaning import Functions, is_volatile, unstable_reasons

_ROWS = "__dataapp_rows"


class Parser(Engine, Protocol):
    """What taking apart needs of the engine whose dialect a query is in."""

    def unstable_functions(self) -> frozenset[str]:
        """Return the lower-case names of functions that may differ from call to call."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Figure:
    """A query, taken apart.

    Attributes:
        scan: Equal for equal scans.
        names: The parameters of what is computed in the scan.
        keys: Equal for equal groups.
        groups: The keys of its groups, by their names in `answer`.
        columns: Its aggregates, by their names in `answer`.
        source: A query that reads the rows of its scan.
        answer: The query over a table of its own groups.
    """

    scan: str
    names: frozenset[str]
    keys: frozenset[str]
    groups: dict[str, Tree]
    columns: dict[str, Tree]
    source: Tree
    answer: Tree

    def fits(self, other: "Figure") -> bool:
        """Whether one scan may answer both."""
        return self.scan == other.scan and self.keys == other.keys


def take_apart(text: str, engine: Parser, describe: Describe) -> Figure:
    """Take a query apart.

    Args:
        text: The query, with named parameters.
        engine: Reads and writes its dialect.
        describe: Binds queries that have some of its parameters.

    Raises:
        Misfit: It cannot share a scan.
    """
    tree = engine.serialize(text)
    if tree["error"]:
        raise Misfit("the query cannot be read")
    statement = Statement(cast("Tree", tree), engine, describe)
    functions = Functions(engine.unstable_functions(), statement.functions)
    if is_volatile(tree, functions):
        raise Misfit("the query differs from run to run")
    level = _aggregating(statement)
    rows = select([expression("1", engine)])
    rows |= {"from_table": level.node["from_table"], "where_clause": level.node["where_clause"]}
    source = statement.alone(rows, level.ctes)
    _check(source, functions)
    group = Group(level, statement.functions, statement.has_column(level), statement.output_names(level))
    parts = _Parts(lambda text: expression(text, engine))
    over = group.over_cube(parts)
    computed = [*group.keys.values(), *parts.columns.values()]
    if any(node.get("class") in ("SUBQUERY", "LAMBDA", "STAR") for node in walk(computed)):
        raise Misfit("a query stands inside the aggregates")
    source, groups, columns = _without_layers(source, group.keys, parts.columns, statement.functions)
    computed = [*groups.values(), *columns.values()]
    names = frozenset(parameters(source) | parameters(computed))
    over |= {"from_table": engine.serialize(f"FROM {_ROWS}")["statements"][0]["node"]["from_table"]}
    level.node.clear()
    level.node.update(over)
    prune(statement.root)
    keys = frozenset(map(shape, groups.values()))
    whole = statement.statement(source)
    figure = Figure(_told(source), names, keys, groups, columns, whole, statement.tree)
    describe(join([figure], engine).text)  # which must not fail for one, or it would for all
    return figure


def _without_layers(
    source: Tree, groups: dict[str, Tree], columns: dict[str, Tree], functions: frozenset[str]
) -> tuple[Tree, dict[str, Tree], dict[str, Tree]]:
    """Write what is computed over the columns of SELECTs below as computed over what those read."""
    try:
        while (found := without_layer(source, functions)) is not None:
            below, fill = found
            filled = [{name: fill(one) for name, one in each.items()} for each in (groups, columns)]
            source, (groups, columns) = below, filled
    except Unknown:
        pass  # this layer stays
    return source, groups, columns


def _aggregating(statement: Statement) -> Level:
    """Return the only SELECT that aggregates and does not read what another one aggregated."""
    found = [level for level in statement.levels() if statement.aggregates(level)]
    inner = [level for level in found if not _reads_another(level, statement)]
    if len(inner) != 1:
        raise Misfit("several places aggregate rows" if inner else "nothing aggregates rows")
    [level] = inner
    if level.holder is None and level.node is not statement.root:
        raise Misfit("rows are aggregated inside an expression or one side of a set")
    if level.node["from_table"]["type"] == "EMPTY":
        raise Misfit("nothing is read where rows are aggregated")
    return level


def _reads_another(level: Level, statement: Statement) -> bool:
    """Whether a SELECT reads what another one aggregated."""
    rows = select([]) | {"from_table": level.node["from_table"], "where_clause": level.node["where_clause"]}
    found = Statement(statement.statement(statement.alone(rows, level.ctes)), statement.engine, statement.describe)
    others = [other for other in found.levels() if other.node is not found.root]
    return any(map(found.aggregates, others))


def _check(source: Tree, functions: Functions) -> None:
    """Raise Misfit where reading the same rows again may give others."""
    if unstable := unstable_reasons(source, functions):
        raise Misfit(unstable[0])
    for node in walk(source):
        if node.get("sample"):
            raise Misfit("rows are sampled")
        modifiers = cast("list[Tree]", node["modifiers"]) if isinstance(node.get("modifiers"), list) else []
        if any(str(modifier["type"]).startswith("LIMIT") for modifier in modifiers):
            raise Misfit("rows are limited before they are aggregated")


def _told(value: object) -> str:
    """Return what a query says, wherever its parts stand in the text."""
    return json.dumps(_unplaced(value), sort_keys=True)


def _unplaced(value: object) -> object:
    if isinstance(value, list):
        return [_unplaced(item) for item in cast("list[object]", value)]
    if isinstance(value, dict):
        return {key: _unplaced(item) for key, item in cast("Tree", value).items() if key != "query_location"}
    return value


class _Parts(Partials):
    """Aggregates that are computed as a whole: each group has one row that holds them."""

    def whole(self, call: Tree) -> Tree:
        """Return the expression over the joint rows that gives what an aggregate gives over the rows."""
        if aggregates(call["children"], frozenset({fold(call["function_name"])})):
            raise Misfit("an aggregate stands inside another")
        return self.template(f"first({self._part(call)})")


@dataclass(frozen=True, slots=True, eq=False)
class Joint:
    """Several queries as one scan.

    Attributes:
        text: The query of the scan.
        names: The parameters in it.
    """

    text: str
    names: frozenset[str]
    _parts: tuple[tuple[str, Tree], ...]
    _engine: Engine

    def asked(self, at: int) -> frozenset[str]:
        """Return the parameters in the text of one of the queries."""
        return frozenset(parameters(self._parts[at][1]))

    def part(self, at: int, table: str) -> str:
        """Return the text of one of the queries over the rows of the scan.

        Args:
            at: Which one.
            table: Where the rows are, as it is written behind FROM.
        """
        rows, tree = self._parts[at]
        found: Tree = self._engine.serialize(rows.format(table=table))["statements"][0]["node"]["from_table"]

        def place(node: Tree) -> Tree | None:
            return found if node.get("type") == "BASE_TABLE" and node.get("table_name") == _ROWS else None

        return written(replaced(tree, place), self._engine)


def join(figures: Sequence[Figure], engine: Engine) -> Joint:
    """Return one query that answers several.

    Args:
        figures: Queries that fit each other.
        engine: Writes their dialect.
    """
    return _Joining(engine).joined(figures)


@dataclass(slots=True)
class _Joining:
    """One run of `join`.

    Keys and arguments of aggregates are columns of a SELECT of their own, below the groups: behind GROUP BY, a key that
    a SELECT below computes as a number, such as `2 AS year`, would be a position otherwise.
    """

    engine: Engine
    rows: dict[str, Tree] = field(default_factory=dict[str, Tree])
    keys: dict[str, Tree] = field(default_factory=dict[str, Tree])
    calls: dict[str, Tree] = field(default_factory=dict[str, Tree])

    def joined(self, figures: Sequence[Figure]) -> Joint:
        """See `join`."""
        parts: list[tuple[str, Tree]] = []
        for figure in figures:
            places = self._places(figure).items()
            columns = ", ".join(f"{there} AS {here}" for here, there in places) or "1 AS __one"
            parts.append((f"FROM (SELECT {columns} FROM {{table}}) AS {_ROWS}", figure.answer))
        text = written(self._scan(figures[0].source), self.engine)
        names = frozenset[str]().union(*(figure.names for figure in figures))
        return Joint(text, names, tuple(parts), self.engine)

    def _scan(self, source: Tree) -> Tree:
        """Return the query of the scan."""
        one = expression("1", self.engine)
        [first] = source["statements"]
        rows = first["node"] | {"select_list": list(self.rows.values()) or [named(one, "__x0")]}
        table: Tree = self.engine.serialize(f"FROM (SELECT 1) AS {_ROWS}")["statements"][0]["node"]["from_table"]
        table["subquery"]["node"] = rows
        keys = [column(key["alias"]) for key in self.keys.values()]
        groups = {
            **select([*self.keys.values(), *self.calls.values()]),
            "from_table": table,
            "group_expressions": keys,
            "group_sets": [list(range(len(keys)))] if keys else [],
            "aggregate_handling": "STANDARD_HANDLING" if keys else "FORCE_AGGREGATES",
        }
        return source | {"statements": [first | {"node": groups}]}

    def _places(self, figure: Figure) -> dict[str, str]:
        """Return, by its name in the query, the column of the scan that holds a key or an aggregate."""
        places: dict[str, str] = {}
        for name, key in figure.groups.items():
            there = self._row(key)
            self.keys.setdefault(shape(key), column(there) | {"alias": there})
            places[name] = there
        for name, call in figure.columns.items():
            computed = self.calls.setdefault(shape(call), named(self._over_rows(call), f"__c{len(self.calls)}"))
            places[name] = computed["alias"]
        return places

    def _over_rows(self, call: Tree) -> Tree:
        """Return a call of an aggregate over columns of the rows."""
        orders = [
            order | {"expression": self._argument(order["expression"])}
            for order in cast("list[Tree]", call["order_bys"]["orders"])
        ]
        return call | {
            "children": [self._argument(child) for child in cast("list[Tree]", call["children"])],
            "filter": None if call["filter"] is None else self._argument(call["filter"]),
            "order_bys": call["order_bys"] | {"orders": orders},
        }

    def _argument(self, computed: Tree) -> Tree:
        """Return the column that holds an expression; what reads no column stays, as an aggregate may ask that."""
        return column(self._row(computed)) if reads_columns(computed) else computed

    def _row(self, computed: Tree) -> str:
        known = self.rows.setdefault(shape(computed), named(computed, f"__x{len(self.rows)}"))
        return str(known["alias"])
