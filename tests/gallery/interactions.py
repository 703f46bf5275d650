"""Charts with parameters: brushes, clicks and widgets, as they look before anybody touches them, or with a value."""

import datetime as dt

import altair as alt
from altair.typing import ChartType


def brush_with_a_condition(cars: alt.Chart) -> ChartType:
    brush = alt.selection_interval(name="brush", value={"x": [60, 120], "y": [15, 30]})
    colour = alt.when(brush).then("Origin:N").otherwise(alt.value("lightgrey"))
    return cars.mark_point().encode(x="Horsepower:Q", y="Miles_per_Gallon:Q", color=colour).add_params(brush)


def brush_that_filters(cars: alt.Chart) -> ChartType:
    brush = alt.selection_interval(name="brush", value={"x": [60, 120], "y": [15, 30]})
    points = cars.mark_point().encode(x="Horsepower:Q", y="Miles_per_Gallon:Q").add_params(brush)
    bars = cars.mark_bar().encode(y="Origin:N", color="Origin:N", x="count()").transform_filter(brush)
    return points & bars


def overview_and_detail(us_employment: alt.Chart) -> ChartType:
    span = [alt.DateTime(year=2008, month=1), alt.DateTime(year=2010, month=6)]
    brush = alt.selection_interval(name="span", encodings=["x"], value={"x": span})
    base = us_employment.mark_area().encode(x="month:T", y="nonfarm:Q").properties(width=500, height=120)
    upper = base.encode(alt.X("month:T").scale(domain=brush))
    return upper & base.properties(height=50).add_params(brush)


def average_of_the_brushed(seattle_weather: alt.Chart) -> ChartType:
    brush = alt.selection_interval(name="months", encodings=["x"])
    bars = (
        seattle_weather.mark_bar()
        .encode(
            x="month(date):O",
            y="mean(precipitation):Q",
            opacity=alt.when(brush).then(alt.value(1)).otherwise(alt.value(0.7)),
        )
        .add_params(brush)
    )
    line = seattle_weather.mark_rule(color="firebrick").encode(y="mean(precipitation):Q", size=alt.value(3))
    return alt.layer(bars, line.transform_filter(brush), data=seattle_weather.data)


def crossfilter(cars: alt.Chart) -> ChartType:
    brush = alt.selection_interval(name="cross", encodings=["x"])
    base = (
        cars.mark_bar()
        .encode(x=alt.X(alt.repeat("column"), type="quantitative").bin(maxbins=20), y="count()")
        .properties(width=120, height=100)
    )
    grey = base.encode(color=alt.value("#ddd")).add_params(brush)
    return alt.layer(grey, base.transform_filter(brush), data=cars.data).repeat(
        column=["Horsepower", "Miles_per_Gallon", "Acceleration"]
    )


def highlighted_series(stocks: alt.Chart) -> ChartType:
    chosen = alt.selection_point(name="chosen", fields=["symbol"], value=[{"symbol": "AAPL"}])
    return (
        stocks.mark_line()
        .encode(
            x="date:T",
            y="price:Q",
            color=alt.when(chosen).then("symbol:N").otherwise(alt.value("lightgrey")),
            size=alt.when(chosen).then(alt.value(3)).otherwise(alt.value(1)),
        )
        .add_params(chosen)
    )


def clickable_legend(us_employment: alt.Chart) -> ChartType:
    click = alt.selection_point(name="legend", fields=["sector"], bind="legend")
    return (
        us_employment.transform_fold(["construction", "information", "utilities"], ["sector", "people"])
        .mark_area()
        .encode(
            x="yearmonth(month):T",
            y=alt.Y("sum(people):Q").stack("center").axis(None),
            color="sector:N",
            opacity=alt.when(click).then(alt.value(1)).otherwise(alt.value(0.2)),
        )
        .add_params(click)
    )


def clickable_bars(seattle_weather: alt.Chart) -> ChartType:
    click = alt.selection_point(name="kind", encodings=["color"], value=[{"weather": "rain"}])
    points = (
        seattle_weather.mark_point()
        .encode(x="monthdate(date):T", y="temp_max:Q", color="weather:N", size="precipitation:Q")
        .transform_filter(click)
    )
    colour = alt.when(click).then("weather:N").otherwise(alt.value("lightgray"))
    return points & seattle_weather.mark_bar().encode(x="count()", y="weather:N", color=colour).add_params(click)


def zoomable_scatter(cars: alt.Chart) -> ChartType:
    return cars.mark_circle().encode(x="Horsepower", y="Miles_per_Gallon", size="Cylinders").interactive()


def slider_as_a_threshold(cars: alt.Chart) -> ChartType:
    cutoff = alt.param(name="cutoff", value=23, bind=alt.binding_range(min=0, max=50, step=1))
    colour = alt.when(alt.datum.Miles_per_Gallon < cutoff).then(alt.value("red")).otherwise(alt.value("blue"))
    return cars.mark_point().encode(x="Horsepower:Q", y="Miles_per_Gallon:Q", color=colour).add_params(cutoff)


def slider_that_filters(cars: alt.Chart) -> ChartType:
    least = alt.param(name="least", value=100, bind=alt.binding_range(min=0, max=230, step=10))
    return (
        cars.transform_filter(alt.datum.Horsepower >= least)
        .mark_bar()
        .encode(x="Origin:N", y="count()")
        .add_params(least)
    )


def menu_of_values(cars: alt.Chart) -> ChartType:
    menu = alt.binding_select(options=[None, "Europe", "Japan", "USA"], name="Origin ")
    origin = alt.selection_point(name="origin", fields=["Origin"], bind=menu, value="Japan")
    colour = alt.when(origin).then("Origin:N").otherwise(alt.value("lightgray"))
    return cars.mark_point().encode(x="Horsepower:Q", y="Miles_per_Gallon:Q", color=colour).add_params(origin)


def menu_of_columns(cars: alt.Chart) -> ChartType:
    menu = alt.binding_select(options=["Horsepower", "Displacement", "Weight_in_lbs"], name="x ")
    column = alt.param(name="column", value="Displacement", bind=menu)
    return (
        cars.transform_calculate(x=f"datum[{column.name}]")
        .mark_point()
        .encode(x=alt.X("x:Q").title(""), y="Miles_per_Gallon:Q", color="Origin:N")
        .add_params(column)
    )


def crosshair(stocks: alt.Chart) -> ChartType:
    at = dt.date(2005, 1, 1)
    nearest = alt.selection_point(name="nearest", nearest=True, on="pointerover", fields=["date"], empty=False)
    line = stocks.mark_line().encode(x="date:T", y="price:Q", color="symbol:N")
    near = alt.when(nearest).then(alt.value(1)).otherwise(alt.value(0))
    points = line.mark_point().encode(opacity=near)
    rule = (
        stocks.transform_pivot("symbol", value="price", groupby=["date"])
        .mark_rule(color="gray")
        .encode(
            x="date:T",
            opacity=alt.when(nearest).then(alt.value(0.3)).otherwise(alt.value(0)),
            tooltip=[f"{name}:Q" for name in ("AAPL", "AMZN", "GOOG", "IBM", "MSFT")],
        )
        .add_params(nearest)
    )
    since = alt.Chart().mark_rule(strokeDash=[2, 2]).encode(x=alt.datum(alt.DateTime(year=at.year)))
    return alt.layer(line, points, rule, since)


def hover_in_a_heat_map(seattle_weather: alt.Chart) -> ChartType:
    over = alt.selection_point(name="over", on="pointerover", empty=False)
    return (
        seattle_weather.mark_rect(stroke="black", strokeWidth=0)
        .encode(
            x="month(date):O",
            y="year(date):O",
            color="mean(wind):Q",
            strokeWidth=alt.when(over).then(alt.value(2)).otherwise(alt.value(0)),
        )
        .add_params(over)
    )
