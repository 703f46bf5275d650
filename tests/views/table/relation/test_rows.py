"""Windows under filters and orders, against Polars over the whole frame."""

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from unittest.mock import patch

import polars as pl
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dataapp.cells.values import Bound
from dataapp.engines.duckdb import DuckDB, Reader
from dataapp.engines.relation import Column, Relation
from dataapp.errors import Cancelled
from dataapp.views.table.filters.parsing import parse_filter
from dataapp.views.table.filters.predicates import ColumnFilter, Search
from dataapp.views.table.relation import rows as rows_module
from dataapp.views.table.relation.queries import BLOCK, Question, SortKey, Span
from dataapp.views.table.relation.rows import RelationRows
from tests.views.table.by_hand import Job

START = datetime(2024, 1, 1)  # noqa: DTZ001 - the column has no zone
NEXT_DAY = START + timedelta(days=1)
SCHEMA = {
    "id": pl.Int64,
    "n": pl.Int16,
    "x": pl.Float64,
    "name": pl.String,
    "flag": pl.Boolean,
    "price": pl.Decimal(10, 2),
    "at": pl.Datetime("us"),
}
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "n": st.integers(-3, 3) | st.integers(-(2**15), 2**15 - 1),
    "x": st.sampled_from([0.0, 1.5, -2.25, float("nan"), float("inf"), float("-inf"), 1e300]),
    "name": st.sampled_from(["", "null", "NaN", "a", "A", "b%", "_", "'", '"', "日本", "<b>", "a b"]),
    "flag": st.booleans(),
    "price": st.integers(-500, 500).map(lambda cents: Decimal(cents) / 100),
    "at": st.integers(0, 100).map(lambda hours: START + timedelta(hours=hours)),
}
FILTERS: list[tuple[str, str, pl.Expr]] = [
    ("n", ">= 1", pl.col("n") >= 1),
    ("n", "-2..2", pl.col("n").is_between(-2, 2)),
    ("n", "!= 0.5", pl.col("n").is_not_null()),
    ("n", "< 0.5", pl.col("n") <= 0),
    ("n", "70000", pl.lit(False)),
    ("x", "> 1", (pl.col("x") > 1) & pl.col("x").is_not_nan()),
    ("x", "<= 1.5", pl.col("x") <= 1.5),
    ("x", "nan", pl.col("x").is_nan()),
    ("x", "..inf", (pl.col("x") <= float("inf")) & pl.col("x").is_not_nan()),
    ("x", "is null", pl.col("x").is_null()),
    ("name", "A", pl.col("name").str.to_lowercase().str.contains("a", literal=True)),
    ("name", "%", pl.col("name").str.contains("%", literal=True)),
    ("name", "= null", pl.col("name").is_null()),
    ("name", "null", pl.col("name").str.to_lowercase().str.contains("null", literal=True)),
    ("name", "= A", pl.col("name") == "A"),
    ("name", '= ""', pl.col("name") == ""),
    ("name", "' OR 1=1 --", pl.col("name").str.contains("' OR 1=1 --", literal=True)),
    ("name", "in a, 'b%', null", pl.col("name").is_in(["a", "b%", None], nulls_equal=True)),
    ("name", 'not in a, ""', ~pl.col("name").is_in(["a", "", None], nulls_equal=True) | pl.col("name").is_null()),
    ("name", "not in A, null", pl.col("name").is_not_null() & (pl.col("name") != "A")),
    ("name", "!a", ~pl.col("name").str.to_lowercase().str.contains("a", literal=True)),
    ("name", "starts B", pl.col("name").str.to_lowercase().str.starts_with("b")),
    ("name", "!ends > or null", ~pl.col("name").str.ends_with(">") | pl.col("name").is_null()),
    ("name", "/^[a-z].?$/", pl.col("name").str.contains("^[a-z].?$")),
    ("name", "!/a/", ~pl.col("name").str.contains("a")),
    ("n", "-2..<2", (pl.col("n") >= -2) & (pl.col("n") < 2)),
    ("n", "in -1, 1..2, null", pl.col("n").is_in([-1, 1, 2, None], nulls_equal=True)),
    ("n", "not in 1, 2", ~pl.col("n").is_in([1, 2]) | pl.col("n").is_null()),
    ("n", "in ()", pl.lit(False)),
    ("n", "not in ()", pl.lit(True)),
    ("n", "!= -1..1 or null", ~pl.col("n").is_between(-1, 1) | pl.col("n").is_null()),
    ("x", "in nan, 1.5", pl.col("x").is_in([float("nan"), 1.5])),
    ("x", "0<.. or null", ((pl.col("x") > 0) & pl.col("x").is_not_nan()) | pl.col("x").is_null()),
    ("at", "in 2024-01-01, 2024-01-03", pl.col("at").dt.day().is_in([1, 3])),
    ("flag", "in no, null", pl.col("flag").not_() | pl.col("flag").is_null()),
    ("flag", "yes", pl.col("flag")),
    ("price", "> 0.005", pl.col("price") > Decimal("0.00")),
    ("price", "-1..1.5", pl.col("price").is_between(Decimal(-1), Decimal("1.5"))),
    ("at", "2024-01-02", pl.col("at").dt.date() == NEXT_DAY.date()),
    ("at", "!= 2024-01-02", pl.col("at").dt.date() != NEXT_DAY.date()),
    ("at", "> 2024-01-02 10", pl.col("at") >= NEXT_DAY + timedelta(hours=11)),
]


@st.composite
def frames(draw: st.DrawFn) -> pl.DataFrame:
    count = draw(st.integers(0, 300))
    columns: dict[str, list[Any]] = {"id": list(range(count))}
    for name, values in VALUES.items():
        pool = draw(st.lists(st.none() | values, min_size=1, max_size=8))
        picks = draw(st.randoms(use_true_random=False))
        columns[name] = [picks.choice(pool) for _ in range(count)]
    return pl.DataFrame(columns, schema=SCHEMA)


orders = st.lists(
    st.tuples(st.integers(0, len(SCHEMA) - 1), st.booleans()), max_size=3, unique_by=lambda key: key[0]
).map(lambda keys: tuple(SortKey(column, descending) for column, descending in keys))


def relation_of(engine: DuckDB, frame: pl.DataFrame, fixed_order: bool) -> Relation:
    return Relation(
        "FROM shown", key=object(), engine=engine, frames={"shown": pa.table(frame)}, fixed_order=fixed_order
    )


def where(columns: tuple[Column, ...], column: int, text: str) -> ColumnFilter:
    condition = parse_filter(text, columns[column])
    assert condition is not None
    return ColumnFilter(column, condition)


def sorted_like(frame: pl.DataFrame, order: tuple[SortKey, ...]) -> pl.DataFrame:
    """Return the rows in an order as Polars sorts them."""
    if not order:
        return frame
    return frame.sort(
        [frame.columns[key.column] for key in order],
        descending=[key.descending for key in order],
        nulls_last=True,
        maintain_order=True,
    )


def ids(table: pa.Table) -> list[Any]:
    return table.column("c0").to_pylist()


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    frame=frames(),
    asked=st.lists(
        st.tuples(
            st.lists(st.sampled_from(FILTERS), max_size=2, unique_by=lambda one: one[0]),
            st.sampled_from(["", "", "A", "NULL", "本", "'"]),
            orders,
        )
    ),
    fixed_order=st.booleans(),
    at_once=st.sampled_from([0, 1_000_000]),
)
def test_every_window_equals_what_polars_gives(
    engine: DuckDB,
    frame: pl.DataFrame,
    asked: list[tuple[list[tuple[str, str, pl.Expr]], str, tuple[SortKey, ...]]],
    fixed_order: bool,
    at_once: int,
):
    relation = relation_of(engine, frame, fixed_order)
    rows = RelationRows(relation)
    job: Any = Job(lambda _: None, lambda _: None, lambda _: None)
    columns = rows.columns(job)
    names = frame.columns
    before: tuple[Question, list[Any]] | None = None
    with patch.object(rows_module, "_AT_ONCE", at_once):
        for filters, search, order in [*asked, ([], "", ())]:
            conditions = tuple(where(columns, names.index(name), text) for name, text, _ in filters)
            question = Question((*conditions, *((Search(search),) if search else ())), order)
            expected = frame.filter(*[expression for _, _, expression in filters])
            if search:
                held = pl.col("name").str.to_lowercase().str.contains(search.lower(), literal=True)
                expected = expected.filter(held)
            wanted = sorted_like(expected, order)["id"].to_list()
            foreseen = rows.foresee(question, Span(0, BLOCK, (0,)), job)
            assert foreseen is None or ids(foreseen.cells) == wanted[:BLOCK]
            if before is not None:  # which is still shown
                assert ids(rows.window(before[0], Span(0, BLOCK, (0,)), job).cells) == before[1][:BLOCK]
            before = question, wanted
            first = rows.begin(question, Span(0, BLOCK, (0,)), job)
            assert ids(first.cells) == wanted[:BLOCK]
            settled = rows.settle(question, Span(BLOCK, BLOCK, (0,)), job)
            assert settled.totals == rows_module.Totals(len(wanted), len(frame))
            assert ids(settled.cells) == wanted[settled.span.first :][:BLOCK]
            for at in range(0, len(frame) + 1, BLOCK):
                window = rows.window(question, Span(at, BLOCK, (0,)), job)
                assert ids(window.cells) == wanted[window.span.first :][:BLOCK]
    rows.close()


@pytest.fixture
def job() -> Any:
    return Job(lambda _: None, lambda _: None, lambda _: None)


SPAN = Span(0, BLOCK, (0,))


def test_a_window_beyond_the_last_row_becomes_the_last_window(relation: Callable[..., Relation], job: Any):
    rows = RelationRows(relation("FROM range(1000)"))
    screen = rows.begin(Question(), Span(100 * BLOCK, 2 * BLOCK, (0,)), job)
    assert screen.span.first == 6 * BLOCK
    assert ids(screen.cells)[-1] == 999


def test_nothing_is_kept_of_a_relation_that_is_read_in_its_own_order(relation: Callable[..., Relation], job: Any):
    rows = RelationRows(relation("FROM range(1000)"))
    rows.settle(Question(), SPAN, job)
    assert rows._kept is None  # pyright: ignore[reportPrivateUsage]


def test_a_relation_without_an_order_is_run_once_for_all_questions(engine: DuckDB, job: Any):
    # Random numbers differ whenever the query is run.
    rows = RelationRows(Relation("SELECT random() AS x FROM range(500)", key=1, engine=engine))
    once = sorted(ids(rows.settle(Question(), Span(0, 4 * BLOCK, (0,)), job).cells))
    again = rows.settle(Question(order=(SortKey(0),)), Span(0, 4 * BLOCK, (0,)), job)
    assert ids(again.cells) == once


def test_a_window_of_a_question_that_was_superseded_is_cancelled_and_the_rows_stay(engine: DuckDB, job: Any):
    rows = RelationRows(Relation("SELECT random() AS x FROM range(500)", key=1, engine=engine))
    old, new = Question(), Question(order=(SortKey(0),))
    before = rows.settle(old, SPAN, job)
    rows.settle(new, SPAN, job)
    with pytest.raises(Cancelled):
        rows.window(old, SPAN, job)
    assert rows.settle(old, SPAN, job).cells.equals(before.cells)


def test_keeping_rows_can_be_cancelled_and_tried_again(relation: Callable[..., Relation]):
    rows = RelationRows(relation("FROM range(1000)", fixed_order=False))
    cancelled: Any = Job(lambda _: None, lambda _: None, lambda _: None, cancelled=True)
    with pytest.raises(Cancelled):
        rows.settle(Question(), SPAN, cancelled)
    fine: Any = Job(lambda _: None, lambda _: None, lambda _: None)
    assert rows.settle(Question(), SPAN, fine).totals == rows_module.Totals(1000, 1000)


def test_cancelling_after_rows_are_kept_does_not_lose_them(relation: Callable[..., Relation], job: Any):
    rows = RelationRows(relation("FROM range(1000)", fixed_order=False))
    rows.settle(Question(), SPAN, job)
    job.cancel()
    fine: Any = Job(lambda _: None, lambda _: None, lambda _: None)
    assert rows.window(Question(), SPAN, fine).cells.num_rows == BLOCK


def test_closed_rows_answer_nothing(relation: Callable[..., Relation], job: Any):
    rows = RelationRows(relation("FROM range(1000)", fixed_order=False))
    rows.settle(Question(), SPAN, job)
    rows.close()
    with pytest.raises(Cancelled):
        rows.window(Question(), SPAN, job)


def test_closing_lets_the_reader_go(relation: Callable[..., Relation], job: Any):
    rows = RelationRows(relation("FROM range(1000)", fixed_order=False))
    rows.settle(Question(), SPAN, job)
    reader = rows._kept.reader  # pyright: ignore[reportPrivateUsage, reportOptionalMemberAccess]
    rows.close()
    with pytest.raises(Cancelled):
        reader.fetch()


@pytest.mark.parametrize("fixed_order", [True, False])
def test_only_the_columns_on_screen_travel(relation: Callable[..., Relation], job: Any, fixed_order: bool):
    columns = ", ".join(f"i + {at} AS column_{at}" for at in range(100))
    rows = RelationRows(relation(f"SELECT {columns} FROM range(10) t(i)", fixed_order=fixed_order))
    screen = rows.begin(Question(order=(SortKey(99, descending=True),)), Span(0, BLOCK, tuple(range(64, 96))), job)
    assert screen.cells.column_names == [f"c{at}" for at in range(64, 96)]
    assert screen.cells.column(0)[0].as_py() == 9 + 64


@pytest.mark.parametrize("fixed_order", [True, False])
def test_names_that_look_alike_or_hostile_are_kept_apart(
    relation: Callable[..., Relation], job: Any, fixed_order: bool
):
    names = ['"a"', '"a"', '"A"', '"c0"', '"rowid"', '"x"";--"', '"<script>"', '"dataapp_row"', '"relation"']
    sql = "SELECT " + ", ".join(f"{at} AS {name}" for at, name in enumerate(names, start=1))
    rows = RelationRows(relation(sql, fixed_order=fixed_order))
    assert [column.name for column in rows.columns(job)][:5] == ["a", "a_1", "A_2", "c0", "rowid"]
    for at in range(9):
        filters = (where(rows.columns(job), at, str(at + 1)),)
        screen = rows.settle(Question(filters, (SortKey(at),)), Span(0, BLOCK, tuple(range(9))), job)
        assert list(screen.cells.to_pylist()[0].values()) == list(range(1, 10))


def test_a_relations_own_parameters_are_bound_with_ours(engine: DuckDB, job: Any):
    relation = Relation("FROM range(1000) t(i) WHERE i >= $low", key=1, engine=engine, parameters={"low": Bound(990)})
    rows = RelationRows(relation)
    filters = (where(rows.columns(job), 0, "> 995"),)
    assert ids(rows.settle(Question(filters, (SortKey(0, True),)), SPAN, job).cells) == [999, 998, 997, 996]


BIG = "SELECT range AS id, hash(range) AS h FROM range(3_000_000)"
BY_HASH = Question(order=(SortKey(1),))


def settle_and_cancel(rows: RelationRows, question: Question) -> None:
    """Ask a question of kept rows, and take it back while they are being arranged for it."""
    superseded: Any = Job(lambda _: None, lambda _: None, lambda _: None)
    kept = rows._kept  # pyright: ignore[reportPrivateUsage]
    assert kept is not None
    interrupts = kept.reader.interrupts

    def cancel() -> None:
        interrupts.wait_until_running()
        superseded.cancel()

    thread = threading.Thread(target=cancel)
    thread.start()
    with pytest.raises(Cancelled):
        rows.settle(question, SPAN, superseded)
    thread.join()


def test_arranging_kept_rows_stops_and_the_rows_stay(relation: Callable[..., Relation], job: Any):
    rows = RelationRows(relation(BIG, fixed_order=False))
    rows.settle(Question(), SPAN, job)
    kept = rows._kept  # pyright: ignore[reportPrivateUsage]
    settle_and_cancel(rows, BY_HASH)
    assert rows._kept is kept  # pyright: ignore[reportPrivateUsage]


def test_what_was_stopped_can_be_asked_again(relation: Callable[..., Relation], job: Any):
    rows = RelationRows(relation(BIG, fixed_order=False))
    before = rows.settle(BY_HASH, SPAN, job)
    rows.settle(Question(), SPAN, job)
    settle_and_cancel(rows, BY_HASH)
    assert rows.settle(BY_HASH, SPAN, job).cells.equals(before.cells)


def test_arranging_that_is_taken_back_before_it_starts_does_not_start(relation: Callable[..., Relation], job: Any):
    rows = RelationRows(relation("FROM range(1000)", fixed_order=False))
    rows.settle(Question(), SPAN, job)
    gone: Any = Job(lambda _: None, lambda _: None, lambda _: None, cancelled=True)
    with pytest.raises(Cancelled):
        rows.settle(Question(order=(SortKey(0, descending=True),)), SPAN, gone)
    assert ids(rows.settle(Question(), SPAN, job).cells)[:3] == [0, 1, 2]


@pytest.mark.parametrize("method", ["fetch", "keep", "arrange", "fetch_kept"])
def test_progress_is_that_of_the_query_that_runs(relation: Callable[..., Relation], job: Any, method: str):
    rows, plain = RelationRows(relation("FROM range(1000)")), getattr(Reader, method)
    told: list[float | None] = []

    def run(reader: Reader, *arguments: Any) -> Any:
        told.append(rows.progress())
        return plain(reader, *arguments)

    with patch.object(Reader, "progress", lambda _: 0.5), patch.object(Reader, method, run):
        rows.settle(Question(order=(SortKey(0),)), SPAN, job)
        assert set(told) == {0.5}
        assert rows.progress() is None
