"""The code in README runs as it stands there."""

import re
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

ROOT = Path(__file__).resolve().parents[2]
BLOCKS = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text("utf-8"), re.DOTALL)
SMALLEST, DESK, TESTS = BLOCKS


def write_trades(path: Path, *, days: int = 2) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    duckdb.execute(
        """
        COPY (
            SELECT TIMESTAMP '2024-03-01 09:30:00' + to_seconds(30 * i) AS ts,
                   ['AAPL', 'IBM', 'MSFT'][1 + i % 3] AS symbol,
                   round(100 + 10 * sin(i / 50) + i % 7, 2) AS price, 100 * (1 + i % 12) AS size
            FROM range($1) AS t(i)
        ) TO '"""
        + str(path)
        + "' (FORMAT parquet)",
        [days * 780],
    )


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """The desk of README beside sample data of its own."""
    write_trades(tmp_path / "sample_data" / "trades" / "part.parquet")
    path = tmp_path / "notebooks" / "desk.py"
    path.parent.mkdir()
    path.write_text(DESK, "utf-8")
    return path


def test_readme_has_the_smallest_app_the_desk_and_its_tests() -> None:
    assert "pn.Column(size, busy).servable()" in SMALLEST
    assert "da.brush(price" in DESK
    assert "def test_fifteen_minute_bars" in TESTS


def test_the_tests_in_readme_pass(desk: Path) -> None:
    (desk.parent / "test_desk.py").write_text(TESTS, "utf-8")
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_desk.py"],
        cwd=desk.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert "2 passed" in run.stdout


def test_the_desk_passes_its_own_check(desk: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "dataapp", "check", str(desk)], capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stdout + run.stderr


def test_the_smallest_app_counts_what_duckdb_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_trades(tmp_path / "trades.parquet")
    (tmp_path / "smallest.py").write_text(SMALLEST, "utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    import smallest  # pyright: ignore[reportMissingImports]

    counted = dict(smallest.busy.evaluate(size=500).iter_rows())
    expected = duckdb.sql(
        f"SELECT symbol, count(*) FROM '{tmp_path}/trades.parquet' WHERE size >= 500 GROUP BY ALL"
    ).fetchall()
    assert counted == dict(expected)
