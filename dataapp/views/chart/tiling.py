"""What a page needs to draw a chart by itself while a selection is dragged: tiles of all rows that follow it.

A tile answers for any place of the drag as long as nothing else changes (`compile.cubes.tiles`). While one is there and
the pointer holds the selection, the engine is asked nothing for the chart; when it is let go, the engine's rows replace
the page's, which are the same.
"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Any

from dataapp.cells.predicate import PredicateCell
from dataapp.compile.cubes.tiles import GROUP
from dataapp.engines.tiles import Tile
from dataapp.views.chart.dataset import Dataset, Ends
from dataapp.views.chart.fields import field_to_column
from dataapp.views.chart.packing import packed, rows_to_ipc
from dataapp.views.chart.schema import CellData

if TYPE_CHECKING:
    from dataapp.engines.duckdb import Reader
    from dataapp.engines.relation import Relation

_numbers = count(1)

type Relations = "Mapping[CellData, Relation]"


@dataclass(frozen=True, slots=True)
class Tiling:
    """The tiles of one chart for one selection.

    Attributes:
        mover: The selection, input or condition.
        field: The field that is dragged along; the value of a widget has none.
        tiles: By dataset, those that follow it.
        number: Another one for each.
    """

    mover: Hashable
    field: str
    tiles: Sequence[tuple[Dataset, Ends | None, Tile]]
    number: int
    _differs: Mapping[CellData, Hashable]

    def covers(self, relations: Relations) -> bool:
        """Whether the tiles answer for what cells now stand for."""
        if self._differs != differing(relations, self.mover):
            return False
        for dataset, _, tile in self.tiles:
            values = relations[dataset.data].parameters
            ends = [end for end in (tile.low, tile.high) if end is not None]
            if not all(end.parameter in values and tile.steps.holds(values[end.parameter].value) for end in ends):
                return False
        return True

    def message(self, name: str, widget: str | None = None) -> dict[str, object]:
        """Return what the page is told.

        Args:
            name: What the page calls the selection.
            widget: By which tag it knows the widget whose value it is, if it is one.
        """
        return {
            "mover": name,
            "number": self.number,
            "widget": widget,
            "field": field_to_column(self.field) if self.field else "",
            "datasets": [_told(dataset, ends, tile) for dataset, ends, tile in self.tiles],
        }


def differing(relations: Relations, mover: Hashable) -> Mapping[CellData, Hashable]:
    """Return what tells relations from others, but for the place of one selection."""
    return {data: relation.engine.cubes.differs(relation, mover) for data, relation in relations.items()}


def tile(
    drawn: Sequence[tuple[Dataset, Ends | None]],
    relations: Relations,
    readers: "Mapping[CellData, Reader]",
    mover: Hashable,
) -> Tiling | None:
    """Return the tiles of a chart, or None where the engine has to draw it.

    Args:
        drawn: Its datasets, and the ends of their bins as they were drawn last.
        relations: What cells stand for.
        readers: Of these.
        mover: The selection that is dragged, or what a widget moves.
    """
    fields = list(mover.columns) if isinstance(mover, PredicateCell) else [""]
    if len(fields) != 1:
        return None
    tiles: list[tuple[Dataset, Ends | None, Tile]] = []
    for dataset, ends in drawn:
        if not any(known is mover for known in relations[dataset.data].movers.values()):
            continue  # its rows stay as they are
        asked = dataset.asked_next(ends)
        found = None if asked is None else readers[dataset.data].tile(*asked, mover)
        if found is None or found.is_inner is not bool(dataset.binnings):
            return None
        names = [name for name, _ in found.columns if not name.startswith("__high_")]
        if names != [column.name for column in dataset.columns]:
            return None
        tiles.append((dataset, ends, found))
    return Tiling(mover, fields[0], tiles, next(_numbers), differing(relations, mover)) if tiles else None


def told(
    tile: Tile, name: str, kinds: Mapping[str, str], bins: Sequence[Mapping[str, object]] = ()
) -> dict[str, object]:
    """Return what the page is told of one tile.

    Args:
        tile: The tile.
        name: The dataset.
        kinds: What the values of each column are in the browser.
        bins: How its bins are known.
    """
    said = [name for name, measure in tile.columns if measure is None]
    return {
        "name": name,
        "kinds": kinds,
        "steps": {key: getattr(tile.steps, key) for key in ("kind", "start", "step", "count", "scale")},
        "starts": tile.starts,
        "ends": tile.ends,
        "offsets": tile.offsets,
        "columns": [
            {"name": name}
            if measure is None
            else {"name": name, "how": measure.how, "parts": list(measure.parts), "lacks_nan": measure.lacks_nan}
            for name, measure in tile.columns
        ],
        "bins": bins,
        "parts": packed(rows_to_ipc(tile.parts)),
        "groups": packed(rows_to_ipc(tile.groups.select([*said, GROUP]))),
    }


def _told(dataset: Dataset, ends: Ends | None, tile: Tile) -> dict[str, object]:
    kinds = {column.name: str(column.kind) for column in dataset.columns}
    return told(tile, dataset.name, kinds, [_bins(dataset, number, end) for number, end in enumerate(ends or ())])


def _bins(dataset: Dataset, number: int, end: tuple[float | None, float | None]) -> dict[str, Any]:
    """Return how the page tells whether bins are still those of the tile, and which row keeps their upper end."""
    binning = dataset.binnings[number]
    start, step, _, first, last = binning.guess(*end).values()
    _, _, is_bounded, *_ = binning.parameters(*end).values()
    return {
        "field": binning.field,
        "high": f"__high_{number}",
        "options": dict(binning.options),
        "start": start,
        "step": step,
        "is_bounded": is_bounded,
        "first": first,
        "last": last,
        "carried": [column.name for column in dataset.columns if not column.expression],
    }
