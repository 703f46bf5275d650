"""Charts in the manner of Altair's gallery have the same picture over a cell as over its rows in Altair alone.

The elements of both pictures are the same but for their order, and for the last of the three digits to which Vega
rounds what it draws, as sums depend on the order of their terms. Their order shows where marks cover each other; so the
pictures are compared by pixels as well, of which few may differ: where two colours meet, they are blended in turn.
"""

import inspect
import re
from collections.abc import Callable, Mapping
from functools import cache
from io import BytesIO
from pathlib import Path

import altair as alt
import pytest
import vl_convert
from altair.typing import ChartType
from PIL import Image, ImageChops

import dataapp as da
from dataapp.cells.cell import Cell
from dataapp.views.chart.plan import Work, chart_to_plan
from dataapp.views.chart.schema import find_cell_data
from tests.gallery import bars, compositions, distributions, interactions, lines, points
from tests.gallery.data import frame

CHARTS: Mapping[str, Callable[..., ChartType]] = {
    name: made
    for module in (bars, distributions, lines, points, compositions, interactions)
    for name, made in vars(module).items()
    if inspect.isfunction(made) and made.__module__ == module.__name__
}
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e-?\d+)?")
_MADE_UP = re.compile(r"(gradient_|clip)\d+|(view_)[0-9a-f]{16}")  # names that are others in each picture
_PRECISION = 0.0011  # of coordinates and labels
_OTHER_SHADE = 8  # of 255, from which on a pixel is another
_MOST_OTHER_PIXELS = 0.005  # of all


def make(name: str, over: Callable[[str], alt.Chart]) -> ChartType:
    """Make a chart over data sets."""
    return CHARTS[name](*map(over, inspect.signature(CHARTS[name]).parameters))


def drawn(name: str, over: Callable[[str], alt.Chart], to: Path) -> str:
    """Draw a chart over data sets, by Altair's own ``save``, which charts over cells answer by themselves."""
    with alt.data_transformers.enable("default", max_rows=None):
        make(name, over).save(str(to))
    return to.read_text()


@cache
def cell(name: str) -> Cell:
    return da.source(frame(name))


def over_cell(name: str) -> alt.Chart:
    return da.chart(cell(name))


def elements(svg: str) -> list[tuple[str, list[float]]]:
    """Return the elements of a picture without their numbers, and those: sorted, as groups come in any order."""
    lines = _MADE_UP.sub(r"\1\2", svg).replace("><", ">\n<").split("\n")
    return sorted((_NUMBER.sub("0", line), [float(number) for number in _NUMBER.findall(line)]) for line in lines)


def share_of_other_pixels(one: str, other: str) -> float:
    pixels = [Image.open(BytesIO(vl_convert.svg_to_png(svg))).convert("RGB") for svg in (one, other)]
    red, green, blue = ImageChops.difference(*pixels).split()
    shades = ImageChops.lighter(ImageChops.lighter(red, green), blue).histogram()
    return sum(shades[_OTHER_SHADE + 1 :]) / sum(shades)


@pytest.mark.parametrize("name", CHARTS)
def test_a_chart_over_a_cell_is_drawn_like_altair_alone(name: str, tmp_path: Path) -> None:
    by_cell = drawn(name, over_cell, tmp_path / "cell.svg")
    alone = drawn(name, lambda rows: alt.Chart(frame(rows)), tmp_path / "alone.svg")
    assert len(by_cell) > 2000  # not only axes
    for found, expected in zip(elements(by_cell), elements(alone), strict=True):
        assert found == (expected[0], pytest.approx(expected[1], rel=0, abs=_PRECISION))
    assert share_of_other_pixels(by_cell, alone) < _MOST_OTHER_PIXELS


def works_of(name: str) -> list[Work]:
    chart = make(name, over_cell)
    plan = chart_to_plan(chart, {data: data.columns() for data in find_cell_data(chart)})
    return [work for works in plan.works.values() for work in works]


def test_most_of_the_gallery_is_computed_in_the_engine() -> None:
    """Else the comparison would be of Vega with itself."""
    works = [works_of(name) for name in CHARTS]
    assert sum(any(work.in_engine for work in each) for each in works) > 90
    assert sum(any(work.in_vega for work in each) for each in works) < 45
