"""A process that ends while queries run ends as if none did."""

import subprocess
import sys

SCRIPT = """
from time import sleep
import dataapp as da
from dataapp.app.sessions import current_session

many = "SELECT sum(sqrt(a.range * b.range)) AS n FROM range(4_000_000) a, range({rows}) b"
session = current_session()
demands = [session.demand(da.sql(many.format(rows=rows)), "frame") for rows in (100_000, 200_000)]
while not all(demand.look().is_running for demand in demands):
    sleep(0.01)
sleep(1.5)
print("ends", flush=True)
"""


def test_a_script_ends_while_queries_of_minutes_run() -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "ends\n", "")
