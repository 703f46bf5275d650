"""The SQL that readers are shown gives the rows that they see."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import dataapp as da
from dataapp.engines.duckdb import DuckDB
from dataapp.engines.functions import reserved_words
from dataapp.engines.relation import Column, Relation
from dataapp.views.table.arrangement import Arrangement
from dataapp.views.table.relation.queries import BLOCK, Question, SortKey, Span
from dataapp.views.table.relation.rows import RelationRows
from dataapp.views.table.shown_sql import Origin, question_to_sql
from tests.views.table.by_hand import Explorer, Job

# Every row is different in its last column, so that the order is one, whatever else it is sorted by.
AWKWARD = """
    SELECT CASE i % 4 WHEN 0 THEN NULL ELSE i - 10 END AS "order",
           CAST(['0.1', 'nan', 'inf', NULL, '-2.5'] AS DOUBLE[])[1 + i % 5] AS "a, b",
           (i / 7)::FLOAT AS f, (i / 8)::DECIMAL(12, 3) AS "A_1",
           ['', 'it''s', NULL, '<b>', 'x, y', 'A'][1 + i % 6] AS "name",
           ['a', 'b', NULL][1 + i % 3]::ENUM('a', 'b') AS kind,
           DATE '2024-01-01' + i::INT AS day, TIMESTAMP '2024-01-01' + to_hours(i) AS "select",
           TIMESTAMPTZ '2024-01-01 00:00:00+00' + to_hours(i) AS at,
           CAST(TIMESTAMP '2024-01-01' + to_minutes(i) AS TIME) AS clock,
           i % 3 = 0 AS flag, [i, NULL] AS pair, encode('b' || i % 3) AS bytes, i AS id
    FROM range(60) t(i)
"""
TEXTS: dict[str, list[str]] = {
    "order": [">= 3.5", "in 1, 2, null", "!= 3..20", "1<..<9 or null", "not in ()", "in ()"],
    "a, b": ["0.1", "> -3", "in nan, 0.1, null", "..inf", "!= nan"],
    "f": ["1.5..4", "0.1428571492433548", "<= 3"],
    "A_1": ["0.125..<2.5", "in 1, 2.125", "= 0.0001"],
    "name": ["= it's", "in 'x, y', null", "!a", "starts <", "/^[a-z]/", '!ends "s" or null', "not in A, null", '= ""'],
    "kind": ["= a", "in a, null", "!b"],
    "day": ["2024-01", "in 2024-01-03, 2024-02", "!= 2024-Q1", "2024-01-20.."],
    "select": ["2024-01-01 05", "> 2024-01-02 or null", "not in 2024-01-02"],
    "at": ["2024-01-02", "..<2024-01-02 12:30"],
    "clock": ["00:30..", "in 00:05, 00:07"],
    "flag": ["true", "in no, null"],
    "pair": ["[1", "/^.3/", "= [3,null]"],
    "bytes": ["b1", "= b2"],
}


@st.composite
def arrangements(draw: st.DrawFn) -> Arrangement:
    names = list(TEXTS)
    chosen = draw(st.lists(st.sampled_from(names), max_size=3, unique=True))
    texts = {names.index(name): draw(st.sampled_from(TEXTS[name])) for name in chosen}
    key = st.tuples(st.integers(0, len(names) - 1), st.booleans())
    keys = draw(st.lists(key, max_size=2, unique_by=lambda one: one[0]))
    order = tuple(SortKey(column, descending) for column, descending in keys)
    return Arrangement(texts, (*order, SortKey(len(names))), search=draw(st.sampled_from(["", "", "A", "'", "x, "])))


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(arrangement=arrangements())
def test_a_cell_with_the_shown_sql_has_the_rows_of_the_explorer(engine: DuckDB, arrangement: Arrangement):
    relation = Relation(AWKWARD, key="awkward", engine=engine, fixed_order=True)
    job: Any = Job(lambda _: None, lambda _: None, lambda _: None)
    rows = RelationRows(relation)
    columns = rows.columns(job)
    question, faults = arrangement.question(columns)
    assert not faults
    screen = rows.settle(question, Span(0, BLOCK, tuple(range(len(columns)))), job)
    rows.close()
    text = question_to_sql(question, columns, Origin("awkward"), reserved_words(engine))
    assert "$" not in text
    shown = da.sql(text, awkward=da.sql(AWKWARD)).evaluate()
    assert shown["id"].to_list() == screen.cells.column(f"c{len(columns) - 1}").to_pylist()


def at_hand(text: str, column: Column, *, search: str = "") -> str:
    question, faults = Arrangement({0: text} if text else {}, search=search).question((column, Column("n", "INTEGER")))
    assert not faults
    return question_to_sql(question, (column, Column("n", "INTEGER")), Origin("trades"), {"order"}).partition("\n")[2]


@pytest.mark.parametrize(
    ("text", "type_", "where"),
    [
        (">= 10", "INTEGER", "x >= 10"),
        ("10..<20", "DECIMAL(9,2)", "x >= 10.00 AND x < 20.00"),
        ("2024-03-05", "DATE", "x >= DATE '2024-03-05' AND x < DATE '2024-03-06'"),
        ('in AAPL, "it\'s"', "VARCHAR", "x IN ('AAPL', 'it''s')"),
        ("not in AAPL, null", "VARCHAR", "x IS NOT NULL AND x NOT IN ('AAPL')"),
        ("/^a/", "VARCHAR", "regexp_matches(x, '^a')"),
        ("true or null", "BOOLEAN", "(x = TRUE OR x IS NULL)"),
    ],
)
def test_it_reads_as_if_written_by_hand(text: str, type_: str, where: str):
    assert at_hand(text, Column("x", type_)) == f"WHERE {where}"


def test_a_search_looks_at_columns_of_text_alone():
    assert at_hand("", Column("order", "VARCHAR"), search="Ab") == "WHERE (contains(lower(\"order\"), lower('Ab')))"
    assert at_hand("", Column("x", "INTEGER"), search="Ab") == "WHERE FALSE"


def test_a_relation_without_a_name_is_its_query():
    text = question_to_sql(Question(), (), Origin(query="SELECT 1 AS one -- first;"), set())
    assert da.sql(text).evaluate().rows() == [(1,)]


def test_the_page_can_ask_for_it(explorer: Explorer, relation: Callable[..., Relation]):
    explorer.controller.show(relation("SELECT i AS n, 'row ' || i AS name FROM range(30) t(i)"))
    explorer.jobs.run()
    explorer.say("filter", column=0, text=">= 10")
    explorer.jobs.run()
    explorer.say("sql")
    explorer.jobs.run()
    assert explorer.messages[-1] == {"type": "sql", "text": "SELECT * FROM this_table\nWHERE n >= 10"}
    explorer.say("group", keys=[[1, "value"]], aggregates=[[0, "sum"]])
    explorer.jobs.run()
    explorer.say("sql")
    explorer.jobs.run()
    assert explorer.messages[-1]["text"].startswith(
        "SELECT name, count(*) AS rows, sum(n) AS sum_of_n\nFROM this_table"
    )
