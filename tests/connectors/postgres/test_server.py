"""Connections: credentials, cancelling, what is kept, what counts as a change."""

import subprocess
import sys
import threading
from pathlib import Path

import panel as pn
import pyarrow as pa
import pytest

import dataapp as da
from dataapp.app.sessions import engine
from dataapp.cells.cell import Cell
from dataapp.cells.database import Statement
from dataapp.errors import Cancelled, ConnectionFailedError
from dataapp.runtime.frames import Frame
from dataapp.runtime.outcomes import Done
from dataapp.runtime.session import Session
from dataapp.runtime.workers import InlinePool, ThreadPool
from dataapp_postgres import PostgresServer
from tests.connectors.postgres.server import READER, READER_PASSWORD, Postgres

# Credentials.


def test_user_and_password_come_from_the_environment(postgres: Postgres, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PGUSER", READER)
    monkeypatch.setenv("PGPASSWORD", READER_PASSWORD)
    con = da.connect(f"postgresql:///postgres?host={postgres.host}&application_name=environment")
    assert da.sql("SELECT current_user::text AS name", on=con).evaluate().item() == READER


def test_they_come_from_the_password_file(postgres: Postgres, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    file = tmp_path / "pgpass"
    file.write_text(f"*:*:*:{READER}:{READER_PASSWORD}\n")
    file.chmod(0o600)
    monkeypatch.setenv("PGPASSFILE", str(file))
    con = da.connect(f"postgresql://{READER}@/postgres?host={postgres.host}&application_name=file")
    assert da.sql("SELECT current_user::text AS name", on=con).evaluate().item() == READER


def test_the_password_may_be_an_option(postgres: Postgres):
    con = da.connect(postgres.url(READER, None), password=READER_PASSWORD)
    assert da.sql("SELECT current_user::text AS name", on=con).evaluate().item() == READER
    assert READER_PASSWORD not in repr(con)


def test_a_wrong_password_is_told_without_it(postgres: Postgres):
    with pytest.raises(ConnectionFailedError, match="password authentication failed") as caught:
        da.connect(postgres.url(READER, "wr0ngpass")).tables()
    assert "wr0ngpass" not in str(caught.value)
    assert "PGPASSWORD" in (caught.value.hint or "")


def test_a_missing_password_is_told_with_where_it_can_be_given(postgres: Postgres, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("PGPASSWORD", raising=False)
    with pytest.raises(ConnectionFailedError, match="no password supplied") as caught:
        da.connect(postgres.url(READER, None)).tables()
    assert "~/.pgpass" in (caught.value.hint or "")


def test_a_table_that_may_not_be_read_is_not_listed(postgres: Postgres):
    postgres.load("hidden", pa.table({"a": [1]}))
    con = da.connect(postgres.url(READER, None), password=READER_PASSWORD)
    assert "hidden" not in con.tables()
    with pytest.raises(da.DataAppError, match="Permission denied"):
        con.table("hidden").evaluate()


# Cancelling, and what is kept.


def rows_of(outcome: object) -> pa.Table:
    assert isinstance(outcome, Done)
    assert isinstance(outcome.value, Frame)
    return outcome.value.rows


def running(postgres: Postgres, mark: str) -> bool:
    others = "FROM pg_stat_activity WHERE state = 'active' AND pid <> pg_backend_pid()"
    return bool(postgres.execute(f"SELECT pid {others} AND query LIKE '%{mark}%'"))


def test_releasing_a_cell_stops_its_query_on_the_server(postgres: Postgres):
    con = da.connect(postgres.url())
    endless = da.sql("SELECT count(*) AS n /* stopped */ FROM generate_series(1, 100000000000) AS s", on=con)
    session = Session(engine(), ThreadPool(2))
    try:
        demand = session.demand(endless, "table")
        while not running(postgres, "stopped"):  # it has begun
            pass
        demand.release()
        while running(postgres, "stopped"):  # and ends long before it would by itself
            pass
    finally:
        session.close()


def test_a_value_that_moves_on_stops_the_query_of_the_one_before(postgres: Postgres):
    con = da.connect(postgres.url())
    size = da.input(pn.widgets.IntInput)
    rows = da.sql(
        "SELECT count(*) AS n /* superseded */ FROM generate_series(1, $size::bigint) AS s", on=con, size=size
    )
    session, looked = Session(engine(), ThreadPool(2)), threading.Event()
    try:
        session.set(size, 100_000_000_000)
        demand = session.demand(rows, "frame", looked.set)
        while not running(postgres, "superseded"):
            pass
        session.set(size, 3)
        while not isinstance(demand.look().outcome, Done):
            looked.wait(1)
        while running(postgres, "superseded"):
            pass
        assert rows_of(demand.look().outcome).to_pylist() == [{"n": 3}]
    finally:
        session.close()


def test_a_connection_is_lent_again_unless_its_query_was_cancelled(postgres: Postgres):
    server = da.connect(postgres.url(), application_name="lent").server()

    def backend(*, cancels: bool = False) -> int:
        with server.ask(Statement("SELECT pg_backend_pid() AS pid", {})) as question:
            pid = question.read().read_all().column("pid")[0].as_py()
            if cancels:
                question.cancel()
            return int(pid)

    first = backend()
    assert backend(cancels=True) == first
    assert backend() != first


def test_idle_connections_are_closed_before_python_takes_the_driver_down(postgres: Postgres):
    script = """
import atexit, sys

def tell():
    try:
        connection.cursor()
    except Exception as error:
        print(error)

atexit.register(tell)  # the first to be registered is the last to be called

from dataapp_postgres.server import open_server
server = open_server(sys.argv[1], {})
connection = server.lease()
server.give_back(connection)
"""
    command = [sys.executable, "-c", script, postgres.url()]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.stderr == ""
    assert "INVALID_STATE" in done.stdout


def test_a_server_that_was_away_is_connected_to_again(postgres: Postgres):
    con = da.connect(postgres.url(), application_name="away")
    one = da.sql("SELECT 1 AS n", on=con)
    assert one.evaluate().item() == 1
    postgres.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'away'")
    with pytest.raises(da.DataAppError):
        one.evaluate()
    assert one.evaluate().item() == 1


def test_a_question_that_was_cancelled_is_no_error(postgres: Postgres):
    with da.connect(postgres.url()).server().ask(Statement("SELECT 1", {})) as question:
        question.cancel()
        with pytest.raises(Cancelled):
            question.schema()


# Sessions that ask the same.


def everybody(cell: Cell, count: int) -> list[pa.Table]:
    """What sessions are shown that ask at once, each from a lane of its own."""
    pool = ThreadPool()
    sessions = [Session(engine(), pool.lane()) for _ in range(count)]
    looked = threading.Event()
    try:
        demands = [session.demand(cell, "frame", looked.set) for session in sessions]
        while any(demand.look().outcome is None for demand in demands):
            looked.wait(1)
            looked.clear()
        return [rows_of(demand.look().outcome) for demand in demands]
    finally:
        for session in sessions:
            session.close()


@pytest.mark.parametrize("ttl", [None, 60])
def test_a_hundred_sessions_cost_the_server_one_query(postgres: Postgres, asked: list[str], ttl: float | None):
    postgres.load("counted", pa.table({"a": [1, 2]}))
    con = da.connect(postgres.url(), versions="tables", application_name=f"hundred {ttl}")
    slow = da.sql("SELECT sum(a)::integer AS n, pg_sleep(0.2)::text AS slept FROM counted", on=con, ttl=ttl)
    found = everybody(slow, 100)
    assert len({id(rows) for rows in found}) == 1
    assert found[0]["n"].to_pylist() == [3]
    assert len([text for text in asked if "pg_sleep" in text]) == 1
    assert len(asked) <= (3 if ttl else 104)  # the query, and looks at versions: with a lease one session's


def test_with_a_ttl_nobody_asks_the_server_before_it_is_over(postgres: Postgres, asked: list[str]):
    postgres.load("counted", pa.table({"a": [1, 2]}))
    con = da.connect(postgres.url(), application_name="leased")
    counted = con.table("counted", ttl=3600)
    total = da.sql("SELECT sum(a)::INTEGER AS n FROM counted", counted=counted)
    assert total.evaluate().item() == 3
    postgres.execute("INSERT INTO counted VALUES (3)")
    asked.clear()
    assert (total.evaluate().item(), asked) == (3, [])
    fresh = da.sql("SELECT sum(a)::INTEGER AS n FROM counted", counted=con.table("counted"))
    assert fresh.evaluate().item() == 6
    session = Session(engine(), InlinePool())
    demand = session.demand(total, "frame")
    assert rows_of(demand.look().outcome).to_pylist() == [{"n": 3}]
    session.refresh()
    assert rows_of(demand.look().outcome).to_pylist() == [{"n": 6}]
    session.close()
    assert total.evaluate().item() == 6


# Changes.


@pytest.fixture
def by_tables(postgres: Postgres) -> PostgresServer:
    postgres.load("counted", pa.table({"a": [1, 2]}))
    postgres.load("other", pa.table({"a": [1]}))
    postgres.execute("CREATE OR REPLACE VIEW counted_view AS SELECT * FROM counted")
    server = da.connect(postgres.url(), versions="tables").server()
    assert isinstance(server, PostgresServer)
    return server


@pytest.mark.parametrize(
    "change",
    [
        "INSERT INTO counted VALUES (3)",
        "UPDATE counted SET a = 5",
        "DELETE FROM counted",
        "TRUNCATE counted",
        "ALTER TABLE counted ADD COLUMN b integer",
    ],
)
@pytest.mark.parametrize("table", ["counted", "public.counted", '"counted"', "counted_view"])
def test_a_change_of_a_named_table_is_noticed(by_tables: PostgresServer, postgres: Postgres, change: str, table: str):
    before = by_tables.version([table])
    assert before is not None
    postgres.execute("SELECT pg_stat_force_next_flush()", change)
    while by_tables.version([table]) == before:  # the statistics follow when the connection has closed
        pass


def test_a_change_of_another_table_is_none(by_tables: PostgresServer, postgres: Postgres):
    before = by_tables.version(["counted"])
    postgres.execute("INSERT INTO other VALUES (2)")
    assert by_tables.version(["counted"]) == before


def test_a_partition_counts_as_its_table(postgres: Postgres, by_tables: PostgresServer):
    postgres.execute(
        "DROP TABLE IF EXISTS parted",
        "CREATE TABLE parted (a integer) PARTITION BY RANGE (a)",
        "CREATE TABLE parted_1 PARTITION OF parted FOR VALUES FROM (0) TO (10)",
    )
    before = by_tables.version(["parted"])
    postgres.execute("INSERT INTO parted VALUES (1)")
    while by_tables.version(["parted"]) == before:
        pass


def test_of_an_unknown_table_nothing_is_known(by_tables: PostgresServer):
    assert by_tables.version(["nope"]) is None
    assert by_tables.version(["not a name ("]) is None


def test_an_unknown_way_to_notice_changes_is_refused(postgres: Postgres):
    with pytest.raises(ConnectionFailedError, match="'sometimes'"):
        da.connect(postgres.url(), versions="sometimes").tables()


def test_sessions_share_rows_that_did_not_change(postgres: Postgres):
    postgres.load("shared", pa.table({"a": [1, 2]}))
    con = da.connect(postgres.url(), versions="tables", application_name="shared")
    shared = con.table("shared")
    sessions = [Session(engine(), InlinePool()) for _ in range(2)]
    frames = [session.demand(shared, "frame").look().outcome for session in sessions]
    assert rows_of(frames[0]) is rows_of(frames[1])
    for session in sessions:
        session.close()


def test_a_session_that_refreshes_reads_what_changed(postgres: Postgres):
    postgres.load("fresh", pa.table({"a": [1, 2]}))
    fresh = da.connect(postgres.url()).table("fresh")
    count = da.sql("SELECT count(*)::INTEGER AS n FROM fresh", fresh=fresh)
    session = Session(engine(), InlinePool())
    demand = session.demand(count, "value")
    postgres.execute("INSERT INTO fresh VALUES (3)")
    assert demand.look().outcome == Done(2)
    session.refresh()
    assert demand.look().outcome == Done(3)
    session.check_invariants()
    session.close()


def test_a_stream_that_is_left_early_harms_no_later_query(postgres: Postgres):
    server = da.connect(postgres.url(), application_name="early").server()
    with server.ask(Statement("SELECT generate_series(1, 1000000000000) AS n", {})) as question:
        assert next(iter(question.read())).num_rows > 0
    with server.ask(Statement("SELECT 1 AS n", {})) as question:
        assert question.read().read_all().to_pylist() == [{"n": 1}]
