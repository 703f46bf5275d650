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
    import six_views as six

    return alt, duckdb, mo, six


@app.cell
def _(duckdb, six):
    connection = duckdb.connect()
    connection.execute(f"CREATE TABLE trades AS FROM read_parquet({six.FILES})")
    return (connection,)


@app.cell
def _(mo, six):
    least = mo.ui.slider(six.FIRST, six.LAST, six.STEP, value=six.FIRST, label="least")
    mo.hstack([least])
    return (least,)


@app.cell
def _(alt, connection, least, mo, six):
    def chart(view):
        rows = connection.execute(six.query(view), {"least": least.value}).df()
        return six.draw(alt.Chart(rows), view)

    charts = [chart(view) for view in six.GROUPS]
    mo.vstack([mo.hstack(charts[:3]), mo.hstack(charts[3:])])
    return


if __name__ == "__main__":
    app.run()
