"""Calls of readers of Parquet files in a query, and of which columns it takes extremes; see `engines.parquet_scans`."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol

from dataapp.compile.identifiers import fold
from dataapp.compile.spans import Span
from dataapp.compile.tokens import Token, Tokenizer, parameters, tokenize

OPTION = "can_have_nan"
_READERS = ("read_parquet", "parquet_scan")
_EXTREMES = ("max", "min")
_NAMELESS = frozenset({"columns", "unpivot", "pivot", "summarize"})  # reach columns that they do not name
# What may stand before a parenthesis by the grammar, and is no function of the catalog.
_SYNTAX = frozenset(
    {"select", "from", "lateral", "join", "on", "using", "where", "having", "by", "limit", "offset", "materialized"}
    | {"and", "or", "not", "in", "any", "all", "some", "exists", "between", "like", "ilike", "when", "then", "else"}
    | {"cast", "try_cast", "extract", "values", "row", "array", "over", "exclude", "replace", "rename", "as"}
    | {"coalesce", "ifnull", "nullif", "unnest", "position", "substring", "trim", "overlay", "try", "map", "interval"}
    | {"group", "sets", "rollup", "cube", "grouping", "decimal", "numeric", "varchar"}
)
_FOLLOWS = frozenset(
    {"filter", "over", "materialized", "in", "and", "or", "on", "using", "where", "not", "union", "all"}
)
_BEFORE_EXPRESSIONS = frozenset(
    {"select", "distinct", "from", "join", "lateral", "with", "recursive", "where", "having", "qualify", "on", "using"}
    | {"by", "and", "or", "not", "in", "is", "between", "like", "ilike", "case", "when", "then", "else", "limit"}
    | {
        "offset",
        "union",
        "all",
        "any",
        "some",
        "except",
        "intersect",
        "exists",
        "values",
        "partition",
        "order",
        "group",
    }
)


class Engine(Tokenizer, Protocol):
    """What this module needs of the engine."""

    def functions(self) -> Collection[str]:
        """Return the lower-case names of all functions."""
        ...


@dataclass(frozen=True, slots=True)
class Call:
    """A call of a reader of Parquet files in a query.

    Attributes:
        span: From the name to the closing parenthesis.
        first: Its first argument, which gives its files.
        paths: What that is if it is a literal or a list of literals; None for all else.
        parameters: The names of the parameters in it.
        is_list: Whether it is written as a list.
    """

    span: Span
    first: Span
    paths: tuple[str, ...] | None
    parameters: tuple[str, ...]
    is_list: bool


@dataclass(frozen=True, slots=True)
class CallsInText:
    """What a query calls, and what its other tokens say.

    Attributes:
        calls: Calls of readers that give files.
        extremes: Folded names of the columns of which it takes extremes; None where they may be any; without any it
            takes none.
    """

    calls: tuple[Call, ...]
    extremes: frozenset[str] | None


def read_calls(sql: str, engine: Engine) -> CallsInText:
    """Return what a query calls, and of which columns it takes extremes."""
    tokens = tokenize(sql, engine)
    calls = [
        call
        for index, (token, behind) in enumerate(pairwise(tokens))
        if _is_name(token)
        and fold(token.name) in _READERS
        and behind.text == "("
        and (call := _call(tokens, index)) is not None
    ]
    rest: list[Token] = []  # with a text in place of each call
    for token in tokens:
        call = next((one.span for one in calls if one.span.start <= token.span.start < one.span.end), None)
        if call is None:
            rest.append(token)
        elif token.span.start == call.start:
            rest.append(Token("string", call, "''"))
    return CallsInText(tuple(calls), _extremes(rest, engine) if calls else None)


def _extremes(tokens: Sequence[Token], engine: Engine) -> frozenset[str] | None:
    """Return the columns of which a query takes extremes, or None where they may be any."""
    found: set[str] = set()
    takes_others = False
    for index, (token, behind) in enumerate(pairwise(tokens)):
        if not _is_name(token) or behind.text != "(":
            continue
        if fold(token.name) in _EXTREMES:
            column = _column(tokens, index + 2)
            takes_others = takes_others or column is None
            found.add(column or "")
    if not found:
        return frozenset()
    words = {fold(token.name) for token in tokens if _is_name(token)}
    if takes_others or words & _NAMELESS or any("#" in token.text for token in tokens if token.kind == "operator"):
        return None
    is_renamed = _renames(tokens, engine.functions()) or any(
        _is_name(token) and fold(token.name) in found and _may_name(before) for before, token in pairwise(tokens)
    )
    return None if is_renamed else frozenset(found)


def _renames(tokens: Sequence[Token], functions: Collection[str]) -> bool:
    """Whether a query may give columns other names by a list, as in `FROM t(a, b)` and `WITH t(a, b) AS (…)`."""
    for index, (token, behind) in enumerate(pairwise(tokens)):
        if not _is_name(token) or behind.text != "(":
            continue
        name, before = fold(token.name), tokens[index - 1] if index else None
        if name not in functions and name not in _SYNTAX and name not in _FOLLOWS:
            return True
        is_as = before is not None and before.is_keyword("as")
        if before is not None and name not in _FOLLOWS and _may_name(before) and not (is_as and name in _SYNTAX):
            return True
        end = _closing(tokens, index + 1)
        after = [one.text.lower() for one in tokens[end + 1 : end + 3]] if end is not None else []
        if after[:1] == ["as"] and after[1:] in (["("], ["not"], ["materialized"]):
            return True
    return False


def _may_name(before: Token) -> bool:
    """Whether a name behind a token may be a new name for what the token ends."""
    if before.kind == "keyword":
        return not before.is_keyword(*_BEFORE_EXPRESSIONS)  # others may be names themselves
    return before.kind != "operator" or before.text in (")", "]", "}")


def _column(tokens: Sequence[Token], start: int) -> str | None:
    """Return the folded name of the column that is all that a call takes, or None if it takes anything else."""
    index = start
    while index + 2 < len(tokens) and _is_name(tokens[index]) and tokens[index + 1].text == ".":
        index += 2
    if index + 1 >= len(tokens) or not _is_name(tokens[index]) or tokens[index + 1].text != ")":
        return None
    return fold(tokens[index].name)


def _closing(tokens: Sequence[Token], start: int) -> int | None:
    """Return the index of the parenthesis that closes the one at an index, or None."""
    depth = 0
    for index in range(start, len(tokens)):
        token = tokens[index]
        if token.kind == "operator":
            depth += sum(map(token.text.count, "([{")) - sum(map(token.text.count, ")]}"))
            if depth <= 0:
                return index
    return None


def _call(tokens: Sequence[Token], start: int) -> Call | None:
    """Return the call whose name is at an index, or None if it has no argument, or says all itself."""
    end = _closing(tokens, start + 1)
    inside = tokens[start + 2 : end or 0]
    first = inside[: _length(inside)]
    if end is None or not first or any(_is_name(token) and fold(token.name) == OPTION for token in inside):
        return None
    return Call(
        span=Span(tokens[start].span.start, tokens[end].span.end),
        first=Span(first[0].span.start, first[-1].span.end),
        paths=_literals(first),
        parameters=tuple(parameter.name for parameter in parameters(first)),
        is_list=first[0].text == "[",
    )


def _length(arguments: Sequence[Token]) -> int:
    """Return the number of tokens of the first argument."""
    depth = 0
    for index, token in enumerate(arguments):
        if token.kind == "operator":
            depth += sum(map(token.text.count, "([{")) - sum(map(token.text.count, ")]}"))
            if depth == 0 and token.text == ",":
                return index
    return len(arguments)


def _literals(argument: Sequence[Token]) -> tuple[str, ...] | None:
    """Return the texts of a literal, or of a list of literals, or None for all else."""
    if len(argument) > 1:
        if (argument[0].text, argument[-1].text) != ("[", "]") or any(one.text != "," for one in argument[2:-1:2]):
            return None
        argument = argument[1:-1:2]
    found = [_literal(token) for token in argument]
    texts = tuple(text for text in found if text is not None)
    return texts if len(texts) == len(found) else None


def _literal(token: Token) -> str | None:
    is_plain = token.kind == "string" and re.fullmatch(r"'(?:[^']|'')*'", token.text) is not None
    return token.text[1:-1].replace("''", "'") if is_plain else None


def _is_name(token: Token) -> bool:
    return token.kind in ("identifier", "keyword")
