"""What a reader has selected: rows by their numbers in the view that is shown, and columns by their positions."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rows:
    """Some rows in a stretch: `count` of them from `first`."""

    first: int
    count: int

    @property
    def end(self) -> int:
        """The first row after them."""
        return self.first + self.count


@dataclass(frozen=True, slots=True)
class Selection:
    """Selected cells: those of some columns in some rows.

    Attributes:
        rows: Stretches of rows in rising order, of which no two touch.
        columns: Positions in the order in which they are seen, or None for whole rows.
        current: The row that was clicked last, or None where only its first one tells.
    """

    rows: tuple[Rows, ...]
    columns: tuple[int, ...] | None = None
    current: int | None = None

    @classmethod
    def of(
        cls, rows: tuple[Rows, ...], columns: tuple[int, ...] | None = None, current: int | None = None
    ) -> "Selection":
        """Select stretches in any order, which may overlap.

        Example:
            >>> Selection.of((Rows(5, 2), Rows(0, 3), Rows(2, 2)))
            Selection(rows=(Rows(first=0, count=4), Rows(first=5, count=2)), columns=None, current=None)
        """
        joined: list[Rows] = []
        for one in sorted(rows, key=lambda stretch: stretch.first):
            if one.count <= 0:
                continue
            if joined and one.first <= joined[-1].end:
                last = joined.pop()
                one = Rows(last.first, max(last.end, one.end) - last.first)
            joined.append(one)
        return cls(tuple(joined), columns, current)

    @property
    def count(self) -> int:
        """How many rows are selected."""
        return sum(stretch.count for stretch in self.rows)

    def within(self, rows: int) -> "Selection":
        """Return what of it there is where there are so many rows.

        Example:
            >>> Selection((Rows(0, 3), Rows(5, 10))).within(7)
            Selection(rows=(Rows(first=0, count=3), Rows(first=5, count=2)), columns=None, current=None)
        """
        kept = (Rows(one.first, min(one.end, rows) - one.first) for one in self.rows)
        current = self.current if self.current is not None and self.current < rows else None
        return Selection(tuple(one for one in kept if one.count > 0), self.columns, current)

    def positions(self, columns: int) -> tuple[int, ...]:
        """Return the positions of the columns, of which there are so many."""
        return tuple(range(columns)) if self.columns is None else self.columns
