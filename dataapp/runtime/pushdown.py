"""Which rows are computed or fetched: those that conditions of their readers let pass, where these are constant.

What is pushed into Polars are the conditions that `agreement` lets pass, what is asked of databases `narrowing` writes.

NaN is larger than every number to Polars, too, but not to every reader below it, so it is named where it passes.

Only conditions are pushed that no input moves: constants of the text, and parameters that stand for a constant of the
module. A frame that is here as a whole is filtered by the engine in milliseconds, while each value of a slider would
collect it anew, perhaps from a slow scan: so what a slider moves restricts nothing, and a move computes no frame.

A frame has the rows of all its readers. Those of a reader that comes later may be missing. Then it is collected once
more, and as a whole, unless it had to be computed anew for more columns in any case. So each frame is collected at most
once more than without conditions: when a view is opened, and never when an input moves. No row is given up again.
"""

from collections.abc import Callable, Mapping, Sequence, Set
from functools import reduce
from typing import Any, assert_never

from dataapp.cells.cell import Cell
from dataapp.compile.identifiers import fold
from dataapp.compile.restrictions import (
    EVERY_ROW,
    AllOf,
    AnyOf,
    Comparison,
    Constant,
    Membership,
    NullTest,
    Restriction,
    all_of,
)
from dataapp.runtime.agreement import Kind, WantedRows, agreed
from dataapp.runtime.waves import Node

_MOST_STEPS = 64
_KINDS: Mapping[str, Kind] = {
    **{
        f"{sign}{bits}": Kind("integer", bits=bits, is_signed=sign == "Int")
        for sign in ("Int", "UInt")
        for bits in (8, 16, 32, 64)
    },
    **{f"Float{bits}": Kind("float", bits=bits) for bits in (32, 64)},
    "String": Kind("text"),
    "Boolean": Kind("boolean"),
    "Date": Kind("date"),
}


def wanted_rows(
    table: Node,
    cell: Cell | None,
    necessary: Set[Node],
    restriction: Callable[[Node, Cell | None], tuple[Restriction, Cell | None] | None],
    passes: Mapping[Node, Cell],
) -> WantedRows:
    """Return which rows of a table its necessary readers may use.

    Args:
        table: The node that readers read.
        cell: The cell that it belongs to, or None where queries read it only through nodes that hand it on.
        necessary: The nodes that are demanded, and all above them.
        restriction: Returns what rows of a cell pass that the query of a node uses, and the query's cell if it hands
            them on to its readers as they are; or None if the node is no query as far as is known.
        passes: Nodes that hand on to readers what they read, with their cells.
    """
    found: dict[Restriction, None] = {}
    pending: list[tuple[Node, Cell | None, Restriction]] = [(table, cell, EVERY_ROW)]
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
    return agreed(rows, _columns(schema))


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
    return frame.filter(_expression(restriction, {fold(name): (name, schema[name]) for name in schema}))


def _columns(schema: Mapping[str, Any]) -> Sequence[tuple[str, Kind | None]]:
    return [(name, _kind(kind)) for name, kind in schema.items()]


def _kind(kind: Any) -> Kind | None:
    unit, zone = getattr(kind, "time_unit", None), getattr(kind, "time_zone", None)
    if kind.base_type().__name__ == "Datetime":
        return Kind("timestamp", unit=unit) if zone is None and unit in ("us", "ms") else None
    return _KINDS.get(str(kind))


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
            values = [_converted(value, kind) for value in restriction.values]
            return pl.col(name).is_in(pl.Series(values, dtype=kind))
        case Comparison(value=Constant() as value):
            return _compared(restriction.column, restriction.comparator, value, columns)
        case Comparison():
            raise AssertionError(f"{restriction} does not fit")
        case _:
            assert_never(restriction)


def _converted(constant: Constant, kind: Any) -> object:
    known = _kind(kind)
    return None if known is None else known.converted(constant)


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
            return passes | left.is_nan() if kind.is_float() else passes
