"""Cells on screen: in every layout, with values of every kind, in every state; and what is not shown does not run."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

_APP = Path(__file__).parent / "screen_app.py"
_DRAWN = "canvas => canvas.width > 100 && canvas.toDataURL().length > 2000"


@pytest.fixture(scope="module")
def url(serve_for_module: Callable[..., Any]) -> str:
    return serve_for_module(_APP).url


@pytest.fixture
def show(browser: Browser, url: str) -> Iterator[Callable[[str], Page]]:
    """Open one of the app's pages; it must ask no other machine for anything, and complain of nothing."""
    complaints: list[str] = []
    with browser.new_context(viewport={"width": 1200, "height": 900}) as context:
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda request: complaints.append(request.url) if "invalid" in request.url else None)

        def show(name: str) -> Page:
            page.goto(f"{url}?page={name}")
            return page

        yield show
    assert complaints == []


def _set(page: Page, value: int) -> None:
    field = page.locator("input").first
    field.fill(str(value))
    field.press("Enter")


def _counts(page: Page) -> str:
    said = page.locator(".counts pre")
    before = said.inner_text()
    page.get_by_role("button", name="Count").click()
    expect(said).not_to_have_text(before)
    return said.inner_text()


@pytest.mark.parametrize("place", ["column", "row", "flexbox", "card", "grid", "tabs"])
def test_cell_goes_into_any_layout(show: Callable[[str], Page], place: str) -> None:
    page = show("layouts")
    shown = page.locator(f".in-{place}").first
    expect(shown.locator("tbody")).to_contain_text("value 2")
    box = shown.locator("tbody").bounding_box()
    assert box is not None
    assert box["width"] > 80
    assert box["height"] > 40
    _set(page, 10)
    expect(shown.locator("tbody")).to_contain_text("value 20")


def test_cell_goes_into_a_material_page(show: Callable[[str], Page]) -> None:
    page = show("material")
    expect(page.locator("tbody").first).to_contain_text("value 2")
    expect(page.locator(".chart canvas")).to_be_visible()


@contextmanager
def _kept(element: Locator) -> Iterator[None]:
    """The element on screen is the same one afterwards: its content was replaced in place."""
    before = element.element_handle()
    assert before is not None
    yield
    assert before.evaluate("element => element.isConnected")


def test_values_of_python_cells_show_by_their_kind(show: Callable[[str], Page]) -> None:
    page = show("values")
    expect(page.locator(".of-number")).to_contain_text("1")
    expect(page.locator(".of-text strong")).to_have_text("bold")
    expect(page.locator(".of-text")).to_contain_text("<b>tag</b>")
    expect(page.locator(".of-address")).to_contain_text("http://example.invalid/picture.png")
    expect(page.locator(".of-polars_frame thead")).to_contain_text("polars")
    expect(page.locator(".of-pandas_frame thead")).to_contain_text("pandas")
    expect(page.locator(".of-panel_object")).to_contain_text("inside a column: 1")
    expect(page.locator(".of-mapping")).to_contain_text("<b>markup</b>")
    expect(page.locator("img")).to_have_count(0)
    canvas = page.locator(".of-chart canvas")
    expect(canvas).to_be_visible()
    page.wait_for_function(_DRAWN, arg=canvas.element_handle())
    picture = canvas.evaluate("canvas => canvas.toDataURL()")
    with _kept(canvas), _kept(page.locator(".of-polars_frame .explorer")):
        _set(page, 7)
        expect(page.locator(".of-number")).to_contain_text("7")
        expect(page.locator(".of-polars_frame tbody")).to_contain_text("7")
        expect(page.locator(".of-panel_object")).to_contain_text("inside a column: 7")
        page.wait_for_function("([c, old]) => c.toDataURL() !== old", arg=[canvas.element_handle(), picture])


def test_value_may_change_its_kind(show: Callable[[str], Page]) -> None:
    page = show("values")
    changing = page.locator(".of-changing")
    expect(changing).to_contain_text("text 1")
    for value, shown in ((2, "frame"), (4, "4"), (5, "text 5"), (6, "frame"), (9, "text 9")):
        _set(page, value)
        expect(changing).to_contain_text(shown)
        expect(page.locator(".of-number")).to_contain_text(str(value))


def test_hidden_dynamic_tab_runs_when_it_is_shown(show: Callable[[str], Page]) -> None:
    page = show("tabs")
    _set(page, 5)
    expect(page.get_by_text("5", exact=True)).to_be_visible()
    assert "hidden" not in _counts(page)
    page.get_by_text("Hidden", exact=True).click()
    expect(page.get_by_text("hidden 5")).to_be_visible()
    assert "'hidden': 1" in _counts(page)


def test_removed_cell_runs_no_more(show: Callable[[str], Page]) -> None:
    page = show("removal")
    expect(page.get_by_text("removed 1")).to_be_visible()
    page.get_by_role("button", name="Remove").click()
    expect(page.get_by_text("removed 1")).to_have_count(0)
    _set(page, 3)
    expect(page.get_by_text("3", exact=True)).to_be_visible()
    assert "'removed': 1" in _counts(page)


def test_cell_with_a_button_waits_for_it_each_time(show: Callable[[str], Page]) -> None:
    page = show("states")
    pressed, below = page.locator(".of-pressed"), page.locator(".of-below_pressed")
    expect(pressed.locator(".fault.waiting")).to_contain_text("`pressed` has not run yet")
    expect(below.locator(".fault.waiting")).to_contain_text("`pressed`")
    assert "pressed" not in _counts(page)
    pressed.get_by_role("button", name="Run pressed").click()
    expect(pressed).to_contain_text("pressed 1")
    expect(below).to_contain_text("below pressed 1")
    assert "'pressed': 1" in _counts(page)


def test_running_cell_keeps_its_value_dimmed_under_a_bar_after_a_while(show: Callable[[str], Page]) -> None:
    page = show("states")
    slow = page.locator(".of-slow")
    expect(slow).to_contain_text("slow 1")
    _set(page, 2)
    expect(slow.locator(".dataapp-running")).to_be_visible()
    body = slow.locator(".dataapp-running > .dataapp-body")
    expect(body).to_contain_text("slow 1")
    expect(body).to_have_css("opacity", "0.55")
    running = slow.locator(".dataapp-running").element_handle()
    assert running is not None
    page.wait_for_function("element => getComputedStyle(element, '::before').opacity === '1'", arg=running)
    assert "0.3s" in running.evaluate("element => getComputedStyle(element, '::before').animationDelay")
    page.get_by_role("button", name="Open gate").click()
    expect(slow).to_contain_text("slow 2")
    expect(slow.locator(".dataapp-running")).to_have_count(0)
    expect(slow.locator(".dataapp-body")).to_have_css("opacity", "1")


def test_superseded_query_is_interrupted_and_its_result_never_shown(show: Callable[[str], Page]) -> None:
    page = show("interrupted")
    table = page.locator(".of-endless")
    expect(table.locator("tbody")).to_contain_text("counted 1")
    _set(page, 2)  # 10 trillion rows
    expect(table.locator(".explorer")).not_to_have_attribute("data-state", "fresh")
    while "queries: 1" not in _counts(page):
        pass  # the query has not begun
    _set(page, 3)
    expect(table.locator("tbody")).to_contain_text("counted 3")
    while "queries: 0" not in _counts(page):
        pass  # its interruption takes a moment; without one it would run for hours
