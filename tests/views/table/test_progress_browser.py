"""The bar that says how far an explorer's own queries are, in Chromium."""

import re
from collections.abc import Callable, Iterator

import duckdb
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

APP = """
import panel as pn
import panel_material_ui as ui
from dataapp.engines.duckdb import DuckDB
from dataapp.engines.relation import Relation
from dataapp.views.table.explorer import TableExplorer
from tests.views.table.threads import ThreadSubmit

engine = DuckDB()
texts = {{
    "quick": "SELECT i AS n, i % 7 AS rest FROM range(1000) t(i)",
    "slow": "SELECT n, {hashes} AS hash FROM {path!r}",
}}
explorer = TableExplorer(ThreadSubmit(pn.state.curdoc))


def show(name):
    sql = texts[name]
    explorer.show(Relation(sql, key=name, engine=engine, fixed_order=False))


buttons = [ui.Button(label=name, on_click=lambda event, name=name: show(name)) for name in texts]
ui.Page(title="Explorer", main=[pn.Row(*buttons), explorer]).servable()
"""
HASHES = "md5(" * 60 + "n::VARCHAR" + ")" * 60
SOON = 30_000


@pytest.fixture(scope="module")
def url(serve_for_module: Callable[..., object], tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("data") / "numbers.parquet"
    duckdb.execute(f"COPY (SELECT i AS n FROM range(10_000_000) t(i)) TO '{path}'")
    served = serve_for_module(APP.format(path=str(path), hashes=HASHES))
    return served.url  # type: ignore[attr-defined]


@pytest.fixture
def opened(browser: Browser, url: str) -> Iterator[Page]:
    page = browser.new_page(viewport={"width": 1000, "height": 700})
    page.goto(url)
    expect(page.get_by_role("button", name="slow")).to_be_visible(timeout=SOON)
    yield page
    page.close()


def show(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def bar(page: Page) -> Locator:
    return page.locator(".progress")


def watch(page: Page) -> None:
    """Note from now on whether the bar is ever seen."""
    bar(page).evaluate(
        """bar => new MutationObserver(() => { window.wasSeen ||= bar.hasAttribute("aria-valuenow") })
               .observe(bar, {attributes: true})"""
    )


def test_a_long_query_shows_how_far_it_is_and_the_next_rows_end_it(opened: Page):
    show(opened, "quick")
    table = opened.locator(".explorer")
    expect(table.locator(".count")).to_have_text("1,000 rows", timeout=SOON)
    show(opened, "slow")
    expect(bar(opened)).to_have_attribute("aria-valuenow", re.compile(r"^[1-9]\d?$"), timeout=SOON)
    expect(table).to_have_attribute("data-state", "stale")
    box = bar(opened).bounding_box()
    assert box is not None
    assert 0 < box["width"] < table.evaluate("table => table.clientWidth")
    show(opened, "quick")
    expect(table).to_have_attribute("data-state", "fresh", timeout=SOON)
    expect(bar(opened)).not_to_have_attribute("aria-valuenow", re.compile("."))
    expect(bar(opened)).to_have_css("width", "0px")


def test_the_bar_is_there_before_the_first_rows(opened: Page):
    show(opened, "slow")
    expect(bar(opened)).to_have_attribute("aria-valuenow", re.compile(r"^[1-9]\d?$"), timeout=SOON)
    expect(bar(opened)).to_be_visible()
    expect(opened.locator(".explorer")).to_be_hidden()
    show(opened, "quick")
    expect(opened.locator(".explorer")).to_be_visible(timeout=SOON)
    expect(bar(opened)).not_to_have_attribute("aria-valuenow", re.compile("."))


def test_what_is_quick_shows_no_bar(opened: Page):
    show(opened, "quick")
    table = opened.locator(".explorer")
    expect(table.locator(".count")).to_have_text("1,000 rows", timeout=SOON)
    watch(opened)
    table.locator(".title").first.click()
    expect(table).to_have_attribute("data-state", "fresh", timeout=SOON)
    table.get_by_label("Filter rest").fill("3")
    expect(table.locator(".count")).to_have_text("143 of 1,000 rows", timeout=SOON)
    opened.wait_for_timeout(700)  # longer than the page waits before it asks
    assert opened.evaluate("window.wasSeen") is None
