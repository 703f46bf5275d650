"""The same slider over the same six views in plain Panel: each chart is a function of the slider.

The trades are read into a table of DuckDB once for all sessions, as Panel's pages on caching have it.
"""

import altair as alt
import duckdb
import panel as pn
from six_views import FILES, FIRST, GROUPS, LAST, STEP, draw, query

pn.extension("vega")


def read() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute(f"CREATE TABLE trades AS FROM read_parquet({FILES})")
    return connection


connection = pn.state.as_cached("trades", read)
least = pn.widgets.IntSlider(name="least", start=FIRST, end=LAST, step=STEP, value=FIRST)


def chart(view, least):
    return draw(alt.Chart(connection.cursor().execute(query(view), {"least": least}).df()), view)


charts = [pn.pane.Vega(pn.bind(chart, view, least)) for view in GROUPS]
pn.Column(least, pn.GridBox(*charts, ncols=3)).servable()
