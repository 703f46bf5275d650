"""The bins of cubes: how values are put between the steps of what moves, in the engine's own arithmetic."""

from collections.abc import Callable, Mapping, Sequence

from dataapp.cells.steps import Steps
from dataapp.cells.values import Bound
from dataapp.compile.cubes.plan import Bin, Moving

INTEGERS = frozenset(
    {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "HUGEINT", "UHUGEINT"}
)
_WIDE = frozenset({"BIGINT", "UBIGINT", "HUGEINT", "UHUGEINT"})  # in the others, distances may not fit
_MOMENTS = frozenset({"DATE", "TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS"})
_EXACT_DIGITS = 15


def put_into_bins(
    moving: Sequence[Moving], types: Mapping[str, str], values: Mapping[str, Bound]
) -> tuple[list[Bin | None], dict[str, Steps]]:
    """Return how each moving column is put into bins, and the steps that each parameter has then.

    Args:
        moving: The columns.
        types: The engine's types of them, by the names of their values.
        values: What they are compared with, by parameter.
    """
    bins: list[Bin | None] = []
    binned: dict[str, Steps] = {}
    for one in moving:
        steps = _common_steps(one, values)
        put = None if steps is None else _bin(types[one.value], steps)
        bins.append(put)
        if steps is not None and put is not None:
            binned |= dict.fromkeys(one.compared or (), steps)
    return bins, binned


def _common_steps(moving: Moving, values: Mapping[str, Bound]) -> Steps | None:
    """Return the steps of all values that a column is compared with, or None if they differ or have none."""
    found = {values[name].steps for name in moving.compared or ()}
    [steps] = found if len(found) == 1 else [None]
    return steps


def _bin(sql_type: str, steps: Steps) -> Bin | None:
    """Return how values of a type are put into bins, or None where the engine does not compare them as numbers."""
    whole = steps.whole_bin
    if steps.kind != "number":
        fits = sql_type in _MOMENTS if steps.kind == "moment" else sql_type == "TIMESTAMP WITH TIME ZONE"
        return (lambda value: _of_moment(value, steps, whole)) if fits and whole is not None else None
    if sql_type in INTEGERS and whole is not None:
        return whole if sql_type in _WIDE else lambda value: whole(f"CAST({value} AS BIGINT)")
    digits = int(sql_type[len("DECIMAL(") :].partition(",")[0]) if sql_type.startswith("DECIMAL(") else None
    if sql_type in INTEGERS or sql_type in ("FLOAT", "DOUBLE") or (digits is not None and digits <= _EXACT_DIGITS):
        return (lambda value: steps.bin(f"CAST({value} AS DOUBLE)")) if steps.are_exact() else None
    return None


def _of_moment(value: str, steps: Steps, whole: Callable[[str], str]) -> str:
    """Return the bin of a date or timestamp, which may be infinite: such have no microseconds, as NULL has none."""
    sql_type = "TIMESTAMP" if steps.kind == "moment" else "TIMESTAMP WITH TIME ZONE"
    moment, epoch = f"CAST({value} AS {sql_type})", f"CAST('epoch' AS {sql_type})"
    below, above = steps.outer_bins
    infinite = f"CASE WHEN {moment} < {epoch} THEN {below} WHEN {moment} > {epoch} THEN {above} END"
    return f"coalesce({whole(f'epoch_us({moment})')}, {infinite})"
