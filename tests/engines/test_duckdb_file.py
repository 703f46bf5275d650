"""The contract of connectors, held by DuckDB files."""

from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

import dataapp as da
from dataapp.cells.database import Statement
from dataapp.compile.identifiers import quote_identifier
from dataapp.errors import ConnectionFailedError, NotOnDatabaseError, SourceNotFoundError
from dataapp.testing import ConnectorContract
from dataapp.testing.connector import Load


class TestDuckDBFile(ConnectorContract):
    endless = "SELECT range AS n FROM range(1000000000000)"

    @pytest.fixture
    def url(self, tmp_path: Path) -> str:
        path = tmp_path / "desk.duckdb"
        duckdb.connect(path).close()
        return f"duckdb://{path}"

    @pytest.fixture
    def unreachable(self, tmp_path: Path) -> str:
        return f"duckdb://{tmp_path}/none.duckdb"

    @pytest.fixture
    def load(self, url: str) -> Load:
        def load(name: str, table: pa.Table) -> None:
            with duckdb.connect(url.removeprefix("duckdb://")) as written:
                written.register("loaded", table)
                written.execute(f"CREATE OR REPLACE TABLE {quote_identifier(name)} AS FROM loaded")

        return load


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "desk.duckdb"
    with duckdb.connect(path) as written:
        written.execute("CREATE TABLE t AS SELECT 1 AS n; CREATE SCHEMA s; CREATE TABLE s.u AS SELECT 2 AS m")
    return path


def test_tables_of_other_schemas_are_listed_with_it(path: Path):
    assert da.connect(path).tables() == ["t", "s.u"]


def test_a_table_of_another_schema_is_a_source(path: Path):
    con = da.connect(path)
    u = con.table("u", schema="s")
    assert u.evaluate().item() == 2
    assert da.sql("FROM u", on=con, u=u).evaluate().item() == 2
    assert con.columns("u", schema="s") == {"m": "INTEGER"}


def test_a_source_may_name_the_table_of_a_url(path: Path):
    assert da.source(f"duckdb://{path}", table="t").evaluate().item() == 1


def test_the_file_can_be_written_between_questions(path: Path):
    t = da.connect(path).table("t")
    assert t.evaluate().item() == 1
    with duckdb.connect(path) as written:
        written.execute("UPDATE t SET n = 7")
    assert t.evaluate().item() == 7


def test_a_query_reads_no_other_file(path: Path, tmp_path: Path):
    (tmp_path / "x.csv").write_text("a\n1\n")
    with pytest.raises(NotOnDatabaseError, match="no file 'x"):
        da.sql("FROM 'x.csv'", on=da.connect(path)).evaluate()
    with (
        pytest.raises(Exception, match="disabled"),
        da.connect(path).server().ask(Statement(f"FROM read_csv('{tmp_path}/x.csv')", {})) as question,
    ):
        question.read().read_all()


def test_a_missing_file_is_told_with_what_lies_beside_it(path: Path):
    with pytest.raises(SourceNotFoundError) as caught:
        da.connect(path.with_name("dsk.duckdb")).tables()
    assert "desk.duckdb" in (caught.value.hint or "")


def test_a_file_that_is_no_database_is_an_error(tmp_path: Path):
    path = tmp_path / "text.duckdb"
    path.write_text("no database at all" * 1000)
    with pytest.raises(ConnectionFailedError, match=r"text\.duckdb"):
        da.connect(path).tables()


def test_an_option_that_does_nothing_is_refused(path: Path):
    with pytest.raises(ConnectionFailedError, match="no option `sslmode`"):
        da.connect(path, sslmode="require").tables()
