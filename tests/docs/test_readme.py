"""The code in README runs as it stands there."""

import contextlib
import json
import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import duckdb
import pytest
from click.testing import CliRunner
from playwright.sync_api import Page, expect

from dataapp.cli import main
from tests.conftest import Serve
from tests.docs.pages import AS_INSTALLED, PYTEST_SETTINGS, is_explore, is_run
from tests.workbench.conftest import explorers

ROOT = Path(__file__).resolve().parents[2]
BLOCKS = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text("utf-8"), re.DOTALL)
SMALLEST, DESK, TESTS = BLOCKS
COMMANDS = re.findall(r"`((?:dataapp|python) [^`]+)`", (ROOT / "README.md").read_text("utf-8"))
SET_SLIDER = """value => {
    for (const model of Bokeh.documents[0]._all_models.values()) if (model.type.includes("Slider")) model.value = value;
}"""


def write_trades(path: Path, *, days: int = 2) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    duckdb.execute(
        """
        COPY (
            SELECT TIMESTAMP '2024-03-01 09:30:00' + to_seconds(30 * i) AS ts,
                   ['AAPL', 'IBM', 'MSFT'][1 + i % 3] AS symbol,
                   round(100 + 10 * sin(i / 50) + i % 7, 2) AS price, 100 * (1 + i % 12) AS size
            FROM range($1) AS t(i)
        ) TO '"""
        + str(path)
        + "' (FORMAT parquet)",
        [days * 780],
    )


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """The desk of README beside sample data of its own."""
    write_trades(tmp_path / "sample_data" / "trades" / "part.parquet")
    path = tmp_path / "notebooks" / "desk.py"
    path.parent.mkdir()
    path.write_text(DESK, "utf-8")
    return path


def test_readme_has_the_smallest_app_the_desk_and_its_tests() -> None:
    assert "pn.Column(size, busy).servable()" in SMALLEST
    assert "da.brush(price" in DESK
    assert "def test_fifteen_minute_bars" in TESTS


def test_readme_says_where_each_app_finds_its_data() -> None:
    before = (ROOT / "README.md").read_text("utf-8").split("```python\n")
    assert "`trades.parquet`" in before[0].rpartition("## The smallest app")[2]
    assert "`notebooks/desk.py`" in before[1].rpartition("## A real app")[2]
    assert "source .venv/bin/activate" in before[0]


def test_the_tests_in_readme_pass_in_the_checkout(desk: Path) -> None:
    (desk.parent / "test_desk.py").write_text(TESTS, "utf-8")
    root = desk.parent.parent
    for settings in PYTEST_SETTINGS:
        (root / settings).symlink_to(ROOT / settings)
    command = next(command for command in COMMANDS if command.startswith("python"))
    assert command == "python -m pytest notebooks/test_desk.py"
    run = subprocess.run(
        [sys.executable, *command.split()[1:], *AS_INSTALLED], cwd=root, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert "2 passed" in run.stdout


@pytest.mark.parametrize("command", [command for command in COMMANDS if is_run(command) and command[0] == "d"])
def test_the_commands_in_readme_run_where_it_says(desk: Path, command: str) -> None:
    is_beside_the_app = "notebooks/" not in command
    with contextlib.chdir(desk.parent if is_beside_the_app else desk.parent.parent):
        result = CliRunner().invoke(main, command.split()[1:])
    assert result.exit_code == 0, result.output


def test_readme_explores_what_the_demo_has_made(page: Page, desk: Path) -> None:
    (command,) = [command for command in COMMANDS if is_explore(command)]
    with explorers(desk.parent) as explore:
        page.goto(explore(*command.split()[2:]).url)
        expect(page.locator(".table .fold .name")).to_have_text(["part"], timeout=30_000)


def test_the_desk_passes_its_own_check(desk: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "dataapp", "check", str(desk)], capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stdout + run.stderr


def test_the_smallest_app_counts_what_duckdb_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_trades(tmp_path / "trades.parquet")
    (tmp_path / "smallest.py").write_text(SMALLEST, "utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    import smallest  # pyright: ignore[reportMissingImports]

    counted = dict(smallest.busy.evaluate(size=500).iter_rows())
    expected = duckdb.sql(
        f"SELECT symbol, count(*) FROM '{tmp_path}/trades.parquet' WHERE size >= 500 GROUP BY ALL"
    ).fetchall()
    assert counted == dict(expected)


def test_the_smallest_app_reruns_its_query_when_the_slider_moves(page: Page, serve: Serve, tmp_path: Path) -> None:
    write_trades(tmp_path / "trades.parquet")
    app = tmp_path / "smallest.py"
    app.write_text(SMALLEST, "utf-8")
    page.goto(serve(app).url)
    expect(page.locator(".explorer .count")).to_have_text("3 rows")
    expect(page.get_by_text("520", exact=True).first).to_be_visible()
    page.evaluate(SET_SLIDER, 1000)
    expect(page.get_by_text("130", exact=True).first).to_be_visible()
    expect(page.get_by_text("520", exact=True)).to_have_count(0)


def test_the_desk_filters_its_tape_by_what_is_brushed(page: Page, serve: Serve, desk: Path) -> None:
    page.goto(serve(desk).url)
    tape = page.locator(".explorer .count").last
    expect(tape).to_have_text("1,560 rows")
    canvas = page.locator(".chart canvas").first
    page.wait_for_function(
        "canvas => canvas.width > 300 && canvas.toDataURL().length > 5000", arg=canvas.element_handle()
    )
    box = canvas.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] * 0.3, box["y"] + 100)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + 100)
    page.mouse.up()
    page.wait_for_url(re.compile("brush="))
    expect(tape).not_to_have_text("1,560 rows")
    low, high = next(iter(json.loads(parse_qs(urlsplit(page.url).query)["brush"][0]).values()))
    data = desk.parent.parent / "sample_data" / "trades" / "part.parquet"
    counted = duckdb.execute(
        f"SELECT count(*) FROM '{data}' WHERE ts BETWEEN $1::TIMESTAMP AND $2::TIMESTAMP", [low, high]
    ).fetchone()
    assert counted is not None
    expect(tape).to_have_text(f"{counted[0]:,} rows")
