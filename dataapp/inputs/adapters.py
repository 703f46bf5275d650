"""Widgets, Parameters and reactive values that cells name become inputs."""

import sys
from typing import Any, cast

import panel as pn
import param
from param.parameterized import resolve_ref

from dataapp.cells import adapters
from dataapp.cells.input import InputCell
from dataapp.cells.namespace import Namespace
from dataapp.inputs.kinds import ExistingKind, ReactiveKind, widget_of
from dataapp.inputs.types import parameter_type

_APP_MODULE = "bokeh_app_"  # the server runs an app script in a fresh module of such a name for each session


def widget_to_input(thing: object, namespace: Namespace, name: str) -> InputCell | None:
    """Return the input that a widget is."""
    if (widget := widget_of(thing)) is None:
        return None
    return InputCell(ExistingKind(widget, is_shared=_is_shared(thing, namespace)), namespace, name=name)


def parameter_to_input(thing: object, namespace: Namespace, name: str) -> InputCell | None:
    """Return the input that a Parameter of an object is."""
    if not isinstance(thing, param.Parameter):
        return None
    owner = cast("Any", thing.owner)
    shared = isinstance(owner, type) or _is_shared(owner, namespace) or _is_shared(thing, namespace)
    return InputCell(ReactiveKind(thing, sql_type=parameter_type(thing), is_shared=shared), namespace, name=name)


def reactive_to_input(thing: object, namespace: Namespace, name: str) -> InputCell | None:
    """Return the input that a bound function or a reactive expression is."""
    is_reactive = isinstance(thing, param.rx) or (callable(thing) and bool(_references(thing)))
    if not is_reactive:
        return None
    return InputCell(ReactiveKind(thing, sql_type=None, is_shared=_is_shared(thing, namespace)), namespace, name=name)


def _references(thing: object) -> list[Any]:
    # Classes and Parameterized objects are callable or reactive in other senses.
    return [] if isinstance(thing, type | param.Parameterized | pn.viewable.Viewer) else list(resolve_ref(thing))


def _is_shared(thing: object, namespace: Namespace) -> bool:
    """Whether a thing is a global of a module that all sessions import."""
    if namespace.module.startswith(_APP_MODULE) or namespace.module not in sys.modules:
        return False
    return namespace.name_of(thing) is not None


def install() -> None:
    """Let cells read widgets, Parameters and reactive values."""
    adapters.register(widget_to_input)
    adapters.register(parameter_to_input)
    adapters.register(reactive_to_input)
