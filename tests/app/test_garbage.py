"""What the garbage collector is spared, in a process of its own: it cannot be taken back for some objects only."""

import asyncio
import gc
import subprocess
import sys
import weakref
from collections.abc import Iterator
from contextvars import Context, ContextVar

import pytest

from dataapp.app import garbage
from dataapp.app.garbage import FullCollections

SCRIPT = """
import gc, weakref
from dataapp.app.garbage import Sparing

class Knot:
    def __init__(self):
        self.own = self

def is_collected(knot):
    gc.collect()
    return knot() is None

gc.collect()
sparing, first, second = Sparing(), Knot(), Knot()
sparing.opened(first)
assert gc.get_freeze_count() > 1_000 > len(gc.get_objects()), "what is there is left out"

seen = weakref.ref(second)
sparing.opened(second)
sparing.closed(second)
later = weakref.ref(Knot())
assert is_collected(later), "what comes later is collected"
assert gc.get_freeze_count() > 1_000, "only the first session counts"
del second
assert not is_collected(seen), "what was left out is not"

seen_first = weakref.ref(first)
sparing.closed(first)
del first
assert is_collected(seen_first) and seen() is None, "what the first session made is collected when it has ended"
assert gc.get_freeze_count() < 1_000

third = Knot()
sparing.opened(third)
assert gc.get_freeze_count() < 1_000, "others are open"
gone = weakref.ref(third)
sparing.closed(third)
assert not sparing.emptied() and gc.get_freeze_count() < 1_000, "what is still held of a session is not left out"
del third
assert sparing.emptied()
assert gone() is None and gc.get_freeze_count() > 1_000, "without sessions, what all shared is left out"

sparing.renew()
made = gc.get_freeze_count()
fourth, fifth = Knot(), Knot()
sparing.opened(fourth)
sparing.opened(fifth)
held = [Knot() for _ in range(100)]
sparing.renew()
assert gc.get_freeze_count() > made, "in a quiet moment, what sessions have made by then is left out"
seen_held = weakref.ref(held[0])
del held
assert not is_collected(seen_held)
sparing.closed(fourth)
assert is_collected(seen_held) and gc.get_freeze_count() < 1_000, "one of them has ended"
sparing.renew()
seen_fourth = weakref.ref(fourth)
del fourth
assert not is_collected(seen_fourth), "something held it when it had ended"
sparing.renew()
assert seen_fourth() is None, "that is looked at again"

old = [Knot() for _ in range(100)]
sparing.renew()
seen_old = weakref.ref(old[0])
del old
sparing.renew()
assert seen_old() is not None
many = [Knot() for _ in range(gc.get_freeze_count())]
sparing.renew()
sparing.renew()
assert seen_old() is None, "with a quarter more, all is looked at again, though no session has ended"
print("spared")
"""


def test_what_all_share_is_spared_and_what_sessions_make_is_collected():
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=False, timeout=60)
    assert (done.stdout, done.stderr) == ("spared\n", "")


@pytest.fixture
def full(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Note every full collection; the collector's thresholds are low, and are given back."""
    monkeypatch.setattr(garbage, "_EVERY", 0.01)
    seen: list[str] = []

    def note(phase: str, info: dict[str, int]) -> None:
        if phase == "start" and info["generation"] == 2:
            seen.append(phase)

    before = gc.get_threshold()
    gc.set_threshold(50, 2, 3)
    gc.callbacks.append(note)
    yield seen
    gc.callbacks.remove(note)
    gc.set_threshold(*before)


def _make_garbage() -> None:
    kept = [[[]] for _ in range(2_000)]
    assert kept


async def test_full_collections_wait_until_all_is_quiet(full: list[str]) -> None:
    is_quiet = False
    collections = FullCollections(lambda: is_quiet)
    loop = asyncio.get_running_loop()
    collections.begin(loop)
    collections.begin(loop)
    assert gc.get_threshold() == (50, 2, 100)
    gc.collect()
    full.clear()
    _make_garbage()
    assert gc.get_count()[2] >= 3
    await asyncio.sleep(0.1)
    assert full == []

    is_quiet = True
    await asyncio.sleep(0.1)
    assert full == ["start"]  # once: there is nothing more to collect

    collections.end()
    assert gc.get_threshold() == (50, 2, 3)
    _make_garbage()
    full.clear()
    gc.set_threshold(50, 2, 1000)
    _make_garbage()
    await asyncio.sleep(0.1)
    assert full == []


@pytest.mark.usefixtures("full")
def test_collections_that_were_never_put_off_can_end() -> None:
    FullCollections(lambda: True).end()
    assert gc.get_threshold() == (50, 2, 3)


@pytest.mark.usefixtures("full")
async def test_what_puts_collections_off_holds_nothing_of_the_session_that_began_it() -> None:
    class Session:
        pass

    current: ContextVar[Session | None] = ContextVar("current", default=None)
    collections, loop = FullCollections(lambda: False), asyncio.get_running_loop()

    def begin() -> weakref.ref[Session]:
        session = Session()
        current.set(session)
        collections.begin(loop)
        return weakref.ref(session)

    gone = Context().run(begin)
    await asyncio.sleep(0.05)
    gc.collect()
    assert gone() is None
    collections.end()
