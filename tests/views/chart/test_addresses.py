"""Data never says where a click leads or what is loaded."""

import altair as alt
import pytest

from dataapp.errors import ChartError
from dataapp.views.chart.addresses import check_addresses
from dataapp.views.chart.plan import chart_to_plan
from dataapp.views.chart.schema import chart
from tests.views.chart.drawing import columns_of

PICTURE = "data:image/png;base64,iVBORw0KGgo="
KEPT = [
    {"mark": {"type": "bar", "href": "https://example.org/a"}},
    {"mark": "bar", "encoding": {"href": {"value": "mailto:desk@example.org"}}},
    {"mark": "bar", "encoding": {"href": {"value": "#top"}}},
    {"mark": "bar", "encoding": {"href": {"value": "tables/bars"}}},
    {"mark": {"type": "image", "url": PICTURE}},
    {"mark": "bar", "encoding": {"href": {"condition": {"param": "p", "value": "https://a.b"}, "value": "/b"}}},
    {"mark": "bar", "data": {"url": "flights.csv"}, "encoding": {"x": {"field": "url"}}},
    {"mark": "bar", "encoding": {"href": None}},
]
REFUSED = [
    {"mark": "bar", "encoding": {"href": {"field": "link"}}},
    {"mark": "bar", "encoding": {"href": {"value": {"expr": "datum.link"}}}},
    {"mark": "bar", "encoding": {"href": {"datum": "https://example.org"}}},
    {"mark": "bar", "encoding": {"href": {"condition": {"param": "p", "field": "link"}, "value": "/b"}}},
    {"mark": "bar", "encoding": {"href": {"condition": [{"param": "p", "field": "link"}]}}},
    {"mark": {"type": "bar", "href": {"expr": "datum.link"}}},
    {"mark": {"type": "bar", "href": {"signal": "datum.link"}}},
    {"mark": {"type": "bar", "href": "javascript:alert(1)"}},
    {"mark": {"type": "bar", "href": "JaVaScript:alert(1)"}},
    {"mark": {"type": "bar", "href": " javascript:alert(1)"}},
    {"mark": {"type": "bar", "href": "java\nscript:alert(1)"}},
    {"mark": {"type": "bar", "href": "data:text/html,<script>1</script>"}},
    {"mark": {"type": "bar", "href": "file:///etc/passwd"}},
    {"mark": "image", "encoding": {"url": {"field": "logo"}}},
    {"mark": {"type": "image", "url": "https://example.org/a.png"}},
    {"mark": {"type": "image", "url": "data:image/svg+xml,<svg/>"}},
    {"config": {"mark": {"href": {"expr": "datum.link"}}}},
    {"config": {"style": {"linked": {"href": "javascript:1"}}}},
    {"layer": [{"mark": "bar"}, {"vconcat": [{"mark": "point", "encoding": {"href": {"field": "link"}}}]}]},
    {"spec": {"mark": "image", "encoding": {"url": {"field": "logo"}}}},
]


@pytest.mark.parametrize("spec", KEPT)
def test_what_the_author_wrote_is_kept(spec) -> None:
    check_addresses(spec)


@pytest.mark.parametrize("spec", REFUSED)
def test_what_data_could_steer_is_refused(spec) -> None:
    with pytest.raises(ChartError):
        check_addresses(spec)


def test_a_chart_with_such_an_address_has_no_plan() -> None:
    linked = chart("links", lambda: ()).mark_point().encode(x="x:Q", href="link:N")
    with pytest.raises(ChartError, match="href"):
        chart_to_plan(linked, {linked.data: columns_of(x="DOUBLE", link="VARCHAR")})


def test_the_hint_helps(tmp_path) -> None:
    linked = chart("links", lambda: ()).mark_point().encode(x="x:Q", href=alt.value("https://example.org"))
    plan = chart_to_plan(linked, {linked.data: columns_of(x="DOUBLE")})
    assert plan.spec["encoding"]["href"] == {"value": "https://example.org"}
