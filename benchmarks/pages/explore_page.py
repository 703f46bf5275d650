"""The page of `dataapp explore` over the trades, with the raw query on demand below it."""

from functools import partial
from pathlib import Path

from clock import raw_clock
from questions import FILES, Raw

from dataapp.workbench.desk import Desk
from dataapp.workbench.history import History
from dataapp.workbench.page import explore_page

page = explore_page(Desk(FILES, History(None), Path.cwd()))
page.main = [*page.main, raw_clock(partial(Raw().time, "table"))]
page.servable()
