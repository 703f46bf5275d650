import hashlib
import subprocess
import sys
from pathlib import Path

import duckdb
import polars as pl
import pytest

from sample_data import SampleDataError, daily_bars, trades
from sample_data.tape import SCHEMA, Tape, read_tape, write_tape

ROWS = 300_000  # 19 days in two months


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("tape") / "trades"
    write_tape(out, ROWS)
    return out


def hashes(directory: Path) -> dict[str, str]:
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in sorted(directory.iterdir())}


def query(sql: str, directory: Path) -> list[tuple[object, ...]]:
    return duckdb.execute(sql, {"files": str(directory / "*.parquet")}).fetchall()


def test_every_day_agrees_with_its_real_bar(directory: Path, sample_home: Path):
    disagreeing = """
        WITH day AS (
            SELECT symbol, CAST(ts AS DATE) AS date, first(price ORDER BY ts) AS open, max(price) AS high,
                   min(price) AS low, last(price ORDER BY ts) AS close, CAST(sum(size) AS BIGINT) AS volume
            FROM read_parquet($files) GROUP BY ALL),
        bar AS (
            SELECT * EXCLUDE adj_close FROM read_parquet($bars)
            WHERE date >= (SELECT min(date) FROM day))
        SELECT count(*) FROM (FROM day EXCEPT FROM bar UNION ALL (FROM bar EXCEPT FROM day))
    """
    values = {"files": str(directory / "*.parquet"), "bars": str(daily_bars())}
    assert duckdb.execute(disagreeing, values).fetchall() == [(0,)]


def test_there_are_as_many_trades_as_asked_for(directory: Path):
    assert query("SELECT count(*), count(DISTINCT symbol) FROM read_parquet($files)", directory) == [(ROWS, 5)]


def test_trades_have_the_documented_schema(directory: Path):
    assert pl.read_parquet_schema(directory / "trades-2013-02.parquet") == SCHEMA


def test_duckdb_reads_the_documented_types(directory: Path):
    described = query("SELECT column_type FROM (DESCRIBE FROM read_parquet($files))", directory)
    assert described == [("TIMESTAMP",), ("VARCHAR",), ("DOUBLE",), ("INTEGER",), ("VARCHAR",)]


def test_a_file_holds_one_month(directory: Path):
    sql = "SELECT DISTINCT parse_filename(filename), strftime(ts, 'trades-%Y-%m.parquet') FROM read_parquet($files)"
    assert sorted(query(sql, directory)) == [(f"trades-2013-0{month}.parquet",) * 2 for month in (2, 3)]


def test_trades_are_ordered_strictly_by_time_within_a_file(directory: Path):
    sql = """
        SELECT count(*) FROM (
            SELECT ts <= lag(ts) OVER (PARTITION BY filename ORDER BY file_row_number) AS is_late
            FROM read_parquet($files, filename = true, file_row_number = true))
        WHERE is_late
    """
    assert query(sql, directory) == [(0,)]


def test_row_groups_are_small_enough_to_be_skipped(directory: Path):
    sql = """
        SELECT DISTINCT row_group_id, row_group_num_rows <= 130_000, stats_min_value IS NOT NULL
        FROM parquet_metadata($files) WHERE path_in_schema = 'ts' AND file_name LIKE '%2013-02%'
    """
    assert sorted(query(sql, directory)) == [(group, True, True) for group in range(3)]


def test_files_say_that_they_are_synthetic_and_from_what(directory: Path):
    metadata = pl.read_parquet_metadata(directory / "trades-2013-03.parquet")
    assert (metadata["synthetic"], metadata["seed"]) == ("true", "7")
    assert metadata["source"].startswith("bokeh_sampledata ")


def test_a_tape_says_what_is_there(directory: Path):
    tape = read_tape(directory)
    assert isinstance(tape, Tape)
    assert (tape.rows, tape.first_day, tape.last_day) == (ROWS, "2013-02-04", "2013-03-01")
    assert set(tape.files) == {file.name for file in directory.iterdir()}


def test_the_same_rows_and_seed_give_the_same_bytes(directory: Path, tmp_path: Path):
    write_tape(tmp_path / "again", ROWS)
    assert hashes(tmp_path / "again") == hashes(directory)


def test_another_seed_gives_other_ticks(tmp_path: Path):
    for seed in (1, 2):
        write_tape(tmp_path / str(seed), 2_000, seed)
    one, other = (pl.read_parquet(tmp_path / str(seed)) for seed in (1, 2))
    assert not one.equals(other)


def test_progress_is_told_up_to_the_end(tmp_path: Path):
    told: list[tuple[int, int]] = []
    write_tape(tmp_path / "out", 50_000, on_progress=lambda done, total: told.append((done, total)))
    assert len(told) == 3
    assert told[-1] == (50_000, 50_000)


def test_an_interrupted_run_leaves_nothing(tmp_path: Path):
    def interrupt(done: int, total: int) -> None:
        if done > total / 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_tape(tmp_path / "out", 200_000, on_progress=interrupt)
    assert list(tmp_path.iterdir()) == []


def test_a_directory_with_files_is_not_overwritten(tmp_path: Path):
    write_tape(tmp_path / "out", 1_000)
    before = hashes(tmp_path / "out")
    with pytest.raises(SampleDataError, match=r"already holds files\. Hint: .*--force"):
        write_tape(tmp_path / "out", 2_000)
    assert hashes(tmp_path / "out") == before


def test_force_replaces_an_earlier_tape(tmp_path: Path):
    write_tape(tmp_path / "out", 1_000)
    write_tape(tmp_path / "out", 2_000, force=True)
    assert pl.read_parquet(tmp_path / "out").height == 2_000


def test_force_never_replaces_anything_else(tmp_path: Path):
    write_tape(tmp_path / "out", 1_000)
    (tmp_path / "out" / "thesis.txt").write_text("mine", "utf-8")
    with pytest.raises(SampleDataError, match="never replaced"):
        write_tape(tmp_path / "out", 1_000, force=True)
    assert (tmp_path / "out" / "thesis.txt").is_file()


def test_a_negative_seed_is_refused(tmp_path: Path):
    with pytest.raises(SampleDataError, match="The seed is -1"):
        write_tape(tmp_path / "out", 1_000, -1)


def test_demo_trades_are_made_once(sample_home: Path):
    inode = trades(1_000).stat().st_ino
    assert trades(1_000).stat().st_ino == inode


@pytest.mark.parametrize("harm", ["missing file", "cut short", "other file", "other rows"])
def test_demo_trades_are_made_again_when_they_are_not_what_was_asked_for(sample_home: Path, harm: str):
    directory = trades(200_000)
    whole = hashes(directory)
    match harm:
        case "missing file":
            (directory / "trades-2013-03.parquet").unlink()
        case "cut short":
            with (directory / "trades-2013-03.parquet").open("rb+") as file:
                file.truncate(1_000)
        case "other file":
            (directory / "trades-2013-03.parquet").replace(directory / "trades-2013-04.parquet")
        case _:
            write_tape(directory, 2_000, force=True)
    assert hashes(trades(200_000)) == whole


def test_demo_trades_never_replace_files_of_the_user(sample_home: Path):
    (sample_home / "trades").mkdir()
    (sample_home / "trades" / "mine.csv").write_text("a", "utf-8")
    with pytest.raises(SampleDataError, match="already holds files"):
        trades(1_000)


def test_two_processes_may_ask_for_demo_trades_at_once(sample_home: Path):
    command = [sys.executable, "-c", "import sample_data; sample_data.trades(100_000)"]
    root = Path(__file__).resolve().parents[2]
    both = [subprocess.Popen(command, cwd=root) for _ in range(2)]
    assert [process.wait(timeout=60) for process in both] == [0, 0]
    assert [path.name for path in sample_home.iterdir()] == ["trades"]
    assert pl.read_parquet(sample_home / "trades").height == 100_000
