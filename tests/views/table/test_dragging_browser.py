"""Sort keys that are dragged, and rows that a finger scrolls by their numbers, in Chromium."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

SOON = 30_000
APP = """
import dataapp as da

rows = da.sql("SELECT i AS id, i % 3 AS third, i % 5 AS fifth, i % 7 AS seventh FROM range(500000) t(i)")
da.App("Rows", main=[da.explore(rows, sort=["third", "-fifth", "seventh"], height=500)]).servable()
"""
KEYS = ["1↑ third", "2↓ fifth", "3↑ seventh"]


@pytest.fixture(scope="module")
def url(serve_for_module: Callable[..., object]) -> str:
    return serve_for_module(APP).url  # type: ignore[attr-defined]


@contextmanager
def opened(browser: Browser, url: str, **options: Any) -> Iterator[Page]:
    with browser.new_context(**options) as context:
        page = context.new_page()
        page.goto(url)
        expect(page.locator(".explorer[data-state=fresh]")).to_have_count(1, timeout=SOON)
        yield page


@pytest.fixture
def page(browser: Browser, url: str) -> Iterator[Page]:
    with opened(browser, url, viewport={"width": 1200, "height": 800}) as page:
        yield page


@pytest.fixture
def chips(page: Page) -> Locator:
    chips = page.get_by_role("group", name="Sorted by").locator(".chip")
    expect(chips).to_have_text(KEYS)
    return chips


def middle(one: Locator, along: float = 0.5) -> tuple[float, float]:
    box = one.bounding_box()
    assert box is not None
    return box["x"] + along * box["width"], box["y"] + box["height"] / 2


def drag(page: Page, from_: tuple[float, float], to: tuple[float, float]) -> None:
    page.mouse.move(*from_)
    page.mouse.down()
    page.mouse.move(*to, steps=5)


def test_a_dragged_key_takes_its_place_among_the_others(page: Page, chips: Locator):
    drag(page, middle(chips.nth(2), 0.3), middle(chips.nth(0), 0.2))
    expect(chips.nth(0)).to_have_attribute("data-drop", "before")
    page.mouse.up()
    expect(chips).to_have_text(["1↑ seventh", "2↑ third", "3↓ fifth"])
    expect(page.locator(".explorer")).to_have_attribute("data-state", "fresh", timeout=SOON)
    expect(page.locator("th[aria-label=seventh] .mark")).to_have_text("↑1")
    assert page.locator("[data-drop], [data-dragged]").count() == 0
    drag(page, middle(chips.nth(0), 0.3), middle(chips.nth(1), 0.9))
    page.mouse.up()
    expect(chips).to_have_text(["1↑ third", "2↑ seventh", "3↓ fifth"])


def test_escape_takes_a_drag_back_and_a_click_still_turns_a_key(page: Page, chips: Locator):
    drag(page, middle(chips.nth(2), 0.3), middle(chips.nth(0), 0.2))
    page.keyboard.press("Escape")
    page.mouse.up()
    expect(chips).to_have_text(KEYS)
    chips.nth(2).locator(".chip-label").click()
    expect(chips).to_have_text([*KEYS[:2], "3↓ seventh"])


def test_row_numbers_scroll_under_a_finger_and_roll_on(browser: Browser, url: str):
    with opened(browser, url, viewport={"width": 390, "height": 800}, has_touch=True, is_mobile=True) as page:
        table = page.locator(".explorer")
        x, y = middle(table.locator(".gutter-row").nth(9))
        touch = page.context.new_cdp_session(page)

        def finger(kind: str, *points: float) -> None:
            touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": at} for at in points]})

        top = "grid => grid.scrollTop"
        finger("touchStart", y)
        for step in range(1, 11):
            finger("touchMove", y - 15 * step)
        scrolled = table.locator("regular-table").evaluate(top)
        assert 130 <= scrolled <= 150
        finger("touchEnd")
        page.wait_for_function(
            "([grid, from]) => grid.scrollTop > from + 20",
            arg=[table.locator("regular-table").element_handle(), scrolled],
        )
        expect(table.locator("[aria-selected=true]")).to_have_count(0)  # who scrolls selects nothing
        expect(table.locator(".gutter-row").first).not_to_have_text("1")


def test_a_tap_on_a_row_number_selects_its_row(browser: Browser, url: str):
    with opened(browser, url, viewport={"width": 390, "height": 800}, has_touch=True, is_mobile=True) as page:
        table = page.locator(".explorer")
        table.locator(".gutter-row").nth(2).tap()
        expect(table.locator(".gutter-row[data-selected]")).to_have_text(["3"])
