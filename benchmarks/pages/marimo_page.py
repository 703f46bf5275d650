"""The same file in marimo's table, over a Polars frame."""

import marimo  # pyright: ignore[reportMissingImports] - whoever compares with it installs it

app = marimo.App(width="full")


@app.cell
def _():
    import os

    import marimo as mo  # pyright: ignore[reportMissingImports]
    import polars as pl

    mo.ui.table(pl.read_parquet(os.environ["BENCHMARK_TABLE"]), page_size=20, selection=None)
    return


if __name__ == "__main__":
    app.run()
