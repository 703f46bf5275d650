"""How columns are laid out, whatever a reader does and whatever columns come next."""

from hypothesis import given
from hypothesis import strategies as st

from dataapp.engines.relation import Column
from dataapp.views.table.layout import Layout

COUNT = 7
positions = st.integers(0, COUNT - 1)
layouts = st.builds(
    Layout,
    st.lists(positions, unique=True).map(tuple),
    st.frozensets(positions, max_size=COUNT - 1),
    st.frozensets(positions),
    st.dictionaries(positions, st.integers(40, 400)),
)
relations = st.lists(
    st.builds(Column, st.sampled_from("abcdefghij"), st.sampled_from(["INTEGER", "VARCHAR"])),
    min_size=1,
    unique_by=lambda column: column.name,
).map(tuple)


@given(layouts)
def test_every_column_is_shown_once_or_hidden_and_pinned_ones_come_first(layout: Layout):
    shown = layout.displayed(COUNT)
    assert sorted([*shown, *layout.hidden]) == list(range(COUNT))
    assert [at in layout.pinned for at in shown] == sorted((at in layout.pinned for at in shown), reverse=True)


@given(layouts)
def test_what_goes_without_saying_can_be_left_out(layout: Layout):
    tidied = layout.tidied(COUNT)
    assert tidied.displayed(COUNT) == layout.displayed(COUNT)
    assert tidied.tidied(COUNT) == tidied
    assert Layout(order=tuple(range(COUNT))).tidied(COUNT) == Layout()


@given(layouts)
def test_names_say_a_layout(layout: Layout):
    columns = tuple(Column(f"column {at}", "INTEGER") for at in range(COUNT))
    assert Layout.from_json(layout.to_json(columns), columns) == layout


@given(relations, relations, st.data())
def test_columns_that_stay_look_as_before(old: tuple[Column, ...], new: tuple[Column, ...], data: st.DataObject):
    at = st.integers(0, len(old) - 1)
    layout = Layout(
        tuple(data.draw(st.lists(at, unique=True))),
        data.draw(st.frozensets(at, max_size=len(old) - 1)),
        data.draw(st.frozensets(at)),
        data.draw(st.dictionaries(at, st.integers(40, 400))),
    )
    carried = layout.carried_over(old, new)
    assert carried.fits(len(new))
    assert {new[at] for at in carried.pinned} == {old[at] for at in layout.pinned} & set(new)
    named = [old[at] for at in layout.order if old[at] in new]
    assert [new[at] for at in carried.order] == named
    if len({old[at] for at in layout.hidden} & set(new)) < len(new):
        assert {new[at] for at in carried.hidden} == {old[at] for at in layout.hidden} & set(new)


def test_a_layout_of_other_columns_does_not_fit():
    assert Layout((2, 0), frozenset({1})).fits(3)
    assert not Layout((3,)).fits(3)
    assert not Layout(widths={3: 90}).fits(3)
    assert not Layout(hidden=frozenset({0, 1, 2})).fits(3)


def test_what_names_no_column_is_left_out():
    columns = (Column("a", "INTEGER"), Column("b", "VARCHAR"))
    said = {"order": ["b", 5, "gone", "b"], "hidden": ["a", "b"], "pinned": "a", "widths": {"a": "90", "b": 1, "c": 90}}
    assert Layout.from_json(said, columns) == Layout(order=(1,))
    assert Layout.from_json("b", columns) == Layout()
