"""What money costs by maturity: yield curves of some days, and of all days over time."""

from typing import Any, Literal

import altair as alt

from dataapp.finance.axis import checked
from dataapp.views.charts import chart

type Step = Literal["year", "yearquarter", "yearmonth", "yearmonthdate"]

_TICKS = [1, 3, 6, 12, 24, 60, 120, 240, 360]  # months
_YEARS = "datum.value < 12 ? datum.value + '/12' : datum.value / 12"


def yield_curve(
    yields: Any,
    /,
    *,
    time: str = "date",
    maturity: str = "maturity",
    months: str = "months",
    percent: str = "percent",
    height: int = 260,
) -> alt.Chart:
    """Draw the yield by maturity, a curve per day: for a cell that holds few days.

    Args:
        yields: A cell with a row per day and maturity.
        time: The column of the day.
        maturity: The column of the maturity's name.
        months: The column of the maturity in months.
        percent: The column of the yield in percent.
        height: In pixels.

    Example:
        >>> import dataapp as da
        >>> from dataapp import finance
        >>> row = da.sql("FROM (VALUES (DATE '2006-11-15', '10 year', 120, 4.62)) t(date, maturity, months, percent)")
        >>> finance.yield_curve(row).mark.type
        'line'
    """
    years = alt.X(months, type="quantitative", title="Years to maturity").scale(type="log", nice=False)
    return (
        chart(checked(yields, "yield_curve"))
        .mark_line(point=True)
        .encode(
            x=years.axis(values=_TICKS, labelExpr=_YEARS),
            y=alt.Y(percent, type="quantitative", title="Yield in %").scale(zero=False),
            color=alt.Color(
                time, type="ordinal", timeUnit="yearmonthdate", scale=alt.Scale(scheme="goldorange")
            ).legend(orient="top", title=None, format="%-d %b %Y"),
            tooltip=[
                alt.Tooltip(time, type="temporal"),
                alt.Tooltip(maturity, type="nominal"),
                alt.Tooltip(percent, type="quantitative", format=".2f"),
            ],
        )
        .properties(width="container", height=height)
    )


def yield_surface(
    yields: Any,
    /,
    *,
    time: str = "date",
    maturity: str = "maturity",
    months: str = "months",
    percent: str = "percent",
    step: Step = "yearquarter",
    height: int = 260,
) -> alt.Chart:
    """Draw the yield curve over time as a heat map: time along x, maturity along y, the mean yield as colour.

    Args:
        yields: A cell with a row per day and maturity.
        time: The column of the day.
        maturity: The column of the maturity's name.
        months: The column of the maturity in months, by which they are ordered.
        percent: The column of the yield in percent.
        step: Over which time the mean is taken.
        height: In pixels.

    Example:
        >>> import dataapp as da
        >>> from dataapp import finance
        >>> row = da.sql("FROM (VALUES (DATE '2006-11-15', '10 year', 120, 4.62)) t(date, maturity, months, percent)")
        >>> finance.yield_surface(row).mark.type
        'rect'
    """
    mean = alt.Color(percent, type="quantitative", aggregate="mean", title="%", scale=alt.Scale(scheme="inferno"))
    return (
        chart(checked(yields, "yield_surface"))
        .mark_rect(width={"band": 1.2}, height={"band": 1.05})  # a little over the next: else the page shines through
        .encode(
            x=alt.X(time, type="ordinal", timeUnit=step, title=None).axis(
                format="%Y", labelOverlap=True, labelAngle=0, ticks=False
            ),
            y=alt.Y(
                maturity,
                type="nominal",
                title=None,
                sort=alt.EncodingSortField(months, op="min", order="descending"),
            ),
            color=mean,
            tooltip=[
                alt.Tooltip(time, type="temporal", timeUnit=step),
                alt.Tooltip(maturity, type="nominal"),
                alt.Tooltip(percent, type="quantitative", aggregate="mean", format=".2f"),
            ],
        )
        .properties(width="container", height=height)
    )
