"""Lines and areas: of several series, of time units, stacked, cumulated, ranked."""

import altair as alt
from altair.typing import ChartType


def simple_line(us_employment: alt.Chart) -> ChartType:
    return us_employment.mark_line().encode(x="month:T", y=alt.Y("nonfarm:Q").scale(zero=False))


def series(stocks: alt.Chart) -> ChartType:
    return stocks.mark_line().encode(x="date:T", y="price:Q", color="symbol:N", strokeDash="symbol:N")


def series_on_a_log_scale(stocks: alt.Chart) -> ChartType:
    return stocks.mark_line(point=True).encode(x="date:T", y=alt.Y("price:Q").scale(type="log"), color="symbol:N")


def series_with_labels_at_their_ends(stocks: alt.Chart) -> ChartType:
    base = stocks.encode(color=alt.Color("symbol").legend(None))
    last = base.encode(
        x=alt.X("max(date):T"),
        y=alt.Y("price", type="quantitative", aggregate=alt.ArgmaxDef(argmax="date")),
        text="symbol",
    )
    return base.mark_line().encode(x="date:T", y="price:Q") + last.mark_circle() + last.mark_text(align="left", dx=4)


def series_from_wide_columns(us_employment: alt.Chart) -> ChartType:
    return (
        us_employment.transform_fold(["construction", "manufacturing", "government"], ["sector", "people"])
        .mark_line()
        .encode(x="month:T", y="people:Q", color="sector:N")
    )


def series_of_mixed_types(us_employment: alt.Chart) -> ChartType:
    """Of whole numbers and others."""
    return (
        us_employment.transform_fold(["wholesale_trade", "retail_trade", "information"], ["sector", "people"])
        .mark_line()
        .encode(x="month:T", y="people:Q", color="sector:N")
    )


def line_of_monthly_means(seattle_temps: alt.Chart) -> ChartType:
    return seattle_temps.mark_line().encode(x="yearmonthdate(date):T", y="mean(temp):Q").properties(width=500)


def line_of_hours_of_the_day(seattle_temps: alt.Chart) -> ChartType:
    return seattle_temps.mark_line().encode(x="hours(date):O", y="median(temp):Q", color="quarter(date):N")


def range_over_the_year(seattle_weather: alt.Chart) -> ChartType:
    return seattle_weather.mark_area(opacity=0.4).encode(
        x="monthdate(date):T", y="mean(temp_max):Q", y2="mean(temp_min):Q"
    )


def step_line(stocks: alt.Chart) -> ChartType:
    google = stocks.transform_filter(alt.datum.symbol == "GOOG")
    return google.mark_line(interpolate="step-after").encode(x="date:T", y="price:Q")


def sparklines(stocks: alt.Chart) -> ChartType:
    return (
        stocks.mark_area()
        .encode(x=alt.X("date:T").axis(None), y=alt.Y("price:Q").axis(None), row="symbol:N", color="symbol:N")
        .properties(height=50, width=300)
        .resolve_scale(y="independent")
    )


def connected_scatter(driving: alt.Chart) -> ChartType:
    return driving.mark_line(point=True).encode(
        x=alt.X("miles").scale(zero=False), y=alt.Y("gas").scale(zero=False), order="year"
    )


def line_with_a_band_of_years(wheat: alt.Chart) -> ChartType:
    rows = alt.Chart(alt.Data(values=[{"from": 1600, "to": 1650}, {"from": 1702, "to": 1714}]))
    years = rows.mark_rect(opacity=0.2).encode(x="from:Q", x2="to:Q")
    return years + wheat.mark_line().encode(x=alt.X("year:Q").scale(zero=False), y="wages:Q")


def moving_average(seattle_weather: alt.Chart) -> ChartType:
    line = seattle_weather.transform_window(mean="mean(temp_max)", frame=[-15, 15]).mark_line(color="red", size=3)
    return seattle_weather.mark_point(opacity=0.2).encode(x="date:T", y="temp_max:Q") + line.encode(
        x="date:T", y="mean:Q"
    )


def moving_average_in_an_order(sf_temps: alt.Chart) -> ChartType:
    return (
        sf_temps.transform_timeunit(day="yearmonthdate(date)")
        .transform_aggregate(temp="mean(temp)", groupby=["day"])
        .transform_window(mean="mean(temp)", sort=[{"field": "day"}], frame=[-7, 7])
        .mark_line()
        .encode(x="day:T", y=alt.Y("mean:Q").scale(zero=False))
    )


def cumulative_count(la_riots: alt.Chart) -> ChartType:
    return (
        la_riots.transform_window(deaths="count()", sort=[{"field": "death_date"}], frame=[None, 0])
        .mark_line(interpolate="step-after")
        .encode(x="death_date:T", y="deaths:Q")
    )


def cumulative_precipitation(seattle_weather: alt.Chart) -> ChartType:
    return (
        seattle_weather.transform_timeunit(year="year(date)")
        .transform_window(total="sum(precipitation)", sort=[{"field": "date"}], groupby=["year"], frame=[None, 0])
        .mark_line()
        .encode(x="monthdate(date):T", y="total:Q", color="year(date):N")
    )


def bump(stocks: alt.Chart) -> ChartType:
    return (
        stocks.transform_filter("month(datum.date) == 0")
        .transform_window(rank="rank()", sort=[alt.SortField("price", order="descending")], groupby=["date"])
        .mark_line(point=True)
        .encode(x="year(date):O", y="rank:O", color="symbol:N")
    )


def slope(barley: alt.Chart) -> ChartType:
    return barley.mark_line().encode(x="year:O", y="median(yield):Q", color="site:N").properties(width=150)


def change_from_the_month_before(stocks: alt.Chart) -> ChartType:
    return (
        stocks.transform_window(before="lag(price)", sort=[{"field": "date"}], groupby=["symbol"])
        .transform_filter("isValid(datum.before)")
        .transform_calculate(change="datum.price / datum.before - 1")
        .mark_line()
        .encode(x="date:T", y=alt.Y("change:Q").axis(format="%"), row="symbol:N")
        .properties(height=40)
    )


def index_of_the_first_price(stocks: alt.Chart) -> ChartType:
    return (
        stocks.transform_window(first="first_value(price)", sort=[{"field": "date"}], groupby=["symbol"])
        .transform_calculate(index="datum.price / datum.first")
        .mark_line()
        .encode(x="date:T", y="index:Q", color="symbol:N")
    )


def simple_area(us_employment: alt.Chart) -> ChartType:
    return us_employment.mark_area(color="lightblue", interpolate="step-after", line=True).encode(
        x="month:T", y="construction:Q"
    )


def area_with_a_gradient(stocks: alt.Chart) -> ChartType:
    stops = [alt.GradientStop(color="white", offset=0), alt.GradientStop(color="darkgreen", offset=1)]
    colour = alt.Gradient(gradient="linear", stops=stops, x1=1, x2=1, y1=1, y2=0)
    return (
        stocks.transform_filter("datum.symbol === 'GOOG'")
        .mark_area(line={"color": "darkgreen"}, color=colour)
        .encode(x="date:T", y="price:Q")
    )


def stacked_areas(iowa_electricity: alt.Chart) -> ChartType:
    return iowa_electricity.mark_area().encode(x="year:T", y="net_generation:Q", color="source:N")


def normalised_areas(iowa_electricity: alt.Chart) -> ChartType:
    return iowa_electricity.mark_area().encode(
        x="year:T", y=alt.Y("net_generation:Q").stack("normalize"), color="source:N"
    )


def streamgraph(us_employment: alt.Chart) -> ChartType:
    sectors = ["construction", "manufacturing", "government", "information", "other_services"]
    return (
        us_employment.transform_fold([*sectors], ["sector", "people"])
        .mark_area()
        .encode(x="yearmonth(month):T", y=alt.Y("sum(people):Q").stack("center").axis(None), color="sector:N")
    )


def horizon(us_employment: alt.Chart) -> ChartType:
    base = us_employment.encode(x="month:T").properties(width=400, height=50)
    low = base.mark_area(clip=True, opacity=0.6).encode(y=alt.Y("information:Q").scale(domain=[2500, 2800], clamp=True))
    high = (
        base.transform_calculate(above="datum.information - 300")
        .mark_area(clip=True, opacity=0.3)
        .encode(y=alt.Y("above:Q").scale(domain=[2500, 2800]))
    )
    return low + high


def dual_axes(seattle_weather: alt.Chart) -> ChartType:
    base = seattle_weather.encode(alt.X("month(date):T").axis(title=None))
    area = base.mark_area(opacity=0.3, color="#57a44c").encode(
        alt.Y("average(temp_max)").axis(title="Temperature (°C)", titleColor="#57a44c"), alt.Y2("average(temp_min)")
    )
    line = base.mark_line(stroke="#5276a7", interpolate="monotone").encode(
        alt.Y("average(precipitation)").axis(title="Precipitation (mm)", titleColor="#5276a7")
    )
    return alt.layer(area, line).resolve_scale(y="independent")


def candlesticks(ohlc: alt.Chart) -> ChartType:
    colour = alt.when("datum.open <= datum.close").then(alt.value("#06982d")).otherwise(alt.value("#ae1325"))
    base = ohlc.encode(x=alt.X("date:T").axis(format="%m/%d", labelAngle=-45), color=colour)
    rule = base.mark_rule().encode(y=alt.Y("low:Q").scale(zero=False).title("Price"), y2="high:Q")
    return rule + base.mark_bar().encode(y="open:Q", y2="close:Q")


def trail(wheat: alt.Chart) -> ChartType:
    return wheat.mark_trail().encode(x="year:Q", y="wheat:Q", size="wages:Q")
