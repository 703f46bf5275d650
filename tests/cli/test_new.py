"""What `dataapp new` writes works as it is."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import run

RUFF = Path(sys.executable).with_name("ruff")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A new app."""
    monkeypatch.chdir(tmp_path)
    assert run("new", "corner_shop").exit_code == 0
    return tmp_path / "corner_shop"


def test_three_files_are_written(folder: Path):
    assert sorted(path.name for path in folder.iterdir()) == ["app.py", "sales.csv", "test_app.py"]


def test_the_title_is_the_name_in_words(folder: Path):
    assert 'da.App("Corner shop"' in (folder / "app.py").read_text("utf-8")


def test_check_finds_nothing(folder: Path):
    assert run("check", "--strict", folder / "app.py").exit_code == 0


def test_what_to_do_next_names_what_is_not_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    assert "pip install pytest" in run("new", "corner_shop").stdout


def test_its_own_tests_pass(folder: Path):
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(folder), str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "3 passed" in done.stdout


@pytest.mark.parametrize(
    "arguments", [["check", "--isolated"], ["format", "--isolated", "--check", "--line-length=120"]]
)
def test_ruff_finds_nothing(folder: Path, arguments: list[str]):
    done = subprocess.run([RUFF, *arguments, "--no-cache", folder], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_an_existing_folder_is_left_alone(folder: Path):
    (folder / "app.py").write_text("mine", "utf-8")
    assert run("new", "corner_shop").exit_code == 2
    assert (folder / "app.py").read_text("utf-8") == "mine"


@pytest.mark.parametrize("name", ["a'b", 'a"b', "nowhere/shop"])
def test_a_name_that_cannot_be_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str):
    monkeypatch.chdir(tmp_path)
    assert (run("new", name).exit_code, list(tmp_path.iterdir())) == (2, [])
