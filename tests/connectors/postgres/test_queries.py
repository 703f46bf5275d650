"""What Postgres is sent, and what comes back, beyond the contract of connectors."""

import datetime as dt
from decimal import Decimal
from pathlib import Path

import polars as pl
import pyarrow as pa
import pytest

import dataapp as da
from dataapp.connect.connection import Connection
from dataapp.errors import NotOnDatabaseError, QueryError, SqlSyntaxError, TypeMismatchError
from tests.connectors.postgres.server import Postgres


@pytest.fixture
def con(postgres: Postgres) -> Connection:
    postgres.load("orders", pa.table({"id": [1, 2, 3], "Buyer": ["ann", "bob", None], "total": [10.5, 20.0, 0.25]}))
    return da.connect(postgres.url())


# One query.


def test_a_chain_is_written_as_postgres_reads_it(con: Connection):
    orders, buyers = con.table("orders"), da.match("Buyer", ["ann", "bob"])
    large = da.sql(
        "SELECT id, total FROM Orders WHERE total > $low AND $buyers",
        on=con,
        orders=orders,
        buyers=buyers,
        low=5,
        name="Large",
    )
    total = da.sql("SELECT sum(total) AS total FROM large WHERE total < $high", on=con, large=large, high=15.0)
    compiled = total.compile()
    assert compiled.sql == (
        'WITH "Large" AS (SELECT id, total FROM "orders" AS Orders WHERE total > $1 AND ("Buyer" = ANY($2))\n)\n'
        '(SELECT sum(total) AS total FROM "Large" AS large WHERE total < $3\n)'
    )
    assert list(compiled.parameters.values()) == [5, ["ann", "bob"], 15.0]
    assert total.evaluate().item() == 10.5


def test_another_dialect_is_a_translation(con: Connection):
    cell = da.sql("SELECT id FROM orders WHERE total > $low", on=con, low=1, name="large")
    assert cell.compile().sql == "SELECT id FROM orders WHERE total > $1"
    assert "ORDERS" in cell.compile("snowflake").sql.upper()


def test_a_name_without_quotes_means_the_table_in_lower_case(con: Connection):
    assert da.sql("SELECT Orders.id FROM Orders WHERE ORDERS.id = 1", on=con).evaluate().item() == 1


def test_a_recursive_root_keeps_its_meaning(con: Connection):
    orders = con.table("orders")
    first = da.sql("SELECT id FROM orders WHERE id = 1", on=con, orders=orders)
    text = "-- up\nWITH RECURSIVE up AS (SELECT id FROM first UNION ALL SELECT id + 1 FROM up WHERE id < 4)"
    chain = da.sql(f"{text} SELECT id FROM up ORDER BY id DESC", on=con, first=first)
    assert chain.evaluate()["id"].to_list() == [4, 3, 2, 1]


def test_table_is_a_statement(con: Connection):
    orders = con.table("orders")
    small = da.sql("SELECT id FROM orders WHERE id < 3", on=con, orders=orders)
    assert da.sql("TABLE small", on=con, small=small).evaluate().height == 2


def test_a_cell_that_is_read_twice_is_written_once(con: Connection):
    small = da.sql("SELECT id, total FROM orders", on=con)
    twice = da.sql("SELECT count(*) AS n FROM small a JOIN small b USING (id)", on=con, small=small)
    assert twice.compile().sql.count("FROM orders") == 1
    assert twice.evaluate().item() == 3


def test_a_schema_is_named_in_the_text_or_for_the_source(con: Connection, postgres: Postgres):
    postgres.execute(
        "CREATE SCHEMA IF NOT EXISTS other",
        "DROP TABLE IF EXISTS other.notes",
        "CREATE TABLE other.notes AS SELECT 7 AS n",
    )
    assert da.sql("SELECT n FROM other.notes", on=con).evaluate().item() == 7
    assert con.table("notes", schema="other").evaluate().item() == 7
    assert con.columns("notes", schema="other") == {"n": "integer"}
    assert "other.notes" in con.tables()


# What is fetched for readers here.


def test_only_the_columns_that_readers_use_are_fetched(con: Connection, asked: list[str]):
    orders = con.table("orders")
    assert (
        da.sql("SELECT sum(total) AS total FROM orders WHERE lower(buyer) = 'bob'", orders=orders).evaluate().item()
        == 20
    )
    assert 'SELECT "Buyer", "total" FROM (SELECT * FROM "orders"\n) AS rows' in asked


def test_a_chain_with_values_gives_fewer_columns(con: Connection, asked: list[str]):
    large = da.sql("SELECT id, total FROM orders WHERE total > $low", on=con, low=1, name="large")
    later = da.sql(
        "-- later\nWITH l AS (SELECT * FROM large) SELECT * FROM l WHERE id < $most", on=con, large=large, most=3
    )
    assert da.sql("SELECT sum(id)::INTEGER AS n FROM later", later=later).evaluate().item() == 3
    assert any(text.startswith('SELECT "id" FROM (WITH "large" AS (') for text in asked)


def test_columns_of_equal_names_are_all_fetched(con: Connection, asked: list[str]):
    twice = da.sql("SELECT id, -id AS id, total FROM orders", on=con)
    assert da.sql("SELECT sum(id_1)::INTEGER AS n FROM twice", twice=twice).evaluate().item() == -6
    assert not any("AS rows" in text for text in asked)


def test_what_fails_in_a_query_for_fewer_columns_has_its_place(con: Connection):
    wrong = da.sql("SELECT id,\n  nope, total FROM orders", on=con, name="wrong")
    with pytest.raises(da.DataAppError, match="nope") as caught:
        da.sql("SELECT id FROM wrong", wrong=wrong).evaluate()
    assert (caught.value.cell, caught.value.line, caught.value.column) == ("wrong", 2, 3)


# What cannot be said there.


def test_rows_that_are_kept_here_are_not_fused(con: Connection):
    a_few = da.sql("SELECT id FROM orders LIMIT 1", on=con, name="a_few")
    assert a_few.evaluate().height == 1
    with pytest.raises(NotOnDatabaseError, match="whose rows are kept here: LIMIT without a total order") as caught:
        da.sql("SELECT id FROM a_few", on=con, a_few=a_few).evaluate()
    assert "leave out on=" in (caught.value.hint or "")
    assert da.sql("FROM a_few", a_few=a_few).evaluate().height == 1


def test_a_button_is_not_fused_away(con: Connection):
    heavy = da.sql("SELECT id FROM orders", on=con, run="button", name="heavy")
    with pytest.raises(NotOnDatabaseError, match="it waits for its button"):
        da.sql("SELECT id FROM heavy", on=con, heavy=heavy).evaluate()


def test_a_frame_cannot_stand_in_for_what_is_read_there(con: Connection):
    orders = con.table("orders")
    count = da.sql("SELECT count(*) AS n FROM orders", on=con, orders=orders)
    with pytest.raises(NotOnDatabaseError, match="is here"):
        count.evaluate(orders=pl.DataFrame({"id": [1]}))
    local = da.sql("SELECT count(*) AS n FROM orders", orders=orders)
    assert local.evaluate(orders=pl.DataFrame({"id": [1]})).item() == 1


@pytest.mark.parametrize("text", ["SUMMARIZE orders", "PIVOT orders ON id USING sum(total)"])
def test_what_only_duckdb_says_is_refused(con: Connection, text: str):
    with pytest.raises(NotOnDatabaseError, match="cannot be read as a table"):
        da.sql(text, on=con).evaluate()


def test_duckdb_syntax_is_an_error_of_postgres_with_its_place(con: Connection):
    with pytest.raises(SqlSyntaxError) as caught:
        da.sql("FROM orders", on=con).evaluate()
    assert (caught.value.line, caught.value.column) == (1, 1)


def test_a_place_behind_characters_of_several_bytes_is_exact(con: Connection):
    with pytest.raises(da.DataAppError) as caught:
        da.sql("SELECT 'ä☃𝄞',\n  'ü' || nope FROM orders", on=con).evaluate()
    assert (caught.value.line, caught.value.column) == (2, 10)


def test_what_fails_while_it_runs_is_an_error_of_the_query(con: Connection):
    with pytest.raises(QueryError, match="Division by zero"):
        da.sql("SELECT 1 / (id - 2) AS x FROM orders", on=con, name="x").evaluate()


# Types.


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("1.25::numeric(10, 3)", Decimal("1.250")),
        ("1.25::numeric", 1.25),
        ("(2 ^ 62)::bigint", 2**62),
        ("'{\"a\": 1}'::jsonb", '{"a": 1}'),
        ("'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"),
        ("ARRAY[1, NULL, 3]", [1, None, 3]),
        ("ARRAY[1.5, NULL]::numeric(4, 2)[]", [1.5, None]),
        ("'sad'::mood", "sad"),
        ("ARRAY['sad', NULL]::mood[]", ["sad", None]),
        ("'12:30'::time", dt.time(12, 30)),
        ("'2024-07-01 12:00+02'::timestamptz", dt.datetime(2024, 7, 1, 10, tzinfo=dt.UTC)),
        ("NULL::text", None),
        ("'x'::varchar(3)", "x"),
    ],
)
def test_a_value_arrives_as(con: Connection, postgres: Postgres, expression: str, expected: object):
    postgres.execute("DROP TYPE IF EXISTS mood CASCADE", "CREATE TYPE mood AS ENUM ('sad', 'happy')")
    con = da.connect(con.url, application_name=expression)  # connections know the types that were there before them
    found = da.sql(f"SELECT {expression} AS x", on=con).evaluate().item()
    assert (found.to_list() if isinstance(found, pl.Series) else found) == expected


@pytest.mark.parametrize("expression", ["'::1'::inet", "point(1, 2)", "int4range(1, 2)", "ARRAY[point(1, 2)]"])
def test_a_type_without_a_counterpart_is_refused_with_the_cast(con: Connection, expression: str):
    with pytest.raises(TypeMismatchError, match="Column `x`") as caught:
        da.sql(f"SELECT {expression} AS x", on=con).evaluate()
    assert caught.value.hint == "cast it in the query: x::text"
    assert isinstance(da.sql(f"SELECT ({expression})::text AS x", on=con).evaluate().item(), str)


def test_a_value_that_is_no_decimal_is_told(con: Connection):
    with pytest.raises(TypeMismatchError, match="column `x`"):
        da.sql("SELECT 'NaN'::numeric(4, 2) AS x", on=con).evaluate()


@pytest.mark.parametrize(
    ("value", "type_name"),
    [
        (3, "integer"),
        (2**40, "bigint"),
        (2**70, "numeric"),
        (1.5, "double precision"),
        (Decimal("1.25"), "numeric"),
        ("a", "text"),
        (True, "boolean"),
        (b"\x00", "bytea"),
        (dt.date(2024, 1, 1), "date"),
        (dt.datetime.fromisoformat("2024-01-01"), "timestamp without time zone"),
        (dt.datetime(2024, 1, 1, tzinfo=dt.UTC), "timestamp with time zone"),
        (dt.timedelta(minutes=5), "interval"),
        (dt.time(12), "time without time zone"),
        ([1, 2], "integer[]"),
        ([1, 2.5], "double precision[]"),
        (["a", None], "text[]"),
    ],
)  # fmt: skip
def test_a_value_is_bound_with_its_type(con: Connection, value: object, type_name: str):
    cell = da.sql("SELECT pg_typeof($value)::text AS type", on=con, value=value)
    assert cell.evaluate().item() == type_name


def test_no_value_is_null(con: Connection):
    assert da.sql("SELECT $value::integer IS NULL AS x", on=con, value=None).evaluate().item() is True


def test_a_value_without_counterpart_is_an_error_before_the_query_runs(con: Connection):
    with pytest.raises(TypeMismatchError, match=r"`\$value` is a dict"):
        da.sql("SELECT $value AS x", on=con, value={"a": 1}).evaluate()


def test_a_list_is_a_member_test(con: Connection):
    found = da.sql("SELECT id FROM orders WHERE id = ANY($ids) ORDER BY id", on=con, ids=[3, 1])
    assert found.evaluate()["id"].to_list() == [1, 3]


# Reading it elsewhere.


def test_a_python_cell_reads_the_rows(con: Connection):
    orders = con.table("orders")

    @da.cell(orders=orders)
    def highest(orders: pl.DataFrame) -> float:
        return orders["total"].max()  # pyright: ignore[reportReturnType]

    assert highest.evaluate() == 20.0


def test_a_single_value_is_a_parameter(con: Connection):
    newest = da.sql("SELECT max(id) AS id FROM orders", on=con)
    assert da.sql("SELECT total FROM orders WHERE id = $newest", on=con, newest=newest).evaluate().item() == 0.25
    assert da.sql("SELECT $newest::INTEGER + 1 AS n", newest=newest).evaluate().item() == 4


def test_a_source_may_name_the_table_of_a_url(postgres: Postgres, con: Connection):
    assert da.source(postgres.url(), table="orders").evaluate().height == 3


def test_the_check_binds_queries_on_the_server(con: Connection, tmp_path: Path):
    from click.testing import CliRunner

    from dataapp.cli import main

    app = tmp_path / "app.py"
    app.write_text(
        "import dataapp as da\nimport panel as pn\n\n"
        f'con = da.connect("{con.url}")\norders = con.table("orders")\n'
        'cells = [da.sql("SELECT id, totl FROM orders", on=con, orders=orders, name="wrong")]\n'
        "pn.Column(*cells).servable()\n"
    )
    result = CliRunner().invoke(main, ["check", str(app)])
    assert result.exit_code == 1
    assert "DA204" in result.output
    assert "hunter2" not in result.output


def test_a_text_that_duckdb_cannot_read_is_told_so(con: Connection):
    with pytest.raises(SqlSyntaxError) as caught:
        da.sql("SELECT id FROM orders\nFOR UPDATE", on=con).evaluate()
    assert "DuckDB's parser" in (caught.value.hint or "")
