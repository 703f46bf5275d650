"""What the garbage collector is spared, in a process of its own: it cannot be taken back for some objects only."""

import subprocess
import sys

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
print("spared")
"""


def test_what_all_share_is_spared_and_what_sessions_make_is_collected():
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=False, timeout=60)
    assert (done.stdout, done.stderr) == ("spared\n", "")
