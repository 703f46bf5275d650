"""Parses Vega's expressions: JavaScript's expressions without assignments, functions and regular expressions.

What the parser does not know raises `NotTranslated`, and so does everything that it knows and SQL cannot say.
"""

import re
from dataclasses import dataclass


class NotTranslated(Exception):
    """There is no SQL that means the same; the message is the reason, for people."""


@dataclass(frozen=True, slots=True)
class Literal:
    """A number, a text, a truth value, or null as None."""

    value: float | str | bool | None


@dataclass(frozen=True, slots=True)
class Name:
    """An identifier: a row (``datum``), a constant, or a parameter of the chart."""

    name: str


@dataclass(frozen=True, slots=True)
class Member:
    """A property of a value."""

    owner: "Node"
    name: str


@dataclass(frozen=True, slots=True)
class Call:
    """A call of a function of Vega."""

    function: str
    arguments: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Unary:
    """An operator before its operand."""

    operator: str
    operand: "Node"


@dataclass(frozen=True, slots=True)
class Binary:
    """An operator between its operands."""

    operator: str
    left: "Node"
    right: "Node"


@dataclass(frozen=True, slots=True)
class Conditional:
    """``test ? yes : no``."""

    test: "Node"
    yes: "Node"
    no: "Node"


@dataclass(frozen=True, slots=True)
class Array:
    """A list of values."""

    items: tuple["Node", ...]


Node = Literal | Name | Member | Call | Unary | Binary | Conditional | Array

_TOKEN = re.compile(
    r"""\s*(?:
      (?P<number>(?:0|[1-9]\d*)(?:\.\d*)?(?:[eE][+-]?\d+)?(?![\w.])|\.\d+(?:[eE][+-]?\d+)?(?![\w.]))
    | (?P<name>[A-Za-z_$][\w$]*)
    | (?P<text>"(?:[^"\\\n\r]|\\.)*"|'(?:[^'\\\n\r]|\\.)*')
    | (?P<operator>===|!==|==|!=|<=|>=|&&|\|\||[-+*/%<>!?:()\[\],.])
    )""",
    re.VERBOSE | re.ASCII,
)
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|.)", re.DOTALL)
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "v": "\v"}
_PRECEDENCE = {
    "||": 1,
    "&&": 2,
    **dict.fromkeys(("==", "!=", "===", "!=="), 3),
    **dict.fromkeys(("<", ">", "<=", ">="), 4),
    **dict.fromkeys(("+", "-"), 5),
    **dict.fromkeys(("*", "/", "%"), 6),
}
_WORDS: dict[str, bool | None] = {"true": True, "false": False, "null": None}
_RESERVED = {"in", "instanceof", "typeof", "void", "delete", "new", "this", "function", "var"}
_DEEPEST = 100  # brackets within each other, so that no text exhausts the stack


def parse(text: str) -> Node:
    """Return the tree of an expression.

    Raises:
        NotTranslated: It is not one, or has something that the parser does not know.

    Example:
        >>> parse("datum.price > 2")
        Binary(operator='>', left=Member(owner=Name(name='datum'), name='price'), right=Literal(value=2.0))
    """
    parser = _Parser(_tokens(text))
    node = parser.expression()
    if parser.peek() != ("end", ""):
        raise NotTranslated(f"`{parser.peek()[1]}` is not translated")
    return node


def _tokens(text: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    at, end = 0, len(text.rstrip())
    while at < end:
        match = _TOKEN.match(text, at)
        if match is None or match.lastgroup is None:
            raise NotTranslated(f"`{text[at:].strip()[:20]}` is not translated")
        found.append((match.lastgroup, match[match.lastgroup]))
        at = match.end()
    return [*found, ("end", "")]


@dataclass(slots=True)
class _Parser:
    """A parser by precedence of operators."""

    tokens: list[tuple[str, str]]
    at: int = 0
    depth: int = 0

    def peek(self) -> tuple[str, str]:
        return self.tokens[self.at]

    def take(self) -> tuple[str, str]:
        token = self.tokens[self.at]
        self.at += 1
        return token

    def accept(self, operator: str) -> bool:
        if self.peek() == ("operator", operator):
            self.at += 1
            return True
        return False

    def expect(self, operator: str) -> None:
        if not self.accept(operator):
            raise NotTranslated(f"`{operator}` is missing before `{self.peek()[1] or 'the end'}`")

    def expression(self) -> Node:
        self.depth += 1
        if self.depth > _DEEPEST:
            raise NotTranslated("it is nested too deeply")
        test = self.binary(1)
        if self.accept("?"):
            yes = self.expression()
            self.expect(":")
            test = Conditional(test, yes, self.expression())
        self.depth -= 1
        return test

    def binary(self, least: int) -> Node:
        left = self.unary()
        while (operator := self.peek())[0] == "operator" and _PRECEDENCE.get(operator[1], 0) >= least:
            self.at += 1
            left = Binary(operator[1], left, self.binary(_PRECEDENCE[operator[1]] + 1))
        return left

    def unary(self) -> Node:
        operators: list[str] = []
        while self.peek()[0] == "operator" and self.peek()[1] in "!-+":
            operator = self.take()[1]
            if operator != "!" and operators[-1:] == [operator]:
                raise NotTranslated(f"`{operator * 2}` is not translated")  # an operator of JavaScript by itself
            operators.append(operator)
        node = self.postfix()
        for operator in reversed(operators):
            node = _negative(node) if operator == "-" else Unary(operator, node)
        return node

    def postfix(self) -> Node:
        node = self.primary()
        while True:
            if self.accept("."):
                kind, name = self.take()
                if kind != "name":
                    raise NotTranslated(f"`.{name}` is not translated")
                node = Member(node, name)
            elif self.accept("["):
                key = self.expression()
                self.expect("]")
                if not isinstance(key, Literal) or not isinstance(key.value, str):
                    raise NotTranslated("a property that is computed is not known before there are rows")
                node = Member(node, key.value)
            else:
                return node

    def primary(self) -> Node:
        kind, text = self.take()
        if kind == "number":
            return Literal(float(text))
        if kind == "text":
            return Literal(_ESCAPE.sub(_unescaped, text[1:-1]))
        if kind == "name":
            return self.named(text)
        if text == "(":
            node = self.expression()
            self.expect(")")
            return node
        if text == "[":
            return Array(self.items("]"))
        raise NotTranslated(f"`{text or 'an empty text'}` is not translated")

    def named(self, name: str) -> Node:
        if name in _WORDS:
            return Literal(_WORDS[name])
        if name in _RESERVED:
            raise NotTranslated(f"`{name}` is not translated")
        return Call(name, self.items(")")) if self.accept("(") else Name(name)

    def items(self, close: str) -> tuple[Node, ...]:
        found: list[Node] = []
        while not self.accept(close):
            if found:
                self.expect(",")
            found.append(self.expression())
        return tuple(found)


def _negative(node: Node) -> Node:
    if isinstance(node, Literal) and isinstance(node.value, float):
        return Literal(-node.value)
    return Unary("-", node)


def _unescaped(match: re.Match[str]) -> str:
    code = match[1]
    if len(code) > 1:
        if "d800" <= code[1:].lower() <= "dfff" and len(code) == 5:
            raise NotTranslated("half of a surrogate pair is not translated")
        return chr(int(code[1:], 16))
    if code.isdigit() or code in "\n\r\u2028\u2029xu":
        raise NotTranslated(f"`\\{code}` is not translated")
    return _ESCAPED.get(code, code)
