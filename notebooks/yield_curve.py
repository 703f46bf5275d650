"""Yield curve: what the United States paid to borrow for a month up to thirty years, 1990 to 2017.

Now and then the curve is inverted: a loan for two years costs more than one for ten.
"""

import datetime as dt

import altair as alt
import panel as pn
import polars as pl

import dataapp as da
from dataapp import finance

yields = da.source("../sample_data/treasury_yields.parquet")

# What can be set. On a day without trading, the last one before it counts.
day = da.input(
    pn.ui.DateSlider,
    start=da.sql("SELECT min(date) FROM yields", yields=yields),
    end=da.sql("SELECT max(date) FROM yields", yields=yields),
    value=dt.date(2006, 11, 15),
)
earlier = da.input(
    pn.ui.MultiChoice,
    label="Compare with",
    options={"1 month before": 1, "1 year before": 12, "2 years before": 24, "5 years before": 60},
    value=[12, 24],
)
short = da.input(pn.ui.Select, label="Spread of 10 years over", options=["3 month", "1 year", "2 year"], value="2 year")

# The curve of the chosen day, and those to compare it with.
curves = da.sql(
    """
    WITH chosen AS (SELECT unnest([0] || $earlier)::INTEGER AS ago),
         traded AS (SELECT max(date) AS date FROM chosen JOIN yields ON date <= $day - to_months(ago) GROUP BY ago)
    SELECT date, months, maturity, percent FROM traded JOIN yields USING (date) ORDER BY date, months
    """,
    yields=yields,
    day=day,
    earlier=earlier,
)
curve = finance.yield_curve(curves)

# The curve over time, averaged per quarter in the engine.
surface = finance.yield_surface(yields)

# How much more ten years pay; below zero the curve is inverted.
spreads = da.sql(
    """
    SELECT date, round(any_value(percent) FILTER (maturity = '10 year')
                       - any_value(percent) FILTER (maturity = $short), 2) AS spread
    FROM yields GROUP BY date ORDER BY date
    """,
    yields=yields,
    short=short,
)
slope = (
    da.chart(spreads)
    .mark_area(line={"strokeWidth": 1})
    .encode(x=alt.X("date:T", title=None), y=alt.Y("spread:Q", title="Spread in points"))
    .properties(height=200)
)
period = da.brush(slope)
inversions = da.sql(
    """
    WITH marked AS (SELECT *, sum((spread >= 0)::INTEGER) OVER (ORDER BY date) AS before FROM spreads WHERE $period)
    SELECT min(date) AS first_day, max(date) AS last_day, count(*) AS days, min(spread) AS deepest
    FROM marked WHERE spread < 0 GROUP BY before ORDER BY first_day
    """,
    spreads=spreads,
    period=period,
)


@da.cell(curves=curves, inversions=inversions)
def summary(curves: pl.DataFrame, inversions: pl.DataFrame) -> str:
    """The chosen day and the brushed years in words."""
    latest = curves.filter(pl.col("date") == pl.col("date").max())
    percent = dict(latest.select("maturity", "percent").iter_rows())
    return (
        f"{latest['date'][0]:%-d %B %Y}: 2 years paid {percent['2 year']:.2f} %, 10 years {percent['10 year']:.2f} %. "
        f"Inverted on {inversions['days'].sum():,} days in {inversions.height} spells of the years below."
    )


da.App(
    "Yield curve",
    sidebar=[day, earlier, short, "Drag over years of the spread to list only their inversions."],
    main=[summary, [curve, surface], slope, inversions],
).servable()
