"""Addresses in a chart: those that the author wrote are kept, those that data would give are refused.

Whoever can write a row must not choose where a click leads, or what a page or a saved file loads. So ``href`` and
``url`` are constants: a link to a page, and a picture that the chart holds itself.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, cast

from dataapp.errors import ChartError

_SCHEME = re.compile(r"(?i)^[\x00-\x20]*[a-z][a-z0-9+.\-\x00-\x20]*:")  # browsers leave such characters out
_FOLLOWED = re.compile(r"(?i)^(https?://|mailto:)")
_PICTURE = re.compile(r"(?i)^data:image/(png|jpeg|gif|webp);base64,")
_HELD = {"data", "datasets", "params"}  # what is in there is no mark


def check_addresses(spec: Mapping[str, Any]) -> None:
    """Refuse a specification with an address that is not a constant, or not of a kind that is safe to follow.

    Raises:
        ChartError: There is one.

    Example:
        >>> check_addresses({"mark": {"type": "bar", "href": "https://example.org"}})
        >>> check_addresses({"mark": "image", "encoding": {"url": {"field": "logo"}}})
        Traceback (most recent call last):
        ...
        dataapp.errors.ChartError: The chart takes `url` from data... [DA701]
    """
    for channel, address in _addresses(spec):
        if not isinstance(address, str):
            raise ChartError(
                f"The chart takes `{channel}` from data, which could then choose what a reader opens or loads.",
                hint=f"give a constant, alt.value(...), or show the address as text: tooltip=[...], not {channel}=",
            )
        if channel == "href" and _SCHEME.match(address) and not _FOLLOWED.match(address):
            raise ChartError(f"The chart links to {address[:80]!r}.", hint="link to https://, http:// or mailto:")
        if channel == "url" and not _PICTURE.match(address):
            raise ChartError(
                f"The chart shows the picture {address[:80]!r}, but charts load nothing.",
                hint="give the picture itself, as data:image/png;base64,...",
            )


def _addresses(node: object) -> Iterator[tuple[str, object]]:
    """Yield each address of marks and channels; of one that is computed, the definition."""
    if isinstance(node, Mapping):
        for key, value in cast("Mapping[str, Any]", node).items():
            if key in {"href", "url"}:
                yield from ((key, address) for address in _constants(value))
            elif key not in _HELD:
                yield from _addresses(value)
    elif isinstance(node, list):
        for value in cast("list[object]", node):
            yield from _addresses(value)


def _constants(definition: object) -> Iterator[object]:
    if not isinstance(definition, Mapping):
        if definition is not None:
            yield definition
        return
    known = cast("Mapping[str, Any]", definition)
    conditions = known.get("condition", [])
    for part in [known, *(conditions if isinstance(conditions, list) else [conditions])]:
        if "value" in part:
            yield from _constants(part["value"])
        elif "condition" not in part:
            yield part
