"""On which conditions the engine agrees with whoever else filters its rows before: Polars, or a database.

The engine applies each condition again, so what somebody else filters by may let more rows pass, but never fewer. Only
what is known to mean the same to both counts, which property tests hold for each pair of types:

- whole numbers with whole numbers in the range of the column; 64-bit floats with numbers that are exact there, 32-bit
  floats with small whole numbers; decimals with numbers that they can hold; dates and times without a zone with dates
  and times; conditions; NULL tests of these;
- text with text, by its bytes. Where a collation may stand in between, equality only: texts of equal bytes are equal in
  every collation, but others may be, too;
- NaN is larger than every number. `<>` of floats is left alone, and so are categories, zones, and numbers compared
  across kinds.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Literal, assert_never, cast

from dataapp.compile.identifiers import fold
from dataapp.compile.restrictions import (
    EVERY_ROW,
    Comparison,
    Condition,
    Constant,
    Membership,
    NullTest,
    Restriction,
    any_of,
    map_conditions,
    to_date,
    to_timestamp,
)

type WantedRows = frozenset[Restriction] | None
"""What the rows of each reader pass, or None for all rows."""

type KindName = Literal["integer", "float", "decimal", "text", "boolean", "date", "timestamp"]

_NO_TEXT = re.compile("[\0\ud800-\udfff]")  # not everybody can be given these


@dataclass(frozen=True, slots=True)
class Kind:
    """What a column holds.

    Attributes:
        name: The kind of its values.
        bits: Of each number.
        is_signed: Whether whole numbers may be negative.
        unit: The unit of timestamps, `us` or `ms`.
        digits: Precision and scale of decimals.
        has_collation: Whether texts may be compared by anything but their bytes.
    """

    name: KindName
    bits: int = 64
    is_signed: bool = True
    unit: Literal["us", "ms"] = "us"
    digits: tuple[int, int] = (0, 0)
    has_collation: bool = False

    def converted(self, constant: Constant) -> object:
        """Return a constant as a value of such a column, or None where not all may agree on it.

        Example:
            >>> Kind("integer", bits=8).converted(Constant("integer", 128)) is None
            True
            >>> Kind("decimal", digits=(4, 2)).converted(Constant("decimal", 0.5))
            Decimal('0.5')
        """
        value = constant.value
        match self.name, constant.kind:
            case "integer", "integer":
                return value if value in self._range() else None
            case "float", "integer":
                return float(cast("int", value)) if abs(cast("int", value)) <= self._most_exact() else None
            case "float", "decimal" | "double" if self.bits == 64:
                return value
            case "decimal", "integer" | "decimal":
                return self._decimal(Decimal(repr(value)))
            case "text", "literal" | "text":
                return None if _NO_TEXT.search(cast("str", value)) else value
            case "boolean", "boolean":
                return value
            case "date", "date":
                return value
            case "date", "literal":
                return to_date(str(value))
            case "timestamp", _:
                return self._moment(constant)
            case _:
                return None

    def fits(self, condition: Condition) -> bool:
        """Whether all agree which rows pass a condition on such a column."""
        match condition:
            case NullTest():
                return True
            case Membership(values=values):
                is_plain = self.name == "text" or all(value.kind != "literal" for value in values)
                return is_plain and all(self.converted(value) is not None for value in values)
            case Comparison(comparator=comparator, value=value):
                is_unequal_float = comparator == "<>" and self.name == "float"
                is_agreed = not is_unequal_float and (comparator == "=" or not self.has_collation)
                return is_agreed and isinstance(value, Constant) and self.converted(value) is not None
            case _:
                assert_never(condition)

    def _range(self) -> range:
        most = 2 ** (self.bits - self.is_signed)
        return range(-most if self.is_signed else 0, most)

    def _most_exact(self) -> int:
        return 2**53 if self.bits == 64 else 2**24

    def _decimal(self, number: Decimal) -> Decimal | None:
        precision, scale = self.digits
        has_room = abs(number) < 10 ** (precision - scale)
        return number if has_room and cast("int", number.normalize().as_tuple().exponent) >= -scale else None

    def _moment(self, constant: Constant) -> datetime | None:
        match constant.kind, constant.value:
            case "literal", str() as text:
                moment = to_timestamp(text)
            case "timestamp", datetime() as moment:
                pass
            case "date", date() as day:
                moment = datetime(day.year, day.month, day.day)  # noqa: DTZ001  # a time without a zone
            case _:
                moment = None
        is_exact = moment is not None and (self.unit == "us" or moment.microsecond % 1000 == 0)
        return moment if is_exact else None


def agreed(rows: WantedRows, columns: Sequence[tuple[str, Kind | None]]) -> Restriction:
    """Return the conditions of wanted rows as far as all agree on them.

    Args:
        rows: The rows.
        columns: Names of columns, with what they hold, or None where nobody agrees.
    """
    kinds = {fold(name): kind for name, kind in columns}
    if rows is None or len(kinds) < len(columns):  # to the engine one name: it numbers them
        return EVERY_ROW

    def fit(condition: Condition) -> Restriction:
        kind = kinds.get(condition.column)
        return condition if kind is not None and kind.fits(condition) else EVERY_ROW

    return any_of(map_conditions(restriction, fit) for restriction in sorted(rows, key=str))
