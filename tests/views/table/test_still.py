"""What a file holds of a table: its first rows, as many as it may, and the pictures of all."""

from collections.abc import Callable, Mapping
from typing import Any

import pyarrow as pa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dataapp.engines.relation import Relation
from dataapp.views.table.controller import Controller
from dataapp.views.table.relation.queries import BLOCK
from dataapp.views.table.still import MOST_BYTES, MOST_ROWS, StillPage
from tests.views.table.by_hand import Jobs, read_cells

type MakeRelation = Callable[..., Relation]


def kept(relation: Relation, *wishes: Mapping[str, Any]) -> dict[str, Any] | None:
    """What a file holds, after a reader has made wishes."""
    jobs, pages = Jobs(), list[StillPage]()
    controller = Controller(jobs, lambda said: pages[0].hear(said) if pages else None, lambda _: None, lambda _: None)
    controller.show(relation)
    jobs.run()
    for wish in wishes:
        controller.receive({"view": 1, **wish})
        jobs.run()
    pages.append(StillPage(controller.receive, jobs.run))
    return pages[0].read()


def of_type(page: Mapping[str, Any], type_: str) -> list[Mapping[str, Any]]:
    return [message for message in page["messages"] if message["type"] == type_]


def column(page: Mapping[str, Any], at: int) -> list[object]:
    """All values of a column that a file holds."""
    pieces = [one for one in of_type(page, "cells") if at in one["positions"]]
    starts = [one["first"] for one in pieces]
    assert starts == sorted(set(starts))
    return [value for one in pieces for value in read_cells(one).column(one["positions"].index(at)).to_pylist()]


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.sampled_from([0, 1, BLOCK - 1, BLOCK, 1000, MOST_ROWS, MOST_ROWS + 1, 9000]), descends=st.booleans())
def test_a_file_holds_the_first_rows_in_their_order(relation: MakeRelation, rows: int, descends: bool):
    table = pa.table({"n": pa.array(range(rows), pa.int64()), "text": [f"row {n}" for n in range(rows)]})
    wishes = [{"type": "sort", "order": [{"column": 0, "descending": True}]}] if descends else []
    page = kept(relation("FROM given_rows", given_rows=table), *wishes)
    assert page is not None
    held = min(rows, MOST_ROWS)
    expected = [rows - 1 - n if descends else n for n in range(held)]
    assert page["still"] == {"rows": held, "columns": [0, 1]}
    assert column(page, 0)[:held] == expected
    assert column(page, 1)[:held] == [f"row {n}" for n in expected]
    assert page["messages"][0]["rows"] == rows


def test_long_texts_leave_room_for_fewer_rows(relation: MakeRelation):
    page = kept(relation("SELECT i, " + ", ".join(["repeat('x', 450)"] * 20) + " FROM range(5000) t(i)"))
    assert page is not None
    rows, size = page["still"]["rows"], sum(len(message["cells"]) for message in of_type(page, "cells"))
    assert 0 < rows < MOST_ROWS
    assert rows % BLOCK == 0
    assert size <= MOST_BYTES
    assert column(page, 0) == list(range(rows))


def test_of_too_many_columns_those_that_are_hidden_come_last(relation: MakeRelation):
    sql = "SELECT " + ", ".join(f"repeat('x', 450) AS c{at}" for at in range(200)) + " FROM range(1000)"
    layout = {"order": [], "hidden": list(range(100)), "pinned": [199], "widths": []}
    page = kept(relation(sql), {"type": "layout", **layout})
    assert page is not None
    assert page["still"]["columns"][:3] == [199, 100, 101]
    assert len(page["still"]["columns"]) < 200
    assert sum(len(message["cells"]) for message in of_type(page, "cells")) < 2 * MOST_BYTES


def test_pictures_are_of_all_rows_and_exact(relation: MakeRelation):
    page = kept(relation("SELECT i, i % 3 AS third FROM range(300000) t(i)"))
    assert page is not None
    (pictures,) = of_type(page, "summaries")
    assert [one["column"] for one in pictures["columns"]] == [0, 1]
    assert [one["rows"] for one in pictures["columns"]] == [300_000] * 2
    assert not any(one["is_estimate"] for one in pictures["columns"])


def test_groups_are_kept_as_they_are_seen(relation: MakeRelation):
    group = {"type": "group", "keys": [[1, "value"]], "aggregates": [[0, "sum"]]}
    page = kept(relation("SELECT i, i % 3 AS third FROM range(300) t(i)"), group)
    assert page is not None
    assert page["still"]["rows"] == 3
    assert column(page, 1) == [0, 1, 2]
    assert column(page, 2) == [100, 100, 100]


def test_of_rows_that_cannot_be_read_there_is_nothing(relation: MakeRelation):
    assert kept(relation("SELECT error('no')::INTEGER AS n FROM range(3)")) is None
