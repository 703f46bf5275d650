"""What is offered at the cursor of SQL in a notebook. `|` stands for the cursor."""

from typing import Any

import pandas as pd
import panel as pn
import pytest
from IPython.core.completer import provisionalcompleter

import dataapp as da
from dataapp.notebook.completion import offers
from tests.notebook.by_hand import Notebook

NAMES: dict[str, object] = {
    "trades": da.sql("SELECT 'A' AS symbol, 1 AS size, 2 AS \"order no\""),
    "frame": pd.DataFrame({"height": [1]}),
    "minutes": pn.widgets.IntSlider(),
    "month": "May",
    "pd": pd,
}


def offered(text: str) -> dict[str, str]:
    """What is offered, with its kind."""
    found = offers(text.replace("|", ""), text.index("|"), NAMES)
    assert found is not None
    return {offer.text: offer.kind for offer in found[1]}


def test_tables_of_the_notebook_are_offered() -> None:
    assert offered("%%sql\nFROM trades|") == {"trades": "table"}


def test_a_frame_is_a_table() -> None:
    assert offered("%%sql busy\nSELECT 1 FROM fram|")["frame"] == "table"


def test_columns_of_mentioned_tables_are_offered() -> None:
    assert offered("%%sql\nSELECT sym| FROM trades")["symbol"] == "column"


def test_columns_of_tables_that_are_not_mentioned_are_not_offered() -> None:
    assert "height" not in offered("%%sql\nSELECT h| FROM trades")


def test_columns_of_an_alias_are_offered_alone() -> None:
    assert offered("%%sql\nSELECT t.| FROM trades AS t, frame").keys() == {"symbol", "size", '"order no"'}


def test_a_name_that_needs_quotes_gets_them() -> None:
    assert offered("%%sql\nSELECT ord| FROM trades")['"order no"'] == "column"


def test_inputs_and_values_are_offered_after_a_dollar() -> None:
    assert offered("%%sql\nSELECT $m|") == {"minutes": "parameter", "month": "parameter"}


@pytest.mark.parametrize(("typed", "keyword"), [("sel", "select"), ("SEL", "SELECT")])
def test_keywords_are_offered_as_one_types(typed: str, keyword: str) -> None:
    assert offered(f"%%sql\n{typed}|")[keyword] == "keyword"


def test_functions_are_offered() -> None:
    assert offered("%%sql\nSELECT time_buck|")["time_bucket("] == "function"


def test_columns_of_a_named_file_are_offered(tmp_path: Any) -> None:
    (tmp_path / "t.csv").write_text("width\n1\n", "utf-8")
    assert offered(f"%%sql\nSELECT wid| FROM '{tmp_path / 't.csv'}'")["width"] == "column"


def test_one_line_is_completed_too() -> None:
    assert offered("top = %sql FROM trades|") == {"trades": "table"}


def test_python_is_left_alone() -> None:
    assert offers("tra", 3, NAMES) is None


def test_the_line_of_the_magic_is_left_alone() -> None:
    assert offers("%%sql tra\nSELECT 1", 9, NAMES) is None


def test_ipython_completes_by_it(notebook: Notebook) -> None:
    notebook.run("trades = da.sql('SELECT 1 AS size')")
    text = "%%sql\nSELECT si FROM trades"
    with provisionalcompleter():
        found = list(notebook.shell.Completer.completions(text, len("%%sql\nSELECT si")))
    assert (found[0].text, found[0].type) == ("size", "column")
