"""DuckDB: readers, interrupts, connections that are lent again, values, and errors."""

import contextlib
import datetime as dt
import threading
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from uuid import UUID
from zoneinfo import ZoneInfo

import duckdb
import polars as pl
import pyarrow as pa
import pytest

from dataapp.cells.values import Bound
from dataapp.engines.duckdb import DuckDB, Reader, error_to_fault, fault_to_error
from dataapp.engines.relation import EngineFault, Relation
from dataapp.errors import (
    Cancelled,
    ColumnNotFoundError,
    DataAppError,
    QueryError,
    SourceNotFoundError,
    SourceUnreadableError,
    SqlSyntaxError,
    TableNotFoundError,
    TypeMismatchError,
)

LONG = "SELECT sum(a.range * b.range % 7) FROM range(100_000) a, range(1_000_000) b"


@pytest.fixture
def engine() -> DuckDB:
    return DuckDB()


def relation(engine: DuckDB, sql: str, **options: object) -> Relation:
    return Relation(sql, key=sql, engine=engine, **options)  # pyright: ignore[reportArgumentType]


def state_of_idle_connections(engine: DuckDB) -> list[tuple[object, ...]]:
    """What readers could have left behind."""
    found: list[tuple[object, ...]] = []
    for connection in engine._idle:
        for query in (
            "SELECT table_name FROM duckdb_tables() WHERE temporary",
            "SELECT view_name FROM duckdb_views() WHERE NOT internal",
            "SELECT name FROM duckdb_variables() WHERE value IS NOT NULL",
        ):
            found += connection.execute(query).fetchall()
    return found


def test_a_reader_gives_the_rows(engine: DuckDB) -> None:
    with relation(engine, "SELECT 1 AS n").open() as reader:
        assert reader.fetch().to_pylist() == [{"n": 1}]


def test_a_query_over_the_relation_has_its_own_parameters(engine: DuckDB) -> None:
    made = relation(engine, "SELECT range AS n FROM range($top)", parameters={"top": Bound(10)})
    with made.open() as reader:
        assert reader.fetch("SELECT count(*) AS c FROM relation WHERE n > $low", {"low": 6}).to_pylist() == [{"c": 3}]


def test_frames_are_scanned_by_name(engine: DuckDB) -> None:
    made = relation(engine, 'SELECT sum(n)::INT AS n FROM "my frame"', frames={"my frame": pa.table({"n": [1, 2]})})
    with made.open() as reader:
        assert reader.fetch().to_pylist() == [{"n": 3}]


def test_columns_are_known_without_running(engine: DuckDB) -> None:
    assert [column.type for column in relation(engine, f"SELECT 1.5::DOUBLE AS x, ({LONG}) AS y").columns()] == [
        "DOUBLE",
        "HUGEINT",
    ]


def test_batches_stream(engine: DuckDB) -> None:
    with relation(engine, "FROM range(100_000)").open() as reader:
        assert sum(batch.num_rows for batch in reader.batches(1_000)) == 100_000


def test_kept_rows_are_read_by_their_name(engine: DuckDB) -> None:
    with relation(engine, "FROM range(10)").open() as reader:
        kept = reader.keep("SELECT range AS n FROM relation WHERE range > $low", {"low": 7})
        assert kept.rows == 2
        assert reader.fetch_kept(f"SELECT sum(n)::INTEGER AS sum FROM {kept.name}").to_pylist() == [{"sum": 17}]


def test_kept_rows_are_arranged_in_a_list_of_the_reader(engine: DuckDB) -> None:
    with relation(engine, "FROM range(10)").open() as reader:
        kept = reader.keep("SELECT range AS n FROM relation")
        arrange = f"SELECT n FROM {kept.name} WHERE n < $high ORDER BY n DESC"
        assert reader.arrange("arranged", arrange, {"high": 3}) == 3
        assert reader.fetch_kept("FROM arranged")["n"].to_pylist() == [2, 1, 0]


def test_sources_are_looked_at_when_they_were_read_and_not_when_kept_rows_were(engine: DuckDB) -> None:
    looks: list[None] = []
    with relation(engine, "FROM range(10)", check_sources=lambda: looks.append(None)).open() as reader:
        kept = reader.keep("FROM relation")
        assert len(looks) == 1
        reader.fetch_kept(f"FROM {kept.name}")
        assert len(looks) == 1


def test_a_connection_is_given_back_clean(engine: DuckDB) -> None:
    made = relation(
        engine,
        "SELECT getvariable('v') AS v FROM f",
        frames={"f": pa.table({"n": [1]})},
        variables={"v": Bound(5)},
    )
    with made.open() as reader:
        reader.fetch()
        reader.arrange("arranged", "FROM range(3)")
    assert len(engine._idle) == 1
    assert state_of_idle_connections(engine) == []


def test_a_connection_is_lent_again(engine: DuckDB) -> None:
    for _ in range(5):
        with relation(engine, "SELECT 1").open() as reader:
            reader.fetch()
    assert len(engine._idle) == 1


def test_a_kept_table_gives_its_memory_back_whatever_was_parsed_before(engine: DuckDB) -> None:
    engine.serialize("SELECT 1")
    engine.has_table("t")
    engine.lasting_facts()
    with Relation("SELECT range AS i, random() AS r FROM range(1_000_000)", key="many", engine=engine).open() as reader:
        reader.keep("FROM relation")
        reader.arrange("first", "SELECT 1 AS n")
        assert memory_of_tables(engine) > 2**20
    assert memory_of_tables(engine) == 0


def memory_of_tables(engine: DuckDB) -> int:
    connection = engine.lease()
    [(found,)] = connection.execute(
        "SELECT memory_usage_bytes FROM duckdb_memory() WHERE tag = 'IN_MEMORY_TABLE'"
    ).fetchall()
    engine.give_back(connection)
    return found


def test_only_some_idle_connections_are_kept(engine: DuckDB) -> None:
    readers = [relation(engine, "SELECT 1").open() for _ in range(20)]
    for reader in readers:
        reader.close()
    assert len(engine._idle) == 8


def test_closing_again_does_nothing(engine: DuckDB) -> None:
    reader = relation(engine, "SELECT 1").open()
    reader.close()
    reader.close()
    assert len(engine._idle) == 1


def test_a_closed_reader_reads_nothing(engine: DuckDB) -> None:
    reader = relation(engine, "SELECT 1").open()
    reader.close()
    with pytest.raises(Cancelled):
        reader.fetch()


def test_a_failed_query_leaves_the_connection_clean(engine: DuckDB) -> None:
    made = relation(engine, "SELECT nothing FROM f", frames={"f": pa.table({"n": [1]})})
    with made.open() as reader, pytest.raises(ColumnNotFoundError):
        reader.fetch()
    assert state_of_idle_connections(engine) == []


def test_cancelling_before_the_start_refuses_the_query(engine: DuckDB) -> None:
    with relation(engine, LONG).open() as reader:
        reader.cancel()
        with pytest.raises(Cancelled):
            reader.fetch()


def cancel_while_running(reader: Reader, run: Callable[[], object]) -> None:
    """Cancel from another thread as soon as the query runs."""

    def cancel() -> None:
        reader.interrupts.wait_until_running()
        reader.cancel()

    thread = threading.Thread(target=cancel)
    thread.start()
    with pytest.raises(Cancelled):
        run()
    thread.join()


def test_cancelling_interrupts_a_running_query(engine: DuckDB) -> None:
    with relation(engine, LONG).open() as reader:
        cancel_while_running(reader, reader.fetch)


def test_after_an_interrupt_the_connection_is_usable_and_clean(engine: DuckDB) -> None:
    made = relation(engine, LONG, frames={"f": pa.table({"n": [1]})}, variables={"v": Bound(1)})
    with made.open() as reader:
        cancel_while_running(reader, reader.fetch)
    assert state_of_idle_connections(engine) == []
    with relation(engine, "SELECT 1 AS n").open() as reader:
        assert reader.fetch().to_pylist() == [{"n": 1}]


def test_cancelling_after_the_end_disturbs_nobody(engine: DuckDB) -> None:
    with relation(engine, "SELECT 1").open() as reader:
        reader.fetch()
    reader.cancel()
    with relation(engine, "SELECT 1 AS n").open() as other:
        assert other.fetch().to_pylist() == [{"n": 1}]


def test_a_late_interrupt_never_hits_who_leases_the_connection_next(engine: DuckDB) -> None:
    for _ in range(50):
        with relation(engine, "SELECT count(*) FROM range(1_000)").open() as reader:
            thread = threading.Thread(target=reader.cancel)
            thread.start()
            with contextlib.suppress(Cancelled):
                reader.fetch()
        with relation(engine, "SELECT count(*) AS n FROM range(1_000)").open() as other:
            assert other.fetch().to_pylist() == [{"n": 1_000}]
        thread.join()


def test_progress_is_unknown_while_nothing_runs(engine: DuckDB) -> None:
    with relation(engine, "SELECT 1").open() as reader:
        assert reader.progress() is None


@pytest.mark.parametrize(
    ("value", "sql_type"),
    [
        (1, "INTEGER"),
        (2**31, "BIGINT"),
        (2**63, "UBIGINT"),
        (-(2**100), "HUGEINT"),
        (1.5, "DOUBLE"),
        (float("inf"), "DOUBLE"),
        (True, "BOOLEAN"),
        ("a", "VARCHAR"),
        ("'; DROP TABLE x; --", "VARCHAR"),
        (b"\0a", "BLOB"),
        (dt.date(2024, 2, 29), "DATE"),
        (dt.datetime(2024, 2, 29, 12, 30, 0, 5), "TIMESTAMP"),  # noqa: DTZ001  # naive is meant
        (dt.datetime(2024, 2, 29, 12, tzinfo=dt.UTC), "TIMESTAMP WITH TIME ZONE"),
        (dt.time(23, 59), "TIME"),
        (Decimal("1.50"), "DECIMAL(3,2)"),
        ([1, 2], "INTEGER[]"),
        (["a"], "VARCHAR[]"),
        ([dt.date(2024, 1, 1)], "DATE[]"),
        ({"desk": "fx"}, "STRUCT(desk VARCHAR)"),
    ],
)
def test_a_value_arrives_as_itself(engine: DuckDB, value: object, sql_type: str) -> None:
    made = relation(engine, "SELECT $x AS x, typeof($x) AS t", parameters={"x": Bound(value)})
    with made.open() as reader:
        assert reader.fetch().to_pylist() == [{"x": value, "t": sql_type}]


@pytest.mark.parametrize("value", [dt.timedelta(days=1, seconds=2), UUID(int=5)])
def test_a_value_that_arrow_writes_differently_arrives_as_itself(engine: DuckDB, value: object) -> None:
    with relation(engine, "SELECT $x = $y AS same", parameters={"x": Bound(value), "y": Bound(value)}).open() as reader:
        assert reader.fetch().to_pylist() == [{"same": True}]


def test_a_moment_with_a_zone_is_that_moment(engine: DuckDB) -> None:
    noon = dt.datetime(2024, 7, 1, 12, tzinfo=ZoneInfo("Europe/Berlin"))
    made = relation(engine, "SELECT epoch($x) AS s", parameters={"x": Bound(noon)})
    with made.open() as reader:
        assert reader.fetch().to_pylist() == [{"s": noon.timestamp()}]


def test_an_integer_is_a_double_where_that_is_promised(engine: DuckDB) -> None:
    made = relation(
        engine,
        "SELECT typeof($x) AS x, typeof($r) AS r",
        parameters={"x": Bound(2, "DOUBLE"), "r": Bound([1, 2], "DOUBLE[]")},
    )
    with made.open() as reader:
        assert reader.fetch().to_pylist() == [{"x": "DOUBLE", "r": "DOUBLE[]"}]


def test_a_number_no_type_holds_is_an_error_of_the_query(engine: DuckDB) -> None:
    with relation(engine, "SELECT $x", parameters={"x": Bound(2**128)}).open() as reader, pytest.raises(QueryError):
        reader.fetch()


@pytest.mark.parametrize(
    ("sql", "error"),
    [
        ("SELECT nothing FROM range(1)", ColumnNotFoundError),
        ("FROM nowhere", TableNotFoundError),
        ("SELECT no_such_function(1)", TableNotFoundError),
        ("SELECT 'x'::INTEGER", TypeMismatchError),
        ("SELECT 1 + DATE '2024-01-01' + 'x'::BLOB", TypeMismatchError),
        ("SELEC 1", SqlSyntaxError),
        ("FROM 'nowhere.parquet'", SourceNotFoundError),
        ("SELECT count(*) FROM range(2) GROUP BY nothing", ColumnNotFoundError),
        ("SELECT sum(range) FROM range(2) WHERE sum(range) > 1", QueryError),
    ],
)
def test_the_class_of_an_error_fits(engine: DuckDB, sql: str, error: type[DataAppError]) -> None:
    with relation(engine, sql).open() as reader, pytest.raises(error):
        reader.fetch()


def test_a_misspelt_column_gets_near_names(engine: DuckDB) -> None:
    made = relation(engine, "SELECT pricee FROM (SELECT 1 AS price)")
    with made.open() as reader, pytest.raises(ColumnNotFoundError) as found:
        reader.fetch()
    assert "price" in (found.value.hint or "")


def test_an_error_without_a_kind_before_it_is_read_too() -> None:
    error = duckdb.Error('{"exception_type":"Extension Autoloading","exception_message":"no"}')
    assert error_to_fault(error) == EngineFault("Extension Autoloading", "no")


def test_a_plain_error_is_kept_as_it_is() -> None:
    assert error_to_fault(duckdb.Error("Odd Error: something")) == EngineFault("Odd", "something")


@pytest.mark.parametrize("message", ["File too small to be a Parquet file", 'Error when sniffing file "x"'])
def test_a_file_that_cannot_be_read_is_unreadable(message: str) -> None:
    assert isinstance(fault_to_error(EngineFault("Invalid Input", message)), SourceUnreadableError)


def test_a_syntax_error_has_a_place(engine: DuckDB) -> None:
    with pytest.raises(SqlSyntaxError) as found:
        engine.statements("SELECT 1\nFROM FROM t")
    assert (found.value.line, found.value.column) == (2, 6)


def test_python_variables_are_never_found_by_the_engine(engine: DuckDB) -> None:
    secret = pa.table({"n": [1]})  # noqa: F841  # a replacement scan would see it
    with relation(engine, "FROM secret").open() as reader, pytest.raises(TableNotFoundError):
        reader.fetch()


def test_an_engine_knows_its_own_tables(engine: DuckDB) -> None:
    assert engine.has_table("DUCKDB_TABLES") or engine.has_table("sqlite_master")
    assert not engine.has_table("trades")


def test_a_file_that_is_rewritten_within_the_same_second_is_read_anew(engine: DuckDB, tmp_path: Path) -> None:
    path = tmp_path / "rewritten.parquet"
    for number in range(300):
        pl.DataFrame({"n": [number % 10]}).write_parquet(path)  # of the same size each time
        relation = Relation(f"SELECT count(*) AS c FROM '{path}' WHERE n = {number % 10}", key=number, engine=engine)
        with relation.open() as reader:
            assert reader.fetch()["c"].to_pylist() == [1]
