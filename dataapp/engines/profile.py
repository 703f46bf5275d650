"""What a query that ran has cost, as the engine counted it."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, cast

_COMPARISON = re.compile(
    r"(?P<column>.+?)(?P<operator>>=|<=|=|>|<)(?P<literal>'.*'|-?[\d.eE+-]+)(?:::(?P<type>[\w() ]+))?"
)


@dataclass(frozen=True, slots=True)
class Comparison:
    """A comparison that reached a scan, such as ``size >= 100``."""

    column: str
    operator: str
    literal: str
    type: str


@dataclass(frozen=True, slots=True)
class Scan:
    """A reading of files or of a frame.

    Attributes:
        function: The engine's function, such as ``READ_PARQUET``.
        columns: What it hands on.
        filters: Conditions that it applies while reading, as the engine writes them.
        files: How many files it opened, or None where it opens none.
        rows: How many rows passed its filters.
    """

    function: str
    columns: tuple[str, ...]
    filters: tuple[str, ...]
    files: int | None
    rows: int

    @property
    def comparisons(self) -> tuple[Comparison, ...]:
        """The filters that statistics of files can rule out; conditions of other kinds are left out."""
        return tuple(_comparisons(self.filters))


@dataclass(frozen=True, slots=True)
class Profile:
    """A query's run.

    Attributes:
        seconds: From its start until its last row.
        cpu_seconds: Of all threads together, or None where the engine gives no account: of what it can answer from the
            statistics of files alone.
        scans: What it read.
    """

    seconds: float
    cpu_seconds: float | None
    scans: tuple[Scan, ...]


@dataclass(frozen=True, slots=True)
class RowGroups:
    """Row groups of Parquet files, and how many bytes of them a scan needs.

    Attributes:
        chosen: Those that the statistics do not rule out.
        total: All.
        chosen_bytes: Compressed, of the columns that are read, in the chosen groups.
        total_bytes: Compressed, of all columns in all groups.
    """

    chosen: int
    total: int
    chosen_bytes: int
    total_bytes: int


def read_profile(text: str, seconds: float, *, companions: int = 0) -> Profile:
    """Read the engine's own account of a query.

    Args:
        text: What it tells.
        seconds: What the query took as seen from outside, for when it tells nothing.
        companions: How many scans of one file also opened an empty one; see `parquet_scans`.

    Example:
        >>> read_profile('{"latency": 0.5, "cpu_time": 0.9, "children": []}', 0.6)
        Profile(seconds=0.5, cpu_seconds=0.9, scans=())
    """
    told: Mapping[str, Any] = json.loads(text)
    if "latency" not in told:
        return Profile(seconds, None, ())
    scans = [replace(scan, files=1) if companions and scan.files == 2 else scan for scan in _scans(told)]
    return Profile(float(told["latency"]), float(told["cpu_time"]), tuple(scans))


def _scans(node: Mapping[str, Any]) -> Iterator[Scan]:
    facts: Mapping[str, Any] = node.get("extra_info") or {}
    if str(node.get("operator_type")) == "TABLE_SCAN":
        files = facts.get("Total Files Read")
        yield Scan(
            function=str(facts.get("Function", node["operator_name"])),
            columns=_texts(facts.get("Projections")),
            filters=_texts(facts.get("Filters")),
            files=None if files is None else int(files),
            rows=int(node["operator_cardinality"]),
        )
    for child in cast("list[Mapping[str, Any]]", node.get("children") or []):
        yield from _scans(child)


def _texts(told: object) -> tuple[str, ...]:
    """Return what the engine tells as one text or as a list of them."""
    if isinstance(told, list):
        return tuple(str(item) for item in cast("list[object]", told))
    return (str(told),) if told else ()


def _comparisons(filters: tuple[str, ...]) -> Iterator[Comparison]:
    for condition in filters:
        for part in condition.split(" AND "):
            found = _COMPARISON.fullmatch(part.strip())
            if found is None:
                continue
            literal, kind = found["literal"], found["type"]
            is_text = literal.startswith("'")
            plain = literal[1:-1].replace("''", "'") if is_text else literal
            yield Comparison(found["column"], found["operator"], plain, kind or ("VARCHAR" if is_text else "DOUBLE"))
