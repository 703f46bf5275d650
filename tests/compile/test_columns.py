"""Which columns a query may use: at least those that it does."""

import pytest

from dataapp.compile.columns import UsedColumns
from dataapp.compile.query import parse
from tests.compile.bench import DuckDBParser

PARSER = DuckDBParser()


def used(text: str) -> UsedColumns:
    return parse(text, PARSER).columns


@pytest.mark.parametrize(
    "text",
    [
        "SELECT a FROM t WHERE b > 1",
        "SELECT A, count(*) FROM t GROUP BY ALL HAVING max(B) > 1 ORDER BY ALL",
        "SELECT x.a FROM t AS x JOIN u USING (b)",
        "SELECT (SELECT max(a) FROM u WHERE u.k = t.b) FROM t",
        "WITH v AS (SELECT a, b FROM t) SELECT a FROM v WHERE b",
        'SELECT sum("a") OVER (PARTITION BY b) FROM t',
        "SELECT a FROM t UNION SELECT b FROM t",
        "SELECT DISTINCT ON (b) a FROM t",
        "SELECT list_transform([1], q -> q + a) FROM t ORDER BY b",
    ],
)
def test_what_is_named_is_used_and_nothing_else(text: str) -> None:
    found = used(text)
    assert not found.is_all
    assert not found.hands_on
    assert {"a", "b"} <= found.names
    assert "c" not in found.names


def test_counting_rows_names_no_column() -> None:
    assert not used("SELECT count(*) FROM t").is_all
    assert "a" not in used("SELECT count(*) FROM t").names


@pytest.mark.parametrize(
    "text",
    ["FROM t", "FROM t WHERE a > 1", "SELECT *, a + 1 AS b FROM t ORDER BY a", "SELECT t.* FROM t", "TABLE t"],
)
def test_a_plain_star_hands_columns_on(text: str) -> None:
    found = used(text)
    assert found.hands_on
    assert not found.is_all


@pytest.mark.parametrize(
    "text",
    [
        "SELECT DISTINCT * FROM t",
        "SELECT * EXCLUDE (a) FROM t",
        "SELECT * REPLACE (1 AS a) FROM t",
        "SELECT * RENAME (a AS b) FROM t",
        "SELECT COLUMNS('a.*') FROM t",
        "SELECT sum(COLUMNS(*)) FROM t",
        "FROM t ORDER BY ALL",
        "FROM t LIMIT 5",
        "FROM t USING SAMPLE 10 ROWS",
        "FROM t UNION ALL FROM u",
        "FROM t NATURAL JOIN u",
        "SELECT a FROM t NATURAL JOIN u",
        "FROM t JOIN u USING (a)",
        "SELECT a FROM (FROM t)",
        "SELECT t FROM t",
        "SELECT count(DISTINCT x) FROM t AS x",
        "SELECT a FROM t AS x(a, b)",
        "SELECT #1 FROM t",
        "SUMMARIZE t",
        "DESCRIBE t",
        "PIVOT t ON a IN ('x') USING sum(b)",
        "PIVOT t ON a USING sum(b)",
        "UNPIVOT t ON a, b INTO NAME n VALUE v",
        "WITH v AS (FROM t) SELECT a FROM v",
        "SELECT a FROM t WHERE EXISTS (FROM u WHERE u.k = a)",
        "SELECT * FROM t GROUP BY ALL",
        "SELECT *, * FROM t",
    ],
)
def test_what_is_used_without_a_name_is_everything(text: str) -> None:
    assert used(text).is_all
