"""The same pages in plain Panel: the slider is bound to a function, whose result a pane shows."""

from functools import partial

import altair as alt
import panel as pn
from clock import raw_clock
from questions import FIRST, LAST, STEP, Raw

pn.extension("tabulator", "vega")
alt.data_transformers.disable_max_rows()

show = pn.state.session_args["show"][-1].decode()
raw = Raw()
least = pn.widgets.IntSlider(name="least", start=FIRST, end=LAST, step=STEP, value=FIRST)


def answer(least):
    return raw.ask(show, least).df()


def chart(least):
    encoded = alt.Chart(answer(least)).mark_line().encode(x="week:T", y="volume:Q", color="symbol:N")
    return encoded.properties(width=900)


if show == "table":
    view = pn.widgets.Tabulator(pn.bind(answer, least), show_index=False)
else:
    view = pn.pane.Vega(pn.bind(chart, least))
pn.Column(least, view, raw_clock(partial(raw.time, show))).servable()
