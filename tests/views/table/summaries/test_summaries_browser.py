"""Header pictures and the profile panel in Chromium."""

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

APP = """
import panel as pn
import panel_material_ui as ui
from dataapp.engines.duckdb import DuckDB
from dataapp.engines.relation import Relation
from dataapp.views.table.explorer import TableExplorer
from tests.views.table.threads import ThreadSubmit

engine = pn.state.cache.setdefault("engine", DuckDB())
submit = ThreadSubmit(pn.state.curdoc)


def explore(sql):
    explorer = TableExplorer(submit)
    explorer.show(Relation(sql, key=sql, engine=engine, fixed_order=True))
    return explorer


many = explore(
    '''SELECT i AS n, CASE WHEN i % 10 > 0 THEN (i * 7919) % 1000 / 10 END AS x,
       ['a', 'b', 'b', '<b>c</b>'][1 + i % 4] AS name, i % 3 = 0 AS flag, 'key ' || i AS key FROM range(300000) t(i)'''
)
wide = explore("SELECT " + ", ".join(f"i + {at} AS column_{at}" for at in range(1000)) + " FROM range(100) t(i)")
tiny = explore("SELECT 1 AS one, 'x' AS text")
ui.Page(title="Summaries", main=[many, wide, tiny]).servable()
"""


@pytest.fixture(scope="module")
def url(serve_for_module: Callable[..., object]) -> str:
    return serve_for_module(APP).url  # type: ignore[attr-defined]


@pytest.fixture(scope="module")
def opened(browser: Browser, url: str) -> Iterator[Page]:
    page = browser.new_page(viewport={"width": 1400, "height": 900})
    page.goto(url)
    expect(page.locator(".explorer[data-state=fresh]")).to_have_count(3, timeout=30_000)
    yield page
    page.close()


@pytest.fixture
def table(opened: Page) -> Iterator[Locator]:
    table = opened.locator(".explorer").first
    expect(table.locator(".summary[data-shape=bins]:not([data-estimate])")).to_have_count(2, timeout=30_000)
    yield table
    if table.locator(".side").is_visible():
        table.get_by_label("Close the panel").click()
    for name in ("n", "x", "name", "flag", "key"):
        field = table.get_by_label(f"Filter {name}", exact=True)
        if field.input_value():
            field.fill("")
            field.press("Enter")
    expect(table.locator(".count")).to_have_text("300,000 rows")
    expect(table.locator(".summary .whole")).to_have_count(0)  # nothing is drawn of what was filtered


def picture(table: Locator, name: str) -> Locator:
    return table.get_by_label(f"Values of {name}", exact=True)


def hover(picture: Locator, share: float) -> None:
    box = picture.bounding_box()
    assert box is not None
    picture.page.mouse.move(box["x"] + share * box["width"], box["y"] + box["height"] / 2)


def told(table: Locator) -> int:
    """How many rows the tip tells."""
    found = re.match(r"([\d,]+) rows", table.locator(".tip-line").nth(1).inner_text())
    assert found
    return int(found[1].replace(",", ""))


@pytest.mark.parametrize(("name", "share"), [("n", 0.4), ("x", 0.02), ("x", 0.7), ("name", 0.3), ("flag", 0.9)])
def test_a_click_on_a_mark_leaves_as_many_rows_as_it_tells(table: Locator, name: str, share: float):
    hover(picture(table, name), share)
    rows = told(table)
    table.page.mouse.down()
    table.page.mouse.up()
    expect(table.locator(".count")).to_have_text(f"{rows:,} of 300,000 rows")
    expect(table.get_by_label(f"Filter {name}", exact=True)).not_to_have_value("")


def test_a_second_click_takes_the_filter_away(table: Locator):
    for count in ("75,000 of 300,000 rows", "300,000 rows"):
        picture(table, "name").click(position={"x": picture(table, "name").bounding_box()["width"] - 4, "y": 8})  # type: ignore[index]
        expect(table.locator(".count")).to_have_text(count)


def test_dragging_over_bars_asks_for_a_range(table: Locator):
    hover(picture(table, "n"), 0.21)
    table.page.mouse.down()
    hover(picture(table, "n"), 0.41)
    table.page.mouse.up()
    expect(table.get_by_label("Filter n", exact=True)).to_have_value(re.compile(r"^\d+\.\.\d+$"))
    expect(table.locator(".count")).to_have_text(re.compile(r"^\d+0,000 of 300,000 rows$"))


def test_the_share_of_nulls_asks_for_them(table: Locator):
    nulls = table.locator(".nulls", has_text="10% null")
    nulls.click()
    expect(table.locator(".count")).to_have_text("30,000 of 300,000 rows")


def test_filtered_rows_are_drawn_in_front_of_all_rows(table: Locator):
    assert picture(table, "n").locator(".whole").count() == 0
    picture(table, "flag").click(position={"x": 4, "y": 8})
    expect(table.locator(".count")).to_have_text("100,000 of 300,000 rows")
    expect(picture(table, "n").locator(".whole").first).to_be_visible()
    hover(picture(table, "n"), 0.3)
    expect(table.locator(".tip")).to_contain_text(re.compile(r"[\d,]+ of [\d,]+ rows"))


def test_bars_are_read_off_and_picked_by_keyboard(table: Locator):
    bars = picture(table, "n")
    bars.focus()
    bars.press("ArrowRight")
    bars.press("ArrowRight")
    expect(table.locator(".tip")).to_be_visible()
    label, rows = (bars.get_attribute("aria-valuetext") or "").split(", ", 1)[0], told(table)
    assert "–" in label
    bars.press("Enter")
    expect(table.locator(".count")).to_have_text(f"{rows:,} of 300,000 rows")


def test_the_tip_goes_with_the_pointer(table: Locator):
    hover(picture(table, "n"), 0.5)
    expect(table.locator(".tip")).to_be_visible()
    table.locator(".foot").hover()
    expect(table.locator(".tip")).to_be_hidden()


def test_values_that_look_like_markup_are_text(table: Locator):
    expect(picture(table, "name")).to_contain_text("<b>c</b>")
    assert picture(table, "name").locator("b").count() == 0


def test_different_texts_are_said_to_be_unique(table: Locator):
    header = table.locator(".head", has=table.page.locator(".name", has_text="key"))
    expect(header.locator(".caption")).to_have_text("unique")


def test_only_columns_on_screen_have_pictures_made(opened: Page):
    wide = opened.locator(".explorer").nth(1)
    expect(wide.locator(".summary[data-shape]").first).to_be_visible(timeout=30_000)
    wide.locator("regular-table").evaluate("grid => { grid.scrollLeft = grid.scrollWidth / 2 }")
    expect(wide.locator(".name").last).to_have_text(re.compile(r"column_[4-6]\d\d"))
    expect(wide.locator("th").last.locator(".summary[data-shape=bins]")).to_be_visible()


def test_a_table_of_one_row_has_the_layout_without_pictures(opened: Page):
    tiny = opened.locator(".explorer").nth(2)
    expect(tiny.locator(".summary[data-shape=none]")).to_have_count(2)
    heights = opened.locator(".explorer thead tr").evaluate_all("rows => rows.map(row => row.offsetHeight)")
    assert len(set(heights)) == 1


def test_a_profile_becomes_exact_and_goes_when_it_is_closed(table: Locator):
    button = table.get_by_label("Profile of x", exact=True)
    button.focus()
    button.press("Enter")
    profile = table.locator(".profile")
    expect(profile.locator(".profile-status")).to_have_text("From all 300,000 rows.", timeout=30_000)
    expect(figure(profile, "Null")).to_have_text(["30,000 (10%)"])
    expect(figure(profile, "Maximum")).to_have_text(["99.9"])
    expect(table.get_by_label("Close the panel")).to_be_focused()
    table.page.keyboard.press("Escape")
    expect(table.locator(".side")).to_be_hidden()
    expect(button).to_be_focused()


def test_a_profile_tells_filtered_rows_beside_all(table: Locator):
    table.get_by_label("Profile of n", exact=True).click()
    table.get_by_label("Filter n", exact=True).fill("100..199")
    profile = table.locator(".profile")
    expect(figure(profile, "Rows")).to_have_text(["100", "300,000"], timeout=30_000)
    expect(figure(profile, "Median")).to_have_text(["149", "149,999"])


def test_an_order_leaves_a_profile_alone_and_another_filter_makes_it_anew(table: Locator):
    table.get_by_label("Profile of n", exact=True).click()
    profile = table.locator(".profile")
    expect(profile).to_have_attribute("data-state", "exact", timeout=30_000)
    table.locator(".title", has_text="flag").click()
    expect(table.locator("th[aria-sort=ascending]")).to_have_count(1)
    expect(profile).to_have_attribute("data-state", "exact")
    table.get_by_label("Filter n", exact=True).fill("< 10")
    expect(figure(profile, "Rows")).to_have_text(["10", "300,000"], timeout=30_000)
    expect(profile).to_have_attribute("data-state", "exact")
    for _ in range(2):
        table.locator(".title", has_text="flag").click()


def test_the_menu_of_a_column_opens_its_profile(table: Locator):
    table.get_by_label("Menu of flag", exact=True).click()
    table.get_by_role("menuitem", name="Profile").click()
    expect(table.locator(".side-title")).to_have_text("flag")


def test_another_column_takes_the_place_of_a_profile(table: Locator):
    table.get_by_label("Profile of n", exact=True).click()
    table.get_by_label("Profile of name", exact=True).click()
    expect(table.locator(".side-title")).to_have_text("name")
    values = table.locator(".value-text")
    expect(values).to_have_text(["b", "<b>c</b>", "a"], timeout=30_000)
    expect(table.locator(".value-count").first).to_have_text("150,000 · 50%")
    values.nth(1).click()
    expect(table.locator(".count")).to_have_text("75,000 of 300,000 rows")


def figure(profile: Locator, name: str) -> Locator:
    return profile.locator("tr", has=profile.page.locator(f"th[scope=row]:text-is('{name}')")).locator("td")


def test_touch_reads_off_first_and_picks_then(browser: Browser, url: str):
    page = browser.new_page(viewport={"width": 390, "height": 800}, has_touch=True)
    page.goto(url)
    table = page.locator(".explorer").first
    expect(table.locator(".summary[data-shape=bins]:not([data-estimate])").first).to_be_visible(timeout=30_000)
    bars = picture(table, "n")
    bars.tap()
    expect(table.locator(".tip")).to_be_visible()
    rows = told(table)
    expect(table.locator(".count")).to_have_text("300,000 rows")
    bars.tap()
    expect(table.locator(".count")).to_have_text(f"{rows:,} of 300,000 rows")
    page.close()
