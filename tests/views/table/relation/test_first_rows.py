"""The first rows of files in some order, against the plain query for them."""

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import uuid4

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dataapp.engines.duckdb import DuckDB
from dataapp.engines.relation import Relation
from dataapp.views.table.relation import queries
from dataapp.views.table.relation.first_rows import first_numbers, first_rows, is_scan
from dataapp.views.table.relation.numbered import number_rows
from dataapp.views.table.relation.queries import Query, Question, SortKey, Span, Table
from tests.views.table.relation.test_rows import SCHEMA, START, frames, sorted_like

WIDTH = len(SCHEMA)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    frame=frames(),
    order=st.lists(
        st.tuples(st.integers(0, WIDTH - 1), st.booleans()), min_size=1, max_size=3, unique_by=lambda key: key[0]
    ),
    count=st.integers(1, 40),
    files=st.integers(1, 3),
)
def test_they_are_what_the_plain_query_gives(
    engine: DuckDB, tmp_path: Path, frame: pl.DataFrame, order: list[tuple[int, bool]], count: int, files: int
):
    for at in range(files):  # several files, several groups of rows in each
        part = frame[at * len(frame) // files : (at + 1) * len(frame) // files]
        part.write_parquet(tmp_path / f"part-{at}.parquet", row_group_size=37)
    paths = [str(tmp_path / f"part-{at}.parquet") for at in range(files)]
    relation = Relation(f"FROM read_parquet({paths})", key=object(), engine=engine, fixed_order=True)
    assert is_scan(relation)
    with relation.open() as reader:
        table = Table.of_relation(reader.describe())
        question = Question(order=tuple(SortKey(*key) for key in order))
        span = Span(0, count, tuple(range(WIDTH)))

        def fetch(query: Query) -> Any:
            return reader.fetch(query.sql, query.parameters)

        found = first_rows(fetch, table, question, span)
        assert repr(found.to_pylist()) == repr(fetch(queries.top(table, question, span)).to_pylist())
        numbered = number_rows(relation, table.columns, fetch)
        assert numbered is not None
        ids = [row["c0"] for row in found.to_pylist()]  # rows are numbered as they were made
        numbers = first_numbers(fetch, numbered.table(table.columns), question, count)
        assert [frame["id"][number] for number in numbers] == ids
        query = queries.keep(table, ())
        kept = Table.of_kept(table.columns, reader.keep(query.sql, query.parameters).name)

        def fetch_kept(query: Query) -> Any:
            return reader.fetch_kept(query.sql, query.parameters)

        assert repr(first_rows(fetch_kept, kept, question, span).to_pylist()) == repr(found.to_pylist())


KEYS: list[tuple[pl.DataType, st.SearchStrategy[Any]]] = [
    (pl.Int32(), st.integers(-3, 3) | st.integers(-(2**31), 2**31 - 1)),
    (pl.Float64(), st.sampled_from([0.0, -0.0, 1.5, -2.25, 1e300, float("inf"), float("-inf"), float("nan")])),
    (pl.Float64(), st.floats(allow_nan=False)),
    (pl.Decimal(10, 2), st.integers(-9, 9).map(lambda cents: Decimal(cents) / 100)),
    (pl.Date(), st.dates(date(1600, 1, 1), date(2600, 1, 1)) | st.just(date(2024, 2, 29))),
    (pl.Datetime("us"), st.integers(0, 9).map(lambda hours: START + timedelta(hours=hours))),
    (pl.Boolean(), st.booleans()),
    (pl.String(), st.sampled_from(["", "a", "A", "nan", "日本"])),
    (pl.List(pl.Int8()), st.lists(st.integers(0, 1), max_size=2)),
]


@settings(max_examples=160, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), nearly_sorted=st.booleans(), count=st.integers(1, 30))
def test_first_numbers_are_those_of_polars(
    engine: DuckDB, tmp_path: Path, data: st.DataObject, nearly_sorted: bool, count: int
):
    keys = data.draw(st.lists(st.sampled_from(KEYS), min_size=1, max_size=3))
    size = data.draw(st.integers(0, 80))
    columns: dict[str, pl.Series] = {}
    for at, (type_, values) in enumerate(keys):
        pool = data.draw(st.lists(values | st.none(), min_size=1, max_size=data.draw(st.sampled_from([2, 80]))))
        picks = data.draw(st.randoms(use_true_random=False))
        columns[f"key_{at}"] = pl.Series([picks.choice(pool) for _ in range(size)], dtype=type_)
    frame = pl.DataFrame(columns)
    frame = frame.sort("key_0", nulls_last=True) if nearly_sorted else frame
    file = tmp_path / f"{uuid4()}.parquet"  # which nobody has read before
    frame.write_parquet(file, row_group_size=7)
    relation = Relation(f"FROM '{file}'", key=object(), engine=engine, fixed_order=True)
    order = tuple(SortKey(at, data.draw(st.booleans())) for at in range(len(keys)))
    found, _ = _numbers_and_queries(relation, order, count)
    wanted = sorted_like(frame.with_row_index("number").select(*columns, "number"), order)["number"].head(count)
    assert found == wanted.to_list()


NUMBERED = [*range(300)]


@pytest.mark.parametrize(
    ("keys", "descending", "queries_asked"),
    [
        ([NUMBERED], False, 1),  # nothing equals the last key
        ([NUMBERED], True, 1),
        ([NUMBERED, NUMBERED], False, 1),
        ([[at // 2 for at in NUMBERED]], False, 1),  # its equals are all among the first rows
        ([[at // 30 for at in NUMBERED]], True, 1),  # or among those that follow
        ([[at // 7 for at in NUMBERED], NUMBERED[::-1]], False, 1),
        ([[at % 3 for at in NUMBERED]], False, 2),
        ([[at % 3 for at in NUMBERED], NUMBERED[::-1]], False, 2),
        ([[*range(10), *[None] * 290]], False, 2),
        ([[*range(10), *[None] * 290], NUMBERED[::-1]], False, 2),
        ([NUMBERED[:20]], False, 1),  # fewer than asked for
        ([[None] * 20], False, 1),
    ],
)
def test_rows_that_equal_the_last_key_are_asked_for_only_where_there_are_more(
    engine: DuckDB, tmp_path: Path, keys: list[list[int | None]], descending: bool, queries_asked: int
):
    columns = [pl.Series(f"key_{at}", values, dtype=pl.Int64) for at, values in enumerate(keys)]
    frame = pl.DataFrame(columns)
    frame.write_parquet(tmp_path / "keys.parquet")
    relation = Relation(
        f"FROM read_parquet('{tmp_path / 'keys.parquet'}')", key=object(), engine=engine, fixed_order=True
    )
    order = tuple(SortKey(at, descending) for at in range(len(keys)))
    found, asked = _numbers_and_queries(relation, order, 40)
    numbered = frame.with_row_index("number").select(pl.exclude("number"), "number")
    assert found == sorted_like(numbered, order)["number"].head(40).to_list()
    assert asked == queries_asked


def _numbers_and_queries(relation: Relation, order: tuple[SortKey, ...], count: int) -> tuple[list[int], int]:
    """Return the first numbers in an order, and how many queries they took."""
    asked: list[Query] = []

    def fetch(query: Query) -> Any:
        asked.append(query)
        return reader.fetch(query.sql, query.parameters)

    with relation.open() as reader:
        columns = reader.describe()
        numbered = number_rows(relation, columns, fetch)
        assert numbered is not None
        asked.clear()
        return first_numbers(fetch, numbered.table(columns), Question(order=order), count), len(asked)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM 'a.parquet'",
        "FROM 'a.parquet' WHERE slow(x)",
        "FROM read_parquet('a') WHERE f(x)",
        "FROM read_csv('a.csv')",
        "FROM shown",
    ],
)
def test_only_files_as_they_are_count_as_a_scan(engine: DuckDB, sql: str):
    assert not is_scan(Relation(sql, key=sql, engine=engine, fixed_order=True))


@pytest.mark.parametrize("descending", [False, True])
def test_the_first_rows_are_those_of_the_plain_query_where_clocks_were_off_by_seconds(descending: bool):
    engine = DuckDB()
    sql = "SELECT TIMESTAMPTZ '1880-01-01 00:00:00+00' + to_hours(i * 7 % 50) AS moment FROM range(300) t(i)"
    with Relation(sql, key="old", engine=engine, fixed_order=True).open() as reader:
        connection: Any = reader._connection
        connection.execute("SET TimeZone = 'America/New_York'")
        table = Table.of_relation(reader.describe())
        question, span = Question(order=(SortKey(0, descending),)), Span(0, 128, (0,))

        def fetch(query: Query) -> Any:
            return reader.fetch(query.sql, query.parameters)

        assert first_rows(fetch, table, question, span) == fetch(queries.top(table, question, span))
