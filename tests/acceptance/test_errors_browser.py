"""Errors on screen: each in its own place, as text, and everything else goes on."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

_APP = Path(__file__).parent / "bad_input.py"
_SCRIPT = "<script>window.pwned = 1</script><img src=x onerror='window.pwned = 1'>"


@pytest.fixture(scope="module")
def url(serve_for_module: Callable[..., Any]) -> str:
    return serve_for_module(_APP).url


@pytest.fixture(scope="module")
def opened(browser: Browser, url: str) -> Iterator[Page]:
    """One page for the tests that leave it as they found it; it must not run what is text, nor ask for it."""
    asked: list[str] = []
    with browser.new_context(viewport={"width": 1400, "height": 900}) as context:
        page = context.new_page()
        page.on("request", lambda request: asked.append(request.url) if request.url.endswith("/x") else None)
        page.goto(url)
        expect(page.locator(".of-good .explorer[data-state=fresh]")).to_be_visible(timeout=30_000)
        yield page
        assert page.evaluate("window.pwned") is None
    assert asked == [], "an image in a text was loaded"


def _of(page: Page, name: str) -> Locator:
    return page.locator(f".of-{name}")


@pytest.mark.parametrize(
    ("name", "title", "said"),
    [
        ("missing_file", "`missing_file` failed", r"No file matches .*no_such_file\.parquet"),
        ("plane", "`plane` failed", r"No file matches"),
        ("not_parquet", "`not_parquet` failed", r"bad_input\.py"),
        ("missing_column", "`missing_column` failed", r'"wrod" not found'),
        ("missing_column", "`missing_column` failed", r"Hint|known names near it: `word`"),
        ("below_missing", "Blocked by `missing_column`", r'"wrod" not found'),
        ("wrong_type", "`wrong_type` failed", r"STRING_LITERAL|explicit type casts"),
        ("cycle_a", "`cycle_a` failed", r"`cycle_a` → `cycle_b` → `cycle_a`"),
        ("two_statements", "`two_statements` failed", r"holds 2 statements"),
        ("no_sql", "`no_sql` failed", r"syntax error"),
        ("nothing", "`nothing` failed", r"no statement"),
        ("unknown_table", "`unknown_table` failed", r"did you mean `good`"),
        ("raises", "`raises` failed", r"ZeroDivisionError"),
        ("below_raises", "Blocked by `raises`", r"ZeroDivisionError"),
        ("ten", "`ten` failed", r"the divisor is 0"),
        ("script_raises", "`script_raises` failed", re.escape(_SCRIPT)),
        ("script_fails", f"`label {_SCRIPT}` failed", re.escape(_SCRIPT)),
    ],
)
def test_broken_cell_shows_its_error_in_place(opened: Page, name: str, title: str, said: str) -> None:
    fault = _of(opened, name).locator(".fault")
    expect(fault).to_be_visible()
    expect(fault.locator(".title")).to_contain_text(title)
    expect(fault).to_contain_text(re.compile(said))


def test_error_points_at_the_place_in_the_query(opened: Page) -> None:
    assert _of(opened, "missing_column").locator("pre").inner_text() == "SELECT wrod FROM good\n       ^"


def test_good_cell_next_to_broken_ones_works(opened: Page) -> None:
    expect(_of(opened, "good")).to_contain_text("still works")


def test_no_rows_show_the_header(opened: Page) -> None:
    table = _of(opened, "no_rows")
    expect(table.locator(".explorer[data-state=fresh]")).to_be_visible()
    expect(table.locator("thead")).to_contain_text("n")
    expect(table.locator(".fault")).to_be_hidden()


def test_five_hundred_columns_and_foreign_names_show(opened: Page) -> None:
    expect(_of(opened, "wide").locator("thead")).to_contain_text("c0")
    expect(_of(opened, "unicode").locator("thead")).to_contain_text("größe ✓ 数量")
    expect(_of(opened, "unicode").locator("tbody")).to_contain_text("naïve 🚀")


def test_markup_is_shown_as_text(opened: Page) -> None:
    expect(_of(opened, "script").locator("thead")).to_contain_text("<script>window.pwned = 1</script>")
    expect(_of(opened, "script").locator("tbody")).to_contain_text("<img src=x onerror='window.pwned = 1'>")
    expect(_of(opened, "script_text")).to_contain_text(_SCRIPT)
    assert opened.evaluate("window.pwned") is None


def test_another_input_recovers_and_back(opened: Page) -> None:
    field = opened.locator("input").first
    field.fill("5")
    field.press("Enter")
    expect(_of(opened, "raises")).to_contain_text("10 / 5 = 2")
    expect(_of(opened, "below_raises")).to_contain_text("below: 10 / 5 = 2")
    expect(_of(opened, "ten").locator("tbody")).to_contain_text("ten")
    for name in ("raises", "below_raises", "ten"):
        expect(_of(opened, name).locator(".fault")).to_be_hidden()
    expect(_of(opened, "missing_column").locator(".fault")).to_be_visible()
    field.fill("0")
    field.press("Enter")
    expect(_of(opened, "raises").locator(".fault")).to_be_visible()
    expect(_of(opened, "below_raises").locator(".title")).to_contain_text("Blocked by `raises`")


_SECRETS = re.compile(r"wrod|SELECT|SELEKT|/tests/|\.py|\.parquet|window\.pwned = 1</|ZeroDivision|divisor is 0")


def _check_what_a_viewer_sees(page: Page, url: str) -> None:
    page.goto(url)
    expect(page.locator(".of-good")).to_contain_text("still works", timeout=30_000)
    for name in ("missing_file", "missing_column", "wrong_type", "no_sql", "raises", "ten", "cycle_a", "script_raises"):
        fault = page.locator(f".of-{name} .fault")
        expect(fault.locator(".title")).to_contain_text(f"`{name}` cannot be shown")
        expect(fault.locator(".code")).to_have_text(re.compile(r"^reference [0-9A-F]{8}$"))
        assert not _SECRETS.search(fault.inner_text()), fault.inner_text()
    blocked = page.locator(".of-below_missing .fault")
    expect(blocked).to_have_text("Blocked by `missing_column`")


def test_viewer_sees_cell_cause_and_reference_only(page: Page, serve: Callable[..., Any]) -> None:
    served = serve(_APP, env={"DATAAPP_ERRORS": "short"})
    _check_what_a_viewer_sees(page, served.url)
    reference = page.locator(".of-raises .code").inner_text().removeprefix("reference ")
    assert re.search(rf"{reference}.*ZeroDivisionError", served.log()), "the log explains the reference"


def test_whoever_comes_through_a_proxy_is_a_viewer(browser: Browser, url: str) -> None:
    with browser.new_context(extra_http_headers={"X-Forwarded-For": "203.0.113.7"}) as context:
        _check_what_a_viewer_sees(context.new_page(), url)
