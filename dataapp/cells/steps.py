"""Steps: the only values that a control can take, where it has such."""

import datetime as dt
import math
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, Self

_EPOCH = dt.datetime(1970, 1, 1)  # noqa: DTZ001  # moments without a time zone count from a moment without one
_MOST_DIGITS = 9
_MOST_STEPS = 50_000
_LONGEST = 2.0**53


@dataclass(frozen=True, slots=True)
class Steps:
    """The values ``(start + i * step) / scale`` for i from 0 to count, in double precision.

    Attributes:
        kind: What they are: numbers, or microseconds since 1970 of moments or days without a time zone (`moment`), or
            with one (`instant`).
        scale: A power of ten for steps such as 0.1: a quotient of whole numbers is the very number that is written so.

    Example:
        >>> tenths = Steps.between(0, 1, 0.1)
        >>> tenths.holds(0.3), tenths.holds(0.35), tenths.holds(1.1)
        (True, False, False)
    """

    kind: Literal["number", "moment", "instant"]
    start: float
    step: float
    count: int
    scale: float = 1.0

    @classmethod
    def between(cls, start: object, end: object, step: object) -> Self | None:
        """Return the steps of a control from its ends, or None if it has none.

        Args:
            start: The least value: a number, date or datetime.
            end: The greatest.
            step: The distance: a number or timedelta; with dates, a number is days.
        """
        if isinstance(start, dt.date) and isinstance(end, dt.date):
            days = step if isinstance(step, dt.timedelta) else dt.timedelta(days=1)
            low, high, width = _micros(start), _micros(end), days / dt.timedelta(microseconds=1)
            return None if low is None or high is None else cls._from("moment", low, high, width)
        ends = [item for item in (start, end, step) if isinstance(item, int | float) and not isinstance(item, bool)]
        if len(ends) < 3:
            return None
        low, high, width = ends
        scale = _scale(low, width)
        return cls._from("number", round(low * scale), high * scale, round(width * scale), scale) if scale else None

    @classmethod
    def _from(
        cls, kind: Literal["number", "moment"], start: float, end: float, step: float, scale: float = 1.0
    ) -> Self | None:
        if not (step > 0 and end > start and abs(start) < _LONGEST and abs(end) < _LONGEST):
            return None
        return cls(kind, float(start), float(step), int((end - start) // step), float(scale))

    def holds(self, value: object) -> bool:
        """Whether a value is one of them, to the last bit."""
        number = self._number(value)
        return number is not None and self._nearest(number) == number

    def nearest(self, value: object) -> object:
        """Return the nearest of them, of the same type, or None for what is no such value.

        Example:
            >>> Steps.between(0, 1, 0.1).nearest(0.33), Steps.between(0, 1, 0.1).nearest(7.0)
            (0.3, 1.0)
        """
        number = self._number(value)
        if number is None:
            return None
        nearest = self._nearest(number)
        if self.kind == "number":
            return nearest
        moment = _EPOCH + dt.timedelta(microseconds=nearest)
        return moment.replace(tzinfo=dt.UTC) if self.kind == "instant" else moment

    def _number(self, value: object) -> float | None:
        number = value if self.kind == "number" else _micros(value, with_zone=self.kind == "instant")
        if isinstance(number, bool) or not isinstance(number, int | float):
            return None
        return number if math.isfinite(number) else None

    def _nearest(self, number: float) -> float:
        at = min(max(round((number * self.scale - self.start) / self.step), 0), self.count)
        return (self.start + at * self.step) / self.scale

    @property
    def bin(self) -> Callable[[str], str]:
        """The SQL of the bin of a double: equal for numbers only if no step lies between or on just one of them.

        Each step is found by rounding, which never falls with a growing number, so a number of one bin is never on the
        other side of any step than another; where rounding misses, there are just more bins.
        """

        def put(value: str) -> str:
            first, last = (_double((self.start + at * self.step) / self.scale) for at in (0, self.count))
            scaled = value if self.scale == 1 else f"{value} * {_double(self.scale)}"
            at = f"CAST(({scaled} - {_double(self.start)}) / {_double(self.step)} AS INTEGER)"
            step = f"({_double(self.start)} + {at} * {_double(self.step)})"
            step = step if self.scale == 1 else f"{step} / {_double(self.scale)}"
            inside = f"3 * {at} + CAST({value} >= {step} AS INTEGER) + CAST({value} > {step} AS INTEGER)"
            return self._within(value, first, last, inside)

        return put

    @property
    def whole_bin(self) -> Callable[[str], str] | None:
        """The SQL of the bin of a whole number, which takes less time, or None where steps are fractions."""
        if self.scale != 1 or self.start % 1 or self.step % 1:
            return None
        start, step, last = int(self.start), int(self.step), int(self.start) + self.count * int(self.step)

        def put(value: str) -> str:
            distance = f"({value} - {start})"
            inside = f"2 * ({distance} // {step}) + CAST({distance} % {step} > 0 AS INTEGER)" if step > 1 else distance
            return self._within(value, str(start), str(last), inside)

        return put

    @property
    def outer_bins(self) -> tuple[int, int]:
        """The bins of all that is below the first and of all that is above the last."""
        return -3, 3 * (self.count + 1)

    def _within(self, value: str, first: str, last: str, inside: str) -> str:
        below, above = self.outer_bins
        inside = f"CASE WHEN {value} < {first} THEN {below} WHEN {value} > {last} THEN {above} ELSE {inside} END"
        return f"CAST({inside} AS BIGINT)"

    def are_exact(self) -> bool:
        """Whether rounding finds each of them; of very many that is not looked into."""
        if self.count > _MOST_STEPS:
            return False
        steps = ((self.start + at * self.step) / self.scale for at in range(self.count + 1))
        return all(_nearest((step * self.scale - self.start) / self.step) == at for at, step in enumerate(steps))


def _nearest(number: float) -> float:
    return float(int(number + 0.5)) if number >= 0 else -float(int(0.5 - number))


def _scale(*numbers: float) -> float | None:
    """Return the least power of ten that makes whole numbers of all, or None."""
    digits = 0
    for number in numbers:
        if abs(number) >= _LONGEST or number != number:
            return None
        exponent = Decimal(repr(number)).normalize().as_tuple().exponent
        digits = max(digits, -exponent if isinstance(exponent, int) else 0)
    return 10.0**digits if digits <= _MOST_DIGITS else None


def _micros(value: object, *, with_zone: bool = False) -> int | None:
    """Return microseconds since 1970 of a date or datetime that has a time zone, or has none."""
    if isinstance(value, dt.datetime):
        if (value.tzinfo is not None) is not with_zone:
            return None
        moment = value.astimezone(dt.UTC).replace(tzinfo=None) if with_zone else value
    elif isinstance(value, dt.date) and not with_zone:
        moment = dt.datetime.combine(value, dt.time())
    else:
        return None
    return (moment - _EPOCH) // dt.timedelta(microseconds=1)


def _double(number: float) -> str:
    text = repr(float(number))
    return f"CAST('{text}' AS DOUBLE)"
