"""`dataapp explore` on screens of several widths: nothing sticks out of the page."""

from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.conftest import ServedApp

SOON = 30_000  # milliseconds
QUERY = """
SELECT symbol, count(*) AS n FROM trades
WHERE size >= $size AND symbol = $symbol AND ts BETWEEN $days[1] AND $days[2] GROUP BY ALL
"""


def right_of(found: Locator) -> float:
    box = found.bounding_box()
    assert box is not None
    return box["x"] + box["width"]


@pytest.mark.parametrize("width", [1400, 768, 390])
def test_nothing_sticks_out_of_a_page_with_every_kind_of_control(
    explore: Callable[..., ServedApp], page: Page, tmp_path: Path, width: int
) -> None:
    day = "TIMESTAMP '2024-01-01' + to_days(range::INTEGER % 90)"
    trades = f"SELECT ['A', 'B'][1 + range % 2] AS symbol, range % 100 AS size, {day} AS ts FROM range(1000)"
    duckdb.execute(f"COPY ({trades}) TO '{tmp_path}/trades.parquet'")
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(explore("trades.parquet").url)
    editor = page.locator(".cm-content").first
    expect(editor).to_have_text("FROM trades", timeout=SOON)
    editor.click()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(QUERY)
    page.keyboard.press("Control+Enter")
    expect(page.locator(".MuiSlider-root").get_by_role("slider")).to_have_count(3, timeout=SOON)
    page.get_by_role("button", name="Chart").click()
    expect(page.locator(".chart canvas").first).to_be_visible(timeout=SOON)
    edge = right_of(page.locator(".query").first)
    controls = page.locator(".MuiSlider-root, .MuiFormControl-root, .chart canvas, .explorer").all()
    assert len(controls) > 8
    assert [control for control in controls if right_of(control) > edge + 1] == []
