"""From a place in a text to a place in the file that holds it as a literal."""

import ast
from pathlib import Path

import pytest

from dataapp.cli.check.source import Place, Source

FILE = Path("desk.py")


def source(text: str) -> Source:
    return Source(FILE, text, ast.parse(text))


@pytest.mark.parametrize(
    ("written", "line", "column", "expected"),
    [
        ('f("FROM t")', 1, 6, (1, 9)),
        ('f("""\n  FROM t\n""")', 2, 8, (2, 8)),
        ("f('a\\nFROM t')", 2, 6, (1, 12)),
        ("f('\\'x\\' AS \\u00e9, y')", 1, 11, (1, 21)),
        ("f(r'\\d, y')", 1, 5, (1, 9)),
        ("f('FROM t '\n  'WHERE x')", 1, 14, (2, 10)),
        ("é = f('ü', 'FROM t')", 1, 6, (1, 18)),
        ("f('FROM t')", 1, 7, (1, 10)),
        ("f('FROM \\\nt')", 1, 6, (2, 1)),
    ],
    ids=["plain", "lines", "escaped line", "escapes", "raw", "pieces", "not ascii", "end", "continued"],
)
def test_place_in_a_literal_is_found(written: str, line: int, column: int, expected: tuple[int, int]):
    file = source(written)
    text = max(
        (node.value for node in ast.walk(file.tree) if isinstance(node, ast.Constant)), key=lambda it: len(str(it))
    )
    assert isinstance(text, str)
    assert file.text_place(text, 1, line, column) == Place(FILE, *expected)


def test_of_equal_texts_the_one_in_the_call_is_meant():
    assert source('a = f("x")\nb = f("x")\n').text_place("x", 2, 1, 1) == Place(FILE, 2, 8)


def test_a_text_that_stands_nowhere_has_no_place():
    assert source("f(f'{a}')").text_place("x", 1, 1, 1) is None


def test_the_call_that_starts_on_the_line_is_meant():
    call = source("f(\n  g(1),\n)").call_at(2)
    assert call is not None
    assert ast.unparse(call) == "g(1)"


def test_a_line_without_a_call_has_none():
    assert source("a = 1").call_at(1) is None


def test_names_bound_anywhere_are_known():
    assert source("import a.b, c as d\ne = 1\ndef f(): ...\nfor g in []: ...").bound_names() == {
        "a",
        "d",
        "e",
        "f",
        "g",
    }
