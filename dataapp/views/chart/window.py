"""What a page shows of a chart: the part that its reader has zoomed into, and how many pixels there are for it."""

import math
from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from typing import cast

from dataapp.views.chart.thinning import MOST_COLUMNS, PIXEL_COLUMNS

type Zoom = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Window:
    """What a page shows.

    Attributes:
        ends: The ends of what is in sight along each column that is zoomed into.
        columns: How many pixels of the screen the widest plot has across.
    """

    ends: Mapping[str, Zoom] = field(default_factory=dict[str, Zoom])
    columns: int = PIXEL_COLUMNS

    def of(self, across: Set[str]) -> "Window":
        """Return what it is for charts that can show more along some columns only."""
        return Window({name: ends for name, ends in self.ends.items() if name in across}, self.columns)


def message_to_window(ends: Mapping[object, object], columns: object) -> Window:
    """Return what a page says that it shows. Anything may come: what is no range of numbers, it does not show."""
    zooms = {str(name): zoom for name, value in ends.items() if (zoom := _ends_to_zoom(value)) is not None}
    known = columns if isinstance(columns, int) and columns > 0 else PIXEL_COLUMNS
    return Window(zooms, min(known, MOST_COLUMNS))


def _ends_to_zoom(ends: object) -> Zoom | None:
    match cast("list[object]", ends) if isinstance(ends, list) else []:
        case [int() | float() as low, int() | float() as high] if -math.inf < low < high < math.inf:
            return float(low), float(high)
        case _:
            return None
