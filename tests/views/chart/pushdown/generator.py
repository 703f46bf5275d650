"""Generates transforms over one table of every kind of column, and says which translations each example needs.

An example follows from its seed alone, so that a failure can be repeated and the coverage of a range of seeds counted.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from dataapp.engines.relation import Relation
from dataapp.views.chart.aggregation import _PARTS, _TRUNCATED
from dataapp.views.chart.pushdown.transforms import AGGREGATES, WINDOWS
from tests.views.chart.drawing import relation_of

COUNTED = range(700)  # the seeds that have to need every translation
TIME_UNITS = tuple(f"{zone}{unit}" for zone in ("", "utc") for unit in (*_TRUNCATED, *_PARTS))
PREDICATES = ("equal", "lt", "lte", "gt", "gte", "oneOf", "range", "valid", "and", "or", "not")
OFFSETS = ("zero", "normalize", "center")
_EXACT_AGGREGATES = ("count", "valid", "missing", "distinct", "sum", "min", "max", "median")
_PARTS_OF_TIME = ("year", "quarter", "month", "date", "day", "dayofyear", "hours", "minutes", "seconds", "milliseconds")
_TABLE = """
    SELECT a::DOUBLE AS a, b::DOUBLE AS b, i::BIGINT AS i, k::VARCHAR AS k, f::BOOLEAN AS f,
           w::TIMESTAMP AS w, d::DATE AS d, z::TIMESTAMPTZ AS z,
           CASE WHEN f THEN [] ELSE [i::BIGINT, NULL, 2] END AS l, CASE WHEN i > 2 THEN [k] ELSE [k, 'x'] END AS t
    FROM (VALUES {rows}) AS rows(a, b, i, k, f, w, d, z)
"""
_TYPES = {
    **dict.fromkeys("abi", "quantitative"),
    **dict.fromkeys("kf", "nominal"),
    **dict.fromkeys("wdz", "temporal"),
}


@dataclass(slots=True)
class Example:
    """Transforms over a table.

    Attributes:
        relation: The table.
        transforms: What is computed from it.
        fields: The fields to compare, and the type of encoding that each needs.
        uses: The translations that are needed.
        in_order: Whether the rows have an order.
        exactly: Whether all digits have to agree: sums depend on the order of their terms.
        carried: Fields in which Vega carries its rounding errors along from row to row, up to NaN in place of 0:
            deviations over a window that slides.
    """

    relation: Relation
    transforms: list[dict[str, Any]]
    fields: dict[str, str]
    uses: set[str] = field(default_factory=set)
    in_order: bool = True
    exactly: bool = True
    carried: set[str] = field(default_factory=set)


def encodings(seed: int) -> "Encodings":
    """Return the example of encodings of a seed."""
    return _Generator(Random(seed), seed, is_finite=True).make_encodings()


def example(seed: int) -> Example:
    """Return the example of a seed."""
    return _Generator(Random(seed), seed).make()


@dataclass(slots=True)
class Encodings:
    """A view that aggregates.

    Attributes:
        relation: Its table.
        mark: Its mark.
        channels: Its encodings.
        transforms: What is computed before.
        uses: The translations that are needed.
    """

    relation: Relation
    mark: str
    channels: dict[str, Any]
    transforms: list[dict[str, Any]]
    uses: set[str]


@dataclass(slots=True)
class _Generator:
    random: Random
    seed: int
    uses: set[str] = field(default_factory=set)
    is_finite: bool = False

    def pick(self, *choices: Any) -> Any:
        return self.random.choice(choices)

    def use(self, what: str) -> str:
        self.uses.add(what)
        return what

    def make(self) -> Example:
        kinds = self.random.choice(_KINDS)  # not of the later ones, which would change all seeds
        kinds = _LATER.get(self.seed % 29, kinds)
        self.is_finite = kinds[-3:] not in (_EXPRESSIONS, _ROUNDED)
        found = Example(self.table(), [], dict(_TYPES), self.uses)
        for kind in kinds:
            kind(self, found)
        return found

    def make_encodings(self) -> Encodings:
        mark = self.pick("point", "rect", "tick", "line")
        channels = {"x": self.key(), "y": self.measured()}
        if self.random.random() < 0.5:
            name = self.pick("color", "detail", "tooltip")
            if name == "detail":
                channels[name] = {"field": "f", "type": "nominal"}
            elif mark == "line" or self.random.random() < 0.5:  # else a line has points in no order of their own
                channels[name] = self.measured(_EXACT_AGGREGATES)  # a last digit can be another colour
            else:
                channels[name] = self.key(may_bin=False)  # bins of a colour fail in Vega where there are no rows
        transforms = [{"filter": self.flag()}] if self.random.random() < 0.3 else []
        return Encodings(self.table(), mark, channels, transforms, self.uses)

    def key(self, *, may_bin: bool = True) -> dict[str, Any]:
        kind = self.use(self.pick("bin", "timeUnit", "timeUnit", "plain"))
        if kind == "bin" and may_bin:
            bins = self.pick(True, {"maxbins": 4}, {"step": 3})
            return {"field": self.pick("a", "i"), "type": "quantitative", "bin": bins}
        if kind == "timeUnit":
            unit = self.use(self.pick(*TIME_UNITS))
            name = "z" if unit.startswith("utc") else self.pick("w", "d")
            return {"field": name, "type": self.pick("temporal", "ordinal"), "timeUnit": unit}
        name = self.pick("k", "f", "i", "a")
        return {"field": name, "type": _TYPES[name] if name in "kf" else self.pick("quantitative", "ordinal")}

    def measured(self, ops: Sequence[str] = AGGREGATES) -> dict[str, Any]:
        op = self.use(self.pick(*ops))
        names = "abikfw" if op in ("valid", "missing", "distinct") else "abi"
        return {"aggregate": op, "type": "quantitative"} | ({} if op == "count" else {"field": self.pick(*names)})

    # Tables

    def table(self) -> Relation:
        count = self.pick(0, 1, 1, 2, 5, 9, 14)
        rows = [self.row() for _ in range(count)]
        values = ", ".join(f"({', '.join(row)})" for row in rows or [self.row()])
        query = _TABLE.format(rows=values)
        return relation_of(query if rows else f"{query} WHERE false")

    def row(self) -> list[str]:
        moment = datetime(1969, 6, 1, tzinfo=UTC) + timedelta(milliseconds=self.random.randrange(3_000_000_000_000))
        written = self.pick(moment, moment.replace(year=2021, month=3)).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]
        zone = self.pick("+00", "+05:30", "-08")
        values = [
            self.number(),
            self.number(),
            str(self.random.randrange(-3, 9)),
            self.pick("'a'", "'b'", "'it''s'", "'ä'", "''", "'😀'", "'\uff21'"),
            self.pick("true", "false"),
            f"TIMESTAMP '{written}'",
            f"DATE '{written[:10]}'",
            f"TIMESTAMPTZ '{written}{zone}'",
        ]
        return [value if self.random.random() > 0.15 else "NULL" for value in values]

    def number(self) -> str:
        odd = ["'nan'"] if self.is_finite else ["'nan'", "'inf'", "'-inf'", "'-0'", "0.49999999999999994"]
        return f"{self.pick(*odd, *[self.random.randrange(-12, 30) / 4 for _ in range(8)])}::DOUBLE"

    # Expressions

    def numeric(self, depth: int = 2) -> str:
        if depth == 0 or self.random.random() < 0.2:
            return self.pick("datum.a", "datum['b']", "datum.i", "datum.a", "2", "0.5", "-1.25e0", "PI")
        match self.random.randrange(8):
            case 0 | 1:
                operator = self.use(self.pick("+", "-", "*", "/", "%"))
                return f"({self.numeric(depth - 1)} {operator} {self.pick(self.numeric, self.flag)(depth - 1)})"
            case 2:
                return f"{self.use(self.pick('abs', 'ceil', 'floor', 'round', 'sqrt'))}({self.numeric(depth - 1)})"
            case 3:
                return f"{self.use(self.pick('min', 'max'))}({self.numeric(depth - 1)}, {self.numeric(depth - 1)})"
            case 4:
                return self.pick(
                    lambda: f"{self.use('clamp')}({self.numeric(depth - 1)}, -1, 4)",
                    lambda: f"{self.use('indexof')}(['a', 'b', ''], datum.k)",
                    lambda: f"{self.use('indexof')}([1, null, 2.5], datum.a)",
                )()
            case 5 | 6:
                part = self.pick(*_PARTS_OF_TIME)
                name = self.pick(f"{part}(datum.w)", f"utc{part}(datum.z)", f"utc{part}(datum.z)")
                self.use(name.split("(")[0])
                return name
            case _:
                return self.choice(self.numeric, depth)

    def choice(self, make: Callable[[int], str], depth: int) -> str:
        test, yes, no = self.flag(depth - 1), make(depth - 1), make(depth - 1)
        return self.pick(
            lambda: f"{self.use('if')}({test}, {yes}, {no})",
            lambda: f"({test} {self.use('?:')[0]} {yes} : {no})",
            lambda: f"({yes} {self.use(self.pick('&&', '||'))} {no})",
        )()

    def flag(self, depth: int = 2) -> str:
        if depth == 0:
            return self.pick("datum.f", "true", "false", "datum.f")
        match self.random.randrange(8):
            case 0 | 1:
                operator = self.use(self.pick("<", "<=", ">", ">=", "==", "!=", "===", "!=="))
                return f"({self.numeric(depth - 1)} {operator} {self.numeric(depth - 1)})"
            case 2:
                operator = self.use(self.pick("==", "!=", "===", "!=="))
                other = self.pick("'a'", "null", "datum.k", "''")
                return f"(datum.k {operator} {other})"
            case 3:
                operator = self.use(self.pick("<", "<=", ">", ">="))
                return self.pick(
                    f"(datum.w {operator} datum.d)", f"(datum.z {operator} 5e11)", f"(null {operator} datum.a)"
                )
            case 4:
                self.use("datetime")
                return (
                    f"(datum.w {self.use(self.pick('<', '>='))} datetime(2021, 2, {self.random.randrange(1, 28)}, 12))"
                )
            case 5:
                test = self.use(self.pick("isValid", "isNumber", "isString", "isBoolean", "isNaN", "isFinite"))
                return f"{test}({self.pick(self.numeric, self.text, self.flag)(depth - 1)})"
            case 6:
                return self.pick(
                    lambda: f"{self.use('inrange')}(datum.a, [{self.random.randrange(-2, 3)}, 4.5])",
                    lambda: f"{self.use('!')}{self.pick(self.numeric, self.text, self.flag)(depth - 1)}",
                )()
            case _:
                operator = self.use(self.pick("&&", "||"))
                return f"({self.flag(depth - 1)} {operator} {self.flag(depth - 1)})"

    def text(self, depth: int = 2) -> str:
        if depth == 0:
            return self.pick("datum.k", "'b'", "datum.k", '"\\u00e4"')
        return self.pick(
            lambda: f"({self.text(depth - 1)} {self.use('+')} '-')",
            lambda: self.choice(self.text, depth),
        )()

    def predicate(self, depth: int = 2) -> Any:
        kind = self.use(self.pick(*PREDICATES))
        if kind in ("and", "or"):
            return {kind: [self.predicate(depth - 1) for _ in range(2)]} if depth else "datum.a > 0"
        if kind == "not":
            return {"not": self.predicate(depth - 1)} if depth else "!datum.f"
        if kind == "valid":
            return {"field": self.pick("a", "i", "w", "z"), "valid": self.pick(True, False)}
        if kind == "range":
            return {"field": "a", "range": self.pick([-1, 3], [None, 2], [0.5, None], [4, 0])}
        if kind == "oneOf":
            return self.pick({"field": "k", "oneOf": ["a", ""]}, {"field": "i", "oneOf": [1, 2, 5]})
        if kind == "equal":
            return self.pick({"field": "k", "equal": "b"}, {"field": "a", "equal": 2}, {"field": "f", "equal": True})
        return {"field": self.pick("a", "b", "i"), kind: self.random.randrange(-2, 6)}

    # Transforms

    def filter(self, found: Example) -> None:
        self.use("filter")
        found.transforms.append({"filter": self.pick(self.flag, self.predicate)()})

    def calculate(self, found: Example) -> None:
        self.use("calculate")
        make, kind = self.pick((self.numeric, "quantitative"), (self.flag, "nominal"), (self.text, "nominal"))
        name = f"c{len(found.transforms)}"
        found.transforms.append({"calculate": make(), "as": name})
        found.fields[name] = kind

    def round(self, found: Example) -> None:
        """Calculate with the functions that are seldom in other expressions."""
        name = f"c{len(found.transforms)}"
        function = self.use(self.pick("abs", "ceil", "floor", "floor", "round", "sqrt"))
        found.transforms.append({"calculate": f"{function}({self.numeric(1)})", "as": name})
        found.fields[name] = "quantitative"

    def measures(self, ops: tuple[str, ...]) -> list[dict[str, Any]]:
        made: list[dict[str, Any]] = []
        for at in range(self.random.randrange(1, 4)):
            op = self.use(self.pick(*ops))
            names = {"min": "abizw", "max": "abizw", "lag": "abik", "lead": "abik"}.get(op, "abi")
            names = "abkfw" if op in ("valid", "missing", "distinct") else names
            is_bare = op in ("count", "row_number", "rank", "dense_rank")
            measure = {"op": op, "as": f"m{at}"} | ({} if is_bare else {"field": self.pick(*names)})
            if all(measure | {"as": one["as"]} != one for one in made):  # of equal ones Vega computes the last
                made.append(measure)
        return made

    def groups(self, names: str = "kfiwdza") -> list[str]:
        return self.random.sample(names, self.pick(0, 1, 1, 2))

    def add_measures(self, found: Example, measures: list[dict[str, Any]]) -> None:
        for measure in measures:
            name = measure.get("field", "a")
            is_same = measure["op"] in ("min", "max", "lag", "lead")
            found.fields[measure["as"]] = _TYPES[name] if is_same else "quantitative"
        found.exactly = False

    def aggregate(self, found: Example) -> None:
        self.use("aggregate")
        measures, groups = self.measures(AGGREGATES), self.groups()
        found.transforms.append({"aggregate": measures, "groupby": groups})
        found.fields = {name: _TYPES[name] for name in groups}
        self.add_measures(found, measures)
        found.in_order = False

    def joinaggregate(self, found: Example) -> None:
        self.use("joinaggregate")
        measures = self.measures(AGGREGATES)
        found.transforms.append({"joinaggregate": measures, "groupby": self.groups()})
        self.add_measures(found, measures)

    def window(self, found: Example) -> None:
        self.use("window")
        measures = self.measures(WINDOWS)
        sort = [{"field": name, "order": self.pick("ascending", "descending")} for name in self.groups("abiwzfk")]
        frame = self.pick({}, {"frame": [None, None]}, {"frame": [-1, 1], "ignorePeers": True}, {"frame": [None, 0]})
        found.transforms.append({"window": measures, "groupby": self.groups("kfi"), "sort": sort, **frame})
        if frame.get("frame") == [-1, 1]:
            found.carried |= {
                one["as"] for one in measures if one["op"] in ("variance", "variancep", "stdev", "stdevp")
            }
        self.add_measures(found, measures)

    def bin(self, found: Example) -> None:
        self.use("bin")
        bins = self.pick(True, {"maxbins": 5}, {"step": 2}, {"nice": False, "maxbins": 7}, {"minstep": 1})
        name = f"b{len(found.transforms)}"
        names = self.pick(name, [name, f"{name}_end"])
        of = "i" if found.transforms else "a"  # of two equal bins, Vega-Lite makes a specification that Vega refuses
        found.transforms.append({"bin": bins, "field": of, "as": names})
        found.fields |= {name: "quantitative", f"{name}_end": "quantitative"}

    def time_unit(self, found: Example) -> None:
        self.use("timeUnit")
        name = f"t{len(found.transforms)}"
        unit = self.use(self.pick(*TIME_UNITS))
        of = "z" if unit.startswith("utc") else self.pick("w", "d")
        found.transforms.append({"timeUnit": unit, "field": of, "as": name})
        found.fields[name] = "temporal"

    def fold(self, found: Example) -> None:
        self.use("fold")
        names = self.pick({}, {"as": ["what", "much"]})
        found.transforms.append({"fold": self.pick(["a", "i"], ["b", "a", "i"]), **names})
        key, value = names.get("as", ["key", "value"])
        found.fields |= {key: "nominal", value: "quantitative"}

    def stack(self, found: Example) -> None:
        self.use("stack")
        name = f"s{len(found.transforms)}"
        names = self.pick(name, [name, f"{name}_end"])
        offset = self.use(self.pick(*OFFSETS))
        sort = [{"field": name, "order": self.pick("ascending", "descending")} for name in self.groups("abiwzfk")]
        more = {"sort": sort} if sort or self.random.random() < 0.5 else {}
        found.transforms.append(
            {"stack": self.pick("a", "b", "i"), "groupby": self.groups("kfiw"), "offset": offset, "as": names, **more}
        )
        found.fields |= {name: "quantitative", f"{name}_end": "quantitative"}
        found.exactly = False

    def of_groups(self, found: Example) -> None:
        """Aggregate, then stack or rank the groups in an order that may tell them apart."""
        groups = [*self.groups("kfi"), "w"]
        aggregate = {"aggregate": [{"op": "sum", "field": "a", "as": "m0"}], "groupby": groups}
        sort = [{"field": name} for name in self.random.sample(groups, self.random.randrange(len(groups) + 1))]
        found.fields = {name: _TYPES[name] for name in groups} | {"m0": "quantitative"}
        if self.random.random() < 0.5:
            last = {"stack": "m0", "groupby": groups[:-1], "as": ["s0", "s1"], "sort": sort}
        else:
            last = {"window": [{"op": "row_number", "as": "s0"}, {"op": "sum", "field": "m0", "as": "s1"}]}
            last |= {"sort": sort, "groupby": groups[:1]}
        found.transforms += [aggregate, last]
        found.fields |= {"s0": "quantitative", "s1": "quantitative"}
        found.exactly = found.in_order = False

    def quantile(self, found: Example) -> None:
        self.use("quantile")
        ways = self.pick({"probs": [0, 0.25, 0.5, 0.9, 1]}, {"step": 0.05}, {}, {"as": ["part", "at"], "step": 0.3})
        groups = self.groups()
        by = {"groupby": groups} if groups or self.random.random() < 0.5 else {}  # without it, no rows are a group
        found.transforms.append({"quantile": self.pick("a", "b", "i"), **by, **ways})
        found.fields = {name: _TYPES[name] for name in groups}
        found.fields |= dict.fromkeys(ways.get("as", ["prob", "value"]), "quantitative")
        found.exactly = found.in_order = False

    def flatten(self, found: Example) -> None:
        self.use("flatten")
        lists = self.pick(["l"], ["t"], ["l", "t"], ["t", "l"])
        names = self.pick([], ["one"], ["one", "two"][: len(lists)])
        found.transforms.append({"flatten": lists} | ({"as": names} if names else {}))
        outputs = [*names, *lists[len(names) :]]
        found.fields |= {
            name: "quantitative" if of == "l" else "nominal" for name, of in zip(outputs, lists, strict=True)
        }

    def pivot(self, found: Example) -> None:
        self.use("pivot")
        of = self.pick("k", "f", "i")
        names = {"k": ["a", "b", "ä"], "f": ["true", "false"], "i": ["1", "4", "8"]}[of]
        groups = self.random.sample([name for name in "kfiw" if name != of], self.pick(0, 1, 2))
        op = {"op": self.use(self.pick("sum", "mean", "average", "min", "max", "median", "q1", "q3"))}
        found.transforms.append({"pivot": of, "value": "b", "groupby": groups} | self.pick({}, op, op))
        found.fields = {name: _TYPES[name] for name in groups} | dict.fromkeys(names, "nominal")
        found.exactly = False

    def sample(self, found: Example) -> None:
        self.use("sample")  # of fewer rows than there may be, no two samples are equal
        found.transforms.append({"sample": 50})


_G = _Generator
_ROUNDED = (_G.round, _G.round, _G.round)
_EXPRESSIONS = (_G.calculate, _G.filter, _G.calculate)
_KINDS = (
    _EXPRESSIONS,
    (_G.filter, *_EXPRESSIONS),
    (_G.filter, _G.filter, _G.aggregate),
    (_G.calculate, _G.aggregate),
    (_G.filter, _G.joinaggregate),
    (_G.window,),
    (_G.filter, _G.window),
    (_G.bin, _G.filter, _G.bin),
    (_G.time_unit, _G.filter, _G.time_unit, _G.time_unit),
    (_G.fold, _G.filter),
    (_G.filter, _G.sample, _G.time_unit),
    (_G.bin, _G.aggregate),
    (_G.filter, _G.stack),
    (_G.stack,),
    (_G.of_groups,),
    (_G.filter, _G.quantile),
)
_LATER = {
    3: (_G.filter, _G.flatten),
    7: (_G.flatten, _G.aggregate),
    11: (_G.filter, _G.pivot),
    15: (_G.pivot,),
    19: _ROUNDED,
    23: (_G.time_unit, _G.time_unit, _G.time_unit),
}
