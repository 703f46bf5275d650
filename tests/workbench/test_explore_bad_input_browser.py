"""`dataapp explore` in Chromium, with files, queries and wishes that go wrong."""

import re
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.conftest import ServedApp
from tests.workbench.conftest import explorers

SOON = 30_000  # milliseconds
ENDLESS = "SELECT count(*) AS n FROM range(20_000_000_000) a, range(1000) b"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("explored")
    (folder / "data").mkdir()
    pl.DataFrame({"symbol": ["A", "B"] * 500, "size": range(1000)}).write_parquet(folder / "data" / "trades.parquet")
    (folder / "data" / "broken.parquet").write_text("no Parquet", "utf-8")
    pl.DataFrame({"bid": [1, 2]}).write_parquet(folder / "day-1.parquet")
    pl.DataFrame({"ask": ["x"]}).write_parquet(folder / "day-2.parquet")
    return folder


@pytest.fixture(scope="module")
def served(folder: Path) -> Iterator[ServedApp]:
    with explorers(folder) as explore:
        yield explore("--no-token", "data", "day-*.parquet")


@pytest.fixture(scope="module")
def opened(browser: Browser, served: ServedApp) -> Iterator[Page]:
    with browser.new_context(viewport={"width": 1300, "height": 1400}) as context:
        page = context.new_page()
        page.set_default_timeout(SOON)
        page.goto(served.url)
        yield page


@pytest.fixture
def explorer(opened: Page) -> Page:
    """The page with one query, which is empty, and no dialog."""
    opened.keyboard.press("Escape")
    expect(button(opened, "Add a query")).to_be_visible(timeout=SOON)
    expect(opened.locator("nav .table")).to_have_count(3, timeout=SOON)
    removals = button(opened, "Remove the query")
    while left := removals.count():
        removals.last.click()
        expect(removals).to_have_count(left - 1)
    add(opened)
    return opened


def button(page: Page, name: str) -> Locator:
    return page.get_by_role("button", name=name, exact=True)


def add(page: Page, text: str = "") -> None:
    """Add a query, and run its text."""
    count = page.locator(".cm-content").count()
    button(page, "Add a query").click()
    expect(page.locator(".cm-content")).to_have_count(count + 1, timeout=SOON)
    if text:
        write(page, text)


def write(page: Page, text: str) -> None:
    """Write the text of the last query, and run it."""
    page.locator(".cm-content").last.click()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(text)
    page.keyboard.press("Control+Enter")


def expect_rows(page: Page, rows: str) -> None:
    expect(page.locator(".count", has_text=re.compile(f"^{rows}$"))).to_be_visible(timeout=SOON)


# Files.


def test_a_file_that_cannot_be_read_is_told_beside_those_that_can(explorer: Page):
    expect(explorer.locator("nav .fault").first).to_contain_text("broken.parquet` cannot be read as Parquet")
    write(explorer, "FROM trades")
    expect_rows(explorer, "1,000 rows")


def test_files_that_differ_under_one_glob_are_tables_of_their_own(explorer: Page):
    expect(explorer.locator("nav .table .fold .name")).to_have_text(["trades", "day_1", "day_2"])
    expect(explorer.locator("nav .fault").last).to_contain_text("are not one table")


# Queries that run long, or return much.


def test_a_query_that_runs_long_is_stopped_and_another_one_runs(explorer: Page):
    write(explorer, ENDLESS)
    button(explorer, "Stop").click()
    expect(explorer.get_by_text("`query` was stopped")).to_be_visible(timeout=SOON)
    write(explorer, "SELECT 7 AS seven")
    expect_rows(explorer, "1 row")


def test_a_query_that_runs_long_says_for_how_long_and_not_what_was_before(explorer: Page):
    write(explorer, "FROM trades WHERE size < 21")
    expect(explorer.get_by_text(re.compile(r"^21 rows · "))).to_be_visible(timeout=SOON)
    write(explorer, ENDLESS)
    expect(explorer.get_by_text(re.compile(r"^Running, [2-9] s$"))).to_be_visible(timeout=SOON)
    expect(explorer.get_by_text(re.compile(r"^21 rows · "))).to_have_count(0)


def test_a_query_that_takes_the_place_of_a_long_one_has_a_time_of_its_own(explorer: Page):
    write(explorer, ENDLESS)
    expect(explorer.get_by_text(re.compile(r"^Running, [2-9] s$"))).to_be_visible(timeout=SOON)
    write(explorer, "SELECT 8 AS eight")
    expect(explorer.get_by_text(re.compile(r"^1 row · (\d+ ms|1\.\d s)$"))).to_be_visible(timeout=SOON)


def test_a_hundred_million_rows_are_counted_and_scrolled(explorer: Page):
    write(explorer, "FROM range(100_000_000)")
    expect_rows(explorer, "100,000,000 rows")
    explorer.locator("regular-table").focus()
    explorer.keyboard.press("Control+End")
    expect(explorer.locator(".explorer tbody")).to_contain_text(re.compile("99,?999,?999"), timeout=SOON)


def test_tables_and_charts_that_come_later_are_no_news_to_the_server(explorer: Page, served: ServedApp):
    write(explorer, "FROM trades SELECT symbol, count(*) AS n GROUP BY ALL")
    expect_rows(explorer, "2 rows")
    button(explorer, "Chart").click()
    expect(explorer.locator(".chart canvas")).to_be_visible(timeout=SOON)
    assert "reference already known" not in served.log()


# Text that is wrong.


def test_an_error_is_marked_in_its_text_and_other_results_stay(explorer: Page):
    write(explorer, "FROM trades WHERE size < 12")
    expect_rows(explorer, "12 rows")
    add(explorer, "SELECT prize FROM trades")
    expect(explorer.locator(".cm-lintRange-error")).to_have_text("prize", timeout=SOON)
    expect(explorer.get_by_text('Referenced column "prize" not found')).to_be_visible()
    expect_rows(explorer, "12 rows")


def test_a_text_that_is_wrong_leaves_the_rows_before(explorer: Page):
    write(explorer, "FROM trades WHERE size < 13")
    expect_rows(explorer, "13 rows")
    write(explorer, "FROM trades WHERE")
    expect(explorer.get_by_text("syntax error").first).to_be_visible(timeout=SOON)
    expect_rows(explorer, "13 rows")


def test_queries_in_a_circle_are_marked_where_they_close_it_and_have_no_rows(explorer: Page):
    write(explorer, "FROM trades WHERE size < 22")
    expect(explorer.get_by_text(re.compile(r"^22 rows · "))).to_be_visible(timeout=SOON)
    add(explorer, "FROM query")
    expect(explorer.get_by_text(re.compile(r"^22 rows · "))).to_have_count(2, timeout=SOON)
    explorer.locator(".cm-content").first.click()
    explorer.keyboard.press("Control+a")
    explorer.keyboard.insert_text("FROM query_2")
    explorer.keyboard.press("Control+Enter")
    expect(explorer.locator(".cm-lintRange-error")).to_have_text(["query_2", "query"], timeout=SOON)
    expect(explorer.get_by_text(re.compile(r"^(failed|blocked)$"))).to_have_count(2)
    write(explorer, "SELECT 9 AS nine")
    expect(explorer.get_by_text(re.compile(r"^1 row · "))).to_have_count(2, timeout=SOON)
    expect(explorer.locator(".cm-lintRange-error")).to_have_count(0)


def test_a_parameter_that_is_compared_with_no_column_has_a_control(explorer: Page):
    write(explorer, "SELECT * FROM trades WHERE 7 = $lucky AND size < 14")
    expect(explorer.get_by_label("Lucky")).to_have_value("7", timeout=SOON)
    expect_rows(explorer, "14 rows")


def test_that_a_query_is_not_written_yet_is_a_fault_only_when_it_is_run(explorer: Page):
    write(explorer, " ")
    told = explorer.get_by_text("The text holds no statement.").locator("visible=true")
    expect(told).to_have_count(1, timeout=SOON)


# Names.


def test_a_name_that_is_taken_is_refused_and_said(explorer: Page):
    name = explorer.get_by_label("Name", exact=True)
    name.fill("trades")
    name.press("Enter")
    expect(explorer.get_by_text(re.compile("`trades`"))).to_be_visible(timeout=SOON)
    write(explorer, "FROM trades WHERE size < 15")
    expect_rows(explorer, "15 rows")


def test_a_query_that_is_renamed_is_renamed_where_it_is_read(explorer: Page):
    write(explorer, "FROM trades WHERE size < 16")
    expect_rows(explorer, "16 rows")
    add(explorer, "SELECT * FROM query WHERE size < 3")
    expect_rows(explorer, "3 rows")
    name = explorer.get_by_label("Name", exact=True).first
    name.fill("small")
    name.press("Enter")
    expect(explorer.locator(".cm-content").last).to_have_text("SELECT * FROM small WHERE size < 3", timeout=SOON)
    expect_rows(explorer, "3 rows")


def test_without_a_query_that_was_removed_the_others_stay(explorer: Page):
    write(explorer, "FROM trades WHERE size < 17")
    add(explorer, "FROM trades WHERE size < 4")
    expect_rows(explorer, "4 rows")
    button(explorer, "Remove the query").first.click()
    expect(explorer.locator(".cm-content")).to_have_text(["FROM trades WHERE size < 4"], timeout=SOON)
    expect_rows(explorer, "4 rows")


# Saving.


def test_enter_in_the_field_saves_under_a_title_of_the_files_name(explorer: Page, folder: Path):
    write(explorer, "FROM trades WHERE size < 26")
    expect_rows(explorer, "26 rows")
    button(explorer, "Save as app").click()
    file = explorer.get_by_label("File", exact=True)
    file.fill("small_trades.py")
    file.press("Enter")
    expect(explorer.get_by_text("Saved.")).to_be_visible(timeout=SOON)
    assert (folder / "small_trades.py").read_text("utf-8").startswith('"""Small trades."""\n')


def test_a_title_that_is_typed_is_the_title(explorer: Page, folder: Path):
    write(explorer, "FROM trades WHERE size < 27")
    expect_rows(explorer, "27 rows")
    button(explorer, "Save as app").click()
    explorer.get_by_label("Title", exact=True).fill("What I found")
    file = explorer.get_by_label("File", exact=True)
    file.fill("found.py")
    button(explorer, "Save").click()
    expect(explorer.get_by_text("Saved.")).to_be_visible(timeout=SOON)
    assert 'da.App("What I found"' in (folder / "found.py").read_text("utf-8")


def test_a_file_without_a_name_is_refused(explorer: Page):
    button(explorer, "Save as app").click()
    file = explorer.get_by_label("File", exact=True)
    file.fill("")
    file.press("Enter")
    expect(explorer.get_by_text("The file has no name.")).to_be_visible(timeout=SOON)
    expect(explorer.get_by_text("Saving failed", exact=False)).to_be_visible()


# What stays.


def test_escape_closes_the_dialog_also_after_a_fault(explorer: Page):
    button(explorer, "Save as app").click()
    explorer.get_by_label("File", exact=True).fill("notes.txt")
    button(explorer, "Save").click()
    expect(explorer.get_by_text("`notes.txt` is not a Python file.")).to_be_visible(timeout=SOON)
    explorer.keyboard.press("Escape")
    expect(explorer.get_by_role("dialog")).to_have_count(0)


def test_a_page_that_is_loaded_again_holds_its_queries(explorer: Page):
    write(explorer, "FROM trades WHERE size < 18")
    expect_rows(explorer, "18 rows")
    explorer.reload()
    expect(explorer.locator(".cm-content")).to_have_text(["FROM trades WHERE size < 18"], timeout=SOON)
    expect_rows(explorer, "18 rows")


def test_a_text_that_has_not_run_is_there_again_beside_the_rows_of_the_one_that_has(explorer: Page):
    write(explorer, "FROM trades WHERE size < 23")
    expect_rows(explorer, "23 rows")
    explorer.locator(".cm-content").last.click()
    explorer.keyboard.press("End")
    explorer.keyboard.insert_text(" AND")
    button(explorer, "Chart").click()  # the editor says what is in it
    button(explorer, "Chart").click()
    explorer.wait_for_url("**open-page=*")
    explorer.reload()
    expect(explorer.locator(".cm-content")).to_have_text(["FROM trades WHERE size < 23 AND"], timeout=SOON)
    expect_rows(explorer, "23 rows")


def test_two_tabs_hold_queries_of_their_own(explorer: Page, served: ServedApp):
    write(explorer, "FROM trades WHERE size < 24")
    expect_rows(explorer, "24 rows")
    other = explorer.context.new_page()
    other.goto(served.url)
    expect(other.locator(".cm-content")).to_have_text(["FROM trades WHERE size < 24"], timeout=SOON)
    write(other, "FROM trades WHERE size < 25")
    expect_rows(other, "25 rows")
    explorer.wait_for_url("**open-page=*")
    explorer.reload()
    expect(explorer.locator(".cm-content")).to_have_text(["FROM trades WHERE size < 24"], timeout=SOON)
    other.reload()
    expect(other.locator(".cm-content")).to_have_text(["FROM trades WHERE size < 25"], timeout=SOON)
    other.close()


def test_a_file_that_is_new_is_listed_once_the_page_is_loaded_again(explorer: Page, folder: Path):
    pl.DataFrame({"note": ["x"]}).write_parquet(folder / "data" / "notes.parquet")
    explorer.reload()
    names = explorer.locator("nav .table .fold .name")
    expect(names).to_have_text(["notes", "trades", "day_1", "day_2"], timeout=SOON)
    (folder / "data" / "notes.parquet").unlink()
    explorer.reload()
    expect(names).to_have_text(["trades", "day_1", "day_2"], timeout=SOON)


def test_a_file_is_replaced_only_when_that_is_asked_for(explorer: Page, folder: Path):
    (folder / "app.py").write_text("kept = 1\n", "utf-8")
    write(explorer, "FROM trades WHERE size < 19")
    expect_rows(explorer, "19 rows")
    button(explorer, "Save as app").click()
    explorer.get_by_label("File", exact=True).fill("app.py")
    button(explorer, "Save").click()
    expect(explorer.get_by_text("There is a file")).to_be_visible(timeout=SOON)
    assert (folder / "app.py").read_text("utf-8") == "kept = 1\n"
    button(explorer, "Replace it").click()
    expect(explorer.get_by_text("Saved.")).to_be_visible(timeout=SOON)
    assert "size < 19" in (folder / "app.py").read_text("utf-8")
