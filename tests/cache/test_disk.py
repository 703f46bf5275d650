"""Results on disk: complete or not there, right or made anew."""

import errno
import io
import logging
import os
import random
import subprocess
import sys
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import polars as pl
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dataapp.cache.disk import DiskResults
from dataapp.cache.results import Results
from dataapp.cells.source import SourceCell
from dataapp.cells.sql import sql
from dataapp.engines.duckdb import DuckDB
from dataapp.runtime import headless
from tests.runtime.bench import defaults, place

ROWS = pa.table({"n": [1, 2, None], "s": ["a", None, "<b>"]})
LOTS = 2**24


@pytest.fixture
def disk(tmp_path: Path) -> DiskResults:
    return DiskResults(tmp_path / "cache", LOTS)


def files(folder: Path) -> list[Path]:
    return sorted((folder / "cache").iterdir())


def test_what_was_stored_is_loaded(disk: DiskResults):
    disk.store("a", ROWS)
    assert disk.load("a").equals(ROWS)  # pyright: ignore[reportOptionalMemberAccess]


def test_nothing_else_is(disk: DiskResults):
    disk.store("a", ROWS)
    assert disk.load("b") is None


def test_another_process_finds_it(disk: DiskResults, tmp_path: Path):
    disk.store("a", ROWS)
    assert DiskResults(tmp_path / "cache", LOTS).load("a") == ROWS


@pytest.mark.parametrize("rows", [pa.table({}), pa.table({"n": pa.array([], pa.int64())})])
def test_tables_without_rows_are_kept(disk: DiskResults, rows: pa.Table):
    disk.store("a", rows)
    assert disk.load("a") == rows


def test_a_flipped_bit_is_found_wherever_it_is(disk: DiskResults, tmp_path: Path):
    disk.store("a", ROWS)
    (path,) = files(tmp_path)
    whole = path.read_bytes()
    for at in range(len(whole)):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1 << at % 8]) + whole[at + 1 :])
        assert disk.load("a") is None, at
        assert files(tmp_path) == []
    path.write_bytes(whole)
    assert disk.load("a") == ROWS


def test_a_damaged_file_that_stays_stops_nobody(
    disk: DiskResults, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    disk.store("a", ROWS)
    (path,) = files(tmp_path)
    path.write_bytes(path.read_bytes()[:-1])

    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(Path, "unlink", refuse)
    assert disk.load("a") is None
    assert caplog.messages[-1] == "Results are not kept on disk: Read-only file system"


def test_a_folder_that_can_only_be_read_serves(disk: DiskResults, monkeypatch: pytest.MonkeyPatch):
    disk.store("a", ROWS)

    def refuse(*_: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(os, "utime", refuse)
    assert disk.load("a") == ROWS


def test_what_another_version_of_arrow_wrote_is_made_anew(disk: DiskResults, monkeypatch: pytest.MonkeyPatch):
    disk.store("a", ROWS)

    def refuse(*_: object) -> None:
        raise pa.ArrowInvalid("a type of tomorrow")

    monkeypatch.setattr(pa.ipc, "open_stream", refuse)
    assert disk.load("a") is None


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.floats(0, 1, exclude_max=True))
def test_a_file_that_was_cut_off_is_found(disk: DiskResults, tmp_path: Path, share: float):
    disk.store("a", ROWS)
    path = files(tmp_path)[0]
    os.truncate(path, int(path.stat().st_size * share))
    assert disk.load("a") is None


def test_what_was_not_read_longest_goes_first(tmp_path: Path):
    rows = pa.table({"n": list(range(1000))})
    disk = DiskResults(tmp_path / "cache", 40_000)
    for age, key in enumerate("abcd"):
        disk.store(key, rows)
        path = max(files(tmp_path), key=lambda path: path.stat().st_mtime_ns)
        os.utime(path, (age, age))
    disk.load("a")  # now the latest
    disk.store("e", rows)
    assert [disk.load(key) is not None for key in "abcde"] == [True, False, True, True, True]


def test_rows_that_would_take_most_of_the_room_are_not_kept(tmp_path: Path):
    disk = DiskResults(tmp_path / "cache", 1000)
    disk.store("a", pa.table({"n": list(range(1000))}))
    assert files(tmp_path) == []


def test_drafts_that_nobody_finishes_are_swept_and_fresh_ones_are_not(tmp_path: Path):
    folder = tmp_path / "cache"
    folder.mkdir()
    (folder / "old.draft").touch()
    os.utime(folder / "old.draft", (1, 1))
    (folder / "new.draft").touch()
    DiskResults(folder, LOTS)
    assert [path.name for path in files(tmp_path)] == ["new.draft"]


def test_files_are_their_owners_alone(disk: DiskResults, tmp_path: Path):
    disk.store("a", ROWS)
    assert (tmp_path / "cache").stat().st_mode & 0o077 == 0
    assert files(tmp_path)[0].stat().st_mode & 0o077 == 0


_WRITER = """
import sys
from pathlib import Path

import pyarrow as pa

from dataapp.cache.disk import DiskResults

disk = DiskResults(Path(sys.argv[1]), 2**30)
disk.store("key 0", pa.table({"n": [0] * 200_000}))
print("ready", flush=True)
number = 0
while True:
    number += 1
    disk.store(f"key {number % 5}", pa.table({"n": [number % 5] * 200_000}))
"""


def _write_until_killed(folder: Path, after: float) -> None:
    with subprocess.Popen([sys.executable, "-c", _WRITER, str(folder)], stdout=subprocess.PIPE) as writer:
        assert writer.stdout is not None
        writer.stdout.readline()
        threading.Event().wait(after)
        writer.kill()


def test_writers_that_are_killed_leave_only_what_is_whole(tmp_path: Path):
    folder, chance = tmp_path / "cache", random.Random(1)
    with ThreadPoolExecutor(4) as writers:
        list(writers.map(_write_until_killed, [folder] * 8, [0.1 * chance.random() for _ in range(8)]))
    assert {path.suffix for path in folder.iterdir()} == {".rows", ".draft"}, "some were killed while they wrote"
    disk = DiskResults(folder, 2**30)
    found = [disk.load(f"key {number}") for number in range(5)]
    assert any(rows is not None for rows in found)
    for number, rows in enumerate(found):
        assert rows is None or rows == pa.table({"n": [number] * 200_000})


_FULL = """
import logging
import resource
import signal
import sys
from pathlib import Path

import pyarrow as pa

from dataapp.cache.disk import DiskResults

logging.basicConfig(format="%(message)s")
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))
disk = DiskResults(Path(sys.argv[1]), 2**30)
for key in ("a", "b"):
    disk.store(key, pa.table({"n": list(range(100_000))}))
    assert disk.load(key) is None
disk.store("small", pa.table({"n": [1]}))
assert disk.load("small").num_rows == 1
"""


def test_a_disk_that_takes_no_more_is_told_once_and_stops_nothing(tmp_path: Path):
    done = subprocess.run(
        [sys.executable, "-c", _FULL, str(tmp_path / "cache")], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "Results are not kept on disk: File too large\n")
    assert [path.suffix for path in files(tmp_path)] == [".rows"]


@pytest.mark.parametrize("call", ["fsync", "write", "rename", "mkstemp"])
@pytest.mark.usefixtures("_slow")
def test_a_full_disk_changes_no_value(
    tmp_path: Path,
    numbers: SourceCell,
    call: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
):
    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    class Full(io.BytesIO):
        """A file on a full disk."""

        write = refuse  # pyright: ignore[reportAssignmentType]

    def open_full(descriptor: int, _: str) -> Full:
        os.close(descriptor)
        return Full()

    engine = DuckDB(Results(0, disk=DiskResults(tmp_path / "cache", LOTS)))
    cell = sql("SELECT sum(n)::INTEGER AS total FROM numbers", numbers=numbers)
    places: dict[str, tuple[object, str, object]] = {
        "fsync": (os, "fsync", refuse),
        "write": (os, "fdopen", open_full),
        "rename": (Path, "rename", refuse),
        "mkstemp": (tempfile, "mkstemp", refuse),
    }
    monkeypatch.setattr(*places[call])
    for _ in range(2):
        value = headless.evaluate(engine, cell, {}, {}, defaults)
        assert isinstance(value, pl.DataFrame)
        assert value["total"].item() == 6
    assert files(tmp_path) == []
    assert caplog.messages == ["Results are not kept on disk: No space left on device"]


def test_a_folder_that_cannot_be_is_told_and_stops_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    (tmp_path / "file").touch()
    with caplog.at_level(logging.WARNING):
        disk = DiskResults(tmp_path / "file" / "cache", LOTS)
        disk.store("a", ROWS)
    assert disk.load("a") is None
    assert [record.message for record in caplog.records] == ["Results are not kept on disk: Not a directory"]


@pytest.fixture
def numbers(tmp_path: Path) -> SourceCell:
    pl.DataFrame({"n": [1, 2, 3]}).write_parquet(tmp_path / "numbers.parquet")
    os.utime(tmp_path / "numbers.parquet", (1e9, 1e9))
    return SourceCell("numbers.parquet", place(tmp_path), options={}, name="numbers")


@pytest.fixture
def _slow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let everything take a second."""
    seconds = iter(range(1_000_000))
    monkeypatch.setattr("dataapp.cache.results.monotonic", lambda: float(next(seconds)))


@pytest.mark.usefixtures("_slow")
def test_an_engine_of_another_process_reads_what_took_long(tmp_path: Path, numbers: SourceCell):
    cell = sql("SELECT sum(n)::INTEGER AS total FROM numbers", numbers=numbers)
    found: list[pl.DataFrame] = []
    stored: list[Path] = []
    for _ in range(2):
        engine = DuckDB(Results(0, disk=DiskResults(tmp_path / "cache", LOTS)))
        value = headless.evaluate(engine, cell, {}, {}, defaults)
        assert isinstance(value, pl.DataFrame)
        found.append(value)
        stored = files(tmp_path)
    assert len(stored) == 1
    assert found[0].equals(found[1])
    assert found[1]["total"].to_list() == [6]


@pytest.mark.usefixtures("_slow")
def test_a_file_that_changed_is_another_question(tmp_path: Path, numbers: SourceCell):
    engine = DuckDB(Results(0, disk=DiskResults(tmp_path / "cache", LOTS)))
    cell = sql("SELECT sum(n)::INTEGER AS total FROM numbers", numbers=numbers)
    headless.evaluate(engine, cell, {}, {}, defaults)
    pl.DataFrame({"n": [4]}).write_parquet(tmp_path / "numbers.parquet")
    os.utime(tmp_path / "numbers.parquet", (1e9 + 1, 1e9 + 1))
    value = headless.evaluate(engine, cell, {}, {}, defaults)
    assert isinstance(value, pl.DataFrame)
    assert value["total"].item() == 4


@pytest.mark.usefixtures("_slow")
def test_rows_of_a_frame_are_not_written(tmp_path: Path):
    engine = DuckDB(Results(0, disk=DiskResults(tmp_path / "cache", LOTS)))
    frame = SourceCell(pl.DataFrame({"n": [1]}), place(), options={}, name="frame")
    headless.evaluate(engine, sql("SELECT n + 1 AS n FROM frame", frame=frame), {}, {}, defaults)
    assert files(tmp_path) == []


def test_what_is_quick_is_not_written(tmp_path: Path, numbers: SourceCell, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("dataapp.cache.results.monotonic", lambda: 0.0)
    engine = DuckDB(Results(0, disk=DiskResults(tmp_path / "cache", LOTS)))
    headless.evaluate(engine, sql("SELECT sum(n) AS total FROM numbers", numbers=numbers), {}, {}, defaults)
    assert files(tmp_path) == []
