"""What a control says to `da.input`: its widget class, and options in the forms that the widget takes."""

from collections.abc import Mapping

import panel as pn
import param
from panel.widgets.base import WidgetBase

from dataapp.errors import InputError, near
from dataapp.workbench.controls import Control

type Options = dict[str, object]


def widget_class(control: Control) -> type[WidgetBase]:
    """Return the class of a control's widget.

    Raises:
        InputError: Panel has no such widget.
    """
    found = getattr(pn.ui, control.widget, None)
    if not (isinstance(found, type) and issubclass(found, WidgetBase)):
        known = [name for name in dir(pn.ui) if name[0].isupper()]
        raise InputError(f"Panel has no widget `{control.widget}`.", hint=near(control.widget, known))
    return found


def declared_options(control: Control, values: Mapping[str, object]) -> Options:
    """Return the options of a control, with the value that it stands at; queries for options stay queries.

    Args:
        control: The control.
        values: What controls stand at, by name.

    Raises:
        InputError: Panel has no such widget, or the widget no such option.
    """
    widget = widget_class(control)
    for name, _ in control.options:
        if name not in widget.param:
            raise InputError(f"{control.widget} has no option `{name}`.", hint=near(name, list(widget.param)))
    options: Options = dict(control.options)
    if control.name in values:
        options["value"] = values[control.name]
    return {name: _fitting(widget, name, value) for name, value in options.items()}


def _fitting(widget: type[WidgetBase], option: str, value: object) -> object:
    """Return a tuple as the list that a widget's option asks for."""
    if not isinstance(value, tuple):
        return value
    takes_list = option == "options" or isinstance(widget.param[option], param.List)
    return list(value) if takes_list else value
