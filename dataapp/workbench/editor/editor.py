"""The SQL editor as a Panel object: its text, what it may offer, and what is wrong with it."""

from collections.abc import Callable
from os import PathLike
from pathlib import Path
from typing import Any, ClassVar

import param
from panel.custom import JSComponent

from dataapp.errors import DataAppError

_BUNDLE = Path(__file__).parent / "editor.bundle.js"


class SqlEditor(JSComponent):
    """An editor for one query, which completes names from the schema in the browser.

    Ctrl-Enter, Cmd-Enter and Shift-Enter run the query. Columns and functions come as

    ``{"tables": [{"name", "columns": [{"name", "type"}], "kind": "table" or "query", "detail": "1,234 rows"}],
    "functions": [{"name", "signature", "description", "kind"}], "parameters": [{"name", "detail"}]}``

    where functions of the kind "table" are also offered behind FROM. Diagnostics come as

    ``{"line": 1, "column": 8, "endColumn": 14, "message": "...", "severity": "error"}``

    with places that count from 1; without an `endColumn`, the word there is marked.

    Example:
        >>> editor = SqlEditor(value="FROM trades")
        >>> editor.on_run(lambda text: print("run:", text))
        >>> editor._handle_msg({"type": "run", "text": "FROM trades LIMIT 5"})
        run: FROM trades LIMIT 5
        >>> editor.value
        'FROM trades LIMIT 5'
    """

    value = param.String(default="", doc="The text; follows typing, and may be set.")
    schema = param.Dict(default={}, doc="Tables, functions and parameters that completion offers.")
    diagnostics = param.List(default=[], item_type=dict, doc="What is wrong with the text, and where.")
    busy = param.Boolean(default=False, doc="Whether to show that a query runs.")
    label = param.String(default="SQL", doc="What assistive technology calls the editor.")
    min_lines = param.Integer(default=4, bounds=(1, None), doc="Lines that there is room for at least.")
    max_lines = param.Integer(default=20, bounds=(1, None), doc="Lines beyond which the text scrolls.")

    _bundle: ClassVar[str | PathLike[str] | None] = _BUNDLE

    def __init__(self, **params: Any) -> None:
        if not _BUNDLE.is_file():  # Panel would leave the whole page empty
            raise DataAppError(
                "The front-end of the SQL editor is not built.", hint="run `make frontend` in the checkout"
            )
        super().__init__(**params)
        self._run_callbacks: list[Callable[[str], object]] = []

    def on_run(self, callback: Callable[[str], object]) -> None:
        """Call back with the whole text whenever the reader runs it; `value` is that text by then."""
        self._run_callbacks.append(callback)

    def insert(self, text: str) -> None:
        """Put text in the place of the selection, or at the cursor, and focus the editor."""
        self._send_msg({"type": "insert", "text": text})

    def _handle_msg(self, data: Any) -> None:
        match data:
            case {"type": "say", "text": str(text)}:  # before what was clicked arrives
                self.value = text
            case {"type": "run", "text": str(text)}:
                self.value = text
                for callback in self._run_callbacks:
                    callback(text)
            case _:  # a browser may say anything
                return
