"""Flights: who left New York late in 2013, when, to where, and in which weather."""

import altair as alt
import panel as pn
import polars as pl

import dataapp as da

flights = da.source("../sample_data/flights.parquet")
airlines = da.source("../sample_data/airlines.parquet")
airports = da.source("../sample_data/airports.parquet")
planes = da.source("../sample_data/planes.parquet")
weather = da.source("../sample_data/weather.parquet")

# What can be set. Nothing chosen means every airport and every airline.
origins = da.input(pn.ui.CheckButtonGroup, label="From", options={"JFK": "JFK", "LaGuardia": "LGA", "Newark": "EWR"})
carriers = da.input(
    pn.ui.MultiChoice,
    label="Airlines",
    options=da.sql("SELECT name, carrier FROM airlines ORDER BY name", airlines=airlines),
)
late = da.input(pn.ui.IntSlider, label="Minutes that count as late", start=0, end=120, step=5, value=15)
from_origins = da.match("origin", origins)
by_carriers = da.match("carrier", carriers)

departures = da.sql(
    """
    SELECT sched_dep, sched_dep::DATE AS day, flight.origin, dest, airport.city, latitude, longitude,
           carrier, airline.name AS airline, flight, 2013 - plane.year AS plane_age,
           dep_delay, arr_delay, (dep_delay > $late)::INTEGER AS is_late, (dep_delay IS NULL)::INTEGER AS is_cancelled,
           wind_speed, precip, visib
    FROM (FROM flights WHERE $from_origins AND $by_carriers) AS flight
    JOIN airlines AS airline USING (carrier)
    JOIN airports AS airport ON dest = iata
    LEFT JOIN planes AS plane USING (tailnum)
    LEFT JOIN weather ON weather.origin = flight.origin AND hour = date_trunc('hour', sched_dep)
    """,
    flights=flights,
    airlines=airlines,
    airports=airports,
    planes=planes,
    weather=weather,
    late=late,
    from_origins=from_origins,
    by_carriers=by_carriers,
)

# Drag over days, click destinations: what stands below follows.
days = da.sql("SELECT day, avg(is_late) AS share FROM departures GROUP BY day ORDER BY day", departures=departures)
share = alt.Y("share:Q", title="Share late").axis(format="%")
calendar = (
    da.chart(days)
    .mark_area(line={"strokeWidth": 1}, opacity=0.5)
    .encode(x=alt.X("day:T", title=None), y=share, tooltip=["day:T", alt.Tooltip("share:Q", format=".0%")])
    .properties(height=150)
)
period = da.brush(calendar)
in_period = da.sql("FROM departures WHERE $period", departures=departures, period=period)
destinations = da.sql(
    """
    SELECT dest, city, latitude, longitude, count(*) AS flights, avg(is_late) AS share
    FROM in_period GROUP BY ALL ORDER BY flights DESC
    """,
    in_period=in_period,
)
late_colour = alt.Scale(scheme="goldred", domain=[0.1, 0.4], clamp=True)
where = (
    da.chart(destinations)
    .mark_circle(opacity=0.85)
    .encode(
        longitude="longitude:Q",
        latitude="latitude:Q",
        size=alt.Size("flights:Q", legend=None),
        color=alt.Color("share:Q", title="Late", scale=late_colour).legend(format="%"),
        tooltip=["city:N", "dest:N", "flights:Q", alt.Tooltip("share:Q", format=".0%")],
    )
    .project("albersUsa")
    .properties(height=300)
)
places = da.pick(where, "dest")
shown = da.sql("FROM in_period WHERE $places", in_period=in_period, places=places)

average = alt.X("mean(is_late):Q", title="Share late").axis(format="%")
heat = alt.Color("mean(is_late):Q", title="Late", scale=late_colour).legend(format="%")
by_airline = da.chart(shown).mark_bar().encode(x=average, y=alt.Y("airline:N", sort="-x", title=None))
by_hour = (
    da.chart(shown)
    .mark_rect()
    .encode(
        x=alt.X("hours(sched_dep):O", title="Scheduled hour").axis(format="%-H"),
        y=alt.Y("day(sched_dep):O", title=None),
        color=heat,
    )
    .properties(height=240)
)
by_visibility = (
    da.chart(shown)
    .mark_bar()
    .encode(
        x=alt.X("visib:Q", bin=True, title="Visibility in miles").axis(format="d"),
        y=alt.Y("mean(is_late):Q", title="Share late").axis(format="%"),
    )
    .properties(height=240)
)


@da.cell(shown=shown, late=late)
def summary(shown: pl.LazyFrame, late: int) -> str:
    """What is shown, in words."""
    total, tardy, cancelled = (
        shown.select(pl.len(), pl.col("is_late").mean().fill_null(0), pl.col("is_cancelled").sum()).collect().row(0)
    )
    return (
        f"**{total:,}** departures · **{tardy:.1%}** left more than {late} minutes late · **{cancelled:,}** cancelled"
    )


table = da.sql("SELECT * EXCLUDE (latitude, longitude, is_late, is_cancelled) FROM shown", shown=shown)

da.App(
    "New York flights",
    sidebar=[origins, carriers, late, "Drag over days, or click destinations, to look at those alone."],
    main=[summary, calendar, [where, by_airline], [by_hour, by_visibility], table],
).servable()
