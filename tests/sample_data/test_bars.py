import sys
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from sample_data import SampleDataError, daily_bars
from sample_data.bars import SCHEMA, read_bars


def test_bars_have_the_documented_schema_and_rows(sample_home: Path):
    frame = pl.read_parquet(daily_bars())
    assert (frame.schema, frame.height) == (SCHEMA, 12_154)


def test_bars_are_as_the_source_has_them(sample_home: Path):
    first = pl.read_parquet(daily_bars()).row(0)
    assert first == ("AAPL", date(2000, 3, 1), 118.56, 132.06, 118.5, 130.31, 9_616_100, 4.186662803811)


def test_each_symbol_and_day_has_one_bar_whose_range_holds_its_prices():
    bars = read_bars()
    assert not bars.select("symbol", "date").is_duplicated().any()
    assert bars.select(pl.col("open", "close").is_between("low", "high").all()).row(0) == (True, True)


def test_bars_say_where_they_come_from(sample_home: Path):
    metadata = pl.read_parquet_metadata(daily_bars())
    assert (metadata["synthetic"], metadata["license"]) == ("false", "public domain")


def test_bars_that_exist_are_not_written_again(sample_home: Path):
    before = daily_bars().stat()
    assert daily_bars().stat().st_ino == before.st_ino


def test_bars_from_another_version_of_the_package_are_written_again(sample_home: Path):
    read_bars().head(1).write_parquet(daily_bars(), metadata={"source": "bokeh_sampledata 2013.1"})
    assert pl.read_parquet(daily_bars()).height == 12_154


def test_a_missing_package_is_named(sample_home: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "bokeh_sampledata", None)
    with pytest.raises(SampleDataError, match=r"`bokeh_sampledata`, which is not installed\. Hint: install"):
        daily_bars()
