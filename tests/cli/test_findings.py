"""What `dataapp check` finds, one kind of mistake at a time."""

from collections.abc import Callable
from typing import Any

import pytest

type Found = Callable[[str], list[tuple[str, str | None, int | None, int | None]]]
type Report = Callable[..., dict[str, Any]]

ROWS = "rows = da.sql(\"SELECT 'A' AS symbol, 1 AS n, DATE '2024-01-01' AS day\")\n"  # line 5


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ('bars = da.sql("FROM rowz")', ("DA101", "bars", 6, 21)),
        ('bars = da.sql("FROM rows WHERE n > $low")', ("DA101", "bars", 6, 36)),
        ('low = Low = 1\nbars = da.sql("FROM rows WHERE n > $low")', ("DA102", "bars", 7, 36)),
        ('bars = da.sql("FROM bars")', ("DA103", "bars", 6, 8)),
        ('low = 5\nbars = da.sql("FROM low")', ("DA104", "bars", 7, 21)),
        ('bars = da.sql("SELECT $rows AS n")', ("DA104", "bars", 6, 8)),
        ('bars = da.sql("SELEC 1")', ("DA201", "bars", 6, 16)),
        ('bars = da.sql("SELECT 1; SELECT 2")', ("DA202", "bars", 6, 26)),
        ('bars = da.sql("SELECT m FROM rows")', ("DA204", "bars", 6, 23)),
        ('bars = da.sql("SELECT medien(n) FROM rows")', ("DA205", "bars", 6, 23)),
        ('bars = da.sql("SELECT symbol + 1 FROM rows")', ("DA206", "bars", 6, 30)),
        ('trades = da.source("missing/*.parquet")', ("DA301", "trades", 6, 10)),
        ("bars = da.sql(\"FROM 'missing.csv'\")", ("DA301", "bars", 6, 8)),
        ("@da.cell\ndef mean(rows: int): ...", ("DA402", "mean", 7, 10)),
        ('@da.cell\ndef mean(rows: "pd.DataFrame"): ...', ("DA402", "mean", 7, 10)),
        ("@da.cell\ndef mean(rows, nothing): ...", ("DA101", "mean", 7, 16)),
        ("chosen = da.match('n', 1)\n@da.cell\ndef mean(chosen): ...", ("DA104", "mean", 8, 10)),
        ("pick = da.input(pn.widgets.Select, options=rows)", ("DA501", "pick", 6, 44)),
        ("top = da.input(pn.widgets.IntSlider, end=rows)", ("DA501", "top", 6, 42)),
        ("top = da.input(pn.widgets.IntSlider, strat=1)", ("DA501", None, 6, 7)),
        ('lines = da.chart(rows).mark_line().encode(x="day:T",\n  y="m:Q")', ("DA701", "lines", 7, 5)),
        ('bars = da.chart(rows).mark_bar()\nclick = da.pick(bars, "m")', ("DA701", "click", 7, 9)),
        ('t = da.source(pl.DataFrame({"n": [1]}), policy="n = 1 AND m = $user.m")', ("DA204", "t", 6, 59)),
        ('t = da.source(pl.DataFrame({"n": [1]}), policy="n = 1) OR (n = 2")', ("DA305", "t", 6, 54)),
        ('t = da.source("missing.csv", policy="n = 1")', ("DA301", "t", 6, 5)),
        ('table = da.explore(rows, columns=["symbl"])', ("DA204", "table", 6, 9)),
        ('table = da.explore(rows, formats={"symbol": "bar"})', ("DA721", "table", 6, 9)),
        ('table = da.explore(rows, formats={"n": "two"})', ("DA721", None, 6, 9)),
        ("1 / 0", ("DA901", None, 6, 1)),
        ("import sys\nsys.exit('done')", ("DA901", None, 7, 1)),
        ("bars = (", ("DA901", None, 6, 8)),
    ],
)
def test_mistake_is_found_in_its_place(found: Found, source: str, expected: tuple[Any, ...]):
    assert found(ROWS + source) == [expected]


def test_column_of_a_predicate_is_held_against_its_reader(found: Found):
    source = """
        letters = da.sql("SELECT DISTINCT symbol FROM rows")
        letter = da.input(pn.widgets.MultiChoice, options=letters)
        chosen = da.match("symbl", letter)
        bars = da.sql("FROM rows WHERE $chosen")
    """
    assert found(ROWS + _flat(source)) == [("DA204", "bars", 9, 32)]


def test_type_of_options_is_held_against_the_column(found: Found):
    source = """
        letters = da.sql("SELECT DISTINCT symbol FROM rows")
        letter = da.input(pn.widgets.MultiChoice, options=letters)
        chosen = da.match("day", letter)
        bars = da.sql("FROM rows WHERE $chosen")
    """
    assert [code for code, *_ in found(ROWS + _flat(source))] == ["DA203"]


def test_column_of_a_brush_is_held_against_its_reader(found: Found):
    source = """
        drag = da.brush(da.chart(rows).mark_tick().encode(x="day:T"), x="ts")
        bars = da.sql("FROM rows WHERE $drag")
    """
    assert found(ROWS + _flat(source)) == [("DA204", "bars", 7, 32)]


def test_every_error_of_every_cell_is_found_in_one_run(found: Found):
    source = 'a = da.sql("SELECT $x, $y FROM t, u")\nb = da.sql("SELECT m FROM rows")\n'
    assert [code for code, *_ in found(ROWS + source)] == ["DA101"] * 4 + ["DA204"]


def test_cells_below_a_broken_one_are_silent(report: Report):
    answer = report(ROWS + 'a = da.sql("SELECT m FROM rows")\nb = da.sql("FROM a")\nc = da.sql("SELECT x FROM b")\n')
    assert [found["cell"] for found in answer["findings"]] == ["a"]
    assert [cell["note"] for cell in answer["cells"] if cell["label"] == "c"] == ["`a` is broken"]


def test_a_circle_is_one_error(found: Found):
    assert [code for code, *_ in found('a = da.sql("FROM b")\nb = da.sql("FROM a")\nc = da.sql("FROM b")')] == ["DA103"]


@pytest.mark.parametrize(
    "source",
    [
        'pivoted = da.sql("PIVOT rows ON symbol USING sum(n)")\nbars = da.sql("SELECT anything FROM pivoted")',
        '@da.cell\ndef made(rows): return 1 / 0\nbars = da.sql("SELECT anything FROM made")',
        "@da.cell\ndef path(): return 1 / 0\nbars = da.sql('SELECT x FROM read_csv($path)')",
    ],
    ids=["dynamic pivot", "python cell", "chosen file"],
)
def test_what_only_a_run_tells_is_rest_out(report: Report, source: str):
    answer = report(ROWS + source)
    assert answer["findings"] == []
    assert [cell["state"] for cell in answer["cells"] if cell["label"] == "bars"] == ["unknown"]


def test_a_reader_of_an_unknown_value_is_checked_for_the_rest(found: Found):
    source = '@da.cell\ndef made(rows): return 1 / 0\nbars = da.sql("SELECT m, $made + 1 AS next FROM rows")'
    assert found(ROWS + source) == [("DA204", "bars", 8, 23)]


def test_a_lazy_frame_is_not_collected(found: Found):
    source = """
        def boom(frame): raise RuntimeError
        frame = pl.LazyFrame({"a": [1]}).map_batches(boom, schema={"a": pl.Int64})
        bars = da.sql("SELECT b FROM frame")
    """
    assert found(_flat(source)) == [("DA204", "bars", 7, 23)]


def test_a_query_is_never_run(found: Found):
    source = """
        loud = da.sql("SELECT error('it ran') AS n LIMIT 1")
        below = da.sql("SELECT n FROM loud")
        pick = da.input(pn.widgets.Select, options=da.sql("SELECT error('it ran') AS n"))
        pn.Column(pick, loud, below, pn.bind(lambda n: n, below)).servable()
    """
    assert found(_flat(source)) == []


def test_a_button_waits(found: Found):
    assert found(ROWS + 'slow = da.sql("SELECT m FROM rows", run="button")') == [("DA204", "slow", 6, 23)]


def test_after_a_failure_names_that_follow_it_are_not_missed(found: Found):
    source = 'early = da.sql("FROM late")\nwrong = da.sql("FROM nowhere")\n1 / 0\nlate = da.sql("FROM rows")'
    assert [(code, cell) for code, cell, *_ in found(ROWS + source)] == [("DA101", "wrong"), ("DA901", None)]


def test_charts_in_hidden_tabs_are_checked(found: Found):
    source = """
        chart = da.chart(rows).mark_bar()
        pn.Tabs(("A", "text"), ("B", da.chart(rows).mark_bar().encode(x="m:N")), dynamic=True).servable()
    """
    assert found(ROWS + _flat(source)) == [("DA701", "chart of rows", 7, 65)]


# Warnings.


@pytest.mark.parametrize(
    "use",
    [
        "pn.Column(rest).servable()",
        'da.App("A", main=[[rest]]).servable()',
        "pn.Column(pn.bind(lambda frame: 1, rest)).servable()",
        "pn.Column(da.explore(rest)).servable()",
        'pn.Column(da.chart(rest).mark_bar().encode(x="n:Q")).servable()',
        'pn.Tabs(("A", rows), ("B", da.chart(rest).mark_bar().encode(x="n:Q")), dynamic=True).servable()',
        'pn.Column(da.sql("FROM rest")).servable()',
        "pn.Column(rows).servable()\ndef save():\n    return rest.evaluate()",
    ],
)
def test_a_used_cell_is_not_reported(found: Found, use: str):
    assert found(ROWS + f'rest = da.sql("SELECT 1 AS n")\npn.Column(rows).servable()\n{use}') == []


def test_unused_cells_are_reported(found: Found):
    source = 'rest = da.sql("FROM rows")\nlower = da.sql("FROM rest")\npn.Column(rows).servable()'
    assert found(ROWS + source) == [("DA911", "rest", 6, 8), ("DA911", "lower", 7, 9)]


def test_a_module_that_shows_nothing_has_no_unused_cells(found: Found):
    assert found(ROWS + 'bars = da.sql("FROM rows")') == []


def test_a_python_cell_called_as_a_function_is_used(found: Found):
    assert found(ROWS + "pn.Column(rows).servable()\n@da.cell\ndef one() -> int: return 1\nprint(one())") == []


def test_cells_that_a_broken_text_names_are_not_called_unused(found: Found):
    source = 'rest = da.sql("FROM rows")\nwrong = da.sql("SELEC n FROM rest")\npn.Column(rows).servable()'
    assert found(ROWS + source) == [("DA201", "wrong", 7, 17)]


def test_an_import_that_only_text_reads_is_reported(report: Report, write: Callable[..., Any]):
    write("trades = da.sql('SELECT 1 AS n')", "cells.py")
    (finding,) = report("from cells import trades\nbars = da.sql('FROM trades')")["findings"]
    assert (finding["code"], finding["line"], finding["column"]) == ("DA912", 5, 19)
    assert finding["hint"] == "pass it: da.sql(..., trades=trades)"


def test_an_import_that_is_passed_is_fine(found: Found, write: Callable[..., Any]):
    write("trades = da.sql('SELECT 1 AS n')", "cells.py")
    assert found("from cells import trades\nbars = da.sql('FROM trades', trades=trades)") == []


def test_an_imported_module_of_inputs_must_not_hold_plain_widgets(found: Found, write: Callable[..., Any]):
    write("size = pn.widgets.IntSlider()\nrows = da.sql('FROM range($size)')", "cells.py")
    source = "from cells import rows\nbars = da.sql('FROM rows', rows=rows)"
    assert [code for code, *_ in found(source)] == ["DA601"]


def test_an_input_without_a_name_is_reported(found: Found):
    source = "bars = da.sql('FROM range($top)', top=da.input(pn.widgets.IntSlider, value=3, end=9))"
    assert [(code, line, column) for code, _, line, column in found(source)] == [("DA913", 5, 39)]


def _flat(source: str) -> str:
    return "\n".join(line.strip() for line in source.strip().splitlines())
