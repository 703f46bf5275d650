"""What the page is told, and when: views, stale rows, late answers, forged messages."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import duckdb
import pyarrow as pa
import pytest

from dataapp.engines.relation import Relation
from dataapp.errors import DataAppError
from dataapp.views.table import lookups
from dataapp.views.table.relation import rows as rows_module
from dataapp.views.table.relation.rows import RelationRows
from dataapp.views.table.summaries.header_jobs import Summarizer
from tests.views.table.by_hand import Explorer, read_cells

type Make = Callable[..., Relation]

NUMBERS = "SELECT i AS n, i % 3 AS k, 'row ' || i AS name FROM range({}) t(i)"


def show(explorer: Explorer, relation: Relation | None) -> None:
    explorer.controller.show(relation)
    explorer.jobs.run()


def first_view_of(explorer: Explorer, relation: Relation) -> Any:
    """The first view that shows a relation; a second one may follow with its count."""
    explorer.messages.clear()
    show(explorer, relation)
    return next(message for message in explorer.messages if message["type"] == "view")


def shown(explorer: Explorer, column: str = "c0") -> list[Any]:
    return read_cells(explorer.view).column(column).to_pylist()


def kinds(explorer: Explorer) -> list[str]:
    return [message["type"] for message in explorer.messages]


def test_rows_come_before_they_are_counted(explorer: Explorer, relation: Make):
    explorer.controller.show(relation(NUMBERS.format(1000)))
    explorer.jobs.run_one()
    assert explorer.view["rows"] is None
    assert explorer.state.status == "running"
    assert len(shown(explorer)) > 100
    explorer.jobs.run()
    assert explorer.view["rows"] == 1000
    assert (explorer.state.status, explorer.state.rows) == ("fresh", 1000)


def test_an_equal_relation_changes_nothing(explorer: Explorer, relation: Make):
    show(explorer, relation(NUMBERS.format(10)))
    before = list(explorer.messages)
    show(explorer, relation(NUMBERS.format(10)))
    assert explorer.messages == before


def test_old_rows_are_marked_stale_and_stay_until_new_ones_are_there(explorer: Explorer, relation: Make):
    show(explorer, relation(NUMBERS.format(10)))
    explorer.controller.show(relation(NUMBERS.format(20)))
    assert kinds(explorer)[-1] == "stale"
    assert explorer.state.status == "running"
    explorer.jobs.run()
    assert kinds(explorer)[-1] == "view"


def test_nothing_to_show_clears_the_page(explorer: Explorer, relation: Make):
    show(explorer, relation(NUMBERS.format(10)))
    show(explorer, None)
    assert kinds(explorer)[-1] == "clear"
    assert explorer.state.status == "empty"


def test_a_superseded_relation_is_cancelled_and_never_shown(explorer: Explorer, relation: Make):
    explorer.controller.show(relation(NUMBERS.format(10)))
    first = explorer.jobs.waiting[0]
    explorer.controller.show(relation(NUMBERS.format(20)))
    assert first.cancelled
    explorer.jobs.run()
    assert {message["rows"] for message in explorer.messages if message["type"] == "view"} == {20}


def test_place_order_and_filters_outlive_the_relation(explorer: Explorer, relation: Make):
    show(explorer, relation(NUMBERS.format(3000)))
    explorer.say("sort", order=[{"column": 0, "descending": True}])
    explorer.jobs.run()
    explorer.say("filter", column=1, text="1")
    explorer.jobs.run()
    explorer.want(512)
    show(explorer, relation(NUMBERS.format(3003)))
    view = explorer.view
    assert view["keep_place"]
    assert (view["rows"], view["first"], view["filters"]) == (1001, 512, {"1": "1"})
    assert shown(explorer)[0] == 3003 - 2 - 512 * 3


def test_the_place_is_moved_up_when_there_are_fewer_rows(explorer: Explorer, relation: Make):
    show(explorer, relation(NUMBERS.format(3000)))
    explorer.want(2816)
    show(explorer, relation(NUMBERS.format(300)))
    assert shown(explorer)[-1] == 299


def test_other_columns_start_at_the_top(explorer: Explorer, relation: Make):
    show(explorer, relation(NUMBERS.format(3000)))
    explorer.want(2816)
    view = first_view_of(explorer, relation("SELECT i AS other, i AS k FROM range(5000) t(i)"))
    assert (view["keep_place"], view["first"]) == (False, 0)


def test_filters_of_columns_that_stay_are_kept_where_they_are_now(explorer: Explorer, relation: Make):
    show(explorer, relation(NUMBERS.format(30)))
    explorer.say("filter", column=1, text="1")
    explorer.jobs.run()
    show(explorer, relation("SELECT 'x' AS new, i % 3 AS k FROM range(60) t(i)"))
    assert (explorer.view["filters"], explorer.view["rows"]) == ({"1": "1"}, 20)


def test_what_the_reader_changes_starts_at_the_top(explorer: Explorer, relation: Make):
    show(explorer, relation(NUMBERS.format(3000)))
    explorer.want(2816)
    explorer.say("filter", column=1, text="1")
    explorer.jobs.run_one()
    assert not explorer.view["keep_place"]
    assert shown(explorer)[:2] == [1, 4]


def test_counts_tell_filtered_from_all_rows(explorer: Explorer, relation: Make):
    show(explorer, relation(NUMBERS.format(3000)))
    explorer.say("filter", column=1, text="1")
    explorer.say("sort", order=[{"column": 0, "descending": True}])
    explorer.jobs.run()
    assert (explorer.view["rows"], explorer.view["unfiltered"]) == (1000, 3000)


def test_a_filter_that_makes_no_sense_is_marked_and_the_rows_stay(explorer: Explorer, relation: Make):
    show(explorer, relation(NUMBERS.format(30)))
    explorer.say("filter", column=0, text="abc")
    assert not explorer.jobs.waiting
    assert "`abc` is not a number" in explorer.messages[-1]["faults"]["0"]


def test_the_latest_of_quick_wishes_wins(explorer: Explorer, relation: Make):
    show(explorer, relation(NUMBERS.format(30)))
    for text in ("row 1", "row 2", "row 29"):
        explorer.say("filter", column=2, text=text)
    explorer.say("sort", order=[{"column": 0, "descending": True}])
    explorer.jobs.run()
    assert shown(explorer) == [29]


def test_only_the_latest_place_is_read_while_scrolling(explorer: Explorer, relation: Make):
    show(explorer, relation(NUMBERS.format(100_000)))
    for first in range(0, 90_112, 1024):
        explorer.say("want", first=first, count=128, columns=[0, 1, 2])
    explorer.jobs.run()
    cells = [message for message in explorer.messages if message["type"] == "cells"]
    assert [message["first"] for message in cells] == [89_088]


@pytest.fixture
def scattered(explorer: Explorer, tmp_path: Path, relation: Make) -> Iterator[Explorer]:
    """An explorer of a file that counts as huge, in another order than the file's."""
    file = tmp_path / "numbers.parquet"
    duckdb.execute(f"COPY (SELECT i AS n, i * 7 % 1000 AS d FROM range(1000) t(i)) TO '{file}'")
    with patch.object(rows_module, "_MOST_KEPT", 0):
        explorer.controller.show(relation(f"FROM '{file}'"))
        explorer.jobs.run()
        explorer.say("sort", order=[{"column": 1, "descending": False}])
        yield explorer


def test_a_first_window_of_huge_files_is_shown_in_part_before_it_is_whole(scattered: Explorer):
    seen: list[tuple[int, int | None]] = []
    while scattered.jobs.waiting:
        scattered.jobs.run_one()
        seen.append((scattered.view["read"], scattered.view["rows"]))
    assert seen == [(48, None), (256, None), (256, 1000)]
    assert shown(scattered)[:3] == [0, 143, 286]


def test_rows_on_screen_come_before_the_blocks_that_they_are_in(scattered: Explorer):
    scattered.jobs.run()
    seen = {"first": 530, "count": 20, "columns": [1]}
    scattered.say("want", first=512, count=128, columns=[0, 1], seen=seen)
    scattered.jobs.run_one()
    first = scattered.messages[-1]
    assert (first["type"], first["first"], first["positions"]) == ("seen", 530, [1])
    assert read_cells(first).column("c1").to_pylist() == list(range(530, 550))
    scattered.jobs.run()
    assert (scattered.messages[-1]["type"], scattered.messages[-1]["first"]) == ("cells", 512)
    assert read_cells(scattered.messages[-1]).column("c1").to_pylist() == list(range(512, 640))


def test_rows_on_screen_that_the_reader_has_left_are_given_up_with_their_blocks(scattered: Explorer):
    scattered.jobs.run()
    for first in (512, 256):
        seen = {"first": first + 1, "count": 20, "columns": [1]}
        scattered.say("want", first=first, count=128, columns=[1], seen=seen)
    scattered.jobs.run()
    came = [(one["type"], one["first"]) for one in scattered.messages if one["type"] in ("seen", "cells")]
    assert came == [("seen", 257), ("cells", 256)]


def test_rows_on_screen_come_with_their_blocks_where_these_take_no_time(explorer: Explorer, relation: Make):
    show(explorer, relation(NUMBERS.format(3000)))
    explorer.say("want", first=512, count=128, columns=[0], seen={"first": 530, "count": 20, "columns": [0]})
    explorer.jobs.run()
    assert explorer.messages[-1]["type"] == "cells"
    assert "seen" not in kinds(explorer)


def test_the_latest_place_of_kept_rows_is_read_next(explorer: Explorer, relation: Make):
    show(explorer, relation(NUMBERS.format(10_000), fixed_order=False))
    for first in (0, 1024, 2048, 4096):
        explorer.say("want", first=first, count=128, columns=[0, 1, 2])
    explorer.jobs.run()
    cells = [message for message in explorer.messages if message["type"] == "cells"]
    assert [message["first"] for message in cells] == [0, 4096]


def test_a_message_about_another_view_is_late_and_ignored(explorer: Explorer, relation: Make):
    show(explorer, relation(NUMBERS.format(30)))
    old = explorer.view["view"]
    show(explorer, relation(NUMBERS.format(40)))
    explorer.controller.receive({"type": "filter", "view": old, "column": 0, "text": "5"})
    explorer.controller.receive({"type": "want", "view": old, "first": 0, "count": 128, "columns": [0]})
    assert not explorer.jobs.waiting


def test_a_second_click_that_crosses_the_answer_to_the_first_still_counts(explorer: Explorer, relation: Make):
    show(explorer, relation(NUMBERS.format(30)))
    before = explorer.view["view"]
    explorer.say("sort", order=[{"column": 0, "descending": False}])
    explorer.jobs.run()
    explorer.controller.receive({"type": "sort", "view": before, "order": [{"column": 0, "descending": True}]})
    explorer.jobs.run()
    assert explorer.view["order"] == [{"column": 0, "descending": True}]


def test_wishes_about_a_relation_that_is_being_replaced_are_ignored(explorer: Explorer, relation: Make):
    show(explorer, relation(NUMBERS.format(30)))
    explorer.controller.show(relation(NUMBERS.format(40)))
    explorer.say("sort", order=[{"column": 0, "descending": True}])
    assert len(explorer.jobs.waiting) == 1


@pytest.mark.parametrize(
    ("type_", "data"),
    [
        ("sort", {"order": [{"column": 99, "descending": True}]}),
        ("filter", {"column": 99, "text": "5"}),
        ("filter", {"column": -1, "text": "5"}),
        ("want", {"first": 0, "count": 128, "columns": [0, 3]}),
        ("layout", {"order": [3], "hidden": [], "pinned": [], "widths": []}),
        ("layout", {"order": [], "hidden": [0, 1, 2], "pinned": [], "widths": []}),
        ("want", {"first": -128, "count": 128, "columns": [0]}),
        ("drop", {}),
    ],
)
def test_forged_messages_start_no_work(explorer: Explorer, relation: Make, type_: str, data: dict[str, Any]):
    show(explorer, relation(NUMBERS.format(30)))
    explorer.say(type_, **data)
    assert not explorer.jobs.waiting


def test_a_place_far_beyond_the_rows_brings_no_rows_and_no_error(explorer: Explorer, relation: Make):
    show(explorer, relation(NUMBERS.format(30)))
    assert explorer.want(2**52).num_rows == 0
    assert explorer.state.status == "fresh"


def test_a_page_that_comes_late_is_shown_what_is_there_without_a_query(explorer: Explorer, relation: Make):
    show(explorer, relation(NUMBERS.format(30)))
    explorer.messages.clear()
    explorer.controller.receive({"type": "ready"})
    assert kinds(explorer) == ["view"]
    assert not explorer.jobs.waiting


def test_a_page_is_opened_with_what_is_there_and_told_nothing_twice(explorer: Explorer, relation: Make):
    show(explorer, relation(NUMBERS.format(30)))
    opening = explorer.openings[-1]
    assert opening == explorer.view
    assert read_cells(opening).column(0).to_pylist() == list(range(30))
    explorer.messages.clear()
    explorer.controller.receive({"type": "ready", "view": opening["view"], "counted": True})
    assert kinds(explorer) == []
    assert explorer.openings[-1] is None  # neither the server nor the page keeps the rows a second time


def test_a_page_that_is_there_is_opened_with_nothing_more(explorer: Explorer, relation: Make):
    explorer.controller.receive({"type": "ready"})
    told = len(explorer.openings)
    show(explorer, relation(NUMBERS.format(30)))
    assert explorer.openings[told:] == []


@pytest.mark.parametrize(("behind", "counted"), [(1, True), (0, False)])
def test_a_page_that_was_opened_with_something_older_is_told_what_is_new(
    explorer: Explorer, relation: Make, behind: int, counted: bool
):
    show(explorer, relation(NUMBERS.format(30)))
    show(explorer, relation(NUMBERS.format(40)))
    explorer.messages.clear()
    explorer.controller.receive({"type": "ready", "view": explorer.openings[-1]["view"] - behind, "counted": counted})
    assert kinds(explorer) == ["view"]


def test_a_page_that_was_opened_with_what_is_gone_is_cleared(explorer: Explorer, relation: Make):
    show(explorer, relation(NUMBERS.format(30)))
    opening = explorer.openings[-1]
    explorer.controller.show(None)
    assert explorer.openings[-1] is None
    explorer.messages.clear()
    explorer.controller.receive({"type": "ready", "view": opening["view"], "counted": True})
    assert kinds(explorer) == ["clear"]


def test_a_page_that_comes_early_does_not_start_the_query_again(explorer: Explorer, relation: Make):
    explorer.controller.show(relation(NUMBERS.format(30)))
    explorer.controller.receive({"type": "ready"})
    assert [job.cancelled for job in explorer.jobs.waiting] == [False]


def test_a_failure_is_reported_and_the_next_relation_recovers(explorer: Explorer, relation: Make):
    show(explorer, relation(NUMBERS.format(30)))
    show(explorer, relation("SELECT nowhere FROM range(5)"))
    assert explorer.state.status == "failed"
    assert isinstance(explorer.state.error, DataAppError)
    assert kinds(explorer)[-1] == "failed"
    show(explorer, relation(NUMBERS.format(40)))
    assert (explorer.state.status, explorer.state.error) == ("fresh", None)


def test_the_same_relation_is_tried_again_after_it_failed(explorer: Explorer, relation: Make):
    broken = relation("SELECT nowhere FROM range(5)")
    show(explorer, broken)
    explorer.controller.show(broken)
    assert len(explorer.jobs.waiting) == 1


def test_a_reader_can_take_back_a_filter_that_failed(explorer: Explorer, relation: Make):
    show(explorer, relation("SELECT CASE WHEN i = 5 THEN error('bad') ELSE i END AS n, i FROM range(400) t(i) LIMIT 5"))
    explorer.say("filter", column=1, text="is null")
    explorer.controller._fail(DataAppError("no"))  # pyright: ignore[reportPrivateUsage]
    explorer.say("filter", column=1, text="")
    explorer.jobs.run()
    assert explorer.state.status == "fresh"


def test_closing_cancels_what_runs(explorer: Explorer, relation: Make):
    explorer.controller.show(relation(NUMBERS.format(30)))
    explorer.controller.close()
    assert [job.cancelled for job in explorer.jobs.waiting] == [True]


def test_no_rows_are_shown_as_no_rows(explorer: Explorer, relation: Make):
    show(explorer, relation("SELECT 1 AS a WHERE false"))
    assert (explorer.view["rows"], explorer.view["read"]) == (0, 0)


def test_a_page_that_waits_is_told_how_far_the_work_is(
    explorer: Explorer, relation: Make, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(RelationRows, "progress", lambda rows: 0.25)
    explorer.controller.receive({"type": "ask"})
    assert explorer.messages[-1] == {"type": "progress", "busy": False, "done": None}
    explorer.controller.show(relation(NUMBERS.format(1000)))
    explorer.controller.receive({"type": "ask"})
    assert explorer.messages[-1] == {"type": "progress", "busy": True, "done": 0.25}
    explorer.jobs.run()
    explorer.controller.receive({"type": "ask"})
    assert explorer.messages[-1] == {"type": "progress", "busy": False, "done": None}


def test_reading_further_rows_is_work_to_wait_for(explorer: Explorer, relation: Make):
    show(explorer, relation(NUMBERS.format(1000)))
    explorer.say("want", first=512, count=128, columns=[0, 1, 2])
    explorer.controller.receive({"type": "ask"})
    assert explorer.messages[-1]["busy"]
    explorer.jobs.run()
    explorer.controller.receive({"type": "ask"})
    assert not explorer.messages[-1]["busy"]


GROUPED_BY_K = {"keys": [[1, "value"]], "aggregates": [[0, "sum"]]}


def test_groups_take_the_place_of_rows_and_go_again(explorer: Explorer, relation: Make):
    show(explorer, relation(NUMBERS.format(3000)))
    explorer.say("group", **GROUPED_BY_K)
    explorer.jobs.run()
    assert (shown(explorer, "c1"), shown(explorer, "c3")) == ([0, 1, 2], [1000] * 3)
    assert shown(explorer, "c4") == [str(sum(range(k, 3000, 3))) for k in range(3)]
    groups = explorer.view["groups"]
    assert (groups["count"], groups["rows"], explorer.view["rows"]) == (3, 3000, 3)
    assert [column["type"] for column in groups["columns"]] == ["count", "sum"]
    assert explorer.state.rows == 3000
    explorer.say("group", keys=[], aggregates=[])
    explorer.jobs.run()
    assert (explorer.view["groups"], explorer.view["rows"]) == (None, 3000)


def lines(explorer: Explorer) -> list[tuple[int, int]]:
    table = pa.ipc.open_stream(explorer.view["lines"]).read_all()
    return [(line["level"], line["state"]) for line in table.to_pylist()]


def open_group(explorer: Explorer, line: int) -> None:
    table = pa.ipc.open_stream(explorer.view["lines"]).read_all()
    explorer.say("toggle", group=table.column("group")[line].as_py())
    explorer.jobs.run()


def test_what_is_made_of_groups_has_no_pictures_of_rows(explorer: Explorer, relation: Make):
    with patch.object(Summarizer, "prepare") as prepared:
        show(explorer, relation("SELECT i AS n, i % 3 AS k FROM range(3000) t(i)"))
        explorer.say("group", keys=[[1, "value"]], aggregates=[[0, "sum"]])
        explorer.jobs.run()
    assert explorer.view["groups"]["count"] == 3
    assert [call.args for call in prepared.call_args_list] == [((0, 1),), ((1,),)]


def group_of(explorer: Explorer, line: int) -> int:
    return pa.ipc.open_stream(explorer.view["lines"]).read_all().column("group")[line].as_py()


def test_groups_that_are_pressed_while_other_lines_are_on_their_way_open_when_they_are_there(
    explorer: Explorer, relation: Make
):
    show(explorer, relation(NUMBERS.format(30)))
    explorer.say("group", **GROUPED_BY_K)
    explorer.jobs.run()
    first, second = group_of(explorer, 0), group_of(explorer, 1)
    explorer.say("sort", order=[{"column": 1, "descending": True}])
    explorer.say("toggle", group=first)
    explorer.say("toggle", group=second)
    explorer.jobs.run()
    assert lines(explorer) == [(0, 1), (0, 2), *[(1, 0)] * 10, (0, 2), *[(1, 0)] * 10]
    assert shown(explorer, "c1")[0] == 2


def test_a_group_that_is_pressed_opens_also_when_a_sort_comes_before_its_lines(explorer: Explorer, relation: Make):
    show(explorer, relation(NUMBERS.format(30)))
    explorer.say("group", **GROUPED_BY_K)
    explorer.jobs.run()
    explorer.say("toggle", group=group_of(explorer, 0))
    explorer.say("sort", order=[{"column": 1, "descending": True}])
    explorer.jobs.run()
    assert lines(explorer) == [(0, 1), (0, 1), (0, 2), *[(1, 0)] * 10]


def test_a_group_is_not_taken_for_one_of_groups_that_were_made_anew(explorer: Explorer, relation: Make):
    show(explorer, relation(NUMBERS.format(30)))
    explorer.say("group", **GROUPED_BY_K)
    explorer.jobs.run()
    group = group_of(explorer, 1)
    explorer.say("filter", column=1, text="> 0")
    unseen = explorer.jobs.waiting[-1]
    unseen.run(unseen)  # on a worker, and nobody is told
    explorer.say("filter", column=1, text="")
    explorer.say("toggle", group=group)
    explorer.jobs.run()
    assert lines(explorer) == [(0, 1)] * 3  # they may have other numbers


def test_what_was_pressed_before_an_error_is_forgotten(explorer: Explorer, relation: Make):
    show(explorer, relation(NUMBERS.format(30)))
    explorer.say("group", **GROUPED_BY_K)
    explorer.jobs.run()
    explorer.say("sort", order=[{"column": 1, "descending": True}])
    explorer.say("toggle", group=group_of(explorer, 1))
    with patch("dataapp.views.table.groups.rows.GroupedRows.begin", side_effect=DataAppError("no")):
        explorer.jobs.run()
    assert explorer.state.status == "failed"
    assert explorer.controller._put_off == []


def test_a_group_that_is_pressed_while_others_take_its_place_stays_closed(explorer: Explorer, relation: Make):
    show(explorer, relation(NUMBERS.format(30)))
    explorer.say("group", **GROUPED_BY_K)
    explorer.jobs.run()
    group, view = group_of(explorer, 1), explorer.view["view"]
    explorer.say("filter", column=1, text="> 0")
    explorer.say("toggle", group=group)
    explorer.jobs.run()
    assert lines(explorer) == [(0, 1), (0, 1)]
    explorer.controller.receive({"type": "toggle", "view": view, "group": group})  # of lines that are gone
    explorer.jobs.run()
    assert lines(explorer) == [(0, 1), (0, 1)]


def test_a_group_opens_in_place_and_stays_open_under_filters_orders_and_new_rows(explorer: Explorer, relation: Make):
    show(explorer, relation(NUMBERS.format(30)))
    explorer.say("group", **GROUPED_BY_K)
    explorer.jobs.run()
    open_group(explorer, 1)
    assert explorer.view["keep_place"]
    assert lines(explorer) == [(0, 1), (0, 2), *[(1, 0)] * 10, (0, 1)]
    explorer.say("sort", order=[{"column": 4, "descending": True}, {"column": 0, "descending": True}])
    explorer.jobs.run()
    explorer.say("filter", column=0, text="< 15")
    explorer.jobs.run()
    assert lines(explorer) == [(0, 1), (0, 2), *[(1, 0)] * 5, (0, 1)]
    assert shown(explorer, "c0")[2:7] == [13, 10, 7, 4, 1]
    show(explorer, relation(NUMBERS.format(9)))
    assert lines(explorer) == [(0, 1), (0, 2), *[(1, 0)] * 3, (0, 1)]
    assert explorer.view["groups"]["rows"] == 9
    open_group(explorer, 1)
    assert lines(explorer) == [(0, 1)] * 3


def test_what_is_sorted_by_an_aggregate_follows_it_and_ends_with_it(explorer: Explorer, relation: Make):
    show(explorer, relation(NUMBERS.format(30)))
    explorer.say("group", **GROUPED_BY_K)
    explorer.jobs.run()
    explorer.say("sort", order=[{"column": 4, "descending": True}])
    explorer.jobs.run()
    explorer.say("group", keys=[[1, "value"]], aggregates=[[2, "min"], [0, "sum"]])
    explorer.jobs.run()
    assert explorer.view["order"] == [{"column": 5, "descending": True}]
    show(explorer, relation("SELECT 1 AS new, i AS n, i % 3 AS k, 'row ' || i AS name FROM range(60) t(i)"))
    assert explorer.view["order"] == [{"column": 6, "descending": True}]
    explorer.say("group", keys=[], aggregates=[])
    explorer.jobs.run()
    assert explorer.view["order"] == []


@pytest.mark.parametrize(
    "groups",
    [
        {"keys": [[3, "value"]], "aggregates": []},
        {"keys": [[0, "month"]], "aggregates": []},
        {"keys": [[0, "value"]], "aggregates": [[2, "sum"]]},
        {"keys": [[0, "value"]], "aggregates": [[9, "min"]]},
    ],
)
def test_groups_that_make_no_sense_are_ignored(explorer: Explorer, relation: Make, groups: dict[str, Any]):
    show(explorer, relation(NUMBERS.format(30)))
    explorer.say("group", **groups)
    assert not explorer.jobs.waiting


def test_groups_go_when_their_column_does(explorer: Explorer, relation: Make):
    show(explorer, relation(NUMBERS.format(30)))
    explorer.say("group", **GROUPED_BY_K)
    explorer.jobs.run()
    show(explorer, relation("SELECT i AS n FROM range(5) t(i)"))
    assert (explorer.view["groups"], explorer.view["rows"]) == (None, 5)


LAYOUT = {"order": [2, 0, 1], "hidden": [1], "pinned": [0], "widths": [[2, 120]]}
TIDY = {"order": [2], "hidden": [1], "pinned": [0], "widths": [[2, 120]]}


def test_a_layout_is_taken_without_a_query_and_sent_with_every_view(explorer: Explorer, relation: Make):
    show(explorer, relation(NUMBERS.format(30)))
    explorer.say("layout", **LAYOUT)
    assert not explorer.jobs.waiting
    assert explorer.messages[-1] == {"type": "layout", "view": explorer.view["view"], "layout": TIDY}
    explorer.say("sort", order=[{"column": 0, "descending": True}])
    explorer.jobs.run()
    assert explorer.view["layout"] == TIDY
    explorer.controller.receive({"type": "ready"})
    assert explorer.view["layout"] == TIDY


def test_a_layout_outlives_the_relation_and_says_which_columns_are_read_first(explorer: Explorer, relation: Make):
    show(explorer, relation(NUMBERS.format(30)))
    explorer.say("layout", **LAYOUT)
    view = first_view_of(explorer, relation("SELECT true AS new, 'a' AS name, i AS k, i AS n FROM range(9) t(i)"))
    assert view["layout"] == {"order": [1], "hidden": [2], "pinned": [3], "widths": [[1, 120]]}
    assert view["positions"] == [3, 1, 0]


def test_columns_can_be_laid_out_while_rows_are_on_their_way(explorer: Explorer, relation: Make):
    show(explorer, relation(NUMBERS.format(30)))
    explorer.say("sort", order=[{"column": 0, "descending": True}])
    explorer.say("layout", **LAYOUT)
    explorer.jobs.run()
    assert explorer.view["layout"] == TIDY
    explorer.controller.show(relation(NUMBERS.format(40)))
    explorer.say("layout", **LAYOUT | {"pinned": []})
    explorer.jobs.run()
    assert (explorer.view["rows"], explorer.view["layout"]) == (40, TIDY | {"pinned": []})


def test_only_columns_that_are_asked_for_travel(explorer: Explorer, relation: Make):
    show(explorer, relation(NUMBERS.format(300)))
    assert explorer.want(128, columns=[2, 0]).column_names == ["c2", "c0"]


def test_a_search_is_joined_with_filters_and_both_are_cleared_at_once(explorer: Explorer, relation: Make):
    show(explorer, relation(NUMBERS.format(30)))
    explorer.say("filter", column=0, text="< 15")
    explorer.jobs.run()
    explorer.say("find", text="ROW 1")
    explorer.jobs.run()
    assert (explorer.view["search"], explorer.view["rows"], explorer.view["unfiltered"]) == ("ROW 1", 6, 30)
    assert shown(explorer) == [1, 10, 11, 12, 13, 14]
    explorer.say("clear")
    explorer.jobs.run()
    assert (explorer.view["search"], explorer.view["filters"], explorer.view["rows"]) == ("", {}, 30)


def test_values_are_listed_for_the_filters_that_are_wanted_now(explorer: Explorer, relation: Make):
    show(explorer, relation(NUMBERS.format(30)))
    explorer.say("filter", column=1, text="in 1, 2")  # not answered yet
    explorer.say("values", column=2, search="row 1")
    explorer.jobs.run()
    listed = next(message for message in explorer.messages if message["type"] == "values")
    assert (listed["column"], listed["search"], listed["distinct"]) == (2, "row 1", 8)
    assert listed["values"][0] == ["row 1", 1, True, False]
    assert listed["choice"] == {"values": [], "but": True}


def test_values_that_nobody_waits_for_are_not_sent(explorer: Explorer, relation: Make):
    show(explorer, relation(NUMBERS.format(30)))
    explorer.say("values", column=2)
    explorer.say("values", column=None)
    explorer.jobs.run()
    assert "values" not in kinds(explorer)


def test_a_list_of_values_that_fails_leaves_the_rows_alone(explorer: Explorer, relation: Make):
    show(explorer, relation("SELECT i AS n, 'row ' || i AS name FROM range(30) t(i)"))
    with patch.object(lookups, "read_values", side_effect=DataAppError("no")):
        explorer.say("values", column=1)
        explorer.jobs.run()
    assert explorer.messages[-1] == {"type": "values", "column": 1, "search": "", "fault": True}
    assert explorer.state.status == "fresh"


BY_N_DOWN = [{"column": 0, "descending": True}]


def foreseen(explorer: Explorer) -> list[Any]:
    return [message for message in explorer.messages if message["type"] == "foreseen"]


def test_the_rows_of_an_order_that_may_come_next_are_those_that_come(explorer: Explorer, relation: Make):
    show(explorer, relation(NUMBERS.format(1000)))
    before, states = explorer.view, len(explorer.states)
    explorer.say("near", order=BY_N_DOWN)
    explorer.jobs.run()
    [ahead] = foreseen(explorer)
    assert (ahead["view"], ahead["order"], len(explorer.states)) == (before["view"], BY_N_DOWN, states)
    explorer.say("sort", order=BY_N_DOWN)
    explorer.jobs.run_one()
    assert {**ahead["message"], "type": "view"} == explorer.view
    assert shown(explorer)[0] == 999
    explorer.jobs.run()
    assert explorer.state.status == "fresh"


def test_what_is_shown_is_read_as_before_when_an_order_was_looked_for(explorer: Explorer, relation: Make):
    show(explorer, relation(NUMBERS.format(1000)))
    explorer.say("near", order=BY_N_DOWN)
    explorer.jobs.run()
    assert explorer.want(512).column("c0")[0].as_py() == 512


def test_an_order_is_not_looked_for_once_the_pointer_has_left(explorer: Explorer, relation: Make):
    show(explorer, relation(NUMBERS.format(1000)))
    explorer.say("near", order=BY_N_DOWN)
    job = explorer.jobs.waiting[-1]
    explorer.say("near", order=None)
    assert job.cancelled
    explorer.say("near", order=BY_N_DOWN)
    show(explorer, relation(NUMBERS.format(20)))
    assert foreseen(explorer) == []


@pytest.mark.parametrize("order", [[{"column": 9, "descending": False}], "n", [{"column": 0}]])
def test_an_order_that_cannot_be_is_not_looked_for(explorer: Explorer, relation: Make, order: Any):
    show(explorer, relation(NUMBERS.format(10)))
    explorer.say("near", order=order)
    assert not explorer.jobs.waiting


def test_an_order_is_not_looked_for_when_something_else_is_asked_for(explorer: Explorer, relation: Make):
    show(explorer, relation(NUMBERS.format(1000)))
    explorer.say("near", order=BY_N_DOWN)
    job = explorer.jobs.waiting[-1]
    explorer.say("sort", order=BY_N_DOWN)
    assert not job.cancelled
    explorer.jobs.run()
    explorer.say("near", order=[])
    job = explorer.jobs.waiting[-1]
    explorer.say("filter", column=0, text="> 5")
    assert job.cancelled


def test_an_order_is_looked_for_while_all_rows_are_put_in_another(explorer: Explorer, relation: Make):
    show(explorer, relation(NUMBERS.format(1000)))
    explorer.say("sort", order=[{"column": 0, "descending": False}])
    explorer.jobs.run_one()
    assert explorer.view["rows"] is None
    view = explorer.view["view"]
    explorer.say("near", order=BY_N_DOWN)
    explorer.jobs.waiting.rotate()  # it is quicker than what was asked for before
    explorer.jobs.run()
    assert (explorer.view["view"], explorer.view["rows"]) == (view, 1000)
    [ahead] = foreseen(explorer)
    assert (ahead["view"], ahead["order"]) == (view, BY_N_DOWN)
    explorer.say("sort", order=BY_N_DOWN)
    explorer.jobs.run_one()
    assert ahead["message"]["cells"] == explorer.view["cells"]
    assert shown(explorer)[0] == 999


def test_what_was_looked_for_before_columns_were_laid_out_anew_does_not_come(explorer: Explorer, relation: Make):
    show(explorer, relation(NUMBERS.format(1000)))
    explorer.say("near", order=BY_N_DOWN)
    explorer.say("layout", order=[1, 0], hidden=[], pinned=[], widths=[])
    explorer.jobs.run()
    assert foreseen(explorer) == []


def test_no_order_is_looked_for_before_what_was_asked_is_shown_or_of_groups(explorer: Explorer, relation: Make):
    show(explorer, relation(NUMBERS.format(1000)))
    explorer.say("sort", order=[{"column": 0, "descending": False}])
    waiting = len(explorer.jobs.waiting)
    explorer.say("near", order=BY_N_DOWN)
    assert len(explorer.jobs.waiting) == waiting
    explorer.jobs.run()
    explorer.say("group", **GROUPED_BY_K)
    explorer.jobs.run()
    explorer.say("near", order=BY_N_DOWN)
    assert not explorer.jobs.waiting


def test_pictures_wait_once_what_sorts_is_pressed(explorer: Explorer, relation: Make):
    show(explorer, relation(NUMBERS.format(1000)))
    explorer.say("summarize", columns=[0, 1])
    pictures = explorer.jobs.waiting[-1]
    explorer.say("near", order=BY_N_DOWN, pressed=False)
    rows = explorer.jobs.waiting[-1]
    assert not pictures.cancelled
    explorer.say("near", order=BY_N_DOWN, pressed=True)
    assert pictures.cancelled
    assert (explorer.jobs.waiting[-1], rows.cancelled) == (rows, False)  # it goes on
    assert "summaries" not in kinds(explorer)
    explorer.jobs.run()
    assert len(foreseen(explorer)) == 1
    assert kinds(explorer)[-1] == "summaries"


def test_pictures_go_on_when_what_was_pressed_is_left(explorer: Explorer, relation: Make):
    show(explorer, relation(NUMBERS.format(1000)))
    explorer.say("summarize", columns=[0, 1])
    explorer.say("near", order=BY_N_DOWN, pressed=True)
    explorer.say("near", order=None)
    explorer.jobs.run()
    assert foreseen(explorer) == []
    assert kinds(explorer)[-1] == "summaries"


def test_what_fails_ahead_is_said_when_it_is_asked_for(explorer: Explorer, relation: Make):
    show(explorer, relation(NUMBERS.format(1000)))
    with patch.object(RelationRows, "foresee", side_effect=DataAppError("no")):
        explorer.say("near", order=BY_N_DOWN)
        explorer.jobs.run()
    assert explorer.state.status == "fresh"
    assert foreseen(explorer) == []
