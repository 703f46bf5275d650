"""What cells look like in a layout."""

import ibis

import dataapp as da
from dataapp.app.sessions import engine, initial_value
from dataapp.runtime.session import Session
from dataapp.runtime.workers import InlinePool
from dataapp.views.bodies import TableBody, ValueBody
from dataapp.views.card import Card
from dataapp.views.cells import view_of


def test_a_query_in_ibis_is_shown_as_a_table_that_is_not_read_whole():
    numbers = da.sql("SELECT range AS n FROM range(10)")

    @da.cell(numbers=numbers)
    def even(numbers: ibis.Table) -> ibis.Table:
        return numbers.filter(numbers.n.cast("int64") % 2 == 0)  # pyright: ignore[reportAttributeAccessIssue]

    @da.cell(numbers=numbers)
    def count(numbers: ibis.Table) -> int:
        return numbers.count().to_pyarrow().as_py()

    session = Session(engine(), InlinePool(), initial=initial_value)
    cards = [view_of(cell, session) for cell in (even, count)]
    assert all(isinstance(card, Card) for card in cards)
    assert [type(card._body) for card in cards] == [TableBody, ValueBody]
    session.close()
