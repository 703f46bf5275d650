"""Random graphs of lazy cells with clashing names: fused equals cell by cell."""

from dataclasses import dataclass, field

import duckdb
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from dataapp.compile.fusion import Key, Part, Predicate, TextPart, ValueOf, fuse
from dataapp.compile.identifiers import fold, quote_identifier
from dataapp.compile.query import parse
from tests.compile.bench import DuckDBParser

NAMES = ["a", "A", "b", "base", "T", "t", "odd name", "ä"]  # `base` and `t` are tables of the engine, too
VALUES: dict[Key, int] = {("v", 0): 1, ("v", 1): 2, ("v", 2): 3}
BASE_TABLES = """
CREATE TABLE base AS FROM (VALUES (0, 1), (1, 2), (2, 3), (0, 4)) v(x, y);
CREATE TABLE t AS FROM (VALUES (1, 0), (2, 2)) v(x, y);
"""
# {r0} and {r1} are read, {c0} and {c1} are CTEs of the cell's own, {p} is a parameter, {q} a predicate.
TEMPLATES = [
    "SELECT x, (y + {p}) % 5 AS y FROM {r0}",
    "FROM {r0} WHERE y > {p} -- {r1}",
    "SELECT x % 2 AS x, sum(y)::INT % 5 AS y FROM {r0} GROUP BY ALL",
    "SELECT DISTINCT {r0}.x, {r1}.y FROM {r0} JOIN {r1} ON {r0}.x = {r1}.x",
    "WITH {c0} AS (SELECT x, y FROM {r0}) SELECT {c0}.x, y FROM {c0}",
    "WITH {c0} AS (FROM {r0}), {c1} AS (FROM {r1} WHERE {q}) FROM {c0} SEMI JOIN {c1} USING (x)",
    "WITH {c0} AS (SELECT {p} AS x, 0 AS y) SELECT * FROM {r0} UNION FROM (WITH {c1} AS (FROM {c0}) TABLE {c1})",
    "TABLE {r0} UNION TABLE {r1}",
    "TABLE {r0} ORDER BY {r0}.x, {r0}.y",
    "SELECT DISTINCT l.x, (SELECT max({r1}.y) FROM {r1} WHERE {r1}.x = l.x) AS y FROM {r0} l WHERE {q}",
    "SELECT x, count(*)::INT AS y FROM (SUMMARIZE {r0}), {r1} GROUP BY x",
]  # fmt: skip


@dataclass(frozen=True)
class Cell:
    """A generated cell: its text, what its names mean, and its label."""

    text: str
    tables: dict[str, int]
    values: dict[str, Key]
    label: str
    predicates: dict[str, Predicate] = field(default_factory=dict)


@st.composite
def graphs(draw: st.DrawFn) -> list[Cell]:
    cells: list[Cell] = []
    for index in range(draw(st.integers(1, 5))):
        names = draw(st.lists(st.sampled_from(NAMES), min_size=4, max_size=4, unique_by=fold))
        reads = [draw(st.integers(0, index - 1)) if index and draw(st.integers(0, 4)) else None for _ in range(2)]
        written = [
            name if read is not None else table for name, read, table in zip(names, reads, ["base", "t"], strict=False)
        ]
        assume(fold(written[0]) != fold(written[1]))
        tables = {fold(name): read for name, read in zip(written, reads, strict=True) if read is not None}
        ctes = draw(st.lists(st.sampled_from(NAMES), min_size=2, max_size=2, unique_by=fold))
        quoted = [quote_identifier(name) for name in [*written, *ctes]]
        text = draw(st.sampled_from(TEMPLATES)).format(
            r0=quoted[0],
            r1=quoted[1],
            c0=quoted[2],
            c1=quoted[3],
            p=draw(st.sampled_from(["$k", "$K", "$other"])),
            q="$chosen",
        )
        values = {name: draw(st.sampled_from(list(VALUES))) for name in ("k", "other")}
        chosen = Predicate(("x <> ", ValueOf(draw(st.sampled_from(list(VALUES))))))
        cells.append(Cell(text, tables, values, draw(st.sampled_from(NAMES)), {"chosen": chosen}))
    return cells


@pytest.fixture(scope="module")
def connection() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(config={"threads": 1})
    connection.execute(BASE_TABLES)
    return connection


@settings(max_examples=60)
@given(graphs())
def test_fused_equals_cell_by_cell(
    connection: duckdb.DuckDBPyConnection, parser: DuckDBParser, cells: list[Cell]
) -> None:
    root = len(cells) - 1
    fused = fuse(root, {index: _part(cell, parser) for index, cell in enumerate(cells)}, _labels(cells))
    values = {name: VALUES[key] for name, key in fused.values.items()}
    found = connection.cursor().execute(fused.sql, values).fetchall()
    assert sorted(found, key=repr) == sorted(_cell_by_cell(connection.cursor(), parser, cells), key=repr), fused.sql


def _part(cell: Cell, parser: DuckDBParser) -> Part:
    tables: dict[str, Key] = dict(cell.tables)
    return TextPart(parse(cell.text, parser), tables, cell.values, cell.predicates, {})


def _labels(cells: list[Cell]) -> dict[Key, str]:
    labels: dict[Key, str] = dict.fromkeys(VALUES, "k")
    labels.update({index: cell.label for index, cell in enumerate(cells)})
    return labels


def _cell_by_cell(
    cursor: duckdb.DuckDBPyConnection, parser: DuckDBParser, cells: list[Cell]
) -> list[tuple[object, ...]]:
    """Materialise each cell as a table; a reader sees what it reads as views under the names that it wrote."""
    rows: list[tuple[object, ...]] = []
    for index, cell in enumerate(cells):
        for name, read in cell.tables.items():
            cursor.execute(f"CREATE TEMP VIEW {quote_identifier(name)} AS FROM result_{read}")
        query = parse(cell.text, parser)
        [chosen] = [piece.key for piece in cell.predicates["chosen"].pieces if isinstance(piece, ValueOf)]
        text = cell.text.replace("$chosen", f"(x <> {VALUES[chosen]})")
        values = {
            fold(each.name): VALUES[cell.values[fold(each.name)]] for each in query.parameters if each.name != "chosen"
        }
        cursor.execute(f"CREATE OR REPLACE TEMP TABLE result_{index} AS FROM ({text}\n)", values)
        rows = cursor.execute(f"FROM result_{index}").fetchall()
        for name in cell.tables:
            cursor.execute(f"DROP VIEW temp.{quote_identifier(name)}")
    return rows
