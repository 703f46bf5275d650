"""Places in SQL text, and the map from assembled text back to the texts that it was assembled from.

Offsets are bytes of the UTF-8 text, as in the engine's syntax tree, tokens and errors. Lines and columns are for
people: they start at 1, and a column counts characters.
"""

from bisect import bisect_right
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Span:
    """The bytes from `start` up to, and not including, `end`."""

    start: int
    end: int


def line_and_column(text: str, offset: int) -> tuple[int, int]:
    """Return line and column of a byte offset; past the end means the end.

    Example:
        >>> line_and_column("FROM 'ä', x", 11)
        (1, 11)
    """
    before = text.encode()[:offset].decode(errors="ignore")
    return before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1


@dataclass(frozen=True, slots=True)
class Piece[Origin]:
    """A stretch of assembled text: a verbatim copy, or what stands in place of something at `source`."""

    start: int
    end: int
    origin: Origin
    source: int
    is_copy: bool


@dataclass(frozen=True, slots=True)
class SourceMap[Origin]:
    """Which text, and where in it, each byte of an assembled text comes from.

    Invariant: pieces are in order of `start` and do not overlap.
    """

    pieces: tuple[Piece[Origin], ...]

    def find(self, position: int) -> tuple[Origin, int] | None:
        """Return the origin and the offset in it, or None where the text was added by the assembler.

        The position just behind a copy belongs to it: that is where an engine reports an unexpected end.
        """
        index = bisect_right(self.pieces, position, key=lambda piece: piece.start) - 1
        if index < 0:
            return None
        piece = self.pieces[index]
        if position > piece.end or (position == piece.end and not piece.is_copy):
            return None
        return piece.origin, piece.source + (position - piece.start if piece.is_copy else 0)


class Assembly[Origin]:
    """Text under construction, with its source map."""

    def __init__(self) -> None:
        self._chunks: list[bytes] = []
        self._pieces: list[Piece[Origin]] = []
        self._length = 0

    def add(self, text: str) -> None:
        """Append text of our own, which maps to nothing."""
        self._append(text.encode())

    def copy(self, origin: Origin, source: bytes, span: Span) -> None:
        """Append a verbatim stretch of a source."""
        self._append_piece(source[span.start : span.end], origin, span.start, is_copy=True)

    def replace(self, origin: Origin, at: int, text: str) -> None:
        """Append text that stands in place of something in a source, and maps to the start of it."""
        self._append_piece(text.encode(), origin, at, is_copy=False)

    def finish(self) -> tuple[str, SourceMap[Origin]]:
        """Return the text and its map."""
        return b"".join(self._chunks).decode(), SourceMap(tuple(self._pieces))

    def _append_piece(self, chunk: bytes, origin: Origin, source: int, *, is_copy: bool) -> None:
        start = self._length
        self._append(chunk)
        self._pieces.append(Piece(start, self._length, origin, source, is_copy))

    def _append(self, chunk: bytes) -> None:
        self._chunks.append(chunk)
        self._length += len(chunk)
