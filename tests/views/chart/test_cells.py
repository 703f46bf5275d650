"""The image that a page makes of a raster has each cell where the engine has counted it."""

import math
from collections.abc import Iterator

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataapp.views.chart.packing import rows_to_ipc
from dataapp.views.chart.raster import ROWS, Grid, Side
from dataapp.views.chart.wire import column_to_sent
from tests.views.chart.drawing import relation_of
from tests.views.chart.page_code import Page, page

FIELDS = {"x": "x", "x2": "__x_high", "y": "y", "y2": "__y_high", "shade": ROWS}
KINDS = {"x": "number", "__x_high": "number", "y": "number", "__y_high": "number", ROWS: "number"}


@pytest.fixture(scope="module")
def code(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with page(tmp_path_factory.mktemp("page"), "Europe/Berlin") as running:
        yield running


def counted(rows: list[tuple[float, float]], width: float = 120, height: float = 60) -> pa.Table:
    listed = ", ".join(f"({x!r}::DOUBLE, {y!r}::DOUBLE)" for x, y in rows)
    relation = relation_of(f"SELECT x, y FROM (VALUES {listed}) AS rows(x, y)")
    x, y = (column_to_sent(column) for column in relation.columns())
    grid = Grid(Side("x", x, width), Side("y", y, height))
    with relation.open() as reader:
        return reader.fetch(grid.query, grid.bounds(grid.ends(reader.fetch)))


@settings(max_examples=60, deadline=None)
@given(
    rows=st.lists(st.tuples(st.floats(-1e6, 1e6), st.floats(1.7e12, 1.8e12)), min_size=2, max_size=80),
    sides=st.tuples(st.integers(4, 900), st.integers(4, 900)),
)
def test_each_cell_has_its_place_and_its_count(code: Page, rows: list[tuple[float, float]], sides: tuple[int, int]):
    table = counted(rows, *sides)
    found = code.cells(FIELDS, rows_to_ipc(table), KINDS)
    xs, ys = [x for x, _ in rows], [y for _, y in rows]
    steps = [high - low for low, high in ((min(xs), max(xs)), (min(ys), max(ys)))]
    if min(steps) == 0:
        assert found is None
        return
    if min(steps) < 1e-3 * max(map(abs, (*xs, *ys))):  # so close that a number may not tell cells apart
        assert found is None or sum(found["counts"]) == len(rows)
        return
    assert found is not None
    across, up = found["across"], found["up"]
    ends = {"x": min(xs), "__x_high": max(xs), "y": min(ys), "__y_high": max(ys)}
    counts = [float(cell[ROWS]) for cell in table.to_pylist()]
    assert found["rows"] == [ends | {ROWS: min(counts)}, ends | {ROWS: max(counts)}]
    expected = [0.0] * (across * up)
    for cell in table.to_pylist():
        column = math.floor(((cell["x"] + cell["__x_high"]) / 2 - min(xs)) / steps[0] * across)
        row = up - 1 - math.floor(((cell["y"] + cell["__y_high"]) / 2 - min(ys)) / steps[1] * up)
        expected[row * across + column] = cell[ROWS]
    assert found["counts"] == found["shades"] == expected
    assert sum(expected) == len(rows)


def test_where_clocks_are_put_forward_cells_are_no_image(code: Page):
    hour = 3_600_000.0
    march = 1_711_756_800_000.0  # the 30th of March 2024, a day before summer begins in Berlin
    table = counted([(march + at * hour / 7, at * 37 % 50) for at in range(7 * 96)])
    kinds = KINDS | {"x": "wall", "__x_high": "wall"}
    assert code.cells(FIELDS, rows_to_ipc(table), KINDS) is not None
    assert code.cells(FIELDS, rows_to_ipc(table), kinds) is None
    found = code.cells(
        FIELDS, rows_to_ipc(counted([(march - 96 * hour + at * hour, at % 50) for at in range(96)])), kinds
    )
    assert found is not None


def test_cells_that_are_cut_are_no_image(code: Page):
    table = counted([(at / 7, at * 37 % 50) for at in range(300)])
    assert code.cells(FIELDS, rows_to_ipc(table), KINDS) is not None
    highs = [float(cell["__x_high"]) for cell in table.to_pylist()]
    highs[5] -= 0.1 * (highs[5] - float(table.to_pylist()[5]["x"]))
    cut = table.set_column(table.schema.get_field_index("__x_high"), "__x_high", pa.array(highs))
    assert code.cells(FIELDS, rows_to_ipc(cut), KINDS) is None
    assert code.cells(FIELDS, rows_to_ipc(table.slice(0, 0)), KINDS) is None
