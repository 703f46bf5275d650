"""What was noted last, so that what is known of queries does not grow with all that were ever asked."""

from collections import OrderedDict


class Recent[K, V](OrderedDict[K, V]):
    """A mapping of so many entries at the most: what was noted longest ago goes first.

    Args:
        most: How many.

    Example:
        >>> known = Recent[str, int](2)
        >>> known.note("a", 1), known.note("b", 2), known.note("a", 3), known.note("c", 4)
        (1, 2, 3, 4)
        >>> dict(known)
        {'a': 3, 'c': 4}
    """

    def __init__(self, most: int) -> None:
        super().__init__()
        self.most = most

    def note(self, key: K, value: V) -> V:
        """Note a value, and return it."""
        self[key] = value
        self.move_to_end(key)
        if len(self) > self.most:
            self.popitem(last=False)
        return value
