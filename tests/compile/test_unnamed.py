"""Columns without names keep those that DuckDB gives them, whatever fusing writes into them."""

import duckdb
import pytest

import dataapp as da
from dataapp.compile.query import parse
from dataapp.engines.duckdb import DuckDB

ENTRIES = [
    "$p",
    "-$p",
    "$p::VARCHAR || 'ä, from'",
    "a > $p",
    "a IS DISTINCT FROM $p",
    "a BETWEEN $p AND 3 OR a IN (1, $p)",
    "NOT (a = $p)",
    "CASE WHEN a = $p THEN 'x' END",
    "[$p, a][1]",
    "{'k': $p}['k']",
    "list_filter([a], e -> e = $p)",
    "percentile_cont(0.5) WITHIN GROUP (ORDER BY a) + $p",
    "TRY_CAST(a::TEXT AS DATE[]) = TRY_CAST($p::TEXT AS TIMESTAMPTZ[]) AND a::DOUBLE = $p",
    "count(*) FILTER (WHERE a > $p)",
    "sum(a + $p) OVER (PARTITION BY a ORDER BY a ROWS 1 PRECEDING)",
    "(a + $p)::DECIMAL(9, 2)",
    "EXTRACT(year FROM DATE '2024-01-01') + $p",
    "(SELECT max(a) FROM t)",
    "((SELECT max(a) FROM t) + 1)::INTEGER",
    "EXISTS (FROM t)",
    "a IN (SELECT a FROM t UNION SELECT 1)",
    "a = ANY (SELECT a FROM t WHERE a < $p)",
    "(SELECT (SELECT max(a) FROM t) FROM t LIMIT 1)",
]
BEHIND = ["FROM t", "FROM t GROUP BY ALL ORDER BY 1", "FROM t WHERE a > $p LIMIT 3", "FROM t WINDOW w AS (ORDER BY a)"]


def names(query: str) -> list[str]:
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE t AS SELECT 1 AS a")
        return [column[0] for column in connection.execute(query, {"p": 1} if "$p" in query else {}).description]


@pytest.mark.parametrize("entry", ENTRIES)
def test_they_are_called_as_the_engine_calls_them(entry: str) -> None:
    query = f"SELECT a AS first, {entry}, {entry} AS second FROM t GROUP BY a"
    [found, *_] = parse(query, DuckDB()).unnamed
    start = query.index(entry)
    assert query.encode()[found.span.start : found.span.end].decode() == entry
    assert found.span.start == start
    assert [found.name] == names(f"SELECT {entry} FROM t {'GROUP BY a' if 'percentile' not in entry else ''}")


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * FROM t",
        "SELECT a, a + 1 FROM t WHERE a > $p ORDER BY $p",
        "SELECT $p AS b, $p c, d: $p FROM t",
        "SELECT * REPLACE ($p AS a), max(COLUMNS(*)) + $p, t.* FROM t",
        "FROM (VALUES ($p))",
    ],
)
def test_there_are_none(query: str) -> None:
    assert parse(query, DuckDB()).unnamed == ()


@pytest.mark.parametrize(
    "query",
    [
        "SELECT (SELECT max(a) FROM t), $p + 1, ALL_a: $p FROM t",
        "SELECT DISTINCT ON (a) a + $p, (SELECT count(*) FROM t) FROM t",
        "SELECT ALL $p FROM t",
        "SELECT a AS select, a AS offset, $p, t.a AS union, -$p FROM t",
        "FROM t SELECT $p, EXISTS (FROM t)",
        "WITH w AS (SELECT $p + 1, (SELECT (SELECT max(a) FROM t)) FROM t) FROM w UNION ALL BY NAME SELECT -$p FROM t",
        'SELECT "(a + $p)" FROM (SELECT a + $p FROM t)',
        "SELECT unnest([$p]), unnest({'x': $p, 'y': 2}) FROM t",
    ],
)
def test_fused_columns_are_called_as_the_engine_calls_them(query: str) -> None:
    below = da.sql("SELECT a FROM t WHERE a < $p", t=da.sql("SELECT 1 AS a"), p=5)
    found = da.sql(query, t=below, p=1)
    assert list(found.schema) == found.evaluate().columns == names(query)


def test_a_long_chain_of_operators_is_named() -> None:
    [found] = parse("SELECT $p + " + " + ".join(["1"] * 280), DuckDB()).unnamed
    assert found.name.startswith("(" * 280 + "$p + 1)")
