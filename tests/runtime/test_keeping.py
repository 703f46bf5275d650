"""Rows are kept where several runs would compute them, not where several cells of one run read them."""

from typing import Any

import polars as pl
import pytest

from dataapp.cells.cell import Cell
from dataapp.cells.sql import SqlCell, sql
from dataapp.runtime.session import Session
from tests.runtime.bench import rows, session

FRAME = pl.DataFrame({"n": [1, 2, 3]})


def total(**options: Any) -> SqlCell:
    return sql("SELECT sum(n) AS n FROM t", t=FRAME, name="total", **options)


def kept_when_shown(*cells: Cell) -> dict[str, str]:
    viewer: Session = session()
    for cell in cells:
        viewer.demand(cell, "frame")
    shown = {cell.label for cell in cells}
    return {label: reason for label, reason in viewer.nodes.kept_rows().items() if label not in shown}


def test_one_run_that_reads_twice_takes_the_query():
    read = total()
    half, twice = (sql(text, x=read) for text in ("SELECT n / 2 AS n FROM x", "SELECT n * 2 AS n FROM x"))
    assert "total" not in kept_when_shown(sql("FROM half JOIN twice ON half.n < twice.n", half=half, twice=twice))


def test_two_runs_share_the_rows():
    read = total()
    assert kept_when_shown(sql("SELECT n / 2 AS n FROM x", x=read), sql("SELECT n * 2 AS n FROM x", x=read)) == {
        "total": "2 readers share it and it reduces rows"
    }


def test_runs_are_counted_through_cells_that_are_taken():
    read = total()
    above = sql("SELECT n + 1 AS n FROM x", name="above", x=read)
    kept = kept_when_shown(sql("FROM a", a=above), sql("SELECT -n AS n FROM a", a=above))
    assert kept == {"total": "2 readers share it and it reduces rows"}


def test_a_cell_whose_rows_are_kept_is_one_run_for_all_its_readers():
    read = total()
    above = sql("SELECT n + 1 AS n FROM x", name="above", x=read, materialize=True)
    kept = kept_when_shown(sql("FROM a", a=above), sql("SELECT -n AS n FROM a", a=above))
    assert kept == {"above": "materialize=True"}


def test_what_does_not_reduce_rows_is_not_kept():
    wide = sql("SELECT n + 1 AS n FROM t", name="wide", t=FRAME)
    assert kept_when_shown(sql("FROM x", x=wide), sql("SELECT -n AS n FROM x", x=wide)) == {}


def test_what_must_not_be_kept_is_not():
    read = total(materialize=False)
    assert kept_when_shown(sql("FROM x", x=read), sql("SELECT -n AS n FROM x", x=read)) == {}


@pytest.mark.parametrize("materialize", ["auto", True, False])
def test_readers_see_the_same_whatever_is_kept(materialize: Any):
    read = total(materialize=materialize)
    viewer = session()
    shown = [viewer.demand(sql(f"SELECT n + {add} AS n FROM x", x=read), "frame") for add in (1, 2)]
    assert [rows(demand) for demand in shown] == [[(7,)], [(8,)]]


def test_who_asks_for_the_query_alone_is_one_run():
    read = total()
    viewer: Session = session()
    for text in ("SELECT n / 2 AS n FROM x", "SELECT n * 2 AS n FROM x"):
        viewer.demand(sql(text, x=read), "query")
    assert viewer.nodes.kept_rows() == {"total": "2 readers share it and it reduces rows"}
