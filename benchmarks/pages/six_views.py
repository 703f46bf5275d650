"""Six bar charts of the trades of some size or more: the same questions and the same charts for every framework.

Imported by pages that run without `dataapp`, too. Each bar carries its number, so that a benchmark can read what is
drawn.
"""

import os

import altair as alt

FILES = os.environ.get("BENCHMARK_TRADES", "").split(os.pathsep)
FIRST, STEP, LAST = 100, 100, 40_000

GROUPS = {
    "symbol": ("symbol", "count(*)"),
    "side": ("side", "sum(size)"),
    "hour": ("hour(ts)::VARCHAR", "count(*)"),
    "year": ("year(ts)::VARCHAR", "sum(size)"),
    "weekday": ("dayname(ts)", "count(*)"),
    "price": ("(50 * floor(price / 50))::INTEGER::VARCHAR", "count(*)"),
}


def query(view: str) -> str:
    """Return the question of a view."""
    name, value = GROUPS[view]
    return (
        f"SELECT {name} AS name, ({value})::BIGINT AS value FROM trades WHERE size >= $least GROUP BY ALL ORDER BY ALL"
    )


def draw(chart: alt.Chart, view: str) -> alt.LayerChart | alt.FacetChart:
    """Return the bars of a view, with their numbers."""
    x = alt.X("name:N", title=view, sort=None)
    bars = chart.mark_bar().encode(x=x, y=alt.Y("value:Q", title=None))
    texts = chart.mark_text(dy=-6, fontSize=8).encode(x=x, y="value:Q", text=alt.Text("value:Q", format="d"))
    return (bars + texts).properties(width=340, height=160)
