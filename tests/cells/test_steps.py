"""Steps of sliders and of pixels, to the last bit."""

import datetime as dt
import math

import duckdb
import panel as pn
import pytest
from hypothesis import given
from hypothesis import strategies as st

import dataapp as da
from dataapp.cells.steps import Steps

_DAY = dt.date(2024, 2, 28)
_NOON = dt.datetime(2024, 2, 28, 12)  # noqa: DTZ001


@pytest.mark.parametrize(
    ("ends", "inside", "outside"),
    [
        ((0, 10, 1), [0, 3, 10, 3.0], [-1, 11, 2.5, True, None, "3", math.nan]),
        ((0, 1, 0.1), [0.1, 0.2, 0.3, 0.7, 1.0], [0.1 + 0.2, 0.35, 1.1]),
        ((-5, 5, 0.25), [-4.75, 0.0], [0.1]),
        ((_DAY, dt.date(2024, 3, 2), 1), [dt.date(2024, 2, 29), _DAY], [dt.date(2024, 3, 3), 3]),
        ((_NOON, _NOON + dt.timedelta(days=1), dt.timedelta(hours=1)), [_NOON], [_NOON + dt.timedelta(minutes=1)]),
    ],
)
def test_steps_hold_what_a_control_can_take(
    ends: tuple[object, object, object], inside: list[object], outside: list[object]
) -> None:
    steps = Steps.between(*ends)
    assert steps is not None
    assert steps.are_exact()
    assert all(map(steps.holds, inside))
    assert not any(map(steps.holds, outside))


@pytest.mark.parametrize(
    "ends", [(0, 0, 1), (0, 10, 0), (None, 10, 1), (0, math.inf, 1), (0, 1, 1 / 3), ("a", "b", 1), (0, 2.0**60, 1)]
)
def test_controls_without_even_steps_have_none(ends: tuple[object, object, object]) -> None:
    assert Steps.between(*ends) is None


def test_sliders_tell_their_steps() -> None:
    minutes = da.input(pn.widgets.IntSlider, start=1, end=120, value=15)
    share = da.input(pn.widgets.RangeSlider, start=0.0, end=1.0, step=0.05, value=(0.1, 0.2))
    words = da.input(pn.widgets.TextInput, value="a")
    assert minutes.kind.steps() == Steps("number", 1, 1, 119)  # pyright: ignore[reportAttributeAccessIssue]
    assert share.kind.steps() == Steps("number", 0, 5, 20, 100)  # pyright: ignore[reportAttributeAccessIssue]
    assert words.kind.steps() is None  # pyright: ignore[reportAttributeAccessIssue]


@given(
    st.sampled_from([Steps("number", 0, 1, 20), Steps("number", -3.7, 0.31, 40), Steps("number", 0, 7, 30, 100)]),
    st.lists(st.floats(-10, 40) | st.sampled_from([math.nan, math.inf, -math.inf]), min_size=2, max_size=20),
)
def test_no_step_divides_the_numbers_of_a_bin(steps: Steps, numbers: list[float]) -> None:
    values = [(steps.start + at * steps.step) / steps.scale for at in range(steps.count + 1)]
    known = [*numbers, *values]
    query = f"SELECT x, {steps.bin('x')} FROM (SELECT coalesce(unnest($1::DOUBLE[]), 'nan'::DOUBLE) AS x)"
    bins: dict[int, list[float]] = {}
    for number, at in duckdb.connect().execute(query, [known]).fetchall():
        bins.setdefault(at, []).append(math.nan if number is None else number)  # the driver takes NaN for NULL
    assert steps.are_exact()
    for inside in bins.values():
        for step in values:  # NaN is greater than all numbers, as in the engine
            assert len({(math.isnan(one) or one > step, one >= step or math.isnan(one)) for one in inside}) == 1


@given(st.integers(-50, 50), st.integers(1, 9), st.integers(1, 20), st.lists(st.integers(-99, 299), min_size=1))
def test_no_step_divides_the_whole_numbers_of_a_bin(start: int, step: int, count: int, numbers: list[int]) -> None:
    steps = Steps("number", start, step, count)
    put = steps.whole_bin
    assert put is not None
    bins: dict[int, list[int]] = {}
    query = f"SELECT x, {put('x')} FROM (SELECT unnest($1::BIGINT[]) AS x)"
    for number, at in duckdb.connect().execute(query, [numbers]).fetchall():
        bins.setdefault(at, []).append(number)
    for inside in bins.values():
        for value in range(start, start + step * count + 1, step):
            assert len({(one > value, one >= value) for one in inside}) == 1
