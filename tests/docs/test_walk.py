"""What the pages say of served apps, and of `dataapp explore`, done in a browser."""

import re
from pathlib import Path

import duckdb
import pytest
from playwright.sync_api import Page, expect

from tests.conftest import Serve
from tests.docs.pages import DOCS, ROOT, read_blocks
from tests.workbench.conftest import explorers

FLIGHTS = ROOT / "sample_data" / "flights.parquet"
FIRST, SECOND = [block.text for block in read_blocks(DOCS / "start.md") if block.title == "late.py"]
PAGE_OPENS_WITHIN = 30_000  # milliseconds
TABLE = next(block.text for block in read_blocks(DOCS / "tables.md") if block.title == "table.py")
EXPLORED = {
    "dataapp explore data/": ["data"],
    "dataapp explore": [path.stem for path in sorted((ROOT / "sample_data").glob("*.parquet"))],
    "dataapp explore trades.parquet": ["trades"],
    "dataapp explore 'data/2024-*.parquet'": ["data"],
    "dataapp explore *.parquet *.csv": ["trades", "firms"],
}
"""The tables that each command lists."""
HOME = next(block.text for block in read_blocks(DOCS / "index.md") if block.title == "app.py")


def count(condition: str) -> str:
    found = duckdb.execute(f"SELECT count(*) FROM '{FLIGHTS}' WHERE carrier = 'UA' AND {condition}").fetchone()
    assert found is not None
    return f"{found[0]:,}"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "sample_data").symlink_to(ROOT / "sample_data")
    return tmp_path


@pytest.mark.parametrize("text", [FIRST, HOME], ids=["start", "home"])
def test_moving_the_slider_counts_again(page: Page, serve: Serve, folder: Path, text: str) -> None:
    app = folder / "late.py"
    app.write_text(text, "utf-8")
    page.goto(serve(app).url)
    cells = page.locator(".explorer td")
    expect(cells.get_by_text(count("dep_delay > 15"), exact=True)).to_be_visible(timeout=PAGE_OPENS_WITHIN)
    slider = page.get_by_role("slider", name="Minutes late")
    slider.focus()
    slider.press("ArrowRight")
    expect(cells.get_by_text(count("dep_delay > 16"), exact=True)).to_be_visible()
    page.wait_for_url("**/late?late=16")


def test_dragging_over_days_counts_only_these_and_a_double_click_all(page: Page, serve: Serve, folder: Path) -> None:
    app = folder / "late.py"
    app.write_text(SECOND, "utf-8")
    page.goto(serve(app).url)
    cells = page.locator(".explorer td")
    everything = cells.get_by_text(count("true"), exact=True)
    expect(everything).to_be_visible(timeout=PAGE_OPENS_WITHIN)
    canvas = page.locator(".chart canvas").first
    page.wait_for_function(
        "canvas => canvas.width > 300 && canvas.toDataURL().length > 5000", arg=canvas.element_handle()
    )
    box = canvas.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] * 0.3, box["y"] + 60)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + 60)
    page.mouse.up()
    expect(everything).to_have_count(0)
    canvas.dblclick(position={"x": box["width"] * 0.7, "y": 60})
    expect(everything).to_be_visible()


def test_the_table_shows_all_flights(page: Page, serve: Serve, folder: Path) -> None:
    app = folder / "table.py"
    app.write_text(TABLE, "utf-8")
    page.goto(serve(app).url)
    expect(page.locator(".explorer .count")).to_have_text("336,776 rows", timeout=PAGE_OPENS_WITHIN)


def test_the_page_about_exploring_has_these_commands() -> None:
    blocks = [block for block in read_blocks(DOCS / "explore.md") if block.language == "sh"]
    assert [command for block in blocks for command in block.commands] == list(EXPLORED)


@pytest.mark.parametrize("command", EXPLORED)
def test_exploring_lists_the_tables_of_what_is_named(page: Page, tmp_path: Path, command: str) -> None:
    (tmp_path / "data").mkdir()
    for name in ("trades", "data/2024-01", "data/2024-02"):
        duckdb.execute(f"COPY (SELECT 'A' AS symbol, 5 AS size) TO '{tmp_path}/{name}.parquet'")
    (tmp_path / "firms.csv").write_text("symbol,firm\nA,Apple\n", "utf-8")
    words = re.findall(r"'[^']*'|\S+", command)[2:]
    found = [path.name for word in words if word[0] == "*" for path in tmp_path.glob(word)]
    with explorers(tmp_path) as explore:
        page.goto(explore(*(found or [word.strip("'") for word in words])).url)
        expect(page.locator(".table .fold .name")).to_have_text(EXPLORED[command], timeout=PAGE_OPENS_WITHIN)


def test_a_file_that_is_not_listed_is_read_by_its_path(page: Page, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    for name in ("firms", "data/trades"):
        (tmp_path / f"{name}.csv").write_text("symbol\nA\nB\n", "utf-8")
    query = next(found for found in re.findall(r"`(FROM '[^`]+)`", (DOCS / "explore.md").read_text("utf-8")))
    with explorers(tmp_path) as explore:
        page.goto(explore("firms.csv").url)
        expect(page.locator(".explorer .count")).to_have_text("2 rows", timeout=PAGE_OPENS_WITHIN)
        (tmp_path / "data" / "trades.csv").write_text("symbol\nA\nB\nC\n", "utf-8")
        page.locator(".cm-content").first.click()
        page.keyboard.press("Control+a")
        page.keyboard.insert_text(query)
        page.keyboard.press("Control+Enter")
        expect(page.locator(".explorer .count")).to_have_text("3 rows")
