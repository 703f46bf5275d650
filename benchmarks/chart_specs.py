"""The charts of the benchmark, over the table of the explorer's, and the same questions as SQL.

This module knows Altair alone: other environments import it, too.
"""

from collections.abc import Mapping

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
