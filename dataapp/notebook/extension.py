"""What makes IPython know cells: importing the package in a notebook starts it, ``%load_ext dataapp`` adds magics."""

from typing import Any
from weakref import WeakKeyDictionary

import panel as pn
from panel.config import panel_extension

from dataapp.cells import host
from dataapp.notebook import display, rebinding
from dataapp.notebook.completion import make_matcher
from dataapp.notebook.magics import SqlMagics
from dataapp.views import kernel

_started: WeakKeyDictionary[Any, Any] = WeakKeyDictionary()  # by shell
_matchers: WeakKeyDictionary[Any, Any] = WeakKeyDictionary()


def start(shell: Any) -> None:
    """Let a shell display cells live and follow names that are bound anew; again does nothing.

    Args:
        shell: IPython's.
    """
    if shell in _started:
        return
    _started[shell] = rebinding.watch(shell)
    if not hasattr(shell, "kernel"):  # a prompt displays no more than text
        return
    host.install(display.NotebookHost())
    display.install(shell.display_formatter.mimebundle_formatter)
    if not panel_extension._loaded:
        pn.extension()
    kernel.install(shell.kernel)


def load(shell: Any) -> None:
    """Start, and add the magics and their completion."""
    start(shell)
    if shell in _matchers:
        return
    shell.register_magics(SqlMagics)
    _matchers[shell] = make_matcher(shell)
    shell.Completer.custom_matchers.append(_matchers[shell])


def unload(shell: Any) -> None:
    """Take the magics away; displays stay live."""
    if (matcher := _matchers.pop(shell, None)) is None:
        return
    shell.Completer.custom_matchers.remove(matcher)
    for kind in ("line", "cell"):
        shell.magics_manager.magics[kind].pop("sql", None)
