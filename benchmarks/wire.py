"""What travels to a page in a browser."""

from playwright.sync_api import Page, Request, WebSocket


class Wire:
    """Counts what a page receives over its websocket; and beside it, what it fetches of some kind.

    Args:
        page: The page, before it is opened.
        fetched: A part of the addresses that count, too: of frameworks that hand rows out as files.

    Attributes:
        received: The bytes of the websocket.
    """

    def __init__(self, page: Page, fetched: str | None = None) -> None:
        self.received = 0
        self._fetched = fetched
        self._requests: list[Request] = []
        page.on("websocket", self._listen)
        page.on("requestfinished", self._note)

    def total(self) -> int:
        """Return all bytes so far."""
        return self.received + sum(request.sizes()["responseBodySize"] for request in self._requests)

    def _listen(self, socket: WebSocket) -> None:
        socket.on("framereceived", self._count)

    def _count(self, payload: str | bytes) -> None:
        self.received += len(payload)

    def _note(self, request: Request) -> None:
        if self._fetched is not None and self._fetched in request.url:
            self._requests.append(request)
