"""Names for tables: made of file names, good in SQL without quotes and in Python as a variable."""

import builtins
import keyword
import re
import unicodedata
from collections.abc import Collection
from pathlib import Path

from dataapp.compile.identifiers import fold, unused
from dataapp.connect.files import format_of, is_pattern

# What a saved app imports, and what the engine's reader calls any relation.
_TAKEN = frozenset({"alt", "da", "dt", "importlib", "pl", "pn", "relation"})
_SAYS_NOTHING = frozenset({"", "part", "data", "file", "chunk", "batch"})
NUMBER = re.compile(r"[0-9a-f]*\d[0-9a-f]{7,}|\d+", re.IGNORECASE)
_MARKS = re.compile(r"\[[^\]]*\]|[*?]")


def numbered(stem: str) -> tuple[str, ...]:
    """Return the texts around the numbers of a file's name: equal for files that are numbered or dated alike.

    Long hexadecimal words, as writers of Parquet put into names, are numbers too.

    Example:
        >>> numbered("part-0001"), numbered("2024-01-31"), numbered("trades")
        (('part-', ''), ('', '-', '-', ''), ('trades',))
    """
    return tuple(NUMBER.split(stem))


def location_to_title(location: str) -> str:
    """Return what a location is about: the last part of it that says anything.

    Example:
        >>> location_to_title("/data/trades/*.parquet"), location_to_title("/data/trades-[0-9]*.csv.gz")
        ('trades', 'trades')
        >>> location_to_title("/data/trades/year=*/part-[0-9]*.parquet"), location_to_title("/data/t1.csv")
        ('trades', 't1')
    """
    parts = Path(location).parts
    for index, part in enumerate(reversed(parts)):
        stem = without_endings(part) if index == 0 else part
        if not is_pattern(stem):
            if "=" not in stem and stem != "/":
                return stem
            continue
        stem = _MARKS.sub("", stem).strip("-_. ")
        if stem.lower() not in _SAYS_NOTHING and "=" not in stem and re.search(r"[^\W\d_]", stem):
            return stem
    return "data"


def without_endings(name: str) -> str:
    """Return a file's name without the endings that tell its format and compression.

    Example:
        >>> without_endings("trades.2024.csv.gz"), without_endings("part-0.snappy.parquet")
        ('trades.2024', 'part-0')
    """
    while (path := Path(name)).suffix and (format_of(name) or path.suffix.lower() in {".snappy", ".zstd", ".lz4"}):
        name = path.stem
    return name


def title_to_name(title: str, taken: Collection[str], keywords: Collection[str]) -> str:
    """Return a name for a table: lower case, valid in Python and SQL, and not taken.

    Args:
        title: What the table is about.
        taken: Names that other tables have.
        keywords: Words that SQL does not take as a table's name.

    Example:
        >>> title_to_name("Trades 2024", [], []), title_to_name("2024", [], []), title_to_name("order", [], ["order"])
        ('trades_2024', 't_2024', 'order_table')
        >>> title_to_name("trades", ["trades", "trades_2"], [])
        'trades_3'
    """
    name = re.sub(r"\W+", "_", unicodedata.normalize("NFKC", title).lower()).strip("_") or "t"
    name = name if name.isidentifier() else f"t_{name}"
    if keyword.iskeyword(name) or name in keywords or name in _TAKEN or hasattr(builtins, name):
        name = f"{name}_table"
    return unused(name, {fold(other) for other in taken})
