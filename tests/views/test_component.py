"""What pages of a notebook say is taken where their component was made."""

import asyncio
import threading
from typing import Any

import param

from dataapp.views.component import Messenger


class Bare(param.Parameterized):
    """Stands for the component that messages are mixed into."""


class Heard(Messenger, Bare):
    pass


def test_a_message_that_comes_in_another_thread_is_taken_where_the_component_was_made() -> None:
    async def run() -> list[tuple[object, threading.Thread]]:
        heard: list[tuple[object, threading.Thread]] = []
        component: Any = Heard(lambda data: heard.append((data, threading.current_thread())))
        component._handle_msg("here")
        await asyncio.to_thread(component._handle_msg, "away")
        await asyncio.sleep(0)
        return heard

    assert asyncio.run(run()) == [("here", threading.current_thread()), ("away", threading.current_thread())]


def test_a_component_that_was_made_without_a_loop_takes_messages_at_once() -> None:
    heard: list[object] = []
    component: Any = Heard(heard.append)
    component._handle_msg("now")
    assert heard == ["now"]
