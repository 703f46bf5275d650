"""Rows of files by their numbers, against the plain queries for them."""

from pathlib import Path
from typing import Any
from unittest.mock import patch

import duckdb
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dataapp.engines.duckdb import DuckDB
from dataapp.engines.relation import Column, Relation
from dataapp.errors import Cancelled, DataAppError, QueryError
from dataapp.views.table.relation import numbered as module
from dataapp.views.table.relation import rows as rows_module
from dataapp.views.table.relation.numbered import NumberedRows, number_rows
from dataapp.views.table.relation.queries import BLOCK, Query, Question, SortKey, Span, Table
from dataapp.views.table.relation.rows import RelationRows
from dataapp.views.table.selection import Rows
from tests.views.table.by_hand import Job
from tests.views.table.relation.test_rows import SCHEMA, frames, orders, sorted_like, where

ALL = tuple(range(len(SCHEMA)))
shapes = st.sampled_from(["one", "bare", "named", "list", "glob", "twice"])


def job() -> Any:
    return Job(lambda _: None, lambda _: None, lambda _: None)


def written(engine: DuckDB, folder: Path, frame: pl.DataFrame, shape: str, cuts: list[int]) -> Relation:
    """Write a frame as one file or several, some of them empty, and return the relation that reads them."""
    for old in folder.glob("*.parquet"):
        old.unlink()
    ends = sorted(min(cut, len(frame)) for cut in cuts) if shape in ("list", "glob") else []
    files: list[str] = []
    for at, (start, end) in enumerate(zip([0, *ends], [*ends, len(frame)], strict=True)):
        file = folder / f"it's (part) {at}.parquet"
        frame[start:end].write_parquet(file, row_group_size=37)
        files.append("'" + str(file).replace("'", "''") + "'")
    glob = "'" + str(folder / "*.parquet") + "'"
    sql = {
        "one": f"FROM read_parquet([{files[0]}])",
        "bare": f"FROM {files[0]}",
        "named": f'FROM read_parquet({files[0]}) AS "a ""file"" of rows"',
        "list": f"FROM read_parquet([{', '.join(files)}], union_by_name = true)",
        "glob": f"FROM read_parquet({glob})",
        "twice": f"FROM read_parquet([{files[0]}, {files[0]}])",
    }[shape]
    return Relation(sql, key=object(), engine=engine, fixed_order=True)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    frame=frames(),
    shape=shapes,
    cuts=st.lists(st.integers(0, 300), min_size=1, max_size=4),
    first=st.integers(0, 310),
    count=st.integers(1, 130),
)
def test_deep_windows_are_what_the_plain_query_gives(
    engine: DuckDB, tmp_path: Path, frame: pl.DataFrame, shape: str, cuts: list[int], first: int, count: int
):
    rows = RelationRows(written(engine, tmp_path, frame, shape, cuts))
    span = Span(first, count, ALL)
    plain = rows.window(Question(), span, job()).cells.to_pylist()
    with patch.object(module, "DEEP", 0), patch.object(rows_module, "DEEP", 0):
        assert repr(rows.window(Question(), span, job()).cells.to_pylist()) == repr(plain)
        total = len(frame) * (2 if shape == "twice" else 1)
        found = numbered(rows.relation, rows.columns(job())).deep_window(Table.of_relation(rows.columns(job())), span)
        assert (found is not None) == (first < total)


def numbered(relation: Relation, columns: tuple[Column, ...]) -> NumberedRows:
    with relation.open() as reader:
        found = number_rows(relation, columns, lambda query: reader.fetch(query.sql, query.parameters))
    assert found is not None
    return found


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    frame=frames(),
    shape=shapes,
    cuts=st.lists(st.integers(0, 300), min_size=1, max_size=4),
    order=orders.filter(bool),
    stretches=st.lists(st.tuples(st.integers(0, 40), st.integers(1, 60)), min_size=1, max_size=3),
    few=st.sampled_from([0, 1_000]),
)
def test_files_in_another_order_are_what_polars_makes_of_the_whole(
    engine: DuckDB,
    tmp_path: Path,
    frame: pl.DataFrame,
    shape: str,
    cuts: list[int],
    order: tuple[SortKey, ...],
    stretches: list[tuple[int, int]],
    few: int,
):
    rows = RelationRows(written(engine, tmp_path, frame, shape, cuts))
    whole = pl.concat([frame, frame]) if shape == "twice" else frame
    expected = sorted_like(whole, order).to_dicts()
    question = Question(order=order)

    def typed(table: Table) -> str:
        return ", ".join(f"{reference} AS c{at}" for at, reference in enumerate(table.references))

    def compare(found: Any, wanted: list[dict[str, Any]]) -> None:
        assert repr([tuple(row.values()) for row in found.to_pylist()]) == repr([tuple(row.values()) for row in wanted])

    with patch.object(rows_module, "_MOST_KEPT", 0), patch.object(rows_module, "_FEW", few):
        settled = rows.settle(question, Span(0, BLOCK, ALL), job())
        assert settled.totals == rows_module.Totals(len(whole), len(whole))
        assert list(settled.cells.column("c0").to_pylist()) == [row["id"] for row in expected[:BLOCK]]
        if expected:
            kept = rows._kept  # pyright: ignore[reportPrivateUsage]
            assert kept is not None
            assert kept.files is not None
        for at in range(0, len(whole) + 1, BLOCK):
            window = rows.window(question, Span(at, BLOCK, (0,)), job())
            assert window.cells.column("c0").to_pylist() == [row["id"] for row in expected[window.span.first :][:BLOCK]]
        chosen: list[Rows] = []
        for gap, count in stretches:
            start = chosen[-1].end + gap + 1 if chosen else gap
            chosen.append(Rows(start, count))
        wanted = [row for one in chosen for row in expected[one.first : one.end]]
        compare(rows.selected(question, tuple(chosen), typed, job()), wanted)
        summed = rows.summed_up(question, tuple(chosen), lambda table: f"sum({table.references[0]})", job())
        assert summed.column(0).to_pylist() == [sum(row["id"] for row in wanted) if wanted else None]
        with rows.beside(question, job()) as (reader, table):
            compare(rows.stream(question, reader, table, typed).read_all(), expected)
    rows.close()


@pytest.mark.parametrize(
    "sql",
    [
        "FROM 'a.parquet' LIMIT 5",
        "FROM read_csv(['a'])",
        "FROM read_parquet($file)",
        "SELECT * FROM read_parquet('a.parquet')",
        "FROM read_parquet('a.parquet') AS \"a\", other",
        "FROM 'a.parquet' WHERE x = 'b.parquet'",
        "FROM read_parquet('a', schema = MAP {1: {name: 'x', type: 'INT', default_value: NULL}})",
    ],
)
def test_only_files_as_they_are_have_numbers(engine: DuckDB, sql: str):
    def fetch(query: Query) -> Any:
        raise AssertionError(query)

    assert number_rows(Relation(sql, key=sql, engine=engine, fixed_order=True), (), fetch) is None


@pytest.mark.parametrize(
    "name", ["File_Row_Number", "file_index", "dataapp_number", "dataapp_place", "number", "wanted"]
)
def test_a_column_that_goes_by_a_name_of_ours_is_read_as_it_is(engine: DuckDB, tmp_path: Path, name: str):
    file = tmp_path / "numbers.parquet"
    duckdb.execute(f"COPY (SELECT 7 + range % 2 AS {name} FROM range(300)) TO '{file}'")
    rows = RelationRows(Relation(f"FROM '{file}'", key=object(), engine=engine, fixed_order=True))
    with patch.object(module, "DEEP", 0), patch.object(rows_module, "DEEP", 0):
        assert rows.window(Question(), Span(128, 128, (0,)), job()).cells.column(0).to_pylist() == [7, 8] * 64
    with patch.object(rows_module, "_MOST_KEPT", 0):
        by_name = Question(order=(SortKey(0),))
        settled = rows.settle(by_name, Span(128, 128, (0,)), job())
        assert settled.cells.column(0).to_pylist() == [7] * 22 + [8] * 106
    rows.close()


def test_few_rows_of_a_file_are_kept_and_many_are_not(engine: DuckDB, tmp_path: Path):
    file = tmp_path / "numbers.parquet"
    duckdb.execute(f"COPY (SELECT range AS i, range % 10 AS d FROM range(1000)) TO '{file}'")
    relation = Relation(f"FROM '{file}'", key=object(), engine=engine, fixed_order=True)
    question = Question(order=(SortKey(0, descending=True),))
    for most, is_kept in [(2_000, True), (1_999, False)]:
        with patch.object(rows_module, "_MOST_KEPT", most):
            rows = RelationRows(relation)
            rows.settle(question, Span(0, BLOCK, (0,)), job())
            assert (files_of(rows) is None) == is_kept
            rows.close()
    rows = RelationRows(relation)
    columns = rows.columns(job())
    with patch.object(rows_module, "_MOST_KEPT", 200):
        few = Question((where(columns, 1, "3"),), question.order)
        screen = rows.settle(few, Span(0, BLOCK, (0,)), job())
        assert files_of(rows) is None
        assert screen.cells.column(0).to_pylist() == list(range(993, 0, -10))
        many = Question((where(columns, 1, "3..4"),), question.order)
        screen = rows.settle(many, Span(0, BLOCK, (0,)), job())
        assert files_of(rows) is not None
        assert screen.cells.column(0).to_pylist()[:4] == [994, 993, 984, 983]
        assert screen.totals == rows_module.Totals(200, 1_000)
    rows.close()


def test_a_window_that_is_read_from_files_can_be_given_up_and_the_order_stays(engine: DuckDB, tmp_path: Path):
    file = tmp_path / "numbers.parquet"
    duckdb.execute(f"COPY (SELECT range AS i FROM range(1000)) TO '{file}'")
    question = Question(order=(SortKey(0, descending=True),))
    rows = RelationRows(Relation(f"FROM '{file}'", key=object(), engine=engine, fixed_order=True))
    with patch.object(rows_module, "_MOST_KEPT", 0):
        assert not rows.is_interruptible(question)  # nothing is in order yet
        rows.settle(question, Span(0, BLOCK, (0,)), job())
        assert rows.is_interruptible(question)
        assert not rows.is_interruptible(Question(order=(SortKey(0),)))
        given_up = job()
        given_up.cancel()
        with pytest.raises(Cancelled):
            rows.window(question, Span(BLOCK, BLOCK, (0,)), given_up)
        order = files_of(rows)
        assert rows.window(question, Span(BLOCK, BLOCK, (0,)), job()).cells.column(0)[0].as_py() == 999 - BLOCK
        assert files_of(rows) is order
    rows.close()


def test_a_first_window_of_huge_files_comes_in_two_parts(engine: DuckDB, tmp_path: Path):
    file = tmp_path / "numbers.parquet"
    duckdb.execute(f"COPY (SELECT range AS i, range * 7 % 50 AS d FROM range(1000)) TO '{file}' (ROW_GROUP_SIZE 100)")
    rows = RelationRows(Relation(f"FROM '{file}'", key=object(), engine=engine, fixed_order=True))
    columns = rows.columns(job())
    for filters in ((), (where(columns, 0, ">= 400"),)):
        for order in ((SortKey(1),), (SortKey(1, descending=True), SortKey(0, descending=True))):
            question, span = Question(filters, order), Span(0, 2 * BLOCK, (0, 1))
            plain = rows.begin(question, span, job())
            assert not plain.has_more
            with patch.object(rows_module, "_MOST_KEPT", 0), patch.object(rows_module, "_SCREEN", 30):
                part = rows.begin(question, span, job())
                assert (part.span, part.totals, part.has_more) == (span, None, True)
                assert part.cells.to_pylist() == plain.cells.to_pylist()[:30]
                assert rows.begin_whole(question, span, job()).cells.to_pylist() == plain.cells.to_pylist()
                with pytest.raises(Cancelled):
                    rows.begin_whole(Question(order=(SortKey(0),)), span, job())
                other = Question(order=(SortKey(0, descending=True),))
                foreseen = rows.foresee(other, span, job())
                assert foreseen is not None
                assert foreseen.has_more
                assert foreseen.cells.to_pylist() == rows.begin(other, span, job()).cells.to_pylist()
                rows.foresee(question, span, job())
                assert rows.begin_whole(other, span, job()).cells.num_rows == 2 * BLOCK
    with patch.object(rows_module, "_MOST_KEPT", 0):
        few = Question((where(columns, 0, "<= 9"),), (SortKey(0, descending=True),))
        screen = rows.begin(few, Span(0, BLOCK, (0,)), job())
        assert (screen.cells.column(0).to_pylist(), screen.has_more) == (list(range(9, -1, -1)), False)
    rows.close()


def test_an_order_of_files_is_made_by_the_engine_for_sorts(tmp_path: Path):
    engine = DuckDB()  # where nothing else is kept
    rows = huge(engine, tmp_path)
    with patch.object(rows_module, "_MOST_KEPT", 0):
        rows.settle(Question(order=(SortKey(0, descending=True),)), Span(0, BLOCK, (0,)), job())
    assert len(engine.sorter.kept) == 1
    assert len(engine.kept) == 0
    rows.close()
    assert len(engine.sorter.kept) == 0


def test_an_order_that_needs_more_memory_than_sorts_may_take_is_made_by_the_engine_itself(tmp_path: Path):
    engine = DuckDB()
    rows = huge(engine, tmp_path)
    connection = engine.sorter.lease()
    connection.execute("SET memory_limit = '1MB'")
    engine.sorter.give_back(connection)
    with patch.object(rows_module, "_MOST_KEPT", 0):
        settled = rows.settle(Question(order=(SortKey(1), SortKey(0, True))), Span(0, BLOCK, (0,)), job())
    assert settled.cells.column(0)[0].as_py() == 299_995
    assert (len(engine.sorter.kept), len(engine.kept)) == (0, 1)
    rows.close()


def test_an_order_that_fails_for_another_reason_fails(engine: DuckDB, tmp_path: Path):
    rows = huge(engine, tmp_path)
    failed = QueryError("broken")
    with (
        patch.object(rows_module, "_MOST_KEPT", 0),
        patch.object(RelationRows, "_keep", side_effect=failed),
        pytest.raises(QueryError, match="broken"),
    ):
        rows.settle(Question(order=(SortKey(0),)), Span(0, BLOCK, (0,)), job())
    rows.close()


def huge(engine: DuckDB, folder: Path) -> RelationRows:
    file = folder / "huge.parquet"
    texts = "SELECT range AS i, repeat('x', 40) || range % 5 AS t FROM range(300000)"
    duckdb.execute(f"COPY ({texts}) TO '{file}'")
    return RelationRows(Relation(f"FROM '{file}'", key=object(), engine=engine, fixed_order=True))


def files_of(rows: RelationRows) -> NumberedRows | None:
    kept = rows._kept  # pyright: ignore[reportPrivateUsage]
    assert kept is not None
    return kept.files


@pytest.mark.parametrize("option", ["hive_partitioning = true", "filename = true"])
@pytest.mark.parametrize("filter_", ["= 2", "!= 0", ">= 1"])
def test_files_that_a_filter_rules_out_leave_the_others_their_numbers(
    engine: DuckDB, tmp_path: Path, filter_: str, option: str
):
    rows = "SELECT range AS id, range % 3 AS Part FROM range(3000)"
    duckdb.execute(f"COPY ({rows}) TO '{tmp_path}' (FORMAT parquet, PARTITION_BY Part)")
    sql = f"FROM read_parquet('{tmp_path}/**/*.parquet', {option})"
    rows = RelationRows(Relation(sql, key=object(), engine=engine, fixed_order=True))
    columns = rows.columns(job())
    at = [column.name for column in columns].index("Part")
    files = [] if option.startswith("hive") else [where(columns, 1, "!Part=0")]
    filters = (*files, where(columns, at, filter_))
    with patch.object(rows_module, "_MOST_KEPT", 0):
        screen = rows.settle(Question(filters, (SortKey(0, descending=True),)), Span(0, BLOCK, (0,)), job())
    parts = {"= 2": {2}, "!= 0": {1, 2}, ">= 1": {1, 2}}[filter_]
    assert screen.cells.column(0).to_pylist() == [at for at in range(2999, -1, -1) if at % 3 in parts][:BLOCK]
    assert files_of(rows) is not None
    rows.close()


@pytest.mark.parametrize("few", [0, 1_000])
def test_rows_of_a_file_that_has_moved_are_not_read(engine: DuckDB, tmp_path: Path, few: int):
    file = tmp_path / "numbers.parquet"
    duckdb.execute(f"COPY (SELECT range AS i FROM range(1000)) TO '{file}'")
    has_moved = False

    def check() -> None:
        if has_moved:
            raise DataAppError("moved")

    relation = Relation(f"FROM '{file}'", key=object(), engine=engine, fixed_order=True, check_sources=check)
    rows = RelationRows(relation)
    question = Question(order=(SortKey(0),))
    with patch.object(rows_module, "_MOST_KEPT", 0), patch.object(rows_module, "_FEW", few):
        rows.settle(question, Span(0, BLOCK, (0,)), job())
        has_moved = True
        with pytest.raises(DataAppError, match="moved"):
            rows.window(question, Span(0, BLOCK, (0,)), job())
    rows.close()


def test_sorted_rows_of_remote_files_are_kept(engine: DuckDB):
    files = NumberedRows(
        "read_parquet('s3://bucket/x.parquet')", (0,), 10**9, is_remote=True, told_by_path=frozenset({"filename"})
    )
    sql = f"FROM {files.source}"
    footers: Any = pl.DataFrame({"num_rows": [10**9], "file_name": ["x.parquet"]}).to_arrow()
    found = number_rows(Relation(sql, key=sql, engine=engine, fixed_order=True), (), lambda _: footers)
    assert found == files
    rows = RelationRows(Relation(sql, key=sql, engine=engine, fixed_order=True), unfiltered=10**9)
    with (
        patch.object(RelationRows, "_numbered", lambda *_: files),
        patch.object(RelationRows, "columns", lambda *_: ()),
    ):
        assert rows._files_to_read(Question(order=(SortKey(0),)), job()) is None  # pyright: ignore[reportPrivateUsage]
