"""Conditions written back as text, and understood again as the same."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dataapp.engines.relation import Column
from dataapp.errors import InputError
from dataapp.views.table.filters.parsing import parse_filter
from dataapp.views.table.filters.writing import text_of

COLUMNS = {
    type_: Column("c", type_)
    for type_ in (
        *(
            "INTEGER",
            "HUGEINT",
            "UHUGEINT",
            "DECIMAL(38,2)",
            "DECIMAL(38,38)",
            "DECIMAL(9,9)",
            "DOUBLE",
            "FLOAT",
            "VARCHAR",
            "ENUM('a', 'b')",
        ),
        *("VARCHAR[]", "DATE", "TIMESTAMP", "TIMESTAMP_NS", "TIMESTAMP WITH TIME ZONE", "TIME", "BOOLEAN"),
    )
}
numbers = st.one_of(
    st.integers().map(str),
    st.floats().map(str),
    st.decimals(allow_nan=False, allow_infinity=False, places=2).map(str),
    st.sampled_from(["1,000", "-0", "1e3", "99999999999999999999999999999999999999.5", "0.005", "1e37"]),
)
dates = st.one_of(
    st.dates().map(str),
    st.datetimes().map(str),
    st.sampled_from(["2024", "2024-02", "9999", "9999-12-31", "2024-03-05 09", "2024-Q3", "today", "last 7 days"]),
    st.sampled_from(["this month", "last year", "9999-12-31 23:59", "0001", "2024-03-05 09:30:00.5"]),
)
clocks = st.one_of(st.times().map(str), st.sampled_from(["9", "23", "09:30", "23:59:59", "23:59:59.999999", "00:00"]))
words = st.one_of(
    st.text(max_size=8),
    st.text(alphabet="ab \"',/!=<>.()nulorint\n", max_size=12),
    st.sampled_from(
        ["null", "in a", "or null", "x or null", "()", "(", "/a/", "!a", "starts a", "ends", " ", "not null"]
    ),
)
VALUES = {
    **dict.fromkeys(("INTEGER", "HUGEINT", "UHUGEINT", "DECIMAL(38,2)", "DECIMAL(38,38)"), numbers),
    **dict.fromkeys(("DECIMAL(9,9)", "DOUBLE", "FLOAT"), numbers),
    **dict.fromkeys(("DATE", "TIMESTAMP", "TIMESTAMP_NS", "TIMESTAMP WITH TIME ZONE"), dates),
    **dict.fromkeys(("VARCHAR", "ENUM('a', 'b')", "VARCHAR[]"), words),
    "TIME": clocks,
    "BOOLEAN": st.sampled_from(["true", "no", "1"]),
}
quoted = words.map(lambda text: '"' + text.replace('"', '""') + '"')


@st.composite
def typed(draw: st.DrawFn) -> tuple[str, str]:
    """A type, and a text that may be a filter of it."""
    type_ = draw(st.sampled_from(list(COLUMNS)))
    value = VALUES[type_]
    pair = st.tuples(value, st.sampled_from(["..", "..<", "<..", "<..<"]), value)
    one = st.one_of(value, pair.map("".join), value.map(lambda text: f"{text}.."), value.map(lambda text: f"..{text}"))
    items = st.lists(st.one_of(one, quoted, st.just("null")), min_size=1, max_size=4)
    text = st.one_of(
        one,
        st.tuples(st.sampled_from(["=", "!=", "<", "<=", ">", ">=", "!", "starts ", "ends ", "!starts "]), one).map(
            "".join
        ),
        st.tuples(st.sampled_from(["in ", "not in "]), items.map(", ".join)).map("".join),
        st.tuples(st.sampled_from(["", "!"]), words.map(lambda text: f"/{text}/")).map("".join),
        st.sampled_from(["is null", "not null", "in ()", "not in ()"]),
    )
    return type_, draw(text) + draw(st.sampled_from(["", "", " or null"]))


@given(typed())
@example(("INTEGER", "99999999999999999999999999999999999999.5.."))
def test_a_condition_survives_its_text(case: tuple[str, str]):
    type_, text = case
    column = COLUMNS[type_]
    try:
        condition = parse_filter(text, column)
    except InputError:
        return
    if condition is not None:
        assert parse_filter(text_of(condition), column) == condition


@pytest.mark.parametrize(
    ("type_", "text", "written"),
    [
        ("INTEGER", "= 5", "5"),
        ("INTEGER", "10 ..<20", "10..<20"),
        ("INTEGER", "= 2.5", "in ()"),
        ("DOUBLE", ">=5.0", ">= 5"),
        ("DECIMAL(12,2)", "1..2.5 or null", "1.00..2.50 or null"),
        ("DATE", "2024-02", "2024-02"),
        ("DATE", "2024-02-01..2024-03", "2024-02-01..<2024-04-01"),
        ("TIMESTAMP", "!= 2024-02-03 09", "!= 2024-02-03 09"),
        ("TIMESTAMP", "2024-02-01..", "2024-02-01.."),
        ("DATE", "9999-12", "9999-12"),
        ("DATE", "2024..9999", "2024-01-01..9999"),
        ("DATE", "..9999", "..9999"),
        ("TIMESTAMP", "> 9999", "> 9999"),
        ("TIMESTAMP", "9999<..", "9999<.."),
        ("TIMESTAMP WITH TIME ZONE", "<= 9999", "<= 9999"),
        ("TIME", "09:30", "09:30"),
        ("VARCHAR", '"aapl"', "aapl"),
        ("VARCHAR", '" aapl"', '" aapl"'),
        ("VARCHAR", "in a,'b, c',NULL", 'in a, "b, c", null'),
        ("VARCHAR", "! starts  x", "!starts x"),
        ("BOOLEAN", "yes", "true"),
    ],
)
def test_it_is_written_as_a_reader_would(type_: str, text: str, written: str):
    condition = parse_filter(text, Column("c", type_))
    assert condition is not None
    assert text_of(condition) == written
