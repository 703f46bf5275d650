"""The dialog that saves the page as an app."""

import html
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import panel as pn

from dataapp.app.sessions import call_later
from dataapp.errors import DataAppError, FileTakenError, NotSavedError
from dataapp.runtime.session import Session
from dataapp.views.faults import FAULT_STYLE, error_to_fault

_FILE = "explore.py"
_ARRIVES = 0.1  # seconds after Enter or a click in which Panel hands over what was typed just before
_STYLE = """
.saved { font-size: 13px; line-height: 1.6; } code { font: 12px ui-monospace, monospace; user-select: all; }
"""


class SaveDialog:
    """Asks for a file and writes the app into it; a file that is there is replaced only when that is asked for.

    Args:
        session: Runs the writing.
        folder: Where relative names start.
        save: Writes the app to a path under a title, over another file if the last argument says so, and returns where
            it is.
    """

    def __init__(self, session: Session, folder: Path, save: Callable[[Path, str, bool], Path]) -> None:
        self._session = session
        self._folder = folder
        self._save = save
        self._is_writing = False
        self._changed: Sequence[str] = ()
        self._suggested = ""
        self._answered: str | None = None  # the name that the message is about
        self._title = pn.ui.TextInput(label="Title", sizing_mode="stretch_width", margin=(8, 0))
        self._path = pn.ui.TextInput(label="File", value=_FILE, sizing_mode="stretch_width", margin=(8, 0))
        self._path.param.watch(lambda *_: self._renamed(), ["value_input", "value"])
        self._title.on_event("enter", lambda event: self._ask(title=_in_field(event)))
        self._path.on_event("enter", lambda event: self._ask(name=_in_field(event)))
        self._message = pn.pane.HTML("", margin=(8, 0), sizing_mode="stretch_width", stylesheets=[FAULT_STYLE, _STYLE])
        self._save_button = pn.ui.Button(label="Save", color="primary", margin=0)
        self._save_button.on_click(lambda _: self._ask())
        self._replace_button = pn.ui.Button(label="Replace it", color="error", visible=False, margin=0)
        self._replace_button.on_click(lambda _: self._ask(overwrite=True))
        buttons = pn.Row(self._save_button, self._replace_button, margin=(8, 0))
        self.view: Any = pn.ui.Dialog(
            self._title,
            self._path,
            self._message,
            buttons,
            title="Save as app",
            show_close_button=True,
            close_on_click=True,
            width_option="sm",
        )

    def open(self, title: str, changed: Sequence[str] = ()) -> None:
        """Show the dialog.

        Args:
            title: What the app may be called, unless its file has a name that says so.
            changed: The queries whose texts have not run as they stand.
        """
        self._suggested = title
        self._changed = changed
        self._again()
        self.view.open = True

    def _renamed(self) -> None:
        if _typed(self._path) != self._answered:  # else it is what was asked for, which arrives after its answer
            self._again()

    def _again(self) -> None:
        self._answered = None
        self._replace_button.visible = False
        self._title.placeholder = self._default_title(_typed(self._path))
        said = f"In <code>{html.escape(str(self._folder))}</code>"
        if self._changed:
            names = ", ".join(f"<code>{html.escape(name)}</code>" for name in self._changed)
            said += f"<br>Changed since it ran, and saved as it ran last: {names}"
        self._message.object = f"<div class='saved'>{said}</div>"

    def _default_title(self, name: str) -> str:
        return self._suggested if name == _FILE else name_to_words(Path(name).stem) or self._suggested

    def _ask(self, *, name: str | None = None, title: str | None = None, overwrite: bool = False) -> None:
        """Save as soon as what was typed is here; Enter brings along what is in its field."""
        if self._is_writing:
            return
        self._is_writing = True  # not the button's own sign of it: that takes the focus, and Escape would not close
        call_later(_ARRIVES, lambda: self._write(name, title, overwrite=overwrite))

    def _write(self, name: str | None, title: str | None, *, overwrite: bool) -> None:
        name = _typed(self._path) if name is None else name
        title = (_typed(self._title) if title is None else title) or self._default_title(name)
        self._answered = name
        if not name:
            self._failed(NotSavedError("The file has no name.", hint=f"call it `{_FILE}`, say"))
            return
        path = _located(self._folder, name)
        self._session.submit(lambda _: self._save(path, title, overwrite), self._saved, self._failed)

    def _saved(self, path: Path) -> None:
        self._is_writing = False
        self._replace_button.visible = False
        name = path.relative_to(self._folder) if path.is_relative_to(self._folder) else path
        said = f"Saved. Serve it with <code>panel serve {html.escape(_quoted(str(name)))}</code>"
        self._message.object = f"<div class='saved' role='status'>{said}</div>"

    def _failed(self, error: Exception) -> None:
        self._is_writing = False
        self._replace_button.visible = isinstance(error, FileTakenError)
        cell = error.cell if isinstance(error, DataAppError) else None
        fault = error_to_fault(error, cell or "Saving", None, is_author=True)
        self._message.object = (fault if cell else replace(fault, title="Saving failed")).to_html()


def _located(folder: Path, typed: str) -> Path:
    """Return where a typed name lies; one below a home folder is left for saving to look up, or to refuse."""
    return Path(typed) if typed.startswith("~") else folder / typed


def name_to_words(name: str) -> str:
    """Return a name as people write it.

    Example:
        >>> name_to_words("busy_symbols"), name_to_words("top-10")
        ('Busy symbols', 'Top 10')
    """
    words = " ".join(name.replace("_", " ").replace("-", " ").split())
    return words[:1].upper() + words[1:]


def _in_field(event: Any) -> str:
    return event.data["target"]["value"].strip()


def _typed(field: Any) -> str:
    return (field.value if field.value_input is None else field.value_input).strip()


def _quoted(path: str) -> str:
    return f'"{path}"' if " " in path else path
