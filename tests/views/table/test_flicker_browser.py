"""No row that was painted goes blank, and none is painted that is not there: frame by frame, in Chromium."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.views.table.hands import press
from tests.views.table.painting import Painted, painting

ROWS = 300_000
SOON = 30_000
APP = f"""
import dataapp as da
import panel as pn

least = pn.widgets.IntInput(name="Least", value=0)
rows = da.sql(
    "SELECT i AS id, 'note ' || i AS note, i % 7 AS rest FROM range({ROWS}) t(i) WHERE i >= $least", least=least
)
da.App("Rows", main=[least, da.explore(rows, height=500)]).servable()
"""


def as_they_are(row: int) -> int:
    return row


def backwards(row: int) -> int:
    return ROWS - 1 - row


@pytest.fixture(scope="module")
def url(serve_for_module: Callable[..., object]) -> str:
    return serve_for_module(APP).url  # type: ignore[attr-defined]


@pytest.fixture
def opened(browser: Browser, url: str) -> Iterator[Page]:
    with browser.new_context(viewport={"width": 1200, "height": 800}) as context:
        page = context.new_page()
        page.goto(url)
        expect(page.locator(".explorer[data-state=fresh]")).to_have_count(1, timeout=SOON)
        expect(page.locator(".caption").first).not_to_be_empty()
        page.wait_for_timeout(1500)  # until pictures are exact
        yield page


@pytest.fixture
def table(opened: Page) -> Locator:
    return opened.locator(".explorer")


def expect_calm(painted: Painted) -> None:
    """Whatever happened, no row was torn, nothing that was painted went blank, and pictures stayed."""
    assert len(painted.frames) > 5
    assert painted.wrong == []
    assert painted.blanked == []
    assert painted.emptied == []
    assert painted.pictures_lost == []
    assert painted.uncovered == []


def test_the_wheel_paints_rows_at_their_places(opened: Page, table: Locator):
    table.locator("tbody").hover()
    with painting(table) as painted:
        for way in (300, 300, 900, -300, -900, 2000, 2000, -600):
            for _ in range(4):
                opened.mouse.wheel(0, way)
                opened.wait_for_timeout(30)
        opened.wait_for_timeout(400)
    expect_calm(painted)
    assert painted.misplaced(as_they_are) == []


def test_jumps_paint_rows_at_their_places(opened: Page, table: Locator):
    grid = table.locator("regular-table")
    with painting(table) as painted:
        for part in (0.5, 0.2, 0.9, 1, 0):
            grid.evaluate("(one, part) => { one.scrollTop = part * (one.scrollHeight - one.clientHeight) }", part)
            opened.wait_for_timeout(150)
    expect_calm(painted)
    assert painted.misplaced(as_they_are) == []


def test_page_keys_paint_rows_at_their_places(opened: Page, table: Locator):
    table.locator("tbody td").first.click()
    with painting(table) as painted:
        for key in ("PageDown",) * 12 + ("PageUp",) * 5 + ("ArrowDown",) * 20 + ("Control+End", "Control+Home"):
            press(table, key)
            opened.wait_for_timeout(40)
        opened.wait_for_timeout(400)
    expect_calm(painted)
    assert painted.misplaced(as_they_are) == []


def test_a_sort_replaces_all_rows_at_once(opened: Page, table: Locator):
    title = table.locator(".title").first
    title.click()
    expect(table).to_have_attribute("data-state", "fresh")
    with painting(table) as painted:
        title.click()
        expect(table.locator("tbody td").first).to_have_text(f"{ROWS - 1:,}")
        opened.wait_for_timeout(600)
    expect_calm(painted)
    assert painted.misplaced(as_they_are, backwards) == []


def test_a_filter_replaces_all_rows_at_once_and_pictures_stay(opened: Page, table: Locator):
    field = table.get_by_label("Filter id")
    with painting(table) as painted:
        field.fill(">= 1000")
        expect(table.locator(".count")).to_contain_text("of 300,000")
        field.fill("")
        expect(table.locator(".count")).to_have_text("300,000 rows")
        opened.wait_for_timeout(600)
    expect_calm(painted)
    assert painted.misplaced(as_they_are, lambda row: row + 1000, as_they_are) == []


def test_another_size_leaves_the_rows_as_they_are(opened: Page, table: Locator):
    with painting(table) as painted:
        for width in (1100, 900, 780, 600, 780, 1000, 1200):
            opened.set_viewport_size({"width": width, "height": 800})
            opened.wait_for_timeout(120)
    expect_calm(painted)
    assert painted.misplaced(as_they_are) == []


def test_new_rows_replace_the_old_ones_at_once(opened: Page, table: Locator):
    field = opened.get_by_label("Least")
    with painting(table) as painted:
        field.fill("500")
        field.press("Enter")
        expect(table.locator(".count")).to_have_text("299,500 rows")
        opened.wait_for_timeout(800)
    expect_calm(painted)
    assert painted.misplaced(as_they_are, lambda row: row + 500) == []


def test_a_sort_far_down_replaces_all_rows_at_once(opened: Page, table: Locator):
    table.locator("tbody td").first.click()
    press(table, "Control+End")
    expect(table.locator("[data-cursor]")).to_be_visible()
    expect(table.locator("td[data-is=wait]")).to_have_count(0)
    with painting(table) as painted:
        table.locator(".title").first.click()
        table.locator(".title").first.click()
        expect(table.locator("tbody td").first).to_have_text(f"{ROWS - 1:,}")
        opened.wait_for_timeout(600)
    expect_calm(painted)
    assert painted.misplaced(as_they_are, backwards) == []


def test_a_panel_beside_the_rows_leaves_them_as_they_are(opened: Page, table: Locator):
    with painting(table) as painted:
        table.get_by_label("Show a row as a card").click()
        expect(table.locator(".card-name").first).to_be_visible()
        opened.wait_for_timeout(200)
        table.get_by_label("Close the panel").click()
        opened.wait_for_timeout(200)
    expect_calm(painted)
    assert painted.misplaced(as_they_are) == []


def test_a_group_opens_and_closes_without_an_empty_frame(opened: Page, table: Locator):
    table.get_by_label("Group rows", exact=True).click()
    table.get_by_label("Column to group by").select_option(label="rest")
    expect(table.locator(".count")).to_contain_text("7 groups")
    opened.keyboard.press("Escape")
    with painting(table) as painted:
        table.get_by_label("Open the group").last.click()
        expect(table.get_by_label("Close the group")).to_be_visible()
        opened.wait_for_timeout(300)
        table.get_by_label("Close the group").click()
        expect(table.get_by_label("Close the group")).to_have_count(0)
        opened.wait_for_timeout(300)
    assert len(painted.frames) > 5
    assert painted.emptied == []
    assert painted.uncovered == []
