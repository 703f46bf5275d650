"""Which queries have the same scan, and which share none."""

import pytest

from dataapp.compile.consolidation import Figure, join, take_apart
from dataapp.compile.cubes.trees import Misfit
from dataapp.compile.target import DUCKDB
from dataapp.engines.duckdb import DuckDB
from dataapp.engines.relation import Relation

ENGINE = DuckDB()
ROWS = "(VALUES (1, 'a', DATE '2024-01-01'), (2, 'b', DATE '2024-01-02')) AS t(i, s, day)"
COUNT = f"SELECT count(*) FROM {ROWS} WHERE i > 0"


def apart(text: str) -> Figure:
    def describe(text: str) -> list[str]:
        with Relation(text, key=text, engine=ENGINE).open() as reader:
            return [name for name, _ in reader.describe_query(text, {})]

    return take_apart(text, ENGINE, describe)


@pytest.mark.parametrize(
    "text",
    [
        f"SELECT s, sum(i) FROM {ROWS} WHERE i > 0 GROUP BY s HAVING count(*) > 1 ORDER BY ALL LIMIT 1",
        f"WITH g AS (SELECT s, max(i) AS m FROM {ROWS} WHERE i > 0 GROUP BY ALL) SELECT sum(m) FROM g",
        f"SELECT max(more) FROM (SELECT i + 1 AS more, s FROM {ROWS}) AS below WHERE more - 1 > 0",
        f"WITH below AS (SELECT i AS s, s AS i FROM {ROWS} WHERE i > 0) SELECT below.i, count(*) FROM below GROUP BY 1",
    ],
)
def test_what_differs_only_in_what_it_aggregates_has_the_same_scan(text: str) -> None:
    if "more" in text:
        assert apart(text).scan == apart(COUNT.replace("i > 0", "i + 1 - 1 > 0")).scan
    else:
        assert apart(text).scan == apart(COUNT).scan
    assert apart(text).fits(apart(text))


def test_a_key_that_is_computed_as_a_number_is_no_position() -> None:
    below = f"(SELECT 3 AS three, i, s FROM {ROWS} WHERE i > 0)"
    joint = join([apart(f"SELECT s, three, sum(i) AS total FROM {below} GROUP BY s, three")], ENGINE)
    with Relation(joint.text, key=joint.text, engine=ENGINE).open() as reader:
        assert sorted(tuple(row.values()) for row in reader.fetch().to_pylist()) == [("a", 3, 1), ("b", 3, 2)]


@pytest.mark.parametrize(
    "text",
    [
        f"SELECT count(*) FROM {ROWS} WHERE i > 1",
        f"SELECT count(*) FROM {ROWS}",
        f"SELECT count(*) FROM (SELECT DISTINCT i FROM {ROWS} WHERE i > 0) AS below",
        f"SELECT count(*) FROM (SELECT unnest([i, i]) AS i FROM {ROWS} WHERE i > 0) AS below",
    ],
)
def test_what_reads_other_rows_has_another_scan(text: str) -> None:
    assert not apart(text).fits(apart(COUNT))


def test_only_equal_groups_fit() -> None:
    known = apart(f"SELECT s, day, count(*) FROM {ROWS} GROUP BY s, day")
    assert known.fits(
        apart(f"SELECT median(i), day AS date, s FROM {ROWS} GROUP BY ALL HAVING count(*) > 1 ORDER BY 1")
    )
    for other in ("count(*)", "s, count(*)", "s, day::DATE AS day, count(*)", "s, day, i, count(*)"):
        assert not known.fits(apart(f"SELECT {other} FROM {ROWS} GROUP BY ALL"))


@pytest.mark.parametrize(
    "text",
    [
        f"SELECT i FROM {ROWS}",
        f"SELECT count(*) FROM {ROWS} WHERE random() < 0.5",
        f"SELECT count(*) FROM (FROM {ROWS} LIMIT 1)",
        f"SELECT count(*) FROM (SELECT i, row_number() OVER (ORDER BY s) AS n FROM {ROWS}) AS below WHERE n < 2",
        f"SELECT count(*) FROM {ROWS} TABLESAMPLE 10% (bernoulli, 7)",
        f"SELECT count(*) FROM ({DUCKDB.fence[0]}SELECT * FROM {ROWS} WHERE i > 0{DUCKDB.fence[1]})",
        f"SELECT count(*) FROM {ROWS} UNION ALL SELECT max(i) FROM {ROWS}",
        f"SELECT s, count(*) FROM {ROWS} GROUP BY ROLLUP (s)",
        f"SELECT 'all' AS series, count(*) FROM {ROWS} GROUP BY series",
        f"SELECT 'all' AS series, count(*) FROM {ROWS} GROUP BY 1",
        f"SELECT (SELECT count(*) FROM {ROWS} WHERE t.i = o.i) FROM {ROWS.replace('AS t', 'AS o')}",
        "SELECT count(*)",
    ],
)
def test_what_cannot_share_a_scan_is_told_apart(text: str) -> None:
    with pytest.raises(Misfit):
        apart(text)
