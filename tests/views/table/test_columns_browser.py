"""Columns in Chromium: order, width, place and looks, by mouse, key and list; a thousand of them; whole values."""

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
from dataapp.cells.formats import read_formats
from tests.views.table.threads import ThreadSubmit

engine = pn.state.cache.setdefault("engine", DuckDB())
submit = ThreadSubmit(pn.state.curdoc)


def explore(explorer, sql):
    explorer.show(Relation(sql, key=sql, engine=engine, fixed_order=True))
    return explorer


SHOWN = "SELECT i AS id, 'name ' || i AS name, i % 7 AS rest, i * 2 AS twice, 'x' || i AS other FROM range({}) t(i)"
many = explore(TableExplorer(submit), SHOWN.format(5000))
values = explore(
    TableExplorer(submit, formats=read_formats({"volume": "bar", "change": (".1%", "diverging"), "day": "%d %b %Y"})),
    '''SELECT i * 100 AS volume, (i - 2) / 10.0 AS change, DATE '2024-01-02' AS day,
       TIMESTAMP '2024-01-02' + INTERVAL (i) DAY AS at, INTERVAL (i) MONTH + INTERVAL 90 SECOND AS took,
       {'big': 9007199254740993, 'tags': ['<b>', 'two']} AS nested, encode('ÿ') AS raw,
       repeat('<i>long</i> ', 200) AS note FROM range(5) t(i)''',
)
columns = ", ".join(f"i + {at} AS column_{at}" for at in range(1000))
wide = explore(TableExplorer(submit), f"SELECT {columns} FROM range(1000) t(i)")
more = ui.Button(label="more", on_click=lambda event: explore(many, SHOWN.format(6000)))
ui.Page(title="Columns", main=[many, values, wide, more]).servable()
"""
SOON = 30_000


@pytest.fixture(scope="module")
def url(serve_for_module: Callable[..., object]) -> str:
    return serve_for_module(APP).url  # type: ignore[attr-defined]


@pytest.fixture
def opened(browser: Browser, url: str) -> Iterator[Page]:
    page = browser.new_page(viewport={"width": 1000, "height": 900})
    page.goto(url)
    expect(page.locator(".explorer[data-state=fresh]")).to_have_count(3, timeout=SOON)
    page.evaluate("document.fonts.ready.then(() => null)")  # which changes the widths
    yield page
    page.close()


@pytest.fixture
def many(opened: Page) -> Locator:
    return opened.locator(".explorer").nth(0)


@pytest.fixture
def values(opened: Page) -> Locator:
    return opened.locator(".explorer").nth(1)


@pytest.fixture
def wide(opened: Page) -> Locator:
    return opened.locator(".explorer").nth(2)


def title(table: Locator, name: str) -> Locator:
    return table.locator(".title").filter(has=table.page.get_by_text(name, exact=True))


def names(table: Locator) -> list[str]:
    return table.locator("thead .name").all_inner_texts()


def choose(table: Locator, column: str, entry: str) -> None:
    table.get_by_label(f"Menu of {column}", exact=True).click()
    table.get_by_role("menuitem", name=entry).click()


def middle(element: Locator) -> tuple[float, float]:
    box = element.bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def drag(page: Page, start: tuple[float, float], end: tuple[float, float]) -> None:
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move(*end, steps=4)


def test_a_dragged_header_moves_its_column_and_a_line_shows_where_to(opened: Page, many: Locator):
    box = title(many, "name").bounding_box()
    assert box is not None
    drag(opened, middle(title(many, "twice")), (box["x"] + 2, box["y"] + 10))
    expect(many.locator(".drop-line")).to_be_visible()
    opened.mouse.up()
    expect(many.locator("thead .name")).to_have_text(["id", "twice", "name", "rest", "other"])
    expect(many.locator("tbody tr").nth(3).locator("td")).to_have_text(["3", "6", "name 3", "3", "x3"])
    expect(many.locator("[aria-sort=ascending]")).to_have_count(0)  # it was no click


def test_escape_takes_a_drag_back(opened: Page, many: Locator):
    drag(opened, middle(title(many, "twice")), middle(title(many, "id")))
    opened.keyboard.press("Escape")
    expect(many.locator(".drop-line")).to_be_hidden()
    opened.mouse.up()
    assert names(many)[:2] == ["id", "name"]


def test_keys_move_and_size_the_column_whose_header_has_the_focus(opened: Page, many: Locator):
    title(many, "name").focus()
    opened.keyboard.press("Alt+ArrowRight")
    expect(many.locator("thead .name")).to_have_text(["id", "rest", "name", "twice", "other"])
    expect(title(many, "name")).to_be_focused()
    head = many.locator("thead th").nth(2)
    before = head.bounding_box()
    opened.keyboard.press("Alt+Shift+ArrowRight")
    assert before is not None
    expect(head).to_have_css("width", f"{before['width'] + 24:.0f}px")


def test_pinned_columns_stay_while_others_scroll(opened: Page, many: Locator):
    opened.set_viewport_size({"width": 500, "height": 900})
    choose(many, "rest", "Pin")
    expect(many.locator("thead .name").first).to_have_text("rest")
    many.locator("regular-table").evaluate("grid => { grid.scrollLeft = grid.scrollWidth }")
    expect(many.locator("thead .name").last).to_have_text("other")
    pinned = many.locator("tbody tr").nth(2).locator("th")
    expect(pinned).to_have_text("2")
    expect(pinned).to_have_attribute("data-kind", "integer")
    box, around = pinned.bounding_box(), many.locator("regular-table").bounding_box()
    assert box is not None
    assert around is not None
    assert abs(box["x"] - around["x"]) < 3
    field = many.get_by_label("Filter rest")
    field.fill("3")
    expect(many.locator(".count")).to_have_text("714 of 5,000 rows")
    expect(field).to_be_focused()
    choose(many, "rest", "Unpin")
    expect(many.locator("tbody th")).to_have_count(0)


def test_the_list_finds_hides_and_shows_columns(opened: Page, many: Locator):
    many.get_by_role("button", name="Columns", exact=True).click()
    many.get_by_label("Find columns").fill("o")
    rows = many.locator(".column-list .row:visible")
    expect(rows.locator(".name")).to_have_text(["other"])
    many.get_by_role("button", name="Hide all").click()
    expect(many.locator("thead .name")).to_have_text(["id", "name", "rest", "twice"])
    many.get_by_label("Find columns").fill("bigint")
    expect(rows.locator(".name")).to_have_text(["id", "rest", "twice"])
    rows.nth(1).get_by_role("checkbox").uncheck()
    expect(many.locator("thead .name")).to_have_text(["id", "name", "twice"])
    many.get_by_label("Find columns").fill("")
    many.get_by_role("button", name="Show all").click()
    expect(many.locator("thead .name")).to_have_count(5)
    many.get_by_label(re.compile("^Move name")).focus()
    opened.keyboard.press("ArrowUp")
    expect(many.locator("thead .name")).to_have_text(["name", "id", "rest", "twice", "other"])
    opened.keyboard.press("Escape")
    expect(many.locator(".column-list")).to_have_count(0)


def test_one_column_is_always_shown(many: Locator):
    many.get_by_role("button", name="Columns", exact=True).click()
    many.get_by_role("button", name="Hide all").click()
    expect(many.locator("thead .name")).to_have_text(["id"])
    many.locator(".column-list .row").first.get_by_role("checkbox").click()
    expect(many.locator("thead .name")).to_have_text(["id"])


def test_a_width_outlives_the_rows_and_a_double_click_fits_it(opened: Page, many: Locator):
    head = many.locator("thead th").nth(1)
    edge = head.locator(".rt-column-resize")
    before, box = head.bounding_box(), edge.bounding_box()
    assert before is not None
    assert box is not None
    at = (box["x"] + 4, box["y"] + 40)
    drag(opened, at, (at[0] + 90, at[1]))
    opened.mouse.up()
    dragged = head.evaluate("head => getComputedStyle(head).width")
    assert float(dragged.removesuffix("px")) > before["width"] + 50
    opened.get_by_role("button", name="more").click()
    expect(many.locator(".count")).to_have_text("6,000 rows")
    expect(head).to_have_css("width", dragged)
    edge.dblclick(position={"x": 4, "y": 40})
    expect(head).not_to_have_css("width", dragged)


def test_values_are_written_as_their_type_and_format_want(values: Locator):
    first = values.locator("tbody tr").nth(1).locator("td")
    expect(first.nth(1)).to_have_text("−10.0%")
    expect(first.nth(2)).to_have_text("02 Jan 2024")
    expect(first.nth(3)).to_have_text("2024-01-03")
    expect(first.nth(4)).to_have_text("1 mo 00:01:30")
    values.locator("regular-table").evaluate("grid => { grid.scrollLeft = grid.scrollWidth }")
    expect(values.locator("tbody tr").first.get_by_text("c3bf", exact=True)).to_be_visible()


def test_bars_and_colours_say_where_a_number_lies(values: Locator):
    rows = values.locator("tbody tr")
    bar = rows.nth(2).locator("td").first
    expect(bar).to_have_attribute("data-scale", "bar")
    assert bar.evaluate("cell => cell.style.getPropertyValue('--to')") == "50%"
    expect(bar).to_have_css("background-image", re.compile("gradient"))
    expect(rows.first.locator("td").nth(1)).to_have_attribute("data-side", "below")
    depths = [
        rows.nth(at).locator("td").nth(1).evaluate("cell => cell.style.getPropertyValue('--depth')") for at in (0, 2, 4)
    ]
    assert depths == ["45%", "0%", "45%"]


def test_a_nested_value_unfolds_as_text_to_its_last_digit(opened: Page, values: Locator):
    values.locator("td[data-nested]").first.dblclick()
    panel = values.locator(".unfolded")
    expect(panel).to_contain_text("big: 9007199254740993")
    expect(panel.locator("details")).to_have_count(2)
    expect(panel.locator(".leaf").nth(1)).to_have_text("0: <b>")
    assert panel.locator("b").count() == 0
    opened.keyboard.press("Escape")
    expect(panel).to_have_count(0)


def test_long_text_can_be_read_as_a_whole(values: Locator):
    values.locator("regular-table").evaluate("grid => { grid.scrollLeft = grid.scrollWidth }")
    expect(values.locator("thead .name").first).not_to_have_text("volume")
    last = values.locator("tbody tr").first.locator("td").last
    expect(last).to_contain_text("long")
    last.dispatch_event("dblclick")  # the mouse may miss it: the end of the columns moves until all are measured
    expect(values.locator(".unfolded-text")).to_have_text(("<i>long</i> " * 200).strip())
    assert values.locator(".unfolded i").count() == 0


def test_a_thousand_columns_are_made_as_they_come_on_screen(wide: Locator):
    wide.scroll_into_view_if_needed()
    assert wide.locator("thead th").count() < 40
    wide.get_by_role("button", name="Columns", exact=True).click()
    wide.get_by_label("Find columns").fill("column_9")
    wide.get_by_label("Go to column_950", exact=True).click()
    expect(title(wide, "column_950")).to_be_focused()
    expect(wide.locator("tbody tr").nth(1).get_by_text("951", exact=True)).to_be_visible()
    choose(wide, "column_950", "Pin")
    wide.locator("regular-table").evaluate("grid => { grid.scrollLeft = 0 }")
    expect(wide.locator("thead .name").nth(1)).to_have_text("column_0")
    expect(wide.locator("tbody tr").nth(1).locator("th")).to_have_text("951")
