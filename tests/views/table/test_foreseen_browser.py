"""Rows that a press on a header would show are there before it, in Chromium, and nothing done meanwhile is lost."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
from playwright.sync_api import Browser, Locator, expect

from tests.views.table.hands import cell, measure
from tests.views.unheard import HOLD, unheard

ROWS = 300_000
ANSWERS = 1_000  # milliseconds, by when the server has answered long ago
APP = """
import panel as pn
import panel_material_ui as ui
from pathlib import Path
from time import sleep
from dataapp.engines.duckdb import DuckDB
from dataapp.engines.relation import Relation
from dataapp.errors import DataAppError
from dataapp.views.table.explorer import TableExplorer
from dataapp.views.table.relation import rows
from tests.views.table.threads import ThreadSubmit

engine = pn.state.cache.setdefault("engine", DuckDB())
rows._MOST_KEPT = 100_000  # so that the file counts as huge
begin = getattr(rows.RelationRows, "plain_begin", rows.RelationRows.begin)
settle = getattr(rows.RelationRows, "plain_settle", rows.RelationRows.settle)


def fails_on_demand(self, question, *others):
    if question.order and Path({flag!r}).exists():
        raise DataAppError("The rows have gone.")
    return begin(self, question, *others)


def waits_on_demand(self, question, span, cancel):
    while question.order and Path({waits!r}).exists() and not cancel.cancelled:
        sleep(0.01)
    return settle(self, question, span, cancel)


rows.RelationRows.plain_begin, rows.RelationRows.begin = begin, fails_on_demand
rows.RelationRows.plain_settle, rows.RelationRows.settle = settle, waits_on_demand
table = TableExplorer(ThreadSubmit(pn.state.curdoc))
table.show(Relation("FROM {path!r}", key="trades", engine=engine, fixed_order=True))
ui.Page(title="Explorer", main=[table]).servable()
"""


@pytest.fixture
def flag(tmp_path: Path) -> Path:
    return tmp_path / "fails"


@pytest.fixture
def waits(tmp_path: Path) -> Path:
    return tmp_path / "waits"


@pytest.fixture
def table(browser: Browser, serve: Callable[..., object], tmp_path: Path, flag: Path, waits: Path) -> Iterator[Locator]:
    path = tmp_path / "trades.parquet"
    duckdb.execute(
        f"""COPY (
            SELECT i AS id, (i * 7919) % {ROWS} AS price, 'note ' || i AS note, i % 3 AS third FROM range({ROWS}) t(i)
        ) TO '{path}' (ROW_GROUP_SIZE 20_000)"""
    )
    served = serve(APP.format(path=str(path), flag=str(flag), waits=str(waits)))
    page = browser.new_page(viewport={"width": 1400, "height": 900})
    page.goto(served.url)  # type: ignore[attr-defined]
    table = page.locator(".explorer")
    is_fresh(table)
    page.evaluate(HOLD)
    yield table
    page.close()


def is_fresh(table: Locator) -> None:
    expect(table).to_have_attribute("data-state", "fresh", timeout=30_000)


def title(table: Locator, column: str) -> Locator:
    return table.locator(".title", has_text=column)


def near(table: Locator, column: str) -> Locator:
    """Rest on a header until the server has answered."""
    return rested_on(title(table, column))


def rested_on(control: Locator) -> Locator:
    """Rest on what sorts until the server has answered."""
    control.hover()
    control.page.wait_for_timeout(ANSWERS)
    return control


def brings(control: Locator, table: Locator, price: str, **how: Any) -> None:
    """Press what sorts while the server hears nothing: the first price is there all the same, and stays."""
    with unheard(table.page):
        control.click(**how)
        expect(cell(table, 0, 1)).to_have_text(price)
    is_fresh(table)
    expect(cell(table, 0, 1)).to_have_text(price)


def test_they_are_shown_though_the_server_has_not_heard_of_it(table: Locator) -> None:
    for expected in ("0", f"{ROWS - 1:,}"):
        pressed = near(table, "price")
        with unheard(table.page):
            pressed.click()
            expect(cell(table, 0, 1)).to_have_text(expected)
        is_fresh(table)
        expect(cell(table, 0, 1)).to_have_text(expected)
    table.locator("regular-table").focus()
    table.page.keyboard.press("Control+End")
    expect(table.locator("tbody tr td:nth-child(2)").filter(has_text=re.compile("^0$"))).to_have_count(1)


def test_a_second_press_before_the_server_answers_counts(table: Locator) -> None:
    pressed = near(table, "price")
    with unheard(table.page):
        pressed.click()
        expect(cell(table, 0, 1)).to_have_text("0")
        pressed.click()
    expect(cell(table, 0, 1)).to_have_text(f"{ROWS - 1:,}")
    is_fresh(table)
    expect(cell(table, 0, 1)).to_have_text(f"{ROWS - 1:,}")
    expect(table.locator("th[aria-sort=descending]")).to_have_count(1)


def test_what_is_selected_before_the_server_answers_is_told(table: Locator) -> None:
    pressed = near(table, "price")
    with unheard(table.page):
        pressed.click()
        expect(cell(table, 0, 1)).to_have_text("0")
        cell(table, 1, 1).click()
        cell(table, 3, 1).click(modifiers=["Shift"])
    expect(measure(table, "sum")).to_contain_text("6")
    is_fresh(table)


def test_rows_of_another_order_than_was_selected_are_not_taken(table: Locator) -> None:
    pressed = near(table, "price")
    with unheard(table.page):
        pressed.click()
        expect(cell(table, 0, 1)).to_have_text("0")
        cell(table, 1, 1).click()
        cell(table, 3, 1).click(modifiers=["Shift"])
        pressed.click()  # the other way round
    is_fresh(table)
    expect(cell(table, 0, 1)).to_have_text(f"{ROWS - 1:,}")
    expect(measure(table, "sum")).to_have_count(0)
    cell(table, 0, 1).click()
    cell(table, 1, 1).click(modifiers=["Shift"])
    expect(measure(table, "sum")).to_contain_text(f"{2 * ROWS - 3:,}")


def test_a_scroll_before_the_server_answers_stays(table: Locator) -> None:
    pressed = near(table, "price")
    with unheard(table.page):
        pressed.click()
        expect(cell(table, 0, 1)).to_have_text("0")
        table.locator("regular-table").evaluate("grid => (grid.scrollTop = 26 * 20)")
        table.page.wait_for_timeout(100)
    is_fresh(table)
    expect(cell(table, 0, 1)).to_have_text(re.compile("^(19|20)$"))  # one row may be cut by the header


def test_the_reader_tries_again_when_the_server_fails(table: Locator, flag: Path) -> None:
    pressed = near(table, "price")
    flag.touch()
    pressed.click()
    expect(table).to_have_attribute("data-state", "failed")
    flag.unlink()
    pressed.click()
    is_fresh(table)
    expect(cell(table, 0, 1)).to_have_text("0")


def test_they_are_there_for_the_keyboard(table: Locator) -> None:
    title(table, "price").focus()  # as Tab does, for a page where nothing was pressed
    table.page.wait_for_timeout(ANSWERS)
    with unheard(table.page):
        table.page.keyboard.press("Enter")
        expect(cell(table, 0, 1)).to_have_text("0")
    is_fresh(table)
    expect(cell(table, 0, 1)).to_have_text("0")


def test_they_are_asked_for_as_a_press_begins(table: Locator) -> None:
    page, pressed = table.page, title(table, "price")
    pressed.dispatch_event("pointerdown", {"pointerType": "touch"})
    page.wait_for_timeout(ANSWERS)
    with unheard(page):
        pressed.dispatch_event("pointerleave", {"pointerType": "touch"})  # before its click
        pressed.dispatch_event("click")
        expect(cell(table, 0, 1)).to_have_text("0")
    is_fresh(table)
    expect(cell(table, 0, 1)).to_have_text("0")


def test_a_press_on_another_header_takes_the_focus_and_is_heard(table: Locator) -> None:
    page = table.page
    title(table, "id").focus()
    title(table, "price").hover()
    page.mouse.down()
    page.wait_for_timeout(ANSWERS)
    with unheard(page):
        page.mouse.up()
        expect(cell(table, 0, 1)).to_have_text("0")
    is_fresh(table)
    expect(cell(table, 0, 1)).to_have_text("0")


def test_nothing_is_asked_for_once_the_pointer_has_left(table: Locator) -> None:
    near(table, "price")
    table.page.mouse.move(700, 880)
    pressed = title(table, "price")
    table.page.wait_for_timeout(200)
    with unheard(table.page):
        pressed.evaluate("button => button.click()")
        table.page.wait_for_timeout(300)
        assert cell(table, 0, 0).inner_text() == "0"
        assert cell(table, 1, 0).inner_text() == "1"  # the rows of before
    is_fresh(table)
    expect(cell(table, 1, 1)).to_have_text("1")


def test_they_are_there_for_the_menu_of_a_column(table: Locator) -> None:
    page = table.page

    def entry(label: str) -> Locator:
        page.get_by_role("button", name="Menu of price").click()
        return page.get_by_role("menuitem", name=label)

    brings(rested_on(entry("Sort descending")), table, f"{ROWS - 1:,}")
    brings(rested_on(entry("Do not sort by it")), table, "0")
    entry("Sort ascending")
    page.keyboard.press("ArrowDown")
    page.wait_for_timeout(ANSWERS)
    with unheard(page):
        page.keyboard.press("Enter")
        expect(cell(table, 0, 1)).to_have_text(f"{ROWS - 1:,}")
    is_fresh(table)


def test_they_are_there_for_what_the_rows_are_sorted_by(table: Locator) -> None:
    brings(near(table, "price"), table, "0")
    chips = table.get_by_role("group", name="Sorted by")
    brings(rested_on(chips.locator(".chip-label")), table, f"{ROWS - 1:,}")
    brings(rested_on(chips.locator(".chip-remove")), table, "0")
    expect(cell(table, 1, 0)).to_have_text("1")


def test_they_are_there_where_a_key_is_added_and_dragged_to_another_place(table: Locator) -> None:
    page = table.page
    for first in ("0", f"{7919 * 2:,}"):  # of the rows whose third is the least, and the greatest
        brings(near(table, "third"), table, first)
    title(table, "price").hover()
    page.keyboard.down("Shift")
    page.wait_for_timeout(ANSWERS)
    brings(title(table, "price"), table, "1")  # of those of the greatest
    page.keyboard.up("Shift")
    chips = table.get_by_role("group", name="Sorted by").locator(".chip")
    expect(chips).to_have_text(["1↓ third", "2↑ price"])
    start, end = chips.nth(1).bounding_box(), chips.nth(0).bounding_box()
    assert start is not None
    assert end is not None
    page.mouse.move(start["x"] + 10, start["y"] + 10)
    page.mouse.down()
    page.mouse.move(end["x"] + 4, end["y"] + 10, steps=5)
    page.wait_for_timeout(ANSWERS)
    with unheard(page):
        page.mouse.up()
        expect(cell(table, 0, 1)).to_have_text("0")
    is_fresh(table)
    expect(chips).to_have_text(["1↑ price", "2↓ third"])
    expect(cell(table, 0, 1)).to_have_text("0")


def test_they_are_there_while_the_server_still_sorts(table: Locator, waits: Path) -> None:
    waits.touch()
    title(table, "price").click()
    expect(cell(table, 1, 1)).to_have_text("1")
    pressed = near(table, "price")
    with unheard(table.page):
        pressed.click()
        expect(cell(table, 0, 1)).to_have_text(f"{ROWS - 1:,}")
        waits.unlink()  # and the server says that all rows are in the order of before
        table.page.wait_for_timeout(ANSWERS)
        expect(cell(table, 0, 1)).to_have_text(f"{ROWS - 1:,}")
        expect(table).not_to_have_attribute("data-state", "fresh")
    is_fresh(table)
    expect(cell(table, 0, 1)).to_have_text(f"{ROWS - 1:,}")
    expect(table.locator("th[aria-sort=descending]")).to_have_count(1)


def test_what_was_looked_for_lasts_until_all_rows_are_in_order(table: Locator, waits: Path) -> None:
    waits.touch()
    title(table, "price").click()
    expect(cell(table, 1, 1)).to_have_text("1")
    pressed = near(table, "price")
    waits.unlink()
    is_fresh(table)
    brings(pressed, table, f"{ROWS - 1:,}")
