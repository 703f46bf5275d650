import re
from pathlib import Path

import duckdb
import polars as pl
import pytest

from sample_data.build import DIRECTORY, TABLES
from sample_data.catalogue import datasets

README = (DIRECTORY / "README.md").read_text("utf-8")


def test_every_data_set_is_listed_once(sample_home: Path):
    names = [dataset.name for dataset in datasets()]
    assert names == [*sorted(TABLES), "generated/daily_bars", "trades/*"]


def test_the_committed_files_are_those_that_are_built():
    assert {file.stem for file in DIRECTORY.glob("*.parquet")} == set(TABLES)


def test_the_committed_files_stay_small():
    assert sum(file.stat().st_size for file in DIRECTORY.glob("*.parquet")) < 5_000_000


@pytest.mark.parametrize("name", sorted(TABLES))
def test_readme_gives_the_rows_and_the_package_of_each_file(name: str):
    rows = pl.scan_parquet(DIRECTORY / f"{name}.parquet").select(pl.len()).collect().item()
    member = TABLES[name].member
    assert f"| `{name}.parquet` | {rows:,} | {member.distribution} {member.version} (" in README


@pytest.mark.parametrize("name", sorted(TABLES))
def test_readme_names_every_column(name: str):
    columns = set(pl.read_parquet_schema(DIRECTORY / f"{name}.parquet"))
    assert columns <= set(re.findall(r"`(\w+)`", README))


@pytest.mark.parametrize("name", sorted(TABLES))
def test_a_committed_file_says_where_it_came_from(name: str):
    metadata = pl.read_parquet_metadata(DIRECTORY / f"{name}.parquet")
    assert metadata["synthetic"] == "false"
    assert metadata["sha256"] == TABLES[name].member.sha256


TYPES = {
    "flights": "TIMESTAMP TIME VARCHAR SMALLINT VARCHAR VARCHAR VARCHAR SMALLINT SMALLINT SMALLINT SMALLINT",
    "planes": "VARCHAR SMALLINT VARCHAR VARCHAR VARCHAR TINYINT SMALLINT SMALLINT VARCHAR",
    "weather": "VARCHAR TIMESTAMP DOUBLE DOUBLE DOUBLE SMALLINT DOUBLE DOUBLE DOUBLE DOUBLE DOUBLE",
    "airports": "VARCHAR VARCHAR VARCHAR VARCHAR VARCHAR DOUBLE DOUBLE",
    "treasury_yields": "DATE VARCHAR SMALLINT DOUBLE",
    "us_macro": "DATE" + 12 * " DOUBLE",
    "us_employment": "DATE VARCHAR DOUBLE",
    "oil_prices": "DATE DOUBLE",
}


@pytest.mark.parametrize("name", sorted(TYPES))
def test_duckdb_reads_precise_types(name: str):
    file = str(DIRECTORY / f"{name}.parquet")
    described = duckdb.execute("SELECT column_type FROM (DESCRIBE FROM read_parquet($file))", {"file": file})
    assert " ".join(row[0] for row in described.fetchall()) == TYPES[name]


def test_every_flight_finds_its_airline_and_airports():
    flights, airlines, airports = (
        pl.read_parquet(DIRECTORY / f"{name}.parquet") for name in ("flights", "airlines", "airports")
    )
    assert set(flights["carrier"]) == set(airlines["carrier"])
    assert set(flights["origin"]) | set(flights["dest"]) <= set(airports["iata"])
