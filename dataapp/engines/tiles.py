"""Tiles: the parts of a cube as a page gets them, to answer by itself while a range moves (`compile.cubes.tiles`)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from dataapp.cells.steps import Steps
from dataapp.compile.cubes.tiles import GROUP, MOST_GROUPS, End, Measure, TilePlan
from dataapp.compile.cubes.trees import Misfit, parameters
from dataapp.engines.bins import INTEGERS
from dataapp.engines.kept import KeptTable

if TYPE_CHECKING:
    from dataapp.engines.duckdb import Reader

HIGH = "__high_of_"
"""What the column with the higher part of large numbers is called, before the name of that with the 32 lower bits."""

_MOST_PARTS = 1_000_000
_MOST_BYTES = 8_000_000
_MOST_STEPS = 20_000  # as many as pixels are taken for
_EXACT = 2.0**53  # whole numbers below it are doubles

type _Numbers = "np.ndarray[Any, np.dtype[np.float64]]"


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Tile:
    """What a page needs to answer a query for any range whose ends are on steps.

    Attributes:
        columns: The columns of the answer in their order: a measure, or None for what the group says.
        is_inner: See `TilePlan.is_inner`.
        low: The lower end of the range, or None.
        high: The upper one.
        steps: The values that both may have.
        starts: For each of them as the lower end, the number of the first bin that passes; None without such an end.
        ends: For each as the upper end, the number of the first bin that does not; None without such an end.
        offsets: Where the parts of each bin begin, and where those of the last one end.
        parts: The number of a group, and its parts in a bin, sorted by bins; of large numbers in two columns (`HIGH`).
        groups: What groups say, in the order of the answer, with their numbers.
    """

    columns: tuple[tuple[str, Measure | None], ...]
    is_inner: bool
    low: End | None
    high: End | None
    steps: Steps
    starts: Sequence[int] | None
    ends: Sequence[int] | None
    offsets: Sequence[int]
    parts: pa.Table
    groups: pa.Table

    @property
    def nbytes(self) -> int:
        """About how much memory it takes."""
        return self.parts.nbytes + self.groups.nbytes + 8 * (len(self.offsets) + 2 * self.steps.count)


def make_tile(
    plan: TilePlan, kept: KeptTable, binned: Mapping[str, Steps], bound: Mapping[str, object], reader: "Reader"
) -> Tile:
    """Make a tile of a cube.

    Args:
        plan: How.
        kept: The cube, or its lower layer.
        binned: The steps that parameters have.
        bound: The values of all parameters.
        reader: Reads the cube.

    Raises:
        Misfit: It would be too large, or a page could not add its parts up as the engine does.
        DataAppError: The engine refused.
    """
    if kept.rows > _MOST_PARTS:
        raise Misfit(f"it has {kept.rows:,} parts")
    table = kept.name
    found = {binned.get(end.parameter) for end in (plan.low, plan.high) if end is not None}
    [steps] = found if len(found) == 1 else [None]
    if steps is None or steps.count > _MOST_STEPS:
        raise Misfit("its range may end anywhere, or almost")
    types = dict(reader.describe_query(plan.types(table), {}))
    sums = {
        part for _, measure in plan.columns if measure and measure.how not in ("min", "max") for part in measure.parts
    }
    for name, kind in types.items():
        is_number = kind in INTEGERS or kind in ("DOUBLE", "FLOAT") or kind.startswith("DECIMAL(")
        if not is_number or (name in sums and kind not in INTEGERS and kind != "DOUBLE"):
            raise Misfit(f"a page cannot add up {kind}")
    rounded = [measure for _, measure in plan.columns if measure is not None and measure.is_whole]
    if any(one.how == "mean" or not {types[part] for part in one.parts} <= INTEGERS for one in rounded):
        raise Misfit("what is added up is rounded afterwards")
    parts = reader.read_cube(plan.rows(table), {})
    groups_text = plan.groups(table, reader.engine)
    used = parameters(reader.engine.serialize(groups_text))
    groups = reader.read_cube(groups_text, {name: value for name, value in bound.items() if name in used})
    if groups.num_rows > MOST_GROUPS:
        raise Misfit(f"it has {groups.num_rows:,} groups")
    said = [name for name, measure in plan.columns if measure is None]
    if plan.is_ordered and groups.group_by(said).aggregate([]).num_rows < groups.num_rows:
        raise Misfit("its order depends on what is added up")
    values = _numbers(reader.read_cube(plan.values(table), {}).column("value"))
    ends: _Numbers = (steps.start + np.arange(steps.count + 1, dtype=np.float64) * steps.step) / steps.scale
    starts = None if plan.low is None else _places(values, ends, "left" if plan.low.is_inclusive else "right")
    stops = None if plan.high is None else _places(values, ends, "right" if plan.high.is_inclusive else "left")
    bins: Any = parts.column("bin").to_numpy()
    offsets = cast("list[int]", np.searchsorted(bins, np.arange(len(values) + 1)).tolist())
    reader.relation.check_sources()
    columns = _compact(GROUP, parts.column(GROUP))
    for name, kind in types.items():
        is_whole_sum = name in sums and kind in INTEGERS
        columns |= _compact(name, parts.column(name)) if is_whole_sum else {name: parts.column(name)}
    table_of_parts = pa.table(columns)
    if table_of_parts.nbytes > _MOST_BYTES:
        raise Misfit(f"it has {table_of_parts.nbytes / 1e6:.1f} MB")
    return Tile(plan.columns, plan.is_inner, plan.low, plan.high, steps, starts, stops, offsets, table_of_parts, groups)


def _places(values: _Numbers, ends: _Numbers, side: Any) -> list[int]:
    return cast("list[int]", np.searchsorted(values, ends, side=side).tolist())


def _numbers(values: Any) -> _Numbers:
    """Return values as what `Steps` counts: numbers, or microseconds since 1970; NaN is greater than all."""
    if pa.types.is_date(values.type):
        values = values.cast(pa.timestamp("us"))
    if pa.types.is_timestamp(values.type):
        values = values.cast(pa.timestamp("us", values.type.tz)).cast(pa.int64())
    return cast("_Numbers", values.cast(pa.float64()).to_numpy())


def _compact(name: str, values: Any) -> dict[str, Any]:
    """Return a column of whole numbers in few bytes, or two; all together they must be a double."""
    numbers = values.fill_null(0).to_numpy()
    if np.abs(numbers).sum() >= _EXACT:
        raise Misfit("its sums are too large for a page")
    least, most = (int(numbers.min()), int(numbers.max())) if len(numbers) else (0, 0)
    kind = next((kind for kind, low, high in _KINDS if low <= least and most <= high), None)
    if kind is None and least >= 0 and most < 2**48:
        compute: Any = pc
        whole = values.cast(pa.int64())
        low = compute.bit_wise_and(whole, pa.scalar(2**32 - 1, pa.int64()))
        high = compute.shift_right(whole, pa.scalar(32, pa.int64()))
        return {name: low.cast(pa.uint32()), f"{HIGH}{name}": high.cast(pa.uint16())}
    return {name: values.cast(kind or pa.float64())}


_KINDS = (
    (pa.uint8(), 0, 2**8 - 1),
    (pa.uint16(), 0, 2**16 - 1),
    (pa.int32(), -(2**31), 2**31 - 1),
    (pa.uint32(), 0, 2**32 - 1),
)
