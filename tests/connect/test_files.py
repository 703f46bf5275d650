"""Files as tables: formats, locations, versions, and reading each of them."""

import os
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dataapp.cells.source import SourceCell
from dataapp.cells.sql import SqlCell, sql
from dataapp.connect.files import Version, absolute, expand, format_of, scan, version_of, within
from dataapp.errors import DataAppError, SourceNotFoundError, SourceUnreadableError
from tests.runtime.bench import ask, place

ROWS = pl.DataFrame({"n": [1, 2], "s": ["a", "b"]})


def source(folder: Path, location: object, **options: object) -> SourceCell:
    return SourceCell(location, place(folder), options=options, name="source")


def write_ipc(path: Path, *, stream: bool) -> None:
    table = ROWS.to_arrow()
    make = pa.ipc.new_stream if stream else pa.ipc.new_file
    with pa.OSFile(str(path), "wb") as file, make(file, table.schema) as writer:
        writer.write_table(table)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    ROWS.write_parquet(tmp_path / "rows.parquet")
    ROWS.write_csv(tmp_path / "rows.csv")
    ROWS.write_csv(tmp_path / "semicolons.txt", separator=";")
    ROWS.write_ndjson(tmp_path / "rows.jsonl")
    write_ipc(tmp_path / "file.arrow", stream=False)
    write_ipc(tmp_path / "stream.arrows", stream=True)
    return tmp_path


@pytest.mark.parametrize("name", ["rows.parquet", "rows.csv", "rows.jsonl", "file.arrow", "stream.arrows"])
def test_a_format_is_told_by_the_ending(folder: Path, name: str) -> None:
    assert ask(source(folder, name)).rows() == ROWS.rows()


def test_options_are_passed_to_the_reader(folder: Path) -> None:
    assert ask(source(folder, "semicolons.txt", delim=";", header=True)).rows() == ROWS.rows()


def test_an_option_may_be_a_mapping(folder: Path) -> None:
    frame = ask(source(folder, "rows.csv", columns={"n": "DOUBLE", "s": "VARCHAR"}))
    assert frame.schema["n"] == pl.Float64


def test_an_option_the_reader_does_not_know_is_an_error_of_the_source(folder: Path) -> None:
    with pytest.raises(DataAppError) as found:
        ask(source(folder, "rows.csv", no_such_option=1))
    assert found.value.cell == "source"


def test_a_text_option_is_quoted(folder: Path) -> None:
    with pytest.raises(DataAppError):
        ask(source(folder, "rows.csv", delim="'); DROP TABLE x; --"))


def test_the_format_may_be_said(folder: Path) -> None:
    (folder / "rows.csv").rename(folder / "rows.data")
    assert ask(source(folder, "rows.data", format="csv")).rows() == ROWS.rows()


def test_an_unknown_format_is_refused(folder: Path) -> None:
    with pytest.raises(SourceUnreadableError, match="'excel' is not known"):
        ask(source(folder, "rows.csv", format="excel"))


def test_an_ending_that_tells_nothing_is_refused(folder: Path) -> None:
    (folder / "rows.csv").rename(folder / "rows.data")
    with pytest.raises(SourceUnreadableError, match="do not tell their format"):
        ask(source(folder, "rows.data"))


def test_files_of_two_formats_are_refused(folder: Path) -> None:
    with pytest.raises(SourceUnreadableError, match="different formats"):
        ask(source(folder, ["rows.csv", "rows.parquet"]))


def test_a_glob_reads_all_that_match(folder: Path) -> None:
    ROWS.write_parquet(folder / "rows2.parquet")
    assert ask(source(folder, "*.parquet")).height == 4


def test_a_list_reads_all_of_them(folder: Path) -> None:
    assert ask(source(folder, ["rows.csv", Path("rows.csv")])).height == 4


def test_a_folder_is_read_with_its_partitions(tmp_path: Path) -> None:
    for day in ("mon", "tue"):
        (tmp_path / "trades" / f"day={day}").mkdir(parents=True)
        ROWS.write_parquet(tmp_path / "trades" / f"day={day}" / "part.parquet")
    frame = ask(source(tmp_path, "trades"))
    assert sorted(frame["day"].to_list()) == ["mon", "mon", "tue", "tue"]


def test_partitions_can_be_switched_off(tmp_path: Path) -> None:
    (tmp_path / "day=mon").mkdir()
    ROWS.write_parquet(tmp_path / "day=mon" / "part.parquet")
    assert ask(source(tmp_path, "*/*.parquet", hive_partitioning=False)).columns == ["n", "s"]


def test_a_filter_on_a_partition_gives_only_its_rows(tmp_path: Path) -> None:
    for year in (2023, 2024):
        (tmp_path / f"year={year}").mkdir()
        ROWS.write_parquet(tmp_path / f"year={year}" / "part.parquet")
    trades = source(tmp_path, "*/*.parquet")
    assert ask(sql("FROM trades WHERE year = 2024", trades=trades)).height == 2


def test_several_arrow_files_are_read_as_one(folder: Path) -> None:
    assert ask(source(folder, ["file.arrow", "stream.arrows"])).height == 4


def test_a_missing_file_is_named_with_what_is_there(folder: Path) -> None:
    with pytest.raises(SourceNotFoundError) as found:
        ask(source(folder, "row.parquet"))
    assert "row.parquet" in found.value.message
    assert "rows.parquet" in (found.value.hint or "")
    assert found.value.cell == "source"


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceNotFoundError) as found:
        ask(source(tmp_path, "nowhere/*.parquet"))
    assert "there is no folder" in (found.value.hint or "")


@pytest.mark.parametrize("name", ["bad.parquet", "bad.arrow"])
def test_a_file_that_is_something_else_is_unreadable(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"this is text, and more of it than a magic number takes")
    with pytest.raises(SourceUnreadableError):
        ask(source(tmp_path, name))


@pytest.mark.parametrize("name", ["empty.parquet", "empty.arrow"])
def test_an_empty_file_is_unreadable(tmp_path: Path, name: str) -> None:
    (tmp_path / name).touch()
    with pytest.raises(SourceUnreadableError):
        ask(source(tmp_path, name))


def test_a_truncated_file_is_unreadable(folder: Path) -> None:
    whole = (folder / "rows.parquet").read_bytes()
    (folder / "rows.parquet").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(SourceUnreadableError):
        ask(source(folder, "rows.parquet"))


def test_files_of_different_columns_are_an_error_of_the_source(tmp_path: Path) -> None:
    ROWS.write_parquet(tmp_path / "a.parquet")
    pl.DataFrame({"x": [1]}).write_parquet(tmp_path / "b.parquet")
    with pytest.raises(DataAppError) as found:
        ask(source(tmp_path, "*.parquet"))
    assert found.value.cell == "source"


def test_files_of_different_columns_can_be_united(tmp_path: Path) -> None:
    ROWS.write_parquet(tmp_path / "a.parquet")
    pl.DataFrame({"x": [1]}).write_parquet(tmp_path / "b.parquet")
    assert ask(source(tmp_path, "*.parquet", union_by_name=True)).columns == ["n", "s", "x"]


def test_relative_paths_start_at_the_file_of_the_cell(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "elsewhere").mkdir()
    monkeypatch.chdir(folder / "elsewhere")
    assert ask(source(folder, "rows.csv")).height == 2


def test_relative_paths_in_sql_start_at_the_file_of_the_cell(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir("/")
    cell = SqlCell(
        "FROM 'rows.parquet' UNION ALL FROM read_csv(['rows.csv'])",
        place(folder),
        on=None,
        materialize="auto",
        run="auto",
        name="cell",
    )
    assert ask(cell).height == 4


def test_two_cells_of_two_folders_read_their_own_file(tmp_path: Path) -> None:
    cells: list[Any] = []
    for number, name in enumerate(("one", "two")):
        (tmp_path / name).mkdir()
        pl.DataFrame({"n": [number]}).write_parquet(tmp_path / name / "rows.parquet")
        options: Any = {"on": None, "materialize": "auto", "run": "auto", "name": name}
        cells.append(SqlCell("FROM 'rows.parquet'", place(tmp_path / name), **options))
    both = sql("FROM one UNION ALL FROM two ORDER BY n", one=cells[0], two=cells[1])
    assert ask(both)["n"].to_list() == [0, 1]


@pytest.mark.parametrize("name", ["it's.parquet", 'a "b".parquet', "a;b.parquet", "ä ö.parquet"])
def test_odd_file_names_are_read(tmp_path: Path, name: str) -> None:
    ROWS.write_parquet(tmp_path / name)
    assert ask(source(tmp_path, name)).height == 2


def test_the_version_moves_when_a_file_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("n\n1\n")
    before = version_of([str(path)])
    (tmp_path / "new").write_text("n\n2\n")
    os.utime(tmp_path / "new", ns=(before[0].modified_ns, before[0].modified_ns))
    (tmp_path / "new").rename(path)
    assert version_of([str(path)]) != before


def test_the_version_moves_when_a_file_comes_to_a_glob(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("n\n1\n")
    before = version_of([str(tmp_path / "*.csv")])
    (tmp_path / "b.csv").write_text("n\n1\n")
    assert version_of([str(tmp_path / "*.csv")]) != before


def test_remote_files_have_no_version() -> None:
    assert version_of(["s3://bucket/x.parquet"]) == ()


def test_a_folder_names_only_data_files(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").touch()
    (tmp_path / "readme.md").touch()
    assert expand(str(tmp_path)) == [str(tmp_path / "rows.csv")]


@pytest.mark.parametrize(
    ("path", "told"), [("a.CSV", "csv"), ("a.json.zst", "json"), ("a.feather", "arrow"), ("a", None)]
)
def test_endings_tell_formats(path: str, told: str | None) -> None:
    assert format_of(path) == told


def test_home_is_expanded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/somewhere/analyst")
    assert absolute("~/rows.csv", Path("/apps")) == "/somewhere/analyst/rows.csv"


def test_a_quote_in_a_path_ends_no_literal() -> None:
    assert scan(Version(), ["s3://b/it's.csv"], "csv", {}) == "read_csv(['s3://b/it''s.csv'])"


def test_a_sibling_with_the_same_prefix_is_outside(tmp_path: Path) -> None:
    assert not within(str(tmp_path / "app-secret" / "x"), [tmp_path / "app"])


def test_compressed_csv_is_read(tmp_path: Path) -> None:
    import gzip

    with gzip.open(tmp_path / "rows.csv.gz", "wt") as file:
        file.write("n\n1\n")
    assert ask(source(tmp_path, "rows.csv.gz"))["n"].to_list() == [1]


def test_parquet_written_elsewhere_is_read(tmp_path: Path) -> None:
    pq.write_table(pa.table({"t": pa.array([0], pa.timestamp("ns", "UTC"))}), tmp_path / "x.parquet")
    assert ask(source(tmp_path, "x.parquet")).height == 1


def test_a_pattern_in_one_folder_matches_what_a_shell_matches(tmp_path: Path) -> None:
    for name in ("parta-1.csv", "partb-2.csv", ".parta-3.csv", "partc-4.csv", "parta-5.CSV"):
        (tmp_path / name).write_text("n\n1\n")
    (tmp_path / "parta-6.csv").mkdir()
    assert [Path(path).name for path in expand(str(tmp_path / "part[ab]-?.csv"))] == ["parta-1.csv", "partb-2.csv"]
    assert [Path(path).name for path in expand(str(tmp_path / ".part*"))] == [".parta-3.csv"]
    assert expand(str(tmp_path / "none" / "*.csv")) == []
