"""Points: scatter plots, bubbles, dots, heat maps, text, fitted curves, maps without shapes."""

import altair as alt
from altair.typing import ChartType


def scatter(cars: alt.Chart) -> ChartType:
    return cars.mark_circle(size=60).encode(
        x="Horsepower", y="Miles_per_Gallon", color="Origin", tooltip=["Name", "Origin", "Horsepower"]
    )


def scatter_with_shapes(iris: alt.Chart) -> ChartType:
    return iris.mark_point().encode(
        x=alt.X("petalWidth").scale(zero=False), y="petalLength", shape="species", color="species"
    )


def bubbles(cars: alt.Chart) -> ChartType:
    return cars.mark_point().encode(x="Horsepower", y="Miles_per_Gallon", size="Acceleration")


def binned_bubbles(cars: alt.Chart) -> ChartType:
    return cars.mark_circle().encode(
        x=alt.X("Miles_per_Gallon:Q").bin(), y=alt.Y("Horsepower:Q").bin(), size="count()", color="mean(Acceleration):Q"
    )


def bubbles_on_log_scales(burtin: alt.Chart) -> ChartType:
    scale = alt.Scale(type="log")
    return burtin.mark_circle().encode(
        x=alt.X("Penicillin:Q").scale(scale), y=alt.Y("Neomycin:Q").scale(scale), size="Streptomycin:Q", color="Genus:N"
    )


def scatter_with_labels(burtin: alt.Chart) -> ChartType:
    points = burtin.mark_point().encode(
        x=alt.X("Penicillin:Q").scale(type="log"), y=alt.Y("Neomycin:Q").scale(type="log")
    )
    return points + points.mark_text(align="left", dx=7).encode(text="Bacteria:N")


def anscombe_quartet(anscombe: alt.Chart) -> ChartType:
    return (
        anscombe.mark_circle()
        .encode(alt.X("X").scale(zero=False), alt.Y("Y").scale(zero=False), alt.Facet("Series", columns=2))
        .properties(width=180, height=180)
    )


def matrix_of_scatters(cars: alt.Chart) -> ChartType:
    return (
        cars.mark_circle()
        .encode(
            alt.X(alt.repeat("column"), type="quantitative"),
            alt.Y(alt.repeat("row"), type="quantitative"),
            color="Origin:N",
        )
        .properties(width=120, height=120)
        .repeat(row=["Horsepower", "Acceleration"], column=["Acceleration", "Horsepower"])
    )


def points_over_a_regression(cars: alt.Chart) -> ChartType:
    points = cars.mark_point().encode(x="Weight_in_lbs:Q", y="Miles_per_Gallon:Q")
    line = points.transform_regression("Weight_in_lbs", "Miles_per_Gallon").mark_line(color="red")
    return points + line


def polynomials(cars: alt.Chart) -> ChartType:
    points = cars.mark_circle(color="black").encode(x="Displacement:Q", y="Acceleration:Q")
    curves = [
        points.transform_regression(
            "Displacement", "Acceleration", method="poly", order=order, as_=["Displacement", str(order)]
        )
        .mark_line()
        .transform_fold([str(order)], as_=["degree", "value"])
        .encode(y="value:Q", color="degree:N")
        for order in (1, 3)
    ]
    return alt.layer(points, *curves)


def points_over_loess(cars: alt.Chart) -> ChartType:
    points = cars.mark_point().encode(x="Horsepower:Q", y="Miles_per_Gallon:Q", color="Origin:N")
    curve = points.transform_loess("Horsepower", "Miles_per_Gallon", groupby=["Origin"]).mark_line(size=4)
    return points + curve


def points_with_a_line_of_means(cars: alt.Chart) -> ChartType:
    points = cars.mark_point(opacity=0.3).encode(x="year(Year):T", y=alt.Y("Miles_per_Gallon:Q").title("mpg"))
    return points + cars.mark_line().encode(x="year(Year):T", y=alt.Y("mean(Miles_per_Gallon):Q").title("mpg"))


def scatter_with_null_in_grey(la_riots: alt.Chart) -> ChartType:
    colour = alt.when("datum.neighborhood === null").then(alt.value("#aaa")).otherwise("age:Q")
    return la_riots.mark_point().encode(
        x=alt.X("longitude:Q").scale(zero=False), y=alt.Y("latitude:Q").scale(zero=False), color=colour
    )


def dots(barley: alt.Chart) -> ChartType:
    return barley.mark_circle().encode(
        x=alt.X("yield:Q").scale(zero=False), y="variety:N", color="year:N", row="site:N"
    )


def ranged_dots(barley: alt.Chart) -> ChartType:
    base = barley.transform_filter(alt.FieldOneOfPredicate(field="site", oneOf=["Morris", "Duluth", "Waseca"]))
    line = base.mark_line(color="#db646f").encode(x="mean(yield):Q", y="site:N", detail="site:N", order="year:O")
    dot = base.mark_point(size=100, opacity=1, filled=True).encode(x="mean(yield):Q", y="site:N", color="year:O")
    return line + dot


def dots_of_range(cars: alt.Chart) -> ChartType:
    base = cars.encode(y="Origin:N")
    return base.mark_rule().encode(x="min(Acceleration):Q", x2="max(Acceleration):Q") + base.mark_point(
        filled=True
    ).encode(x="median(Acceleration):Q")


def binned_heat_map(cars: alt.Chart) -> ChartType:
    return cars.mark_rect().encode(
        x=alt.X("Miles_per_Gallon:Q").bin(maxbins=20), y=alt.Y("Horsepower:Q").bin(maxbins=15), color="count()"
    )


def heat_map_of_days(seattle_weather: alt.Chart) -> ChartType:
    return seattle_weather.mark_rect().encode(
        x=alt.X("date(date):O").axis(format="%e", labelAngle=0),
        y="month(date):O",
        color=alt.Color("max(temp_max):Q"),
        tooltip=["monthdate(date)", "max(temp_max)"],
    )


def heat_map_of_hours(seattle_temps: alt.Chart) -> ChartType:
    return (
        seattle_temps.mark_rect()
        .encode(
            x=alt.X("hours(date):O").title("hour"),
            y=alt.Y("monthdate(date):O").title("day").axis(labels=False),
            color=alt.Color("temp:Q").scale(scheme="inferno"),
        )
        .properties(height=200)
    )


def heat_map_with_text(cars: alt.Chart) -> ChartType:
    base = cars.transform_aggregate(cars="count()", groupby=["Origin", "Cylinders"]).encode(
        x="Cylinders:O", y="Origin:O"
    )
    colour = alt.when("datum.cars > 60").then(alt.value("white")).otherwise(alt.value("black"))
    return base.mark_rect().encode(color="cars:Q") + base.mark_text(baseline="middle").encode(
        text="cars:Q", color=colour
    )


def heat_map_of_correlation(iris: alt.Chart) -> ChartType:
    """Of standardised columns, two by two."""
    return (
        iris.transform_joinaggregate(
            m1="mean(sepalLength)", m2="mean(petalLength)", s1="stdevp(sepalLength)", s2="stdevp(petalLength)"
        )
        .transform_calculate(
            product="(datum.sepalLength - datum.m1) * (datum.petalLength - datum.m2) / datum.s1 / datum.s2"
        )
        .mark_rect()
        .encode(x="species:N", y=alt.value(10), color=alt.Color("mean(product):Q").scale(domain=[0, 2]))
    )


def text_over_bars(seattle_weather: alt.Chart) -> ChartType:
    base = seattle_weather.encode(y="weather:N")
    bars = base.mark_bar(color="lightgrey").encode(x="count()")
    return bars + base.mark_text(align="right", dx=-4).encode(x="count()", text="weather:N")


def table_of_ranked_text(cars: alt.Chart) -> ChartType:
    rows = (
        cars.transform_window(place="row_number()", sort=[{"field": "Horsepower", "order": "descending"}])
        .transform_filter("datum.place <= 12")
        .mark_text()
        .encode(y=alt.Y("place:O").axis(None))
    )
    return rows.encode(text="Name:N").properties(title="Name") | rows.encode(text="Horsepower:N").properties(title="hp")


def top_of_each(cars: alt.Chart) -> ChartType:
    return (
        cars.transform_filter("isValid(datum.Horsepower)")
        .transform_window(place="rank()", sort=[alt.SortField("Horsepower", order="descending")], groupby=["Origin"])
        .transform_filter("datum.place <= 3")
        .mark_point()
        .encode(x="Horsepower:Q", y="Name:N", color="Origin:N")
    )


def top_k(airports: alt.Chart) -> ChartType:
    return (
        airports.transform_aggregate(count="count()", groupby=["state"])
        .transform_window(
            place="rank()", sort=[alt.SortField("count", order="descending"), alt.SortField("state", order="ascending")]
        )
        .transform_filter("datum.place < 16")
        .mark_bar()
        .encode(x="count:Q", y=alt.Y("state:N").sort("-x"))
    )


def top_k_with_others(airports: alt.Chart) -> ChartType:
    return (
        airports.transform_aggregate(count="count()", groupby=["state"])
        .transform_window(
            place="row_number()",
            sort=[alt.SortField("count", order="descending"), alt.SortField("state", order="ascending")],
        )
        .transform_calculate(name="datum.place < 10 ? datum.state : 'All others'")
        .mark_bar()
        .encode(
            x=alt.X("count:Q").aggregate("sum"),
            y=alt.Y("name:N", sort=alt.EncodingSortField("count", op="sum", order="descending")),
        )
    )


def map_of_airports(airports: alt.Chart) -> ChartType:
    return (
        airports.transform_aggregate(
            latitude="mean(latitude)", longitude="mean(longitude)", count="count()", groupby=["state"]
        )
        .mark_circle()
        .encode(longitude="longitude:Q", latitude="latitude:Q", size="count:Q", tooltip=["state:N", "count:Q"])
        .project(type="albersUsa")
        .properties(width=400, height=250)
    )


def map_of_points(la_riots: alt.Chart) -> ChartType:
    return (
        la_riots.mark_circle()
        .encode(longitude="longitude:Q", latitude="latitude:Q", color="race:N")
        .project(type="mercator")
    )


def map_of_shapes(shapes: alt.Chart) -> ChartType:
    return shapes.mark_geoshape(stroke="white").encode(color="side:Q", tooltip="name:N").project(type="mercator")


def globe(airports: alt.Chart) -> ChartType:
    sphere = alt.Chart(alt.sphere()).mark_geoshape(fill="aliceblue")
    lines = alt.Chart(alt.graticule()).mark_geoshape(stroke="lightgrey", filled=False)
    places = airports.transform_filter("datum.state === 'HI'").mark_circle(color="red")
    places = places.encode(longitude="longitude:Q", latitude="latitude:Q", tooltip="name:N")
    return alt.layer(sphere, lines, places).project(type="orthographic", rotate=[150, -20, 0])


def pie(crimea: alt.Chart) -> ChartType:
    return (
        crimea.transform_fold(["wounds", "other", "disease"], ["cause", "deaths"])
        .mark_arc()
        .encode(theta="sum(deaths):Q", color="cause:N")
    )


def donut_with_labels(seattle_weather: alt.Chart) -> ChartType:
    base = seattle_weather.encode(theta=alt.Theta("count()").stack(True), color="weather:N")
    return base.mark_arc(innerRadius=40, outerRadius=90) + base.mark_text(radius=110).encode(text="weather:N")


def radial(wheat: alt.Chart) -> ChartType:
    late = wheat.transform_filter("datum.year >= 1770")
    return late.mark_arc(innerRadius=20, stroke="#fff").encode(
        theta=alt.Theta("wheat:Q").stack(True),
        radius=alt.Radius("wheat:Q").scale(type="sqrt", zero=True),
        color="year:O",
    )
