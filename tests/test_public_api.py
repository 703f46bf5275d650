"""The public names, as users know them: a change here is a change for every app."""

import inspect
import subprocess
import sys

import pytest

import dataapp
from dataapp.cells.cell import Cell

SIGNATURES = {
    "App": "(title, /, sidebar=(), main=(), *, header=(), dark=None, lost=None, timeout=None, refresh=True, **params)",
    "DataAppError": "(message, *, hint=None, cell=None, line=None, column=None)",
    "brush": "(chart, /, *, x=None, y=None, selection=None, name=None)",
    "cell": "(function=None, /, *, run='auto', name=None, **wiring)",
    "chart": "(table, /)",
    "connect": "(url, /, **options)",
    "crossfilter": "(*views, keys=None, name=None)",
    "explain": "(chart, /)",
    "explore": "(table, /, *, sort=(), where=None, columns=(), formats=None, height=None, name=None)",
    "input": "(widget, /, *, throttled=False, **options)",
    "match": "(column, input, /, *, name=None)",
    "pick": "(chart, field=None, /, *, column=None, selection=None, name=None)",
    "source": "(location, /, *, policy=None, name=None, ttl=None, **options)",
    "sql": "(query, /, *, on=None, materialize='auto', run='auto', name=None, ttl=None, filters='auto', **bindings)",
    "user": "()",
}
OF_EVERY_CELL = {
    "compile": "(self, dialect='duckdb')",
    "evaluate": "(self, values=None, /, **names)",
    "explain": "(self, *, analyze=True)",
    "ibis": "(self)",
}


def signature(thing: object) -> str:
    """Return a signature without its annotations, which name the modules of other packages."""
    assert callable(thing)
    whole = inspect.signature(thing)
    parameters = [parameter.replace(annotation=inspect.Parameter.empty) for parameter in whole.parameters.values()]
    return str(whole.replace(parameters=parameters, return_annotation=inspect.Signature.empty))


def test_the_public_names_are_these():
    assert sorted(dataapp.__all__) == sorted(SIGNATURES)


@pytest.mark.parametrize("name", SIGNATURES)
def test_signature_is_as_documented(name: str):
    assert signature(getattr(dataapp, name)) == SIGNATURES[name]


@pytest.mark.parametrize("name", OF_EVERY_CELL)
def test_signature_of_cells_is_as_documented(name: str):
    assert signature(getattr(Cell, name)) == OF_EVERY_CELL[name]


@pytest.mark.parametrize("name", SIGNATURES)
def test_docstring_has_an_example_that_uses_the_name(name: str):
    example = (inspect.getdoc(getattr(dataapp, name)) or "").partition("Example:")[2]
    assert f"da.{name}" in example


@pytest.mark.parametrize("name", SIGNATURES)
def test_name_is_listed_before_it_is_loaded(name: str):
    assert name in dir(dataapp)


def test_name_is_the_same_object_each_time():
    assert dataapp.sql is dataapp.sql


def test_connect_is_the_function_whatever_was_imported_before():
    code = "import dataapp.connect.files, dataapp; assert dataapp.connect.__name__ == 'connect', dataapp.connect"
    assert "dataapp.connect.files" in modules_after(code)


def test_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'dataapp' has no attribute 'sqll'"):
        _ = dataapp.sqll  # pyright: ignore[reportAttributeAccessIssue]


def test_importing_the_package_loads_no_library():
    loaded = modules_after("import dataapp")
    assert loaded & {"altair", "bokeh", "duckdb", "ibis", "narwhals", "panel", "param", "polars", "pyarrow"} == set()


def test_importing_the_command_loads_no_library():
    loaded = modules_after("from dataapp.cli import main; main(['check', '--help'], standalone_mode=False)")
    assert loaded & {"altair", "duckdb", "ibis", "panel", "polars", "pyarrow", "rich"} == set()


def test_what_shows_cells_loads_no_library_of_frames():
    loaded = modules_after("import dataapp.views.cells, dataapp.workbench.page")
    assert loaded & {"altair", "ibis", "pandas", "polars"} == set()


def test_using_a_name_installs_what_shows_cells():
    assert "dataapp.app.bootstrap" in modules_after("from dataapp import sql")


def modules_after(code: str) -> set[str]:
    """Return the modules that a fresh interpreter has after running some code."""
    program = f"{code}\nimport sys; print('modules:', *sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return set(done.stdout.rpartition("modules:")[2].split())
