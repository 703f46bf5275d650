"""Running notebook cells again: what reads the rebound names, and what is shown."""

import random
from pathlib import Path

import polars as pl
import pytest

from dataapp.cells.cell import Cell
from dataapp.runtime.outcomes import Done, Waiting
from dataapp.runtime.session import Demand
from tests.notebook.by_hand import Notebook
from tests.runtime.bench import error, rows, session, value


def _look(notebook: Notebook, name: str) -> list[tuple[object, ...]]:
    return rows(notebook.session.demand(notebook[name], "frame"))


def test_a_reader_sees_a_value_that_was_bound_anew(notebook: Notebook) -> None:
    notebook.run("least = 2\nlarge = da.sql('SELECT range AS n FROM range(4) WHERE range >= $least')")
    shown = notebook.session.demand(notebook["large"], "frame")
    notebook.run("least = 3")
    assert rows(shown) == [(3,)]


def test_a_reader_sees_a_cell_that_was_defined_anew(notebook: Notebook) -> None:
    notebook.run("%%sql numbers --quiet\nSELECT 1 AS n")
    notebook.run("%%sql double --quiet\nSELECT 2 * n AS n FROM numbers")
    shown = notebook.session.demand(notebook["double"], "frame")
    notebook.run("%%sql numbers --quiet\nSELECT 21 AS n")
    assert rows(shown) == [(42,)]


def test_a_reader_sees_a_frame_that_was_bound_anew(notebook: Notebook) -> None:
    notebook.run(
        "import polars as pl\nframe = pl.DataFrame({'n': [1]})\ntotal = da.sql('SELECT sum(n)::INT FROM frame')"
    )
    shown = notebook.session.demand(notebook["total"], "frame")
    notebook.run("frame = pl.DataFrame({'n': [5]})")
    assert rows(shown) == [(5,)]


@pytest.mark.parametrize("make", ["pl.DataFrame({'n': [%d]})", "pd.DataFrame({'n': [%d]})"])
def test_an_explorer_of_a_frame_stays_with_the_frame_that_it_was_given(notebook: Notebook, make: str) -> None:
    notebook.run("import pandas as pd\nimport polars as pl")
    notebook.run(f"frame = {make % 1}", "a")
    notebook.run("explorer = da.explore(frame)\nreader = da.explore(da.sql('FROM frame'))", "b")
    given, reading = (notebook.session.demand(notebook[name].of, "frame") for name in ("explorer", "reader"))
    assert (rows(given), rows(reading)) == ([(1,)], [(1,)])
    notebook.run(f"frame = {make % 2}", "a")
    assert (rows(given), rows(reading)) == ([(1,)], [(2,)])


def test_what_is_changed_in_place_is_seen_when_its_name_is_bound_anew(notebook: Notebook) -> None:
    notebook.run("import pandas as pd\nframe = pd.DataFrame({'n': [1]})\nreader = da.sql('FROM frame')")
    shown = notebook.session.demand(notebook["reader"], "frame")
    assert rows(shown) == [(1,)]
    notebook.run("frame['n'] = 2")
    assert rows(shown) == [(1,)]
    notebook.run("frame = frame.copy()")
    assert rows(shown) == [(2,)]


def test_a_reader_sees_a_function_that_was_defined_anew(notebook: Notebook) -> None:
    notebook.run("@da.cell\ndef low() -> int:\n    return 1\n\nnext_one = da.sql('SELECT $low + 1')")
    shown = notebook.session.demand(notebook["next_one"], "frame")
    notebook.run("@da.cell\ndef low() -> int:\n    return 6\n")
    assert rows(shown) == [(7,)]


def test_a_reader_sees_a_widget_that_was_made_anew(notebook: Notebook) -> None:
    notebook.run("import panel as pn\nlow = pn.widgets.IntSlider(value=1, end=9)\none = da.sql('SELECT $low')")
    shown = notebook.session.demand(notebook["one"], "frame")
    notebook.run("low = pn.widgets.IntSlider(value=4, end=9)")
    notebook.run("low.value = 5")
    assert rows(shown) == [(5,)]


def test_a_python_cell_reads_what_its_parameter_names_now(notebook: Notebook) -> None:
    notebook.run("n = 1\n\n@da.cell\ndef next_one(n: int) -> int:\n    return n + 1\n")
    shown = notebook.session.demand(notebook["next_one"], "value")
    notebook.run("n = 7")
    assert value(shown) == 8


def test_a_cell_recovers_when_its_name_is_defined(notebook: Notebook) -> None:
    notebook.run("late = da.sql('SELECT $minutes')")
    shown = notebook.session.demand(notebook["late"], "frame")
    assert "minutes" in str(error(shown.look().outcome))
    notebook.run("minutes = 15")
    assert rows(shown) == [(15,)]


def test_a_cell_fails_when_its_name_is_deleted(notebook: Notebook) -> None:
    notebook.run("minutes = 15\nlate = da.sql('SELECT $minutes')")
    shown = notebook.session.demand(notebook["late"], "frame")
    notebook.run("del minutes")
    assert "minutes" in str(error(shown.look().outcome))
    notebook.run("minutes = 16")
    assert rows(shown) == [(16,)]


def test_cells_below_a_cell_that_recovers_recover(notebook: Notebook) -> None:
    notebook.run("late = da.sql('SELECT $minutes AS n')\nlater = da.sql('SELECT n + 1 FROM late')")
    shown = notebook.session.demand(notebook["later"], "frame")
    notebook.run("minutes = 15")
    assert rows(shown) == [(16,)]


def test_a_circle_is_an_error_until_it_is_broken(notebook: Notebook) -> None:
    notebook.run("a = da.sql('SELECT 1 AS n')\nb = da.sql('FROM a')\nc = da.sql('FROM b')")
    shown = notebook.session.demand(notebook["c"], "frame")
    notebook.run("a = da.sql('FROM c')")
    assert "circle" in str(error(shown.look().outcome))
    notebook.run("a = da.sql('SELECT 2 AS n')")
    assert rows(shown) == [(2,)]


def test_what_reads_something_else_does_not_run(notebook: Notebook) -> None:
    notebook.run("runs = []\nn = 1\nm = 1\n\n@da.cell\ndef counted(n: int) -> int:\n    runs.append(n)\n    return n\n")
    notebook.session.demand(notebook["counted"], "value")
    notebook.run("m = 2")
    assert notebook["runs"] == [1]


def test_an_equal_value_runs_nothing(notebook: Notebook) -> None:
    notebook.run("runs = []\nn = [1]\n\n@da.cell\ndef counted(n: list) -> int:\n    runs.append(n)\n    return 0\n")
    notebook.session.demand(notebook["counted"], "value")
    notebook.run("n = [1]")
    assert len(notebook["runs"]) == 1


def test_an_equal_definition_runs_nothing_below(notebook: Notebook) -> None:
    define = "numbers = da.sql('SELECT 1 AS n')"
    notebook.run(
        f"runs = []\n{define}\n\n@da.cell\ndef counted(numbers: list) -> int:\n    runs.append(1)\n    return 0\n"
    )
    notebook.session.demand(notebook["counted"], "value")
    before = list(notebook["runs"])
    notebook.run(define)
    assert notebook["runs"] == before


def test_a_cell_with_a_button_keeps_its_rows_until_it_is_pressed(notebook: Notebook) -> None:
    notebook.run("n = 1\nslow = da.sql('SELECT $n', run='button')")
    shown = notebook.session.demand(notebook["slow"], "frame")
    assert isinstance(shown.look().outcome, Waiting)
    notebook.session.press(notebook["slow"])
    notebook.run("n = 2")
    assert rows(shown) == [(1,)]
    notebook.session.press(notebook["slow"])
    assert rows(shown) == [(2,)]


def test_what_is_held_as_an_object_follows_the_notebook_cell_that_runs_again(notebook: Notebook) -> None:
    notebook.run("numbers = da.sql('SELECT 1 AS n')", cell_id="first")
    shown = notebook.session.demand(notebook["numbers"], "frame")
    notebook.run("numbers = da.sql('SELECT 2 AS n')", cell_id="first")
    notebook.run("numbers = da.sql('SELECT 3 AS n')", cell_id="first")
    assert rows(shown) == [(3,)]


def test_another_notebook_cell_that_uses_a_name_anew_leaves_what_is_shown(notebook: Notebook) -> None:
    notebook.run("numbers = da.sql('SELECT 1 AS n')", cell_id="first")
    shown = notebook.session.demand(notebook["numbers"], "frame")
    notebook.run("numbers = da.sql('SELECT 2 AS n')", cell_id="second")
    assert rows(shown) == [(1,)]


def test_a_predicate_follows_its_input(notebook: Notebook) -> None:
    notebook.run("import panel as pn")
    notebook.run("letter = da.input(pn.widgets.Select, options=['a', 'b'])", cell_id="input")
    notebook.run("chosen = da.match('x', letter)\nfound = da.sql(\"FROM (VALUES ('a'), ('b')) t(x) WHERE $chosen\")")
    shown = notebook.session.demand(notebook["found"], "frame")
    notebook.run("letter = da.input(pn.widgets.Select, options=['b', 'c'])", cell_id="input")
    assert rows(shown) == [("b",)]


def test_options_of_an_input_follow_the_cell_that_feeds_them(notebook: Notebook) -> None:
    notebook.run("import panel as pn")
    notebook.run("letters = da.sql(\"FROM (VALUES ('a')) t(x)\")", cell_id="options")
    notebook.run("letter = da.input(pn.widgets.Select, options=letters)")
    shown = notebook.session.demand(notebook["letter"], "value")
    notebook.run("letters = da.sql(\"FROM (VALUES ('b')) t(x)\")", cell_id="options")
    assert value(shown) == "b"


def test_what_was_replaced_is_forgotten(notebook: Notebook) -> None:
    notebook.run("numbers = da.sql('SELECT 1 AS n')\nsame = da.sql('FROM numbers')")
    notebook.session.demand(notebook["same"], "frame")
    notebook.run("numbers = da.sql('SELECT 2 AS n')")
    before = len(notebook.session._waves.nodes)
    for n in range(5):
        notebook.run(f"numbers = da.sql('SELECT {n} AS n')")
    assert len(notebook.session._waves.nodes) == before


def test_a_display_that_is_gone_is_forgotten_with_its_cell(notebook: Notebook) -> None:
    notebook.run("numbers = da.sql('SELECT 1 AS n')", cell_id="a")
    notebook.session.demand(notebook["numbers"], "frame").release()
    notebook.run("numbers = None", cell_id="b")
    assert not notebook.session._waves.nodes


def test_files_that_a_notebook_cell_wrote_are_read_again(notebook: Notebook, tmp_path: Path) -> None:
    file = tmp_path / "t.parquet"
    pl.DataFrame({"n": [1]}).write_parquet(file)
    notebook.run(f"numbers = da.source({str(file)!r})")
    shown = notebook.session.demand(notebook["numbers"], "frame")
    notebook.run(f"import polars as pl\npl.DataFrame({{'n': [2, 3]}}).write_parquet({str(file)!r})")
    assert rows(shown) == [(2,), (3,)]


STEPS = [
    "a = da.sql('SELECT 1 AS n')",
    "a = da.sql('SELECT $k AS n')",
    "a = da.sql('FROM c')",
    "b = da.sql('SELECT n + $k AS n FROM a')",
    "b = da.sql('SELECT sum(n)::INT AS n FROM a')",
    "c = da.sql('SELECT n * 2 AS n FROM b', materialize=True)",
    "c = da.sql('SELECT a.n + b.n AS n FROM a, b')",
    "k = 3",
    "k = 4",
    "k = da.sql('SELECT 5 AS n')",
    "if 'k' in globals(): del k",
    "if 'a' in globals(): del a",
]


@pytest.mark.parametrize("seed", range(12))
def test_after_any_steps_what_is_shown_is_what_a_new_session_shows(notebook: Notebook, seed: int) -> None:
    chosen = random.Random(seed)
    shown: dict[Cell, Demand] = {}
    for step in (chosen.choice(STEPS) for _ in range(40)):
        notebook.run(step, cell_id=step)  # no notebook cell runs again with another text: nothing held follows
        for name in ("a", "b", "c"):
            thing = notebook.shell.user_ns.get(name)
            if isinstance(thing, Cell) and thing not in shown and chosen.random() < 0.5:
                shown[thing] = notebook.session.demand(thing, "frame")
        notebook.session.check_invariants()
        for cell, demand in shown.items():
            fresh = session().demand(cell, "frame")
            assert _said(demand) == _said(fresh)


def _said(demand: Demand) -> object:
    """The rows, or the kind of error: a circle may be told from any of its cells."""
    outcome = demand.look().outcome
    return rows(demand) if isinstance(outcome, Done) else type(error(outcome))
