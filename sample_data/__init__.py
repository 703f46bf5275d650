"""Data that the examples, the tests and the documentation run on.

Three kinds, told apart in `README.md` and by `python -m sample_data`:

- real tables, committed here as Parquet (`sample_data/*.parquet`): flights, weather, Treasury yields, ...;
- real daily stock bars, written on first use from the package `bokeh_sampledata`;
- trades, generated: synthetic ticks whose days agree exactly with those real bars.

Example:
    >>> import sample_data
    >>> sample_data.daily_bars().name
    'daily_bars.parquet'
"""

from sample_data.bars import daily_bars
from sample_data.errors import SampleDataError
from sample_data.tape import trades

__all__ = ["SampleDataError", "daily_bars", "trades"]
