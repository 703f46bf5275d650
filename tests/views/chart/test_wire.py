from typing import cast

import pyarrow as pa
import pytest

from dataapp.engines.relation import Column
from dataapp.views.chart.wire import Kind, column_to_sent, empty_table, kind_of
from tests.views.chart.drawing import relation_of


@pytest.mark.parametrize(
    ("expression", "sent"),
    [
        ("170141183460469231731687303715884105727::HUGEINT", 1.7014118346046923e38),
        ("1.25::DECIMAL(10,2)", 1.25),
        ("TIMESTAMP '1970-01-01 00:00:01.5'", 1500.0),
        ("DATE '1970-01-02'", 86_400_000.0),
        ("TIMESTAMPTZ '1970-01-01 01:00:00+01'", 0.0),
        ("'infinity'::TIMESTAMP", None),
        ("TIME '10:00'", "10:00:00"),
        ("INTERVAL 1 HOUR", "01:00:00"),
        ("{'a': 1.5}", '{"a":1.5}'),
        ("true", True),
        ("'S'::ENUM('S', 'M')", "S"),
        ("NULL::TIMESTAMP_NS", None),
    ],
)
def test_values_travel_as_vega_knows_them(expression: str, sent: object) -> None:
    relation = relation_of(f"SELECT {expression} AS x")
    (column,) = relation.columns()
    with relation.open() as reader:
        assert reader.fetch(f"SELECT {column_to_sent(column).expression} AS x FROM relation").to_pylist() == [
            {"x": sent}
        ]


def test_times_may_travel_as_text() -> None:
    assert column_to_sent(Column("d", "DATE"), as_text=True).kind is Kind.TEXT


def test_lists_of_enums_are_nested() -> None:
    assert kind_of(Column("x", "ENUM('a', 'b')[]")) is Kind.NESTED


def test_quotes_in_enums_survive() -> None:
    table = empty_table([Column("x", "ENUM('it''s', 'b')")])
    assert table["x"].type.ordered
    assert cast("pa.DictionaryArray", table["x"].chunk(0)).dictionary.to_pylist() == ["it's", "b"]
