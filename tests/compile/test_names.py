"""Which names of a text are tables, files and path parameters."""

import pytest

from dataapp.compile.query import Query
from tests.compile.bench import Bench


def tables(query: Query) -> list[str]:
    return [table.name for table in query.tables]


def written(query: Query) -> list[str]:
    return [query.text.encode()[t.span.start : t.span.end].decode() for t in query.tables]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("SELECT 1", []),
        ("FROM a, b JOIN c USING (x) WHERE y IN (FROM d) AND EXISTS (FROM e)", ["a", "b", "c", "d", "e"]),
        ("SELECT (SELECT max(x) FROM a), list_transform(l, lambda a: a.b) FROM b", ["a", "b"]),
        ("FROM a UNION ALL (FROM b EXCEPT FROM c) ORDER BY (SELECT 1 FROM d)", ["a", "b", "c", "d"]),
        ("FROM a, LATERAL (FROM b WHERE b.x = a.x), range(10) r, unnest(a.l)", ["a", "b"]),
        ("WITH x AS (FROM a) FROM x, X", ["a"]),
        ("WITH x AS (FROM y), y AS (FROM x) FROM x, y", ["y"]),
        ("WITH trades AS (FROM trades) FROM trades", ["trades"]),
        ("WITH RECURSIVE trades AS (FROM trades) FROM trades", ["trades"]),
        ("WITH RECURSIVE r AS (FROM r UNION ALL FROM r WHERE x < 3) FROM r", ["r"]),
        ("WITH RECURSIVE r(a, b) USING KEY (a) AS (FROM s UNION FROM recurring.r, r) FROM r", ["s"]),
        ("FROM x, (WITH x AS (FROM y) FROM x)", ["x", "y"]),
        ("WITH x AS (WITH y AS (FROM x) FROM y) FROM x, y", ["x", "y"]),
        ("SELECT (WITH x AS (SELECT 1) SELECT (FROM x)) FROM x", ["x"]),
        ("WITH x AS (FROM a) PIVOT x ON b IN ('c')", ["a"]),
        ("SUMMARIZE a", ["a"]),
        ("DESCRIBE (WITH x AS (FROM a) FROM x)", ["a"]),
        ("SHOW TABLES", []),
        ("FROM a SEMI JOIN b USING (x) POSITIONAL JOIN c ASOF JOIN d ON a.t >= d.t", ["a", "b", "c", "d"]),
        ("VALUES ((SELECT x FROM a))", ["a"]),
        ("UNPIVOT (FROM a) ON b, c", ["a"]),
        ("FROM q: a SELECT q.x", ["a"]),
        ("FROM a TABLESAMPLE 10%", ["a"]),
        ("FROM a LIMIT (SELECT count(*) FROM b)", ["a", "b"]),
        ("SELECT sum(x) FILTER ((SELECT true FROM b)) OVER (ORDER BY (SELECT 1 FROM c)) FROM a", ["b", "c", "a"]),
    ],
)
def test_tables_are_the_names_that_no_cte_in_scope_defines(bench: Bench, text: str, expected: list[str]) -> None:
    assert tables(bench.parse(text)) == expected


def test_ctes_are_listed_at_any_depth_in_lower_case(bench: Bench) -> None:
    query = bench.parse(
        'WITH A AS (WITH b AS (SELECT 1) FROM b) FROM a WHERE x IN (WITH "C d" AS (SELECT 1) FROM "C d")'
    )
    assert query.ctes == {"a", "b", "c d"}


def test_spans_cover_the_reference_as_written(bench: Bench) -> None:
    query = bench.parse('SELECT \'ä\' FROM "ö ""x""" /* c */ , s . t u, q: v')
    assert written(query) == ['"ö ""x"""', "s . t", "v"]
    assert tables(query) == ['ö "x"', "t", "v"]


def test_aliases_and_qualifiers_are_known(bench: Bench) -> None:
    query = bench.parse("FROM a, b AS x, c y, z: d, s.e, db.s.f")
    assert [table.alias for table in query.tables] == [False, True, True, True, False, False]
    assert [table.qualified for table in query.tables] == [False, False, False, False, True, True]


@pytest.mark.parametrize(
    "text", ["SUMMARIZE a", "DESCRIBE a", "desc a", "SHOW a", "SUMMARIZE TABLE a", "DESCRIBE TABLE a"]
)
def test_a_shown_table_takes_no_alias(bench: Bench, text: str) -> None:
    [table] = bench.parse(text).tables
    assert not table.can_alias
    assert not table.is_statement


def test_a_table_statement_is_covered_with_its_keyword(bench: Bench) -> None:
    query = bench.parse("FROM b UNION ALL TABLE/**/a")
    assert written(query) == ["b", "TABLE/**/a"]
    assert [table.is_statement for table in query.tables] == [False, True]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("FROM 'x.parquet'", ["x.parquet"]),
        ("FROM 'odd name'", ["odd name"]),
        ('FROM "x.csv", "d/y", "a*", "no file", "z.csv.gz"', ["x.csv", "d/y", "a*", "z.csv.gz"]),
        ("FROM read_parquet('a.parquet', hive_partitioning = true), read_csv(['b.csv', 'it''s.csv'], delim = ';')",
         ["a.parquet", "b.csv", "it's.csv"]),
        ("FROM parquet_metadata('a.parquet'), glob('*.csv'), range(3)", ["a.parquet", "*.csv"]),
        ("FROM read_text($$t.txt$$)", ["t.txt"]),
        ("SUMMARIZE 'x.parquet'", ["x.parquet"]),
        ("WITH \"x.csv\" AS (SELECT 1) FROM \"x.csv\"", []),
        ("FROM read_parquet($p)", []),
        ("SELECT 'x.parquet', read_csv FROM t", []),
    ],
)  # fmt: skip
def test_files_are_literal_locations(bench: Bench, text: str, expected: list[str]) -> None:
    assert [file.location for file in bench.parse(text).files] == expected


def test_files_are_no_tables_and_have_spans(bench: Bench) -> None:
    query = bench.parse("FROM 'ä.parquet' x, read_csv(['b.csv'])")
    assert query.tables == ()
    data = query.text.encode()
    assert [data[f.span.start : f.span.end].decode() for f in query.files] == ["'ä.parquet'", "'b.csv'"]


def test_parameters_in_a_path_argument_choose_files(bench: Bench) -> None:
    query = bench.parse("FROM read_parquet($P), read_csv([$a, $b || '.csv'], delim = $sep), glob($dir), range($n)")
    assert query.path_parameters == {"p", "a", "b", "dir"}
