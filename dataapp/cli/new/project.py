"""The files of a new app. Everything runs as it is written: the data lies next to the app."""

import datetime as dt
from collections.abc import Mapping

_APP = '''"""__TITLE__: sales by day and shop."""

import altair as alt
import dataapp as da
import panel as pn
import polars as pl

sales = da.source("sales.csv")

shops = da.input(pn.widgets.MultiChoice, options=da.sql("SELECT DISTINCT shop FROM sales ORDER BY 1"))
days = da.input(pn.widgets.IntSlider, label="Days in the mean", start=1, end=30, value=7)

chosen = da.match("shop", shops)  # nothing chosen means every shop
daily = da.sql("SELECT day, shop, sum(amount) AS amount FROM sales WHERE $chosen GROUP BY ALL ORDER BY shop, day")
products = da.sql("SELECT product, sum(amount) AS amount FROM sales WHERE $chosen GROUP BY ALL ORDER BY amount DESC")


@da.cell
def smoothed(daily: pl.DataFrame, days: int) -> pl.DataFrame:
    """Rolling mean of the amount, per shop."""
    return daily.with_columns(mean=pl.col("amount").rolling_mean(days).over("shop"))


trend = da.chart(smoothed).mark_line().encode(x="day:T", y=alt.Y("mean:Q").title("Mean amount"), color="shop:N")

da.App("__TITLE__", sidebar=[shops, days], main=[trend, products]).servable()
'''

_TEST = '''"""Cells are tested without a server: inputs and tables are given by name."""

import datetime as dt

import polars as pl
from app import daily, products, smoothed

SALES = pl.DataFrame(
    {
        "day": [dt.date(2024, 1, 1), dt.date(2024, 1, 1), dt.date(2024, 1, 2)],
        "shop": ["Oslo", "Rome", "Oslo"],
        "product": ["tea", "tea", "coffee"],
        "amount": [10.0, 20.0, 30.0],
    }
)


def test_no_choice_means_every_shop():
    assert products.evaluate(sales=SALES).sort("product").rows() == [("coffee", 30.0), ("tea", 30.0)]


def test_a_chosen_shop_leaves_the_others_out():
    assert daily.evaluate(sales=SALES, shops=["Oslo"])["amount"].to_list() == [10.0, 30.0]


def test_the_mean_is_per_shop():
    frame = pl.DataFrame({"shop": ["A", "A", "B"], "amount": [1.0, 2.0, 5.0]})
    assert smoothed(frame, days=2)["mean"].to_list() == [None, 1.5, None]
'''

_FIRST = dt.date(2024, 1, 1)
_DAYS = 91
_SHOPS = {"Lisbon": 180, "Oslo": 240, "Rome": 310}
_PRODUCTS = {"coffee": 1.0, "tea": 0.6, "cake": 0.45}


def files_of_project(title: str) -> Mapping[str, str]:
    """Return the text of each file by its name.

    Example:
        >>> list(files_of_project("Sales"))
        ['app.py', 'test_app.py', 'sales.csv']
    """
    return {"app.py": _APP.replace("__TITLE__", title), "test_app.py": _TEST, "sales.csv": _sales()}


def _sales() -> str:
    """Return a quarter of sales: weekends are busier, and each shop grows at its own pace."""
    lines = ["day,shop,product,amount"]
    for number in range(_DAYS):
        day = _FIRST + dt.timedelta(days=number)
        for at, (shop, base) in enumerate(_SHOPS.items()):
            for item, (product, share) in enumerate(_PRODUCTS.items()):
                week = 1.35 if day.weekday() >= 5 else 1.0
                wave = 0.8 + (number * 37 + at * 17 + item * 29) % 41 / 100  # looks like chance, and never changes
                lines.append(f"{day},{shop},{product},{base * share * week * wave * (1 + number * (at + 1) / 700):.2f}")
    return "\n".join(lines) + "\n"
