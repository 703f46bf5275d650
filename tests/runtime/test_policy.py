"""Sources with a policy: nobody reads a row that the condition hides, whatever reads it and whoever shares results."""

import os
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import duckdb
import ibis
import panel as pn
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import dataapp as da
from dataapp.cache.disk import DiskResults
from dataapp.cache.results import Results
from dataapp.cells.cell import Cell
from dataapp.cells.policy import PolicyCell
from dataapp.cells.user import UserCell, claim
from dataapp.engines.duckdb import DuckDB
from dataapp.errors import (
    ClaimNotFoundError,
    ColumnNotFoundError,
    CycleError,
    DataAppError,
    NameNotFoundError,
    PolicyError,
    QueryError,
    SourceNotFoundError,
    SqlSyntaxError,
    WrongKindError,
)
from dataapp.runtime import headless
from dataapp.runtime.session import Session
from dataapp.runtime.workers import InlinePool
from tests.runtime.bench import defaults, rows, value

ROWS = pl.DataFrame(
    {
        "id": [1, 2, 3, 4],
        "desk": ["fx", "rates", "fx", "rates"],
        "note": ["1", "xx", "3", "yy"],
        "code": [65, -5, 65, -5],
    }
)
ANN, BOB = {"name": "ann", "desk": "fx"}, {"name": "bob", "desk": "rates"}
OWN = {"ann": [1, 3], "bob": [2, 4]}
PEOPLE = [(ANN, OWN["ann"]), (BOB, OWN["bob"])]

type Claims = Mapping[str, object]

trades = da.source(ROWS, policy="desk = $user.desk")
grants = pl.DataFrame({"who": ["ann", "ann", "bob"], "granted": ["fx", "rates", "rates"]})
picked = pl.DataFrame({"id": [1, 2, 3, 4]})
low = 0
choice = da.input(pn.widgets.MultiChoice, options=[1, 2, 3, 4], value=[1, 2])
picks = da.match("id", choice)

plain = da.sql("SELECT id FROM trades")
kept = da.sql("SELECT id FROM trades WHERE id > 0", materialize=True)
above_kept = da.sql("SELECT id FROM kept")
twice = da.sql("SELECT a.id FROM trades a JOIN trades b USING (id)")
chosen = da.match("id", [1, 2, 3, 4])
matched = da.sql("SELECT id FROM trades WHERE $chosen")
pivoted = da.sql("PIVOT trades ON desk USING count(*) GROUP BY id")
scalar_query = da.sql("SELECT list(id ORDER BY id) AS ids FROM trades")
unpacked = da.sql("SELECT unnest($scalar_query) AS id")
shown = da.explore(trades)
below_shown = da.sql("SELECT id FROM shown")


@da.cell
def as_frame(trades: pl.DataFrame) -> pl.DataFrame:
    return trades


@da.cell
def as_lazy_frame(trades: pl.LazyFrame) -> pl.LazyFrame:
    return trades


@da.cell
def as_arrow(trades: pa.Table) -> pa.Table:
    return trades


@da.cell
def as_batches(trades: pa.RecordBatchReader) -> pa.Table:
    return trades.read_all()


@da.cell
def as_ibis(trades: ibis.Table) -> ibis.Table:
    return trades.filter(trades["id"] > 0)  # pyright: ignore[reportOperatorIssue]  # Ibis tells no types of columns


@da.cell
def as_pandas(trades: "Any") -> object:
    return trades


expression = trades.ibis()
over_expression = da.sql("SELECT id FROM expression")

READERS: list[Cell] = [
    *(trades, shown, below_shown, plain, kept, above_kept, twice, matched, pivoted, unpacked, over_expression),
    *(as_frame, as_lazy_frame, as_arrow, as_batches, as_ibis, as_pandas),
]


def ids(found: Any) -> list[int]:
    rows = found.collect() if isinstance(found, pl.LazyFrame) else found
    column: Any = rows.column("id").to_pylist() if isinstance(rows, pa.Table) else rows["id"].to_list()
    return sorted(column)


@pytest.mark.parametrize("reader", READERS, ids=lambda cell: cell.label)
def test_each_sees_their_own_rows_and_nobody_none(reader: Cell):
    for claims, own in PEOPLE:
        assert ids(reader.evaluate(user=claims)) == own
    assert ids(reader.evaluate()) == []


@pytest.mark.parametrize("claims", [{"name": None}, {"name": None, "desk": None}, {"name": "ann", "desk": None}])
def test_a_claim_that_is_null_gives_no_rows(claims: Claims):
    assert trades.evaluate(user=claims).height == 0


def test_a_claim_that_the_server_was_not_told_is_an_error_in_the_policy():
    many = da.source(ROWS, name="many", policy="id > 0\n  AND desk = $user.desk")
    with pytest.raises(ClaimNotFoundError, match="`desk`") as caught:
        da.sql("FROM many", many=many).evaluate(user={"name": "ann", "email": "a@b"})
    assert (caught.value.cell, caught.value.line, caught.value.column) == ("many", 2, 14)
    assert caught.value.hint == "told were: name, email"


def test_who_is_looking_is_a_mapping():
    with pytest.raises(WrongKindError, match="given to `trades` as a str"):
        trades.evaluate(user="ann")


def test_claims_are_named_in_any_case():
    assert claim({"Desk": "fx"}, "desk", "trades") == "fx"


def test_a_claim_with_sql_in_it_is_a_value():
    assert trades.evaluate(user={"desk": "fx' OR 'a' = 'a"}).height == 0


def test_a_list_among_the_claims_is_a_list():
    of_many = da.source(ROWS, policy="desk = ANY($user.desks)")
    assert ids(of_many.evaluate(user={"desks": ["fx", "none"]})) == [1, 3]
    assert of_many.evaluate(user={"desks": []}).height == of_many.evaluate().height == 0


def test_user_is_who_is_looking_whatever_the_module_calls_user():
    names: dict[str, Any] = {"da": da, "ROWS": ROWS}
    exec("user = {'name': 'eve', 'desk': 'rates'}\nmine = da.source(ROWS, policy='desk = $user.desk')", names)  # noqa: S102
    assert names["mine"].evaluate().height == 0
    assert ids(names["mine"].evaluate(user=ANN)) == [1, 3]


def test_who_is_given_to_a_cell_is_given_to_the_policies_above_it():
    who = da.user()
    cell = da.sql("SELECT id FROM trades WHERE desk = $who.desk", trades=trades, who=who)
    assert ids(cell.evaluate(who=BOB)) == ids(cell.evaluate({who: BOB})) == [2, 4]


def test_a_policy_reads_values_and_tables_of_its_module():
    granted = da.source(
        ROWS, policy="id > $low AND desk IN (SELECT granted FROM grants WHERE who = $user.name) AND source.id < 4"
    )
    assert ids(granted.evaluate(user=ANN)) == [1, 2, 3]
    assert ids(granted.evaluate(user=BOB)) == [2]
    assert ids(granted.evaluate(user=BOB, low=2)) == []


def test_a_policy_reads_predicates():
    both = da.source(ROWS, policy="desk = $user.desk AND $picks")
    assert ids(both.evaluate(user=ANN)) == [1]
    assert ids(both.evaluate(user=ANN, choice=[])) == [1, 3]


def test_columns_are_those_of_the_source():
    assert dict(trades.schema) == {"id": "BIGINT", "desk": "VARCHAR", "note": "VARCHAR", "code": "BIGINT"}
    assert trades.evaluate(user=ANN).columns == ROWS.columns


def test_what_stands_in_for_a_source_is_what_readers_see():
    assert ids(plain.evaluate(trades=pl.DataFrame({"id": [7], "desk": ["none"], "note": [""], "code": [0]}))) == [7]


def test_another_dialect_gets_the_condition_in_its_own_words():
    text = plain.compile(dialect="snowflake").sql
    assert "desk = " in text
    assert "TABLESAMPLE" not in text


def test_explanations_show_the_condition():
    text = plain.explain(analyze=False)
    assert "is one query in DuckDB of 2 cells: trades, plain." in text
    assert "Policies\n    `trades`: desk = $user.desk\n" in text


@pytest.mark.parametrize(
    ("policy", "kind", "message", "place"),
    [
        ("", PolicyError, "is empty", (None, None)),
        ("-- nothing", PolicyError, "is empty", (None, None)),
        ("id = 1; DROP TABLE x", PolicyError, "a semicolon ends it", (1, 7)),
        ("id = 1) OR (1 = 1", PolicyError, r"nothing opens the `\)`", (1, 7)),
        ("TRUE) UNION ALL (SELECT * FROM grants", PolicyError, "nothing opens", (1, 5)),
        ("\n(id = 1", PolicyError, "nothing closes", (2, 1)),
        ("where id = 1", PolicyError, "begins with WHERE", (1, 1)),
        ("id =", SqlSyntaxError, "syntax error", (1, 5)),
        ("id = 1 id = 2", SqlSyntaxError, "syntax error", (1, 8)),
        ("id = 1 LIMIT 3", SqlSyntaxError, "syntax error", (1, 8)),
        ("true /* to the end", DataAppError, "unterminated", (1, 6)),
        ("desc = 1", SqlSyntaxError, "syntax error", (1, 6)),
        ("id = 1\n  AND desl = 'fx'", ColumnNotFoundError, "desl", (2, 7)),
        ("id > $lowest", NameNotFoundError, "lowest", (1, 6)),
        ("id IN (SELECT id FROM nothing)", NameNotFoundError, "nothing", (1, 23)),
        ("count(*) > 1", QueryError, "aggregates", (1, 1)),
    ],
)
def test_what_is_not_one_condition_is_told_with_its_place(
    policy: str, kind: type[DataAppError], message: str, place: tuple[int | None, int | None]
):
    wrong = da.source(ROWS, policy=policy, name="wrong")
    with pytest.raises(kind, match=message) as caught:
        da.sql("FROM wrong", wrong=wrong, name="reader").evaluate()
    assert (caught.value.cell, caught.value.line, caught.value.column) == ("wrong", *place)


def test_a_comment_at_the_end_hides_nothing_of_ours():
    assert ids(da.source(ROWS, policy="desk = $user.desk -- and no more").evaluate(user=ANN)) == [1, 3]


def test_a_policy_is_a_text():
    with pytest.raises(WrongKindError, match="is a bool"):
        da.source(ROWS, policy=True)  # pyright: ignore[reportArgumentType]


def test_a_policy_that_reads_its_own_source_is_a_circle():
    names: dict[str, Any] = {"da": da, "ROWS": ROWS}
    exec("own = da.source(ROWS, policy='id = (SELECT max(id) FROM own)')", names)  # noqa: S102
    with pytest.raises(CycleError, match="`own` reads itself"):
        names["own"].evaluate()


def test_a_missing_file_is_an_error_of_the_source(tmp_path: Path):
    missing = da.source(tmp_path / "missing.parquet", policy="TRUE", name="missing")
    with pytest.raises(SourceNotFoundError) as caught:
        missing.evaluate()
    assert caught.value.cell == "missing"


def test_a_time_limit_stays_a_policy():
    limited = da.source(ROWS, policy="desk = $user.desk", name="limited").limited(seconds=60)
    assert isinstance(limited, PolicyCell)
    assert ids(limited.evaluate(user=ANN)) == [1, 3]
    assert limited.rows.label == "limited"


# What readers say never runs on hidden rows.

LEAKS = [
    "CAST(note AS INTEGER) > 0",
    "note = 1",
    "CASE WHEN desk <> 'fx' THEN error(note) ELSE TRUE END",
    "id < 3 AND CAST(note AS INTEGER) > 0",
    "id IN (SELECT CAST(note AS INTEGER) FROM trades)",
    "regexp_matches('a', CASE WHEN desk = 'fx' THEN 'a' ELSE note || '(' END)",
    "chr(CASE WHEN desk = 'fx' THEN 65 ELSE -CAST(id AS INTEGER) END) = 'A'",
    "json(note) IS NOT NULL",
    "chr(code::INTEGER) = 'A'",
    "hamming(note, '1') >= 0",
    "'a' LIKE 'b' ESCAPE note",
    "sqrt(CASE WHEN desk = 'fx' THEN 1 ELSE -id END) > 0",
]
SHAPES = [
    "SELECT id FROM trades WHERE {}",
    "SELECT t.id FROM trades t JOIN picked USING (id) WHERE {}",
    "SELECT id FROM (SELECT id, {} AS is_so FROM trades) WHERE is_so OR id < 0",
    "SELECT id FROM (SELECT DISTINCT * FROM trades) WHERE {}",
    "SELECT DISTINCT id FROM (FROM trades UNION ALL FROM trades) WHERE {}",
]
POLICIES = [
    "desk = $user.desk",
    "lower(desk) = lower($user.desk)",
    "id % 2 = 1 AND $user.desk = 'fx'",
    "desk LIKE $user.desk || '%'",
    "desk IN (SELECT 'f' || 'x' WHERE $user.desk = 'fx')",
    "desk IN (SELECT granted FROM grants WHERE who = $user.name AND granted <> 'rates')",
]


def _guarded(kind: str, policy: str, folder: Path) -> Any:
    if kind == "frame":
        return da.source(ROWS, policy=policy)
    if kind == "parquet":
        many = pl.concat([ROWS] * 500)
        many.write_parquet(folder / "many.parquet")
        return da.source(folder / "many.parquet", policy=policy)
    ROWS.write_csv(folder / "rows.csv")
    return da.source(folder / "rows.csv", policy=policy)


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("kind", ["frame", "parquet", "csv"])
def test_what_fails_on_hidden_rows_does_not_fail(kind: str, policy: str, tmp_path: Path):
    guarded = _guarded(kind, policy, tmp_path)
    for leak in LEAKS:
        for shape in SHAPES:
            cell = da.sql(shape.format(leak), trades=guarded, picked=picked)
            assert set(ids(cell.evaluate(user=ANN))) <= {1, 3}, (shape, leak)


def test_filters_of_readers_stay_behind_the_fence(tmp_path: Path):
    """DuckDB moves them below a materialised query, so it is the plan that is looked at."""
    guarded = _guarded("parquet", "desk = $user.desk", tmp_path)
    plan = da.sql("SELECT note FROM trades WHERE id > 2", trades=guarded).explain(analyze=False).partition("Plan")[2]
    behind, fence, before = plan.partition("STREAMING_SAMPLE")
    assert fence
    assert "least(id, id) > 2" in behind
    assert "> 2" not in before
    assert "desk" in before or "EMPTY_RESULT" in before


def test_the_condition_and_the_columns_reach_the_files(tmp_path: Path):
    guarded = _guarded("parquet", "desk = 'fx'", tmp_path)
    plan = da.sql("SELECT sum(id) FROM trades", trades=guarded).explain(analyze=False).partition("Plan")[2]
    assert "Filters: desk='fx'" in " ".join(plan.split())
    assert "note" not in plan


def test_the_fence_takes_every_row_in_order(tmp_path: Path):
    many = pl.DataFrame({"id": range(500_000)}).with_columns(odd=pl.col("id") % 2)
    many.write_parquet(tmp_path / "many.parquet", row_group_size=10_000)
    odd = da.source(tmp_path / "many.parquet", policy="odd = 1")
    assert odd.evaluate()["id"].to_list() == list(range(1, 500_000, 2))


def test_an_error_on_a_row_that_is_seen_is_still_an_error():
    with pytest.raises(QueryError, match="Could not convert string 'xx'"):
        da.sql("SELECT id FROM trades WHERE CAST(note AS INTEGER) > 0", trades=trades).evaluate(user=BOB)


# On a database, the condition is part of its query.


@pytest.fixture
def con(tmp_path: Path) -> Any:
    with duckdb.connect(tmp_path / "desk.duckdb") as written:
        written.register("rows", ROWS.to_arrow())
        written.execute("CREATE TABLE trades AS FROM rows")
    return da.connect(tmp_path / "desk.duckdb")


def test_a_table_of_a_database_has_a_policy(con: Any):
    trades = con.table("trades", policy="desk = $user.desk")
    there = da.sql("SELECT id FROM trades WHERE id > 0", on=con, trades=trades)
    here = da.sql("SELECT id FROM trades", trades=trades)
    by_url = da.source(con.url, table="trades", policy="desk = $user.desk")
    for reader in (trades, there, here, by_url):
        for claims, own in PEOPLE:
            assert ids(reader.evaluate(user=claims)) == own
        assert ids(reader.evaluate()) == []


def test_the_condition_is_part_of_the_query_on_the_database(con: Any):
    trades = con.table("trades", policy="desk = $user.desk")
    compiled = da.sql("SELECT count(*) AS n FROM trades", on=con, trades=trades).compile()
    assert compiled.on == con.label
    assert "desk = $user_desk" in compiled.sql
    assert compiled.parameters == {"user_desk": None}
    assert "Policies" in trades.explain(analyze=False)


@pytest.mark.parametrize("ttl", [None, 60])
def test_answers_of_a_database_are_reused_for_equal_claims_only(con: Any, ttl: float | None):
    engine = DuckDB(Results(2**20))
    trades = con.table("trades", policy="desk = $user.desk", ttl=ttl)
    there = da.sql("SELECT id FROM trades", on=con, trades=trades)
    here = da.sql("SELECT id FROM trades", trades=trades)
    for reader in (trades, there, here):
        found = [_seen_by(engine, reader, claims) for claims in (ANN, BOB, ANN, {"name": None})]
        assert [ids(frame.rows) for frame in found] == [[1, 3], [2, 4], [1, 3], []]


def test_readers_take_columns_that_the_policy_does_not_name(con: Any):
    trades = con.table("trades", policy="desk = $user.desk")
    viewer = _session_of(DuckDB(Results(2**20)), ANN)
    assert rows(viewer.demand(da.sql("SELECT note FROM trades", trades=trades), "frame")) == [("1",), ("3",)]
    viewer.close()


# Sharing.


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "trades.parquet"
    pl.concat([ROWS] * 3).write_parquet(path)
    os.utime(path, (1e9, 1e9))
    return path


def _session_of(engine: DuckDB, claims: Claims, **options: Any) -> Session:
    def initial(cell: Any) -> object:
        return claims if isinstance(cell, UserCell) else defaults(cell)

    return Session(engine, options.pop("pool", None) or InlinePool(), initial=initial, **options)


def _seen_by(engine: DuckDB, cell: Cell, claims: Claims) -> Any:
    session = _session_of(engine, claims)
    found = value(session.demand(cell, "frame"))
    session.close()
    return found


def _bar(file: Path) -> Cell:
    source = da.source(file, policy="desk = $user.desk", name="trades")
    return da.sql("SELECT id, count(*)::INTEGER AS n FROM trades GROUP BY ALL ORDER BY ALL", trades=source)


def test_results_are_shared_by_those_with_equal_claims_only(file: Path):
    results = Results(2**20)
    engine, cell = DuckDB(results), _bar(file)
    ann, bob = _seen_by(engine, cell, ANN), _seen_by(engine, cell, BOB)
    assert (ids(ann.rows), ids(bob.rows)) == (OWN["ann"], OWN["bob"])
    eve = _seen_by(engine, cell, {"name": "eve", "desk": "fx", "phone": "1"})  # the query names her desk only
    assert eve.rows is ann.rows
    assert results.misses == 2


def test_another_policy_is_another_question(file: Path):
    engine = DuckDB(Results(2**20))
    texts = ["desk = $user.desk", "desk <> $user.desk", "TRUE"]
    cells = [da.sql("SELECT DISTINCT id FROM t ORDER BY 1", t=da.source(file, policy=text)) for text in texts]
    assert [ids(_seen_by(engine, cell, ANN).rows) for cell in cells] == [[1, 3], [2, 4], [1, 2, 3, 4]]


def test_those_who_ask_at_once_get_their_own_rows(file: Path):
    """Single flight joins those with equal claims, and nobody else."""
    results = Results(2**24)
    engine, cell = DuckDB(results), _bar(file)
    people = [ANN, BOB] * 8
    found: dict[int, list[int]] = {}
    start = threading.Barrier(len(people))

    def look(index: int) -> None:
        start.wait()
        found[index] = ids(_seen_by(engine, cell, people[index]).rows)

    threads = [threading.Thread(target=look, args=(index,)) for index in range(len(people))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [found[index] for index in range(len(people))] == [OWN[str(claims["name"])] for claims in people]
    assert results.misses == 2


def test_rows_that_are_kept_are_kept_for_equal_claims_only(file: Path):
    engine = DuckDB(Results(2**20))
    source = da.source(file, policy="desk = $user.desk", name="trades")
    kept = da.sql("SELECT DISTINCT id FROM trades", materialize=True, trades=source)
    reader = da.sql("SELECT id FROM kept ORDER BY id", kept=kept)
    sessions = [_session_of(engine, claims) for claims in (ANN, BOB, ANN)]
    demands = [session.demand(reader, "frame") for session in sessions]
    assert [[row[0] for row in rows(demand)] for demand in demands] == [[1, 3], [2, 4], [1, 3]]
    for session in sessions:
        session.close()


def test_rows_on_disk_are_found_by_those_with_equal_claims_only(
    tmp_path: Path, file: Path, monkeypatch: pytest.MonkeyPatch
):
    seconds = iter(range(1_000_000))
    monkeypatch.setattr("dataapp.cache.results.monotonic", lambda: float(next(seconds)))
    cell = _bar(file)
    found: list[list[int]] = []
    counts: list[int] = []
    for claims in (ANN, BOB, ANN, {"name": None}, BOB):
        engine = DuckDB(Results(0, disk=DiskResults(tmp_path / "cache", 2**24)))  # as after a restart
        found.append(ids(_seen_by(engine, cell, claims).rows))
        counts.append(len(list((tmp_path / "cache").iterdir())))
    assert found == [[1, 3], [2, 4], [1, 3], [], [2, 4]]
    assert counts == [1, 2, 2, 3, 3]


_DESKS = st.sampled_from(["fx", "rates", "none", None])
_CLAIMS = st.fixed_dictionaries({"name": st.sampled_from(["ann", "bob"]), "desk": _DESKS})
_CONDITIONS: dict[str, Callable[[dict[str, Any], dict[str, Any]], bool]] = {
    "desk = $user.desk": lambda row, who: row["desk"] == who["desk"],
    "desk <> $user.desk": lambda row, who: who["desk"] is not None and row["desk"] != who["desk"],
    "desk = $user.desk OR $user.name = 'bob'": lambda row, who: row["desk"] == who["desk"] or who["name"] == "bob",
    "id > $low AND $user.desk IS NOT NULL": lambda row, who: row["id"] > low and who["desk"] is not None,
}
_READS = [
    "SELECT id FROM t",
    "SELECT id FROM t ORDER BY id DESC",
    "SELECT DISTINCT id FROM t",
    "SELECT t.id FROM t, picked p WHERE p.id = t.id",
]


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(_CLAIMS, st.sampled_from(list(_CONDITIONS)), st.integers(0, 3)), min_size=2, max_size=6))
def test_nobody_ever_sees_a_row_of_others(asked: list[tuple[dict[str, Any], str, int]]):
    """Two people, two policies, one query, one cache: each sees what the condition says of them."""
    for claims, condition, read in asked:
        cell = da.sql(_READS[read], t=_SOURCES[condition], picked=picked)
        expected = [row["id"] for row in ROWS.iter_rows(named=True) if _CONDITIONS[condition](row, claims)]
        assert ids(_seen_by(_SHARING, cell, claims).rows) == expected


_SOURCES = {condition: da.source(ROWS, policy=condition) for condition in _CONDITIONS}
_SHARING = DuckDB(Results(2**20))


def test_a_session_tells_apart_who_is_replaced(file: Path):
    engine, cell = DuckDB(Results(2**20)), _bar(file)
    for claims, own in PEOPLE:
        found = headless.evaluate(engine, cell, {}, {"user": claims}, defaults)
        assert ids(found) == own
