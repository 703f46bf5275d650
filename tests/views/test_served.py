"""What is said of the cubes of a crossfilter, and when it is looked at."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import altair as alt
import polars as pl
import pytest

import dataapp as da
from dataapp.cells.crossfilter import NarrowedView
from dataapp.cells.selection import SelectionControl
from dataapp.engines.cubes import Cubes
from dataapp.engines.duckdb import DuckDB
from dataapp.runtime import headless
from dataapp.runtime.cubed import Service, service_of
from dataapp.runtime.session import Session
from dataapp.runtime.workers import InlinePool
from dataapp.views.crossfilter.bar import SelectionBar
from dataapp.views.crossfilter.history import History
from dataapp.views.crossfilter.serving import Serving
from dataapp.views.crossfiltering import Crossfilter
from tests.runtime.bench import defaults


@pytest.fixture
def engine() -> DuckDB:
    engine = DuckDB()
    engine.cubes = Cubes(engine, worth=0.0, least_shrinking=0.0)
    return engine


@pytest.fixture
def cross(tmp_path: Path) -> Crossfilter:
    pl.DataFrame({"carrier": ["UA", "HA"] * 50, "delay": range(100)}).write_parquet(tmp_path / "trips.parquet")
    time.sleep(0.15)  # a file that was written just now has no version yet
    trips = da.source(str(tmp_path / "trips.parquet"))
    by_delay = da.chart(trips).mark_bar().encode(x=alt.X("delay:Q"), y="count()").properties(title="by_delay")
    counts = da.sql("SELECT carrier, count(*) AS n FROM trips GROUP BY ALL ORDER BY ALL", trips=trips, name="counts")
    means = da.sql("SELECT carrier, avg(delay) AS m FROM trips GROUP BY ALL ORDER BY ALL", trips=trips, name="means")
    middle = da.sql("SELECT median(delay) AS m FROM trips", trips=trips, name="middle")
    return da.crossfilter(da.brush(by_delay, name="delay"), counts, means, middle)


class Viewer:
    """A session that shows some views."""

    def __init__(self, engine: DuckDB, cross: Crossfilter, *views: Any) -> None:
        self.session = Session(engine, InlinePool(), open_control=lambda cell: cell.kind.open(cell.label))
        self.demands = [self.session.demand(view, "frame") for view in views]
        control = self.session.control(self.session.choice_of(cross.selections[0]))  # pyright: ignore[reportArgumentType]
        assert isinstance(control, SelectionControl)
        self._control = control

    def brush(self, *highs: int) -> None:
        for high in highs:
            self._control.put({"delay": (0.0, float(high))})
            assert self.session.engine.cubes.wait()


def shown(bar: SelectionBar) -> Any:
    return bar.served


def served(service: Service | None) -> dict[str, bool]:
    return {} if service is None else {view.label: view.is_served for view in service.views}


def test_nothing_is_said_without_a_cube(engine: DuckDB, cross: Crossfilter) -> None:
    Viewer(engine, cross, *cross[1:]).brush(10)
    assert service_of(cross.bar.members, engine.cubes) is None


def test_it_is_said_which_views_cubes_serve(engine: DuckDB, cross: Crossfilter) -> None:
    Viewer(engine, cross, cross[1], cross[3]).brush(10, 20, 30)
    service = service_of(cross.bar.members, engine.cubes)
    assert served(service) == {"by_delay": False, "counts": True, "means": False, "middle": False}
    assert service is not None
    assert service.line.startswith("1 of 4 views from cubes, ")
    by_delay, counts, means, middle = (view.text for view in service.views)
    assert (by_delay, means) == ("no cube so far", "no cube so far")
    assert "answered 1 time, in " in counts
    assert middle.startswith("no cube, since median() needs all rows; the plain query answers, in ")


def test_what_reads_a_view_counts_for_it(engine: DuckDB, cross: Crossfilter) -> None:
    total = da.sql("SELECT sum(n) AS total FROM counts", counts=cross[1])
    Viewer(engine, cross, total).brush(10, 20, 30)
    assert served(service_of(cross.bar.members, engine.cubes))["counts"]


def test_cubes_of_rows_as_they_were_do_not_serve(engine: DuckDB, cross: Crossfilter, tmp_path: Path) -> None:
    viewer = Viewer(engine, cross, cross[1])
    viewer.brush(10, 20, 30)
    pl.DataFrame({"carrier": ["UA"] * 50, "delay": range(50)}).write_parquet(tmp_path / "trips.parquet")
    time.sleep(0.15)
    viewer.brush(40)
    assert not served(service_of(cross.bar.members, engine.cubes))["counts"]
    viewer.brush(41)
    assert served(service_of(cross.bar.members, engine.cubes))["counts"]


def test_sessions_and_modules_that_are_run_again_share_the_figures(engine: DuckDB, cross: Crossfilter) -> None:
    Viewer(engine, cross, cross[1]).brush(10, 20)
    other = Viewer(engine, cross, cross[1])
    other.brush(30, 40)
    service = service_of(cross.bar.members, engine.cubes)
    assert service is not None
    assert "answered 2 times, in " in service.views[1].text
    assert "drew" not in service.views[1].text
    for cube in engine.cubes.of_views({cross.bar.members[1].key}):
        cube.drawn += 40
    service = service_of(cross.bar.members, engine.cubes)
    assert service is not None
    assert service.views[1].text.endswith("; drew 40 moves on pages")


def explained(viewer: Viewer, cell: Any) -> str:
    """Return what is said of the cubes of a cell where things are selected as a viewer has."""

    def initial(cell: Any) -> object:
        return viewer.session.get(cell) if cell in viewer.session.nodes.raws else defaults(cell)

    text = headless.explain(viewer.session.engine, cell, initial, analyze=False)
    return text.partition("\nCubes\n")[2].partition("\n\n")[0]


def test_explain_tells_the_cubes_of_a_view_of_groups(engine: DuckDB, cross: Crossfilter) -> None:
    viewer = Viewer(engine, cross, *cross[1:])
    viewer.brush(10, 20, 30)
    assert "it answered 1 time in" in explained(viewer, cross[1])
    assert "none, since median() needs all rows" in explained(viewer, cross[3])


def test_explain_tells_no_cubes_of_another_view_of_the_same_cell(engine: DuckDB, cross: Crossfilter) -> None:
    rows = cross[0].data.source
    other = NarrowedView(rows.of, cross.selections, {}, cross.bar, "another view").rows(rows.of)
    viewer = Viewer(engine, cross, other)
    viewer.brush(10, 20, 30)
    assert "nothing aggregates the rows that change" in explained(viewer, other)
    one = NarrowedView(rows.of, cross.selections, {}, cross.bar, "one view").rows(rows.of)
    assert explained(viewer, one) == ""


class Clock:
    """Calls what is due when it is told to."""

    def __init__(self) -> None:
        self.now = 0.0
        self.due: list[Callable[[], None]] = []
        self.looks = 0

    def later(self, seconds: float, call: Callable[[], None]) -> bool:
        self.due.append(call)
        return True

    def run(self) -> None:
        while self.due:
            self.now += 0.4
            self.looks += 1
            self.due.pop(0)()


def test_the_bar_looks_some_times_after_a_change_and_then_no_more(engine: DuckDB, cross: Crossfilter) -> None:
    clock = Clock()
    viewer = Viewer(engine, cross, cross[1])
    serving = Serving(viewer.session, cross.bar.members, clock.later, lambda: clock.now)
    serving.moved()
    assert not clock.due  # nobody shows it
    bar = SelectionBar(History(viewer.session, cross.selections), serving)
    assert shown(bar) is None
    clock.run()
    assert 0 < clock.looks < 10
    viewer.brush(10, 20, 30)
    serving.moved()
    serving.moved()
    assert len(clock.due) == 1
    clock.run()
    assert shown(bar) is not None
    assert shown(bar)["count"] == "1 of 4 views from cubes"
    assert [view["label"] for view in shown(bar)["views"]] == ["by_delay", "counts", "means", "middle"]
    engine.cubes.clear()
    serving.moved()
    clock.run()
    assert shown(bar) is None


def test_without_a_server_each_change_has_one_look(engine: DuckDB, cross: Crossfilter) -> None:
    viewer = Viewer(engine, cross, cross[1], cross[3])
    serving = Serving(viewer.session, cross.bar.members)
    bar = SelectionBar(History(viewer.session, cross.selections), serving)
    viewer.brush(10, 20, 30)
    [cube] = [cube for cube in engine.cubes.of_views({cross.bar.members[3].key}) if cube.state == "unfit"]
    cube.state = "building"  # for ever
    serving.moved()
    assert shown(bar)["count"] == "1 of 4 views from cubes"
    assert shown(bar)["views"][3]["text"] == "a cube is being built"


def test_a_look_that_got_lost_is_made_up_for(engine: DuckDB, cross: Crossfilter) -> None:
    clock = Clock()
    viewer = Viewer(engine, cross, cross[1])
    serving = Serving(viewer.session, cross.bar.members, clock.later, lambda: clock.now)
    bar = SelectionBar(History(viewer.session, cross.selections), serving)
    clock.due.clear()
    viewer.brush(10, 20, 30)
    serving.moved()
    assert not clock.due
    clock.now += 10
    serving.moved()
    clock.run()
    assert shown(bar) is not None


def test_a_session_that_has_ended_is_not_looked_at(engine: DuckDB, cross: Crossfilter) -> None:
    clock = Clock()
    viewer = Viewer(engine, cross, cross[1])
    serving = Serving(viewer.session, cross.bar.members, clock.later, lambda: clock.now)
    bar = SelectionBar(History(viewer.session, cross.selections), serving)
    viewer.brush(10, 20, 30)
    viewer.session.close()
    clock.run()
    assert shown(bar) is None
    assert clock.looks == 1
