"""Ends and steps of sliders: round numbers around what the data holds."""

import datetime as dt
import math
from decimal import Decimal

_STEPS = 200
_DATETIME_STEPS = (1, 5, 15, 60, 300, 900, 3600, 21_600, 86_400)  # seconds


def round_step(span: float, steps: int = _STEPS) -> Decimal:
    """Return the least of 1, 2 and 5 times a power of ten that covers a span in so many steps.

    Example:
        >>> round_step(5000), round_step(0.7), round_step(0)
        (Decimal('50'), Decimal('0.005'), Decimal('1'))
    """
    if not 0 < span < math.inf:
        return Decimal(1)
    least = Decimal(repr(span)) / steps
    power = Decimal(10) ** least.adjusted()
    factor = next(factor for factor in (1, 2, 5, 10) if factor * power >= least)
    step = (factor * power).normalize()
    return step.quantize(Decimal(1)) if step >= 1 else step


def round_ends(low: float, high: float, step: Decimal) -> tuple[Decimal, Decimal]:
    """Return multiples of a step around two numbers, one step apart at least.

    Example:
        >>> round_ends(3.2, 98.7, Decimal("0.5"))
        (Decimal('3.0'), Decimal('99.0'))
    """
    start = math.floor(Decimal(repr(low)) / step) * step
    end = math.ceil(Decimal(repr(high)) / step) * step
    return start, max(end, start + step)


def moment_step(low: dt.datetime, high: dt.datetime) -> int:
    """Return a step in seconds that covers a time in a few hundred steps, as far as people read clocks so."""
    span = (high - low).total_seconds()
    return next((step for step in _DATETIME_STEPS if span / step <= 2 * _STEPS), _DATETIME_STEPS[-1])


def moment_ends(low: dt.datetime, high: dt.datetime, step: int) -> tuple[dt.datetime, dt.datetime]:
    """Return moments around two others, counted in steps from midnight.

    Example:
        >>> noon = dt.datetime(2024, 1, 1, 12, 0, 30)
        >>> [end.isoformat() for end in moment_ends(noon, noon, 60)]
        ['2024-01-01T12:00:00', '2024-01-01T12:01:00']
    """
    midnight = dt.datetime.combine(low.date(), dt.time())
    width = dt.timedelta(seconds=step)
    start = midnight + (low - midnight) // width * width
    end = midnight - (midnight - high) // width * width
    return start, max(end, start + width)
