"""From a folder of files to a dashboard: explored, queried with completion, turned with a slider, charted and saved."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest
from playwright.sync_api import Locator, Page, expect

from dataapp.cli.check.inspection import inspect
from dataapp.cli.check.report import all_findings
from dataapp.cli.check.serving import load
from tests.conftest import Serve, ServedApp

TRADES = "SELECT ['AAPL', 'IBM', 'MSFT'][1 + range % 3] AS symbol, range % 1001 AS size, 100 + range % 7 AS price"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    duckdb.execute(f"COPY ({TRADES} FROM range(5000)) TO '{folder}/trades.parquet'")
    (folder / "firms.csv").write_text("symbol,firm\nAAPL,Apple\nIBM,IBM\nMSFT,Microsoft\n", "utf-8")
    return folder


def rows(grid: Locator) -> list[list[str]]:
    found = [row.locator("td").all_inner_texts() for row in grid.locator("tbody tr").all()]
    return [row for row in found if any(row)]


def has_rows(grid: Locator, wanted: list[list[str]]) -> None:
    expect(grid.locator("tbody tr").first.locator("td").nth(1)).to_have_text(wanted[0][1])
    expect(grid.locator("tbody tr")).to_have_count(len(wanted))
    assert rows(grid) == wanted


def counted(least: int) -> list[list[str]]:
    query = f"SELECT symbol, count(*) FROM ({TRADES} FROM range(5000)) WHERE size >= {least} GROUP BY ALL ORDER BY ALL"
    return [[symbol, str(count)] for symbol, count in duckdb.execute(query).fetchall()]


def test_a_folder_becomes_a_dashboard(
    explore: Callable[..., ServedApp], serve: Serve, page: Page, folder: Path, tmp_path: Path
) -> None:
    served = explore(folder)
    page.goto(served.url)

    # The tables are there, and the first rows of the first.
    expect(page.locator(".table .name")).to_have_text(["firms", "trades"], timeout=30_000)
    expect(page.locator(".table .detail").nth(1)).to_have_text("5,000")
    grid = page.locator("regular-table").first
    expect(grid.locator("td").first).to_have_text("AAPL")

    # A query, with a column that is completed and a parameter that becomes a slider.
    editor = page.locator(".cm-content").first
    editor.click()
    page.keyboard.press("Control+a")
    page.keyboard.type("FROM trades SELECT symbol, count(*) AS n WHERE si")
    expect(page.locator(".cm-tooltip-autocomplete li").first).to_contain_text("size")
    page.keyboard.press("Tab")
    page.keyboard.type(" >= $size GROUP BY ALL ORDER BY ALL")
    page.keyboard.press("Escape")
    expect(editor).to_have_text(
        "FROM trades SELECT symbol, count(*) AS n WHERE size >= $size GROUP BY ALL ORDER BY ALL"
    )
    page.keyboard.press("Control+Enter")
    has_rows(grid, counted(0))
    handle = page.locator(".MuiSlider-root").get_by_role("slider").first
    handle.focus()
    page.keyboard.press("End")
    has_rows(grid, counted(1000))
    page.keyboard.press("Home")
    page.keyboard.press("PageUp")
    expect(handle).not_to_have_attribute("aria-valuetext", "0")
    least = int(float(handle.get_attribute("aria-valuenow") or ""))
    assert 0 < least < 1000
    has_rows(grid, counted(least))

    # A chart, with its code.
    page.get_by_role("button", name="Chart").click()
    expect(page.get_by_label("Code of the chart")).to_contain_text(".mark_bar(tooltip=True)")
    expect(page.locator("canvas, svg.marks").first).to_be_visible()

    # Saved, it is what a colleague would have written, and shows the same.
    page.get_by_role("button", name="Save as app").click()
    page.get_by_role("textbox", name="File").fill("busy.py")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("status").filter(has_text="Saved")).to_contain_text("panel serve busy.py")
    shown = rows(grid)
    saved = tmp_path / "busy.py"
    assert "trades_by_symbol = da.sql(" in saved.read_text("utf-8")
    is_faultless(saved)
    dashboard = serve(saved)
    page.goto(dashboard.url)
    expect(page.locator("regular-table td").first).to_be_visible(timeout=30_000)
    has_rows(page.locator("regular-table").first, shown)
    assert shown == counted(least)
    expect(page.locator("canvas, svg.marks").first).to_be_visible()
    expect(page.locator(".MuiSlider-root").get_by_role("slider").first).to_have_attribute(
        "aria-valuenow", re.compile(rf"^{least}(\.0)?$")
    )


def is_faultless(app: Path) -> None:
    pyright = ["pyright", "--pythonpath", sys.executable]
    for arguments in (["ruff", "check", "--isolated"], ["ruff", "format", "--isolated", "--check"], pyright):
        done = subprocess.run([sys.executable, "-m", *arguments, app], capture_output=True, text=True, cwd=app.parent)
        assert done.returncode == 0, done.stdout + done.stderr
    with load(app) as loaded:
        assert list(all_findings([inspect(loaded)])) == []
