"""One time axis for charts of markets: a place for each bar, and none for hours without trading.

Where there are more bars than places, a place stands for all bars of a longer bucket of time, such as an hour or a
week: a candle is never left out, it becomes part of a longer one. Buckets are computed in several levels, of which the
page shows the one that it has the width for (`views.chart.levels`). All charts over the same bars thus have the same
places, whatever they show.
"""

from typing import Any

import altair as alt

from dataapp.cells.cell import Cell
from dataapp.cells.sql import SqlCell, sql
from dataapp.compile.identifiers import quote_identifier
from dataapp.errors import WrongKindError
from dataapp.views.chart.levels import BEGINS, BUCKET, ENDS, FROM_ROOM, PIXELS, TO_ROOM, in_levels
from dataapp.views.charts import chart

MOST_BARS = 2_000  # places in a level
LEAST_BARS = 100  # what a phone has the width for: coarser levels would not be seen
STEPS = (
    *("1 second", "5 seconds", "15 seconds", "1 minute", "5 minutes", "15 minutes", "1 hour", "4 hours"),
    *("1 day", "1 week", "1 month", "3 months", "1 year", "10 years", "100 years"),
)
EACH, ALL = "1 bar", "all bars"  # the finest and the coarsest bucket
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


def finite(column: str) -> str:
    """Return the SQL of a price, or what else a chart computes with: NaN and infinities are missing, as NULL is.

    One of them in a window makes deviations and correlations an error, and all later highs NaN.
    """
    name = quote_identifier(column)
    return f"CASE WHEN isfinite(CAST({name} AS DOUBLE)) THEN {name} END"


def placed(bars: Any, time: str, columns: str, figures: str, *, most: int, name: str) -> SqlCell:
    """Return a cell with a row per place of each level.

    Args:
        bars: The cell with a row per bar.
        time: The column of its time.
        columns: SQL expressions over the bars, such as window functions along time.
        figures: Aggregates of those over the bars of a place, in which ``bar`` is the bar's number.
        most: How many places a level may have.
        name: What the cell is called.
    """
    if most < 1:
        raise WrongKindError(
            f"`most` is {most}, but a chart has at least one bar.", hint=f"by default it is {MOST_BARS}"
        )
    when = quote_identifier(time)
    numbered = sql(
        f"SELECT {when} AS time, CAST({when} AS TIMESTAMP) AS moment, {columns},"
        f" row_number() OVER (ORDER BY {when}) - 1 AS bar, count(*) OVER () AS bars,"
        f" lag(CAST({when} AS TIMESTAMP)) OVER (ORDER BY {when}) AS before FROM source WHERE {when} IS NOT NULL",
        source=bars,
        name=f"{name} of each of {bars.label}",
    )
    return sql(
        f"WITH {_LEVELS} SELECT {_PLACE} AS {PLACE},"
        f" {figures}, {BUCKET}, {FROM_ROOM}, {TO_ROOM}, min(bar) / any_value(bars) AS {BEGINS},"
        f" (1 + max(bar)) / any_value(bars) AS {ENDS} FROM numbered, levels"
        f" GROUP BY {BUCKET}, {FROM_ROOM}, {TO_ROOM}, width, {_START} ORDER BY {FROM_ROOM} DESC, 1",
        numbered=numbered,
        most=most,
        name=f"{name} of {bars.label}",
    )


def _step_counts() -> str:
    """Return the SQL of how many buckets each step has.

    Bars come in the order of time, so one begins where it is another one than that of the bar before.
    """
    counts = ", ".join(
        f"count_if(time_bucket(INTERVAL '{step}', moment) IS DISTINCT FROM time_bucket(INTERVAL '{step}', before))"
        for step in STEPS
    )
    return f"[count(*), {counts}, least(count(*), 1)]"


_NAMES = ", ".join(f"'{step}'" for step in (EACH, *STEPS, ALL))
_WIDTHS = ", ".join(("NULL", *(f"INTERVAL '{step}'" for step in STEPS), "NULL"))
_LEVELS = (  # those of as many places as allowed and fewer, to the first that a phone has the width for
    f"counted AS (SELECT unnest([{_NAMES}]) AS name, unnest([{_WIDTHS}]) AS width,"
    f" unnest(range({len(STEPS) + 2})) AS step, unnest({_step_counts()}) AS places FROM numbered), "
    "steps AS (SELECT max_by(name, step) AS name, max_by(struct_pack(width := width), step).width AS width, places"
    " FROM counted WHERE places <= $most GROUP BY places), "
    "ranked AS (SELECT *, lag(places) OVER (ORDER BY places DESC) AS finer FROM steps), "
    f"kept AS (SELECT * FROM ranked WHERE finer IS NULL OR finer > {LEAST_BARS}), "
    f"levels AS (SELECT name AS {BUCKET}, width,"
    f" CASE WHEN places = (SELECT min(places) FROM kept) THEN 0 ELSE {PIXELS}::DOUBLE * places END AS {FROM_ROOM},"
    f" coalesce({PIXELS}::DOUBLE * finer, 1e9) AS {TO_ROOM} FROM kept)"
)
_START = (
    f"CASE {BUCKET} WHEN '{EACH}' THEN moment WHEN '{ALL}' THEN TIMESTAMP 'epoch' ELSE time_bucket(width, moment) END"
)
_PLACE = (  # of days and more the day of its first bar, else its time
    "replace(replace(strftime(if(width >= INTERVAL '1 day', CAST(min(moment) AS DATE), min(time)),"
    " '%Y-%m-%d %H:%M:%S.%f'), ' 00:00:00.000000', ''), '.000000', '')"
)


def chart_of(cell: SqlCell) -> alt.Chart:
    """Return a chart over a cell with a row per place, which shows the level that fits."""
    return in_levels(chart(cell))


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


def when() -> list[alt.Tooltip]:
    """Return the lines of a tooltip that say which place it is, and what it stands for."""
    return [alt.Tooltip(f"{PLACE}:O", title="Time"), alt.Tooltip(f"{BUCKET}:N", title="Each is")]
