"""What the garbage collector is spared, in a process of its own: it cannot be taken back for some objects only."""

import subprocess
import sys

SCRIPT = """
import gc, weakref
from dataapp.app.garbage import spare_what_is_imported

class Knot:
    def __init__(self):
        self.own = self

before = gc.get_freeze_count()
spare_what_is_imported()
spared = gc.get_freeze_count()
assert spared > before + 1_000, spared
assert len(gc.get_objects()) < 1_000

knot = weakref.ref(Knot())
gc.collect()
assert knot() is None, "what is made later is collected"

later = Knot()
spare_what_is_imported()
assert gc.get_freeze_count() <= spared, "only once"
print("spared")
"""


def test_what_is_imported_is_spared_once_and_what_is_made_later_is_collected():
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=False, timeout=60)
    assert (done.stdout, done.stderr) == ("spared\n", "")
