"""Vega's expressions as SQL, with JavaScript's meaning.

Exact are, over columns of numbers, texts, truth values and times:

- ``+ - * / %``, ``! && || ?:``, ``== != === !==``, and ``< <= > >=`` of numbers, truth values and times;
- ``abs ceil floor round sqrt min max clamp``, ``if``, ``isValid isNumber isString isBoolean isNaN isFinite``,
  ``inrange``, and ``indexof`` in a list of literals;
- the parts of a time: ``year quarter month date day dayofyear hours minutes seconds milliseconds`` of a reading of a
  clock, the same with ``utc`` before it of an instant, and ``datetime`` of literals;
- the joining of texts.

In JavaScript null counts as zero, a property that a row lacks is NaN, and no comparison with NaN holds, while in SQL
null is contagious and NaN is greater than all numbers. So each value is translated with what its NULL means.

What SQL says otherwise is not translated: the order of texts (code units against bytes), their length, case and
patterns, numbers as texts, and functions whose last digit differs between mathematical libraries (``log``, ``exp``,
``pow``, ``sin``). A missing time has the parts of the first moment of 1970 in UTC.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import reduce
from operator import ge, gt, le, lt

from dataapp.compile.identifiers import quote_literal
from dataapp.views.chart.pushdown.parsing import (
    Array,
    Binary,
    Call,
    Conditional,
    Literal,
    Member,
    Name,
    Node,
    NotTranslated,
    Unary,
    parse,
)
from dataapp.views.chart.wire import Kind

_LONGEST = 20_000  # characters of SQL: operands that are needed twice are written twice
_NAN = "CAST('nan' AS DOUBLE)"
_CONSTANTS = {"NaN": math.nan, "PI": math.pi, "E": math.e, "SQRT2": math.sqrt(2), "SQRT1_2": math.sqrt(0.5)}
_ARITHMETIC = {"+", "-", "*", "/", "%"}
_EQUALITY = {"==", "!=", "===", "!=="}
_RELATIONAL: Mapping[str, Callable[[float, float], bool]] = {
    "<": lt,
    "<=": le,
    ">": gt,
    ">=": ge,
}
_PARTS = {
    "year": "date_part('year', {0})",
    "quarter": "date_part('quarter', {0})",
    "month": "date_part('month', {0}) - 1",
    "date": "date_part('day', {0})",
    "day": "date_part('dayofweek', {0})",
    "dayofyear": "date_part('dayofyear', {0})",
    "hours": "date_part('hour', {0})",
    "minutes": "date_part('minute', {0})",
    "seconds": "floor(date_part('second', {0}))",
    "milliseconds": "date_part('millisecond', {0}) % 1000",
}
_ROUNDED = {
    "abs": "abs({0})",
    "ceil": "ceil({0})",
    "floor": "floor({0})",
    "round": "CASE WHEN {0} - floor({0}) >= 0.5 THEN ceil({0}) ELSE floor({0}) END",
    "sqrt": f"CASE WHEN {{0}} < 0 THEN {_NAN} ELSE sqrt(CASE WHEN {{0}} >= 0 THEN {{0}} END) END",
}


@dataclass(frozen=True, slots=True)
class Value:
    """A part of an expression.

    Attributes:
        sql: Its SQL; times are milliseconds.
        kind: What it is in the browser, or None for the literal null.
        is_nullable: Whether the SQL may be NULL.
        is_lack: Whether NULL is JavaScript's undefined instead of its null.
        has_nan: Whether, as a number, it may be NaN.
        number: What it is, if it is the literal of a number.
    """

    sql: str
    kind: Kind | None
    is_nullable: bool = False
    is_lack: bool = False
    has_nan: bool = True
    number: float | None = None


def expression_to_value(text: str, columns: Mapping[str, Value]) -> Value:
    r"""Return the SQL of an expression over columns.

    Raises:
        NotTranslated: No SQL means the same.

    Example:
        >>> price = Value('"price"', Kind.NUMBER, is_nullable=True)
        >>> expression_to_value("datum.price * 2", {"price": price}).sql
        '(coalesce("price", 0) * CAST(\'2.0\' AS DOUBLE))'
    """
    return _short(_Translator(columns).value(parse(text)))


def expression_to_condition(text: str, columns: Mapping[str, Value]) -> str:
    r"""Return the SQL that is true where a filter keeps a row, and elsewhere false or NULL.

    Raises:
        NotTranslated: No SQL means the same.

    Example:
        >>> size = Value('"size"', Kind.NUMBER, is_nullable=True, has_nan=False)
        >>> expression_to_condition("datum.size > 2", {"size": size})
        '("size" > CAST(\'2.0\' AS DOUBLE))'
    """
    return _short(Value(_Translator(columns).condition(parse(text)), Kind.FLAG)).sql


def _short(value: Value) -> Value:
    if len(value.sql) > _LONGEST:
        raise NotTranslated("its SQL would be too long")
    return value


def number_literal(value: float) -> str:
    """Return the SQL of a number as JavaScript knows it."""
    return f"CAST('{float(value)!r}' AS DOUBLE)"


@dataclass(frozen=True, slots=True)
class _Translator:
    """Translates the nodes of one expression."""

    columns: Mapping[str, Value]

    def value(self, node: Node) -> Value:
        found = self._value(node)
        return _short(found)

    def _value(self, node: Node) -> Value:
        match node:
            case Literal(value):
                return _literal(value)
            case Name(name):
                if name in _CONSTANTS:
                    return _literal(_CONSTANTS[name])
                raise NotTranslated(
                    "a row as a whole is not translated"
                    if name == "datum"
                    else f"`{name}` is known to the browser alone"
                )
            case Member(Name("datum"), name):
                if name not in self.columns:
                    raise NotTranslated(f"`{name}` is no column that is known before there are rows")
                return self.columns[name]
            case Member():
                raise NotTranslated("a property of a value is not translated")
            case Unary(operator, operand):
                return self._unary(operator, operand)
            case Binary(operator, left, right):
                return self._binary(operator, left, right)
            case Conditional(test, yes, no):
                return self._choice(self.truth(test), self.value(yes), self.value(no))
            case Call(function, arguments):
                return self._call(function, arguments)
            case Array():
                raise NotTranslated("a list is not translated")

    def condition(self, node: Node) -> str:
        """Return SQL that is true where `truth` is; where that is false it may be NULL.

        So the columns stand alone in comparisons, which the engine then makes while it reads, or leaves out for parts
        of files whose extremes tell enough.
        """
        match node:
            case Binary("&&", left, right):
                return f"({self.condition(left)} AND {self.condition(right)})"
            case Binary("||", left, right):
                return f"({self.condition(left)} OR {self.condition(right)})"
            case Binary(operator, left, right) if operator in _RELATIONAL:
                return _related(operator, self.value(left), self.value(right), may_be_null=True)
            case Binary("==" | "===" as operator, left, right):
                return _equal(self.value(left), self.value(right), is_strict=len(operator) == 3, may_be_null=True)
            case Call("inrange", arguments):
                return self._inrange(arguments, may_be_null=True).sql
            case Member():
                return _truth(replace(self.value(node), is_nullable=False))
            case _:
                return self.truth(node)

    def truth(self, node: Node) -> str:
        """Return SQL that is true or false, never NULL."""
        match node:
            case Binary("&&", left, right):
                return f"({self.truth(left)} AND {self.truth(right)})"
            case Binary("||", left, right):
                return f"({self.truth(left)} OR {self.truth(right)})"
            case Unary("!", operand):
                return f"(NOT {self.truth(operand)})"
            case _:
                return _truth(self.value(node))

    def _unary(self, operator: str, operand: Node) -> Value:
        if operator == "!":
            return Value(self.truth(Unary("!", operand)), Kind.FLAG)
        number = _number(self.value(operand))
        return Value(f"(-{number})" if operator == "-" else number, Kind.NUMBER)

    def _binary(self, operator: str, left: Node, right: Node) -> Value:
        if operator in {"&&", "||"}:
            first, second = self.value(left), self.value(right)
            test = _truth(first)
            return self._choice(test, *((second, first) if operator == "&&" else (first, second)))
        one, other = self.value(left), self.value(right)
        if operator in _EQUALITY:
            equal = _equal(one, other, is_strict=len(operator) == 3)
            return Value(equal if operator[0] == "=" else f"(NOT {equal})", Kind.FLAG)
        if operator in _RELATIONAL:
            return Value(_related(operator, one, other), Kind.FLAG)
        assert operator in _ARITHMETIC
        if operator == "+" and Kind.TEXT in {one.kind, other.kind}:
            if one.is_nullable and other.is_nullable:
                raise NotTranslated("the sum of two texts that may both be null, which is 0, is not translated")
            return Value(f"({_text(one)} || {_text(other)})", Kind.TEXT)
        return Value(f"({_number(one)} {operator} {_number(other)})", Kind.NUMBER)

    @staticmethod
    def _choice(test: str, yes: Value, no: Value) -> Value:
        kinds = {value.kind for value in (yes, no) if value.kind is not None}
        if len(kinds) != 1:
            raise NotTranslated("a value that is now of one kind, now of another, is not translated")
        nullable = [value for value in (yes, no) if value.is_nullable]
        if len({value.is_lack for value in nullable}) > 1:
            raise NotTranslated("a value that is now null, now missing, is not translated")
        sql = f"CASE WHEN {test} THEN {yes.sql} ELSE {no.sql} END"
        return Value(sql, kinds.pop(), bool(nullable), any(value.is_lack for value in nullable))

    def _call(self, function: str, arguments: tuple[Node, ...]) -> Value:
        if function == "if" and len(arguments) == 3:
            return self._choice(self.truth(arguments[0]), self.value(arguments[1]), self.value(arguments[2]))
        if function in {"inrange", "indexof"}:
            return self._inrange(arguments) if function == "inrange" else self._indexof(arguments)
        if function == "datetime":
            return _moment(arguments)
        values = [self.value(argument) for argument in arguments]
        if function in _ROUNDED and len(values) == 1:
            return Value(f"({_ROUNDED[function].format(_number(values[0]))})", Kind.NUMBER)
        if function in {"min", "max"} and values:
            return Value(reduce(_EXTREMES[function], map(_number, values)), Kind.NUMBER)
        if function == "clamp" and len(values) == 3:
            inner, low, high = map(_number, values)
            return Value(_greatest(low, _least(high, inner)), Kind.NUMBER)
        if function in _TESTS and len(values) == 1 and values[0].kind is not Kind.NESTED:
            return Value(_TESTS[function](values[0]), Kind.FLAG)
        unit = function.removeprefix("utc")
        if unit in _PARTS and len(values) == 1:
            return _part(unit, values[0], Kind.INSTANT if unit != function else Kind.WALL)
        raise NotTranslated(f"`{function}` is not translated")

    def _inrange(self, arguments: tuple[Node, ...], *, may_be_null: bool = False) -> Value:
        match arguments:
            case (inner, Array((Literal(float(low)), Literal(float(high))))):
                value = self.value(inner)
                low, high = min(low, high), max(low, high)
                may_be_null = may_be_null and not low <= 0 <= high
                tests = [(">=", low), ("<=", high)]
                least, most = (_related(test, value, _literal(end), may_be_null=may_be_null) for test, end in tests)
                return Value(f"({least} AND {most})", Kind.FLAG)
            case _:
                raise NotTranslated("`inrange` is translated for two numbers only")

    def _indexof(self, arguments: tuple[Node, ...]) -> Value:
        match arguments:
            case (Array(items), inner) if all(isinstance(item, Literal) for item in items):
                value = self.value(inner)
                tests = [
                    f"WHEN {_equal(value, self.value(item), is_strict=True)} THEN {number_literal(at)}"
                    for at, item in enumerate(items)
                ]
                none = number_literal(-1)
                return Value(f"CASE {' '.join(tests)} ELSE {none} END" if tests else none, Kind.NUMBER)
            case _:
                raise NotTranslated("`indexof` is translated for a list of literals only")


def _literal(value: float | str | bool | None) -> Value:
    match value:
        case None:
            return Value("NULL", None, is_nullable=True)
        case bool():
            return Value("true" if value else "false", Kind.FLAG)
        case str():
            if "\0" in value or any("\ud800" <= sign <= "\udfff" for sign in value):
                raise NotTranslated("a text with such a sign is not translated")
            return Value(quote_literal(value), Kind.TEXT)
        case _:
            return Value(number_literal(value), Kind.NUMBER, has_nan=math.isnan(value), number=value)


def _number(value: Value) -> str:
    """Return a value as a number that is never NULL, as JavaScript converts it."""
    if value.kind is None:
        return number_literal(0)
    if value.kind not in {Kind.NUMBER, Kind.FLAG, Kind.INSTANT}:
        raise NotTranslated(
            "a time without a zone as a number depends on the reader's zone"
            if value.kind is Kind.WALL
            else "a text as a number is not translated"
        )
    sql = f"CAST({value.sql} AS DOUBLE)" if value.kind is Kind.FLAG else value.sql
    return _filled(replace(value, sql=sql))


def _filled(value: Value) -> str:
    return f"coalesce({value.sql}, {_NAN if value.is_lack else '0'})" if value.is_nullable else value.sql


def _text(value: Value) -> str:
    """Return a value as a text that is joined to another."""
    nothing = quote_literal("undefined" if value.is_lack else "null")
    if value.kind is None:
        return nothing
    if value.kind is not Kind.TEXT:
        raise NotTranslated("a number as a text is not translated")
    return f"coalesce({value.sql}, {nothing})" if value.is_nullable else value.sql


def _truth(value: Value) -> str:
    sql = value.sql
    match value.kind:
        case None:
            return "false"
        case Kind.FLAG:
            test = sql
        case Kind.TEXT:
            test = f"({sql} <> '')"
        case Kind.NUMBER | Kind.INSTANT:
            test = f"({sql} <> 0 AND NOT isnan({sql}))"
        case _:
            raise NotTranslated("whether a time without a zone is zero depends on the reader's zone")
    return f"coalesce({test}, false)" if value.is_nullable else test


def _related(operator: str, one: Value, other: Value, *, may_be_null: bool = False) -> str:
    if Kind.WALL in {one.kind, other.kind} and {one.kind, other.kind} <= {Kind.WALL, None}:
        left, right = _filled(one), _filled(other)
        return f"({left} {operator} {right})"
    if Kind.WALL in {one.kind, other.kind}:
        raise NotTranslated("a time without a zone is compared with such times only")
    if Kind.TEXT in {one.kind, other.kind}:
        raise NotTranslated("the order of texts is not translated")
    # A test for NaN is needed on one side only, but extremes in files leave NaN out, and the engine trusts them.
    numbers = [
        (value.sql, value.has_nan)
        if may_be_null and value.kind is Kind.NUMBER and _is_null_false(operator, one, other)
        else (_number(value), _is_nan_possible(value))
        for value in (one, other)
    ]
    (left, _), (right, _) = numbers
    tests = [f"{left} {operator} {right}", *(f"NOT isnan({number})" for number, has_nan in numbers if has_nan)]
    return f"({' AND '.join(tests)})"


def _is_null_false(operator: str, one: Value, other: Value) -> bool:
    """Whether a comparison with a literal is false where the other side is NULL, as it would be in SQL."""
    if other.number is not None:
        return one.is_lack or not _RELATIONAL[operator](0.0, other.number)
    return one.number is not None and (other.is_lack or not _RELATIONAL[operator](one.number, 0.0))


def _is_nan_possible(value: Value) -> bool:
    if value.kind is Kind.NUMBER:
        return value.has_nan or (value.is_nullable and value.is_lack)
    return value.kind is Kind.INSTANT and value.is_nullable and value.is_lack


def _equal(one: Value, other: Value, *, is_strict: bool, may_be_null: bool = False) -> str:
    if one.kind is None or other.kind is None:
        value = other if one.kind is None else one
        if value.kind is None:
            return "true"
        return f"({value.sql} IS NULL)" if value.is_nullable and not (is_strict and value.is_lack) else "false"
    if one.kind is not other.kind or one.kind is Kind.NESTED:
        raise NotTranslated("a comparison of different kinds of values is not translated")
    if one.kind.is_temporal:
        raise NotTranslated("two times are equal in the browser only if they are one object")
    if is_strict and one.is_nullable and other.is_nullable and one.is_lack != other.is_lack:
        raise NotTranslated("a value that is null beside one that is missing is not translated")
    if one.is_nullable and other.is_nullable:
        test = f"({one.sql} IS NOT DISTINCT FROM {other.sql})"
    elif (one.is_nullable or other.is_nullable) and not may_be_null:
        test = f"coalesce({one.sql} = {other.sql}, false)"
    else:
        test = f"({one.sql} = {other.sql})"
    tested = next((value for value in (one, other) if value.kind is Kind.NUMBER and value.has_nan), None)
    if tested is None:
        return test
    not_nan = f"NOT isnan({tested.sql})"
    is_null_kept = tested.is_nullable and (not may_be_null or (one.is_nullable and other.is_nullable))
    return f"({test} AND {f'coalesce({not_nan}, true)' if is_null_kept else not_nan})"


def _least(one: str, other: str) -> str:
    return f"CASE WHEN isnan({one}) OR isnan({other}) THEN {_NAN} ELSE least({one}, {other}) END"


def _greatest(one: str, other: str) -> str:
    return f"CASE WHEN isnan({one}) OR isnan({other}) THEN {_NAN} ELSE greatest({one}, {other}) END"


_EXTREMES: Mapping[str, Callable[[str, str], str]] = {"min": _least, "max": _greatest}


def _is_valid(value: Value) -> str:
    tests = [f"{value.sql} IS NOT NULL"] if value.is_nullable else []
    if value.kind is Kind.NUMBER:
        tests.append(f"NOT coalesce(isnan({value.sql}), false)")
    return f"({' AND '.join(tests) or 'true'})" if value.kind is not None else "false"


def _is_of(*kinds: Kind) -> Callable[[Value], str]:
    def test(value: Value) -> str:
        if value.kind is not None and value.kind.is_temporal:
            raise NotTranslated("whether a time is a number in the browser depends on where it comes from")
        if value.kind not in kinds:
            return "false"
        return f"({value.sql} IS NOT NULL)" if value.is_nullable else "true"

    return test


def _is_nan(value: Value) -> str:
    if value.kind is not Kind.NUMBER:
        return "false"
    return f"coalesce(isnan({value.sql}), false)" if value.is_nullable else f"isnan({value.sql})"


def _is_finite(value: Value) -> str:
    if value.kind is not Kind.NUMBER:
        return "false"
    return f"coalesce(isfinite({value.sql}), false)" if value.is_nullable else f"isfinite({value.sql})"


_TESTS: Mapping[str, Callable[[Value], str]] = {
    "isValid": _is_valid,
    "isNumber": _is_of(Kind.NUMBER),
    "isString": _is_of(Kind.TEXT),
    "isBoolean": _is_of(Kind.FLAG),
    "isNaN": _is_nan,
    "isFinite": _is_finite,
}


FUNCTIONS = frozenset(
    {"if", "inrange", "indexof", "datetime", "clamp", *_ROUNDED, *_EXTREMES, *_TESTS, *_PARTS}
    | {f"utc{unit}" for unit in _PARTS}
)
OPERATORS = frozenset({"!", "&&", "||", "?:"} | _ARITHMETIC | _RELATIONAL.keys() | _EQUALITY)


def _part(unit: str, value: Value, kind: Kind) -> Value:
    if value.kind is not kind or value.is_lack:
        raise NotTranslated(f"the {unit} of such a value depends on the reader's zone")
    moment = f"make_timestamp(CAST({_filled(value)} AS BIGINT) * 1000)"
    return Value(f"CAST({_PARTS[unit].format(moment)} AS DOUBLE)", Kind.NUMBER)


def _moment(arguments: tuple[Node, ...]) -> Value:
    """Return the reading of a clock that `datetime` of literals is."""
    parts = [argument.value for argument in arguments if isinstance(argument, Literal)]
    whole = [int(part) for part in parts if isinstance(part, float) and part.is_integer()]
    if len(whole) != len(arguments) or not 2 <= len(whole) <= 7:
        raise NotTranslated("`datetime` is translated for numbers only")
    year, month, *rest = whole
    day, hour, minute, second, millisecond = (*rest, *(1, 0, 0, 0, 0)[len(rest) :])
    try:
        moment = datetime(year, month + 1, day, hour, minute, second, 1000 * millisecond)  # noqa: DTZ001  # a reading
    except ValueError:
        raise NotTranslated("a date that is out of the calendar is not translated") from None
    if year < 100:
        raise NotTranslated("years below 100 are not translated")
    elapsed = (moment - datetime(1970, 1, 1)).total_seconds()  # noqa: DTZ001
    return Value(number_literal(round(elapsed * 1000)), Kind.WALL)
