"""Distributions: histograms, densities, box plots, strips, error bars and bands, quantiles."""

import altair as alt
from altair.typing import ChartType


def histogram(cars: alt.Chart) -> ChartType:
    return cars.mark_bar().encode(x=alt.X("Horsepower:Q").bin(maxbins=30), y="count()")


def histogram_with_a_mean(cars: alt.Chart) -> ChartType:
    bars = cars.mark_bar().encode(x=alt.X("Acceleration:Q").bin(), y="count()")
    return bars + cars.mark_rule(color="red", size=4).encode(x="mean(Acceleration):Q")


def histogram_stacked_by_origin(cars: alt.Chart) -> ChartType:
    return cars.mark_bar().encode(x=alt.X("Miles_per_Gallon:Q").bin(), y="count()", color="Origin:N")


def layered_histogram(iris: alt.Chart) -> ChartType:
    return (
        iris.transform_fold(["sepalLength", "petalLength", "petalWidth"], as_=["part", "length"])
        .mark_bar(opacity=0.3, binSpacing=0)
        .encode(x=alt.X("length:Q").bin(maxbins=40), y=alt.Y("count()").stack(None), color="part:N")
    )


def trellis_of_histograms(cars: alt.Chart) -> ChartType:
    return cars.mark_bar().encode(x=alt.X("Horsepower:Q").bin(), y="count()", row="Origin:N").properties(height=80)


def histogram_of_shares(cars: alt.Chart) -> ChartType:
    return (
        cars.transform_bin("bin", "Horsepower", bin=alt.Bin(step=20))
        .transform_aggregate(count="count()", groupby=["bin", "bin_end"])
        .transform_joinaggregate(total="sum(count)")
        .transform_calculate(share="datum.count / datum.total")
        .mark_bar(tooltip=True)
        .encode(x=alt.X("bin:Q").bin("binned"), x2="bin_end", y=alt.Y("share:Q").axis(format=".1%"))
    )


def log_histogram(cars: alt.Chart) -> ChartType:
    return (
        cars.transform_calculate(log="log(datum.Weight_in_lbs) / log(10)")
        .transform_bin("log_bin", "log")
        .transform_calculate(low="pow(10, datum.log_bin)", high="pow(10, datum.log_bin_end)")
        .mark_bar()
        .encode(x=alt.X("low:Q").scale(type="log", base=10).axis(tickCount=5), x2="high:Q", y="count()")
    )


def histogram_over_time(seattle_weather: alt.Chart) -> ChartType:
    return seattle_weather.mark_bar().encode(x="yearmonth(date):T", y="mean(wind):Q")


def cumulative_histogram(cars: alt.Chart) -> ChartType:
    return (
        cars.transform_filter("isValid(datum.Miles_per_Gallon)")
        .transform_window(cumulative="count()", sort=[{"field": "Miles_per_Gallon"}])
        .mark_area()
        .encode(x="Miles_per_Gallon:Q", y="cumulative:Q")
    )


def box_plot(cars: alt.Chart) -> ChartType:
    return cars.mark_boxplot(extent=1.5).encode(x="Horsepower:Q", y="Origin:N")


def box_plot_from_least_to_greatest(cars: alt.Chart) -> ChartType:
    return cars.mark_boxplot(extent="min-max").encode(x="Cylinders:O", y="Acceleration:Q", color="Origin:N")


def box_plot_by_hand(barley: alt.Chart) -> ChartType:
    base = barley.transform_aggregate(
        low="min(yield)", q1="q1(yield)", mid="median(yield)", q3="q3(yield)", high="max(yield)", groupby=["site"]
    ).encode(y="site:N")
    return (
        base.mark_rule().encode(x="low:Q", x2="high:Q")
        + base.mark_bar(size=14).encode(x="q1:Q", x2="q3:Q")
        + base.mark_tick(color="white", size=14).encode(x="mid:Q")
    )


def error_bars_of_standard_deviation(barley: alt.Chart) -> ChartType:
    bars = barley.mark_errorbar(extent="stdev").encode(x=alt.X("yield:Q").scale(zero=False), y="variety:N")
    return bars + barley.mark_point(filled=True, color="black").encode(x="mean(yield):Q", y="variety:N")


def error_bars_of_quartiles(barley: alt.Chart) -> ChartType:
    return barley.mark_errorbar(extent="iqr", ticks=True).encode(x="yield:Q", y="variety:N", color="year:N")


def error_band_of_standard_error(cars: alt.Chart) -> ChartType:
    band = cars.mark_errorband(extent="stderr").encode(x="year(Year):T", y=alt.Y("Miles_per_Gallon:Q").title("mpg"))
    return band + cars.mark_line().encode(x="year(Year):T", y="mean(Miles_per_Gallon):Q")


def error_band_by_hand(seattle_weather: alt.Chart) -> ChartType:
    base = (
        seattle_weather.transform_timeunit(month="month(date)")
        .transform_aggregate(mean="mean(temp_max)", spread="stdev(temp_max)", groupby=["month"])
        .transform_calculate(low="datum.mean - datum.spread", high="datum.mean + datum.spread")
        .encode(x="month(month):T")
    )
    return base.mark_area(opacity=0.3).encode(y="low:Q", y2="high:Q") + base.mark_line().encode(y="mean:Q")


def density(cars: alt.Chart) -> ChartType:
    return (
        cars.transform_density("Miles_per_Gallon", as_=["Miles_per_Gallon", "density"], groupby=["Origin"])
        .mark_area(opacity=0.5)
        .encode(x="Miles_per_Gallon:Q", y=alt.Y("density:Q").stack(None), color="Origin:N")
    )


def stacked_density(iris: alt.Chart) -> ChartType:
    return (
        iris.transform_fold(["petalWidth", "petalLength", "sepalWidth", "sepalLength"], as_=["part", "value"])
        .transform_density(density="value", groupby=["part"], extent=[0, 8], counts=True, as_=["value", "density"])
        .mark_area()
        .encode(x="value:Q", y=alt.Y("density:Q").stack("zero"), color="part:N")
    )


def strip(cars: alt.Chart) -> ChartType:
    return cars.mark_tick().encode(x="Horsepower:Q", y="Cylinders:O")


def strip_with_jitter(cars: alt.Chart) -> ChartType:
    """The jitter follows from the row, as no picture of chance is the same twice."""
    return (
        cars.transform_calculate(jitter="(datum.Weight_in_lbs * 7 + datum.Displacement * 3) % 11")
        .mark_circle(size=8)
        .encode(y="Miles_per_Gallon:Q", x="jitter:Q", xOffset=alt.value(0), column="Origin:N")
        .properties(width=100)
    )


def dots_of_count(iris: alt.Chart) -> ChartType:
    return (
        iris.transform_bin("bin", "sepalLength", bin=alt.Bin(maxbins=20))
        .transform_window(place="row_number()", groupby=["bin"])
        .mark_circle(opacity=1)
        .encode(x="bin:Q", y="place:Q", color="species:N")
    )


def quantile_quantile(cars: alt.Chart) -> ChartType:
    return (
        cars.transform_quantile("Miles_per_Gallon", step=0.01, as_=["p", "v"])
        .transform_calculate(uniform="quantileUniform(datum.p)", normal="quantileNormal(datum.p)")
        .mark_point()
        .encode(x="normal:Q", y="v:Q")
    )


def violin(cars: alt.Chart) -> ChartType:
    return (
        cars.transform_density("Miles_per_Gallon", as_=["mpg", "density"], extent=[5, 50], groupby=["Origin"])
        .mark_area(orient="horizontal")
        .encode(
            y="mpg:Q", color="Origin:N", x=alt.X("density:Q").stack("center").axis(None), column=alt.Column("Origin:N")
        )
        .properties(width=100)
    )
