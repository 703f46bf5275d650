"""Six views that filter each other: `?of=flights` or `?of=trades`, whose files `BENCHMARK_TABLE` names.

Each view but the last selects.
"""

import os

import altair as alt
import panel as pn
from facts import cube_facts

import dataapp as da

table = da.source(os.environ["BENCHMARK_TABLE"].split(os.pathsep))
count = alt.Y("count()", title=None)


def bars(cell, column, bins):
    x = alt.X(f"{column}:Q").bin(maxbins=bins)
    return da.chart(cell).mark_bar().encode(x=x, y=count).properties(width=340, height=150)


if pn.state.session_args["of"][-1] == b"flights":
    flown = da.sql(
        """
        SELECT date_trunc('day', sched_dep) AS day, hour(sched_dep) + minute(sched_dep) / 60 AS time, carrier,
            distance, greatest(-30, least(180, dep_delay)) AS dep_delay,
            greatest(-60, least(180, arr_delay)) AS arr_delay
        FROM table_ WHERE arr_delay IS NOT NULL
        """,
        table_=table,
    )
    days = da.chart(flown).mark_area().encode(x="day:T", y=count).properties(width=340, height=150)
    views = [
        da.brush(bars(flown, "dep_delay", 40), x="dep_delay"),
        da.brush(bars(flown, "time", 24), x="time"),
        da.brush(bars(flown, "arr_delay", 40), x="arr_delay"),
        da.brush(bars(flown, "distance", 40), x="distance"),
        da.brush(days, x="day"),
    ]
    groups = da.sql("SELECT carrier, avg(arr_delay) AS mean, count(*) AS n FROM flown GROUP BY carrier", flown=flown)
    last = da.chart(groups).mark_bar().encode(x="carrier:N", y="mean:Q", tooltip="n:Q")
else:
    traded = da.sql(
        """
        SELECT date_trunc('week', ts) AS week, hour(ts) + minute(ts) / 60 AS time, symbol, side, price,
            log10(size) AS digits, size
        FROM table_
        """,
        table_=table,
    )
    weeks = da.chart(traded).mark_area().encode(x="week:T", y=count).properties(width=340, height=150)
    sides = da.chart(traded).mark_bar().encode(x="sum(size):Q", y="side:N").properties(width=340, height=150)
    views = [
        da.brush(bars(traded, "time", 24), x="time"),
        da.brush(weeks, x="week"),
        da.brush(bars(traded, "price", 40), x="price"),
        da.brush(bars(traded, "digits", 40), x="digits"),
        da.pick(sides, "side"),
    ]
    groups = da.sql("SELECT symbol, avg(price) AS mean, count(*) AS n FROM traded GROUP BY symbol", traded=traded)
    last = da.chart(groups).mark_bar().encode(x="symbol:N", y="mean:Q", tooltip="n:Q")

cross = da.crossfilter(*views, last.properties(width=340, height=150))
pn.Column(
    cross.bar, pn.GridBox(*cross, ncols=3), cube_facts([], cross.bar.members), sizing_mode="stretch_width"
).servable()
