import pytest

from dataapp.views.chart.fields import field_to_column, mentioned_columns, mentions_expression

COLUMNS = ("ts", "price", "size", "bar", "a.b", "geometry")


@pytest.mark.parametrize(
    ("field", "column"), [("ts", "ts"), (r"a\.b", "a.b"), ("a.b", "a"), ("a[0]", "a"), (r"a\[0\]", "a[0]")]
)
def test_field_path_starts_at_a_column(field: str, column: str) -> None:
    assert field_to_column(field) == column


@pytest.mark.parametrize(
    ("spec", "mentioned"),
    [
        ({"mark": "bar", "encoding": {"x": {"field": "ts"}}}, ("ts",)),
        ({"encoding": {"x": {"field": "ts", "sort": {"field": "size", "op": "sum"}}}}, ("ts", "size")),
        ({"encoding": {"color": {"condition": {"param": "p", "field": "size"}, "value": "red"}}}, ("size",)),
        ({"encoding": {"tooltip": [{"field": r"a\.b"}]}}, ("a.b",)),
        ({"transform": [{"calculate": "datum['price'] * 2", "as": "twice"}]}, ("price",)),
        ({"transform": [{"fold": ["price", "size"]}]}, ("price", "size")),
        (
            {"repeat": {"row": ["price", "size"]}, "spec": {"encoding": {"y": {"field": {"repeat": "row"}}}}},
            ("price", "size"),
        ),
        ({"params": [{"name": "p", "select": {"type": "point", "fields": ["size"]}}]}, ("size",)),
        (
            {"transform": [{"lookup": "ts", "from": {"data": {"name": "n"}, "key": "bar", "fields": ["size"]}}]},
            ("ts", "size", "bar"),
        ),
        ({"transform": [{"lookup": "ts", "from": {"data": {"name": "n"}, "key": "bar"}, "as": "all"}]}, COLUMNS),
        ({"transform": [{"filter": "datum[column] > 1"}]}, COLUMNS),
        ({"mark": {"type": "bar", "tooltip": {"content": "data"}}}, COLUMNS),
        ({"encoding": {"y": {"aggregate": "count"}}}, ()),
        ({"layer": [{"mark": {"type": "geoshape"}}, {"mark": "point"}]}, ("geometry",)),
    ],
)
def test_columns_that_travel(spec: dict[str, object], mentioned: tuple[str, ...]) -> None:
    assert mentioned_columns(spec, COLUMNS) == mentioned


def test_expressions_below_are_noticed() -> None:
    assert mentions_expression({"encoding": {"color": {"condition": {"test": "datum.x > 1"}}}})
    assert not mentions_expression({"encoding": {"color": {"condition": {"param": "brush"}}}})


def test_an_expression_for_labels_computes_with_no_rows() -> None:
    labels = {"encoding": {"y": {"aggregate": "sum", "field": "x", "axis": {"labelExpr": "datum.value / 1e9"}}}}
    assert not mentions_expression(labels)
    assert mentioned_columns(labels, ("x", "value")) == ("x",)
