import pytest

from dataapp.views.chart.pushdown.parsing import (
    Array,
    Binary,
    Call,
    Conditional,
    Literal,
    Member,
    Name,
    NotTranslated,
    Unary,
    parse,
)

A, B, C = (Member(Name("datum"), name) for name in "abc")


def test_factors_bind_before_terms_and_terms_before_comparisons() -> None:
    assert parse("datum.a + datum.b * 2 < datum.c") == Binary("<", Binary("+", A, Binary("*", B, Literal(2.0))), C)


def test_equal_operators_bind_from_the_left() -> None:
    assert parse("datum.a - datum.b - datum.c") == Binary("-", Binary("-", A, B), C)


def test_and_binds_before_or_and_both_before_a_choice() -> None:
    parsed = parse("datum.a || datum.b && datum.c ? 1 : 2")
    assert parsed == Conditional(Binary("||", A, Binary("&&", B, C)), Literal(1.0), Literal(2.0))


def test_choices_go_on_at_their_end() -> None:
    inner = Conditional(B, Literal(2.0), Literal(3.0))
    assert parse("datum.a ? 1 : datum.b ? 2 : 3") == Conditional(A, Literal(1.0), inner)


def test_columns_of_any_name_are_read_with_brackets() -> None:
    assert parse("datum['it\\'s \\u00e4'] + datum[\"b\"]") == Binary("+", Member(Name("datum"), "it's ä"), B)


@pytest.mark.parametrize(("text", "value"), [("0", 0.0), (".5", 0.5), ("5.", 5.0), ("1e3", 1e3), ("2.5E-1", 0.25)])
def test_numbers(text: str, value: float) -> None:
    assert parse(text) == Literal(value)


def test_calls_and_lists() -> None:
    assert parse("indexof([1, null, true], -datum.a)") == Call(
        "indexof", (Array((Literal(1.0), Literal(None), Literal(True))), Unary("-", A))
    )


@pytest.mark.parametrize(
    "text",
    [
        *("", "datum.a +", "(1", "1 2", "datum.", "f(1,", "'a", "a = 1", "1 ** 2", "a & b", "test(/x/, datum.a)"),
        *("datum[datum.a]", "datum['a' + 'b']", "new Date()", "typeof datum.a", "'\\ud83d'", "017", "0x10", "1_0"),
        *("--datum.a", "{a: 1}", "a => 1", "`a`", "a; b", "(" * 200 + "1" + ")" * 200),
    ],
)
def test_what_is_not_known_is_not_translated(text: str) -> None:
    with pytest.raises(NotTranslated):
        parse(text)
