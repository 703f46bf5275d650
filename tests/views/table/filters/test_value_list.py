"""The values of a column to choose from, against Polars."""

from collections.abc import Callable
from typing import Any

import polars as pl
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dataapp.engines.duckdb import DuckDB
from dataapp.engines.relation import Column, Relation
from dataapp.views.table.columns import LONGEST_TEXT
from dataapp.views.table.filters import value_list
from dataapp.views.table.filters.parsing import parse_filter
from dataapp.views.table.filters.predicates import ColumnFilter
from dataapp.views.table.filters.value_list import MOST_VALUES, Choice, Listed, choice_of, read_values
from dataapp.views.table.relation.source import open_whole
from dataapp.views.table.summaries import header_jobs
from tests.views.table.by_hand import Explorer, Job

TEXT, FLAG = Column("name", "VARCHAR"), Column("flag", "BOOLEAN")


def listed(
    relation: Relation, at: int, *, others: dict[int, str] | None = None, own: str = "", search: str = ""
) -> Listed:
    job: Any = Job(lambda _: None, lambda _: None, lambda _: None)
    columns = relation.columns()
    filters = tuple(
        ColumnFilter(column, condition)
        for column, text in (others or {}).items()
        if (condition := parse_filter(text, columns[column])) is not None
    )
    condition = parse_filter(own, columns[at])
    with open_whole(relation, columns, job) as source:
        found = read_values(source, at, filters, condition, search)
        assert found is not None
        return found


names = st.lists(st.none() | st.sampled_from(["", "a", "A", "b", "null", "<b>", "x, y", "é"]), max_size=40)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=names, low=st.integers(0, 20), search=st.sampled_from(["", "a", "L"]), fixed_order=st.booleans())
def test_values_are_counted_among_the_rows_that_pass_the_other_filters(
    engine: DuckDB, rows: list[str | None], low: int, search: str, fixed_order: bool
):
    frame = pl.DataFrame({"name": rows, "n": range(len(rows))}, schema={"name": pl.String, "n": pl.Int64})
    relation = Relation(
        "FROM shown", key=object(), engine=engine, frames={"shown": pa.table(frame)}, fixed_order=fixed_order
    )
    passing = frame.filter(pl.col("n") >= low)
    if search:
        passing = passing.filter(pl.col("name").str.to_lowercase().str.contains(search.lower(), literal=True))
    expected = dict(passing.group_by("name").len().iter_rows())
    found = listed(relation, 0, others={1: f">= {low}"}, own="in a, null", search=search)
    assert {value.text: value.rows for value in found.values} == expected
    assert found.distinct == len(expected)
    assert all(value.is_chosen == (value.text in {"a", None}) for value in found.values)
    assert [value.rows for value in found.values] == sorted(expected.values(), reverse=True)


def test_the_most_frequent_ones_come_first_and_no_more_than_can_be_read(relation: Callable[..., Relation]):
    found = listed(relation("SELECT 'v' || (i * i % 1000) AS name FROM range(5000) t(i)"), 0)
    assert len(found.values) <= MOST_VALUES
    many = listed(relation("SELECT 'v' || i AS name FROM range(1000) t(i)"), 0)
    assert (len(many.values), many.distinct) == (MOST_VALUES, 1000)


@pytest.mark.parametrize(
    ("sql", "texts"),
    [
        ("SELECT i % 2 = 0 AS x FROM range(3) t(i)", ["true", "false"]),
        ("SELECT ['a', NULL] AS x", ['["a",null]']),
        ("SELECT 'b'::ENUM('a', 'b') AS x", ["b"]),
        ("SELECT INTERVAL '30 days' AS x UNION ALL SELECT INTERVAL '1 month'", ["1 month", "30 days"]),
        ("SELECT NULL::BLOB AS x", [None]),
    ],
)
def test_values_of_every_type_are_listed_as_the_text_that_filters_look_at(
    relation: Callable[..., Relation], sql: str, texts: list[str | None]
):
    found = listed(relation(sql), 0, own="not in ()")
    assert [value.text for value in found.values] == texts
    assert all(value.is_chosen for value in found.values)


def test_long_text_is_cut_and_says_so(relation: Callable[..., Relation]):
    (value,) = listed(relation(f"SELECT repeat('x', {LONGEST_TEXT + 5}) AS name"), 0).values
    assert value.is_cut
    assert value.text == "x" * LONGEST_TEXT


@pytest.mark.parametrize(
    ("text", "column", "choice"),
    [
        ("", TEXT, Choice((), is_but=True)),
        ("= a", TEXT, Choice(("a",))),
        ("in a, null", TEXT, Choice(("a", None))),
        ('not in "a, b"', TEXT, Choice(("a, b",), is_but=True)),
        ("in ()", TEXT, Choice(())),
        ("is null", TEXT, Choice((None,))),
        ("not null", TEXT, Choice((None,), is_but=True)),
        ("yes", FLAG, Choice(("true",))),
        ("in false, null", FLAG, Choice(("false", None))),
        ("!= a", TEXT, None),
        ("a", TEXT, None),
        ("/a/", TEXT, None),
        ("in 1..2", Column("n", "INTEGER"), None),
    ],
)
def test_a_filter_that_is_a_list_is_told_as_one(text: str, column: Column, choice: Choice | None):
    assert choice_of(parse_filter(text, column)) == choice


# Too many values to count each.

MANY = "SELECT CASE WHEN i % 10 = 0 THEN 'often' WHEN i % 10 = 1 THEN NULL ELSE 'v' || i END AS name, i AS n"


def lists(explorer: Explorer, search: str = "") -> list[Any]:
    """Open the list of the first column, and return what the page is sent."""
    explorer.messages.clear()
    explorer.say_to(explorer.controller._view, "values", column=0, search=search)
    explorer.jobs.run()
    return [message for message in explorer.messages if message["type"] == "values"]


@pytest.fixture
def many(explorer: Explorer, relation: Callable[..., Relation], monkeypatch: pytest.MonkeyPatch) -> Explorer:
    """20,000 rows that are many, of 16,001 values that are too many."""
    monkeypatch.setattr(value_list, "MOST_GROUPS", 1000)
    monkeypatch.setattr(header_jobs, "SMALL", 1000)
    explorer.controller.show(relation(f"{MANY} FROM range(20_000) t(i)"))
    explorer.jobs.run()
    return explorer


def test_of_too_many_values_those_of_a_sample_are_listed_with_how_many_rows_have_them(many: Explorer):
    estimate, counted = lists(many)
    assert (estimate["is_estimate"], estimate["distinct"]) == (True, None)
    assert (counted["is_estimate"], counted["is_top"]) == (False, False)
    assert 14_000 < counted["distinct"] < 18_000
    assert [value[:2] for value in counted["values"][:2]] in (
        [["often", 2000], [None, 2000]],
        [[None, 2000], ["often", 2000]],
    )
    assert {rows for _, rows, _, _ in counted["values"][2:]} == {1}
    assert len(counted["values"]) == MOST_VALUES


def test_a_search_that_finds_few_of_too_many_values_finds_all_of_them(many: Explorer):
    found = lists(many, search="V1999")[-1]
    assert (found["is_top"], found["distinct"]) == (True, 9)
    assert {text for text, *_ in found["values"]} == {"v1999", *(f"v{i}" for i in range(19_992, 20_000))}


def test_a_search_that_finds_too_many_values_lists_some_that_hold_the_text(many: Explorer):
    found = lists(many, search="v1")[-1]
    assert (found["is_top"], len(found["values"])) == (False, MOST_VALUES)
    assert all("v1" in text and rows == 1 for text, rows, *_ in found["values"])


def test_a_column_of_few_values_is_counted_whole_after_the_sample(
    explorer: Explorer, relation: Callable[..., Relation], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(header_jobs, "SMALL", 1000)
    explorer.controller.show(relation("SELECT 'v' || (i % 3) AS name FROM range(90_000) t(i)"))
    explorer.jobs.run()
    estimate, counted = lists(explorer)
    assert estimate["is_estimate"]
    assert all(abs(rows - 30_000) < 300 for _, rows, *_ in estimate["values"])  # scaled up to all rows
    assert [value[:2] for value in counted["values"]] == [["v0", 30_000], ["v1", 30_000], ["v2", 30_000]]
    assert (counted["is_estimate"], counted["is_top"], counted["distinct"]) == (False, True, 3)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(rows=names, low=st.integers(0, 20), search=st.sampled_from(["", "a", "L"]), fixed_order=st.booleans())
def test_what_is_listed_of_too_many_values_is_counted_as_polars_counts_it(
    engine: DuckDB, rows: list[str | None], low: int, search: str, fixed_order: bool
):
    frame = pl.DataFrame({"name": rows, "n": range(len(rows))}, schema={"name": pl.String, "n": pl.Int64})
    relation = Relation(
        "FROM shown", key=object(), engine=engine, frames={"shown": pa.table(frame)}, fixed_order=fixed_order
    )
    explorer = Explorer()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(value_list, "MOST_GROUPS", -1)
        explorer.controller.show(relation)
        explorer.jobs.run()
        explorer.say("filter", column=1, text=f">= {low}")
        explorer.jobs.run()
        found = lists(explorer, search)[-1]
    passing = frame.filter(pl.col("n") >= low)
    if search:
        passing = passing.filter(pl.col("name").str.to_lowercase().str.contains(search.lower(), literal=True))
    expected = dict(passing.group_by("name").len().iter_rows())
    assert {text: number for text, number, *_ in found["values"]} == expected  # the sample is all there is
    explorer.controller.close()
