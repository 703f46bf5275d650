"""Selections, measures, copies, cards and files as messages of the page."""

import json
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pytest

from dataapp.engines.relation import Relation
from dataapp.views.table.selection import Rows, Selection
from dataapp.views.table.takes import takes as takes_module
from tests.views.table.by_hand import Explorer, Job, read_cells

type Make = Callable[..., Relation]

NUMBERS = "SELECT i AS n, i % 3 AS k, 'row ' || i AS name FROM range({}) t(i)"


@pytest.fixture
def shown(explorer: Explorer, relation: Make) -> Explorer:
    """An explorer of a thousand rows."""
    explorer.controller.show(relation(NUMBERS.format(1000)))
    explorer.jobs.run()
    explorer.messages.clear()
    return explorer


def answer(explorer: Explorer) -> Any:
    explorer.jobs.run()
    return explorer.messages[-1]


def say(explorer: Explorer, type_: str, **data: Any) -> None:
    explorer.say_to(1, type_, **data)


def job() -> Any:
    return Job(lambda _: None, lambda _: None, lambda _: None)


def test_what_is_selected_is_told_and_can_be_read(shown: Explorer):
    say(shown, "select", rows=[[10, 2], [5, 1]], columns=[2, 0])
    chosen = shown.chosen[-1]
    assert chosen is shown.controller.chosen
    assert chosen.selection == Selection((Rows(5, 1), Rows(10, 2)), (2, 0))
    assert chosen.read(job()).to_pylist() == [
        {"name": "row 5", "n": 5},
        {"name": "row 10", "n": 10},
        {"name": "row 11", "n": 11},
    ]
    say(shown, "select", rows=None)
    assert shown.chosen[-1] is None


def test_a_selection_is_of_the_order_that_is_seen(shown: Explorer):
    say(shown, "sort", order=[{"column": 0, "descending": True}])
    shown.jobs.run()
    shown.say("select", rows=[[0, 2]], columns=[0])
    assert shown.chosen[-1].read(job()).column("n").to_pylist() == [999, 998]


def test_another_view_ends_the_selection_and_more_of_the_same_does_not(explorer: Explorer, relation: Make):
    explorer.controller.show(relation(NUMBERS.format(1000)))
    explorer.jobs.run_one()
    explorer.say("select", rows=[[0, 5000]], columns=None)
    explorer.jobs.run()
    assert explorer.chosen[-1].selection == Selection((Rows(0, 1000),))  # now that it is known how many there are
    explorer.say("filter", column=1, text="1")
    explorer.jobs.run()
    assert explorer.chosen[-1] is None


@pytest.mark.parametrize("rows", [[[2000, 5]], [[1000, 1]]])
def test_nothing_is_selected_beyond_the_last_row(shown: Explorer, rows: Any):
    say(shown, "select", rows=rows, columns=None)
    assert shown.controller.chosen is None


def test_a_selection_of_a_column_that_is_not_there_is_none(shown: Explorer):
    say(shown, "select", rows=[[0, 1]], columns=[3])
    assert shown.controller.chosen is None


def test_measures_answer_with_the_ticket(shown: Explorer):
    say(shown, "select", rows=[[0, 4]], columns=[0, 2])
    say(shown, "measure", ticket=7)
    told = {"numbers": 4, "nans": 0, "sum": "6", "mean": "1.5", "min": "0", "max": "3"}
    assert answer(shown) == {"type": "measured", "ticket": 7, **told}


def test_text_alone_has_no_sum(shown: Explorer):
    say(shown, "select", rows=[[0, 4]], columns=[2])
    say(shown, "measure", ticket=7)
    assert answer(shown)["sum"] is None


def test_another_selection_stops_the_measures_of_the_last_one(shown: Explorer):
    say(shown, "select", rows=[[0, 4]], columns=[0])
    say(shown, "measure", ticket=1)
    say(shown, "select", rows=[[0, 5]], columns=[0])
    assert shown.jobs.waiting[0].cancelled


def test_whole_rows_are_copied_as_text(shown: Explorer):
    say(shown, "select", rows=[[1, 2]], columns=None)
    say(shown, "copy", ticket=3, kind="tsv")
    assert answer(shown) == {"type": "copied", "ticket": 3, "text": "1\t1\trow 1\n2\t2\trow 2"}


def test_what_is_too_large_to_copy_is_refused_without_reading(shown: Explorer, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(takes_module, "MOST_COPIED", 2999)
    say(shown, "select", rows=[[0, 1000]], columns=None)
    say(shown, "copy", ticket=3, kind="csv")
    assert not shown.jobs.waiting
    assert shown.messages[-1]["text"] is None
    monkeypatch.setattr(takes_module, "LONGEST_COPY", 10)
    say(shown, "select", rows=[[0, 10]], columns=None)
    say(shown, "copy", ticket=4, kind="csv")
    assert answer(shown)["text"] is None


def test_a_card_has_all_columns_and_long_values(explorer: Explorer, relation: Make):
    explorer.controller.show(relation("SELECT repeat('x', 5000) AS long, NULL AS nothing, [1, NULL] AS list, 1.5 AS n"))
    explorer.jobs.run()
    explorer.say("card", ticket=1, row=0)
    card = answer(explorer)
    assert read_cells(card).to_pylist() == [{"c0": "x" * 5000, "c1": None, "c2": "[1,null]", "c3": "1.5"}]


def test_a_card_beyond_the_last_row_is_empty(shown: Explorer):
    say(shown, "card", ticket=1, row=5000)
    assert answer(shown)["read"] == 0


def download(explorer: Explorer, ticket: int, kind: str = "csv") -> bytes:
    """Be a page that takes a file."""
    data = b""
    explorer.messages.clear()
    while True:
        explorer.jobs.run()
        chunks = [one for one in explorer.messages if one["type"] == "chunk" and one["ticket"] == ticket]
        explorer.messages.clear()
        for chunk in chunks:
            data += chunk["bytes"]
            if chunk["last"]:
                return data
            explorer.controller.receive({"type": "taken", "ticket": ticket})


def test_a_file_arrives_in_chunks_that_the_page_takes(explorer: Explorer, relation: Make):
    explorer.controller.show(relation(NUMBERS.format(300_000)))
    explorer.jobs.run()
    explorer.messages.clear()
    explorer.say_to(1, "fetch", ticket=5, kind="csv")
    explorer.jobs.run()
    chunks = [one for one in explorer.messages if one["type"] == "chunk"]
    assert len(chunks) == 2  # no more until the page has taken one
    assert {(one["name"], one["total"]) for one in chunks} == {("table.csv", 300_000)}
    explorer.controller.receive({"type": "taken", "ticket": 5})
    explorer.controller.receive({"type": "taken", "ticket": 5})
    data = b"".join(one["bytes"] for one in chunks) + download(explorer, 5)
    assert data.count(b"\n") == 300_001
    assert data.endswith(b"299999,2,row 299999\n")


def test_two_files_at_once_are_kept_apart(explorer: Explorer, relation: Make):
    explorer.controller.show(relation(NUMBERS.format(300_000)))
    explorer.jobs.run()
    explorer.say_to(1, "fetch", ticket=5, kind="csv")
    explorer.say_to(1, "fetch", ticket=6, kind="csv")
    explorer.jobs.run()
    data = {5: b"", 6: b""}
    is_over = {5: False, 6: False}
    while not all(is_over.values()):
        explorer.jobs.run()
        chunks = [one for one in explorer.messages if one["type"] == "chunk"]
        explorer.messages.clear()
        for chunk in chunks:
            data[chunk["ticket"]] += chunk["bytes"]
            is_over[chunk["ticket"]] |= chunk["last"]
            explorer.controller.receive({"type": "taken", "ticket": chunk["ticket"]})
    assert data[5] == data[6]
    assert data[5].count(b"\n") == 300_001


def test_a_file_goes_on_when_the_page_shows_something_else(explorer: Explorer, relation: Make):
    explorer.controller.show(relation(NUMBERS.format(300_000), fixed_order=False))
    explorer.jobs.run()
    explorer.say_to(1, "fetch", ticket=5, kind="csv")
    explorer.jobs.run()
    chunks = [one for one in explorer.messages if one["type"] == "chunk"]
    explorer.controller.show(relation(NUMBERS.format(7)))
    explorer.controller.receive({"type": "taken", "ticket": 5})
    explorer.controller.receive({"type": "taken", "ticket": 5})
    data = b"".join(one["bytes"] for one in chunks) + download(explorer, 5)
    assert data.count(b"\n") == 300_001


def test_a_file_that_is_stopped_sends_nothing_more(explorer: Explorer, relation: Make):
    explorer.controller.show(relation(NUMBERS.format(300_000)))
    explorer.jobs.run()
    explorer.say_to(1, "fetch", ticket=5, kind="parquet")
    explorer.controller.receive({"type": "stop", "ticket": 5})
    explorer.messages.clear()
    explorer.jobs.run()
    explorer.controller.receive({"type": "taken", "ticket": 5})
    assert not explorer.jobs.waiting
    assert explorer.messages == []


def test_closing_stops_files(explorer: Explorer, relation: Make):
    explorer.controller.show(relation(NUMBERS.format(300_000)))
    explorer.jobs.run()
    explorer.say_to(1, "fetch", ticket=5, kind="csv")
    explorer.controller.close()
    assert explorer.jobs.waiting[0].cancelled


def test_a_page_has_no_more_files_at_once_than_some(shown: Explorer):
    for ticket in range(20):
        say(shown, "fetch", ticket=ticket, kind="csv")
    refused = [one["ticket"] for one in shown.messages if one["type"] == "refused"]
    assert (len(shown.jobs.waiting), refused) == (8, list(range(8, 20)))
    shown.controller.receive({"type": "stop", "ticket": 0})
    say(shown, "fetch", ticket=99, kind="csv")
    assert len(shown.jobs.waiting) == 9


def test_why_a_file_could_not_be_made_is_logged(explorer: Explorer, relation: Make, caplog: pytest.LogCaptureFixture):
    explorer.controller.show(
        relation("SELECT CASE WHEN i = 200_000 THEN error('the reason') ELSE i END AS n FROM range(200_001) t(i)")
    )
    explorer.jobs.run_one()
    explorer.say_to(1, "fetch", ticket=5, kind="parquet")
    explorer.jobs.run()
    assert "the reason" in caplog.text


def test_a_file_that_fails_is_told_without_its_reason(explorer: Explorer, relation: Make):
    sql = "SELECT CASE WHEN i = 299_000 THEN error('secret') ELSE i END AS n FROM range(300_000) t(i)"
    explorer.controller.show(relation(sql))
    explorer.jobs.run_one()
    explorer.say_to(1, "fetch", ticket=5, kind="csv")
    explorer.messages.clear()
    while not any(one["type"] == "refused" for one in explorer.messages):
        explorer.jobs.run()
        explorer.controller.receive({"type": "taken", "ticket": 5})
    assert "secret" not in repr(explorer.messages)


# Lines of groups.


@pytest.fixture
def grouped(shown: Explorer) -> Explorer:
    """The same rows in three groups by `k` with the sum of `n`, of which the second is open: 3 + 333 lines."""
    say(shown, "group", keys=[[1, "value"]], aggregates=[[0, "sum"]])
    shown.jobs.run()
    lines = pa.ipc.open_stream(shown.view["lines"]).read_all()
    shown.say("toggle", group=lines.column("group")[1].as_py())
    shown.jobs.run()
    assert shown.view["rows"] == 336
    shown.messages.clear()
    return shown


def say_now(explorer: Explorer, type_: str, **data: Any) -> None:
    explorer.say_to(3, type_, **data)


def test_lines_are_copied_as_they_are_seen(grouped: Explorer):
    say_now(grouped, "select", rows=[[0, 4]], columns=None)
    say_now(grouped, "copy", ticket=3, kind="named_tsv")
    assert answer(grouped)["text"].splitlines() == [
        "k\trows\tsum_of_n\tn\tname",
        "0\t334\t166833\t\t",
        "1\t333\t166167\t\t",
        "\t\t\t1\trow 1",
        "\t\t\t4\trow 4",
    ]
    say_now(grouped, "select", rows=[[334, 2]], columns=[3, 4])
    say_now(grouped, "copy", ticket=4, kind="json")
    assert [set(line) for line in json.loads(answer(grouped)["text"])] == [{"rows", "sum_of_n"}] * 2


def test_a_hidden_figure_is_neither_copied_nor_downloaded(grouped: Explorer):
    grouped.controller.receive(
        {"type": "layout", "view": 3, "order": [2, 0, 1], "hidden": [3], "pinned": [], "widths": []}
    )
    say_now(grouped, "select", rows=[[0, 1]], columns=None)
    say_now(grouped, "copy", ticket=3, kind="csv")
    assert answer(grouped)["text"] == "k,sum_of_n,name,n\n0,166833,,"
    say_now(grouped, "fetch", ticket=5, kind="csv", of="groups")
    assert download(grouped, 5) == b"k,sum_of_n\n0,166833\n1,166167\n2,166500\n"


def test_all_lines_are_measured_together(grouped: Explorer):
    say_now(grouped, "select", rows=[[0, 336]], columns=[3, 4, 0])
    say_now(grouped, "measure", ticket=7)
    found = answer(grouped)
    assert (found["numbers"], found["sum"]) == (2 * 3 + 333, str(1000 + 499_500 + 166_167))
    assert (found["min"], found["max"]) == ("1", "166833")


def test_nothing_is_selected_beyond_the_last_line_or_column(grouped: Explorer):
    say_now(grouped, "select", rows=[[0, 500]], columns=[4])
    assert grouped.chosen[-1].selection.rows == (Rows(0, 336),)
    say_now(grouped, "select", rows=[[0, 1]], columns=[5])
    assert grouped.controller.chosen is None
    say_now(grouped, "value", ticket=1, row=0, column=5)
    assert not grouped.jobs.waiting


def test_the_rows_among_selected_lines_can_be_read(grouped: Explorer):
    say_now(grouped, "select", rows=[[1, 3]], columns=[1, 3, 0])
    assert grouped.chosen[-1].read(job()).to_pylist() == [{"k": 1, "n": 1}, {"k": 1, "n": 4}]
    say_now(grouped, "select", rows=[[1, 3]], columns=[3])
    assert grouped.chosen[-1].read(job()).num_rows == 0


def test_a_card_of_a_group_has_its_figures_and_one_of_a_row_its_columns(grouped: Explorer):
    say_now(grouped, "card", ticket=1, row=1)
    card = answer(grouped)
    assert card["group"]
    assert list(read_cells(card).to_pylist()[0].values()) == [None, "1", None, "333", "166167"]
    say_now(grouped, "card", ticket=2, row=3)
    card = answer(grouped)
    assert not card["group"]
    assert list(read_cells(card).to_pylist()[0].values()) == ["4", "1", "row 4"]


def test_a_file_is_of_the_groups_or_of_their_rows(grouped: Explorer):
    say_now(grouped, "fetch", ticket=5, kind="csv", of="groups")
    grouped.jobs.run()
    [chunk] = grouped.messages
    assert chunk["bytes"] == b"k,rows,sum_of_n\n0,334,166833\n1,333,166167\n2,333,166500\n"
    assert (chunk["name"], chunk["of"], chunk["rows"], chunk["total"]) == ("table by k.csv", "groups", 3, 3)
    say_now(grouped, "fetch", ticket=6, kind="csv", of="rows")
    grouped.jobs.run()
    assert (grouped.messages[-1]["name"], grouped.messages[-1]["of"]) == ("table.csv", "rows")
    assert grouped.messages[-1]["bytes"].startswith(b"n,k,name\n0,0,row 0\n1,1,row 1\n")


def test_a_file_of_groups_that_are_not_there_is_of_the_rows(shown: Explorer):
    say(shown, "fetch", ticket=5, kind="csv", of="groups")
    assert download(shown, 5).count(b"\n") == 1001


def test_names_and_values_of_groups_become_no_formulas(explorer: Explorer, relation: Make):
    sql = """SELECT * FROM (VALUES ('=1+1', 1), ('<b>', 2)) AS rows("=cmd", "<script>")"""
    explorer.controller.show(relation(sql))
    explorer.jobs.run()
    explorer.say("group", keys=[[0, "value"]], aggregates=[[1, "sum"], [0, "max"]])
    explorer.jobs.run()
    explorer.say("fetch", ticket=5, kind="csv", of="groups")
    assert download(explorer, 5).decode().splitlines() == [
        "'=cmd,rows,sum_of_<script>,max_of_=cmd",
        "<b>,1,2,<b>",
        "'=1+1,1,1,'=1+1",
    ]
    explorer.say_to(2, "select", rows=[[0, 2]], columns=None)
    explorer.say_to(2, "copy", ticket=6, kind="markdown")
    assert answer(explorer)["text"].splitlines()[2:] == [r"| \<b\> | 1 | 2 | \<b\> |", "| =1+1 | 1 | 1 | =1+1 |"]


@pytest.mark.parametrize(
    ("type_", "data"),
    [
        ("select", {"rows": [[0, 0]]}),
        ("select", {"rows": [[-1, 5]]}),
        ("select", {"rows": [[0]]}),
        ("select", {"rows": [[0, 1]] * 1001}),
        ("select", {"rows": [[0, 1]], "columns": []}),
        ("select", {"rows": [[0, 1]], "columns": [0, 0]}),
        ("select", {"rows": "all"}),
        ("measure", {}),
        ("measure", {"ticket": "1"}),
        ("copy", {"ticket": 1, "kind": "exe"}),
        ("card", {"ticket": 1, "row": -1}),
        ("card", {"ticket": 1}),
        ("fetch", {"ticket": 1, "kind": "../../x"}),
        ("fetch", {"ticket": -1, "kind": "csv"}),
    ],
)
def test_forged_messages_do_nothing(shown: Explorer, type_: str, data: dict[str, Any]):
    say(shown, type_, **data)
    assert not shown.jobs.waiting
    assert shown.messages == []
    assert shown.controller.chosen is None


@pytest.mark.parametrize("type_", ["measure", "copy", "card", "fetch"])
def test_wishes_about_another_view_are_late(shown: Explorer, type_: str):
    say(shown, "select", rows=[[0, 4]], columns=[0])
    shown.controller.receive({"type": type_, "view": 99, "ticket": 1, "kind": "csv", "row": 0})
    assert not shown.jobs.waiting
