"""Grouping in Chromium: by mouse and by keyboard, over two million rows of Parquet and a few awkward ones."""

import re
from collections.abc import Callable, Iterator

import duckdb
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

ROWS = 2_000_000
APP = """
import panel as pn
import panel_material_ui as ui
from dataapp.engines.duckdb import DuckDB
from dataapp.engines.relation import Relation
from dataapp.views.table.explorer import TableExplorer
from tests.views.table.threads import ThreadSubmit

engine = pn.state.cache.setdefault("engine", DuckDB())


def explore(sql):
    explorer = TableExplorer(ThreadSubmit(pn.state.curdoc), height=420)
    explorer.show(Relation(sql, key=sql, engine=engine, fixed_order=True))
    return explorer


awkward = explore(
    '''SELECT * FROM (VALUES (NULL, 'nan'::DOUBLE), ('<b>bold</b>', 2.0), ('', 1.5), ('<b>bold</b>', NULL))
       AS rows("<script>window.pwned=1</script>", number)'''
)
ui.Page(title="Groups", main=[explore("FROM {path!r}"), awkward]).servable()
"""


@pytest.fixture(scope="module")
def url(serve_for_module: Callable[..., object], tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("data") / "trades.parquet"
    duckdb.execute(
        f"""COPY (SELECT i AS id, ['AAPL', 'MSFT', 'GOOG'][1 + i % 3] AS symbol, i % 1000 AS size,
            TIMESTAMP '2024-01-01' + to_seconds(i * 3) AS traded FROM range({ROWS}) t(i)) TO '{path}'"""
    )
    return serve_for_module(APP.format(path=str(path))).url  # type: ignore[attr-defined]


@pytest.fixture(scope="module")
def opened(browser: Browser, url: str) -> Iterator[Page]:
    """One page for the tests that leave it as they found it."""
    page = browser.new_page(viewport={"width": 1400, "height": 1000})
    page.goto(url)
    expect(page.locator(".explorer[data-state=fresh]")).to_have_count(2, timeout=30_000)
    yield page
    assert page.evaluate("window.pwned") is None
    page.close()


@pytest.fixture
def trades(opened: Page) -> Iterator[Locator]:
    table = opened.locator(".explorer").nth(0)
    yield table
    opened.keyboard.press("Escape")
    table.get_by_label("Do not group", exact=True).click()
    expect(table.locator(".count")).to_have_text("2,000,000 rows")


def group_by(table: Locator, *columns: str) -> None:
    table.get_by_label("Group rows", exact=True).first.click()
    for column in columns:
        table.get_by_label("Column to group by").select_option(label=column)
        expect(table.locator(".group-line .group-name", has_text=column).first).to_be_visible()
    table.page.keyboard.press("Escape")


def line(table: Locator, at: int) -> Locator:
    return table.locator("tbody tr").nth(at)


def test_groups_are_chosen_in_a_popup_and_removed_with_their_chip(trades: Locator):
    group_by(trades, "symbol")
    expect(trades.locator(".count")).to_have_text("3 groups of 2,000,000 rows")
    expect(trades.locator(".chip-label")).to_have_text("Grouped by symbol")
    expect(line(trades, 0)).to_contain_text("AAPL")
    expect(line(trades, 0)).to_contain_text("666,667")
    expect(trades.locator("thead .name")).to_have_text(["symbol", "rows", "size"])


def test_a_group_opens_to_its_rows_and_the_last_of_them_can_be_reached(trades: Locator):
    group_by(trades, "symbol")
    caret = line(trades, 1).locator(".caret")
    caret.click()
    expect(line(trades, 1)).to_have_attribute("aria-expanded", "true")
    expect(line(trades, 2)).to_have_attribute("aria-level", "2")
    trades.locator("regular-table").focus()
    trades.page.keyboard.press("Control+End")
    expect(trades.locator("tbody")).to_contain_text("1,999,997")  # the last row of GOOG, above MSFT
    expect(trades.locator("tbody tr[data-line=group]")).to_have_count(1)


def test_the_first_row_on_screen_says_which_group_it_is_in_and_closes_it(trades: Locator):
    group_by(trades, "symbol")
    line(trades, 1).locator(".caret").click()
    expect(line(trades, 2)).to_have_attribute("data-line", "row")
    trades.locator("regular-table").focus()
    for _ in range(3):
        trades.page.keyboard.press("PageDown")
    expect(line(trades, 0)).to_contain_text("GOOG")
    expect(line(trades, 1)).not_to_contain_text("GOOG")
    line(trades, 0).locator(".caret").click()
    expect(trades.locator("tbody tr[data-line=group]")).to_have_count(3)


def test_carets_are_used_by_keyboard(trades: Locator):
    group_by(trades, "symbol")
    line(trades, 0).locator(".caret").focus()
    trades.page.keyboard.press("ArrowDown")
    trades.page.keyboard.press("ArrowRight")
    expect(line(trades, 1)).to_have_attribute("aria-expanded", "true")
    expect(line(trades, 1).locator(".caret")).to_be_focused()
    trades.page.keyboard.press("ArrowLeft")
    expect(line(trades, 1)).to_have_attribute("aria-expanded", "false")
    trades.page.keyboard.press("Enter")
    expect(line(trades, 1)).to_have_attribute("aria-expanded", "true")


def test_groups_are_nested_and_sorted_by_what_is_computed(trades: Locator):
    group_by(trades, "traded", "symbol")
    expect(trades.locator(".chip-label")).to_have_text("Grouped by day of traded, symbol")
    expect(line(trades, 0)).to_contain_text("2024-01-01")
    trades.locator(".title", has_text="rows").click()
    expect(line(trades, 0)).to_contain_text("2024-03-10")  # the last day is the shortest
    line(trades, 0).locator(".caret").click()
    expect(line(trades, 1)).to_have_attribute("aria-level", "2")
    trades.locator(".title", has_text="rows").click()
    trades.locator(".title", has_text="rows").click()


def test_names_and_values_that_look_like_markup_are_text_in_groups(opened: Page):
    awkward = opened.locator(".explorer").nth(1)
    group_by(awkward, "<script>window.pwned=1</script>")
    expect(awkward.locator(".chip-label")).to_have_text("Grouped by <script>window.pwned=1</script>")
    expect(awkward.locator("tbody tr")).to_have_count(3)
    expect(line(awkward, 1)).to_contain_text("<b>bold</b>")
    expect(line(awkward, 2)).to_contain_text("null")
    line(awkward, 1).locator(".caret").click()
    expect(awkward.locator("tbody tr[data-line=row]")).to_have_count(2)
    assert awkward.locator("script, b").count() == 0
    awkward.get_by_label("Do not group", exact=True).click()
    expect(awkward.locator(".count")).to_have_text(re.compile("^4 rows"))
