"""A slider over a table or a chart, in `dataapp`: `?show=table` or `?show=chart`."""

from functools import partial

import altair as alt
import panel as pn
from clock import raw_clock
from facts import cube_facts
from questions import CHART, FILES, FIRST, LAST, STEP, TABLE, Raw

import dataapp as da

show = pn.state.session_args["show"][-1].decode()

trades = da.source(FILES)
least = da.input(pn.widgets.IntSlider, name="least", start=FIRST, end=LAST, step=STEP, value=FIRST)
table = da.sql(TABLE)
weeks = da.sql(CHART)

if show == "table":
    view = table
else:
    view = da.chart(weeks).mark_line().encode(x="week:T", y="volume:Q", color=alt.Color("symbol:N"))
pn.Column(least, view, raw_clock(partial(Raw().time, show)), cube_facts([table, weeks])).servable()
