"""The same file in Panel's Tabulator, which takes a Pandas frame and sends the browser a page of it at a time."""

import os

import pandas as pd
import panel as pn

pn.extension("tabulator")


def read():
    frame = pd.read_parquet(os.environ["BENCHMARK_TABLE"])
    return frame.astype({"fee": float})  # decimals end the page: Bokeh cannot send them


frame = pn.state.as_cached("frame", read)
pn.widgets.Tabulator(frame, pagination="remote", page_size=20, show_index=False, height=600, width=1300).servable()
