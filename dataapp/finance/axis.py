"""One time axis for charts of markets: a place for each bar, and none for hours without trading.

Bars are numbered by time. Where there are more of them than `MOST_BARS`, a place stands for as many bars in a row as it
takes, counted from the first: a candle is never left out, it becomes part of a longer one. All charts over the same
bars thus have the same places, whatever they show.
"""

from typing import Any

import altair as alt

from dataapp.cells.cell import Cell
from dataapp.cells.sql import SqlCell, sql
from dataapp.compile.identifiers import quote_identifier
from dataapp.errors import WrongKindError

MOST_BARS = 250  # places on an axis; on a wide page, each is then four pixels or more
UP, DOWN = "#2a9d6f", "#d1443c"
ACCENT = "#e0952b"
PLACE = "place"  # the column that has the start of a place, as text: a scale of names has no gaps
_LABEL = (
    "length(datum.value) > 10 ? timeFormat(toDate(replace(datum.value, ' ', 'T')), '%-d %b %H:%M')"
    " : timeFormat(toDate(datum.value + 'T00:00:00'), '%-d %b %Y')"  # without a time, it would be read as in UTC
)


def checked(table: object, function: str) -> Any:
    """Return a table that a chart can be made of: a cell.

    Raises:
        WrongKindError: It is none.
    """
    if not isinstance(table, Cell):
        raise WrongKindError(
            f"`finance.{function}` takes a cell, but got a {type(table).__name__}.",
            hint="make a frame a cell: da.source(frame)",
        )
    return table


def placed(bars: Any, time: str, columns: str, figures: str, *, most: int, name: str) -> SqlCell:
    """Return a cell with a row per place.

    Args:
        bars: The cell with a row per bar.
        time: The column of its time.
        columns: SQL expressions over the bars, such as window functions along time.
        figures: Aggregates of those over the bars of a place, in which ``bar`` is the bar's number.
        most: How many places there may be.
        name: What the cell is called.
    """
    if most < 1:
        raise WrongKindError(
            f"`most` is {most}, but a chart has at least one bar.", hint=f"by default it is {MOST_BARS}"
        )
    when = quote_identifier(time)
    numbered = sql(
        f"SELECT {when} AS time, {columns}, row_number() OVER (ORDER BY {when}) - 1 AS bar,"
        f" count(*) OVER () AS bars FROM source WHERE {when} IS NOT NULL",
        source=bars,
        name=f"{name} of each of {bars.label}",
    )
    return sql(
        f"SELECT replace(strftime(min(time), '%Y-%m-%d %H:%M:%S'), ' 00:00:00', '') AS {PLACE}, {figures} FROM numbered"
        " GROUP BY bar // greatest(1, ceil(bars / $most)::BIGINT) ORDER BY 1",
        numbered=numbered,
        most=most,
        name=f"{name} of {bars.label}",
    )


def along() -> alt.X:
    """Return the axis."""
    return alt.X(f"{PLACE}:O").axis(
        title=None,
        labelExpr=_LABEL,
        labelAngle=0,
        labelFlush=True,  # the last one would be cut off
        labelOverlap="greedy",
        labelSeparation=12,
        labelPadding=8,  # clear of the lowest label of the other axis
        ticks=False,
        grid=False,
    )


def told(name: str, title: str, form: str = ",.2f") -> alt.Tooltip:
    """Return a line of a tooltip."""
    return alt.Tooltip(f"{name}:Q", title=title, format=form)


def when() -> alt.Tooltip:
    """Return the line of a tooltip that says which place it is."""
    return alt.Tooltip(f"{PLACE}:O", title="Time")
