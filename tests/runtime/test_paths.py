"""Files that a parameter chooses."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from dataapp.cells.namespace import Namespace
from dataapp.cells.python import cell
from dataapp.cells.sql import SqlCell, sql
from dataapp.errors import DataAppError, SourceNotAllowedError, SourceNotFoundError
from dataapp.runtime.outcomes import Failed
from tests.runtime.bench import ask, knob, rows, session


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of an app, with a secret beside it."""
    folder = tmp_path / "app"
    (folder / "data").mkdir(parents=True)
    (tmp_path / "secret").mkdir()
    for name, number in [("app/data/a", 1), ("app/data/b", 2), ("secret/s", 99)]:
        pl.DataFrame({"n": [number]}).write_parquet(tmp_path / f"{name}.parquet")
    monkeypatch.chdir(folder)
    return folder


def reading(app: Path, file: object, text: str = "FROM read_parquet($file)") -> SqlCell:
    options: Any = {"on": None, "materialize": "auto", "run": "auto", "name": "reading"}
    return SqlCell(text, Namespace("app", app / "app.py", 1, {}, {"file": file}), **options)


@pytest.mark.parametrize("chosen", ["data/a.parquet", "./data/../data/a.parquet"])
def test_a_file_in_the_apps_folder_is_read(app: Path, chosen: str) -> None:
    assert ask(reading(app, knob(chosen))).item() == 1


def test_a_relative_choice_starts_at_the_file_of_the_cell(app: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir("/")
    assert ask(reading(app, knob("data/a.parquet"))).item() == 1


def test_several_files_are_read(app: Path) -> None:
    assert ask(reading(app, knob(["data/a.parquet", "data/b.parquet"]))).height == 2


def test_a_pattern_reads_what_matches_in_the_folder(app: Path) -> None:
    assert ask(reading(app, knob("data/*.parquet"))).height == 2


def outside(app: Path) -> list[object]:
    secret = app.parent / "secret"
    (app / "link.parquet").symlink_to(secret / "s.parquet")
    (app / "linked").symlink_to(secret)
    (app.parent / "app-sibling").mkdir()
    (app.parent / "app-sibling" / "s.parquet").write_bytes((secret / "s.parquet").read_bytes())
    return [
        str(secret / "s.parquet"),
        "../secret/s.parquet",
        "data/../../secret/s.parquet",
        "../secret/*.parquet",
        "../*/s.parquet",
        "link.parquet",
        "linked/s.parquet",
        "linked/*.parquet",
        "lin*/s.parquet",
        "**/s.parquet",
        str(app.parent / "app-sibling" / "s.parquet"),
        "https://example.com/s.parquet",
        "s3://bucket/s.parquet",
        "file:///etc/passwd",
        "~/s.parquet",
        "data/a.parquet\0",
        ["data/a.parquet", "../secret/s.parquet"],
        ["link.parquet"],
    ]


@pytest.mark.parametrize("index", range(18))
def test_a_viewer_never_leaves_the_apps_folder(app: Path, index: int) -> None:
    with pytest.raises(SourceNotAllowedError) as found:
        ask(reading(app, knob(outside(app)[index])))
    assert found.value.cell == "reading"
    assert "secret" not in str(found.value)


@pytest.mark.parametrize(
    "text", ["FROM read_csv($file)", "FROM glob($file)", "FROM read_text($file)", "FROM read_json([$file])"]
)
def test_every_function_that_reads_files_is_guarded(app: Path, text: str) -> None:
    with pytest.raises(SourceNotAllowedError):
        ask(reading(app, knob("/etc/passwd"), text))


@pytest.mark.parametrize("name", ["../../secret/s", "/etc/passwd", "*", "a/../../x", "?"])
def test_a_piece_of_a_path_is_a_plain_word(app: Path, name: str) -> None:
    with pytest.raises(SourceNotAllowedError):
        ask(reading(app, knob(name), "FROM read_parquet('data/' || $file || '.parquet')"))


def test_a_plain_word_may_be_a_piece_of_a_path(app: Path) -> None:
    assert ask(reading(app, knob("a"), "FROM read_parquet('data/' || $file || '.parquet')")).item() == 1


def test_an_input_behind_a_query_is_still_a_viewers_choice(app: Path) -> None:
    path = sql("SELECT '../secret/' || $part || '.parquet'", part=knob("s"))
    with pytest.raises(SourceNotAllowedError):
        ask(reading(app, path))


def test_what_the_author_writes_may_lie_anywhere(app: Path) -> None:
    assert ask(reading(app, str(app.parent / "secret" / "s.parquet"))).item() == 99


def test_what_a_function_of_the_author_chooses_may_lie_anywhere(app: Path) -> None:
    @cell(part=knob("s"))
    def path(part: str) -> str:
        return str(app.parent / "secret" / f"{part}.parquet")

    assert ask(reading(app, path)).item() == 99


def test_a_missing_choice_is_not_found(app: Path) -> None:
    with pytest.raises(SourceNotFoundError):
        ask(reading(app, knob("data/c.parquet")))


def test_a_choice_that_is_no_path_is_an_error_of_the_cell(app: Path) -> None:
    with pytest.raises(DataAppError) as found:
        ask(reading(app, knob(5)))
    assert found.value.cell == "reading"


def test_a_chosen_file_is_read_again_when_it_changes(app: Path) -> None:
    viewer = session()
    demand = viewer.demand(reading(app, knob("data/a.parquet")), "frame")
    pl.DataFrame({"n": [7, 8]}).write_parquet(app / "data/a.parquet")
    viewer.refresh()
    assert rows(demand) == [(7,), (8,)]


def test_a_chosen_file_that_comes_later_is_read_then(app: Path) -> None:
    viewer = session()
    demand = viewer.demand(reading(app, knob("data/c.parquet")), "frame")
    assert isinstance(demand.look().outcome, Failed)
    pl.DataFrame({"n": [3]}).write_parquet(app / "data/c.parquet")
    viewer.refresh()
    assert rows(demand) == [(3,)]


def test_a_refusal_is_healed_by_another_choice(app: Path) -> None:
    file = knob("../secret/s.parquet")
    viewer = session()
    demand = viewer.demand(reading(app, file), "frame")
    assert isinstance(demand.look().outcome, Failed)
    viewer.set(file, "data/b.parquet")
    assert rows(demand) == [(2,)]
