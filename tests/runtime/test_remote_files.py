"""Remote files: looked at once per `ttl=` for all sessions, again on a refresh, and never in two states at once."""

import io
from collections.abc import Iterator
from importlib.resources import as_file, files
from typing import Any, cast

import duckdb
import polars as pl
import pytest

from dataapp.cache.leases import Leases
from dataapp.cache.results import Results
from dataapp.cells.cell import Cell
from dataapp.cells.source import SourceCell
from dataapp.cells.sql import sql
from dataapp.engines.duckdb import DuckDB, Reader
from dataapp.engines.remote_files import remote_files
from dataapp.runtime.session import Session
from dataapp.runtime.workers import InlinePool
from tests.runtime.bench import ManualPool, defaults, error, place, rows
from tests.runtime.web import Web, serving

LONG_AGO = 1_000_000_000


class Clock:
    """A clock that a test sets."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(scope="module")
def server() -> Iterator[Web]:
    with serving() as web:
        yield web


@pytest.fixture
def web(server: Web) -> Web:
    server.files.clear()
    server.requests.clear()
    write(server, 1)
    return server


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def engine(clock: Clock) -> DuckDB:
    return with_http(DuckDB(Results(2**20, leases=Leases(clock))))


def with_http[E: DuckDB](engine: E) -> E:
    connection = engine.lease()
    with as_file(files("duckdb_extension_httpfs").joinpath(f"extensions/v{duckdb.__version__}")) as folder:
        connection.load_extension(str(folder / "httpfs.duckdb_extension"))
    engine.give_back(connection)
    return engine


def write(web: Web, number: int, *, tells_time: bool = True) -> None:
    content = io.BytesIO()
    pl.DataFrame({"n": [number]}).write_parquet(content)
    web.files["/t.parquet"] = content.getvalue(), LONG_AGO + number if tells_time else None


def remote(web: Web, ttl: float | None = 60) -> SourceCell:
    return SourceCell(f"{web.address}/t.parquet", place(), options={}, name="t", ttl=ttl)


def shown(engine: DuckDB, cell: Cell) -> int:
    """What one viewer, who comes and goes, is shown."""
    session = Session(engine, InlinePool(), initial=defaults)
    try:
        return cast("int", rows(session.demand(cell, "frame"))[0][0])
    finally:
        session.close()


def test_a_server_tells_states_without_being_asked_for_content(engine: DuckDB, web: Web) -> None:
    address = f"{web.address}/t.parquet"
    size = len(web.files["/t.parquet"][0])
    assert remote_files(engine, [address]) == ((address, size, (LONG_AGO + 1) * 10**9),)
    assert web.requests == [("HEAD", "/t.parquet")]
    assert remote_files(engine, [f"{web.address}/none.parquet"]) is None


def test_until_the_ttl_is_over_the_server_is_asked_nothing(engine: DuckDB, web: Web, clock: Clock) -> None:
    assert shown(engine, remote(web)) == 1
    write(web, 2)
    web.asked()
    clock.now = 59
    assert (shown(engine, remote(web)), web.asked()) == (1, 0)
    clock.now = 60
    assert shown(engine, remote(web)) == 2


def test_a_file_that_did_not_change_is_not_read_again(engine: DuckDB, web: Web, clock: Clock) -> None:
    assert shown(engine, remote(web)) == 1
    web.asked()
    clock.now = 60
    assert (shown(engine, remote(web)), web.requests) == (1, [("HEAD", "/t.parquet")])


def test_another_question_within_the_ttl_does_not_mix_two_states(engine: DuckDB, web: Web) -> None:
    t, session = remote(web), Session(engine, InlinePool())
    one = session.demand(sql("SELECT n FROM t", t=t), "frame")
    assert rows(one) == [(1,)]
    write(web, 2)
    other = session.demand(sql("SELECT -n AS n FROM t", t=t), "frame")
    assert (rows(one), rows(other)) == ([(2,)], [(-2,)])
    session.check_invariants()
    assert shown(engine, t) == 2


def test_a_file_that_moves_while_it_is_read_is_read_again(clock: Clock, web: Web) -> None:
    class Changing(DuckDB):
        happens = [lambda: write(web, 2)]  # noqa: RUF012  # one for the test

        def read(self, relation: Any) -> Reader:
            if self.happens:
                self.happens.pop()()
            return super().read(relation)

    engine, pool = with_http(Changing(Results(2**20, leases=Leases(clock)))), ManualPool()
    session = Session(engine, pool)
    demand = session.demand(sql("SELECT n FROM t", t=remote(web)), "frame")
    pool.run_all()
    assert rows(demand) == [(2,)]


def test_where_the_server_tells_no_time_each_lease_reads_anew(engine: DuckDB, web: Web, clock: Clock) -> None:
    write(web, 1, tells_time=False)
    assert shown(engine, remote(web)) == 1
    write(web, 2, tells_time=False)
    assert shown(engine, remote(web)) == 1
    clock.now = 60
    assert shown(engine, remote(web)) == 2


@pytest.mark.parametrize("ttl", [60, None])
def test_refresh_reads_what_the_file_holds_now(engine: DuckDB, web: Web, ttl: float | None) -> None:
    session = Session(engine, InlinePool())
    demand = session.demand(sql("SELECT n FROM t", t=remote(web, ttl)), "frame")
    write(web, 2)
    session.refresh()
    assert rows(demand) == [(2,)]
    session.check_invariants()


def test_a_page_s_own_look_leaves_a_lease_alone(engine: DuckDB, web: Web, clock: Clock) -> None:
    session = Session(engine, InlinePool())
    demand = session.demand(remote(web), "frame")
    write(web, 2)
    web.asked()
    session.refresh(within_ttl=True)
    assert (rows(demand), web.asked()) == ([(1,)], 0)
    clock.now = 60
    session.refresh(within_ttl=True)
    assert rows(demand) == [(2,)]


def test_a_file_that_is_gone_is_an_error_until_it_is_back(engine: DuckDB, web: Web) -> None:
    session = Session(engine, InlinePool())
    demand = session.demand(remote(web), "frame")
    content = web.files.pop("/t.parquet")
    session.refresh()
    assert "404" in str(error(demand.look().outcome))
    web.files["/t.parquet"] = content
    session.refresh()
    assert rows(demand) == [(1,)]
