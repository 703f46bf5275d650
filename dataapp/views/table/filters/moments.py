"""Dates and times of day as readers write them: each is a span, from its first moment to the first one after it.

What is left out stands for all of it: ``2024-03`` is that whole March. ``last 7 days`` end with today; ``last month``
is the calendar's.
"""

import re
from collections.abc import Callable
from datetime import datetime, timedelta

type Now = Callable[[], datetime]
type Span = tuple[datetime, datetime | None]  # nothing comes after the last one there is

_MOMENT = re.compile(r"(\d{4})(?:-(\d\d?)(?:-(\d\d?)(?:[T ]+(\d\d?:\d\d\S*|\d\d?))?)?)?")
_QUARTER = re.compile(r"(\d{4})-?q([1-4])", re.IGNORECASE)
_CLOCK = re.compile(r"(\d\d?)(?::(\d\d)(?::(\d\d)(?:\.(\d{1,6}))?)?)?")
_UNIT = re.compile(r"(this|last) (day|week|month|quarter|year)", re.IGNORECASE)
_UNITS = re.compile(r"last (\d{1,4}) (day|week|month|quarter|year)s?", re.IGNORECASE)
_MONTHS = {"month": 1, "quarter": 3, "year": 12}
_FIRST_DAY, _LAST_MOMENT = datetime.min, datetime.max  # noqa: DTZ901 - the column says which zone is meant
_DAY = timedelta(days=1)


def date_span(text: str, now: Now) -> Span:
    """Return the span that a date stands for.

    Args:
        text: A date, with or without a time of day, or words.
        now: The moment that words are relative to.

    Raises:
        ValueError: It is neither, or there is no such date.

    Example:
        >>> first, after = date_span("2024-Q3", datetime.now)
        >>> first.isoformat(), after and after.isoformat()
        ('2024-07-01T00:00:00', '2024-10-01T00:00:00')
    """
    found = _MOMENT.fullmatch(text)
    if found is not None:
        return _written(*found.groups())
    quarter = _QUARTER.fullmatch(text)
    if quarter is not None:
        return _months(datetime(int(quarter[1]), 3 * int(quarter[2]) - 2, 1), 3)  # noqa: DTZ001 - as above
    words = " ".join(text.split())
    today = now().replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
    if words.lower() in {"today", "yesterday"}:
        words = {"today": "this day", "yesterday": "last day"}[words.lower()]
    unit = _UNIT.fullmatch(words)
    if unit is not None:
        first, after = _calendar(today, unit[2].lower())
        return (first, after) if unit[1].lower() == "this" else _calendar(first - _DAY, unit[2].lower())
    units = _UNITS.fullmatch(words)
    if units is None or units[1].strip("0") == "":
        raise ValueError(text)
    return _back(today + _DAY, int(units[1]), units[2].lower()), today + _DAY


def clock_span(text: str) -> Span:
    """Return a span of the day on the first day there is; the last one has no end.

    Raises:
        ValueError: It is not a time of day.
    """
    found = _CLOCK.fullmatch(text)
    if found is None:
        raise ValueError(text)
    hour, minute, second, fraction = found.groups()
    micro = int((fraction or "0").ljust(6, "0"))
    first = _FIRST_DAY.replace(hour=int(hour), minute=int(minute or 0), second=int(second or 0), microsecond=micro)
    if fraction is not None:
        length = timedelta(microseconds=10 ** (6 - len(fraction)))
    else:
        length = (
            timedelta(hours=1) if minute is None else timedelta(minutes=1) if second is None else timedelta(seconds=1)
        )
    after = first + length
    return first, after if after.date() == first.date() else None


def has_clock(text: str) -> bool:
    """Whether a date has a time of day.

    Example:
        >>> has_clock("2024-03-05 9"), has_clock("last 7 days")
        (True, False)
    """
    found = _MOMENT.fullmatch(text)
    return found is not None and found[4] is not None


def _written(year: str, month: str | None, day: str | None, clock: str | None) -> Span:
    first = datetime(int(year), int(month or 1), int(day or 1))  # noqa: DTZ001 - as above
    if clock is not None:
        start, after = clock_span(clock)
        length = _DAY - (start - _FIRST_DAY) if after is None else after - start
        return _until(first + (start - _FIRST_DAY), length)
    if day is not None:
        return _until(first, _DAY)
    return _months(first, 12 if month is None else 1)


def _calendar(day: datetime, unit: str) -> Span:
    """Return the day, week, month, ... that a day lies in."""
    if unit == "day":
        return _until(day, _DAY)
    if unit == "week":
        return _until(day - day.weekday() * _DAY, 7 * _DAY)
    months = _MONTHS[unit]
    return _months(day.replace(month=(day.month - 1) // months * months + 1, day=1), months)


def _back(day: datetime, count: int, unit: str) -> datetime:
    try:
        if unit in {"day", "week"}:
            return day - count * (_DAY if unit == "day" else 7 * _DAY)
        months = 12 * day.year + day.month - 1 - count * _MONTHS[unit]
        first = datetime(months // 12, months % 12 + 1, 1)  # noqa: DTZ001 - as above
    except OverflowError as error:
        raise ValueError(unit) from error
    return min(first + (day.day - 1) * _DAY, _after_months(first, 1) - _DAY)


def _months(first: datetime, count: int) -> Span:
    is_last = first.year == _LAST_MOMENT.year and first.month + count > 12
    return first, None if is_last else _after_months(first, count)


def _after_months(first: datetime, count: int) -> datetime:
    months = 12 * first.year + first.month - 1 + count
    return first.replace(year=months // 12, month=months % 12 + 1)


def _until(first: datetime, length: timedelta) -> Span:
    return first, first + length if first <= _LAST_MOMENT - length else None
