"""What was lost and won: drawdown, returns and how they go together."""

from typing import Any, Literal, cast

import altair as alt

from dataapp.cells.sql import SqlCell, sql
from dataapp.compile.identifiers import quote_identifier as quoted
from dataapp.errors import WrongKindError
from dataapp.finance.axis import ACCENT, DOWN, MOST_BARS, along, chart_of, checked, finite, placed, told, when
from dataapp.views.charts import chart

type Returns = Literal["simple", "log"]


def drawdown(
    bars: Any, /, *, time: str = "bar", price: str = "close", most: int = MOST_BARS, height: int = 100
) -> alt.Chart:
    """Draw how far a price is below its highest so far; of bars that share a place, the deepest.

    Args:
        bars: A cell with a row per bar of one instrument.
        time: The column of the start of each bar.
        price: The column of the price, or of the value of a portfolio.
        most: How many places there may be, however wide the chart is.
        height: In pixels.

    Example:
        >>> import dataapp as da
        >>> from dataapp import finance
        >>> days = da.sql("FROM (VALUES (DATE '2024-03-01', 10), (DATE '2024-03-04', 8)) t(bar, close)")
        >>> finance.drawdown(days).mark.type
        'area'
    """
    known = finite(price)
    peak = f"max({known}) OVER (ORDER BY {quoted(time)} ROWS UNBOUNDED PRECEDING)"
    cell = placed(
        checked(bars, "drawdown"),
        time,
        f"{known} / {peak} - 1 AS drawdown",
        "min(drawdown) AS drawdown",
        most=most,
        name="drawdown",
    )
    below = alt.Y("drawdown:Q", title="Drawdown").axis(format="~%", tickCount=3)
    return (
        chart_of(cell)
        .mark_area(color=DOWN, opacity=0.35, line={"strokeWidth": 1, "color": DOWN})
        .encode(x=along(), y=below, tooltip=[*when(), told("drawdown", "Drawdown", ".2%")])
        .properties(width="container", height=height)
    )


def returns_distribution(
    bars: Any,
    /,
    *,
    time: str = "bar",
    price: str = "close",
    by: str | None = None,
    kind: Returns = "simple",
    level: float = 0.05,
    bins: int = 60,
    height: int = 200,
) -> alt.LayerChart:
    """Draw how often each return from bar to bar occurs, with its mean and a quantile: the value at risk.

    Args:
        bars: A cell with a row per bar.
        time: The column of the start of each bar.
        price: The column of the price.
        by: The column of the instrument where there are several: no return goes from one to another.
        kind: ``simple`` is what was won per unit, ``log`` the logarithm of the ratio, which adds up over time.
        level: The share of returns that are below the quantile.
        bins: How many bins there may be.
        height: In pixels.

    Example:
        >>> import dataapp as da
        >>> from dataapp import finance
        >>> days = da.sql("SELECT DATE '2024-03-01' + range::INT AS bar, 100 + range % 7 AS close FROM range(90)")
        >>> " ".join(layer.mark.type for layer in finance.returns_distribution(days).layer)
        'bar rule'
    """
    if not 0 < level < 1:
        raise WrongKindError(f"`level` is {level}.", hint="give a share between 0 and 1, such as 0.05")
    cell = returns(checked(bars, "returns_distribution"), time=time, price=price, by=by, kind=kind)
    figures = sql(
        "SELECT unnest(['mean', $label]) AS figure,"
        " unnest([avg(value), quantile_cont(value, $level)]) AS value FROM moves",
        moves=cell,
        level=float(level),
        label=f"{100 * level:g}% quantile",
        name=f"figures of {bars.label}",
    )
    counted = (
        chart(cell)
        .mark_bar(opacity=0.75)
        .encode(
            x=alt.X("value:Q", title="Return").bin(maxbins=bins).axis(format="~%"),
            y=alt.Y("count():Q", title="Bars"),
            tooltip=[alt.Tooltip("value:Q", title="Return", format=".2%").bin(maxbins=bins), "count():Q"],
        )
    )
    marked = (
        chart(figures)
        .mark_rule(strokeWidth=2)
        .encode(
            x=alt.X("value:Q", title="Return"),
            color=alt.Color("figure:N").scale(range=[DOWN, ACCENT]).legend(orient="top", title=None),
            tooltip=["figure:N", alt.Tooltip("value:Q", title="Return", format=".2%")],
        )
    )
    return cast("alt.LayerChart", alt.layer(counted, marked).properties(width="container", height=height))


def correlation_heatmap(
    bars: Any,
    /,
    *,
    time: str = "bar",
    price: str = "close",
    by: str = "symbol",
    kind: Returns = "simple",
    height: int = 300,
) -> alt.LayerChart:
    """Draw Pearson's correlation of the returns of each two instruments, over the times that both have.

    Args:
        bars: A cell with a row per bar and instrument.
        time: The column of the start of each bar.
        price: The column of the price.
        by: The column of the instrument.
        kind: ``simple`` or ``log`` returns.
        height: In pixels.

    Example:
        >>> import dataapp as da
        >>> from dataapp import finance
        >>> days = da.sql(
        ...     "SELECT DATE '2024-03-01' + i // 2 AS bar, if(i % 2 = 0, 'A', 'B') AS symbol, 100 + i % 7 AS close "
        ...     "FROM range(90) numbers(i)"
        ... )
        >>> len(finance.correlation_heatmap(days).layer)
        2
    """
    cell = correlations(
        returns(checked(bars, "correlation_heatmap"), time=time, price=price, by=by, kind=kind), bars.label
    )
    base = chart(cell).encode(
        x=alt.X("one:N", title=None).axis(labelAngle=0), y=alt.Y("other:N", title=None), tooltip=["one:N", "other:N"]
    )
    scale = alt.Scale(scheme="blueorange", domain=[-1, 1], domainMid=0)
    squares = base.mark_rect().encode(
        color=alt.Color("correlation:Q", scale=scale).legend(title=None),
        tooltip=["one:N", "other:N", told("correlation", "Correlation", "+.3f")],
    )
    figures = base.mark_text(fontSize=11).encode(
        text=alt.Text("correlation:Q", format=".2f"),
        color=alt.condition("abs(datum.correlation) > 0.6", alt.value("white"), alt.value("#222")),
    )
    return cast("alt.LayerChart", alt.layer(squares, figures).properties(width="container", height=height))


def returns(bars: Any, *, time: str, price: str, by: str | None, kind: Returns) -> SqlCell:
    """Return a cell of returns from bar to bar: columns ``time``, ``value`` and, with `by`, ``name``."""
    if kind not in ("simple", "log"):
        raise WrongKindError(f"`kind` is {kind!r}.", hint="returns are `simple` or `log`")
    which = "" if by is None else f"PARTITION BY {quoted(by)} "
    known = finite(price)
    before = f"lag({known}) OVER ({which}ORDER BY {quoted(time)})"
    ratio = f"CAST({known} AS DOUBLE) / nullif({before}, 0)"
    value = f"{ratio} - 1" if kind == "simple" else f"CASE WHEN {ratio} > 0 THEN ln({ratio}) END"
    name = "" if by is None else f"{quoted(by)} AS name, "
    return sql(
        f"SELECT {name}{quoted(time)} AS time, {value} AS value FROM source QUALIFY value IS NOT NULL",
        source=bars,
        name=f"returns of {bars.label}",
    )


def correlations(moves: SqlCell, label: str) -> SqlCell:
    """Return a cell of the correlation of each two names."""
    return sql(
        "SELECT a.name AS one, b.name AS other, corr(a.value, b.value) AS correlation"
        " FROM moves a JOIN moves b USING (time) GROUP BY ALL",
        moves=moves,
        name=f"correlations of {label}",
    )
