"""Rows of lazy frames: what is pushed into Polars changes no result, and no input moves it."""

import datetime as dt
import math
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataapp.cells.cell import Cell
from dataapp.cells.predicate import match
from dataapp.cells.python import cell
from dataapp.cells.sql import sql
from dataapp.compile.restrictions import EVERY_ROW
from dataapp.connect.source import source
from dataapp.runtime import keeping
from dataapp.runtime.costs import Choice
from dataapp.runtime.pushdown import fitting
from dataapp.runtime.session import Demand, Session
from dataapp.runtime.tables import Table
from tests.runtime.bench import ask, knob, rows, session

FRAME = pl.DataFrame({"a": [1, 2, 3, 4], "B": [4, 5, 6, None], "c": ["w", "x", "y", "z"]})


class Counted:
    """A lazy frame that counts how often it is collected."""

    def __init__(self) -> None:
        self.runs = 0
        self.cell = source(FRAME.lazy().map_batches(self._counted, predicate_pushdown=True), name="t")

    def _counted(self, frame: pl.DataFrame) -> pl.DataFrame:
        self.runs += 1
        return frame


def lazy() -> Any:
    return source(FRAME.lazy(), name="t")


def collected(viewer: Session, cell: Cell) -> int:
    """How many rows were computed of a cell that is read."""
    outcome: Any = viewer.nodes.table(cell).outcome
    assert isinstance(outcome.value, Table)
    return outcome.value.frames[cell].num_rows


def demand(viewer: Session, text: str, **wiring: object) -> Demand:
    return viewer.demand(sql(text, **wiring), "frame")  # pyright: ignore[reportArgumentType]


# Which rows are computed.


@pytest.mark.parametrize(
    ("condition", "count"),
    [("a > 2", 2), ("b IS NULL", 1), ("c IN ('w', 'z')", 2), ("a BETWEEN 2 AND 3 AND b = 5", 1), ("a = 1 OR b = 6", 2)],
)
def test_only_rows_that_pass_are_computed(condition: str, count: int) -> None:
    frame, viewer = lazy(), session()
    assert len(rows(demand(viewer, f"FROM t WHERE {condition}", t=frame))) == count
    assert collected(viewer, frame) == count


@pytest.mark.parametrize("condition", ["a > 2.5", "b > 100000000000000000000", "x > 1", "sqrt(a) > 1.5", "c <> c"])
def test_a_condition_that_is_not_the_same_to_both_restricts_nothing(condition: str) -> None:
    frame, viewer = lazy(), session()
    demand(viewer, f"SELECT a, 2 AS x FROM t WHERE {condition}", t=frame)
    assert collected(viewer, frame) == 4


def test_conditions_are_followed_through_cells_that_hand_rows_on() -> None:
    frame, viewer = lazy(), session()
    large = sql("FROM t WHERE a > 1", t=frame)
    assert rows(demand(viewer, "SELECT count(*) FROM large WHERE b <= 5", large=large)) == [(1,)]
    assert collected(viewer, frame) == 1


def test_conditions_do_not_go_through_a_policy() -> None:
    guarded: Any = source(FRAME.lazy(), name="t", policy="a > 1")
    viewer = session()
    assert len(rows(demand(viewer, "FROM t WHERE c = 'z'", t=guarded))) == 1
    assert collected(viewer, guarded.rows) == 3


def test_a_cell_that_hands_on_rows_and_is_shown_keeps_them() -> None:
    frame, viewer = lazy(), session()
    large = sql("FROM t WHERE a > 1", t=frame)
    viewer.demand(large, "table")
    demand(viewer, "SELECT count(*) FROM large WHERE b <= 5", large=large)
    assert collected(viewer, frame) == 3


def test_a_computed_column_of_the_same_name_is_not_mistaken_for_the_frames() -> None:
    frame, viewer = lazy(), session()
    turned = sql("SELECT -a AS a, * FROM t", t=frame)
    assert rows(demand(viewer, "SELECT count(*) FROM turned WHERE a < -3", turned=turned)) == [(1,)]


def test_the_rows_of_several_readers_are_computed_together() -> None:
    frame, viewer = lazy(), session()
    both = [sql("SELECT a FROM t WHERE a = 1", t=frame), sql("SELECT a FROM t WHERE c = 'z'", t=frame)]
    assert rows(demand(viewer, "SELECT (FROM x) AS x, (FROM y) AS y", x=both[0], y=both[1])) == [(1, 4)]
    assert collected(viewer, frame) == 2


def test_a_frame_under_two_names_is_computed_whole() -> None:
    frame, viewer = lazy(), session()
    assert rows(demand(viewer, "SELECT count(*) FROM t, u WHERE t.a = 1 AND u.a = 2", t=frame, u=frame)) == [(1,)]
    assert collected(viewer, frame) == 4


def test_a_python_reader_gets_every_row() -> None:
    viewer = session()

    @cell
    def made() -> pl.LazyFrame:
        return FRAME.lazy()

    @cell(made=made)
    def height(made: pl.DataFrame) -> int:
        return made.height

    demand(viewer, "SELECT a FROM made WHERE a = 1", made=made)
    assert collected(viewer, made) == 1
    assert viewer.demand(height, "value").look().outcome is not None
    assert ask(height) == 4


def test_names_that_differ_in_case_only_restrict_nothing() -> None:
    frame = source(pl.LazyFrame({"n": [1, 2], "N": [2, 1]}))
    assert ask(sql("SELECT n_1 AS n FROM t WHERE n = 1", t=frame)).item() == 2


def test_a_name_means_the_column_before_the_result() -> None:
    frame = lazy()
    assert ask(sql("SELECT b AS a FROM t WHERE a = 1", t=frame)).item() == 4


def test_the_reader_of_a_file_passes_over_what_does_not_pass(tmp_path: Path) -> None:
    FRAME.write_parquet(tmp_path / "t.parquet")
    frame, viewer = source(pl.scan_parquet(tmp_path / "t.parquet")), session()
    assert rows(demand(viewer, "SELECT c FROM t WHERE a = 3", t=frame)) == [("y",)]
    assert collected(viewer, frame) == 1


# When they are computed anew.


def test_no_move_of_an_input_computes_a_frame() -> None:
    counted, viewer = Counted(), session()
    low, letter = knob(1, "BIGINT", name="low"), knob(["w"], name="letter")
    text = "SELECT count(*) AS n FROM t WHERE a > 1 AND a > $low AND $chosen"
    shown = demand(viewer, text, t=counted.cell, low=low, chosen=match("c", letter, name="chosen"))
    assert rows(shown) == [(0,)]
    for value in (2, 3, 0):
        viewer.set(low, value)
        viewer.set(letter, ["x", "y", "z"])
        assert rows(shown) == [(4 - max(value, 1),)]
    assert counted.runs == 1
    assert collected(viewer, counted.cell) == 3


def test_whether_rows_are_kept_for_several_readers_computes_no_frame(monkeypatch: pytest.MonkeyPatch) -> None:
    choice = Choice(is_kept=False, why="")
    monkeypatch.setattr(keeping, "choose", lambda *args, **named: choice)
    counted, viewer, low = Counted(), session(), knob(1, "BIGINT", name="low")
    large = sql("FROM t WHERE a > $low", t=counted.cell, low=low, name="large")
    both = [sql(f"SELECT a FROM large WHERE a = {number}", large=large) for number in (3, 4)]
    shown = viewer.demand(sql("SELECT (FROM x) AS x, (FROM y) AS y", x=both[0], y=both[1]), "frame")
    other = demand(viewer, "SELECT max(a) FROM x", x=both[0])
    first = counted.runs
    for is_kept in (True, False, True):
        choice = Choice(is_kept=is_kept, why="for a test")
        viewer.set(low, 2 + is_kept)
        assert (rows(shown), rows(other)) == ([(None if is_kept else 3, 4)], [(None if is_kept else 3,)])
    assert counted.runs == first
    assert collected(viewer, counted.cell) == 2


def test_a_parameter_that_stays_restricts() -> None:
    frame, viewer = lazy(), session()
    assert rows(demand(viewer, "SELECT c FROM t WHERE a >= $low", t=frame, low=4)) == [("z",)]
    assert collected(viewer, frame) == 1


def test_a_constant_that_is_replaced_restricts_nothing() -> None:
    low = sql("SELECT 1")
    assert ask(sql("SELECT count(*) FROM t WHERE a >= $low", t=lazy(), low=low), {low: 3}).item() == 2


def test_a_later_reader_of_other_rows_lets_the_frame_be_computed_once_more_and_whole() -> None:
    counted, viewer = Counted(), session()
    first = demand(viewer, "SELECT a FROM t WHERE a = 1", t=counted.cell)
    others = [demand(viewer, f"SELECT a FROM t WHERE a = {number}", t=counted.cell) for number in (2, 3, 4)]
    assert [rows(shown) for shown in (first, *others)] == [[(1,)], [(2,)], [(3,)], [(4,)]]
    assert counted.runs == 2
    assert collected(viewer, counted.cell) == 4
    viewer.check_invariants()


def test_a_later_reader_of_the_same_rows_computes_nothing() -> None:
    counted, viewer = Counted(), session()
    demand(viewer, "SELECT a FROM t WHERE a = 1", t=counted.cell)
    shown = demand(viewer, "SELECT max(a) FROM t WHERE a = 1", t=counted.cell)
    shown.release()
    demand(viewer, "SELECT min(a) FROM t WHERE a = 1", t=counted.cell)
    assert counted.runs == 1


def test_a_reader_with_other_words_and_no_other_columns_computes_nothing() -> None:
    counted, viewer = Counted(), session()
    demand(viewer, "SELECT sum(a) AS total FROM t", t=counted.cell)
    demand(viewer, "SELECT avg(a) AS mean FROM t ORDER BY mean", t=counted.cell)
    assert counted.runs == 1


def test_more_columns_for_other_rows_compute_the_rows_of_both() -> None:
    frame, viewer = lazy(), session()
    first = demand(viewer, "SELECT a FROM t WHERE a = 1", t=frame)
    second = demand(viewer, "SELECT c FROM t WHERE c = 'z'", t=frame)
    assert (rows(first), rows(second)) == ([(1,)], [("z",)])
    assert collected(viewer, frame) == 2


# The same rows, whatever the values.

INTEGERS = st.one_of(st.integers(-3, 3), st.sampled_from([-128, 127, 255, 2**31, 2**53 + 1, -(2**63), 2**63 - 1]))
FLOATS = st.one_of(st.sampled_from([0.0, -0.0, math.nan, math.inf, -math.inf, 0.1, 2.5, 2.0**53]), st.floats(-4, 4))
TEXTS = st.one_of(st.sampled_from(["", "a", "A", "ä", "b", "z", "a ", "\U0001f600", "it's", "2024-01-31"]), st.text())
DATES = st.one_of(st.dates(dt.date(2024, 1, 30), dt.date(2024, 2, 2)), st.sampled_from([dt.date.min, dt.date.max]))
TIMES = st.one_of(
    st.datetimes(dt.datetime.fromisoformat("2024-01-31"), dt.datetime.fromisoformat("2024-02-01")),
    st.sampled_from(["2024-01-31", "1969-12-31 23:59:59.999999"]).map(dt.datetime.fromisoformat),
)


def integers(kind: Any) -> st.SearchStrategy[Any]:
    low, high = pl.select(pl.lit(0, kind).lower_bound(), pl.lit(0, kind).upper_bound().alias("high")).row(0)
    return INTEGERS.filter(lambda number: low <= number <= high)


VALUES: dict[Any, st.SearchStrategy[Any]] = {
    **{kind: integers(kind) for kind in (pl.Int8, pl.Int64, pl.UInt8, pl.UInt32, pl.UInt64)},
    pl.Float64: FLOATS,
    pl.Float32: FLOATS,
    pl.String: TEXTS.filter(lambda text: "\0" not in text),
    pl.Boolean: st.booleans(),
    pl.Date: DATES,
    pl.Datetime("us"): TIMES,
    pl.Datetime("ms"): TIMES,
    pl.Datetime("ns"): TIMES,
    pl.Datetime("us", "Europe/Berlin"): TIMES,
    pl.Categorical: st.sampled_from(["a", "b"]),
    pl.Decimal(10, 2): st.integers(-300, 300).map(lambda number: number / 100),
}
QUOTED = TEXTS.filter(lambda text: "\0" not in text).map(lambda text: "'" + text.replace("'", "''") + "'")
CONSTANTS = st.one_of(
    INTEGERS.map(str),
    st.sampled_from(
        ["0.1", "-0.0", "2.5", "2.50", "1e-1", "2.5e0", "9007199254740993", "300", "-129", "TRUE", "FALSE"]
    ),
    st.floats(-4, 4).map(lambda number: f"{number:.17e}"),
    QUOTED,
    DATES.map(lambda day: f"DATE '{day}'"),
    DATES.map(lambda day: f"'{day}'"),
    TIMES.map(lambda moment: f"TIMESTAMP '{moment}'"),
    TIMES.map(lambda moment: f"'{moment}'"),
)
COMPARISONS = st.builds("{} {} {}".format, st.just("x"), st.sampled_from(["=", "<>", "<", "<=", ">", ">="]), CONSTANTS)
CONDITIONS = st.one_of(
    COMPARISONS,
    COMPARISONS,
    st.builds("x BETWEEN {} AND {}".format, CONSTANTS, CONSTANTS),
    st.lists(CONSTANTS, min_size=1, max_size=3).map(lambda values: f"x IN ({', '.join(values)})"),
    st.sampled_from(["x IS NULL", "x IS NOT NULL", "x", "NOT x"]),
)
TREES = st.recursive(
    CONDITIONS, lambda inner: st.builds("({} {} {})".format, inner, st.sampled_from(["AND", "OR"]), inner), max_leaves=3
)


def passing(frame: Any, condition: str) -> list[int] | None:
    """The numbers of the rows that pass, or None where the engine refuses the condition."""
    try:
        found: Any = rows(demand(session(), f"SELECT n FROM t WHERE {condition} ORDER BY n", t=frame))
        return [row for (row,) in found]
    except AssertionError:
        return None


def property_holds(kind: Any, values: list[Any], condition: str) -> bool:
    """Hold pushed against not pushed; returns whether anything was pushed."""
    column = pl.Series(values, dtype=kind, strict=False)
    frame = pl.DataFrame({"n": range(len(values)), "x": column})
    viewer, base = session(), source(frame.lazy(), name="t")
    plain = passing(source(frame), condition)
    shown = demand(viewer, f"SELECT n FROM t WHERE {condition} ORDER BY n", t=base)
    if plain is None:
        return False
    assert [row for (row,) in rows(shown)] == plain
    used = viewer.resolver.used_rows(shown.cell, base, lambda _: True)
    return fitting(frozenset([used]), frame.schema) != EVERY_ROW


@pytest.mark.parametrize("kind", VALUES, ids=str)
def test_what_is_pushed_changes_no_result(kind: Any) -> None:
    @settings(deadline=None, max_examples=120)
    @given(st.lists(st.none() | VALUES[kind], max_size=8), TREES)
    def holds(values: list[Any], condition: str) -> None:
        property_holds(kind, values, condition)

    holds()


FITTING: list[tuple[Any, str]] = [
    (pl.Int8, "x > 3"),
    (pl.UInt64, "x IN (1, 2)"),
    (pl.Float64, "x >= 2.5"),
    (pl.Float64, "x > 1"),
    (pl.Float32, "x < 2"),
    (pl.String, "x < 'b'"),
    (pl.Boolean, "NOT x"),
    (pl.Date, "x BETWEEN '2024-01-31' AND '2024-02-01'"),
    (pl.Datetime("us"), "x >= TIMESTAMP '2024-01-31 12:00:00.000001'"),
    (pl.Datetime("ms"), "x < DATE '2024-02-01'"),
]


@pytest.mark.parametrize(("kind", "condition"), FITTING, ids=str)
def test_these_are_pushed(kind: Any, condition: str) -> None:
    assert property_holds(kind, [], condition)


@pytest.mark.parametrize("condition", ["x > 5", "x >= 20", "x < 5", "x = 2", "x BETWEEN 1 AND 30", "x IN (1, 2)"])
def test_nan_passes_below_polars_too(tmp_path: Path, condition: str) -> None:
    """Statistics of files leave NaN out, and Arrow compares it as IEEE does."""
    import pyarrow as pa
    import pyarrow.dataset as ds
    import pyarrow.parquet as pq

    written = pa.table({"n": range(6), "x": [1.0, math.nan, 2.0, 9.0, 10.0, 11.0]})
    pq.write_table(written, tmp_path / "t.parquet", row_group_size=3)
    plain = passing(source(written), condition)
    assert passing(source(pl.scan_parquet(tmp_path / "t.parquet")), condition) == plain
    assert passing(source(pl.scan_pyarrow_dataset(ds.dataset(tmp_path / "t.parquet"))), condition) == plain
