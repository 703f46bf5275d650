"""Copies, measures and files of selected cells, against Polars over the whole frame."""

import csv
import io
import itertools
import json
import math
from collections.abc import Callable
from datetime import UTC, date, datetime, time
from decimal import Decimal
from fractions import Fraction
from typing import Any
from unittest.mock import patch

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dataapp.engines.duckdb import DuckDB
from dataapp.engines.relation import Relation
from dataapp.errors import Cancelled
from dataapp.views.table.filters.parsing import parse_filter
from dataapp.views.table.filters.predicates import ColumnFilter, RowFilter
from dataapp.views.table.relation.queries import BLOCK, Question, SortKey, Span
from dataapp.views.table.relation.rows import RelationRows
from dataapp.views.table.selection import Rows, Selection
from dataapp.views.table.takes import downloads as downloads_module
from dataapp.views.table.takes import exports
from dataapp.views.table.takes.downloads import FILE_KINDS, Download, FileKind, file_name
from tests.views.table.by_hand import Job

TEXTS = [
    "",
    "a",
    "=1+1",
    "+a",
    "-a",
    "@a",
    "\ta",
    "\ra",
    'say "a"',
    "a,b",
    "a\tb",
    "a\nb",
    "a\r\nb",
    "'",
    "<b>",
    "日本|*_`",
]
SCHEMA: dict[str, Any] = {
    "id": pl.Int64,
    "big": pl.Int64,
    "x": pl.Float64,
    "single": pl.Float32,
    "price": pl.Decimal(10, 2),
    "wide": pl.Decimal(38, 3),
    "=name": pl.String,
    "flag": pl.Boolean,
    "day": pl.Date,
    "at": pl.Datetime("us"),
    "zoned": pl.Datetime("us", "UTC"),
    "clock": pl.Time,
    "kind": pl.Enum(["-low", "high"]),
    "tags": pl.List(pl.Int32),
    "pair": pl.Struct({"a": pl.Int32, "b": pl.String}),
    "raw": pl.Binary,
    "nothing": pl.Null,
}
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "big": st.sampled_from([0, 1, -1, 2**63 - 1, -(2**63), 2**53 + 1]),
    "x": st.sampled_from([0.0, 1.5, -2.25, math.nan, math.inf, -math.inf, 1e300, 0.1]),
    "single": st.sampled_from([0.5, -1.25, math.nan, 4.0]),
    "price": st.integers(-500, 500).map(lambda cents: Decimal(cents) / 100),
    "wide": st.sampled_from([Decimal("99999999999999999999999999999999999.999"), Decimal("-0.005"), Decimal("1.5")]),
    "=name": st.sampled_from(TEXTS),
    "flag": st.booleans(),
    "day": st.dates(date(1900, 1, 1), date(2100, 1, 1)),
    "at": st.datetimes(datetime(1970, 1, 1), datetime(2050, 1, 1)),  # noqa: DTZ001 - the column has no zone
    "zoned": st.datetimes(datetime(1970, 1, 1), datetime(2050, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    "clock": st.times(time(0, 0), time(23, 59, 59)),
    "kind": st.sampled_from(["-low", "high"]),
    "tags": st.lists(st.none() | st.integers(-5, 5), max_size=3),
    "pair": st.fixed_dictionaries({"a": st.none() | st.integers(0, 9), "b": st.sampled_from(TEXTS)}),
    "raw": st.binary(max_size=4),
    "nothing": st.none(),
}
NAMES = list(SCHEMA)
KEYS = itertools.count()  # what has no key of its own could share the rows of a frame that is gone
NUMBERS = ("id", "big", "x", "single", "price", "wide")
SPAN = Span(0, BLOCK, (0,))


@st.composite
def frames(draw: st.DrawFn) -> pl.DataFrame:
    count = draw(st.integers(1, 300))
    columns: dict[str, list[Any]] = {"id": list(range(count))}
    for name, values in VALUES.items():
        pool = draw(st.lists(st.none() | values, min_size=1, max_size=8))
        picks = draw(st.randoms(use_true_random=False))
        columns[name] = [picks.choice(pool) for _ in range(count)]
    return pl.DataFrame(columns, schema=SCHEMA)


stretches = st.lists(st.builds(Rows, st.integers(0, 290), st.integers(1, 200)), min_size=1, max_size=4).map(tuple)
columns_of = st.none() | st.lists(st.integers(0, len(SCHEMA) - 1), min_size=1, unique=True).map(tuple)
orders = st.lists(
    st.builds(SortKey, st.sampled_from([0, 1, 4, 6, 9]), st.booleans()), max_size=2, unique_by=lambda key: key.column
).map(tuple)
least = st.none() | st.integers(0, 200)


def job() -> Any:
    return Job(lambda _: None, lambda _: None, lambda _: None)


@st.composite
def asked(draw: st.DrawFn) -> tuple[pl.DataFrame, bool, Question, pl.DataFrame]:
    """A frame, whether its order is fixed, a question, and the rows that Polars gives for it."""
    frame, order, low = draw(frames()), draw(orders), draw(least)
    expected = frame if low is None else frame.filter(pl.col("id") >= low)
    if order:
        expected = expected.sort(
            [NAMES[key.column] for key in order],
            descending=[key.descending for key in order],
            nulls_last=True,
            maintain_order=True,
        )
    return frame, draw(st.booleans()), Question(_filters(low), order), expected


def _filters(low: int | None) -> tuple[RowFilter, ...]:
    if low is None:
        return ()
    condition = parse_filter(f">= {low}", exports.Column("id", "BIGINT"))
    assert condition is not None
    return (ColumnFilter(0, condition),)


def opened(engine: DuckDB, frame: pl.DataFrame, fixed_order: bool, question: Question) -> RelationRows:
    frames_ = {"shown": pa.table(frame)}
    rows = RelationRows(Relation("FROM shown", key=next(KEYS), engine=engine, frames=frames_, fixed_order=fixed_order))
    rows.settle(question, SPAN, job())
    return rows


def picked(frame: pl.DataFrame, selection: Selection) -> pl.DataFrame:
    parts = [frame.slice(rows.first, rows.count) for rows in selection.rows]
    return pl.concat(parts).select(NAMES[at] for at in selection.positions(len(NAMES)))


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(asked(), stretches, columns_of)
def test_selected_cells_are_those_of_the_frame(
    engine: DuckDB, asked: Any, stretches: tuple[Rows, ...], columns: tuple[int, ...] | None
):
    frame, fixed_order, question, expected = asked
    selection = Selection.of(stretches, columns).within(len(expected))
    if not selection.rows:
        return
    rows = opened(engine, frame, fixed_order, question)
    select = exports.as_typed(selection.positions(len(NAMES)))
    found = pl.DataFrame(rows.selected(question, selection.rows, select, job()))
    wanted = picked(expected, selection)
    assert found.columns == wanted.columns
    assert [plain(found[name]) for name in found.columns] == [plain(wanted[name]) for name in found.columns]
    rows.close()


def plain(series: pl.Series) -> list[str]:
    """Values that can be compared: NaN equals NaN, and the type of a null column is of no interest."""
    values = series.to_list()
    return [repr(value.astimezone(UTC) if isinstance(value, datetime) and value.tzinfo else value) for value in values]


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(asked(), stretches, columns_of)
def test_measures_are_exact_and_leave_out_what_is_no_number(
    engine: DuckDB, asked: Any, stretches: tuple[Rows, ...], columns: tuple[int, ...] | None
):
    frame, fixed_order, question, expected = asked
    selection = Selection.of(stretches, columns).within(len(expected))
    wanted = picked(expected, selection) if selection.rows else None
    rows = opened(engine, frame, fixed_order, question)
    numbers = [(at, rows.columns(job())[at]) for at in selection.positions(len(NAMES)) if NAMES[at] in NUMBERS]
    if wanted is None or not numbers:
        return
    stretch = None if selection.count == len(expected) else selection.rows
    select = exports.as_measures([at for at, _ in numbers])
    found = exports.measures_of(rows.summed_up(question, stretch, select, job()), numbers)
    rows.close()
    values = [value for name in wanted.columns if name in NUMBERS for value in wanted[name].to_list()]
    nans = [value for value in values if isinstance(value, float) and math.isnan(value)]
    real = [value for value in values if value is not None and not (isinstance(value, float) and math.isnan(value))]
    assert (found.numbers, found.nans) == (len(real), len(nans))
    if not real:
        assert (found.sum, found.mean, found.min, found.max) == (None, None, None, None)
        return
    shown = [found.sum, found.mean, found.min, found.max]
    if any(isinstance(value, float) for value in real):
        total = math.fsum(map(float, real)) if not is_both_infinite(real) else math.nan
        near = [total, total / len(real), min(map(float, real)), max(map(float, real))]
        assert [float(text or "") for text in shown] == pytest.approx(near, rel=1e-9, nan_ok=True, abs=1e285)
    else:
        exact = [Fraction(value) for value in real]
        assert Fraction(shown[0] or "") == sum(exact)
        assert Fraction(shown[1] or "") == pytest.approx(sum(exact) / len(exact), rel=1e-30)
        assert (Fraction(shown[2] or ""), Fraction(shown[3] or "")) == (min(exact), max(exact))


def is_both_infinite(values: list[Any]) -> bool:
    return math.inf in values and -math.inf in values


def test_whole_numbers_of_any_width_are_added_up_exactly(engine: DuckDB):
    most = 2**127 - 1
    sql = f"SELECT {most}::HUGEINT AS h, {2**128 - 1}::UHUGEINT AS u, '{10**60}'::BIGNUM AS b FROM range(3)"
    rows = RelationRows(Relation(sql, key=sql, engine=engine, fixed_order=True))
    numbers = list(enumerate(rows.columns(job())))
    found = exports.measures_of(rows.summed_up(Question(), None, exports.as_measures([0, 1, 2]), job()), numbers)
    assert found.sum == str(3 * (most + 2**128 - 1 + 10**60))
    assert (found.min, found.max) == (str(most), str(10**60))


def as_text(value: Any, name: str, *, guarded: bool) -> str | None:
    """What a reader sees of values whose text is the same in Python."""
    if value is None:
        return None
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return exports.guard(text) if guarded and name in ("=name", "kind") else text


COPIED = ("id", "big", "price", "wide", "=name", "flag", "day", "kind")


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(asked(), stretches, st.lists(st.sampled_from(COPIED), min_size=1, unique=True))
def test_copies_read_back_as_what_was_selected(
    engine: DuckDB, asked: Any, stretches: tuple[Rows, ...], names: list[str]
):
    frame, fixed_order, question, expected = asked
    positions = tuple(NAMES.index(name) for name in names)
    selection = Selection.of(stretches, positions).within(len(expected))
    if not selection.rows:
        return
    rows = opened(engine, frame, fixed_order, question)
    columns = [rows.columns(job())[at] for at in positions]
    wanted = picked(expected, selection)

    def copy(kind: exports.CopyKind) -> str:
        guarded = kind in ("tsv", "named_tsv", "csv")
        select = exports.as_typed(positions) if kind == "json" else exports.as_text(positions, guarded=guarded)
        return exports.to_copy(rows.selected(question, selection.rows, select, job()), columns, kind)

    texts = [
        [as_text(value, name, guarded=True) or "" for value, name in zip(row, names, strict=True)]
        for row in wanted.rows()
    ]
    header = [exports.guard(name) for name in names]
    assert read_lines(copy("tsv"), "\t") == texts
    assert read_lines(copy("named_tsv"), "\t") == [header, *texts]
    assert read_lines(copy("csv"), ",") == [header, *texts]
    assert len(json.loads(copy("json"))) == len(texts)
    assert copy("markdown").count("\n") == len(texts) + 1
    rows.close()


def read_lines(text: str, separator: str) -> list[list[str]]:
    rows = list(csv.reader(io.StringIO(text + "\n", newline=""), delimiter=separator))
    return [row or [""] for row in rows]  # the reader takes an empty line for a row without cells


def test_numbers_stay_numbers_and_texts_never_become_formulas(engine: DuckDB):
    sql = """SELECT -5 AS n, -0.5::DECIMAL(4, 1) AS d, '-inf'::DOUBLE AS x, '-5' AS "+t", INTERVAL '-1 day' AS i"""
    rows = RelationRows(Relation(sql, key=sql, engine=engine, fixed_order=True))
    columns = rows.columns(job())
    cells = rows.selected(Question(), (Rows(0, 1),), exports.as_text(range(5), guarded=True), job())
    assert exports.to_copy(cells, columns, "csv") == "n,d,x,'+t,i\n-5,-0.5,-inf,'-5,'-1 day"


def test_a_guarded_name_does_not_become_that_of_another_column(engine: DuckDB):
    sql = """SELECT 1 AS "=a", 2 AS "'=a" """
    rows = RelationRows(Relation(sql, key=sql, engine=engine, fixed_order=True))
    cells = rows.selected(Question(), (Rows(0, 1),), exports.as_text(range(2), guarded=True), job())
    assert cells.column_names == ["''=a", "'=a"]


def test_null_and_empty_text_differ_in_csv():
    assert exports.to_delimited(pa.table({"a": ["", None, "x"]}), ",", named=True) == 'a\n""\n\nx'


def test_markdown_shows_text_as_it_is():
    table = pa.table({"a": ["x|y", "*b*", "<i>", "1\n2\r\n3", None, "a\\|b"]})
    lines = exports.to_markdown(table, [exports.Column("a", "VARCHAR")]).splitlines()[2:]
    assert lines == [r"| x\|y |", r"| \*b\* |", r"| \<i\> |", "| 1<br>2<br>3 |", "|  |", r"| a\\\|b |"]


# Files.


def whole(download: Download) -> bytes:
    data = b""
    while True:
        chunk = download.step(job())
        data += chunk.data
        if chunk.is_last:
            return data


def read_file(data: bytes, kind: FileKind, schema: dict[str, Any]) -> pl.DataFrame:
    if kind == "csv":
        return pl.read_csv(data, schema_overrides=dict.fromkeys(schema, pl.String))
    table = pq.read_table(io.BytesIO(data)) if kind == "parquet" else pa.ipc.open_file(data).read_all()
    return pl.DataFrame(table)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(asked(), st.sampled_from(FILE_KINDS), st.permutations(range(len(NAMES))), st.integers(1, len(NAMES)))
def test_a_file_has_all_rows_in_the_order_that_is_seen(
    engine: DuckDB, asked: Any, kind: FileKind, order: list[int], count: int
):
    frame, fixed_order, question, expected = asked
    positions = tuple(order[:count])
    rows = opened(engine, frame, fixed_order, question)
    with patch.object(downloads_module, "_CHUNK", 1000):
        data = whole(Download(rows, question, positions, kind))
    rows.close()
    names = [NAMES[at] for at in positions]
    if kind != "csv":
        found = read_file(data, kind, SCHEMA)
        assert found.columns == names
        assert [plain(found[name]) for name in names] == [plain(expected[name]) for name in names]
        return
    lines = read_lines(data.decode().removesuffix("\n"), ",")
    assert lines[0] == [exports.guard(name) for name in names]
    assert len(lines) == len(expected) + 1
    for name in set(names) & set(COPIED):
        texts = [as_text(value, name, guarded=True) or "" for value in expected[name].to_list()]
        assert [line[names.index(name)] for line in lines[1:]] == texts


@pytest.mark.parametrize("kind", FILE_KINDS)
@pytest.mark.parametrize("fixed_order", [True, False])
def test_a_file_of_no_rows_has_its_columns(engine: DuckDB, kind: FileKind, fixed_order: bool):
    sql = "SELECT 1 AS a, 'x' AS b WHERE false"
    rows = RelationRows(Relation(sql, key=(sql, fixed_order), engine=engine, fixed_order=fixed_order))
    found = read_file(whole(Download(rows, Question(), (0, 1), kind)), kind, {"a": 0, "b": 0})
    assert (found.columns, found.height) == (["a", "b"], 0)
    rows.close()


def test_a_file_of_sorted_rows_is_made_of_the_rows_that_were_seen(engine: DuckDB):
    # Random numbers differ whenever the query is run.
    rows = RelationRows(Relation("SELECT random() AS x FROM range(1000)", key="random", engine=engine))
    question = Question(order=(SortKey(0),))
    seen = rows.settle(question, Span(0, 8 * BLOCK, (0,)), job()).cells.column("c0").to_pylist()
    found = read_file(whole(Download(rows, question, (0,), "parquet")), "parquet", {})
    assert found["x"].to_list() == seen
    rows.close()


def test_types_that_files_lack_are_text(engine: DuckDB):
    sql = f"SELECT {2**128 - 1}::UHUGEINT AS u, '101'::BIT AS b, '12:30:00+02'::TIMETZ AS t, 5::HUGEINT AS h"
    rows = RelationRows(Relation(sql, key=sql, engine=engine, fixed_order=True))
    for kind in ("parquet", "arrow"):
        found = read_file(whole(Download(rows, Question(), (0, 1, 2, 3), kind)), kind, {})
        assert found.row(0) == (str(2**128 - 1), "101", "12:30:00+02", Decimal(5))


BIG = "SELECT i AS id, hash(i) AS h, 'text ' || i AS t FROM range(3_000_000) t(i)"


def test_a_file_that_is_stopped_lets_its_reader_go(relation: Callable[..., Relation]):
    rows = RelationRows(relation(BIG))
    download = Download(rows, Question(), (0, 1, 2), "csv")
    assert not download.step(job()).is_last
    reader = download._reader  # pyright: ignore[reportPrivateUsage]
    download.stop()
    with pytest.raises(Cancelled):
        download.step(job())
    assert reader is not None
    with pytest.raises(Cancelled):
        reader.fetch()


def test_memory_holds_no_more_than_a_chunk_and_a_batch(relation: Callable[..., Relation]):
    rows = RelationRows(relation(BIG))
    download = Download(rows, Question(), (0, 1, 2), "csv")
    for _ in range(5):
        assert len(download.step(job()).data) == 1 << 20
        assert download._sink.size < 8 << 20  # pyright: ignore[reportPrivateUsage]
    download.stop()


@pytest.mark.parametrize(
    ("name", "expected"),
    [("bars", "bars"), ("../../etc", "etc"), ("a\0b\n", "a b"), ("", "table"), ("x" * 500, "x" * 100)],
)
def test_names_of_files_are_plain(name: str, expected: str):
    assert file_name(name, "csv") == f"{expected}.csv"
