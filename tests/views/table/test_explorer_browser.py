"""The grid in Chromium, over five million rows of Parquet and a few awkward ones."""

import re
from collections.abc import Callable, Iterator

import duckdb
import pytest
from playwright.sync_api import Browser, Locator, Page, WebSocket, expect

from tests.views.table.hands import cell

ROWS = 5_000_000
APP = """
import panel as pn
import panel_material_ui as ui
from dataapp.engines.duckdb import DuckDB
from dataapp.engines.relation import Relation
from dataapp.views.table.explorer import TableExplorer
from dataapp.views.table.relation import rows
from tests.views.table.threads import ThreadSubmit

engine = pn.state.cache.setdefault("engine", DuckDB())
submit = ThreadSubmit(pn.state.curdoc)


rows._MOST_KEPT = 10_000_000  # so that the file counts as huge


def explore(sql, fixed_order=True):
    explorer = TableExplorer(submit)
    explorer.show(Relation(sql, key=sql, engine=engine, fixed_order=fixed_order))
    return explorer


trades = explore("FROM {path!r}")
awkward = explore(
    '''SELECT * FROM (VALUES (NULL, 'nan'::DOUBLE, 'null'), ('', 'inf', '<img src=x onerror="window.pwned=1">'),
       ('x', 1.5, NULL)) AS rows("<script>window.pwned=1</script>", number, "text")'''
)
wide = explore("SELECT " + ", ".join(f"i + {{at}} AS column_{{at}}" for at in range(500)) + " FROM range(1000) t(i)")
least = ui.IntInput(label="least", value=0)
sized = TableExplorer(submit)
least.param.watch(lambda event: show(event.new), "value")


def show(low):
    sql = f"SELECT i AS n, i % 7 AS rest FROM range({{low}}, 30000) t(i)"
    sized.show(Relation(sql, key=sql, engine=engine, fixed_order=True))


show(0)
dark = pn.state.session_args.get("theme") == [b"dark"]
ui.Page(title="Explorer", main=[trades, awkward, wide, least, sized], dark_theme=dark).servable()
"""


@pytest.fixture(scope="module")
def url(serve_for_module: Callable[..., object], tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("data") / "trades.parquet"
    duckdb.execute(
        f"""COPY (SELECT i AS id, ['AAPL', 'MSFT', 'GOOG'][1 + i % 3] AS symbol, (i * 7919) % {ROWS} AS price,
            CASE WHEN i % 5 = 0 THEN '<script>window.pwned=1</script>' ELSE 'note ' || i END AS note
            FROM range({ROWS}) t(i)) TO '{path}'"""
    )
    served = serve_for_module(APP.format(path=str(path)))
    return served.url  # type: ignore[attr-defined]


@pytest.fixture(scope="module")
def opened(browser: Browser, url: str) -> Iterator[Page]:
    """One page for the tests that leave it as they found it."""
    page = browser.new_page(viewport={"width": 1400, "height": 900})
    page.goto(url)
    expect(page.locator(".explorer[data-state=fresh]")).to_have_count(4, timeout=30_000)
    yield page
    assert page.evaluate("window.pwned") is None
    page.close()


def explorer(page: Page, at: int) -> Locator:
    return page.locator(".explorer").nth(at)


def press(table: Locator, key: str) -> None:
    table.locator("regular-table").focus()
    table.page.keyboard.press(key)


def scroll_to(table: Locator, fraction: float) -> None:
    table.locator("regular-table").evaluate(
        "(grid, at) => { grid.scrollTop = (grid.scrollHeight - grid.clientHeight) * at }", fraction
    )


@pytest.fixture
def trades(opened: Page) -> Iterator[Locator]:
    table = explorer(opened, 0)
    yield table
    for column in range(4):
        field = table.locator("input.filter").nth(column)
        if field.input_value():
            field.fill("")
            field.press("Enter")
            expect(table).to_have_attribute("data-state", "fresh")
    press(table, "Control+Home")
    expect(table.locator(".count")).to_have_text("5,000,000 rows")


def test_the_last_row_of_five_million_can_be_reached(trades: Locator):
    press(trades, "Control+End")
    expect(trades.locator("tbody")).to_contain_text("4,999,999")
    expect(trades.locator(".place")).to_have_text(re.compile("– 5,000,000$"))


def test_a_key_moves_by_one_row_also_in_the_middle(trades: Locator):
    scroll_to(trades, 0.5)
    expect(cell(trades, 0, 0)).to_have_text(re.compile(r"^2,\d+"))
    expect(cell(trades, 3, 3)).not_to_have_text("")
    chosen = int(cell(trades, 3, 0).inner_text().replace(",", ""))
    cell(trades, 3, 0).click()
    selected = trades.locator("[data-cursor]")
    for step in range(1, 10):  # beyond the last row on screen
        trades.page.keyboard.press("ArrowDown")
        expect(selected).to_have_text(f"{chosen + step:,}")
        expect(selected).to_be_focused()
    place = trades.locator(".place")
    before = int(place.inner_text().partition(" ")[0].replace(",", ""))
    trades.page.keyboard.press("ArrowDown")
    expect(place).to_have_text(re.compile(f"^{before + 1:,} "))
    expect(trades.locator("tbody")).to_contain_text(f"{chosen + 10:,}")


def test_the_wheel_moves_by_its_own_distance_also_in_the_middle(trades: Locator):
    scroll_to(trades, 0.5)
    expect(cell(trades, 0, 0)).to_have_text(re.compile(r"^2,\d+"))
    before = int(cell(trades, 1, 0).inner_text().replace(",", ""))
    trades.hover(position={"x": 300, "y": 200})
    for _ in range(10):
        trades.page.mouse.wheel(0, 260)
    expect(cell(trades, 1, 0)).to_have_text(f"{before + 100:,}")


def first_row(table: Locator) -> int:
    return int(table.locator(".place").inner_text().partition(" ")[0].replace(",", ""))


@pytest.mark.parametrize("fraction", [0.1, 0.25, 0.5, 0.75, 0.9])
def test_a_share_of_the_scroll_bar_is_as_large_a_share_of_the_rows(trades: Locator, fraction: float):
    scroll_to(trades, 0)
    expect(trades.locator(".place")).to_have_text(re.compile("^1 "))
    scroll_to(trades, fraction)
    expect(trades.locator(".place")).not_to_have_text(re.compile("^1 "))
    assert first_row(trades) == pytest.approx(fraction * ROWS, abs=ROWS / 500)
    first = first_row(trades)
    expect(cell(trades, 1, 0)).to_have_text(re.compile(f"^({first - 1:,}|{first:,}|{first + 1:,})$"))


@pytest.mark.parametrize("direction", [-1, 1])
def test_the_wheel_is_exact_also_where_the_bar_ends_before_the_rows(trades: Locator, direction: int):
    scroll_to(trades, 0.5)
    expect(trades.locator(".place")).to_have_text(re.compile("^2,"))
    trades.locator("regular-table").evaluate(
        """(grid, isUp) => { grid.scrollTop = isUp ? 6240 : grid.scrollHeight - grid.clientHeight - 6240 }""",
        direction < 0,
    )
    expect(trades.locator(".place")).to_have_text(re.compile(r"^(1,\d{3}|4,99\d,\d{3}) "))
    before = first_row(trades)
    trades.hover(position={"x": 300, "y": 200})
    for _ in range(50):
        trades.page.mouse.wheel(0, direction * 26 * 20)
    expect(trades.locator(".place")).to_have_text(re.compile(f"^{before + direction * 1000:,} "))


def test_markup_in_cells_is_text(trades: Locator):
    expect(cell(trades, 0, 3)).to_have_text("<script>window.pwned=1</script>")
    assert trades.locator("tbody script").count() == 0


def test_a_click_sorts_and_the_whole_order_can_be_scrolled(trades: Locator):
    title = trades.locator(".title", has_text="price")
    title.click()
    title.click()
    expect(cell(trades, 0, 2)).to_have_text(f"{ROWS - 1:,}")
    expect(trades).to_have_attribute("data-state", "fresh", timeout=30_000)
    press(trades, "Control+End")
    expect(trades.locator("tbody tr td:nth-child(3)").filter(has_text=re.compile("^0$"))).to_have_count(1)
    title.click()
    expect(trades).to_have_attribute("data-state", "fresh", timeout=30_000)
    expect(cell(trades, 0, 0)).to_have_text("0")


def test_rows_on_screen_of_a_huge_sorted_file_come_before_the_blocks_that_they_are_in(browser: Browser, url: str):
    page = browser.new_page(viewport={"width": 1400, "height": 900})
    came: list[str] = []

    def listen(socket: WebSocket) -> None:
        socket.on("framereceived", lambda payload: came.append("seen") if '"seen"' in str(payload) else None)

    page.on("websocket", listen)
    page.goto(url)
    table = explorer(page, 0)
    expect(table).to_have_attribute("data-state", "fresh", timeout=30_000)
    table.locator(".title", has_text="price").click()
    table.locator(".title", has_text="price").click()
    expect(cell(table, 0, 2)).to_have_text(f"{ROWS - 1:,}")
    expect(table).to_have_attribute("data-state", "fresh", timeout=30_000)
    for fraction, price in ((0.5, "^2,"), (1.0, r"^\d{1,2}$")):
        came.clear()
        scroll_to(table, fraction)
        expect(cell(table, 0, 2)).to_have_text(re.compile(price))
        expect(table.locator("td[data-is=wait]")).to_have_count(0)
        first = int(cell(table, 0, 2).inner_text().replace(",", ""))
        assert cell(table, 5, 2).inner_text() == f"{first - 5:,}"
        assert "seen" in came
    page.close()


def test_filters_count_and_combine(trades: Locator):
    trades.get_by_label("Filter symbol").fill("aap")
    expect(trades.locator(".count")).to_have_text("1,666,667 of 5,000,000 rows")
    trades.get_by_label("Filter id").fill("3000..3008")
    expect(trades.locator(".count")).to_have_text("3 of 5,000,000 rows")
    expect(trades.locator("tbody tr td:first-child")).to_have_text(["3,000", "3,003", "3,006"])


def test_a_filter_that_makes_no_sense_is_explained_at_its_field(trades: Locator):
    field = trades.get_by_label("Filter id")
    field.fill("abc")
    expect(trades.locator(".bubble")).to_contain_text("`abc` is not a number")
    expect(field).to_have_attribute("aria-invalid", "true")


def test_typing_goes_on_while_rows_arrive(trades: Locator):
    field = trades.get_by_label("Filter note")
    field.press_sequentially("note 12345", delay=60)
    expect(field).to_be_focused()
    expect(trades.locator(".count")).to_have_text("88 of 5,000,000 rows")
    expect(field).to_have_value("note 12345")


def test_names_and_values_that_look_like_markup_are_text(opened: Page):
    awkward = explorer(opened, 1)
    expect(awkward.locator(".name").first).to_have_text("<script>window.pwned=1</script>")
    expect(cell(awkward, 1, 2)).to_have_text('<img src=x onerror="window.pwned=1">')
    assert awkward.locator("script, img").count() == 0


def test_nulls_differ_from_the_text_null_and_from_empty_text(opened: Page):
    awkward = explorer(opened, 1)
    expect(cell(awkward, 0, 0)).to_have_attribute("data-is", "null")
    expect(cell(awkward, 0, 2)).to_have_attribute("data-is", "")
    expect(cell(awkward, 0, 2)).to_have_text("null")
    expect(cell(awkward, 1, 0)).to_have_text("")
    expect(cell(awkward, 0, 1)).to_have_text("NaN")
    expect(cell(awkward, 1, 1)).to_have_text("∞")


def test_a_short_table_is_no_higher_than_its_rows(opened: Page):
    box = explorer(opened, 1).bounding_box()
    assert box is not None
    assert box["height"] < 260


def test_the_last_of_five_hundred_columns_can_be_reached(opened: Page):
    wide = explorer(opened, 2)
    for _ in range(30):
        wide.locator("regular-table").evaluate("grid => { grid.scrollLeft = grid.scrollWidth }")
        opened.evaluate("() => new Promise(requestAnimationFrame)")
    expect(wide.locator(".name").last).to_have_text("column_499")
    expect(wide.locator("tbody tr").first.locator("td").last).to_have_text("499")


def test_new_rows_take_the_place_of_old_ones_without_moving(opened: Page):
    sized = explorer(opened, 3)
    sized.scroll_into_view_if_needed()
    title = sized.locator(".title").first
    title.click()
    title.click()
    expect(cell(sized, 0, 0)).to_have_text("29,999")
    expect(sized).to_have_attribute("data-state", "fresh")
    scroll_to(sized, 0.5)
    expect(cell(sized, 1, 0)).to_have_text(re.compile(r"^1[45],"))
    top = sized.locator("regular-table").evaluate("grid => grid.scrollTop")
    field = opened.get_by_label("least")
    field.fill("100")
    field.press("Enter")
    expect(sized.locator(".count")).to_have_text("29,900 rows")
    assert sized.locator("regular-table").evaluate("grid => grid.scrollTop") == top
    expect(sized.locator("th[aria-sort=descending]")).to_have_count(1)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_it_follows_the_theme_of_the_page(browser: Browser, url: str, theme: str):
    page = browser.new_page(viewport={"width": 390, "height": 800})
    page.goto(f"{url}?theme={theme}")
    table = explorer(page, 0)
    expect(table).to_have_attribute("data-state", "fresh", timeout=30_000)
    paper, ink = table.evaluate("one => [getComputedStyle(one).backgroundColor, getComputedStyle(one).color]")
    assert (brightness(paper) < brightness(ink)) == (theme == "dark")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    page.close()


def brightness(color: str) -> float:
    return sum(float(part) for part in re.findall(r"[\d.]+", color)[:3])
