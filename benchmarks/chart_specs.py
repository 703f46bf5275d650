"""The charts of the benchmarks, over the table of the explorer's, and the same questions as SQL.

`charts` aggregate, `points` have more rows than pixels, and `pictures` are those that a browser draws: some of both, a
line by minutes and candles. This module knows Altair alone: other environments import it, too.
"""

from collections.abc import Mapping
from typing import cast

import altair as alt

COLUMNS = ("at", "symbol", "price", "size", "venue", "is_buy")  # that some chart reads

QUESTIONS = {
    "histogram": (
        "SELECT floor((price - 100) / 5) AS bin, count(*) AS rows, min(price) AS low"
        " FROM orders GROUP BY bin ORDER BY bin"
    ),
    "grouped bars": (
        "SELECT symbol, venue, sum(size) AS size FROM orders GROUP BY symbol, venue ORDER BY symbol, venue"
    ),
    "line by hours": (
        "SELECT date_trunc('hour', \"at\") AS hour, avg(price) AS price FROM orders GROUP BY hour ORDER BY hour"
    ),
    "filter and calculate": (
        "SELECT symbol, sum(price * size) AS volume FROM orders"
        " WHERE price > 150 AND is_buy GROUP BY symbol ORDER BY symbol"
    ),
    "share of a total": (
        "SELECT symbol, size, size / sum(size) OVER () AS share"
        " FROM (SELECT symbol, sum(size) AS size FROM orders GROUP BY symbol) ORDER BY symbol"
    ),
}


def charts(base: alt.Chart) -> Mapping[str, alt.Chart]:
    """Return the chart of each question over the same data."""
    bought = base.transform_filter("datum.price > 150 && datum.is_buy")
    sizes = base.transform_aggregate(size="sum(size)", groupby=["symbol"])
    return {
        "histogram": base.mark_bar().encode(x=alt.X("price:Q").bin(maxbins=20), y="count()"),
        "grouped bars": base.mark_bar().encode(x="symbol:N", y="sum(size):Q", color="venue:N"),
        "line by hours": base.mark_line().encode(x="yearmonthdatehours(at):T", y="mean(price):Q"),
        "filter and calculate": bought.transform_calculate(volume="datum.price * datum.size")
        .mark_bar()
        .encode(x="symbol:N", y="sum(volume):Q"),
        "share of a total": sizes.transform_joinaggregate(total="sum(size)")
        .transform_calculate(share="datum.size / datum.total")
        .mark_bar()
        .encode(x="symbol:N", y="share:Q"),
    }


WIDTH, HEIGHT = 1200, 300  # of a picture, in pixels

POINT_QUESTIONS = {
    "scatter plot": (
        "WITH e AS (SELECT min(price) AS a, max(price) AS b, min(size) AS c, max(size) AS d FROM orders)"
        " SELECT floor((price - a) / (b - a) * 300)::INT AS i, floor((size - c) / (d - c) * 75)::INT AS j,"
        " count(*) AS n"
        " FROM orders, e GROUP BY i, j"
    ),
    "line": (
        'WITH e AS (SELECT min("at") AS a, max("at") AS b FROM orders)'
        ' SELECT floor(2000 * (epoch_ms("at") - epoch_ms(a)) / (epoch_ms(b) - epoch_ms(a)))::INT AS i,'
        ' min("at"), max("at"), arg_min(price, "at"), arg_max(price, "at"), min(price), max(price),'
        ' arg_min("at", price), arg_max("at", price) FROM orders, e GROUP BY i'
    ),
}


def points(base: alt.Chart) -> Mapping[str, alt.Chart]:
    """Return the charts of more rows than pixels."""
    return {
        "scatter plot": base.mark_point().encode(x=alt.X("price:Q").scale(zero=False), y=alt.Y("size:Q")),
        "line": base.mark_line().encode(x="at:T", y="price:Q"),
    }


MINUTES = "SELECT date_trunc('minute', \"at\") AS minute, avg(price) AS price FROM orders GROUP BY minute"
BARS = (
    'SELECT date_trunc(\'hour\', "at") AS bar, arg_min(price, "at") AS open, max(price) AS high,'
    ' min(price) AS low, arg_max(price, "at") AS close'
    " FROM orders WHERE symbol = 'AAPL' GROUP BY bar"
)
MOST_CANDLES = 250

PICTURE_QUESTIONS = {
    "histogram": QUESTIONS["histogram"],
    "grouped bars": QUESTIONS["grouped bars"],
    "minute line": MINUTES,
    "scatter": POINT_QUESTIONS["scatter plot"],
    "candles": (
        f"WITH bars AS ({BARS}), numbered AS"
        " (SELECT *, row_number() OVER (ORDER BY bar) - 1 AS n, count(*) OVER () AS bars FROM bars)"
        " SELECT min(bar) AS place, arg_min(open, n) AS open, max(high) AS high, min(low) AS low,"
        " arg_max(close, n) AS close"
        f" FROM numbered GROUP BY n // greatest(1, ceil(bars / {MOST_CANDLES})::BIGINT) ORDER BY place"
    ),
}
PICTURE_COLUMNS = {  # that each reads; `size` is what a slider filters
    "histogram": ("price", "size"),
    "grouped bars": ("symbol", "venue", "size"),
    "minute line": ("at", "price", "size"),
    "scatter": ("price", "size"),
    "candles": ("at", "symbol", "price", "size"),
}


def picture(name: str, base: alt.Chart) -> alt.TopLevelMixin:
    """Return the chart of a picture over the orders; of candles, over a row per candle."""
    match name:
        case "histogram" | "grouped bars":
            chart = charts(base)[name]
        case "minute line":
            chart = base.mark_line().encode(x="yearmonthdatehoursminutes(at):T", y="mean(price):Q")
        case "scatter":
            chart = points(base)["scatter plot"]
        case _:
            return _candles(base)
    return chart.properties(width=WIDTH, height=HEIGHT)


def _candles(base: alt.Chart) -> alt.LayerChart:
    rises = alt.datum.close >= alt.datum.open
    along = base.encode(
        x=alt.X("place:O").axis(labelOverlap="greedy"),
        color=alt.condition(rises, alt.value("#2a9d6f"), alt.value("#d1443c")),
    )
    wicks = along.mark_rule().encode(y=alt.Y("low:Q").scale(zero=False), y2="high:Q")
    bodies = along.mark_bar(minBandSize=2).encode(y="open:Q", y2="close:Q")
    return cast("alt.LayerChart", alt.layer(wicks, bodies).properties(width=WIDTH, height=HEIGHT))
