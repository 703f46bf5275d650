"""What the recorder of painted frames calls flicker."""

from typing import Any

from tests.views.table.painting import Painted


def frame(*lines: tuple[int, str | None, str | None], heads: tuple[int, ...] = (3,), gap: float = 0) -> dict[str, Any]:
    rows = [{"number": number, "place": 26 * at, "cells": [*cells]} for at, (number, *cells) in enumerate(lines)]
    return {"lines": rows, "heads": [*heads], "gap": gap if rows else None}


CALM = frame((1, "0", "note 0"), (2, "1", "note 1"))


def test_the_same_rows_are_calm():
    painted = Painted([CALM, CALM])
    assert (painted.wrong, painted.blanked, painted.emptied, painted.uncovered, painted.pictures_lost) == ([],) * 5
    assert painted.misplaced(lambda row: row) == []


def test_a_row_of_two_rows_is_torn():
    assert len(Painted([frame((1, "0", "note 1"))]).wrong) == 1


def test_a_row_that_scrolls_in_may_wait_and_one_that_was_there_may_not():
    waiting = frame((1, "0", "note 0"), (2, "1", None))
    assert Painted([frame((1, "0", "note 0")), waiting, CALM]).blanked == []
    assert [at for at, *_ in Painted([CALM, waiting]).blanked] == [1]
    assert Painted([CALM, waiting]).waiting == 1


def test_rows_are_to_be_where_their_number_says():
    shifted = frame((1, "1", "note 1"))
    assert len(Painted([CALM, shifted]).misplaced(lambda row: row)) == 1
    assert Painted([CALM, shifted]).misplaced(lambda row: row, lambda row: row + 1) == []
    back = Painted([CALM, shifted, CALM]).misplaced(lambda row: row, lambda row: row + 1)
    assert [at for at, _ in back] == [2, 2]


def test_no_rows_a_gap_and_a_lost_picture_are_seen():
    painted = Painted([CALM, frame(heads=(0,)), frame((1, "0", "note 0"), gap=40)])
    assert painted.emptied == [1]
    assert painted.pictures_lost == [1]
    assert painted.uncovered == [(2, 40)]
