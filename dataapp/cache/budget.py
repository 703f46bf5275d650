"""How much memory results may take."""

import os
import re

from dataapp.errors import SettingError

_DEFAULT = 256 * 2**20
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
    return _DEFAULT if said is None else text_to_bytes(said)


def text_to_bytes(text: str) -> int:
    """Return a size that people write as bytes.

    Raises:
        SettingError: It is no size.

    Example:
        >>> text_to_bytes("512 MB"), text_to_bytes("0")
        (536870912, 0)
    """
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([KMG]?B)?\s*", text, re.IGNORECASE)
    if found is None:
        raise SettingError(f"`DATAAPP_CACHE` is {text!r}, which is no size.", hint="write it as 512MB, 2GB or 0")
    return int(float(found[1]) * _UNITS[(found[2] or "").upper()])
