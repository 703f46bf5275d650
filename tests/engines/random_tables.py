"""Random tables for property tests, and whether two answers about them are the same."""

import datetime as dt
import math
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pyarrow as pa
from hypothesis import strategies as st

_FLOATS = st.sampled_from([0.0, -0.0, 0.1, 0.3, 0.5, 1.0, 2.5, 9.9, 10.0, -3.25, math.nan, math.inf, -math.inf, 1e300])
_TAME = st.sampled_from([0.0, 0.1, 0.3, 0.5, 1.0, 2.5, 9.9, 10.0, -3.25, 4.75])
MOMENT = dt.datetime(2024, 3, 30, 22)  # noqa: DTZ001  # of columns without a zone
INSTANT = dt.datetime(2024, 3, 31, 0, 56, tzinfo=dt.UTC)  # a clock in Berlin is put forward minutes later
_FOREVER = st.sampled_from([2**63 - 1, 1 - 2**63])  # infinity and -infinity, as Arrow has them
COLUMNS: dict[str, tuple[pa.DataType, st.SearchStrategy[Any]]] = {
    "i": (pa.int32(), st.integers(-3, 12)),
    "b": (pa.int64(), st.integers(-(2**62), 2**62) | st.integers(0, 10)),
    "f": (pa.float64(), _FLOATS),
    "g": (pa.float32(), st.sampled_from([0.1, 0.5, 2.5, 10.0])),
    "x": (pa.float64(), _TAME),
    "d": (pa.decimal128(12, 2), st.integers(-300, 1200).map(lambda cents: Decimal(cents) / 100)),
    "t": (pa.string(), st.sampled_from(["", "a", "b", "ä", "A"])),
    "ts": (
        pa.timestamp("us"),
        st.integers(0, 20).map(lambda step: MOMENT + dt.timedelta(minutes=7 * step)) | _FOREVER,
    ),
    "tz": (
        pa.timestamp("us", tz="Europe/Berlin"),
        st.integers(0, 9).map(lambda step: INSTANT + dt.timedelta(minutes=step)) | _FOREVER,
    ),
    "day": (
        pa.date32(),
        st.integers(0, 9).map(lambda day: dt.date(2024, 2, 25) + dt.timedelta(days=day))
        | st.sampled_from([2**31 - 1, 1 - 2**31]),
    ),
    "yes": (pa.bool_(), st.booleans()),
}  # fmt: skip

AGGREGATES = (  # `{c}` is any column
    "count(*)",
    "count({c})",
    "count(*) FILTER (WHERE i > 3)",
    "min({c})",
    "max({c})",
    "sum(i)",
    "sum(d)",
    "sum(b)",
    "sum(x)",
    "sum(x) FILTER (WHERE yes)",
    "avg(i)",
    "avg(d)",
    "avg(x)",
    "var_pop(x)",
)


@st.composite
def tables(draw: st.DrawFn) -> pa.Table:
    rows = draw(st.integers(0, 40))
    columns = {
        name: pa.array(draw(st.lists(st.none() | values, min_size=rows, max_size=rows)), kind)
        for name, (kind, values) in COLUMNS.items()
    }
    if draw(st.booleans()):  # as Polars hands text out, beside which the engine filters by itself
        columns["t"] = columns["t"].cast(pa.string_view())
    return pa.table(columns | {"row": pa.array(range(rows), pa.int64())})


def is_same(answered: object, expected: object) -> bool:
    if isinstance(answered, float) and isinstance(expected, float):
        if math.isnan(answered) or math.isnan(expected):
            return math.isnan(answered) and math.isnan(expected)
        return answered == expected or math.isclose(answered, expected, rel_tol=1e-9, abs_tol=1e-9)
    return type(answered) is type(expected) and answered == expected


def sorted_rows(table: pa.Table) -> Sequence[Sequence[object]]:
    """Return rows in one order, whatever the last digits of their floating-point numbers, and their zeros' sign."""

    def order(row: Sequence[object]) -> str:
        return repr([f"{item + 0.0:.6g}" if isinstance(item, float) else item for item in row])

    return sorted(([*row.values()] for row in _counted(table).to_pylist()), key=order)


def _counted(table: pa.Table) -> pa.Table:
    """Return a table with numbers for dates and timestamps, for Python has no infinite ones."""
    columns: list[Any] = [column.cast(_counted_type(column.type)) for column in table.columns]
    return pa.table(columns, table.schema.names)


def _counted_type(kind: Any) -> Any:
    if pa.types.is_list(kind):
        return pa.list_(_counted_type(kind.value_type))
    if pa.types.is_timestamp(kind):
        return pa.int64()
    return pa.int32() if pa.types.is_date32(kind) else kind
