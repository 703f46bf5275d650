"""What the shell completes behind Tab."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.shell_completion import ShellComplete

from dataapp.cli import main
from dataapp.cli.completion import names_of_app
from tests.cli.conftest import run

APP = """
size = pn.widgets.IntSlider(end=9)
day: object = da.input(pn.widgets.DatePicker)
trades = da.source("trades.parquet")
top = da.sql("FROM trades WHERE size > $size")
plain = 5


@da.cell
def mean(top: pl.DataFrame):
    return top


@da.cell(press="Go")
def total(top: pl.DataFrame):
    return top


def no_cell():
    return 1
"""

type Write = Callable[..., Path]


def offered(*arguments: object) -> list[str]:
    """Return what is offered behind some words, of which the last is not complete."""
    *words, last = map(str, arguments)
    found = ShellComplete(main, {}, "dataapp", "_DATAAPP_COMPLETE").get_completions(words, last)
    return [item.value for item in found]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_is_for_the_shell_and_the_command(shell: str):
    done = run("completion", shell)
    assert done.exit_code == 0
    assert f"_DATAAPP_COMPLETE={shell}_complete" in done.stdout


def test_another_shell_is_wrong_usage():
    assert run("completion", "csh").exit_code == 2


def test_commands_are_offered():
    assert offered("c") == ["check", "completion"]


def test_names_are_read_from_the_text(write: Write):
    assert names_of_app(write(APP).read_text("utf-8")) == {
        "size": "input",
        "day": "input",
        "trades": "cell",
        "top": "cell",
        "mean": "cell",
        "total": "cell",
    }


def test_set_offers_inputs(write: Write):
    assert offered("run", write(APP), "--set", "") == ["size=", "day="]


def test_out_offers_cells(write: Write):
    assert offered("run", write(APP), "--out", "t") == ["trades=", "top=", "total="]


def test_graph_offers_cells_and_inputs(write: Write):
    assert offered("graph", write(APP), "") == ["trades", "top", "mean", "total", "size", "day"]


def test_a_broken_file_offers_nothing(write: Write):
    assert offered("run", write("bars = ("), "--out", "") == []


def test_apps_and_folders_are_offered(write: Write, tmp_path: Path):
    write(APP)
    (tmp_path / "deep").mkdir()
    (tmp_path / "data.csv").touch()
    assert offered("run", f"{tmp_path}/de") == [f"{tmp_path}/desk.py", f"{tmp_path}/deep/"]


def test_completing_names_loads_neither_panel_nor_duckdb(write: Write):
    script = (
        "import sys\n"
        "from click.shell_completion import ShellComplete\n"
        "from dataapp.cli import main\n"
        "found = ShellComplete(main, {}, 'dataapp', 'X').get_completions(['run', sys.argv[1], '--out'], 'to')\n"
        "print([item.value for item in found], [name for name in ('panel', 'duckdb') if name in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", script, write(APP)], capture_output=True, text=True, check=True)
    assert done.stdout == "['top=', 'total='] []\n"
