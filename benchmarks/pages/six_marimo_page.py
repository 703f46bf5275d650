"""The same slider over the same six views in marimo: the cell that reads the slider runs anew at each move.

The trades are read into a table of DuckDB once for each session, since a notebook shares nothing with others.
"""

import marimo  # pyright: ignore[reportMissingImports] - whoever compares with it installs it

app = marimo.App(width="full")


@app.cell
def _():
    import sys
    from pathlib import Path

    sys.path.insert(0, str(Path(__file__).parent))

    import altair as alt
    import duckdb
    import marimo as mo  # pyright: ignore[reportMissingImports]
    from six_views import FILES, FIRST, GROUPS, LAST, STEP, draw, query

    return FILES, FIRST, GROUPS, LAST, STEP, alt, draw, duckdb, mo, query


@app.cell
def _(FILES, duckdb):
    connection = duckdb.connect()
    connection.execute(f"CREATE TABLE trades AS FROM read_parquet({FILES})")
    return (connection,)


@app.cell
def _(FIRST, LAST, STEP, mo):
    least = mo.ui.slider(FIRST, LAST, STEP, value=FIRST, label="least")
    least
    return (least,)


@app.cell
def _(GROUPS, alt, connection, draw, least, mo, query):
    charts = [draw(alt.Chart(connection.execute(query(view), {"least": least.value}).df()), view) for view in GROUPS]
    mo.vstack([mo.hstack(charts[:3]), mo.hstack(charts[3:])])
    return


if __name__ == "__main__":
    app.run()
