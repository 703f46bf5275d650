"""The transforms of one view: as many as translate run in the engine, the rest in Vega on the rows that come of it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

from dataapp.engines.relation import Column
from dataapp.views.chart.fields import (
    encoded_views,
    field_definitions,
    field_to_column,
    mentioned_columns,
    shows_order,
)
from dataapp.views.chart.pushdown.frame import CELL, Field, Frame, Source
from dataapp.views.chart.pushdown.parsing import NotTranslated
from dataapp.views.chart.pushdown.predicates import parsed_texts
from dataapp.views.chart.pushdown.transforms import apply, groups_before_pivot, kind_of_transform
from dataapp.views.chart.wire import Kind, kind_of

_REDUCING = {"filter", "aggregate", "sample", "quantile"}
_BY_ROW = {"filter", "calculate", "timeUnit", "fold", "flatten"}  # the same in each facet as in all rows
_ORDERLESS = {*_BY_ROW, "aggregate", "joinaggregate", "bin", "lookup", "density", "regression"}
_STACKED = {"area", "arc", "bar"}
_LACK = "datum[{0}] === null ? datum['__undefined'] : datum[{0}]"


@dataclass(frozen=True, slots=True)
class Pushed:
    """A view, part of whose transforms runs in the engine.

    Attributes:
        view: The view with the transforms that are left to Vega.
        columns: The columns of the rows that it starts from.
        source: How the engine makes these rows.
        translated: The transforms that run in the engine.
        left: The transforms that Vega runs.
        reason: Which of these does not translate, and why.
    """

    view: dict[str, Any]
    columns: tuple[Column, ...]
    source: Source = CELL
    translated: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    reason: str = ""

    @property
    def derived(self) -> frozenset[str]:
        """The columns that transforms made: Vega-Lite does not parse what a transform made."""
        return frozenset(name for name, known in self._fields().items() if known.is_derived)

    @property
    def groups_exactly(self) -> bool:
        """Whether the view's own groups are the same where null stands for undefined."""
        lacking = self._lacking()
        return not any(
            "aggregate" not in definition and definition.get("field") in lacking
            for _, definition in field_definitions(self.view)
        )

    def restored(self) -> dict[str, Any]:
        """Return the view with undefined where null came for it: texts and tooltips name both."""
        transforms = [*self.restoring(), *self.view.get("transform", [])]
        return self.view | {"transform": transforms} if transforms else self.view

    def restoring(self) -> list[dict[str, str]]:
        """Return the transforms that do it."""
        as_times = {d["field"] for _, d in field_definitions(self.view) if d.get("type") == "temporal" and "field" in d}
        lacking = self._lacking() - as_times  # which Vega-Lite parses, and to a time undefined is null
        named = mentioned_columns(self.view, sorted(lacking))
        return [{"calculate": _LACK.format(repr(name)), "as": name} for name in named]

    def _fields(self) -> Mapping[str, Field]:
        return {} if self.source.frame is None else self.source.frame.fields

    def _lacking(self) -> set[str]:
        return {name for name, known in self._fields().items() if known.is_lack}


def push_transforms(view: Mapping[str, Any], columns: Sequence[Column]) -> Pushed:
    """Return a view whose first transforms run in the engine, as far as they translate and lessen the rows."""
    transforms = cast("list[dict[str, Any]]", view.get("transform", []))
    frame, frames, reason = _start(view, transforms, columns), list[Frame](), ""
    for transform in transforms:
        try:
            frame = apply(frame, transform)
        except NotTranslated as why:
            reason = f"{kind_of_transform(transform)}: {why}"
            break
        frames.append(frame)
    names = [kind_of_transform(transform) for transform in transforms]
    count = len(frames)
    if names[count : count + 1] == ["pivot"]:
        try:
            groups = groups_before_pivot(frame, transforms[count])
        except NotTranslated:
            pass
        else:
            rest = {**view, "transform": transforms[count:]}
            done = (*names[:count], "groups of the pivot")
            return Pushed(rest, groups.columns, Source(groups), done, tuple(names[count:]), reason)
    if count < len(names):  # what lessens nothing runs as well where the rest runs
        count = max((at + 1 for at, name in enumerate(names[:count]) if name in _REDUCING), default=0)
    rest = {key: value for key, value in view.items() if key != "transform"}
    if count < len(names):
        rest["transform"] = transforms[count:]
    if count == 0:
        return Pushed(rest, tuple(columns), CELL, (), tuple(names), reason)
    frame = frames[count - 1]
    return Pushed(rest, frame.columns, Source(frame), tuple(names[:count]), tuple(names[count:]), reason)


def hand_down(container: Mapping[str, Any], key: str) -> dict[str, Any] | None:
    """Return a container whose views begin with its transforms, or None where that is not the same."""
    transforms = cast("list[dict[str, Any]]", container.get("transform", []))
    if any("sample" in transform for transform in transforms):  # each view would have rows of its own
        return None
    children = [
        child | {"transform": [*transforms, *child.get("transform", [])]} if transforms else child
        for child in cast("list[dict[str, Any]]", container[key])
    ]
    if transforms and any("data" in child for child in children):
        return None
    return {name: value for name, value in container.items() if name != "transform"} | {key: children}


def push_repeated(node: dict[str, Any], columns: Sequence[Column]) -> tuple[dict[str, Any], Pushed] | None:
    """Return a facet or a repetition, and what runs in the engine of the transforms before its copies, if anything.

    Each facet transforms its own rows; that is the same as before the facet where a transform looks at single rows.
    """
    spec = node["spec"]
    before, inside = node.get("transform", []), spec.get("transform", [])
    kinds = [kind_of_transform(transform) for transform in inside]
    first = next((at for at, kind in enumerate(kinds) if kind not in _BY_ROW), len(kinds))
    shared = len(inside) if "repeat" in node else first
    whole = node | {"spec": {key: value for key, value in spec.items() if key != "transform"}}
    whole["transform"] = transforms = [*before, *inside[:shared]]
    # What stays inside is mentioned as well.
    pushed = push_transforms(whole | {"inside": inside[shared:]}, columns)
    if pushed.source is CELL:
        return None
    done = len(pushed.translated)
    outer = [*pushed.restoring(), *transforms[done : len(before)]]
    inner = [*transforms[max(done, len(before)) :], *inside[shared:]]
    placed = {key: value for key, value in node.items() if key != "transform"} | ({"transform": outer} if outer else {})
    placed["spec"] = whole["spec"] | ({"transform": inner} if inner else {})
    return placed, pushed


def _start(view: Mapping[str, Any], transforms: Iterable[Mapping[str, Any]], columns: Sequence[Column]) -> Frame:
    """Return the rows of the cell, as Vega-Lite reads them."""
    named = set(mentioned_columns(view, [column.name for column in columns]))
    emptied = {name for transform in transforms for name in parsed_texts(transform.get("filter"))}
    parsed = _parsed_by_encodings(view)
    fields = {
        column.name: Field(column, is_parsed=kind_of(column) is Kind.TEXT and column.name in parsed)
        for column in columns
        if column.name in named
    }
    frame = Frame(fields, keeps_order=_order_matters(view, transforms))
    replaced = {
        name: (replace(fields[name], column=Column(name, "VARCHAR")), f"nullif({fields[name].value.sql}, '')")
        for name in emptied & set(fields)
        if fields[name].kind is Kind.TEXT
    }
    try:
        return frame.extended(replaced) if replaced else frame
    except NotTranslated:
        return replace(
            frame, fields={name: replace(known, is_parsed=name in replaced) for name, known in fields.items()}
        )


def _order_matters(view: Mapping[str, Any], transforms: Iterable[Mapping[str, Any]]) -> bool:
    """Whether the order in which groups come is seen in the picture, other than in which mark covers another."""
    kinds = [kind_of_transform(transform) for transform in (*transforms, *view.get("inside", []))]
    first = next((at for at, kind in enumerate(kinds) if kind in ("aggregate", "pivot")), None)
    if first is None:
        return False
    after = kinds[first + (kinds[first] == "aggregate") :]  # a pivot is left to Vega, after groups of its own
    return not _ORDERLESS.issuperset(after) or any(map(_shows_order_of_rows, encoded_views(view)))


def _shows_order_of_rows(view: Mapping[str, Any]) -> bool:
    definitions = [definition for _, definition in field_definitions(view)]
    if any(map(shows_order, definitions)):
        return True
    mark = view.get("mark")
    is_stacked = (mark.get("type") if isinstance(mark, Mapping) else mark) in _STACKED
    return is_stacked and not any("aggregate" in definition for definition in definitions)


def _parsed_by_encodings(node: object) -> set[str]:
    """Return the fields that an encoding takes for numbers or times."""
    found: set[str] = set()
    if isinstance(node, Mapping):
        known = cast("Mapping[str, Any]", node)
        if isinstance(known.get("encoding"), Mapping):
            for _, definition in field_definitions(known):
                name = definition.get("field")
                if isinstance(name, str) and (
                    definition.get("type") in {"quantitative", "temporal"} or {"timeUnit", "bin"} & definition.keys()
                ):
                    found.add(field_to_column(name))
        if "repeat" in known:
            found |= set(_texts(known["repeat"]))
        for value in known.values():
            found |= _parsed_by_encodings(value)
    elif isinstance(node, list):
        for value in cast("list[object]", node):
            found |= _parsed_by_encodings(value)
    return found


def _texts(node: object) -> Iterator[str]:
    if isinstance(node, str):
        yield node
    elif isinstance(node, Mapping | list):
        values = cast("Mapping[str, object]", node).values() if isinstance(node, Mapping) else node
        for value in cast("Iterable[object]", values):
            yield from _texts(value)
