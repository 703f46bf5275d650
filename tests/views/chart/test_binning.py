import json
from typing import Any

import pytest
import vl_convert
from hypothesis import given, settings
from hypothesis import strategies as st

from dataapp.views.chart.binning import bins, definition_to_binning


def _bins_of_vega(low: float, high: float, options: dict[str, Any]) -> tuple[float, float, float]:
    """Return the bins that Vega draws as an axis label: start, step and stop."""
    spec = {
        "$schema": "https://vega.github.io/schema/vega/v6.json",
        "data": [
            {
                "name": "d",
                "values": [{"x": low}, {"x": high}],
                "transform": [{"type": "bin", "field": "x", "extent": [low, high], "signal": "b"} | options],
            }
        ],
        "marks": [{"type": "text", "encode": {"enter": {"text": {"signal": "b.start + ' ' + b.step + ' ' + b.stop"}}}}],
    }
    svg = vl_convert.vega_to_svg(json.dumps(spec))
    start, step, stop = svg.rpartition("</text>")[0].rpartition(">")[2].split()
    return float(start), float(step), float(stop)


ends = st.floats(-1e6, 1e6).map(lambda value: round(value, 3))


@settings(max_examples=30)
@given(
    low=ends,
    span=st.floats(0, 1e5).map(lambda value: round(value, 3)),
    options=st.fixed_dictionaries({"maxbins": st.integers(2, 60)}),
)
def test_bins_are_those_of_vega(low: float, span: float, options: dict[str, Any]) -> None:
    ours = bins(low, low + span, options)
    theirs = _bins_of_vega(low, low + span, options)
    assert ours[:2] == theirs[:2]
    assert ours[2] >= theirs[2]


@pytest.mark.parametrize(
    "bin_", ["binned", {"binned": True}, {"extent": [0, 1]}, {"steps": [1, 2]}, {"anchor": 1}, False]
)
def test_other_bins_are_left_to_vega(bin_: object) -> None:
    assert definition_to_binning("x", "x", bin_, "p") is None


def test_fewer_bins_in_colours_than_on_axes() -> None:
    made = [definition_to_binning("x", channel, True, "p") for channel in ("x", "color", "strokeDash")]
    assert [dict(binning.options)["maxbins"] for binning in made if binning] == [10, 6, 4]
