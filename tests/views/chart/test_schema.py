import copy
from datetime import datetime
from typing import Any, cast

import altair as alt
import pyarrow as pa
import pytest

from dataapp.engines.relation import Column
from dataapp.views.chart.schema import CellData, chart, find_cell_data, named_data

COLUMNS = (Column("bar", "TIMESTAMP"), Column("close", "DECIMAL(10,2)"), Column("size", "ENUM('S', 'M')"))


class Asked:
    """Counts what a chart asks of its cell."""

    def __init__(self) -> None:
        self.columns_asked = self.frames_asked = 0

    def columns(self) -> tuple[Column, ...]:
        self.columns_asked += 1
        return COLUMNS

    def frame(self) -> pa.Table:
        self.frames_asked += 1
        return pa.table({"bar": [datetime.fromisoformat("2020-01-01")], "close": [2.0], "size": ["S"]})


@pytest.fixture
def asked() -> Asked:
    return Asked()


@pytest.fixture
def bars(asked: Asked) -> alt.Chart:
    return chart("bars", asked.columns, asked.frame)


def everything(bars: alt.Chart) -> alt.TopLevelMixin:
    line = bars.mark_line().encode(x="bar", y=alt.Y("close").scale(zero=False), color="size", tooltip=["mean(close)"])
    looked_up = bars.mark_bar().transform_lookup("bar", alt.LookupData(bars.data, "bar", ["close"]))
    layered = (line + bars.mark_point().encode(y="count()")).properties(title="t").interactive()
    repeated = bars.mark_bar().encode(x=alt.X(alt.repeat("row"), type="quantitative")).repeat(row=["close"])
    brushed = line.add_params(alt.selection_interval()).transform_filter("datum.close > 1")
    return ((layered.facet("size") | looked_up | repeated) & brushed).configure_axis(grid=False)


def test_building_asks_nothing(bars: alt.Chart, asked: Asked) -> None:
    everything(bars)
    assert (asked.columns_asked, asked.frames_asked) == (0, 0)


def test_every_part_of_a_tree_keeps_the_data(bars: alt.Chart) -> None:
    assert find_cell_data(everything(bars)) == (bars.data,)


@pytest.mark.parametrize("copied", [lambda c: c.copy(deep=True), copy.deepcopy, copy.copy, lambda c: c.interactive()])
def test_copies_of_a_chart_keep_the_data(bars: alt.Chart, copied) -> None:
    assert copied(bars.mark_bar().encode(x="close")).data is bars.data


def test_missing_types_come_from_the_columns(bars: alt.Chart, asked: Asked) -> None:
    with named_data({bars.data: COLUMNS}):
        spec = bars.mark_bar().encode(x="bar", y="close").to_dict()
    assert [spec["encoding"][channel]["type"] for channel in "xy"] == ["temporal", "quantitative"]
    assert asked.frames_asked == 0


def test_enum_is_ordinal_in_its_own_order(bars: alt.Chart) -> None:
    with named_data({bars.data: COLUMNS}):
        x = bars.mark_bar().encode(x="size").to_dict()["encoding"]["x"]
    assert (x["type"], x["sort"]) == ("ordinal", ["S", "M"])


def test_cells_with_equal_columns_have_datasets_of_their_own(asked: Asked) -> None:
    one, other = (chart(name, asked.columns).mark_bar().encode(x="close") for name in "ab")
    both = one | other
    with named_data(dict.fromkeys(find_cell_data(both), COLUMNS)):
        spec = both.to_dict()
    assert len({view["data"]["name"] for view in spec["hconcat"]}) == 2


def test_data_given_to_a_look_up_is_found(bars: alt.Chart, asked: Asked) -> None:
    other = CellData("names", asked.columns)
    looked_up = bars.mark_bar().transform_lookup("bar", alt.LookupData(cast("Any", other), "bar", ["close"]))
    assert find_cell_data(looked_up) == (bars.data, other)


def test_altair_itself_renders_with_the_rows(bars: alt.Chart, asked: Asked) -> None:
    spec = bars.mark_bar().encode(x="bar", y="close").to_dict()
    (rows,) = spec["datasets"].values()
    assert rows[0]["close"] == 2.0
    assert asked.frames_asked > 0


def test_naming_data_leaves_the_transformer_as_it_was(bars: alt.Chart) -> None:
    with named_data({bars.data: COLUMNS}):
        bars.mark_bar().to_dict()
    assert alt.data_transformers.active == "default"


def test_other_frames_in_a_chart_travel_in_the_specification(bars: alt.Chart) -> None:
    line = alt.Chart(pa.table({"limit": [3]})).mark_rule().encode(y="limit")
    with named_data({bars.data: COLUMNS}):
        spec = (bars.mark_bar().encode(y="close") + line).to_dict()
    assert list(spec["datasets"].values()) == [[{"limit": 3}]]


def test_altair_may_forget_how_data_are_named(bars: alt.Chart) -> None:
    alt.data_transformers.register("dataapp-names", None)
    with named_data({cast("CellData", bars.data): COLUMNS}):
        assert "name" in bars.mark_bar().encode(x="close").to_dict()["data"]
