"""Filters in Chromium: popups, value lists, the search, chips, and the SQL of it all."""

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

ROWS = 6000
APP = """
import panel_material_ui as ui
import panel as pn
from dataapp.engines.duckdb import DuckDB
from dataapp.engines.relation import Relation
from dataapp.views.table.explorer import TableExplorer
from dataapp.views.table.shown_sql import Origin
from tests.views.table.threads import ThreadSubmit

engine = pn.state.cache.setdefault("engine", DuckDB())
sql = '''
    SELECT i AS id, ['AAPL', 'BRK, B', '<b>x</b>', NULL, ''][1 + i % 5] AS symbol, (i * 7 % 1000)::INTEGER AS price,
           DATE '2026-01-01' + (i % 400)::INTEGER AS day, i % 4 = 0 AS buy, 'order ' || i AS note
    FROM range({rows}) t(i)
'''
explorer = TableExplorer(ThreadSubmit(pn.state.curdoc), height=600, origin=Origin("trades"))
explorer.show(Relation(sql, key=sql, engine=engine, fixed_order=True))
ui.Page(title="Filters", main=[explorer]).servable()
"""


@pytest.fixture(scope="module")
def url(serve_for_module: Callable[..., object]) -> str:
    return serve_for_module(APP.format(rows=ROWS)).url  # type: ignore[attr-defined]


@pytest.fixture(scope="module")
def opened(browser: Browser, url: str) -> Iterator[Page]:
    page = browser.new_page(viewport={"width": 1400, "height": 900})
    page.goto(url)
    expect(page.locator(".explorer[data-state=fresh]")).to_have_count(1, timeout=30_000)
    yield page
    page.close()


@pytest.fixture
def table(opened: Page) -> Iterator[Locator]:
    """The explorer, which each test leaves without filters."""
    table = opened.locator(".explorer")
    yield table
    opened.set_viewport_size({"width": 1400, "height": 900})
    opened.keyboard.press("Escape")
    for _ in range(table.locator(".filter-chips .chip").count()):
        count = table.locator(".filter-chips .chip").count()
        table.locator(".filter-chips .chip-remove").first.click()
        expect(table.locator(".filter-chips .chip")).to_have_count(count - 1)
    expect(table.locator(".count")).to_have_text("6,000 rows")


def rows(table: Locator, count: int) -> None:
    expect(table.locator(".count")).to_have_text(f"{count:,} of 6,000 rows")


def popup_of(table: Locator, column: str) -> Locator:
    table.get_by_label(f"Choose a filter of {column}").click()
    popup = table.locator(".popup")
    expect(popup).to_be_visible()
    return popup


def value(popup: Locator, text: str) -> Locator:
    return popup.locator("div.value").filter(has=popup.page.get_by_text(text, exact=True))


def test_values_are_ticked_with_their_counts(table: Locator):
    popup = popup_of(table, "symbol")
    expect(value(popup, "AAPL").locator(".value-count")).to_have_text("1,200")
    expect(value(popup, "<b>x</b>")).to_be_visible()  # as text
    value(popup, "BRK, B").get_by_role("checkbox").uncheck()
    rows(table, 4800)
    expect(table.locator(".chip-text")).to_have_text('not in "BRK, B"')
    value(popup, "null").get_by_role("checkbox").uncheck()
    rows(table, 3600)
    value(popup, "AAPL").hover()
    value(popup, "AAPL").get_by_label("Only AAPL").click()
    rows(table, 1200)
    expect(popup.get_by_label("Filter of symbol as text")).to_have_value("= AAPL")
    popup.locator("label.value").click()
    expect(table.locator(".filter-chips .chip")).to_have_count(0)


def test_values_are_counted_under_the_other_filters_and_searched(table: Locator):
    table.get_by_label("Filter id").fill("< 100")
    rows(table, 100)
    popup = popup_of(table, "note")
    expect(popup.locator(".value-note")).to_have_text("100 values")
    popup.get_by_label("Search values of note").fill("ORDER 1")
    expect(popup.locator("div.value")).to_have_count(11)
    popup.locator("label.value input").uncheck()
    rows(table, 89)


def test_text_is_looked_for_in_several_ways(table: Locator):
    popup = popup_of(table, "note")
    popup.get_by_role("tab", name="Text").click()
    popup.get_by_label("How note is looked through").select_option("ends with")
    popup.get_by_label("What note is looked through for").fill("99")
    rows(table, 60)
    popup.get_by_label("How note is looked through").select_option("matches /…/")
    expect(table.locator(".chip-text")).to_have_text("/99/")


def test_a_wrong_pattern_is_explained_in_the_popup_and_at_the_field(table: Locator):
    popup = popup_of(table, "note")
    popup.get_by_label("Filter of note as text").fill("/(/")
    expect(popup.locator(".fault")).to_contain_text("missing )")
    expect(table.locator(".chip[data-wrong]")).to_have_count(1)


def test_a_range_is_set_by_fields_and_by_the_histogram(table: Locator):
    popup = popup_of(table, "price")
    popup.get_by_label("From").fill("990")
    rows(table, 60)
    popup.get_by_label("To").fill("994")
    rows(table, 30)
    expect(table.get_by_label("Filter price")).to_have_value("990..994")
    upper = popup.get_by_label("Upper end of the range")
    expect(upper).to_be_visible()
    popup.get_by_role("button", name="Clear").click()
    expect(table.locator(".filter-chips .chip")).to_have_count(0)
    bars = int(upper.get_attribute("aria-valuemax") or 0)
    upper.press("ArrowLeft")
    expect(table.locator(".filter-chips .chip")).to_have_count(1)
    expect(table.locator(".count")).not_to_have_text("6,000 rows")
    expect(upper).to_have_attribute("aria-valuenow", str(bars - 1))
    upper.press("ArrowLeft")
    expect(upper).to_have_attribute("aria-valuenow", str(bars - 2))
    expect(table.get_by_label("Filter price")).to_have_value(re.compile(r"^0\.\.(<?\d+)$"))
    expect(table.locator(".count")).not_to_have_text("6,000 rows")


def test_dates_have_presets_and_fields(table: Locator):
    popup = popup_of(table, "day")
    popup.get_by_role("button", name="this year").click()
    expect(table.locator(".chip-text")).to_have_text("this year")
    expect(popup.get_by_role("button", name="this year")).to_have_attribute("aria-pressed", "true")
    popup.get_by_label("Filter of day as text").fill("2026-02")
    rows(table, 28 * 15)
    expect(popup.get_by_label("From")).to_have_value("2026-02-01")
    expect(popup.get_by_label("To")).to_have_value("2026-02-28")
    popup.get_by_label("To").fill("2026-02-10")
    rows(table, 10 * 15)


def test_a_popup_is_used_by_keyboard_alone(table: Locator):
    table.get_by_label("Filter buy").focus()
    table.page.keyboard.press("Alt+ArrowDown")
    popup = table.locator(".popup")
    value(popup, "true").get_by_role("checkbox").focus()
    table.page.keyboard.press("Space")
    rows(table, 4500)
    expect(table.locator(".chip-text")).to_have_text("false")
    table.page.keyboard.press("Escape")
    expect(popup).to_be_hidden()
    expect(table.get_by_label("Choose a filter of buy")).to_be_focused()
    table.locator(".filter-chips .chip-remove").focus()
    table.page.keyboard.press("Delete")
    expect(table.locator(".filter-chips .chip")).to_have_count(0)
    expect(table.locator("regular-table")).to_be_focused()


def test_a_search_looks_through_all_text_and_marks_what_it_found(table: Locator):
    table.locator("regular-table").focus()
    table.page.keyboard.press("/")
    expect(table.locator(".search-field")).to_be_focused()
    table.page.keyboard.type("RK, b")
    rows(table, 1200)
    marked = "[...CSS.highlights.get('dataapp-search')].map((range) => range.startContainer.data)"
    expect(table.locator("tbody")).to_contain_text("BRK, B")
    assert set(table.page.evaluate(marked)) == {"BRK, B"}
    table.get_by_label("Filter id").fill("< 10")
    rows(table, 2)
    table.get_by_role("button", name="Clear all").click()
    expect(table.locator(".filter-chips .chip")).to_have_count(0)
    expect(table.locator(".search-field")).to_have_value("")
    assert table.page.evaluate(marked) == []


def test_the_sql_of_what_is_shown_can_be_copied(table: Locator):
    table.get_by_label("Filter price").fill("10..<20")
    rows(table, 60)
    table.locator(".title", has_text="price").click()
    expect(table.locator("th[aria-sort=ascending]")).to_have_count(1)
    table.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    table.get_by_label("Show SQL").click()
    expect(table.locator(".sql-text")).to_be_visible()
    table.get_by_role("button", name="Copy").click()
    expect(table.get_by_role("button", name="Copied")).to_be_visible()
    copied = table.page.evaluate("navigator.clipboard.readText()")
    assert copied == "SELECT * FROM trades\nWHERE price >= 10 AND price < 20\nORDER BY price"
    table.page.keyboard.press("Escape")
    for _ in range(2):
        table.locator(".title", has_text="price").click()


def test_a_narrow_page_folds_the_search_and_keeps_its_width(table: Locator):
    page = table.page
    page.set_viewport_size({"width": 390, "height": 800})
    expect(table).to_have_attribute("data-narrow", "")
    expect(table.locator(".search-field")).to_have_css("opacity", "0")
    table.locator(".search-open").click()
    expect(table.locator(".search-field")).to_have_css("opacity", "1")
    page.keyboard.type("order 5")
    expect(table.locator(".count")).to_have_text("1,111 of 6,000 rows")
    popup = popup_of(table, "symbol")
    value(popup, "AAPL").get_by_role("checkbox").uncheck()
    expect(table.locator(".filter-chips .chip")).to_have_count(2)
    box = popup.bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 390
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
