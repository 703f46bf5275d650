"""Names, splices and materialisation of fused queries."""

from graphlib import CycleError
from pathlib import Path

import duckdb
import pytest

from dataapp.compile.fusion import FramePart, Fused, Key, Part, Predicate, ScanPart, ValueOf, fuse
from tests.compile.bench import Bench


def fuse_as(root: str, parts: dict[Key, Part], **labels: str) -> Fused:
    """Fuse; a key is its own label unless another is given."""
    names: dict[Key, str] = {key: str(key) for key in parts} | dict(labels)
    return fuse(root, parts, names)


@pytest.fixture
def prices(tmp_path: Path) -> str:
    path = tmp_path / "prices.parquet"
    duckdb.execute(f"COPY (SELECT i AS id, i % 10 AS g, i * 0.5 AS price FROM range(5000) r(i)) TO '{path}'")
    return f"read_parquet('{path}')"


def plan(sql: str) -> str:
    [(_, text)] = duckdb.connect().execute(f"EXPLAIN (FORMAT json) {sql}").fetchall()
    return text


# What is written


def test_a_cell_alone_is_its_text(bench: Bench) -> None:
    fused = fuse_as("q", {"q": bench.part("FROM src.trades; -- all")})
    assert fused.sql == "FROM src.trades  -- all"
    assert (fused.values, fused.variables, fused.frames) == ({}, {}, {})


def test_a_chain_becomes_ctes_in_order_of_dependency(bench: Bench) -> None:
    parts: dict[Key, Part] = {
        "c": bench.part("FROM b -- last", {"b": "b"}),
        "b": bench.part("FROM a WHERE id > $k", {"a": "a"}, {"k": "k"}),
        "a": bench.part("FROM src.trades"),
        "unrelated": bench.part("FROM src.quotes"),
    }
    fused = fuse_as("c", parts, k="k")
    assert fused.sql == ('WITH "a" AS (FROM src.trades\n),\n"b" AS (FROM a WHERE id > $k\n)\nFROM (FROM b -- last\n)')
    assert fused.values == {"k": "k"}


def test_each_part_is_written_once(bench: Bench) -> None:
    parts: dict[Key, Part] = {
        "a": bench.part("FROM src.trades"),
        "b": bench.part("FROM a", {"a": "a"}),
        "c": bench.part("FROM a", {"a": "a"}),
        "d": bench.part("FROM a JOIN b USING (id) JOIN c USING (id)", {"a": "a", "b": "b", "c": "c"}),
    }
    assert fuse_as("d", parts).sql.count("src.trades") == 1


def test_show_forms_are_wrapped_everywhere(bench: Bench) -> None:
    parts: dict[Key, Part] = {
        "a": bench.part("SUMMARIZE src.trades"),
        "b": bench.part("DESCRIBE a", {"a": "a"}),
    }
    assert fuse_as("a", parts).sql == "FROM (SUMMARIZE src.trades\n)"
    assert fuse_as("b", parts).sql == 'WITH "a" AS (FROM (SUMMARIZE src.trades\n)\n)\nFROM (DESCRIBE a\n)'


def test_a_scan_or_a_frame_may_be_the_root() -> None:
    assert fuse_as("a", {"a": ScanPart("range(3)")}).sql == "FROM range(3)"
    fused = fuse_as("a", {"a": FramePart()})
    assert (fused.sql, fused.frames) == ('FROM "a"', {"a": "a"})


def test_a_circle_is_refused(bench: Bench) -> None:
    parts: dict[Key, Part] = {"a": bench.part("FROM b", {"b": "b"}), "b": bench.part("FROM a", {"a": "a"})}
    with pytest.raises(CycleError):
        fuse_as("a", parts)


def test_a_parameter_without_meaning_is_refused(bench: Bench) -> None:
    with pytest.raises(KeyError, match="k"):
        fuse_as("a", {"a": bench.part("SELECT $k")})


# Names


def test_a_reader_keeps_the_name_that_it_wrote(bench: Bench) -> None:
    parts: dict[Key, Part] = {
        "a": bench.part("FROM src.trades"),
        "b": bench.part("SELECT t.id FROM t JOIN T x ON t.id = x.id", {"t": "a"}),
    }
    assert '\nFROM (SELECT t.id FROM "All trades" AS "t" JOIN "All trades" x' in fuse_as("b", parts, a="All trades").sql


def test_names_that_differ_in_case_only_are_left_as_written(bench: Bench) -> None:
    parts: dict[Key, Part] = {"a": bench.part("FROM src.trades"), "b": bench.part("FROM TRADES", {"trades": "a"})}
    assert fuse_as("b", parts, a="Trades").sql.endswith("FROM (FROM TRADES\n)")


def test_one_name_for_two_cells_is_numbered(bench: Bench) -> None:
    parts: dict[Key, Part] = {
        "old": bench.part("SELECT 1 AS n"),
        "new": bench.part("SELECT n + 1 AS n FROM x", {"x": "old"}),
        "root": bench.part("SELECT x.n FROM x", {"x": "new"}),
    }
    assert bench.run(fuse_as("root", parts, old="x", new="X"), {})[1] == ["(2,)"]


def test_an_engines_table_is_not_captured(bench: Bench) -> None:
    parts: dict[Key, Part] = {
        "a": bench.part("SELECT 0 AS n FROM trades LIMIT 0", {"trades": "b"}),
        "b": bench.part("SELECT 1 AS n"),
        "root": bench.part("SELECT count(*) AS n FROM trades, (SELECT count(*) FROM t)", {"t": "a"}),
    }
    fused = fuse_as("root", parts, a="trades", b="TRADES")
    assert bench.run(fused, {}, is_plain=True)[1] == ["(40,)"]


def test_a_file_is_not_captured(bench: Bench, tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("n\n7\n")
    location = str(tmp_path / "x.csv")
    parts: dict[Key, Part] = {
        "a": bench.part("SELECT 1 AS n"),
        "root": bench.part("SELECT x.n FROM 'x.csv' AS x, t", {"t": "a"}, files={"x.csv": location}),
    }
    assert bench.run(fuse_as("root", parts, a=location), {})[1] == ["(7,)"]


def test_a_cte_of_the_author_does_not_capture_a_cell(bench: Bench) -> None:
    parts: dict[Key, Part] = {
        "a": bench.part("SELECT 1 AS n"),
        "root": bench.part("WITH x AS (SELECT 5 AS n) SELECT x.n, y.n AS m FROM x, y", {"y": "a"}),
    }
    assert bench.run(fuse_as("root", parts, a="x"), {})[1] == ["(5, 1)"]


def test_a_qualified_table_is_never_a_cell(bench: Bench) -> None:
    parts: dict[Key, Part] = {
        "a": bench.part("SELECT 1 AS n"),
        "root": bench.part("SELECT count(*) FROM src.trades, trades", {"trades": "a"}),
    }
    assert bench.run(fuse_as("root", parts, a="trades"), {})[1] == ["(40,)"]


def test_a_table_statement_keeps_its_name_for_columns(bench: Bench) -> None:
    parts: dict[Key, Part] = {
        "a": bench.part("FROM range(3) r(n)"),
        "root": bench.part("TABLE t ORDER BY t.n DESC", {"t": "a"}),
    }
    assert bench.run(fuse_as("root", parts, a="other"), {})[1] == ["(2,)", "(1,)", "(0,)"]


def test_a_frame_does_not_hide_a_qualified_table(bench: Bench) -> None:
    parts: dict[Key, Part] = {"f": FramePart(), "root": bench.part("FROM main.trades, t", {"t": "f"})}
    assert fuse_as("root", parts, f="trades").frames == {"trades_2": "f"}


def test_frames_are_registered_under_a_name_that_captures_nothing(bench: Bench) -> None:
    parts: dict[Key, Part] = {
        "frame": FramePart(),
        "root": bench.part("WITH f AS (SELECT 2 AS n) SELECT x.n, f.n AS m FROM x, f", {"x": "frame"}),
    }
    fused = fuse_as("root", parts, frame="f")
    assert fused.frames == {"f_2": "frame"}
    assert fused.sql.endswith('FROM "f_2" AS "x", f')


# Parameters


def test_one_name_for_two_values_is_numbered(bench: Bench) -> None:
    parts: dict[Key, Part] = {
        "a": bench.part("SELECT $k AS n", values={"k": ("one", "k")}),
        "root": bench.part("SELECT n, $K + $k AS m FROM a", {"a": "a"}, {"k": ("two", "k")}),
    }
    fused = fuse("root", parts, {"a": "a", "root": "r", ("one", "k"): "k", ("two", "k"): "k"})
    assert fused.values == {"k": ("one", "k"), "k_2": ("two", "k")}
    assert bench.run(fused, {("one", "k"): 1, ("two", "k"): 10})[1] == ["(1, 20)"]


def test_two_names_for_one_value_are_one_parameter(bench: Bench) -> None:
    parts: dict[Key, Part] = {
        "a": bench.part("SELECT $low AS n", values={"low": "size"}),
        "root": bench.part("SELECT n + $high AS n FROM a", {"a": "a"}, {"high": "size"}),
    }
    fused = fuse_as("root", parts, size="size")
    assert fused.values == {"size": "size"}
    assert bench.run(fused, {"size": 4})[1] == ["(8,)"]


@pytest.mark.parametrize("label", ["desk.py:12", "12", "", "größe", "end", "a b"])
def test_any_label_gives_a_parameter(bench: Bench, label: str) -> None:
    fused = fuse_as("a", {"a": bench.part("SELECT $x::INT + 1 AS n", values={"x": "x"})}, x=label)
    assert bench.run(fused, {"x": 1})[1] == ["(2,)"]


def test_a_predicate_is_spliced_in_parentheses_with_its_values_bound(bench: Bench) -> None:
    predicate = Predicate(('"id" = ', ValueOf("low"), ' OR "id" > ', ValueOf("high")))
    text = "FROM src.trades WHERE NOT $Chosen AND id<$max"
    part = bench.part(text, values={"max": "m"}, predicates={"chosen": predicate})
    fused = fuse_as("a", {"a": part}, low="low", high="high", m="max")
    assert fused.sql == 'FROM src.trades WHERE NOT ("id" = $low OR "id" > $high) AND id<$max'
    assert fused.values == {"low": "low", "high": "high", "max": "m"}


@pytest.mark.parametrize("pieces", [("TRUE",), ()])
def test_a_predicate_that_chooses_nothing_is_true(bench: Bench, pieces: tuple[str, ...]) -> None:
    part = bench.part("FROM src.trades WHERE $p", predicates={"p": Predicate(pieces)})
    assert fuse_as("a", {"a": part}).sql == "FROM src.trades WHERE (TRUE)"


def test_file_literals_become_absolute(bench: Bench) -> None:
    files = {"it's.csv": "/data/it's.csv", "b.parquet": "/data/b.parquet"}
    part = bench.part("FROM 'it''s.csv' c, read_parquet(['b.parquet', '/c.parquet'])", files=files)
    assert fuse_as("a", {"a": part}).sql == "FROM '/data/it''s.csv' c, read_parquet(['/data/b.parquet', '/c.parquet'])"


# Materialisation


def test_readers_of_a_scan_each_push_their_filter_into_it(bench: Bench, prices: str) -> None:
    parts: dict[Key, Part] = {
        "scan": ScanPart(prices),
        "cell": bench.part("SELECT *, price * 2 AS double FROM scan WHERE g < 5", {"scan": "scan"}),
        "low": bench.part("SELECT id FROM cell WHERE id < 11", {"cell": "cell"}),
        "high": bench.part("SELECT id FROM cell WHERE id > 4567", {"cell": "cell"}),
        "root": bench.part("FROM low UNION ALL FROM high", {"low": "low", "high": "high"}),
    }
    fused = fuse_as("root", parts)
    assert '"scan" AS NOT MATERIALIZED' in fused.sql
    assert '"cell" AS NOT MATERIALIZED' in fused.sql
    text = plan(fused.sql)
    assert "CTE" not in text
    assert text.count('"name": "READ_PARQUET"') == 2
    assert text.count("id<11") == text.count("id>4567") == 1


def test_a_single_reader_needs_no_hint(bench: Bench, prices: str) -> None:
    parts: dict[Key, Part] = {"scan": ScanPart(prices), "root": bench.part("FROM s WHERE id < 11", {"s": "scan"})}
    fused = fuse_as("root", parts, scan="s")
    assert "MATERIALIZED" not in fused.sql
    assert "id<11" in plan(fused.sql)


def test_a_reducing_cell_with_two_readers_is_left_to_the_engine(bench: Bench) -> None:
    parts: dict[Key, Part] = {
        "sums": bench.part("SELECT symbol, sum(size) AS s FROM src.trades GROUP BY symbol"),
        "root": bench.part("FROM sums WHERE s > (SELECT avg(s) FROM sums)", {"sums": "sums"}),
    }
    assert '"sums" AS (' in fuse_as("root", parts).sql


def test_a_cell_without_one_meaning_shows_all_readers_the_same_rows(bench: Bench) -> None:
    parts: dict[Key, Part] = {
        "some": bench.part("SELECT id, random() AS r FROM src.trades"),
        "root": bench.part("SELECT count(*) AS n FROM x a JOIN x b USING (id, r)", {"x": "some"}),
    }
    fused = fuse_as("root", parts)
    assert '"some" AS MATERIALIZED' in fused.sql
    assert bench.run(fused, {})[1] == ["(40,)"]


def test_inlining_stops_before_the_plan_explodes(bench: Bench) -> None:
    parts: dict[Key, Part] = {"c0": bench.part("FROM range(2) r(n)")}
    for i in range(1, 16):
        text = f"SELECT l.n FROM c{i - 1} l JOIN c{i - 1} r ON l.n = r.n"
        parts[f"c{i}"] = bench.part(text, {f"c{i - 1}": f"c{i - 1}"})
    fused = fuse_as("c15", parts)
    assert 0 < fused.sql.count("NOT MATERIALIZED") < 15
    assert bench.run(fused, {})[1] == ["(0,)", "(1,)"]


# Dynamic PIVOT


def test_a_dynamic_pivot_takes_values_as_variables(bench: Bench) -> None:
    parts: dict[Key, Part] = {
        "big": bench.part("FROM src.trades WHERE size > $k", values={"k": "k"}),
        "wide": bench.part("PIVOT big ON symbol USING sum(size) GROUP BY buy", {"big": "big"}),
        "root": bench.part("FROM wide WHERE buy = $buy", {"wide": "wide"}, {"buy": "buy"}),
    }
    fused = fuse_as("root", parts, k="k", buy="buy")
    assert fused.values == {}
    assert fused.variables == {"k": "k", "buy": "buy"}
    columns, rows = bench.run(fused, {"k": 10, "buy": True})
    assert [name for name, _ in columns] == ["buy", "AAPL", "MSFT", "NVDA"]
    assert len(rows) == 1


def test_a_pivot_of_a_pivot_is_fused(bench: Bench) -> None:
    parts: dict[Key, Part] = {
        "base": bench.part("FROM src.trades -- base"),
        "wide": bench.part("PIVOT base ON symbol USING sum(size) GROUP BY buy -- wide", {"base": "base"}),
        "root": bench.part("WITH w AS (FROM wide) PIVOT w ON buy USING max(AAPL) GROUP BY MSFT", {"wide": "wide"}),
    }
    columns, rows = bench.run(fuse_as("root", parts), {})
    assert [name for name, _ in columns] == ["MSFT", "false", "true"]
    assert len(rows) == 2


def test_a_pivot_reads_frames_by_name(bench: Bench) -> None:
    parts: dict[Key, Part] = {"f": FramePart(), "root": bench.part("PIVOT t ON a", {"t": "f"})}
    assert fuse_as("root", parts).sql == 'FROM (PIVOT "f" AS "t" ON a\n)'
