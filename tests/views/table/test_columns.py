"""Every type arrives as something that the browser holds exactly."""

from typing import Any

import pytest

from dataapp.engines.duckdb import DuckDB
from dataapp.engines.relation import Column, Relation
from dataapp.views.table.columns import LONGEST_TEXT, Kind, exact_text, kind_of, short_type
from tests.views.table.by_hand import Explorer, read_cells

CELLS = [
    ("127::TINYINT", Kind.INTEGER, 127),
    ("9007199254740993::BIGINT", Kind.INTEGER, 9007199254740993),
    ("18446744073709551615::UBIGINT", Kind.INTEGER, 18446744073709551615),
    ("170141183460469231731687303715884105727::HUGEINT", Kind.INTEGER, "170141183460469231731687303715884105727"),
    ("-5::BIGNUM", Kind.INTEGER, "-5"),
    ("1.50::DECIMAL(5,2)", Kind.DECIMAL, "1.50"),
    ("12345678901234567890123456789012345678::DECIMAL(38,0)", Kind.DECIMAL, "12345678901234567890123456789012345678"),
    ("0.5::FLOAT", Kind.FLOAT, 0.5),
    ("'-inf'::DOUBLE", Kind.FLOAT, float("-inf")),
    ("true", Kind.BOOLEAN, True),
    ("DATE '0044-03-15 (BC)'", Kind.DATE, "0044-03-15 (BC)"),
    ("DATE 'infinity'", Kind.DATE, "infinity"),
    ("TIMESTAMP '2024-01-02 03:04:05.678'", Kind.TIMESTAMP, "2024-01-02 03:04:05.678"),
    ("TIMESTAMP_NS '2024-01-02 03:04:05.123456789'", Kind.TIMESTAMP, "2024-01-02 03:04:05.123456789"),
    ("TIME '23:59:59.5'", Kind.TIME, "23:59:59.5"),
    ("TIMETZ '10:00:00+02'", Kind.OTHER, "10:00:00+02"),
    ("INTERVAL '3 months 2 days'", Kind.OTHER, "3 months 2 days"),
    ("UUID '7e73a05c-9f2a-4b29-a4d4-5f77c39d406f'", Kind.OTHER, "7e73a05c-9f2a-4b29-a4d4-5f77c39d406f"),
    ("'y'::ENUM('x]', 'y')", Kind.TEXT, "y"),
    (r"'\xAA\x00a'::BLOB", Kind.OTHER, "aa0061"),
    ("'0101'::BIT", Kind.OTHER, "0101"),
    ("{'a': 1, 'b': ['x', NULL]}", Kind.OTHER, '{"a":1,"b":["x",null]}'),
    ("MAP {'k': {'d': DATE '2024-01-02'}}", Kind.OTHER, '{"k":{"d":"2024-01-02"}}'),
    ("[[1], []]", Kind.OTHER, "[[1],[]]"),
    ("[1, 2]::INTEGER[2]", Kind.OTHER, "[1,2]"),
    ("union_value(k := 1)", Kind.OTHER, "1"),
    ("'{\"a\": 1}'::JSON", Kind.OTHER, '{"a": 1}'),
    ("'null'", Kind.TEXT, "null"),
    ("''", Kind.TEXT, ""),
    ("'<script>é日本'", Kind.TEXT, "<script>é日本"),
    ("NULL", Kind.INTEGER, None),
    ("NULL::DOUBLE", Kind.FLOAT, None),
    ("NULL::STRUCT(a INTEGER)", Kind.OTHER, None),
]


@pytest.mark.parametrize(("expression", "kind", "sent"), CELLS)
@pytest.mark.parametrize("fixed_order", [True, False])
def test_each_type_arrives_exactly(
    engine: DuckDB, explorer: Explorer, expression: str, kind: Kind, sent: object, fixed_order: bool
):
    sql = f"SELECT {expression} AS value"
    explorer.controller.show(Relation(sql, key=sql, engine=engine, fixed_order=fixed_order))
    explorer.jobs.run()
    assert explorer.view["columns"][0]["kind"] == kind.value
    assert read_cells(explorer.view).to_pylist() == [{"c0": sent}]


@pytest.mark.parametrize(("expression", "kind", "sent"), CELLS)
def test_each_type_can_be_sorted_and_filtered(
    engine: DuckDB, explorer: Explorer, expression: str, kind: Kind, sent: object
):
    sql = f"SELECT {expression} AS value"
    explorer.controller.show(Relation(sql, key=sql, engine=engine, fixed_order=True))
    explorer.jobs.run()
    explorer.say("sort", order=[{"column": 0, "descending": True}])
    explorer.jobs.run()
    explorer.say("filter", column=0, text="is null" if sent is None else "not null")
    explorer.jobs.run()
    assert explorer.state.error is None
    assert explorer.state.rows == 1


def test_a_time_zone_does_not_lose_the_moment(engine: DuckDB, explorer: Explorer):
    sql = "SELECT TIMESTAMPTZ '2024-01-02 03:04:05+00' AS moment"
    explorer.controller.show(Relation(sql, key=sql, engine=engine, fixed_order=True))
    explorer.jobs.run()
    text = read_cells(explorer.view).to_pylist()[0]["c0"]
    with Relation(sql, key=sql, engine=engine).open() as reader:
        assert reader.fetch(f"SELECT moment = '{text}'::TIMESTAMPTZ AS same FROM relation").to_pylist() == [
            {"same": True}
        ]


def test_long_values_are_cut_where_the_browser_can_tell(engine: DuckDB, explorer: Explorer):
    sql = "SELECT repeat('é', 100000) AS long, repeat('a', 100000)::BLOB AS blob, range(100000) AS list"
    explorer.controller.show(Relation(sql, key=sql, engine=engine, fixed_order=True))
    explorer.jobs.run()
    assert {len(text) for text in read_cells(explorer.view).to_pylist()[0].values()} == {LONGEST_TEXT + 1}


@pytest.mark.parametrize(
    ("type_", "short"),
    [
        ("DECIMAL(12,2)", "decimal(12,2)"),
        ("STRUCT(a INTEGER, b VARCHAR)", "struct"),
        ("ENUM('a(', 'b)')", "enum"),
        ("TIMESTAMP WITH TIME ZONE", "timestamptz"),
        ("VARCHAR[]", "varchar[]"),
    ],
)
def test_types_have_short_names(type_: str, short: str):
    assert short_type(Column("c", type_)) == short


def test_a_list_of_decimals_is_not_a_number():
    assert kind_of(Column("c", "DECIMAL(5,2)[]")) is Kind.OTHER


@pytest.mark.parametrize("zone", ["UTC", "Europe/Amsterdam", "America/New_York", "Asia/Kolkata"])
@pytest.mark.parametrize(
    "value", ["1880-01-01 00:00:00.123456+00", "2024-11-03 06:30:00+00", "0044-03-15 (BC) 00:00:00+00", "-infinity"]
)
def test_an_exact_text_is_the_same_moment_again(zone: str, value: str):
    type_ = "TIMESTAMP WITH TIME ZONE"
    relation = Relation(f"SELECT CAST('{value}' AS {type_}) AS moment", key=value, engine=DuckDB())
    with relation.open() as reader:
        connection: Any = reader._connection
        connection.execute(f"SET TimeZone = '{zone}'")
        found = reader.fetch(f"SELECT CAST({exact_text(type_, 'moment')} AS {type_}) = moment FROM relation")
    assert found.column(0).to_pylist() == [True]
