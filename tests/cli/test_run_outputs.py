"""Files appear complete and together, or not at all; standard output may close, and Ctrl-C may come, at any time."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Generator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from dataapp.cli.run.evaluation import interruptible
from dataapp.cli.run.outputs import Drafts
from dataapp.cli.run.progress import Task
from tests.cli.conftest import run

APP = """
rows = da.sql("SELECT range AS n FROM range(3)")
bad = da.sql('''SELECT CASE WHEN range > 400000 THEN error('too late') ELSE 'x' END AS c
                FROM range(500000)''')
endless = da.sql("SELECT sum(sqrt(a.range * b.range)) AS s FROM range(1000000) a, range(10000000) b")
many = da.sql("SELECT range AS n FROM range(30000000)")
"""
COMMAND = [sys.executable, "-m", "dataapp", "run"]

type Write = Callable[..., Path]


@pytest.fixture
def app(write: Write) -> Path:
    """The app of these tests."""
    return write(APP)


def names(folder: Path) -> list[str]:
    """Return the names of all files but the app."""
    return sorted(path.name for path in folder.iterdir() if path.name != "desk.py" and path.is_file())


def test_drafts_have_no_names_before_they_are_published(tmp_path: Path):
    drafts = Drafts()
    with drafts.open(tmp_path / "a.csv") as file:
        file.write(b"n\n")
    assert not (tmp_path / "a.csv").exists()


def test_published_drafts_leave_nothing_else(tmp_path: Path):
    drafts = Drafts()
    for name in ("a.csv", "b.csv"):
        with drafts.open(tmp_path / name) as file:
            file.write(b"n\n")
    drafts.publish()
    assert names(tmp_path) == ["a.csv", "b.csv"]


def test_discarded_drafts_leave_nothing(tmp_path: Path):
    drafts = Drafts()
    with drafts.open(tmp_path / "a.csv") as file:
        file.write(b"n\n")
    drafts.discard()
    assert names(tmp_path) == []


def test_a_replaced_file_keeps_its_permissions(tmp_path: Path):
    (tmp_path / "a.csv").write_text("old", "utf-8")
    (tmp_path / "a.csv").chmod(0o640)
    drafts = Drafts()
    with drafts.open(tmp_path / "a.csv") as file:
        file.write(b"new")
    drafts.publish()
    assert ((tmp_path / "a.csv").read_bytes(), (tmp_path / "a.csv").stat().st_mode & 0o777) == (b"new", 0o640)


def test_a_signal_while_files_get_their_names_is_too_late(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    drafts = Drafts()
    for name in ("a.csv", "b.csv"):
        with drafts.open(tmp_path / name) as file:
            file.write(b"n\n")
    replace = Path.replace

    def interrupted(draft: Path, path: Path) -> Path:
        os.kill(os.getpid(), signal.SIGINT)
        return replace(draft, path)

    monkeypatch.setattr(Path, "replace", interrupted)
    drafts.publish()
    assert names(tmp_path) == ["a.csv", "b.csv"]


def test_an_existing_file_is_replaced(app: Path, tmp_path: Path):
    (tmp_path / "a.csv").write_text("old", "utf-8")
    run("run", app, "--out", f"rows={tmp_path / 'a.csv'}")
    assert (tmp_path / "a.csv").read_text("utf-8") == "n\n0\n1\n2\n"


def test_an_error_in_mid_stream_leaves_every_file_as_it_was(app: Path, tmp_path: Path):
    (tmp_path / "a.csv").write_text("old", "utf-8")
    outs = ("--out", f"rows={tmp_path / 'a.csv'}", "--out", f"bad={tmp_path / 'b.parquet'}")
    done = run("run", app, *outs)
    assert (done.exit_code, names(tmp_path), (tmp_path / "a.csv").read_text("utf-8")) == (1, ["a.csv"], "old")


def test_an_error_in_mid_stream_is_told_with_its_place(app: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    assert run("run", app, "--out", "bad=b.csv").stderr == "desk.py:6:7 DA203 error bad: too late\n"


def test_ctrl_c_between_batches_leaves_every_file_as_it_was(app: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def interrupted(_: object, rows: int) -> None:
        signal.raise_signal(signal.SIGINT)

    (tmp_path / "b.csv").write_text("old", "utf-8")
    monkeypatch.setattr(Task, "advance", interrupted)
    done = run("run", app, "--out", f"many={tmp_path / 'b.csv'}")
    assert (done.exit_code, names(tmp_path), (tmp_path / "b.csv").read_text("utf-8")) == (130, ["b.csv"], "old")


def test_a_full_disk_is_told_without_a_traceback(app: Path):
    done = run("run", app, "--out", "rows=/dev/full", "--format", "csv")
    assert (done.exit_code, done.stderr) == (
        1,
        "Cannot write: [Errno 28] No space left on device; no file was changed.\n",
    )


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("rows=rows.txt", "tells no format"),
        ("rows=nowhere/rows.csv", "There is no folder `nowhere`"),
        ("rows=folder.csv", "is a folder"),
        ("row=rows.csv", "did you mean `rows`?"),
    ],
)
def test_a_target_that_cannot_be_is_wrong_usage(
    app: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, target: str, message: str
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder.csv").mkdir()
    done = run("run", app, "--out", target)
    assert done.exit_code == 2
    assert message in done.stderr


def test_two_outputs_in_one_place_are_wrong_usage(app: Path):
    assert run("run", app, "--out", "rows", "--out", "many=-").exit_code == 2


@pytest.fixture
def _interrupts() -> Generator[None]:
    """Python's own handler of SIGINT: what a shell starts in the background inherits that it is ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("_interrupts")
def test_a_signal_stops_the_engine_while_it_computes_a_batch():
    is_interrupted = threading.Event()

    def compute() -> bool:
        os.kill(os.getpid(), signal.SIGINT)
        return is_interrupted.wait(60)

    reader: Any = SimpleNamespace(cancel=is_interrupted.set)
    with pytest.raises(KeyboardInterrupt):
        interruptible(compute, reader)
    assert is_interrupted.is_set()


def test_sigint_ends_the_command_with_130(app: Path, tmp_path: Path):
    pipe = tmp_path / "pipe.csv"
    os.mkfifo(pipe)
    command = [*COMMAND, str(app), "--out", f"rows={tmp_path / 'a.csv'}", "--out", f"endless={pipe}"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process, pipe.open("rb"):
        process.send_signal(signal.SIGINT)  # the pipe opens when the command does, just before it runs the query
        _, said = process.communicate()
    assert (process.returncode, said, names(tmp_path)) == (130, "Interrupted; no file was changed.\n", [])


def test_head_ends_the_command_quietly_with_0(app: Path):
    with subprocess.Popen(
        [*COMMAND, str(app), "--out", "many"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert [process.stdout.readline() for _ in range(3)] == [b"n\n", b"0\n", b"1\n"]
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 0
