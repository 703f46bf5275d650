from typing import Any

import altair as alt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataapp.engines.relation import Relation
from dataapp.errors import ChartError
from dataapp.views.chart import dataset
from dataapp.views.chart.plan import chart_to_plan
from dataapp.views.chart.schema import chart, find_cell_data, named_data
from dataapp.views.chart.thinning import ALL_ROWS, repeated_axes, spacing, thinnable_axes, thinned_query
from dataapp.views.chart.window import Window
from dataapp.views.chart.wire import column_to_sent
from tests.views.chart.drawing import columns_of, relation_of

COLUMNS = columns_of(x="DOUBLE", y="DOUBLE", s="VARCHAR")
C = chart("rows", lambda: COLUMNS)


def axes(view: alt.Chart) -> tuple[str, str] | None:
    with named_data({C.data: COLUMNS}):
        return thinnable_axes(view.to_dict())


def test_lines_may_be_thinned() -> None:
    assert axes(C.mark_line().encode(x="x", y="y", color="s", tooltip=["x", "s"])) == ("x", "y")


@pytest.mark.parametrize(
    "view",
    [
        C.mark_point().encode(x="x", y="y"),
        C.mark_rule().encode(x="x", y="y", y2="x"),
        C.mark_line(point=True).encode(x="x", y="y"),
        C.mark_line().encode(x="s", y="y"),
        C.mark_line().encode(x="x", y="mean(y)"),
        C.mark_line().encode(x="x", y="y", order="s"),
        C.mark_line().encode(x="x", y="y", color=alt.Color("s").sort(None)),
        C.mark_line().encode(x="x", y="y", row="s").resolve_scale(x="independent"),
        C.mark_line(orient="horizontal").encode(x="x", y="y"),
        C.mark_line().encode(x="x", y="y").transform_filter("datum.y > 0"),
    ],
)
def test_other_marks_and_computed_lines_may_not(view: alt.Chart) -> None:
    assert axes(view) is None


@pytest.mark.parametrize(
    ("encoding", "is_thinned"),
    [
        ({"x": "yearmonthdatehoursminutes(t)", "y": "mean(y)"}, True),
        ({"x": "utcyearmonthdate(t)", "y": "count()", "color": "s"}, False),  # a reading of a clock is no instant
        ({"x": "yearmonthdate(t)", "y": "count()", "color": "s", "tooltip": ["yearmonthdate(t)", "count()"]}, True),
        ({"x": "x", "y": "stdev(y)"}, True),
        ({"x": "yearmonth(t)", "y": "mean(y)"}, False),
        ({"x": "hoursminutes(t)", "y": "mean(y)", "color": "s"}, False),  # a row has one of the times of its group
        ({"x": "s:T", "y": "mean(y)"}, False),
        ({"x": alt.X("yearmonthdate(t)").sort(None), "y": "mean(y)"}, False),
        ({"x": "yearmonthdate(t)", "y": "mean(y)", "color": alt.Color("s").sort(["b"])}, False),
        ({"x": "x", "y": "max(t)"}, False),
        ({"x": "yearmonthdate(t)", "y": "mean(y)", "size": "mean(x)"}, False),
        ({"x": "yearmonthdate(t)", "y": "mean(y)", "color": "month(t):N"}, False),
        ({"x": "yearmonthdate(t):O", "y": "mean(y)"}, False),
        ({"x": "yearmonthdate(t)", "y": "y"}, False),
        ({"x": alt.X("x", bin=True), "y": "mean(y)"}, False),
        ({"x": "mean(x)", "y": "mean(y)"}, False),
    ],
)
def test_lines_of_groups_may_be_thinned(encoding: dict[str, Any], is_thinned: bool) -> None:
    columns = (*COLUMNS, *columns_of(t="TIMESTAMP"))
    view = chart("rows", lambda: columns).mark_line().encode(**encoding)
    found = chart_to_plan(view, {view.data: columns}).datasets
    assert [one.thinned is not None for one in found] == [is_thinned]
    assert chart_to_plan(view.mark_area(), {view.data: columns}).datasets[0].thinned is None


@pytest.mark.parametrize(
    "view",
    [
        C.mark_line().encode(x="s:T", y="y"),
        C.mark_line().encode(x="x", y="y").configure_line(point=True),
        C.mark_line().encode(x="s:T", y="y").facet(row="s:N"),
    ],
)
def test_lines_along_texts_and_lines_with_points_are_not_thinned(view: alt.TopLevelMixin) -> None:
    assert [one.thinned for one in chart_to_plan(view, {C.data: COLUMNS}).datasets] == [None]


LINE = C.mark_line().encode(x="x", y="y")
REPEATED = C.mark_line().encode(x="x", y=alt.Y(alt.repeat("layer"), type="quantitative"))


@pytest.mark.parametrize(
    ("view", "expected"),
    [
        (LINE.facet(row="s:N"), ("x", "y")),
        (LINE.facet("s:N", columns=2), ("x", "y")),
        (REPEATED.repeat(layer=["y", "z"]), ("x", "y", "z")),
        (C.mark_line().encode(x="x", y=alt.Y(alt.repeat(), type="quantitative")).repeat(["y", "z"]), ("x", "y", "z")),
        (LINE.facet(row="s:N").resolve_scale(x="independent"), None),
        (C.mark_bar().encode(x="x", y="y").facet(row="s:N"), None),
        (LINE.encode(size="y").facet(row="s:N"), None),
        (LINE.encode(x=alt.X(alt.repeat("column"), type="quantitative")).repeat(column=["x", "y"]), None),
        (REPEATED.repeat(layer=["y", "z"], row=["y", "z"]), None),
        (alt.layer(LINE, LINE.mark_point()).facet(row="s:N"), None),
    ],
)
def test_lines_that_are_repeated_may_be_thinned_together(view: alt.FacetChart, expected: object) -> None:
    with named_data({C.data: (*COLUMNS, *columns_of(z="DOUBLE"))}):
        assert repeated_axes(view.to_dict()) == expected


@pytest.mark.parametrize(
    ("view", "expected"),
    [
        (LINE, "linear"),
        (C.mark_line(interpolate="step-after").encode(x="x", y="y"), "linear"),
        (C.mark_line(interpolate="monotone").encode(x="x", y="y"), None),
        (LINE.encode(x="x:T"), "linear"),
        (LINE.encode(x=alt.X("x").scale(type="log")), "log"),
        (LINE.encode(x=alt.X("x").scale(type="sqrt")), None),
        (LINE.encode(x=alt.X("x").scale(domain=[0, 9])), None),
        (LINE.encode(x=alt.X("x").scale(domainMin=0)), None),
        (LINE.encode(x=alt.X("x").scale(domain=alt.selection_interval(name="brush"))), None),
        (LINE.encode(x=alt.X("x").scale(zero=False)), "linear"),
        (LINE.encode(x=alt.X("x").scale(type="log")).facet(row="s:N"), "log"),
    ],
)
def test_how_pixels_lie_along_x_is_known_or_not(view: Any, expected: str | None) -> None:
    with named_data({C.data: COLUMNS}):
        assert spacing(view.to_dict(validate=False)) == expected


def test_on_a_logarithmic_scale_each_decade_has_as_many_pixels() -> None:
    relation = relation_of("SELECT range + 1.0::DOUBLE AS x, sin(range)::DOUBLE AS y FROM range(100000)")
    sent = [column_to_sent(column) for column in relation.columns()]
    with relation.open() as reader:
        whole = reader.fetch(f"SELECT * FROM ({thinned_query(sent, 'x', 'y', is_log=True)})", {"__columns": 500})
        zoomed = f"SELECT * FROM ({thinned_query(sent, 'x', 'y', zoomed=True, is_log=True)})"
        part = reader.fetch(zoomed, {"__columns": 500, "__from": 1000.0, "__to": 10_000.0})
    across: list[Any] = whole.column("x").to_pylist()
    near: list[Any] = part.column("x").to_pylist()
    assert sum(one < 100 for one in across) == 99
    assert max(sum(10**n <= one < 10 ** (n + 1) for one in across) for n in range(5)) <= 5 * 101
    assert 4 * 450 < sum(1000 <= one < 10_000 for one in near) <= 5 * 501


def test_what_shares_a_picture_with_a_line_has_rows_of_its_own() -> None:
    relation = relation_of("SELECT range::DOUBLE AS x, sin(range)::DOUBLE AS y FROM range(30000)")
    known = relation.columns()
    base = chart("rows", lambda: known).encode(x="x:Q", y="y:Q")
    for view, whole in [
        (base.mark_line(), [False]),
        (base.mark_line() + base.mark_rule(), [False, True]),
        (base.mark_area() + base.mark_line(), [False, True]),
        (base.mark_line() + base.mark_line(color="red"), [False]),
        (base.mark_line() | base.mark_line().encode(x=alt.X("x:Q").scale(domain=[0, 9])), [False, True]),
        (base.mark_line() | base.mark_line().encode(x="y:Q", y="x:Q"), [False, False]),
    ]:
        (data,) = find_cell_data(view)
        plan = chart_to_plan(view, {data: known})
        with relation.open() as reader:
            assert [one.fetch(reader.fetch).num_rows == 30_000 for one in plan.datasets] == whole, view.to_dict()


NAN = float("nan")
value = st.none() | st.just(NAN) | st.integers(-9, 9).map(float)


def written(number: float | None) -> str:
    return "NULL" if number is None else f"'{number}'::DOUBLE"


def gap_is_none(row: tuple[Any, ...]) -> tuple[Any, ...]:
    """A row in which NaN is None: both are gaps in a line, and NaN equals nothing."""
    return tuple(None if one != one else one for one in row)


@given(
    rows=st.lists(st.tuples(st.integers(0, 5000).map(float), value, st.sampled_from("ab")), min_size=1, max_size=60),
    columns=st.sampled_from([1, 7, 950, 2000]),
)
def test_each_pixel_keeps_its_ends_and_extremes(rows, columns: int) -> None:
    values = ", ".join(f"({x}, {written(y)}, '{s}')" for x, y, s in rows)
    relation = relation_of(f"SELECT x::DOUBLE AS x, y::DOUBLE AS y, s FROM (VALUES {values}) AS rows(x, y, s)")
    with relation.open() as reader:
        query = thinned_query([column_to_sent(column) for column in relation.columns()], "x", "y")
        kept = reader.fetch(f"SELECT * FROM ({query})", {"__columns": columns}).to_pylist()
    kept = [gap_is_none((one["x"], one["y"], one["s"])) for one in kept]
    rows = [gap_is_none(one) for one in rows]
    assert set(kept) <= set(rows)
    low, high = min(x for x, _, _ in rows), max(x for x, _, _ in rows)
    pixels: dict[tuple[str, int], list[tuple[float, float | None, str]]] = {}
    for one in rows:
        pixel = min(columns - 1, int(columns * (one[0] - low) / (high - low))) if high > low else 0
        pixels.setdefault((one[2], pixel), []).append(one)
    for inside in pixels.values():
        drawn = [one for one in kept if one in inside]
        assert {min(x for x, _, _ in inside), max(x for x, _, _ in inside)} <= {x for x, _, _ in drawn}
        heights = [y for _, y, _ in inside if y is not None]
        assert not heights or {min(heights), max(heights)} <= {y for _, y, _ in drawn}
        assert len(heights) == len(inside) or None in {y for _, y, _ in drawn}


@given(
    rows=st.lists(st.tuples(st.integers(0, 5000).map(float), value, value), min_size=1, max_size=60),
    columns=st.sampled_from([1, 7, 950]),
)
def test_lines_that_are_thinned_together_have_the_rows_of_each(rows, columns: int) -> None:
    values = ", ".join(f"({x}, {written(y)}, {written(z)})" for x, y, z in rows)
    relation = relation_of(
        f"SELECT x::DOUBLE AS x, y::DOUBLE AS y, z::DOUBLE AS z FROM (VALUES {values}) AS rows(x, y, z)"
    )
    sent = [column_to_sent(column) for column in relation.columns()]
    with relation.open() as reader:
        query = f"SELECT * FROM ({thinned_query(sent, 'x', 'y', 'z')})"
        found = reader.fetch(query, {"__columns": columns})
    assert set(found.column(ALL_ROWS).to_pylist()) == {len(rows)}
    kept = [gap_is_none(tuple(row.values())) for row in found.drop_columns([ALL_ROWS]).to_pylist()]
    rows = [gap_is_none(one) for one in rows]
    assert set(kept) <= set(rows)
    low, high = min(x for x, _, _ in rows), max(x for x, _, _ in rows)
    pixels: dict[int, list[tuple[float, float | None, float | None]]] = {}
    for one in rows:
        pixels.setdefault(min(columns - 1, int(columns * (one[0] - low) / (high - low or 1))), []).append(one)
    for inside in pixels.values():
        drawn = [one for one in kept if one in inside]
        assert {min(x for x, _, _ in inside), max(x for x, _, _ in inside)} <= {x for x, _, _ in drawn}
        for at in (1, 2):
            heights = [height for one in inside if (height := one[at]) is not None]
            assert not heights or {min(heights), max(heights)} <= {one[at] for one in drawn}
            assert len(heights) == len(inside) or None in {one[at] for one in drawn}


@given(
    rows=st.lists(st.tuples(st.integers(0, 5000).map(float), value, st.sampled_from("ab")), min_size=1, max_size=60),
    ends=st.tuples(st.integers(-100, 5000), st.integers(1, 900)).map(lambda ends: (float(ends[0]), float(sum(ends)))),
    columns=st.sampled_from([1, 7, 950, 2000]),
)
def test_what_is_zoomed_into_has_pixels_of_its_own_and_the_rest_stays(rows, ends, columns: int) -> None:
    values = ", ".join(f"({x}, {written(y)}, '{s}')" for x, y, s in rows)
    relation = relation_of(f"SELECT x::DOUBLE AS x, y::DOUBLE AS y, s FROM (VALUES {values}) AS rows(x, y, s)")
    sent = [column_to_sent(column) for column in relation.columns()]
    low, high = ends
    with relation.open() as reader:
        whole = reader.fetch(f"SELECT * FROM ({thinned_query(sent, 'x', 'y')})", {"__columns": columns}).to_pylist()
        zoomed = f"SELECT * FROM ({thinned_query(sent, 'x', 'y', zoomed=True)})"
        kept = reader.fetch(zoomed, {"__columns": columns, "__from": low, "__to": high}).to_pylist()
    kept = [gap_is_none((one["x"], one["y"], one["s"])) for one in kept]
    rows = [gap_is_none(one) for one in rows]
    assert set(kept) <= set(rows)
    pixels: dict[tuple[str, float], list[tuple[float, float | None, str]]] = {}
    for x, y, s in rows:
        if low <= x < high:
            pixels.setdefault((s, columns * (x - low) // (high - low)), []).append((x, y, s))
    for inside in pixels.values():
        drawn = [one for one in kept if one in inside]
        assert {min(x for x, _, _ in inside), max(x for x, _, _ in inside)} <= {x for x, _, _ in drawn}
        heights = [y for _, y, _ in inside if y is not None]
        assert not heights or {min(heights), max(heights)} <= {y for _, y, _ in drawn}
    heights = [y for one in whole for (y,) in [gap_is_none((one["y"],))] if y is not None]
    assert not heights or {min(heights), max(heights)} <= {y for _, y, _ in kept}
    assert {min(x for x, _, _ in rows), max(x for x, _, _ in rows)} <= {x for x, _, _ in kept}


@given(
    rows=st.lists(st.tuples(st.none() | st.integers(0, 50).map(float), value), max_size=30),
    few=st.sampled_from([0, 8, 30]),
    more=st.sampled_from([0, 20]),
    columns=st.sampled_from([1, 4, 950]),
)
def test_asked_at_once_a_line_has_the_rows_that_it_has_when_all_are_asked_for_first(
    rows, few: int, more: int, columns: int
) -> None:
    values = ", ".join(f"({written(x)}, {written(y)})" for x, y in rows)
    relation = relation_of(
        f"SELECT x::DOUBLE AS x, y::DOUBLE AS y FROM (VALUES {values or '(0, 0)'}) AS rows(x, y)"
        + ("" if rows else " WHERE false")
    )
    known = relation.columns()
    view = chart("rows", lambda: known).mark_line().encode(x="x:Q", y="y:Q")
    [line] = chart_to_plan(view, {view.data: known}).datasets
    window = Window(columns=columns)
    with pytest.MonkeyPatch.context() as patched, relation.open() as reader:
        patched.setattr(dataset, "MOST_ROWS", few + more)
        patched.setattr(dataset, "MOST_LINE_ROWS", few)

        def shown(was_thinned: bool) -> object:
            try:
                table, is_thinned = line.fetch_zoomed(reader.fetch, window, was_thinned=was_thinned)
            except ChartError as error:
                return str(error)
            return [gap_is_none(tuple(row.values())) for row in table.to_pylist()], is_thinned

        assert shown(True) == shown(False)


@given(
    rows=st.lists(
        st.tuples(st.integers(0, 5000), st.none() | st.integers(-9, 9), st.sampled_from("ab")), min_size=1, max_size=60
    ),
    columns=st.sampled_from([1, 7, 950]),
    aggregate=st.sampled_from(["mean", "min", "sum", "stdev", "distinct"]),
)
def test_a_line_of_groups_is_thinned_as_a_line_of_rows(
    rows: list[tuple[int, int | None, str]], columns: int, aggregate: str
) -> None:
    values = ", ".join(f"({x}, {y if y is not None else 'NULL'}, '{s}')" for x, y, s in rows)
    relation = relation_of(
        f"SELECT TIMESTAMP '2024-01-01' + to_seconds(x) AS t, y::DOUBLE AS y, s FROM (VALUES {values}) AS r(x, y, s)"
    )
    known = relation.columns()
    view = (
        chart("rows", lambda: known)
        .mark_line()
        .encode(x="yearmonthdatehoursminutes(t)", y=f"{aggregate}(y):Q", color="s:N")
    )
    [line] = chart_to_plan(view, {view.data: known}).datasets
    with pytest.MonkeyPatch.context() as patched, relation.open() as reader:
        whole = line.fetch(reader.fetch)
        patched.setattr(dataset, "MOST_LINE_ROWS", 0)
        thinned, is_thinned = line.fetch_zoomed(reader.fetch, Window(columns=columns))
        names = ", ".join(f'"{name}"' for name in whole.column_names)
        other = Relation("FROM whole", key=object(), engine=relation.engine, frames={"whole": whole})
        sent = [column_to_sent(column) for column in other.columns()]
        up = next(name for name in whole.column_names if name not in ("t", "s"))
        with other.open() as rows_reader:
            query = f"SELECT {names} FROM ({thinned_query(sent, 't', up)}) ORDER BY ALL"
            expected = rows_reader.fetch(query, {"__columns": columns})
    assert is_thinned
    assert sorted(map(repr, thinned.to_pylist())) == sorted(map(repr, expected.to_pylist()))


def zoom_of(name: str) -> alt.Parameter:
    return alt.selection_interval(name=name, bind="scales", encodings=["x"])


LINE = C.mark_line().encode(x="x:Q", y="y:Q")
SHOWN = Window({"a": {"x": (1.0, 2.0)}, "b": {"x": (3.0, 4.0)}}, columns=500)


def zooms_told(view: alt.TopLevelMixin) -> list[object]:
    """Return what each line of a chart shows in detail."""
    return [one.seen(SHOWN)[0] for one in chart_to_plan(view, {C.data: COLUMNS}).datasets]


def test_each_of_several_lines_over_one_column_has_the_detail_of_its_own_zoom() -> None:
    one, other = LINE.add_params(zoom_of("a")), LINE.encode(color="s:N").add_params(zoom_of("b"))
    assert zooms_told(one) == [(1.0, 2.0)]
    assert zooms_told(one | other) == [(1.0, 2.0), (3.0, 4.0)]
    assert zooms_told(one & LINE.add_params(zoom_of("b"))) == [(1.0, 2.0), (3.0, 4.0)]
    assert zooms_told(one | LINE) == [(1.0, 2.0), None]
    assert zooms_told((LINE + LINE.encode(color="s:N")).add_params(zoom_of("b"))) == [(3.0, 4.0)] * 2
    assert zooms_told(LINE.facet("s:N").add_params(zoom_of("a"))) == [(1.0, 2.0)]
