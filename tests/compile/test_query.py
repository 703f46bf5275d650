import pytest

from dataapp.errors import SqlSyntaxError, StatementError
from tests.compile.bench import Bench


def test_semicolons_are_blanked_and_comments_stay(bench: Bench) -> None:
    query = bench.parse("; FROM t ; -- ; end\n ;\n")
    assert query.text == "  FROM t   -- ; end"


def test_offsets_are_those_of_the_authors_text(bench: Bench) -> None:
    assert bench.parse("\n ; FROM trades").tables[0].span.start == 9


@pytest.mark.parametrize("text", ["", "  ;; ", "-- nothing", "/* nothing */ ;"])
def test_no_statement_is_refused(bench: Bench, text: str) -> None:
    with pytest.raises(StatementError, match="no statement"):
        bench.parse(text)


def test_two_statements_are_refused_at_the_second(bench: Bench) -> None:
    with pytest.raises(StatementError, match="2 statements") as caught:
        bench.parse("FROM a;\n -- c\n FROM b")
    assert (caught.value.line, caught.value.column) == (3, 2)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("INSERT INTO t VALUES (1)", "INSERT"),
        ("WITH x AS (SELECT 1) DELETE FROM t", "DELETE"),
        ("CREATE TABLE t AS SELECT $k", "CREATE"),
        ("COPY t TO 'x'", "COPY"),
        ("ATTACH 'x'", "ATTACH"),
        ("SET x = 1", "SET"),
        ("PRAGMA version", "PRAGMA"),
        ("/* c */ pragma table_info('t')", "PRAGMA"),
        ("CALL range(3)", "CALL"),
        ("EXPLAIN FROM t", "EXPLAIN"),
        ("CREATE TABLE x AS PIVOT t ON a", "CREATE"),
    ],
)
def test_what_is_no_query_is_refused_by_its_type(bench: Bench, text: str, kind: str) -> None:
    with pytest.raises(StatementError, match=f"{kind} is not a query"):
        bench.parse(text)


@pytest.mark.parametrize("text", ["SELECT 1,\n ?", "SELECT 1,\n $1", "PIVOT (FROM t WHERE a >\n ?) ON b"])
def test_parameters_need_names(bench: Bench, text: str) -> None:
    with pytest.raises(StatementError, match="has no name") as caught:
        bench.parse(text)
    assert caught.value.line == 2
    assert "name" in (caught.value.hint or "")


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [("selct 1", 1, 1), ("FROM 'ä'\n WHERE ö = (", 2, 11), ("SELECT 'abc", 1, 8), ("SELECT $a$b", 1, 8)],
)
def test_bad_text_is_a_syntax_error_at_its_place(bench: Bench, text: str, line: int, column: int) -> None:
    with pytest.raises(SqlSyntaxError) as caught:
        bench.parse(text)
    assert (caught.value.line, caught.value.column) == (line, column)


@pytest.mark.parametrize("call", ["query('FROM trades')", "query_table('trades')", "QUERY_TABLE(['trades'])"])
def test_a_function_that_reads_what_a_text_names_is_refused(bench: Bench, call: str) -> None:
    with pytest.raises(StatementError, match="reads what a text names") as caught:
        bench.parse(f"SELECT 1 UNION ALL\nFROM {call}")
    assert (caught.value.line, caught.value.column) == (2, 6)


def test_too_deep_a_text_is_refused(bench: Bench) -> None:
    with pytest.raises(StatementError, match="too deeply"):
        bench.parse("SELECT " + "+".join(["1"] * 950))


def test_wide_conditions_are_read(bench: Bench) -> None:
    query = bench.parse("FROM t WHERE " + " AND ".join(f"x <> {i}" for i in range(1000)))
    assert [table.name for table in query.tables] == ["t"]


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("FROM t", "select"),
        ("VALUES (1)", "select"),
        ("FROM (SUMMARIZE t)", "select"),
        ("PIVOT t ON a IN ('x')", "select"),
        ("PIVOT t ON a IN some_enum", "select"),
        ("UNPIVOT t ON a, b", "select"),
        ("FROM t PIVOT (sum(x) FOR a IN ('x'))", "select"),
        ("PIVOT t USING sum(x) GROUP BY a", "select"),
        ("SUMMARIZE t", "show"),
        ("DESCRIBE SELECT 1", "show"),
        ("SHOW TABLES", "show"),
        ("PIVOT t ON a", "pivot"),
        ("DESCRIBE PIVOT t ON a", "pivot"),
    ],
)
def test_the_form_says_what_must_be_wrapped(bench: Bench, text: str, form: str) -> None:
    assert bench.parse(text).form == form
