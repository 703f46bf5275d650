"""The same charts in Panel's Vega pane: `?show=candles&least=3`, plain or, with `&peer=vegafusion`, after VegaFusion.

The rows that a chart reads are in memory before it appears. Plain, the pane gets them as a frame, which it sends as
binary arrays; VegaFusion gets them with the chart, the filter in it, and what it makes of both goes into the pane.
"""

import os

import altair as alt
import panel as pn
from frames import chart_rows, read

from benchmarks.chart_specs import picture

pn.extension("vega")
FILE = os.environ["BENCHMARK_TABLE"]
arguments = pn.state.session_args
show = arguments["show"][-1].decode()
is_fused = arguments["peer"][-1] == b"vegafusion"
frame = pn.state.as_cached(f"rows of {show}", lambda: read(FILE, show))


def plain(least):
    rows = chart_rows(show, frame, least)
    spec = picture(show, alt.Chart(alt.Data(name="rows"))).to_dict()
    return spec | {"data": {"values": rows}}


def fused(least):
    if show == "candles":
        chart = picture(show, alt.Chart(chart_rows(show, frame, least)))
    else:
        chart = picture(show, alt.Chart(frame).transform_filter(alt.datum.size >= least))
    with alt.data_transformers.enable("vegafusion", max_rows=None):
        return chart.to_dict(format="vega")


least = pn.widgets.IntSlider(name="least", start=1, end=5000, value=int(arguments["least"][-1]))
shown = pn.widgets.IntInput(name="shown", value=0)
place = pn.Column()
shown.param.watch(lambda event: place.append(pn.pane.Vega(pn.bind(fused if is_fused else plain, least))), "value")
pn.Column(least, shown, place).servable()
