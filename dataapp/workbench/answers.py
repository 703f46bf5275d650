"""What the data says about the values that a parameter is compared with: as few questions as will do."""

import datetime as dt
import math
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pyarrow as pa

from dataapp.errors import DataAppError
from dataapp.workbench.subjects import Family, Subject, type_family

type Read = Callable[[str], pa.Table]


@dataclass(frozen=True, slots=True)
class Answer:
    """Least and greatest value; where counted, about how many, and whether some are missing. No rows, no ends."""

    low: Any
    high: Any
    distinct: int
    has_null: bool


class Answers:
    """Asks each question once.

    Args:
        read: Runs SQL over the names of the tables.
    """

    def __init__(self, read: Read) -> None:
        self._read = read
        self._families: dict[Subject, Family] = {}
        self._answers: dict[tuple[Subject, bool], Answer] = {}

    def family(self, subject: Subject) -> Family:
        """Return what kind of values these are; `other` where the engine refuses the question."""
        if subject not in self._families:
            self._families[subject] = self._asked_family(subject)
        return self._families[subject]

    def _asked_family(self, subject: Subject) -> Family:
        if subject.type is not None:
            return type_family(subject.type)
        try:
            rows = self._read(f"SELECT column_type FROM (DESCRIBE SELECT {subject.value} FROM {subject.source})")
        except DataAppError:
            return "other"
        return type_family(rows.column(0)[0].as_py())

    def answer(self, subject: Subject, *, counted: bool) -> Answer:
        """Return what the data says, in one query; counting values makes it several times slower."""
        if (subject, counted) not in self._answers:
            self._answers[subject, counted] = self._asked(subject, counted=counted)
        return self._answers[subject, counted]

    def _asked(self, subject: Subject, *, counted: bool) -> Answer:
        family, value = self.family(subject), subject.value
        told = f"{value}::TIMESTAMP" if family == "timestamp" else value
        where = f" WHERE isfinite({value})" if family in ("date", "timestamp") or _may_be_nan(subject) else ""
        counts = f"approx_count_distinct({value}), count(*) > count({value})" if counted else "0, FALSE"
        try:
            rows = self._read(f"SELECT min({told}), max({told}), {counts} FROM {subject.source}{where}")
            low, high, distinct, has_null = (column[0].as_py() for column in rows.columns)
        except (DataAppError, OverflowError, ValueError):  # a date that Python does not have
            return Answer(None, None, 0, has_null=False)
        return Answer(_plain(low, family), _plain(high, family), distinct, has_null)

    def in_days(self, subject: Subject) -> Subject:
        """Return times as dates where all of them are midnights, so that nobody is shown, or sets, a time of day."""
        return Subject(f"{subject.value}::DATE", subject.source, "DATE") if self._are_days(subject) else subject

    def _are_days(self, subject: Subject) -> bool:
        """Where an end is no midnight, nothing more is asked; else the rows are read up to the first that is none."""
        if self.family(subject) != "timestamp":
            return False
        ends = self.answer(subject, counted=False)
        if ends.low is None or any(end.time() != dt.time() for end in (ends.low, ends.high)):
            return False
        value = f"{subject.value}::TIMESTAMP"
        others = f"isfinite({subject.value}) AND {value} <> date_trunc('day', {value})"
        return self._read(f"SELECT {value} AS value FROM {subject.source} WHERE {others} LIMIT 1").num_rows == 0

    def frequent(self, subject: Subject, most: int) -> list[Any]:
        """Return the most frequent values, the least of equally frequent ones first; none that is no number."""
        value = subject.value
        rows = self._read(
            f"SELECT {value} AS value FROM {subject.source} WHERE {value} IS NOT NULL"
            f" GROUP BY ALL ORDER BY count(*) DESC, 1 LIMIT {most}"
        )
        family = self.family(subject)
        values = (_plain(value, family) for value in rows.column(0).to_pylist())
        return [value for value in values if value is not None]


def options_sql(subject: Subject, *, has_null: bool) -> str:
    """Return the query for all values.

    Example:
        >>> options_sql(Subject("symbol", "trades", "VARCHAR"), has_null=False)
        'SELECT DISTINCT symbol FROM trades ORDER BY symbol'
    """
    where = f" WHERE {subject.value} IS NOT NULL" if has_null else ""
    return f"SELECT DISTINCT {subject.value} FROM {subject.source}{where} ORDER BY {subject.value}"


def frequent_sql(subject: Subject, most: int) -> str:
    """Return the query for the most frequent values, in this order."""
    value = subject.value
    return (
        f"SELECT {value} FROM {subject.source} WHERE {value} IS NOT NULL"
        f" GROUP BY {value} ORDER BY count(*) DESC, {value} LIMIT {most}"
    )


def _may_be_nan(subject: Subject) -> bool:
    return subject.type in ("FLOAT", "DOUBLE")


def _plain(value: Any, family: Family) -> Any:
    """Return a number as Python's own; what is no number is nothing."""
    if isinstance(value, Decimal | float | int) and not isinstance(value, bool):
        if not math.isfinite(value):
            return None
        return int(value) if family == "integer" else float(value)
    return value
