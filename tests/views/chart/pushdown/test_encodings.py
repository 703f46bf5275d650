"""Groups that the engine makes of encodings are drawn like those that Vega makes, of views from a generator."""

import re

import altair as alt
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dataapp.views.chart.plan import chart_to_plan
from dataapp.views.chart.pushdown.transforms import AGGREGATES
from dataapp.views.chart.schema import chart
from tests.views.chart.drawing import draw
from tests.views.chart.pushdown.evaluation import plain_spec, planned_spec
from tests.views.chart.pushdown.generator import TIME_UNITS, Encodings, encodings

_SEEDS = range(400)
_STEP = 50
# It tells the first point, which may be one of several that have no place.
_LABEL_OF_LINE = re.compile(r'aria-label="[^"]*" (role="graphics-symbol" aria-roledescription="line mark")')


def view_of(made: Encodings) -> alt.Chart:
    columns = made.relation.columns()
    view = chart("rows", lambda: columns)
    view.transform = made.transforms
    return getattr(view, f"mark_{made.mark}")().encode(
        **{channel: getattr(alt, channel.capitalize()).from_dict(wanted) for channel, wanted in made.channels.items()}
    )


def check(seed: int) -> None:
    made = encodings(seed)
    view = view_of(made)
    by_plan, by_vega = (
        _LABEL_OF_LINE.sub(r"\1", draw(make(view, made.relation), {})) for make in (planned_spec, plain_spec)
    )
    assert by_plan == by_vega, f"{seed}: {made.mark} {made.channels} {made.transforms}"


@pytest.mark.parametrize("first", range(_SEEDS.start, _SEEDS.stop, _STEP))
def test_groups_of_the_engine_are_drawn_like_those_of_vega(first: int) -> None:
    for seed in range(first, first + _STEP):
        check(seed)


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(seed=st.integers(1000, 2**40))
def test_any_groups_of_the_engine_are_drawn_like_those_of_vega(seed: int) -> None:
    check(seed)


def test_the_generator_needs_every_aggregate_and_time_unit() -> None:
    used = set().union(*(encodings(seed).uses for seed in _SEEDS))
    assert {*AGGREGATES, *TIME_UNITS, "bin", "timeUnit", "plain"} - used == set()


def test_most_of_its_views_are_grouped_in_the_engine() -> None:
    works = [
        work
        for made in map(encodings, _SEEDS)
        for view in [view_of(made)]
        for works in chart_to_plan(view, {view.data: made.relation.columns()}).works.values()
        for work in works
    ]
    assert sum("aggregates" in work.in_engine for work in works) > 0.8 * len(works)
