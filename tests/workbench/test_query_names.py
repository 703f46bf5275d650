"""Names for queries that nobody named: predictable, free, and the same in every text that reads them."""

import pytest

from dataapp.app.sessions import engine
from dataapp.workbench.book import Book, Query
from dataapp.workbench.catalogue import Table
from dataapp.workbench.controls import Control
from dataapp.workbench.query_names import name_queries

TABLES = tuple(Table(name, f"/data/{name}.parquet", (), 1, 1, 1) for name in ("trades", "names"))


def named(*texts: str, tables: tuple[Table, ...] = TABLES, controls: tuple[Control, ...] = ()) -> list[str]:
    """Return what queries are called that a page calls `query`, `query_2` and so on."""
    queries = tuple(Query(f"query_{index}" if index > 1 else "query", text) for index, text in enumerate(texts, 1))
    return [query.name for query in name_queries(Book("", tables, queries, controls), engine()).queries]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("FROM trades", "trades_rows"),
        ("SELECT * FROM Trades WHERE size > $size ORDER BY ts LIMIT 5", "trades_rows"),
        ("FROM trades JOIN names USING (symbol)", "trades_rows"),
        ("FROM trades UNION ALL FROM trades", "trades_rows"),
        ("PIVOT trades ON symbol USING sum(size)", "trades_rows"),
        ("SELECT *, sum(size) OVER () AS total FROM trades", "trades_rows"),
        ("SELECT symbol, count(*) FROM trades GROUP BY symbol", "trades_by_symbol"),
        ("SELECT symbol, side, count(*) FROM trades GROUP BY ALL", "trades_by_symbol_and_side"),
        ("SELECT a, b, c, count(*) FROM trades GROUP BY ALL", "trades_by_a_and_b"),
        ("SELECT symbol, count(*) FROM trades GROUP BY 1", "trades_by_symbol"),
        ('SELECT "Unit Price", count(*) FROM trades GROUP BY ALL', "trades_by_unit_price"),
        ("SELECT ts::DATE AS day, count(*) FROM trades GROUP BY ts::DATE", "trades_by_day"),
        ("SELECT ts::DATE AS day, count(*) FROM trades GROUP BY day", "trades_by_day"),
        ("SELECT t.symbol, count(*) FROM trades t GROUP BY t.symbol", "trades_by_symbol"),
        ("WITH t AS (FROM trades) SELECT symbol, max(size) FROM t GROUP BY ALL", "trades_by_symbol"),
        ("SELECT count(*) FROM trades GROUP BY ts::DATE", "trades_summary"),
        ("SELECT count(*), max(size) FROM trades", "trades_summary"),
        ("SUMMARIZE trades", "trades_summary"),
        ("FROM 'data/quotes-*.csv'", "quotes"),
        ("FROM 'data/trades.csv'", "trades_rows"),
        ("FROM 'order.csv'", "order_rows"),
        ("SELECT symbol, count(*) FROM 'order.csv' GROUP BY symbol", "order_by_symbol"),
    ],
)
def test_a_name_tells_what_is_read_and_how_it_is_reduced(text: str, name: str):
    assert named(text) == [name]


@pytest.mark.parametrize("text", ["SELECT 1", "VALUES (1)", "FROM range(10)", "FROM trades WHERE", ""])
def test_where_nothing_can_be_told_the_name_stays(text: str):
    assert named(text) == ["query"]


def test_a_query_of_a_query_without_a_name_is_about_the_same():
    assert named("FROM trades WHERE size > 5", "SELECT symbol, count(*) FROM query GROUP BY ALL") == [
        "trades_rows",
        "trades_by_symbol",
    ]


def test_queries_in_a_circle_keep_their_names():
    assert named("FROM query_2", "FROM query") == ["query", "query_2"]


def test_equal_names_are_numbered():
    assert named("FROM trades", "FROM trades LIMIT 3") == ["trades_rows", "trades_rows_2"]


def test_a_name_is_none_of_a_table_a_control_or_another_query():
    text = "SELECT symbol, count(*) FROM trades GROUP BY symbol"
    taken = Table("trades_by_symbol", "/data/x.csv", (), 1, 1, 1)
    assert named(text, tables=(*TABLES, taken)) == ["trades_by_symbol_2"]
    assert named(text, controls=(Control("Trades_by_symbol", "IntSlider", ()),)) == ["trades_by_symbol_2"]
    assert named(text, "FROM trades_by_symbol")[0] == "trades_by_symbol_2"  # which is missing, and stays so


def test_names_that_somebody_gave_stay():
    queries = (Query("busy", "FROM trades"), Query("query_of_mine", "FROM trades"), Query("names_query", "FROM busy"))
    book = Book("", (TABLES[0],), queries)
    assert name_queries(book, engine()) == book


def test_a_query_that_was_opened_from_a_table_has_no_name_of_its_own():
    book = Book("", TABLES, (Query("trades_query", "FROM trades"), Query("trades_query_2", "FROM trades")))
    assert [query.name for query in name_queries(book, engine()).queries] == ["trades_rows", "trades_rows_2"]


def test_whoever_reads_a_query_reads_it_under_its_new_name():
    queries = (Query("query", "FROM trades"), Query("top", "SELECT query.size FROM query"))
    assert name_queries(Book("", TABLES, queries), engine()).query("top").sql == (
        "SELECT query.size FROM trades_rows AS query"
    )
