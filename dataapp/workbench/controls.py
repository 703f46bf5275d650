"""The control that fits each `$name` of a query: which widget, between which ends, on which value at first.

How the query uses the name chooses the widget; the data chooses ends and options. A first value shows something: as
many rows as there are for `>=` and `<=`, a value that occurs for `=`, the most frequent ones for `IN`.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import assert_never

import pyarrow as pa

from dataapp.app.sessions import engine
from dataapp.compile.identifiers import fold, quote_literal
from dataapp.compile.names import Node
from dataapp.compile.query import parse
from dataapp.engines.functions import reserved_words
from dataapp.engines.relation import Relation
from dataapp.errors import DataAppError
from dataapp.workbench.answers import Answers, frequent_sql, options_sql
from dataapp.workbench.fits import Literal, fit_argument, fit_empty, fit_end, fit_range, fit_type
from dataapp.workbench.parameter_uses import Use, parameter_uses
from dataapp.workbench.subjects import ColumnsOf, Subject, Subjects

type Fitted = tuple[str, Mapping[str, Literal | OptionsQuery]]

_MOST_OPTIONS = 200
_MOST_CHOICES = 1000
_FEW = 10
_CHOSEN = 3
_ROLES = ("compare", "in", "text", "argument", "cast", "limit", "offset", "boolean", "unknown")


@dataclass(frozen=True, slots=True)
class OptionsQuery:
    """Options that a query gives, so that they follow the data."""

    sql: str


@dataclass(frozen=True, slots=True)
class Control:
    """What sets a parameter.

    Attributes:
        name: The parameter, as the query writes it first.
        widget: A class of `panel.ui`.
        options: Its keyword arguments, by name.
    """

    name: str
    widget: str
    options: tuple[tuple[str, Literal | OptionsQuery], ...]


def infer_controls(query_sql: str, columns_of: ColumnsOf, read: Callable[[str], pa.Table]) -> tuple[Control, ...]:
    """Return a fitting control for each parameter of a query, in the order of the text.

    Args:
        query_sql: The query.
        columns_of: Tells the columns of a table, or None for an unknown one.
        read: Runs SQL over the names of the tables.

    Raises:
        SqlSyntaxError: The text is not SQL.
        StatementError: It is not one query.

    Example:
        >>> from dataapp.engines.relation import Column
        >>> trades = pa.table({"size": [100, 4900]})
        >>> def read(sql: str) -> pa.Table:
        ...     return Relation(sql, key=sql, engine=engine(), frames={"trades": trades}).open().fetch()
        >>> infer_controls("FROM trades WHERE size >= $size", lambda name: [Column("size", "BIGINT")], read)[0].options
        (('start', 100), ('end', 4900), ('value', 100), ('step', 50))
    """
    query = parse(query_sql, engine())
    answer = engine().serialize(query.text)
    uses = () if answer["error"] else parameter_uses(answer["statements"][0]["node"])
    subjects = Subjects(columns_of, _tree_to_sql, reserved_words(engine()), engine().aggregate_functions())
    inference = _Inference(subjects, Answers(read))
    names: dict[str, str] = {}
    for parameter in query.parameters:
        names.setdefault(fold(parameter.name), parameter.name)
    return tuple(inference.control(name, [use for use in uses if use.name == key]) for key, name in names.items())


def _tree_to_sql(node: Node) -> str | None:
    """Write a SELECT as text, or return None where the engine cannot."""
    tree = json.dumps({"error": False, "statements": [{"node": node, "named_param_map": []}]})
    relation = Relation(f"SELECT json_deserialize_sql({quote_literal(tree)}::JSON)", key=tree, engine=engine())
    try:
        with relation.open() as reader:
            return reader.fetch().column(0)[0].as_py()
    except DataAppError:
        return None


class _Inference:
    """One run of `infer_controls`."""

    def __init__(self, subjects: Subjects, answers: Answers) -> None:
        self._subjects = subjects
        self._answers = answers

    def control(self, name: str, uses: Sequence[Use]) -> Control:
        """Return the control of a parameter: the use that says most decides."""
        for use in sorted(uses, key=lambda use: _ROLES.index(use.role)):
            fitted = self._fitted(use, uses)
            if fitted is not None:
                widget, options = fitted
                return Control(name, widget, tuple(options.items()))
        return Control(name, "TextInput", (("value", ""),))

    def _fitted(self, use: Use, uses: Sequence[Use]) -> Fitted | None:
        match use.role:
            case "compare" | "in":
                subject = self._subjects.find(use)
                if subject is None:
                    return _constants(uses) if use.role == "compare" else None
                subject = self._answers.in_days(subject)
                return self._chosen(use, subject) if use.role == "in" else self._compared(use, subject)
            case "text":
                everything = {"~~": "%", "!~~": "", "~~*": "%", "~~~": "*", "regexp_full_match": ".*"}
                return "TextInput", {"value": everything.get(use.word, "") if not use.negated else ""}
            case "argument":
                return fit_argument(use.word, use.position)
            case "cast":
                return fit_type(use.word)
            case "limit":
                return "IntSlider", {"start": 1, "end": 1000, "value": 100}
            case "offset":
                return "IntInput", {"start": 0, "value": 0}
            case "boolean":
                return "Checkbox", {"value": not use.negated}
            case "unknown":
                return None
            case _:
                assert_never(use.role)

    def _compared(self, use: Use, subject: Subject) -> Fitted | None:
        family = self._answers.family(subject)
        if family == "boolean":
            return "Checkbox", {"value": True}
        if family == "other":
            return None
        answer = self._answers.answer(subject, counted=family == "text")
        if answer.low is None:
            return fit_empty(family, is_range=use.position > 0)
        if family != "text":
            return fit_range(family, answer) if use.position > 0 else fit_end(family, use.word, answer)
        if answer.distinct > _MOST_OPTIONS:
            return "TextInput", {"value": answer.low}
        return "Select", {"options": OptionsQuery(options_sql(subject, has_null=answer.has_null))}

    def _chosen(self, use: Use, subject: Subject) -> Fitted | None:
        """Several values of a list. None chosen gives no rows, so some are."""
        if self._answers.family(subject) == "other":
            return None
        answer = self._answers.answer(subject, counted=True)
        if answer.distinct > _MOST_CHOICES:
            sql, first = frequent_sql(subject, _MOST_CHOICES), self._answers.frequent(subject, _CHOSEN)
        else:
            sql, first = options_sql(subject, has_null=True), self._answers.frequent(subject, _FEW + 1)
            first = sorted(first) if len(first) <= _FEW else first[:_CHOSEN]
        return "MultiChoice", {"options": OptionsQuery(sql), "value": () if use.negated else tuple(first)}


def _constants(uses: Sequence[Use]) -> Fitted | None:
    """Fit a parameter to the constants that it is compared with."""
    values = [use.of["value"] for use in uses if use.of is not None and use.of["class"] == "CONSTANT"]
    texts = [value["value"] for value in values if value["type"]["id"] == "VARCHAR" and not value["is_null"]]
    if texts:
        return "Select", {"options": tuple(dict.fromkeys(texts)), "value": texts[0]}
    if any(value["type"]["id"] in ("INTEGER", "BIGINT") and not value["is_null"] for value in values):
        numbers = [value["value"] for value in values if value["type"]["id"] in ("INTEGER", "BIGINT")]
        return "IntInput", {"value": numbers[0]}
    return None
