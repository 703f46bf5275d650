"""Trading desk: bars, VWAP and movers for any symbol."""

import altair as alt
import dataapp as da
import panel as pn
import polars as pl

trades = da.source("../sample_data/trades/*.parquet")

symbols = da.input(pn.widgets.MultiChoice, options=da.sql("SELECT DISTINCT symbol FROM trades ORDER BY 1"))
minutes = da.input(pn.widgets.IntSlider, start=1, end=120, value=15)

chosen = da.match("symbol", symbols)                    # nothing chosen means every symbol
selected = da.sql("FROM trades WHERE $chosen")
bars = da.sql("""
    SELECT symbol, time_bucket(to_minutes($minutes), ts) AS bar,
           first(price ORDER BY ts) AS open, max(price) AS high, min(price) AS low,
           last(price ORDER BY ts) AS close, sum(size) AS volume
    FROM selected GROUP BY ALL ORDER BY bar
""")


@da.cell
def momentum(bars: pl.DataFrame, window: int = 20) -> pl.DataFrame:
    """Rolling mean of the close, per symbol."""
    return bars.with_columns(mean=pl.col("close").rolling_mean(window).over("symbol"))


price = da.chart(bars).mark_line().encode(x="bar:T", y=alt.Y("close:Q").scale(zero=False), color="symbol:N")
brush = da.brush(price, x="ts")                         # drag along x: a predicate on column ts of whoever reads it
tape = da.sql("FROM selected WHERE $brush ORDER BY ts")

da.App("Trading desk", sidebar=[symbols, minutes], main=[price, momentum, da.explore(tape)]).servable()
