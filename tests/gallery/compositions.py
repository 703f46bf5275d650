"""Views together: facets, repeats, concatenations, layers, look-ups, and transforms that reshape."""

import altair as alt
from altair.typing import ChartType


def facets_in_rows_and_columns(cars: alt.Chart) -> ChartType:
    return (
        cars.mark_point()
        .encode(x="Horsepower:Q", y="Miles_per_Gallon:Q", row="Origin:N", column="Cylinders:O")
        .properties(width=70, height=70)
    )


def facets_that_wrap(seattle_weather: alt.Chart) -> ChartType:
    return (
        seattle_weather.mark_bar()
        .encode(x=alt.X("temp_max:Q").bin(), y="count()", color="weather:N")
        .properties(width=100, height=80)
        .facet(facet=alt.Facet("month(date):O"), columns=4)
    )


def facets_of_layers(barley: alt.Chart) -> ChartType:
    points = barley.mark_point().encode(x="yield:Q", y="variety:N", color="year:N")
    mean = barley.mark_rule().encode(x="mean(yield):Q")
    return alt.layer(points, mean, data=barley.data).properties(height=120).facet(row="site:N")


def repeated_histograms(iris: alt.Chart) -> ChartType:
    return (
        iris.mark_bar()
        .encode(alt.X(alt.repeat("column"), type="quantitative").bin(), y="count()", color="species:N")
        .properties(width=120, height=120)
        .repeat(column=["sepalLength", "petalLength", "petalWidth"])
    )


def repeated_layers(seattle_weather: alt.Chart) -> ChartType:
    return (
        seattle_weather.mark_line()
        .encode(
            x="month(date):T",
            y=alt.Y(alt.repeat("layer")).aggregate("mean").title("Mean temperature"),
            color=alt.ColorDatum(alt.repeat("layer")),
        )
        .repeat(layer=["temp_max", "temp_min"])
    )


def side_by_side(iris: alt.Chart) -> ChartType:
    left = iris.mark_point().encode(x="sepalLength", y="sepalWidth", color="species")
    return left | iris.mark_bar().encode(x="count()", y="species", color="species")


def marginal_histograms(cars: alt.Chart) -> ChartType:
    middle = cars.mark_rect().encode(
        alt.X("Horsepower:Q").bin(maxbins=20), alt.Y("Weight_in_lbs:Q").bin(maxbins=20), color="count()"
    )
    top = cars.mark_bar().encode(alt.X("Horsepower:Q").bin(maxbins=20).axis(None), y="count()").properties(height=60)
    right = (
        cars.mark_bar().encode(alt.Y("Weight_in_lbs:Q").bin(maxbins=20).axis(None), x="count()").properties(width=60)
    )
    return top & (middle | right)


def dashboard(seattle_weather: alt.Chart) -> ChartType:
    lines = seattle_weather.mark_line().encode(x="yearmonth(date):T", y="mean(temp_max):Q")
    bars = seattle_weather.mark_bar().encode(x="count()", y="weather:N")
    heat = seattle_weather.mark_rect().encode(x="month(date):O", y="year(date):O", color="sum(precipitation):Q")
    return alt.vconcat(lines, bars | heat).configure_view(stroke=None)


def wrapped_concatenation(us_employment: alt.Chart) -> ChartType:
    views = [
        us_employment.mark_area().encode(x="month:T", y=f"{sector}:Q").properties(width=120, height=80)
        for sector in ("construction", "utilities", "information", "government", "retail_trade")
    ]
    return alt.concat(*views, columns=3)


def layers_of_two_data_sets(stocks: alt.Chart, ohlc: alt.Chart) -> ChartType:
    line = stocks.transform_filter("datum.symbol == 'MSFT' && year(datum.date) == 2009").mark_line()
    return line.encode(x="date:T", y="price:Q") + ohlc.mark_tick(color="red").encode(x="date:T", y="close:Q")


def looked_up_names(cars: alt.Chart, airports: alt.Chart) -> ChartType:
    """A look-up of rows that are no more than the first of their kind."""
    return (
        cars.transform_calculate(state="datum.Origin === 'USA' ? 'MI' : datum.Origin === 'Japan' ? 'HI' : 'DC'")
        .transform_lookup("state", alt.LookupData(airports.data, "state", ["city", "latitude"]))
        .mark_bar()
        .encode(x="count()", y="city:N", color="mean(latitude):Q")
    )


def looked_up_after_an_aggregate(la_riots: alt.Chart, airports: alt.Chart) -> ChartType:
    return (
        la_riots.transform_aggregate(deaths="count()", groupby=["race"])
        .transform_calculate(key="datum.deaths > 20 ? 'CA' : 'NV'")
        .transform_lookup("key", alt.LookupData(airports.data, "state", ["name"]), default="none")
        .mark_bar()
        .encode(x="deaths:Q", y="race:N", color="name:N")
    )


def pivoted(barley: alt.Chart) -> ChartType:
    return (
        barley.transform_pivot("year", value="yield", groupby=["site"], op="mean")
        .transform_calculate(change="datum['1932'] - datum['1931']")
        .mark_bar()
        .encode(x="change:Q", y="site:N")
    )


def imputed(stocks: alt.Chart) -> ChartType:
    return (
        stocks.transform_filter("datum.symbol !== 'GOOG' || month(datum.date) !== 5")
        .transform_impute("price", key="date", value=0, groupby=["symbol"])
        .mark_line()
        .encode(x="date:T", y="price:Q", color="symbol:N")
    )


def imputed_by_an_encoding(barley: alt.Chart) -> ChartType:
    return (
        barley.transform_filter("datum.site !== 'Morris' || datum.year === 1931")
        .mark_line(point=True)
        .encode(x="site:N", y=alt.Y("yield:Q").impute(method="mean"), color="year:N", detail="variety:N")
    )


def flattened(wheat: alt.Chart) -> ChartType:
    return (
        wheat.transform_calculate(pair="[datum.wheat, datum.wages]", kind="['wheat', 'wages']")
        .transform_flatten(["pair", "kind"], as_=["price", "of"])
        .mark_line()
        .encode(x="year:Q", y="price:Q", color="of:N")
    )


def parallel_coordinates(iris: alt.Chart) -> ChartType:
    return (
        iris.transform_window(index="count()")
        .transform_fold(["petalWidth", "petalLength", "sepalWidth", "sepalLength"])
        .mark_line(opacity=0.2)
        .encode(x="key:N", y="value:Q", color="species:N", detail="index:N")
    )


def normalised_parallel_coordinates(iris: alt.Chart) -> ChartType:
    return (
        iris.transform_window(index="count()")
        .transform_fold(["petalLength", "petalWidth", "sepalLength", "sepalWidth"])
        .transform_joinaggregate(low="min(value)", high="max(value)", groupby=["key"])
        .transform_calculate(scaled="(datum.value - datum.low) / (datum.high - datum.low)")
        .mark_line(opacity=0.5)
        .encode(x="key:N", y="scaled:Q", color="species:N", detail="index:N")
    )


def best_of_each_by_argmax(cars: alt.Chart) -> ChartType:
    return (
        cars.transform_aggregate(best="argmax(Horsepower)", groupby=["Origin"])
        .transform_calculate(name="datum.best.Name", power="datum.best.Horsepower")
        .mark_bar()
        .encode(x="power:Q", y="name:N", color="Origin:N")
    )


def argmin_in_an_encoding(seattle_weather: alt.Chart) -> ChartType:
    return seattle_weather.mark_bar().encode(
        x=alt.X("precipitation", type="quantitative", aggregate=alt.ArgmaxDef(argmax="temp_max")), y="month(date):O"
    )


def difference_from_mean(cars: alt.Chart) -> ChartType:
    base = (
        cars.transform_filter("isValid(datum.Miles_per_Gallon)")
        .transform_joinaggregate(mean="mean(Miles_per_Gallon)")
        .transform_filter("datum.Miles_per_Gallon - datum.mean > 15")
    )
    bars = base.mark_bar().encode(x="Miles_per_Gallon:Q", y="Name:O")
    return bars + base.mark_rule(color="red").encode(x="average(mean):Q")


def parts_stacked_by_hand(barley: alt.Chart) -> ChartType:
    return (
        barley.transform_aggregate(total="sum(yield)", groupby=["site", "year"])
        .transform_stack(
            stack="total", as_=["from", "to"], groupby=["site"], sort=[alt.SortField("year")], offset="normalize"
        )
        .mark_bar()
        .encode(x="from:Q", x2="to:Q", y="site:N", color="year:N")
    )


def sorted_by_another_column(barley: alt.Chart) -> ChartType:
    order = alt.EncodingSortField(field="yield", op="max", order="descending")
    return barley.mark_tick().encode(x="yield:Q", y=alt.Y("site:N", sort=order), color="year:N")


def sorted_by_hand(barley: alt.Chart) -> ChartType:
    sites = ["Morris", "Duluth", "Crookston"]
    return barley.mark_bar().encode(x=alt.X("site:N").sort(sites), y="mean(yield):Q")


def in_the_order_of_rows(barley: alt.Chart) -> ChartType:
    return barley.mark_bar().encode(x=alt.X("site:N").sort(None), y="mean(yield):Q")


def spread_by_site(barley: alt.Chart) -> ChartType:
    return barley.mark_point().encode(
        x="stdev(yield):Q", y="variancep(yield):Q", color="site:N", size="distinct(yield):Q"
    )


def time_units_with_an_offset(seattle_weather: alt.Chart) -> ChartType:
    return seattle_weather.mark_bar().encode(
        x="year(date):O", xOffset="quarter(date):O", y="mean(precipitation):Q", color="quarter(date):N"
    )


def weeks(seattle_weather: alt.Chart) -> ChartType:
    return seattle_weather.mark_line().encode(x="yearweek(date):T", y="mean(temp_max):Q", color="year(date):N")


def days_of_the_week(seattle_temps: alt.Chart) -> ChartType:
    return seattle_temps.mark_rect().encode(x="hours(date):O", y="day(date):O", color="mean(temp):Q")
