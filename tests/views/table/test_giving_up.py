"""Jobs that give up by themselves, because what they read was arranged for another question: nothing waits for them."""

from collections.abc import Callable

import pytest

from dataapp.engines.relation import Relation
from tests.views.table.by_hand import Explorer

type Make = Callable[..., Relation]

UNORDERED = "SELECT i AS n FROM range(5000) t(i)"


@pytest.fixture
def shown(explorer: Explorer, relation: Make) -> Explorer:
    """An explorer of rows that are kept."""
    explorer.controller.show(relation(UNORDERED, fixed_order=False))
    explorer.jobs.run()
    return explorer


def is_busy(explorer: Explorer) -> bool:
    explorer.say("ask")
    return explorer.messages[-1]["busy"]


def test_a_group_that_is_not_there_is_not_waited_for(shown: Explorer):
    shown.say("toggle", group=5)
    shown.jobs.run()
    assert not is_busy(shown)


def test_rows_that_are_asked_for_while_they_are_sorted_anew_hold_up_no_later_ones(shown: Explorer):
    old = shown.view["view"]
    shown.say("sort", order=[{"column": 0, "descending": True}])
    shown.say_to(old, "want", first=1024, count=128, columns=[0])
    shown.jobs.run()
    assert shown.want(2048).column("c0").to_pylist()[0] == 4999 - 2048
    assert not is_busy(shown)
