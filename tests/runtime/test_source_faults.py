"""Files that others replace, cut short, append to, delete and write again, while several sessions read them.

A writer changes the files at random, and notes before each change what the query gives of the files as they will be:
asked by DuckDB itself, of a copy that nobody touches. Each value that a session shows must be among those, which a
mixture of two states is not; what is no value must be an error of ours. When the writer has stopped and a session was
refreshed, it must show what the last state gives.
"""

import itertools
import os
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import duckdb
import polars as pl
import pyarrow as pa
import pytest

from dataapp.cache.results import Results
from dataapp.cells.cell import Cell
from dataapp.cells.input import InputCell
from dataapp.cells.namespace import Namespace
from dataapp.cells.python import cell
from dataapp.cells.source import SourceCell
from dataapp.cells.sql import SqlCell, sql
from dataapp.connect.frames import to_polars
from dataapp.engines.duckdb import DuckDB, Reader
from dataapp.engines.relation import Relation
from dataapp.errors import DataAppError
from dataapp.runtime.frames import Frame
from dataapp.runtime.outcomes import Blocked, Done, Failed, Outcome
from dataapp.runtime.pool import ThreadPool
from dataapp.runtime.session import Demand, Session
from tests.runtime.bench import knob, place

SESSIONS = 3
CHANGES = 30
PAUSE = 0.01  # seconds between two changes, so that a wave or two fit in between
ROWS = 600  # several row groups
COLUMNS: dict[str, object] = {"header": True, "columns": {"n": "BIGINT", "k": "BIGINT"}}
FACTS = "count(*) AS c, min(n)::VARCHAR AS low, max(n)::VARCHAR AS high, sum(k)::BIGINT AS s"
READERS = {"parquet": "parquet", "csv": "csv", "jsonl": "json"}
APPENDED = {"csv", "jsonl"}

type Facts = tuple[object, ...]


def rows(number: int, count: int) -> pl.DataFrame:
    """Rows that all hold one number, so that rows of two states show."""
    return pl.DataFrame({"n": [number] * count, "k": range(count)})


def write(frame: pl.DataFrame, path: Path) -> None:
    """Write a frame in the format that the file's ending tells."""
    match path.suffix:
        case ".parquet":
            frame.write_parquet(path, row_group_size=200)
        case ".csv":
            frame.write_csv(path)
        case ".jsonl":
            frame.write_ndjson(path)
        case _:
            frame.write_ipc(path)


@dataclass(frozen=True, slots=True)
class Change:
    """One change of one file, and what the query gives of all files from then on: None where they give no value."""

    do: Callable[[], object]
    gives: Facts | None


def reading(ending: str, location: object, options: dict[str, object]) -> str:
    """Return the table function's call that reads files."""
    said = "".join(f", {name} = {value}" for name, value in options.items())
    return f"read_{READERS[ending]}({location!r}{said})"


class Writer:
    """Plans changes of the files in a folder, and makes them later.

    Args:
        folder: Has room for the files that sessions read, and for copies of them.
        ending: Tells the format.
        names: Of the files, without their ending.
        seed: Decides the changes.
    """

    def __init__(self, folder: Path, ending: str, names: list[str], seed: int) -> None:
        self.live, self._copy = folder / "live", folder / "copy"
        self.ending = ending
        self._names = names
        # Finding out how files are written takes most of the time that it takes to read them: once is enough.
        self.options = COLUMNS if ending == "csv" and len(names) > 1 else {}
        self._numbers = itertools.count(1)
        self._chance = random.Random(seed)
        self._raw = duckdb.connect()
        self.live.mkdir()
        self._copy.mkdir()
        self.first = self._replace_all()

    def plan(self) -> list[Change]:
        """Return changes of all kinds; after the last one, the files give a value."""
        ways = [self._replace, self._replace, self._delete, self._cut] + [self._append] * (
            2 * (self.ending in APPENDED)
        )
        changes = [self._chance.choice(ways)(self._chance.choice(self._names)) for _ in range(CHANGES)]
        return [*changes, *self._replace_all()]

    def pause(self, viewers: "list[Viewer]") -> None:
        """Let what is shown follow, or the next change come while it is on its way."""
        if self._chance.random() < 0.5:
            viewers[0].is_seen.clear()
            viewers[0].is_seen.wait(10 * PAUSE)

    def _replace_all(self) -> list[Change]:
        return [self._replace(name) for name in self._names]

    def _replace(self, name: str) -> Change:
        """Let a file appear whole, in place of the one before or of none."""
        write(rows(next(self._numbers), ROWS), self._path(name, self._copy))
        content, written_at = self._path(name, self._copy).read_bytes(), next(self._numbers)

        def do() -> None:
            new = self._path(name).with_suffix(".new")
            new.write_bytes(content)
            os.utime(new, ns=(written_at, written_at))  # long ago, so that sessions share what they read
            new.rename(self._path(name))

        return Change(do, self._gives())

    def _delete(self, name: str) -> Change:
        self._path(name, self._copy).unlink(missing_ok=True)
        return Change(lambda: self._path(name).unlink(missing_ok=True), self._gives())

    def _cut(self, name: str) -> Change:
        """Cut a file short where it lies; one that is not there is written anew."""
        copy = self._path(name, self._copy)
        if not copy.exists():
            return self._replace(name)
        size = self._chance.randrange(copy.stat().st_size + 1)
        os.truncate(copy, size)
        return Change(lambda: os.truncate(self._path(name), size), self._gives())

    def _append(self, name: str) -> Change:
        """Append whole lines in one go; a file that is not there is written anew."""
        copy = self._path(name, self._copy)
        if not copy.exists():
            return self._replace(name)
        write(rows(next(self._numbers), 100), lines := self._path("lines", self.live.parent))
        text = lines.read_bytes()
        text = text.partition(b"\n")[2] if self.ending == "csv" else text

        def append(path: Path) -> None:
            with path.open("ab", buffering=0) as file:
                file.write(text)

        append(copy)
        return Change(lambda: append(self._path(name)), self._gives())

    def _path(self, name: str, folder: Path | None = None) -> Path:
        return (folder or self.live) / f"{name}.{self.ending}"

    def _gives(self) -> Facts | None:
        """Return what DuckDB says of the copies, or None where it refuses."""
        files = sorted(map(str, self._copy.iterdir()))
        try:
            if self.ending == "arrow":
                self._raw.register("t", pa.concat_tables(pa.ipc.open_file(file).read_all() for file in files))
            else:
                self._raw.execute(f"CREATE OR REPLACE VIEW t AS FROM {reading(self.ending, files, self.options)}")
            return self._raw.execute(f"SELECT {FACTS} FROM t").fetchone()
        except (duckdb.Error, pa.ArrowException, ValueError, OSError):
            return None


class HesitantDuckDB(DuckDB):
    """An engine that waits a moment before a query, so that files change between the look at them and their reading."""

    def read(self, relation: Relation) -> Reader:
        reader = super().read(relation)
        time.sleep(PAUSE * random.random())
        return reader


class Viewer:
    """A session that shows what the files give, in several ways."""

    def __init__(self, engine: DuckDB, pool: ThreadPool, cells: list[Cell], turned: InputCell) -> None:
        self.session = Session(engine, pool.lane())
        self.turned = turned
        self.shown: list[tuple[int, Outcome]] = []
        self.told, self.is_seen = threading.Event(), threading.Event()
        self.demands: list[Demand] = []
        for one in cells:
            self.demands.append(self.session.demand(one, form_of(one), self.look))

    def look(self) -> None:
        """Note what is shown."""
        for index, demand in enumerate(self.demands):
            if (outcome := demand.look().outcome) is not None:
                self.shown.append((index, outcome))
        if self.session.is_settled:
            self.is_seen.set()
        self.told.set()

    def move_until(self, is_over: threading.Event) -> None:
        """Start one wave after another: by an input, or by a look at the sources."""
        for number in itertools.count():
            if number % 2:
                self.session.set(self.turned, number)
            else:
                self.session.refresh()
            if number % 4:  # some waves come before the one before has ended
                self.wait_until_settled(is_over)
            if is_over.wait(PAUSE / 2):
                return

    def settle(self) -> list[Outcome | None]:
        """Refresh, and return what is shown when nothing is under way."""
        self.session.refresh()
        self.wait_until_settled(threading.Event())
        return [demand.look().outcome for demand in self.demands]

    def wait_until_settled(self, is_over: threading.Event) -> None:
        for _ in range(1000):
            if self.session.is_settled or is_over.is_set():
                return
            self.told.wait(0.05)
            self.told.clear()
        raise AssertionError("a session is stuck")


def form_of(one: Cell) -> Any:
    return "frame" if isinstance(one, SqlCell) else "value"


def cells_over(writer: Writer, location: str) -> tuple[list[Cell], InputCell]:
    """Cells that read the files: as a source, by name in SQL, through a function, and twice in one query."""
    source = SourceCell(location, place(writer.live), options=writer.options, name="source")
    turned = knob(0, "INTEGER", name="turned")
    plain = sql(f"SELECT {FACTS} FROM source", source=source)
    moved = sql(f"SELECT {FACTS} FROM source WHERE coalesce(k >= 0, true) OR k = $turned", source=source, turned=turned)
    kept = sql("SELECT n, k FROM source", source=source, materialize=True)
    both = sql(f"SELECT {FACTS} FROM (FROM kept UNION ALL SELECT n, k FROM source)", kept=kept, source=source)

    @cell(source=source)
    def asked(source: pl.DataFrame) -> Facts:
        return (source.height, str(source["n"].min()), str(source["n"].max()), source["k"].cast(pl.Int64).sum())

    found: list[Cell] = [plain, moved, both, cast("Cell", asked)]
    if writer.ending != "arrow":  # which the engine does not read itself
        namespace = Namespace("faults", writer.live / "app.py", 1, {}, {"turned": turned})
        read = reading(writer.ending, location, writer.options) if writer.options else repr(location)
        text = f"SELECT {FACTS} FROM {read} WHERE coalesce(k >= 0, true) OR k = $turned"
        found.append(SqlCell(text, namespace, on=None, materialize="auto", run="auto", name="by_name"))
    return found, turned


def facts(outcome: Outcome | None) -> Facts | None:
    """Return the facts that are shown, or None for an error, which must be one of ours."""
    match outcome:
        case Done(Frame(rows)):
            return to_polars(rows).row(0)
        case Done(value):
            return cast("Facts", value)
        case Failed(error) | Blocked(_, error):
            assert isinstance(error, DataAppError), repr(error)
            return None
        case _:
            raise AssertionError(outcome)


def once(found: Facts | None, index: int) -> Facts | None:
    """Return the facts of the files of what a cell shows: the third one reads every row twice."""
    if index != 2 or found is None:
        return found
    count, low, high, total = cast("Any", found)
    assert count % 2 == 0
    return (count // 2, low, high, None if total is None else total // 2)


@pytest.mark.parametrize("names", [["a"], ["a", "b", "c"]], ids=["file", "glob"])
@pytest.mark.parametrize("ending", ["parquet", "csv", "jsonl", "arrow"])
def test_what_is_shown_is_what_some_state_of_the_files_gave(ending: str, names: list[str], tmp_path: Path) -> None:
    writer = Writer(tmp_path, ending, names, seed=1)
    changes = writer.plan()
    for change in writer.first:
        change.do()
    cells, turned = cells_over(writer, f"a.{ending}" if len(names) == 1 else f"*.{ending}")
    engine, pool = HesitantDuckDB(Results(2**20)), ThreadPool(4)
    viewers = [Viewer(engine, pool, cells, turned) for _ in range(SESSIONS)]
    is_over = threading.Event()
    threads = [threading.Thread(target=viewer.move_until, args=(is_over,)) for viewer in viewers]
    for thread in threads:
        thread.start()
    try:
        for change in changes:
            change.do()
            writer.pause(viewers)
    finally:
        is_over.set()
        for thread in threads:
            thread.join()
    possible = {change.gives for change in (*writer.first, *changes)}
    for viewer in viewers:
        last = [once(facts(outcome), index) for index, outcome in enumerate(viewer.settle())]
        assert last == [changes[-1].gives] * len(cells)
        found = {once(facts(outcome), index) for index, outcome in viewer.shown}
        assert found <= possible | {None}
        viewer.session.close()
