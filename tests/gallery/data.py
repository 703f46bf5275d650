"""The data sets of the gallery, those that `vega_datasets` holds itself, as frames with times as times."""

from functools import cache
from importlib.resources import files
from io import BytesIO

import polars as pl

_SHAPES = {"square": (0.0, 0.0, 10.0), "field": (20.0, -5.0, 15.0), "island": (-30.0, 10.0, 4.0)}
_TIMES = {"cars": ("Year", "%Y-%m-%d"), "crimea": ("date", "%Y-%m-%d"), "ohlc": ("date", "%Y-%m-%d")}
_TIMES |= {"stocks": ("date", "%b %d %Y")}


@cache
def frame(name: str) -> pl.DataFrame:
    """Return a data set, with underscores for hyphens in its name. `shapes` are squares, as the package has no maps."""
    if name == "shapes":
        return pl.DataFrame([_square(*named) for named in _SHAPES.items()])
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


def _square(name: str, corner: tuple[float, float, float]) -> dict[str, object]:
    west, south, side = corner
    north, east = south + side, west + side
    ring = [[west, south], [west, north], [east, north], [east, south], [west, south]]
    return {"type": "Feature", "name": name, "side": side, "geometry": {"type": "Polygon", "coordinates": [ring]}}
