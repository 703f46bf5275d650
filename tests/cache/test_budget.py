"""Sizes as people write them."""

from pathlib import Path

import pytest

from dataapp.cache.budget import budget_from_environment, disk_from_environment, scans_from_environment, text_to_bytes
from dataapp.errors import SettingError


@pytest.mark.parametrize(
    ("text", "size"), [("0", 0), ("10", 10), ("1 KB", 1024), ("1.5gb", 1610612736), (" 2MB ", 2**21), ("7B", 7)]
)
def test_sizes_are_read(text: str, size: int):
    assert text_to_bytes(text, "DATAAPP_CACHE") == size


@pytest.mark.parametrize("text", ["", "lots", "-1", "1TB", "MB", "1 2"])
def test_what_is_no_size_is_told_with_its_name(monkeypatch: pytest.MonkeyPatch, text: str):
    monkeypatch.setenv("DATAAPP_CACHE", text)
    with pytest.raises(SettingError, match="`DATAAPP_CACHE` is"):
        budget_from_environment()


def test_without_a_folder_nothing_is_kept_on_disk(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("DATAAPP_CACHE_DIR", raising=False)
    assert disk_from_environment() is None


def test_a_folder_that_is_named_is_used(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("DATAAPP_CACHE_DIR", str(tmp_path / "cache"))
    assert disk_from_environment() is not None
    assert (tmp_path / "cache").is_dir()


@pytest.mark.parametrize(("said", "is_on"), [("1", True), ("0", False), (" 0 ", False)])
def test_one_scan_for_several_queries_is_switched_off(monkeypatch: pytest.MonkeyPatch, said: str, is_on: bool):
    monkeypatch.delenv("DATAAPP_SCANS", raising=False)
    assert scans_from_environment()
    monkeypatch.setenv("DATAAPP_SCANS", said)
    assert scans_from_environment() is is_on


def test_what_is_neither_on_nor_off_is_told_with_its_name(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("DATAAPP_SCANS", "yes")
    with pytest.raises(SettingError, match="`DATAAPP_SCANS` is"):
        scans_from_environment()
