"""How an author wants the values of a column to be written and coloured.

===============================  =====================================================================
``",.2f"``, ``"+.1%"``, ``"d"``  a number, as in Python's `format`: sign, thousands, decimals, and ``f``,
                                 ``d``, ``e``, ``%`` or ``s`` (1.5k, 2.3M)
``"$ {:,.2f}"``, ``"{:.1f} km"``  the same with text around it
``"%d %b %Y"``, ``"%H:%M"``      a date or a time, as in Python's `strftime`
``"bar"``                        a bar behind each number, from zero
``"sequential"``                 a colour that deepens from the least to the greatest number
``"diverging"``                  two colours, for numbers below and above zero
===============================  =====================================================================

A tuple combines a way of writing and a scale: ``(",.1f", "bar")``.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, cast

from dataapp.errors import FormatError, near

type Scale = Literal["bar", "sequential", "diverging"]

SCALES: tuple[Scale, ...] = ("bar", "sequential", "diverging")
_NUMBER = re.compile(r"(\+?)(,?)(?:\.(\d{1,2}))?([fdes%]?)")
_AROUND = re.compile(r"([^{}]*)\{(?::([^{}]*))?\}([^{}]*)", re.DOTALL)
_DATE_CODES = "YymdeHIMSfpbBaAj%"
_DATE = re.compile(rf"(?:[^%]|%[{_DATE_CODES}])*%[{_DATE_CODES}](?:[^%]|%[{_DATE_CODES}])*", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Format:
    """How a column's values look.

    Attributes:
        number: Sign, thousands, decimals (-1: as many as there are) and type of a number, or None.
        around: What stands before and after a number.
        date: How a date or a time is written, or None.
        scale: What is drawn behind numbers, or None.
    """

    number: tuple[bool, bool, int, str] | None = None
    around: tuple[str, str] = ("", "")
    date: str | None = None
    scale: Scale | None = None

    def to_json(self) -> dict[str, object]:
        """Return what the browser has to know."""
        number = (
            None
            if self.number is None
            else dict(zip(("sign", "thousands", "decimals", "type"), self.number, strict=True))
        )
        return {"number": number, "around": list(self.around), "date": self.date, "scale": self.scale}


def read_formats(formats: object) -> dict[str, Format]:
    """Return the formats that an author gives, by column.

    Raises:
        FormatError: One has no meaning.

    Example:
        >>> read_formats({"price": ("$ {:,.2f}", "bar")})["price"].around
        ('$ ', '')
    """
    if not isinstance(formats, Mapping):
        raise FormatError(f"`formats` is {formats!r}.", hint='give one per column: formats={"price": ",.2f"}')
    return {str(name): _read(name, said) for name, said in cast("Mapping[object, object]", formats).items()}


def _read(name: object, said: object) -> Format:
    found = Format()
    parts = cast("tuple[object, ...]", said) if isinstance(said, tuple) else (said,)
    for part in parts:
        one = _read_part(part) if isinstance(part, str) else None
        if one is None:
            words = " or ".join(f'"{scale}"' for scale in SCALES)
            hint = f'numbers: ",.2f", ".1%", "$ {{:,.2f}}"; dates: "%d %b %Y"; behind numbers: {words}'
            close = near(part, SCALES) if isinstance(part, str) else None
            raise FormatError(f"The format of `{name}`, {part!r}, has no meaning.", hint=close or hint)
        found = Format(
            one.number or found.number,
            one.around if one.number else found.around,
            one.date or found.date,
            one.scale or found.scale,
        )
    if found.date is not None and (found.number is not None or found.scale is not None):
        raise FormatError(f"The format of `{name}` is for a date and for a number.")
    return found


def _read_part(text: str) -> Format | None:
    for scale in SCALES:
        if scale == text:
            return Format(scale=scale)
    found = _AROUND.fullmatch(text)
    number = _NUMBER.fullmatch(found[2] or "" if found else text)
    if number is not None and (found or text):
        sign, thousands, decimals, type_ = number.groups()
        around = (found[1], found[3]) if found else ("", "")
        return Format((bool(sign), bool(thousands), -1 if decimals is None else int(decimals), type_), around)
    return Format(date=text) if _DATE.fullmatch(text) and not found else None
