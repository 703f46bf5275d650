"""Edits of a book: each gives a new one, and names stay unique and usable."""

import datetime as dt
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataapp.app.sessions import engine
from dataapp.errors import BookUnreadableError, InvalidNameError, NameClashError, NameNotFoundError, WrongKindError
from dataapp.workbench.book import (
    Book,
    Query,
    add_query,
    open_parameters,
    readers_of,
    remove_query,
    rename_query,
    replace_query,
    with_controls,
)
from dataapp.workbench.catalogue import Table
from dataapp.workbench.controls import Control, OptionsQuery
from dataapp.workbench.quick_chart import ChartSpec
from dataapp.workbench.references import move_files, rename_references
from dataapp.workbench.stored_book import book_from_json, book_to_json

TRADES = Table("trades", "/data/trades/*.parquet", (), None, 1, 1)
SIZE = Control("size", "IntSlider", (("start", 0), ("end", 10)))
BOOK = Book("Ticks", (TRADES,), (Query("busy", "FROM trades WHERE size > $size"), Query("top", "FROM busy")), (SIZE,))


def renamed(sql: str, new: str = "hot") -> str:
    return rename_references(sql, "busy", new, engine())


def test_an_added_query_stands_behind_the_others():
    book = add_query(BOOK, Query("calm", "FROM trades"), engine())
    assert [query.name for query in book.queries] == ["busy", "top", "calm"]


@pytest.mark.parametrize("name", ["trades", "busy", "size", "Busy", "da", "pn", "alt", "pl", "dt", "relation"])
def test_a_name_that_is_taken_is_refused(name: str):
    with pytest.raises(NameClashError, match=f"`{name}`"):
        add_query(BOOK, Query(name, "FROM trades"), engine())


@pytest.mark.parametrize("name", ["", "my query", "2nd", "class", "__x", "order", "select", "ﬁx", "a.b", "a;b"])
def test_a_name_that_python_or_sql_cannot_use_is_refused(name: str):
    with pytest.raises(InvalidNameError):
        add_query(BOOK, Query(name, "FROM trades"), engine())


@pytest.mark.parametrize("name", ["bars", "_hidden", "größe", "bars_2", "list"])
def test_other_names_are_taken(name: str):
    assert add_query(BOOK, Query(name, "FROM trades"), engine()).query(name).name == name


def test_a_removed_query_is_gone():
    assert [query.name for query in remove_query(BOOK, "busy").queries] == ["top"]


def test_a_replaced_query_keeps_its_place():
    book = replace_query(BOOK, Query("busy", "FROM trades", ChartSpec("bar", "symbol")))
    assert [(query.name, query.sql) for query in book.queries] == [("busy", "FROM trades"), ("top", "FROM busy")]


@pytest.mark.parametrize("edit", [lambda book: remove_query(book, "bussy"), lambda book: book.query("bussy")])
def test_an_unknown_query_is_offered_the_nearest(edit):
    with pytest.raises(NameNotFoundError, match="did you mean `busy`"):
        edit(BOOK)


def test_readers_are_told():
    assert readers_of(BOOK, "busy", engine()) == ("top",)


def test_readers_of_a_control_are_told():
    assert readers_of(BOOK, "SIZE", engine()) == ("busy",)


def test_a_text_that_is_not_sql_reads_nothing():
    assert readers_of(Book("", (), (Query("a", "FROM busy WHERE"),)), "busy", engine()) == ()


def test_parameters_that_nothing_else_stands_for_need_controls():
    book = replace(BOOK, queries=(*BOOK.queries, Query("more", "FROM trades WHERE n > $busy AND m > $Low OR m < $low")))
    assert open_parameters(book, engine()) == ("size", "Low")


def test_controls_replace_those_that_were():
    assert with_controls(BOOK, ()).controls == ()


@pytest.mark.parametrize("name", ["busy", "Trades", "da"])
def test_a_control_of_a_taken_name_is_refused(name: str):
    with pytest.raises(NameClashError):
        with_controls(BOOK, (replace(SIZE, name=name),))


def test_two_controls_of_one_name_are_refused():
    with pytest.raises(NameClashError):
        with_controls(BOOK, (SIZE, replace(SIZE, name="Size")))


def test_a_control_may_be_called_like_a_word_of_sql():
    assert with_controls(BOOK, (replace(SIZE, name="limit"),)).controls[0].name == "limit"


def test_a_control_that_python_cannot_name_is_refused():
    with pytest.raises(InvalidNameError):
        with_controls(BOOK, (replace(SIZE, name="class"),))


def test_a_query_is_renamed_where_it_is_read():
    book = rename_query(BOOK, "busy", "hot", engine())
    assert [(query.name, query.sql) for query in book.queries] == [
        ("hot", "FROM trades WHERE size > $size"),
        ("top", "FROM hot"),
    ]


def test_a_query_is_renamed_in_the_options_of_controls():
    control = Control("size", "Select", (("options", OptionsQuery("SELECT n FROM busy")),))
    book = rename_query(replace(BOOK, controls=(control,)), "busy", "hot", engine())
    assert book.controls[0].options == (("options", OptionsQuery("SELECT n FROM hot")),)


def test_a_query_may_be_renamed_to_another_case():
    assert rename_query(BOOK, "busy", "Busy", engine()).query("top").sql == "FROM Busy"


def test_a_query_is_not_renamed_to_a_taken_name():
    with pytest.raises(NameClashError):
        rename_query(BOOK, "busy", "top", engine())


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("FROM busy", "FROM hot"),
        ('FROM "Busy" -- busy', "FROM hot -- busy"),
        ("SELECT 'busy' FROM busy b JOIN busy c USING (n)", "SELECT 'busy' FROM hot b JOIN hot c USING (n)"),
        ("SELECT busy.n FROM busy", "SELECT busy.n FROM hot AS busy"),
        ("SELECT hot FROM busy", "SELECT hot FROM hot AS busy"),
        ("TABLE busy", "TABLE hot"),
        ("SUMMARIZE busy", "SUMMARIZE hot"),
        ("SELECT $busy + 1", "SELECT $hot + 1"),
        ("WITH busy AS (FROM busy) FROM busy", "WITH busy AS (FROM hot AS busy) FROM busy"),
        ("FROM main.busy", "FROM main.busy"),
        ("FROM 'ä', busy", "FROM 'ä', hot"),
        ("FROM busy WHERE", "FROM busy WHERE"),
        ("FROM trades", "FROM trades"),
    ],
)
def test_only_references_are_renamed(sql: str, expected: str):
    assert renamed(sql) == expected


def test_a_new_name_that_a_cte_has_is_refused():
    with pytest.raises(NameClashError, match="`hot`"):
        renamed("WITH hot AS (SELECT 1) FROM hot, busy")


def test_files_are_moved_and_everything_else_stays():
    moved = move_files("FROM 'a.csv', read_csv('b.csv') WHERE c = 'a.csv'", lambda location: f"../{location}", engine())
    assert moved == "FROM '../a.csv', read_csv('../b.csv') WHERE c = 'a.csv'"


LITERALS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
    | st.dates() | st.datetimes() | st.times() | st.builds(OptionsQuery, st.text()),
    lambda inner: st.tuples(inner, inner),
)  # fmt: skip
NAMES = ["a", "b", "größe", "limit", "_x"]
TEXTS = st.none() | st.text()
BOOKS = st.builds(
    Book,
    st.text(),
    st.just((TRADES,)),
    st.lists(
        st.builds(Query, st.sampled_from(NAMES), st.text(), st.none() | st.builds(ChartSpec, st.text(), TEXTS, TEXTS)),
        unique_by=lambda query: query.name,
    ).map(tuple),
    st.lists(
        st.builds(Control, st.sampled_from("cde"), st.text(), st.lists(st.tuples(st.text(), LITERALS)).map(tuple)),
        unique_by=lambda control: control.name,
    ).map(tuple),
)


@given(BOOKS)
def test_a_stored_book_comes_back(book: Book):
    assert book_from_json(book_to_json(book), book.tables) == book


def test_a_stored_book_names_no_files():
    assert "/data" not in book_to_json(BOOK)


@pytest.mark.parametrize(
    "text",
    ["", "null", "[]", "{}", '{"version":2}', '{"version":1,"title":1,"queries":[]}',
     '{"version":1,"title":"","queries":[1]}',
     '{"version":1,"title":"","queries":[{"name":"a","sql":"b","chart":{"size":"x"}}]}',
     '{"version":1,"title":"","queries":[],"controls":[{"name":"a","widget":"b","options":[["c",{"date":"x"}]]}]}',
     "[" * 100_000],
)  # fmt: skip
def test_a_broken_text_is_told(text: str):
    with pytest.raises(BookUnreadableError):
        book_from_json(text, ())


@pytest.mark.parametrize(("name", "error"), [("x = 1; y", InvalidNameError), ("trades", NameClashError)])
def test_a_stored_name_that_cannot_be_used_is_refused(name: str, error: type[Exception]):
    text = book_to_json(Book("", queries=(Query(name, "SELECT 1"),)))
    with pytest.raises(error):
        book_from_json(text, (TRADES,))


def test_what_cannot_be_stored_is_refused():
    with pytest.raises(WrongKindError, match="timedelta"):
        book_to_json(Book("", controls=(Control("a", "b", (("c", dt.timedelta(1)),)),)))  # pyright: ignore[reportArgumentType]
