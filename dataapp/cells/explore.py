"""Explorers: a cell shown as a table, with its own height."""

from dataapp.cells.cell import Cell
from dataapp.cells.namespace import Namespace


class ExploreCell(Cell):
    """A table explorer over a cell. Made by `dataapp.explore`."""

    __slots__ = ("height", "of")

    of: Cell
    height: int | None

    def __init__(self, of: Cell, namespace: Namespace, *, height: int | None, name: str | None) -> None:
        super().__init__(namespace, name)
        self.of = of
        self.height = height
