"""What authors may say of how values look, and what they are told where it makes no sense."""

from collections.abc import Callable
from typing import Any

import pytest

import dataapp as da
from dataapp.cells.formats import Format, read_formats
from dataapp.engines.relation import Column, Relation
from dataapp.errors import ColumnNotFoundError, FormatError, WrongKindError
from dataapp.views.table.formats import formats_by_column, layout_of
from dataapp.views.table.layout import Layout
from tests.views.table.by_hand import Explorer

COLUMNS = (Column("price", "DECIMAL(10,2)"), Column("day", "DATE"), Column("name", "VARCHAR"))


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        (",.2f", Format((False, True, 2, "f"))),
        ("+.1%", Format((True, False, 1, "%"))),
        (",", Format((False, True, -1, ""))),
        (".3s", Format((False, False, 3, "s"))),
        ("€ {:,.0f}", Format((False, True, 0, "f"), ("€ ", ""))),
        ("{} km", Format((False, False, -1, ""), ("", " km"))),
        ("{:.1%} p.a.", Format((False, False, 1, "%"), ("", " p.a."))),
        ("%d %b %Y", Format(date="%d %b %Y")),
        ("%H:%M", Format(date="%H:%M")),
        ("bar", Format(scale="bar")),
        ((",d", "diverging"), Format((False, True, -1, "d"), scale="diverging")),
    ],
)
def test_a_format_is_understood(said: object, meant: Format):
    assert read_formats({"price": said}) == {"price": meant}


@pytest.mark.parametrize("said", ["", "two", ".2x", "{:.2f} {:.2f}", "{:%Y}", "%Q", 5, None, ("bar", "%Y"), "{"])
def test_a_format_without_meaning_is_an_error(said: object):
    with pytest.raises(FormatError, match="price"):
        read_formats({"price": said})


def test_a_scale_that_is_mistyped_is_told_apart():
    with pytest.raises(FormatError) as found:
        read_formats({"price": "divergent"})
    assert found.value.hint == "did you mean `diverging`?"


def test_formats_are_by_column():
    with pytest.raises(FormatError, match="formats"):
        read_formats([",.2f"])


def test_a_format_finds_its_column_whatever_the_case():
    assert formats_by_column(read_formats({"PRICE": "bar", "day": "%Y"}), COLUMNS) == {
        0: Format(scale="bar"),
        1: Format(date="%Y"),
    }


def test_a_column_that_is_not_there_is_an_error_with_near_names():
    with pytest.raises(ColumnNotFoundError) as found:
        formats_by_column(read_formats({"prise": "bar"}), COLUMNS)
    assert found.value.hint == "did you mean `price`?"


@pytest.mark.parametrize("formats", [{"name": "bar"}, {"name": ".2f"}, {"day": ",d"}, {"price": "%Y"}])
def test_a_format_for_another_type_is_an_error(formats: Any):
    with pytest.raises(FormatError, match="but the column is"):
        formats_by_column(read_formats(formats), COLUMNS)


def test_columns_are_shown_in_the_order_in_which_they_are_named():
    assert layout_of(["name", "PRICE"], COLUMNS) == Layout((2,), frozenset({1}))
    assert layout_of(["name", "PRICE"], COLUMNS).displayed(3) == (2, 0)
    with pytest.raises(ColumnNotFoundError) as found:
        layout_of(["days"], COLUMNS)
    assert found.value.hint == "did you mean `day`?"


def test_an_explorer_refuses_what_has_no_meaning_where_it_is_written():
    trades = da.sql("SELECT 1.5 AS price", name="trades")
    with pytest.raises(FormatError):
        da.explore(trades, formats={"price": "two decimals"})
    with pytest.raises(WrongKindError):
        da.explore(trades, columns="price")


def test_an_explorer_may_start_with_some_columns(relation: Callable[..., Relation]):
    explorer = Explorer(columns=["k", "n"])
    explorer.controller.show(relation("SELECT i AS n, 0 AS other, i % 2 AS k FROM range(9) t(i)"))
    explorer.jobs.run()
    assert explorer.view["layout"] == {"order": [2], "hidden": [1], "pinned": [], "widths": []}
    assert explorer.view["positions"] == [2, 0]
