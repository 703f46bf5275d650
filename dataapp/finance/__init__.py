"""Charts of markets, as Altair charts over cells: ``from dataapp import finance``.

Each function takes a cell and names of its columns, computes in the engine, fused with what the cell itself reads, and
returns an Altair chart, to which all of Altair applies. Charts along time have one place per bar and none for nights
and weekends, so that they can be laid over each other and put into `panes`.
"""

from dataapp.app import bootstrap as _bootstrap  # noqa: F401  # lets Panel show cells and charts
from dataapp.finance.curves import yield_curve, yield_surface
from dataapp.finance.panes import panes
from dataapp.finance.prices import bollinger_bands, candlestick, line, moving_average, volume
from dataapp.finance.risk import correlation_heatmap, drawdown, returns_distribution

__all__ = [
    "bollinger_bands",
    "candlestick",
    "correlation_heatmap",
    "drawdown",
    "line",
    "moving_average",
    "panes",
    "returns_distribution",
    "volume",
    "yield_curve",
    "yield_surface",
]
