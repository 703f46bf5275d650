"""Which rows a query may use: never fewer than it does."""

import pytest

from dataapp.compile.query import parse
from dataapp.compile.restrictions import EVERY_ROW, UsedRows, plain_constant
from tests.compile.bench import DuckDBParser

PARSER = DuckDBParser()


def used(text: str) -> UsedRows:
    return parse(text, PARSER).rows


def passed(text: str, table: str = "t") -> str:
    return str(used(text).by_table.get(table, EVERY_ROW))


@pytest.mark.parametrize(
    ("condition", "understood"),
    [
        ("A > 1", "a > 1"),
        ("-1.5 <= a", "a >= -1.5"),
        ("t.a = 'it''s'", "a = 'it''s'"),
        ("a <> 1e3", "a <> 1000.0"),
        ("a BETWEEN 1 AND 2", "a >= 1 AND a <= 2"),
        ("a IN ('x', 'y')", "a IN ('x', 'y')"),
        ("a IS NULL AND b IS NOT NULL", "a IS NULL AND b IS NOT NULL"),
        ("a AND NOT b", "a = TRUE AND b = FALSE"),
        ("a = FALSE", "a = FALSE"),
        ("a >= DATE '2024-01-31'", "a >= DATE '2024-01-31'"),
        ("a < '2024-01-31 12:00:00'::TIMESTAMP", "a < TIMESTAMP '2024-01-31 12:00:00'"),
        ("a = 1 OR (b = 2 AND length(c) = 3)", "(a = 1 OR b = 2)"),
        ("a = 1 AND length(c) = 3 AND b > c", "a = 1"),
        ("NOT (a > 1)", "a <= 1"),
        ('"größe" > 1', '"größe" > 1'),
    ],
)
def test_plain_conditions_are_understood(condition: str, understood: str) -> None:
    assert passed(f"SELECT a FROM t WHERE {condition}") == understood


@pytest.mark.parametrize(
    "condition",
    [
        "a + 1 > 2",
        "a::INT > 2",
        "a > (SELECT 1)",
        "a = 1 OR length(c) = 3",
        "NOT a IN (1, 2)",
        "a NOT BETWEEN 1 AND 2",
        "a IN (1, NULL)",
        "a IN (SELECT 1)",
        "a = NULL",
        "a = 'x' COLLATE NOCASE",
        "a IS DISTINCT FROM 1",
        "a LIKE 'x%'",
        "a > 1e400",
        "a > 12345678901234567890",
        "a > 0.1234567890123456",
        "a > DATE 'infinity'",
        "a > DATE '2024-1-1'",
        "a > TIMESTAMP '2024-01-01 00:00:00+01'",
        "a > TIMESTAMPTZ '2024-01-01 00:00:00'",
        "a.b > 1",
        "u.a > 1",
    ],
)
def test_what_is_not_understood_restricts_nothing(condition: str) -> None:
    assert not used(f"SELECT a FROM t WHERE {condition}").by_table


@pytest.mark.parametrize(
    "text",
    [
        "SELECT count(*) FROM t WHERE a > 1 GROUP BY b HAVING max(c) > 5",
        "SELECT row_number() OVER (ORDER BY b) FROM T x WHERE x.a > 1 QUALIFY b > 2 LIMIT 5",
        "SELECT u.b FROM t JOIN u ON t.k = u.k WHERE t.a > 1",
        "SELECT u.b FROM u, t WHERE t.a > 1 AND b > 3",
        "WITH v AS (SELECT b FROM t WHERE a > 1) SELECT * FROM v LEFT JOIN u USING (b)",
        "SELECT (SELECT max(b) FROM t WHERE a > 1 AND t.k = u.k) FROM u",
        "SELECT * FROM u WHERE NOT EXISTS (FROM t WHERE a > 1 AND t.k = u.k)",
        "SELECT b FROM t WHERE a > 1 UNION FROM u",
        "SUMMARIZE SELECT * FROM t WHERE a > 1",
    ],
)
def test_what_comes_after_where_does_not_matter(text: str) -> None:
    assert passed(text) == "a > 1"


@pytest.mark.parametrize(
    "text",
    [
        "FROM t",
        "SELECT u.b FROM t JOIN u ON t.k = u.k WHERE a > 1",
        "SELECT u.b FROM u LEFT JOIN t ON t.k = u.k WHERE t.a > 1",
        "SELECT t.b FROM t LEFT JOIN u ON t.k = u.k WHERE t.a > 1",
        "SELECT t.b FROM t ASOF JOIN u ON t.k >= u.k WHERE t.a > 1",
        "SELECT t.b FROM t POSITIONAL JOIN u WHERE t.a > 1",
        "SELECT t.b FROM t ANTI JOIN u USING (k) WHERE t.a > 1",
        "SELECT x.b FROM t x, t y WHERE x.a > 1 AND y.a > 2",
        "SELECT b FROM t WHERE a > 1 UNION FROM t",
        "SELECT b FROM t WHERE a > (SELECT max(a) FROM t WHERE a > 1)",
        "SELECT b FROM t TABLESAMPLE 10% (system, 1) WHERE a > 1",
        "SELECT b FROM t WHERE a > 1 USING SAMPLE 10 ROWS",
        "SELECT b FROM t AS x(b, a) WHERE a > 1",
        "SELECT b FROM (FROM t) WHERE a > 1",
        "SELECT b FROM main.t WHERE a > 1",
        "WITH t AS (FROM t) SELECT b FROM t WHERE a > 1",
        "SELECT count(*) FILTER (a > 1) FROM t",
        "SELECT b FROM t GROUP BY b HAVING b > 1",
        "SELECT max(a) AS a, b FROM t GROUP BY ALL QUALIFY b > 1",
        "PIVOT t ON a USING sum(b)",
    ],
)
def test_what_is_unusual_restricts_nothing(text: str) -> None:
    assert "t" not in used(text).by_table


def test_parameters_are_left_open() -> None:
    assert "$" not in passed("FROM t WHERE a > $Low")
    assert "low" in passed("FROM t WHERE a > $Low")


def test_rows_are_handed_on_as_they_are_or_not_at_all() -> None:
    assert used("FROM t WHERE a > 1 ORDER BY b").hands_on
    assert not used("SELECT *, a + 1 AS b FROM t").hands_on
    assert not used("SELECT DISTINCT * FROM t").hands_on
    assert not used("FROM t LIMIT 5").hands_on


@pytest.mark.parametrize("value", [None, float("nan"), float("inf"), [1], b"x", {}])
def test_only_plain_values_of_parameters_are_constants(value: object) -> None:
    assert plain_constant(value) is None
