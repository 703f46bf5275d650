"""What a page tells of a drag, and when, as its own code does."""

import base64
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

import dataapp

MODULE = Path(dataapp.__file__).parent / "views/chart/pacer.js"
NODE = shutil.which("node")

pytestmark = pytest.mark.skipif(NODE is None, reason="runs the page's code in Node.js")


def told(code: str) -> Any:
    """What a pacer tells while some code runs that has it as `pacer`."""
    source = base64.b64encode(MODULE.read_bytes()).decode()
    script = f"""
        import {{Pacer}} from 'data:text/javascript;base64,{source}';
        const told = [];
        const pacer = new Pacer((...what) => told.push(what));
        const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
        {code}
        pacer.stop();
        console.log(JSON.stringify(told));
    """
    made = subprocess.run(
        [str(NODE), "--input-type=module", "-"], input=script, capture_output=True, text=True, check=True, timeout=60
    )
    return json.loads(made.stdout)


def test_what_is_not_dragged_is_told_at_once() -> None:
    assert told("pacer.put(false, 'a', 1); pacer.put(false, 'a', 2); pacer.put(false, 'b', 3);") == [
        ["a", 1, False],
        ["a", 2, False],
        ["b", 3, False],
    ]


def test_while_it_is_dragged_only_the_newest_place_is_told_once_the_one_before_was_answered() -> None:
    assert told("pacer.hold(); for (const place of [1, 2, 3]) pacer.put(false, 'a', place);") == [["a", 1, True]]
    assert told("pacer.hold(); for (const place of [1, 2, 3]) pacer.put(false, 'a', place); pacer.answered();") == [
        ["a", 1, True],
        ["a", 3, True],
    ]


def test_an_answer_with_nothing_left_lets_the_next_place_be_told_at_once() -> None:
    assert told("pacer.hold(); pacer.put(false, 'a', 1); pacer.answered(); pacer.put(false, 'a', 2);") == [
        ["a", 1, True],
        ["a", 2, True],
    ]


def test_selections_that_move_together_ask_for_one_answer() -> None:
    code = (
        "pacer.hold(); pacer.put(false, 'a', 1); pacer.put(false, 'a', 2); pacer.put(false, 'b', 3); pacer.answered();"
    )
    assert told(code) == [["a", 1, True], ["a", 2, False], ["b", 3, True]]


def test_the_last_place_is_told_when_the_pointer_is_let_go() -> None:
    code = (
        "pacer.hold(); pacer.put(false, 'a', 1); pacer.put(false, 'a', 2); pacer.release(); pacer.put(false, 'a', 3);"
    )
    assert told(code) == [["a", 1, True], ["a", 2, False], ["a", 3, False]]


def test_where_no_answer_comes_the_newest_place_is_told_all_the_same() -> None:
    code = "pacer.hold(); pacer.put(false, 'a', 1); pacer.put(false, 'a', 2); await pause(1000);"
    assert told(code) == [["a", 1, True], ["a", 2, True]]


def test_where_charts_follow_by_themselves_the_rest_has_time() -> None:
    moves = "pacer.hold(); for (let at = 0; at < 40; at++) { pacer.put(true, 'a', at); pacer.answered(); }"
    assert told(f"{moves} pacer.release();") == [["a", 0, True], ["a", 39, False]]
    assert told(f"{moves} await pause(1000);") == [["a", 0, True], ["a", 39, True]]
