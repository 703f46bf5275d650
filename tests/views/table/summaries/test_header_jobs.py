"""Which header pictures the page is sent, and when."""

from collections.abc import Callable
from typing import Any

import pytest

from dataapp.engines.duckdb import DuckDB
from dataapp.engines.relation import Relation
from tests.views.table.by_hand import Explorer

type Make = Callable[..., Relation]

NUMBERS = "SELECT i AS n, i % 3 AS k, 'row ' || i AS name FROM range({}) t(i)"


def filter_by(explorer: Explorer, column: int, text: str) -> None:
    explorer.say("filter", column=column, text=text)
    explorer.jobs.run()


def sent(explorer: Explorer) -> list[Any]:
    """The pictures that came, in their order."""
    messages = [message for message in explorer.messages if message["type"] == "summaries"]
    return [column for message in messages for column in message["columns"]]


@pytest.fixture
def view(explorer: Explorer, relation: Make) -> Callable[[str], None]:
    """Show a relation, and remember its view."""

    def show_it(sql: str, **options: bool) -> None:
        explorer.controller.show(relation(sql, **options))
        explorer.jobs.run()

    return show_it


def test_no_picture_of_few_rows_is_made_before_the_page_asks(explorer: Explorer, view: Callable[[str], None]):
    view(NUMBERS.format(100))
    assert not explorer.jobs.waiting
    explorer.say("summarize", columns=[0, 2])
    explorer.jobs.run()
    assert [one["column"] for one in sent(explorer)] == [0, 2]
    assert [one["shape"] for one in sent(explorer)] == ["bins", "values"]


@pytest.mark.parametrize("fixed_order", [True, False])
def test_estimates_of_many_rows_are_begun_before_the_page_asks_and_sent_when_it_does(
    explorer: Explorer, relation: Make, fixed_order: bool
):
    explorer.controller.show(relation(NUMBERS.format(400_000), fixed_order=fixed_order))
    explorer.jobs.run()
    assert sent(explorer) == []
    explorer.say("summarize", columns=[0, 2])
    assert [(one["column"], one["is_estimate"]) for one in sent(explorer)] == [(0, True), (2, True)]
    explorer.jobs.run()
    assert [(one["column"], one["is_estimate"]) for one in sent(explorer)[2:]] == [(0, False), (2, False)]


def test_an_estimate_that_is_under_way_when_the_page_asks_is_sent_once(explorer: Explorer, relation: Make):
    explorer.controller.show(relation(NUMBERS.format(400_000)))
    while not any(message["type"] == "view" and message["rows"] for message in explorer.messages):
        explorer.jobs.run_one()
    assert len(explorer.jobs.waiting) == 1
    explorer.say("summarize", columns=[1])
    assert len(explorer.jobs.waiting) == 1
    explorer.jobs.run_one()
    assert [(one["column"], one["is_estimate"]) for one in sent(explorer)] == [(1, True)]


def test_an_estimate_that_was_begun_is_given_up_for_rows(explorer: Explorer, relation: Make):
    explorer.controller.show(relation(NUMBERS.format(400_000)))
    while not any(message["type"] == "view" and message["rows"] for message in explorer.messages):
        explorer.jobs.run_one()
    (estimate,) = explorer.jobs.waiting
    explorer.say("want", first=512, count=128, columns=[0])
    assert estimate.cancelled


def test_an_estimate_of_hidden_columns_is_not_begun(relation: Make):
    explorer = Explorer(columns=("k",))
    explorer.controller.show(relation(NUMBERS.format(400_000)))
    explorer.jobs.run()
    explorer.say("summarize", columns=[0, 1])
    assert [one["column"] for one in sent(explorer)] == [1]


def test_the_sample_goes_with_the_relation(explorer: Explorer, relation: Make, engine: DuckDB):
    before = len(engine.kept)
    explorer.controller.show(relation(NUMBERS.format(400_001)))  # which no other test shows
    explorer.jobs.run()
    assert len(engine.kept) == before + 1
    explorer.controller.show(relation(NUMBERS.format(10)))
    explorer.jobs.run()
    assert len(engine.kept) == before
    explorer.controller.show(relation(NUMBERS.format(400_002)))
    explorer.jobs.run()
    assert len(engine.kept) == before + 1
    explorer.controller.close()
    assert len(engine.kept) == before


def test_few_rows_are_never_estimated(explorer: Explorer, view: Callable[[str], None]):
    view(NUMBERS.format(100))
    explorer.say("summarize", columns=[0])
    explorer.jobs.run()
    assert [one["is_estimate"] for one in sent(explorer)] == [False]


@pytest.mark.parametrize("fixed_order", [True, False])
def test_many_rows_are_estimated_first_and_then_counted(
    explorer: Explorer, view: Callable[..., None], fixed_order: bool
):
    view(NUMBERS.format(400_000), fixed_order=fixed_order)
    explorer.say("summarize", columns=[1])
    explorer.jobs.run()
    rough, exact = sent(explorer)
    assert (rough["is_estimate"], exact["is_estimate"]) == (True, False)
    assert rough["rows"] < exact["rows"] == 400_000
    assert [mark["count"] for mark in exact["marks"]] == [133_334, 133_333, 133_333]


def test_filters_are_counted_in_the_bins_of_all_rows(explorer: Explorer, view: Callable[[str], None]):
    view(NUMBERS.format(90))
    filter_by(explorer, 0, "< 30")
    explorer.say("summarize", columns=[1])
    explorer.jobs.run()
    (one,) = sent(explorer)
    assert [(mark["filter"], mark["count"], mark["part"]) for mark in one["marks"]] == [
        ("0", 30, 10),
        ("1", 30, 10),
        ("2", 30, 10),
    ]
    assert one["part"] == {"rows": 30, "nulls": 0}


def test_another_filter_changes_the_part_alone_and_none_needs_no_query(explorer: Explorer, view: Callable[[str], None]):
    view(NUMBERS.format(90))
    explorer.say("summarize", columns=[1])
    explorer.jobs.run()
    filter_by(explorer, 0, "< 30")
    explorer.say("summarize", columns=[1])
    explorer.jobs.run()
    assert sent(explorer)[-1]["marks"][0]["part"] == 10
    filter_by(explorer, 0, "")
    explorer.say("summarize", columns=[1])
    assert not explorer.jobs.waiting
    assert sent(explorer)[-1]["part"] is None


def test_an_order_changes_no_picture(explorer: Explorer, view: Callable[[str], None]):
    view(NUMBERS.format(90))
    explorer.say("summarize", columns=[1])
    explorer.jobs.run()
    explorer.say("sort", order=[{"column": 0, "descending": True}])
    explorer.jobs.run()
    explorer.messages[:] = [message for message in explorer.messages if message["type"] == "view"]
    explorer.say("summarize", columns=[1])
    assert not explorer.jobs.waiting
    assert len(sent(explorer)) == 1


def test_rows_go_first(explorer: Explorer, view: Callable[[str], None]):
    view(NUMBERS.format(1000))
    explorer.say("summarize", columns=[0])
    picture = explorer.jobs.waiting[0]
    explorer.say("want", first=512, count=128, columns=[0])
    assert picture.cancelled
    explorer.jobs.run()
    assert sent(explorer) == []
    explorer.say("summarize", columns=[0])
    explorer.jobs.run()
    assert len(sent(explorer)) == 1


def test_pictures_of_a_relation_that_is_replaced_are_given_up(
    explorer: Explorer, relation: Make, view: Callable[[str], None]
):
    view(NUMBERS.format(1000))
    explorer.say("summarize", columns=[0])
    picture = explorer.jobs.waiting[0]
    explorer.controller.show(relation(NUMBERS.format(2000)))
    assert picture.cancelled
    explorer.jobs.run()
    assert sent(explorer) == []


def test_many_columns_come_in_batches(explorer: Explorer, view: Callable[[str], None]):
    view("SELECT " + ", ".join(f"i + {at} AS c_{at}" for at in range(20)) + " FROM range(10) t(i)")
    explorer.say("summarize", columns=list(range(20)))
    explorer.jobs.run()
    messages = [message for message in explorer.messages if message["type"] == "summaries"]
    assert len(messages) > 1
    assert [one["column"] for one in sent(explorer)] == list(range(20))


def test_a_picture_that_cannot_be_made_leaves_rows_and_other_pictures_alone(
    explorer: Explorer, view: Callable[[str], None]
):
    view("SELECT i AS n, CASE WHEN i = 5000 THEN CAST('bad' AS INTEGER) ELSE i END AS late FROM range(6000) t(i)")
    explorer.say("summarize", columns=[0, 1])
    explorer.jobs.run()
    assert [one["column"] for one in sent(explorer)] == [0]
    assert explorer.state.status == "fresh"
    explorer.say("summarize", columns=[0, 1])
    assert not explorer.jobs.waiting


@pytest.mark.parametrize("columns", [[], [0, 0], [-1], ["0"], [True], list(range(65)), None, [99]])
def test_forged_wishes_start_no_work(explorer: Explorer, view: Callable[[str], None], columns: Any):
    view(NUMBERS.format(30))
    explorer.say("summarize", columns=columns)
    assert not explorer.jobs.waiting
