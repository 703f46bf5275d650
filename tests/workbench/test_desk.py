"""What the pages of one explorer share."""

from pathlib import Path

import polars as pl
import pytest

from dataapp.errors import SourceNotFoundError
from dataapp.workbench.book import Book, Query
from dataapp.workbench.desk import Desk
from dataapp.workbench.history import History


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    pl.DataFrame({"size": [1, 2]}).write_parquet(tmp_path / "trades.parquet")
    return tmp_path


def desk(*locations: object) -> Desk:
    return Desk([str(location) for location in locations], History(None), Path.cwd())


def test_the_first_page_shows_the_first_table(folder: Path):
    assert desk(folder).book().queries == (Query("query", "FROM trades"),)


def test_the_first_query_is_not_called_as_a_table_is(folder: Path):
    for name in ("query", "query_2"):
        pl.DataFrame({"size": [1]}).write_parquet(folder / f"{name}.parquet")
    book = desk(folder / "query.parquet", folder / "query_2.parquet").book()
    assert book.queries[0].name not in {table.name for table in book.tables}


def test_a_later_page_shows_what_the_last_one_held(folder: Path):
    shared = desk(folder)
    shared.latest = Book("Ticks", shared.catalogue().tables, (Query("top", "FROM trades LIMIT 1"),))
    assert shared.book() is shared.latest


def test_that_there_is_nothing_is_told_to_whoever_asks_for_the_tables(tmp_path: Path):
    with pytest.raises(SourceNotFoundError, match="There are no data files"):
        desk(tmp_path).catalogue()


def test_once_the_tables_are_told_they_are_known(folder: Path):
    shared = desk(folder)
    shared.catalogue()
    assert shared.is_known


def test_a_page_of_one_location_is_called_like_it(folder: Path):
    assert desk(folder / "trades.parquet").title == "trades"


def test_a_page_of_several_locations_is_called_like_the_first(folder: Path):
    assert desk(folder / "trades.parquet", folder, folder).title == "trades and 2 more"
