"""Header summaries against Polars over the whole frame, and each bin against the filter that it writes."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from itertools import compress
from typing import Any

import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataapp.engines.duckdb import DuckDB
from dataapp.engines.relation import Column, Relation
from dataapp.views.table.filters.parsing import parse_filter
from dataapp.views.table.filters.predicates import ColumnFilter, RowFilter
from dataapp.views.table.relation import queries
from dataapp.views.table.relation.samples import Samples
from dataapp.views.table.relation.source import open_whole
from dataapp.views.table.summaries.headers import Counts, Measure, count, measure, value_to_filter
from tests.views.table.by_hand import Job

START = datetime(2024, 3, 30, 22)  # noqa: DTZ001 - the night in which European clocks are put forward
ENUM = pl.Enum(["b", "a", ""])
SCHEMA = {
    "n": pl.Int16,
    "wide": pl.Int64,
    "small": pl.UInt8,
    "x": pl.Float64,
    "single": pl.Float32,
    "price": pl.Decimal(10, 2),
    "name": pl.String,
    "letter": ENUM,
    "flag": pl.Boolean,
    "day": pl.Date,
    "at": pl.Datetime("us"),
    "nano": pl.Datetime("ns"),
    "milli": pl.Datetime("ms"),
    "zoned": pl.Datetime("us", "UTC"),
    "clock": pl.Time,
    "tags": pl.List(pl.Int64),
    "blob": pl.Binary,
}
FLOATS = st.sampled_from([0.0, -0.0, 1.5, -2.25, float("nan"), float("inf"), float("-inf")])
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "n": st.integers(-3, 3) | st.integers(-(2**15), 2**15 - 1),
    "wide": st.integers(-(2**63), 2**63 - 1),
    "small": st.integers(0, 255),
    "x": FLOATS | st.floats(width=64) | st.floats(0, 1),
    "single": FLOATS | st.floats(width=32),
    "price": st.integers(-500, 500).map(lambda cents: Decimal(cents) / 100),
    "name": st.sampled_from(
        ["", "null", "NaN", "a", "A", "b%", "'", '"', '"q"', " a ", "日本", "<b>", "a\nb", "x" * 600]
    ),
    "letter": st.sampled_from(["a", "b", ""]),
    "flag": st.booleans(),
    "day": st.dates(date(2020, 1, 1), date(2024, 1, 1)) | st.dates(),
    "at": st.integers(0, 10**10).map(lambda micros: START + timedelta(microseconds=micros)) | st.datetimes(),
    "nano": st.integers(0, 10**8).map(lambda seconds: START + timedelta(seconds=seconds)),
    "milli": st.integers(0, 10**5).map(lambda millis: START + timedelta(milliseconds=millis)),
    "zoned": st.integers(0, 600).map(lambda minutes: (START + timedelta(minutes=minutes)).replace(tzinfo=UTC)),
    "clock": st.times() | st.sampled_from([time(0), time(23, 59, 59, 999999)]),
    "tags": st.lists(st.integers(0, 2), max_size=2),
    "blob": st.binary(max_size=3),
}
FILTERS = [("n", ">= 1"), ("x", "> 1"), ("name", "a"), ("flag", "yes"), ("day", "2022..")]


@st.composite
def frames(draw: st.DrawFn) -> pl.DataFrame:
    size = draw(st.integers(0, 60))
    columns: dict[str, list[Any]] = {}
    for name, values in VALUES.items():
        pool = draw(st.lists(st.none() | values, min_size=1, max_size=12))
        picks = draw(st.randoms(use_true_random=False))
        columns[name] = [picks.choice(pool) for _ in range(size)]
    return pl.DataFrame(columns, schema=SCHEMA)


def unstopped() -> Any:
    """What a job is given that nobody stops."""
    return Job(lambda _: None, lambda _: None, lambda _: None)


def relation_of(engine: DuckDB, frame: pl.DataFrame, fixed_order: bool = True) -> Relation:
    return Relation(
        "FROM shown", key=object(), engine=engine, frames={"shown": pa.table(frame)}, fixed_order=fixed_order
    )


def summarize(
    relation: Relation, filters: tuple[RowFilter, ...] = ()
) -> tuple[tuple[Column, ...], tuple[Measure, ...], tuple[Counts, ...], tuple[Counts, ...]]:
    columns = relation.columns()
    with open_whole(relation, columns, unstopped()) as source:
        measures = measure(source, range(len(columns)))
        return columns, measures, count(source, measures, ()), count(source, measures, filters)


def passing(relation: Relation, columns: tuple[Column, ...], at: int, text: str) -> ColumnFilter:
    condition = parse_filter(text, columns[at])
    assert condition is not None
    return ColumnFilter(at, condition)


def rows_that_pass(relation: Relation, columns: tuple[Column, ...], filters: tuple[RowFilter, ...]) -> int:
    query = queries.count(queries.Table.of_relation(columns), filters)
    with relation.open() as reader:
        return reader.fetch(query.sql, query.parameters).column(0)[0].as_py()


def passed(
    relation: Relation, columns: tuple[Column, ...], at: int, texts: list[str], filters: tuple[RowFilter, ...]
) -> list[int]:
    """How many rows pass each of several filters of a column, besides others."""
    table = queries.Table.of_relation(columns)
    values = queries.Values()
    terms: list[str] = []
    for text in texts:
        one = passing(relation, columns, at, text)
        where = queries.where_clause(table, (one, *filters), values)
        terms.append(f"count(*) FILTER ({where})")
    if not terms:
        return []
    with relation.open() as reader:
        found = reader.fetch(f"SELECT {', '.join(terms)} FROM relation", values.parameters)
    return [column[0].as_py() for column in found.columns]


@settings(max_examples=25, deadline=None)
@given(frame=frames(), fixed_order=st.booleans(), filtered=st.sampled_from(FILTERS))
def test_every_figure_equals_what_polars_gives(
    engine: DuckDB, frame: pl.DataFrame, fixed_order: bool, filtered: tuple[str, str]
):
    relation = relation_of(engine, frame, fixed_order)
    columns = relation.columns()
    filters = (passing(relation, columns, frame.columns.index(filtered[0]), filtered[1]),)
    _, measures, wholes, parts = summarize(relation, filters)
    for found, whole, part in zip(measures, wholes, parts, strict=True):
        values, column = frame[frame.columns[found.at]], columns[found.at]
        assert (whole.rows, whole.nulls) == (len(frame), values.null_count())
        present = values.drop_nulls()
        marks = found.marks(column)
        assert len(marks) == len(whole.marks) == len(part.marks)
        if found.axis is not None:
            assert sum(whole.marks) == len(present)
        if found.shape == "flags":
            assert whole.marks == (present.sum(), len(present) - present.sum())
        if found.shape == "values":
            check_values(found, whole, present)
        if column.type in {"DOUBLE", "FLOAT"} and found.axis is not None:
            assert whole.marks[-3:] == (
                (present == float("-inf")).sum(),
                (present == float("inf")).sum(),
                present.is_nan().sum(),
            )
        asked = [mark.filter for mark in marks if mark.filter is not None]
        is_asked = [mark.filter is not None for mark in marks]
        assert passed(relation, columns, found.at, asked, ()) == [*compress(whole.marks, is_asked)]
        assert passed(relation, columns, found.at, asked, filters) == [*compress(part.marks, is_asked)]


def check_values(found: Measure, whole: Counts, present: pl.Series) -> None:
    counted = present.cast(pl.String).value_counts().rows()
    expected = sorted(counted, key=lambda row: (-row[1], row[0].encode()))[:6]
    assert list(zip(found.values, whole.marks, strict=True)) == [row for row in expected if len(row[0]) <= 500]
    assert found.distinct is not None
    assert (found.distinct.values, found.distinct.is_exact) == (present.n_unique(), True)


@settings(max_examples=25, deadline=None)
@given(frame=frames(), name=st.sampled_from(["n", "wide", "small", "x", "price"]))
def test_bars_of_numbers_equal_what_polars_counts_between_their_ends(engine: DuckDB, frame: pl.DataFrame, name: str):
    relation = relation_of(engine, frame.select(name))
    _, (found,), (whole,), _ = summarize(relation)
    if found.axis is None:
        return
    values = [value for value in frame[name].drop_nulls() if value - value == 0]
    ends = [
        Decimal(one.low) if name == "price" else float(one.low) if name == "x" else int(one.low)
        for one in found.axis.bins
    ]
    for at, start in enumerate(ends):
        is_last = at + 1 == len(ends)
        assert whole.marks[at] == sum(value >= start and (is_last or value < ends[at + 1]) for value in values)


def test_a_range_of_bars_asks_for_what_its_bars_hold(engine: DuckDB):
    relation = Relation("SELECT i / 7 AS x FROM range(1000) t(i)", key="sevenths", engine=engine, fixed_order=True)
    columns, (found,), (whole,), _ = summarize(relation)
    marks = found.marks(columns[0])
    asked = passing(relation, columns, 0, f"{marks[2].low}..{marks[5].high}")
    assert rows_that_pass(relation, columns, (asked,)) == sum(whole.marks[2:6])


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/St_Johns"])
def test_bins_hold_what_their_filters_ask_for_when_clocks_change(zone: str):
    engine = DuckDB()
    connection = engine.lease()
    connection.execute(f"SET GLOBAL TimeZone = '{zone}'")
    engine.give_back(connection)
    moments = "SELECT '2024-03-30 20:00:00+00'::TIMESTAMPTZ + to_minutes(i * 5) AS at FROM range({}) t(i)"
    autumn = "SELECT '2024-10-26 20:00:00+00'::TIMESTAMPTZ + to_minutes(i * 5) AS at FROM range(120) t(i)"
    for sql in (moments.format(90), moments.format(130), autumn):
        relation = Relation(sql, key=(zone, sql), engine=engine, fixed_order=True)
        columns, (found,), (whole,), _ = summarize(relation)
        assert sum(whole.marks) == whole.rows
        for mark, number in zip(found.marks(columns[0]), whole.marks, strict=True):
            if mark.filter is not None:
                asked = passing(relation, columns, 0, mark.filter)
                assert rows_that_pass(relation, columns, (asked,)) == number


@pytest.mark.parametrize("fixed_order", [True, False])
def test_a_sample_is_taken_from_all_over(engine: DuckDB, fixed_order: bool):
    relation = Relation(
        "FROM range(1_000_000) t(i)", key=("all over", fixed_order), engine=engine, fixed_order=fixed_order
    )
    with Samples(relation).open(relation.columns(), (0,), 1_000_000, unstopped()) as source:
        (found,) = measure(source, (0,))
        (counts,) = count(source, (found,), ())
    assert counts.rows < 100_000
    assert found.axis is not None
    assert int(found.axis.bins[-1].low) >= 650_000


def test_a_sample_is_taken_before_rows_are_counted(engine: DuckDB):
    relation = Relation("FROM range(1000) t(i)", key="uncounted", engine=engine, fixed_order=True)
    with Samples(relation).open(relation.columns(), (0,), None, unstopped()) as source:
        assert count(source, measure(source, (0,)), ())[0].rows == 1000


def test_dates_beyond_the_calendar_are_counted_apart(engine: DuckDB):
    sql = "SELECT unnest(['infinity', '-infinity', '0044-03-15 (BC)', '20000-01-01', '2024-03-05', NULL])::DATE AS day"
    relation = Relation(sql, key=sql, engine=engine, fixed_order=True)
    _, (found,), (whole,), _ = summarize(relation)
    assert whole == Counts(rows=6, nulls=1, marks=(1, 4))
    assert found.axis is not None
    assert found.axis.bins[0].filter == "2024-03-05"


def test_the_last_moment_of_a_day_lies_in_its_last_bin(engine: DuckDB):
    sql = "SELECT unnest(['00:00', '23:59:59.999999', '24:00'])::TIME AS clock"
    relation = Relation(sql, key=sql, engine=engine, fixed_order=True)
    columns, (found,), (whole,), _ = summarize(relation)
    assert whole.marks[-1] == 2
    assert (
        rows_that_pass(relation, columns, (passing(relation, columns, 0, found.marks(columns[0])[-1].filter or ""),))
        == 2
    )


def test_too_many_texts_are_not_counted_one_by_one(engine: DuckDB, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("dataapp.views.table.summaries.headers.MOST_GROUPS", 100)
    relation = Relation("SELECT 'key ' || i AS k FROM range(5000) t(i)", key="keys", engine=engine, fixed_order=True)
    _, (found,), (whole,), _ = summarize(relation)
    assert (found.values, whole.marks) == ((), ())
    assert found.distinct is not None
    assert not found.distinct.is_exact
    assert 4000 < found.distinct.values < 6000


@pytest.mark.parametrize("value", ["AAPL", "two words", "null", "", " x ", '"', '"q"', "= 5", "<b>", "a\nb", "5..7"])
def test_the_filter_of_a_text_is_understood_as_that_text(value: str):
    column = Column("name", "VARCHAR")
    text = value_to_filter(value)
    assert text is not None
    assert parse_filter(text, column) == parse_filter(f'= "{value}"', column)


def test_a_text_with_a_null_character_has_no_filter():
    assert value_to_filter("a\0b") is None


def test_many_columns_are_counted_in_one_scan(engine: DuckDB, relation: Callable[..., Relation]):
    wide = relation("SELECT " + ", ".join(f"i + {at} AS c_{at}" for at in range(40)) + " FROM range(10) t(i)")
    asked: list[str] = []
    with open_whole(wide, wide.columns(), unstopped()) as source:
        measures = measure(source, range(40))
        fetch = source.fetch

        def fetched(query: queries.Query) -> pa.Table:
            asked.append(query.sql)
            return fetch(query)

        counts = count(replace(source, fetch=fetched), measures, ())
    assert len(asked) == 1
    assert {one.rows for one in counts} == {10}
