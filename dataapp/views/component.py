"""What components in the browser share: a bundle that is there, and messages in both directions."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import panel as pn

from dataapp.errors import DataAppError


class Messenger:
    """The half of a `JSComponent` that sends and receives; mix it in before the component.

    The module of a component is imported before any page is rendered that may show it later: a page knows no kind of
    component that did not exist when it was loaded.

    A kernel may take what pages say in a thread of its own while cells run. A message to a page is several to its
    socket, and two threads that send at once would mix them up, so that it is taken where the component was made.
    """

    def __init__(self, receive: Callable[[object], None], **params: Any) -> None:
        super().__init__(**params)
        self._receive = receive
        self._home = _running_loop()

    def send(self, message: dict[str, object]) -> None:
        """Send a message to every page that shows this component."""
        component: Any = self
        component._send_msg(message)

    def _handle_msg(self, data: Any) -> None:
        home, document = self._home, pn.state.curdoc
        is_served = document is not None and document.session_context is not None  # and is locked
        if home is None or is_served or _running_loop() is home:
            self._receive(data)
        else:
            home.call_soon_threadsafe(self._receive, data)


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


def check_bundle(bundle: Path, what: str) -> None:
    """Refuse to show a component that was not built: Panel would leave the whole page empty.

    Raises:
        DataAppError: The bundle is not there.
    """
    if not bundle.is_file():
        raise DataAppError(f"The front-end of {what} is not built.", hint="run `make frontend` in the checkout")
