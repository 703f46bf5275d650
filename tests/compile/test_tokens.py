import pytest

from dataapp.compile.tokens import parameters, plain_spaces, statements, tokenize
from tests.compile.bench import DuckDBParser


@pytest.mark.parametrize(
    "text",
    [
        "'it''s'",
        "E'it\\'s'",
        "$$a 'b' $x$$",
        "$q$ $$ $q$",
        '"a ""b"""',
        "x'00'",
        "'two' -- and\n'lines'",
        "größe",
        "1.5e3",
    ],
)
def test_a_token_ends_before_blanks_and_comments(parser: DuckDBParser, text: str) -> None:
    [_, token, end] = tokenize(f"SELECT {text} -- it's a 'comment'\n/* ' */ ;", parser)
    assert token.text == text
    assert end.text == ";"


@pytest.mark.parametrize("text", ["", "  ", "-- only", "/* only */"])
def test_a_text_without_tokens_has_none(parser: DuckDBParser, text: str) -> None:
    assert tokenize(text, parser) == ()


def test_every_occurrence_of_a_parameter_has_its_span(parser: DuckDBParser) -> None:
    text = "SELECT 'ä', $größe, a->$end, $ k, $\"K\", -$k::INT, $user.desk, 'no $x', $$ $y $$ -- $z"
    found = parameters(tokenize(text, parser))
    data = text.encode()
    assert [each.name for each in found] == ["größe", "end", "k", "K", "k", "user"]
    spans = [data[each.span.start : each.span.end].decode() for each in found]
    assert spans == ["$größe", "$end", "$ k", '$"K"', "$k", "$user"]


def test_semicolons_separate_statements_but_not_in_text(parser: DuckDBParser) -> None:
    tokens = tokenize(";SELECT ';' /* ; */;; FROM t; -- ;", parser)
    assert [[token.text for token in each] for each in statements(tokens)] == [["SELECT", "';'"], ["FROM", "t"]]


def test_pasted_blanks_become_plain_outside_of_quotes_and_keep_offsets() -> None:
    text = "SELECT\u00a0'\u00a0',\u3000\"a\u00a0b\" -- \u00a0\n, like'x\\',\u2003$$\u00a0$$"
    plain = plain_spaces(text)
    assert plain == "SELECT  '\u00a0',   \"a\u00a0b\" -- \u00a0\n, like'x\\',   $$\u00a0$$"
    assert len(plain.encode()) == len(text.encode())
