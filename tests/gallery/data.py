"""The data sets of the gallery, those that `vega_datasets` holds itself, as frames with times as times."""

from functools import cache
from importlib.resources import files
from io import BytesIO

import polars as pl

_TIMES = {"cars": ("Year", "%Y-%m-%d"), "crimea": ("date", "%Y-%m-%d"), "ohlc": ("date", "%Y-%m-%d")}
_TIMES |= {"stocks": ("date", "%b %d %Y")}


@cache
def frame(name: str) -> pl.DataFrame:
    """Return a data set; a hyphen in its name is an underscore here."""
    folder = files("vega_datasets") / "_data"
    file = next(file for file in folder.iterdir() if file.name.rpartition(".")[0].replace("-", "_") == name)
    content = BytesIO(file.read_bytes())
    if file.name.endswith(".csv"):
        rows = pl.read_csv(content, try_parse_dates=True)
    else:
        rows = pl.read_json(content, infer_schema_length=None)
    if name in _TIMES:
        column, written = _TIMES[name]
        rows = rows.with_columns(pl.col(column).str.to_date(written))
    return rows.cast({"year": pl.Int64}) if name == "wheat" else rows
