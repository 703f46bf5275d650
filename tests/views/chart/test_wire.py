import json
import math
from typing import Any, cast

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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


numbers = st.none() | st.floats(width=32) | st.sampled_from([float("nan"), float("inf"), float("-inf")])
texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])) | st.text('NaInfinty",:-\\[ ]')


def _travelled(expression: str) -> Any:
    """Return a nested value as a page reads it, whose parser takes no NaN."""
    relation = relation_of(f"SELECT {expression} AS x")
    with relation.open() as reader:
        table = reader.fetch(f"SELECT {column_to_sent(*relation.columns()).expression} AS x FROM relation")
    return json.loads(table["x"][0].as_py(), parse_constant=pytest.fail)


def _known(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


@settings(max_examples=50)
@given(numbers, st.lists(numbers, max_size=4), texts)
def test_what_json_has_no_number_for_is_null_in_nested_values(
    bid: float | None, sizes: list[float | None], note: str
) -> None:
    first, *others = ("NULL" if value is None else f"'{value!r}'::DOUBLE" for value in (bid, *sizes))
    quoted = note.replace("'", "''")
    found = _travelled(f"{{'bid': {first}, 'sizes': [{', '.join(others)}]::FLOAT[], 'note': '{quoted}'}}")
    assert found == {"bid": _known(bid), "sizes": [_known(size) for size in sizes], "note": note}


def test_what_json_has_no_number_for_is_null_in_columns_of_json() -> None:
    found = _travelled("""'{"inf": -inf, "list": [NaN, -Infinity, -1, null, false], "note": "NaN"}'::JSON""")
    assert found == {"inf": None, "list": [None, None, -1, None, False], "note": "NaN"}


def test_times_may_travel_as_text() -> None:
    assert column_to_sent(Column("d", "DATE"), as_text=True).kind is Kind.TEXT


def test_lists_of_enums_are_nested() -> None:
    assert kind_of(Column("x", "ENUM('a', 'b')[]")) is Kind.NESTED


def test_quotes_in_enums_survive() -> None:
    table = empty_table([Column("x", "ENUM('it''s', 'b')")])
    assert table["x"].type.ordered
    assert cast("pa.DictionaryArray", table["x"].chunk(0)).dictionary.to_pylist() == ["it's", "b"]
