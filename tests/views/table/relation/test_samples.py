"""Samples: which rows they have, and how long the engine keeps them."""

from pathlib import Path
from typing import Any
from unittest.mock import patch

import polars as pl
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dataapp.engines.duckdb import DuckDB
from dataapp.engines.relation import Relation
from dataapp.errors import Cancelled
from dataapp.views.table.relation import samples as module
from dataapp.views.table.relation.queries import Query
from dataapp.views.table.relation.samples import Samples
from tests.views.table.by_hand import Job
from tests.views.table.relation.test_rows import frames

WIDE = "SELECT " + ", ".join(f"i + {at} AS c_{at}" for at in range(8)) + " FROM range(1000) t(i)"


def unstopped() -> Any:
    """What a job is given that nobody stops."""
    return Job(lambda _: None, lambda _: None, lambda _: None)


def rows_of(samples: Samples, ats: tuple[int, ...], rows: int | None) -> pa.Table:
    """All rows of a sample."""
    with samples.open(samples.relation.columns(), ats, rows, unstopped()) as source:
        names = ", ".join(source.table.references[at] for at in ats)
        return source.fetch(Query(f"SELECT {names} FROM {source.table.source} ORDER BY ALL"))


def name_of(samples: Samples, ats: tuple[int, ...], rows: int | None = 1000) -> str:
    """What the engine calls the sample that is taken, or is there."""
    with samples.open(samples.relation.columns(), ats, rows, unstopped()) as source:
        return source.table.source


@pytest.fixture
def engine() -> DuckDB:
    return DuckDB()


@pytest.fixture
def wide(engine: DuckDB) -> Relation:
    return Relation(WIDE, key="wide", engine=engine, fixed_order=True)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(frame=frames(), pieces=st.integers(1, 4), piece=st.integers(1, 60), ats=st.sets(st.integers(0, 5), min_size=1))
def test_pieces_of_a_file_are_the_same_by_number_as_by_skipping_to_them(
    tmp_path: Path, frame: pl.DataFrame, pieces: int, piece: int, ats: set[int]
):
    file = tmp_path / "it's.parquet"
    frame.write_parquet(file, row_group_size=37)
    relation = Relation(
        f"FROM read_parquet(['{str(file).replace("'", "''")}'])", key=object(), engine=DuckDB(), fixed_order=True
    )
    read = tuple(sorted(ats))
    starts = sorted({len(frame) * at // pieces for at in range(pieces)})
    ends = [*starts[1:], len(frame)]
    expected = pl.concat([frame[start : min(start + piece, end)] for start, end in zip(starts, ends, strict=True)])
    with patch.object(module, "_PIECES", pieces), patch.object(module, "_PIECE", piece):
        plain = rows_of(Samples(relation), read, len(frame))
        with patch.object(module, "DEEP", -1):
            by_number = rows_of(Samples(relation), read, len(frame))
    assert repr(by_number.to_pylist()) == repr(plain.to_pylist())
    for place, at in enumerate(read):
        values = expected[expected.columns[at]].to_list()
        assert sorted(map(repr, plain.column(place).to_pylist())) == sorted(map(repr, values))


def test_a_sample_is_taken_once_for_all_that_is_asked_of_its_columns(wide: Relation):
    samples = Samples(wide)
    first = name_of(samples, (0, 1, 2, 3))
    assert name_of(samples, (2,)) == name_of(samples, (3, 0)) == first
    assert name_of(samples, (4,)) != first
    assert name_of(samples, (2,), None) != first


def test_sessions_that_show_an_equal_relation_share_it(engine: DuckDB, wide: Relation):
    other = Samples(Relation(WIDE, key="wide", engine=engine, fixed_order=True))
    samples = Samples(wide)
    name = name_of(samples, (0, 1))
    assert name_of(other, (0, 1)) == name
    samples.close()
    assert name_of(other, (1,)) == name


def test_samples_go_when_they_are_closed(engine: DuckDB, wide: Relation):
    samples = Samples(wide)
    name_of(samples, (0,))
    name_of(samples, (1,))
    assert len(engine.kept) == 2
    samples.close()
    assert len(engine.kept) == 0


def test_a_sample_that_is_read_while_they_are_closed_goes_with_its_job(engine: DuckDB, wide: Relation):
    samples = Samples(wide)
    with samples.open(wide.columns(), (0,), 1000, unstopped()) as source:
        samples.close()
        assert source.fetch(Query(f"SELECT count(*) FROM {source.table.source}")).column(0)[0].as_py() == 1000
    assert len(engine.kept) == 0


def test_a_late_job_leaves_nothing_behind(engine: DuckDB, wide: Relation):
    samples = Samples(wide)
    samples.close()
    assert name_of(samples, (0,))
    assert len(engine.kept) == 0


def test_the_oldest_goes_when_there_are_many(engine: DuckDB, wide: Relation):
    samples = Samples(wide)
    for at in range(8):
        name_of(samples, (at,))
    assert len(engine.kept) == 4


def test_who_is_stopped_before_it_is_taken_leaves_nothing_behind(engine: DuckDB, wide: Relation):
    job = unstopped()
    job.cancel()
    with pytest.raises(Cancelled), Samples(wide).open(wide.columns(), (0,), 1000, job):
        pass
    assert len(engine.kept) == 0


@pytest.mark.parametrize("fixed_order", [True, False])
def test_it_comes_from_all_over_the_rows(engine: DuckDB, fixed_order: bool):
    relation = Relation("FROM range(1_000_000) t(i)", key=fixed_order, engine=engine, fixed_order=fixed_order)
    numbers = [row["c0"] for row in rows_of(Samples(relation), (0,), 1_000_000).to_pylist()]
    assert len(numbers) < 100_000
    assert min(numbers) == 0
    assert max(numbers) > 650_000
