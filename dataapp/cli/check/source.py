"""A Python file and its syntax tree: where calls, literals, parameters and names stand.

Lines and columns are for people: they start at 1, and a column counts characters.
"""

import ast
import io
import re
import tokenize
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

_ESCAPE = re.compile(r"\\(?:\n|[0-7]{1,3}|x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|N\{[^}]*\}|.)|.", re.DOTALL)
_LITERAL = re.compile(r"(?P<prefix>[a-zA-Z]*)(?P<quote>'''|\"\"\"|'|\")", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Place:
    """A file, and a line and column in it, from 1, where they are known."""

    file: Path
    line: int | None = None
    column: int | None = None


class Source:
    """A Python file and its syntax tree."""

    def __init__(self, path: Path, text: str, tree: ast.Module) -> None:
        self.path = path
        self.text = text
        self.tree = tree
        self.lines = text.splitlines(keepends=True)

    @classmethod
    def read(cls, path: Path) -> "Source":
        """Read a file.

        Raises:
            SyntaxError: It is not Python.
            OSError: It cannot be read.
        """
        with tokenize.open(path) as file:
            text = file.read()
        return cls(path, text, ast.parse(text, filename=str(path)))

    def place(self, node: ast.expr | ast.stmt | ast.arg | ast.keyword | ast.alias) -> Place:
        """Return where a node starts."""
        return Place(self.path, node.lineno, self._characters(node.lineno, node.col_offset) + 1)

    def call_at(self, line: int, functions: Collection[str] = ()) -> ast.Call | None:
        """Return the call that a frame at a line stands in: one that starts there, else the smallest around it.

        Args:
            line: The line.
            functions: Names of functions, one of which is probably called.
        """

        def is_other(call: ast.Call) -> bool:
            return ast.unparse(call.func).rpartition(".")[2] not in functions

        around = [call for call in self._calls if call.lineno <= line <= (call.end_lineno or call.lineno)]
        return min(around, key=lambda call: (is_other(call), call.lineno != line, _lines(call)), default=None)

    def text_place(self, text: str, near: int, line: int, column: int) -> Place | None:
        """Return the file's place for a line and column of a text that stands in the file as a literal.

        Args:
            text: The text.
            near: The line of the call that it was passed to, for texts that stand there more than once.
            line: A line of the text, from 1.
            column: A column in it, from 1.
        """
        literals = [node for node in self._literals if node.value == text]
        if not literals:
            return None
        literal = min(literals, key=lambda node: (not _spans(node, near), abs(node.lineno - near)))
        starts = self._characters_of(literal)
        offset = sum(map(len, text.splitlines(keepends=True)[: line - 1])) + column - 1
        if starts is None or not 0 <= offset <= len(text):
            return None
        return Place(self.path, *(starts[offset]))

    def parameter(self, function: Callable[..., object], name: str) -> Place | None:
        """Return where a function's parameter is written."""
        first = function.__code__.co_firstlineno
        for node in ast.walk(self.tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and _first_line(node) == first:
                arguments = [*node.args.args, *node.args.kwonlyargs]
                return next((self.place(argument) for argument in arguments if argument.arg == name), None)
        return None

    def assignment(self, name: str) -> ast.stmt | None:
        """Return the statement by which the module first binds a name to a value."""
        for node in self.tree.body:
            targets = node.targets if isinstance(node, ast.Assign) else []
            if isinstance(node, ast.AnnAssign):
                targets = [node.target]
            if any(isinstance(target, ast.Name) and target.id == name for target in targets):
                return node
        return None

    def bound_names(self) -> set[str]:
        """Return every name that the module's statements bind, also those that were not executed."""
        names = {
            node.id for node in ast.walk(self.tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
        }
        for node in ast.walk(self.tree):
            match node:
                case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                    names.add(node.name)
                case ast.alias():
                    names.add(node.asname or node.name.partition(".")[0])
                case _:
                    continue
        return names

    @cached_property
    def _calls(self) -> list[ast.Call]:
        return [node for node in ast.walk(self.tree) if isinstance(node, ast.Call)]

    @cached_property
    def _literals(self) -> list[ast.Constant]:
        return [node for node in ast.walk(self.tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)]

    def _characters(self, line: int, byte: int) -> int:
        """Return how many characters stand before a byte of a line."""
        return len(self.lines[line - 1].encode()[:byte].decode(errors="ignore")) if line <= len(self.lines) else byte

    def _characters_of(self, literal: ast.Constant) -> list[tuple[int, int]] | None:
        """Return line and column of each character that a literal stands for, and of its end."""
        segment = ast.get_source_segment(self.text, literal)
        if segment is None:
            return None
        column = self._characters(literal.lineno, literal.col_offset)
        found: list[tuple[int, int]] = []
        end = (literal.lineno, column + 1)
        pieces = io.StringIO(f"({segment})")  # in brackets, since they may stand on several lines
        for token in tokenize.generate_tokens(pieces.readline):
            if token.type != tokenize.STRING:
                continue
            row, start = token.start
            before = column - 1 if row == 1 else 0
            for length, at_row, at_column in _decoded(token.string, literal.lineno + row - 1, before + start + 1):
                found += [(at_row, at_column)] * length
                end = (at_row, at_column + 1)
        return [*found, end] if len(found) == len(str(literal.value)) else None


def _decoded(token: str, row: int, column: int) -> Iterator[tuple[int, int, int]]:
    """Yield how many characters each piece of a literal stands for, and where it stands."""
    opening = _LITERAL.match(token)
    assert opening is not None
    quote = opening["quote"]
    body = token[opening.end() : -len(quote)]
    is_raw = "r" in opening["prefix"].lower()
    column += opening.end()
    for piece in iter(body) if is_raw else (match[0] for match in _ESCAPE.finditer(body)):
        length = 1 if len(piece) == 1 else len(_escaped(piece))
        yield length, row, column
        row, column = (row + 1, 1) if piece.endswith("\n") else (row, column + len(piece))


def _escaped(piece: str) -> str:
    if piece == "\\\n":
        return ""
    if piece[1] not in "\\'\"abfnrtv01234567xuUN":
        return piece  # no escape: the backslash stands for itself
    value = ast.literal_eval(f'"{piece}"')
    assert isinstance(value, str)
    return value


def _first_line(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])


def _spans(node: ast.expr, line: int) -> bool:
    return node.lineno <= line <= (node.end_lineno or node.lineno)


def _lines(node: ast.expr) -> int:
    return (node.end_lineno or node.lineno) - node.lineno
