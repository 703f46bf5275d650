"""What is selected in a chart stands under it in Chromium, and can be cleared there."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.conftest import Serve

APP = """
import altair as alt

import dataapp as da

days = da.sql('''
    SELECT DATE '2024-01-01' + range::INT AS day, range % 7 AS n, ['a', 'b', '<b>c</b>'][1 + range % 3] AS k
    FROM range(100)
''')
drag = alt.selection_interval(name="drag", encodings=["x"])
line = da.chart(days).mark_line().encode(x="day:T", y="n:Q").properties(height=160).add_params(drag)
period = da.brush(line, selection=drag)
bars = da.chart(days).mark_bar().encode(x="count()", y="k:N")
chosen = da.pick(bars, "k")
kept = da.sql("SELECT count(*) AS kept FROM days WHERE $period AND $chosen")
da.App("Selections", main=[line, bars, kept]).servable()
"""


@pytest.fixture
def selections(page: Page, serve: Serve) -> Page:
    page.set_viewport_size({"width": 900, "height": 900})
    page.goto(serve(APP).url)
    expect(page.locator(".chart canvas")).to_have_count(2)
    expect(page.get_by_text("Drag to select")).to_be_visible()
    expect(page.get_by_text("Click to select; Shift adds")).to_be_visible()
    return page


def _drag(page: Page) -> None:
    box = page.locator(".chart canvas").first.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] * 0.4, box["y"] + 60)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.6, box["y"] + 80, steps=5)
    page.mouse.up()


def _click(page: Page, place: int) -> None:
    box = page.locator(".chart canvas").nth(1).bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + 100, box["y"] + 18 + 20 * place)


def test_what_is_selected_stands_under_the_chart_until_it_is_cleared(selections: Page) -> None:
    page = selections
    _drag(page)
    chips = page.locator(".selection-text")
    expect(chips).to_have_text([re.compile(r"^day: Feb \d+ – \d+, 2024$")])
    expect(page).to_have_url(re.compile("period="))
    page.reload()
    expect(chips).to_have_text([re.compile(r"^day: Feb \d+ – \d+, 2024$")])
    page.get_by_role("button", name="Clear period").click()
    expect(page.get_by_text("Drag to select")).to_be_visible()
    expect(page).not_to_have_url(re.compile("period="))


def test_a_chip_is_cleared_by_keyboard_and_shows_values_as_text(selections: Page) -> None:
    page = selections
    _click(page, 0)
    expect(page.locator(".selection-text")).to_have_text(["k: <b>c</b>"])
    page.get_by_role("button", name="Clear chosen").press("Enter")
    expect(page.get_by_text("Click to select; Shift adds")).to_be_visible()


YEARS = """
import altair as alt

import dataapp as da

years = da.sql("SELECT 2000 + range % 8 AS year, range AS n FROM range(80)")
sizes = alt.EncodingSortField("n", op="sum", order="descending")
bars = da.chart(years).mark_bar().encode(x=alt.X("year:O").sort(sizes), y="sum(n)").properties(height=160)
chosen = da.brush(bars)
kept = da.sql("SELECT count(*) AS kept, array_to_string(list_sort(list(DISTINCT year)), ' ') FROM years WHERE $chosen")

@da.cell
def told(kept):
    return " / ".join(str(value) for value in kept.row(0))

da.App("Years", main=[bars, told]).servable()
"""


@pytest.mark.parametrize(("share", "years"), [(0.1, "2007"), (0.22, "2006 2007"), (0.34, "2005 2006 2007")])
def test_numbers_of_an_ordinal_axis_are_chosen_one_by_one(page: Page, serve: Serve, share: float, years: str) -> None:
    page.set_viewport_size({"width": 900, "height": 700})
    page.goto(serve(YEARS).url)
    told = page.get_by_text(re.compile(r"^\d+ / "))
    expect(told).to_have_text("80 / 2000 2001 2002 2003 2004 2005 2006 2007")
    box = page.locator(".chart canvas").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 70, box["y"] + 60)
    page.mouse.down()
    page.mouse.move(box["x"] + 70 + share * (box["width"] - 70), box["y"] + 80, steps=5)
    page.mouse.up()
    count = len(years.split())
    expect(told).to_have_text(f"{10 * count} / {years}")
    expect(page.locator(".selection-text")).to_have_text(re.compile(r"^year: [\d,]+(, [\d,]+)*$"))


def test_what_stands_under_the_spinner_of_a_page_that_loads_can_be_used(selections: Page) -> None:
    page = selections
    page.wait_for_function("document.getElementById('loader').style.display === 'none'")
    page.evaluate("document.getElementById('loader').style.display = 'flex'")
    _drag(page)
    expect(page.locator(".selection-text")).to_have_text([re.compile(r"^day: Feb")])


DRAG_WHILE_IT_WAITS = """
  const wait = window.setTimeout;
  window.setTimeout = (call, delay, ...more) => {
    const chart = delay === undefined && document.querySelector("canvas") === null && find(document.body, "canvas");
    if (chart) {
      window.setTimeout = wait;
      const {left, top} = chart.getBoundingClientRect();
      const tell = (kind, x, target = chart) => target.dispatchEvent(new PointerEvent(
        kind, {clientX: left + x, clientY: top + 60, bubbles: true, composed: true, pointerType: "mouse"}));
      for (const [kind, x] of [["pointermove", 70], ["pointerdown", 70], ["pointermove", 180], ["pointerup", 180]])
        tell(kind, x);
      window.wasDragged = true;
    }
    return wait(call, delay, ...more);
  };
  function find(node, tag) {
    for (const one of [...(node.shadowRoot?.children ?? []), ...node.children]) {
      const found = one.localName === tag ? one : find(one, tag);
      if (found) return found;
    }
  }
"""


def test_what_is_dragged_over_names_while_a_chart_is_laid_out_is_selected(page: Page, serve: Serve) -> None:
    page.set_viewport_size({"width": 900, "height": 700})
    page.goto(serve(YEARS).url)
    told = page.get_by_text(re.compile(r"^\d+ / "))
    expect(page.locator(".chart canvas")).to_be_visible()
    page.evaluate(f"() => {{ {DRAG_WHILE_IT_WAITS} }}")
    page.set_viewport_size({"width": 700, "height": 700})
    page.wait_for_function("window.wasDragged")
    expect(told).to_have_text("20 / 2006 2007")


BY_DAYS = """
import dataapp as da

hours = da.sql("SELECT TIMESTAMP '2024-01-01' + to_hours(range::INT) AS ts, range % 7 AS n FROM range(2400)")
bars = da.chart(hours).mark_bar().encode(x="yearmonthdate(ts):T", y="sum(n):Q").properties(height=160)
period = da.brush(bars)
kept = da.sql("SELECT count(*) || ' kept' AS kept, min(ts) AS first, max(ts) AS last FROM hours WHERE $period")

@da.cell
def told(kept) -> str:
    return f"{kept['kept'].item()} from {kept['first'].item():%m-%d} to {kept['last'].item():%m-%d}"

da.App("Days", main=[bars, told]).servable()
"""


def test_a_drag_over_days_keeps_the_rows_of_these_days(page: Page, serve: Serve) -> None:
    page.set_viewport_size({"width": 900, "height": 900})
    page.goto(serve(BY_DAYS).url)
    expect(page.get_by_text("2400 kept from 01-01 to 04-09")).to_be_visible()
    _drag(page)
    expect(page.locator(".selection-text")).to_have_text([re.compile(r"^ts: Feb \d+ – \d+, 2024$")])
    told = page.get_by_text(re.compile(r"^\d{3} kept from 02-\d\d to 02-\d\d$"))
    expect(told).to_be_visible()
    expect(page).to_have_url(re.compile("period="))
    page.wait_for_timeout(1500)  # until the last place is told
    before = told.text_content()
    page.reload()
    expect(page.get_by_text(before or "", exact=True)).to_be_visible()
    expect(page.locator(".selection-text")).to_have_count(1)
    page.get_by_role("button", name="Clear period").click()
    expect(page.get_by_text("2400 kept from 01-01 to 04-09")).to_be_visible()


SLOW = """
import time

import altair as alt
import polars as pl

import dataapp as da

days = da.sql("SELECT range::DOUBLE AS x, range % 7 AS n FROM range(1000)")
drag = alt.selection_interval(name="drag", encodings=["x"])
line = da.chart(days).mark_line().encode(x="x:Q", y="n:Q").properties(height=160).add_params(drag)
span = da.brush(line, selection=drag)
kept = da.sql("SELECT count(*) AS kept FROM days WHERE $span")

@da.cell(kept=kept)
def told(kept: pl.DataFrame):
    time.sleep(0.1)
    return f"kept {kept.item()} days"

da.App("Slow", main=[line, told]).servable()
"""


def test_while_a_brush_is_dragged_what_follows_is_shown_again_and_again(page: Page, serve: Serve) -> None:
    page.set_viewport_size({"width": 900, "height": 700})
    page.goto(serve(SLOW).url)
    told = page.get_by_text(re.compile(r"kept \d+ days"))
    expect(told).to_have_text("kept 1000 days")
    box = page.locator(".chart canvas").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] * 0.3, box["y"] + 60)
    page.mouse.down()
    seen: set[str] = set()
    for step in range(150):  # every 20 ms another place
        page.mouse.move(box["x"] + box["width"] * 0.3 + 2 * step, box["y"] + 60)
        page.wait_for_timeout(20)
        seen |= set(told.all_text_contents())
    assert len(seen) > 4
    page.mouse.up()
    page.wait_for_timeout(1500)
    chips = page.locator(".selection-text").text_content() or ""
    low, high = (float(one.replace(",", "")) for one in re.findall(r"[\d.,]*\d", chips.split(":")[1]))
    expect(told).to_have_text(f"kept {len([x for x in range(1000) if low <= x <= high])} days")
