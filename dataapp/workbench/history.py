"""Queries that were run, kept from one start to the next in a file of the user's.

The file is a convenience: that it cannot be read or written stops nobody from exploring.
"""

import json
import logging
import threading
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from platformdirs import user_state_path

_log = logging.getLogger(__name__)
_MOST = 500


@dataclass(frozen=True, slots=True)
class PastQuery:
    """A query that was run.

    Attributes:
        text: Its SQL.
        at: When, as ISO 8601 with the local offset.
    """

    text: str
    at: str


class History:
    """Past queries, each text once, the latest first.

    Args:
        path: Where they are kept, or None to forget them at the end.

    Example:
        >>> history = History(None)
        >>> history.add("FROM trades")
        >>> [past.text for past in history.latest()]
        ['FROM trades']
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._past = _read(path) if path is not None else []

    def latest(self, most: int = 50) -> Sequence[PastQuery]:
        """Return the latest queries."""
        with self._lock:
            return self._past[:most]

    def add(self, text: str) -> None:
        """Note that a query was run."""
        text = text.strip()
        if not text:
            return
        with self._lock:
            now = datetime.now().astimezone().isoformat(timespec="seconds")
            others = [past for past in self._past if past.text != text]
            self._past = [PastQuery(text, now), *others][:_MOST]
            if self._path is not None:
                _write(self._path, self._past)


def history_file() -> Path:
    """Return where this user's history is kept."""
    return user_state_path("dataapp", appauthor=False) / "history.jsonl"


def _read(path: Path) -> list[PastQuery]:
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return []
    found: list[PastQuery] = []
    for line in lines:
        try:
            known = json.loads(line)
        except ValueError:  # half a line
            continue
        match known:
            case {"text": str(text), "at": str(at)}:
                found.append(PastQuery(text, at))
            case _:  # another program's
                continue
    return found[:_MOST]


def _write(path: Path, past: Sequence[PastQuery]) -> None:
    partial = path.with_suffix(".partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.write_text("".join(json.dumps(asdict(one)) + "\n" for one in past), "utf-8")
        partial.replace(path)
    except OSError as error:
        _log.warning("The history cannot be kept in `%s`: %s", path, error)
