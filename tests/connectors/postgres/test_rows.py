"""Of what lies in Postgres only the rows travel that readers here may use, and no reader notices."""

from typing import Any

import adbc_driver_postgresql.dbapi as driver
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import dataapp as da
from dataapp.cells.database import Statement
from dataapp.cells.values import Bound
from dataapp.connect.connection import Connection
from tests.connectors.postgres.server import Postgres
from tests.runtime.bench import session, value
from tests.runtime.test_pushdown import TREES, VALUES, passing


@pytest.fixture
def con(postgres: Postgres) -> Connection:
    postgres.load("orders", pa.table({"id": [1, 2, 3], "Buyer": ["ann", "bob", None], "total": [10.5, 20.0, 0.25]}))
    return da.connect(postgres.url())


def test_a_condition_is_bound_and_stands_behind_the_table(con: Connection, asked: list[str]) -> None:
    text = "SELECT id FROM orders WHERE id >= 2 AND buyer IN ('bob', 'it''s')"
    assert da.sql(text, orders=con.table("orders")).evaluate().item() == 2
    table = '(SELECT * FROM "orders"\n) AS rows'
    assert f'SELECT "id", "Buyer" FROM {table} WHERE "id" >= $1 AND "Buyer" IN ($2, $3)' in asked


def test_a_condition_stands_behind_the_values_and_the_fence_of_a_text(con: Connection, asked: list[str]) -> None:
    large = da.sql("SELECT id, total, 1 AS one FROM orders WHERE total > $low", on=con, low=1, name="large")
    assert da.sql("SELECT id FROM large WHERE total < 15", large=large).evaluate().item() == 1
    text = "SELECT id, total, 1 AS one FROM orders WHERE total > $1"
    fenced = f'SELECT "id", "total" FROM ({text}\n) AS fenced\nOFFSET 0'
    assert f'SELECT "id", "total" FROM ({fenced}\n) AS rows WHERE "total" < $2' in asked


def test_the_plan_uses_an_index(con: Connection, postgres: Postgres, asked: list[str]) -> None:
    postgres.execute(
        "DROP TABLE IF EXISTS many CASCADE",
        "CREATE TABLE many AS SELECT i AS id, i::text AS s FROM generate_series(1, 20000) AS g(i)",
        "CREATE INDEX ON many (id)",
        "ANALYZE many",
    )
    assert da.sql("SELECT s FROM many WHERE id = 7", many=con.table("many")).evaluate().item() == "7"
    text = 'SELECT "id", "s" FROM (SELECT * FROM "many"\n) AS rows WHERE "id" = $1'
    assert text in asked
    with con.server().ask(Statement(text, {"pushed": Bound(7)})) as question:
        assert "Index" in question.explain()


@pytest.mark.parametrize(
    ("kind", "literal", "condition"),
    [
        ("char(4)", "'a'", "x = 'a   '"),
        ("mood", "'sad'", "x = 'sad'"),
        ("name", "'a'", "x = 'a'"),
        ("numeric", "0.1", "x = 0.1"),
        ("json", "'1'", "x = '1'"),
        ("timestamptz", "'2024-01-01 00:00Z'", "x = TIMESTAMPTZ '2024-01-01 00:00:00Z'"),
        ("money", "'1'", "x = 100"),
        ("oid", "1", "x = 1"),
        ("text", "'b'", "x > 'B'"),
    ],
)
def test_what_postgres_may_compare_in_its_own_way_restricts_nothing(
    con: Connection, postgres: Postgres, asked: list[str], kind: str, literal: str, condition: str
) -> None:
    postgres.execute(
        "DROP TYPE IF EXISTS mood CASCADE",
        "CREATE TYPE mood AS ENUM ('sad', 'happy')",
        "DROP TABLE IF EXISTS own",
        f"CREATE TABLE own AS SELECT 1 AS n, {literal}::{kind} AS x",
    )
    con = da.connect(con.url, application_name=kind)  # connections know the types that were there before them
    assert da.sql(f"SELECT n FROM own WHERE {condition}", own=con.table("own")).evaluate().item() == 1
    assert not any(" AS rows WHERE " in text for text in asked)


def test_infinite_dates_and_times_are_the_engines(con: Connection, postgres: Postgres) -> None:
    rows = "('infinity', 'infinity'), ('-infinity', '-infinity'), ('2024-01-01', '2024-01-01 12:00'), (NULL, NULL)"
    postgres.execute(
        "DROP TABLE IF EXISTS ends", "CREATE TABLE ends (day date, moment timestamp)", f"INSERT INTO ends VALUES {rows}"
    )
    ends = con.table("ends")
    for column, least in (("day", "DATE '2020-01-01'"), ("moment", "TIMESTAMP '2020-01-01 00:00:00'")):
        for condition in (f"{column} > {least}", f"{column} < {least}", f"{column} <> {least}"):
            pushed = f"SELECT string_agg({column}::VARCHAR, ' ' ORDER BY {column}) FROM ends WHERE {condition}"
            plain = pushed.replace(f"WHERE {column}", f"WHERE coalesce({column})")
            found = {da.sql(text, ends=ends).evaluate().item() for text in (pushed, plain)}
            assert len(found) == 1
            assert ("-infinity" in str(found)) == (">" not in condition.replace("<>", ""))


def test_a_policy_hides_what_it_hid(con: Connection, postgres: Postgres, asked: list[str]) -> None:
    """A cast in a view fails on what the policy hides, and would tell of it."""
    postgres.execute(
        "DROP TABLE IF EXISTS secrets CASCADE",
        "CREATE TABLE secrets AS SELECT * FROM (VALUES ('1', true), ('hidden', false)) AS t(s, ok)",
        "CREATE VIEW seen AS SELECT s::integer AS n, ok FROM secrets",
    )
    seen = con.table("seen", policy="ok")
    assert da.sql("SELECT n FROM seen WHERE n > 0", seen=seen).evaluate().item() == 1
    assert da.sql("SELECT n FROM seen WHERE n > 1", seen=seen).evaluate().height == 0
    asked_for = [text for text in asked if "AS rows WHERE" in text]
    assert len(asked_for) == 2
    assert all("\n) AS fenced\nOFFSET 0\n) AS rows WHERE" in text for text in asked_for)


def test_what_fails_with_a_condition_is_asked_without(con: Connection, postgres: Postgres, asked: list[str]) -> None:
    postgres.execute(
        "DROP TABLE IF EXISTS mixed CASCADE",
        "CREATE TABLE mixed AS SELECT * FROM (VALUES ('x', 'b'), ('1', 'ab')) AS t(s, kind)",
        "CREATE OR REPLACE FUNCTION is_number(kind text) RETURNS boolean LANGUAGE plpgsql COST 100000"
        " AS $$ BEGIN RETURN kind = 'ab'; END $$",
        "CREATE VIEW numbers AS SELECT s::integer AS n FROM mixed WHERE is_number(kind)",
    )
    assert da.sql("SELECT n FROM numbers WHERE n > 0", numbers=con.table("numbers")).evaluate().item() == 1
    refused = next(number for number, text in enumerate(asked) if text.endswith('WHERE "n" > $1'))
    assert asked[refused + 1] == 'SELECT * FROM "numbers"'


def test_what_is_fetched_is_explained(con: Connection) -> None:
    text = da.sql("SELECT id FROM orders WHERE total > 15", orders=con.table("orders", name="orders")).explain()
    assert "Fetched from databases\n    `orders`: 2 of 3 columns, rows where total > 15" in text


# The same rows, whatever the values.

KINDS: dict[str, Any] = {
    "smallint": pl.Int16,
    "bigint": pl.Int64,
    "real": pl.Float32,
    "double precision": pl.Float64,
    "numeric(10, 2)": pl.Decimal(10, 2),
    "text": pl.String,
    "boolean": pl.Boolean,
    "date": pl.Date,
    "timestamp": pl.Datetime("us"),
    "timestamptz": pl.Datetime("us", "Europe/Berlin"),
}
OF_KIND = {**VALUES, pl.Int16: VALUES[pl.Int8]}


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_pushed_changes_no_result(postgres: Postgres, kind: str) -> None:
    con = da.connect(postgres.url())
    postgres.execute("DROP TABLE IF EXISTS t CASCADE", f"CREATE TABLE t (n bigint, x {kind})")

    @settings(deadline=None, max_examples=40)
    @given(st.lists(st.none() | OF_KIND[KINDS[kind]], max_size=8), TREES, st.booleans())
    def holds(values: list[Any], condition: str, is_text: bool) -> None:
        column = pl.Series(values, dtype=KINDS[kind], strict=False)
        with driver.connect(postgres.url()) as connection:
            with connection.cursor() as cursor:
                cursor.execute("DELETE FROM t")
                cursor.adbc_ingest("t", _rows(pl.DataFrame({"n": range(len(values)), "x": column})), mode="append")
            connection.commit()
        on_database = da.sql("SELECT * FROM t WHERE n >= 0", on=con) if is_text else con.table("t")
        plain = passing(da.source(value(session().demand(on_database, "frame")).rows), condition)
        if plain is not None:
            assert passing(on_database, condition) == plain

    holds()


@pytest.mark.parametrize(
    ("kind", "condition"),
    [
        ("smallint", "x > 3"),
        ("integer", "x IN (1, 2)"),
        ("bigint", "x <= 4611686018427387904"),
        ("real", "x < 2"),
        ("double precision", "x >= 2.5"),
        ("numeric(10, 2)", "x = 2.5"),
        ("text", "x = 'a'"),
        ("varchar(3)", "x IN ('a', 'b')"),
        ("boolean", "NOT x"),
        ("date", "x BETWEEN '2024-01-31' AND '2024-02-01'"),
        ("timestamp(3)", "x >= TIMESTAMP '2024-01-31 12:00:00.000001'"),
    ],
)
def test_these_are_pushed(con: Connection, postgres: Postgres, asked: list[str], kind: str, condition: str) -> None:
    postgres.execute("DROP TABLE IF EXISTS pushed", f"CREATE TABLE pushed (n integer, x {kind})")
    assert da.sql(f"SELECT n FROM pushed WHERE {condition}", pushed=con.table("pushed")).evaluate().height == 0
    assert sum(" AS rows WHERE " in text for text in asked) == 1
    assert 'SELECT * FROM "pushed"' in asked
    assert len([text for text in asked if "pushed" in text]) == 2  # the columns, and the rows, which were not refused


def _rows(frame: pl.DataFrame) -> pa.Table:
    """Return rows of Arrow whose types the driver can write."""
    table = frame.to_arrow()
    kinds: list[Any] = [pa.string() if pa.types.is_large_string(kind) else kind for kind in table.schema.types]
    return table.cast(pa.schema(list(zip(table.schema.names, kinds, strict=True))))
