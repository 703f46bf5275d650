"""What the pages of one explorer share."""

from pathlib import Path

import polars as pl
import pytest

from dataapp.errors import SourceNotFoundError
from dataapp.workbench.book import Query
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


def names(shared: Desk) -> list[str]:
    return [table.name for table in shared.catalogue().tables]


def test_a_file_that_is_new_is_found_when_looking_again(folder: Path):
    shared = desk(folder)
    assert names(shared) == ["trades"]
    pl.DataFrame({"bid": [1]}).write_parquet(folder / "quotes.parquet")
    assert shared.look_again()
    assert names(shared) == ["quotes", "trades"]


def test_without_a_change_nothing_is_read_again(folder: Path, monkeypatch: pytest.MonkeyPatch):
    shared = desk(folder)
    before = shared.catalogue()
    monkeypatch.setattr("dataapp.workbench.desk.read_catalogue", None)
    assert not shared.look_again()
    assert shared.catalogue() is before


def test_a_new_file_takes_no_name_away(folder: Path):
    shared = desk(folder)
    shared.catalogue()
    (folder / "trades.csv").write_text("size\n1\n", "utf-8")
    shared.look_again()
    named = {Path(table.location).name: table.name for table in shared.catalogue().tables}
    assert named == {"trades.parquet": "trades", "trades.csv": "trades_2"}


def test_when_everything_is_gone_the_tables_stay(folder: Path):
    shared = desk(folder)
    before = shared.catalogue()
    (folder / "trades.parquet").unlink()
    assert not shared.look_again()
    assert shared.catalogue() is before


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


def test_a_title_may_be_given(folder: Path):
    assert Desk([str(folder)], History(None), folder, "Sample data").title == "Sample data"
