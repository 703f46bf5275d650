"""What a page shows of a chart: the part that its reader has zoomed into, and how many pixels there are for it."""

import math
from collections.abc import Container, Mapping
from dataclasses import dataclass, field
from typing import cast

from dataapp.views.chart.raster import PAGE_WIDTH
from dataapp.views.chart.thinning import MOST_COLUMNS, PIXEL_COLUMNS

WIDTH_STEP = 20  # pixels; what is computed for a width is nearly that for the next

type Zoom = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Window:
    """What a page shows.

    Attributes:
        ends: By the selections that zoom, the ends of what is in sight along each column.
        columns: How many pixels of the screen the widest plot has across.
        width: How wide that is in pixels of the page, of which one may be several of the screen; to `WIDTH_STEP`.
    """

    ends: Mapping[str, Mapping[str, Zoom]] = field(default_factory=dict[str, Mapping[str, Zoom]])
    columns: int = PIXEL_COLUMNS
    width: int = PAGE_WIDTH

    def along(self, column: str, zooms: Container[str] | None = None) -> Zoom | None:
        """Return the ends along a column.

        Args:
            column: The column.
            zooms: The selections that may zoom it, or None for all.
        """
        found = (
            ends[column] for name, ends in self.ends.items() if column in ends and (zooms is None or name in zooms)
        )
        return next(found, None)


def message_to_window(ends: Mapping[object, object], columns: object, width: object = None) -> Window:
    """Return what a page says that it shows. Anything may come: what is no range of numbers, it does not show."""
    known = columns if isinstance(columns, int) and columns > 0 else PIXEL_COLUMNS
    zooms = {str(name): zoom for name, zoom in ends.items() if isinstance(zoom, dict)}
    found = {name: _ends_to_zooms(cast("dict[object, object]", zoom)) for name, zoom in zooms.items()}
    wide = width if isinstance(width, int | float) and 0 < width < math.inf else PAGE_WIDTH
    across = max(WIDTH_STEP, round(min(wide, MOST_COLUMNS) / WIDTH_STEP) * WIDTH_STEP)
    return Window({name: zoom for name, zoom in found.items() if zoom}, min(known, MOST_COLUMNS), across)


def _ends_to_zooms(ends: Mapping[object, object]) -> dict[str, Zoom]:
    return {str(column): zoom for column, value in ends.items() if (zoom := _ends_to_zoom(value)) is not None}


def _ends_to_zoom(ends: object) -> Zoom | None:
    match cast("list[object]", ends) if isinstance(ends, list) else []:
        case [int() | float() as low, int() | float() as high] if -math.inf < low < high < math.inf:
            return float(low), float(high)
        case _:
            return None
