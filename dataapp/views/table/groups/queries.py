"""The queries of a grouped table: pure functions, as in `relation.queries`.

``groups`` has a row for each group of every level: its ``level``, its keys ``k0``, ``k1``, ... (null below its level),
its number of rows ``n`` and its aggregates ``a0``, ``a1``, ... ``placed`` lists their rowids so that the children of
each group stand together, in the order asked for; those of the table itself have the parent -1 and come first.
"""

from collections.abc import Sequence

from dataapp.engines.relation import Column
from dataapp.views.table.columns import Kind, cell_expression, exact_text, kind_of
from dataapp.views.table.filters.conditions import InGroup
from dataapp.views.table.filters.predicates import ColumnFilter, RowFilter, Values, group_expression, in_group
from dataapp.views.table.groups.grouping import (
    Aggregate,
    Grouping,
    GroupKey,
    Path,
    group_columns,
    is_exact_sum,
    key_type,
)
from dataapp.views.table.relation.queries import Query, SortKey, Span, Table, where_clause

GROUPS = "groups"
PLACED = "placed"
TOP = -1  # the parent of groups of the first level
_SHORTER = {"month": r"-\d\d( \(BC\))?$", "year": r"-\d\d-\d\d( \(BC\))?$"}


def group(table: Table, filters: tuple[RowFilter, ...], grouping: Grouping) -> Query:
    """All groups of the rows that pass the filters: the table ``groups``."""
    values = Values()
    keys = [f"k{at}" for at in range(len(grouping.keys))]
    columns = [
        f"{group_expression(table.columns[key.column], table.references[key.column], key.part)} AS k{at}"
        for at, key in enumerate(grouping.keys)
    ]
    columns += [f"{table.references[one.column]} AS v{at}" for at, one in enumerate(grouping.aggregates)]
    rows = f"(SELECT {', '.join(columns)} FROM {table.source}{where_clause(table, filters, values)}) AS base"
    made = [_aggregate(one, table.columns[one.column], at) for at, one in enumerate(grouping.aggregates)]
    rolled_up = " + ".join(f"GROUPING({key})" for key in keys[1:]) or "0"
    level = f"CAST({len(keys) - 1} - ({rolled_up}) AS INTEGER) AS level"
    sets = ", ".join(f"({', '.join(keys[: depth + 1])})" for depth in range(len(keys)))
    selected = ", ".join([level, *keys, "count(*) AS n", *made])
    return Query(f"SELECT {selected} FROM {rows} GROUP BY GROUPING SETS ({sets})", values.parameters)


def place(groups: str, grouping: Grouping, columns: tuple[Column, ...], order: tuple[SortKey, ...]) -> Query:
    """The rowids of all groups, below each parent in the order asked for: the table ``placed``."""
    depth = len(grouping.keys)
    terms = [*_order_terms(grouping, columns, order), *(f"g.k{at} NULLS LAST" for at in range(depth)), "g.rowid"]
    if depth == 1:
        made = f"SELECT g.rowid AS group_row, CAST({TOP} AS BIGINT) AS parent FROM {groups} AS g"
        return Query(f"{made} ORDER BY {', '.join(terms)}")
    same = " AND ".join(
        ["p.level = g.level - 1"]
        + [f"p.k{at} IS NOT DISTINCT FROM CASE WHEN g.level > {at} THEN g.k{at} END" for at in range(depth - 1)]
    )
    made = f"SELECT g.rowid AS group_row, coalesce(p.rowid, {TOP}) AS parent"
    return Query(
        f"{made} FROM {groups} AS g LEFT JOIN {groups} AS p ON {same} ORDER BY g.level, parent, {', '.join(terms)}"
    )


def totals(groups: str) -> Query:
    """How many groups the first level has, and how many rows are in them."""
    return Query(f"SELECT count(*), CAST(coalesce(sum(n), 0) AS BIGINT) FROM {groups} WHERE level = 0")


def find(groups: str, grouping: Grouping, columns: tuple[Column, ...], path: Path) -> Query:
    """The rowid of the group with a path, and how many rows are in it."""
    values = Values()
    terms = [f"level = {len(path) - 1}"]
    for at, (text, key) in enumerate(zip(path, grouping.keys, strict=False)):
        terms.append(in_group(f"k{at}", key_type(columns[key.column], key), text, values))
    return Query(f"SELECT rowid, n FROM {groups} WHERE {' AND '.join(terms)} LIMIT 1", values.parameters)


def path(groups: str, grouping: Grouping, columns: tuple[Column, ...], number: int) -> Query:
    """The path of the group with a rowid: the level, then a text for each key."""
    types = (key_type(columns[key.column], key) for key in grouping.keys)
    texts = ", ".join(exact_text(type_, f"k{at}") for at, type_ in enumerate(types))
    return Query(f"SELECT level, {texts} FROM {groups} WHERE rowid = {number}")


def places(numbers: Sequence[int]) -> Query:
    """Where groups stand in ``placed``."""
    return Query(f"SELECT group_row, rowid FROM {PLACED} WHERE group_row IN ({_numbers(numbers)})")


def children(numbers: Sequence[int]) -> Query:
    """Where the groups below groups stand in ``placed``, and how many there are."""
    found = f"FROM {PLACED} WHERE parent IN ({_numbers(numbers)}) GROUP BY parent"
    return Query(f"SELECT parent, min(rowid), count(*) {found}")


def group_window(groups: str, grouping: Grouping, columns: tuple[Column, ...], level: int, span: Span) -> Query:
    """Neighbours in ``placed`` as they travel: their rowids, then what groups have of the columns."""
    made = group_columns(grouping, columns)
    cells = ['wanted.group_row AS "group"']
    for at in span.columns:
        if at >= len(columns):
            number = at - len(columns)
            reference = "g.n" if number == 0 else f"g.a{number - 1}"
            cells.append(f"{cell_expression(made[number], reference)} AS c{at}")
        elif (key := next((one for one in grouping.keys[: level + 1] if one.column == at), None)) is not None:
            cells.append(f"{_key_cell(key, columns[at], f'g.k{grouping.keys.index(key)}')} AS c{at}")
    wanted = f"rowid >= {span.first} AND rowid < {span.first + span.count}"
    rows = f"SELECT rowid AS place, group_row FROM {PLACED} WHERE {wanted}"
    joined = f"({rows}) AS wanted JOIN {groups} AS g ON g.rowid = wanted.group_row"
    return Query(f"SELECT {', '.join(cells)} FROM {joined} ORDER BY wanted.place")


def rows_of(grouping: Grouping, filters: tuple[RowFilter, ...], path: Path) -> tuple[RowFilter, ...]:
    """Return the filters that the rows of a group pass."""
    inside = zip(grouping.keys, path, strict=True)
    return (*filters, *(ColumnFilter(key.column, InGroup(key.part, text)) for key, text in inside))


def row_order(grouping: Grouping, columns: tuple[Column, ...], order: tuple[SortKey, ...]) -> tuple[SortKey, ...]:
    """Return what of an order applies to the rows of a group: they are equal in what they are grouped by."""
    keys = {key.column for key in grouping.keys if key.part == "value"}
    return tuple(key for key in order if key.column < len(columns) and key.column not in keys)


def _order_terms(grouping: Grouping, columns: tuple[Column, ...], order: tuple[SortKey, ...]) -> list[str]:
    places = {key.column: f"g.k{at}" for at, key in reversed(list(enumerate(grouping.keys)))}
    places[len(columns)] = "g.n"
    places |= {len(columns) + 1 + at: f"g.a{at}" for at in range(len(grouping.aggregates))}
    return [
        f"{places[key.column]} {'DESC' if key.descending else 'ASC'} NULLS LAST"
        for key in order
        if key.column in places
    ]


def _aggregate(one: Aggregate, column: Column, at: int) -> str:
    value = f"v{at}"
    match one.function:
        case "distinct":
            made = f"count(DISTINCT {value})"
        case "mean":
            made = f"avg(CAST({value} AS DOUBLE))"
        case "sum" if kind_of(column) is Kind.FLOAT or not is_exact_sum(column):
            made = f"sum(CAST({value} AS DOUBLE))"
        case "sum" | "min" | "max":
            made = f"{one.function}({value})"
    return f"{made} AS a{at}"


def _key_cell(key: GroupKey, column: Column, reference: str) -> str:
    if key.part in _SHORTER:
        return rf"regexp_replace(CAST({reference} AS VARCHAR), '{_SHORTER[key.part]}', '\1')"
    return cell_expression(Column(column.name, key_type(column, key)), reference)


def _numbers(numbers: Sequence[int]) -> str:
    return ", ".join(str(int(number)) for number in numbers)
