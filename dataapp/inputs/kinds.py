"""The kinds of inputs: a widget made per session, a widget or Parameter that exists, a reactive value."""

import datetime as dt
from collections.abc import Callable, Mapping
from copy import copy
from typing import Any, cast

import param
from panel.widgets.base import WidgetBase

from dataapp.cells.input import Setting
from dataapp.cells.steps import Steps
from dataapp.inputs.choices import as_options, as_scalar, fit_between, fit_to_options
from dataapp.inputs.types import options_type, parameter_type, text_to_moment

_ENDS = ("start", "end")
_FREE_TEXT = ("AutocompleteInput", "ComboBox")


class WidgetControl:
    """A Panel widget as the control of an input in one session.

    Attributes:
        widget: The widget.
    """

    def __init__(self, widget: Any, *, throttled: bool = False) -> None:
        self.widget = widget
        self._watched = "value_throttled" if throttled and "value_throttled" in widget.param else "value"
        self._watchers: list[Any] = []

    @property
    def is_live(self) -> bool:
        """Whether each value counts, and not just those at which a person lets go."""
        return self._watched == "value"

    def read(self) -> object:
        """Return the widget's value."""
        return self.widget.value

    def watch(self, changed: Callable[[object], None]) -> None:
        """Call back when the person sets another value."""
        self._watchers.append(self.widget.param.watch(lambda event: changed(event.new), self._watched))

    def show(self, setting: Setting) -> None:
        """Bring options and value of the widget in line, in one update."""
        changes = {name: value for name, value in setting.options.items() if getattr(self.widget, name) != value}
        if self.widget.value != setting.value:
            changes["value"] = setting.value
        if changes:
            self.widget.param.update(**changes)

    def close(self) -> None:
        """Stop watching."""
        for watcher in self._watchers:
            self.widget.param.unwatch(watcher)
        self._watchers.clear()


class ReactiveControl:
    """A Parameter, a bound function or a reactive expression as the control of an input.

    Attributes:
        parameter: The Parameter, or None for what is computed.
    """

    def __init__(self, reactive: Any, parameter: param.Parameter | None = None) -> None:
        self.parameter = parameter
        self._reactive = reactive
        self._changed: Callable[[object], None] | None = None

    def read(self) -> object:
        """Return the current value."""
        return self._reactive.rx.value

    def watch(self, changed: Callable[[object], None]) -> None:
        """Call back when the value changes."""
        self._changed = changed
        self._reactive.rx.watch(self._tell)

    def _tell(self, value: object) -> None:
        if self._changed is not None:
            self._changed(value)

    def show(self, setting: Setting) -> None:
        """Do nothing: the value belongs to whoever made it."""

    def close(self) -> None:
        """Stop telling."""
        self._changed = None


class _Fitting:
    """How a widget's value is fitted to what cells feed."""

    widget_class: type
    sql_type: str | None

    def settle(self, value: object, feeds: Mapping[str, object]) -> Setting:
        """See `InputKind.settle`."""
        options: dict[str, object] = {}
        value = text_to_moment(value, self.sql_type)
        for name, fed in feeds.items():
            if name == "options":
                offered = as_options(fed)
                options[name] = offered
                takes_first = self.widget_class.__name__ not in _FREE_TEXT
                value = fit_to_options(value, offered, takes_first=takes_first)
            else:
                options[name] = as_scalar(fed, name, self.sql_type)
        if any(name in options for name in _ENDS):
            value = fit_between(value, options.get("start"), options.get("end"))
        return Setting(value, options)


class WidgetKind(_Fitting):
    """One widget per session, made of a widget class and its options."""

    is_shared = False

    def __init__(self, widget_class: type[Any], options: Mapping[str, object], *, fed: bool, throttled: bool) -> None:
        self.widget_class = widget_class
        self._options = options
        self._throttled = throttled
        self._is_fed = fed
        probe = widget_class(**options)  # which also checks the options
        self._default: object = probe.value
        self._steps = _steps(probe)
        self.sql_type = parameter_type(probe.param["value"], probe) or _options_sql_type(
            probe, None if fed else options.get("options")
        )

    def steps(self) -> Steps | None:
        """See `Stepped`."""
        return self._steps

    def open(self, label: str) -> WidgetControl:
        """Make a session's widget, titled by the variable unless a label was given."""
        titled = not self._options.keys().isdisjoint(("label", "name"))
        # Sessions must not share a list that a widget, or its user, may change in place.
        fresh = {name: copy(value) for name, value in self._options.items() if isinstance(value, list | dict)}
        options = {**self._options, **fresh}
        if not titled:
            options["label"] = label_to_title(label)
        value = options.get("value")
        if self._is_fed and value is not None:  # until options come: a browser drops what is not offered, and says so
            options["options"] = list(cast("list[object]", value)) if isinstance(value, list) else [value]
        return WidgetControl(self.widget_class(**options), throttled=self._throttled)

    def default(self) -> object:
        """Return what a new widget holds."""
        return copy(self._default)


class ExistingKind(_Fitting):
    """A widget that the app made itself."""

    def __init__(self, widget: Any, *, is_shared: bool) -> None:
        self.widget = widget
        self.widget_class = type(widget)
        self.is_shared = is_shared
        self.sql_type = parameter_type(widget.param["value"], widget) or _options_sql_type(
            widget, getattr(widget, "options", None)
        )

    def steps(self) -> Steps | None:
        """See `Stepped`."""
        return _steps(self.widget)

    def open(self, label: str) -> WidgetControl:
        """Return the widget."""
        return WidgetControl(self.widget)

    def default(self) -> object:
        """Return what the widget holds now."""
        return self.widget.value


class ReactiveKind(_Fitting):
    """A Parameter, a bound function or a reactive expression."""

    widget_class = object

    def __init__(self, reference: object, *, sql_type: str | None, is_shared: bool) -> None:
        self._parameter = reference if isinstance(reference, param.Parameter) else None
        self._reactive = cast("Any", reference) if hasattr(reference, "rx") else cast("Any", param.rx(reference))
        self.sql_type = sql_type
        self.is_shared = is_shared

    def open(self, label: str) -> ReactiveControl:
        """Return the reactive value."""
        return ReactiveControl(self._reactive, self._parameter)

    def default(self) -> object:
        """Return the current value."""
        return self._reactive.rx.value


def _options_sql_type(widget: Any, options: object) -> str | None:
    if not isinstance(options, list | dict):
        return None
    offered = cast("list[object]", list(options.values()) if isinstance(options, dict) else options)
    element = options_type(offered)
    return f"{element}[]" if element is not None and isinstance(widget.value, list) else element


def _steps(widget: Any) -> Steps | None:
    """Return the steps of a slider."""
    start, end, step = (getattr(widget, name, None) for name in ("start", "end", "step"))
    if isinstance(start, dt.datetime) and not isinstance(step, dt.timedelta):  # milliseconds
        step = dt.timedelta(milliseconds=step) if isinstance(step, int | float) else None
        return None if step is None else Steps.between(start, end, step)
    return Steps.between(start, end, step)


def label_to_title(label: str) -> str:
    """Return a variable's name as a person would write it.

    Example:
        >>> label_to_title("bar_minutes")
        'Bar minutes'
    """
    words = label.replace("_", " ").strip()
    return words[:1].upper() + words[1:]


def widget_of(thing: object) -> Any | None:
    """Return a thing if it is a Panel widget with a value, else None."""
    return thing if isinstance(thing, WidgetBase) and "value" in thing.param else None
