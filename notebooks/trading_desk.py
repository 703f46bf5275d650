"""Trading desk: bars, VWAP and movers for any symbol.

The ticks are synthetic, but the open, high, low, close and volume of each day are those of real daily bars.
"""

from typing import Any

import altair as alt
import panel as pn
import polars as pl

import dataapp as da
from dataapp import finance

trades = da.source("../sample_data/trades/*.parquet")

# What can be set. Options come from the data; nothing chosen means every symbol.
all_symbols = da.sql("SELECT DISTINCT symbol FROM trades ORDER BY 1", trades=trades)
symbols = da.input(pn.ui.MultiChoice, options=all_symbols)
minutes = da.input(pn.ui.IntSlider, label="Minutes per bar", start=5, end=120, step=5, value=30)
size = da.input(pn.ui.IntSlider, label="Minimum size of a trade", start=0, end=5000, step=100, value=0)
scale = da.input(pn.ui.RadioButtonGroup, options=["Change in %", "Price"], value="Change in %")

# Lazy relations: each one is a step, all of them become one query.
chosen = da.match("symbol", symbols)
selected = da.sql("FROM trades WHERE $chosen AND size >= $size", trades=trades, chosen=chosen, size=size)
bars = da.sql(
    """
    SELECT symbol, time_bucket(to_minutes($minutes), ts) AS bar,
           arg_min(price, ts) AS open, max(price) AS high, min(price) AS low, arg_max(price, ts) AS close,
           sum(size)::BIGINT AS volume, sum(price * size) / sum(size) AS vwap
    FROM selected GROUP BY ALL ORDER BY bar, symbol
    """,
    selected=selected,
    minutes=minutes,
)
drawn = da.sql(
    """
    SELECT symbol, bar, volume,
           CASE $scale WHEN 'Price' THEN close
                ELSE 100 * (close / first_value(close) OVER (PARTITION BY symbol ORDER BY bar) - 1) END AS value
    FROM bars
    """,
    bars=bars,
    scale=scale,
)

price = (
    da.chart(drawn)
    .mark_line(strokeWidth=1.4)
    .encode(
        x=alt.X("bar:T", title=None, axis=alt.Axis(labelOverlap=True, labelSeparation=6)),
        y=alt.Y("value:Q", title=None).scale(zero=False),
        color=alt.Color("symbol:N", legend=alt.Legend(orient="top", title=None)),
        tooltip=["symbol:N", "bar:T", alt.Tooltip("value:Q", format=",.2f")],
    )
    .properties(height=300)
)
period = da.brush(price, x="ts")

# What was dragged over in the chart restricts everything below it.
tape = da.sql(
    "SELECT ts, symbol, side, price, size FROM selected WHERE $period ORDER BY ts", selected=selected, period=period
)
ticks = da.explore(tape, height=360)
passing = ticks.filtered  # what somebody filters in the table restricts the chart beside it, too
movers = da.sql(
    """
    SELECT symbol, arg_min(price, ts) AS first, arg_max(price, ts) AS last,
           100 * (last / first - 1) AS change, sum(price * size) / sum(size) AS vwap,
           sum(size)::BIGINT AS volume, count(*) AS trades
    FROM selected WHERE $period GROUP BY symbol ORDER BY change DESC
    """,
    selected=selected,
    period=period,
)
change = (
    da.chart(movers)
    .mark_bar(cornerRadiusEnd=2)
    .encode(
        x=alt.X("change:Q", title="Change in %"),
        y=alt.Y("symbol:N", sort="-x", title=None),
        color=alt.condition("datum.change >= 0", alt.value("#2a9d6f"), alt.value("#d1443c")),
        tooltip=["symbol:N", alt.Tooltip("change:Q", format="+.2f"), alt.Tooltip("vwap:Q", format=",.2f")],
    )
    .properties(height=220)
)
activity = (
    da.chart(passing)
    .mark_bar()
    .encode(
        x=alt.X("hours(ts):O", title="Hour of the day"),
        y=alt.Y("sum(size):Q", title="Shares").axis(labelExpr="replace(format(datum.value, '~s'), 'G', ' bn')"),
        color=alt.Color("symbol:N", legend=None),
    )
    .properties(height=220)
)

# One symbol by itself: candles with an average and a band, the volume, the drawdown, with one crosshair.
shown_symbols = da.sql("SELECT DISTINCT symbol FROM bars ORDER BY 1", bars=bars)
symbol = da.input(pn.ui.Select, label="Candles of", options=shown_symbols)
own = da.sql("FROM bars WHERE symbol = $symbol", bars=bars, symbol=symbol)
candles = finance.bollinger_bands(own) + finance.candlestick(own) + finance.moving_average(own)
candle_panes = finance.panes(candles, finance.volume(own), finance.drawdown(own))
returns = finance.returns_distribution(bars, by="symbol")
correlations = finance.correlation_heatmap(bars)


@da.cell(movers=movers)
def headline(movers: pl.DataFrame) -> pn.FlexBox:
    """Figures over all chosen symbols."""
    if movers.is_empty():
        return pn.FlexBox(pn.pane.Str("No trades match."))
    best, worst = movers.row(0, named=True), movers.row(-1, named=True)
    figures = [
        ("Trades", movers["trades"].sum(), "{value:,}"),
        ("Shares", float(movers["volume"].sum()) / 1e9, "{value:,.2f} bn"),
        ("Best", best["change"], best["symbol"] + " {value:+.1f} %"),
        ("Worst", worst["change"], worst["symbol"] + " {value:+.1f} %"),
    ]
    look: dict[str, Any] = {"title_size": "12px", "font_size": "22px", "default_color": "inherit", "margin": (0, 5)}
    numbers = [
        pn.indicators.Number(name=name, value=value, format=form, styles={"flex": "1 1 150px"}, **look)
        for name, value, form in figures
    ]
    return pn.FlexBox(*numbers, sizing_mode="stretch_width", gap="12px")


@da.cell(bars=bars)
def momentum(bars: pl.DataFrame, window: int = 20) -> pl.DataFrame:
    """Rolling mean of the close, per symbol."""
    return bars.with_columns(mean=pl.col("close").rolling_mean(window).over("symbol"))


da.App(
    "Trading desk",
    sidebar=[symbols, scale, minutes, size],
    main=[
        headline,
        price,
        [change, activity],
        # A tab that is not open asks nothing of the engine.
        pn.ui.Tabs(
            ("Tape", ticks),
            ("Momentum", momentum),
            ("Bars", bars),
            ("Candles", pn.Column(symbol, candle_panes)),
            ("Risk", pn.Column(returns, correlations)),
            dynamic=True,
        ),
    ],
).servable()
