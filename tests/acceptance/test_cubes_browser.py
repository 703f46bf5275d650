"""Dragging a slider and brushing a chart over a million rows: cubes answer, with the values of the plain query."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlparse

import duckdb
import pytest
from playwright.sync_api import Page, expect

_APP = """
import dataapp as da
import panel as pn
from dataapp.app.sessions import engine

engine().cubes.worth = 0.0  # on a quick machine, too
ticks = da.source("ticks.parquet")
least = da.input(pn.widgets.IntSlider, start=0, end=100, name="Least")
large = da.sql("SELECT *, md5(size::VARCHAR) AS digest FROM ticks WHERE size >= $least")  # slow without a cube
days = da.sql("SELECT ts::DATE AS day, count(digest) AS ticks FROM large GROUP BY day ORDER BY day")
line = da.chart(days).mark_line().encode(x="day:T", y="ticks:Q")
period = da.brush(line, x="ts")
figures = da.sql(
    "SELECT count(*) AS brushed, sum(size)::BIGINT AS total, max(md5(size::VARCHAR)) AS last FROM ticks WHERE $period"
)


@da.cell(figures=figures)
def told(figures) -> str:
    return "told: {} {}".format(*figures.row(0)[:2])


asked = pn.widgets.Button(name="Explain")
explained = pn.pane.Str("")


def explain(_):
    texts = [f"asked {asked.clicks} times", *(cell.explain(analyze=False) for cell in (days, figures))]
    explained.object = "\\n".join(texts)


asked.on_click(explain)
pn.Column(least, line, told, asked, explained).servable()
"""


@pytest.fixture(scope="module")
def served(serve_for_module: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder: Path = tmp_path_factory.mktemp("cubes")
    query = """
        SELECT TIMESTAMP '2024-01-01' + to_seconds(30 * i) AS ts, (hash(i) % 101)::INTEGER AS size
        FROM range(1_000_000) AS t(i)
    """
    duckdb.sql(query).write_parquet(str(folder / "ticks.parquet"))
    (folder / "app.py").write_text(_APP, "utf-8")
    return serve_for_module(folder / "app.py"), folder / "ticks.parquet"


def _cubes(page: Page) -> list[tuple[str, int]]:
    """Ask the app what its cubes answered, and how often."""
    told = page.locator("pre", has_text=re.compile(r"^asked \d+ times"))
    before = told.inner_text().split()[1] if told.count() else "0"
    page.get_by_role("button", name="Explain").click()
    expect(told).to_contain_text(f"asked {int(before) + 1} times")
    found = re.findall(r"while (.*) moves: [\d,]+ rows .*; it answered ([\d,]+) time", told.inner_text())
    return [(names, int(count.replace(",", ""))) for names, count in found]


def _wait_for_answers(page: Page, move: Callable[[int], None], name: str) -> None:
    """Move until a cube has answered."""
    for turn in range(60):
        move(turn)
        page.wait_for_timeout(300)
        if turn % 5 == 4 and any(name in names and count for names, count in _cubes(page)):
            return
    raise AssertionError(f"no cube answered while {name} moved: {_cubes(page)}")


def test_a_slider_and_a_brush_are_answered_from_cubes_with_the_plain_values(page: Page, served: Any) -> None:
    server, file = served
    page.set_default_timeout(90_000)  # on a busy machine
    page.goto(server.url)
    expect(page.get_by_text("told: 1000000 ")).to_be_visible()
    handle = page.get_by_role("slider").first
    handle.focus()
    _wait_for_answers(page, lambda _: handle.press("ArrowRight"), "least")
    canvas = page.locator("canvas").first
    box = canvas.bounding_box()
    assert box is not None
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + 120, y)
    page.mouse.down()
    for turn in range(60):
        page.mouse.move(box["x"] + 160 + 4 * turn, y)
        page.wait_for_timeout(250)
    page.mouse.up()
    assert any("period" in names and count for names, count in _cubes(page)), page.locator("pre").last.inner_text()
    low, high = _brushed(page)
    query = "SELECT count(*), sum(size)::BIGINT FROM read_parquet($1) WHERE ts BETWEEN $2::TIMESTAMP AND $3::TIMESTAMP"
    rows = duckdb.execute(query, [str(file), low, high]).fetchone()
    assert rows is not None
    expect(page.get_by_text(f"told: {rows[0]} {rows[1]}")).to_be_visible()


def _brushed(page: Page) -> tuple[str, str]:
    """Return the ends of the brush, as the address has them."""
    page.wait_for_timeout(1500)
    [value] = parse_qs(urlparse(page.url).query)["period"]
    low, high = next(iter(json.loads(value).values()))
    return low, high
