"""Which lines show what, against a list of all lines."""

from hypothesis import given
from hypothesis import strategies as st

from dataapp.views.table.groups.lines import Branch, runs

LEAVES = st.builds(Branch, st.integers(0, 10**6), st.integers(0, 9), st.integers(0, 12))


def with_branches(inner: st.SearchStrategy[Branch]) -> st.SearchStrategy[Branch]:
    unique = st.lists(inner, max_size=4, unique_by=lambda branch: branch.place)
    return st.builds(
        lambda group, place, more, branches: Branch(
            group, place, 10 + more, tuple(sorted(branches, key=lambda branch: branch.place))
        ),
        st.integers(0, 10**6),
        st.integers(0, 9),
        st.integers(0, 5),
        unique,
    )


TREES = st.recursive(LEAVES, with_branches, max_leaves=12)


def every_line(branch: Branch, level: int = 0) -> list[tuple[int | None, int, int]]:
    """The group, the level and the child that each line shows."""
    found: list[tuple[int | None, int, int]] = []
    open_ = {inner.place: inner for inner in branch.branches}
    for child in range(branch.children):
        found.append((branch.group, level, child))
        if child in open_:
            found += every_line(open_[child], level + 1)
    return found


@given(TREES, st.integers(0, 80), st.integers(1, 80))
def test_every_window_shows_the_lines_that_are_there(tree: Branch, first: int, count: int):
    lines = every_line(tree)
    assert tree.lines == len(lines)
    shown = [
        (run.branch.group, run.level, child)
        for run in runs(tree, first, count)
        for child in range(run.first, run.first + run.count)
    ]
    assert shown == lines[first : first + count]


def test_a_window_deep_in_a_group_of_many_rows_is_one_run():
    tree = Branch(None, 0, 3, (Branch(7, 1, 50_000_000),))
    [run] = runs(tree, 25_000_002, 256)
    assert (run.branch.group, run.first, run.count) == (7, 25_000_000, 256)
