"""Where nodes and edges stand."""

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataapp.cli.graph.layout import Box, Layout, crossings, lay_out

GAP = 16.0
BETWEEN = 64.0

type Reads = dict[str, tuple[str, ...]]


@st.composite
def graphs(draw: st.DrawFn) -> Reads:
    """Return what each node reads: only nodes before it."""
    count = draw(st.integers(1, 14))
    reads: Reads = {}
    for index in range(count):
        found = draw(st.lists(st.integers(0, index - 1), max_size=4, unique=True)) if index else []
        reads[f"n{index}"] = tuple(f"n{other}" for other in found)
    return reads


def placed(reads: Reads) -> Layout:
    """Lay out a graph whose boxes differ in size."""
    layers: dict[str, int] = {}
    for key, found in reads.items():
        layers[key] = 1 + max((layers[other] for other in found), default=-1)
    sizes = {key: (40.0 + 7 * (index % 3), 20.0 + 11 * (index % 2)) for index, key in enumerate(reads)}
    return lay_out(sizes, reads, layers, gap=GAP, between=BETWEEN)


def overlap(one: Box, other: Box) -> bool:
    """Whether two boxes share more than an edge."""
    apart = one.x + one.width <= other.x or other.x + other.width <= one.x
    return not (apart or one.y + one.height <= other.y + 1e-6 or other.y + other.height <= one.y + 1e-6)


@given(graphs())
def test_boxes_never_overlap(reads: Reads):
    boxes = placed(reads).boxes.values()
    assert [pair for pair in combinations(boxes, 2) if overlap(*pair)] == []


@given(graphs())
def test_every_edge_leads_from_the_right_of_what_is_read_to_the_left_of_its_reader(reads: Reads):
    layout = placed(reads)
    assert set(layout.edges) == {(read, reader) for reader, found in reads.items() for read in found}
    for (read, reader), points in layout.edges.items():
        start, end = layout.boxes[read], layout.boxes[reader]
        assert points[0] == (start.x + start.width, start.middle)
        assert points[-1] == (end.x, end.middle)


@given(graphs())
def test_everything_lies_within_the_picture(reads: Reads):
    layout = placed(reads)
    for box in layout.boxes.values():
        assert box.x >= 0
        assert box.y >= -1e-6
        assert box.x + box.width <= layout.width + 1e-6
        assert box.y + box.height <= layout.height + 1e-6


@given(graphs())
def test_a_reader_stands_to_the_right_of_what_it_reads(reads: Reads):
    boxes = placed(reads).boxes
    for reader, found in reads.items():
        for read in found:
            assert boxes[reader].x >= boxes[read].x + boxes[read].width + BETWEEN


def test_edges_that_need_not_cross_do_not():
    reads = {"a": (), "b": (), "c": ("b",), "d": ("a",)}
    boxes = placed(reads).boxes
    assert (boxes["a"].y < boxes["b"].y) == (boxes["d"].y < boxes["c"].y)


@pytest.mark.parametrize(("edges", "count"), [([("a", "c"), ("b", "d")], 0), ([("a", "d"), ("b", "c")], 1)])
def test_crossings_are_counted(edges: list[tuple[str, str]], count: int):
    assert crossings("ab", "cd", edges) == count


def test_no_node_needs_no_place():
    assert lay_out({}, {}, {}) == Layout({}, {}, 0.0, 0.0)
