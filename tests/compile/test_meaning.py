import pytest

from tests.compile.bench import Bench

ONE_MEANING = [
    "FROM t WHERE x > $k ORDER BY x",
    "SELECT a, sum(b), median(c), max(d) FROM t GROUP BY a",
    "FROM t ORDER BY ALL LIMIT 3",
    "FROM t UNION ALL FROM u ORDER BY ALL DESC LIMIT 3 OFFSET 2",
    "FROM t LIMIT 0",
    "SELECT count(*), sum(x) FROM t LIMIT 1",
    "SELECT DISTINCT a FROM t",
    "FROM t TABLESAMPLE reservoir(5) REPEATABLE (3)",
    "FROM t USING SAMPLE 10% (bernoulli, 42)",
    "SELECT rank() OVER (ORDER BY x), dense_rank() OVER w, sum(x) OVER w FROM t WINDOW w AS (ORDER BY y)",
    "SELECT sum(x) OVER (ORDER BY y ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) FROM t",
    "SELECT sum(x) OVER (ORDER BY y RANGE BETWEEN 2 PRECEDING AND CURRENT ROW) FROM t",
    "DESCRIBE t",
    "PIVOT t ON a IN ('x') USING sum(b)",
    "FROM t SEMI JOIN u USING (x)",
    'SELECT list_value(1, 2), t.first, "random" FROM t',
]
NO_ONE_MEANING = [
    ("SELECT random() FROM t", "random() is volatile"),
    ("SELECT 1 + Now()", "now() is volatile"),
    ("FROM t WHERE d = CURRENT_DATE", "current_date changes with the clock"),
    ("SELECT nextval('s')", "nextval() is volatile"),
    ("FROM t LIMIT 3", "LIMIT"),
    ("FROM t ORDER BY x LIMIT 3", "LIMIT"),
    ("FROM t ORDER BY COLUMNS(lambda c: c LIKE 'a%') LIMIT 3", "LIMIT"),
    ("FROM t ORDER BY x LIMIT 10%", "LIMIT"),
    ("FROM t ORDER BY x OFFSET 3", "LIMIT"),
    ("FROM u WHERE x IN (FROM t ORDER BY y LIMIT $n)", "LIMIT"),
    ("SELECT a, sum(x) AS s FROM t GROUP BY a ORDER BY s LIMIT 3", "LIMIT"),
    ("SELECT unnest(histogram(x)) FROM t LIMIT 1", "LIMIT"),
    ("SELECT DISTINCT ON (a) * FROM t ORDER BY a, b", "DISTINCT ON"),
    ("FROM t USING SAMPLE 3", "sample without a seed"),
    ("FROM t TABLESAMPLE 10%", "sample without a seed"),
    ("SELECT first(x ORDER BY y) FROM t", "first() picks"),
    ("SELECT a, any_value(x) FROM t GROUP BY a", "any_value() picks"),
    ("SELECT max_by(x, y) FROM t", "max_by() picks"),
    ("SELECT list(x) FROM t", "list() picks"),
    ("SELECT mode(x) FROM t", "mode() picks"),
    ("SELECT approx_quantile(x, 0.5) FROM t", "approx_quantile() estimates"),
    ("SELECT first(x) OVER (ORDER BY y) FROM t", "first() picks"),
    ("SELECT row_number() OVER (ORDER BY x) FROM t", "row_number() depends"),
    ("FROM t QUALIFY ntile(4) OVER (ORDER BY x) = 1", "ntile() depends"),
    ("SELECT lag(x) OVER (ORDER BY y) FROM t", "lag() depends"),
    ("SELECT last_value(x) OVER (ORDER BY y) FROM t", "last_value() depends"),
    ("SELECT sum(x) OVER (ORDER BY y ROWS 2 PRECEDING) FROM t", "sum() over a ROWS frame"),
    ("FROM t ASOF JOIN u USING (k, ts)", "ASOF JOIN"),
    ("FROM t POSITIONAL JOIN u", "POSITIONAL JOIN"),
    ("SUMMARIZE t", "SUMMARIZE"),
    ("WITH RECURSIVE r(a, b) USING KEY (a) AS (SELECT 1, 1 UNION SELECT a, b FROM r) FROM r", "USING KEY"),
]


@pytest.mark.parametrize("text", ONE_MEANING)
def test_a_text_with_one_meaning_gives_no_reason(bench: Bench, text: str) -> None:
    assert bench.parse(text).unstable == ()


@pytest.mark.parametrize(("text", "reason"), NO_ONE_MEANING)
def test_a_text_without_one_meaning_says_why(bench: Bench, text: str, reason: str) -> None:
    [found] = bench.parse(text).unstable
    assert found.startswith(reason)


def test_reasons_are_given_once_each(bench: Bench) -> None:
    query = bench.parse("SELECT random(), random() FROM (FROM t LIMIT 1)")
    assert query.unstable == ("random() is volatile", "LIMIT without a total order (ORDER BY ALL)")


@pytest.mark.parametrize(
    "text",
    [
        "SELECT a, sum(b) FROM t GROUP BY a",
        "SELECT a FROM t GROUP BY ALL",
        "SELECT 1 + max(b) FROM t",
        "SELECT DISTINCT a FROM t",
        "FROM t LIMIT 3",
        "FROM t USING SAMPLE 3",
        "FROM t UNION FROM u",
        "FROM t EXCEPT ALL FROM u",
        "(SELECT count(*) FROM t) UNION ALL SELECT count(*) FROM u",
        "FROM (SELECT a, sum(b) FROM t GROUP BY a)",
        "WITH x AS (FROM t) SELECT count(*) FROM x",
        "PIVOT t ON a IN ('x') USING sum(b)",
        "SUMMARIZE t",
        "SELECT min(COLUMNS(*)) FROM t",
    ],
)
def test_grouping_aggregating_distinct_and_limited_queries_reduce(bench: Bench, text: str) -> None:
    assert bench.parse(text).reduces


@pytest.mark.parametrize(
    "text",
    [
        "FROM t WHERE x > 3 ORDER BY y",
        "SELECT sum(a) OVER () FROM t",
        "SELECT (SELECT count(*) FROM u) FROM t",
        "FROM t JOIN (SELECT a, sum(b) FROM u GROUP BY a) USING (a)",
        "FROM t UNION ALL SELECT count(*) FROM u",
        "UNPIVOT t ON a, b",
        "WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r) FROM r",
        "VALUES (1)",
    ],
)
def test_row_preserving_queries_do_not_reduce(bench: Bench, text: str) -> None:
    assert not bench.parse(text).reduces
