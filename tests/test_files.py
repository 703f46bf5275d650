"""Files are written whole or not at all."""

from pathlib import Path

import pytest

from dataapp.errors import NotSavedError
from dataapp.files import draft_of, place_of, take_over


def test_a_draft_that_takes_no_name_leaves_nothing(tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    with draft_of(file, b"new") as draft:
        assert draft.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == []


def test_a_draft_takes_the_name_and_the_permissions_of_the_old_file(tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    file.write_bytes(b"old")
    file.chmod(0o640)
    with draft_of(file, b"new") as draft:
        assert file.read_bytes() == b"old"
        take_over(draft, file)
    assert file.read_bytes() == b"new"
    assert file.stat().st_mode & 0o777 == 0o640
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize(("path", "message"), [(".", "is a folder"), ("nowhere/a.txt", "There is no folder")])
def test_a_place_that_takes_no_file_is_refused(tmp_path: Path, path: str, message: str) -> None:
    with pytest.raises(NotSavedError, match=message):
        place_of(tmp_path / path, NotSavedError)


def test_home_is_where_a_tilde_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert place_of(Path("~/a.txt"), NotSavedError) == tmp_path.resolve() / "a.txt"
