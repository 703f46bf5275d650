"""What the pages say of served apps, done in a browser."""

from pathlib import Path

import duckdb
import pytest
from playwright.sync_api import Page, expect

from tests.conftest import Serve
from tests.docs.pages import DOCS, ROOT, read_blocks

FLIGHTS = ROOT / "sample_data" / "flights.parquet"
FIRST, SECOND = [block.text for block in read_blocks(DOCS / "start.md") if block.title == "late.py"]
PAGE_OPENS_WITHIN = 30_000  # milliseconds
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
