"""Remote files of a source with ``ttl=``: their state is asked for once per lease, by one session for all.

Invariants:

- Rows stand for a state that the files had before and after they were read. Where it moved, the lease is over and the
  wave starts again, so all that a session shows of a file is of one state.
- A lease that ends changes nothing where the state did not. Where a server tells no state, each lease has its own.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from dataapp.connect.files import FileState, Version
from dataapp.engines.duckdb import DuckDB, Results
from dataapp.engines.remote_files import remote_files
from dataapp.runtime.tables import Files
from dataapp.runtime.workers import Cancel

_BYTES_OF_A_STATE = 300


@dataclass(frozen=True, slots=True)
class RemoteSource:
    """Remote files, and for how many seconds their state holds."""

    locations: tuple[str, ...]
    ttl: float
    cell: str

    def lease(self, results: Results, since: int) -> tuple[int, int | None]:
        """Return the number of the files' lease, begun if need be, and of the one before."""
        return results.leases.take(self.locations, self.ttl, since)

    def files(self, engine: DuckDB, results: Results, lease: tuple[int, int | None], cancel: Cancel) -> "RemoteFiles":
        """Return the files in the state of a lease, which is asked for by one session for all."""
        number, before = lease

        def make() -> RemoteFiles:
            if before is not None:
                results.withdraw(self._key(before))
            return RemoteFiles(self.locations, look(), self.cell, look, over)

        def look() -> Version:
            return _version(engine, self.locations, number)

        def over() -> None:
            results.leases.end(self.locations, number)

        return results.get(self._key(number), make, _size, lambda: cancel.cancelled)

    def _key(self, number: int) -> tuple[object, ...]:
        return "state", self.locations, number


@dataclass(frozen=True, slots=True, weakref_slot=True)
class RemoteFiles(Files):
    """Remote files as they were when their lease began."""

    look: Callable[[], Version] = field(compare=False)
    over: Callable[[], None] = field(compare=False)

    def have_moved(self) -> bool:
        """Whether they have another state now; then their lease is over."""
        if self.look() == self.version:
            return False
        self.over()
        return True


def _version(engine: DuckDB, locations: tuple[str, ...], number: int) -> Version:
    found = remote_files(engine, locations)
    if found is None:
        return Version([FileState(" ".join(locations), 0, 0, number)])
    return Version(
        FileState(path, 0, size, number) if modified is None else FileState(path, modified, size, 0)
        for path, size, modified in found
    )


def _size(files: RemoteFiles) -> int:
    return _BYTES_OF_A_STATE * len(files.version)
