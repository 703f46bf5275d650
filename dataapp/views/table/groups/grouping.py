"""What rows are grouped by, what is computed of each group, and which groups are open.

Groups are nested, key by key: a group of the first key opens to groups of the second, one of the last key to its rows.
A group is known by its *path*: the texts of its keys, from the first to its own. So open groups outlive filters, orders
and new rows, and nothing about a group has to come from outside.

Columns of a grouped table have the positions of the relation's columns; after those come the number of rows and the
aggregates.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from dataapp.compile.identifiers import fold, unused
from dataapp.engines.relation import Column
from dataapp.views.table.columns import Kind, decimal_places, kind_of, short_type

type Part = Literal["value", "day", "month", "year"]
type Function = Literal["sum", "mean", "min", "max", "distinct"]
type Path = tuple[str | None, ...]

PARTS: tuple[Part, ...] = ("value", "day", "month", "year")
FUNCTIONS: tuple[Function, ...] = ("sum", "mean", "min", "max", "distinct")
_NUMBERS = {Kind.INTEGER, Kind.DECIMAL, Kind.FLOAT}
_PARTS_OF: Mapping[Kind, tuple[Part, ...]] = {
    Kind.DATE: ("value", "month", "year"),
    Kind.TIMESTAMP: ("value", "day", "month", "year"),
}
MOST_KEYS, MOST_AGGREGATES = 8, 64
_WIDEST_EXACT_SUM = 28  # digits of a column; its exact sum has room for 38


@dataclass(frozen=True, slots=True)
class GroupKey:
    """A column to group by, by its position: its values, or the days, months or years that they lie in."""

    column: int
    part: Part = "value"


@dataclass(frozen=True, slots=True)
class Aggregate:
    """What is computed of a column in each group."""

    function: Function
    column: int


@dataclass(frozen=True, slots=True)
class Grouping:
    """How rows are grouped.

    Attributes:
        keys: At least one.
        aggregates: Beside the number of rows, which is always there.
        open: The groups that show what is in them. One whose parents are closed is not on screen, but stays open.
    """

    keys: tuple[GroupKey, ...]
    aggregates: tuple[Aggregate, ...] = ()
    open: frozenset[Path] = frozenset()

    def displayed(self, others: tuple[int, ...], count: int, hidden: frozenset[int] = frozenset()) -> tuple[int, ...]:
        """Return the columns on screen from left to right: the keys, what is made of groups, then what their rows have.

        Args:
            others: The relation's columns that the reader wants to see, as they follow each other.
            count: How many columns the relation has.
            hidden: Columns that the reader does not want to see.

        Example:
            >>> Grouping((GroupKey(2),), (Aggregate("sum", 1),)).displayed((0, 1, 2), 3)
            (2, 3, 4)
            >>> Grouping((GroupKey(2),), (), frozenset({("a",)})).displayed((0, 1, 2), 3)
            (2, 3, 0, 1)
        """
        keys = tuple(dict.fromkeys(key.column for key in self.keys))
        made = tuple(at for at in range(count, count + 1 + len(self.aggregates)) if at not in hidden)
        return (*keys, *made, *((at for at in others if at not in keys) if self.open else ()))

    def toggled(self, path: Path) -> "Grouping":
        """Return the grouping with a group open that is closed, or the other way round."""
        return replace(self, open=self.open ^ {path})

    def fits(self, columns: tuple[Column, ...]) -> bool:
        """Whether all that is asked for makes sense for the columns."""
        return all(
            key.column < len(columns) and key.part in parts_of(columns[key.column]) for key in self.keys
        ) and all(
            one.column < len(columns) and one.function in functions_of(columns[one.column]) for one in self.aggregates
        )

    def moved(self, places: Mapping[int, int]) -> "Grouping | None":
        """Return the grouping for columns that stand at other places, or None if a key is no longer there."""
        if any(key.column not in places for key in self.keys):
            return None
        return replace(
            self,
            keys=tuple(replace(key, column=places[key.column]) for key in self.keys),
            aggregates=tuple(
                replace(one, column=places[one.column]) for one in self.aggregates if one.column in places
            ),
        )


def parts_of(column: Column) -> tuple[Part, ...]:
    """Return how a column can be grouped by.

    Example:
        >>> parts_of(Column("day", "DATE")), parts_of(Column("size", "INTEGER"))
        (('value', 'month', 'year'), ('value',))
    """
    return _PARTS_OF.get(kind_of(column), ("value",))


def functions_of(column: Column) -> tuple[Function, ...]:
    """Return what can be computed of a column.

    Example:
        >>> functions_of(Column("size", "INTEGER")), functions_of(Column("tags", "VARCHAR[]"))
        (('sum', 'mean', 'min', 'max', 'distinct'), ('distinct',))
    """
    kind = kind_of(column)
    if kind in _NUMBERS:
        return FUNCTIONS
    return ("distinct",) if kind is Kind.OTHER else ("min", "max", "distinct")


def key_type(column: Column, key: GroupKey) -> str:
    """Return the engine's type of a key; what has no order of its own is grouped by its text."""
    if key.part != "value":
        return "DATE"
    return "VARCHAR" if kind_of(column) is Kind.OTHER else column.type


def is_exact_sum(column: Column) -> bool:
    """Whether the engine's exact sum of a column has room enough; it fails where it has not."""
    if kind_of(column) is Kind.DECIMAL:
        return int(column.type.removeprefix("DECIMAL(").split(",")[0]) <= _WIDEST_EXACT_SUM
    return column.type not in {"HUGEINT", "UHUGEINT", "BIGNUM"}


def group_columns(grouping: Grouping, columns: tuple[Column, ...]) -> tuple[Column, ...]:
    """Return the columns after those of the relation: the number of rows, then the aggregates.

    Their names differ from those of all other columns.

    Example:
        >>> columns = Column("rows", "VARCHAR"), Column("size", "INTEGER")
        >>> [column.name for column in group_columns(Grouping((GroupKey(0),), (Aggregate("sum", 1),)), columns)]
        ['rows_2', 'sum_of_size']
    """
    made = [Column("rows", "BIGINT")]
    made += [_aggregate_column(one, columns[one.column]) for one in grouping.aggregates]
    return _named_apart(made, {fold(column.name) for column in columns})


def key_columns(grouping: Grouping, columns: tuple[Column, ...]) -> tuple[Column, ...]:
    """Return what groups have of the columns that they are grouped by, as a table of groups names it.

    Example:
        >>> key_columns(Grouping((GroupKey(0, "month"),)), (Column("day", "DATE"),))
        (Column(name='month_of_day', type='DATE'),)
    """
    taken = {fold(column.name) for column in (*columns, *group_columns(grouping, columns))}
    made: list[Column] = []
    for key in grouping.keys:
        column = Column(columns[key.column].name, key_type(columns[key.column], key))
        if key.part != "value":
            column = replace(column, name=f"{key.part}_of_{column.name}")
            [column] = _named_apart([column], taken)
        taken.add(fold(column.name))
        made.append(column)
    return tuple(made)


def line_columns(grouping: Grouping, columns: tuple[Column, ...]) -> tuple[Column, ...]:
    """Return all columns that lines have: the relation's, and those that are made of groups.

    What rows and their groups show in one column may have two types, as times and months. Then it is text.
    """
    kept = {key for key in grouping.keys if key.part == "value" and kind_of(columns[key.column]) is not Kind.OTHER}
    texts = {key.column for key in grouping.keys if key not in kept}
    own = (replace(column, type="VARCHAR") if at in texts else column for at, column in enumerate(columns))
    return (*own, *group_columns(grouping, columns))


def group_headers(grouping: Grouping, columns: tuple[Column, ...]) -> list[dict[str, str]]:
    """Return what the browser must know of the columns after those of the relation."""
    made = group_columns(grouping, columns)
    count = {"name": "rows", "type": "count", "full_type": "number of rows", "kind": kind_of(made[0]).value}
    return [
        count,
        *(
            {
                "name": columns[one.column].name,
                "type": one.function,
                "full_type": f"{one.function}: {short_type(column)}",
                "kind": kind_of(column).value,
            }
            for one, column in zip(grouping.aggregates, made[1:], strict=True)
        ),
    ]


def _named_apart(made: Iterable[Column], taken: set[str]) -> tuple[Column, ...]:
    apart: list[Column] = []
    for column in made:
        name = unused(column.name, taken)
        taken = taken | {fold(name)}
        apart.append(replace(column, name=name))
    return tuple(apart)


def _aggregate_column(one: Aggregate, column: Column) -> Column:
    name = f"{one.function}_of_{column.name}"
    match one.function:
        case "distinct":
            return Column(name, "BIGINT")
        case "min" | "max":
            return Column(name, column.type)
        case "sum" if kind_of(column) is Kind.INTEGER and is_exact_sum(column):
            return Column(name, "HUGEINT")
        case "sum" if kind_of(column) is Kind.DECIMAL and is_exact_sum(column):
            return Column(name, f"DECIMAL(38,{decimal_places(column)})")
        case "sum" | "mean":
            return Column(name, "DOUBLE")
