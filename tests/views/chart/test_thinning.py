import altair as alt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataapp.errors import ChartError
from dataapp.views.chart import dataset
from dataapp.views.chart.plan import chart_to_plan
from dataapp.views.chart.schema import chart, named_data
from dataapp.views.chart.thinning import ALL_ROWS, repeated_axes, thinnable_axes, thinned_query
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
        C.mark_line().encode(x="x", y="y").transform_filter("datum.y > 0"),
    ],
)
def test_other_marks_and_computed_lines_may_not(view: alt.Chart) -> None:
    assert axes(view) is None


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


value = st.none() | st.integers(-9, 9).map(float)


@given(
    rows=st.lists(st.tuples(st.integers(0, 5000).map(float), value, st.sampled_from("ab")), min_size=1, max_size=60),
    columns=st.sampled_from([1, 7, 950, 2000]),
)
def test_each_pixel_keeps_its_ends_and_extremes(rows, columns: int) -> None:
    values = ", ".join(f"({x}, {'NULL' if y is None else y}, '{s}')" for x, y, s in rows)
    relation = relation_of(f"SELECT x::DOUBLE AS x, y::DOUBLE AS y, s FROM (VALUES {values}) AS rows(x, y, s)")
    with relation.open() as reader:
        query = thinned_query([column_to_sent(column) for column in relation.columns()], "x", "y")
        kept = reader.fetch(f"SELECT * FROM ({query})", {"__columns": columns}).to_pylist()
    kept = [(one["x"], one["y"], one["s"]) for one in kept]
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
    values = ", ".join(f"({x}, {'NULL' if y is None else y}, {'NULL' if z is None else z})" for x, y, z in rows)
    relation = relation_of(
        f"SELECT x::DOUBLE AS x, y::DOUBLE AS y, z::DOUBLE AS z FROM (VALUES {values}) AS rows(x, y, z)"
    )
    sent = [column_to_sent(column) for column in relation.columns()]
    with relation.open() as reader:
        query = f"SELECT * FROM ({thinned_query(sent, 'x', 'y', 'z')})"
        found = reader.fetch(query, {"__columns": columns})
    assert set(found.column(ALL_ROWS).to_pylist()) == {len(rows)}
    kept = [tuple(row.values()) for row in found.drop_columns([ALL_ROWS]).to_pylist()]
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
    values = ", ".join(f"({x}, {'NULL' if y is None else y}, '{s}')" for x, y, s in rows)
    relation = relation_of(f"SELECT x::DOUBLE AS x, y::DOUBLE AS y, s FROM (VALUES {values}) AS rows(x, y, s)")
    sent = [column_to_sent(column) for column in relation.columns()]
    low, high = ends
    with relation.open() as reader:
        whole = reader.fetch(f"SELECT * FROM ({thinned_query(sent, 'x', 'y')})", {"__columns": columns}).to_pylist()
        zoomed = f"SELECT * FROM ({thinned_query(sent, 'x', 'y', zoomed=True)})"
        kept = reader.fetch(zoomed, {"__columns": columns, "__from": low, "__to": high}).to_pylist()
    kept = [(one["x"], one["y"], one["s"]) for one in kept]
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
    heights = [one["y"] for one in whole if one["y"] is not None]
    assert not heights or {min(heights), max(heights)} <= {y for _, y, _ in kept}
    assert {min(x for x, _, _ in rows), max(x for x, _, _ in rows)} <= {x for x, _, _ in kept}


@given(
    rows=st.lists(st.tuples(st.none() | st.integers(0, 50).map(float), value), max_size=30),
    many=st.sampled_from([0, 8, 30]),
    columns=st.sampled_from([1, 4, 950]),
)
def test_asked_at_once_a_line_has_the_rows_that_it_has_when_all_are_asked_for_first(rows, many, columns: int) -> None:
    values = ", ".join(f"({'NULL' if x is None else x}, {'NULL' if y is None else y})" for x, y in rows)
    relation = relation_of(
        f"SELECT x::DOUBLE AS x, y::DOUBLE AS y FROM (VALUES {values or '(0, 0)'}) AS rows(x, y)"
        + ("" if rows else " WHERE false")
    )
    known = relation.columns()
    view = chart("rows", lambda: known).mark_line().encode(x="x:Q", y="y:Q")
    [line] = chart_to_plan(view, {view.data: known}).datasets
    window = Window(columns=columns)
    with pytest.MonkeyPatch.context() as patched, relation.open() as reader:
        patched.setattr(dataset, "MOST_ROWS", many)

        def shown(was_thinned: bool) -> object:
            try:
                table, is_thinned = line.fetch_zoomed(reader.fetch, window, was_thinned=was_thinned)
            except ChartError as error:
                return str(error)
            return table.to_pylist(), is_thinned

        assert shown(True) == shown(False)
