"""How the explorer looks and is reached: widths, light and dark, keys alone, a finger, containers that change."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

APP = """
import dataapp as da
import panel as pn
import panel_material_ui as ui

trades = da.sql('''SELECT i AS id, ['AAPL', 'MSFT', 'IBM'][1 + i % 3] AS symbol, (i * 37 % 1000)::INTEGER AS price,
    DATE '2024-01-01' + (i % 400)::INTEGER AS day, i % 2 = 0 AS is_buy, {'at': i, 'note': 'a note'} AS nested,
    repeat('A long text. ', 50) AS note FROM range(3000) t(i)''')
wide = da.sql("SELECT " + ", ".join(f"i AS column_{at}" for at in range(200)) + " FROM range(100) t(i)")
tape = da.explore(trades, height=420)
cut = pn.Column(da.explore(trades, height=240), height=250, styles={"overflow": "hidden"}, sizing_mode="stretch_width")
which = {b"wide": da.explore(wide), b"cut": cut}.get(pn.state.session_args.get("table", [b""])[0], tape)
dark = pn.state.session_args.get("theme") == [b"dark"]
ui.Page(title="Look", main=[pn.Column(which, sizing_mode="stretch_width")], dark_theme=dark).servable()
"""
WIDTHS = (1400, 768, 390)
_FOCUSED = """() => {
    let one = document.activeElement;
    while (one?.shadowRoot?.activeElement) one = one.shadowRoot.activeElement;
    return one?.getAttribute('aria-label') ?? one?.textContent ?? '';
}"""
_CONTRAST = """(one) => {
    const context = new OffscreenCanvas(1, 1).getContext('2d', {willReadFrequently: true});
    const light = (colours) => {
        for (const colour of colours) {
            context.fillStyle = colour;
            context.fillRect(0, 0, 1, 1);
        }
        const [red, green, blue] = [...context.getImageData(0, 0, 1, 1).data].map((part) => part / 255)
            .map((part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    };
    const behind = [];
    for (let at = one; at; at = at.parentElement ?? at.getRootNode().host) {
        behind.unshift(getComputedStyle(at).backgroundColor);
    }
    const ends = [light(behind), light([...behind, getComputedStyle(one).color])].sort((a, b) => a - b);
    return (ends[1] + 0.05) / (ends[0] + 0.05);
}"""


@pytest.fixture(scope="module")
def url(serve_for_module: Callable[..., object]) -> str:
    return serve_for_module(APP).url  # type: ignore[attr-defined]


@contextmanager
def opened(browser: Browser, url: str, width: int = 1400, **options: object) -> Iterator[Page]:
    with browser.new_context(viewport={"width": width, "height": 800}, **options) as context:  # type: ignore[arg-type]
        page = context.new_page()
        page.goto(url)
        expect(page.locator(".explorer[data-state=fresh]")).to_be_visible(timeout=30_000)
        expect(page.locator("thead .caption-text").first).to_be_visible(timeout=10_000)
        page.evaluate("document.fonts.ready.then(() => null)")  # which changes the widths
        yield page


def tab_to(page: Page, name: str, *, key: str = "Tab", most: int = 40) -> None:
    """Press Tab until a control has the focus."""
    for _ in range(most):
        page.keyboard.press(key)
        if page.evaluate(_FOCUSED) == name:
            return
    pytest.fail(f"{key} does not come to {name}")


def is_in_reach(page: Page, control: Locator) -> None:
    """Hold a control to be within the page's width, and not covered."""
    control.scroll_into_view_if_needed()
    box = control.bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= page.evaluate("innerWidth") + 1
    control.click(trial=True, timeout=3000)


def does_not_scroll_sideways(page: Page) -> None:
    assert page.evaluate("document.scrollingElement.scrollWidth <= innerWidth")
    assert page.evaluate("(window.scrollTo(99, scrollY), scrollX)") == 0


# By keyboard alone.


def test_the_whole_story_by_keyboard_alone(browser: Browser, url: str):
    with opened(browser, url, permissions=["clipboard-read", "clipboard-write"]) as page:
        table, keys = page.locator(".explorer"), page.keyboard
        grid, count = table.get_by_role("grid"), table.locator(".count")

        tab_to(page, "id")  # the first header
        for _ in range(2):
            keys.press("ArrowRight")
        assert page.evaluate(_FOCUSED).startswith("price")
        keys.press("Enter")
        expect(grid.get_by_role("columnheader", name="price", exact=True)).to_have_attribute("aria-sort", "ascending")

        tab_to(page, "Values of price")
        keys.press("Home")
        keys.press("ArrowRight")
        keys.press("Enter")
        expect(count).to_contain_text("of 3,000 rows")

        tab_to(page, "Menu of price", key="Shift+Tab")
        keys.press("Enter")
        pin = table.get_by_role("menuitem", name="Pin to the left")
        for _ in range(12):
            if pin.evaluate("(one) => one === one.getRootNode().activeElement"):
                break
            keys.press("ArrowDown")
        keys.press("Enter")
        expect(table.locator("tbody th").first).to_be_visible()

        tab_to(page, "Columns", key="Shift+Tab")
        keys.press("Enter")
        expect(table.get_by_role("dialog", name="Columns")).to_be_visible()
        keys.press("Escape")
        assert page.evaluate(_FOCUSED) == "Columns"

        tab_to(page, "1 – 9", most=60)
        keys.press("Shift+Tab")
        keys.press("/")
        keys.type("msft")
        expect(table.get_by_role("button", name="Search msft", exact=True)).to_be_visible()
        expect(table.locator("tbody")).not_to_contain_text("AAPL")

        tab_to(page, "1 – 9", most=60)
        keys.press("Shift+Tab")
        keys.press("Control+End")
        last = int(count.inner_text().split(" ")[0].replace(",", ""))
        expect(table.locator(".place")).to_contain_text(f"– {last}")
        keys.press("Home")
        keys.press("Shift+ArrowUp")
        keys.press("Shift+ArrowUp")
        expect(table.locator("[data-measure=sum]")).to_be_visible()
        keys.press("Control+c")
        expect(table.locator(".told")).to_have_text("Copied 3 cells")
        assert len(page.evaluate("navigator.clipboard.readText()").split()) == 3

        keys.press("Enter")
        expect(table.locator(".side")).to_be_visible()
        keys.press("Escape")
        expect(table.locator(".side")).to_be_hidden()
        expect(table.locator("[data-cursor]")).to_be_focused()

        keys.press("Control+g")
        keys.type("1")
        keys.press("Enter")
        expect(table.locator("[data-cursor]")).to_be_focused()
        keys.press("ArrowUp")  # out of the rows, into the header
        assert page.evaluate(_FOCUSED).startswith("price")

        tab_to(page, "Download", key="Shift+Tab")
        keys.press("Enter")
        with page.expect_download() as download:
            keys.press("Enter")
        lines = Path(download.value.path()).read_text("utf-8").splitlines()
        assert len(lines) == last + 1

        tab_to(page, "Remove Search msft", key="Shift+Tab")
        keys.press("Delete")
        expect(table.get_by_role("button", name="Search msft", exact=True)).to_have_count(0)


def test_tab_passes_two_hundred_columns_at_once(browser: Browser, url: str):
    with opened(browser, f"{url}?table=wide") as page:
        tab_to(page, "column_0")
        page.keyboard.press("End")
        assert page.evaluate(_FOCUSED) == "column_199"
        for _ in range(8):
            page.keyboard.press("Tab")
        expect(page.locator("tbody [tabindex='0']").or_(page.locator(".place")).first).to_be_visible()
        is_past = page.locator("thead").evaluate("(head) => !head.contains(head.getRootNode().activeElement)")
        assert is_past


@pytest.mark.parametrize("tool", ["Show SQL", "Columns", "Group rows", "Download"])
def test_escape_closes_a_popup_and_returns_the_focus(browser: Browser, url: str, tool: str):
    with opened(browser, url) as page:
        tab_to(page, tool)
        page.keyboard.press("Enter")
        expect(page.locator(".popup")).to_be_visible()
        expect(page.locator(".popup:focus-within")).to_be_visible()
        page.keyboard.press("Escape")
        expect(page.locator(".popup")).to_be_hidden()
        assert page.evaluate(_FOCUSED) == tool


def test_headers_are_called_as_their_columns(browser: Browser, url: str):
    with opened(browser, url) as page:
        names = page.get_by_role("columnheader").evaluate_all("(all) => all.map((one) => one.ariaLabel)")
        assert names == ["id", "symbol", "price", "day", "is_buy", "nested", "note"]
        roles = [page.locator(".explorer").get_by_role(role) for role in ("grid", "toolbar", "status")]  # type: ignore[arg-type]
        assert all(role.count() for role in roles)


# Widths and themes.


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_all_is_in_reach_and_the_page_does_not_scroll_sideways(browser: Browser, url: str, width: int, theme: str):
    is_phone = width == 390
    with opened(browser, f"{url}?theme={theme}", width, is_mobile=is_phone, has_touch=is_phone) as page:
        table = page.locator(".explorer")
        does_not_scroll_sideways(page)
        for tool in table.locator(".toolbar .tool:not(.search-open)").all():
            is_in_reach(page, tool)
            tool.click()
            shown = table.locator(".popup, .side").locator("visible=true").first
            expect(shown).to_be_visible()
            box = shown.bounding_box()
            assert box is not None
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= width
            does_not_scroll_sideways(page)
            for control in shown.locator("button:enabled, input, select").locator("visible=true").all()[:12]:
                is_in_reach(page, control)
            page.keyboard.press("Escape")
            if table.locator(".side").is_visible():
                table.get_by_role("button", name="Close the panel").click()
            expect(table.locator(".popup, .side").locator("visible=true")).to_have_count(0)
        for control in (
            table.locator("thead th")
            .first.locator(".title .name, button:not(.title), input")
            .locator("visible=true")
            .all()
        ):
            is_in_reach(page, control)
        table.locator("thead .funnel").first.click()
        is_in_reach(page, table.get_by_role("button", name="Not null"))
        page.keyboard.press("Escape")
        cell = table.locator("tbody tr").nth(1).locator("td").first
        cell.click()
        page.keyboard.press("Shift+ArrowDown")
        expect(table.locator("[data-measure=sum]")).to_be_visible()
        for control in table.locator(".foot button").all():
            is_in_reach(page, control)
        does_not_scroll_sideways(page)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_texts_stand_out_from_what_is_behind_them(browser: Browser, url: str, theme: str):
    with opened(browser, f"{url}?theme={theme}") as page:
        table = page.locator(".explorer")
        for what in (".name", ".type", ".caption-text", "tbody td", ".count", ".gutter-row", ".place"):
            assert table.locator(what).first.evaluate(_CONTRAST) >= 4.5, what


def test_chips_leave_the_explorer_as_high_as_it_was(browser: Browser, url: str):
    with opened(browser, url, 390) as page:
        table = page.locator(".explorer")
        before = table.bounding_box()
        field = table.get_by_label("Filter id", exact=True)
        field.fill("no number")  # which changes no rows, but has a chip
        expect(table.locator(".chip[data-wrong]")).to_be_visible()
        expect(table.locator(".count")).to_have_text("3,000 rows")  # what is no filter filters nothing
        after = table.bounding_box()
        assert before is not None
        assert after is not None
        assert after["height"] == pytest.approx(before["height"], abs=1)


def test_a_popup_is_not_cut_off_by_what_the_explorer_stands_in(browser: Browser, url: str):
    with opened(browser, f"{url}?table=cut") as page:
        page.locator("thead .funnel").nth(1).click()
        foot = page.get_by_role("button", name="Not null")
        expect(foot).to_be_visible()
        is_in_reach(page, foot)
        around, popup = page.locator(".explorer").bounding_box(), page.locator(".popup").bounding_box()
        assert around is not None
        assert popup is not None
        assert popup["y"] + popup["height"] > around["y"] + around["height"] + 20
        is_in_reach(page, page.get_by_role("textbox", name="Filter of symbol as text"))


def test_a_long_text_opens_as_wide_as_it_can_be_read(browser: Browser, url: str):
    with opened(browser, url) as page:
        page.locator("tbody tr").first.locator("td").last.dblclick()
        expect(page.locator(".unfolded-text")).to_be_visible()
        box = page.locator(".popup").bounding_box()
        assert box is not None
        assert 300 < box["width"] <= 540


def test_columns_are_laid_out_anew_in_another_width(browser: Browser, url: str):
    with opened(browser, url) as page:
        grid = page.get_by_role("grid")
        last = page.locator("thead th").last
        for width in (1200, 900, 1400):
            page.set_viewport_size({"width": width, "height": 800})
            page.wait_for_function("(width) => innerWidth === width", arg=width)
            expect(page.locator(".explorer[data-narrow]")).to_have_count(0)
            around = page.locator(".explorer").bounding_box()
            inside = grid.bounding_box()
            assert around is not None
            assert inside is not None
            assert inside["x"] + inside["width"] == pytest.approx(around["x"] + around["width"], abs=2)
        expect(last).to_be_visible()
        page.set_viewport_size({"width": 500, "height": 800})
        expect(page.locator(".explorer[data-narrow]")).to_be_visible()


# A finger.


class Finger:
    """Touches the page as a touch screen does."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.session = page.context.new_cdp_session(page)

    def drag(self, x: float, y: float, dx: float, dy: float, *, rests: int = 0) -> None:
        self._touch("touchStart", x, y)
        self.page.wait_for_timeout(rests)
        for step in range(1, 11):
            self._touch("touchMove", x + dx * step / 10, y + dy * step / 10)
            self.page.wait_for_timeout(16)
        self.session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})

    def _touch(self, kind: str, x: float, y: float) -> None:
        self.session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y}]})


def test_a_finger_scrolls_rows_and_columns_and_drags_headers(browser: Browser, url: str):
    with opened(browser, url, 390, is_mobile=True, has_touch=True) as page:
        finger, table = Finger(page), page.locator(".explorer")
        grid = table.get_by_role("grid")
        box = grid.bounding_box()
        assert box is not None
        title = table.locator("thead .title").first.bounding_box()
        assert title is not None
        finger.drag(title["x"] + 20, title["y"] + 8, 110, 0, rests=500)  # it rests first: it does not scroll
        expect(table.locator("thead .name").first).to_have_text("symbol")
        assert grid.evaluate("(one) => one.scrollLeft") == 0
        finger.drag(box["x"] + 150, box["y"] + 280, 0, -150)
        page.wait_for_function("(one) => one.scrollTop > 80", arg=grid.element_handle())
        finger.drag(box["x"] + 250, box["y"] + 200, -200, 0)
        page.wait_for_function("(one) => one.scrollLeft > 80", arg=grid.element_handle())
        assert page.evaluate("scrollX") == 0
