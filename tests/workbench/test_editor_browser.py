"""The SQL editor in Chromium, in a page of Material UI."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

APP = """
import panel as pn
import panel_material_ui as ui
from dataapp.workbench.editor.editor import SqlEditor

MESSAGE = '<img src=x onerror="window.pwned=1"> is no column'
columns = {
    "trades": {"symbol": "VARCHAR", "price": "DOUBLE", "order": "INTEGER"},
    "quotes": {"bid": "DOUBLE", "ask": "DOUBLE"},
}
tables = [
    {"name": name, "kind": "table", "detail": "1,234 rows", "columns": [{"name": k, "type": v} for k, v in of.items()]}
    for name, of in columns.items()
]
functions = [{"name": "round", "signature": "round(x, precision)", "description": "Rounds a number."}]
schema = {"tables": tables, "functions": functions, "parameters": [{"name": "size", "detail": "Slider"}]}
editor = SqlEditor(schema=schema, sizing_mode="stretch_width")
value, ran, told = (pn.pane.Str("", css_classes=[name]) for name in ("value", "ran", "told"))
editor.param.watch(lambda event: setattr(value, "object", event.new), "value")
editor.on_run(lambda text: setattr(ran, "object", text))


def fail(_):
    editor.diagnostics = [{"line": 1, "column": 8, "message": MESSAGE, "severity": "error"}]


buttons = [
    ui.Button(label="Set", on_click=lambda _: setattr(editor, "value", "FROM quotes")),
    ui.Button(label="Insert", on_click=lambda _: editor.insert("price")),
    ui.Button(label="Fail", on_click=fail),
    ui.Button(label="Tell", on_click=lambda _: setattr(told, "object", editor.value)),
    ui.Button(label="Work", on_click=lambda _: setattr(editor, "busy", True)),
]
dark = pn.state.session_args.get("theme") == [b"dark"]
card = ui.Card(editor, title="Query", sizing_mode="stretch_width")
ui.Page(title="Editor", main=[card, pn.Row(*buttons), value, ran, told], dark_theme=dark).servable()
"""


@pytest.fixture(scope="module")
def url(serve_for_module: Callable[..., object]) -> str:
    return serve_for_module(APP).url  # type: ignore[attr-defined]


@pytest.fixture
def editor(page: Page, url: str) -> Locator:
    page.goto(url)
    content = page.locator(".cm-content")
    content.click(timeout=30_000)
    return content


def type_text(editor: Locator, text: str) -> None:
    editor.press_sequentially(text)


def options(editor: Locator) -> Locator:
    return editor.page.locator(".cm-tooltip-autocomplete .cm-completionLabel")


def to_start(editor: Locator, column: int) -> None:
    editor.press("Control+Home")
    for _ in range(column):
        editor.press("ArrowRight")


def test_columns_of_the_table_in_from_come_first(editor: Locator):
    type_text(editor, "FROM trades WHERE p")
    expect(options(editor).first).to_have_text("price")


def test_columns_are_offered_before_their_from(editor: Locator):
    type_text(editor, "SELECT  FROM quotes")
    editor.press("Escape")
    to_start(editor, 7)
    type_text(editor, "b")
    expect(options(editor).first).to_have_text("bid")


def test_an_alias_offers_its_own_columns_only(editor: Locator):
    type_text(editor, "FROM trades t, quotes q WHERE q.")
    expect(options(editor)).to_have_text(["bid", "ask"])


def test_a_with_name_offers_the_columns_that_it_selects(editor: Locator):
    type_text(editor, "WITH best AS (SELECT bid AS top, ask FROM quotes) FROM best WHERE best.")
    expect(options(editor)).to_have_text(["top", "ask"])


def test_from_offers_tables_first(editor: Locator):
    type_text(editor, "from ")
    expect(options(editor).first).to_have_text("trades")


def test_tab_accepts_and_the_text_reaches_python(editor: Locator):
    type_text(editor, "FROM tra")
    expect(options(editor).first).to_have_text("trades")
    editor.press("Tab")
    expect(editor).to_have_text("FROM trades")
    expect(editor.page.locator(".value")).to_have_text("FROM trades")


def test_a_name_that_is_a_keyword_is_inserted_with_quotes(editor: Locator):
    type_text(editor, "FROM trades t SELECT t.ord")
    expect(options(editor).first).to_have_text("order")
    editor.press("Tab")
    expect(editor).to_have_text('FROM trades t SELECT t."order"')


def test_keywords_come_in_the_case_that_is_typed(editor: Locator):
    type_text(editor, "sel")
    expect(options(editor).first).to_have_text("select")


def test_a_dollar_offers_parameters(editor: Locator):
    type_text(editor, "FROM trades LIMIT $")
    expect(options(editor)).to_have_text(["$size"])


def test_strings_offer_nothing(editor: Locator):
    type_text(editor, "FROM trades WHERE symbol = 'p")
    editor.press("Control+Space")
    expect(options(editor)).to_have_count(0)


def test_escape_then_tab_leaves_the_editor(editor: Locator):
    editor.press("Escape")
    editor.press("Tab")
    expect(editor).not_to_be_focused()


@pytest.mark.parametrize("keys", ["Control+Enter", "Shift+Enter"])
def test_running_hands_over_what_was_typed_last(editor: Locator, keys: str):
    type_text(editor, "FROM trades LIMIT 7")
    editor.press(keys)
    expect(editor.page.locator(".ran")).to_have_text("FROM trades LIMIT 7")
    expect(editor).to_have_text("FROM trades LIMIT 7")


def test_a_message_is_shown_as_text_and_goes_when_its_place_is_edited(editor: Locator):
    page = editor.page
    type_text(editor, "SELECT nothing FROM trades")
    editor.press("Escape")
    page.get_by_role("button", name="Fail").click()
    mark = page.locator(".cm-lintRange-error")
    expect(mark).to_have_text("nothing")
    mark.hover()
    expect(page.locator(".cm-diagnosticText")).to_have_text('<img src=x onerror="window.pwned=1"> is no column')
    assert page.evaluate("window.pwned") is None
    editor.focus()
    to_start(editor, 10)
    type_text(editor, "x")
    expect(mark).to_have_count(0)


def test_text_from_python_appears(editor: Locator):
    editor.page.get_by_role("button", name="Set").click()
    expect(editor).to_have_text("FROM quotes")


def test_inserted_text_stands_at_the_cursor_and_the_editor_has_the_focus(editor: Locator):
    type_text(editor, "SELECT  FROM trades")
    editor.press("Escape")
    to_start(editor, 7)
    editor.page.get_by_role("button", name="Insert").click()
    expect(editor).to_have_text("SELECT price FROM trades")
    expect(editor).to_be_focused()


def test_busy_is_told(editor: Locator):
    editor.page.get_by_role("button", name="Work").click()
    expect(editor.page.locator(".query")).to_have_attribute("aria-busy", "true")


def test_the_dark_theme_writes_light_on_dark(page: Page, url: str):
    page.goto(f"{url}?theme=dark")
    page.locator(".cm-content").wait_for(timeout=30_000)
    box = page.locator(".query")
    text, surface = (
        box.evaluate("(e, name) => getComputedStyle(e)[name]", name) for name in ("color", "backgroundColor")
    )
    lightness = [sum(float(part) for part in re.findall(r"[\d.]+", color)[:3]) for color in (text, surface)]
    assert lightness[0] > 500 > 200 > lightness[1]


def test_a_click_right_after_typing_finds_what_was_typed(editor: Locator):
    page = editor.page
    page.clock.install()  # so that no timer of the page runs out by itself
    page.clock.pause_at(page.evaluate("Date.now()") + 1000)
    type_text(editor, "FROM trades LIMIT 8")
    page.get_by_role("button", name="Tell").click()
    expect(page.locator(".told")).to_have_text("FROM trades LIMIT 8")
