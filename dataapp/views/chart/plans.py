"""Which plan a chart is drawn by: its rows decide whether scatter plots are points or rasters."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import altair as alt

from dataapp.engines.relation import Column
from dataapp.views.chart.dataset import CrowdedError, Dataset, SparseError
from dataapp.views.chart.plan import Plan, chart_to_plan
from dataapp.views.chart.schema import CellData


@dataclass(slots=True)
class Plans:
    """The plans of one chart over the same columns: that of points, and those in which some views are rasters.

    Each is made once, so that a picture that is drawn again by the same plan keeps what its reader has set.

    Attributes:
        chart: Any Altair chart over data of cells.
        columns: The columns of each cell in it.
        made: The plans, by the numbers of the views that are rasters.
        rasters: Those numbers in the last picture. The next one mostly has as many rows.
    """

    chart: alt.TopLevelMixin
    columns: Mapping[CellData, tuple[Column, ...]]
    made: dict[frozenset[int], Plan] = field(default_factory=dict[frozenset[int], Plan])
    rasters: frozenset[int] = frozenset()

    def plan(self, rasters: frozenset[int] = frozenset()) -> Plan:
        """Return the plan in which these views are rasters."""
        if rasters not in self.made:
            self.made[rasters] = chart_to_plan(self.chart, self.columns, rasters)
        return self.made[rasters]

    def fill[T](self, fetch: Callable[[Dataset], T]) -> tuple[Plan, list[T]]:
        """Return the plan that the rows ask for, and what was fetched for each of its datasets.

        Args:
            fetch: Fetches one.

        Raises:
            ChartError: There are more rows than a browser can draw.
        """
        while True:  # each time with a view more that is drawn as its rows ask for
            plan = self.plan(self.rasters)
            try:
                return plan, [fetch(dataset) for dataset in plan.datasets]
            except CrowdedError as crowded:
                self.rasters |= crowded.scatters
            except SparseError as sparse:
                self.rasters -= sparse.scatters
