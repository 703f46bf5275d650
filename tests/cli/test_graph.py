"""What an app consists of, as text, Mermaid, SVG and JSON."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from dataapp.cli.graph.mermaid import nodes_to_mermaid
from dataapp.cli.graph.structure import Node, heights
from dataapp.cli.graph.svg import nodes_to_svg
from tests.cli.conftest import run

APP = """
rows = da.sql("SELECT range AS n FROM range(3)")
top = da.sql("FROM rows WHERE n > 1")
other = da.sql("SELECT 1 AS n")
broken = da.sql("SELECT m FROM rows")
"""
HOSTILE = Node("n0", '<b>"x"&\x00</b>', "sql", None, None, (), error='`a` --> "b"]')

type Write = Callable[..., Path]


def nodes_of(*arguments: object) -> dict[str, dict[str, Any]]:
    """Return the nodes by label."""
    return {node["label"]: node for node in json.loads(run("graph", "--format", "json", *arguments).stdout)["nodes"]}


def test_json_tells_what_reads_what(write: Write):
    nodes = nodes_of(write(APP))
    assert nodes["top"]["reads"] == [nodes["rows"]["id"]]


def test_a_broken_cell_is_shown_with_its_error(write: Write):
    assert 'Referenced column "m" not found' in nodes_of(write(APP))["broken"]["error"]


def test_a_source_reads_who_is_looking_where_its_policy_does(write: Write):
    source = """
size = 5
rows = da.source("trades.csv", policy="desk = $user.desk AND n < $size")
total = da.sql("SELECT sum(n) AS n FROM rows")
"""
    nodes = nodes_of(write(source))
    assert set(nodes) == {"size", "user", "rows", "total"}
    assert set(nodes["rows"]["reads"]) == {nodes["size"]["id"], nodes["user"]["id"]}
    assert (nodes["rows"]["kind"], nodes["user"]["kind"]) == ("source", "input")
    assert "trades.csv" in nodes["rows"]["error"]  # the file is missing: one error, where the source is
    assert nodes["total"]["blocked_by"] == "rows"


def test_a_cell_narrows_the_graph_to_what_it_reads(write: Write):
    assert list(nodes_of(write(APP), "top")) == ["rows", "top"]


SELECTED = """
rows = da.sql("SELECT range AS n, range % 3 AS k FROM range(9)")
price = da.chart(rows).mark_line().encode(x="n:Q", y="k:Q")
brush = da.brush(price)
kind = da.pick(price, "k")
tape = da.sql("FROM rows WHERE $brush AND $kind")
"""


def test_a_selection_reads_the_chart_that_it_is_made_in(write: Write):
    nodes = nodes_of(write(SELECTED))
    assert nodes["brush"]["reads"] == nodes["kind"]["reads"] == [nodes["price"]["id"]]
    assert list(nodes) == ["rows", "price", "brush", "kind", "tape"]


def test_what_a_cell_reads_through_a_selection_is_shown_with_it(write: Write):
    assert list(nodes_of(write(SELECTED), "brush")) == ["rows", "price", "brush"]


def test_an_unknown_cell_is_wrong_usage(write: Write):
    done = run("graph", write(APP), "tops")
    assert done.exit_code == 2
    assert "did you mean `top`?" in done.stderr


def test_circles_are_shown(write: Write):
    nodes = nodes_of(write("a = da.sql('FROM b')\nb = da.sql('FROM a')"))
    assert {label: bool(node["error"]) for label, node in nodes.items()} == {"a": True, "b": True}


def test_text_has_a_line_per_node(write: Write):
    lines = run("graph", write(APP)).stdout.splitlines()
    assert [line.split()[1] for line in lines if " sql " in line and " top " in line] == ["top"]


def test_mermaid_has_nodes_and_edges(write: Write):
    text = run("graph", write(APP), "top", "--format", "mermaid").stdout
    assert [line.strip() for line in text.splitlines()][1:] == ['n0["rows"]', 'n1["top"]', "n0 --> n1"]


def test_mermaid_escapes_labels():
    line = nodes_to_mermaid([HOSTILE]).splitlines()[1]
    assert not set('<>&`"]') & set(line.strip().removeprefix('n0["').removesuffix('"]'))


def test_svg_is_well_formed_whatever_the_labels():
    root = ET.fromstring(nodes_to_svg([HOSTILE], "<&>"))  # our own text
    texts = [element.text for element in root.iter("{http://www.w3.org/2000/svg}text")]
    assert texts[0] == '<b>"x"&\ufffd</b>'


def test_the_ending_of_the_file_tells_the_format(write: Write, tmp_path: Path):
    assert run("graph", write(APP), "--out", tmp_path / "desk.svg").exit_code == 0
    assert (tmp_path / "desk.svg").read_text("utf-8").startswith("<svg ")


def test_an_app_that_does_not_load_ends_with_1(write: Write):
    assert run("graph", write(APP + "raise ValueError('no')")).exit_code == 1


@pytest.mark.parametrize("reads", [("b",), ()])
def test_nodes_in_a_circle_have_heights(reads: tuple[str, ...]):
    nodes = [Node("a", "a", "sql", None, None, reads), Node("b", "b", "sql", None, None, ("a",))]
    assert set(heights(nodes)) == {"a", "b"}
