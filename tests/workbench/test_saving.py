"""Saving writes a whole file or none."""

from pathlib import Path

import pytest

from dataapp.app.sessions import engine
from dataapp.errors import ChartError, DataAppError, FileTakenError, NotSavedError
from dataapp.workbench.book import Book, Query
from dataapp.workbench.live import LiveBook
from dataapp.workbench.quick_chart import ChartSpec
from dataapp.workbench.saving import save_book, save_module


@pytest.fixture
def live() -> LiveBook:
    query = Query("numbers", "SELECT range AS n FROM range(3)", ChartSpec("bar", "n", aggregate="count"))
    return LiveBook(Book("Numbers", queries=(query,)), engine())


def test_a_saved_book_is_a_module(live: LiveBook, tmp_path: Path):
    path = save_book(live, tmp_path / "app.py", values={})
    assert path == (tmp_path / "app.py").resolve()
    assert "da.chart(numbers)" in path.read_text("utf-8")


def test_a_file_that_is_there_is_kept(live: LiveBook, tmp_path: Path):
    (tmp_path / "app.py").write_text("mine")
    with pytest.raises(FileTakenError, match=r"app\.py"):
        save_book(live, tmp_path / "app.py", values={})
    assert (tmp_path / "app.py").read_text() == "mine"


def test_a_file_is_replaced_when_asked_to(live: LiveBook, tmp_path: Path):
    (tmp_path / "app.py").write_text("mine")
    save_book(live, tmp_path / "app.py", values={}, overwrite=True, title="Other")
    assert (tmp_path / "app.py").read_text("utf-8").startswith('"""Other."""')


def test_a_replaced_file_keeps_its_mode(tmp_path: Path):
    (tmp_path / "app.py").write_text("mine")
    (tmp_path / "app.py").chmod(0o755)
    assert save_module("x", tmp_path / "app.py", overwrite=True).stat().st_mode & 0o777 == 0o755


def test_a_file_that_appears_meanwhile_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def appear(descriptor: int) -> None:
        (tmp_path / "app.py").write_text("theirs")

    monkeypatch.setattr("dataapp.files.os.fsync", appear)
    with pytest.raises(FileTakenError):
        save_module("x", tmp_path / "app.py")
    assert (tmp_path / "app.py").read_text() == "theirs"


def test_a_failure_leaves_the_file_and_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def fail(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    (tmp_path / "app.py").write_text("mine")
    monkeypatch.setattr("dataapp.files.os.fsync", fail)
    with pytest.raises(NotSavedError, match="No space left"):
        save_module("x", tmp_path / "app.py", overwrite=True)
    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [("app.py", "mine")]


def test_nothing_else_is_left_behind(tmp_path: Path):
    save_module("x", tmp_path / "app.py")
    assert [file.name for file in tmp_path.iterdir()] == ["app.py"]


def test_a_file_system_without_links_will_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def refuse(self: Path, target: Path) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    assert save_module("x", tmp_path / "app.py").read_text() == "x"


def test_a_link_to_a_file_stays_a_link(tmp_path: Path):
    (tmp_path / "real.py").write_text("mine")
    (tmp_path / "app.py").symlink_to(tmp_path / "real.py")
    save_module("x", tmp_path / "app.py", overwrite=True)
    assert (tmp_path / "app.py").is_symlink()
    assert (tmp_path / "real.py").read_text() == "x"


def test_lines_end_as_everywhere(tmp_path: Path):
    assert save_module("a\nb\n", tmp_path / "app.py").read_bytes() == b"a\nb\n"


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("app.txt", r"not a Python file.*`app\.py`"),
        ("app", r"not a Python file.*`app\.py`"),
        ("missing/app.py", "no folder"),
        ("folder.py", "is a folder"),
        ("polars.py", r"instead of the module `polars`.*`polars_app\.py`"),
        ("json.py", "instead of the module `json`"),
    ],
)
def test_a_place_that_will_not_do_is_told(tmp_path: Path, name: str, told: str):
    (tmp_path / "folder.py").mkdir()
    with pytest.raises(NotSavedError, match=told):
        save_module("x", tmp_path / name)


def test_a_file_that_is_importable_only_because_it_lies_there_may_be_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "my_desk.py").write_text("mine")
    assert save_module("x", tmp_path / "my_desk.py", overwrite=True).read_text() == "x"


def test_a_chart_that_does_not_fit_any_more_names_its_query(tmp_path: Path):
    query = Query("numbers", "SELECT range AS n FROM range(3)", ChartSpec("bar", "m", aggregate="count"))
    with pytest.raises(ChartError) as told:
        save_book(LiveBook(Book("", queries=(query,)), engine()), tmp_path / "app.py", values={})
    assert told.value.cell == "numbers"


def test_a_book_that_cannot_be_written_leaves_no_file(tmp_path: Path):
    live = LiveBook(Book("", queries=(Query("a", "FROM"),)), engine())
    with pytest.raises(DataAppError):
        save_book(live, tmp_path / "app.py", values={})
    assert list(tmp_path.iterdir()) == []
