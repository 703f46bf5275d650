"""The table explorer: scrolls, sorts and filters a relation of any size, of which only the visible rows travel."""
