"""Every figure of a profile against Polars over the whole frame."""

import math
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataapp.engines.duckdb import DuckDB
from dataapp.engines.relation import Relation
from dataapp.views.table.filters.predicates import ColumnFilter
from dataapp.views.table.relation.samples import Samples
from dataapp.views.table.relation.source import open_whole
from dataapp.views.table.summaries.profiles import Figure, Frequent, Profile, profile
from tests.views.table.summaries.test_headers import SCHEMA, frames, passed, passing, relation_of, unstopped

QUANTILES = {"5 %": 0.05, "25 %": 0.25, "Median": 0.5, "75 %": 0.75, "95 %": 0.95}


def profile_of(relation: Relation, at: int, filters: tuple[ColumnFilter, ...]) -> Profile:
    with open_whole(relation, relation.columns(), unstopped()) as source:
        return profile(source, at, filters, lambda: None)


def by_name(figures: tuple[Figure, ...]) -> dict[str, Any]:
    return {figure.name: figure.value for figure in figures}


@settings(max_examples=25, deadline=None)
@given(frame=frames(), name=st.sampled_from([*SCHEMA]), fixed_order=st.booleans())
def test_every_figure_equals_what_polars_gives(engine: DuckDB, frame: pl.DataFrame, name: str, fixed_order: bool):
    relation = relation_of(engine, frame, fixed_order)
    filters = (passing(relation, relation.columns(), frame.columns.index("n"), ">= 1"),)
    found = profile_of(relation, frame.columns.index(name), filters)
    assert found.part_figures is not None
    check(by_name(found.figures), frame[name])
    check(by_name(found.part_figures), frame.filter(pl.col("n") >= 1)[name])


def check(figures: dict[str, Any], values: pl.Series) -> None:
    present = values.drop_nulls()
    assert (figures.pop("Rows"), figures.pop("Null")) == (len(values), values.null_count())
    assert figures.pop("Distinct") == len({repr(value + 0 if value == 0 else value) for value in present.to_list()})
    if values.dtype == pl.String or isinstance(values.dtype, pl.Enum):
        check_lengths(figures, present.cast(pl.String))
    elif values.dtype.is_numeric():
        check_numbers(figures, present)
    elif values.dtype.is_temporal():
        check_moments(figures, present)
    assert figures == {}


def check_lengths(figures: dict[str, Any], present: pl.Series) -> None:
    lengths = present.str.len_chars()
    for name in ("Minimum", "Maximum"):  # of an enum, in its own order
        figures.pop(name)
    assert (figures.pop("Shortest"), figures.pop("Longest")) == (lengths.min(), lengths.max())
    assert figures.pop("Mean length") == pytest.approx(lengths.mean())
    assert figures.pop("Empty") == (lengths == 0).sum()


def check_numbers(figures: dict[str, Any], present: pl.Series) -> None:
    numbers = present.drop_nans() if present.dtype.is_float() else present
    ordered = sorted(float(value) for value in numbers.to_list())
    for name, place in (("Minimum", 0), ("Maximum", -1)):
        found = figures.pop(name)
        assert (None if found is None else float(found)) == (pytest.approx(ordered[place]) if ordered else None)
    finite = sorted(float(value) for value in numbers.to_list() if math.isfinite(value))
    mean = math.fsum(value / len(finite) for value in finite) if finite else None
    found_mean, found_spread = figures.pop("Mean"), figures.pop("Standard deviation")
    largest = max(map(abs, finite), default=0.0)
    if largest < 1e150:  # squares of larger ones are no floats
        assert found_mean == near(mean, largest)
        assert found_spread == near(pl.Series(finite, dtype=pl.Float64).std(), largest)
    for name, share in QUANTILES.items():
        found = figures.pop(name)
        assert (None if found is None else float(found)) == near(at_share(finite, share) if finite else None, 0.0)


def near(value: Any, largest: float) -> Any:
    return None if value is None else pytest.approx(float(value), rel=1e-6, abs=1e-6 * largest)


def check_moments(figures: dict[str, Any], present: pl.Series) -> None:
    ordered = present.sort()
    places = {"Minimum": 0, "Maximum": len(ordered) - 1}
    places |= {name: at_place(len(ordered), share) for name, share in QUANTILES.items()}
    for name, place in places.items():
        found = figures.pop(name)
        if len(ordered) == 0:
            assert found is None
        elif ordered.dtype == pl.Date:
            assert found == str(ordered[place])
        elif ordered.dtype == pl.Datetime("us"):
            assert found.split(".")[0] == str(ordered[place]).split(".")[0]


def at_share(ordered: list[float], share: float) -> float:
    return ordered[at_place(len(ordered), share)]


def at_place(count: int, share: float) -> int:
    """The first value that at least this share of all values does not exceed."""
    return max(math.ceil(count * share) - 1, 0)


@settings(max_examples=25, deadline=None)
@given(frame=frames(), name=st.sampled_from(["n", "name", "flag", "price", "letter", "x", "day"]))
def test_frequent_values_equal_what_polars_counts(engine: DuckDB, frame: pl.DataFrame, name: str):
    relation = relation_of(engine, frame)
    filters = (passing(relation, relation.columns(), frame.columns.index("n"), ">= 1"),)
    found = profile_of(relation, frame.columns.index(name), filters)
    kept = frame.filter(pl.col("n") >= 1)[name].drop_nulls().to_list()
    counts = dict(frame[name].drop_nulls().value_counts().rows())
    expected = {text(value)[:200]: (number, kept.count(value)) for value, number in counts.items()}
    listed = [*found.top, *found.bottom]
    if name != "x":  # whose values have other texts there
        assert [(one.rows, one.part) for one in listed] == [expected[one.value] for one in listed]
    asked = [one for one in listed if one.filter is not None]
    texts = [one.filter or "" for one in asked]
    at = frame.columns.index(name)
    assert passed(relation, relation.columns(), at, texts, ()) == [one.rows for one in asked]
    assert passed(relation, relation.columns(), at, texts, filters) == [one.part for one in asked]
    numbers = sorted(counts.values(), reverse=True)
    assert [one.rows for one in found.top] == numbers[:10]
    rest = numbers[10:]
    assert [one.rows for one in found.bottom] == rest[max(0, len(rest) - 5) :]


def text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def test_without_filters_there_is_nothing_beside_all_rows(engine: DuckDB):
    relation = Relation("SELECT i % 3 AS k FROM range(10) t(i)", key="no filters", engine=engine, fixed_order=True)
    found = profile_of(relation, 0, ())
    assert (found.part, found.part_figures) == (None, None)
    assert found.top[0] == Frequent("0", 4, None, "0")


def test_a_sample_gives_an_estimate(engine: DuckDB):
    relation = Relation("SELECT i FROM range(1_000_000) t(i)", key="estimated", engine=engine, fixed_order=True)
    with Samples(relation).open(relation.columns(), (0,), 1_000_000, unstopped()) as source:
        found = profile(source, 0, (), lambda: None)
    assert found.is_estimate
    assert found.rows < 1_000_000
    assert 200_000 < float(by_name(found.figures)["Median"]) < 800_000


def test_figures_that_would_take_too_much_memory_say_that_they_are_not_exact(
    engine: DuckDB, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("dataapp.views.table.summaries.profiles.MOST_GROUPS", 100)
    monkeypatch.setattr("dataapp.views.table.summaries.profiles.MOST_SORTED", 100)
    for expression in ("i", "i::DOUBLE", "DATE '2024-01-01' + i::INTEGER % 3000", "make_timestamp_ns(i)"):
        sql = f"SELECT {expression} AS x FROM range(3000) t(i)"
        found = profile_of(Relation(sql, key=sql, engine=engine, fixed_order=True), 0, ())
        assert [figure.name for figure in found.figures if not figure.is_exact] == ["Distinct", *QUANTILES]
        assert (found.top, found.bottom) == ((), ())


@pytest.mark.parametrize(
    ("values", "mean", "deviation"),
    [
        ("[1.7e308, -1.7e308, 1.0]::DOUBLE[]", 0.0, 1.7e308),
        ("[1.7e308, 1.7e308]::DOUBLE[]", 1.7e308, 0.0),
        ("[1.7e308, -1.7e308]::DOUBLE[]", 0.0, None),  # which is none
        ("[170141183460469231731687303715884105727, 170141183460469231731687303715884105727]", 2.0**127, 0.0),
        ("[9999999999999999999999999999.0000000001::DECIMAL(38, 10) for i in range(9)]", 1e28, 0.0),
    ],
)
def test_mean_and_deviation_of_numbers_whose_sum_is_too_large(
    engine: DuckDB, values: str, mean: float, deviation: float | None
):
    sql = f"SELECT unnest({values}) AS x"
    figures = by_name(profile_of(Relation(sql, key=sql, engine=engine, fixed_order=True), 0, ()).figures)
    assert figures["Mean"] == pytest.approx(mean, abs=1e293)
    assert figures["Standard deviation"] == (deviation if deviation is None else pytest.approx(deviation))
    assert figures["Minimum"] is not None


@pytest.mark.parametrize(
    "value", ["170141183460469231731687303715884105727::HUGEINT", "DATE '0044-03-15 (BC)'", "DATE 'infinity'"]
)
def test_a_value_that_no_filter_can_say_is_no_filter(engine: DuckDB, value: str):
    relation = Relation(f"SELECT {value} AS v", key=value, engine=engine, fixed_order=True)
    assert [one.filter for one in profile_of(relation, 0, ()).top] == [None]
