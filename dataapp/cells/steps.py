"""Steps: the only values that a control can take, where it has such."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, Self

_EPOCH = dt.datetime(1970, 1, 1)  # noqa: DTZ001  # moments without a time zone count from a moment without one
_MOST_DIGITS = 9
_LONGEST = 2.0**53


@dataclass(frozen=True, slots=True)
class Steps:
    """The values ``(start + i * step) / scale`` for i from 0 to count, in double precision.

    Attributes:
        kind: What they are: numbers, or microseconds since 1970 of moments or days without a time zone.
        scale: A power of ten for steps such as 0.1: a quotient of whole numbers is the very number that is written so.

    Example:
        >>> tenths = Steps.between(0, 1, 0.1)
        >>> tenths.holds(0.3), tenths.holds(0.35), tenths.holds(1.1)
        (True, False, False)
    """

    kind: Literal["number", "moment"]
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
        number = _micros(value) if self.kind == "moment" else value
        if isinstance(number, bool) or not isinstance(number, int | float) or number != number:
            return False
        at = (number * self.scale - self.start) / self.step
        if not -0.5 < at < self.count + 0.5:
            return False
        return (self.start + round(at) * self.step) / self.scale == number

    @property
    def bin(self) -> Callable[[str], str]:
        """The SQL of the bin of a number: equal for numbers only if no step lies between or on just one of them.

        Each step is found by rounding, which never falls with a growing number, so a number of one bin is never on the
        other side of any step than another; where rounding misses, there are just more bins.
        """

        def put(value: str) -> str:
            at = f"round(({value} * {_double(self.scale)} - {_double(self.start)}) / {_double(self.step)})"
            at = f"least(greatest({at}, {_double(-1)}), {_double(self.count + 1)})"
            step = f"(({_double(self.start)} + {at} * {_double(self.step)}) / {_double(self.scale)})"
            return f"CAST(3 * {at} + CAST({value} >= {step} AS INTEGER) + CAST({value} > {step} AS INTEGER) AS INTEGER)"

        return put

    def are_exact(self) -> bool:
        """Whether rounding finds each of them."""
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


def _micros(value: object) -> int | None:
    """Return microseconds since 1970 of a date or a datetime without a time zone."""
    if isinstance(value, dt.datetime):
        return None if value.tzinfo is not None else (value - _EPOCH) // dt.timedelta(microseconds=1)
    if isinstance(value, dt.date):
        return (dt.datetime.combine(value, dt.time()) - _EPOCH) // dt.timedelta(microseconds=1)
    return None


def _double(number: float) -> str:
    text = repr(float(number))
    return f"CAST('{text}' AS DOUBLE)"
