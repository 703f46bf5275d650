"""Panel widgets, Parameters and reactive values as inputs of cells, without a server."""

import datetime as dt
from typing import Any, cast

import panel as pn
import param
import pytest

import dataapp as da
from dataapp.cells.input import InputCell
from dataapp.errors import InputError
from dataapp.inputs.adapters import widget_to_input
from dataapp.inputs.kinds import label_to_title, widget_of
from dataapp.inputs.types import text_to_moment

_DAY, _NEXT = dt.date(2024, 3, 1), dt.date(2024, 3, 2)
_MOMENT, _LATER = map(dt.datetime.fromisoformat, ("2024-03-01T09:30:00", "2024-03-01T16:00:00"))

_SCALARS: list[tuple[str, dict[str, Any], str]] = [
    ("IntSlider", {"start": 0, "end": 9, "value": 2}, "INTEGER"),
    ("FloatSlider", {"start": 0, "end": 9, "value": 2}, "DOUBLE"),
    ("IntInput", {"value": 2}, "INTEGER"),
    ("FloatInput", {"value": 2.0}, "DOUBLE"),
    ("EditableIntSlider", {"start": 0, "end": 9, "value": 2}, "INTEGER"),
    ("EditableFloatSlider", {"start": 0, "end": 9, "value": 2.5}, "DOUBLE"),
    ("DiscreteSlider", {"options": [1, 2, 3], "value": 2}, "INTEGER"),
    ("TextInput", {"value": "a"}, "VARCHAR"),
    ("TextAreaInput", {"value": "a"}, "VARCHAR"),
    ("AutocompleteInput", {"options": ["a", "b"], "value": "a"}, "VARCHAR"),
    ("Select", {"options": ["a", "b"], "value": "b"}, "VARCHAR"),
    ("Select", {"options": {"one": 1, "two": 2}, "value": 2}, "INTEGER"),
    ("RadioBoxGroup", {"options": ["a", "b"], "value": "a"}, "VARCHAR"),
    ("RadioButtonGroup", {"options": [1.5, 2], "value": 1.5}, "DOUBLE"),
    ("Checkbox", {"value": True}, "BOOLEAN"),
    ("Switch", {"value": True}, "BOOLEAN"),
    ("Toggle", {"value": True}, "BOOLEAN"),
    ("DatePicker", {"value": _DAY}, "DATE"),
    ("DatetimePicker", {"value": _MOMENT}, "TIMESTAMP"),
    ("DatetimeInput", {"value": _MOMENT}, "TIMESTAMP"),
    ("TimePicker", {"value": dt.time(9, 30)}, "TIME"),
    ("DatetimeSlider", {"start": _MOMENT, "end": _LATER, "value": _MOMENT}, "TIMESTAMP"),
    ("ColorPicker", {"value": "#ff0000"}, "VARCHAR"),
    ("PasswordInput", {"value": "a"}, "VARCHAR"),
]
_LISTS: list[tuple[str, dict[str, Any], str]] = [
    ("MultiSelect", {"options": ["a", "b"], "value": ["a"]}, "VARCHAR[]"),
    ("MultiChoice", {"options": ["a", "b"], "value": ["a"]}, "VARCHAR[]"),
    ("CheckBoxGroup", {"options": [1, 2], "value": [1]}, "INTEGER[]"),
    ("CheckButtonGroup", {"options": ["a", "b"], "value": []}, "VARCHAR[]"),
    ("CrossSelector", {"options": ["a", "b"], "value": ["b"]}, "VARCHAR[]"),
    ("RangeSlider", {"start": 0, "end": 9, "value": (1, 2)}, "DOUBLE[]"),
    ("IntRangeSlider", {"start": 0, "end": 9, "value": (1, 2)}, "INTEGER[]"),
    ("EditableRangeSlider", {"start": 0, "end": 9, "value": (1, 2)}, "DOUBLE[]"),
    ("DateRangePicker", {"value": (_DAY, _NEXT)}, "DATE[]"),
    ("DatetimeRangePicker", {"value": (_MOMENT, _LATER)}, "TIMESTAMP[]"),
    ("DatetimeRangeSlider", {"start": _MOMENT, "end": _LATER, "value": (_MOMENT, _LATER)}, "TIMESTAMP[]"),
]


def _cases(rows: list[tuple[str, dict[str, Any], str]]) -> list[Any]:
    return [
        pytest.param(getattr(module, name), options, sql_type, id=f"{module.__name__}.{name}-{sql_type}")
        for name, options, sql_type in rows
        for module in (pn.widgets, pn.ui)
        if hasattr(module, name)
    ]


@pytest.mark.parametrize(("widget", "options", "sql_type"), _cases(_SCALARS + _LISTS))
def test_value_reaches_sql_with_its_type(widget: Any, options: dict[str, Any], sql_type: str) -> None:
    chosen = da.input(widget, **options)
    assert da.sql("SELECT typeof($chosen)", chosen=chosen).evaluate().item() == sql_type


@pytest.mark.parametrize(("widget", "options", "sql_type"), _cases(_SCALARS + _LISTS))
def test_widget_of_the_app_is_an_input_by_itself(widget: Any, options: dict[str, Any], sql_type: str) -> None:
    made = widget(**options)
    value = da.sql("SELECT $made AS value", made=made).evaluate()["value"].to_list()[0]
    expected = text_to_moment(made.value, sql_type)  # a picker may hold text
    assert value == (list(expected) if isinstance(expected, tuple) else expected)


def test_float_slider_is_double_also_at_a_whole_number() -> None:
    slider = pn.widgets.FloatSlider(start=0, end=9, value=2)
    assert da.sql("SELECT 1 / $slider", slider=slider).schema == {"(1 / $slider)": "DOUBLE"}


def test_empty_choice_matches_no_row_of_a_list_and_every_row_of_a_match() -> None:
    letters = da.input(pn.widgets.MultiChoice, options=da.sql("SELECT letter FROM (VALUES ('a'), ('b')) t(letter)"))
    rows = da.sql("FROM (VALUES ('a'), ('b')) t(letter)")
    listed = da.sql("FROM rows WHERE letter IN $letters", rows=rows, letters=letters)
    matched = da.sql("FROM rows WHERE $chosen", rows=rows, chosen=da.match("letter", letters))
    assert (listed.evaluate().height, matched.evaluate().height) == (0, 2)


class Settings(param.Parameterized):
    level = param.Integer(default=3)
    ratio = param.Number(default=2)
    title = param.String(default="x")
    when = param.CalendarDate(default=_DAY)
    span = param.Range(default=(0, 1))


@pytest.mark.parametrize(
    ("name", "sql_type"),
    [("level", "INTEGER"), ("ratio", "DOUBLE"), ("title", "VARCHAR"), ("when", "DATE"), ("span", "DOUBLE[]")],
)
def test_parameter_is_an_input_with_its_type(name: str, sql_type: str) -> None:
    parameter = Settings().param[name]
    assert da.sql("SELECT typeof($parameter)", parameter=parameter).evaluate().item() == sql_type


def test_bound_function_and_reactive_expression_are_inputs() -> None:
    slider = pn.widgets.IntSlider(value=4, end=9)
    double = pn.bind(lambda n: n * 2, slider)
    half = param.rx(slider) / 2
    found = da.sql("SELECT $double AS d, $half AS h", double=double, half=half)
    assert found.evaluate().row(0) == (8, 2.0)
    slider.value = 6
    assert found.evaluate().row(0) == (12, 3.0)


def test_widget_is_read_by_a_python_cell() -> None:
    box = pn.ui.TextInput(value="a")

    @da.cell(box=box)
    def shouted(box: str) -> str:
        return box.upper()

    assert shouted.evaluate() == "A"


@pytest.mark.parametrize("thing", [pn.pane.Markdown("a"), pn.Column(), 5, None, pn.widgets.IntSlider])
def test_only_widgets_are_widgets(thing: object) -> None:
    assert widget_of(thing) is None
    assert widget_to_input(thing, minutes.namespace, "thing") is None


def _open(cell: InputCell, label: str) -> Any:
    return cast("Any", cell.kind.open(label)).widget


# What a declaration refuses.

minutes = da.input(pn.widgets.IntSlider, start=1, end=9)


@pytest.mark.parametrize("thing", [pn.widgets.IntSlider(), pn.Column, int, "IntSlider", pn.pane.Markdown])
def test_declaration_takes_a_widget_class(thing: Any) -> None:
    with pytest.raises(InputError, match="takes a widget class"):
        da.input(thing)


def test_unknown_option_is_refused_with_the_near_name() -> None:
    with pytest.raises(InputError, match=r"no option `strat`.*`start`"):
        da.input(pn.widgets.IntSlider, strat=1)


@pytest.mark.parametrize("options", [{"value": "five"}, {"start": "a"}, {"value": [1]}])
def test_options_that_the_widget_refuses_are_an_input_error(options: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="does not take these options"):
        da.input(pn.widgets.IntSlider, **options)


def test_widget_is_titled_by_its_variable_unless_it_has_a_label() -> None:
    labelled = da.input(pn.widgets.IntSlider, name="Mine")
    assert (_open(minutes, "bar_minutes").name, _open(labelled, "x").name) == (
        "Bar minutes",
        "Mine",
    )
    assert label_to_title("_x") == "X"


def test_each_session_gets_a_widget_of_its_own() -> None:
    assert _open(minutes, "minutes") is not _open(minutes, "minutes")


def test_default_that_a_session_changes_is_not_the_next_sessions_default() -> None:
    letters = da.input(pn.widgets.MultiChoice, options=["a", "b"], value=["a"])
    _open(letters, "letters").value.append("b")
    assert letters.kind.default() == ["a"]
    assert _open(letters, "letters").value == ["a"]
