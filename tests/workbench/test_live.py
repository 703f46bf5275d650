"""A book as cells: what did not change stays the same object."""

from collections.abc import Generator
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from dataapp.app.sessions import engine
from dataapp.cells.cell import Cell
from dataapp.errors import ChartError, CycleError, InputError, NameNotFoundError
from dataapp.runtime.outcomes import Done
from dataapp.runtime.session import Session
from dataapp.runtime.workers import InlinePool
from dataapp.workbench.book import Book, Query, rename_query, replace_query
from dataapp.workbench.catalogue import Table
from dataapp.workbench.controls import Control, OptionsQuery
from dataapp.workbench.live import LiveBook
from dataapp.workbench.quick_chart import ChartSpec

SIZE = Control("size", "IntSlider", (("start", 0), ("end", 100), ("value", 10)))
SYMBOL = Control("symbol", "Select", (("options", OptionsQuery("SELECT DISTINCT symbol FROM trades ORDER BY 1")),))


@pytest.fixture
def book(tmp_path: Path) -> Book:
    pl.DataFrame({"symbol": ["A", "B", "A"], "size": [5, 20, 30]}).write_parquet(tmp_path / "trades.parquet")
    table = Table("trades", str(tmp_path / "trades.parquet"), (), 3, 1, 1)
    queries = (
        Query("top", "SELECT max(size) AS size FROM busy"),  # reads what stands behind it
        Query("busy", "FROM trades WHERE size >= $size"),
        Query("one", "FROM trades WHERE symbol = $symbol", ChartSpec("bar", "symbol", "size", None, "sum")),
    )
    return Book("Ticks", (table,), queries, (SIZE, SYMBOL))


@pytest.fixture
def live(book: Book) -> LiveBook:
    return LiveBook(book, engine())


@pytest.fixture
def session() -> Generator[Session]:
    session = Session(engine(), InlinePool(), initial=lambda cell: cell.kind.default())
    yield session
    session.close()


def cells(live: LiveBook) -> dict[str, Cell]:
    book = live.book
    return {
        **{table.name: live.source(table.name) for table in book.tables},
        **{query.name: live.cell(query.name) for query in book.queries},
        **{control.name: live.input(control.name) for control in book.controls},
    }


def renewed(live: LiveBook, book: Book) -> set[str]:
    before = cells(live)
    live.update(book)
    return {name for name, cell in cells(live).items() if before.get(name) is not cell}


def test_queries_read_tables_controls_and_each_other_in_any_order(live: LiveBook):
    assert live.cell("top").evaluate(size=6)["size"].item() == 30


def test_a_control_without_a_value_takes_the_first_option(live: LiveBook):
    assert live.cell("one").evaluate()["symbol"].to_list() == ["A", "A"]


def test_cells_are_called_as_on_the_page(live: LiveBook):
    assert {name: cell.label for name, cell in cells(live).items()} == {name: name for name in cells(live)}


def test_an_equal_book_renews_nothing(live: LiveBook, book: Book):
    assert renewed(live, replace(book, title="Other")) == set()


def test_a_changed_query_is_renewed_with_its_readers(live: LiveBook, book: Book):
    assert renewed(live, replace_query(book, Query("busy", "FROM trades WHERE size > $size"))) == {"busy", "top"}


def test_another_chart_renews_no_cell(live: LiveBook, book: Book):
    assert renewed(live, replace_query(book, replace(book.query("busy"), chart=ChartSpec("bar", "symbol")))) == set()


def test_a_changed_control_is_renewed_with_its_readers(live: LiveBook, book: Book):
    assert renewed(live, replace(book, controls=(replace(SIZE, widget="FloatSlider"), SYMBOL))) == {
        "size",
        "busy",
        "top",
    }


def test_a_changed_query_for_options_renews_the_control(live: LiveBook, book: Book):
    control = replace(
        SYMBOL, options=(("options", OptionsQuery("SELECT DISTINCT symbol FROM trades ORDER BY 1 DESC")),)
    )
    assert renewed(live, replace(book, controls=(SIZE, control))) == {"symbol", "one"}
    assert live.cell("one").evaluate()["symbol"].to_list() == ["B"]


def test_another_place_renews_all_that_reads_it(live: LiveBook, book: Book, tmp_path: Path):
    pl.DataFrame({"symbol": ["C"], "size": [50]}).write_parquet(tmp_path / "other.parquet")
    table = replace(book.tables[0], location=str(tmp_path / "other.parquet"))
    assert renewed(live, replace(book, tables=(table,))) == {"trades", "busy", "top", "one", "symbol"}
    assert live.cell("top").evaluate()["size"].item() == 50


def test_other_facts_about_a_table_renew_nothing(live: LiveBook, book: Book):
    assert renewed(live, replace(book, tables=(replace(book.tables[0], rows=4),))) == set()


def test_a_renamed_query_is_renewed_with_its_readers(live: LiveBook, book: Book):
    assert renewed(live, rename_query(book, "busy", "hot", engine())) == {"hot", "top"}


def test_a_query_that_was_missing_renews_its_readers(live: LiveBook, book: Book):
    live.update(replace(book, queries=(*book.queries, Query("late", "FROM later"))))
    with pytest.raises(NameNotFoundError, match="`later`"):
        live.cell("late").evaluate()
    assert renewed(live, replace(book, queries=(*live.book.queries, Query("later", "SELECT 1 AS n")))) == {
        "late",
        "later",
    }
    assert live.cell("late").evaluate()["n"].item() == 1


def test_a_removed_query_is_missed_by_its_readers(live: LiveBook, book: Book):
    live.update(replace(book, queries=book.queries[:1]))
    with pytest.raises(NameNotFoundError, match="`busy`"):
        live.cell("top").evaluate()


def test_a_mistyped_table_is_offered_the_nearest(live: LiveBook, book: Book):
    live.update(replace_query(book, Query("busy", "FROM trade")))
    with pytest.raises(NameNotFoundError, match="did you mean `trades`"):
        live.cell("busy").evaluate()


def test_a_circle_is_told_when_it_is_shown(live: LiveBook, book: Book):
    live.update(replace_query(book, Query("busy", "FROM top")))
    with pytest.raises(CycleError, match="circle"):
        live.cell("top").evaluate()


def test_a_circle_that_is_broken_up_works_again(live: LiveBook, book: Book):
    live.update(replace_query(book, Query("busy", "FROM top")))
    live.update(book)
    assert live.cell("top").evaluate()["size"].item() == 30


def test_an_unchanged_circle_stays(live: LiveBook, book: Book):
    live.update(replace_query(book, Query("busy", "FROM top")))
    assert renewed(live, replace(live.book, title="Other")) == set()


def test_a_text_that_is_not_sql_breaks_nothing_else(live: LiveBook, book: Book):
    live.update(replace_query(book, Query("busy", "FROM trades WHERE")))
    assert live.cell("one").evaluate().height == 2


def test_a_control_that_cannot_be_made_changes_nothing(live: LiveBook, book: Book):
    before = cells(live)
    with pytest.raises(InputError, match="IntSlidr"):
        live.update(replace(book, controls=(replace(SIZE, widget="IntSlidr"), SYMBOL), queries=()))
    assert cells(live) == before


def test_an_option_that_the_widget_does_not_have_is_refused(live: LiveBook, book: Book):
    with pytest.raises(InputError, match=r"no option `stat`.*`start`"):
        live.update(replace(book, controls=(replace(SIZE, options=(("stat", 1),)), SYMBOL)))


def test_a_value_that_was_set_survives_other_edits(live: LiveBook, book: Book, session: Session):
    session.set(live.input("size"), 25)
    live.update(replace_query(book, Query("busy", "SELECT size FROM trades WHERE size >= $size")))
    outcome = session.demand(live.cell("busy"), "value").look().outcome
    assert isinstance(outcome, Done)
    assert session.get(live.input("size")) == 25


def test_the_same_chart_is_kept(live: LiveBook, book: Book):
    chart = live.chart("one")
    live.update(replace(book, queries=book.queries[1:]))
    assert live.chart("one") is chart


def test_a_chart_over_a_renewed_cell_is_renewed(live: LiveBook, book: Book):
    chart = live.chart("one")
    live.update(replace_query(book, replace(book.query("one"), sql="FROM trades")))
    assert live.chart("one") is not chart


def test_a_query_without_a_chart_has_none(live: LiveBook):
    assert live.chart("busy") is None


def test_a_chart_of_a_column_that_is_gone_is_refused(live: LiveBook, book: Book):
    live.update(replace_query(book, replace(book.query("one"), sql="SELECT symbol FROM trades")))
    with pytest.raises(ChartError, match="`size`"):
        live.chart("one")


@pytest.mark.parametrize("find", ["cell", "input", "source"])
def test_unknown_names_are_told(live: LiveBook, find: str):
    with pytest.raises(NameNotFoundError, match="`nothing`"):
        getattr(live, find)("nothing")


def test_many_versions_leave_nothing_behind(live: LiveBook, book: Book):
    for number in range(20):
        live.update(replace_query(book, Query("busy", f"FROM trades WHERE size >= {number}")))
    assert set(live.cell("one").namespace.names) == {"trades", "top", "busy", "one", "size", "symbol"}
