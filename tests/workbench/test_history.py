"""Past queries, kept in a file that may be broken or out of reach."""

import json
import logging
from pathlib import Path

import pytest

from dataapp.workbench.history import History, history_file


def texts(history: History) -> list[str]:
    return [past.text for past in history.latest()]


def test_the_next_start_knows_what_was_run_the_latest_first(tmp_path: Path):
    history = History(tmp_path / "state" / "history.jsonl")
    history.add("FROM trades")
    history.add("FROM quotes")
    assert texts(History(tmp_path / "state" / "history.jsonl")) == ["FROM quotes", "FROM trades"]


def test_a_text_that_is_run_again_is_kept_once_as_the_latest():
    history = History(None)
    for text in ("FROM trades", "FROM quotes", " FROM trades\n"):
        history.add(text)
    assert texts(history) == ["FROM trades", "FROM quotes"]


def test_an_empty_text_is_not_kept():
    history = History(None)
    history.add(" \n")
    assert texts(history) == []


@pytest.mark.parametrize("text", ["SELECT 1\nFROM t", "SELECT 'ä\u2028b\x85c'", "SELECT '\ud800'", 'SELECT "\\"'])
def test_a_text_comes_back_as_it_was(tmp_path: Path, text: str):
    History(tmp_path / "history.jsonl").add(text)
    assert texts(History(tmp_path / "history.jsonl")) == [text]


def test_only_the_latest_are_kept(tmp_path: Path):
    file = tmp_path / "history.jsonl"
    lines = [json.dumps({"text": f"SELECT {number}", "at": "2024-01-01T00:00:00+00:00"}) for number in range(500)]
    file.write_text("\n".join(lines), "utf-8")
    History(file).add("FROM trades")
    kept = texts_of(file)
    assert (len(kept), kept[0], kept[-1]) == (500, "FROM trades", "SELECT 498")


def texts_of(file: Path) -> list[str]:
    return [json.loads(line)["text"] for line in file.read_text("utf-8").splitlines()]


@pytest.mark.parametrize(
    "broken", ['{"text": "SELE', "[]", '"text"', "7", "null", '{"text": "A"}', '{"text": 1, "at": 2}']
)
def test_a_broken_line_is_left_out(tmp_path: Path, broken: str):
    file = tmp_path / "history.jsonl"
    file.write_text(f'{broken}\n{{"text": "FROM trades", "at": "2024-01-01T00:00:00+00:00"}}\n', "utf-8")
    assert texts(History(file)) == ["FROM trades"]


def test_a_file_that_is_no_text_counts_as_empty(tmp_path: Path):
    (tmp_path / "history.jsonl").write_bytes(b"\xff\xfe\x00")
    assert texts(History(tmp_path / "history.jsonl")) == []


def test_a_folder_that_cannot_be_written_is_logged_and_stops_nobody(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    (tmp_path / "state").write_text("a file where the folder should be", "utf-8")
    history = History(tmp_path / "state" / "history.jsonl")
    with caplog.at_level(logging.WARNING):
        history.add("FROM trades")
    assert texts(history) == ["FROM trades"]
    assert "The history cannot be kept" in caplog.text


def test_the_file_lies_where_this_user_keeps_state(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert history_file().name == "history.jsonl"
    assert history_file().parent.name == "dataapp"
