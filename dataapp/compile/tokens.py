"""The tokens of a SQL text with their exact spans, and the parameters among them.

The engine's tokenizer says where each token starts and of which kind it is; where a token ends (before blanks and
comments) is worked out here. Each `;` is a token of its own, and so is the `$` of a named parameter.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol

from dataapp.compile.spans import Span

_TRIVIA = re.compile(r"\s|--|/\*")
_QUOTED = r"""
    "(?:[^"]|"")*"
  | \$(?P<tag>\w*)\$.*?\$(?P=tag)\$
  | (?:(?<!\w)[eE]'(?:[^'\\]|''|\\.)*' | (?:(?<!\w)[xXbB])?'(?:[^']|'')*')
    (?:(?:\s|--[^\n]*\n|/\*.*?\*/)*'(?:[^']|'')*')*   # literals on several lines are one token
"""
_QUOTED_TOKEN = re.compile(_QUOTED, re.VERBOSE | re.DOTALL)
_NAMES = ("identifier", "keyword")
_SPACES = "\u00a0\u2000-\u200d\u202f\u205f\u2060\u3000\ufeff"
_QUOTED_OR_SPACE = re.compile(rf"{_QUOTED} | --[^\n]* | /\*.*?\*/ | (?P<space>[{_SPACES}])", re.VERBOSE | re.DOTALL)


class Tokenizer(Protocol):
    """What this module needs of the engine."""

    def tokens(self, text: str) -> Sequence[tuple[int, str]]:
        """Return byte offset and kind of each token."""
        ...


@dataclass(frozen=True, slots=True)
class Token:
    """A token: its kind as the engine names it, its span, and its text as written."""

    kind: str
    span: Span
    text: str

    def is_keyword(self, *words: str) -> bool:
        """Whether this is one of these keywords, given in lower case."""
        return self.kind == "keyword" and self.text.lower() in words

    @property
    def name(self) -> str:
        """The name that an identifier or keyword spells, without its quotes."""
        return self.text[1:-1].replace('""', '"') if self.text.startswith('"') else self.text


@dataclass(frozen=True, slots=True)
class FieldRef:
    """A field that is read of a parameter; the span covers `$name.field`."""

    name: str
    span: Span


@dataclass(frozen=True, slots=True)
class ParameterRef:
    """One occurrence of a named parameter; the span covers `$name`, and `field` tells which field of it is read."""

    name: str
    span: Span
    field: FieldRef | None = None


def tokenize(text: str, tokenizer: Tokenizer) -> tuple[Token, ...]:
    """Return the tokens of a text, without comments and blanks."""
    data = text.encode()
    found = tokenizer.tokens(text)
    starts = [offset for offset, _ in found] + [len(data)]
    tokens: list[Token] = []
    for (start, kind), end in zip(found, starts[1:], strict=True):
        written = _without_trivia(data[start:end].decode())
        tokens.append(Token(kind, Span(start, start + len(written.encode())), written))
    return tuple(tokens)


def parameters(tokens: Sequence[Token]) -> tuple[ParameterRef, ...]:
    """Return every occurrence of a named parameter, in order."""
    return tuple(
        ParameterRef(name.name, Span(dollar.span.start, name.span.end), _field(tokens[index : index + 5]))
        for index, (dollar, name) in enumerate(pairwise(tokens))
        if dollar.text == "$" and name.kind in _NAMES
    )


def _field(tokens: Sequence[Token]) -> FieldRef | None:
    """Return the field that is read, given the tokens from the `$` on; `$name.call()` reads none."""
    if len(tokens) < 4 or tokens[2].text != "." or tokens[3].kind not in _NAMES:
        return None
    if len(tokens) > 4 and tokens[4].text == "(":
        return None
    return FieldRef(tokens[3].name, Span(tokens[0].span.start, tokens[3].span.end))


def positional_parameter(tokens: Sequence[Token]) -> Token | None:
    """Return the first `?` or `$1`, or None."""
    for token in tokens:
        if token.kind == "operator" and (token.text.startswith("?") or (token.text != "$" and token.text[0] == "$")):
            return token
    return None


def statements(tokens: Sequence[Token]) -> list[list[Token]]:
    """Return the tokens of each statement that is not empty."""
    found: list[list[Token]] = [[]]
    for token in tokens:
        if token.text == ";":
            found.append([])
        else:
            found[-1].append(token)
    return [statement for statement in found if statement]


def plain_spaces(text: str) -> str:
    """Replace the blanks that come with text pasted from pages and mails, keeping every byte offset.

    The engine takes them for blanks, but its tokenizer does not, and its tree counts them as one byte.

    Example:
        >>> plain_spaces("SELECT" + chr(160) + "1")
        'SELECT  1'
    """
    return _QUOTED_OR_SPACE.sub(lambda match: " " * len(match[0].encode()) if match["space"] else match[0], text)


def _without_trivia(chunk: str) -> str:
    quoted = _QUOTED_TOKEN.match(chunk)
    if quoted is not None:
        return quoted[0]
    trivia = _TRIVIA.search(chunk)
    return chunk if trivia is None else chunk[: trivia.start()]
