"""Looking at sources again: by the button in the header, and by the page itself, in Chromium."""

import os
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

import dataapp as da
from tests.conftest import Serve

APP = """
import dataapp as da

numbers = da.source({path!r})
total = da.sql("SELECT sum(n)::INTEGER AS total FROM numbers", numbers=numbers)
da.App("Numbers", main=[total], refresh={refresh}).servable()
"""
SOON = 30_000  # milliseconds


def write(path: Path, numbers: list[int]) -> None:
    """Replace a file, as something does that exports it now and then."""
    draft = path.with_suffix(".draft")
    pl.DataFrame({"n": numbers}).write_parquet(draft)
    os.utime(draft, ns=(10**18 + sum(numbers), 10**18 + sum(numbers)))
    draft.replace(path)


def button(page: Page, description: str) -> Locator:
    return page.locator(".header").get_by_role("button", name=description)


def shown(page: Page) -> Locator:
    return page.locator(".explorer tbody td").first


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "numbers.parquet"
    write(path, [1, 2, 3])
    return path


def test_the_button_reads_a_file_that_was_replaced(browser: Browser, serve: Serve, path: Path):
    with browser.new_context() as context:
        page = context.new_page()
        page.goto(serve(APP.format(path=str(path), refresh=True)).url)
        expect(shown(page)).to_have_text("6", timeout=SOON)
        write(path, [10, 20])
        page.wait_for_timeout(1_500)
        expect(shown(page)).to_have_text("6")  # nobody asked
        button(page, "Read again").click()
        expect(shown(page)).to_have_text("30", timeout=SOON)


def test_a_page_that_looks_by_itself_shows_what_was_replaced_in_every_window(
    browser: Browser, serve: Serve, path: Path
):
    with browser.new_context() as context:
        url = serve(APP.format(path=str(path), refresh=0.3)).url
        pages = [context.new_page() for _ in range(2)]
        for page in pages:
            page.goto(url)
            expect(shown(page)).to_have_text("6", timeout=SOON)
        for numbers in ([10, 20], [100]):
            write(path, numbers)
            for page in pages:
                expect(shown(page)).to_have_text(str(sum(numbers)), timeout=SOON)


def test_a_page_may_do_without_the_button(browser: Browser, serve: Serve, path: Path):
    with browser.new_context() as context:
        page = context.new_page()
        page.goto(serve(APP.format(path=str(path), refresh=False)).url)
        expect(shown(page)).to_have_text("6", timeout=SOON)
        expect(button(page, "Copy a link")).to_be_visible()
        expect(button(page, "Read again")).to_have_count(0)


@pytest.mark.parametrize("refresh", [0, -1, "often", None, float("inf")])
def test_what_is_no_time_between_two_looks_is_refused(refresh: Any):
    with pytest.raises(da.DataAppError, match="`refresh` is"):
        da.App("Numbers", main=[], refresh=refresh)
