"""Where cells were written, what names mean there, and how cells are called."""

import sys
from pathlib import Path

import pytest

from dataapp.cells.namespace import MISSING, Namespace
from dataapp.cells.sql import sql
from dataapp.errors import WrongKindError

written_here = sql("SELECT 1 AS n")
_private = sql("SELECT 2 AS n")
first_name = second_name = sql("SELECT 3 AS n")


def namespace(names: dict[str, object], **bindings: object) -> Namespace:
    return Namespace("desk", Path("/apps/desk.py"), 12, names, bindings)


def test_a_name_is_looked_up_in_the_call_first() -> None:
    assert namespace({"n": 1}, n=2).lookup("n") == 2


def test_a_name_is_looked_up_in_the_module_next() -> None:
    assert namespace({"n": 1}).lookup("n") == 1


def test_an_unknown_name_is_missing() -> None:
    assert namespace({}).lookup("n") is MISSING


def test_a_binding_to_none_hides_the_global() -> None:
    assert namespace({"n": 1}, n=None).lookup("n") is None


def test_names_that_are_defined_later_are_found() -> None:
    names: dict[str, object] = {}
    place = namespace(names)
    names["late"] = 5
    assert place.lookup("late") == 5


def test_sql_names_match_without_case() -> None:
    assert list(namespace({"Trades": 1}).matching("trades")) == [("Trades", 1)]


def test_the_exact_spelling_comes_first() -> None:
    assert [name for name, _ in namespace({"TRADES": 1, "trades": 2}).matching("trades")] == ["trades", "TRADES"]


def test_only_ascii_letters_lose_their_case_as_in_the_engine() -> None:
    assert list(namespace({"ÄRA": 1}).matching("ära")) == []


def test_the_label_is_the_variable() -> None:
    assert written_here.label == "written_here"


def test_the_label_is_the_first_of_several_variables() -> None:
    assert first_name.label == "first_name"


def test_a_private_variable_is_a_label_too() -> None:
    assert _private.label == "_private"


def test_a_public_name_is_preferred() -> None:
    cell = object()
    assert namespace({"_draft": cell, "bars": cell}).name_of(cell) == "bars"


def test_what_a_notebook_calls_its_last_results_is_no_label() -> None:
    cell = object()
    assert namespace({"_": cell, "__": cell, "_12": cell}).name_of(cell) is None


def test_a_given_name_is_the_label() -> None:
    assert sql("SELECT 1", name="answer").label == "answer"


def test_without_a_name_the_label_is_file_and_line() -> None:
    assert sql("SELECT 1").label == f"test_namespace.py:{sys._getframe().f_lineno}"


def test_the_label_outlives_the_globals_of_the_module() -> None:
    names: dict[str, object] = {}
    cell = sql("SELECT 1")
    cell.namespace = namespace(names)
    names["bars"] = cell
    assert cell.label == "bars"
    names.clear()
    assert cell.label == "bars"


def test_an_unnamed_cell_may_get_its_name_later() -> None:
    names: dict[str, object] = {}
    cell = sql("SELECT 1")
    cell.namespace = namespace(names)
    assert cell.label == "desk.py:12"
    names["bars"] = cell
    assert cell.label == "bars"


def test_the_key_is_module_and_label() -> None:
    assert written_here.key == f"{__name__}.written_here"


def test_relative_paths_start_at_the_file() -> None:
    assert written_here.namespace.folder == Path(__file__).parent


def test_without_a_file_relative_paths_start_at_the_working_directory() -> None:
    assert Namespace("__main__", None, 1, {}, {}).folder == Path.cwd()


def test_code_without_a_module_file_is_no_place_in_a_file() -> None:
    scope: dict[str, object] = {"sql": sql}
    exec(compile("cell = sql('SELECT 1')", "<cell 5>", "exec"), scope)  # noqa: S102  # what a notebook does
    assert scope["cell"].namespace.file is None  # pyright: ignore[reportAttributeAccessIssue]


def test_a_parameter_called_name_cannot_be_bound_by_keyword() -> None:
    with pytest.raises(WrongKindError, match="says what to call the cell"):
        sql("SELECT $name", name=5)  # pyright: ignore[reportArgumentType]
