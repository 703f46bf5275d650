"""Groups, their aggregates and the rows of open ones, against Polars over the whole frame."""

import json
import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import polars as pl
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dataapp.engines.duckdb import DuckDB
from dataapp.engines.relation import Relation
from dataapp.errors import Cancelled
from dataapp.views.table.filters.parsing import parse_filter
from dataapp.views.table.filters.predicates import ColumnFilter
from dataapp.views.table.groups.grouping import (
    FUNCTIONS,
    Aggregate,
    Grouping,
    GroupKey,
    functions_of,
    parts_of,
)
from dataapp.views.table.groups.rows import GroupedRows
from dataapp.views.table.relation.queries import BLOCK, Question, SortKey, Span
from tests.views.table.by_hand import Job

START = datetime(2023, 12, 30)  # noqa: DTZ001 - the column has no zone
SCHEMA = {
    "id": pl.Int64,
    "k0": pl.Int16,
    "x": pl.Float64,
    'a "name"': pl.String,
    "flag": pl.Boolean,
    "price": pl.Decimal(10, 2),
    "at": pl.Datetime("us"),
    "tags": pl.List(pl.Int8),
    "kind": pl.Enum(["b", "a", "'"]),
}
NAMES = list(SCHEMA)
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "k0": st.integers(-2, 2) | st.integers(-(2**15), 2**15 - 1),
    "x": st.sampled_from([0.0, -0.0, 1.5, float("nan"), float("inf"), float("-inf"), 0.1]),
    'a "name"': st.sampled_from(["", "null", "a", "A", "'", '"', "日本", "<b>", "a b"]),
    "flag": st.booleans(),
    "price": st.integers(-300, 300).map(lambda cents: Decimal(cents) / 100),
    "at": st.integers(0, 1000).map(lambda hours: START + timedelta(hours=hours)),
    "tags": st.lists(st.none() | st.integers(0, 2), max_size=2),
    "kind": st.sampled_from(["b", "a", "'"]),
}
SHOWN = "SELECT * REPLACE (CAST(kind AS ENUM('b', 'a', '''')) AS kind) FROM shown"  # Arrow's are text here
FILTERS: list[tuple[str, str, pl.Expr]] = [
    ("k0", ">= 0", pl.col("k0") >= 0),
    ("x", "not null", pl.col("x").is_not_null()),
    ('a "name"', "a", pl.col('a "name"').str.to_lowercase().str.contains("a", literal=True)),
]


@st.composite
def frames(draw: st.DrawFn) -> pl.DataFrame:
    count = draw(st.sampled_from([0, 1, 30, 150]))
    columns: dict[str, list[Any]] = {"id": list(range(count))}
    for name, values in VALUES.items():
        pool = draw(st.lists(st.none() | values, min_size=1, max_size=5))
        picks = draw(st.randoms(use_true_random=False))
        columns[name] = [picks.choice(pool) for _ in range(count)]
    return pl.DataFrame(columns, schema=SCHEMA)


def key_expression(key: GroupKey) -> pl.Expr:
    name = NAMES[key.column]
    if key.part != "value":
        return pl.col(name).dt.truncate({"day": "1d", "month": "1mo", "year": "1y"}[key.part]).dt.date()
    if name == "tags":
        return pl.col(name).map_elements(lambda tags: json.dumps(list(tags), separators=(",", ":")), pl.String)
    if name == "x":
        return pl.col(name) + 0.0
    return pl.col(name)


def key_cell(value: Any, key: GroupKey) -> Any:
    """A key as it travels."""
    if value is None:
        return None
    if key.part != "value":
        return str(value)[: {"day": 10, "month": 7, "year": 4}[key.part]]
    if isinstance(value, Decimal | datetime):
        return str(value)
    return value


def aggregate(values: pl.Series, function: str) -> Any:
    if function == "distinct":
        return (
            values.drop_nulls().map_elements(str, pl.String).n_unique()
            if values.name == "tags"
            else values.drop_nulls().n_unique()
        )
    if values.drop_nulls().is_empty():
        return None
    if function == "mean":
        return values.cast(pl.Float64).mean()
    if function == "sum":
        return values.cast(pl.Float64 if values.dtype.is_float() else pl.Decimal(38, 2)).sum()
    ordered = values.drop_nulls().sort()
    return ordered[0] if function == "min" else ordered[-1]


@dataclass
class Reference:
    """All lines of a grouped frame: (level, state, key or row id, rows, aggregates)."""

    grouping: Grouping
    order: tuple[SortKey, ...]
    open: set[tuple[Any, ...]]

    def lines(self, frame: pl.DataFrame) -> list[tuple[Any, ...]]:
        keyed = frame.with_columns(**{f"_k{at}": key_expression(key) for at, key in enumerate(self.grouping.keys)})
        return self._below(keyed, ())

    def _below(self, frame: pl.DataFrame, path: tuple[Any, ...]) -> list[tuple[Any, ...]]:
        level = len(path)
        if level == len(self.grouping.keys):
            grouped_by = {key.column for key in self.grouping.keys if key.part == "value"}
            order = [key for key in self.order if key.column < len(NAMES) and key.column not in grouped_by]
            rows = frame
            if order:
                rows = frame.sort(
                    [NAMES[key.column] for key in order],
                    descending=[key.descending for key in order],
                    nulls_last=True,
                    maintain_order=True,
                )
            return [(level, 0, one, None, None) for one in rows["id"]]
        groups = [
            (key[0], part, [aggregate(part[NAMES[one.column]], one.function) for one in self.grouping.aggregates])
            for key, part in frame.group_by(f"_k{level}", maintain_order=True)
        ]
        table = pl.DataFrame(
            {"at": range(len(groups)), "key": pl.Series([key for key, _, _ in groups], dtype=frame[f"_k{level}"].dtype)}
            | {"n": [part.height for _, part, _ in groups]}
            | {
                f"a{at}": pl.Series([made[at] for _, _, made in groups], strict=False)
                for at in range(len(self.grouping.aggregates))
            }
        )
        sort, descending = [], []
        for key in self.order:
            name = self._sort_name(key.column, level)
            if name is not None and name not in sort:
                sort.append(name)
                descending.append(key.descending)
        if "key" not in sort:
            sort.append("key")
            descending.append(False)
        lines: list[tuple[Any, ...]] = []
        for at in table.sort(sort, descending=descending, nulls_last=True, maintain_order=True)["at"]:
            key, part, made = groups[at]
            inner = (*path, plain(key))
            is_open = inner in self.open
            lines.append((level, 2 if is_open else 1, inner, part.height, made))
            if is_open:
                lines += self._below(part, inner)
        return lines

    def _sort_name(self, column: int, level: int) -> str | None:
        if column == len(NAMES):
            return "n"
        if column > len(NAMES):
            return f"a{column - len(NAMES) - 1}"
        first = next((at for at, key in enumerate(self.grouping.keys) if key.column == column), None)
        return "key" if first == level else None


def whole(first: int, width: int) -> Span:
    """A window of all columns."""
    return Span(first, BLOCK, tuple(range(width)))


def plain(value: Any) -> Any:
    return "NaN" if isinstance(value, float) and math.isnan(value) else value


def same(found: Any, expected: Any) -> bool:
    if isinstance(expected, float):
        return (math.isnan(found) and math.isnan(expected)) or math.isclose(found, expected, rel_tol=1e-9, abs_tol=1e-9)
    if isinstance(expected, Decimal | datetime) or (isinstance(found, str) and not isinstance(expected, str)):
        try:
            return Decimal(found) == Decimal(str(expected))
        except ArithmeticError:
            return found == str(expected)
    return found == expected


@st.composite
def groupings(draw: st.DrawFn, engine_columns: Any) -> Grouping:
    names = draw(st.lists(st.sampled_from(NAMES[1:]), min_size=1, max_size=3, unique=True))
    keys = tuple(
        GroupKey(NAMES.index(name), draw(st.sampled_from(parts_of(engine_columns[NAMES.index(name)]))))
        for name in names
    )
    aggregates = draw(
        st.lists(
            st.sampled_from(
                [
                    Aggregate(function, at)
                    for at, column in enumerate(engine_columns)
                    for function in FUNCTIONS
                    if function in functions_of(column) and column.name not in {"kind", "tags", "flag"}
                ]
            ),
            max_size=3,
            unique=True,
        )
    )
    return Grouping(keys, tuple(aggregates))


def new_job() -> Any:
    return Job(lambda _: None, lambda _: None, lambda _: None)


@pytest.fixture
def job() -> Any:
    return new_job()


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), frame=frames(), fixed_order=st.booleans())
def test_every_line_equals_what_polars_gives(
    engine: DuckDB, data: st.DataObject, frame: pl.DataFrame, fixed_order: bool
):
    job = new_job()
    relation = Relation(SHOWN, key=object(), engine=engine, frames={"shown": pa.table(frame)}, fixed_order=fixed_order)
    rows = GroupedRows(relation)
    columns = rows.columns(job)
    grouping = data.draw(groupings(columns))
    made = len(NAMES) + 1 + len(grouping.aggregates)
    question = Question(groups=grouping)
    reference = Reference(grouping, (), set())
    filters: list[tuple[str, str, pl.Expr]] = []
    for _ in range(data.draw(st.integers(1, 5))):
        filtered = frame.filter(*[one for _, _, one in filters])
        expected = reference.lines(filtered)
        settled = rows.settle(question, whole(0, made), job)
        assert settled.totals is not None
        assert settled.totals.lines == len(expected)
        assert (settled.totals.rows, settled.totals.unfiltered) == (filtered.height, frame.height)
        groups: list[tuple[int, tuple[Any, ...]]] = []
        for first in range(0, len(expected) + 1, BLOCK):
            window = rows.window(question, whole(first, made), job)
            assert window.lines is not None
            shown = list(zip(window.lines.to_pylist(), window.cells.to_pylist(), strict=True))
            assert len(shown) == len(expected[first : first + BLOCK])
            for (line, cells), (level, state, what, count, aggregates) in zip(shown, expected[first:], strict=False):
                assert (line["level"], line["state"]) == (level, state)
                assert cells[f"c{len(NAMES)}"] == count
                if state == 0:
                    assert cells["c0"] == what
                    continue
                key = grouping.keys[level]
                assert same(plain(cells[f"c{key.column}"]), key_cell(what[-1], key))
                for at, value in enumerate(aggregates):
                    assert same(cells[f"c{len(NAMES) + 1 + at}"], value), (grouping.aggregates[at], value)
                groups.append((line["group"], what))
        choice = data.draw(st.sampled_from(["toggle", "sort", "filter"]))
        if choice == "toggle" and groups:
            number, what = data.draw(st.sampled_from(groups))
            path, line = rows.path(question, number, job)
            assert line == next((at for at, one in enumerate(expected) if one[1:3] == (2, what)), None)
            grouping = grouping.toggled(path)
            reference.open ^= {what}
        elif choice == "sort":
            keys = data.draw(
                st.lists(st.tuples(st.integers(0, made - 1), st.booleans()), max_size=3, unique_by=lambda key: key[0])
            )
            keys = [key for key in keys if key[0] != NAMES.index("tags")]
            reference.order = tuple(SortKey(*key) for key in keys)
        else:
            filters = data.draw(st.lists(st.sampled_from(FILTERS), max_size=2, unique_by=lambda one: one[0]))
        conditions = [(NAMES.index(name), parse_filter(text, columns[NAMES.index(name)])) for name, text, _ in filters]
        question = Question(
            tuple(ColumnFilter(at, condition) for at, condition in conditions if condition is not None),
            reference.order,
            grouping,
        )
    rows.close()


OPEN = frozenset({("1",)})
BY_REST = Grouping((GroupKey(1),), (Aggregate("sum", 0),), OPEN)


def relation_of(sql: str, *, fixed_order: bool) -> Relation:
    return Relation(sql, key=sql, engine=DuckDB(), fixed_order=fixed_order)


@pytest.mark.parametrize("fixed_order", [True, False])
@pytest.mark.parametrize("order", [(), (SortKey(0, descending=True),)])
def test_closing_lets_groups_and_the_rows_of_open_ones_go(fixed_order: bool, order: tuple[SortKey, ...]):
    relation = relation_of("SELECT i AS n, i % 3 AS rest FROM range(1000) t(i)", fixed_order=fixed_order)
    rows = GroupedRows(relation)
    assert rows.settle(Question((), order, BY_REST), whole(0, 4), new_job()).cells.num_rows == BLOCK
    assert len(relation.engine.kept) > 0
    rows.close()
    assert len(relation.engine.kept) == 0


def test_groups_go_when_rows_are_shown_again():
    relation = relation_of("SELECT i AS n, i % 3 AS rest FROM range(1000) t(i)", fixed_order=True)
    rows = GroupedRows(relation)
    rows.settle(Question(groups=BY_REST), whole(0, 4), new_job())
    rows.begin(Question(), whole(0, 2), new_job())
    assert len(relation.engine.kept) == 0


def test_groups_go_also_when_they_are_in_use_while_rows_are_shown_again():
    relation = relation_of("SELECT i AS n, i % 3 AS rest FROM range(1000) t(i)", fixed_order=True)
    rows = GroupedRows(relation)
    question = Question(groups=BY_REST)
    rows.settle(question, whole(0, 4), new_job())
    with rows._alone():  # a window that was superseded and has not noticed yet
        rows.begin(Question(), whole(0, 2), new_job())
        assert len(relation.engine.kept) > 0
    assert len(relation.engine.kept) == 0
    assert rows.settle(question, whole(0, 4), new_job()).cells.num_rows == BLOCK
    with rows._alone():
        rows.begin(Question(), whole(0, 2), new_job())
        rows._unwanted = None  # as when groups are asked for again by then
    assert len(relation.engine.kept) > 0
    rows.close()


def test_making_groups_can_be_cancelled_and_tried_again():
    rows = GroupedRows(relation_of("SELECT i AS n, i % 3 AS rest FROM range(1000) t(i)", fixed_order=True))
    question = Question(groups=BY_REST)
    rows.columns(new_job())
    with pytest.raises(Cancelled):
        rows.settle(question, whole(0, 4), Job(lambda _: None, lambda _: None, lambda _: None, cancelled=True))  # type: ignore[arg-type]
    settled = rows.settle(question, whole(0, 4), new_job())
    assert settled.totals is not None
    assert (settled.totals.groups, settled.totals.lines) == (3, 3 + 333)


def test_a_window_of_groups_that_are_no_longer_asked_for_is_cancelled():
    rows = GroupedRows(relation_of("SELECT i AS n, i % 3 AS rest FROM range(1000) t(i)", fixed_order=True))
    old = Question(groups=BY_REST)
    rows.settle(old, whole(0, 4), new_job())
    rows.settle(Question(groups=BY_REST.toggled(("1",))), whole(0, 4), new_job())
    with pytest.raises(Cancelled):
        rows.window(old, whole(0, 4), new_job())


def test_the_rows_of_a_group_are_those_that_were_counted_though_each_run_has_others():
    rows = GroupedRows(relation_of("SELECT (random() * 3)::INTEGER AS n, 1 AS rest FROM range(500)", fixed_order=False))
    grouping = Grouping((GroupKey(0),), (), frozenset({("1",)}))
    settled = rows.settle(Question(groups=grouping), whole(0, 3), new_job())
    assert settled.lines is not None
    count = settled.cells.column("c2")[settled.lines.column("state").to_pylist().index(2)].as_py()
    assert settled.totals is not None
    assert settled.totals.lines == 4 + count
    everything = rows.window(Question(groups=grouping), Span(0, 8 * BLOCK, (0,)), new_job())
    assert everything.lines is not None
    states = everything.lines.column("state").to_pylist()
    values = everything.cells.column("c0").to_pylist()
    assert [value for value, state in zip(values, states, strict=True) if state == 0] == [1] * count


@pytest.mark.parametrize("type_", ["BIGINT", "HUGEINT", "UBIGINT", "DECIMAL(38,2)", "DOUBLE", "FLOAT"])
def test_sums_of_the_largest_numbers_do_not_fail(type_: str):
    largest = {"DECIMAL(38,2)": "9" * 36, "DOUBLE": "1.7e308", "FLOAT": "3.4e38", "BIGINT": 2**63 - 1}
    value = largest.get(type_, 2**64 - 1 if type_ == "UBIGINT" else 2**127 - 1)
    rows = GroupedRows(relation_of(f"SELECT '{value}'::{type_} AS n FROM range(100)", fixed_order=True))
    aggregates = tuple(Aggregate(one, 0) for one in FUNCTIONS)
    question = Question(groups=Grouping((GroupKey(0),), aggregates))
    assert rows.settle(question, whole(0, 7), new_job()).cells.num_rows == 1


def test_a_path_that_the_type_of_a_key_does_not_have_opens_nothing(engine: DuckDB):
    relation = Relation("SELECT 1 AS n", key="path", engine=engine, fixed_order=True)
    question = Question(groups=Grouping((GroupKey(0),), open=frozenset({("abc",), ("1",)})))
    job = Job(lambda _: None, lambda _: None, lambda _: None)
    rows = GroupedRows(relation)
    screen = rows.settle(question, Span(0, BLOCK, (0,)), job)
    rows.close()
    assert screen.totals is not None
    assert screen.totals.lines == 2


def test_a_group_opens_to_its_rows_where_clocks_were_off_by_seconds():
    engine = DuckDB()
    connection = engine.lease()
    connection.execute("SET GLOBAL TimeZone = 'America/New_York'")
    engine.give_back(connection)
    sql = "SELECT TIMESTAMPTZ '1880-01-01 00:00:00+00' AS moment FROM range(3)"
    relation = Relation(sql, key="old", engine=engine, fixed_order=True)
    job = Job(lambda _: None, lambda _: None, lambda _: None)
    question = Question(groups=Grouping((GroupKey(0),)))
    rows = GroupedRows(relation)
    closed = rows.settle(question, Span(0, BLOCK, (0,)), job)
    assert question.groups is not None
    assert closed.lines is not None
    path, _ = rows.path(question, closed.lines.column("group")[0].as_py(), job)
    opened = rows.settle(Question(groups=question.groups.toggled(path)), Span(0, BLOCK, (0,)), job)
    rows.close()
    assert opened.cells.num_rows == 4
