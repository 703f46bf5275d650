"""Rows of charts as files."""

import csv
import io

import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataapp.views.chart.takes.rows import RowsKind, rows_to_file
from dataapp.views.table.takes.exports import guard

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=8)
starts = st.sampled_from(["=", "+", "-", "@", "\t", "\r", "'", "", "a"])
cells = st.none() | st.builds(str.__add__, starts, texts)


@given(st.lists(cells, max_size=6), st.sampled_from(["name", "=name", "-1", "@x"]))
def test_no_cell_of_csv_starts_a_formula_and_all_else_is_kept(values: list[str | None], name: str) -> None:
    numbers = list(range(-1, len(values) - 1))
    table = pa.table({name: pa.array(values, pa.string()), "n": numbers})
    lines = list(csv.reader(io.StringIO(rows_to_file(table, "csv").decode(), newline="")))
    assert lines[0] == [guard(name), "n"]
    expected = [["" if value is None else guard(value), str(n)] for value, n in zip(values, numbers, strict=True)]
    assert lines[1:] == expected


@pytest.mark.parametrize("kind", ["parquet", "arrow"])
@given(st.lists(cells, max_size=6))
def test_typed_files_change_nothing(kind: RowsKind, values: list[str | None]) -> None:
    table = pa.table({"=name": pa.array(values, pa.string())})
    read = pl.read_parquet if kind == "parquet" else pl.read_ipc
    assert read(io.BytesIO(rows_to_file(table, kind)))["=name"].to_list() == values
