"""Tables that show one explorer share its view: pages without a browser, jobs that run when a test says so."""

import gc
from collections.abc import Callable
from typing import Any

import pytest

from dataapp.cells.view import View, ViewControl
from dataapp.engines.relation import Relation
from dataapp.views.table.start import Start, Viewing
from tests.views.table.by_hand import Explorer, read_cells

SQL = "SELECT i AS n, i % 3 AS rest FROM range(9) t(i)"


@pytest.fixture
def control() -> ViewControl:
    return ViewControl(Start.of("-n", {"rest": "0"}).view)


@pytest.fixture
def show(control: ViewControl, relation: Callable[..., Relation]) -> Callable[..., Explorer]:
    def make(sql: str = SQL) -> Explorer:
        table = Explorer()
        table.controller.viewing = Viewing(Start.of("-n", {"rest": "0"}), control, table.controller.follow)
        table.controller.show(relation(sql))
        table.jobs.run()
        return table

    return make


def say(table: Explorer, type_: str, **data: object) -> None:
    table.say(type_, **data)
    table.controller.tell()
    table.jobs.run()


def numbers(table: Explorer) -> list[Any]:
    return read_cells(table.view).column(0).to_pylist()


def test_a_table_starts_as_its_author_says(show: Callable[..., Explorer]):
    table = show()
    assert numbers(table) == [6, 3, 0]
    assert table.view["filters"] == {"1": "0"}


def test_what_is_set_in_one_table_shows_in_the_other_and_is_told_once(
    show: Callable[..., Explorer], control: ViewControl
):
    one, other = show(), show()
    told: list[object] = []
    control.watch(told.append)
    say(one, "filter", column=1, text="1")
    other.jobs.run()
    assert numbers(one) == numbers(other) == [7, 4, 1]
    say(other, "sort", order=[])
    one.jobs.run()
    assert numbers(one) == numbers(other) == [1, 4, 7]
    assert told == [View({"rest": "1"}, (("n", True),)), View({"rest": "1"})]


def test_a_table_that_comes_later_shows_what_was_set(show: Callable[..., Explorer]):
    say(show(), "filter", column=1, text="2")
    assert numbers(show()) == [8, 5, 2]


def test_a_wrong_filter_is_marked_in_every_table(show: Callable[..., Explorer], control: ViewControl):
    one, other = show(), show()
    say(one, "filter", column=1, text="x")
    other.jobs.run()
    assert numbers(one) == numbers(other) == [8, 7, 6, 5, 4, 3, 2, 1, 0]
    assert list(other.view["faults"]) == ["1"]
    assert control.read().where == {"rest": "x"}


def test_a_table_that_has_not_read_its_rows_yet_starts_with_what_was_set_meanwhile(
    control: ViewControl, relation: Callable[..., Relation]
):
    table = Explorer()
    table.controller.viewing = Viewing(Start.of("-n", {"rest": "0"}), control, table.controller.follow)
    table.controller.show(relation(SQL))
    job = table.jobs.waiting[0]
    control.put(View({"rest": "1"}))
    assert job.cancelled
    table.jobs.run()
    assert numbers(table) == [1, 4, 7]


def test_what_does_not_apply_to_other_columns_is_no_longer_set(
    show: Callable[..., Explorer], control: ViewControl, relation: Callable[..., Relation]
):
    table = show()
    table.controller.show(relation("SELECT i AS n FROM range(3) t(i)"))
    table.jobs.run()
    assert numbers(table) == [2, 1, 0]
    assert control.read() == View({}, (("n", True),))


def test_tables_that_are_gone_are_forgotten(control: ViewControl, show: Callable[..., Explorer]):
    stays = show()
    for _ in range(5):
        show().controller.close()
    gc.collect()
    assert len(control._mirrors) == 1
    control.put(View({"rest": "1"}))
    stays.jobs.run()
    assert numbers(stays) == [1, 4, 7]


def test_a_start_that_does_not_fit_is_the_tables_error(relation: Callable[..., Relation]):
    table = Explorer()
    start = Start.of("m", None)
    table.controller.viewing = Viewing(start, ViewControl(start.view), table.controller.follow)
    table.controller.show(relation(SQL))
    table.jobs.run()
    assert table.state.status == "failed"
    assert "column `m`" in str(table.state.error)
