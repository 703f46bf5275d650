"""A page whose server hears nothing for a while."""

from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Page

HOLD = """() => {
    const send = WebSocket.prototype.send;
    const held = [];
    let isHolding = false;
    WebSocket.prototype.send = function (...data) {
        if (isHolding) held.push([this, data]);
        else send.apply(this, data);
    };
    window.hold = () => (isHolding = true);
    window.letGo = () => {
        isHolding = false;
        for (const [to, data] of held.splice(0)) send.apply(to, data);
    };
}"""
"""To be evaluated on the page before `unheard`."""


@contextmanager
def unheard(page: Page) -> Iterator[None]:
    """Hold back what the page says, until the block ends."""
    page.evaluate("hold()")
    yield
    page.evaluate("letGo()")
