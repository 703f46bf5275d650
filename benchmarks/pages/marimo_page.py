"""The same file in marimo's table, over a Polars frame."""

import marimo

app = marimo.App(width="full")


@app.cell
def _():
    import os

    import marimo as mo
    import polars as pl

    mo.ui.table(pl.read_parquet(os.environ["BENCHMARK_TABLE"]), page_size=20, selection=None)
    return


if __name__ == "__main__":
    app.run()
