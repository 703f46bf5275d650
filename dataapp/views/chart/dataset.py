"""Rows of a cell that a chart draws: how they are asked for, and what is done where there are too many."""

from collections import ChainMap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from dataapp.errors import ChartError
from dataapp.views.chart.binning import Binning, End, Extents
from dataapp.views.chart.drilling import SHADE, Drill, shaded
from dataapp.views.chart.pushdown.frame import CELL, Fetch, Source
from dataapp.views.chart.raster import Grid
from dataapp.views.chart.schema import CellData
from dataapp.views.chart.thinning import ALL_ROWS, PIXEL_COLUMNS
from dataapp.views.chart.window import Window
from dataapp.views.chart.wire import Sent

type Ends = Sequence[End]  # of each binning

MOST_ROWS = 200_000  # in one dataset; a browser draws that many marks in about a second
MOST_LINE_ROWS = 20_000  # drawn as they are; thinned, a line has half as many on a common screen


@dataclass(frozen=True, slots=True)
class Dataset:
    """Rows of a cell that travel under a name.

    Attributes:
        name: The dataset in the specification.
        data: Whose rows they are.
        query: SQL over ``relation``.
        columns: What the query gives.
        binnings: Bins, whose bounds are parameters of the query.
        extents: Low and high of each binning, or None.
        thinned: SQL to use instead when the query gives more than `longest` rows, or None; how many pixel columns it
            keeps is a parameter.
        zoomed: The same with a part in detail, whose ends are parameters.
        across: The column that it is a part of.
        zooms: The selections that zoom it, or None for any.
        is_rough: Whether the thinned line may differ on screen from the whole one, and only stands for one that is too
            long for a browser.
        source: What stands for ``relation`` in all of these: the cell, or what transforms make of its rows.
        derived: The columns that transforms made.
        grid: The cells in which the query counts rows, or None.
        drill: What is shown of a raster's part that is zoomed into, or None: cells where there is a grid, else points.
        crowd: With more rows than this, some of its scatter plots become rasters.
        asked: How many rows are enough to tell that there are too many.
        scatters: The numbers of those scatter plots, or of those whose rows it counts: these become points again with
            no more rows than `crowd`.
    """

    name: str
    data: CellData
    query: str
    columns: tuple[Sent, ...]
    binnings: tuple[Binning, ...] = ()
    extents: Extents | None = None
    thinned: str | None = None
    zoomed: str | None = None
    across: str | None = None
    zooms: tuple[str, ...] | None = None
    is_rough: bool = False
    source: Source = CELL
    derived: frozenset[str] = frozenset()
    grid: Grid | None = None
    drill: Drill | None = None
    crowd: int = MOST_ROWS
    asked: int = MOST_ROWS
    scatters: frozenset[int] = frozenset()

    @property
    def question(self) -> tuple[object, ...]:
        """All that the rows depend on besides the relation."""
        own = (
            self.query,
            self.thinned,
            repr((self.extents, self.binnings, self.grid, self.drill)),
            self.crowd,
            self.asked,
        )
        return *own, self.source.over(""), repr(self.source.bounds)

    @property
    def file_columns(self) -> tuple[Sent, ...]:
        """What files of its rows have: not what is only of use on screen."""
        return tuple(column for column in self.columns if column.name != SHADE)

    @property
    def is_detail(self) -> bool:
        """Whether it has rows only while a reader zooms in, of what another dataset stands for."""
        return self.drill is not None and self.grid is None

    @property
    def longest(self) -> int:
        """How many rows are drawn as they are, where more are thinned."""
        return MOST_ROWS if self.thinned is None or self.is_rough else MOST_LINE_ROWS

    @property
    def fits(self) -> bool:
        """Whether its rows depend on how wide the page is."""
        return self.grid is not None and self.grid.x.fills

    def seen(self, window: Window) -> tuple[object, ...]:
        """Return all of a window that the rows depend on."""
        width = window.width if self.fits else None
        if self.drill is not None:
            return self.drill.part(window), width
        if self.grid is not None:
            return (width,)
        return () if self.thinned is None else (self._zoom(window), window.columns)

    def fetch(self, fetch: Fetch, columns: int = PIXEL_COLUMNS) -> pa.Table:
        """Return the rows of a whole picture with so many pixel columns; see `fetch_zoomed`."""
        return self.fetch_zoomed(fetch, Window(columns=columns))[0]

    def fetch_zoomed(
        self, fetch: Fetch, window: Window, *, was_thinned: bool = False, ends: Ends | None = None
    ) -> tuple[pa.Table, bool]:
        """Return the rows, and whether another window would show others.

        Args:
            fetch: Runs SQL with parameters on the relation.
            window: What is to be seen of them in detail, if they are thinned, and how wide.
            was_thinned: Whether they were too many before, and will be again: then all are not asked for first.
            ends: What `ends` were of the rows before, and may be again.

        Raises:
            CrowdedError: There are so many rows that `scatters` are to be rasters.
            SparseError: There are so few rows that `scatters` are to be points.
            ChartError: There are more rows than a browser can draw.
        """
        fetch = self.source.through(fetch)
        if ends is not None:
            return self._binned(fetch, ends), False
        parameters = self._parameters(fetch)
        if self.drill is not None and self.is_detail:
            return self.drill.points(self.drill.part(window), fetch), True
        if self.grid is not None:
            return self._counts(fetch, self.grid, window)
        if was_thinned and not self.scatters:
            thinned, rows = self._thinned(fetch, parameters, window)
            if rows > self.longest:
                return self._drawable(thinned), True
        table = self._first(fetch, self.query, parameters, min(self.asked, self.longest))
        if self.scatters and table.num_rows > self.crowd:
            raise CrowdedError(self.scatters)
        if self.thinned is not None and table.num_rows > self.longest:
            return self._drawable(self._thinned(fetch, parameters, window)[0]), True
        return self._drawable(table), False

    def asked_next(self, ends: Ends | None) -> tuple[str, dict[str, object]] | None:
        """Return the query that gives all rows, with its parameters, as `fetch_zoomed` will ask it next.

        Args:
            ends: What `ends` are of the rows now.

        Returns:
            None where rows may be left out, or there is more than one query to ask.
        """
        if self.source.bounds or self.grid is not None or self.drill is not None or self.scatters:
            return None
        if not self.binnings:
            return self.source.over(_limited(self.query, min(self.asked, self.longest))), {}
        fields = {binning.field for binning in self.binnings}
        if ends is None or len(fields) < len(self.binnings):
            return None
        known = list(zip(self.binnings, ends, strict=True))
        if not all(binning.has_bins(*end) for binning, end in known):
            return None
        guesses = (binning.guess(*end) for binning, end in known)
        return self.source.over(_limited(self.query, self.longest)), dict(ChainMap(*guesses))

    def ends(self, table: pa.Table) -> Ends | None:
        """Return the least and the greatest of what is binned, by its rows; None without bins."""
        if not self.binnings or table.num_rows > MOST_ROWS:
            return None
        return tuple(_ends(table[binning.field]) for binning in self.binnings)

    def _binned(self, fetch: Fetch, guess: Ends) -> pa.Table:
        """Return the rows of bins, which are mostly as before."""
        guesses = [binning.guess(*ends) for binning, ends in zip(self.binnings, guess, strict=True)]
        table = self._first(fetch, self.query, dict(ChainMap(*guesses)), self.longest)
        found = self.ends(table)
        if found is None:
            table = self._first(fetch, self.query, self._parameters(fetch), self.longest)
        elif not all(map(Binning.is_guessed, self.binnings, guess, found)):
            table = self._first(fetch, self.query, self._bounds(found), self.longest)
        return self._drawable(table)

    def _thinned(self, fetch: Fetch, parameters: Mapping[str, object], window: Window) -> tuple[pa.Table, int]:
        """Return the rows of a line as the screen shows them, and how many there are in all, if it shows any."""
        found: list[pa.Table] = []
        for query, more in self._thinnings(window):
            found.append(self._first(fetch, query, {**parameters, **more}, MOST_ROWS))
            if found[-1].num_rows <= MOST_ROWS:
                break
        table = found[-1]
        rows = table.column(ALL_ROWS)[0].as_py() if table.num_rows else 0
        return table.drop_columns([ALL_ROWS]), rows

    def _thinnings(self, window: Window) -> Iterator[tuple[str, dict[str, object]]]:
        """Yield the queries of a thinned line with their parameters, from the most rows to the fewest."""
        numbers = dict.fromkeys(
            (window.columns, min(window.columns, PIXEL_COLUMNS))
        )  # of many lines, fewer are too many
        zoom = self._zoom(window)
        if self.zoomed is not None and zoom is not None:
            for number in numbers:
                yield self.zoomed, {"__columns": number, "__from": zoom[0], "__to": zoom[1]}
        if self.thinned is not None:
            for number in numbers:
                yield self.thinned, {"__columns": number}

    def _zoom(self, window: Window) -> tuple[float, float] | None:
        return window.along(self.across or "", self.zooms)

    def _parameters(self, fetch: Fetch) -> dict[str, object]:
        return {} if self.extents is None else self._bounds(self.extents.fetch(lambda query: fetch(query, {})))

    def _bounds(self, ends: Ends) -> dict[str, object]:
        return dict(ChainMap(*(binning.parameters(*end) for binning, end in zip(self.binnings, ends, strict=True))))

    def _counts(self, fetch: Fetch, grid: Grid, window: Window) -> tuple[pa.Table, bool]:
        grid = grid.at(window.width)
        extent = grid.extent(fetch)
        if self.scatters and extent.rows <= self.crowd:
            raise SparseError(self.scatters)
        part = self.drill.part(window) if self.drill is not None else None
        if self.drill is not None and part is not None:
            table = self.drill.cells(part, fetch)
            if table.num_rows <= MOST_ROWS:
                return table, True
        counts = grid.counts(extent, lambda query, parameters: self._first(fetch, query, parameters, MOST_ROWS))
        table = self._drawable(counts)
        return (table, self.fits) if self.drill is None else (shaded(table), True)

    def _drawable(self, table: pa.Table) -> pa.Table:
        if table.num_rows > MOST_ROWS:
            raise ChartError(
                f"The chart would draw more than {MOST_ROWS:,} rows of {self.data.source}, which a browser cannot.",
                hint="aggregate in the chart (`mean(x)`, `count()`, a time unit or a bin), or in SQL.",
            )
        return table

    @staticmethod
    def _first(fetch: Fetch, query: str, parameters: Mapping[str, object], most: int) -> pa.Table:
        """Return the rows, or enough of them to tell that there are too many."""
        return fetch(_limited(query, most), parameters)


def _limited(query: str, most: int) -> str:
    return f"SELECT * FROM ({query}) LIMIT {most + 1}"


def _ends(column: Any) -> End:
    """Return the least and the greatest number of a column; NaN is none."""
    compute: Any = pc
    numbers = compute.drop_null(column.cast(pa.float64()))
    found = compute.min_max(numbers.filter(compute.invert(compute.is_nan(numbers)))).as_py()
    return found["min"], found["max"]


class CrowdedError(ChartError):
    """Scatter plots have so many rows that they are to be rasters."""

    def __init__(self, scatters: frozenset[int]) -> None:
        super().__init__("A scatter plot has too many rows for points.")
        self.scatters = scatters


class SparseError(ChartError):
    """Rasters have so few rows that they are to be points."""

    def __init__(self, scatters: frozenset[int]) -> None:
        super().__init__("A scatter plot has too few rows for a raster.")
        self.scatters = scatters
