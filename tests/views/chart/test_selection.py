from collections.abc import Mapping
from datetime import UTC, datetime

import altair as alt
import pytest

import dataapp as da
from dataapp.cells.selection import SelectionKind
from dataapp.engines.relation import Column
from dataapp.errors import ChartError
from dataapp.views.chart.schema import chart
from dataapp.views.chart.selection import (
    Selection,
    attach_selection,
    encoded_field,
    message_to_selected,
    on_pixels,
    selectable_parameters,
    selected_to_message,
)

TYPES = {
    "ts": "TIMESTAMP",
    "at": "TIMESTAMP WITH TIME ZONE",
    "day": "DATE",
    "price": "DOUBLE",
    "n": "BIGINT",
    "symbol": "VARCHAR",
}
COLUMNS = {name: Column(name, type_) for name, type_ in TYPES.items()}
INTERVAL = Selection("interval", x=True, name="brush").to_parameter()
POINT = Selection("point", fields=("symbol",), name="pick").to_parameter()
C = chart("rows", lambda: tuple(COLUMNS.values()))
LINE = C.mark_line().encode(x="ts:T", y="price:Q")


@pytest.mark.parametrize(
    ("view", "field"),
    [
        (LINE, "ts"),
        (C.mark_bar().encode(x=alt.X("yearmonth(ts):T")), "ts"),
        (C.mark_bar().encode(x=alt.X("price").bin()), "price"),
        (C.mark_bar().encode(x=alt.X(field="n", aggregate="mean", type="quantitative")), "n"),
        (C.mark_bar().encode(x=alt.X(r"a\.b:Q")), "a.b"),
        (C.mark_rule().encode(y="price") + LINE, "ts"),
        (C.mark_bar().encode(y="n") | LINE, "ts"),
        (LINE.facet("symbol"), "ts"),
        (C.mark_bar().encode(x="count()"), None),
        (C.mark_bar().encode(x=alt.value(3)), None),
        (C.mark_bar().encode(x=alt.X(alt.repeat("row"), type="quantitative")).repeat(row=["n"]), None),
    ],
)
def test_column_under_an_axis(view: alt.TopLevelMixin, field: str | None) -> None:
    assert encoded_field(view, "x") == field


@pytest.mark.parametrize("by", ["month(ts):T", "hours(ts):T", "yearmonth(ts):O", "utcmonthdate(ts):T"])
def test_a_drag_over_times_that_do_not_follow_each_other_is_refused(by: str) -> None:
    view = C.mark_bar().encode(x=by, y="count()")
    with pytest.raises(ChartError, match=r"shows ts by \w+ on x.*compute it in SQL"):
        da.brush(view)
    drag = alt.selection_interval(name="drag", encodings=["x"])
    with pytest.raises(ChartError, match="shows ts by"):
        da.brush(view.add_params(drag), selection=drag)


@pytest.mark.parametrize(
    "by", ["yearmonth(ts):T", "utcyearmonthdate(ts):T", "year(ts):T", "ts:T", "binnedyearmonth(ts):T"]
)
def test_a_drag_over_times_that_follow_each_other_is_not(by: str) -> None:
    assert da.brush(C.mark_bar().encode(x=by, y="count()"))


@pytest.mark.parametrize(
    ("x", "grouped"), [(alt.X("yearmonth(ts):T"), "yearmonth"), (alt.X("price:Q").bin(maxbins=9), "bins")]
)
def test_a_click_on_a_group_of_values_is_refused(x: alt.X, grouped: str) -> None:
    click = alt.selection_point(name="click", encodings=["x"])
    view = C.mark_bar().encode(x=x, y="count()").add_params(click)
    with pytest.raises(ChartError, match=rf"by {grouped} on x.*da.brush"):
        da.pick(view, selection=click)


@pytest.mark.parametrize(
    ("message", "selected"),
    [
        ({"price": [1, 2.5]}, {"price": [1.0, 2.5]}),
        (
            {"ts": [0, 1500]},
            {"ts": [datetime.fromisoformat("1970-01-01"), datetime.fromisoformat("1970-01-01 00:00:01.5")]},
        ),
        ({"at": [0, 1000]}, {"at": [datetime(1970, 1, 1, tzinfo=UTC), datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC)]}),
        (
            {"day": [0, 86_400_000]},
            {"day": [datetime.fromisoformat("1970-01-01"), datetime.fromisoformat("1970-01-02")]},
        ),
        ({"symbol": ["A", None]}, {"symbol": ["A", None]}),
        (None, None),
    ],
)
def test_intervals_are_typed_by_their_column(message, selected) -> None:
    assert message_to_selected(message, INTERVAL, COLUMNS) == selected


@pytest.mark.parametrize(
    "message",
    [
        {"price": [2, 1]},
        {"price": [1]},
        {"price": [1, 2, 3]},
        {"price": [None, 2]},
        {"price": ["1", "2"]},
        {"price": [True, False]},
        {"price": [float("nan"), 1]},
        {"ts": [0, 1e300]},
        {"symbol": [1]},
        {"symbol": [{"a": 1}]},
        {"symbol": ["A"] * 10_001},
        {"secret": [1, 2]},
        {"price": []},
        {"price": "12"},
        {1: [1, 2]},
        {},
        [1, 2],
        "brush",
    ],
)
def test_forged_intervals_are_refused(message: object) -> None:
    with pytest.raises(ValueError, match="not a"):
        message_to_selected(message, INTERVAL, COLUMNS)


@pytest.mark.parametrize("prices", [[2, 1], [1], [3, 1, 2], [None, 2]])
def test_numbers_that_stand_side_by_side_are_a_list(prices: list[float | None]) -> None:
    selected = message_to_selected({"price": prices}, INTERVAL, COLUMNS, ["price"])
    assert selected is not None
    assert selected == {"price": prices}
    typed = SelectionKind("interval").typed(on_pixels(selected, {}, COLUMNS, ["price"]))
    assert typed is not None
    assert typed == {"price": prices}
    assert type(typed["price"]) is list


def test_two_numbers_along_an_axis_are_a_range_whatever_else_stands_side_by_side() -> None:
    selected = message_to_selected({"price": [1, 2], "symbol": ["A", "B"]}, INTERVAL, COLUMNS, ["symbol", {}, 1])
    assert selected is not None
    told = on_pixels(selected, {}, COLUMNS, ["symbol", {}, 1])
    assert SelectionKind("interval").typed(told) == {"price": (1.0, 2.0), "symbol": ["A", "B"]}


def test_points_list_their_values() -> None:
    assert message_to_selected({"symbol": ["B", "A"]}, POINT, COLUMNS) == {"symbol": ["B", "A"]}


@pytest.mark.parametrize(
    "message", [{"ts": [0, 1500]}, {"at": [0, 1000]}, {"price": [1.5, 2.0]}, {"symbol": ["A"]}, None]
)
def test_selections_return_as_they_came(message) -> None:
    assert selected_to_message(message_to_selected(message, INTERVAL, COLUMNS)) == message


def spec_of(*views: Mapping[str, object]) -> dict[str, object]:
    return {"layer": [{"mark": "line", "data": {"name": "d"}, **view} for view in views]}


X, AGGREGATE = {"encoding": {"x": {"field": "ts"}}}, {"encoding": {"x": {"field": "ts", "aggregate": "mean"}}}


def test_selection_goes_to_the_first_view_that_can_hold_it() -> None:
    attached = attach_selection(spec_of({}, AGGREGATE, X, X), Selection("interval", x=True), "d")
    assert [len(layer.get("params", [])) for layer in attached["layer"]] == [0, 0, 1, 0]


def test_selection_skips_views_of_other_data() -> None:
    assert not selectable_parameters(attach_selection(spec_of(X), Selection("interval", x=True), "other"))


def test_selection_skips_views_that_show_another_column() -> None:
    selection = Selection("interval", x=True, fields=("price",))
    assert not selectable_parameters(attach_selection(spec_of(X), selection, "d"))


def test_selection_is_attached_once() -> None:
    once = attach_selection(spec_of(X, X), Selection("interval", x=True), "d")
    assert attach_selection(once, Selection("interval", x=True), "d") == once


def test_attaching_leaves_the_given_specification_alone() -> None:
    spec = spec_of(X)
    attach_selection(spec, Selection("interval", x=True), "d")
    assert spec == spec_of(X)


def test_zooming_is_not_selecting() -> None:
    with_zoom = LINE.interactive().add_params(alt.selection_interval(name="own")).to_dict()
    assert [parameter["name"] for parameter in selectable_parameters(with_zoom)] == ["own"]


def test_what_follows_the_pointer_is_no_selection() -> None:
    def spec(**select: object) -> dict[str, object]:
        return {"params": [{"name": "p", "select": {"type": "point", **select}}]}

    assert [parameter["name"] for parameter in selectable_parameters(spec())] == ["p"]
    assert [parameter["name"] for parameter in selectable_parameters(spec(on="click"))] == ["p"]
    assert selectable_parameters(spec(on="pointerover")) == ()
    assert selectable_parameters(spec(on="mousemove{10}")) == ()
