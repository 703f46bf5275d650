"""Which rows of a lazy frame are computed: those that conditions of its readers let pass, where they are constant.

The engine applies each condition again, so what is pushed into Polars may let more rows pass, but never fewer. Only
what is known to mean the same to both is pushed, which a property test holds for each pair of types:

- whole numbers with whole numbers in the range of the column; 64-bit floats with numbers that are exact there, 32-bit
  floats with small whole numbers; text with text, by its bytes; dates and times without a zone with dates and times;
  conditions; NULL tests of these;
- NaN is larger than every number to the engine. To Polars, too, but not to every reader below it, so it is named where
  it passes. `<>` of floats is left alone, and so are decimals, categories, zones, and numbers compared across kinds.

Only conditions are pushed that no input moves: constants of the text, and parameters that stand for a constant of the
module. A frame that is here as a whole is filtered by the engine in milliseconds, while each value of a slider would
collect it anew, perhaps from a slow scan: so what a slider moves restricts nothing, and a move computes no frame.

A frame has the rows of all its readers. Those of a reader that comes later may be missing. Then it is collected once
more, and as a whole, unless it had to be computed anew for more columns in any case. So each frame is collected at most
once more than without conditions: when a view is opened, and never when an input moves. No row is given up again.
"""

from collections.abc import Callable, Mapping, Set
from datetime import date, datetime
from functools import reduce
from typing import Any, assert_never, cast

from dataapp.cells.cell import Cell
from dataapp.compile.identifiers import fold
from dataapp.compile.restrictions import (
    EVERY_ROW,
    AllOf,
    AnyOf,
    Comparison,
    Condition,
    Constant,
    Membership,
    NullTest,
    Restriction,
    all_of,
    any_of,
    map_conditions,
    to_date,
    to_timestamp,
)
from dataapp.runtime.waves import Node

type WantedRows = frozenset[Restriction] | None
"""What the rows of each reader pass, or None for all rows."""

_MOST_STEPS = 64
_EXACT_INTEGERS = {"Float64": 2**53, "Float32": 2**24}
_INTEGERS: Mapping[str, range] = {
    f"{sign}{bits}": range(0 if sign == "UInt" else -(2 ** (bits - 1)), 2 ** (bits if sign == "UInt" else bits - 1))
    for sign in ("Int", "UInt")
    for bits in (8, 16, 32, 64)
}


def wanted_rows(
    table: Node,
    cell: Cell,
    necessary: Set[Node],
    restriction: Callable[[Node, Cell], tuple[Restriction, Cell | None] | None],
    passes: Mapping[Node, Cell],
) -> WantedRows:
    """Return which rows of a table its necessary readers may use.

    Args:
        table: The node that readers read.
        cell: The cell that it belongs to.
        necessary: The nodes that are demanded, and all above them.
        restriction: Returns what rows of a cell pass that the query of a node uses, and the query's cell if it hands
            them on to its readers as they are; or None if the node is no query as far as is known.
        passes: Nodes that hand on to readers what they read, with their cells.
    """
    found: dict[Restriction, None] = {}
    pending: list[tuple[Node, Cell, Restriction]] = [(table, cell, EVERY_ROW)]
    for _ in range(_MOST_STEPS):
        if not pending:
            break
        node, read, passed = pending.pop()
        readers = [reader for reader in dict.fromkeys(node.outputs) if reader in necessary]
        uses = {reader: restriction(reader, read) for reader in readers if reader not in passes}
        if node.demand or None in uses.values():  # somebody looks at all that came here
            found[passed] = None
            continue
        pending += [(reader, passes[reader], passed) for reader in readers if reader in passes]
        for reader, use in uses.items():
            assert use is not None
            own, handed_on_by = all_of([passed, use[0]]), use[1]
            if handed_on_by is None:
                found[own] = None
            else:
                pending.append((reader, handed_on_by, own))
    return None if pending or not found or EVERY_ROW in found else frozenset(found)


def widened(known: WantedRows, found: WantedRows, *, is_computed_anew: bool) -> WantedRows:
    """Return which rows to compute from now on.

    Args:
        known: Those that were to be computed until now.
        found: Those that readers want now.
        is_computed_anew: Whether the frame is to be computed in any case.
    """
    if known is None or found is None:
        return None
    return known | found if is_computed_anew or found <= known else None


def fitting(rows: WantedRows, schema: Mapping[str, Any]) -> Restriction:
    """Return the conditions of wanted rows as far as they go with a frame of Polars.

    Args:
        rows: The rows.
        schema: Types of its columns by their names.
    """
    types = {fold(name): kind for name, kind in schema.items()}
    if rows is None or len(types) < len(schema):  # to the engine one name: it numbers them
        return EVERY_ROW

    def fit(condition: Condition) -> Restriction:
        return condition if condition.column in types and _fits(condition, types[condition.column]) else EVERY_ROW

    return any_of(map_conditions(restriction, fit) for restriction in sorted(rows, key=str))


def restrict(frame: Any, restriction: Restriction, schema: Mapping[str, Any]) -> Any:
    """Return a lazy frame of Polars with the rows that pass a restriction that fits it.

    Example:
        >>> import polars as pl
        >>> frame = pl.LazyFrame({"N": [1, None, 3]})
        >>> found = fitting(frozenset([Comparison("n", ">", Constant("integer", 2))]), frame.collect_schema())
        >>> restrict(frame, found, frame.collect_schema()).collect()["N"].to_list()
        [3]
    """
    if restriction == EVERY_ROW:
        return frame
    return frame.filter(_expression(restriction, {fold(name): (name, kind) for name, kind in schema.items()}))


def _fits(condition: Condition, kind: Any) -> bool:
    match condition:
        case NullTest():
            return _is_known(kind)
        case Membership(values=values):
            return all(value.kind != "literal" or str(kind) == "String" for value in values) and all(
                _converted(value, kind) is not None for value in values
            )
        case Comparison(comparator=comparator, value=value):
            is_unequal_float = comparator == "<>" and str(kind) in _EXACT_INTEGERS
            return isinstance(value, Constant) and not is_unequal_float and _converted(value, kind) is not None
        case _:
            assert_never(condition)


def _is_known(kind: Any) -> bool:
    name = str(kind)
    return name in _INTEGERS or name in _EXACT_INTEGERS or name in ("String", "Boolean", "Date") or _is_time(kind)


def _is_time(kind: Any) -> bool:
    unit, zone = getattr(kind, "time_unit", None), getattr(kind, "time_zone", None)
    return kind.base_type().__name__ == "Datetime" and zone is None and unit in ("us", "ms")


def _converted(constant: Constant, kind: Any) -> object:
    """Return a constant as a value of the type of a column, or None where the two engines may not agree on it."""
    value = constant.value
    match str(kind), constant.kind:
        case name, "integer" if name in _INTEGERS:
            return value if value in _INTEGERS[name] else None
        case ("Float64" | "Float32") as name, "integer":
            return float(cast("int", value)) if abs(cast("int", value)) <= _EXACT_INTEGERS[name] else None
        case "Float64", "decimal" | "double":
            return value
        case "String", "literal" | "text":
            return value
        case "Boolean", "boolean":
            return value
        case "Date", "date":
            return value
        case "Date", "literal":
            return to_date(str(value))
        case _ if _is_time(kind):
            return _moment(constant, kind.time_unit)
        case _:
            return None


def _moment(constant: Constant, unit: str) -> datetime | None:
    match constant.kind, constant.value:
        case "literal", str() as text:
            moment = to_timestamp(text)
        case "timestamp", datetime() as moment:
            pass
        case "date", date() as day:
            moment = datetime(day.year, day.month, day.day)  # noqa: DTZ001  # a time without a zone
        case _:
            moment = None
    is_exact = moment is not None and (unit == "us" or moment.microsecond % 1000 == 0)
    return moment if is_exact else None


def _expression(restriction: Restriction, columns: Mapping[str, tuple[str, Any]]) -> Any:
    import polars as pl  # here: whoever has a frame of Polars has imported it, all others need not

    match restriction:
        case AllOf(terms):
            return reduce(lambda left, right: left & right, (_expression(term, columns) for term in terms))
        case AnyOf(terms):
            return reduce(lambda left, right: left | right, (_expression(term, columns) for term in terms))
        case NullTest():
            column = pl.col(columns[restriction.column][0])
            return column.is_null() if restriction.is_null else column.is_not_null()
        case Membership():
            name, kind = columns[restriction.column]
            return pl.col(name).is_in(pl.Series([_converted(value, kind) for value in restriction.values], dtype=kind))
        case Comparison(value=Constant() as value):
            return _compared(restriction.column, restriction.comparator, value, columns)
        case Comparison():
            raise AssertionError(f"{restriction} does not fit")
        case _:
            assert_never(restriction)


def _compared(column: str, comparator: str, constant: Constant, columns: Mapping[str, tuple[str, Any]]) -> Any:
    import polars as pl  # here: as above

    name, kind = columns[column]
    left, right = pl.col(name), pl.lit(_converted(constant, kind), dtype=kind)
    match comparator:
        case "=":
            return left == right
        case "<>":
            return left != right
        case "<":
            return left < right
        case "<=":
            return left <= right
        case _:
            passes = left > right if comparator == ">" else left >= right
            return passes | left.is_nan() if str(kind) in _EXACT_INTEGERS else passes
