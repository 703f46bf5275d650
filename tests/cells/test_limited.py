"""Cells with a time limit are the same cells otherwise."""

import math
from typing import Any

import pytest

import dataapp as da
from dataapp.cells.limited import own_limit
from dataapp.errors import WrongKindError

numbers = da.sql("FROM range(3)").limited(seconds=5)
files = da.source("nowhere.parquet").limited(seconds=7)


@da.cell(numbers=numbers)
def total(numbers: Any, factor: int = 2) -> int:
    """Add numbers."""
    return factor * numbers["range"].sum()


slow_total = total.limited(seconds=0.5)


def test_the_limit_is_the_new_cells_alone():
    cell = da.sql("SELECT 1")
    assert own_limit(cell.limited(seconds=5)) == 5.0
    assert own_limit(cell) is None


def test_the_last_limit_counts():
    assert own_limit(numbers.limited(seconds=9)) == 9.0


def test_the_limited_cell_is_the_one_that_the_variable_names():
    assert numbers.label == "numbers"
    assert files.label == "files"


def test_a_label_that_was_looked_up_before_is_looked_up_again():
    first = da.sql("SELECT 1", name="first")
    assert first.label == first.limited(seconds=1).label == "first"


def test_a_limited_query_gives_what_it_gave():
    assert numbers.evaluate()["range"].to_list() == [0, 1, 2]


def test_a_limited_function_is_still_the_function():
    assert slow_total.evaluate() == total.evaluate() == 6
    assert slow_total.__doc__ == "Add numbers."
    assert slow_total({"range": SumOf(5)}, factor=3) == 15


class SumOf(int):
    def sum(self) -> int:
        return int(self)


@pytest.mark.parametrize("seconds", [0, -1, math.inf, math.nan, True, "5", None])
def test_what_is_no_time_is_refused(seconds: Any):
    with pytest.raises(WrongKindError, match="no number of seconds"):
        numbers.limited(seconds=seconds)


@pytest.mark.parametrize("timeout", [0, "soon"])
def test_a_page_refuses_what_is_no_time(timeout: Any):
    with pytest.raises(WrongKindError, match="`timeout`"):
        da.App("Page", timeout=timeout)
