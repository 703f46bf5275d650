"""`%%sql` and `%sql` in a shell without a screen, where they return rows."""

import pytest
from IPython.core.error import UsageError

from dataapp.cells.sql import SqlCell
from tests.notebook.by_hand import Notebook


def test_a_named_cell_is_a_global_of_the_notebook(notebook: Notebook) -> None:
    notebook.run("%%sql numbers\nSELECT range AS n FROM range(3)")
    assert notebook["numbers"].evaluate()["n"].to_list() == [0, 1, 2]


def test_a_named_cell_is_called_by_its_name(notebook: Notebook) -> None:
    notebook.run("%%sql numbers\nSELECT 1 AS n")
    assert notebook["numbers"].label == "numbers"


def test_a_cell_without_a_name_is_shown(notebook: Notebook) -> None:
    assert notebook.run("%%sql\nSELECT 41 + 1 AS n").item() == 42


def test_a_quiet_cell_is_not_shown(notebook: Notebook) -> None:
    assert notebook.run("%%sql numbers --quiet\nSELECT 1 AS n") is None


def test_what_is_wrong_with_a_quiet_cell_is_shown(notebook: Notebook) -> None:
    with pytest.raises(UsageError, match="DA"):
        notebook.run("%%sql numbers --quiet\nSELECT 1 FROM FROM")


def test_cells_read_cells_frames_and_values_of_the_notebook(notebook: Notebook) -> None:
    notebook.run("import polars as pl\nframe = pl.DataFrame({'n': [1, 2, 3]})\nleast = 2")
    notebook.run("%%sql large --quiet\nFROM frame WHERE n >= $least")
    assert notebook.run("%%sql\nSELECT sum(n) AS total FROM large").item() == 5


def test_set_binds_a_plain_value(notebook: Notebook) -> None:
    assert notebook.run("%%sql --set n=5 --set \"word='a b'\"\nSELECT $word || $n AS text").item() == "a b5"


def test_set_binds_what_a_name_stands_for(notebook: Notebook) -> None:
    notebook.run("import pandas as pd\nold = pd.DataFrame({'n': [7]})")
    assert notebook.run("%%sql --set new=old\nFROM new").item() == 7


def test_set_of_an_unknown_name_says_which_is_near(notebook: Notebook) -> None:
    notebook.run("minutes = 5")
    with pytest.raises(UsageError, match="minutes"):
        notebook.run("%%sql --set n=minute\nSELECT $n")


def test_set_without_a_value_is_refused(notebook: Notebook) -> None:
    with pytest.raises(UsageError, match="--set NAME=VALUE"):
        notebook.run("%%sql --set n\nSELECT $n")


def test_a_cell_can_wait_for_its_button(notebook: Notebook) -> None:
    notebook.run("%%sql slow --run button --quiet\nSELECT 1")
    assert notebook["slow"].run == "button"


def test_an_unknown_option_is_refused(notebook: Notebook) -> None:
    with pytest.raises(UsageError, match="--loud"):
        notebook.run("%%sql busy --loud\nSELECT 1")


def test_a_name_that_python_cannot_take_is_refused(notebook: Notebook) -> None:
    with pytest.raises(UsageError, match="class"):
        notebook.run("%%sql class\nSELECT 1")


def test_one_line_returns_rows(notebook: Notebook) -> None:
    assert notebook.run("%sql SELECT 1 AS one").item() == 1


def test_a_dollar_is_left_to_the_query(notebook: Notebook) -> None:
    notebook.run("n = 3")
    assert notebook.run("%sql SELECT $n + 1 AS next").item() == 4


def test_one_line_without_a_query_says_what_it_takes(notebook: Notebook) -> None:
    with pytest.raises(UsageError, match="SELECT 1 AS one"):
        notebook.run("%sql")


def test_an_error_of_the_query_is_one_message(notebook: Notebook) -> None:
    with pytest.raises(UsageError, match="`nothing`"):
        notebook.run("%%sql\nFROM nothing")


def test_the_help_names_the_options(notebook: Notebook) -> None:
    assert "--set NAME=VALUE" in notebook.shell.find_cell_magic("sql").__doc__


def test_unloading_takes_the_magics_away(notebook: Notebook) -> None:
    notebook.run("%load_ext dataapp")
    notebook.run("%unload_ext dataapp")
    assert notebook.shell.find_cell_magic("sql") is None


def test_loading_again_changes_nothing(notebook: Notebook) -> None:
    before = len(notebook.shell.Completer.custom_matchers)
    notebook.run("%load_ext dataapp")
    assert len(notebook.shell.Completer.custom_matchers) == before


def test_a_cell_in_a_notebook_is_made_of_the_text(notebook: Notebook) -> None:
    notebook.run("%%sql busy --quiet\nSELECT 1 AS n\n")
    assert isinstance(notebook["busy"], SqlCell)
    assert notebook["busy"].query == "SELECT 1 AS n"
