"""Aggregates that can be computed of parts: what is kept of each part, and how parts become the whole.

Variances are merged by the means of parts (Chan, Golub and LeVeque, 1979): sums of squares would lose digits.

A mean is a sum that is divided by a count. How the engine divides depends on the type of what is averaged, which is
known when a cube is built: until then, `DIVISION` stands for it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from dataapp.compile.cubes.computed import Argument
from dataapp.compile.cubes.trees import Misfit, Tree, column, conjunction, conjuncts, replaced, shape, walk
from dataapp.compile.identifiers import fold

type Template = Callable[[str], Tree]
"""Parses one SQL expression."""

DIVISION = "__dataapp_division"
"""Stands for the function that divides the sum of parts by the sum of their counts."""

_OWN = frozenset({"min", "max", "bool_and", "bool_or", "bit_and", "bit_or", "bit_xor"})
_COUNTS = {
    **dict.fromkeys(("count", "count_star"), "coalesce(sum({0}), 0)::BIGINT"),
    **dict.fromkeys(("count_if", "countif"), "sum({0})"),  # of no rows it is NULL, for the engine makes a sum of it
}
_MERGES = {**dict.fromkeys((*_COUNTS, "sum"), "sum"), **{name: name for name in _OWN}}
_OF_EQUAL = {  # what is the same for all rows of a part, however many: `__value` is that, `__rows` their number
    "count": "coalesce(sum(__rows) FILTER (WHERE __value IS NOT NULL), 0)::BIGINT",
    "sum": "sum(__value * __rows) FILTER (WHERE __rows > 0)",
    **dict.fromkeys(
        ("count_if", "countif"),
        "sum(CASE WHEN __value THEN __rows ELSE 0 END) FILTER (WHERE __value IS NOT NULL AND __rows > 0)",
    ),
    **{name: f"{name}(__value) FILTER (WHERE __rows > 0)" for name in ("min", "max", "bool_and", "bool_or")},
}
_LEAST = frozenset({"arg_min", "argmin", "min_by"})
_MOST = frozenset({"arg_max", "argmax", "max_by"})
_VARIANCES = {
    "var_pop": "({squares}) / nullif({count}, 0)",
    "var_samp": "({squares}) / nullif({count} - 1, 0)",
    "variance": "({squares}) / nullif({count} - 1, 0)",
    "stddev_pop": "sqrt(({squares}) / nullif({count}, 0))",
    "stddev_samp": "sqrt(({squares}) / nullif({count} - 1, 0))",
    "stddev": "sqrt(({squares}) / nullif({count} - 1, 0))",
}


@dataclass(slots=True)
class Partials:
    """The columns of a cube that hold parts of aggregates.

    Attributes:
        template: Parses an expression.
        functions: The names of aggregates.
        asked: By their shapes, the conditions of aggregates' FILTER whose values move, as parts are asked them.
        computed: By their shapes, the arguments of aggregates that hold what moves.
        columns: What is computed of each part, by column.
        means: Columns of counts and means of which the mean of all parts is needed beside each part, by its name.
        divided: What is averaged, by the name that divisions give it.
        multiplied: What is added up by multiplying it with numbers of rows, by a name.
    """

    template: Template
    functions: frozenset[str] = frozenset()
    asked: Mapping[str, Tree] = field(default_factory=dict[str, Tree])
    computed: Mapping[str, Argument] = field(default_factory=dict[str, Argument])
    columns: dict[str, Tree] = field(default_factory=dict[str, Tree])
    means: dict[str, tuple[str, str]] = field(default_factory=dict[str, tuple[str, str]])
    divided: dict[str, Tree] = field(default_factory=dict[str, Tree])
    multiplied: dict[str, Tree] = field(default_factory=dict[str, Tree])
    _known: dict[str, str] = field(default_factory=dict[str, str])
    _joint: set[str] = field(default_factory=set[str])

    def whole(self, call: Tree) -> Tree:
        """Return the expression over the cube that gives what an aggregate gives over the rows.

        Raises:
            Misfit: Its parts do not say enough.
        """
        if any(shape(child) in self.computed for child in call["children"]):
            return self._computed(call)
        conditions = conjuncts(call["filter"])
        moved = [self.asked[shape(condition)] for condition in conditions if shape(condition) in self.asked]
        if not moved:
            return self._whole(call)
        if fold(call["function_name"]) in _VARIANCES:
            raise Misfit(f"what moves is in the FILTER of {call['function_name']}()")
        still = conjunction([condition for condition in conditions if shape(condition) not in self.asked])
        return self._filtered(self._whole(call | {"filter": still}), moved)

    def _filtered(self, whole: Tree, moved: list[Tree]) -> Tree:
        """Let all aggregates in an expression over the cube take only the parts that pass conditions."""

        def under(node: Tree) -> Tree | None:
            if node.get("class") != "FUNCTION" or fold(node["function_name"]) not in self.functions:
                return None
            return node | {"filter": conjunction([*conjuncts(node["filter"]), *moved])}

        filtered: Tree = replaced(whole, under)
        return filtered

    def _whole(self, call: Tree) -> Tree:
        name, arguments = fold(call["function_name"]), call["children"]
        orders = call["order_bys"]["orders"]
        if call["distinct"] and name not in ("min", "max"):
            raise Misfit(f"{name}(DISTINCT) needs all rows")
        if name in ("first", "last") and orders and len(arguments) == 1:
            return self._picked(call)
        if name in _COUNTS and len(arguments) < 2:
            return self._expression(_COUNTS[name], self._part(call | _UNORDERED))
        if len(arguments) == 1 and name in _OWN:
            return self._expression(f"{name}({{0}})", self._part(call | _UNORDERED))
        if len(arguments) == 1 and name == "sum":
            return self._expression("sum({0})", self._part(call | _UNORDERED))
        if len(arguments) == 1 and name in ("avg", "mean"):
            parts = [self._expression("sum({0})", self._like(call, part)) for part in ("sum", "count")]
            return self._division(*parts, of=arguments[0])
        if len(arguments) == 1 and name in _VARIANCES:
            return self._variance(call, _VARIANCES[name])
        if len(arguments) == 2 and (name in _LEAST or name in _MOST):
            extreme = "min" if name in _LEAST else "max"
            parts = self._part(call | _UNORDERED), self._extreme(call, extreme)
            return self._expression(f"arg_{extreme}({{0}}, {{1}})", *parts)
        raise Misfit(f"{name}() needs all rows")

    def _division(self, total: Tree, count: Tree, *, of: Tree) -> Tree:
        """Return a mean of what the engine has the sum and the count of."""
        name = next((name for name, known in self.divided.items() if shape(known) == shape(of)), None)
        name = name or f"__d{len(self.divided)}"
        self.divided[name] = of
        return self._filled(f"{DIVISION}(__total, __count, '{name}')", {"__total": total, "__count": count})

    def _computed(self, call: Tree) -> Tree:
        """Return what an aggregate gives of values that are the same for all rows of a part."""
        name, argument = fold(call["function_name"]), self.computed.get(shape(call["children"][0]))
        is_plain = not call["distinct"] or name in ("min", "max")
        if argument is None or len(call["children"]) != 1 or not is_plain or call["order_bys"]["orders"]:
            raise Misfit(f"what moves is in {name}()")
        rows = self._part(call | _UNORDERED | {"function_name": "count_star", "children": []})
        places = {"__value": argument.of_cube, "__rows": column(rows)}
        if name in ("sum", "avg", "mean"):
            self.multiplied[f"__x{len(self.multiplied)}"] = argument.of_rows
        if name in ("avg", "mean"):
            total = self._filled(_OF_EQUAL["sum"], places)
            count = self._filled("sum(__rows) FILTER (WHERE __value IS NOT NULL)", places)
            return self._division(total, count, of=argument.of_rows)
        if name not in _OF_EQUAL:
            raise Misfit(f"what moves is in {name}()")
        return self._filled(_OF_EQUAL[name], places)

    @property
    def merges(self) -> Mapping[str, str] | None:
        """The aggregates that make parts of parts, by column, or None where there is none for one of them."""
        found = {name: _MERGES.get(fold(call["function_name"])) for name, call in self.columns.items()}
        known = {name: merge for name, merge in found.items() if merge is not None}
        is_each_alone = not self.means and self._joint.isdisjoint(found)
        return known if is_each_alone and len(known) == len(found) else None

    def _like(self, call: Tree, name: str) -> str:
        return self._part(call | _UNORDERED | {"function_name": name})

    def _extreme(self, call: Tree, name: str) -> str:
        """Return the part with the least or greatest value among rows that have something to show."""
        shown, by = call["children"]
        extreme = self._filled(f"{name}(__by) FILTER (WHERE __shown IS NOT NULL)", {"__by": by, "__shown": shown})
        extreme["filter"] = conjunction([extreme["filter"], *conjuncts(call["filter"])])
        part = self._part(extreme)
        self._joint.add(part)  # it says which row another part is of
        return part

    def _picked(self, call: Tree) -> Tree:
        """Return the first or last by an order: of each part, then of the parts."""
        name, orders = call["function_name"], call["order_bys"]["orders"]
        picks = [self._part(call)]
        picks += [self._part(call | {"children": [order["expression"]]}) for order in orders]
        picked = self.template(f"{name}({picks[0]})")
        picked["order_bys"] = call["order_bys"] | {
            "orders": [order | {"expression": column(pick)} for order, pick in zip(orders, picks[1:], strict=True)]
        }
        if call["filter"] is not None:
            rows: Tree = call | _UNORDERED | {"function_name": "count_star", "children": []}
            picked["filter"] = self.template(f"{self._part(rows)} > 0")
        return picked

    def _variance(self, call: Tree, formula: str) -> Tree:
        count, mean, spread = (self._like(call, name) for name in ("count", "avg", "var_pop"))
        known = next((name for name, columns in self.means.items() if columns == (count, mean)), None)
        whole = known or f"__mean{len(self.means)}"
        self.means[whole] = (count, mean)
        squares = f"sum(CASE WHEN {count} > 0 THEN {count} * ({spread} + ({mean} - {whole}) * ({mean} - {whole})) END)"
        return self.template(formula.format(squares=squares, count=f"sum({count})"))

    def _part(self, call: Tree) -> str:
        """Return the column that holds what an aggregate gives for each part."""
        key = shape(call)
        if key not in self._known:
            name = self._known[key] = f"__p{len(self.columns)}"
            self.columns[name] = call | {"alias": name}
        return self._known[key]

    def _expression(self, text: str, *columns: str) -> Tree:
        return self.template(text.format(*columns))

    def _filled(self, text: str, places: Mapping[str, Tree]) -> Tree:
        def fill(node: Tree) -> Tree | None:
            return places.get(node["column_names"][0]) if node.get("class") == "COLUMN_REF" else None

        filled: Tree = replaced(self.template(text), fill)
        return filled


_UNORDERED: Tree = {"order_bys": {"type": "ORDER_MODIFIER", "orders": []}, "distinct": False}


def aggregates(expressions: object, functions: frozenset[str]) -> Sequence[Tree]:
    """Return the calls of aggregates in expressions, those in subqueries left out."""
    found = walk(expressions, below_subqueries=False)
    return [node for node in found if node.get("class") == "FUNCTION" and fold(node["function_name"]) in functions]
