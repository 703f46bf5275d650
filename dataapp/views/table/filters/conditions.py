"""What a filter asks of a column's values, once its text is understood.

A comparison never keeps nulls, as in SQL. In a list, null is a value like any other, so that a list and its negation
share out all rows between them.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from dataapp.views.table.groups.grouping import Part

type Operator = Literal["=", "<>", "<", "<=", ">", ">="]
type Place = Literal["anywhere", "start", "end"]


@dataclass(frozen=True, slots=True)
class IsNull:
    """The value is null, or is not."""

    negated: bool = False


@dataclass(frozen=True, slots=True)
class Contains:
    """The value's text holds this text, starts or ends with it, whatever the case of either; or does not."""

    text: str
    place: Place = "anywhere"
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Matches:
    """A part of the value's text matches a regular expression (the engine's, RE2), or none does."""

    pattern: str
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Equals:
    """The value's text is exactly this text, or is not."""

    text: str
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Compare:
    """The value compares like this with one that is bound, and cast to `type` if that is given."""

    operator: Operator
    value: bool | int | float | str | Decimal
    type: str | None = None


@dataclass(frozen=True, slots=True)
class All:
    """The value meets every one of these, of which there is at least one, or not every one."""

    conditions: tuple[Compare, ...]
    negated: bool = False


@dataclass(frozen=True, slots=True)
class AnyOf:
    """The value meets one of these, or is null where that is in the list; or it is not in the list."""

    items: tuple[Equals | Compare | All, ...]
    null: bool = False
    negated: bool = False


@dataclass(frozen=True, slots=True)
class OrNull:
    """The value meets this, or is null."""

    condition: Contains | Matches | Equals | Compare | All


@dataclass(frozen=True, slots=True)
class InGroup:
    """The value, or the part of it that rows are grouped by, has this text, or is null. It is never typed."""

    part: Part
    text: str | None


type Condition = IsNull | Contains | Matches | Equals | Compare | All | AnyOf | OrNull

NEVER = AnyOf(())
"""Asked of every value in vain."""
