"""The first rows of files in some order, against the plain query for them."""

from pathlib import Path
from typing import Any

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
from tests.views.table.relation.test_rows import SCHEMA, frames

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
