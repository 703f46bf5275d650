"""Where the selections of a crossfilter stand: on the deepest cell, never where that would be another question."""

from typing import Any

import altair as alt
import panel as pn
import polars as pl
import pytest

import dataapp as da
from dataapp.cells.sql import SqlCell, sql
from dataapp.errors import CrossfilterError

FLIGHTS = pl.DataFrame({"carrier": ["UA", "UA", "HA", "HA"], "delay": [1, 9, 3, 7], "k": [1, 2, 3, 4]})
AIRLINES = pl.DataFrame({"carrier": ["UA", "HA"], "country": ["US", "HW"]})


def narrowed(view: SqlCell, column: str = "delay", **options: Any) -> Any:
    """Return a view that is filtered by a matched column, whose value is called `chosen`."""
    return da.crossfilter(da.match(column, pn.widgets.MultiChoice(), name="chosen"), view, **options)[1]


def lines(cell: Any) -> list[str]:
    text = cell.explain(analyze=False).splitlines()
    at = text.index("Selections, and what they are on")
    return [line.strip() for line in text[at + 1 :] if line.startswith("    ")][:1]


def flights(text: str, **options: Any) -> SqlCell:
    return sql(text, flights=FLIGHTS, airlines=AIRLINES, name="view", **options)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("SELECT carrier, count(*) AS n FROM flights GROUP BY ALL ORDER BY ALL", [("HA", 2), ("UA", 1)]),
        ("SELECT carrier, sum(delay) AS delay FROM flights GROUP BY ALL ORDER BY ALL", [("HA", 10), ("UA", 9)]),
        (
            "SELECT carrier, delay, count(*) OVER () AS n FROM flights ORDER BY delay",
            [("HA", 3, 3), ("HA", 7, 3), ("UA", 9, 3)],
        ),
        (
            "SELECT country, count(*) AS n FROM flights JOIN airlines USING (carrier) GROUP BY ALL ORDER BY ALL",
            [("HW", 2), ("US", 1)],
        ),
        (
            "SELECT country, count(k) AS n FROM airlines LEFT JOIN flights USING (carrier) GROUP BY ALL ORDER BY ALL",
            None,
        ),
        ("SELECT delay FROM flights LEFT JOIN airlines USING (carrier) ORDER BY 1", [(3,), (7,), (9,)]),
        ("WITH f AS (SELECT * FROM flights) SELECT count(*) AS n FROM f", [(3,)]),
        (
            "SELECT delay FROM flights UNION ALL SELECT delay FROM flights ORDER BY 1",
            [(3,), (3,), (7,), (7,), (9,), (9,)],
        ),
        ("SELECT delay FROM flights ORDER BY delay DESC, k LIMIT 2", [(9,), (7,)]),
        ("SELECT k FROM flights ORDER BY ALL LIMIT 2", None),
        ("SELECT DISTINCT ON (carrier) k, carrier FROM flights ORDER BY carrier, k", None),
        ("SELECT k FROM flights TABLESAMPLE reservoir(4 ROWS) REPEATABLE (1)", None),
        ("SELECT carrier FROM airlines WHERE carrier NOT IN (SELECT carrier FROM flights)", None),
        ("SELECT country FROM airlines ANTI JOIN flights USING (carrier)", None),
    ],
)
def test_a_condition_stands_below_grouping_but_not_where_that_is_another_question(
    text: str, expected: list[tuple[Any, ...]] | None
):
    view = narrowed(flights(text))
    if expected is None:
        with pytest.raises(CrossfilterError, match="`view` cannot be filtered by `chosen`"):
            view.evaluate(chosen=(3, None))
    else:
        assert view.evaluate(chosen=(3, None)).rows() == expected


def test_the_missing_side_of_a_join_is_filtered_as_a_column_of_the_result():
    text = "SELECT country, delay FROM airlines LEFT JOIN flights USING (carrier) ORDER BY ALL"
    view = narrowed(flights(text))
    assert view.evaluate(chosen=(8, None)).rows() == [("US", 9)]
    (line,) = lines(view)
    assert line.endswith(
        "(not deeper: `view` lets nothing through to `flights`, since it may be missing in a LEFT JOIN)"
    )


def test_an_author_lets_selections_through_or_keeps_them_off():
    largest = "SELECT delay, k FROM flights ORDER BY delay, k LIMIT 2"
    assert narrowed(flights(largest)).evaluate(chosen=(3, None)).rows() == [(3, 3)]
    assert narrowed(flights(largest, filters="inside")).evaluate(chosen=(3, None)).rows() == [(3, 3), (7, 4)]
    summed = "SELECT carrier, sum(delay) AS delay FROM flights GROUP BY ALL ORDER BY ALL"
    assert narrowed(flights(summed, filters="outside")).evaluate(chosen=(None, 9)).rows() == []
    assert narrowed(flights(summed)).evaluate(chosen=(None, 7)).rows() == [("HA", 10), ("UA", 1)]


def test_kept_rows_are_filtered_where_they_have_the_column():
    ordered = "SELECT carrier, first(delay ORDER BY k) AS opening FROM flights GROUP BY ALL"
    bars = flights(ordered)
    view = narrowed(sql("FROM bars ORDER BY ALL", bars=bars), "carrier")
    assert view.evaluate(chosen="UA").rows() == [("UA", 1)]
    assert "first() picks among ties" in lines(view)[0]
    below = narrowed(sql("FROM bars ORDER BY ALL", bars=bars))
    assert below.evaluate(chosen=(2, None)).rows() == [("HA", 3), ("UA", 9)]


def test_what_has_no_one_meaning_is_filtered_from_outside():
    view = narrowed(flights("SELECT delay, random() AS r FROM flights"))
    assert sorted(view.evaluate(chosen=(3, None))["delay"]) == [3, 7, 9]
    assert "random() is volatile" in lines(view)[0]


def test_a_brushed_column_is_what_it_is_called_elsewhere():
    base = sql("SELECT delay AS late, k FROM flights", flights=FLIGHTS, name="base")
    shown = sql("SELECT late AS minutes FROM base", base=base, name="shown")
    brushed = da.brush(da.chart(shown).mark_tick().encode(x="minutes:Q"), name="minutes")
    other = sql("SELECT count(*) AS n FROM base", base=base)
    view = da.crossfilter(brushed, other)[1]
    assert view.evaluate(minutes={"minutes": (3.0, 7.0)}).item() == 2
    assert lines(view) == ['`minutes` on minutes: `flights` as "delay"']


def test_a_brushed_expression_stands_on_the_rows_that_it_is_computed_of():
    hours = sql("SELECT k // 2 AS half, count(*) AS n FROM flights GROUP BY ALL", flights=FLIGHTS, name="hours")
    brushed = da.brush(da.chart(hours).mark_bar().encode(x="half:Q", y="n:Q"), name="half")
    view = da.crossfilter(brushed, flights("SELECT k FROM flights ORDER BY k"))[1]
    assert view.evaluate(half={"half": (1.0, 1.0)}).rows() == [(2,), (3,)]
    assert lines(view) == ["`half` on half: `flights` as TRY(k // 2)"]


def test_an_expression_that_fails_on_rows_of_others_lets_them_not_pass():
    texts = pl.DataFrame({"text": ["1", "two", "3"]})
    numbers = sql("SELECT text::INT AS n FROM texts WHERE text ~ '^[0-9]+$'", texts=texts)
    brushed = da.brush(da.chart(numbers).mark_tick().encode(x="n:Q"), name="n")
    view = da.crossfilter(brushed, sql("FROM texts", texts=texts))[1]
    assert view.evaluate(n={"n": (0.0, 2.0)}).rows() == [("1",)]


def test_a_policy_comes_first():
    guarded = da.source(FLIGHTS, policy="carrier = 'UA'", name="guarded")
    view = narrowed(sql("SELECT count(*) AS n FROM guarded", guarded=guarded))
    assert view.evaluate(chosen=(3, None)).item() == 1
    assert lines(view) == ["`chosen` on delay: `guarded`"]


def test_keys_lead_from_table_to_table():
    orders = da.source(pl.DataFrame({"id": [1, 2, 3], "customer": [1, 1, 2], "price": [5, 6, 7]}))
    customers = da.source(pl.DataFrame({"customer": [1, 2], "region": [1, 2]}))
    regions = da.source(pl.DataFrame({"number": [1, 2], "name": ["east", "west"]}))
    keys = {(orders, customers): "customer", (customers, regions): ("region", "number")}
    total = sql("SELECT sum(price) AS total FROM orders", orders=orders)
    by_region = narrowed(total, "region", keys=keys)
    assert by_region.evaluate(chosen=[1]).item() == 11
    assert by_region.evaluate().item() == 18
    by_name = narrowed(total, "name", keys=keys)
    assert by_name.evaluate(chosen=["west"]).item() == 7
    names = narrowed(sql("FROM regions", regions=regions), "price", keys=keys)
    assert names.evaluate(chosen=(6, 6)).rows() == [(1, "east")]
    with pytest.raises(CrossfilterError, match="nothing that it reads has column `name`"):
        narrowed(total, "name").evaluate()


def test_a_column_that_only_the_explorer_has_is_refused_when_it_is_filtered():
    wide = da.explore(sql("SELECT *, random() AS luck FROM flights", flights=FLIGHTS), name="wide")
    view = da.crossfilter(wide, flights("SELECT count(*) AS n FROM flights"))[1]
    assert view.evaluate({wide.filtered: {"delay": ">= 3"}}).item() == 3
    with pytest.raises(CrossfilterError, match="`luck`"):
        view.evaluate({wide.filtered: {"luck": ">= 0"}})


def test_a_shared_chart_keeps_its_own_parameters():
    dragged = alt.selection_interval(name="dragged", encodings=["x"])
    ticks = da.chart(da.source(FLIGHTS)).mark_tick().encode(x="delay:Q").add_params(dragged)
    shown, view = da.crossfilter(ticks, flights("SELECT count(*) AS n FROM flights"))
    assert view.evaluate(dragged={"delay": (3.0, 7.0)}).item() == 2
    assert shown.params[0].name == "dragged"
