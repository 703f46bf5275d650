"""A scan for several queries runs as long as anybody wants a part of it."""

import threading
from time import monotonic, sleep

import pytest

from dataapp.engines.consolidation import Scans
from dataapp.engines.duckdb import DuckDB
from dataapp.engines.relation import Relation
from dataapp.errors import Cancelled

LONG = "SELECT {} FROM range(10000000) AS a(i), range(10000000) AS b(i) WHERE a.i <> b.i"


@pytest.fixture
def engine() -> DuckDB:
    engine = DuckDB(cube_bytes=0)
    engine.scans = Scans(engine, worth=0.0)
    with relation(engine, "SELECT 1 AS one").open() as reader:
        reader.fetch()  # from now on something is known of what these sources take
    return engine


def relation(engine: DuckDB, text: str) -> Relation:
    return Relation(text, key=text, engine=engine, is_versioned=True, base="numbers")


def test_the_last_one_who_gives_up_stops_the_scan(engine: DuckDB) -> None:
    wanted = [relation(engine, LONG.format(call)) for call in ("sum(a.i) AS n", "max(b.i) AS n")]
    expected = [engine.scans.expect(one) for one in wanted]
    readers = [one.open() for one in wanted]
    stopped: list[int] = []

    def fetch(at: int) -> None:
        with pytest.raises(Cancelled):
            readers[at].fetch()
        stopped.append(at)

    threads = [threading.Thread(target=fetch, args=(at,)) for at in range(2)]
    threads[0].start()
    until = monotonic() + 10
    while not (flights := _flights(engine)) and monotonic() < until:
        sleep(0.01)
    assert flights == 2
    threads[1].start()
    expected[1].drop()
    readers[1].cancel()
    threads[1].join(10)
    assert stopped == [1]
    expected[0].drop()
    readers[0].cancel()
    threads[0].join(10)
    assert stopped == [1, 0]
    for reader in readers:
        reader.close()
    assert len(engine.kept) == 0
    assert engine.scans.count == 0


def _flights(engine: DuckDB) -> int:
    """How many queries wait for a scan."""
    expected = list(engine.scans._expected.values())  # pyright: ignore[reportPrivateUsage]
    return sum(one.flight is not None and one.flight.reader is not None for one in expected)
