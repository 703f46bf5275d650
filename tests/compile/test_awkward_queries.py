"""Every awkward query gives, fused, what DuckDB gives when it is asked directly."""

from collections.abc import Mapping
from typing import Any

import pytest

from dataapp.compile.fusion import Key, Part, fuse
from dataapp.compile.identifiers import fold, quote_identifier
from tests.compile.awkward import QUERIES
from tests.compile.bench import TABLE_NAMES, Answer, Bench

AWKWARD = pytest.mark.parametrize("name", QUERIES)


@AWKWARD
def test_alone_it_is_the_authors_text(bench: Bench, name: str) -> None:
    text, values = QUERIES[name]
    query = bench.part(text, values=_keys(values))
    fused = fuse("q", {"q": query}, {key: key for key in ["q", *_keys(values).values()]})
    if query.query.form == "select" and not any(p.name != fold(p.name) for p in query.query.parameters):
        assert fused.sql == query.query.text
    _assert_same(bench, name, bench.run(fused, _folded(values), is_plain=True))


@AWKWARD
def test_behind_another_cell(bench: Bench, name: str) -> None:
    text, values = QUERIES[name]
    parts: dict[Key, Part] = {"q": bench.part(text, values=_keys(values)), "r": bench.part("FROM q", {"q": "q"})}
    fused = fuse("r", parts, {key: key for key in ["q", "r", *_keys(values).values()]})
    _assert_same(bench, name, bench.run(fused, _folded(values), is_plain=True), behind=True)


@AWKWARD
def test_over_cells_of_the_same_names(bench: Bench, name: str) -> None:
    _assert_same(bench, name, _ask_chain(bench, name, lambda table: table), behind=True)


@AWKWARD
def test_over_cells_of_other_names(bench: Bench, name: str) -> None:
    _assert_same(bench, name, _ask_chain(bench, name, lambda table: f"Other {table}"), behind=True)


@AWKWARD
def test_over_cells_that_all_have_one_label(bench: Bench, name: str) -> None:
    _assert_same(bench, name, _ask_chain(bench, name, lambda _: "desks"), behind=True)


@AWKWARD
def test_over_cells_labelled_like_its_ctes(bench: Bench, name: str) -> None:
    ctes = sorted(bench.parse(QUERIES[name][0]).ctes)
    if ctes:
        _assert_same(bench, name, _ask_chain(bench, name, lambda _: ctes[0]), behind=True)


def _ask_chain(bench: Bench, name: str, label: Any) -> Answer:
    """Base tables as cells, the query as a cell, and a cell that reads it."""
    text, values = QUERIES[name]
    parts: dict[Key, Part] = {
        fold(table): bench.part(f"FROM src.{quote_identifier(table)} -- {table}") for table in TABLE_NAMES
    }
    labels: dict[Key, str] = {fold(table): label(table) for table in TABLE_NAMES}
    query = bench.part(text, {table: fold(table) for table in TABLE_NAMES}, _keys(values))
    parts |= {"query": query, "reader": bench.part("SELECT * FROM q", {"q": "query"})}
    labels |= {"query": "q", "reader": "q"} | dict.fromkeys(_keys(values).values(), "k")
    return bench.ask_fused("reader", parts, _folded(values), labels)


def _keys(values: Mapping[str, Any]) -> dict[str, Key]:
    return {fold(name): fold(name) for name in values}


def _folded(values: Mapping[str, Any]) -> dict[Key, Any]:
    return {fold(name): value for name, value in values.items()}


def _assert_same(bench: Bench, name: str, found: Answer, *, behind: bool = False) -> None:
    text, values = QUERIES[name]
    query = bench.parse(text)
    columns, rows = _ask_directly(bench, text, values, is_pivot=query.form == "pivot")
    assert len(rows) > 0 or name == "list_parameter_empty"
    assert found[0] == columns
    is_ordered = "order by" in text.lower().rpartition(")")[2]
    assert found[1] == rows if is_ordered else sorted(found[1]) == sorted(rows)


def _ask_directly(bench: Bench, text: str, values: Mapping[str, Any], *, is_pivot: bool) -> Answer:
    if not is_pivot or not values:
        return bench.ask(text, values)
    for name, value in values.items():  # DuckDB prepares no PIVOT over parameters
        text = text.replace(f"${name}", repr(value))
    return bench.ask(text)
