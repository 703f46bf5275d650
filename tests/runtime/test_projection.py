"""Lazy frames of Polars: only the columns that readers may use are computed, and all readers see the same rows."""

from pathlib import Path
from typing import Any

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from dataapp.cells.cell import Cell
from dataapp.cells.predicate import match
from dataapp.cells.python import cell
from dataapp.cells.sql import sql
from dataapp.connect.source import source
from dataapp.runtime.session import Demand, Session
from dataapp.runtime.tables import Table
from tests.runtime.bench import ask, error, knob, rows, session

FRAME = pl.DataFrame({"a": [1, 2, 3, 2], "B": [4, 5, 6, 5], "c": [7, 8, 9, 8], "d": ["w", "x", "y", "z"]})


def lazy() -> Any:
    return source(FRAME.lazy(), name="t")


def computed(viewer: Session, cell: Cell) -> list[str]:
    """The columns that were computed of a cell that is read."""
    outcome: Any = viewer.nodes.table(cell).outcome
    assert isinstance(outcome.value, Table)
    return outcome.value.frames[cell].column_names


def demand(viewer: Session, text: str, **wiring: object) -> Demand:
    return viewer.demand(sql(text, **wiring), "frame")  # pyright: ignore[reportArgumentType]


def test_only_what_is_used_is_computed() -> None:
    frame, viewer = lazy(), session()
    assert rows(demand(viewer, "SELECT sum(a)::INT FROM t WHERE b > $low", t=frame, low=4)) == [(7,)]
    assert computed(viewer, frame) == ["a", "B"]


def test_columns_are_followed_through_cells_that_hand_them_on() -> None:
    frame, viewer = lazy(), session()
    chosen = sql("SELECT *, a + 1 AS next FROM t WHERE $picked", t=frame, picked=match("c", knob([8]), name="picked"))
    assert rows(demand(viewer, "SELECT max(next) FROM chosen", chosen=chosen)) == [(3,)]
    assert computed(viewer, frame) == ["a", "c"]


def test_counting_rows_computes_one_column() -> None:
    frame, viewer = lazy(), session()
    assert rows(demand(viewer, "SELECT count(*) FROM t", t=frame)) == [(4,)]
    assert computed(viewer, frame) == ["a"]


def test_a_reader_that_shows_everything_gets_everything() -> None:
    frame, viewer = lazy(), session()
    demand(viewer, "FROM t WHERE a > 1", t=frame)
    assert computed(viewer, frame) == FRAME.columns


def test_a_frame_that_is_shown_itself_is_computed_whole() -> None:
    frame, viewer = lazy(), session()
    demand(viewer, "SELECT a FROM t", t=frame)
    viewer.demand(frame, "table")
    assert computed(viewer, frame) == FRAME.columns


def test_the_columns_of_several_readers_are_computed_together() -> None:
    frame, viewer = lazy(), session()
    both = [sql("SELECT a FROM t", t=frame), sql("SELECT d FROM t", t=frame)]
    demand(viewer, "SELECT (SELECT max(a) FROM x) AS a, (SELECT max(d) FROM y) AS d", x=both[0], y=both[1])
    assert computed(viewer, frame) == ["a", "d"]


def test_a_reader_that_comes_later_gets_its_columns_and_nobody_loses_any() -> None:
    frame, viewer = lazy(), session()
    first = demand(viewer, "SELECT sum(a)::INT FROM t", t=frame)
    second = demand(viewer, "SELECT sum(c)::INT FROM t", t=frame)
    assert (rows(first), rows(second)) == ([(8,)], [(32,)])
    assert computed(viewer, frame) == ["a", "c"]
    second.release()
    assert computed(viewer, frame) == ["a", "c"]
    viewer.check_invariants()


def test_all_readers_see_the_rows_of_one_run() -> None:
    runs: list[int] = []

    def numbered(frame: pl.DataFrame) -> pl.DataFrame:
        runs.append(1)
        return frame.with_columns(run=pl.lit(len(runs)), other=pl.lit(len(runs)))

    frame = source(
        pl.LazyFrame({"n": [0]}).map_batches(numbered, schema={"n": pl.Int64, "run": pl.Int32, "other": pl.Int32})
    )
    viewer = session()
    first = demand(viewer, "SELECT run FROM t", t=frame)
    second = demand(viewer, "SELECT other FROM t", t=frame)
    assert rows(first) == rows(second)


def test_the_result_of_a_python_cell_is_projected() -> None:
    base = pl.LazyFrame({"n": [1, 2], "m": [3, 4]})

    @cell(base=base)
    def doubled(base: pl.LazyFrame) -> pl.LazyFrame:
        return base.with_columns(pl.col("n") * 2)

    viewer = session()
    assert rows(demand(viewer, "SELECT sum(n)::INT AS n FROM doubled", doubled=doubled)) == [(6,)]
    assert computed(viewer, doubled) == ["n"]


def test_a_frame_that_is_not_lazy_is_handed_on_once() -> None:
    @cell
    def made() -> pl.DataFrame:
        return FRAME

    viewer = session()
    first = demand(viewer, "SELECT a FROM made", made=made)
    before: Any = viewer.nodes.table(made).outcome
    demand(viewer, "SELECT c FROM made", made=made)
    after: Any = viewer.nodes.table(made).outcome
    assert before.value is after.value
    assert len(rows(first)) == 4


def test_names_that_differ_in_case_only_are_all_computed() -> None:
    frame = source(pl.LazyFrame({"n": [1], "N": [2], "m": [3]}))
    assert ask(sql("SELECT n_1 AS n FROM t", t=frame)).item() == 2


def test_the_reader_of_a_file_is_asked_for_these_columns_only(tmp_path: Path) -> None:
    FRAME.write_parquet(tmp_path / "t.parquet")
    frame = source(pl.scan_parquet(tmp_path / "t.parquet"))
    viewer = session()
    assert rows(demand(viewer, "SELECT max(c) FROM t", t=frame)) == [(9,)]
    assert computed(viewer, frame) == ["c"]


def test_what_cannot_be_computed_is_an_error_of_the_frame() -> None:
    def broken(column: pl.Series) -> pl.Series:
        raise ValueError("no")

    frame = source(FRAME.lazy().with_columns(e=pl.col("a").map_batches(broken, return_dtype=pl.Int64)), name="frame")
    viewer = session()
    assert len(rows(demand(viewer, "SELECT a FROM frame", frame=frame))) == 4
    failed = demand(viewer, "SELECT e FROM frame", frame=frame)
    assert "no" in str(error(failed.look().outcome))


TEXTS = [
    "FROM r",
    "FROM r WHERE a > 1",
    "SELECT *, a + 1 AS b2 FROM r ORDER BY a",
    "SELECT a, b, c, d FROM r",
    "SELECT a, max(b) AS b, max(c) AS c, max(d) AS d FROM r GROUP BY ALL",
    "SELECT r.* FROM r JOIN (SELECT DISTINCT c AS k FROM r) u ON r.c = u.k",
    "SELECT DISTINCT * FROM r",
    "SELECT * REPLACE (a + 1 AS a) FROM r",
    "SELECT a, c AS b, b AS c, d FROM r ORDER BY ALL",
    "SELECT x.a, y.b, x.c, y.d FROM r x, r y WHERE x.b = y.b",
    "FROM r UNION FROM r",
]
LAST = ["SELECT count(*) FROM r", "SELECT a FROM r", "SELECT sum(c)::INT, max(b) FROM r", "SELECT d FROM r", "FROM r"]


@settings(deadline=None, max_examples=60)
@given(st.lists(st.sampled_from(TEXTS), max_size=3), st.lists(st.sampled_from(LAST), min_size=1, max_size=2))
def test_what_readers_get_does_not_depend_on_the_projection(chain: list[str], last: list[str]) -> None:
    found: list[list[list[str]]] = []
    for base in (lazy(), source(FRAME)):
        node, viewer = base, session()
        for text in chain:
            node = sql(text, r=node)
        found.append([sorted(map(repr, rows(demand(viewer, text, r=node)))) for text in last])
    assert found[0] == found[1]
