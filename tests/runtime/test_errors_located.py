"""Errors of the engine are told in the cell, line and column where their author wrote what is wrong."""

import polars as pl
import pytest

from dataapp.cells.cell import Cell
from dataapp.cells.predicate import match
from dataapp.cells.sql import sql
from dataapp.errors import ColumnNotFoundError, DataAppError, TypeMismatchError
from dataapp.runtime.outcomes import Blocked, Failed
from tests.runtime.bench import ask, knob, session

FRAME = pl.DataFrame({"price": [1.0], "s": ["x"]})


def place(cell: Cell) -> tuple[str | None, int | None, int | None]:
    with pytest.raises(DataAppError) as found:
        ask(cell)
    return found.value.cell, found.value.line, found.value.column


def test_in_a_cell_by_itself() -> None:
    assert place(sql("SELECT\n  pricee\nFROM t", t=FRAME, name="bars")) == ("bars", 2, 3)


def test_in_a_cell_that_reads_another() -> None:
    upper = sql("SELECT price AS p FROM t", t=FRAME, name="upper")
    assert place(sql("SELECT p,\n       price FROM upper", upper=upper, name="lower")) == ("lower", 2, 8)


def test_in_a_cell_above() -> None:
    upper = sql("SELECT\n\n   pricee FROM t", t=FRAME, name="upper")
    middle = sql("FROM upper", upper=upper, name="middle")
    assert place(sql("FROM middle", middle=middle, name="lower")) == ("upper", 3, 4)


def test_the_reader_is_blocked_by_the_cell_above() -> None:
    upper = sql("SELECT pricee FROM t", t=FRAME, name="upper")
    outcome = session().demand(sql("FROM upper", upper=upper, name="lower"), "frame").look().outcome
    assert isinstance(outcome, Blocked)
    assert outcome.by == "upper"
    assert isinstance(outcome.error, ColumnNotFoundError)


def test_the_cell_itself_has_failed() -> None:
    assert isinstance(session().demand(sql("SELECT x FROM t", t=FRAME), "frame").look().outcome, Failed)


def test_behind_a_parameter_that_is_called_otherwise_in_the_query() -> None:
    upper = sql("SELECT $n AS n", n=knob(1, name="n"), name="upper")
    lower = sql("SELECT $n + n,   nothing FROM upper", upper=upper, n=knob(2, name="n"), name="lower")
    assert place(lower) == ("lower", 1, 18)


def test_behind_a_predicate() -> None:
    chosen = match("s", knob(["a", "b"]), name="chosen")
    assert place(sql("SELECT price FROM t WHERE $chosen AND nothing", t=FRAME, chosen=chosen, name="c")) == ("c", 1, 39)


def test_behind_text_that_is_not_ascii() -> None:
    assert place(sql("SELECT 'äöü€', nothing FROM t", t=FRAME, name="c")) == ("c", 1, 16)


def test_a_value_that_cannot_be_cast_is_told_by_cell() -> None:
    upper = sql("SELECT s::INTEGER AS n FROM t", t=FRAME, name="upper")
    with pytest.raises(TypeMismatchError) as found:
        ask(sql("FROM upper", upper=upper, name="lower"))
    assert "'x'" in found.value.message


def test_a_misspelt_column_of_a_predicate_is_told() -> None:
    chosen = match("sybmol", knob("a"), name="chosen")
    with pytest.raises(ColumnNotFoundError) as found:
        ask(sql("FROM t WHERE $chosen", t=FRAME, chosen=chosen, name="c"))
    assert found.value.cell == "c"


def test_schema_tells_the_same_place() -> None:
    from dataapp.runtime import headless
    from tests.runtime.bench import ENGINE, defaults

    with pytest.raises(ColumnNotFoundError) as found:
        headless.schema(ENGINE, sql("SELECT\n  pricee\nFROM t", t=FRAME, name="bars"), defaults)
    assert (found.value.cell, found.value.line, found.value.column) == ("bars", 2, 3)
