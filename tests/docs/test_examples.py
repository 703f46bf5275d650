"""Every example of the documentation runs as it stands there, and prints what the page says."""

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click import Context
from click.testing import CliRunner
from pyarrow import parquet

from dataapp.cli import main
from tests.docs.pages import DOCS, NOT_RUN, OUTPUT, PAGES, ROOT, SERVED, Block, Reader, is_explore, is_run, read_blocks
from tests.docs.test_readme import DESK, write_trades

BLOCKS = {page: read_blocks(page) for page in PAGES}
ALL = [block for blocks in BLOCKS.values() for block in blocks]
RUNNABLE = [page for page, blocks in BLOCKS.items() if any(block.language in ("python", "sh") for block in blocks)]


@pytest.fixture
def importable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Work in the folder, and forget the modules that were imported from there: pages may use the same names."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    known = set(sys.modules)
    yield
    for name in set(sys.modules) - known:
        if str(getattr(sys.modules[name], "__file__", None)).startswith(str(tmp_path)):
            del sys.modules[name]


@pytest.mark.parametrize("page", RUNNABLE, ids=lambda page: page.stem)
@pytest.mark.usefixtures("importable")
def test_every_example_of_the_page_runs(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    reader = Reader(tmp_path)
    write_desk(tmp_path)
    if "DATABASE_URL" in page.read_text("utf-8"):
        postgres = request.getfixturevalue("postgres")
        postgres.load("trades", parquet.read_table(tmp_path / "trades" / "part.parquet"))
        monkeypatch.setenv("DATABASE_URL", postgres.url())
    for block in BLOCKS[page]:
        try:
            reader.follow(block)
        except Exception as error:
            error.add_note(block.place)
            raise


def write_desk(folder: Path) -> None:
    """Write the desk of README, of which the page of the commands speaks, and what it reads."""
    write_trades(folder / "trades" / "part.parquet")
    desk = DESK.replace("../sample_data/trades", "trades")
    (folder / "desk.py").write_text(desk, "utf-8")
    (folder / "apps").mkdir()
    (folder / "apps" / "desk.py").write_text(desk.replace('"trades/', '"../trades/'), "utf-8")


FILES = [
    block
    for block in ALL
    if block.language == "python" and block.title and not block.title.startswith(("test_", "broken"))
]


@pytest.mark.parametrize("page", sorted({block.page for block in FILES}))
def test_the_files_of_the_page_pass_the_check(page: str, tmp_path: Path) -> None:
    Reader(tmp_path)
    files = {block.title: block for block in FILES if block.page == page}  # the last of each name
    for name, block in files.items():
        (tmp_path / name).write_text(block.text, "utf-8")
    result = CliRunner().invoke(main, ["check", *(str(tmp_path / name) for name in files)])
    assert result.exit_code == 0, result.output


@pytest.mark.parametrize("block", [block for block in ALL if block.language == "sh"], ids=lambda block: block.place)
def test_every_command_is_run_or_known_not_to_be(block: Block) -> None:
    known = SERVED | NOT_RUN
    assert [
        command for command in block.commands if not (is_run(command) or is_explore(command) or command in known)
    ] == []


EXPLORED = [command for block in ALL if block.language == "sh" for command in block.commands if is_explore(command)]


@pytest.mark.parametrize("command", EXPLORED)
def test_the_arguments_of_explore_are_those_that_it_takes(command: str) -> None:
    explore = main.get_command(Context(main), "explore")
    assert explore is not None
    explore.make_context("explore", shlex.split(command)[2:])


def test_every_block_says_what_it_is() -> None:
    said = {"python", "sh", "text", "nginx", "ipython", "sql"}
    assert [block.place for block in ALL if block.language not in said or block.rest] == []


def test_every_output_stands_behind_what_prints_it() -> None:
    for blocks in BLOCKS.values():
        for before, block in zip([None, *blocks], blocks, strict=False):
            if block.title == OUTPUT:
                assert before is not None
                assert before.language in ("python", "sh"), block.place


@pytest.mark.parametrize("page", sorted({block.page for block in ALL if "-m pytest" in block.text}))
def test_a_page_that_runs_pytest_says_how_to_install_it(page: str) -> None:
    assert re.search(r"pip install (?:\. )?pytest", (DOCS / page).read_text("utf-8"))


def test_the_trading_desk_has_what_the_page_about_commands_names() -> None:
    desk = (ROOT / "notebooks" / "trading_desk.py").read_text("utf-8")
    names = {"bars", "minutes", "momentum", "symbols"}
    assert {name for name in names if re.search(rf"^(?:def )?{name}\b", desk, re.MULTILINE)} == names


def test_examples_were_found() -> None:
    assert {DOCS / "start.md", DOCS / "sql.md", DOCS / "testing.md"} <= set(RUNNABLE)


def test_the_page_about_notebooks_runs_in_ipython(tmp_path: Path) -> None:
    blocks = [block for block in ALL if block.page == "notebooks.md" and block.language in ("python", "ipython", "sql")]
    sources = [block.text for block in blocks if "comms=" not in block.text]  # that one is for an editor
    cells = [{"cell_type": "code", "source": text, "metadata": {}, "outputs": []} for text in (*sources, "large, top")]
    notebook = tmp_path / "page.ipynb"
    notebook.write_text(json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}), "utf-8")
    command = [sys.executable, "-m", "IPython", "--no-banner", "--colors=nocolor", notebook.name]
    run = subprocess.run(
        command,
        cwd=tmp_path,
        env=os.environ | {"IPYTHONDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    said = run.stdout + run.stderr
    assert run.returncode == 0, said
    assert "Error" not in said, said
