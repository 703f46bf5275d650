"""What a reader does in an explorer reaches the cells that read it, and the page's link, in Chromium."""

from collections.abc import Callable, Iterator
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

APP = """
import dataapp as da
import panel as pn

trades = da.sql("SELECT i AS id, ['AAPL', 'MSFT', 'IBM'][1 + i % 3] AS symbol, i % 100 AS price FROM range(3000) t(i)")
tape = da.explore(trades, sort="-price", where={"symbol": "= MSFT"}, height=300)
filtered = tape.filtered
picked = tape.value_at("symbol")
counts = da.sql("SELECT count(*) AS n, max(price)::INTEGER AS top FROM filtered")
same = da.sql("SELECT count(*) AS n FROM trades WHERE symbol = $picked")
chart = da.chart(filtered).mark_bar().encode(x="symbol:N", y="count():Q")


@da.cell
def said(counts) -> str:
    return f"{counts['n'][0]} rows up to {counts['top'][0]}"


@da.cell
def chosen(same, picked) -> str:
    return f"{picked}: {same['n'][0]} alike"


main = [said, chosen, tape, chart, da.explore(trades, height=200)]
da.App("Tape", main=main).servable()
"""


@pytest.fixture(scope="module")
def url(serve_for_module: Callable[..., object]) -> str:
    return serve_for_module(APP).url  # type: ignore[attr-defined]


@pytest.fixture
def page(browser: Browser, url: str) -> Iterator[Page]:
    with browser.new_context(viewport={"width": 1200, "height": 1000}) as context:
        page = context.new_page()
        page.goto(url)
        expect(page.locator(".explorer[data-state=fresh]")).to_have_count(2, timeout=30_000)
        yield page


def test_readers_follow_the_filter_and_the_link_restores_it(page: Page, url: str):
    expect(page.get_by_text("1000 rows up to 99")).to_be_visible()
    assert "tape" not in parse_qs(urlsplit(page.url).query)
    table = page.locator(".explorer").first
    table.get_by_label("Filter price").fill("< 10")
    expect(page.get_by_text("100 rows up to 9")).to_be_visible()
    table.locator("button.title", has_text="id").click()
    page.wait_for_function("location.search.includes('tape=') && location.search.includes('id')")
    said = parse_qs(urlsplit(page.url).query)
    assert list(said) == ["tape"]  # the other explorer has no name

    page.goto(page.url)
    table = page.locator(".explorer").first
    expect(table.get_by_label("Filter price")).to_have_value("< 10", timeout=30_000)
    expect(table.get_by_label("Filter symbol")).to_have_value("= MSFT")
    expect(page.get_by_text("100 rows up to 9")).to_be_visible()
    expect(table.locator("th[aria-sort=ascending] .name")).to_have_text("id")
    expect(page.locator(".explorer").nth(1).get_by_label("Filter price")).to_have_value("")


def test_readers_follow_the_row_that_was_clicked_last(page: Page):
    table = page.locator(".explorer").nth(0)
    table.get_by_label("Filter symbol").fill("in MSFT, IBM")
    expect(table.locator(".count")).to_have_text("2,000 of 3,000 rows")
    table.locator("tbody td", has_text="MSFT").first.click()
    expect(page.get_by_text("MSFT: 1000 alike")).to_be_visible()
    table.locator("tbody td", has_text="IBM").first.click(modifiers=["Shift"])  # the rows in between are selected, too
    expect(page.get_by_text("IBM: 1000 alike")).to_be_visible()


@pytest.mark.parametrize("said", ["{", "[1]", '{"where":{"gone":"> 5","price":"cheap"},"layout":7,"groups":[]}'])
def test_a_link_that_makes_no_sense_opens_the_page(browser: Browser, url: str, said: str):
    page = browser.new_page()
    page.goto(f"{url}?tape={said}")
    expect(page.locator(".explorer[data-state=fresh]")).to_have_count(2, timeout=30_000)
    expect(page.get_by_text("rows up to 99")).to_be_visible()
    page.close()
