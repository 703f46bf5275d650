"""What components in the browser share: a bundle that is there, and messages in both directions."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from dataapp.errors import DataAppError
from dataapp.views.nearing import hear


class Messenger:
    """The half of a `JSComponent` that sends and receives; mix it in before the component.

    The module of a component is imported before any page is rendered that may show it later: a page knows no kind of
    component that did not exist when it was loaded.
    """

    def __init__(self, receive: Callable[[object], None], **params: Any) -> None:
        super().__init__(**params)
        self._receive = receive

    def send(self, message: dict[str, object]) -> None:
        """Send a message to every page that shows this component."""
        component: Any = self
        component._send_msg(message)

    def _handle_msg(self, data: Any) -> None:
        if not hear(data):
            self._receive(data)


def check_bundle(bundle: Path, what: str) -> None:
    """Refuse to show a component that was not built: Panel would leave the whole page empty.

    Raises:
        DataAppError: The bundle is not there.
    """
    if not bundle.is_file():
        raise DataAppError(f"The front-end of {what} is not built.", hint="run `make frontend` in the checkout")
