"""What each tab of the browser holds, drafts included, so that a page that is loaded again shows it.

A tab is known by a key in its address, and whoever opens that address again finds what was held there.

Invariant: no two pages that are open write under one key. The second one takes a key of its own with its first change,
and goes on from what it found.
"""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from dataapp.workbench.book import Book

_MOST = 200  # tabs that are remembered: a book is a few kilobytes


@dataclass(frozen=True, slots=True)
class Held:
    """What a page holds.

    Attributes:
        book: Its book.
        drafts: The texts that were typed and have not run, by query.
    """

    book: Book
    drafts: Mapping[str, str] = field(default_factory=dict[str, str])


class Tabs:
    """What all tabs hold, the latest last.

    Example:
        >>> tabs = Tabs()
        >>> first, second = Tab(tabs, None, lambda: True, print), Tab(tabs, None, lambda: True, print)
        >>> tabs.find(None) is None
        True
    """

    def __init__(self) -> None:
        self._held: dict[str, Held] = {}
        self._holders: dict[str, Tab] = {}

    def find(self, key: str | None) -> Held | None:
        """Return what is held under a key; of a new tab, what was held last, or None."""
        if key in self._held:
            return self._held[key]
        return next(reversed(self._held.values()), None)

    def hold(self, key: str | None, tab: "Tab", held: Held) -> str:
        """Hold something, and return the key under which it is found again."""
        holder = None if key is None else self._holders.get(key)
        if key is None or (holder is not None and holder is not tab and holder.is_open()):
            key = secrets.token_urlsafe(6)
        self._held.pop(key, None)
        self._held[key] = held
        self._holders[key] = tab
        for oldest in list(self._held)[:-_MOST]:
            del self._held[oldest], self._holders[oldest]
        return key


class Tab:
    """One open page.

    Args:
        tabs: What all tabs hold.
        key: The key in its address, or None.
        is_open: Tells whether somebody still sees it.
        show: Writes a new key into its address.

    Attributes:
        is_new: Whether its address had no key.
        is_open: As given.
    """

    def __init__(self, tabs: Tabs, key: str | None, is_open: Callable[[], bool], show: Callable[[str], None]) -> None:
        self._tabs = tabs
        self._key = key
        self._show = show
        self.is_new = key is None
        self.is_open = is_open

    def found(self) -> Held | None:
        """Return what the page begins with, or None for what every page begins with."""
        return self._tabs.find(self._key)

    def hold(self, held: Held) -> None:
        """Hold something for when the page is loaded again."""
        key = self._tabs.hold(self._key, self, held)
        if key != self._key:
            self._key = key
            self._show(key)
