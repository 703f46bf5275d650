"""Values that travel into SQL: a Python value and the SQL type that its input gives it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Bound:
    """A value to bind to a parameter.

    Attributes:
        value: A Python value: number, text, bool, date, datetime, time, timedelta, Decimal, list, bytes or None.
        type: The SQL type that the input promises (``DOUBLE``, ``VARCHAR[]``), or None to let the engine choose.
    """

    value: object
    type: str | None = None

    @property
    def needs_cast(self) -> bool:
        """Whether the value alone says nothing about its type: None and the empty list.

        Example:
            >>> Bound([], "VARCHAR[]").needs_cast, Bound(["a"], "VARCHAR[]").needs_cast
            (True, False)
        """
        return self.type is not None and (self.value is None or self.value == [])
