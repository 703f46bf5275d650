"""What SQL says otherwise than JavaScript is left to Vega; `test_equivalence` holds what is translated."""

import pytest

from dataapp.views.chart.pushdown.expressions import Value, expression_to_condition, expression_to_value
from dataapp.views.chart.pushdown.parsing import NotTranslated
from dataapp.views.chart.wire import Kind
from tests.views.chart.drawing import relation_of

COLUMNS = {
    "n": Value('"n"', Kind.NUMBER, is_nullable=True),
    "t": Value('"t"', Kind.TEXT, is_nullable=True),
    "w": Value('"w"', Kind.WALL, is_nullable=True),
    "z": Value('"z"', Kind.INSTANT, is_nullable=True),
    "o": Value('"o"', Kind.NESTED, is_nullable=True),
}

FLAG = Value('"f"', Kind.FLAG, is_nullable=True)


@pytest.mark.parametrize(
    "text",
    [
        *("datum.t < 'a'", "length(datum.t)", "upper(datum.t)", "datum.t * 2", "+datum.t", "datum.t == 1"),
        *("datum.n + 'a'", "datum.t + datum.t", "datum.n ? 1 : 'a'", "log(datum.n)", "pow(datum.n, 2)", "now()"),
        *("year(datum.z)", "utcyear(datum.w)", "datum.w - 1", "datum.w == datum.w", "datum.w > 5", "!datum.w"),
        *("datum", "datum.unknown", "datum.t.length", "brush", "datum.o + 1", "isNumber(datum.z)", "random()"),
        *("inrange(datum.n, [0, datum.n])", "indexof(datum.t, 'a')", "datetime(2020)", "datetime(2020, 1, 30)"),
    ],
)
def test_what_sql_says_otherwise_is_not_translated(text: str) -> None:
    with pytest.raises(NotTranslated):
        expression_to_value(text, COLUMNS)


def test_sql_that_would_grow_without_end_is_not_made() -> None:
    text = "datum.n"
    for _ in range(30):
        text = f"round({text})"
    with pytest.raises(NotTranslated, match="too long"):
        expression_to_value(text, COLUMNS)


def test_texts_are_quoted() -> None:
    assert expression_to_value("""datum.t + "'; DROP TABLE x; --" """, COLUMNS).sql.endswith("'''; DROP TABLE x; --')")


@pytest.mark.parametrize("is_lack", [False, True])
@pytest.mark.parametrize(
    "text",
    [
        *(f"datum.n {test} {number}" for test in ("<", "<=", ">", ">=", "==", "===", "!=") for number in (-1, 0, 2)),
        *(f"{number} {test} datum.n" for test in ("<", ">=", "==") for number in (-1, 0, 2)),
        *("datum.n < datum.m", "datum.n <= datum.m", "datum.n == datum.m", "datum.n == null", "datum.n > NaN"),
        *("inrange(datum.n, [-1, 1])", "inrange(datum.n, [1, 3])", "datum.n", "!datum.n", "datum.t", "datum.f"),
        *("datum.t == 'a'", "datum.t != 'a'", "datum.t == ''", "datum.f && datum.n > 0", "datum.f || datum.n > 0"),
        *("!(datum.f && datum.n > 0)", "datum.n > 1 ? datum.f : datum.m < 1"),
    ],
)
def test_a_filter_keeps_the_rows_for_which_its_expression_is_true(text: str, is_lack: bool) -> None:
    kinds = {"n": Kind.NUMBER, "m": Kind.NUMBER, "t": Kind.TEXT, "f": Kind.FLAG}
    columns = {name: Value(f'"{name}"', kind, is_nullable=True, is_lack=is_lack) for name, kind in kinds.items()}
    numbers = "unnest([-2, -1, 0, 1, 2, 'nan'::DOUBLE, NULL])"
    relation = relation_of(
        f"SELECT n, m, t, f FROM (SELECT {numbers} AS n), (SELECT {numbers} AS m),"
        " (SELECT unnest(['a', '', NULL]) AS t), (SELECT unnest([true, false, NULL]) AS f)"
    )
    whole = expression_to_value(f"({text}) ? 1 : 0", columns).sql
    kept = expression_to_condition(text, columns)
    with relation.open() as reader:
        told = reader.fetch(f"SELECT count(*) FILTER (({kept}) IS TRUE <> ({whole} = 1)) AS wrong FROM relation")
    assert told.to_pylist() == [{"wrong": 0}]


def test_a_column_stands_alone_in_a_filter_so_that_the_engine_can_skip_parts_of_files() -> None:
    assert expression_to_condition("datum.n > 2 && datum.t == 'a' && datum.f", COLUMNS | {"f": FLAG}) == (
        """((("n" > CAST('2.0' AS DOUBLE) AND NOT isnan("n")) AND ("t" = 'a')) AND "f")"""
    )
