"""Python expressions that are both evaluated and written down, so that what is shown is what is saved.

Text is laid out as `ruff format` lays it out, for any line length from 88 on: what fits into 88 columns stands in one
line, everything else has one item per line and a comma behind the last.
"""

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, cast

from dataapp.errors import WrongKindError

WIDTH = 88
_STEP = 4


@dataclass(frozen=True, slots=True)
class Name:
    """A name, perhaps dotted: ``busy``, ``pn.widgets.IntSlider``."""

    path: str


@dataclass(frozen=True, slots=True)
class Constant:
    """A number, text, bool or None."""

    value: object


@dataclass(frozen=True, slots=True)
class Sql:
    """The text of a query, written in three quotes when it does not fit into the line.

    Attributes:
        text: The text.
        is_indentable: Whether blanks in front of its lines mean nothing: no literal in it spans lines.
    """

    text: str
    is_indentable: bool = True


@dataclass(frozen=True, slots=True)
class Items:
    """A list, tuple or dictionary; the keys of the latter come with its items."""

    kind: type
    items: tuple["Expression", ...]
    keys: tuple["Expression", ...] = ()


@dataclass(frozen=True, slots=True)
class Call:
    """A call of a function by its dotted name, or of a method in a chain."""

    function: str
    arguments: tuple["Expression", ...] = ()
    options: tuple[tuple[str, "Expression"], ...] = ()


@dataclass(frozen=True, slots=True)
class Chain:
    """A call, and methods called on its result."""

    first: Call
    methods: tuple[Call, ...]


type Expression = Name | Constant | Sql | Items | Call | Chain


def as_expression(value: object) -> Expression:
    """Return the expression of a plain value.

    Raises:
        WrongKindError: The value cannot be written as Python.

    Example:
        >>> print(to_code(as_expression((1, dt.date(2024, 3, 1)))))
        (1, dt.date(2024, 3, 1))
    """
    match value:
        case Name() | Constant() | Sql() | Items() | Call() | Chain():
            return value
        case None | bool() | int() | str() | bytes():
            return Constant(value)
        case float():
            return Constant(value) if _is_finite(value) else Call("float", (Constant(str(value)),))
        case Decimal():
            return Constant(int(value) if value == value.to_integral_value() else float(value))
        case dt.datetime() | dt.time():
            return _moment(value)
        case dt.date():
            return Call("dt.date", _constants(value.year, value.month, value.day))
        case dt.timedelta():
            parts = {"days": value.days, "seconds": value.seconds, "microseconds": value.microseconds}
            return Call("dt.timedelta", options=tuple((name, Constant(part)) for name, part in parts.items() if part))
        case list() | tuple():
            items = cast("list[object]", value)
            return Items(list if isinstance(value, list) else tuple, tuple(as_expression(item) for item in items))
        case dict():
            known = cast("dict[object, object]", value)
            keys = tuple(as_expression(key) for key in known)
            return Items(dict, tuple(as_expression(item) for item in known.values()), keys)
        case _ if hasattr(value, "item") and type(value).__module__ == "numpy":
            return as_expression(cast("Any", value).item())
        case _:
            raise WrongKindError(f"A {type(value).__name__} cannot be written as Python.")


def _moment(value: dt.datetime | dt.time) -> Call:
    if isinstance(value, dt.datetime) and value.tzinfo is not None:
        value = value.astimezone(dt.UTC)
    parts = [value.hour, value.minute, value.second, value.microsecond]
    while len(parts) > 2 and not parts[-1]:
        parts.pop()
    if isinstance(value, dt.time):
        return Call("dt.time", _constants(*parts))
    day = _constants(value.year, value.month, value.day, *parts)
    zone = () if value.tzinfo is None else (("tzinfo", Name("dt.UTC")),)
    return Call("dt.datetime", day, zone)


def _constants(*values: object) -> tuple[Constant, ...]:
    return tuple(Constant(value) for value in values)


def _is_finite(value: float) -> bool:
    return value - value == 0


def evaluate(expression: Expression, names: Mapping[str, object]) -> Any:
    """Return what an expression stands for.

    Args:
        expression: The expression.
        names: What the first parts of names stand for.

    Example:
        >>> evaluate(Call("str.join", (Constant("-"), as_expression(["a", "b"]))), {"str": str})
        'a-b'
    """
    match expression:
        case Name(path):
            return _look_up(path, names)
        case Constant(value):
            return value
        case Sql(text):
            return text
        case Items(kind, items, keys):
            values = [evaluate(item, names) for item in items]
            return (
                dict(zip((evaluate(key, names) for key in keys), values, strict=True)) if kind is dict else kind(values)
            )
        case Call(function):
            return _call(_look_up(function, names), expression, names)
        case Chain(first, methods):
            value = evaluate(first, names)
            for method in methods:
                value = _call(getattr(value, method.function), method, names)
            return value


def _look_up(path: str, names: Mapping[str, object]) -> Any:
    first, *parts = path.split(".")
    thing: Any = names[first]
    for part in parts:
        thing = getattr(thing, part)
    return thing


def _call(function: Any, call: Call, names: Mapping[str, object]) -> Any:
    arguments = [evaluate(argument, names) for argument in call.arguments]
    return function(*arguments, **{name: evaluate(option, names) for name, option in call.options})


def names_in(expression: Expression) -> Iterator[str]:
    """Yield the first part of each name that an expression uses.

    Example:
        >>> list(names_in(Call("da.chart", (Name("busy"),))))
        ['da', 'busy']
    """
    match expression:
        case Name(path):
            yield path.split(".")[0]
        case Constant() | Sql():
            return
        case Items(_, items, keys):
            for item in (*keys, *items):
                yield from names_in(item)
        case Call(function, arguments, options):
            yield function.split(".")[0]
            for item in (*arguments, *(option for _, option in options)):
                yield from names_in(item)
        case Chain(first, methods):
            yield from names_in(first)
            for method in methods:
                for item in (*method.arguments, *(option for _, option in method.options)):
                    yield from names_in(item)


def to_code(expression: Expression, *, indent: int = 0, before: int = 0, behind: int = 0) -> str:
    """Return an expression as Python.

    Args:
        expression: The expression.
        indent: How far its line is indented.
        before: How many columns of the line are taken in front of it, indentation included.
        behind: How many columns follow it.

    Example:
        >>> print(to_code(Call("da.source", (Constant("trades/*.parquet"),)), before=9))
        da.source("trades/*.parquet")
    """
    line = _in_one_line(expression)
    if line is not None and before + _width(line) + behind <= WIDTH:
        return line
    match expression:
        case Items(kind, items, keys):
            open_, close = {list: "[]", tuple: "()", dict: "{}"}[kind]
            names = [f"{_flat(key)}: " for key in keys] if kind is dict else [""] * len(items)
            return f"{open_}{_lines(zip(names, items, strict=True), indent)}{close}" if items else open_ + close
        case Call(function, (Sql() as sql,), ()):
            return f"{function}({_in_three_quotes(sql, indent)})"
        case Call(function, arguments, options):
            pairs = [*(("", argument) for argument in arguments), *((f"{name}=", option) for name, option in options)]
            return f"{function}({_lines(iter(pairs), indent)})" if pairs else f"{function}()"
        case Chain(first, (method,)):
            tail = f".{_flat(method)}"
            return f"{_exploded(first, indent)}{tail}"
        case Chain(first, methods):
            inner = indent + _STEP
            blanks = " " * inner
            steps = [to_code(first, indent=inner, before=inner)]
            steps += [f".{_flat(method)}" for method in methods[:-1]]
            steps.append(f".{_exploded(methods[-1], inner)}")
            return f"({''.join(f'\n{blanks}{step}' for step in steps)}\n{' ' * indent})"
        case _:
            return _flat(expression)


def _exploded(call: Call, indent: int) -> str:
    pairs = [*(("", argument) for argument in call.arguments), *((f"{name}=", option) for name, option in call.options)]
    return f"{call.function}({_lines(iter(pairs), indent)})" if pairs else f"{call.function}()"


def _lines(pairs: Iterator[tuple[str, Expression]], indent: int) -> str:
    inner = indent + _STEP
    blanks = " " * inner
    written = [
        f"\n{blanks}{lead}{to_code(item, indent=inner, before=inner + _width(lead), behind=1)}," for lead, item in pairs
    ]
    return "".join(written) + "\n" + " " * indent


def _flat(expression: Expression) -> str:
    line = _in_one_line(expression)
    assert line is not None, "only the text of a query may need several lines"
    return line


def _in_one_line(expression: Expression) -> str | None:
    match expression:
        case Name(path):
            return path
        case Constant(value):
            return _constant_to_code(value)
        case Sql(text):
            return None if "\n" in text or _needs_escapes(text) else text_to_code(text)
        case Items(kind, items, keys):
            return _items_in_one_line(kind, [_in_one_line(item) for item in items], [_flat(key) for key in keys])
        case Call(function, arguments, options):
            parts = [*map(_in_one_line, arguments)]
            written = [(name, _in_one_line(option)) for name, option in options]
            if None in parts or any(part is None for _, part in written):
                return None
            return (
                f"{function}({', '.join([*cast('list[str]', parts), *(f'{name}={part}' for name, part in written)])})"
            )
        case Chain(first, methods):
            calls = [_in_one_line(call) for call in (first, *methods)]
            return None if None in calls else ".".join(cast("list[str]", calls))


def _items_in_one_line(kind: type, items: list[str | None], keys: list[str]) -> str | None:
    if None in items:
        return None
    parts = cast("list[str]", items)
    if kind is dict:
        return f"{{{', '.join(f'{key}: {part}' for key, part in zip(keys, parts, strict=True))}}}"
    if kind is tuple:
        return f"({parts[0]},)" if len(parts) == 1 else f"({', '.join(parts)})"
    return f"[{', '.join(parts)}]"


def _constant_to_code(value: object) -> str:
    if isinstance(value, str):
        return text_to_code(value)
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 100_000:
        return f"{value:_}"
    return repr(value).replace("e+", "e") if isinstance(value, float) else repr(value)


def text_to_code(text: str) -> str:
    """Return text as a Python literal in one line, in the quotes that need fewer escapes.

    Example:
        >>> print(text_to_code("it's"), text_to_code('the "best"'))
        "it's" 'the "best"'
    """
    quote = "'" if text.count('"') > text.count("'") else '"'
    return quote + "".join(_escaped(char, quote) for char in text) + quote


def _escaped(char: str, quote: str) -> str:
    if char in (quote, "\\"):
        return f"\\{char}"
    return char if char.isprintable() else repr(char)[1:-1]


def _needs_escapes(text: str) -> bool:
    return "\\" in text or not text.isprintable() or ("'" in text and '"' in text)


def _in_three_quotes(sql: Sql, indent: int) -> str:
    inner, last = (" " * (indent + _STEP), " " * indent) if sql.is_indentable else ("", "")
    body = "\n".join(f"{inner}{line}" if line.strip() else "" for line in sql.text.split("\n"))
    body = body if sql.is_indentable else sql.text
    if not all(char.isprintable() or char in "\n\t" for char in body):
        escaped = "".join(char if char in "\n\t" else _escaped(char, "") for char in body)
        return _quoted(escaped.replace('"""', r"\"\"\""), "", '"""', last)
    if '"""' not in body:
        return _quoted(body, "r" if "\\" in body else "", '"""', last)
    if "'''" not in body:
        return _quoted(body, "r" if "\\" in body else "", "'''", last)
    return _quoted(body.replace("\\", r"\\").replace('"""', r"\"\"\""), "", '"""', last)


def _quoted(body: str, prefix: str, quotes: str, last: str) -> str:
    return f"{prefix}{quotes}\n{body}\n{last}{quotes}"


def _width(text: str) -> int:
    """Return how wide a line may be counted: wide characters take two columns."""
    return sum(1 if char.isascii() else 2 for char in text)
