"""The same charts in marimo: `?show=candles&least=3`. It appears when the switch is on."""

import marimo  # pyright: ignore[reportMissingImports] - whoever compares with it installs it

app = marimo.App(width="full")


@app.cell
def _():
    import os

    import altair as alt
    import marimo as mo  # pyright: ignore[reportMissingImports]
    from frames import chart_rows, read

    from benchmarks.chart_specs import picture

    alt.data_transformers.enable("marimo_csv")
    show = mo.query_params()["show"]
    frame = read(os.environ["BENCHMARK_TABLE"], show)
    return alt, chart_rows, frame, mo, picture, show


@app.cell
def _(mo):
    least = mo.ui.slider(start=1, stop=5000, value=int(mo.query_params()["least"]), label="least")
    shown = mo.ui.switch(label="shown")
    mo.hstack([least, shown])
    return least, shown


@app.cell
def _(alt, chart_rows, frame, least, picture, show, shown):
    picture(show, alt.Chart(chart_rows(show, frame, least.value))) if shown.value else None
    return


if __name__ == "__main__":
    app.run()
