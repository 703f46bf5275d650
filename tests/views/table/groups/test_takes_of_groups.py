"""What is copied, measured, downloaded and shown as SQL of a grouped table, against Polars over the whole frame."""

import csv
import io
import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import dataapp as da
from dataapp.engines.duckdb import DuckDB
from dataapp.engines.functions import reserved_words
from dataapp.engines.relation import Column, Relation
from dataapp.errors import Cancelled
from dataapp.views.table.filters.parsing import parse_filter
from dataapp.views.table.filters.predicates import ColumnFilter
from dataapp.views.table.groups.grouping import Aggregate, Grouping, GroupKey, Path, key_columns, line_columns
from dataapp.views.table.groups.rows import GroupedRows
from dataapp.views.table.relation.queries import BLOCK, Question, SortKey, Span
from dataapp.views.table.selection import Rows, Selection
from dataapp.views.table.shown_sql import Origin, question_to_sql
from dataapp.views.table.takes import exports
from dataapp.views.table.takes.downloads import FILE_KINDS, Download, FileKind
from tests.views.table.by_hand import Job
from tests.views.table.groups.test_rows import (
    FILTERS,
    NAMES,
    SHOWN,
    Reference,
    frames,
    groupings,
    key_cell,
    same,
)

KEYS = itertools.count()
SPAN = Span(0, BLOCK, (0,))
CHECKS = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
WIDTH = len(NAMES)
stretches = st.lists(st.builds(Rows, st.integers(0, 100), st.integers(1, 60)), min_size=1, max_size=3).map(tuple)


class Everything(set[Any]):
    """All paths there are."""

    def __contains__(self, _: object) -> bool:
        return True


def job() -> Any:
    return Job(lambda _: None, lambda _: None, lambda _: None)


def text_of(value: Any) -> str | None:
    """A key as the engine writes it."""
    if value is None or isinstance(value, str):
        return "nan" if value == "NaN" else value
    return str(value + 0.0 if isinstance(value, float) else value).lower()  # zeros are one group


@dataclass
class Asked:
    """A question about a frame, and what Polars gives for it."""

    frame: pl.DataFrame
    rows: GroupedRows
    columns: tuple[Column, ...]
    question: Question
    reference: Reference
    lines: list[tuple[Any, ...]]
    filtered: pl.DataFrame

    @property
    def grouping(self) -> Grouping:
        return self.reference.grouping

    @property
    def innermost(self) -> list[tuple[tuple[Any, ...], list[Any]]]:
        """Keys and figures of the groups of the last level, as they stand when all are open."""
        everything = Reference(self.grouping, self.reference.order, Everything()).lines(self.filtered)
        depth = len(self.grouping.keys)
        return [
            (what, [count, *made])
            for level, state, what, count, made in everything
            if state != 0 and level == depth - 1
        ]

    def cells(self, line: tuple[Any, ...]) -> list[Any]:
        """What a line shows: null where it is blank."""
        _, state, what, count, made = line
        if state != 0:
            key = self.grouping.keys[len(what) - 1]
            cells: list[Any] = [None] * WIDTH
            cells[key.column] = number(what[-1]) if key.part == "value" else key_cell(what[-1], key)
            return [*cells, count, *made]
        whole = {key.column for key in self.grouping.keys if key.part == "value"}
        texts = {key.column for key in self.grouping.keys if key.part != "value"}
        row = self.frame.row(what)
        own = [None if at in whole else str(value) if value and at in texts else value for at, value in enumerate(row)]
        return [*own, *([None] * (1 + len(self.grouping.aggregates)))]


def ask(engine: DuckDB, data: st.DataObject, frame: pl.DataFrame) -> Asked:
    fixed_order = data.draw(st.booleans())
    shown = {"shown": pa.table(frame)}
    rows = GroupedRows(Relation(SHOWN, key=next(KEYS), engine=engine, frames=shown, fixed_order=fixed_order))
    columns = rows.columns(job())
    grouping = data.draw(groupings(columns))
    places = st.integers(0, WIDTH + len(grouping.aggregates)).filter(lambda at: at != NAMES.index("tags"))
    keys = data.draw(st.lists(st.tuples(places, st.booleans()), max_size=2, unique_by=lambda key: key[0]))
    filters = data.draw(st.lists(st.sampled_from(FILTERS), max_size=1))
    filtered = frame.filter(*[one for _, _, one in filters])
    order = tuple(SortKey(*key) for key in keys)
    everything = Reference(grouping, order, Everything()).lines(filtered)
    paths = [what for _, state, what, _, _ in everything if state != 0]
    opened = set(data.draw(st.lists(st.sampled_from(paths), max_size=6))) if paths else set[Any]()
    reference = Reference(grouping, order, opened)
    open_: frozenset[Path] = frozenset(tuple(map(text_of, path)) for path in opened)
    conditions = [(NAMES.index(name), parse_filter(text, columns[NAMES.index(name)])) for name, text, _ in filters]
    question = Question(
        tuple(ColumnFilter(at, condition) for at, condition in conditions if condition is not None),
        order,
        Grouping(grouping.keys, grouping.aggregates, open_),
    )
    rows.settle(question, SPAN, job())
    return Asked(frame, rows, columns, question, reference, reference.lines(filtered), filtered)


def chosen_lines(asked: Asked, selection: Selection) -> list[list[Any]]:
    """The selected cells as Polars has them."""
    positions = selection.positions(WIDTH + 1 + len(asked.grouping.aggregates))
    lines = [line for rows in selection.rows for line in asked.lines[rows.first : rows.end]]
    return [[asked.cells(line)[at] for at in positions] for line in lines]


def select_some(data: st.DataObject, asked: Asked) -> Selection:
    width = WIDTH + 1 + len(asked.grouping.aggregates)
    columns = data.draw(st.none() | st.lists(st.integers(0, width - 1), min_size=1, unique=True).map(tuple))
    return Selection.of(data.draw(stretches), columns).within(len(asked.lines))


def equal(found: Any, expected: Any) -> bool:
    if found is None or expected is None:
        return found is expected
    return found == expected or same(found, expected)


@CHECKS
@given(data=st.data(), frame=frames())
def test_selected_lines_are_what_is_seen(engine: DuckDB, data: st.DataObject, frame: pl.DataFrame):
    asked = ask(engine, data, frame)
    selection = select_some(data, asked)
    positions = selection.positions(WIDTH + 1 + len(asked.grouping.aggregates))
    if selection.rows:
        found = asked.rows.selected(asked.question, selection.rows, exports.as_typed(positions), job())
        names = [line_columns(asked.grouping, asked.columns)[at].name for at in positions]
        assert found.column_names == names
        cells = list(zip(*(column.to_pylist() for column in found.columns), strict=True))
        expected = chosen_lines(asked, selection)
        assert len(cells) == len(expected)
        for line, wanted in zip(cells, expected, strict=True):
            assert all(map(equal, line, wanted)), (line, wanted)
    asked.rows.close()


@CHECKS
@given(data=st.data(), frame=frames())
def test_copied_lines_read_back_as_what_is_seen(engine: DuckDB, data: st.DataObject, frame: pl.DataFrame):
    asked = ask(engine, data, frame)
    columns = line_columns(asked.grouping, asked.columns)
    exact = [at for at, column in enumerate(columns) if column.type in {"VARCHAR", "BIGINT", "SMALLINT", "HUGEINT"}]
    positions = tuple(data.draw(st.lists(st.sampled_from(exact), min_size=1, unique=True)))
    selection = Selection.of(data.draw(stretches), positions).within(len(asked.lines))
    if selection.rows:
        select = exports.as_text(positions, guarded=True)
        found = asked.rows.selected(asked.question, selection.rows, select, job())
        text = exports.to_copy(found, [columns[at] for at in positions], "csv")
        wanted = [
            [guarded(value, columns[at]) for value, at in zip(line, positions, strict=True)]
            for line in chosen_lines(asked, selection)
        ]
        assert read_lines(text) == [[exports.guard(columns[at].name) for at in positions], *wanted]
    asked.rows.close()


def read_lines(text: str) -> list[list[str]]:
    return [
        row or [""] for row in csv.reader(io.StringIO(f"{text}\n", newline=""))
    ]  # a line of one null is an empty one


def guarded(value: Any, column: Column) -> str:
    if value is None:
        return ""
    if column.type == "VARCHAR":
        return exports.guard(str(value))
    return str(int(value))


@CHECKS
@given(data=st.data(), frame=frames())
def test_measures_of_lines_are_those_of_the_numbers_that_are_seen(
    engine: DuckDB, data: st.DataObject, frame: pl.DataFrame
):
    asked = ask(engine, data, frame)
    selection = select_some(data, asked)
    columns = line_columns(asked.grouping, asked.columns)
    positions = [at for at in selection.positions(len(columns)) if exports.is_number(columns[at])]
    if selection.rows and positions:
        rows = None if selection.count == len(asked.lines) else selection.rows
        read = asked.rows.summed_up(asked.question, rows, exports.as_measures(positions), job())
        found = exports.measures_of(read, [(at, columns[at]) for at in positions])
        lines = chosen_lines(asked, Selection(selection.rows, tuple(positions)))
        numbers = [value for line in lines for value in line if value is not None]
        real = [value for value in numbers if not (isinstance(value, float) and math.isnan(value))]
        assert (found.numbers, found.nans) == (len(real), len(numbers) - len(real))
        if not real:
            assert (found.sum, found.min) == (None, None)
        elif any(isinstance(value, float) for value in real):
            infinite = math.inf in real and -math.inf in real
            total = math.nan if infinite else math.fsum(map(float, real))
            near = [total, total / len(real), min(map(float, real)), max(map(float, real))]
            shown = [float(text or "") for text in (found.sum, found.mean, found.min, found.max)]
            assert shown == pytest.approx(near, rel=1e-9, abs=1e-9, nan_ok=True)
        else:
            exact = [Fraction(value) for value in real]
            assert Fraction(found.sum or "") == sum(exact)
            assert (Fraction(found.min or ""), Fraction(found.max or "")) == (min(exact), max(exact))
    asked.rows.close()


@CHECKS
@given(data=st.data(), frame=frames())
def test_the_rows_among_selected_lines_are_read_as_they_are(engine: DuckDB, data: st.DataObject, frame: pl.DataFrame):
    asked = ask(engine, data, frame)
    selection = Selection.of(data.draw(stretches)).within(len(asked.lines))
    if selection.rows:
        found = asked.rows.selected_rows(asked.question, selection.rows, exports.as_typed([0]), job())
        lines = [line for rows in selection.rows for line in asked.lines[rows.first : rows.end]]
        wanted = [what for _, state, what, _, _ in lines if state == 0]
        assert (found.column("id").to_pylist() if found.num_rows else []) == wanted
    asked.rows.close()


@CHECKS
@given(data=st.data(), frame=frames(), kind=st.sampled_from(FILE_KINDS))
def test_a_file_of_groups_has_the_innermost_as_they_stand_when_all_are_open(
    engine: DuckDB, data: st.DataObject, frame: pl.DataFrame, kind: FileKind
):
    asked = ask(engine, data, frame)
    expected = asked.innermost
    depth, made = len(asked.grouping.keys), 1 + len(asked.grouping.aggregates)
    download = Download(asked.rows, asked.question, tuple(range(depth + made)), kind)
    whole = b""
    while True:
        chunk = download.step(job())
        whole += chunk.data
        if chunk.is_last:
            break
    assert chunk.rows == len(expected)
    if kind == "csv":
        _, *found = read_lines(whole.decode().removesuffix("\n"))
        assert [int(line[depth]) for line in found] == [figures[0] for _, figures in expected]
        texts = [at for at, key in enumerate(asked.grouping.keys) if NAMES[key.column] in {"k0", 'a "name"', "kind"}]
        for at in texts:
            column = Column("", "SMALLINT" if NAMES[asked.grouping.keys[at].column] == "k0" else "VARCHAR")
            assert [line[at] for line in found] == [guarded(path[at], column) for path, _ in expected]
    else:
        table = pq.read_table(io.BytesIO(whole)) if kind == "parquet" else pa.ipc.open_file(whole).read_all()
        for row, (path, figures) in zip(pl.DataFrame(table).rows(), expected, strict=True):
            assert all(map(equal, row, (*map(number, path), *figures))), (row, path, figures)
    asked.rows.close()


def number(key: Any) -> Any:
    return math.nan if isinstance(key, str) and key == "NaN" else key


@CHECKS
@given(data=st.data(), frame=frames())
def test_a_cell_with_the_shown_sql_has_the_figures_of_the_groups(
    engine: DuckDB, data: st.DataObject, frame: pl.DataFrame
):
    asked = ask(engine, data, frame)
    asked.rows.close()
    text = question_to_sql(asked.question, asked.columns, Origin("trades"), reserved_words(engine))
    found = da.sql(text, trades=da.sql(SHOWN, shown=da.source(frame))).evaluate()
    expected = [(*map(number, path), *figures) for path, figures in asked.innermost]
    by_figures = any(key.column >= WIDTH for key in asked.question.order)
    rows = found.rows()
    assert len(rows) == len(expected)
    if by_figures and len(asked.grouping.keys) > 1:  # groups of groups are then sorted as a whole
        depth = len(asked.grouping.keys)
        rows.sort(key=lambda row: repr(tuple(map(plain_key, row[:depth]))))
        expected.sort(key=lambda row: repr(tuple(map(plain_key, row[:depth]))))
    for row, wanted in zip(rows, expected, strict=True):
        assert all(map(equal, row, wanted)), (text, row, wanted)


def plain_key(value: Any) -> Any:
    return Decimal(value).normalize() if isinstance(value, Decimal) else value


def test_the_shown_sql_reads_as_if_written_by_hand():
    columns = (Column("symbol", "VARCHAR"), Column("size", "INTEGER"), Column("ts", "TIMESTAMP"))
    grouping = Grouping((GroupKey(2, "month"), GroupKey(0)), (Aggregate("sum", 1),))
    text = question_to_sql(Question((), (SortKey(4, descending=True),), grouping), columns, Origin("trades"), set())
    assert text.splitlines() == [
        "SELECT",
        "    CAST(date_trunc('month', ts) AS DATE) AS month_of_ts,",
        "    symbol,",
        "    count(*) AS rows,",
        "    sum(size) AS sum_of_size",
        "FROM trades",
        "GROUP BY ALL",
        "ORDER BY sum_of_size DESC NULLS LAST, month_of_ts, symbol",
    ]


def test_names_that_are_taken_are_numbered_and_those_that_need_it_quoted():
    columns = (Column("rows", "VARCHAR"), Column("sum_of_rows", "INTEGER"), Column("<script>", "DOUBLE"))
    grouping = Grouping((GroupKey(0),), (Aggregate("sum", 2), Aggregate("distinct", 0), Aggregate("sum", 1)))
    text = question_to_sql(Question(groups=grouping), columns, Origin("t"), set())
    made = da.sql(text, t=da.sql("SELECT 'a' AS rows, 1 AS sum_of_rows, 2.5::DOUBLE AS \"<script>\"")).evaluate()
    assert made.columns == ["rows", "rows_2", "sum_of_<script>", "distinct_of_rows", "sum_of_sum_of_rows"]
    assert made.row(0) == ("a", 1, 2.5, 1, 1)
    assert [column.name for column in key_columns(grouping, columns)] == ["rows"]


@pytest.mark.parametrize("text", ["abc", "01", " 1", "99999999999999999999", ""])
def test_a_group_that_a_link_names_wrongly_is_no_error(engine: DuckDB, text: str):
    sql = "SELECT i AS n, i % 3 AS rest FROM range(10) t(i)"
    rows = GroupedRows(Relation(sql, key=sql, engine=engine, fixed_order=True))
    grouping = Grouping((GroupKey(1),), (), frozenset({(text,), ("1",), ("1", "2"), ()}))
    settled = rows.settle(Question(groups=grouping), SPAN, job())
    assert settled.totals is not None
    assert (settled.totals.groups, settled.totals.lines) == (3, 3 + 3)
    rows.close()


def test_lines_of_groups_that_are_no_longer_asked_for_are_cancelled(relation: Callable[..., Relation]):
    rows = GroupedRows(relation("SELECT i AS n, i % 3 AS rest FROM range(10) t(i)"))
    old = Question(groups=Grouping((GroupKey(1),)))
    rows.settle(old, SPAN, job())
    rows.settle(Question(groups=Grouping((GroupKey(0),))), SPAN, job())
    with pytest.raises(Cancelled):
        rows.selected(old, (Rows(0, 1),), exports.as_typed([0]), job())
    with pytest.raises(Cancelled):
        rows.summed_up(old, None, exports.as_measures([0]), job())
    rows.close()
