"""Errors of a fused query are led back to the author's text."""

import json

import duckdb
import pytest

from dataapp.compile.fusion import Fused, Key, Part, Place, Predicate, ValueOf, fuse
from tests.compile.bench import Bench


def fuse_as(root: str, parts: dict[Key, Part]) -> Fused:
    return fuse(root, parts, {key: str(key) for key in [*parts, "k"]})


def place_of_error(bench: Bench, fused: Fused) -> Place | None:
    """Run a fused query that must fail, and locate what the engine says."""
    with pytest.raises(duckdb.Error) as caught:
        bench.run(fused, {"k": 1})
    fault = json.loads(str(caught.value).partition("Error: ")[2])
    return fused.locate(int(fault["position"]))


def test_a_missing_column_behind_unicode_is_found_by_line_and_column(bench: Bench) -> None:
    parts: dict[Key, Part] = {
        "a": bench.part("SELECT 'äöü🙂' AS s -- größe\n  , 1 AS n"),
        "b": bench.part("SELECT '🙂' AS x,\n 'ä' || nope AS y\nFROM t", {"t": "a"}),
        "c": bench.part("FROM b", {"b": "b"}),
    }
    assert place_of_error(bench, fuse_as("c", parts)) == Place("b", 2, 9)


def test_an_error_in_the_root_is_found(bench: Bench) -> None:
    parts: dict[Key, Part] = {"a": bench.part("SELECT 1 AS n"), "b": bench.part("SELECT n,\n nope FROM a", {"a": "a"})}
    assert place_of_error(bench, fuse_as("b", parts)) == Place("b", 2, 2)


def test_an_error_behind_spliced_names_and_values_is_found(bench: Bench) -> None:
    parts: dict[Key, Part] = {
        "a long label": bench.part("SELECT 1 AS n"),
        "b": bench.part("SELECT $x, $x, t.n, t.nope FROM t", {"t": "a long label"}, {"x": "k"}),
    }
    assert place_of_error(bench, fuse_as("b", parts)) == Place("b", 1, 21)


def test_a_missing_table_is_found(bench: Bench) -> None:
    parts: dict[Key, Part] = {
        "a": bench.part("SELECT 1 AS n"),
        "b": bench.part("FROM a\nJOIN missing USING (n)", {"a": "a"}),
    }
    assert place_of_error(bench, fuse_as("b", parts)) == Place("b", 2, 6)


def test_an_error_in_a_predicate_is_at_its_parameter(bench: Bench) -> None:
    predicate = Predicate(('"nope" = ', ValueOf("k")))
    part = bench.part("SELECT 'ä',\n id FROM src.trades WHERE $brush", predicates={"brush": predicate})
    assert place_of_error(bench, fuse_as("a", {"a": part})) == Place("a", 2, 27)


def test_an_error_behind_a_predicate_is_found(bench: Bench) -> None:
    predicate = Predicate(('"id" = ', ValueOf("k")))
    part = bench.part("FROM src.trades WHERE $brush AND nope", predicates={"brush": predicate})
    assert place_of_error(bench, fuse_as("a", {"a": part})) == Place("a", 1, 34)


@pytest.mark.parametrize(
    "text", ["PIVOT t ON nope", "PIVOT (FROM t WHERE n > $k AND nope) ON n", "SELECT nope FROM (PIVOT t ON n)"]
)
def test_an_error_around_a_dynamic_pivot_is_found(bench: Bench, text: str) -> None:
    parts: dict[Key, Part] = {
        "a": bench.part("SELECT 1 AS n -- ä"),
        "b": bench.part("/* 🙂 */ " + text, {"t": "a"}, {"k": "k"}),
    }
    assert place_of_error(bench, fuse_as("b", parts)) == Place("b", 1, 9 + text.index("nope") + 1 - 1)


def test_an_error_in_what_a_dynamic_pivot_reads_is_found(bench: Bench) -> None:
    parts: dict[Key, Part] = {
        "a": bench.part("SELECT 1 AS n,\n nope"),
        "b": bench.part("PIVOT t ON n", {"t": "a"}),
    }
    assert place_of_error(bench, fuse_as("b", parts)) == Place("a", 2, 2)


def test_text_that_nobody_wrote_has_no_place(bench: Bench) -> None:
    parts: dict[Key, Part] = {"a": bench.part("SELECT 1 AS n"), "b": bench.part("FROM a", {"a": "a"})}
    fused = fuse_as("b", parts)
    assert fused.locate(0) is None
    assert fused.locate(len(fused.sql.encode()) - 1) is None


def test_every_copied_byte_leads_back_to_itself(bench: Bench) -> None:
    text = "SELECT 'ä🙂' AS s, $k AS k\nFROM x -- ö"
    parts: dict[Key, Part] = {"a": bench.part("SELECT 1 AS n"), "b": bench.part(text, {"x": "a"}, {"k": "k"})}
    fused = fuse_as("b", parts)
    start = fused.sql.index(text[:10])
    for offset, character in enumerate("SELECT 'ä🙂' AS s, $k AS k\nFROM "):
        position = len(fused.sql[: start + offset].encode())
        line, column = (1, offset + 1) if offset < 26 else (2, offset - 25)
        if character != "\n":
            assert fused.locate(position) == Place("b", line, column), character
