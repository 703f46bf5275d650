"""What a reader takes from a grouped table in Chromium: by mouse, by keyboard, and in a link."""

import io
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import polars as pl
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.views.table.hands import cell, expect_copied, measure, press

SOON = 30_000
HOSTILE = "<script>window.pwned=1</script>"
APP = f"""
import dataapp as da

trades = da.sql(
    '''SELECT i AS id, ['AAPL', 'IBM', 'MSFT'][1 + i % 3] AS symbol, i % 100 AS price, {{'deep': [i, NULL]}} AS nested
       FROM range(3000) t(i)'''
)
awkward = da.sql(
    '''SELECT * FROM (VALUES ('=1+1', 1), ('<b>bold</b>', 2), ('=1+1', 3)) AS rows("{HOSTILE}", "=n")'''
)
tape = da.explore(trades, height=400)
picked = tape.value_at("id")
rows = tape.selected


@da.cell
def said(rows, picked) -> str:
    return f"{{len(rows)}} rows, clicked {{picked}}"


da.App("Tape", main=[tape, said, da.explore(awkward, height=300)]).servable()
"""


@pytest.fixture(scope="module")
def url(serve_for_module: Callable[..., object]) -> str:
    return serve_for_module(APP).url  # type: ignore[attr-defined]


@pytest.fixture
def opened(browser: Browser, url: str) -> Iterator[Page]:
    permissions = ["clipboard-read", "clipboard-write"]
    with browser.new_context(viewport={"width": 1300, "height": 1000}, permissions=permissions) as context:
        page = context.new_page()
        page.goto(url)
        expect(page.locator(".explorer[data-state=fresh]")).to_have_count(2, timeout=SOON)
        yield page
        assert page.evaluate("window.pwned") is None
        assert page.locator(".explorer :is(script, b)").count() == 0


@pytest.fixture
def tape(opened: Page) -> Locator:
    return opened.locator(".explorer").nth(0)


def group_by(table: Locator, column: str) -> None:
    table.get_by_label("Group rows", exact=True).first.click()
    table.get_by_label("Column to group by").select_option(label=column)
    expect(table.locator(".group-line .group-name", has_text=column).first).to_be_visible()
    table.page.keyboard.press("Escape")
    expect(table.locator(".count")).to_contain_text("groups of")


def chips(table: Locator) -> Locator:
    return table.get_by_role("group", name="Sorted by").locator(".chip-label")


def save(table: Locator, entry: str) -> tuple[str, bytes]:
    with table.page.expect_download(timeout=SOON) as download:
        table.get_by_label("Download", exact=True).first.click()
        table.get_by_role("menuitem", name=entry).click()
    return download.value.suggested_filename, Path(download.value.path()).read_bytes()


def test_lines_are_selected_measured_and_copied(tape: Locator):
    group_by(tape, "symbol")
    cell(tape, 0, 0).click()
    press(tape, "Shift+ArrowDown", "Shift+ArrowRight")
    expect(measure(tape, "")).to_have_text("4 cells selected")
    expect(measure(tape, "sum")).to_have_text("sum 2,000")
    press(tape, "Control+c")
    expect_copied(tape.page, "AAPL\t1000\nIBM\t1000")
    tape.locator(".gutter-row").nth(1).click()
    tape.locator(".gutter-row").nth(2).click(modifiers=["Shift"])
    expect(measure(tape, "")).to_have_text("2 lines selected")
    tape.get_by_label("Copy the selection").click()
    tape.get_by_role("menuitem", name="Copy as CSV").click()
    expect_copied(tape.page, "symbol,rows,sum_of_price\nIBM,1000,49500\nMSFT,1000,49500\n".removesuffix("\n"))


def test_figures_never_look_as_if_they_unfold(tape: Locator):
    group_by(tape, "symbol")
    marked = tape.locator("regular-table").evaluate(
        """async (table) => {
            const counts = [];
            for (let drawn = 0; drawn < 3; drawn++) {
                await table.draw({invalid_viewport: true});
                counts.push(table.querySelectorAll("[data-nested]").length);
            }
            return counts;
        }"""
    )
    assert marked == [0, 0, 0]


def test_the_rows_among_the_lines_are_what_other_cells_read(tape: Locator):
    group_by(tape, "symbol")
    cell(tape, 1, 0).click()
    press(tape, "Enter")
    expect(cell(tape, 1, 0).locator(".caret")).to_have_attribute("aria-expanded", "true")
    press(tape, "Shift+ArrowDown", "Shift+ArrowDown")
    expect(tape.page.get_by_text("2 rows, clicked 4")).to_be_visible()
    press(tape, "ArrowUp", "ArrowUp")
    expect(tape.page.get_by_text("0 rows, clicked None")).to_be_visible()


def test_a_download_is_of_the_groups_or_of_the_rows(tape: Locator):
    group_by(tape, "symbol")
    tape.locator(".title", has_text="symbol").click()
    tape.locator(".title", has_text="symbol").click()
    expect(cell(tape, 0, 0)).to_have_text("MSFT")
    name, data = save(tape, "Groups as Parquet")
    assert name == "trades by symbol.parquet"
    found = pl.read_parquet(io.BytesIO(data))
    assert found.rows() == [("MSFT", 1000, 49500), ("IBM", 1000, 49500), ("AAPL", 1000, 49500)]
    expect(tape.locator(".download-text").last).to_have_text("trades by symbol.parquet: 3 groups saved")
    name, data = save(tape, "Rows as CSV")
    assert name == "trades.csv"
    assert pl.read_csv(data)["symbol"].to_list() == ["MSFT"] * 1000 + ["IBM"] * 1000 + ["AAPL"] * 1000


def test_the_shown_sql_is_that_of_the_groups(tape: Locator):
    tape.get_by_label("Show SQL").click()
    expect(tape.get_by_role("dialog", name="SQL of these rows")).to_be_visible()
    press(tape, "Escape")
    group_by(tape, "symbol")
    tape.get_by_label("Show SQL").click()
    popup = tape.get_by_role("dialog", name="SQL of these groups")
    expect(popup.locator("pre")).to_have_text(
        "SELECT symbol, count(*) AS rows, sum(price) AS sum_of_price\nFROM trades\nGROUP BY ALL\nORDER BY symbol",
        use_inner_text=True,
    )


def test_groups_nested_values_and_cards_open_under_the_cursor(tape: Locator):
    group_by(tape, "symbol")
    cell(tape, 0, 0).click()
    press(tape, "Enter")
    expect(tape.locator("tbody tr").nth(0)).to_have_attribute("aria-expanded", "true")
    expect(cell(tape, 0, 0)).to_be_focused()
    press(tape, "ArrowDown", "ArrowDown", "End")
    nested = tape.locator("[data-cursor]")
    expect(nested).to_have_text('{"deep":[3,null]}')
    press(tape, "Enter")
    popup = tape.get_by_role("dialog", name="nested")
    expect(popup).to_contain_text("deep")
    expect(popup.locator(".unfolded")).to_be_focused()
    press(tape, "Escape")
    expect(popup).to_be_hidden()
    expect(nested).to_be_focused()
    press(tape, " ")
    card = tape.locator(".card")
    expect(card.locator("dt")).to_have_text([re.compile(name) for name in ("symbol", "id", "price", "nested")])
    expect(card.locator("dd").nth(0)).to_have_text("AAPL")
    card.get_by_label("Previous row").click()
    card.get_by_label("Previous row").click()
    expect(card.locator("dd")).to_have_text(["AAPL", "1000", "49500"])
    press(tape, "Escape")
    expect(card).to_be_hidden()


def test_enter_unfolds_a_nested_value_of_a_row(tape: Locator):
    cell(tape, 2, 3).click()
    press(tape, "ArrowDown", "Enter")
    expect(tape.get_by_role("dialog", name="nested")).to_contain_text("row 4")
    press(tape, "Escape", "ArrowLeft", "Enter")
    expect(tape.get_by_role("heading", name="Row 4")).to_be_visible()


def test_sort_keys_are_chips_that_turn_move_and_go(tape: Locator):
    tape.locator(".title", has_text="symbol").click()
    expect(chips(tape)).to_have_text(["Sorted by↑ symbol"])
    tape.locator(".title", has_text="price").click(modifiers=["Shift"])
    tape.locator(".title", has_text="price").click(modifiers=["Shift"])
    expect(chips(tape)).to_have_text(["1↑ symbol", "2↓ price"])
    expect(chips(tape).nth(1)).to_have_attribute("aria-label", "Sorted by price, descending, 2 of 2")
    chips(tape).nth(0).click()
    expect(chips(tape)).to_have_text(["1↓ symbol", "2↓ price"])
    expect(cell(tape, 0, 1)).to_have_text("MSFT")
    expect(chips(tape).nth(0)).to_be_focused()
    press(tape, "Alt+ArrowRight")
    expect(chips(tape)).to_have_text(["1↓ price", "2↓ symbol"])
    expect(chips(tape).nth(1)).to_be_focused()
    expect(cell(tape, 0, 2)).to_have_text("99")
    tape.get_by_label("Remove Sorted by price, descending, 1 of 2").click()
    expect(chips(tape)).to_have_text(["Sorted by↓ symbol"])
    expect(tape.locator("th[aria-sort=descending]")).to_have_count(1)
    expect(tape.locator("th[aria-sort=descending] .name")).to_have_text("symbol")
    tape.locator(".title", has_text="id").click(modifiers=["Shift"])
    tape.get_by_role("button", name="Do not sort").click()
    expect(chips(tape)).to_have_count(0)
    expect(cell(tape, 1, 0)).to_have_text("1")


def test_the_link_restores_groups_what_is_open_and_their_order(tape: Locator):
    page = tape.page
    group_by(tape, "symbol")
    tape.locator(".title", has_text="rows").click()
    tape.locator(".title", has_text="symbol").click(modifiers=["Shift"])
    tape.locator(".title", has_text="symbol").click(modifiers=["Shift"])
    expect(chips(tape)).to_have_text(["1↑ rows", "2↓ symbol"])
    expect(cell(tape, 0, 0)).to_contain_text("MSFT")  # the lines are in that order, too
    cell(tape, 1, 0).locator(".caret").click()
    expect(tape.locator("tbody tr").nth(1)).to_have_attribute("aria-expanded", "true")
    tape.get_by_label("Menu of price").first.click()
    tape.get_by_role("menuitem", name="Hide").click()
    expect(tape.locator("thead .name", has_text="price")).to_have_count(1)
    page.wait_for_function("decodeURIComponent(location.search).includes('hidden')")
    assert '"open": [["IBM"]]' in parse_qs(urlsplit(page.url).query)["tape"][0]
    seen = tape.locator("tbody").inner_text()

    page.goto(page.url)
    expect(page.locator(".explorer[data-state=fresh]")).to_have_count(2, timeout=SOON)
    expect(tape.locator(".count")).to_have_text("3 groups of 3,000 rows")
    expect(chips(tape)).to_have_text(["1↑ rows", "2↓ symbol"])
    expect(cell(tape, 1, 0)).to_contain_text("IBM")
    expect(tape.locator("tbody tr").nth(1)).to_have_attribute("aria-expanded", "true")
    expect(tape.locator("thead .name", has_text="price")).to_have_count(1)
    assert tape.locator("tbody").inner_text() == seen


def test_hostile_names_and_values_are_text_wherever_groups_show_or_leave(opened: Page):
    table = opened.locator(".explorer").nth(1)
    group_by(table, HOSTILE)
    table.locator(".title", has_text=HOSTILE).click()
    expect(chips(table)).to_have_text([f"Sorted by↑ {HOSTILE}"])
    expect(cell(table, 0, 0)).to_have_text("<b>bold</b>")
    table.get_by_label("Show SQL").click()
    expect(table.get_by_role("dialog").locator("pre")).to_contain_text(f'SELECT "{HOSTILE}", count(*) AS rows')
    press(table, "Escape")
    cell(table, 0, 0).click()
    press(table, "Control+a")
    table.get_by_label("Copy the selection").click()
    table.get_by_role("menuitem", name="Copy with names").click()
    expect_copied(opened, f"{HOSTILE}\trows\tsum_of_=n\n<b>bold</b>\t1\t2\n'=1+1\t2\t4")
    name, data = save(table, "Groups as CSV")
    assert not re.search(r'[<>/\\:"]', name)
    assert data.decode() == f"{HOSTILE},rows,sum_of_=n\n<b>bold</b>,1,2\n'=1+1,2,4\n"
    cell(table, 0, 0).click()
    press(table, " ")
    expect(table.locator(".card")).to_be_hidden()  # it is a group, which opens
    expect(table.locator("tbody tr").nth(1)).to_have_attribute("data-line", "row")
    press(table, "ArrowDown", " ")
    expect(table.locator(".card dt").nth(0)).to_contain_text(HOSTILE)
    expect(table.locator(".card dd").nth(0)).to_have_text("<b>bold</b>")
