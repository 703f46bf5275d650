"""What is selected in charts that share a selection."""

import gc

from dataapp.cells.selection import Selected, SelectionControl


class Chart:
    """Shows what is selected."""

    def __init__(self, control: SelectionControl) -> None:
        self.shown: list[Selected] = []
        self.show = self.shown.append
        self.control = control
        control.mirror(self.show)


def test_charts_show_what_is_selected_in_another_one():
    control = SelectionControl()
    by, other = Chart(control), Chart(control)
    control.put({"x": [1, 2]}, by=by.show)
    assert (by.shown, other.shown) == ([], [{"x": [1, 2]}])
    assert Chart(control).shown == [{"x": [1, 2]}]


def test_charts_that_are_gone_are_forgotten():
    control = SelectionControl()
    stays = Chart(control)
    for _ in range(5):
        Chart(control)
    gc.collect()
    assert len(control._mirrors) == 1
    control.put({"x": [1, 2]})
    assert stays.shown == [{"x": [1, 2]}]
