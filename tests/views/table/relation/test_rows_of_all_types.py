"""Windows, orders, filters and searches over columns of every type that Polars has, against Polars."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import polars as pl
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dataapp.engines.duckdb import DuckDB
from dataapp.engines.relation import Relation
from dataapp.views.table.columns import LONGEST_TEXT
from dataapp.views.table.filters.parsing import parse_filter
from dataapp.views.table.filters.predicates import ColumnFilter, Search
from dataapp.views.table.relation import rows as rows_module
from dataapp.views.table.relation.queries import BLOCK, Question, SortKey, Span
from dataapp.views.table.relation.rows import RelationRows
from tests.views.table.by_hand import Job

LONG = "long " * 50_000
TEXTS = ["", "null", "NaN", "a", "S", "<script>", "=1+1", "\u202eabc", "a\0b", "'", '"', LONG, "straße", "a\nb"]
SCHEMA: dict[str, Any] = {
    "id": pl.Int64,
    "small": pl.UInt8,
    "large": pl.UInt64,
    "single": pl.Float32,
    "wide": pl.Decimal(38, 10),
    "day": pl.Date,
    "clock": pl.Time,
    "nano": pl.Datetime("ns"),
    "milli": pl.Datetime("ms"),
    "zoned": pl.Datetime("us", "UTC"),
    "length": pl.Duration("us"),
    "kind": pl.Enum(["b", "a", ""]),
    "raw": pl.Binary,
    "<script>": pl.String,
    "<script> ": pl.String,
    'relation."id"': pl.String,
    "a\nb": pl.String,
    "tags": pl.List(pl.Float64),
    "pair": pl.Struct({"a": pl.Int32, "b": pl.String}),
    "nothing": pl.Null,
}
NAMES = list(SCHEMA)
SORTED = [name for name in NAMES if name not in {"tags", "pair", "nothing", "length"}]  # as Polars sorts them, too
TEXT_NAMES = ["<script>", "<script> ", 'relation."id"', "a\nb"]
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "small": st.sampled_from([0, 1, 255]),
    "large": st.sampled_from([0, 1, 2**53 + 1, 2**63, 2**64 - 1]),
    "single": st.sampled_from(
        [0.0, -0.0, 0.5, -1.25, float("nan"), float("inf"), float("-inf"), 3.4028234663852886e38]
    ),
    "wide": st.sampled_from([Decimal("9" * 28), Decimal("-" + "9" * 28), Decimal("1e-10"), Decimal(0)]),
    "day": st.sampled_from(
        [date(1, 1, 1), date(1969, 12, 31), date(2024, 2, 29), date(2024, 3, 1), date(9999, 12, 31)]
    ),
    "clock": st.sampled_from([time(0), time(8, 59, 59, 999999), time(9), time(10, 59), time(23, 59, 59, 999999)]),
    "nano": st.sampled_from([datetime(1700, 1, 1), datetime(2024, 2, 29, 12), datetime(2262, 4, 11)]),  # noqa: DTZ001
    "milli": st.sampled_from([datetime(1, 1, 1), datetime(2024, 2, 29, 12), datetime(9999, 12, 31)]),  # noqa: DTZ001
    "zoned": st.sampled_from([datetime(year, 6, 15, tzinfo=UTC) for year in (1900, 2023, 2024, 2025)]),
    "length": st.sampled_from([timedelta(0), timedelta(days=400), timedelta(hours=-5)]),
    "kind": st.sampled_from(["b", "a", ""]),
    "raw": st.sampled_from([b"", b"\0", b"\xff\x00", b"=1"]),
    **dict.fromkeys(TEXT_NAMES, st.sampled_from(TEXTS)),
    "tags": st.lists(st.none() | st.sampled_from([1.0, float("nan"), float("inf")]), max_size=2),
    "pair": st.fixed_dictionaries({"a": st.none() | st.integers(0, 3), "b": st.sampled_from(TEXTS)}),
    "nothing": st.none(),
}
SHOWN = "SELECT * REPLACE (CAST(kind AS ENUM('b', 'a', '')) AS kind) FROM shown"  # Arrow's are text here


def lower(name: str) -> pl.Expr:
    return pl.col(name).cast(pl.String).str.to_lowercase()


FILTERS: list[tuple[str, str, pl.Expr]] = [
    ("small", "1..300", pl.col("small") >= 1),
    ("small", "-1", pl.lit(False)),
    ("large", f">= {2**63}", pl.col("large") >= 2**63),
    ("large", f"{2**53 + 1}", pl.col("large") == 2**53 + 1),
    ("large", "> -1 or null", pl.lit(True)),
    ("single", "> 0", (pl.col("single") > 0) & pl.col("single").is_not_nan()),
    ("single", "in nan, -inf", pl.col("single").is_nan() | (pl.col("single") == float("-inf"))),
    ("single", "!= 0.5", pl.col("single") != 0.5),
    ("wide", "<= 0.00000000005", pl.col("wide") <= Decimal(0)),
    ("wide", "9" * 28, pl.col("wide") == Decimal("9" * 28)),
    ("day", "2024-02..2024", pl.col("day").dt.year() == 2024),
    ("day", "9999", pl.col("day") == date(9999, 12, 31)),
    ("day", "!= 0001", pl.col("day") != date(1, 1, 1)),
    ("clock", "09:00..10", pl.col("clock").is_between(time(9), time(11), closed="left")),
    ("clock", "23:59:59", pl.col("clock") >= time(23, 59, 59)),
    ("nano", "2024-02-29", pl.col("nano").dt.date() == date(2024, 2, 29)),
    ("nano", "> 2262", pl.lit(False)),
    ("nano", "<= 2262", pl.col("nano").is_not_null()),
    ("milli", "..<2024", pl.col("milli").dt.year() < 2024),
    ("milli", "> 2024", pl.col("milli").dt.year() > 2024),
    ("zoned", "2024 or null", (pl.col("zoned").dt.year() == 2024) | pl.col("zoned").is_null()),
    ("zoned", "< 2023", pl.col("zoned").dt.year() < 2023),
    ("length", "is null", pl.col("length").is_null()),
    ("kind", "in a, null", (pl.col("kind") == "a") | pl.col("kind").is_null()),
    ("kind", '!= ""', pl.col("kind") != ""),
    ("raw", "FF", pl.col("raw").bin.encode("hex").str.contains("ff", literal=True)),
    ("raw", '= ""', pl.col("raw") == b""),
    ("<script>", "<script>", lower("<script>").str.contains("<script>", literal=True)),
    ("<script>", "!starts =", ~pl.col("<script>").str.starts_with("=")),
    ("<script> ", "\u202e", pl.col("<script> ").str.contains("\u202e", literal=True)),
    ('relation."id"', "in \"'\", '\"'", pl.col('relation."id"').is_in(["'", '"'])),
    ("a\nb", "/^a\\nb$/", pl.col("a\nb") == "a\nb"),
    ("a\nb", "not in null, a", pl.col("a\nb").is_not_null() & (pl.col("a\nb") != "a")),
    ("tags", "= []", pl.col("tags").list.len() == 0),
    ("pair", '/"a":2/', pl.col("pair").is_not_null() & (pl.col("pair").struct.field("a") == 2)),
    ("nothing", "not null", pl.lit(False)),
]


@st.composite
def frames(draw: st.DrawFn) -> pl.DataFrame:
    count = draw(st.sampled_from([0, 1, 20, 200]))
    columns: dict[str, list[Any]] = {"id": list(range(count))}
    for name, values in VALUES.items():
        pool = draw(st.lists(st.none() | values, min_size=1, max_size=5))
        picks = draw(st.randoms(use_true_random=False))
        columns[name] = [picks.choice(pool) for _ in range(count)]
    return pl.DataFrame(columns, schema=SCHEMA)


orders = st.lists(st.tuples(st.sampled_from(SORTED), st.booleans()), max_size=3, unique_by=lambda key: key[0])


def new_job() -> Any:
    return Job(lambda _: None, lambda _: None, lambda _: None)


def opened(engine: DuckDB, frame: pl.DataFrame, fixed_order: bool) -> RelationRows:
    shown = pa.table(frame.with_columns(pl.col("kind").cast(pl.String)))
    return RelationRows(Relation(SHOWN, key=object(), engine=engine, frames={"shown": shown}, fixed_order=fixed_order))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    frame=frames(),
    filters=st.lists(st.sampled_from(FILTERS), max_size=2, unique_by=lambda one: one[0]),
    search=st.sampled_from(["", "", "S", "B", "\u202e", '"', "Straß"]),
    order=orders,
    fixed_order=st.booleans(),
)
def test_rows_of_every_type_stand_where_polars_puts_them(
    engine: DuckDB,
    frame: pl.DataFrame,
    filters: list[tuple[str, str, pl.Expr]],
    search: str,
    order: list[tuple[str, bool]],
    fixed_order: bool,
):
    rows = opened(engine, frame, fixed_order)
    columns = rows.columns(new_job())
    conditions = [(NAMES.index(name), parse_filter(text, columns[NAMES.index(name)])) for name, text, _ in filters]
    asked = (
        *(ColumnFilter(at, condition) for at, condition in conditions if condition is not None),
        *((Search(search),) if search else ()),
    )
    expected = frame.filter(*[expression for _, _, expression in filters])
    if search:
        held = [lower(name).str.contains(search.lower(), literal=True) for name in [*TEXT_NAMES, "kind"]]
        expected = expected.filter(pl.any_horizontal(*held))
    if order:
        names, descending = zip(*order, strict=True)
        expected = expected.sort(list(names), descending=list(descending), nulls_last=True, maintain_order=True)
    question = Question(asked, tuple(SortKey(NAMES.index(name), descends) for name, descends in order))
    first = rows.begin(question, Span(0, BLOCK, (0,)), new_job())
    assert first.cells.column("c0").to_pylist() == expected["id"].to_list()[:BLOCK]
    settled = rows.settle(question, Span(BLOCK, BLOCK, (0,)), new_job())
    assert settled.totals == rows_module.Totals(len(expected), len(frame))
    assert settled.cells.column("c0").to_pylist() == expected["id"].to_list()[settled.span.first :][:BLOCK]
    rows.close()


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(frame=frames(), fixed_order=st.booleans())
def test_cells_of_every_type_arrive_as_what_they_are(engine: DuckDB, frame: pl.DataFrame, fixed_order: bool):
    rows = opened(engine, frame, fixed_order)
    cells = rows.settle(Question(), Span(0, BLOCK, tuple(range(len(NAMES)))), new_job()).cells
    for at, name in enumerate(NAMES):
        found, values = cells.column(f"c{at}").to_pylist(), frame[name].head(BLOCK)
        assert [value is None for value in found] == values.is_null().to_list()
        if values.dtype.is_integer() or values.dtype.is_float():
            assert list(map(repr, found)) == list(map(repr, values.to_list()))
        elif values.dtype in (pl.String, pl.Enum):
            assert found == [None if value is None else value[: LONGEST_TEXT + 1] for value in values.to_list()]
        elif isinstance(values.dtype, pl.Decimal):
            assert [None if value is None else Decimal(value) for value in found] == values.to_list()
        elif values.dtype == pl.Binary:
            assert found == values.bin.encode("hex").to_list()
        elif values.dtype in (pl.Date, pl.Time):
            assert found == [None if value is None else str(value) for value in values.to_list()]
    rows.close()


def test_every_filter_here_is_understood(engine: DuckDB):
    columns = opened(engine, pl.DataFrame(schema=SCHEMA), True).columns(new_job())
    for name, text, _ in FILTERS:
        assert parse_filter(text, columns[NAMES.index(name)]) is not None


@pytest.mark.parametrize("name", ["name", "Name", "NAME "])
def test_a_search_looks_at_text_only(engine: DuckDB, name: str):
    relation = Relation(f"SELECT 12 AS \"{name}\", ['a'] AS tags", key=name, engine=engine, fixed_order=True)
    rows = RelationRows(relation)
    settled = rows.settle(Question((Search("a"),)), Span(0, BLOCK, (0,)), new_job())
    assert settled.totals == rows_module.Totals(0, 1)
