"""Texts for other engines are fused as their target says."""

import duckdb
import pytest

from dataapp.compile.fusion import Key, Part, Predicate, TablePart, TextPart, ValueOf, fuse
from dataapp.compile.query import parse
from dataapp.compile.target import Target
from dataapp.engines.duckdb import DuckDB

OTHER = Target(
    "other",
    numbers_parameters=True,
    starts_with_from=False,
    keeps_case=True,
    takes_lists_by_any=True,
    types={"DOUBLE": "float8"},
)
PARSER = DuckDB()


def text(
    query: str, predicates: dict[str, Predicate] | None = None, values: dict[str, str] | None = None, **tables: str
):
    return TextPart(parse(query, PARSER), tables, values or {}, predicates or {}, {})


def written(root: str, parts: dict[Key, Part], casts: dict[Key, str] | None = None) -> str:
    return fuse(root, parts, {key: key for key in [*parts, "low", "names"]}, casts, OTHER).sql


def test_a_table_of_the_engine_stands_by_its_name():
    parts: dict[Key, Part] = {"t": TablePart("s", 'odd "t"'), "root": text("SELECT T.a FROM T", t="t")}
    assert written("root", parts) == 'SELECT T.a FROM "s"."odd ""t""" AS T'


def test_a_table_by_itself_is_read_whole():
    assert written("t", {"t": TablePart(None, "t")}) == 'SELECT * FROM "t"'


def test_parameters_have_numbers_and_types_of_the_engine():
    parts: dict[Key, Part] = {"root": text("SELECT $low, $names", values={"low": "low", "names": "names"})}
    fused = fuse("root", parts, {"low": "low", "names": "names", "root": "root"}, {"low": "DOUBLE[]"}, OTHER)
    assert fused.sql == "SELECT CAST($1 AS float8[]), $2"
    assert list(fused.values) == ["low", "names"]


def test_membership_in_a_list_is_by_any():
    predicate = Predicate(('"name" IN ', ValueOf("names"), " OR x > ", ValueOf("low")))
    parts: dict[Key, Part] = {"root": text("SELECT 1 WHERE $chosen", {"chosen": predicate})}
    assert written("root", parts) == 'SELECT 1 WHERE ("name" = ANY($1) OR x > $2)'


def test_the_ctes_of_a_root_follow_ours():
    parts: dict[Key, Part] = {
        "a": text("SELECT 1 AS n"),
        "root": text("/* first */ WITH RECURSIVE b AS (SELECT n FROM a) SELECT n FROM b ORDER BY n", a="a"),
    }
    sql = written("root", parts)
    assert sql.startswith('WITH RECURSIVE "a" AS (SELECT 1 AS n\n), b AS (SELECT n FROM "a" AS a) SELECT n')
    assert duckdb.sql(sql).fetchall() == [(1,)]


def test_a_position_behind_joined_ctes_leads_back_to_the_text():
    parts: dict[Key, Part] = {
        "a": text("SELECT 1 AS n"),
        "root": text("WITH b AS (SELECT n FROM a)\nSELECT nope FROM b", a="a"),
    }
    fused = fuse("root", parts, {"a": "a", "root": "root"}, {}, OTHER)
    place = fused.locate(len(fused.sql[: fused.sql.index("nope")].encode()))
    assert place is not None
    assert (place.key, place.line, place.column) == ("root", 2, 8)


def test_a_root_without_ctes_stands_in_parentheses():
    parts: dict[Key, Part] = {"a": text("SELECT 1 AS n"), "root": text("SELECT n FROM a ORDER BY n", a="a")}
    assert written("root", parts).endswith('\n(SELECT n FROM "a" AS a ORDER BY n\n)')


def test_a_table_statement_becomes_a_select():
    parts: dict[Key, Part] = {"a": text("SELECT 1 AS n"), "root": text("TABLE a", a="a")}
    assert written("root", parts).endswith('(SELECT * FROM "a" AS a\n)')


@pytest.mark.parametrize("name", ["t", "T"])
def test_a_cte_never_takes_the_name_of_a_table_of_the_engine(name: str):
    parts: dict[Key, Part] = {
        "base": TablePart(None, "t"),
        name: text("SELECT * FROM base", base="base"),
        "root": text("SELECT * FROM x", x=name),
    }
    assert f'WITH "{name}_2" AS (SELECT * FROM "t" AS base\n)' in written("root", parts)
