"""Every operation of the explorer on every type of the engine, up to the ends of each: right, and never a failure.

Property tests elsewhere compare with Polars. What it does not have (dates before year 1, infinite ones, numbers of 128
bits without a sign, bit strings, unions, ...) is here compared with itself: what a picture, a list or a group counts
is what its filter lets pass, and what a file holds is what is shown.
"""

import io
import logging
from collections.abc import Callable
from typing import Any

import polars as pl
import pyarrow as pa
import pytest

from dataapp.engines.duckdb import DuckDB
from dataapp.engines.relation import Relation
from dataapp.views.table.filters.conditions import AnyOf, Equals
from dataapp.views.table.filters.writing import text_of
from dataapp.views.table.groups.grouping import functions_of, parts_of
from tests.views.table.by_hand import Explorer, read_cells

type Make = Callable[..., Relation]


def cast(type_: str, *texts: str) -> str:
    quoted = ", ".join("'" + text.replace("'", "''") + "'" for text in texts)
    return f"SELECT CAST(text AS {type_}) AS x FROM (SELECT unnest([{quoted}, NULL]) AS text)"


def union(*expressions: str) -> str:
    return " UNION ALL ".join(f"SELECT {expression} AS x" for expression in (*expressions, "NULL"))


BEYOND = ("0001-01-01", "9999-12-31", "20000-01-01", "infinity", "-infinity", "0044-03-15 (BC)", "2024-02-29")
LAST_NANOSECOND = "2262-04-11 23:47:16.854775806"
ENUM = ", ".join(f"'v{i}'" for i in range(10_000))
CASES = {
    "nanoseconds": cast("TIMESTAMP_NS", "1677-09-22", LAST_NANOSECOND, "infinity", "-infinity", "2024-01-01"),
    "the last nanosecond": cast("TIMESTAMP_NS", LAST_NANOSECOND, "2262-04-11 23:47:16.8547758"),
    "the first nanosecond": cast("TIMESTAMP_NS", "1677-09-22", "1677-09-22 03:00:00"),
    "moments": cast("TIMESTAMP", *BEYOND, "290000-01-01", "290000-01-01 (BC)", "9999-12-31 23:59:59.999999"),
    "moments of the last day": cast("TIMESTAMP", "9999-12-31 23:59:59.999999", "9999-12-31 23:00:00", "infinity"),
    "moments before year 1": cast("TIMESTAMP", "290000-01-01 (BC)", "289999-01-01 (BC)"),
    "seconds": cast("TIMESTAMP_S", *BEYOND, "290000-01-01"),
    "milliseconds": cast("TIMESTAMP_MS", *BEYOND, "290000-01-01"),
    "zoned": cast("TIMESTAMPTZ", *BEYOND, "9999-12-31 23:59:59.999999+00"),
    "zoned ends": cast("TIMESTAMPTZ", "0001-01-01 00:00:00+00", "9999-12-31 23:59:59.999999+00"),
    "the last zoned moment": cast("TIMESTAMPTZ", "294247-01-10 04:00:54+00", "2024-01-01 00:00:00+00"),
    "the first zoned moment": cast("TIMESTAMPTZ", "290308-01-01 (BC) 00:00:00+00", "2024-01-01 00:00:00+00"),
    "the last moment": cast("TIMESTAMP", "294247-01-10 04:00:54.775806", "290308-01-01 (BC)", "2024-01-01"),
    "the last seconds": cast("TIMESTAMP_S", "294247-01-10 04:00:54", "290308-01-01 (BC)", "2024-01-01"),
    "days of all years": cast("DATE", "5881580-07-10", "5877641-01-01 (BC)", "300000-05-05", "infinity", "2024-01-01"),
    "days": cast("DATE", *BEYOND, "290000-01-01"),
    "the last day": cast("DATE", "9999-12-31"),
    "days before year 1": cast("DATE", "290000-01-01 (BC)", "0044-03-15 (BC)"),
    "times": cast("TIME", "00:00:00", "23:59:59.999999", "24:00:00"),
    "times in nanoseconds": cast("TIME_NS", "00:00:00", "23:59:59.999999999", "24:00:00"),
    "times with a zone": cast("TIMETZ", "00:00:00+00", "23:59:59.999999-15:59:59", "24:00:00+15", "12:00:00+02"),
    "intervals": cast("INTERVAL", "1 month", "30 days", "-1 year", "1 month 2 days 3 seconds", "0 days"),
    "the longest intervals": cast("INTERVAL", "178956970 years", "-178956970 years", "1 microsecond"),
    "128 bits": cast("HUGEINT", f"{2**127 - 1}", f"{-(2**127)}", "0"),
    "128 bits without a sign": cast("UHUGEINT", f"{2**128 - 1}", "0", "7"),
    "any number of bits": cast("BIGNUM", "1" + "0" * 60, "-1", "0"),
    "64 bits": cast("BIGINT", f"{2**63 - 1}", f"{-(2**63)}", "0"),
    "64 bits without a sign": cast("UBIGINT", f"{2**64 - 1}", "0"),
    "whole decimals": cast("DECIMAL(38,0)", "9" * 38, "-" + "9" * 38, "0"),
    "fractions": cast("DECIMAL(38,38)", "0." + "9" * 38, "-0." + "9" * 38, "0"),
    "decimals": cast("DECIMAL(38,10)", "9" * 28 + "." + "9" * 10, "-" + "9" * 28 + "." + "9" * 10, "0.0000000001"),
    "floats": cast("DOUBLE", "inf", "-inf", "nan", "0", "-0", "1.7976931348623157e308", "5e-324"),
    "floats of single precision": cast("FLOAT", "3.4028235e38", "-3.4028235e38", "1e-45", "nan", "inf"),
    "nothing but NaN": cast("DOUBLE", "nan", "nan"),
    "nothing but infinities": cast("DOUBLE", "inf", "inf", "-inf"),
    "bytes": union("'\\x00\\xFF'::BLOB", "''::BLOB", "'=1+1'::BLOB", "encode(repeat('x', 5000))"),
    "uuid": cast("UUID", "00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff"),
    "bits": cast("BIT", "0", "1", "010101", "1" * 100),
    "a wide enum": f"SELECT CAST('v' || (i % 10000) AS ENUM({ENUM})) AS x FROM range(10001) t(i)",
    "maps": union("MAP {'a': 1, 'b': NULL}", "MAP {'<b>': 2}", "MAP {}::MAP(VARCHAR, INTEGER)"),
    "unions": union(*(f"union_value({one})::UNION(n INTEGER, s VARCHAR)" for one in ("n := 1", "s := '=1'"))),
    "arrays": union("[1, 2, 3]::INTEGER[3]", "[NULL, 2, 3]::INTEGER[3]"),
    "lists": union("[1, 2]", "[]", "[NULL]"),
    "lists of floats": union("['nan'::DOUBLE, 'inf'::DOUBLE]", "[]"),
    "lists of dates": union("['infinity'::DATE, '0044-03-15 (BC)'::DATE]", "[]"),
    "structs": union("{'a': 1, 'b': 'x'}", "{'a': NULL, 'b': ''}", "{'a': 5, 'b': '=1'}"),
    "structs of all kinds": union("{'a': '\\xFF'::BLOB, 'i': INTERVAL 1 MONTH, 'm': MAP {'k': 'infinity'::TIMESTAMP}}"),
    "numbers in lists": union(f"['{2**128 - 1}'::UHUGEINT]", "[]"),
    "bits in structs": union("{'b': '010'::BIT, 't': '10:00:00+02'::TIMETZ}"),
    "nothing": "SELECT NULL AS x UNION ALL SELECT NULL",
    "no rows": "SELECT NULL::TIMESTAMP_NS AS x WHERE false",
    "flags": union("TRUE", "FALSE"),
    "text": union(
        *("'<script>alert(1)</script>'", "''", "'=1+1'", "'null'", "chr(8238) || 'abc'", "'a' || chr(0) || 'b'"),
        *("repeat('long ', 200000)", "'a\nb\t\"c\"'", "'''quoted'''", "'in ()'", "'😀'"),
    ),
    "json": union("'{\"a\": 1}'::JSON", "'null'::JSON", "'[1,2]'::JSON"),
    "variants": union("1::VARIANT", "'a'::VARIANT"),
    "names": (
        'SELECT 1 AS x, 2 AS "X ", 3 AS "a""b", 4 AS "a\nb", 5 AS "<script>", 6 AS "=1+1", 7 AS c0, 8 AS relation,'
        ' 9 AS kept, 10 AS rowid, 11 AS k0, 12 AS n, 13 AS value, 14 AS number, 15 AS "group", 16 AS text, 17 AS place'
    ),
}
FILTERS = (
    *("is null", "not null or null", "a", "= a", "!= a", "/a/", "in 1, null", "not in a", "> 5", "inf", "nan", "1e400"),
    *("2024", "!= 2262", "> 9999", "<= 9999", "< 0001", ">= 0001-01-01", "1677<..", "..<2262", "10:00", "> 23:59"),
    *("9" * 38, "-" + "9" * 38, f"!= {2**128 - 1}", f"0..{2**127 - 1}", "-1..1", "in -1, 0"),
)


@pytest.fixture(params=[True, False], ids=["in order", "kept"])
def shown(request: pytest.FixtureRequest, engine: DuckDB, caplog: pytest.LogCaptureFixture) -> Any:
    """Shows a case; whatever a reader would be told is not there, fails the test."""
    caplog.set_level(logging.WARNING)
    explorer = Explorer()

    def show(sql: str) -> Explorer:
        key = (sql, request.param)
        explorer.controller.show(Relation(sql, key=key, engine=engine, fixed_order=request.param))
        explorer.jobs.run()
        check(explorer)
        return explorer

    yield show
    explorer.controller.close()
    assert [record for record in caplog.records if record.name == "dataapp.views.jobs"] == []


def check(explorer: Explorer) -> None:
    assert explorer.state.status == "fresh", explorer.state.error


def do(explorer: Explorer, type_: str, **data: Any) -> list[Any]:
    """Be the page, and return what it is told."""
    explorer.messages.clear()
    explorer.say_to(explorer.controller._view, type_, **data)
    explorer.jobs.run()
    check(explorer)
    return [message for message in explorer.messages if message["type"] != "stale"]


def passing(explorer: Explorer, column: int, text: str) -> int:
    """How many rows pass a filter that must be understood."""
    told = do(explorer, "filter", column=column, text=text)
    assert told[-1]["faults"] == {}, text
    rows = explorer.state.rows
    do(explorer, "clear")
    assert rows is not None
    return rows


by_type = pytest.mark.parametrize("sql", CASES.values(), ids=CASES)


@by_type
def test_it_is_sorted_in_both_directions(shown: Any, sql: str):
    explorer = shown(sql)
    plain = read_cells(explorer.view).column(0).to_pylist()
    columns = len(explorer.view["columns"])
    for descending in (False, True):
        do(explorer, "sort", order=[{"column": at, "descending": descending} for at in range(columns)])
        found = read_cells(explorer.view).column(0).to_pylist()
        if explorer.state.rows == len(plain):
            assert sorted(map(repr, found)) == sorted(map(repr, plain))
        if None in plain and explorer.state.rows == len(plain):
            assert found[-1] is None


@by_type
def test_pictures_count_what_their_filters_let_pass(shown: Any, sql: str):
    explorer = shown(sql)
    told = do(explorer, "summarize", columns=list(range(len(explorer.view["columns"]))))
    summaries = [column for message in told if message["type"] == "summaries" for column in message["columns"]]
    assert len(summaries) >= len(explorer.controller._shown.columns)  # type: ignore[union-attr]
    for found in summaries:
        if found["shape"] in ("bins", "flags"):
            assert sum(mark["count"] for mark in found["marks"]) == found["rows"] - found["nulls"]
        for mark in found["marks"]:
            if mark["filter"] is not None:
                assert passing(explorer, found["column"], mark["filter"]) == mark["count"], mark


@by_type
def test_profiles_count_what_their_filters_let_pass(shown: Any, sql: str):
    explorer = shown(sql)
    profile = do(explorer, "profile", column=0)[-1]
    figures = {figure["name"]: figure["whole"] for figure in profile["figures"]}
    assert figures["Rows"] == explorer.state.rows
    for value in profile["top"] + profile["bottom"]:
        if value["filter"] is not None:
            do(explorer, "profile", column=None)
            assert passing(explorer, 0, value["filter"]) == value["rows"], value


@by_type
def test_listed_values_are_those_that_choosing_them_lets_pass(shown: Any, sql: str):
    explorer = shown(sql)
    kind = explorer.view["columns"][0]["kind"]
    listed = do(explorer, "values", column=0)[-1]["values"]
    assert sum(rows for _, rows, *_ in listed) <= (explorer.state.rows or 0)
    for text, rows, _, is_cut in listed[:20]:
        choice = AnyOf(() if text is None else (Equals(text),), null=text is None)
        if kind in ("text", "other") and not is_cut and "\0" not in (text or ""):
            assert passing(explorer, 0, text_of(choice)) == rows, text
    assert "values" in do(explorer, "values", column=0, search="A")[-1]


@by_type
def test_whatever_is_typed_filters_or_is_marked(shown: Any, sql: str):
    explorer = shown(sql)
    everything = explorer.state.rows
    for text in FILTERS:
        told = do(explorer, "filter", column=0, text=text)
        if told[-1]["faults"]:
            assert explorer.state.rows == everything
        do(explorer, "clear")
    do(explorer, "find", text="A")
    assert (explorer.state.rows or 0) <= (everything or 0)


@by_type
def test_groups_open_to_as_many_rows_as_they_count(shown: Any, sql: str):
    explorer = shown(sql)
    columns = explorer.controller._shown.columns[:2]  # type: ignore[union-attr]
    aggregates = [[at, name] for at, column in enumerate(columns) for name in functions_of(column)]
    for part in parts_of(columns[0]):
        do(explorer, "group", keys=[[0, part]], aggregates=aggregates)
        lines = pa.ipc.open_stream(explorer.view["lines"]).read_all()
        counted = explorer.view["positions"].index(len(explorer.view["columns"]))
        rows = read_cells(explorer.view).column(counted).to_pylist()
        before, count_of_groups = explorer.view["rows"], explorer.view["groups"]["count"]
        for group, count in list(zip(lines.column("group").to_pylist(), rows, strict=True))[:12]:
            do(explorer, "toggle", group=group)
            assert explorer.view["rows"] == before + count
            do(explorer, "toggle", group=group)
        for kind in ("csv", "parquet", "arrow"):
            assert rows_of(download(explorer, kind, "groups"), kind) == count_of_groups


def download(explorer: Explorer, kind: str, of: str) -> bytes:
    chunks: list[Any] = []
    told = do(explorer, "fetch", ticket=1, kind=kind, of=of)
    while told:
        chunks += told
        assert {chunk["type"] for chunk in told} == {"chunk"}
        explorer.messages.clear()
        explorer.controller.receive({"type": "taken", "ticket": 1})
        explorer.jobs.run()
        told = list(explorer.messages)
    return b"".join(chunk["bytes"] for chunk in chunks)


def rows_of(data: bytes, kind: str) -> int:
    match kind:
        case "csv":
            return len(pl.read_csv(data, infer_schema=False))
        case "parquet":
            return len(pl.read_parquet(io.BytesIO(data)))
        case _:
            return pa.ipc.open_file(io.BytesIO(data)).read_all().num_rows


@by_type
def test_files_hold_all_rows(shown: Any, sql: str):
    explorer = shown(sql)
    for kind in ("csv", "parquet", "arrow"):
        assert rows_of(download(explorer, kind, "rows"), kind) == explorer.state.rows


@by_type
def test_cells_are_copied_measured_and_read_whole(shown: Any, sql: str):
    explorer = shown(sql)
    rows = explorer.state.rows or 0
    if rows == 0:
        return
    do(explorer, "select", rows=[[0, min(rows, 50)]], columns=None)
    for kind in ("tsv", "named_tsv", "csv", "markdown", "json"):
        (copied,) = do(explorer, "copy", ticket=1, kind=kind)
        assert copied["text"] is not None or "long" in sql
    assert do(explorer, "measure", ticket=1)[-1]["type"] == "measured"
    assert do(explorer, "card", ticket=1, row=0)[-1]["type"] == "card"
    assert do(explorer, "value", ticket=1, row=0, column=0)[-1]["type"] == "value"


@by_type
def test_the_shown_sql_gives_as_many_rows(shown: Any, engine: DuckDB, sql: str):
    explorer = shown(sql)
    for text in FILTERS:
        do(explorer, "filter", column=0, text=text)
        (told,) = do(explorer, "sql")
        query = told["text"].replace("this_table", f"({sql}) AS this_table", 1)
        connection = engine.lease()
        try:
            counted = connection.execute(f"SELECT count(*) FROM ({query})").fetchall()
            assert counted == [(explorer.state.rows,)], text
        finally:
            engine.give_back(connection)
        do(explorer, "clear")
