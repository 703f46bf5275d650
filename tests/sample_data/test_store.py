import os
import time
from pathlib import Path

import pytest

from sample_data import SampleDataError
from sample_data.store import ABANDONED_AFTER_SECONDS, HOME_VARIABLE, home, published_directory, published_file


def never(_directory: Path) -> bool:
    return False


def always(_directory: Path) -> bool:
    return True


def write_half_of_a_file(target: Path) -> None:
    with published_file(target) as partial:
        partial.write_text("half", "utf-8")
        raise KeyboardInterrupt


def write_half_of_a_directory(target: Path) -> None:
    with published_directory(target, never) as partial:
        (partial / "a").write_text("half", "utf-8")
        raise KeyboardInterrupt


def write_while_another_process_does(target: Path) -> None:
    with published_directory(target, never) as partial:
        (partial / "a").write_text("mine", "utf-8")
        target.mkdir()
        (target / "a").write_text("theirs", "utf-8")


def test_generated_data_lies_beside_the_package_unless_told(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv(HOME_VARIABLE, raising=False)
    assert (home() / "README.md").is_file()


def test_the_variable_names_another_directory(sample_home: Path):
    assert home() == sample_home


def test_a_file_appears_when_it_is_complete(tmp_path: Path):
    target = tmp_path / "new" / "a.txt"
    with published_file(target) as partial:
        partial.write_text("a", "utf-8")
        assert not target.exists()
    assert [path.name for path in target.parent.iterdir()] == ["a.txt"]


def test_a_file_that_fails_leaves_the_former_one_alone(tmp_path: Path):
    target = tmp_path / "a.txt"
    target.write_text("former", "utf-8")
    with pytest.raises(KeyboardInterrupt):
        write_half_of_a_file(target)
    assert [(path.name, path.read_text("utf-8")) for path in tmp_path.iterdir()] == [("a.txt", "former")]


def test_a_directory_appears_when_it_is_complete(tmp_path: Path):
    target = tmp_path / "new" / "d"
    with published_directory(target, never) as partial:
        (partial / "a").write_text("a", "utf-8")
        assert not target.exists()
    assert [path.name for path in target.parent.rglob("*")] == ["d", "a"]


def test_an_empty_directory_counts_as_missing(tmp_path: Path):
    (tmp_path / "d").mkdir()
    with published_directory(tmp_path / "d", never) as partial:
        (partial / "a").write_text("a", "utf-8")
    assert (tmp_path / "d" / "a").is_file()


def test_a_directory_that_fails_leaves_nothing(tmp_path: Path):
    with pytest.raises(KeyboardInterrupt):
        write_half_of_a_directory(tmp_path / "d")
    assert list(tmp_path.iterdir()) == []


def test_replacing_leaves_only_the_new_files(tmp_path: Path):
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "former").write_text("former", "utf-8")
    with published_directory(tmp_path / "d", always) as partial:
        (partial / "new").write_text("new", "utf-8")
    assert [path.name for path in tmp_path.rglob("*")] == ["d", "new"]


def test_a_directory_filled_meanwhile_by_another_process_is_kept(tmp_path: Path):
    target = tmp_path / "d"
    with pytest.raises(SampleDataError, match="already holds files"):
        write_while_another_process_does(target)
    assert [path.name for path in tmp_path.iterdir()] == ["d"]
    assert (target / "a").read_text("utf-8") == "theirs"


def test_what_a_dead_process_left_is_swept_and_what_a_living_one_writes_is_not(tmp_path: Path):
    for name in (".d.dead.partial", ".d.living.partial"):
        (tmp_path / name).mkdir()
    long_ago = time.time() - ABANDONED_AFTER_SECONDS - 1
    os.utime(tmp_path / ".d.dead.partial", (long_ago, long_ago))
    with published_directory(tmp_path / "d", never):
        pass
    assert sorted(path.name for path in tmp_path.iterdir()) == [".d.living.partial", "d"]


def test_a_file_in_the_way_is_an_error(tmp_path: Path):
    (tmp_path / "d").write_text("", "utf-8")
    with (
        pytest.raises(SampleDataError, match="is a file, not a directory"),
        published_directory(tmp_path / "d", always),
    ):
        pass


def test_what_the_disk_refuses_is_explained(tmp_path: Path):
    (tmp_path / "file").write_text("", "utf-8")
    with (
        pytest.raises(SampleDataError, match=r"Could not write .*: (Not a directory|File exists)"),
        published_file(tmp_path / "file" / "a"),
    ):
        pass
