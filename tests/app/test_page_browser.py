"""A page in windows of several kinds, in Chromium."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import combinations
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.conftest import Serve

APP = """
import dataapp as da
import panel as pn

title = "Departures from New York by carrier and day"
more = [pn.ui.Button(label="More", icon="add", color="light")]
da.App(title, sidebar=["# Sidebar"], main=[da.sql("SELECT 42 AS answer")], header=more).servable()
"""
PHONE, DESKTOP = {"width": 390, "height": 844}, {"width": 1400, "height": 900}
SOON = 30_000  # milliseconds


@pytest.fixture(scope="module")
def url(serve_for_module: Callable[..., Any]) -> str:
    return serve_for_module(APP).url


@contextmanager
def opened(browser: Browser, url: str, **options: Any) -> Iterator[Page]:
    with browser.new_context(**options) as context:
        page = context.new_page()
        page.goto(url)
        expect(page.locator(".explorer .count")).to_be_visible(timeout=SOON)
        yield page


def lightness(page: Page) -> float:
    """Return how light the page's surface is, from 0 to 255."""
    color = page.locator("main").evaluate("main => getComputedStyle(main).backgroundColor")
    return sum(float(part) for part in re.findall(r"[\d.]+", color)[:3]) / 3


@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_the_first_visit_is_as_dark_as_the_operating_system(browser: Browser, url: str, scheme: Any):
    with opened(browser, url, color_scheme=scheme) as page:
        assert (lightness(page) < 128) == (scheme == "dark")


@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_the_theme_that_was_chosen_is_there_again(browser: Browser, url: str, scheme: Any):
    with opened(browser, url, color_scheme=scheme) as page:
        page.get_by_label("Toggle theme").click()
        other = "mui-light" if scheme == "dark" else "mui-dark"
        expect(page.locator(f".{other}").first).to_be_attached()
        page.reload()
        expect(page.locator(".explorer .count")).to_be_visible(timeout=SOON)
        assert (lightness(page) < 128) == (scheme == "light")


def test_what_the_author_says_goes_before_the_operating_system(browser: Browser, serve: Serve):
    url = serve(APP.replace("header=more", "header=more, dark=False")).url
    with opened(browser, url, color_scheme="dark") as page:
        assert lightness(page) > 128


def test_on_a_narrow_page_the_drawer_is_closed_at_first(browser: Browser, url: str):
    with opened(browser, url, viewport=PHONE) as page:
        expect(page.get_by_role("heading", name="Sidebar")).to_have_count(0)
        page.get_by_label("Open drawer").click()
        expect(page.get_by_role("heading", name="Sidebar")).to_be_visible()


def test_on_a_wide_page_the_drawer_is_open_at_first(browser: Browser, url: str):
    with opened(browser, url, viewport=DESKTOP) as page:
        expect(page.get_by_role("heading", name="Sidebar")).to_be_visible()


@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_without_a_sidebar_the_main_area_has_the_whole_width(browser: Browser, serve: Serve, size: Any):
    with opened(browser, serve(APP.replace('sidebar=["# Sidebar"], ', "")).url, viewport=size) as page:
        box = page.locator("main").bounding_box()
        assert box is not None
        assert (box["x"], box["width"]) == (0, size["width"])


@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_nothing_in_the_header_lies_over_something_else(browser: Browser, url: str, size: Any):
    with opened(browser, url, viewport=size) as page:
        title, buttons = page.locator(".header .title"), page.locator(".header").get_by_role("button")
        expect(buttons).to_have_count(5)  # of the drawer, More, Refresh, Share, of the theme
        boxes = [found.bounding_box() for found in (title, *buttons.all())]
        for one, other in combinations([box for box in boxes if box is not None], 2):
            assert one["x"] + one["width"] <= other["x"] + 1 or other["x"] + other["width"] <= one["x"] + 1
        assert all(box is not None and box["x"] >= 0 and box["x"] + box["width"] <= size["width"] for box in boxes)
        assert boxes[0] is not None
        assert boxes[0]["height"] < 50  # one line


def test_a_server_that_is_gone_is_said(browser: Browser, serve: Serve):
    served = serve(APP)
    with opened(browser, served.url) as page:
        expect(page.get_by_role("alert")).to_have_text("")
        served.stop()
        expect(page.get_by_role("alert")).to_contain_text("The server does not answer any more", timeout=SOON)


MOVED = """
import dataapp as da
import panel as pn

n = da.input(pn.widgets.Checkbox, name="flip", value=False)
da.App("Moves", main=[n, da.sql("SELECT $n AS flipped")]).servable()
"""


def test_back_leaves_the_page_however_often_an_input_was_moved(browser: Browser, serve: Serve):
    url = serve(MOVED).url
    with browser.new_context() as context:
        page = context.new_page()
        page.goto(f"{url}?from=1")  # somewhere else, to come back to
        page.goto(url)
        expect(page.locator(".explorer .count")).to_be_visible(timeout=SOON)
        for is_on in (True, False, True):
            page.locator("input[type=checkbox]").set_checked(is_on)
            expect(page).to_have_url(re.compile(r"\?n=true$" if is_on else r"/[^?]*$"), timeout=SOON)
        page.go_back()
        expect(page).to_have_url(re.compile(r"\?from=1$"), timeout=SOON)
