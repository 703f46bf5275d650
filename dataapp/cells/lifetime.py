"""How long an answer of a source may be reused: ``ttl=``, as people know it from caches and name servers."""

import math
from datetime import timedelta

from dataapp.errors import WrongKindError

type Lifetime = float | timedelta | None
"""Seconds, or None where nothing is said."""


def checked_ttl(ttl: object) -> float | None:
    """Return the seconds of a ``ttl=`` that somebody gave.

    Raises:
        WrongKindError: It is no time.

    Example:
        >>> checked_ttl(60), checked_ttl(timedelta(minutes=5)), checked_ttl(None)
        (60.0, 300.0, None)
    """
    if ttl is None:
        return None
    seconds = ttl.total_seconds() if isinstance(ttl, timedelta) else ttl
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 < seconds < math.inf:
        raise WrongKindError(
            f"`ttl` is {ttl!r}, which is no time that an answer may be reused for.",
            hint="give seconds or a timedelta, such as 60 or timedelta(minutes=5); leave it out to ask each time",
        )
    return float(seconds)
