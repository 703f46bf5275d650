"""Cells in every kind of layout, values of every kind, and counts of what ran; the page is chosen by `?page=`."""

import gc
import threading
from collections import Counter

import altair as alt
import pandas as pd
import panel as pn
import polars as pl

import dataapp as da
from dataapp.engines.duckdb import Reader

page = pn.state.session_args.get("page", [b"layouts"])[0].decode()
ran: Counter[str] = pn.state.cache.setdefault("ran", Counter())  # of the process, as the tests ask

n = da.input(pn.widgets.IntInput, value=1)
rows = da.sql("SELECT range AS row, 'value ' || (range * $n) AS text FROM range(3)")
numbers = da.sql("SELECT range AS x, range * $n AS y FROM range(5)")


@da.cell
def number(n: int) -> int:
    return n


@da.cell
def text(n: int) -> str:
    return f"**bold** {n} <b>tag</b> ![picture](http://example.invalid/a.png)"


@da.cell
def address(n: int) -> str:
    return "http://example.invalid/picture.png"


@da.cell
def nothing(n: int) -> None:
    return None


@da.cell
def polars_frame(n: int) -> pl.DataFrame:
    return pl.DataFrame({"polars": [n]})


@da.cell
def pandas_frame(n: int) -> pd.DataFrame:
    return pd.DataFrame({"pandas": [n]})


@da.cell
def chart(n: int) -> alt.Chart:
    frame = pl.DataFrame({"x": ["a", "b"], "y": [n, 2 * n]})
    return alt.Chart(frame).mark_bar().encode(x="x:N", y=alt.Y("y:Q").scale(domain=[0, 20]))


@da.cell
def panel_object(n: int) -> pn.Column:
    return pn.Column(pn.pane.Markdown(f"inside a column: {n}"))


@da.cell
def mapping(n: int) -> dict[str, object]:
    return {"key": n, "<b>markup</b>": "<i>x</i>"}


@da.cell
def changing(n: int) -> object:
    return [n, f"text {n}", pl.DataFrame({"frame": [n]}), None][n % 4]


@da.cell
def hidden(n: int) -> str:
    ran["hidden"] += 1
    return f"hidden {n}"


@da.cell
def removed(n: int) -> str:
    ran["removed"] += 1
    return f"removed {n}"


@da.cell(run="button")
def pressed(n: int) -> str:
    ran["pressed"] += 1
    return f"pressed {n}"


@da.cell
def below_pressed(pressed: str) -> str:
    return f"below {pressed}"


gate: threading.Event = pn.state.cache.setdefault("gate", threading.Event())


@da.cell
def slow(n: int) -> str:
    ran[f"slow {n}"] += 1
    if n == 2:
        gate.wait(60)
    return f"slow {n}"


@da.cell
def size(n: int) -> int:
    return 10_000_000 if n == 2 else 3


endless = da.sql(
    "SELECT 'counted ' || $n AS word, sum(a.range * b.range % 7) AS total FROM range($size) a, range($size) b"
)


def layouts() -> pn.viewable.Viewable:
    grid = pn.GridSpec(height=300, sizing_mode="stretch_width")
    grid[0, 0] = rows
    grid[0, 1] = number
    return pn.Column(
        n,
        pn.Column(rows, css_classes=["in-column"]),
        pn.Row(rows, number, css_classes=["in-row"]),
        pn.FlexBox(rows, css_classes=["in-flexbox"]),
        pn.Card(rows, title="Card", css_classes=["in-card"]),
        pn.Column(grid, css_classes=["in-grid"]),
        pn.Tabs(("Rows", rows), css_classes=["in-tabs"]),
    )


def values() -> pn.viewable.Viewable:
    cells = [number, text, address, nothing, polars_frame, pandas_frame, chart, panel_object, mapping, changing]
    return pn.Column(n, *[pn.Column(cell, css_classes=[f"of-{cell.label}"]) for cell in cells])


def tabs() -> pn.viewable.Viewable:
    return pn.Column(n, pn.Tabs(("Shown", number), ("Hidden", hidden), dynamic=True), counts())


def removal() -> pn.viewable.Viewable:
    column = pn.Column(number, removed)
    button = pn.widgets.Button(name="Remove", on_click=lambda _: column.pop(1))
    return pn.Column(n, column, button, counts())


def states() -> pn.viewable.Viewable:
    opened = pn.widgets.Button(name="Open gate", on_click=lambda _: gate.set())
    cells = [slow, pressed, below_pressed]
    return pn.Column(n, opened, *[pn.Column(cell, css_classes=[f"of-{cell.label}"]) for cell in cells], counts())


def interrupted() -> pn.viewable.Viewable:
    return pn.Column(n, pn.Column(endless, css_classes=["of-endless"]), counts())


def counts() -> pn.viewable.Viewable:
    """A button that says what has run in this process, and how many queries run now."""
    said = pn.pane.Str("", css_classes=["counts"])

    def count(event: object) -> None:
        queries = sum(isinstance(thing, Reader) and thing.interrupts.is_running for thing in gc.get_objects())
        said.object = f"{button.clicks}: {dict(ran)}, queries: {queries}"

    button = pn.widgets.Button(name="Count", on_click=count)
    return pn.Column(button, said)


def material() -> pn.viewable.Viewable:
    return da.App("Screen", sidebar=[n], main=[rows, [number, text], pn.Tabs(("Chart", chart))]).page


if pn.state.served:
    {
        "layouts": layouts,
        "values": values,
        "tabs": tabs,
        "removal": removal,
        "states": states,
        "interrupted": interrupted,
        "material": material,
    }[page]().servable()
