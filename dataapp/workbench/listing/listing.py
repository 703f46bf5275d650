"""The list of tables and of past queries, as a Panel object."""

from collections.abc import Callable
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any, ClassVar, Literal

import param
from panel.custom import JSComponent

from dataapp.errors import DataAppError

type Action = Literal["open", "insert", "recall"]

_BUNDLE = Path(__file__).parent / "listing.bundle.js"
_ACTIONS: dict[str, Action] = {"open": "open", "insert": "insert", "recall": "recall"}


@dataclass(frozen=True, slots=True)
class Wish:
    """What a reader asks for.

    Attributes:
        action: ``open`` shows a table in a query of its own, ``insert`` puts a name into the text that is written,
            ``recall`` brings a past query back.
        text: The name, or the text of the past query.
    """

    action: Action
    text: str


class Listing(JSComponent):
    """Tables with their columns, what could not be read, and past queries; everything in it is text.

    Tables come as ``{"name", "columns": [{"name", "type"}], "detail", "where"}``, faults as ``{"where", "message",
    "hint"}``, past queries as ``{"text", "detail"}``, the latest first.

    Example:
        >>> listing = Listing(lambda wish: print(wish.action, wish.text), tables=[{"name": "trades", "columns": []}])
        >>> listing._handle_msg({"type": "open", "text": "trades"})
        open trades
    """

    tables = param.List(default=[], item_type=dict, doc="The tables, in the order in which they are listed.")
    faults = param.List(default=[], item_type=dict, doc="What could not be read, and why.")
    past = param.List(default=[], item_type=dict, doc="Queries that were run, the latest first.")

    _bundle: ClassVar[str | PathLike[str] | None] = _BUNDLE

    def __init__(self, wished: Callable[[Wish], object], **params: Any) -> None:
        if not _BUNDLE.is_file():  # Panel would leave the whole page empty
            raise DataAppError(
                "The front-end of the list of tables is not built.", hint="run `make frontend` in the checkout"
            )
        super().__init__(**params)
        self._wished = wished

    def _handle_msg(self, data: Any) -> None:
        match data:
            case {"type": str(kind), "text": str(text)} if kind in _ACTIONS:
                self._wished(Wish(_ACTIONS[kind], text))
            case _:  # a browser may say anything
                return
