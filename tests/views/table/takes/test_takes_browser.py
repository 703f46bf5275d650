"""Selecting, copying, measuring, cards, going to rows and downloading in Chromium, mostly by keyboard."""

import io
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import polars as pl
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.views.table.hands import cell, expect_copied, measure, press

ROWS = 2_500_000
SOON = 60_000
APP = """
import panel as pn
import panel_material_ui as ui
from dataapp.engines.duckdb import DuckDB
from dataapp.engines.relation import Relation
from dataapp.views.table.explorer import TableExplorer
from tests.views.table.threads import ThreadSubmit

engine = pn.state.cache.setdefault("engine", DuckDB())


def explore(sql, title, fixed_order=True):
    explorer = TableExplorer(ThreadSubmit(pn.state.curdoc), title=title)
    explorer.show(Relation(sql, key=sql, engine=engine, fixed_order=fixed_order))
    return explorer


awkward = explore(
    '''SELECT * FROM (VALUES (1, '=1+1', 'a|b', {{'deep': [1, NULL], 'text': repeat('long ', 20)}}, NULL::DOUBLE),
       (2, 'a"b', '<script>window.pwned=1</script>', NULL, 'nan'), (3, '', NULL, NULL, 0.5))
       AS rows(n, "<script>window.pwned=1</script>", note, nested, x)''',
    "awkward",
)
ui.Page(title="Take", main=[explore("FROM {path!r}", "trades"), awkward]).servable()
"""


@pytest.fixture(scope="module")
def trades_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("data") / "trades.parquet"
    duckdb.execute(
        f"""COPY (SELECT i AS id, ['AAPL', 'MSFT', 'GOOG'][1 + i % 3] AS symbol, (i * 7919) % {ROWS} AS price,
            CASE WHEN i % 5 = 0 THEN '-5' ELSE 'note ' || i % 100 END AS note FROM range({ROWS}) t(i)) TO '{path}'"""
    )
    return path


@pytest.fixture(scope="module")
def url(serve_for_module: Callable[..., object], trades_path: Path) -> str:
    return serve_for_module(APP.format(path=str(trades_path))).url  # type: ignore[attr-defined]


def open_page(browser: Browser, url: str, **options: object) -> Page:
    context = browser.new_context(permissions=["clipboard-read", "clipboard-write"], **options)  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(url)
    expect(page.locator(".explorer[data-state=fresh]")).to_have_count(2, timeout=SOON)
    return page


@pytest.fixture(scope="module")
def opened(browser: Browser, url: str) -> Iterator[Page]:
    page = open_page(browser, url, viewport={"width": 1400, "height": 1000})
    yield page
    assert page.evaluate("window.pwned") is None
    page.context.close()


@pytest.fixture
def trades(opened: Page) -> Iterator[Locator]:
    table = opened.locator(".explorer").nth(0)
    yield table
    opened.keyboard.press("Escape")
    table.locator("regular-table").focus()
    for key in ("Control+Home", "Escape", "Escape"):
        opened.keyboard.press(key)
    expect(table.locator(".side")).to_be_hidden()


# The cursor.


def test_tab_goes_from_the_header_to_the_rows_to_the_foot(trades: Locator):
    trades.locator("thead :is(button, input):visible").last.focus()
    press(trades, "Tab")
    expect(cell(trades, 0, 0)).to_be_focused()
    expect(trades.locator("[aria-selected=true]")).to_have_count(0)  # who comes by selects nothing
    press(trades, "Tab")
    expect(trades.locator(".place")).to_be_focused()
    press(trades, "Shift+Tab")
    expect(cell(trades, 0, 0)).to_be_focused()
    press(trades, "ArrowDown", "ArrowRight")
    expect(cell(trades, 1, 1)).to_be_focused()
    expect(cell(trades, 1, 1)).to_have_attribute("aria-selected", "true")


def test_roles_and_places_are_told_of_the_whole_table(trades: Locator):
    cell(trades, 0, 0).click()
    press(trades, "Control+End")
    grid = trades.get_by_role("grid")
    expect(grid).to_have_attribute("aria-rowcount", f"{ROWS + 1}")
    expect(grid).to_have_attribute("aria-colcount", "4")
    focused = trades.locator("[data-cursor]")
    expect(focused).to_be_focused()
    expect(focused).to_have_attribute("aria-colindex", "4")
    expect(trades.locator("tbody tr:has([data-cursor])")).to_have_attribute("aria-rowindex", f"{ROWS + 1}")
    expect(trades.get_by_role("columnheader")).to_have_count(4)


def test_the_focus_stays_while_the_cursor_scrolls_away_and_back(trades: Locator):
    cell(trades, 1, 1).click()
    trades.locator("regular-table").evaluate("grid => { grid.scrollTop = 26 * 500 }")
    expect(cell(trades, 0, 0)).to_have_text(re.compile(r"^\d,\d{3}$"))  # the bar is shorter than all rows together
    expect(trades.locator("regular-table")).to_be_focused()
    press(trades, "ArrowDown")
    expect(trades.locator("[data-cursor]")).to_be_focused()
    expect(trades.locator("tbody tr:has([data-cursor])")).to_have_attribute("aria-rowindex", "4")


def test_what_the_same_cell_shows_anew_is_announced(trades: Locator):
    cell(trades, 0, 0).click()
    for _ in range(20):
        press(trades, "ArrowDown")
    expect(trades.locator("[data-cursor]")).to_have_text("20")
    expect(trades.locator(".said")).to_have_text("20, row 21")


# Selecting and measuring.


def test_shift_extends_and_the_foot_measures(trades: Locator):
    cell(trades, 1, 0).click()
    press(trades, "Shift+ArrowDown", "Shift+ArrowRight")
    expect(trades.locator("[aria-selected=true]")).to_have_count(4)
    expect(measure(trades, "sum")).to_have_text("sum 3")
    expect(measure(trades, "count")).to_have_text("count 2")
    cell(trades, 2, 2).click(modifiers=["Shift"])
    expect(measure(trades, "")).to_have_text("6 cells selected")
    expect(measure(trades, "sum")).to_have_text(f"sum {3 + 7919 * 3:,}")


def test_all_rows_are_selected_and_measured_without_reading_them_into_the_page(trades: Locator):
    cell(trades, 1, 0).click()
    press(trades, "Control+a")
    expect(measure(trades, "")).to_have_text(f"{ROWS:,} rows selected")
    expect(measure(trades, "sum")).to_have_text(f"sum {ROWS * (ROWS - 1):,}")
    expect(measure(trades, "max")).to_have_text(f"max {ROWS - 1:,}")
    press(trades, "Escape")
    expect(trades.locator("[aria-selected=true]")).to_have_count(0)


def test_dragging_selects_and_scrolls_beyond_the_edge(trades: Locator):
    box = cell(trades, 2, 1).bounding_box()
    assert box is not None
    mouse = trades.page.mouse
    mouse.move(box["x"] + 5, box["y"] + 5)
    mouse.down()
    mouse.move(box["x"] + 5, box["y"] + 60, steps=3)
    expect(measure(trades, "")).to_have_text(re.compile("^3 cells"))
    mouse.move(box["x"] + 5, box["y"] + 600, steps=3)
    expect(cell(trades, 0, 0)).not_to_have_text("0")
    mouse.up()
    assert int(re.sub(r"\D", "", measure(trades, "").inner_text())) > 6


def test_the_gutter_selects_rows(trades: Locator):
    numbers = trades.locator(".gutter-row")
    numbers.nth(1).click()
    expect(trades.locator("[aria-selected=true]")).to_have_count(4)
    numbers.nth(3).click(modifiers=["Shift"])
    expect(measure(trades, "")).to_have_text("3 rows selected")
    numbers.nth(5).click(modifiers=["Control"])
    expect(measure(trades, "")).to_have_text("4 rows selected")
    expect(measure(trades, "count")).to_have_text("count 8")
    numbers.nth(2).click(modifiers=["Control"])
    expect(measure(trades, "")).to_have_text("3 rows selected")


def test_row_numbers_are_those_of_the_table(trades: Locator):
    cell(trades, 0, 0).click()
    press(trades, "Control+End")
    expect(trades.locator(".gutter-row[data-selected]")).to_have_text(str(ROWS))


def test_another_order_ends_the_selection(trades: Locator):
    cell(trades, 0, 0).click()
    press(trades, "Control+a")
    title = trades.locator(".title", has_text="price")
    title.click()
    expect(trades.locator("th[aria-sort=ascending]")).to_have_count(1)
    expect(trades.locator("[aria-selected=true]")).to_have_count(0)
    title.click()
    title.click()
    expect(trades.locator("th[aria-sort=none]")).to_have_count(4)
    expect(trades).to_have_attribute("data-state", "fresh", timeout=SOON)


# Copying.


def test_the_selection_is_copied_by_key_with_formulas_made_harmless(opened: Page):
    awkward = opened.locator(".explorer").nth(1)
    cell(awkward, 0, 0).click()
    press(awkward, "Shift+ArrowDown", "Shift+ArrowDown", "Shift+ArrowRight", "Control+c")
    expect(awkward.locator(".told")).to_have_text("Copied 6 cells")
    expect_copied(opened, '1\t\'=1+1\n2\t"a""b"\n3\t""')


@pytest.mark.parametrize(
    ("label", "text"),
    [
        ("Copy as CSV", "note\na|b\n<script>window.pwned=1</script>\n"),
        ("Copy as Markdown", "| note |\n| --- |\n| a\\|b |\n| \\<script\\>window.pwned=1\\</script\\> |\n|  |"),
        ("Copy as JSON", '[\n{"note":"a|b"},\n{"note":"<script>window.pwned=1</script>"},\n{"note":null}\n]\n'),
    ],
)
def test_the_menu_copies_in_other_formats(opened: Page, label: str, text: str):
    awkward = opened.locator(".explorer").nth(1)
    cell(awkward, 0, 2).click()
    press(awkward, "Shift+ArrowDown", "Shift+ArrowDown")
    awkward.get_by_label("Copy the selection").click()
    awkward.get_by_role("menuitem", name=label).click()
    expect(awkward.locator(".told")).to_have_text("Copied 3 cells")
    expect_copied(opened, text)


def test_a_page_without_the_newer_clipboard_copies_as_well(opened: Page):
    awkward = opened.locator(".explorer").nth(1)
    opened.evaluate("Object.defineProperty(navigator, 'clipboard', {value: undefined, configurable: true})")
    cell(awkward, 2, 0).click()
    press(awkward, "Control+c")
    expect(awkward.locator(".told")).to_have_text("Copied 1 cell")
    opened.evaluate("delete navigator.clipboard")
    expect_copied(opened, "3")
    expect(cell(awkward, 2, 0)).to_be_focused()


def test_too_much_to_copy_is_said_and_a_download_offered(trades: Locator):
    cell(trades, 0, 0).click()
    press(trades, "Control+a", "Control+c")
    popup = trades.get_by_role("dialog")
    expect(popup).to_contain_text("10,000,000 cells are too much to copy")
    popup.get_by_role("button", name="Download all rows").click()
    expect(trades.get_by_role("menuitem", name="Parquet")).to_be_visible()


# The card, and going to a row.


def test_a_card_shows_a_row_whole_and_walks_on(opened: Page):
    awkward = opened.locator(".explorer").nth(1)
    cell(awkward, 0, 0).click()
    press(awkward, "Enter")
    card = awkward.locator(".card")
    expect(awkward.get_by_role("heading", name="Row 1")).to_be_visible()
    expect(card.locator("dt").nth(1)).to_contain_text("<script>window.pwned=1</script>")
    expect(card.locator("dd").nth(3)).to_have_text(
        '{\n  "deep": [\n    1,\n    null\n  ],\n  "text": "' + "long " * 20 + '"\n}', use_inner_text=True
    )
    expect(card.locator("dd").nth(4)).to_have_attribute("data-is", "null")
    card.get_by_label("Next row").click()
    expect(card.locator("dd").nth(2)).to_have_text("<script>window.pwned=1</script>")
    expect(cell(awkward, 1, 0)).to_have_attribute("data-cursor", "")
    card.get_by_label("Next row").click()
    expect(card.get_by_label("Next row")).to_be_disabled()
    card.get_by_label("Previous row").focus()
    press(awkward, "Escape")
    expect(awkward.locator(".side")).to_be_hidden()
    expect(cell(awkward, 2, 0)).to_be_focused()
    assert awkward.locator("tbody script, .card script").count() == 0


def test_a_double_click_on_a_rows_number_opens_the_card_and_the_cursor_turns_its_pages(trades: Locator):
    trades.locator(".gutter-row").nth(2).dblclick()
    expect(trades.get_by_role("heading", name="Row 3")).to_be_visible()
    cell(trades, 4, 1).click()
    expect(trades.get_by_role("heading", name="Row 5")).to_be_visible()
    expect(trades.locator(".card dd").first).to_have_text("4")


def test_going_to_a_row_by_key_and_by_the_foot(trades: Locator):
    cell(trades, 0, 0).click()
    press(trades, "Control+g")
    trades.page.keyboard.type("1,234,567")
    press(trades, "Enter")
    expect(trades.locator("[data-cursor]")).to_have_text("1,234,566")
    expect(trades.locator("[data-cursor]")).to_be_focused()
    trades.locator(".place").click()
    field = trades.get_by_label("Go to row", exact=True).locator("input")
    field.fill("none")
    field.press("Enter")
    expect(field).to_have_attribute("aria-invalid", "true")
    field.fill("99999999999")
    field.press("Enter")
    expect(trades.locator("[data-cursor]")).to_have_text(f"{ROWS - 1:,}")


# Files.


def save(table: Locator, kind: str) -> bytes:
    with table.page.expect_download(timeout=SOON) as download:
        table.get_by_label("Download", exact=True).first.click()
        table.get_by_role("menuitem", name=kind).click()
    assert download.value.suggested_filename == f"trades.{kind.lower()}"
    return Path(download.value.path()).read_bytes()


def read(data: bytes, kind: str) -> pl.DataFrame:
    readers = {"CSV": pl.read_csv, "Parquet": pl.read_parquet, "Arrow": pl.read_ipc}
    return readers[kind](io.BytesIO(data))


@pytest.mark.parametrize("kind", ["CSV", "Parquet", "Arrow"])
def test_a_file_has_the_rows_that_are_seen(trades: Locator, trades_path: Path, kind: str):
    trades.locator(".title", has_text="price").click()
    trades.get_by_label("Filter symbol").fill("aapl")
    trades.get_by_label("Filter symbol").press("Enter")
    expect(trades.locator(".count")).to_have_text("833,334 of 2,500,000 rows", timeout=SOON)
    expect(trades).to_have_attribute("data-state", "fresh", timeout=SOON)
    found = read(save(trades, kind), kind)
    expected = pl.read_parquet(trades_path).filter(symbol="AAPL").sort("price", maintain_order=True)
    if kind == "CSV":
        expected = expected.with_columns(note=pl.col("note").str.replace("^-", "'-"))
    assert found.equals(expected.cast(found.schema))
    trades.get_by_label("Filter symbol").fill("")
    trades.get_by_label("Filter symbol").press("Enter")
    for _ in range(2):
        trades.locator(".title", has_text="price").click()
    expect(trades.locator(".count")).to_have_text("2,500,000 rows", timeout=SOON)
    expect(cell(trades, 1, 0)).to_have_text("1")  # in its own order again


def test_two_files_of_millions_of_rows_come_at_once_and_another_is_cancelled(trades: Locator, trades_path: Path):
    page = trades.page
    downloads: list[Path] = []
    page.on("download", lambda download: downloads.append(Path(download.path())))

    def start(kind: str) -> None:
        trades.get_by_label("Download", exact=True).first.click()
        trades.get_by_role("menuitem", name=kind).click()

    start("CSV")
    trades.get_by_label("Cancel the download").click()
    expect(trades.locator(".download")).to_have_count(0)
    start("CSV")
    start("Arrow")
    cell(trades, 3, 0).click()  # the table goes on meanwhile
    press(trades, "Control+End")
    expect(trades.locator("[data-cursor]")).to_have_attribute("aria-colindex", "4")
    expect(trades.locator(".download[data-state=saved]")).to_have_count(2, timeout=SOON)
    for _ in range(100):  # the browser tells of a file when it has written it
        if len(downloads) == 2:
            break
        page.wait_for_timeout(100)
    frames = sorted((path.read_bytes() for path in downloads), key=lambda data: data.startswith(b"ARROW"))
    assert len(frames) == 2
    assert read(frames[0], "CSV").height == ROWS
    assert read(frames[1], "Arrow").equals(pl.read_parquet(trades_path))


def test_a_finger_selects_by_a_tap_and_extends_by_a_long_press(browser: Browser, url: str):
    page = open_page(browser, url, viewport={"width": 390, "height": 800}, has_touch=True)
    table = page.locator(".explorer").nth(0)
    cell(table, 1, 0).tap()
    expect(cell(table, 1, 0)).to_have_attribute("aria-selected", "true")
    box = cell(table, 3, 0).bounding_box()
    assert box is not None
    touch = page.context.new_cdp_session(page)
    point = {"x": box["x"] + 10, "y": box["y"] + 10}
    touch.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [point]})
    expect(table.locator("[aria-selected=true]")).to_have_count(3)
    touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    expect(measure(table, "sum")).to_have_text("sum 6")
    page.context.close()
