"""The first visitors of a server come at once: each gets the whole page."""

import threading
from typing import Any

from benchmarks.viewers import Viewers

_APP = """
import altair as alt
import panel as pn
import polars as pl

import dataapp as da

names = da.sql("SELECT unnest(['a', 'b', 'c']) AS name")
chosen = da.input(pn.ui.MultiChoice, options=names)
n = da.input(pn.ui.IntSlider, start=1, end=50, value=10)
numbers = da.sql("SELECT range AS x, range * $n AS y, ['a', 'b', 'c'][range % 3 + 1] AS name FROM range(1000)")
line = da.chart(numbers).mark_line().encode(x="x:Q", y=alt.Y("y:Q").scale(zero=False), color="name:N")


@da.cell(numbers=numbers)
def said(numbers: pl.DataFrame) -> str:
    return f"{numbers.height} rows"


da.App("First", sidebar=[chosen, n], main=[line, said, numbers]).servable()
"""


def test_visitors_of_a_fresh_server_each_get_the_page(serve: Any) -> None:
    served = serve(_APP)
    viewers = [Viewers(served.url) for _ in range(3)]
    threads = [threading.Thread(target=one.open, args=(1,)) for one in viewers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for one in viewers:
        one.close()
    assert "Traceback" not in served.log(), served.log()[-3000:]
    assert "partially initialized" not in served.log(), served.log()[-3000:]
