"""Predicates: what a choice means as a condition."""

import datetime as dt

import polars as pl
import pytest

from dataapp.cells.cell import Cell
from dataapp.cells.predicate import PredicateCell, match
from dataapp.cells.sql import sql
from dataapp.errors import WrongKindError
from tests.runtime.bench import ask, knob, place

TRADES = pl.DataFrame({"n": [1, 2, 3, None], "s": ["a", "b", "it's", None]})


def chosen(column: str, value: object, sql_type: str | None = None) -> list[object]:
    """The rows that a choice leaves."""
    predicate = PredicateCell(knob(value, sql_type), {"": column}, place(), name="chosen")
    cell = sql("FROM trades WHERE $chosen", trades=TRADES, chosen=predicate)
    return ask(cell)[column].to_list()


@pytest.mark.parametrize("nothing", [None, [], (None, None), ()])
def test_nothing_chosen_means_every_row(nothing: object) -> None:
    assert chosen("n", nothing) == [1, 2, 3, None]


def test_one_value_means_equal() -> None:
    assert chosen("n", 2) == [2]


def test_zero_and_the_empty_text_are_values() -> None:
    assert chosen("n", 0) == []
    assert chosen("s", "") == []


def test_a_list_means_one_of() -> None:
    assert chosen("s", ["a", "it's"]) == ["a", "it's"]


def test_none_in_a_list_means_rows_without_a_value() -> None:
    assert chosen("n", [1, None]) == [1, None]


def test_only_none_in_a_list_means_rows_without_a_value() -> None:
    assert chosen("n", [None], "INTEGER[]") == [None]


def test_a_pair_means_from_to_with_both_ends() -> None:
    assert chosen("n", (2, 3)) == [2, 3]


@pytest.mark.parametrize(("ends", "left"), [((2, None), [2, 3]), ((None, 2), [1, 2])])
def test_a_pair_may_be_open_on_one_side(ends: tuple[object, object], left: list[int]) -> None:
    assert chosen("n", ends) == left


def test_a_value_is_bound_and_never_text() -> None:
    assert chosen("s", "' OR TRUE --") == []


def test_a_column_name_is_quoted() -> None:
    odd = pl.DataFrame({'a "b" c': [1, 2]})
    cell = sql("FROM odd WHERE $p", odd=odd, p=PredicateCell(knob(2), {"": 'a "b" c'}, place(), name="p"))
    assert ask(cell).rows() == [(2,)]


def test_several_columns_are_chosen_together() -> None:
    both = PredicateCell(knob({"x": (2, 3), "y": ["b"]}), {"x": "n", "y": "s"}, place(), name="both")
    assert ask(sql("FROM trades WHERE $both", trades=TRADES, both=both)).rows() == [(2, "b")]


def test_a_predicate_may_stand_anywhere_in_an_expression() -> None:
    p = PredicateCell(knob([1, 2]), {"": "n"}, place(), name="p")
    cell = sql("SELECT count(*) FILTER (NOT $p) AS n, bool_or($p AND n > 1) AS any FROM trades", trades=TRADES, p=p)
    assert ask(cell).rows() == [(1, True)]


def test_dates_are_compared_as_dates() -> None:
    days = pl.DataFrame({"day": [dt.date(2024, 1, 1), dt.date(2024, 1, 2)]})
    p = PredicateCell(knob((dt.date(2024, 1, 2), None), "DATE[]"), {"": "day"}, place(), name="p")
    assert ask(sql("FROM days WHERE $p", days=days, p=p)).height == 1


def test_evaluate_takes_a_choice_for_a_predicate() -> None:
    p = match("n", knob([]), name="p")
    cell = sql("FROM trades WHERE $p", trades=TRADES, p=p)
    assert ask(cell, p=[1]).height == 1


def test_evaluate_takes_a_value_for_the_input_of_a_predicate() -> None:
    symbols = knob([], name="symbols")
    namespace = place(names={"symbols": symbols})
    predicate: Cell = PredicateCell(symbols, {"": "s"}, namespace, name="p")
    cell = sql("FROM trades WHERE $p", trades=TRADES, p=predicate)
    assert ask(cell, {symbols: ["b"]}).height == 1


def test_a_plain_value_in_match_is_not_the_global_that_happens_to_be_equal() -> None:
    p = PredicateCell(2, {"": "n"}, place(names={"retries": 2}), name="p")
    cell = sql("FROM trades WHERE $p AND n < $retries", trades=TRADES, p=p, retries=5)
    assert ask(cell, retries=7).height == 1


def test_a_condition_on_something_that_holds_no_choice_is_refused() -> None:
    cell = sql("FROM trades WHERE $p", trades=TRADES, p=match("n", object(), name="p"))
    with pytest.raises(WrongKindError, match="holds no choice"):
        ask(cell)
