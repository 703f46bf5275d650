"""Setting the inputs of an app: what ``--set`` names, what it takes, and the value that the text stands for."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

import click
import param

from dataapp.cells.cell import Cell
from dataapp.cells.explore import BEHIND
from dataapp.cells.input import ConstantCell, Control, InputCell, Setting
from dataapp.cells.selection import SelectionCell
from dataapp.cli.run.values import Takes, describe, text_to_value
from dataapp.errors import near
from dataapp.inputs.kinds import ReactiveControl, WidgetControl, widget_of
from dataapp.inputs.links import put
from dataapp.inputs.types import parameter_type
from dataapp.runtime.equality import is_same
from dataapp.runtime.outcomes import Blocked, Done, Failed
from dataapp.runtime.session import Session

_OPTION = "--set"


@dataclass(frozen=True, slots=True)
class Settings:
    """What a session starts with.

    Attributes:
        initial: Values of inputs.
        replaced: Values of constants.
        fed: Texts for inputs whose options cells feed, which only the session knows; what feeds others comes first.
    """

    initial: dict[InputCell, object] = field(default_factory=dict[InputCell, object])
    replaced: dict[Cell, object] = field(default_factory=dict[Cell, object])
    fed: dict[InputCell, str] = field(default_factory=dict[InputCell, str])


def read_settings(texts: Mapping[str, str], above: Iterable[Cell], names: Mapping[str, object]) -> Settings:
    """Return what the texts set; widgets that the app made itself are moved at once, as a person would.

    Args:
        texts: Text by name.
        above: The cells of the app, what is read before who reads it.
        names: The globals of the app.

    Raises:
        click.BadParameter: A name stands for no input, or a text for nothing that the input takes.
    """
    inputs = [cell for cell in above if isinstance(cell, InputCell | ConstantCell) and not isinstance(cell, BEHIND)]
    known = {cell.label: cell for cell in inputs if cell.is_named}
    widgets = {name: thing for name, thing in names.items() if _is_control(thing)}
    for name in texts:
        if name not in known and name not in widgets:
            raise click.BadParameter(_unknown(name, [*known, *widgets]), param_hint=_OPTION)
    settings = Settings()
    for name, thing in widgets.items():
        if name in texts:
            _set_control(name, _control_of(thing), texts[name])
    for cell in known.values():
        if cell.label in texts and cell.label not in widgets:
            _read(cell, texts[cell.label], settings)
    return settings


def apply_fed(settings: Settings, session: Session) -> None:
    """Set the inputs whose options cells feed, one after the other.

    Raises:
        click.BadParameter: A text stands for nothing that is offered.
        DataAppError: What feeds an input failed.
    """
    for cell, text in settings.fed.items():
        demand = session.demand(cell, "setting")
        offered = _setting(demand.look().outcome)
        control = cell.kind.open(cell.label)
        takes = _takes(control, offered.options)
        value = _parsed(cell.label, text, takes)
        _put(cell.label, control, value, cell.feeds, takes, text)
        session.set(cell, value)
        if not is_same(_setting(demand.look().outcome).value, value):
            raise click.BadParameter(_refusal(cell.label, text, "it is not offered", takes), param_hint=_OPTION)
        demand.release()


def _setting(outcome: object) -> Setting:
    match outcome:
        case Done(Setting() as setting):
            return setting
        case Failed(error) | Blocked(_, error):
            raise error
        case _:
            raise AssertionError("an inline session has settled")


def _read(cell: InputCell | ConstantCell, text: str, settings: Settings) -> None:
    if isinstance(cell, ConstantCell):
        value = _parsed(cell.label, text, Takes(like=_listed(cell.value)))
        settings.replaced[cell] = tuple(cast("list[object]", value)) if isinstance(cell.value, tuple) else value
    elif isinstance(cell, SelectionCell):
        message = f"`{cell.label}` is what is selected in a chart, which only a person does."
        raise click.BadParameter(message, param_hint=_OPTION)
    elif cell.feeds:
        settings.fed[cell] = text
    else:
        settings.initial[cell] = _set_control(cell.label, cell.kind.open(cell.label), text)


def _set_control(name: str, control: Control, text: str) -> object:
    takes = _takes(control, {})
    value = _parsed(name, text, takes)
    return _put(name, control, value, (), takes, text)


def _put(name: str, control: Control, value: object, fed: Collection[str], takes: Takes, text: str) -> object:
    try:
        return put(control, value, fed)
    except (ValueError, TypeError) as error:
        raise click.BadParameter(_refusal(name, text, str(error), takes), param_hint=_OPTION) from error


def _parsed(name: str, text: str, takes: Takes) -> object:
    try:
        return text_to_value(text, takes)
    except ValueError as error:
        raise click.BadParameter(_refusal(name, text, str(error), takes), param_hint=_OPTION) from error


def _refusal(name: str, text: str, why: str, takes: Takes) -> str:
    return f"`{name}` does not take `{text}`: {why}. It takes {describe(takes)}."


def _unknown(name: str, known: list[str]) -> str:
    listed = f"it has {', '.join(f'`{one}`' for one in dict.fromkeys(known))}" if known else "it has none"
    return f"The app has no input `{name}`; {near(name, known) or listed}"


def _takes(control: Control, fed: Mapping[str, object]) -> Takes:
    if isinstance(control, WidgetControl):
        widget: Any = control.widget
        options = fed.get("options", getattr(widget, "options", None))
        return Takes(
            parameter_type(widget.param["value"], widget),
            widget.value if widget.value is not None else _shape(widget),
            options if isinstance(options, list | dict) else None,
            not getattr(widget, "restrict", True),
            fed.get("start", getattr(widget, "start", None)),
            fed.get("end", getattr(widget, "end", None)),
        )
    parameter = control.parameter if isinstance(control, ReactiveControl) else None
    found = control.read()
    if parameter is None:
        return Takes(like=found)
    offered = getattr(parameter, "objects", None) if isinstance(parameter, param.Selector) else None
    low, high = getattr(parameter, "bounds", None) or (None, None)
    options = list(offered) if offered else None
    return Takes(parameter_type(parameter), found, options, start=low, end=high)


def _shape(widget: Any) -> object:
    """Return a value of the shape that an empty widget takes."""
    return [] if isinstance(widget.param["value"], param.List) else None


def _listed(value: object) -> object:
    return list(cast("tuple[object, ...]", value)) if isinstance(value, tuple) else value


def _is_control(thing: object) -> bool:
    return widget_of(thing) is not None or (isinstance(thing, param.Parameter) and thing.owner is not None)


def _control_of(thing: object) -> Control:
    if isinstance(thing, param.Parameter):
        return ReactiveControl(cast("Any", param.rx(thing)), thing)
    return WidgetControl(thing)
