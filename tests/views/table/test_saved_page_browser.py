"""A page that was saved to a file, in Chromium without a network: what it holds is there, all else is switched off."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.conftest import ROOT
from tests.views.table.hands import cell, measure, press

ROWS = 200_000
NEEDS_APP = "This needs the app that the page was saved from"
HOSTILE = "<script>window.pwned=1</script>"
_IS_PAINTED = """(canvas) => new Promise((painted) => {
    const look = () => {
        const {data} = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
        if (data.some((part) => part !== 0)) painted(true);
        else requestAnimationFrame(look);
    };
    look();
})"""


SCRIPT = f"""
import sys

import dataapp as da
import panel as pn
from bokeh.resources import INLINE

least = pn.widgets.IntSlider(name="Least", end=10, value=3)
trades = da.sql(
    '''SELECT i AS id, ['AAPL', 'MSFT', 'GOOG'][1 + i % 3] AS symbol, {{'deep': [i, NULL]}} AS nested,
       '{HOSTILE}' AS "{HOSTILE}" FROM range({ROWS}) t(i)'''
)
tape = da.explore(trades, sort=["-id"], where={{"id": ">= 100000"}}, height=500)
few = da.sql("SELECT i AS n FROM range(20) t(i) WHERE i >= $least")
chart = da.chart(few).mark_bar().encode(x="n:O", y="count():Q")
broken = da.sql("SELECT nothing FROM range(3) t(i)")
pn.Column(tape, few, chart, broken).save(sys.argv[1], resources=INLINE)
"""


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page saved by a process of its own: one that has imported Material widgets loads them from their server."""
    folder = tmp_path_factory.mktemp("saved")
    script, path = folder / "script.py", folder / "page.html"
    script.write_text(SCRIPT, "utf-8")
    subprocess.run(
        [sys.executable, str(script), str(path)], check=True, cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)}
    )
    return path


@pytest.fixture
def opened(browser: Browser, file: Path) -> Iterator[Page]:
    with browser.new_context(viewport={"width": 1200, "height": 1000}, offline=True) as context:
        page, asked, errors = context.new_page(), list[str](), list[str]()
        page.on("request", lambda request: asked.append(request.url))
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(file.as_uri())
        expect(page.locator(".explorer[data-state=fresh]")).to_have_count(2)
        yield page
        assert page.evaluate("window.pwned") is None
        assert errors == []
        strange = [url for url in asked if not url.startswith(("data:", "blob:", file.as_uri()))]
        # Panel's own style sheets, which its `save` does not put into the file; a page without them looks plainer.
        assert [url for url in strange if not re.match(r"https://cdn\.holoviz\.org/.*\.css$", url)] == []


@pytest.fixture
def tape(opened: Page) -> Locator:
    return opened.locator(".explorer").nth(0)


def test_a_saved_page_says_how_many_of_how_many_rows_it_holds(opened: Page, tape: Locator):
    note = tape.locator(".still-note")
    expect(note).to_contain_text("the first 4,096 of 100,000 rows that pass the filters, of 200,000.")
    expect(opened.locator(".still-note").nth(1)).to_contain_text("holds all 17 rows.")
    expect(tape.locator(".count")).to_have_text("100,000 of 200,000 rows")


def test_the_rows_of_a_saved_page_scroll_to_the_last_one_that_it_holds(tape: Locator):
    expect(cell(tape, 0, 0)).to_have_text(f"{ROWS - 1:,}")
    cell(tape, 0, 0).click()
    press(tape, "Control+End")
    expect(tape.locator(".place")).to_have_text(re.compile("– 4,096$"))
    expect(tape.locator("[data-cursor]")).to_have_text(HOSTILE)
    expect(tape.locator("tbody")).to_contain_text(f"{ROWS - 4096:,}")
    expect(tape.locator("td[data-is=wait]")).to_have_count(0)


def test_a_saved_page_has_the_pictures_of_all_rows(tape: Locator):
    head = tape.locator(".head").nth(1)
    expect(head.locator(".caption")).to_have_text("3 values")
    head.locator(".histogram").hover()
    expect(tape.locator(".tip")).to_contain_text("of 66,6")


def test_what_needs_a_server_is_switched_off_and_says_so(tape: Locator):
    for control in (
        ".filter",
        ".funnel",
        "[data-tool=download]",
        "[data-tool=code]",
        "[data-tool=group]",
        ".chip-remove",
    ):
        expect(tape.locator(control).first).to_be_disabled()
        expect(tape.locator(control).first).to_have_attribute("title", NEEDS_APP)
    tape.locator(".title").nth(1).click(force=True)
    expect(tape.locator(".told")).to_have_text(NEEDS_APP)
    expect(tape.locator(".title").nth(1)).to_have_attribute("aria-disabled", "true")
    expect(tape.locator("th[aria-sort=descending]")).to_have_count(1)
    tape.locator(".histogram").nth(1).click()
    expect(tape.locator(".filter").nth(1)).to_have_value("")
    cell(tape, 0, 1).click()
    press(tape, "Control+c")
    expect(tape.locator(".told")).to_have_text(NEEDS_APP)


def test_columns_of_a_saved_page_are_laid_out_and_its_values_unfold(tape: Locator):
    tape.locator(".title").nth(1).focus()
    press(tape, "Alt+ArrowLeft")
    expect(tape.locator(".name").first).to_have_text("symbol")
    tape.locator(".more").first.focus()
    press(tape, "Enter")
    expect(tape.get_by_role("menuitem", name="Pin to the left")).to_be_enabled()
    expect(tape.get_by_role("menuitem", name="Sort ascending")).to_have_count(0)
    press(tape, "Escape")
    cell(tape, 0, 2).dblclick()
    expect(tape.locator(".unfolded-body")).to_contain_text("199999")
    press(tape, "Escape")
    cell(tape, 0, 0).click()
    press(tape, "Shift+ArrowDown")
    expect(measure(tape, "")).to_have_text("2 cells selected")


def test_a_saved_page_draws_its_charts(opened: Page):
    canvas = opened.locator(".chart canvas")
    expect(canvas).to_be_visible()
    assert canvas.evaluate(_IS_PAINTED)


def test_a_saved_page_shows_what_is_wrong_in_its_place(opened: Page):
    expect(opened.get_by_text("broken").first).to_be_visible()
