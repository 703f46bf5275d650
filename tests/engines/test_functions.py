"""Functions and keywords of the engine, as a person completing a query wants them."""

import duckdb
import pytest

from dataapp.app.sessions import engine
from dataapp.engines.functions import Function, functions, keywords, reserved_words


def function(name: str) -> Function:
    (found,) = (each for each in functions(engine()) if each.name == name)
    return found


def test_each_function_is_told_once() -> None:
    names = [each.name for each in functions(engine())]
    assert len(names) == len(set(names))


def test_functions_stand_in_order() -> None:
    names = [each.name for each in functions(engine())]
    assert names == sorted(names)


def test_operators_and_internal_names_are_left_out() -> None:
    assert all(each.name.isidentifier() and not each.name.startswith("_") for each in functions(engine()))


@pytest.mark.parametrize(
    ("name", "kind"),
    [("lower", "scalar"), ("median", "aggregate"), ("read_parquet", "table"), ("row_number", "window")],
)
def test_a_function_has_its_kind(name: str, kind: str) -> None:
    assert function(name).kind == kind


def test_ways_to_call_a_function_are_counted() -> None:
    assert function("round").signature == "round(x) (+1)"


def test_options_by_name_are_hinted_at() -> None:
    assert function("read_csv").signature.startswith("read_csv(varchar, ...)")


def test_a_function_says_what_it_does() -> None:
    assert "lower case" in function("lower").description


def test_the_engine_is_asked_once() -> None:
    assert functions(engine()) is functions(engine())


def test_windows_that_only_the_parser_knows_run() -> None:
    calls = {"ntile": "ntile(2)", "nth_value": "nth_value(i, 1)"}
    for each in functions(engine()):
        if each.kind == "window":
            plain = f"{each.name}({'' if each.signature.endswith('()') else 'i'})"
            order = "ORDER BY i"
            duckdb.sql(f"SELECT {calls.get(each.name, plain)} OVER ({order}) FROM range(3) AS t(i)").fetchall()


def test_keywords_are_those_of_the_grammar() -> None:
    assert {"select", "qualify", "pivot"} <= set(keywords(engine()))


def test_words_that_may_be_names_are_not_reserved() -> None:
    assert "year" not in reserved_words(engine())
