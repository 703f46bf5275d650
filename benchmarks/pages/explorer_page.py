"""One file in the table explorer."""

import os

import panel as pn

import dataapp as da

pn.Column(da.explore(da.source(os.environ["BENCHMARK_TABLE"]), height=600), sizing_mode="stretch_width").servable()
