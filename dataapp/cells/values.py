"""Values that travel into SQL: a Python value and the SQL type that its input gives it."""

from dataclasses import dataclass, field
from typing import cast

from dataapp.cells.steps import Steps


@dataclass(frozen=True, slots=True)
class Bound:
    """A value to bind to a parameter.

    Attributes:
        value: A Python value: number, text, bool, date, datetime, time, timedelta, Decimal, list, bytes or None.
        type: The SQL type that the input promises (``DOUBLE``, ``VARCHAR[]``), or None to let the engine choose.
        steps: The only values that it can take, where that is known: nothing that the value means.
    """

    value: object
    type: str | None = None
    steps: Steps | None = field(default=None, compare=False, repr=False)

    @property
    def needs_cast(self) -> bool:
        """Whether a type is promised that the value alone does not show: None, the empty list, lists of None.

        Example:
            >>> Bound([], "VARCHAR[]").needs_cast, Bound(["a"], "VARCHAR[]").needs_cast
            (True, False)
        """
        if self.type is None:
            return False
        value = self.value
        items = cast("list[object]", value if isinstance(value, list) else [value])
        return all(item is None for item in items)
