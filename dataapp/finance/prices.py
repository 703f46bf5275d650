"""Prices along time: candles, volume, and what is laid over them."""

from typing import Any, cast

import altair as alt

from dataapp.compile.identifiers import quote_identifier as quoted
from dataapp.errors import WrongKindError
from dataapp.finance.axis import ACCENT, DOWN, MOST_BARS, UP, along, chart_of, checked, finite, placed, told, when
from dataapp.views.chart.levels import BUCKET

_RISES = alt.datum.close >= alt.datum.open


def candlestick(
    bars: Any,
    /,
    *,
    time: str = "bar",
    open: str = "open",  # noqa: A002  # the field's name
    high: str = "high",
    low: str = "low",
    close: str = "close",
    most: int = MOST_BARS,
    height: int = 300,
) -> alt.LayerChart:
    """Draw a candle per bar: the body from open to close, the wick from low to high.

    Of more bars than the chart has the width for, those of an hour, a day or another step of time become one candle:
    its open is that of the first, its close that of the last, its high and low are the extremes. What a candle stands
    for is written in the corner.

    Args:
        bars: A cell with a row per bar of one instrument.
        time: The column of the start of each bar: a date or timestamp, each once.
        open: The column of the first price.
        high: The column of the highest price.
        low: The column of the lowest price.
        close: The column of the last price.
        most: How many candles there may be, however wide the chart is.
        height: In pixels.

    Example:
        >>> import dataapp as da
        >>> from dataapp import finance
        >>> days = da.sql("FROM (VALUES (DATE '2024-03-01', 10, 12, 9, 11)) t(bar, open, high, low, close)")
        >>> type(finance.candlestick(days)).__name__
        'LayerChart'
    """
    columns = ", ".join(
        f"{finite(column)} AS {name}"
        for column, name in ((open, "open"), (high, "high"), (low, "low"), (close, "close"))
    )
    figures = "arg_min(open, bar) AS open, max(high) AS high, min(low) AS low, arg_max(close, bar) AS close"
    cell = placed(checked(bars, "candlestick"), time, columns, figures, most=most, name="candles")
    base = chart_of(cell).encode(
        x=along(),
        color=alt.condition(_RISES, alt.value(UP), alt.value(DOWN)),
        tooltip=[*when(), *(told(name, name.capitalize()) for name in ("open", "high", "low", "close"))],
    )
    wicks = base.mark_rule().encode(y=alt.Y("low:Q", title="Price").scale(zero=False), y2="high:Q")
    bodies = base.mark_bar(minBandSize=2).encode(y="open:Q", y2="close:Q")
    each = chart_of(cell).transform_aggregate(groupby=[BUCKET])
    named = each.mark_text(x=6, y=6, align="left", baseline="top", opacity=0.7).encode(text=f"{BUCKET}:N")
    return cast("alt.LayerChart", alt.layer(wicks, bodies, named).properties(width="container", height=height))


def volume(
    bars: Any, /, *, time: str = "bar", volume: str = "volume", most: int = MOST_BARS, height: int = 100
) -> alt.Chart:
    """Draw how much was traded per bar; of bars that share a place, the sum.

    Args:
        bars: A cell with a row per bar of one instrument.
        time: The column of the start of each bar.
        volume: The column of what was traded.
        most: How many places there may be, however wide the chart is.
        height: In pixels.

    Example:
        >>> import dataapp as da
        >>> from dataapp import finance
        >>> days = da.sql("FROM (VALUES (DATE '2024-03-01', 1000)) t(bar, volume)")
        >>> finance.volume(days).mark.type
        'bar'
    """
    cell = placed(
        checked(bars, "volume"), time, f"{finite(volume)} AS volume", "sum(volume) AS volume", most=most, name="volume"
    )
    traded = alt.Y("volume:Q", title="Volume").axis(format="~s", tickCount=3)
    return (
        chart_of(cell)
        .mark_bar(opacity=0.6, minBandSize=1)
        .encode(x=along(), y=traded, tooltip=[*when(), told("volume", "Volume", ",.0f")])
        .properties(width="container", height=height)
    )


def line(
    bars: Any,
    /,
    *,
    time: str = "bar",
    value: str = "close",
    color: str = "#4c78a8",
    most: int = MOST_BARS,
    height: int = 300,
) -> alt.Chart:
    """Draw a column along time, such as a close or a VWAP; of bars that share a place, the last.

    Args:
        bars: A cell with a row per bar of one instrument.
        time: The column of the start of each bar.
        value: The column that is drawn.
        color: Its colour.
        most: How many places there may be, however wide the chart is.
        height: In pixels.

    Example:
        >>> import dataapp as da
        >>> from dataapp import finance
        >>> days = da.sql("FROM (VALUES (DATE '2024-03-01', 11)) t(bar, close)")
        >>> finance.line(days).mark.type
        'line'
    """
    return _overlay(checked(bars, "line"), time, finite(value), value, color, most, height)


def moving_average(
    bars: Any,
    /,
    window: int = 20,
    *,
    time: str = "bar",
    price: str = "close",
    color: str = ACCENT,
    most: int = MOST_BARS,
    height: int = 300,
) -> alt.Chart:
    """Draw the simple moving average: the mean of a bar's price and those of the bars before it.

    Where fewer than `window` bars have been, there is none. It is computed over all bars, also where several share a
    place; that then shows the last.

    Args:
        bars: A cell with a row per bar of one instrument.
        window: Over how many bars.
        time: The column of the start of each bar.
        price: The column that is averaged.
        color: The colour of the line.
        most: How many places there may be, however wide the chart is.
        height: In pixels.

    Example:
        >>> import dataapp as da
        >>> from dataapp import finance
        >>> days = da.sql("SELECT DATE '2024-03-01' + range::INT AS bar, range AS close FROM range(30)")
        >>> finance.moving_average(days, 20).mark.type
        'line'
    """
    over = _window(time, _checked_window(window))
    means = f"CASE WHEN count(*) {over} = {window} THEN avg({finite(price)}) {over} END"
    return _overlay(checked(bars, "moving_average"), time, means, f"SMA {window}", color, most, height)


def bollinger_bands(
    bars: Any,
    /,
    window: int = 20,
    width: float = 2.0,
    *,
    time: str = "bar",
    price: str = "close",
    color: str = "#7f7f7f",
    most: int = MOST_BARS,
    height: int = 300,
) -> alt.LayerChart:
    """Draw the band of so many standard deviations around the moving average, as Bollinger defines it.

    The deviation is that of the population of the `window` prices.

    Args:
        bars: A cell with a row per bar of one instrument.
        window: Over how many bars.
        width: Half of the band, in standard deviations.
        time: The column of the start of each bar.
        price: The column whose deviation it is.
        color: The colour of the band.
        most: How many places there may be, however wide the chart is.
        height: In pixels.

    Example:
        >>> import dataapp as da
        >>> from dataapp import finance
        >>> days = da.sql("SELECT DATE '2024-03-01' + range::INT AS bar, range AS close FROM range(30)")
        >>> " ".join(layer.mark.type for layer in finance.bollinger_bands(days).layer)
        'area line'
    """
    over, close = _window(time, _checked_window(window)), finite(price)
    whole = f"count(*) {over} = {window}"
    columns = ", ".join(
        f"CASE WHEN {whole} THEN avg({close}) {over} {sign} {float(width)} * stddev_pop({close}) {over} END AS {name}"
        for sign, name in (("-", "lower"), ("+", "upper"))
    )
    columns += f", CASE WHEN {whole} THEN avg({close}) {over} END AS middle"
    figures = ", ".join(f"arg_max_null({name}, bar) AS {name}" for name in ("lower", "upper", "middle"))
    cell = placed(checked(bars, "bollinger_bands"), time, columns, figures, most=most, name="bands")
    base = chart_of(cell).encode(x=along())
    band = base.mark_area(opacity=0.15, color=color).encode(
        y=alt.Y("lower:Q", title="Price").scale(zero=False), y2="upper:Q"
    )
    middle = base.mark_line(strokeWidth=1, color=color).encode(y="middle:Q")
    return cast("alt.LayerChart", alt.layer(band, middle).properties(width="container", height=height))


def _overlay(bars: Any, time: str, expression: str, name: str, color: str, most: int, height: int) -> alt.Chart:
    cell = placed(bars, time, f"{expression} AS value", "arg_max_null(value, bar) AS value", most=most, name=name)
    return (
        chart_of(cell)
        .mark_line(strokeWidth=1.4, color=color)
        .encode(x=along(), y=alt.Y("value:Q", title="Price").scale(zero=False))
        .properties(width="container", height=height)
    )


def _checked_window(window: int) -> int:
    if not isinstance(window, int) or window < 1:  # pyright: ignore[reportUnnecessaryIsInstance]
        raise WrongKindError(f"`window` is {window!r}.", hint="give a number of bars, 1 or more")
    return window


def _window(time: str, window: int) -> str:
    return f"OVER (ORDER BY {quoted(time)} ROWS {window - 1} PRECEDING)"
