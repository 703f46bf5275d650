"""Rows in several levels of detail, of which Vega shows the one that fits the width and what is zoomed into.

Candles cannot be thinned: a candle that is left out is a price that never was. They are merged into longer ones, and
how long depends on how many pixels there are for each. All levels that a page may need travel, from as many places
as are allowed to as few as the narrowest page needs; which one is drawn is a filter over two parameters of the chart.
So a chart that becomes wider or is zoomed asks for nothing. The page says its width and its zoom (`levels.js`).
"""

import altair as alt

ROOM = "level_room"  # the parameter that has the width of the plot in pixels
SPAN = "level_span"  # the parameter that has what is in sight, as shares of all
USUAL_ROOM = 750  # where no page says it: in files
PIXELS = 2.5  # of a place, at least
BUCKET, FROM_ROOM, TO_ROOM = "bucket", "from_room", "to_room"  # columns: a level's name, and from and to which width
BEGINS, ENDS = "begins", "ends"  # columns: which share of all lies before the end of a place, and before its start

_ZOOMED = f"{ROOM} / ({SPAN}[1] - {SPAN}[0])"
_SHOWN = (
    f"datum.{ENDS} > {SPAN}[0] && datum.{BEGINS} < {SPAN}[1]"
    f" && datum.{FROM_ROOM} <= {_ZOOMED} && datum.{TO_ROOM} > {_ZOOMED}"
)


def in_levels(chart: alt.Chart) -> alt.Chart:
    """Return a chart that shows, of rows in levels, those that fit.

    Example:
        >>> [parameter.name for parameter in in_levels(alt.Chart().mark_bar()).params]
        ['level_room', 'level_span']
    """
    room, span = alt.param(name=ROOM, value=USUAL_ROOM), alt.param(name=SPAN, value=[0, 1])
    return chart.add_params(room, span).transform_filter(_SHOWN)
