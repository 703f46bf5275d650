"""An explanation says what a query reads, what it cost, and what is kept."""

from pathlib import Path

import polars as pl
import pytest

from dataapp.cells.source import SourceCell
from dataapp.cells.sql import SqlCell, sql
from dataapp.connect.source import source
from dataapp.errors import ColumnNotFoundError
from dataapp.runtime import headless
from tests.runtime.bench import ENGINE, defaults, knob, place, session


@pytest.fixture
def trades(tmp_path: Path) -> SourceCell:
    frame = pl.DataFrame({"symbol": ["A", "B"] * 500, "size": range(1000), "note": ["long"] * 1000})
    frame.write_parquet(tmp_path / "trades.parquet", row_group_size=100)
    return SourceCell("trades.parquet", place(tmp_path), options={}, name="trades")


@pytest.fixture
def large(trades: SourceCell) -> SqlCell:
    selected = sql("FROM trades WHERE size >= $least", name="selected", trades=trades, least=knob(900))
    return sql("SELECT symbol, count(*) AS n FROM selected GROUP BY ALL ORDER BY ALL", name="large", selected=selected)


def explained(cell: SqlCell, *, analyze: bool = True) -> str:
    return headless.explain(ENGINE, cell, defaults, analyze=analyze)


def test_it_names_the_cells_that_became_one_query(large: SqlCell):
    assert explained(large).startswith("`large` is one query in DuckDB of 3 cells: trades, selected, large.")


def test_it_says_what_a_filter_leaves_of_the_files(large: SqlCell):
    text = explained(large)
    assert "handed on 100 rows of 1 column: symbol" in text
    assert "filtered while reading: size>=900" in text
    assert "1 file opened, 1 of 10 row groups by their statistics" in text


def test_it_says_time_and_rows(large: SqlCell):
    assert "and gave 2 rows" in explained(large)


def test_what_files_statistics_answer_is_explained_without_an_account(trades: SourceCell):
    text = explained(sql("SELECT count(*) AS n FROM trades", trades=trades))
    assert "and gave 1 row" in text
    assert "of all processors" not in text  # the engine tells nothing of it


def test_it_says_values(large: SqlCell):
    assert "$least = 900" in explained(large)


def test_it_says_what_was_chosen_last_where_several_read_the_same(trades: SourceCell):
    selected = sql("FROM trades WHERE size >= 900", name="chosen_of_two", trades=trades)
    readers = [sql(text, x=selected) for text in ("SELECT count(*) AS n FROM x", "SELECT max(size) AS n FROM x")]
    assert "Chosen last" not in explained(readers[0])
    viewer = session()
    for reader in readers:
        viewer.demand(reader, "frame")
    assert (
        "Chosen last where several read the same\n"
        "    `chosen_of_two`: rows not kept, 2 readers share it and it does not reduce rows"
    ) in explained(readers[0])


def test_without_analyzing_nothing_runs():
    endless = sql("SELECT count(*) AS n FROM range(1_000_000_000_000) a, range(1000) b")
    text = explained(endless, analyze=False)
    assert "It took" not in text
    assert "Plan" in text


def test_a_query_over_two_sets_of_files_tells_no_row_groups(trades: SourceCell, tmp_path: Path):
    pl.DataFrame({"symbol": ["A"]}).write_parquet(tmp_path / "names.parquet")
    names = SourceCell("names.parquet", place(tmp_path), options={}, name="names")
    text = explained(sql("FROM trades JOIN names USING (symbol)", trades=trades, names=names))
    assert "row groups" not in text
    assert text.count("1 file opened") == 2


def test_of_many_files_some_are_listed(tmp_path: Path):
    for number in range(30):
        pl.DataFrame({"n": [number]}).write_parquet(tmp_path / f"{number:02}.parquet")
    text = explained(sql("FROM many", many=SourceCell("*.parquet", place(tmp_path), options={}, name="many")))
    assert "30 files opened" in text
    assert "and 18 more" in text


def test_it_says_what_is_computed_of_a_lazy_frame():
    frame = source(pl.LazyFrame({"n": [1, 2, 3], "m": [1.0, 2.0, 3.0], "s": ["a", "b", "c"]}), name="frame")
    text = "SELECT s FROM frame WHERE n > 1 AND m < $most AND m < 2.5 AND length(s) = 1"
    text = explained(sql(text, frame=frame, most=knob(9.0)))
    assert "Computed of lazy frames\n    `frame`: 3 of 3 columns, rows where n > 1 AND m < 2.5" in text
    assert "handed on 1 row of" in text


def test_it_says_that_a_lazy_frame_is_computed_whole():
    frame = source(pl.LazyFrame({"n": [1, 2, 3], "m": [1.0, 2.0, 3.0]}), name="frame")
    assert "`frame`: 1 of 2 columns, every row" in explained(sql("SELECT max(n) FROM frame", frame=frame))


def test_an_error_says_which_cell(trades: SourceCell):
    with pytest.raises(ColumnNotFoundError) as found:
        explained(sql("SELECT prize FROM trades", name="wrong", trades=trades))
    assert found.value.cell == "wrong"
