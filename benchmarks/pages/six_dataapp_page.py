"""A slider over six views in `dataapp`."""

import panel as pn
from facts import cube_facts
from six_views import FILES, FIRST, GROUPS, LAST, STEP, draw, query

import dataapp as da

trades = da.source(FILES)
least = da.input(pn.widgets.IntSlider, name="least", start=FIRST, end=LAST, step=STEP, value=FIRST)
cells = {view: da.sql(query(view), trades=trades, least=least, name=view) for view in GROUPS}
charts = [draw(da.chart(cell), view) for view, cell in cells.items()]
pn.Column(least, pn.GridBox(*charts, ncols=3), cube_facts(list(cells.values()))).servable()
