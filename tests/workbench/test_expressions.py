"""Expressions are written as they are evaluated, and laid out as ruff does."""

import datetime as dt
import math
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataapp.errors import WrongKindError
from dataapp.workbench.expressions import Call, Chain, Constant, Name, Sql, as_expression, evaluate, names_in, to_code

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | TEXTS
    | st.dates()
    | st.datetimes()
    | st.times()
    | st.timedeltas(),
    lambda inner: (
        st.lists(inner) | st.tuples(inner) | st.tuples(inner, inner) | st.dictionaries(st.text(max_size=5), inner)
    ),
    max_leaves=8,
)


def run(code: str) -> object:
    return eval(code, {"dt": dt})  # noqa: S307  # code that the test made


@given(VALUES)
def test_the_code_of_a_value_gives_the_value(value: object):
    assert run(to_code(as_expression(value))) == value


@given(VALUES)
def test_an_expression_evaluates_to_its_value(value: object):
    assert evaluate(as_expression(value), {"dt": dt, "float": float}) == value


@settings(max_examples=300)
@given(
    st.lists(st.sampled_from(["SELECT 1", "\n", '"', "'", "\\", " ", "ä", "x", "\t", "-- a", "\u200b"])).map("".join)
)
def test_a_query_keeps_its_text(sql: str):
    sql = f"FROM {sql}t"
    lines = str(run(to_code(Call("str", (Sql(sql),)), before=len(sql)))).strip().split("\n")
    assert [line.strip() for line in lines] == [line.strip() for line in sql.split("\n")]


@given(st.lists(st.sampled_from(["a", "\n", '"', "'", "\\", " ", '"""', "'''"])).map("".join))
def test_a_query_with_a_literal_over_lines_keeps_every_character(sql: str):
    assert run(to_code(Call("str", (Sql(f"FROM\n{sql}t", is_indentable=False),)))) == f"\nFROM\n{sql}t\n"


def test_what_fits_stands_in_one_line():
    assert to_code(as_expression([1, "a"])) == '[1, "a"]'


def test_what_does_not_fit_stands_on_one_line_per_item():
    assert to_code(as_expression(["a" * 50, "b" * 50])) == f'[\n    "{"a" * 50}",\n    "{"b" * 50}",\n]'


def test_long_whole_numbers_are_grouped():
    assert to_code(as_expression(2_500_000)) == "2_500_000"


def test_numbers_that_are_no_numbers_are_written():
    assert math.isnan(float(str(evaluate(as_expression(math.nan), {"float": float}))))


def test_decimals_become_plain_numbers():
    assert to_code(as_expression([Decimal("2.50"), Decimal("3.0")])) == "[2.5, 3]"


def test_numpy_scalars_become_plain_numbers():
    assert to_code(as_expression(np.int64(7))) == "7"


def test_moments_with_a_zone_are_written_in_utc():
    moment = dt.datetime(2024, 1, 1, 12, tzinfo=dt.timezone(dt.timedelta(hours=2)))
    assert to_code(as_expression(moment)) == "dt.datetime(2024, 1, 1, 10, 0, tzinfo=dt.UTC)"


def test_what_has_no_code_is_refused():
    with pytest.raises(WrongKindError, match="object cannot be written"):
        as_expression(object())


def test_names_of_all_parts_are_found():
    chain = Chain(Call("da.chart", (Name("busy"),)), (Call("encode", options=(("x", Call("alt.X")),)),))
    assert set(names_in(chain)) == {"da", "busy", "alt"}


# How wide a character is on screen, which the formatter goes by, is not settled for those that nobody prints.
PRINTED = st.text(st.characters(categories=["L", "N", "P", "S", "Zs"], max_codepoint=0x2FFF))
EXPRESSIONS = st.recursive(
    (st.integers() | st.booleans() | st.dates() | PRINTED | st.lists(PRINTED) | st.tuples(PRINTED)).map(as_expression)
    | st.sampled_from([Name("da.x"), Call("f")]),
    lambda inner: st.builds(
        Call,
        st.sampled_from(["da.input", "alt.X"]),
        st.lists(inner, max_size=2).map(tuple),
        st.dictionaries(st.sampled_from(["value", "start"]), inner).map(lambda known: tuple(known.items())),
    ),
    max_leaves=5,
)


@pytest.mark.parametrize("width", [88, 120])
def test_ruff_changes_nothing(tmp_path: Path, width: int):
    written: list[str] = []

    @settings(max_examples=200, database=None, derandomize=True)
    @given(EXPRESSIONS, st.lists(EXPRESSIONS, min_size=1, max_size=3))
    def collect(first: Call, arguments: list[Call]) -> None:
        call = Call("encode", options=tuple((f"x{number}", item) for number, item in enumerate(arguments)))
        written.append(f"a = {to_code(first, before=4)}")
        written.append(f"a = {to_code(Chain(Call('da.chart', (Name('b'),)), (Call('mark_bar'), call)), before=4)}")
        written.append(to_code(Chain(call, (Call("servable"),))))

    collect()
    file = tmp_path / "written.py"
    file.write_text("\n".join(written) + "\n", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "ruff", "format", "--isolated", "--line-length", str(width), "--diff", file],
        capture_output=True,
        text=True,
    )
    assert done.stdout == "", done.stdout
    assert "already formatted" in done.stderr


def test_constants_evaluate_to_themselves():
    assert evaluate(Constant("x"), {}) == "x"
