"""What is ready at the same moment is done in turns, and frames of websockets do not wait for each other."""

import asyncio
from types import SimpleNamespace

from dataapp.app.pacing import pace, turn


class Handler:
    """Stands for the handler of a websocket."""

    def __init__(self) -> None:
        self.ws_connection: object | None = object()
        self.has_delay = True
        self.heard: list[str | bytes] = []

    def set_nodelay(self, value: bool) -> None:
        self.has_delay = not value

    async def on_message(self, message: str | bytes) -> None:
        self.heard.append(message)


def context_of(*handlers: Handler) -> SimpleNamespace:
    connections = [SimpleNamespace(_socket=handler) for handler in handlers]
    return SimpleNamespace(session=SimpleNamespace(_subscribed_connections=connections))


def test_no_two_pieces_of_work_share_a_turn_of_the_loop():
    async def run() -> list[int]:
        turns_of_loop = 0
        worked_in: list[int] = []

        async def count() -> None:
            nonlocal turns_of_loop
            while True:
                await asyncio.sleep(0)
                turns_of_loop += 1

        async def work() -> None:
            await turn()
            worked_in.append(turns_of_loop)

        counting = asyncio.create_task(count())
        await asyncio.gather(*(work() for _ in range(8)))
        counting.cancel()
        return worked_in

    worked_in = asyncio.run(run())
    assert len(set(worked_in)) == 8


def test_messages_of_a_websocket_are_taken_in_turn_and_in_their_order():
    handler, other = Handler(), Handler()
    for _ in range(2):  # each answer comes by here
        pace(context_of(handler, other))
    receive = handler.on_message

    async def run() -> None:
        await asyncio.gather(other.on_message(b"x"), *(receive(text) for text in "abc"))

    asyncio.run(run())
    assert handler.heard == ["a", "b", "c"]
    assert other.heard == [b"x"]
    assert not handler.has_delay
    pace(context_of(handler))
    assert handler.on_message is receive


def test_a_websocket_that_is_closing_and_a_page_without_one_are_left_alone():
    closing = Handler()
    closing.ws_connection = None
    pace(context_of(closing))
    pace(SimpleNamespace())
    pace(None)
    assert closing.has_delay
    assert "on_message" not in vars(closing)
