import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import altair as alt
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import vl_convert
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from dataapp.engines.duckdb import DuckDB
from dataapp.engines.relation import Relation
from dataapp.views.chart.binning import Binning, Extents, bins, definition_to_binning
from dataapp.views.chart.plan import chart_to_plan
from dataapp.views.chart.schema import chart
from dataapp.views.chart.window import Window
from tests.views.chart.drawing import relation_of


def _bins_of_vega(low: float, high: float, options: dict[str, Any]) -> tuple[float, ...]:
    """Return the bins that Vega draws as an axis label: start, step and stop, of the extent that it finds."""
    # As texts: what reads numbers of specifications in `vl-convert` may be off by a digit.
    written = [str(value).replace("inf", "Infinity") for value in (low, high)]
    spec = {
        "$schema": "https://vega.github.io/schema/vega/v6.json",
        "data": [
            {
                "name": "d",
                "values": [{"x": value} for value in written],
                "transform": [
                    {"type": "formula", "expr": "toNumber(datum.x)", "as": "x"},
                    {"type": "extent", "field": "x", "signal": "e"},
                    {"type": "bin", "field": "x", "extent": {"signal": "e"}, "signal": "b"} | options,
                ],
            }
        ],
        "marks": [{"type": "text", "encode": {"enter": {"text": {"signal": "b.start + ' ' + b.step + ' ' + b.stop"}}}}],
    }
    svg = vl_convert.vega_to_svg(json.dumps(spec))
    start, step, stop = svg.rpartition("</text>")[0].rpartition(">")[2].split()
    return tuple(math.nan if number == "undefined" else float(number) for number in (start, step, stop))


ends = st.floats(-1e6, 1e6).map(lambda value: round(value, 3))


@settings(max_examples=40)
@given(
    low=ends,
    span=st.floats(0, 1e5).map(lambda value: round(value, 3)),
    options=st.fixed_dictionaries({"maxbins": st.integers(2, 60)}, optional={"nice": st.booleans()}),
)
@example(low=0.0, span=0.001, options={"maxbins": 11})
@example(low=5.25, span=0.001, options={"maxbins": 11})
@example(low=90072.094, span=0.002, options={"maxbins": 2})
@example(low=262144.062, span=0.001, options={"maxbins": 10})
def test_bins_are_those_of_vega(low: float, span: float, options: dict[str, Any]) -> None:
    start, step, stop = bins(low, low + span, options)
    theirs = _bins_of_vega(low, low + span, options)
    # Where a power of ten is not exact in JavaScript, its bins are: of 10 ** -4 in `vl-convert`, not in Chromium.
    assert step == pytest.approx(theirs[1], rel=1e-12)
    assert start == pytest.approx(theirs[0], rel=1e-12, abs=step * (1e-6 if step == theirs[1] else 1.000001))
    assert -1e-6 * step <= stop - theirs[2] + step <= 2.000001 * step


@pytest.mark.parametrize(
    ("low", "high"), [(-math.inf, 1.0), (1.0, math.inf), (-math.inf, math.inf), (math.inf, math.inf), (-1e308, 1e308)]
)
@pytest.mark.parametrize("options", [{"maxbins": 10}, {"maxbins": 10, "nice": False}])
def test_without_a_finite_span_there_are_no_bins_as_in_vega(low: float, high: float, options: dict[str, Any]) -> None:
    start, _, _ = bins(low, high, options)
    assert math.isnan(start)
    start, step, _ = _bins_of_vega(low, high, options)
    assert math.isnan(start) or math.isinf(step)  # so no value has a place


@pytest.mark.parametrize("x", ["'1', '2', 'inf'", "'-inf', '1'", "'-inf', '1', 'nan', NULL, 'inf'", "'inf'"])
def test_rows_with_infinite_values_are_drawn_as_by_vega(x: str) -> None:
    relation = relation_of(f"SELECT unnest([{x}]::DOUBLE[]) AS x")
    binning = Binning("x", "p", (("maxbins", 10),))
    with relation.open() as reader:
        ((low, high),) = Extents(("x",), "relation").fetch(reader.fetch)
        found = reader.fetch(
            f"SELECT DISTINCT {binning.expression('x')} AS n FROM relation WHERE x IS NOT NULL",
            binning.parameters(low, high),
        )["n"].to_pylist()
    assert str(found) == "[nan]"  # one group, which has no place


@pytest.mark.parametrize(
    "bin_", ["binned", {"binned": True}, {"extent": [0, 1]}, {"steps": [1, 2]}, {"anchor": 1}, False]
)
def test_other_bins_are_left_to_vega(bin_: object) -> None:
    assert definition_to_binning("x", "x", bin_, "p") is None


def test_fewer_bins_in_colours_than_on_axes() -> None:
    made = [definition_to_binning("x", channel, True, "p") for channel in ("x", "color", "strokeDash")]
    assert [dict(binning.options)["maxbins"] for binning in made if binning] == [10, 6, 4]


NAN = math.nan
_ENGINE = DuckDB()


@settings(max_examples=60, deadline=None)
@given(
    values=st.lists(ends | st.integers(-20, 20).map(float) | st.just(NAN) | st.none(), min_size=1, max_size=30),
    options=st.fixed_dictionaries(
        {"maxbins": st.integers(2, 60)}, optional={"nice": st.booleans(), "step": st.sampled_from([0.1, 0.3, 1.0, 5.0])}
    ),
)
def test_each_value_falls_into_the_bin_of_vega(values: list[float | None], options: dict[str, Any]) -> None:
    numbers = [value for value in values if value is not None and not math.isnan(value)]
    assume(numbers)
    binning = Binning("x", "p", tuple(sorted(options.items())))
    start, step, stop = bins(min(numbers), max(numbers), options)

    def number(value: float | None) -> float | None:  # as `vega-transforms` has it
        if value is None or math.isnan(value):
            return value
        return math.floor(1e-14 + (max(start, min(value, stop - step)) - start) / step)

    bounds = binning.parameters(min(numbers), max(numbers))
    relation = Relation(
        "FROM rows", key=0, engine=_ENGINE, frames={"rows": pa.table({"x": pa.array(values, pa.float64())})}
    )
    with relation.open() as reader:
        found = reader.fetch(f"SELECT {binning.expression('x')} AS n FROM relation", bounds)["n"].to_pylist()
    assert str(found) == str([None if (n := number(value)) is None else float(n) for value in values])


def test_few_bins_are_cut_off_above() -> None:
    binning = Binning("x", "p", (("maxbins", 10),))
    assert [binning.parameters(0, high)["p_is_bounded"] for high in (99.0, 100.0)] == [False, True]


@pytest.mark.parametrize("numbers", [[3.0, NAN, 1.0, None], [1.0, 3.0]])
@pytest.mark.parametrize("made", ["rows", "a file that tells of no NaN", "a file that tells nothing"])
def test_nan_is_no_end_of_an_extent(numbers: list[float | None], made: str, tmp_path: Path) -> None:
    rows, file = pa.table({"x": pa.array(numbers, pa.float64()), "n": pa.array(range(len(numbers)))}), tmp_path / "n"
    relation = Relation("FROM rows", key=0, engine=DuckDB(), frames={"rows": rows})
    if made == "a file that tells of no NaN":
        pq.write_table(rows, file)
    elif made == "a file that tells nothing":
        with relation.open() as reader:
            pq.write_table(reader.fetch(), file, write_statistics=False)
    if made != "rows":
        relation = relation_of(f"FROM read_parquet('{file}')")
    with relation.open() as reader:
        found = Extents(("x", "n"), "relation").fetch(reader.fetch)
    assert found == [(1.0, 3.0), (0.0, len(numbers) - 1.0)]


def test_only_nan_has_no_extent() -> None:
    with relation_of("SELECT 'nan'::DOUBLE AS x").open() as reader:
        assert Extents(("x",), "relation").fetch(reader.fetch) == [(None, None)]


SPANS = st.sampled_from([0.0, 0.5, 3.0, 99.0, 100.0, 12_345.6, -7.0, 1e9, math.inf, -math.inf])
NUMBERS = st.lists(st.none() | st.just(NAN) | SPANS | st.integers(-50, 150).map(float), max_size=25)


def _rows(values: list[float | None]) -> pa.Table:
    halves = [None if value is None or not math.isfinite(value) else int(value) // 2 for value in values]
    return pa.table(
        {
            "x": pa.array(values, pa.float64()),
            "y": pa.array(halves, pa.int64()),
            "kind": pa.array(["a" if number % 3 else "b" for number in range(len(values))], pa.string()),
        }
    )


def _measured(table: pa.Table, binnings: Sequence[Binning]) -> list[str]:
    """Return the rows that measure something: one that only tells the end of a field may be of any group with it."""
    measures = set(table.column_names) - {binning.field for binning in binnings} - {"kind"}
    return [repr(row) for row in table.to_pylist() if any(row[name] is not None for name in measures)]


CHARTS = (
    lambda base: base.mark_bar().encode(x=alt.X("x:Q").bin(maxbins=20), y="count()"),
    lambda base: base.mark_bar().encode(x=alt.X("x:Q").bin(), y="mean(y):Q", color="kind:N"),
    lambda base: base.mark_rect().encode(x=alt.X("x:Q").bin(), y=alt.Y("y:Q").bin(maxbins=5), color="count()"),
    lambda base: base.mark_bar().encode(x=alt.X("y:Q").bin(), y="count()", color=alt.Color("y:Q").bin()),
    lambda base: base.mark_bar().encode(x="kind:N", y="sum(x):Q", color=alt.Color("x:Q").bin(step=10)),
    lambda base: base.mark_bar().encode(x=alt.X("x:Q").bin(), y="count()", color=alt.Color("kind:N").sort(None)),
)


@settings(max_examples=150, deadline=None)
@given(before=NUMBERS, now=NUMBERS, number=st.integers(0, len(CHARTS) - 1))
def test_bins_that_were_guessed_are_those_of_the_rows(
    before: list[float | None], now: list[float | None], number: int
) -> None:
    base = chart("numbers", lambda: ())
    drawn = CHARTS[number](base)
    tables = {
        key: Relation("FROM rows", key=object(), engine=_ENGINE, frames={"rows": _rows(values)})
        for key, values in {"before": before, "now": now}.items()
    }
    with tables["before"].open() as then, tables["now"].open() as reader:
        (dataset,) = chart_to_plan(drawn, {base.data: reader.describe()}).datasets
        assert len(dataset.binnings) > 0
        ends = dataset.ends(dataset.fetch(then.fetch))
        assert ends is not None
        expected = dataset.fetch(reader.fetch)
        found, is_thinned = dataset.fetch_zoomed(reader.fetch, Window(), ends=ends)
        assert _measured(found, dataset.binnings) == _measured(expected, dataset.binnings)
        assert dataset.ends(found) == dataset.ends(expected)
        assert not is_thinned
        ((low, high), *_) = Extents((dataset.binnings[0].field,), "relation").fetch(reader.fetch)
        assert next(iter(dataset.ends(found) or ())) == (low, high)
