"""What SQL says otherwise than JavaScript is left to Vega; `test_equivalence` holds what is translated."""

import pytest

from dataapp.views.chart.pushdown.expressions import Value, expression_to_value
from dataapp.views.chart.pushdown.parsing import NotTranslated
from dataapp.views.chart.wire import Kind

COLUMNS = {
    "n": Value('"n"', Kind.NUMBER, is_nullable=True),
    "t": Value('"t"', Kind.TEXT, is_nullable=True),
    "w": Value('"w"', Kind.WALL, is_nullable=True),
    "z": Value('"z"', Kind.INSTANT, is_nullable=True),
    "o": Value('"o"', Kind.NESTED, is_nullable=True),
}


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
