"""How much memory and disk results may take, and what is shared, as the environment says."""

import os
import re
from pathlib import Path

from dataapp.cache.disk import DiskResults
from dataapp.errors import SettingError

_IN_MEMORY = 256 * 2**20
_ON_DISK = 2 * 2**30
_UNITS = {"": 1, "B": 1, "KB": 2**10, "MB": 2**20, "GB": 2**30}


def budget_from_environment() -> int:
    """Return the bytes that `DATAAPP_CACHE` allows, such as ``512MB``; 0 keeps nothing for later.

    Raises:
        SettingError: The variable holds no size.

    Example:
        >>> budget_from_environment()
        268435456
    """
    said = os.environ.get("DATAAPP_CACHE")
    return _IN_MEMORY if said is None else text_to_bytes(said, "DATAAPP_CACHE")


def cubes_from_environment(default: int) -> int:
    """Return the bytes that `DATAAPP_CUBES` allows for cubes; 0 makes none.

    Args:
        default: What holds if the variable is not set.

    Raises:
        SettingError: The variable holds no size.
    """
    said = os.environ.get("DATAAPP_CUBES")
    return default if said is None else text_to_bytes(said, "DATAAPP_CUBES")


def scans_from_environment() -> bool:
    """Return whether `DATAAPP_SCANS` allows one scan for several queries: 1, which holds if it is not set, or 0.

    Raises:
        SettingError: The variable holds something else.
    """
    said = os.environ.get("DATAAPP_SCANS", "1")
    if said.strip() not in ("0", "1"):
        raise SettingError(f"`DATAAPP_SCANS` is {said!r}.", hint="write it as 0 or 1")
    return said.strip() == "1"


def disk_from_environment() -> DiskResults | None:
    """Return the files in the folder that `DATAAPP_CACHE_DIR` names, or None; `DATAAPP_CACHE_DISK` is their budget.

    Raises:
        SettingError: The budget is no size.
    """
    folder = os.environ.get("DATAAPP_CACHE_DIR")
    if not folder:
        return None
    said = os.environ.get("DATAAPP_CACHE_DISK")
    most_bytes = _ON_DISK if said is None else text_to_bytes(said, "DATAAPP_CACHE_DISK")
    return DiskResults(Path(folder).expanduser(), most_bytes)


def text_to_bytes(text: str, name: str) -> int:
    """Return a size that people write as bytes.

    Args:
        text: What they write.
        name: Where, for errors.

    Raises:
        SettingError: It is no size.

    Example:
        >>> text_to_bytes("512 MB", "DATAAPP_CACHE"), text_to_bytes("0", "DATAAPP_CACHE")
        (536870912, 0)
    """
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([KMG]?B)?\s*", text, re.IGNORECASE)
    if found is None:
        raise SettingError(f"`{name}` is {text!r}, which is no size.", hint="write it as 512MB, 2GB or 0")
    return int(float(found[1]) * _UNITS[(found[2] or "").upper()])
