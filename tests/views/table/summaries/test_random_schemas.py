"""Header pictures and profiles of columns of any type that Polars has, against plain Python over all values."""

import math
import re
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataapp.engines.duckdb import DuckDB
from dataapp.engines.relation import Column
from dataapp.views.table.columns import Kind, kind_of
from dataapp.views.table.filters.conditions import IsNull
from dataapp.views.table.filters.predicates import ColumnFilter
from dataapp.views.table.relation.source import open_whole
from dataapp.views.table.summaries.headers import Counts, Measure, count, measure
from dataapp.views.table.summaries.profiles import Figure, Frequent, profile
from tests.views.table.summaries.schemas import LETTERS, Drawn, relation_of, schemas
from tests.views.table.summaries.test_headers import passed, unstopped

CHECKS = settings(max_examples=40, deadline=None)
QUANTILES = {"5 %": 5, "25 %": 25, "Median": 50, "75 %": 75, "95 %": 95}
SHAPES = {Kind.TEXT: "values", Kind.BOOLEAN: "flags", Kind.OTHER: "none"}


_MOMENT = re.compile(
    r"(?:(?P<year>\d+)-(?P<month>\d\d)(?:-(?P<day>\d\d))?(?P<bc> \(BC\))? ?)?"
    r"(?:(?P<hour>\d\d):(?P<minute>\d\d)(?::(?P<second>\d\d)(?:\.(?P<fraction>\d+))?)?)?(?P<zone>[+-]\d\d.*)?"
)


def nanoseconds(text: str) -> int:
    """Read a date, a time of day, or both, as nanoseconds from the first day of 1970."""
    found = _MOMENT.fullmatch(f"{text}-01" if text.isdecimal() else text)
    assert found is not None, text
    part = {name: int(value) for name, value in found.groupdict("0").items() if name not in ("bc", "zone", "fraction")}
    days = 0
    if found["year"]:
        year = 1 - part["year"] if found["bc"] else part["year"]
        eras, year = divmod(year - 2000, 400)  # the calendar repeats itself
        day = datetime(2000 + year, part["month"], part["day"] or 1, tzinfo=UTC)
        days = (day - datetime(1970, 1, 1, tzinfo=UTC)).days + eras * 146_097
    zone = sum(
        int(digits) * length
        for digits, length in zip(re.findall(r"\d\d", found["zone"] or ""), (3600, 60, 1), strict=False)
    )
    seconds = part["hour"] * 3600 + part["minute"] * 60 + part["second"]
    seconds -= -zone if (found["zone"] or "").startswith("-") else zone
    return (days * 86_400 + seconds) * 10**9 + int((found["fraction"] or "0").ljust(9, "0"))


def read(column: Drawn) -> list[Any]:
    """The values of a column: dates and times in nanoseconds, and infinite ones as such."""
    if not column.type.is_temporal() or isinstance(column.type, pl.Duration):
        return column.series.to_list() if column.type == pl.Float32 else column.values
    length, most = 1, 2**63 - 1
    if column.type == pl.Date:
        length, most = 86_400 * 10**9, 2**31 - 1
    elif isinstance(column.type, pl.Datetime):
        length = {"ms": 10**6, "us": 10**3, "ns": 1}[column.type.time_unit]
    return [None if one is None else one * math.inf if abs(one) == most else one * length for one in column.values]


def without_null(values: list[Any]) -> list[Any]:
    return [value for value in values if value is not None]


def where_present(values: list[Any], by: list[Any]) -> list[Any]:
    return [value for value, other in zip(values, by, strict=True) if other is not None]


FIRST, LAST = nanoseconds("0001-01-01"), nanoseconds("9999-12-31 23:59:59.999999") + 999  # of a picture


@CHECKS
@given(data=st.data(), drawn=schemas(), fixed_order=st.booleans())
def test_pictures_of_any_column_count_every_value(
    engine: DuckDB, data: st.DataObject, drawn: list[Drawn], fixed_order: bool
):
    frame = pl.DataFrame([one.series for one in drawn])
    relation = relation_of(engine, frame, fixed_order)
    columns = relation.columns()
    by = data.draw(st.integers(0, len(columns) - 1))
    filters = (ColumnFilter(by, IsNull(negated=True)),)
    with open_whole(relation, columns, unstopped()) as source:
        measures = measure(source, range(len(columns)))
        wholes, parts = count(source, measures, ()), count(source, measures, filters)
    assert [one.at for one in measures] == [*range(len(columns))]
    rows = [read(one) for one in drawn]
    for found, whole, part in zip(measures, wholes, parts, strict=True):
        column = columns[found.at]
        check_counts(found, column, whole, rows[found.at])
        check_counts(found, column, part, where_present(rows[found.at], rows[by]))
        marks = found.marks(column)
        asked = [(mark.filter, number) for mark, number in zip(marks, whole.marks, strict=True) if mark.filter]
        assert passed(relation, columns, found.at, [text for text, _ in asked], ()) == [number for _, number in asked]


def check_counts(found: Measure, column: Column, counts: Counts, values: list[Any]) -> None:
    present = without_null(values)
    assert (counts.rows, counts.nulls) == (len(values), values.count(None))
    if found.axis is not None:
        lows = [low_of(one.low, column) for one in found.axis.bins]
        assert lows == sorted(lows)
        within = [value for value in present if is_within(value, column)]
        beyond = [value for value in present if not is_within(value, column)]
        if column.type != "TIMESTAMP WITH TIME ZONE":  # whose clock may show a time twice
            assert [*counts.marks[: len(lows)]] == histogram(lows, within)
        match kind_of(column):
            case Kind.FLOAT:
                assert [*counts.marks[-3:]] == [count_of(beyond, one) for one in (-math.inf, math.inf, math.nan)]
            case Kind.DATE | Kind.TIMESTAMP:
                assert counts.marks[-1] == len(beyond)
            case _:
                assert beyond == []
        assert sum(counts.marks) == len(present)
    elif found.shape == "values":
        assert [*counts.marks] == [present.count(text) for text in found.values]
    elif found.shape == "flags":
        assert counts.marks == (present.count(True), present.count(False))
    else:
        assert counts.marks == ()
        assert kind_of(column) is Kind.OTHER or not any(is_within(value, column) for value in present)


def is_within(value: Any, column: Column) -> bool:
    """Whether bins can hold a value."""
    match kind_of(column):
        case Kind.FLOAT:
            return math.isfinite(value)
        case Kind.DATE | Kind.TIMESTAMP:
            return FIRST <= value <= LAST
        case _:
            return True


def count_of(values: list[float], wanted: float) -> int:
    return sum(repr(value) == repr(wanted) for value in values)


def histogram(lows: list[Any], values: list[Any]) -> list[int]:
    places = [sum(low <= value for low in lows) - 1 for value in values]
    return [places.count(at) for at in range(len(lows))]


def low_of(text: str, column: Column) -> Any:
    match kind_of(column):
        case Kind.INTEGER:
            return int(text)
        case Kind.DECIMAL:
            return Decimal(text)
        case Kind.FLOAT:
            return as_held(float(text), column)
        case _:
            return nanoseconds(text)


def as_held(number: float, column: Column) -> float:
    return number if column.type == "DOUBLE" else pl.Series([number], dtype=pl.Float32).item()


@CHECKS
@given(data=st.data(), drawn=schemas(), fixed_order=st.booleans())
def test_profiles_of_any_column_tell_what_its_values_are(
    engine: DuckDB, data: st.DataObject, drawn: list[Drawn], fixed_order: bool
):
    frame = pl.DataFrame([one.series for one in drawn])
    relation = relation_of(engine, frame, fixed_order)
    columns = relation.columns()
    at, by = data.draw(st.integers(0, len(columns) - 1)), data.draw(st.integers(0, len(columns) - 1))
    with open_whole(relation, columns, unstopped()) as source:
        found = profile(source, at, (ColumnFilter(by, IsNull(negated=True)),), lambda: None)
    values = read(drawn[at])
    kept = where_present(values, drawn[by].values)
    assert found.part_figures is not None
    check_figures(found.figures, columns[at], values)
    check_figures(found.part_figures, columns[at], kept)
    check_frequent(found.top, found.bottom, columns[at], values, kept)
    asked = [one for one in (*found.top, *found.bottom) if one.filter is not None]
    assert passed(relation, columns, at, [one.filter or "" for one in asked], ()) == [one.rows for one in asked]


def identity(value: Any) -> Any:
    """What tells values apart as the engine does: zeros are one whatever their sign, and so are all NaN."""
    match value:
        case float():
            return "nan" if math.isnan(value) else value + 0.0
        case list():
            return tuple(identity(item) for item in value)
        case dict():
            return tuple((name, identity(item)) for name, item in sorted(value.items(), key=lambda pair: pair[0]))
        case _:
            return value


def place(value: Any, column: Column) -> Any:
    """What orders values as the engine does."""
    if column.type.startswith("ENUM"):
        return LETTERS.index(value)
    if isinstance(value, str):
        return value.encode()
    return (True, 0.0) if isinstance(value, float) and math.isnan(value) else (False, value)


def check_figures(figures: tuple[Figure, ...], column: Column, values: list[Any]) -> None:
    found = {figure.name: figure.value for figure in figures}
    assert len(found) == len(figures)
    assert all(figure.is_exact for figure in figures)
    kind, present = kind_of(column), without_null(values)
    expected: dict[str, Any] = {"Rows": len(values), "Null": values.count(None)}
    expected["Distinct"] = len({identity(value) for value in present})
    is_float = kind is Kind.FLOAT
    finite = [value for value in present if math.isfinite(value)] if is_float else present
    if kind not in (Kind.OTHER, Kind.BOOLEAN):
        numbers = [value for value in present if not math.isnan(value)] if is_float else present
        ordered = sorted(numbers, key=lambda value: place(value, column))
        expected |= {"Minimum": ordered[0] if ordered else None, "Maximum": ordered[-1] if ordered else None}
    if kind not in (Kind.OTHER, Kind.BOOLEAN, Kind.TEXT):
        ordered = sorted(finite)
        for name, percent in QUANTILES.items():
            expected[name] = ordered[max(-(-len(ordered) * percent // 100) - 1, 0)] if ordered else None
    if kind is Kind.TEXT:
        lengths = [len(text) for text in present]
        expected |= {"Shortest": min(lengths, default=None), "Longest": max(lengths, default=None)}
        expected |= {"Mean length": sum(lengths) / len(lengths) if lengths else None, "Empty": lengths.count(0)}
    for name, value in expected.items():
        read = reader_of(column) if name in {"Minimum", "Maximum", *QUANTILES} else lambda one: one
        told = found.pop(name)
        if name in ("Minimum", "Maximum") and isinstance(value, str):
            value = value[:200]
        assert (None if told is None else read(told)) == (
            pytest.approx(value) if name == "Mean length" and value is not None else value
        ), name
    if kind in (Kind.INTEGER, Kind.DECIMAL, Kind.FLOAT):
        check_spread(found.pop("Mean"), found.pop("Standard deviation"), [Fraction(value) for value in finite])
    assert found == {}


def check_spread(mean: Any, deviation: Any, values: list[Fraction]) -> None:
    largest = max(map(abs, values), default=Fraction(0))
    exact = sum(values, Fraction(0)) / len(values) if values else None
    assert_near(mean, exact, largest)
    if len(values) < 2 or exact is None:
        assert deviation is None
        return
    squares = sum(((value - exact) * (value - exact) for value in values), Fraction(0)) / (len(values) - 1)
    scale = 2 ** max(0, squares.numerator.bit_length() - squares.denominator.bit_length() - 1000)
    root = Fraction(math.sqrt(squares / scale**2)) * scale
    assert_near(deviation, root, largest)


def assert_near(found: Any, exact: Fraction | None, largest: Fraction) -> None:
    if exact is None or abs(exact) >= 2**1024:
        assert found is None
    else:
        assert found is not None
        assert abs(Fraction(found) - exact) <= largest / 10**9


def reader_of(column: Column) -> Callable[[Any], Any]:
    """Return what reads the engine's text of a value."""
    match kind_of(column):
        case Kind.INTEGER:
            return int
        case Kind.DECIMAL:
            return Decimal
        case Kind.FLOAT:
            return lambda text: as_held(float(text), column)
        case Kind.BOOLEAN:
            return {"true": True, "false": False}.__getitem__
        case Kind.DATE | Kind.TIME | Kind.TIMESTAMP:
            return lambda text: float(text.replace("infinity", "inf")) if "inf" in text else nanoseconds(text)
        case _:
            return str


def check_frequent(
    top: tuple[Frequent, ...],
    bottom: tuple[Frequent, ...],
    column: Column,
    values: list[Any],
    kept: list[Any],
) -> None:
    numbers: dict[Any, int] = {}
    first: dict[Any, Any] = {}
    for value in without_null(values):
        key = identity(value)
        numbers[key] = numbers.get(key, 0) + 1
        first.setdefault(key, value)
    passing = [identity(value) for value in without_null(kept)]
    listed = [(one.rows, one.part) for one in (*top, *bottom)]
    if kind_of(column) is Kind.OTHER and column.type != "BLOB":  # the engine's own order
        expected = sorted(((number, passing.count(key)) for key, number in numbers.items()), reverse=True)
        if len(expected) <= 10:
            assert sorted(listed, reverse=True) == expected
        rows = [number for number, _ in expected]
        assert [number for number, _ in listed] == [*rows[:10], *rows[10:][-5:]]
        return
    ordered = sorted(numbers, key=lambda key: (-numbers[key], place(first[key], column)))
    chosen = [*ordered[:10], *ordered[10:][-5:]]
    assert listed == [(numbers[key], passing.count(key)) for key in chosen]
    read = reader_of(column)
    for one, key in zip((*top, *bottom), chosen, strict=True):
        if column.type == "BLOB":
            assert one.value == key.hex()[:200]
        elif isinstance(key, str) and kind_of(column) is Kind.TEXT:
            assert one.value == key[:200]
        else:
            assert identity(read(one.value)) == key
