"""The queries of a grouped table: pure functions, as in `relation.queries`.

``groups`` has a row for each group of every level: its ``level``, its keys ``k0``, ``k1``, ... (null below its level),
its number of rows ``n`` and its aggregates ``a0``, ``a1``, ... ``placed`` lists their rowids so that the children of
each group stand together, in the order asked for; those of the table itself have the parent -1 and come first.
"""

from collections.abc import Sequence

from dataapp.engines.relation import Column
from dataapp.views.table.columns import Kind, cell_expression, exact_text, kind_of, text_expression
from dataapp.views.table.filters.conditions import InGroup
from dataapp.views.table.filters.predicates import ColumnFilter, RowFilter, Values, group_expression
from dataapp.views.table.groups.grouping import (
    Aggregate,
    Grouping,
    GroupKey,
    Path,
    group_columns,
    is_exact_sum,
    key_columns,
    key_type,
    line_columns,
)
from dataapp.views.table.relation.queries import Query, SortKey, Span, Table, where_clause

GROUPS = "groups"
PLACED = "placed"
LINES = "lines"  # what neighbours of them are called in a query
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
    made = [
        f"{aggregate_expression(one, table.columns[one.column], f'v{at}')} AS a{at}"
        for at, one in enumerate(grouping.aggregates)
    ]
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
    for at, (text, key) in enumerate(zip(path, grouping.keys, strict=False)):  # from a link, it may be no value at all
        known = exact_text(key_type(columns[key.column], key), f"k{at}")
        terms.append(f"k{at} IS NULL" if text is None else f"{known} = {values.bind(text)}")
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


def group_lines(groups: str, grouping: Grouping, columns: tuple[Column, ...], level: int, span: Span) -> Table:
    """Neighbours in ``placed`` as lines of a table: what is blank on screen is null. Nothing puts them in order.

    Args:
        groups: Where the groups are kept.
        grouping: How the rows are grouped.
        columns: The columns of the relation.
        level: Of the groups.
        span: Which they are; its columns do not matter.
    """
    own = grouping.keys[level].column
    all_ = line_columns(grouping, columns)
    references = [f"CAST(NULL AS {column.type})" for column in all_[: len(columns)]]
    references[own] = _key_text(grouping, columns, level) if all_[own] != columns[own] else f"{LINES}.k{level}"
    references += [f"{LINES}.n", *(f"{LINES}.a{at}" for at in range(len(grouping.aggregates)))]
    wanted = f"rowid >= {span.first} AND rowid < {span.first + span.count}"
    rows = f"SELECT rowid AS place, group_row FROM {PLACED} WHERE {wanted}"
    joined = f"SELECT wanted.place, g.* FROM ({rows}) AS wanted JOIN {groups} AS g ON g.rowid = wanted.group_row"
    return Table(f"({joined}) AS {LINES}", LINES, all_, tuple(references))


def in_place(table: Table, select: str, *, ordered: bool) -> Query:
    """What is made of the lines that `group_lines` gives, in their order if that matters."""
    return Query(f"SELECT {select} FROM {table.source}{f' ORDER BY {LINES}.place' if ordered else ''}")


def row_lines(table: Table, grouping: Grouping) -> Table:
    """Rows of a group as lines of a table: what is blank on screen is null."""
    all_ = line_columns(grouping, table.columns)
    whole = {key.column for key in grouping.keys if key.part == "value"}

    def reference(at: int) -> str:
        if at >= len(table.columns) or at in whole:
            return f"CAST(NULL AS {all_[at].type})"
        own, known = table.columns[at], table.references[at]
        return text_expression(own, known) if all_[at] != own else known

    return Table(table.source, table.name, all_, tuple(map(reference, range(len(all_)))))


def innermost(groups: str, grouping: Grouping, columns: tuple[Column, ...]) -> Table:
    """The groups of the last level as rows of a table: their keys, the number of rows, the aggregates."""
    references = [f"{groups}.k{at}" for at in range(len(grouping.keys))]
    references += [f"{groups}.n", *(f"{groups}.a{at}" for at in range(len(grouping.aggregates)))]
    all_ = (*key_columns(grouping, columns), *group_columns(grouping, columns))
    return Table(groups, groups, all_, tuple(references))


def every(
    table: Table, grouping: Grouping, columns: tuple[Column, ...], order: tuple[SortKey, ...], select: str
) -> Query:
    """All groups of the last level, as they stand when all are open; `table` is one that `innermost` gives."""
    last = len(grouping.keys) - 1
    joins: list[str] = []
    terms: list[str] = []
    for level in range(last):
        name = f"level_{level}"
        same = [f"{name}.k{at} IS NOT DISTINCT FROM {table.name}.k{at}" for at in range(level + 1)]
        joins.append(f"JOIN {table.source} AS {name} ON {name}.level = {level} AND {' AND '.join(same)}")
        terms += [*_order_terms(grouping, columns, order, name), f"{name}.k{level} NULLS LAST"]
    terms += [*_order_terms(grouping, columns, order, table.name), f"{table.name}.k{last} NULLS LAST"]
    source = f"{' '.join([table.source, *joins])} WHERE {table.name}.level = {last}"
    return Query(f"SELECT {select} FROM {source} ORDER BY {', '.join(terms)}")


def aggregate_expression(one: Aggregate, column: Column, reference: str) -> str:
    """Return the SQL for an aggregate. Where the engine's exact sum has no room, it is one of floats."""
    has_room = kind_of(column) is Kind.FLOAT or is_exact_sum(column)
    match one.function:
        case "distinct":
            return f"count(DISTINCT {reference})"
        case "mean":
            return f"avg({reference if has_room else f'CAST({reference} AS DOUBLE)'})"
        case "sum":
            return f"sum({reference if has_room else f'CAST({reference} AS DOUBLE)'})"
        case "min" | "max":
            return f"{one.function}({reference})"


def _order_terms(
    grouping: Grouping, columns: tuple[Column, ...], order: tuple[SortKey, ...], name: str = "g"
) -> list[str]:
    places = {key.column: f"{name}.k{at}" for at, key in reversed(list(enumerate(grouping.keys)))}
    places[len(columns)] = f"{name}.n"
    places |= {len(columns) + 1 + at: f"{name}.a{at}" for at in range(len(grouping.aggregates))}
    return [
        f"{places[key.column]} {'DESC' if key.descending else 'ASC'} NULLS LAST"
        for key in order
        if key.column in places
    ]


def _key_text(grouping: Grouping, columns: tuple[Column, ...], level: int) -> str:
    key = grouping.keys[level]
    if key.part in _SHORTER:
        return _key_cell(key, columns[key.column], f"{LINES}.k{level}")
    column = Column("", key_type(columns[key.column], key))
    return text_expression(column, f"{LINES}.k{level}")


def _key_cell(key: GroupKey, column: Column, reference: str) -> str:
    if key.part in _SHORTER:
        return rf"regexp_replace(CAST({reference} AS VARCHAR), '{_SHORTER[key.part]}', '\1')"
    return cell_expression(Column(column.name, key_type(column, key)), reference)


def _numbers(numbers: Sequence[int]) -> str:
    return ", ".join(str(int(number)) for number in numbers)
