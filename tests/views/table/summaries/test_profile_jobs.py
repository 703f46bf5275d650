"""Which profile the page is sent, and when."""

from collections.abc import Callable
from typing import Any

import pytest

from dataapp.engines.duckdb import DuckDB
from dataapp.engines.relation import Relation
from tests.views.table.by_hand import Explorer

type Make = Callable[..., Relation]

NUMBERS = "SELECT i AS n, i % 3 AS k FROM range({}) t(i)"


@pytest.fixture
def view(explorer: Explorer, relation: Make) -> Callable[[str], None]:
    def show(sql: str) -> None:
        explorer.controller.show(relation(sql))
        explorer.jobs.run()

    return show


def sent(explorer: Explorer) -> list[Any]:
    return [message for message in explorer.messages if message["type"] == "profile"]


def figure(message: Any, name: str) -> Any:
    return next(one for one in message["figures"] if one["name"] == name)


def test_an_estimate_comes_first_and_exact_figures_follow(explorer: Explorer, view: Callable[[str], None]):
    view(NUMBERS.format(400_000))
    explorer.say("profile", column=0)
    explorer.jobs.run()
    assert [one["is_estimate"] for one in sent(explorer)] == [True, False]
    assert figure(sent(explorer)[-1], "Maximum")["whole"] == "399999"


def test_the_estimate_is_made_from_the_sample_of_the_headers(
    explorer: Explorer, view: Callable[[str], None], engine: DuckDB
):
    view(NUMBERS.format(400_003))  # which no other test shows
    before = len(engine.kept)
    explorer.say("profile", column=1)
    explorer.jobs.run_one()
    assert [one["is_estimate"] for one in sent(explorer)] == [True]
    assert len(engine.kept) == before


def test_few_rows_are_counted_at_once(explorer: Explorer, view: Callable[[str], None]):
    view(NUMBERS.format(100))
    explorer.say("profile", column=1)
    explorer.jobs.run()
    assert [one["is_estimate"] for one in sent(explorer)] == [False]
    assert not explorer.jobs.waiting


def test_filters_tell_the_rows_apart_that_pass(explorer: Explorer, view: Callable[[str], None]):
    view(NUMBERS.format(90))
    explorer.say("profile", column=0)
    explorer.jobs.run()
    assert figure(sent(explorer)[-1], "Rows")["part"] is None
    explorer.say("filter", column=1, text="0")
    explorer.jobs.run()
    assert sent(explorer)[-2]["stale"]
    assert (figure(sent(explorer)[-1], "Rows")["part"], figure(sent(explorer)[-1], "Maximum")["part"]) == (30, "87")


@pytest.mark.parametrize("column", [None, 1, 99])
def test_leaving_a_profile_gives_it_up(explorer: Explorer, view: Callable[[str], None], column: int | None):
    view(NUMBERS.format(90))
    explorer.say("profile", column=0)
    job = explorer.jobs.waiting[0]
    explorer.say("profile", column=column)
    assert job.cancelled
    explorer.jobs.run()
    assert [one["column"] for one in sent(explorer)] == ([1] if column == 1 else [])


def test_rows_go_first_and_the_profile_is_taken_up_again(explorer: Explorer, view: Callable[[str], None]):
    view(NUMBERS.format(1000))
    explorer.say("profile", column=0)
    job = explorer.jobs.waiting[0]
    explorer.say("want", first=512, count=128, columns=[0])
    assert job.cancelled
    explorer.jobs.run()
    assert len(sent(explorer)) == 1


@pytest.mark.parametrize(("sql", "kinds"), [(NUMBERS.format(91), ["stale", "summary"]), ("SELECT 'x' AS other", [])])
def test_another_relation_is_profiled_if_its_columns_are_the_same(
    explorer: Explorer, relation: Make, view: Callable[[str], None], sql: str, kinds: list[str]
):
    view(NUMBERS.format(90))
    explorer.say("profile", column=0)
    explorer.jobs.run()
    explorer.messages.clear()
    explorer.controller.show(relation(sql))
    explorer.jobs.run()
    assert [kind for one in sent(explorer) for kind in ("stale", "summary") if kind in one] == kinds


def test_an_order_changes_no_profile(explorer: Explorer, view: Callable[[str], None]):
    view(NUMBERS.format(90))
    explorer.say("profile", column=0)
    explorer.jobs.run()
    explorer.say("sort", order=[{"column": 0, "descending": True}])
    explorer.jobs.run()
    assert len(sent(explorer)) == 1


def test_a_page_is_told_how_far_the_profile_is(explorer: Explorer, view: Callable[[str], None]):
    view(NUMBERS.format(90))
    explorer.say("profile", column=0)
    explorer.controller.receive({"type": "ask"})
    assert explorer.messages[-1]["profile"] == 0.0
    explorer.jobs.run()
    explorer.controller.receive({"type": "ask"})
    assert "profile" not in explorer.messages[-1]


def test_a_profile_that_fails_says_so_and_the_rows_stay(explorer: Explorer, view: Callable[[str], None]):
    view("SELECT i AS n, CASE WHEN i = 5000 THEN CAST('bad' AS INTEGER) ELSE i END AS late FROM range(6000) t(i)")
    explorer.say("profile", column=1)
    explorer.jobs.run()
    assert sent(explorer)[-1]["failed"]
    assert explorer.state.status == "fresh"
