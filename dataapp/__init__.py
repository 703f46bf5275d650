"""Reactive data apps in plain Python: SQL cells next to Panel widgets, Polars, Arrow and Altair.

Public names are loaded on first use, which also lets Panel show cells: ``import dataapp`` alone costs nothing. In a
notebook the import does both at once, and ``%load_ext dataapp`` adds ``%%sql``.
"""

import importlib
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dataapp.app.page import App as App
    from dataapp.cells.predicate import match as match
    from dataapp.cells.python import cell as cell
    from dataapp.cells.sql import sql as sql
    from dataapp.connect.connection import connect as connect
    from dataapp.connect.source import source as source
    from dataapp.errors import DataAppError as DataAppError
    from dataapp.inputs.declare import input as input  # noqa: A004  # users write da.input
    from dataapp.inputs.user import user as user
    from dataapp.views.charts import brush as brush
    from dataapp.views.charts import chart as chart
    from dataapp.views.charts import explain as explain
    from dataapp.views.charts import pick as pick
    from dataapp.views.crossfiltering import crossfilter as crossfilter
    from dataapp.views.exploring import explore as explore

_PUBLIC = {
    "App": "dataapp.app.page",
    "DataAppError": "dataapp.errors",
    "brush": "dataapp.views.charts",
    "cell": "dataapp.cells.python",
    "chart": "dataapp.views.charts",
    "connect": "dataapp.connect.connection",
    "crossfilter": "dataapp.views.crossfiltering",
    "explain": "dataapp.views.charts",
    "explore": "dataapp.views.exploring",
    "input": "dataapp.inputs.declare",
    "match": "dataapp.cells.predicate",
    "pick": "dataapp.views.charts",
    "source": "dataapp.connect.source",
    "sql": "dataapp.cells.sql",
    "user": "dataapp.inputs.user",
}

__all__ = [
    "App",
    "DataAppError",
    "brush",
    "cell",
    "chart",
    "connect",
    "crossfilter",
    "explain",
    "explore",
    "input",
    "match",
    "pick",
    "source",
    "sql",
    "user",
]
__version__ = "0.1.0"


class _Package(ModuleType):
    """Keeps ``dataapp.connect`` the function: importing the folder of that name would bind the name to the folder."""

    def __setattr__(self, name: str, value: object) -> None:
        if not (name in _PUBLIC and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module 'dataapp' has no attribute {name!r}")
    importlib.import_module("dataapp.app.bootstrap")
    thing = getattr(importlib.import_module(_PUBLIC[name]), name)
    globals()[name] = thing
    return thing


def __dir__() -> list[str]:
    return sorted({*globals(), *_PUBLIC})


def load_ipython_extension(shell: Any) -> None:
    """Add ``%sql`` and ``%%sql`` to a notebook; IPython calls this for ``%load_ext dataapp``."""
    importlib.import_module("dataapp.notebook.extension").load(shell)


def unload_ipython_extension(shell: Any) -> None:
    """Take them away again; IPython calls this for ``%unload_ext dataapp``."""
    importlib.import_module("dataapp.notebook.extension").unload(shell)


def _start_in_notebook() -> None:
    ipython: Any = sys.modules.get("IPython")  # where IPython was never imported, nothing is a notebook
    shell = None if ipython is None else ipython.get_ipython()
    if hasattr(shell, "kernel"):
        importlib.import_module("dataapp.notebook.extension").start(shell)


_start_in_notebook()
