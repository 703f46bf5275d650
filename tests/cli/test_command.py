"""The command as a whole: help, output and exit status."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

import dataapp
from tests.cli.conftest import run

ROOT = Path(__file__).resolve().parents[2]
CLEAN = 'da.App("A", main=[da.sql("SELECT 1 AS n", name="one")]).servable()'
WARNED = 'da.App("A", main=[da.sql("SELECT 1 AS n", name="one")]).servable()\nleft_over = da.sql("SELECT 2 AS n")'
BROKEN = 'bars = da.sql("SELECT m FROM (SELECT 1 AS n)")'

type Write = Callable[..., Path]


def test_help_lists_the_commands():
    assert "check Find what is wrong" in " ".join(run("--help").stdout.split())


def test_python_m_runs_the_same_command():
    done = subprocess.run([sys.executable, "-m", "dataapp", "--help"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("Usage: python -m dataapp ")


def test_version_is_that_of_the_package():
    assert run("--version").stdout == f"dataapp {dataapp.__version__}\n"


def test_help_of_check_shows_examples():
    assert "dataapp check --strict apps/*.py" in run("check", "--help").stdout


@pytest.mark.parametrize(
    ("source", "options", "status"),
    [(CLEAN, [], 0), (WARNED, [], 0), (WARNED, ["--strict"], 1), (BROKEN, [], 1), (BROKEN, ["--json"], 1)],
    ids=["clean", "warning", "strict", "error", "json"],
)
def test_exit_status_says_whether_something_is_wrong(write: Write, source: str, options: list[str], status: int):
    assert run("check", *options, write(source)).exit_code == status


@pytest.mark.parametrize("arguments", [["check"], ["check", "nowhere.py"], ["chek"], ["check", "--all"]])
def test_wrong_usage_ends_with_2(arguments: list[str]):
    assert run(*arguments).exit_code == 2


def test_a_file_that_is_not_python_is_wrong_usage(tmp_path: Path):
    (tmp_path / "notes.md").write_text("# Notes", "utf-8")
    assert run("check", tmp_path / "notes.md").exit_code == 2


def test_a_finding_is_one_line_and_its_hint(write: Write, monkeypatch: pytest.MonkeyPatch):
    file = write('rows = da.sql("SELECT 1 AS price")\nbars = da.sql("SELECT prize FROM rows")')
    monkeypatch.chdir(file.parent)
    first, hint, *_ = run("check", file).stdout.splitlines()
    assert first == 'desk.py:6:23 DA204 error bars: Referenced column "prize" not found in FROM clause!'
    assert hint == "    hint: known names near it: `price`"


def test_the_last_line_sums_up(write: Write):
    last = run("check", write(BROKEN + "\n" + WARNED)).stdout.splitlines()[-1]
    assert last == "Found 1 error and 1 warning; checked 3 cells in 1 file."


def test_nothing_wrong_is_said_in_one_line(write: Write):
    assert run("check", write(CLEAN)).stdout == "Nothing wrong with 1 cell in 1 file.\n"


def test_text_of_cells_is_never_markup(write: Write):
    assert "[bold]x[/bold]" in run("check", write("""bars = da.sql('SELECT "[bold]x[/bold]" FROM range(1)')""")).stdout


def test_several_files_are_checked_at_once(write: Write):
    report = json.loads(run("check", "--json", write(BROKEN), write(BROKEN, "other.py")).stdout)
    assert [Path(found["file"]).name for found in report["findings"]] == ["desk.py", "other.py"]


def test_an_error_in_a_shared_module_is_reported_once(write: Write):
    write("trades = da.sql('SELECT m FROM (SELECT 1 AS n)')", "cells.py")
    app = "from cells import trades\nshown = da.sql('FROM trades', trades=trades)\npn.Column(shown).servable()"
    report = json.loads(run("check", "--json", write(app, "a.py"), write(app, "b.py")).stdout)
    assert [(found["code"], Path(found["file"]).name) for found in report["findings"]] == [("DA204", "cells.py")]


def test_modules_of_equal_names_in_two_folders_are_told_apart(write: Write, tmp_path: Path):
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        write(f"rows = da.sql('SELECT 1 AS {folder}')", f"{folder}/cells.py")
        write(f"import cells\nda.sql('SELECT {folder} FROM rows', rows=cells.rows).schema", f"{folder}/app.py")
    assert run("check", tmp_path / "a/app.py", tmp_path / "b/app.py").exit_code == 0


def test_json_has_these_fields(write: Write):
    report = json.loads(run("check", "--json", write(BROKEN)).stdout)
    assert list(report) == ["version", "dataapp", "files", "findings", "cells", "errors", "warnings"]
    assert list(report["findings"][0]) == ["severity", "code", "cell", "file", "line", "column", "message", "hint"]
    assert list(report["cells"][0]) == ["label", "kind", "file", "line", "reads", "columns", "state", "note"]


def test_json_tells_columns_and_reads(write: Write):
    source = 'low = 1\nrows = da.sql("SELECT 1 AS n")\ntop = da.sql("SELECT n, \'a\' AS s FROM rows WHERE n > $low")'
    cells = {cell["label"]: cell for cell in json.loads(run("check", "--json", write(source)).stdout)["cells"]}
    assert cells["top"]["columns"] == [{"name": "n", "type": "INTEGER"}, {"name": "s", "type": "VARCHAR"}]
    assert cells["top"]["reads"] == ["low", "rows"] or cells["top"]["reads"] == ["rows", "low"]


def test_json_stays_json_when_the_app_prints(write: Write):
    assert json.loads(run("check", "--json", write("print('hello')")).stdout)["errors"] == 0


def test_the_trading_desk_has_no_errors(tmp_path: Path):
    for folder in ("notebooks", "sample_data/trades"):
        (tmp_path / folder).mkdir(parents=True)
    desk = tmp_path / "notebooks" / "trading_desk.py"
    desk.write_text((ROOT / "notebooks" / "trading_desk.py").read_text("utf-8"), "utf-8")
    duckdb.sql(
        "SELECT TIMESTAMP '2024-01-02 09:30' AS ts, 'A' AS symbol, 'buy' AS side, 1.0 AS price, 100::BIGINT AS size"
    ).write_parquet(str(tmp_path / "sample_data" / "trades" / "trades.parquet"))
    report = json.loads(run("check", "--json", desk).stdout)
    assert [found for found in report["findings"] if found["severity"] == "error"] == []
