"""Digests: equal questions have equal ones, different questions different ones."""

import datetime as dt
import itertools
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from dataapp.cells.cell import Cell
from dataapp.cells.predicate import match
from dataapp.cells.source import SourceCell
from dataapp.cells.sql import sql
from dataapp.runtime.equality import is_same
from dataapp.runtime.tables import digest
from tests.runtime.bench import knob, place, session, value


def of(cell: Cell) -> str:
    return value(session().demand(cell, "table")).digest


def test_equal_questions_of_two_sessions_are_equal() -> None:
    cell = sql("SELECT $n AS n", n=knob(1))
    assert of(cell) == of(cell)


def test_labels_are_no_part_of_the_question() -> None:
    one = sql("SELECT $n AS n", n=knob(1, name="a"), name="x")
    assert of(one) == of(sql("SELECT $n AS n", n=knob(1, name="b"), name="y"))


VALUES: list[Any] = [
    1,
    1.0,
    True,
    "1",
    b"1",
    None,
    Decimal(1),
    Decimal("1.0"),
    0.0,
    -0.0,
    [1],
    [1.0],
    [True],
    ["1"],
    [],
    [None],
    dt.date(2024, 1, 1),
    dt.datetime(2024, 1, 1),  # noqa: DTZ001  # naive is meant
    dt.datetime(2024, 1, 1, tzinfo=dt.UTC),
    dt.datetime(2024, 1, 1, 1, tzinfo=dt.timezone(dt.timedelta(hours=1))),
    dt.time(1),
    dt.timedelta(1),
    ["1", "2"],
    ["1, 2"],
    "a\x1fb",
    ["a", "b"],
]


def test_different_values_are_different_questions() -> None:
    digests = [of(sql("SELECT $n AS n", n=knob(value))) for value in VALUES]
    assert len(set(digests)) == len(VALUES)


def test_different_values_are_never_the_same() -> None:
    for one, other in itertools.combinations(VALUES, 2):
        assert not is_same(one, other), (one, other)


def test_a_value_is_the_same_as_its_equal() -> None:
    for one, other in zip(VALUES, list(VALUES), strict=True):
        assert is_same(one, other)


def test_a_promised_type_is_part_of_the_question() -> None:
    assert of(sql("SELECT $n", n=knob(None, "DOUBLE"))) != of(sql("SELECT $n", n=knob(None, "DATE")))


def test_what_is_read_is_part_of_the_question() -> None:
    one, other = sql("SELECT 1 AS n"), sql("SELECT 2 AS n")
    assert of(sql("FROM t", t=one)) != of(sql("FROM t", t=other))


def test_which_name_stands_for_which_table_is_part_of_the_question() -> None:
    one, other = sql("SELECT 1 AS n"), sql("SELECT 2 AS n")
    text = "SELECT a.n, b.n AS m FROM a, b"
    assert of(sql(text, a=one, b=other)) != of(sql(text, a=other, b=one))


def test_which_parameter_has_which_value_is_part_of_the_question() -> None:
    text = "SELECT $a AS a, $b AS b"
    assert of(sql(text, a=1, b=2)) != of(sql(text, a=2, b=1))


def test_a_choice_is_part_of_the_question() -> None:
    frame = SourceCell(pl.DataFrame({"n": [1]}), place(), options={})
    viewer = session()
    choice = knob([1])
    demand = viewer.demand(sql("FROM t WHERE $p", t=frame, p=match("n", choice, name="p")), "table")
    before = value(demand).digest
    viewer.set(choice, [2])
    after = value(demand).digest
    viewer.set(choice, [1])
    assert (after != before, value(demand).digest) == (True, before)


def test_which_column_is_chosen_is_part_of_the_question() -> None:
    frame = sql("SELECT 1 AS n, 1 AS m")
    assert of(sql("FROM t WHERE $p", t=frame, p=match("n", 1))) != of(sql("FROM t WHERE $p", t=frame, p=match("m", 1)))


def test_the_version_of_a_file_is_part_of_the_question(tmp_path: Path) -> None:
    source = SourceCell("x.csv", place(tmp_path), options={})
    (tmp_path / "x.csv").write_text("n\n1\n")
    before = of(source)
    assert of(source) == before
    (tmp_path / "x.csv").write_text("n\n10\n")
    assert of(source) != before


def test_the_options_of_a_source_are_part_of_the_question(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("n\n1\n")
    one = SourceCell("x.csv", place(tmp_path), options={"header": True})
    other = SourceCell("x.csv", place(tmp_path), options={"header": False})
    assert of(one) != of(other)


def test_a_relative_path_in_the_text_means_the_cells_own_file(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "x.csv").write_text("n\n1\n")
    cells = [sql("FROM 'x.csv'") for _ in range(2)]
    for cell, name in zip(cells, ("a", "b"), strict=True):
        cell.namespace = place(tmp_path / name)
    assert of(cells[0]) != of(cells[1])


def test_random_numbers_of_two_waves_are_two_questions() -> None:
    assert of(sql("SELECT random() AS r")) != of(sql("SELECT random() AS r"))


@pytest.mark.parametrize(("one", "other"), [(("a", "b"), ("ab",)), (("a\x1fb",), ("a", "b")), ((1,), ("1",))])
def test_facts_do_not_run_together(one: tuple[object, ...], other: tuple[object, ...]) -> None:
    assert digest(*one) != digest(*other)


def test_frames_are_the_same_when_rows_and_types_are() -> None:
    frame = pl.DataFrame({"n": [1, None], "x": [float("nan"), 1.0]})
    assert is_same(frame, frame.clone())
    assert not is_same(frame, frame.with_columns(pl.col("n").cast(pl.Int32)))
    assert not is_same(frame, frame.rename({"n": "m"}))


def test_things_that_cannot_be_compared_differ() -> None:
    assert not is_same(object(), object())


def test_mappings_are_the_same_in_the_same_order() -> None:
    assert is_same({"a": [1]}, {"a": [1]})
    assert not is_same({"a": 1, "b": 2}, {"b": 2, "a": 1})
