"""Bars: simple, grouped, stacked, of parts, of ranges."""

import altair as alt
from altair.typing import ChartType


def simple_bars(wheat: alt.Chart) -> ChartType:
    return wheat.mark_bar().encode(x="year:O", y="wheat:Q")


def horizontal_bars_in_order(barley: alt.Chart) -> ChartType:
    return barley.mark_bar().encode(x="sum(yield):Q", y=alt.Y("site:N").sort("-x"))


def bars_of_mean_with_rule(wheat: alt.Chart) -> ChartType:
    bars = wheat.mark_bar().encode(x="year:O", y="wheat:Q")
    return bars + wheat.mark_rule(color="red").encode(y="mean(wheat):Q")


def bars_with_labels(barley: alt.Chart) -> ChartType:
    bars = barley.mark_bar().encode(x="mean(yield):Q", y="variety:N")
    return bars + bars.mark_text(align="left", dx=3).encode(text=alt.Text("mean(yield):Q").format(".2f"))


def bars_with_a_highlighted_one(wheat: alt.Chart) -> ChartType:
    colour = alt.when(alt.datum.year == 1810).then(alt.value("orange")).otherwise(alt.value("steelblue"))
    return wheat.mark_bar().encode(x="year:O", y="wheat:Q", color=colour)


def bars_above_a_threshold(wheat: alt.Chart) -> ChartType:
    bars = wheat.mark_bar().encode(x="year:O", y="wheat:Q")
    high = (
        wheat.transform_filter(alt.datum.wheat > 60)
        .transform_calculate(baseline="60")
        .mark_bar(color="#e45755")
        .encode(x="year:O", y="baseline:Q", y2="wheat:Q")
    )
    return bars + high + alt.Chart().mark_rule().encode(y=alt.datum(60))


def bars_with_negative_values(us_employment: alt.Chart) -> ChartType:
    colour = alt.when(alt.datum.nonfarm_change > 0).then(alt.value("steelblue")).otherwise(alt.value("orange"))
    return us_employment.mark_bar().encode(x="month:T", y="nonfarm_change:Q", color=colour).properties(width=600)


def grouped_bars_by_facet(barley: alt.Chart) -> ChartType:
    return barley.mark_bar().encode(x="year:O", y="sum(yield):Q", color="year:N", column="site:N")


def grouped_bars_by_offset(barley: alt.Chart) -> ChartType:
    return barley.mark_bar().encode(x="site:N", xOffset="year:N", y="mean(yield):Q", color="year:N")


def stacked_bars(barley: alt.Chart) -> ChartType:
    return barley.mark_bar().encode(x="variety:N", y="sum(yield):Q", color="site:N")


def stacked_bars_in_an_order(barley: alt.Chart) -> ChartType:
    return barley.mark_bar().encode(
        x="sum(yield):Q", y="variety:N", color="site:N", order=alt.Order("site:N").sort("descending")
    )


def normalised_bars(barley: alt.Chart) -> ChartType:
    return barley.mark_bar().encode(x=alt.X("sum(yield):Q").stack("normalize"), y="variety:N", color="site:N")


def stacked_bars_with_labels(barley: alt.Chart) -> ChartType:
    bars = barley.mark_bar().encode(x=alt.X("sum(yield):Q").stack("zero"), y="variety:N", color="site:N")
    labels = barley.mark_text(dx=-15, dy=3, color="white").encode(
        x=alt.X("sum(yield):Q").stack("zero"),
        y="variety:N",
        detail="site:N",
        text=alt.Text("sum(yield):Q").format(".1f"),
    )
    return bars + labels


def bars_of_counts_by_month(seattle_weather: alt.Chart) -> ChartType:
    scale = alt.Scale(
        domain=["sun", "fog", "drizzle", "rain", "snow"], range=["#e7ba52", "#c7c7c7", "#aec7e8", "#1f77b4", "#9467bd"]
    )
    return seattle_weather.mark_bar().encode(
        x=alt.X("month(date):O"), y="count()", color=alt.Color("weather:N").scale(scale)
    )


def diverging_bars(us_employment: alt.Chart) -> ChartType:
    return (
        us_employment.transform_fold(["construction", "information"], ["sector", "people"])
        .transform_calculate(signed="datum.sector === 'information' ? -datum.people : datum.people")
        .mark_bar()
        .encode(y="year(month):O", x="mean(signed):Q", color="sector:N")
    )


def bars_of_percent_of_total(barley: alt.Chart) -> ChartType:
    return (
        barley.transform_joinaggregate(total="sum(yield)")
        .transform_calculate(percent="datum.yield / datum.total")
        .mark_bar()
        .encode(x=alt.X("sum(percent):Q").axis(format=".0%"), y="site:N")
    )


def bars_with_error_bars(barley: alt.Chart) -> ChartType:
    bars = barley.mark_bar().encode(x="mean(yield):Q", y="variety:N")
    return bars + barley.mark_errorbar(extent="stdev").encode(x=alt.X("yield:Q").title("Mean of yield"), y="variety:N")


def population_pyramid(la_riots: alt.Chart) -> ChartType:
    people = la_riots.transform_filter("isValid(datum.age)").encode(y=alt.Y("age:Q").bin(step=10).sort("descending"))
    left, right = (
        people.transform_filter(alt.datum.gender == gender)
        .mark_bar()
        .encode(x=alt.X("count()").sort(order), color=alt.Color("gender:N").legend(None))
        .properties(title=gender, width=200)
        for gender, order in (("Female", "descending"), ("Male", "ascending"))
    )
    return left | right


def gantt(la_riots: alt.Chart) -> ChartType:
    return la_riots.mark_bar().encode(x="min(death_date):T", x2="max(death_date):T", y="type:N")


def bullet(cars: alt.Chart) -> ChartType:
    base = cars.transform_filter("datum.Origin == 'Japan'").encode(y="Cylinders:O")
    return (
        base.mark_bar(color="#ddd").encode(x="max(Horsepower):Q")
        + base.mark_bar(color="#bbb").encode(x="q3(Horsepower):Q")
        + base.mark_bar(color="steelblue", size=7).encode(x="median(Horsepower):Q")
        + base.mark_tick(color="black", thickness=2).encode(x="min(Horsepower):Q")
    ).properties(width=300)


def waterfall(us_employment: alt.Chart) -> ChartType:
    steps = (
        us_employment.transform_filter("year(datum.month) == 2008")
        .transform_window(until="sum(nonfarm_change)", sort=[{"field": "month"}], frame=[None, 0])
        .transform_calculate(
            before="datum.until - datum.nonfarm_change", amount="(datum.nonfarm_change > 0 ? '+' : '') + 'change'"
        )
    )
    bars = steps.mark_bar(size=30).encode(
        x=alt.X("yearmonth(month):O"), y="before:Q", y2="until:Q", color="amount:N", tooltip="nonfarm_change:Q"
    )
    labels = steps.mark_text(dy=-5, baseline="bottom").encode(
        x="yearmonth(month):O", y="until:Q", text="nonfarm_change:Q"
    )
    return (bars + labels).properties(width=550)


def calculated_residuals(cars: alt.Chart) -> ChartType:
    return (
        cars.transform_filter("isValid(datum.Miles_per_Gallon)")
        .transform_joinaggregate(mean="mean(Miles_per_Gallon)", groupby=["Origin"])
        .transform_calculate(delta="datum.Miles_per_Gallon - datum.mean")
        .mark_bar()
        .encode(x=alt.X("delta:Q").bin(maxbins=20), y="count()", color="Origin:N")
    )


def layered_bars(crimea: alt.Chart) -> ChartType:
    return (
        crimea.transform_fold(["wounds", "other", "disease"], ["cause", "deaths"])
        .mark_bar(opacity=0.7)
        .encode(x="yearmonth(date):O", y=alt.Y("sum(deaths):Q").stack(None), color="cause:N")
    )


def trellis_of_stacked_bars(barley: alt.Chart) -> ChartType:
    return barley.mark_bar().encode(column="year:O", x="yield:Q", y="variety:N", color="site:N")


def rounded_bars_over_time(seattle_weather: alt.Chart) -> ChartType:
    return seattle_weather.mark_bar(cornerRadiusTopLeft=3, cornerRadiusTopRight=3).encode(
        x="month(date):O", y="max(precipitation):Q", color=alt.Color("mean(temp_max):Q").scale(scheme="redyellowblue")
    )
