"""What the page may say, and what a forged message may not."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataapp.views.table.groups.grouping import Aggregate, Grouping, GroupKey
from dataapp.views.table.layout import Layout
from dataapp.views.table.messages import (
    Arrange,
    Ask,
    Clear,
    Filter,
    Find,
    Group,
    Ready,
    Sort,
    Toggle,
    Want,
    read_message,
)
from dataapp.views.table.relation.queries import SortKey, Span

WANT = {"type": "want", "view": 1, "first": 128, "count": 256, "columns": [4, 0]}


def test_the_messages_of_the_page_are_understood():
    assert read_message({"type": "ready"}) == Ready()
    assert read_message({"type": "ready", "view": 3, "counted": True}) == Ready(3, True)
    assert read_message({"type": "ready", "view": "3", "counted": "yes"}) == Ready()
    assert read_message({"type": "ask"}) == Ask()
    assert read_message(WANT) == Want(1, Span(128, 256, (4, 0)))
    order = [{"column": 2, "descending": True}, {"column": 0, "descending": False}]
    assert read_message({"type": "sort", "view": 1, "order": order}) == Sort(1, (SortKey(2, True), SortKey(0)))
    assert read_message({"type": "filter", "view": 1, "column": 3, "text": "x"}) == Filter(1, 3, "x")
    assert read_message({"type": "find", "view": 1, "text": "x"}) == Find(1, "x")
    assert read_message({"type": "clear", "view": 1}) == Clear(1)


def test_what_is_seen_lies_among_what_is_wanted():
    seen = {"first": 140, "count": 20, "columns": [0]}
    assert read_message(WANT | {"seen": seen}) == Want(1, Span(128, 256, (4, 0)), Span(140, 20, (0,)))
    for wrong in (
        {"first": 127},
        {"first": 384},
        {"count": 0},
        {"count": 245},
        {"columns": []},
        {"columns": [1]},
        {"first": "1"},
    ):
        assert read_message(WANT | {"seen": seen | wrong}) == Want(1, Span(128, 256, (4, 0)))
    assert read_message(WANT | {"seen": [140, 20]}) == Want(1, Span(128, 256, (4, 0)))


@pytest.mark.parametrize(
    "changes",
    [
        {"first": -128},
        {"first": 1},
        {"first": 2**60},
        {"first": "0; DROP TABLE kept"},
        {"first": True},
        {"first": None},
        {"first": float("nan")},
        {"first": float("inf")},
        {"count": 0},
        {"count": 128_000_000},
        {"columns": []},
        {"columns": [0, -1]},
        {"columns": [0, 0]},
        {"columns": ["c0"]},
        {"columns": "0"},
        {"columns": list(range(1000))},
        {"view": "1"},
        {"view": None},
        {"type": "want all"},
        {"type": ["want"]},
    ],
)
def test_a_forged_wish_for_cells_is_ignored(changes: dict[str, Any]):
    assert read_message(WANT | changes) is None


@pytest.mark.parametrize(
    "order",
    [
        None,
        "c0",
        {"column": 0},
        ["c0"],
        [{"column": "c0", "descending": True}],
        [{"column": 0, "descending": "yes"}],
        [{"column": 0, "descending": True}, {"column": 0, "descending": False}],
        [{"column": -1, "descending": True}],
        [{"column": at, "descending": True} for at in range(100)],
    ],
)
def test_a_forged_order_is_ignored(order: Any):
    assert read_message({"type": "sort", "view": 1, "order": order}) is None


def test_groups_are_understood():
    said = {"type": "group", "view": 1, "keys": [[2, "month"], [0, "value"]], "aggregates": [[1, "sum"]]}
    keys = (GroupKey(2, "month"), GroupKey(0))
    assert read_message(said) == Group(1, Grouping(keys, (Aggregate("sum", 1),)))
    assert read_message(said | {"keys": [], "aggregates": []}) == Group(1, None)
    assert read_message({"type": "toggle", "view": 1, "group": 7}) == Toggle(1, 7)


@pytest.mark.parametrize(
    "changes",
    [
        {"keys": None},
        {"keys": [[0]]},
        {"keys": [[0, "value", 1]]},
        {"keys": [["c0", "value"]]},
        {"keys": [[-1, "value"]]},
        {"keys": [[0, "second"]]},
        {"keys": [[0, ["value"]]]},
        {"keys": [[0, "value"], [0, "value"]]},
        {"keys": [[at, "value"] for at in range(9)]},
        {"aggregates": [[0, "sum(c1)"]]},
        {"aggregates": {"0": "sum"}},
        {"aggregates": [[at, "sum"] for at in range(100)]},
    ],
)
def test_forged_groups_are_ignored(changes: dict[str, Any]):
    said = {"type": "group", "view": 1, "keys": [[0, "value"]], "aggregates": []}
    assert read_message(said | changes) is None


LAYOUT = {"type": "layout", "view": 1, "order": [1, 0], "hidden": [2], "pinned": [], "widths": [[0, 90]]}


def test_a_layout_is_understood():
    assert read_message(LAYOUT) == Arrange(1, Layout((1, 0), frozenset({2}), frozenset(), {0: 90}))


@pytest.mark.parametrize(
    "changes",
    [
        {"order": [0, 0]},
        {"order": None},
        {"hidden": [-1]},
        {"pinned": ["price"]},
        {"widths": {"0": 90}},
        {"widths": [[0]]},
        {"widths": [[0, 1]]},
        {"widths": [[0, 10**9]]},
        {"widths": ["ab"]},
        {"widths": [[0, 90]] * 200_000},
    ],
)
def test_a_forged_layout_is_ignored(changes: dict[str, Any]):
    assert read_message(LAYOUT | changes) is None


@pytest.mark.parametrize("text", [None, 5, ["a"], "a" * 10_000, "a\0b", "\ud800"])
def test_a_forged_filter_is_ignored(text: Any):
    assert read_message({"type": "filter", "view": 1, "column": 0, "text": text}) is None
    assert read_message({"type": "find", "view": 1, "text": text}) is None


@pytest.mark.parametrize("columns", [[], [-1], [0, 0], ["a"], "0", list(range(200_000))])
def test_forged_columns_of_a_selection_are_ignored(columns: Any):
    assert read_message({"type": "select", "view": 1, "rows": [[0, 1]], "columns": columns}) is None


@pytest.mark.parametrize("columns", [None, [], [-1], [0, 0], ["a"], "0", list(range(100))])
def test_forged_columns_to_summarise_are_ignored(columns: Any):
    assert read_message({"type": "summarize", "view": 1, "columns": columns}) is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
NAMES = st.sampled_from(
    [
        "type",
        "view",
        "first",
        "count",
        "columns",
        "hidden",
        "pinned",
        "widths",
        "order",
        "column",
        "text",
        "descending",
        "keys",
        "aggregates",
        "group",
    ]
)
KINDS = st.sampled_from(["ready", "want", "sort", "filter", "group", "toggle", "layout"])


@given(JSON | st.dictionaries(NAMES, JSON | KINDS))
def test_no_message_raises(message: Any):
    read_message(message)
