import signal
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from sample_data import command, tape
from sample_data.command import main

ROOT = Path(__file__).resolve().parents[2]


def test_help_names_the_commands(capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert ended.value.code == 0
    assert {"demo", "trades"} <= set(capsys.readouterr().out.split())


def test_without_a_command_the_data_sets_are_listed(sample_home: Path, capsys: pytest.CaptureFixture[str]):
    assert main([]) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["flights", "real", "336,776"] in [line[:3] for line in lines]
    assert ["trades/*", "synthetic", "not", "made", "yet"] in lines


def test_demo_makes_what_is_missing_and_lists_it(
    sample_home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(command, "trades", lambda: tape.trades(1_000))
    assert main(["demo"]) == 0
    assert main([]) == 0
    listed = [line.split()[:3] for line in capsys.readouterr().out.splitlines()]
    assert ["generated/daily_bars", "real", "12,154"] in listed
    assert ["trades/*", "synthetic", "1,000"] in listed


def test_trades_are_generated_and_summed_up(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["trades", "--rows", "1_000", "--out", str(tmp_path / "t"), "--seed", "3"]) == 0
    assert "1,000 trades, 2013-03-01 to 2013-03-01, 1 files" in capsys.readouterr().out
    assert pl.read_parquet_metadata(tmp_path / "t" / "trades-2013-03.parquet")["seed"] == "3"


def test_a_refusal_is_one_line_and_status_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    (tmp_path / "mine.txt").write_text("", "utf-8")
    assert main(["trades", "--rows", "1000", "--out", str(tmp_path)]) == 1
    error = capsys.readouterr().err
    assert error.startswith(f"sample_data: `{tmp_path}` already holds files. Hint: ")
    assert error.count("\n") == 1


@pytest.mark.parametrize("rows", ["0", "-5", "many", "1.5"])
def test_wrong_rows_are_wrong_usage(rows: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit) as ended:
        main(["trades", f"--rows={rows}", "--out", str(tmp_path)])
    assert ended.value.code == 2
    assert f"`{rows}` is not a positive whole number" in capsys.readouterr().err


def test_an_interruption_says_that_nothing_was_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    def interrupt(*_arguments: object, **_options: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "write_tape", interrupt)
    assert main(["trades", "--out", str(tmp_path / "t")]) == 130
    assert capsys.readouterr().err == "sample_data: interrupted; nothing was written.\n"


@pytest.mark.skipif(sys.platform == "win32", reason="SIGTERM ends a process at once there")
def test_termination_removes_what_is_half_written(tmp_path: Path):
    arguments = ["trades", "--rows", "50_000_000", "--out", str(tmp_path / "t")]
    process = subprocess.Popen([sys.executable, "-m", "sample_data", *arguments], cwd=ROOT)
    while process.poll() is None and not list(tmp_path.glob(".t.*.partial/*.parquet")):
        pass  # until it is in the midst of writing
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=60) == 143
    assert list(tmp_path.iterdir()) == []
