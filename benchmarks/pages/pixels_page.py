"""One chart over one file, in `dataapp`: `?show=candles&least=3`. It appears when `shown` is switched on."""

import os

import panel as pn
from clock import raw_clock
from questions import connect, timed

import dataapp as da
from benchmarks.chart_specs import BARS, MINUTES, MOST_CANDLES, PICTURE_QUESTIONS, picture
from dataapp import finance

FILE = os.environ["BENCHMARK_TABLE"]
arguments = pn.state.session_args
show = arguments["show"][-1].decode()
first = int(arguments["least"][-1])

every = da.source(FILE)
least = da.input(pn.widgets.IntSlider, name="least", start=1, end=5000, value=first)
orders = da.sql("FROM every WHERE size >= $least")
minutes = da.sql(MINUTES)
bars = da.sql(BARS)

if show == "candles":
    view = finance.candlestick(bars, most=MOST_CANDLES)
elif show == "minute line":
    view = da.chart(minutes).mark_line().encode(x="minute:T", y="price:Q").properties(width=1200, height=300)
else:
    view = picture(show, da.chart(orders))

shown = pn.widgets.IntInput(name="shown", value=0)
place = pn.Column(sizing_mode="stretch_width")
shown.param.watch(lambda event: place.append(view), "value")
raw = connect()
raw.execute(f"SET VARIABLE least = {first}")
raw.execute(f"CREATE VIEW orders AS FROM '{FILE}' WHERE size >= getvariable('least')")


def by_hand(value: int) -> float:
    raw.execute(f"SET VARIABLE least = {value}")
    return timed(lambda: raw.execute(PICTURE_QUESTIONS[show]))


pn.Column(least, shown, place, raw_clock(by_hand), sizing_mode="stretch_width").servable()
