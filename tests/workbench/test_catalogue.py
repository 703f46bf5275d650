"""Files, globs and folders become tables; what cannot be read becomes a fault beside them."""

from pathlib import Path

import duckdb
import polars as pl
import pyarrow as pa
import pytest

import dataapp as da
from dataapp.app.sessions import engine
from dataapp.errors import Cancelled, SourceNotFoundError, SourceUnreadableError
from dataapp.runtime.workers import Cancel
from dataapp.workbench.catalogue import Catalogue, Table, count_rows, read_catalogue

ROWS = pl.DataFrame({"n": [1, 2], "s": ["a", "b"]})
OTHER = pl.DataFrame({"n": [1.5], "price": [2.5]})


def write(path: Path, frame: pl.DataFrame = ROWS) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    match path.suffix:
        case ".csv":
            frame.write_csv(path)
        case ".jsonl":
            frame.write_ndjson(path)
        case ".arrow":
            frame.write_ipc(path)
        case ".arrows":
            frame.write_ipc_stream(path)
        case _:
            frame.write_parquet(path)
    return path


def read(*locations: object) -> Catalogue:
    return read_catalogue([str(location) for location in locations], engine=engine())


def names(found: Catalogue) -> list[str]:
    return [table.name for table in found.tables]


def only(found: Catalogue) -> Table:
    (table,) = found.tables
    return table


def test_a_file_is_a_table_with_its_columns(tmp_path: Path) -> None:
    table = only(read(write(tmp_path / "trades.parquet")))
    assert (table.name, table.files, [(column.name, column.type) for column in table.columns]) == (
        "trades",
        1,
        [("n", "BIGINT"), ("s", "VARCHAR")],
    )


@pytest.mark.parametrize(
    ("ending", "rows"), [("parquet", 2), ("arrow", 2), ("arrows", None), ("csv", None), ("jsonl", None)]
)
def test_rows_are_told_where_that_needs_no_scan(tmp_path: Path, ending: str, rows: int | None) -> None:
    assert only(read(write(tmp_path / f"t.{ending}"))).rows == rows


@pytest.mark.parametrize("ending", ["parquet", "arrow", "arrows", "csv", "jsonl"])
def test_rows_can_be_counted_later(tmp_path: Path, ending: str) -> None:
    assert count_rows(only(read(write(tmp_path / f"t.{ending}"))), engine()) == 2


def test_counting_can_be_cancelled(tmp_path: Path) -> None:
    table = only(read(write(tmp_path / "t.csv")))
    cancel = Cancel()
    cancel.cancel()
    with pytest.raises(Cancelled):
        count_rows(table, engine(), cancel)


def test_each_file_of_a_folder_is_a_table(tmp_path: Path) -> None:
    write(tmp_path / "quotes.csv", OTHER)
    write(tmp_path / "trades.parquet")
    assert names(read(tmp_path)) == ["quotes", "trades"]


def test_what_is_no_data_is_left_out_of_a_folder(tmp_path: Path) -> None:
    write(tmp_path / "trades.parquet")
    write(tmp_path / ".cache" / "x.parquet")
    write(tmp_path / "_temporary" / "x.parquet")
    (tmp_path / "notes.md").write_text("# Notes")
    found = read(tmp_path)
    assert (names(found), found.faults) == (["trades"], ())


def test_a_subfolder_whose_files_agree_is_one_table(tmp_path: Path) -> None:
    for place in ("us", "eu/west"):
        write(tmp_path / "trades" / place / "rows.parquet")
    table = only(read(tmp_path))
    assert (table.name, table.files, table.rows) == ("trades", 2, 4)


def test_partitions_are_one_table_with_a_column_of_their_own(tmp_path: Path) -> None:
    for year in (2023, 2024):
        write(tmp_path / "trades" / f"year={year}" / "part-0.parquet")
    table = only(read(tmp_path / "trades"))
    assert (table.name, table.columns[-1].name) == ("trades", "year")


def test_a_subfolder_whose_files_differ_is_several_tables(tmp_path: Path) -> None:
    write(tmp_path / "market" / "quotes.parquet", OTHER)
    write(tmp_path / "market" / "trades.parquet")
    assert names(read(tmp_path)) == ["quotes", "trades"]


@pytest.mark.parametrize(
    ("first", "second", "name"),
    [
        ("trades-2024-01-01", "trades-2024-01-02", "trades"),
        ("part-0001", "part-0002", "data"),
        ("2023", "2024", "data"),
        ("part-0-5c1f0b3e9a2d", "part-1-77aa0b3e9a2d", "data"),
    ],
)
def test_numbered_files_that_agree_are_one_table(tmp_path: Path, first: str, second: str, name: str) -> None:
    folder = tmp_path / "data"
    write(folder / f"{first}.parquet")
    write(folder / f"{second}.parquet")
    table = only(read(folder))
    assert (table.name, table.files, table.rows) == (name, 2, 4)


def test_numbered_files_that_differ_are_tables_of_their_own(tmp_path: Path) -> None:
    write(tmp_path / "t1.parquet")
    write(tmp_path / "t2.parquet", OTHER)
    assert names(read(tmp_path)) == ["t1", "t2"]


def test_numbered_files_are_no_table_when_a_glob_names_others_too(tmp_path: Path) -> None:
    first, second = write(tmp_path / "t1.parquet"), write(tmp_path / "t2.parquet")
    write(tmp_path / "t3.parquet")
    assert names(read(first, second)) == ["t1", "t2"]


def test_a_folder_with_brackets_in_its_name_is_read(tmp_path: Path) -> None:
    folder = tmp_path / "run [1]"
    write(folder / "t1.parquet")
    write(folder / "t2.parquet")
    assert only(read(folder)).files == 2


def test_a_location_is_what_a_source_takes(tmp_path: Path) -> None:
    for number in range(3):
        write(tmp_path / "run [1]" / "deep" / f"part-{number}.parquet")
        write(tmp_path / "run [1]" / f"t{number}.csv")
    found = read(tmp_path / "run [1]")
    sources = {table.name: da.source(table.location) for table in found.tables}
    heights = [da.sql("FROM t", t=each).evaluate().height for each in sources.values()]
    assert heights == [6, 6]


def test_a_glob_is_one_table(tmp_path: Path) -> None:
    write(tmp_path / "trades" / "a.parquet")
    write(tmp_path / "trades" / "b.parquet")
    table = only(read(tmp_path / "trades" / "*.parquet"))
    assert (table.name, table.location, table.rows) == ("trades", str(tmp_path / "trades" / "*.parquet"), 4)


def test_a_glob_over_different_files_is_several_tables_and_says_how_they_differ(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write(tmp_path / f"{name}.parquet")
    write(tmp_path / "c.parquet", OTHER)
    found = read(tmp_path / "*.parquet")
    assert names(found) == ["a", "b", "c"]
    (fault,) = found.faults
    assert "Unlike `a.parquet`, `c.parquet` has no column `s`, has a column `price`, has `n` as double" in fault.message


def test_the_order_of_columns_is_no_difference(tmp_path: Path) -> None:
    write(tmp_path / "a.parquet")
    write(tmp_path / "b.parquet", ROWS.select("s", "n"))
    assert only(read(tmp_path / "*.parquet")).rows == 4


def test_text_files_are_compared_by_their_headers(tmp_path: Path) -> None:
    write(tmp_path / "a.csv")
    write(tmp_path / "b.csv", OTHER)
    (fault,) = read(tmp_path / "*.csv").faults
    assert "`b.csv` has no column `s`" in fault.message


def test_text_files_without_a_header_are_one_table(tmp_path: Path) -> None:
    for number in range(2):
        (tmp_path / f"t{number}.csv").write_text(f"{number},1.5\n{number},2.5\n{number},3.5\n")
    assert only(read(tmp_path)).files == 2


@pytest.mark.parametrize(
    ("name", "content"), [("bad.parquet", b"PAR1 no"), ("bad.arrow", b"no"), ("none.csv", b""), ("bad.jsonl", b"{{{")]
)
def test_an_unreadable_file_is_a_fault_beside_the_good_ones(tmp_path: Path, name: str, content: bytes) -> None:
    write(tmp_path / "good.parquet")
    (tmp_path / name).write_bytes(content)
    found = read(tmp_path)
    (fault,) = found.faults
    assert (names(found), fault.location, fault.code) == (["good"], str(tmp_path / name), "DA302")


def test_an_unreadable_part_leaves_the_others_readable(tmp_path: Path) -> None:
    for number in range(2):
        write(tmp_path / f"part-{number}.parquet")
    (tmp_path / "part-2.parquet").write_bytes(b"")
    found = read(tmp_path)
    assert (names(found), len(found.faults)) == (["part_0", "part_1"], 1)


def test_a_missing_file_is_an_error_that_names_what_is_near(tmp_path: Path) -> None:
    write(tmp_path / "trades.parquet")
    with pytest.raises(SourceNotFoundError) as found:
        read(tmp_path / "trade.parquet")
    assert "trades.parquet" in str(found.value.hint)


def test_a_folder_without_data_is_an_error_that_says_what_data_is(tmp_path: Path) -> None:
    (tmp_path / "notes.md").write_text("# Notes")
    with pytest.raises(SourceNotFoundError) as found:
        read(tmp_path)
    assert str(tmp_path) in found.value.message
    assert ".parquet" in str(found.value.hint)


def test_nothing_readable_is_an_error_that_says_why(tmp_path: Path) -> None:
    (tmp_path / "bad.parquet").write_bytes(b"no")
    with pytest.raises(SourceUnreadableError, match=r"bad\.parquet"):
        read(tmp_path)


def test_endings_that_are_offered_are_known(tmp_path: Path) -> None:
    from dataapp.connect.files import format_of
    from dataapp.workbench.file_facts import known_endings

    endings = [word.strip(",") for word in known_endings().split() if word.startswith(".")]
    assert [ending for ending in endings if format_of(f"t{ending}") is None] == []


def test_an_empty_folder_is_a_fault_beside_the_good_ones(tmp_path: Path) -> None:
    write(tmp_path / "data" / "trades.parquet")
    (tmp_path / "empty").mkdir()
    found = read(tmp_path / "data", tmp_path / "empty")
    assert names(found) == ["trades"]
    assert [fault.message for fault in found.faults] == [f"There are no data files in `{tmp_path / 'empty'}`."]


def test_a_missing_file_is_a_fault_beside_the_good_ones(tmp_path: Path) -> None:
    found = read(write(tmp_path / "trades.parquet"), tmp_path / "quotes.parquet", tmp_path / "bars-*.parquet")
    assert names(found) == ["trades"]
    assert [fault.message for fault in found.faults] == [
        f"No file matches `{tmp_path / name}`." for name in ("quotes.parquet", "bars-*.parquet")
    ]
    assert "holds trades.parquet" in (found.faults[0].hint or "")


def test_a_text_is_a_table_only_where_it_is_named(tmp_path: Path) -> None:
    write(tmp_path / "trades.parquet")
    (tmp_path / "notes.txt").write_text("what,why\na,b\n", "utf-8")
    assert names(read(tmp_path)) == ["trades"]
    assert names(read(tmp_path / "notes.txt")) == ["notes"]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (bytes(range(128, 256)) * 20, "cannot be read as CSV: "),
        ("näme,größe\n".encode("latin-1") * 3, "This file is not utf-8 encoded (line 1)"),
    ],
)
def test_why_a_csv_file_cannot_be_read_is_one_sentence(tmp_path: Path, content: bytes, told: str) -> None:
    write(tmp_path / "trades.parquet")
    (tmp_path / "broken.csv").write_bytes(content)
    (fault,) = read(tmp_path).faults
    assert told in fault.message
    assert "\n" not in fault.message
    assert len(fault.message) < 300


def test_a_file_that_is_given_twice_is_one_table(tmp_path: Path) -> None:
    path = write(tmp_path / "trades.parquet")
    assert names(read(path, path)) == ["trades"]


@pytest.mark.parametrize(
    ("stem", "name"),
    [
        ("My Trades (2024)", "my_trades_2024"),
        ("2024", "t_2024"),
        ("order", "order_table"),
        ("class", "class_table"),
        ("da", "da_table"),
        ("range", "range_table"),
        ("Größe", "größe"),
        ("...", "t"),
    ],
)
def test_a_name_is_good_in_python_and_in_sql(tmp_path: Path, stem: str, name: str) -> None:
    table = only(read(write(tmp_path / f"x{stem}.parquet").rename(tmp_path / f"_{stem}.parquet")))
    assert table.name == name
    assert duckdb.sql(f"WITH {name} AS (SELECT 1 AS n) SELECT n FROM {name}").fetchall() == [(1,)]


def test_equal_names_are_numbered(tmp_path: Path) -> None:
    found = read(write(tmp_path / "a" / "t.parquet"), write(tmp_path / "b" / "T.csv"))
    assert names(found) == ["t", "t_2"]


def test_only_footers_are_read(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    write(path, pl.DataFrame({"n": range(100_000)}))
    content = bytearray(path.read_bytes())
    content[4:2000] = bytes(1996)
    path.write_bytes(content)
    assert only(read(path)).rows == 100_000


def test_arrow_types_are_told_as_the_engine_calls_them(tmp_path: Path) -> None:
    table = pa.table({"day": pa.array([0], pa.date32()), "price": pa.array([1.5], pa.float32())})
    with pa.OSFile(str(tmp_path / "t.arrow"), "wb") as file, pa.ipc.new_file(file, table.schema) as writer:
        writer.write_table(table)
    assert [column.type for column in only(read(tmp_path)).columns] == ["DATE", "FLOAT"]
