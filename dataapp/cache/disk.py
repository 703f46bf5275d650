"""Results in files: what took long to make outlives the process, and serves the others on the machine.

A file holds an Arrow stream and its checksum, and is named after all that the rows depend on. Invariants: a file under
its final name is complete, because it is written elsewhere, flushed and renamed; what is read is compared with its
checksum, so damage is a miss and never a wrong value; no error of the disk is an error of the reader.
"""

import hashlib
import logging
import os
import tempfile
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from time import time

import pyarrow as pa

_log = logging.getLogger(__name__)
_SUFFIX = ".rows"
_DRAFT = ".draft"
_ABANDONED_AFTER = 3600.0  # seconds after which a draft belongs to nobody
_DIGEST_BYTES = 32
_MAGIC = b"dataapp1"


class DiskResults:
    """Rows in files of one folder, which several processes may share.

    Args:
        folder: Made when it is missing, for its owner alone.
        most_bytes: How much the files may take; the ones that were not read longest go first.

    Example:
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     results = DiskResults(Path(folder), 2**20)
        ...     results.store("key", pa.table({"n": [1, 2]}))
        ...     results.load("key").num_rows, results.load("other")
        (2, None)
    """

    def __init__(self, folder: Path, most_bytes: int) -> None:
        self._folder = folder
        self._most_bytes = most_bytes
        self._has_complained = False
        with self._complaining():
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.sweep()

    def load(self, key: str) -> pa.Table | None:
        """Return the rows of a key, or None when there are none that can be trusted."""
        path = self._path(key)
        try:
            data = path.read_bytes()
        except OSError:
            return None
        with suppress(OSError):  # a folder that can only be read serves, too
            os.utime(path)  # read just now
        content = _content(data)
        if content is None:
            _log.warning("A result in the cache was damaged and is made anew.")
            with self._complaining():
                path.unlink(missing_ok=True)
            return None
        try:
            return pa.ipc.open_stream(pa.py_buffer(content)).read_all()
        except pa.ArrowException:  # written by another version of Arrow, which knows more types
            return None

    def store(self, key: str, rows: pa.Table) -> None:
        """Write the rows of a key, unless the disk refuses or they are too many."""
        if rows.nbytes > self._most_bytes // 4:
            return
        with self._complaining():
            self._write(self._path(key), rows)
            self.sweep()

    def sweep(self) -> None:
        """Remove drafts that nobody finishes, and files beyond the budget."""
        files: list[tuple[float, int, Path]] = []
        for path in self._folder.iterdir():
            with suppress(FileNotFoundError):  # another process sweeps, too
                state = path.stat()
                if path.suffix == _SUFFIX:
                    files.append((state.st_mtime, state.st_size, path))
                elif path.suffix == _DRAFT and time() - state.st_mtime > _ABANDONED_AFTER:
                    path.unlink()
        total = sum(size for _, size, _ in files)
        for _, size, path in sorted(files):
            if total <= self._most_bytes:
                break
            path.unlink(missing_ok=True)
            total -= size

    def _path(self, key: str) -> Path:
        return self._folder / (hashlib.blake2b(key.encode(), digest_size=20).hexdigest() + _SUFFIX)

    def _write(self, path: Path, rows: pa.Table) -> None:
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, rows.schema) as writer:
            writer.write_table(rows)
        content = sink.getvalue()
        descriptor, draft = tempfile.mkstemp(suffix=_DRAFT, dir=self._folder)  # readable by its owner alone
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(_MAGIC)
                file.write(_checksum(content))
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            Path(draft).rename(path)
        except BaseException:
            Path(draft).unlink(missing_ok=True)
            raise

    @contextmanager
    def _complaining(self) -> Generator[None]:
        """Say once that the disk does not serve; that stops nothing."""
        try:
            yield
        except OSError as error:
            if not self._has_complained:
                self._has_complained = True
                _log.warning("Results are not kept on disk: %s", error.strerror or error)


def _checksum(content: "bytes | memoryview | pa.Buffer") -> bytes:
    return hashlib.blake2b(content, digest_size=_DIGEST_BYTES).digest()


def _content(data: bytes) -> memoryview | None:
    """Return what a file holds, or None when it is not what was written."""
    start = len(_MAGIC) + _DIGEST_BYTES
    content = memoryview(data)[start:]
    is_whole = data[: len(_MAGIC)] == _MAGIC and data[len(_MAGIC) : start] == _checksum(content)
    return content if is_whole else None
