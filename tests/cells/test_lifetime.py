"""`ttl=` is a time, where there is something to ask again; anything else is an error that says what to do."""

import datetime as dt
import math
from pathlib import Path

import duckdb
import polars as pl
import pytest

import dataapp as da
from dataapp.cells.lifetime import checked_ttl
from dataapp.connect.connection import Connection
from dataapp.errors import WrongKindError


@pytest.fixture
def con(tmp_path: Path) -> Connection:
    path = tmp_path / "desk.duckdb"
    with duckdb.connect(path) as written:
        written.execute("CREATE TABLE t AS SELECT range AS n FROM range(3)")
    return da.connect(path)


@pytest.mark.parametrize("ttl", [90, 90.0, dt.timedelta(minutes=1, seconds=30)])
def test_it_is_given_in_seconds_or_as_a_timedelta(con: Connection, ttl: float | dt.timedelta):
    table, url = con.table("t", ttl=ttl), da.source(con.url, table="t", ttl=ttl)
    assert [table.ttl, url.ttl, da.sql("FROM t", on=con, ttl=ttl).ttl, da.source("s3://b/x.parquet", ttl=ttl).ttl] == [
        90.0
    ] * 4


@pytest.mark.parametrize(
    "ttl", [0, -1, math.inf, math.nan, True, "60", dt.timedelta(0), dt.timedelta(seconds=-1), [60]]
)
def test_what_is_no_time_is_an_error_that_says_what_is(con: Connection, ttl: object):
    for make in (
        lambda: con.table("t", ttl=ttl),  # pyright: ignore[reportArgumentType]
        lambda: da.source("s3://b/x.parquet", ttl=ttl),  # pyright: ignore[reportArgumentType]
        lambda: da.sql("FROM t", on=con, ttl=ttl),  # pyright: ignore[reportArgumentType]
    ):
        with pytest.raises(WrongKindError, match="`ttl` is") as caught:
            make()
        assert "timedelta" in (caught.value.hint or "")


def test_left_out_it_is_not_said(con: Connection):
    assert checked_ttl(None) is None
    assert con.table("t").ttl is None


def test_a_frame_has_none():
    with pytest.raises(WrongKindError, match="the source is a DataFrame"):
        da.source(pl.DataFrame({"n": [1]}), ttl=60)


def test_a_query_that_runs_here_has_none():
    with pytest.raises(WrongKindError, match="queries that run on a database") as caught:
        da.sql("SELECT 1 AS n", ttl=60)
    assert "source" in (caught.value.hint or "")


def test_a_limited_cell_keeps_it(con: Connection):
    assert con.table("t", ttl=60).limited(seconds=5).ttl == 60.0


def test_a_local_file_is_seen_to_change_whatever_it_says(tmp_path: Path):
    path = tmp_path / "t.csv"
    path.write_text("n\n1\n")
    source = da.source(str(path), ttl=3600)
    assert source.evaluate().height == 1
    path.write_text("n\n1\n2\n")
    assert source.evaluate().height == 2


def test_the_explanation_says_it_where_the_rows_are_asked_for(con: Connection):
    t = con.table("t", ttl=60, name="t")
    assert f"An answer is reused for 60 s (ttl=) before {con.label} is asked anew." in t.explain().splitlines()
    local = da.sql("SELECT sum(n) AS n FROM t", t=t)
    reason = f"    `t`: they come from {con.label}, which is asked anew after 60 s (ttl=)"
    assert reason in local.explain().splitlines()
    assert "(ttl=)" not in con.table("t").explain()
