"""Charts in the manner of Altair's gallery have the same picture over a cell as over its rows in Altair alone."""

import inspect
import re
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

import altair as alt
import pytest
from altair.typing import ChartType

import dataapp as da
from dataapp.cells.cell import Cell
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
_PRECISION = 0.0011  # of coordinates and labels: Vega rounds to three digits, which a last digit of a sum may decide


def drawn(name: str, over: Callable[[str], alt.Chart], to: Path) -> str:
    """Draw a chart over data sets, by Altair's own ``save``, which charts over cells answer by themselves."""
    make = CHARTS[name]
    with alt.data_transformers.enable("default", max_rows=None):
        make(*map(over, inspect.signature(make).parameters)).save(str(to))
    return to.read_text()


@cache
def cell(name: str) -> Cell:
    return da.source(frame(name))


def elements(svg: str) -> list[tuple[str, list[float]]]:
    """Return the elements of a picture without their numbers, and those: sorted, as groups come in any order."""
    lines = _MADE_UP.sub(r"\1\2", svg).replace("><", ">\n<").split("\n")
    return sorted((_NUMBER.sub("0", line), [float(number) for number in _NUMBER.findall(line)]) for line in lines)


@pytest.mark.parametrize("name", CHARTS)
def test_a_chart_over_a_cell_is_drawn_like_altair_alone(name: str, tmp_path: Path) -> None:
    by_cell = drawn(name, lambda rows: da.chart(cell(rows)), tmp_path / "cell.svg")
    alone = drawn(name, lambda rows: alt.Chart(frame(rows)), tmp_path / "alone.svg")
    assert len(by_cell) > 2000  # not only axes
    for found, expected in zip(elements(by_cell), elements(alone), strict=True):
        assert found == (expected[0], pytest.approx(expected[1], rel=0, abs=_PRECISION))
