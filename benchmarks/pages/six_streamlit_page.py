"""The same slider over the same six views in Streamlit.

As its documentation has it, what all sessions share is a cached resource, what a query gives is cached by its value,
and the script runs anew at each move.
"""

import altair as alt
import duckdb
import streamlit as st  # pyright: ignore[reportMissingImports] - whoever compares with it installs it
from six_views import FILES, FIRST, GROUPS, LAST, STEP, draw, query

st.set_page_config(layout="wide")


@st.cache_resource
def connect():
    connection = duckdb.connect()
    connection.execute(f"CREATE TABLE trades AS FROM read_parquet({FILES})")
    return connection


@st.cache_data(max_entries=1000)
def answer(view, least):
    return connect().cursor().execute(query(view), {"least": least}).df()


least = st.slider("least", FIRST, LAST, FIRST, STEP)
for row in (list(GROUPS)[:3], list(GROUPS)[3:]):
    for column, view in zip(st.columns(3), row, strict=True):
        column.altair_chart(draw(alt.Chart(answer(view, least)), view))
