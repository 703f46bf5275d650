"""Frames of random schemas: columns of any type that Polars has, under names that are easy to mix up."""

from decimal import Decimal
from typing import Any, Literal, NamedTuple

import polars as pl
import pyarrow as pa
from hypothesis import strategies as st

from dataapp.compile.identifiers import quote_identifier
from dataapp.engines.duckdb import DuckDB
from dataapp.engines.relation import Relation

NAMES = [
    "x",
    "X",
    "x ",
    "x_1",
    "value",
    "number",
    "n",
    "part",
    "place",
    "last",
    "rowid",
    "c0",
    "f1",
    "relation",
    "kept",
]
NAMES += ["<b>", 'a"b', "relation.x", "a\nb", "=1", "日本", " "]
TEXTS = ["", " ", "a", "A", "null", "NaN", "'", '"q"', "<b>", "a\nb", "a\0b", "=1+1", "日本", "\u202eabc", "2024"]
LONG = [f"{start}{'x' * length}" for start in "ab" for length in (198, 199, 200, 499, 500, 100_000)]
LETTERS = ["b", "a", "", "null"]
INTEGERS = [pl.Int8, pl.Int16, pl.Int32, pl.Int64, pl.UInt8, pl.UInt16, pl.UInt32, pl.UInt64]
FLOATS = [0.0, -0.0, 1.5, -2.25, 1e30, float("nan"), float("inf"), float("-inf")]
ZONES = ["UTC", "Europe/Berlin", "America/St_Johns"]


type Unit = Literal["ms", "us", "ns"]
UNITS: list[Unit] = ["ms", "us", "ns"]


class ColumnKind(NamedTuple):
    """A type, and values of it: those of dates and times as Polars stores them, so that none is out of reach."""

    type: pl.DataType
    values: st.SearchStrategy[Any]


def integers(type_: Any) -> st.SearchStrategy[ColumnKind]:
    low, high = pl.select(type_.min()).item(), pl.select(type_.max()).item()
    near = st.integers(max(low, -3), 3)
    return st.sampled_from([near, near | st.integers(low, high)]).map(lambda values: ColumnKind(type_(), values))


@st.composite
def decimals(draw: st.DrawFn) -> ColumnKind:
    precision = draw(st.integers(1, 38))
    scale = draw(st.integers(0, precision))
    most = 10**precision - 1
    digits = st.integers(-3, 3) | st.integers(-most, most) | st.sampled_from([most, -most])
    return ColumnKind(
        pl.Decimal(precision, scale),
        digits.filter(lambda number: abs(number) <= most).map(lambda number: scaled(number, scale)),
    )


def scaled(number: int, scale: int) -> Decimal:
    digits = tuple(map(int, str(abs(number))))
    return Decimal((int(number < 0), digits, -scale))  # exact, whatever the context's precision


def moments(unit: Unit, zone: str | None) -> ColumnKind:
    """Moments as Polars counts them: within minutes, months, centuries, and up to the ends of the engine's type."""
    tick = {"ms": 10**3, "us": 10**6, "ns": 10**9}[unit]
    night = 1_711_836_000 * tick  # in which European clocks are put forward
    step = 1000 if zone is not None and unit == "ns" else 1  # the engine keeps microseconds
    lowest, highest = NS_ENDS if unit == "ns" else US_ENDS
    if unit == "ms":
        lowest, highest = -(-lowest // 1000), highest // 1000
    if zone is not None:  # the engine writes later ones with an error of a millisecond
        lowest, highest = max(lowest, -(2**53) * tick // 1000), min(highest, 2**53 * tick // 1000)
    values = st.one_of(
        st.integers(0, 20).map(lambda ticks: night + ticks * step),
        st.integers(0, 600).map(lambda minutes: night + minutes * 60 * tick),
        st.integers(-100, 100).map(lambda days: night + days * 86_400 * tick),
        st.integers(-(2**40) * tick // 1000, 2**40 * tick // 1000).map(lambda moment: moment // step * step),
        st.integers(lowest, highest).map(lambda moment: moment // step * step),
    )
    if unit == "us":
        values |= st.sampled_from([2**63 - 1, -(2**63) + 1])  # infinities
    return ColumnKind(pl.Datetime(unit, zone), values)


US_ENDS = -9_223_372_022_400_000_000, 2**63 - 2  # what is beyond is infinite, or not to be read
NS_ENDS = -9_223_286_400_000_000_000, 2**63 - 2
DAYS = st.integers(19_700, 19_800) | st.integers(-719_162, 2_932_896) | st.sampled_from([-719_162, 2_932_896, -719_163])
DAYS |= st.integers(-(2**31) + 2, 2**31 - 2) | st.sampled_from([2**31 - 1, -(2**31) + 1])  # infinities
CLOCK = st.sampled_from([0, 86_399_999_999_999, 3_600_000_000_000]) | st.integers(0, 86_399_999_999_999)
SPANS = st.integers(-(2**43), 2**43).map(lambda micros: micros * 1000)  # the engine keeps microseconds
SPANS |= st.integers(-3, 3).map(lambda hours: hours * 3_600_000_000)
NUMBERS = st.sampled_from(FLOATS)
KINDS = st.one_of(
    *(integers(one) for one in INTEGERS),
    st.just(ColumnKind(pl.Float64(), NUMBERS | st.floats() | st.floats(0, 1))),
    st.just(ColumnKind(pl.Float32(), NUMBERS | st.floats(width=32) | st.floats(0, 1, width=32))),
    decimals(),
    st.just(ColumnKind(pl.String(), st.sampled_from(TEXTS + LONG) | st.text(max_size=3))),
    st.just(ColumnKind(pl.Categorical(), st.sampled_from(TEXTS))),
    st.just(ColumnKind(pl.Enum(LETTERS), st.sampled_from(LETTERS))),
    st.just(ColumnKind(pl.Boolean(), st.booleans())),
    st.just(
        ColumnKind(pl.Binary(), st.binary(max_size=2) | st.sampled_from([b"\0" * 99, b"\0" * 100, b"\xff" * 5000]))
    ),
    st.just(ColumnKind(pl.Date(), DAYS)),
    st.just(ColumnKind(pl.Time(), CLOCK)),
    st.builds(moments, st.sampled_from(UNITS), st.none() | st.sampled_from(ZONES)),
    st.sampled_from(UNITS).map(lambda unit: ColumnKind(pl.Duration(unit), SPANS)),
    st.just(ColumnKind(pl.Null(), st.none())),
    st.just(ColumnKind(pl.List(pl.Float64()), st.lists(st.none() | NUMBERS, max_size=2))),
    st.just(ColumnKind(pl.Array(pl.Int8(), 2), st.lists(st.none() | st.integers(0, 1), min_size=2, max_size=2))),
    st.just(
        ColumnKind(
            pl.Struct({"a": pl.Decimal(4, 2), "A ": pl.List(pl.String)}),
            st.fixed_dictionaries(
                {"a": st.none() | st.just(Decimal("1.50")), "A ": st.lists(st.sampled_from(TEXTS), max_size=1)}
            ),
        )
    ),
)


class Drawn(NamedTuple):
    """A column before it is one of Polars, which cannot show days of all years that it can hold."""

    name: str
    type: pl.DataType
    values: list[Any]

    @property
    def series(self) -> pl.Series:
        """The column."""
        if not self.type.is_temporal():
            return pl.Series(self.name, self.values, dtype=self.type)
        numbers = pl.Series(self.name, self.values, dtype=pl.Int32 if self.type == pl.Date else pl.Int64)
        return numbers.cast(self.type)


@st.composite
def drawn(draw: st.DrawFn, name: str, size: int) -> Drawn:
    """A column of few different values or of many, some of them null, or none."""
    kind = draw(KINDS)
    nullable = st.none() | kind.values if draw(st.booleans()) else kind.values
    pool = draw(st.lists(nullable, min_size=1, max_size=draw(st.sampled_from([1, 3, 20]))))
    picks = draw(st.randoms(use_true_random=False))
    return Drawn(name, kind.type, [picks.choice(pool) for _ in range(size)])


@st.composite
def schemas(draw: st.DrawFn) -> list[Drawn]:
    """Up to four columns and sixty rows."""
    size = draw(st.sampled_from([0, 1, 2, 13, 60]))
    names = draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=4, unique=True))
    return [draw(drawn(name, size)) for name in names]


def relation_of(engine: DuckDB, frame: pl.DataFrame, fixed_order: bool) -> Relation:
    """The frame as a relation, its enums as such: Arrow's are text to the engine."""
    shown: Any = pa.table(frame.with_columns(pl.col(pl.Enum).cast(pl.String), pl.col(pl.Categorical).cast(pl.String)))
    renamed = shown.rename_columns([f"{at}" for at in range(len(shown.columns))])
    listed = ", ".join(f"'{letter}'" for letter in LETTERS)
    cells: list[str] = []
    for at, (name, type_) in enumerate(frame.schema.items()):
        cell = f'CAST("{at}" AS ENUM({listed}))' if isinstance(type_, pl.Enum) else f'"{at}"'
        cells.append(f"{cell} AS {quote_identifier(name)}")
    sql = f"SELECT {', '.join(cells)} FROM shown"
    return Relation(sql, key=object(), engine=engine, frames={"shown": renamed}, fixed_order=fixed_order)
