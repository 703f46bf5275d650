"""The queries of a page: controls that come, stay and go, and cells that take the place of others."""

from collections.abc import Callable, Generator
from pathlib import Path

import polars as pl
import pytest

from dataapp.app.sessions import engine, initial_value
from dataapp.errors import (
    ColumnNotFoundError,
    CycleError,
    DataAppError,
    InvalidNameError,
    NameClashError,
    SqlSyntaxError,
)
from dataapp.runtime.outcomes import Done
from dataapp.runtime.session import Demand, Session
from dataapp.runtime.tables import Table as Shown
from dataapp.runtime.workers import InlinePool
from dataapp.workbench.book import Book, Query
from dataapp.workbench.catalogue import read_catalogue
from dataapp.workbench.queries import Queries
from dataapp.workbench.quick_chart import ChartSpec


@pytest.fixture
def session() -> Generator[Session]:
    session = Session(engine(), InlinePool(), initial=initial_value)
    yield session
    session.close()


@pytest.fixture
def edits() -> list[Book]:
    return []


@pytest.fixture
def queries(session: Session, edits: list[Book], tmp_path: Path) -> Queries:
    rows = {"symbol": ["A", "B", "A", "C"], "size": [5, 20, 30, 40]}
    pl.DataFrame(rows).write_parquet(tmp_path / "trades.parquet")
    tables = read_catalogue([str(tmp_path)], engine=engine()).tables
    return Queries(Book("Ticks", tables, (Query("busy", "FROM trades"),)), session, edits.append)


def run(queries: Queries, name: str, text: str) -> None:
    queries.run(name, text, queries.fitting_controls(name, text))


def controls(queries: Queries) -> list[str]:
    return [control.name for control in queries.book.controls]


@pytest.fixture
def rows(session: Session) -> Callable[[Demand], int]:
    def rows(demand: Demand) -> int:
        outcome = demand.look().outcome
        assert isinstance(outcome, Done)
        assert isinstance(outcome.value, Shown)
        with outcome.value.relation(session.engine).open() as reader:
            return reader.fetch("SELECT count(*) FROM relation").column(0)[0].as_py()

    return rows


# Errors.


def refused(queries: Queries, name: str, text: str) -> DataAppError:
    with pytest.raises(DataAppError) as told:
        queries.check(name, text)
    return told.value


def test_an_unknown_table_is_told_in_the_words_of_the_page(queries: Queries):
    error = refused(queries, "busy", "FROM trade")
    assert error.code == "DA101"
    assert error.message == (
        "Query `busy` reads table `trade`, which is neither among the tables nor among the queries of this page."
    )
    assert error.hint == (
        "did you mean `trades`? If not, read a file by its path, as in FROM 'data/trades.csv', or start dataapp explore"
        " with it"
    )


def test_near_an_unknown_table_are_the_other_queries_and_not_the_one_that_reads_it(queries: Queries):
    queries.add("busy_days", "FROM trades")
    assert (refused(queries, "busy", "FROM busy_day").hint or "").startswith("did you mean `busy_days`?")


def test_where_nothing_is_near_it_is_told_how_to_read_more_files(queries: Queries):
    assert (refused(queries, "busy", "FROM weather").hint or "").startswith("read a file by its path")


def test_a_file_that_is_not_listed_is_read_by_its_path(
    queries: Queries, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "quotes.csv").write_text("bid\n1\n", "utf-8")
    queries.check("busy", "SELECT bid FROM 'data/quotes.csv'")


def test_a_query_that_reads_itself_is_told_in_the_words_of_the_page(queries: Queries):
    run(queries, "busy", "FROM busy")
    with pytest.raises(CycleError, match=r"Query `busy` reads itself.*Hint: read a table or another query"):
        queries.columns("busy")


# Controls.


def test_a_parameter_gets_a_control(queries: Queries):
    run(queries, "busy", "FROM trades WHERE size >= $size")
    assert controls(queries) == ["size"]


def test_a_control_that_fits_as_before_stays_the_same(queries: Queries):
    run(queries, "busy", "FROM trades WHERE size >= $size")
    before = queries.live.input("size")
    run(queries, "busy", "SELECT symbol FROM trades WHERE size >= $size ORDER BY ALL")
    assert queries.live.input("size") is before


def test_what_a_control_stands_at_stays_when_the_query_changes(queries: Queries, session: Session):
    run(queries, "busy", "FROM trades WHERE size >= $size")
    session.set(queries.live.input("size"), 30)
    run(queries, "busy", "SELECT symbol FROM trades WHERE size >= $size")
    assert queries.values() == {"size": 30}


def test_a_parameter_that_is_used_otherwise_gets_another_control(queries: Queries):
    run(queries, "busy", "FROM trades WHERE size >= $chosen")
    before = queries.book.controls[0].widget
    run(queries, "busy", "FROM trades WHERE symbol = $chosen")
    assert queries.book.controls[0].widget != before


def test_a_control_that_nothing_reads_is_dropped(queries: Queries):
    run(queries, "busy", "FROM trades WHERE size >= $size AND symbol = $symbol")
    run(queries, "busy", "FROM trades WHERE symbol = $symbol")
    assert controls(queries) == ["symbol"]


def test_a_control_that_another_query_reads_stays(queries: Queries):
    run(queries, "busy", "FROM trades WHERE size >= $size")
    queries.add("other", "")
    run(queries, "other", "FROM trades WHERE size < $SIZE")
    run(queries, "busy", "FROM trades")
    assert controls(queries) == ["size"]


def test_with_a_query_its_controls_are_removed(queries: Queries):
    run(queries, "busy", "FROM trades WHERE size >= $size")
    queries.remove("busy")
    assert (queries.book.queries, controls(queries)) == ((), [])


def test_a_control_fits_the_columns_of_a_query_that_is_read(queries: Queries):
    run(queries, "busy", "SELECT size * 10 AS amount FROM trades")
    queries.add("top", "")
    run(queries, "top", "FROM busy WHERE amount <= $amount")
    assert dict(queries.book.controls[0].options)["end"] == 400


def test_a_control_that_several_queries_read_keeps_its_place_whichever_is_run(queries: Queries, session: Session):
    run(queries, "busy", "FROM trades WHERE size >= $size")
    queries.add("calm", "")
    session.set(queries.live.input("size"), 30)
    run(queries, "calm", "FROM trades WHERE size < $size")
    assert queries.values() == {"size": 30}


def test_a_control_changes_when_a_query_that_shares_it_uses_it_otherwise(queries: Queries):
    run(queries, "busy", "FROM trades WHERE size >= $chosen")
    queries.add("other", "")
    run(queries, "other", "FROM trades WHERE symbol = $chosen")
    assert queries.book.controls[0].widget == "Select"


# Wrong texts and names.


def test_a_text_that_is_not_sql_is_told_with_its_place(queries: Queries):
    with pytest.raises(SqlSyntaxError) as caught:
        queries.check("busy", "FROM trades\nWHERE WHERE")
    assert caught.value.line == 2


def test_a_column_that_is_not_there_is_told_without_running(queries: Queries):
    with pytest.raises(ColumnNotFoundError, match="prize"):
        queries.check("busy", "SELECT prize FROM trades")


def test_a_text_whose_parameter_has_no_control_yet_is_not_wrong(queries: Queries, edits: list[Book]):
    queries.check("busy", "FROM trades WHERE size > $new")
    assert edits == []


def test_a_name_that_is_taken_changes_nothing(queries: Queries, edits: list[Book]):
    with pytest.raises(NameClashError):
        queries.rename("busy", "Trades")
    assert edits == []


def test_a_name_that_is_a_word_of_sql_changes_nothing(queries: Queries, edits: list[Book]):
    with pytest.raises(InvalidNameError):
        queries.add("order", "FROM trades")
    assert edits == []


@pytest.mark.parametrize(("wanted", "free"), [("top", "top"), ("busy", "busy_2"), ("Trades", "Trades_2")])
def test_a_free_name_differs_from_all_others_by_more_than_case(queries: Queries, wanted: str, free: str):
    assert queries.free_name(wanted) == free


# Cells in the place of others.


def test_what_is_shown_follows_the_text(queries: Queries, session: Session, rows: Callable[[Demand], int]):
    demand = session.demand(queries.live.cell("busy"), "table")
    run(queries, "busy", "FROM trades WHERE size > 10")
    assert rows(demand) == 3


def test_what_is_shown_follows_a_query_that_it_reads(queries: Queries, session: Session, rows: Callable[[Demand], int]):
    queries.add("top", "FROM busy WHERE size > 10")
    demand = session.demand(queries.live.cell("top"), "table")
    run(queries, "busy", "FROM trades WHERE size < 35")
    assert rows(demand) == 2


def test_what_is_shown_stays_when_its_query_is_renamed(
    queries: Queries, session: Session, rows: Callable[[Demand], int]
):
    demand = session.demand(queries.live.cell("busy"), "table")
    queries.rename("busy", "calm")
    run(queries, "calm", "FROM trades WHERE size > 30")
    assert rows(demand) == 1


def test_a_chart_is_suggested_of_what_varies_as_the_controls_stand(queries: Queries, session: Session):
    run(
        queries, "busy", "SELECT symbol, size, size * 2.5 AS cost FROM trades WHERE size >= $least AND symbol = $symbol"
    )
    demand = session.demand(queries.live.cell("busy"), "table")
    several = queries.suggest_chart("busy")
    session.set(queries.live.input("symbol"), "B")
    one = queries.suggest_chart("busy")
    demand.release()
    assert several == ChartSpec("point", "size", "cost")
    assert one == ChartSpec("bar", "symbol", "size", aggregate="sum")


def test_a_chart_is_suggested_of_a_column_of_any_name(queries: Queries):
    run(queries, "busy", '''SELECT symbol AS "the ""best""", size AS "order" FROM trades''')
    assert queries.suggest_chart("busy") == ChartSpec("bar", 'the "best"', "order", aggregate="sum")


def test_a_chart_renews_no_cell(queries: Queries):
    before = queries.live.cell("busy")
    queries.draw("busy", ChartSpec("bar", "symbol", "size", None, "sum"))
    assert queries.live.cell("busy") is before


def test_each_edit_is_told(queries: Queries, edits: list[Book]):
    queries.add("top", "FROM busy")
    queries.rename("busy", "calm")
    queries.remove("top")
    assert [[query.name for query in book.queries] for book in edits] == [["busy", "top"], ["calm", "top"], ["calm"]]
    assert edits[1].query("top").sql == "FROM calm"
