"""Dynamic PIVOT, which DuckDB cannot serialise, is read all the same."""

import pytest

from dataapp.errors import StatementError
from tests.compile.bench import Bench


@pytest.mark.parametrize(
    ("text", "tables"),
    [
        ("PIVOT t ON a", ["t"]),
        ("PIVOT_WIDER t ON a USING sum(b) GROUP BY c ORDER BY c LIMIT 3", ["t"]),
        ("FROM (PIVOT t ON a USING sum(b) GROUP BY c)", ["t"]),
        ("WITH x AS (FROM t) PIVOT x ON a", ["t"]),
        ("PIVOT (FROM t WHERE v > $k) ON a USING sum(b)", ["t"]),
        ("PIVOT t ON a, lower(b), c IN ('x'), CASE WHEN d THEN 'p, q' END, [1, e]", ["t"]),
        ("PIVOT t ON a || ', ' || b USING sum(c)", ["t"]),
        ("PIVOT t ON a = 'x' USING count(*)", ["t"]),
        ("PIVOT t ON a IN (SELECT x FROM u) USING sum(b)", ["t", "u"]),
        ("WITH u AS (FROM v) PIVOT t ON c, a IN (FROM u) GROUP BY d", ["v", "t"]),
        ("PIVOT t ON a IN (WITH t AS (FROM w) FROM t)", ["t", "w"]),
        ("PIVOT t JOIN u ON t.k = u.k JOIN v USING (k) ON a USING sum(b)", ["t", "u", "v"]),
        ("PIVOT t CROSS JOIN u ON a", ["t", "u"]),
        ("PIVOT t NATURAL LEFT JOIN u ON a", ["t", "u"]),
        ("PIVOT (PIVOT t ON a) ON b", ["t"]),
        ("FROM (PIVOT t ON a) JOIN (PIVOT u ON b) USING (c)", ["t", "u"]),
        ("PIVOT t ON a UNION ALL BY NAME PIVOT u ON b", ["t", "u"]),
        ("FROM t PIVOT (sum(x) FOR a IN ('p')), (PIVOT u ON b)", ["t", "u"]),
        ("SELECT 'PIVOT x ON y', p.z FROM (PIVOT t ON a) p", ["t"]),
        ("SELECT (SELECT p FROM (PIVOT t ON a)) FROM u", ["t", "u"]),
    ],
)
def test_its_tables_are_found(bench: Bench, text: str, tables: list[str]) -> None:
    query = bench.parse(text)
    assert query.form == "pivot"
    assert [table.name for table in query.tables] == tables
    data = query.text.encode()
    assert [data[table.span.start : table.span.end].decode() for table in query.tables] == tables


def test_its_parameters_and_files_have_their_places(bench: Bench) -> None:
    text = "PIVOT (FROM read_csv($ä, delim = $sep), 'ö.csv' WHERE v IN $list) ON a || 'ü', b USING sum(b + $K)"
    query = bench.parse(text)
    assert [each.name for each in query.parameters] == ["ä", "sep", "list", "K"]
    assert query.path_parameters == {"ä"}
    [file] = query.files
    assert text.encode()[file.span.start : file.span.end].decode() == "'ö.csv'"


def test_its_meaning_is_read(bench: Bench) -> None:
    assert bench.parse("PIVOT t ON a USING sum(b)").unstable == ()
    assert bench.parse("PIVOT t ON a USING first(b)").unstable == ("first() picks among ties",)
    assert bench.parse("PIVOT t ON a USING sum(b)").reduces


def test_what_cannot_be_read_says_how_to_write_it(bench: Bench) -> None:
    with pytest.raises(StatementError) as caught:
        bench.parse("PIVOT t ON a IN (SELECT x FROM (PIVOT u ON b))")
    assert "IN ('a', 'b')" in (caught.value.hint or "")
